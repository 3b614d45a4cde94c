//! What the customers of each unit, tier and owner add up to, kept as it changes, so that a dashboard reads a few rows instead of the bank:
//! customers and assets of units by tier (`portfolio`), and how complete the data of each book are (`quality_share`).

mod store;

use std::collections::BTreeMap;

use guanxi_db::DbConn;

use crate::access::{OrgUnitId, UserId};
use crate::customers::store::{CustomerRow, FiguresRow};
use crate::error::Result;

/// Changes that the job loop folds in one transaction.
const FOLDED_AT_ONCE: i64 = 2000;

/// To whose book a customer belongs, and in which unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Book {
    pub(super) unit: OrgUnitId,
    /// The user whose id is all zeros where nobody is responsible.
    owner: UserId,
}

impl Book {
    pub(super) fn new(unit: OrgUnitId, owner: Option<UserId>) -> Self {
        Book { unit, owner: owner.unwrap_or(UserId::new(uuid::Uuid::nil())) }
    }
}

/// What one customer, or several alike, add to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Share {
    book: Book,
    tier: String,
}

/// What customers add up to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Weight {
    customers: i64,
    /// In 1/10000 of the base currency.
    aum: i64,
    /// Those of whom it is known how complete their data are.
    rated: i64,
    /// The sum of theirs, each 0 to 100.
    completeness: i64,
    /// Those whose data must be completed.
    gaps: i64,
}

impl Weight {
    fn of(figures: &FiguresRow) -> Self {
        let rated = figures.completeness >= 0;
        Weight {
            customers: 1,
            aum: figures.aum,
            rated: i64::from(rated),
            completeness: if rated { figures.completeness.into() } else { 0 },
            gaps: i64::from(figures.data_gap),
        }
    }

    fn add(&mut self, other: Weight, sign: i64) {
        self.customers += sign * other.customers;
        self.aum = self.aum.saturating_add(other.aum.saturating_mul(sign));
        self.rated += sign * other.rated;
        self.completeness += sign * other.completeness;
        self.gaps += sign * other.gaps;
    }

    /// What of it concerns the data.
    fn of_data(self) -> [i64; 4] {
        [self.customers, self.rated, self.completeness, self.gaps]
    }
}

/// What is to be added to and taken from the kept figures.
#[derive(Debug, Default)]
pub(super) struct Moves(BTreeMap<Share, Weight>);

impl Moves {
    /// A customer who is there now; an archived one counts nowhere.
    pub(super) fn add(&mut self, customer: &CustomerRow, figures: &FiguresRow) {
        self.weigh(customer, figures, 1);
    }

    /// A customer as it was.
    pub(super) fn take(&mut self, customer: &CustomerRow, figures: &FiguresRow) {
        self.weigh(customer, figures, -1);
    }

    /// A customer of a book whose tier, assets and need of completion became others.
    pub(super) fn refigure(&mut self, book: Book, before: &FiguresRow, (tier, aum, gap): (&str, i64, bool)) {
        if !before.archived {
            let weight = Weight::of(before);
            self.weigh_share(book, &before.tier, weight, -1);
            self.weigh_share(book, tier, Weight { aum, gaps: i64::from(gap), ..weight }, 1);
        }
    }

    fn weigh(&mut self, customer: &CustomerRow, figures: &FiguresRow, sign: i64) {
        if !customer.archived {
            let book = Book::new(customer.org_unit_id, customer.owner_id);
            self.weigh_share(book, &figures.tier, Weight::of(figures), sign);
        }
    }

    fn weigh_share(&mut self, book: Book, tier: &str, added: Weight, sign: i64) {
        self.0.entry(Share { book, tier: tier.to_owned() }).or_default().add(added, sign);
    }

    /// Writes what does not cancel out.
    ///
    /// # Errors
    /// When the database fails.
    pub(super) fn record(self, conn: &mut DbConn) -> Result<()> {
        for (share, weight) in self.0.into_iter().filter(|(_, weight)| *weight != Weight::default()) {
            store::insert_change(conn, &share, weight)?;
        }
        Ok(())
    }
}

/// Whether changes wait to be folded.
///
/// # Errors
/// When the database fails.
pub fn portfolio_has_changes(conn: &mut DbConn) -> Result<bool> {
    store::has_changes(conn)
}

/// Folds changes into the kept figures; gives how many. One server does it at a time, which the caller sees to.
///
/// # Errors
/// When the database fails.
pub fn fold_portfolio(conn: &mut DbConn) -> Result<usize> {
    let changes = store::take_changes(conn, FOLDED_AT_ONCE)?;
    let count = changes.len();
    let mut of_units: BTreeMap<(OrgUnitId, String), (i64, i64)> = BTreeMap::new();
    let mut of_books: BTreeMap<Share, Weight> = BTreeMap::new();
    for (share, weight) in changes {
        let (customers, aum) = of_units.entry((share.book.unit, share.tier.clone())).or_default();
        *customers += weight.customers;
        *aum = aum.saturating_add(weight.aum);
        of_books.entry(share).or_default().add(weight, 1);
    }
    for ((unit, tier), (customers, aum)) in of_units.into_iter().filter(|(_, sums)| *sums != (0, 0)) {
        store::add(conn, unit, &tier, customers, aum)?;
    }
    for (share, weight) in of_books.into_iter().filter(|(_, weight)| weight.of_data() != [0; 4]) {
        store::add_to_book(conn, &share, weight)?;
    }
    Ok(count)
}
