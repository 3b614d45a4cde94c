use std::collections::BTreeMap;

use chrono::{Days, NaiveDate};
use guanxi_api::{ExchangeRate, Instant, NewExchangeRate, Page, Rate};
use guanxi_db::{DbConn, DbError, Id, Value};
use serde_json::json;

use crate::access::{Actor, Keys};
use crate::audit::{self, changes_between};
use crate::due;
use crate::error::{Error, FieldError, Result, Wrong};
use crate::installation::Settings;
use crate::listing::filter::FieldType;
use crate::listing::{Field, ListRequest, Resource, set_total};
use crate::products::store::{self, RateRow};
use crate::products::{RateId, rules};

/// How far ahead a rate may be entered.
const MOST_DAYS_AHEAD: u64 = 366;

static FIELDS: &[Field] = &[
    Field::new("currency", "exchange_rate.currency", FieldType::Text),
    Field::new("valid_from", "exchange_rate.valid_from", FieldType::Date).sortable(),
];

pub(crate) static RATES: Resource = Resource {
    name: "exchange-rates",
    fields: FIELDS,
    default_sort: "-valid_from",
    id_column: "exchange_rate.id",
    unless_asked: None,
};

/// The rates, newest day first unless told otherwise.
///
/// # Errors
/// As every list.
pub fn list_rates(
    conn: &mut DbConn,
    actor: &Actor,
    keys: &Keys,
    request: &ListRequest,
) -> Result<Page<ExchangeRate>> {
    let listing = request.read(&RATES, actor, keys.cursor())?;
    let mut rows = store::list_rates(conn, &listing)?;
    let value = |row: &RateRow, _: &str| Value::Date(row.valid_from);
    let mut info = listing.page(&mut rows, keys.cursor(), value, |row| Id::new(row.id.uuid()))?;
    if listing.total {
        set_total(&mut info, store::count_rates(conn, &listing)?);
    }
    Ok(Page { data: rows.into_iter().map(wire).collect(), page: info })
}

/// A rate.
///
/// # Errors
/// 404 when there is none.
pub fn rate_details(conn: &mut DbConn, id: RateId) -> Result<ExchangeRate> {
    Ok(wire(store::rate(conn, id)?.ok_or_else(Error::not_found)?))
}

/// Gives a currency a rate from a day on; where it has one from that day, puts it right. One that is valid makes the holdings in the
/// currency due to be valued anew, one for a later day does so on that day.
///
/// # Errors
/// 422 for a code that is none, for the base currency and for a day that lies too far ahead; 409 when somebody else gives the same
/// currency a rate for the same day at this moment.
pub fn add_rate(
    conn: &mut DbConn,
    actor: &Actor,
    settings: &Settings,
    new: &NewExchangeRate,
) -> Result<ExchangeRate> {
    let today = settings.day(actor.now());
    let mut wrong = Wrong::default();
    if let Err(broken) = rules::check_currency(&new.currency) {
        wrong.add(FieldError::broken("/currency", broken));
    }
    if new.currency == settings.base_currency {
        wrong.add(FieldError::new("/currency", "base_currency"));
    }
    let last = today.checked_add_days(Days::new(MOST_DAYS_AHEAD)).unwrap_or(today);
    if new.valid_from > last {
        wrong.add(FieldError::new("/valid_from", "too_far_ahead").with("max", MOST_DAYS_AHEAD));
    }
    if new.valid_from < NaiveDate::from_ymd_opt(1970, 1, 1).unwrap_or_default() {
        wrong.add(FieldError::new("/valid_from", "too_long_ago"));
    }
    wrong.unless(Some(()))?;
    let valid = new.valid_from <= today;
    let before = store::rate_from(conn, &new.currency, new.valid_from)?;
    let row = match &before {
        Some(before) if before.rate == new.rate.0 => return Ok(wire(before.clone())),
        Some(before) => {
            let row = RateRow {
                rate: new.rate.0,
                applied: valid,
                version: before.version + 1,
                updated_at: actor.now(),
                ..before.clone()
            };
            store::correct_rate(conn, &row)?;
            row
        }
        None => {
            let row = RateRow {
                id: actor.new_id(),
                currency: new.currency.clone(),
                valid_from: new.valid_from,
                rate: new.rate.0,
                applied: valid,
                version: 1,
                created_at: actor.now(),
                updated_at: actor.now(),
            };
            store::insert_rate(conn, &row).map_err(|error| match error {
                DbError::Unique => Error::conflict("/valid_from", "changed_meanwhile"),
                other => Error::from(other),
            })?;
            row
        }
    };
    if valid {
        due::add(conn, actor, due::Kind::Currency, &row.currency)?;
    }
    let change = audit::Change {
        resource_type: "exchange_rate",
        resource_id: row.id.uuid(),
        action: if before.is_some() { "updated" } else { "created" },
        version: row.version,
        changes: changes_between(&before.as_ref().map_or_else(|| json!({}), document), &document(&row)),
        reason: None,
    };
    audit::record(conn, actor, &change)?;
    Ok(wire(row))
}

/// Rates that have become valid since the last look: the holdings in their currencies become due to be valued anew. Gives how many
/// currencies.
///
/// # Errors
/// When the database fails.
pub fn due_rates(conn: &mut DbConn, actor: &Actor, today: NaiveDate) -> Result<usize> {
    let currencies = store::waiting_rates(conn, today)?;
    for currency in &currencies {
        due::add(conn, actor, due::Kind::Currency, currency)?;
        store::mark_applied(conn, currency, today)?;
    }
    Ok(currencies.len())
}

/// Whether [`due_rates`] has something to do.
///
/// # Errors
/// When the database fails.
pub fn has_rates_waiting(conn: &mut DbConn, today: NaiveDate) -> Result<bool> {
    Ok(!store::waiting_rates(conn, today)?.is_empty())
}

/// What one unit of a currency is worth on a day, if it has a rate.
///
/// # Errors
/// When the database fails.
pub fn rate_of_day(
    conn: &mut DbConn,
    settings: &Settings,
    currency: &str,
    day: NaiveDate,
) -> Result<Option<Rate>> {
    if currency == settings.base_currency {
        return Ok(Some(Rate::ONE));
    }
    Ok(store::rate_of_day(conn, currency, day)?.map(Rate))
}

/// The rate of every currency that has one on a day, the base currency with them.
///
/// # Errors
/// When the database fails.
pub fn rates_of_day(
    conn: &mut DbConn,
    settings: &Settings,
    day: NaiveDate,
) -> Result<BTreeMap<String, Rate>> {
    let base = (settings.base_currency.clone(), Rate::ONE);
    let others = store::rates_of_day(conn, day)?.into_iter().map(|(currency, rate)| (currency, Rate(rate)));
    Ok(std::iter::once(base).chain(others).collect())
}

fn document(row: &RateRow) -> serde_json::Value {
    json!({"currency": row.currency, "valid_from": row.valid_from, "rate": Rate(row.rate)})
}

fn wire(row: RateRow) -> ExchangeRate {
    ExchangeRate {
        id: row.id.uuid(),
        currency: row.currency,
        valid_from: row.valid_from,
        rate: Rate(row.rate),
        version: row.version,
        created_at: Instant(row.created_at.to_utc()),
        updated_at: Instant(row.updated_at.to_utc()),
    }
}
