use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::NaiveDate;
use guanxi_api::SegmentSource;
use guanxi_db::{DbConn, Id};
use uuid::Uuid;

use crate::access::{Actor, OrgUnitId};
use crate::audit;
use crate::customers::CustomerId;
use crate::error::Result;
use crate::following::{self, Follower};
use crate::installation::{self, Settings};
use crate::listing::Rule;
use crate::segments::fields::RULES;
use crate::segments::store::{self, MemberRow, PlacedRow};
use crate::segments::{SchemeId, SegmentId};

/// A scheme in use, its rules read.
pub(super) struct Asked {
    pub(super) id: SchemeId,
    applies_to: Option<Rule>,
    segments: Vec<(SegmentId, Rule)>,
}

impl Asked {
    /// All schemes in use.
    ///
    /// # Errors
    /// When the database fails, or holds a rule that is none.
    pub(super) fn all(conn: &mut DbConn) -> Result<Vec<Asked>> {
        let segments = store::segments(conn)?;
        let read = |text: &str| Rule::read(text, &RULES, "");
        let schemes = store::schemes(conn)?.into_iter().filter(|row| !row.archived).map(|row| {
            let own = segments.iter().filter(|segment| segment.scheme_id == row.id && !segment.archived);
            Ok(Asked {
                id: row.id,
                applies_to: row.applies_to.as_deref().map(read).transpose()?,
                segments: own.map(|row| Ok((row.id, read(&row.rule)?))).collect::<Result<_>>()?,
            })
        });
        schemes.collect()
    }

    /// Where the rules put customers.
    fn place(
        &self,
        conn: &mut DbConn,
        when: (&Settings, NaiveDate),
        ids: &[CustomerId],
    ) -> Result<Vec<Placed>> {
        let rules: Vec<&Rule> = self.segments.iter().map(|(_, rule)| rule).collect();
        let rows = store::placed(conn, when, self.applies_to.as_ref(), &rules, store::these(ids))?;
        let segment = |rule: i64| {
            let place = usize::try_from(rule).ok()?.checked_sub(1)?;
            self.segments.get(place).map(|(id, _)| *id)
        };
        let placed = |row: PlacedRow| Placed {
            customer_id: row.customer_id,
            applies: row.rule >= 0,
            ruled_id: segment(row.rule),
            archived: row.archived,
            unit_id: row.unit_id,
            aum: row.aum,
        };
        Ok(rows.into_iter().map(placed).collect())
    }

    fn has(&self, id: SegmentId) -> bool {
        self.segments.iter().any(|(own, _)| *own == id)
    }
}

/// Where the rules of a scheme put a customer.
#[derive(Clone, Copy, Debug)]
struct Placed {
    customer_id: CustomerId,
    /// Whether the scheme is for the customer.
    applies: bool,
    ruled_id: Option<SegmentId>,
    archived: bool,
    unit_id: OrgUnitId,
    /// In 1/10000 of the base currency.
    aum: i64,
}

/// What is to be added to the kept figures: customers and assets by unit and place.
#[derive(Debug, Default)]
struct Shares(BTreeMap<(OrgUnitId, Uuid), (i64, i64)>);

impl Shares {
    /// Counts a row, or takes it out again.
    fn weigh(&mut self, row: &MemberRow, sign: i64) {
        let Some(unit) = row.counted_unit_id else { return };
        let place = row.segment_id.map_or(row.scheme_id.uuid(), Id::uuid);
        let weight = self.0.entry((unit, place)).or_default();
        weight.0 += sign;
        weight.1 = weight.1.saturating_add(row.counted_aum.saturating_mul(sign));
    }

    fn record(self, conn: &mut DbConn) -> Result<()> {
        for (share, (customers, aum)) in self.0.into_iter().filter(|(_, weight)| *weight != (0, 0)) {
            store::add_share(conn, share, customers, aum)?;
        }
        Ok(())
    }
}

/// Writes where customers stand in a scheme, each with where it stood, and counts them there.
///
/// # Errors
/// When the database fails.
pub(super) fn write_members(
    conn: &mut DbConn,
    scheme: SchemeId,
    changes: Vec<(Option<MemberRow>, Option<MemberRow>)>,
) -> Result<()> {
    let mut shares = Shares::default();
    let (mut written, mut gone) = (Vec::new(), Vec::new());
    for (was, after) in changes {
        was.iter().for_each(|row| shares.weigh(row, -1));
        after.iter().for_each(|row| shares.weigh(row, 1));
        match (was, after) {
            (Some(was), None) => gone.push(was.customer_id),
            (_, Some(after)) => written.push(after),
            (None, None) => {}
        }
    }
    store::remove_members(conn, scheme, &gone)?;
    store::set_members(conn, scheme, &written)?;
    shares.record(conn)
}

/// Puts customers into the segments of today; gives how many are in other ones than before. Whoever calls it has locked them.
///
/// # Errors
/// When the database fails.
pub(super) fn evaluate(
    conn: &mut DbConn,
    actor: &Actor,
    settings: &Settings,
    schemes: &[Asked],
    ids: &[CustomerId],
) -> Result<usize> {
    let today = settings.day(actor.now());
    let mut before: HashMap<(CustomerId, SchemeId), MemberRow> = HashMap::new();
    for row in store::members_of(conn, ids)? {
        before.insert((row.customer_id, row.scheme_id), row);
    }
    let mut moved = BTreeSet::new();
    for scheme in schemes {
        let mut changes = Vec::new();
        for placed in scheme.place(conn, (settings, today), ids)? {
            let was = before.remove(&(placed.customer_id, scheme.id));
            let after = next(actor, scheme, today, placed, was.as_ref());
            let segment = |row: Option<&MemberRow>| row.and_then(|row| row.segment_id);
            if segment(was.as_ref()) != segment(after.as_ref()) {
                moved.insert(placed.customer_id);
            }
            if was != after {
                changes.push((was, after));
            }
        }
        write_members(conn, scheme.id, changes)?;
    }
    let events: Vec<audit::Event<'_>> = moved
        .iter()
        .map(|id| audit::Event {
            kind: "customer.segments_updated",
            resource_type: "customer_segments",
            resource_id: id.uuid(),
            // Nothing counts them; the moments of changes rise as well.
            version: actor.now().0,
            changed: &["segments"],
        })
        .collect();
    audit::announce_all(conn, actor, &events)?;
    Ok(moved.len())
}

/// Where a customer stands after the rules were asked. A decision of a person stands until its last day is over or its segment is archived. An
/// archived customer stays where it is, and is not counted.
fn next(
    actor: &Actor,
    scheme: &Asked,
    today: NaiveDate,
    placed: Placed,
    was: Option<&MemberRow>,
) -> Option<MemberRow> {
    let Placed { customer_id, applies, ruled_id, .. } = placed;
    if placed.archived {
        return was.map(|row| MemberRow { counted_unit_id: None, counted_aum: 0, ..row.clone() });
    }
    let (counted_unit_id, counted_aum) = (Some(placed.unit_id), placed.aum);
    let decided = was.filter(|row| {
        row.source == SegmentSource::Override.as_str()
            && row.until.is_none_or(|until| until >= today)
            && row.segment_id.is_none_or(|id| scheme.has(id))
    });
    if let Some(decided) = decided {
        return Some(MemberRow { applies, ruled_id, counted_unit_id, counted_aum, ..decided.clone() });
    }
    let stays = was.filter(|row| row.segment_id == ruled_id && row.source == SegmentSource::Rule.as_str());
    applies.then(|| MemberRow {
        customer_id,
        scheme_id: scheme.id,
        segment_id: ruled_id,
        ruled_id,
        applies,
        source: SegmentSource::Rule.as_str().to_owned(),
        since: stays.map_or(actor.now(), |row| row.since),
        reason: None,
        until: None,
        decided_by: None,
        counted_unit_id,
        counted_aum,
    })
}

/// Whether there are customers to be put into segments anew.
///
/// # Errors
/// When the database fails.
pub fn has_work(conn: &mut DbConn, today: NaiveDate) -> Result<bool> {
    following::has_work(conn, Follower::Segments, today)
}

/// Does a chunk of that work; false when there is none, or another server does it.
///
/// # Errors
/// When the database fails.
pub fn do_some_work(conn: &mut DbConn, actor: &Actor, settings: &Settings) -> Result<bool> {
    let today = settings.day(actor.now());
    let Some(step) = following::next(conn, Follower::Segments, today)? else { return Ok(false) };
    if !step.customers.is_empty() {
        let schemes = Asked::all(conn)?;
        evaluate(conn, actor, settings, &schemes, &step.customers)?;
    }
    if step.ends_walk {
        store::set_evaluated(conn, today)?;
    }
    Ok(true)
}

/// For how many customers, and kept figures, the rules say something else than is kept, as of the day on which all of them were last looked at; none while
/// there is work.
///
/// # Errors
/// When the database fails.
pub fn misplaced(conn: &mut DbConn) -> Result<Option<i64>> {
    let Some(day) = following::settled_on(conn, Follower::Segments)? else { return Ok(None) };
    let settings = installation::read(conn)?;
    let schemes = Asked::all(conn)?;
    let mut wrong = 0;
    following::walk(conn, |conn, ids| {
        let rows = store::members_of(conn, ids)?.into_iter();
        let kept: HashMap<(CustomerId, SchemeId), MemberRow> =
            rows.map(|row| ((row.customer_id, row.scheme_id), row)).collect();
        for scheme in &schemes {
            for placed in scheme.place(conn, (&settings, day), ids)? {
                let is_right = match kept.get(&(placed.customer_id, scheme.id)) {
                    Some(row) if placed.archived => row.counted_unit_id.is_none(),
                    Some(row) => {
                        let ruled = row.segment_id == placed.ruled_id;
                        (ruled || row.source == SegmentSource::Override.as_str())
                            && (row.applies, row.ruled_id) == (placed.applies, placed.ruled_id)
                            && (row.counted_unit_id, row.counted_aum) == (Some(placed.unit_id), placed.aum)
                    }
                    None => placed.archived || !placed.applies,
                };
                wrong += i64::from(!is_right);
            }
        }
        Ok(())
    })?;
    Ok(Some(wrong + store::wrong_shares(conn)?))
}
