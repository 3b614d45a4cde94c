use guanxi_api::{
    CustomerKind, CustomerSource, CustomerStatus, Gender, IncomeBand, MaritalStatus, RfmClass, RiskAttribute,
    Tier,
};
use guanxi_db::{Condition, Value};

use crate::listing::filter::FieldType::{Bool, Code, Date, Id, Ids, Instant, Integer, Money, Text, Texts};
use crate::listing::{Field, Privacy, Resource};

/// The segments that a customer is in, of schemes in use.
const SEGMENTS: &str = "EXISTS (SELECT 1 FROM segment_member JOIN segment ON segment.id = segment_member.segment_id \
    JOIN segment_scheme ON segment_scheme.id = segment_member.scheme_id WHERE segment_member.customer_id = customer.id \
    AND segment_scheme.archived = FALSE AND segment.code";
/// The schemes that are for a customer who is in none of their segments.
const UNPLACED: &str = "EXISTS (SELECT 1 FROM segment_member JOIN segment_scheme ON segment_scheme.id = segment_member.scheme_id \
    WHERE segment_member.customer_id = customer.id AND segment_member.segment_id IS NULL \
    AND segment_scheme.archived = FALSE AND segment_scheme.code";

/// The tags that a customer has. A set of customers, which an index gives, so that a rare tag does not walk the whole list.
const TAGS: &str =
    "customer.id IN (SELECT customer_tag.customer_id FROM customer_tag WHERE customer_tag.tag_id";

const RFM_CLASS: &str =
    "(SELECT customer_value.rfm_class FROM customer_value WHERE customer_value.customer_id = customer.id)";
const RECENCY: &str =
    "(SELECT customer_value.recency FROM customer_value WHERE customer_value.customer_id = customer.id)";
const FREQUENCY: &str =
    "(SELECT customer_value.frequency FROM customer_value WHERE customer_value.customer_id = customer.id)";
const MONETARY: &str =
    "(SELECT customer_value.monetary FROM customer_value WHERE customer_value.customer_id = customer.id)";
const LAST_PURCHASE: &str = "(SELECT customer_value.last_purchase_on FROM customer_value WHERE customer_value.customer_id = customer.id)";

/// What customers can be filtered and sorted by.
pub(crate) static FIELDS: &[Field] = &[
    Field::new("kind", "customer.kind", Code(CustomerKind::CODES)),
    Field::new("status", "customer.status", Code(CustomerStatus::CODES)),
    Field::new("tier", "customer_figures.tier", Code(Tier::CODES)).privacy(Privacy::Sensitive),
    Field::new("aum", "customer_figures.aum", Money)
        .sortable_with("customer_figures.customer_id")
        .privacy(Privacy::Sensitive),
    Field::new("average_aum", "customer_figures.average_aum", Money).privacy(Privacy::Sensitive),
    Field::new("promotion_candidate", "customer_figures.promotion_candidate", Bool)
        .privacy(Privacy::Sensitive),
    Field::new("promotion_gap", "customer_figures.promotion_gap", Money)
        .sortable_with("customer_figures.customer_id")
        .privacy(Privacy::Sensitive),
    Field::new("in_grace", "customer_figures.in_grace", Bool).privacy(Privacy::Sensitive),
    Field::new("demotes_on", "customer_figures.demotes_on", Date)
        .sortable_with("customer_figures.customer_id")
        .privacy(Privacy::Sensitive),
    Field::new("hidden_gem", "customer_figures.hidden_gem", Bool).privacy(Privacy::Sensitive),
    Field::new("largest_transaction", "customer_figures.largest_transaction", Money)
        .sortable_with("customer_figures.customer_id")
        .privacy(Privacy::Sensitive),
    Field::new("largest_transaction_on", "customer_figures.largest_transaction_on", Date)
        .nullable()
        .privacy(Privacy::Sensitive),
    Field::new("grade", "customer_figures.grade", Text).nullable().privacy(Privacy::Sensitive),
    Field::new("grade_score", "customer_figures.grade_score", Integer).privacy(Privacy::Sensitive),
    Field::new("contribution", "customer_figures.contribution", Money)
        .sortable_with("customer_figures.customer_id")
        .privacy(Privacy::Sensitive),
    Field::new("lifetime_value", "customer_figures.lifetime_value", Money)
        .sortable_with("customer_figures.customer_id")
        .privacy(Privacy::Sensitive),
    Field::new("rfm_class", RFM_CLASS, Code(RfmClass::CODES)).nullable().privacy(Privacy::Sensitive),
    Field::new("rfm_recency", RECENCY, Integer).nullable().privacy(Privacy::Sensitive),
    Field::new("rfm_frequency", FREQUENCY, Integer).nullable().privacy(Privacy::Sensitive),
    Field::new("rfm_monetary", MONETARY, Integer).nullable().privacy(Privacy::Sensitive),
    Field::new("last_purchase_on", LAST_PURCHASE, Date).nullable().privacy(Privacy::Sensitive),
    Field::new("segment", SEGMENTS, Texts).privacy(Privacy::Sensitive),
    Field::new("tag_id", TAGS, Ids).privacy(Privacy::Sensitive),
    Field::new("unplaced", UNPLACED, Texts).privacy(Privacy::Sensitive),
    Field::new("completeness", "customer_figures.completeness", Integer)
        .sortable_with("customer_figures.customer_id"),
    Field::new("data_gap", "customer_figures.data_gap", Bool).privacy(Privacy::Sensitive),
    Field::new("name", "customer.name_sort", Text).sortable().privacy(Privacy::Order),
    Field::new("full_name", "customer.name", Text).privacy(Privacy::Personal),
    Field::new("customer_no", "customer.customer_no", Text).sortable(),
    Field::new("gender", "customer.gender", Code(Gender::CODES)).nullable(),
    Field::new("birth_date", "customer.birth_date", Date).nullable().privacy(Privacy::Sensitive),
    Field::new("birth_year", "customer.birth_year", Integer).nullable().privacy(Privacy::Sensitive),
    Field::new("marital_status", "customer.marital_status", Code(MaritalStatus::CODES)).nullable(),
    Field::new("province", "customer.province", Text).nullable(),
    Field::new("city", "customer_figures.city", Text).nullable(),
    Field::new("occupation", "customer.occupation", Text).nullable(),
    Field::new("industry", "customer.industry", Text).nullable(),
    Field::new("income_band", "customer.income_band", Code(IncomeBand::CODES))
        .nullable()
        .privacy(Privacy::Sensitive),
    Field::new("source", "customer.source", Code(CustomerSource::CODES)).nullable(),
    Field::new("risk_attribute", "customer.risk_attribute", Code(RiskAttribute::CODES)).nullable(),
    Field::new("customer_since", "customer.customer_since", Date).nullable(),
    Field::new("do_not_contact", "customer.do_not_contact", Bool),
    Field::new("restricted", "customer.restricted", Bool),
    Field::new("org_unit_id", "customer.org_unit_id", Id),
    Field::new("owner_id", "customer.owner_id", Id).nullable(),
    Field::new("archived", "customer.archived", Bool),
    Field::new("created_at", "customer.created_at", Instant).sortable(),
    Field::new("updated_at", "customer.updated_at", Instant).sortable(),
    Field::new("last_contacted_at", "customer_figures.last_contacted_at", Instant)
        .sortable_with("customer_figures.customer_id"),
];

pub(crate) static CUSTOMERS: Resource = Resource {
    name: "customers",
    fields: FIELDS,
    default_sort: "name",
    id_column: "customer.id",
    unless_asked: Some(("archived", present)),
};

/// The same list of customers that were chosen one by one, archived or not.
pub(super) static CHOSEN: Resource = Resource {
    name: "chosen customers",
    fields: FIELDS,
    default_sort: "name",
    id_column: "customer.id",
    unless_asked: None,
};

/// Said of both tables, so that the indexes of either can serve.
fn present() -> Condition {
    Condition::new()
        .sql("customer.archived = ")
        .bind(Value::Bool(false))
        .sql(" AND customer_figures.archived = ")
        .bind(Value::Bool(false))
}
