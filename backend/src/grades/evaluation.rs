use std::collections::{BTreeMap, HashMap};

use chrono::NaiveDate;
use guanxi_api::{
    Amount, CustomerGrade, GradeRules, KindCost, KindIncome, LifetimeValue, Money, Rfm, ScoredPart,
};
use guanxi_db::DbConn;

use crate::access::{Actor, OrgUnitId};
use crate::audit;
use crate::customers::{self, CustomerId, Graded, House};
use crate::error::{Error, Result};
use crate::following::{self, Follower};
use crate::grades::measures::{Subject, subjects};
use crate::grades::policy;
use crate::grades::rules::{Assessment, PartValue, assess, band};
use crate::grades::store::{self, ValueRow};
use crate::installation::{self, Settings};

/// Where the value of a customer is counted, along every axis.
pub(super) fn places(row: &ValueRow) -> Vec<(&'static str, String)> {
    match (row.org_unit_id, row.lost_on) {
        (None, _) => Vec::new(),
        (Some(_), Some(day)) => vec![(LOST, format!("{}:{}", row.grade, day.format("%Y-%m")))],
        (Some(_), None) => vec![
            (GRADE, row.grade.clone()),
            (BAND, band(row.contribution).to_string()),
            (RFM, format!("{}:{}", row.recency, row.frequency)),
        ],
    }
}

/// Of customers by grade.
pub(super) const GRADE: &str = "grade";
/// Of customers by band of contribution.
pub(super) const BAND: &str = "band";
/// Of customers by recency and frequency.
pub(super) const RFM: &str = "rfm";
/// Of lost customers by the grade that they had and the month.
pub(super) const LOST: &str = "lost";

/// Sums of units along the axes.
#[derive(Debug, Default)]
pub(super) struct Shares(pub(super) BTreeMap<(OrgUnitId, &'static str, String), (i64, i64)>);

impl Shares {
    /// Counts a row, or takes it out again.
    pub(super) fn weigh(&mut self, row: &ValueRow, sign: i64) {
        let Some(unit) = row.org_unit_id else { return };
        for (axis, place) in places(row) {
            let weight = self.0.entry((unit, axis, place)).or_default();
            weight.0 += sign;
            weight.1 = weight.1.saturating_add(row.contribution.saturating_mul(sign));
        }
    }

    fn record(self, conn: &mut DbConn) -> Result<()> {
        for ((unit, axis, place), (customers, contribution)) in self.0 {
            if (customers, contribution) != (0, 0) {
                store::add_share(conn, unit, (axis, &place, customers, contribution))?;
            }
        }
        Ok(())
    }
}

/// Whether there are customers to be graded anew.
///
/// # Errors
/// When the database fails.
pub fn has_work(conn: &mut DbConn, today: NaiveDate) -> Result<bool> {
    following::has_work(conn, Follower::Grades, today)
}

/// Does a chunk of that work; false when there is none, or another server does it.
///
/// # Errors
/// When the database fails.
pub fn do_some_work(conn: &mut DbConn, actor: &Actor, settings: &Settings) -> Result<bool> {
    let today = settings.day(actor.now());
    let Some(step) = following::next(conn, Follower::Grades, today)? else { return Ok(false) };
    if !step.customers.is_empty() {
        let rules = policy::policy(conn)?.rules;
        grade(conn, actor, (settings, today), &rules, &step.customers)?;
    }
    Ok(true)
}

/// What follows for a customer: its value as it is counted, and its figures.
fn valued(
    subject: &Subject,
    found: &Assessment,
    was: Option<&ValueRow>,
    today: NaiveDate,
) -> (ValueRow, Graded) {
    let score = |score: u32| i16::try_from(score).unwrap_or(i16::MAX);
    // Whoever is lost keeps the grade, by which the loss is counted.
    let lost_before = was.filter(|row| subject.lost && row.lost_on.is_some());
    let grade = match was {
        Some(row) if subject.lost => row.grade.clone(),
        _ => found.grade.clone(),
    };
    let row = ValueRow {
        customer_id: subject.id,
        org_unit_id: (!subject.archived).then_some(subject.unit_id),
        grade: grade.clone(),
        contribution: found.contribution,
        recency: score(found.rfm.recency),
        frequency: score(found.rfm.frequency),
        monetary: score(found.rfm.monetary),
        rfm_class: found.rfm.class().as_str().to_owned(),
        last_purchase_on: subject.measures.purchases.last_on,
        lost_on: subject.lost.then(|| lost_before.and_then(|row| row.lost_on).unwrap_or(today)),
    };
    let figures = Graded {
        id: subject.id,
        grade,
        score: i32::try_from(found.score).unwrap_or(i32::MAX),
        contribution: found.contribution,
        lifetime_value: found.lifetime_value,
    };
    (row, figures)
}

/// Grades customers as on a day. Whoever calls it has locked them.
fn grade(
    conn: &mut DbConn,
    actor: &Actor,
    (settings, today): (&Settings, NaiveDate),
    rules: &GradeRules,
    ids: &[CustomerId],
) -> Result<()> {
    let mut before: HashMap<CustomerId, ValueRow> = HashMap::new();
    for row in store::values(conn, ids)? {
        before.insert(row.customer_id, row);
    }
    let (mut shares, mut rows, mut figures) = (Shares::default(), Vec::new(), Vec::new());
    for subject in subjects(conn, settings, today, ids)? {
        let was = before.remove(&subject.id);
        let found = assess(rules, &subject.measures, today);
        let (row, graded) = valued(&subject, &found, was.as_ref(), today);
        figures.push(graded);
        if was.as_ref() != Some(&row) {
            was.iter().for_each(|was| shares.weigh(was, -1));
            shares.weigh(&row, 1);
            rows.push(row);
        }
    }
    store::set_values(conn, &rows)?;
    shares.record(conn)?;
    let moved = customers::set_grades(conn, &figures)?;
    let events: Vec<audit::Event<'_>> = moved
        .iter()
        .map(|(id, version)| audit::Event {
            kind: "customer.grade_updated",
            resource_type: "customer_grade",
            resource_id: id.uuid(),
            version: *version,
            changed: &["grade"],
        })
        .collect();
    audit::announce_all(conn, actor, &events)
}

/// For how many customers, and kept sums, the rules say something else than is kept, as of the day on which all of them were last looked at; none
/// while there is work.
///
/// # Errors
/// When the database fails.
pub fn misgraded(conn: &mut DbConn) -> Result<Option<i64>> {
    let Some(day) = following::settled_on(conn, Follower::Grades)? else { return Ok(None) };
    let settings = installation::read(conn)?;
    let rules = policy::policy(conn)?.rules;
    let (mut wrong, mut shares) = (0, Shares::default());
    following::walk(conn, |conn, ids| {
        let kept: HashMap<CustomerId, ValueRow> =
            store::values(conn, ids)?.into_iter().map(|row| (row.customer_id, row)).collect();
        let figures: HashMap<CustomerId, Graded> =
            customers::grades_of(conn, ids)?.into_iter().map(|row| (row.id, row)).collect();
        for subject in subjects(conn, &settings, day, ids)? {
            let was = kept.get(&subject.id);
            let found = assess(&rules, &subject.measures, day);
            let (row, graded) = valued(&subject, &found, was, day);
            wrong += i64::from(was != Some(&row) || figures.get(&subject.id) != Some(&graded));
            shares.weigh(&row, 1);
        }
        Ok(())
    })?;
    let mut sums: HashMap<(OrgUnitId, String, String), (i64, i64)> = HashMap::new();
    for ((unit, axis, place), weight) in shares.0 {
        sums.insert((unit, axis.to_owned(), place), weight);
    }
    for (unit, (axis, place, customers, contribution)) in store::all_shares(conn)? {
        let said = sums.remove(&(unit, axis, place)).unwrap_or_default();
        wrong += i64::from(said != (customers, contribution));
    }
    let missing = sums.values().filter(|weight| **weight != (0, 0)).count();
    Ok(Some(wrong + i64::try_from(missing).unwrap_or(i64::MAX)))
}

/// The grade of a customer with everything that it follows from, worked out now.
///
/// # Errors
/// 404 when the actor does not see the customer.
pub fn of_customer(
    conn: &mut DbConn,
    actor: &Actor,
    house: House<'_>,
    id: CustomerId,
) -> Result<CustomerGrade> {
    customers::visible(conn, actor, id)?;
    let today = house.settings.day(actor.now());
    let rules = policy::policy(conn)?.rules;
    let subject = subjects(conn, house.settings, today, &[id])?.pop().ok_or_else(Error::not_found)?;
    let found = assess(&rules, &subject.measures, today);
    let was = store::values(conn, &[id])?.pop();
    let (row, _) = valued(&subject, &found, was.as_ref(), today);
    let money = |amount| Money { amount: Amount(amount), currency: house.settings.base_currency.clone() };
    let margin_of =
        |kind| rules.income.iter().find(|rule| rule.kind == kind).map_or(0, |rule| rule.margin_basis_points);
    let better = rules.grades.iter().rev().find(|grade| grade.from_score > found.score);
    let standing = KindCost { kind: None, contacts: None, cost: money(rules.costs.per_year.0) };
    let contacts = found.costs.iter().map(|(kind, contacts, cost)| KindCost {
        kind: Some(*kind),
        contacts: Some(*contacts),
        cost: money(*cost),
    });
    let purchases = &subject.measures.purchases;
    Ok(CustomerGrade {
        grade: row.grade,
        score: found.score,
        next_from_score: better.map(|grade| grade.from_score),
        parts: found
            .parts
            .iter()
            .map(|part| ScoredPart {
                part: part.part,
                value: match &part.value {
                    PartValue::Money(amount) => Some(Amount(*amount).to_string()),
                    PartValue::Number(number) => Some(number.to_string()),
                    PartValue::Code(code) => code.clone(),
                },
                points: part.points,
                weight: part.weight,
            })
            .collect(),
        income: found
            .income
            .iter()
            .map(|(held, income)| KindIncome {
                kind: held.kind,
                holdings: held.holdings,
                value: money(held.value),
                margin_basis_points: margin_of(held.kind),
                income: money(*income),
            })
            .collect(),
        costs: std::iter::once(standing).chain(contacts).collect(),
        contribution: money(found.contribution),
        lifetime_value: LifetimeValue {
            value: money(found.lifetime_value),
            retention_percent: found.retention_percent,
            discount_percent: rules.discount_percent,
        },
        rfm: Rfm {
            last_purchase_on: purchases.last_on,
            purchases: purchases.count,
            purchased: money(purchases.amount),
            recency: found.rfm.recency,
            frequency: found.rfm.frequency,
            monetary: found.rfm.monetary,
            class: found.rfm.class(),
        },
        as_of: today,
    })
}
