use chrono::{Datelike, Days, NaiveDate};
use diesel::prelude::*;
use guanxi_api::{TaskSource, TierRule};
use guanxi_db::schema::{customer, customer_figures};
use guanxi_db::{Condition, DbConn, DbError, Engine, Id, Moment, Ordering, Value};

use crate::access::{Actor, Scope, UserId};
use crate::customers::CustomerId;
use crate::error::Result;
use crate::installation::Settings;
use crate::tasks;

/// When a task stands for a line about a customer, and when for a maturity.
const OF_CUSTOMER: &str = "worked.source_id = customer.id";
const OF_MATURITY: &str = "worked.source_id = holding.id AND worked.source_on = holding.maturity";

/// What a line shows of its customer, and what it follows from.
#[derive(Queryable, Clone)]
pub(super) struct GlanceRow {
    pub(super) id: CustomerId,
    pub(super) customer_no: String,
    pub(super) name: String,
    pub(super) tier: String,
    pub(super) phone_masked: Option<String>,
    pub(super) last_contacted_at: Moment,
    pub(super) do_not_contact: bool,
    pub(super) birth_date: Option<NaiveDate>,
    pub(super) created_at: Moment,
    pub(super) grade: Option<String>,
    pub(super) owner_id: Option<UserId>,
}

fn glances(
    conn: &mut DbConn,
    scope: &Scope,
    condition: Condition,
    order: Vec<(&'static str, bool)>,
    most: i64,
) -> Result<Vec<GlanceRow>> {
    let rows = customer::table
        .inner_join(customer_figures::table)
        .filter(scope.customer().and(condition))
        .order(Ordering::by(order).first(most))
        .select((
            customer::id,
            customer::customer_no,
            customer::name,
            customer_figures::tier,
            customer::phone_masked,
            customer_figures::last_contacted_at,
            customer::do_not_contact,
            customer::birth_date,
            customer::created_at,
            customer_figures::grade,
            customer::owner_id,
        ))
        .load::<GlanceRow>(conn)
        .map_err(DbError::from)?;
    Ok(rows)
}

/// Those of these customers that a scope has, in no order.
pub(super) fn these(conn: &mut DbConn, scope: &Scope, ids: &[CustomerId]) -> Result<Vec<GlanceRow>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let most = i64::try_from(ids.len()).unwrap_or(i64::MAX);
    let ids = ids.iter().map(|id| Some(Value::Id(Id::new(id.uuid()))));
    let among = Condition::unkept().sql("customer.id IN (").bind_all(ids).sql(")");
    glances(conn, scope, among, vec![("customer.id", false)], most)
}

/// Own customers who may be contacted, and those of colleagues for whom one stands in; with `only`, that one if it is one of them.
fn own(actor: &Actor, only: Option<CustomerId>) -> Condition {
    let own = actor
        .own("customer.owner_id")
        .sql(" AND customer.archived = ")
        .bind(Value::Bool(false))
        .sql(" AND customer.do_not_contact = ")
        .bind(Value::Bool(false))
        .sql(" AND customer.status <> 'lost'");
    match only {
        None => own,
        Some(id) => own.and(Condition::new().sql("customer.id = ").bind(Value::Id(Id::new(id.uuid())))),
    }
}

/// How often the segments of a customer demand a contact: the strictest of the schemes in use. A value of each customer, which PostgreSQL can only look up by
/// the customer; with `EXISTS` it reads the members of all segments first.
const STRICTEST_CADENCE: &str = "(SELECT MIN(segment.cadence_days) FROM segment_member \
    JOIN segment ON segment.id = segment_member.segment_id JOIN segment_scheme ON segment_scheme.id = segment_member.scheme_id \
    WHERE segment_member.customer_id = customer.id AND segment_scheme.archived = FALSE AND segment.cadence_days > 0)";

/// After how many days a contact is demanded.
pub(super) struct Demands<'a> {
    pub(super) tiers: &'a [TierRule],
    pub(super) grades: &'a [(String, u32)],
    /// Every number of days that some segment demands.
    pub(super) segments: &'a [u32],
}

/// Own customers whose tier, grade, or one of whose segments, demands a contact by today, the highest tiers first, those first who have waited longest. Whoever was never
/// contacted waits since they became a customer. A line that was set aside returns after as many days as a contact is demanded.
pub(super) fn silent(
    conn: &mut DbConn,
    (actor, settings): (&Actor, &Settings),
    only: Option<CustomerId>,
    (demands, today): (&Demands<'_>, NaiveDate),
    most: i64,
) -> Result<Vec<GlanceRow>> {
    let for_days = |who: Condition, days: u32| {
        // The first day on which a contact is recent enough.
        let recent = today.checked_sub_days(Days::new(u64::from(days) - 1)).unwrap_or(today);
        let since = settings.start_of(recent);
        who.sql(" AND customer_figures.last_contacted_at < ")
            .bind(Value::Moment(since))
            .sql(" AND customer.created_at < ")
            .bind(Value::Moment(since))
            .and(tasks::no_task_for(TaskSource::ContactDue, OF_CUSTOMER, (recent, today), true))
    };
    let mut silent = Condition::nothing();
    for rule in demands.tiers {
        let Some(days) = rule.cadence_days.filter(|days| *days > 0) else { continue };
        let of_tier =
            Condition::new().sql("customer_figures.tier = ").bind(Value::Text(rule.tier.as_str().to_owned()));
        silent = silent.or(for_days(of_tier, days));
    }
    for (grade, days) in demands.grades.iter().filter(|(_, days)| *days > 0) {
        let of_grade = Condition::new().sql("customer_figures.grade = ").bind(Value::Text(grade.clone()));
        silent = silent.or(for_days(of_grade, *days));
    }
    let cadences: Vec<u32> = demands.segments.iter().copied().filter(|days| *days > 0).collect();
    if !cadences.is_empty() {
        let by_segment =
            cadences.into_iter().fold(Condition::new().sql("CASE ").sql(STRICTEST_CADENCE), |cases, days| {
                let due = for_days(Condition::new().sql("TRUE"), days);
                cases.sql(" WHEN ").bind(Value::Integer(days.into())).sql(" THEN (").part(due).sql(")")
            });
        silent = silent.or(by_segment.sql(" ELSE FALSE END"));
    }
    let order = vec![
        (BY_TIER, false),
        ("customer_figures.last_contacted_at", false),
        ("customer.created_at", false),
        ("customer.id", false),
    ];
    glances(conn, &Scope::of(actor), own(actor, only).and(silent), order, most)
}

/// The highest tier first. A test compares it with [`Tier::ALL`].
pub(super) const BY_TIER: &str = "CASE customer_figures.tier WHEN 'private' THEN 0 WHEN 'diamond' THEN 1 \
    WHEN 'platinum' THEN 2 WHEN 'gold' THEN 3 ELSE 4 END";

/// Own customers who have their birthday on one of these days, whatever the year. On days that follow each other only.
pub(super) fn celebrating(
    conn: &mut DbConn,
    actor: &Actor,
    only: Option<CustomerId>,
    days: &[NaiveDate],
    most: i64,
) -> Result<Vec<GlanceRow>> {
    let (Some(first), Some(last)) = (days.first(), days.last()) else { return Ok(Vec::new()) };
    let mut born_on: Vec<String> = days.iter().map(|day| day.format("%m-%d").to_string()).collect();
    // Whoever was born on a leap day celebrates on the last day of February in other years.
    if days.iter().any(|day| (day.month(), day.day()) == (2, 28) && !day.leap_year()) {
        born_on.push("02-29".to_owned());
    }
    let born = Condition::new()
        .sql(match conn.engine() {
            Engine::Sqlite => "substr(customer.birth_date, 6, 5) IN (",
            Engine::Postgres => "to_char(customer.birth_date, 'MM-DD') IN (",
        })
        .bind_all(born_on.into_iter().map(|day| Some(Value::Text(day))))
        .sql(")");
    let worked = tasks::no_task_for(TaskSource::Birthday, OF_CUSTOMER, (*first, *last), false);
    let condition = own(actor, only).and(born).and(worked);
    glances(conn, &Scope::of(actor), condition, vec![(BY_TIER, false), ("customer.id", false)], most)
}

/// The condition on a holding that its maturity has not become a task, and that it is this one.
pub(super) fn maturity_not_worked(holding: Option<uuid::Uuid>, days: (NaiveDate, NaiveDate)) -> Condition {
    let not_worked = tasks::no_task_for(TaskSource::Maturity, OF_MATURITY, days, false);
    match holding {
        None => not_worked,
        Some(id) => not_worked.and(Condition::new().sql("holding.id = ").bind(Value::Id(Id::new(id)))),
    }
}

#[cfg(test)]
mod tests {
    use guanxi_api::Tier;

    use super::*;

    #[test]
    fn the_highest_tier_comes_first() {
        let places: Vec<_> = Tier::ALL.iter().rev().map(|tier| BY_TIER.find(tier.as_str())).collect();
        assert!(places[..4].is_sorted() && places[..4].iter().all(Option::is_some), "{places:?}");
        assert_eq!((Tier::ALL.len(), places[4]), (5, None));
    }
}
