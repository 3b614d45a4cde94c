//! Grades as lists show them: they are written by the room that works them out, beside the other figures of a customer.

mod store;

use std::collections::HashMap;

use guanxi_api::{Amount, CustomerValue, Money};
use guanxi_db::DbConn;

use crate::customers::store::ValueRow;
use crate::customers::{CustomerId, House};
use crate::error::Result;

/// The grade of a customer and what it is worth, in 1/10000 of the base currency.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Graded {
    pub id: CustomerId,
    pub grade: String,
    /// Of 100.
    pub score: i32,
    /// What it brings in a year less what it costs.
    pub contribution: i64,
    pub lifetime_value: i64,
}

/// Writes the grades of customers, as far as something differs; gives those who came into another grade, with the number of changes of each.
/// Whoever calls it has locked the customers.
///
/// # Errors
/// When the database fails.
pub fn set_grades(conn: &mut DbConn, grades: &[Graded]) -> Result<Vec<(CustomerId, i64)>> {
    let ids: Vec<CustomerId> = grades.iter().map(|graded| graded.id).collect();
    let mut before: HashMap<CustomerId, store::GradeRow> =
        store::grades(conn, &ids)?.into_iter().map(|row| (row.customer_id, row)).collect();
    let (mut changed, mut moved) = (Vec::new(), Vec::new());
    for graded in grades {
        let Some(was) = before.remove(&graded.id) else { continue };
        if known(&was).as_ref() == Some(graded) {
            continue;
        }
        let version = was.grade_version + 1;
        if was.grade.as_ref() != Some(&graded.grade) {
            moved.push((graded.id, version));
        }
        changed.push((graded, version));
    }
    store::set_grades(conn, &changed)?;
    Ok(moved)
}

/// The grades of those of these customers who have one, in no order.
///
/// # Errors
/// When the database fails.
pub fn grades_of(conn: &mut DbConn, ids: &[CustomerId]) -> Result<Vec<Graded>> {
    Ok(store::grades(conn, ids)?.iter().filter_map(known).collect())
}

/// The grade as it is shown; none until the customer is graded.
pub(super) fn value(house: House<'_>, row: &ValueRow) -> Option<CustomerValue> {
    let money = |amount| Money { amount: Amount(amount), currency: house.settings.base_currency.clone() };
    Some(CustomerValue {
        grade: row.grade.clone()?,
        score: u32::try_from(row.grade_score).unwrap_or_default(),
        contribution: money(row.contribution),
        lifetime_value: money(row.lifetime_value),
    })
}

fn known(row: &store::GradeRow) -> Option<Graded> {
    Some(Graded {
        id: row.customer_id,
        grade: row.grade.clone()?,
        score: row.grade_score,
        contribution: row.contribution,
        lifetime_value: row.lifetime_value,
    })
}
