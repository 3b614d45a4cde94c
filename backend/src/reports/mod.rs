//! What managers look at: figures over everything that the actor sees. This room reads every table and writes none.
//!
//! Figures of a bank are kept as they change (`customers::portfolio`); those of a book are summed when they are asked for, because a book
//! is a few hundred customers.

mod routes;
mod store;
#[cfg(test)]
mod tests;

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};

use chrono::{Datelike, Days, NaiveDate};
use guanxi_api::{
    Amount, BookQuality, ContactCounts, ContactReport, DataQualityReport, Instant, LocalName,
    ManagerContacts, MaturityReport, MaturitySpan, Money, PortfolioReport, QualityFigures, ResultsBy,
    SatisfactionReport, SurveyFigures, Tier, TierShare, UnitQuality, UnitRef, UnitShare, UserRef,
};
use guanxi_db::DbConn;
use uuid::Uuid;

use crate::access::{Actor, OrgUnitId, Reach, Scope, UnitScope, UserId};
use crate::customers::House;
use crate::customers::rules::completeness::REQUIRED_PERCENT;
use crate::error::Result;
use crate::installation::Settings;
use crate::org::Directory;
use crate::surveys::SurveyId;
use crate::{interactions, surveys};

/// The routes of this room.
pub fn routes(config: &mut impl crate::web::Routes) {
    config
        .service(routes::get_portfolio_report)
        .service(routes::get_contact_report)
        .service(routes::get_maturity_report)
        .service(routes::get_satisfaction_report)
        .service(routes::get_data_quality_report);
}

/// Most units that a report lists.
const UNITS: usize = 200;
/// Most books that a report lists.
const BOOKS: usize = 200;
/// Most relationship managers that a report lists.
const MANAGERS: i64 = 200;
/// Days within which holdings mature that are counted together.
const SPANS: [i32; 3] = [7, 30, 90];
/// Surveys of which a report shows the figures.
const SURVEYS: u32 = 5;

/// What a sum adds up: customers, and assets in 1/10000 of the base currency.
#[derive(Clone, Copy, Default)]
struct Sum {
    customers: i64,
    aum: i64,
}

impl Sum {
    fn add(&mut self, customers: i64, aum: i64) {
        self.customers += customers;
        self.aum = self.aum.saturating_add(aum);
    }
}

/// Customers and assets of everything that the actor sees, by tier and by unit.
///
/// # Errors
/// When the database fails.
pub fn portfolio(conn: &mut DbConn, actor: &Actor, settings: &Settings) -> Result<PortfolioReport> {
    let money = |aum: i64| Money { amount: Amount(aum), currency: settings.base_currency.clone() };
    let mut all = Sum::default();
    let mut tiers: BTreeMap<String, Sum> = BTreeMap::new();
    let mut units: BTreeMap<Uuid, (LocalName, Sum)> = BTreeMap::new();
    for row in store::shares(conn, &Scope::of(actor))? {
        all.add(row.customers, row.aum);
        tiers.entry(row.tier).or_default().add(row.customers, row.aum);
        let name = LocalName { zh_cn: row.unit_zh, en: row.unit_en };
        let unit = units.entry(row.unit_id.uuid()).or_insert_with(|| (name, Sum::default()));
        unit.1.add(row.customers, row.aum);
    }
    units.retain(|_, (_, sum)| sum.customers > 0);
    let units_in_all = i64::try_from(units.len()).unwrap_or(i64::MAX);
    let mut units: Vec<_> = units.into_iter().collect();
    units.sort_by_key(|(id, (_, sum))| (Reverse(sum.aum), *id));
    units.truncate(UNITS);
    let share_of = |tier: &Tier| {
        let sum = tiers.get(tier.as_str()).copied().unwrap_or_default();
        TierShare { tier: *tier, customers: sum.customers, aum: money(sum.aum) }
    };
    Ok(PortfolioReport {
        as_of: Instant(actor.now().to_utc()),
        customers: all.customers,
        aum: money(all.aum),
        tiers: Tier::ALL.iter().rev().map(share_of).collect(),
        units: units
            .into_iter()
            .map(|(id, (name, sum))| UnitShare {
                unit: UnitRef { id, name },
                customers: sum.customers,
                aum: money(sum.aum),
            })
            .collect(),
        units_in_all,
    })
}

/// What adds up to [`QualityFigures`].
#[derive(Clone, Copy, Default)]
struct Quality {
    customers: i64,
    rated: i64,
    completeness: i64,
    demanded: i64,
    gaps: i64,
}

impl Quality {
    fn add(&mut self, row: &store::QualityRow) {
        self.customers += row.customers;
        self.rated += row.rated;
        self.completeness += row.completeness;
        self.demanded += row.demanded;
        self.gaps += row.gaps;
    }

    #[allow(clippy::cast_precision_loss)]
    fn figures(self) -> QualityFigures {
        // Figures of one decimal; numbers of customers are far below what a float holds.
        let mean = |sum: i64, of: i64| (of > 0).then(|| (sum as f64 / of as f64 * 10.0).round() / 10.0);
        let share = |part: i64, of: i64| (of > 0).then(|| part as f64 / of as f64);
        QualityFigures {
            customers: self.customers,
            completeness: mean(self.completeness, self.rated),
            demanded: self.demanded,
            data_gaps: self.gaps,
            reached: share(self.demanded - self.gaps, self.demanded),
        }
    }

    /// Most to complete first, then the least complete.
    fn order(self) -> (Reverse<i64>, i64) {
        (Reverse(self.gaps), self.completeness.saturating_mul(1000) / self.rated.max(1))
    }
}

/// How complete the data are of the customers that the actor sees, by who is responsible and by unit.
///
/// # Errors
/// When the database fails.
pub fn data_quality(conn: &mut DbConn, actor: &Actor, directory: &Directory) -> Result<DataQualityReport> {
    let names = directory.newest(conn)?;
    let mut total = Quality::default();
    let mut books: BTreeMap<UserId, Quality> = BTreeMap::new();
    let mut units: BTreeMap<OrgUnitId, Quality> = BTreeMap::new();
    for row in store::quality(conn, &Scope::of(actor))? {
        total.add(&row);
        books.entry(row.owner_id).or_default().add(&row);
        units.entry(row.unit_id).or_default().add(&row);
    }
    books.retain(|_, quality| quality.customers > 0);
    units.retain(|_, quality| quality.customers > 0);
    let in_all = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
    let (books_in_all, units_in_all) = (in_all(books.len()), in_all(units.len()));
    let mut books: Vec<_> = books.into_iter().collect();
    books.sort_by_key(|(id, quality)| (quality.order(), *id));
    books.truncate(BOOKS);
    let mut units: Vec<_> = units.into_iter().collect();
    units.sort_by_key(|(id, quality)| (quality.order(), *id));
    units.truncate(UNITS);
    let owner = |id: UserId| (!id.uuid().is_nil()).then(|| names.user(id)).transpose();
    Ok(DataQualityReport {
        as_of: Instant(actor.now().to_utc()),
        required_percent: REQUIRED_PERCENT,
        total: total.figures(),
        books: books
            .into_iter()
            .map(|(id, quality)| Ok(BookQuality { owner: owner(id)?, figures: quality.figures() }))
            .collect::<Result<_>>()?,
        books_in_all,
        units: units
            .into_iter()
            .map(|(id, quality)| Ok(UnitQuality { unit: names.unit(id)?, figures: quality.figures() }))
            .collect::<Result<_>>()?,
        units_in_all,
    })
}

/// Working days of a week up to and with a day: five at most.
fn working_days(day: NaiveDate) -> i32 {
    i32::try_from(day.weekday().number_from_monday()).unwrap_or(0).min(5)
}

/// Contacts of this week against their targets: of the actor's own, or of the relationship managers of the actor's units.
///
/// # Errors
/// When the database fails.
pub fn contacts(conn: &mut DbConn, actor: &Actor, settings: &Settings) -> Result<ContactReport> {
    let today = settings.day(actor.now());
    let from = today.week(chrono::Weekday::Mon).first_day();
    let from_instant = settings.start_of(from);
    let only = actor.user_id().filter(|_| actor.reach() == Reach::Team);
    let managers = store::managers(&UnitScope::of(actor), only);
    let counted: HashMap<Uuid, ContactCounts> = store::contacts(conn, managers.clone(), from_instant)?
        .into_iter()
        .map(|(id, meetings, connected_calls)| (id.uuid(), ContactCounts { meetings, connected_calls }))
        .collect();
    let managers_in_all = store::count_managers(conn, managers.clone())?;
    let targets = interactions::targets(conn)?.targets;
    let working_days = working_days(today);
    let expected =
        |a_day: i32| i64::from(a_day).saturating_mul(i64::from(working_days)).saturating_mul(managers_in_all);
    let total = counted.values().fold(ContactCounts::default(), |sum, counts| ContactCounts {
        meetings: sum.meetings + counts.meetings,
        connected_calls: sum.connected_calls + counts.connected_calls,
    });
    let listed = store::list_managers(conn, managers, MANAGERS)?.into_iter().map(|row| ManagerContacts {
        counts: counted.get(&row.id.uuid()).copied().unwrap_or_default(),
        manager: UserRef { id: row.id.uuid(), display_name: row.display_name },
        unit: UnitRef { id: row.unit_id.uuid(), name: LocalName { zh_cn: row.unit_zh, en: row.unit_en } },
    });
    Ok(ContactReport {
        as_of: Instant(actor.now().to_utc()),
        from,
        from_instant: Instant(from_instant.to_utc()),
        working_days,
        targets,
        total,
        target: ContactCounts {
            meetings: expected(targets.meetings_a_day),
            connected_calls: expected(targets.connected_calls_a_day),
        },
        managers: listed.collect(),
        managers_in_all,
    })
}

/// Holdings that mature soon, of the customers that the actor sees.
///
/// # Errors
/// When the database fails.
pub fn maturities(conn: &mut DbConn, actor: &Actor, settings: &Settings) -> Result<MaturityReport> {
    let from = settings.day(actor.now());
    let until =
        |days: i32| from.checked_add_days(Days::new(u64::try_from(days).unwrap_or_default())).unwrap_or(from);
    let sums = store::maturing(conn, &Scope::of(actor), from, SPANS.map(until))?;
    let spans = SPANS.into_iter().zip(sums).map(|(days, (holdings, assets))| MaturitySpan {
        days,
        until: until(days),
        holdings,
        assets: Money { amount: Amount(assets), currency: settings.base_currency.clone() },
    });
    Ok(MaturityReport { as_of: Instant(actor.now().to_utc()), from, spans: spans.collect() })
}

/// What came of the latest surveys of the actor's units and of those above, over the customers that the actor sees.
///
/// # Errors
/// When the database fails.
pub fn satisfaction(conn: &mut DbConn, actor: &Actor, house: House<'_>) -> Result<SatisfactionReport> {
    let latest = surveys::latest_surveys(conn, actor, house.keys, SURVEYS)?;
    let mut report = SatisfactionReport {
        as_of: Instant(actor.now().to_utc()),
        target_satisfaction: surveys::TARGET_SATISFACTION,
        surveys: Vec::new(),
    };
    for survey in latest {
        let results = surveys::results(conn, actor, SurveyId::new(survey.id), ResultsBy::None)?;
        report.surveys.push(SurveyFigures {
            survey: results.survey,
            status: survey.status,
            invited: results.invited,
            answered: results.answered,
            response_rate: results.response_rate,
            withheld: results.withheld,
            figures: results.figures,
        });
    }
    Ok(report)
}
