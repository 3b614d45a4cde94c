use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::NaiveDate;
use guanxi_api::{Amount, HoldingChannel, HoldingStatus, Quantity, TransactionKind};
use guanxi_db::{DbConn, Moment};

use crate::access::Actor;
use crate::audit;
use crate::customers::{self, Assets, CustomerId, House};
use crate::error::{Error, Result};
use crate::holdings::store::{self, BalanceRow, HoldingRow, TransactionRow};
use crate::holdings::{HoldingId, rules};
use crate::products::{self, ProductId, ProductSummary};

/// A holding for [`load`], with the transactions that made it what it is.
#[derive(Clone, Debug)]
pub struct Loaded {
    pub customer_id: CustomerId,
    pub product_id: ProductId,
    pub status: HoldingStatus,
    pub currency: String,
    /// Before any transaction.
    pub opening_amount: Amount,
    pub quantity: Option<Quantity>,
    pub cost: Option<Amount>,
    pub opened_on: NaiveDate,
    pub matures_on: Option<NaiveDate>,
    pub auto_renewal: bool,
    pub closed_on: Option<NaiveDate>,
    pub channel: HoldingChannel,
    /// An account or contract number, of which the end is kept.
    pub reference: Option<String>,
    pub transactions: Vec<LoadedTransaction>,
    pub created_at: Moment,
}

/// A transaction of a [`Loaded`] holding.
#[derive(Clone, Copy, Debug)]
pub struct LoadedTransaction {
    pub day: NaiveDate,
    pub kind: TransactionKind,
    pub amount: Amount,
    pub channel: HoldingChannel,
}

/// Gives new customers who hold nothing yet what they hold, for jobs: one audit entry for all of it, no event for each.
///
/// # Errors
/// When a product is none, a currency has no rate or a rule is broken; then nothing is written.
pub fn load(conn: &mut DbConn, actor: &Actor, house: House<'_>, holdings: &[Loaded]) -> Result<usize> {
    let today = house.settings.day(actor.now());
    let rates = products::rates_of_day(conn, house.settings, today)?;
    let mut known: HashMap<ProductId, ProductSummary> = HashMap::new();
    let mut rows = Vec::with_capacity(holdings.len());
    let (mut transactions, mut balances) = (Vec::new(), Vec::new());
    let mut sums: BTreeMap<CustomerId, (i128, BTreeSet<&'static str>)> = BTreeMap::new();
    for loaded in holdings {
        let product = match known.get(&loaded.product_id) {
            Some(product) => product,
            None => {
                let product = products::product_for_new(conn, loaded.product_id)?;
                let product = product.ok_or_else(|| Error::internal("a product that is none"))?;
                known.entry(loaded.product_id).or_insert(product)
            }
        };
        let rate = rates.get(&loaded.currency).ok_or_else(|| Error::internal("a currency without a rate"))?;
        let row = row(actor, loaded, today)?;
        let value = products::rules::convert(Amount(row.amount), *rate).0;
        let (aum, kinds) = sums.entry(loaded.customer_id).or_default();
        if loaded.status == HoldingStatus::Active {
            *aum += if product.counts_as_asset { i128::from(value) } else { 0 };
            kinds.insert(product.kind.as_str());
        }
        entries(actor, loaded, row.id, &mut transactions, &mut balances);
        rows.push(HoldingRow { value, ..row });
    }
    store::insert_many(conn, &rows, &transactions, &balances)?;
    let assets: Vec<(CustomerId, Assets)> = sums
        .into_iter()
        .map(|(id, (aum, kinds))| {
            let coverage = i32::try_from(kinds.len()).unwrap_or(i32::MAX);
            (id, Assets { aum: products::rules::clamp(aum), coverage })
        })
        .collect();
    customers::load_assets(conn, actor, &assets)?;
    let counts = [("count", rows.len()), ("transactions", transactions.len())];
    audit::note_many(conn, actor, "holding", "created_many", &counts)?;
    Ok(rows.len())
}

fn row(actor: &Actor, loaded: &Loaded, today: NaiveDate) -> Result<HoldingRow> {
    let broken = |field: crate::error::FieldError| Error::fields(vec![field]);
    rules::check_day("/opened_on", loaded.opened_on, None, today).map_err(broken)?;
    rules::check_maturity(loaded.matures_on, loaded.opened_on).map_err(broken)?;
    for transaction in &loaded.transactions {
        rules::check_day("/day", transaction.day, Some(loaded.opened_on), today).map_err(broken)?;
        rules::check_amount(transaction.kind, transaction.amount).map_err(broken)?;
    }
    let moved = |transaction: &LoadedTransaction| rules::effect(transaction.kind, transaction.amount);
    let amount = loaded.opening_amount.0 + loaded.transactions.iter().map(moved).sum::<i64>();
    rules::check_size("/amount", amount).map_err(broken)?;
    let reference = loaded.reference.as_deref().map(rules::reference).transpose();
    let reference = reference
        .map_err(|wrong| Error::fields(vec![crate::error::FieldError::broken("/reference", wrong)]))?;
    Ok(HoldingRow {
        id: actor.new_id(),
        customer_id: loaded.customer_id,
        product_id: loaded.product_id,
        status: loaded.status.as_str().to_owned(),
        currency: loaded.currency.clone(),
        amount,
        opening_amount: loaded.opening_amount.0,
        value: 0,
        quantity: loaded.quantity.map(|quantity| quantity.number.0),
        quantity_unit: loaded.quantity.map(|quantity| quantity.unit.as_str().to_owned()),
        cost: loaded.cost.map(|cost| cost.0),
        opened_on: loaded.opened_on,
        matures_on: loaded.matures_on,
        maturity: rules::maturity(loaded.matures_on),
        auto_renewal: loaded.auto_renewal,
        closed_on: loaded.closed_on,
        channel: loaded.channel.as_str().to_owned(),
        reference: reference.flatten(),
        note: None,
        entries: i32::try_from(loaded.transactions.len()).unwrap_or(i32::MAX),
        version: 1,
        created_at: loaded.created_at,
        updated_at: loaded.created_at,
    })
}

/// The transactions of a holding, and its balance on each day on which it changed.
fn entries(
    actor: &Actor,
    loaded: &Loaded,
    id: HoldingId,
    transactions: &mut Vec<TransactionRow>,
    balances: &mut Vec<BalanceRow>,
) {
    let mut by_day: BTreeMap<NaiveDate, i64> = BTreeMap::from([(loaded.opened_on, 0)]);
    for transaction in &loaded.transactions {
        let delta = rules::effect(transaction.kind, transaction.amount);
        *by_day.entry(transaction.day).or_default() += delta;
        transactions.push(TransactionRow {
            id: actor.new_id(),
            holding_id: id,
            customer_id: loaded.customer_id,
            day: transaction.day,
            kind: transaction.kind.as_str().to_owned(),
            amount: transaction.amount.0,
            delta,
            channel: transaction.channel.as_str().to_owned(),
            note: None,
            reverses_id: None,
            created_at: loaded.created_at,
        });
    }
    let mut amount = loaded.opening_amount.0;
    for (day, moved) in by_day {
        amount += moved;
        balances.push(BalanceRow { holding_id: id, day, amount });
    }
}
