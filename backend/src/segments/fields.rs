use guanxi_api::{
    CustomerKind, CustomerSource, CustomerStatus, Gender, IdentityKind, IncomeBand, MaritalStatus,
    ProductKind, RiskAttribute, Tier,
};

use crate::listing::filter::FieldType::{Bool, Code, Codes, Date, Integer, Money, Text};
use crate::listing::{Field, Resource};

/// Full years at the day of the question; a birthday of which only the year is known has passed.
const AGE: &str = "(today.this_year - COALESCE(CAST(SUBSTR(CAST(customer.birth_date AS text), 1, 4) AS integer), customer.birth_year) \
    - CASE WHEN SUBSTR(CAST(customer.birth_date AS text), 6) > today.month_day THEN 1 ELSE 0 END)";
/// What part of the assets lies in deposits, in percent to the one below; nothing for whoever has no assets.
const DEPOSIT_SHARE: &str = "(SELECT CAST(SUM(CASE WHEN product.kind = 'deposit' THEN holding.value ELSE 0 END) AS bigint) * 100 \
    / NULLIF(CAST(SUM(holding.value) AS bigint), 0) FROM holding JOIN product ON product.id = holding.product_id WHERE holding.customer_id = customer.id \
    AND holding.status = 'active' AND product.counts_as_asset AND holding.value > 0)";
const KINDS: &str = "EXISTS (SELECT 1 FROM holding JOIN product ON product.id = holding.product_id WHERE holding.customer_id = customer.id \
    AND holding.status = 'active' AND product.kind";
/// Whoever holds an investment product.
const FAMILIAR: &str = "(EXISTS (SELECT 1 FROM holding JOIN product ON product.id = holding.product_id \
    WHERE holding.customer_id = customer.id AND holding.status = 'active' AND product.kind IN ('fund', 'insurance', 'wealth')))";
/// The transactions of the customer, but for those that were cancelled and their counter-entries.
macro_rules! transactions {
    () => {
        " FROM holding_transaction WHERE holding_transaction.customer_id = customer.id AND holding_transaction.reverses_id IS NULL \
         AND NOT EXISTS (SELECT 1 FROM holding_transaction AS counter WHERE counter.reverses_id = holding_transaction.id) AND "
    };
}
const PURCHASES: &str = concat!(
    "(SELECT COUNT(*)",
    transactions!(),
    "holding_transaction.day > today.year_ago AND holding_transaction.kind = 'purchase')"
);
const TRANSACTIONS: &str =
    concat!("(SELECT COUNT(*)", transactions!(), "holding_transaction.day > today.quarter_ago)");
const CHANNELS: &str = concat!(
    "EXISTS (SELECT 1",
    transactions!(),
    "holding_transaction.day > today.year_ago AND holding_transaction.channel"
);
const CONTACTS: &str = "(SELECT COUNT(*) FROM interaction WHERE interaction.customer_id = customer.id \
    AND interaction.occurred_at >= today.since AND NOT interaction.archived AND interaction.outcome NOT IN ('not_reached', 'left_message'))";
const IDENTITY: &str = "(SELECT identity_document.kind FROM identity_document WHERE identity_document.customer_id = customer.id)";

/// What rules of segments are made of: profile, holdings and behaviour. Nothing that names somebody.
pub(crate) static FIELDS: &[Field] = &[
    Field::new("kind", "customer.kind", Code(CustomerKind::CODES)),
    Field::new("status", "customer.status", Code(CustomerStatus::CODES)),
    Field::new("tier", "customer_figures.tier", Code(Tier::CODES)),
    Field::new("aum", "customer_figures.aum", Money),
    Field::new("average_aum", "customer_figures.average_aum", Money),
    Field::new("largest_transaction", "customer_figures.largest_transaction", Money),
    Field::new("coverage", "customer_figures.coverage", Integer),
    Field::new("age", AGE, Integer).nullable(),
    Field::new("gender", "customer.gender", Code(Gender::CODES)).nullable(),
    Field::new("marital_status", "customer.marital_status", Code(MaritalStatus::CODES)).nullable(),
    Field::new("identity_kind", IDENTITY, Code(IdentityKind::CODES)).nullable(),
    Field::new("province", "customer.province", Text).nullable(),
    Field::new("city", "customer_figures.city", Text).nullable(),
    Field::new("occupation", "customer.occupation", Text).nullable(),
    Field::new("industry", "customer.industry", Text).nullable(),
    Field::new("income_band", "customer.income_band", Code(IncomeBand::CODES)).nullable(),
    Field::new("source", "customer.source", Code(CustomerSource::CODES)).nullable(),
    Field::new("risk_attribute", "customer.risk_attribute", Code(RiskAttribute::CODES)).nullable(),
    Field::new("customer_since", "customer.customer_since", Date).nullable(),
    Field::new("product_kinds", KINDS, Codes(ProductKind::CODES)),
    Field::new("familiar", FAMILIAR, Bool),
    Field::new("deposit_share", DEPOSIT_SHARE, Integer).nullable(),
    Field::new("purchases_365_days", PURCHASES, Integer),
    Field::new("transactions_90_days", TRANSACTIONS, Integer),
    Field::new("channels_365_days", CHANNELS, Codes(guanxi_api::HoldingChannel::CODES)),
    Field::new("contacts_90_days", CONTACTS, Integer),
];

pub(crate) static RULES: Resource = Resource {
    name: "segment-rules",
    fields: FIELDS,
    default_sort: "",
    id_column: "customer.id",
    unless_asked: None,
};
