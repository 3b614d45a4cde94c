//! How complete the profiles of customers are, kept in `customer_figures` by every write that changes what it follows from, and worked out
//! here for customers of whom it is not known yet. The rule is [`rules::completeness`](crate::customers::rules::completeness).

mod store;
#[cfg(test)]
mod tests;

use std::collections::{HashMap, HashSet};

use guanxi_api::{Completeness, ContactPointKind, CustomerKind, ProfilePiece, Tier};
use guanxi_db::DbConn;

use crate::customers::portfolio::Moves;
use crate::customers::rules::completeness::{Missing, is_required};
use crate::customers::store::{self as customer_store, CustomerRow, FiguresRow, QualityRow};
use crate::customers::view::Whole;
use crate::customers::{CustomerId, known};
use crate::error::Result;

/// What [`FiguresRow::completeness`] is until it is worked out.
const UNKNOWN: i32 = -1;
/// Customers looked at in one transaction.
const AT_ONCE: i64 = 500;

/// What is known of a customer beside its row that counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Beside {
    identity: bool,
    phone: bool,
    address: bool,
    email_or_wechat: bool,
}

impl Beside {
    /// From whether there is an identity document, and the kinds of the contact points.
    pub(super) fn of<'a>(identity: bool, kinds: impl Iterator<Item = &'a str>) -> Self {
        let mut beside = Beside { identity, ..Beside::default() };
        for kind in kinds {
            match ContactPointKind::from_code(kind) {
                Some(ContactPointKind::Phone) => beside.phone = true,
                Some(ContactPointKind::Address) => beside.address = true,
                Some(ContactPointKind::Email | ContactPointKind::Wechat) => beside.email_or_wechat = true,
                None => {}
            }
        }
        beside
    }

    /// As what was missing says.
    fn from_missing(missing: Missing) -> Self {
        Beside {
            identity: !missing.has(ProfilePiece::Identity),
            phone: !missing.has(ProfilePiece::Phone),
            address: !missing.has(ProfilePiece::Address),
            email_or_wechat: !missing.has(ProfilePiece::EmailOrWechat),
        }
    }
}

/// What a customer lacks.
///
/// # Errors
/// For a kind that is none.
pub(super) fn missing(row: &CustomerRow, beside: Beside) -> Result<Missing> {
    let kind = known(CustomerKind::from_code(&row.kind))?;
    let detail = |name: &str| row.details.0.get(name).is_some_and(|value| !value.is_null());
    Ok(Missing::of(kind, |piece| match piece {
        ProfilePiece::Phone => beside.phone,
        ProfilePiece::Address => beside.address,
        ProfilePiece::Identity => beside.identity,
        ProfilePiece::EmailOrWechat => beside.email_or_wechat,
        ProfilePiece::Occupation => row.occupation.is_some(),
        ProfilePiece::RiskAttribute => row.risk_attribute.is_some(),
        ProfilePiece::BirthDate => row.birth_date.is_some(),
        ProfilePiece::City => row.city.is_some(),
        ProfilePiece::Industry => row.industry.is_some(),
        ProfilePiece::Employer
        | ProfilePiece::LegalRepresentative
        | ProfilePiece::OrganisationSize
        | ProfilePiece::BusinessState
        | ProfilePiece::CreditRating => detail(piece.as_str()),
    }))
}

/// What a customer lacks of whom everything was read.
///
/// # Errors
/// As [`missing`].
pub(super) fn missing_of(whole: &Whole) -> Result<Missing> {
    let kinds = whole.contact_points.iter().map(|point| point.kind.as_str());
    missing(&whole.row.customer, Beside::of(whole.identity.is_some(), kinds))
}

/// Says in the figures what a customer lacks; gives whether they said something else.
///
/// # Errors
/// For a tier that is none.
pub(super) fn note(figures: &mut FiguresRow, missing: Missing) -> Result<bool> {
    let tier = known(Tier::from_code(&figures.tier))?;
    let before = (figures.completeness, figures.missing, figures.data_gap);
    (figures.completeness, figures.missing, figures.data_gap) =
        (missing.score(), missing.bits(), missing.is_gap(tier));
    Ok(before != (figures.completeness, figures.missing, figures.data_gap))
}

/// Whether the data of a customer must be completed who comes to a tier.
pub(super) fn is_gap_at(figures: &FiguresRow, tier: Tier) -> bool {
    figures.completeness > UNKNOWN && Missing::from_bits(figures.missing).is_gap(tier)
}

/// Keeps what a changed customer lacks now.
///
/// # Errors
/// When the database fails.
pub(super) fn keep(conn: &mut DbConn, whole: &mut Whole) -> Result<()> {
    let missing = missing_of(whole)?;
    if note(&mut whole.row.figures, missing)? {
        store::set(conn, &[&whole.row.figures])?;
    }
    Ok(())
}

/// Keeps what customers lack whose rows alone have changed, each as before and after, and whom the caller has locked.
///
/// # Errors
/// When the database fails.
pub(super) fn keep_rows<'a>(
    conn: &mut DbConn,
    moves: &mut Moves,
    changed: impl Iterator<Item = (&'a CustomerRow, &'a CustomerRow)>,
) -> Result<()> {
    let mut concerned: HashMap<CustomerId, &CustomerRow> = HashMap::new();
    for (before, after) in changed {
        if missing(before, Beside::default())? != missing(after, Beside::default())? {
            concerned.insert(after.id, after);
        }
    }
    let ids: Vec<CustomerId> = concerned.keys().copied().collect();
    let mut noted = Vec::new();
    for before in store::figures(conn, &ids)? {
        let Some(row) = concerned.get(&before.customer_id) else { continue };
        // Of whom nothing is known yet is looked at whole by [`renew_completeness`].
        if before.completeness == UNKNOWN {
            continue;
        }
        let mut figures = before.clone();
        let beside = Beside::from_missing(Missing::from_bits(before.missing));
        if note(&mut figures, missing(row, beside)?)? {
            moves.take(row, &before);
            moves.add(row, &figures);
            noted.push(figures);
        }
    }
    store::set(conn, &noted.iter().collect::<Vec<_>>())
}

/// How complete a profile is, as it is told: of the tier nothing where that is masked.
pub(super) fn told(missing: Missing, gap: Option<bool>) -> Completeness {
    let pieces = missing.pieces();
    Completeness {
        score: missing.score(),
        required_missing: pieces.iter().copied().filter(|piece| is_required(*piece)).collect(),
        missing: pieces,
        required_share: missing.required_share(),
        data_gap: gap,
    }
}

/// The same of a line of a list; none until it is worked out.
pub(super) fn told_of_row(row: QualityRow, restricted: bool) -> Option<Completeness> {
    let known = row.completeness > UNKNOWN;
    known.then(|| told(Missing::from_bits(row.missing), (!restricted).then_some(row.data_gap)))
}

/// Works out what some customers lack of whom it is not known yet; gives how many were met, none when there are no more. What counts may
/// change from one version of the server to the next: a migration then sets what is kept to unknown.
///
/// # Errors
/// When the database fails.
pub fn renew_completeness(conn: &mut DbConn) -> Result<usize> {
    let ids = store::unrated(conn, AT_ONCE)?;
    customer_store::lock_many(conn, &ids)?;
    let mut moves = Moves::default();
    let mut noted = Vec::new();
    for (row, before, missing) in look(conn, &ids)? {
        let mut figures = before.clone();
        // Another server may have been here before the lock.
        if before.completeness == UNKNOWN && note(&mut figures, missing)? {
            moves.take(&row, &before);
            moves.add(&row, &figures);
            noted.push(figures);
        }
    }
    store::set(conn, &noted.iter().collect::<Vec<_>>())?;
    moves.record(conn)?;
    Ok(ids.len())
}

/// What some customers lack, with their rows.
fn look(conn: &mut DbConn, ids: &[CustomerId]) -> Result<Vec<(CustomerRow, FiguresRow, Missing)>> {
    let mut kinds: HashMap<CustomerId, Vec<String>> = HashMap::new();
    for (id, kind) in store::contact_kinds(conn, ids)? {
        kinds.entry(id).or_default().push(kind);
    }
    let identified: HashSet<CustomerId> = store::identified(conn, ids)?.into_iter().collect();
    let looked = store::rows(conn, ids)?.into_iter().map(|(row, figures)| {
        let of_points = kinds.get(&row.id).into_iter().flatten().map(String::as_str);
        let missing = missing(&row, Beside::of(identified.contains(&row.id), of_points))?;
        Ok((row, figures, missing))
    });
    looked.collect()
}

/// For how many customers something else is kept than what their data say; none while some are still to be looked at.
///
/// # Errors
/// When the database fails.
pub fn wrong_completeness(conn: &mut DbConn) -> Result<Option<i64>> {
    if !store::unrated(conn, 1)?.is_empty() {
        return Ok(None);
    }
    let (mut wrong, mut after) = (0, None);
    loop {
        let ids = customer_store::customers_after(conn, after, AT_ONCE)?;
        let Some(last) = ids.last() else { return Ok(Some(wrong)) };
        after = Some(*last);
        for (_, mut figures, missing) in look(conn, &ids)? {
            wrong += i64::from(note(&mut figures, missing)?);
        }
    }
}
