use std::collections::HashMap;

use guanxi_api::{
    Amount, Instant, Money, SegmentPreview, SegmentReport, SegmentRule, SegmentShare, UnplacedShare,
};
use guanxi_db::DbConn;
use uuid::Uuid;

use crate::access::{Actor, MaskProfile, Scope};
use crate::customers::{self, House};
use crate::error::Result;
use crate::listing::{COUNTED, Rule};
use crate::segments::fields::RULES;
use crate::segments::{SchemeId, store};

/// Customers that a preview shows.
const SHOWN: i64 = 20;
/// Of fewer customers those who see them masked are not told how many they are: by trying rules one could find out about a single one.
const FEWEST: i64 = 10;

/// Whom a rule finds.
///
/// # Errors
/// 400 for a rule that cannot be read.
pub fn preview(
    conn: &mut DbConn,
    actor: &Actor,
    house: House<'_>,
    asked: &SegmentRule,
) -> Result<SegmentPreview> {
    let rule = Rule::read(&asked.rule, &RULES, "/rule")?;
    let when = (house.settings, house.settings.day(actor.now()));
    let (ids, count) = store::found_by(conn, &Scope::of(actor), when, &rule, SHOWN)?;
    let masked = actor.mask_profile() == MaskProfile::Restricted;
    let mut sample = Vec::new();
    if !masked {
        let mut found = customers::related(conn, actor, house, &ids)?;
        sample.extend(ids.iter().filter_map(|id| found.remove(id)));
    }
    Ok(SegmentPreview {
        customers: (!masked || count >= FEWEST).then_some(count.min(COUNTED)),
        more: count > COUNTED,
        sample,
    })
}

/// How many of the customers that the actor sees are in which segment.
///
/// # Errors
/// When the database fails.
pub fn report(conn: &mut DbConn, actor: &Actor, house: House<'_>) -> Result<SegmentReport> {
    let in_use: Vec<_> =
        store::schemes(conn)?.into_iter().filter(|row| !row.archived).map(|row| row.id).collect();
    let money = |amount| Money { amount: Amount(amount), currency: house.settings.base_currency.clone() };
    let mut report =
        SegmentReport { as_of: Instant(actor.now().to_utc()), segments: Vec::new(), unplaced: Vec::new() };
    let of_scheme: HashMap<Uuid, SchemeId> =
        store::segments(conn)?.into_iter().map(|row| (row.id.uuid(), row.scheme_id)).collect();
    for (place, customers, aum) in store::shares(conn, &Scope::of(actor))? {
        let (place, aum) = (place.uuid(), money(aum));
        match of_scheme.get(&place) {
            Some(scheme) if in_use.contains(scheme) => {
                report.segments.push(SegmentShare { segment_id: place, customers, aum });
            }
            None if in_use.contains(&SchemeId::new(place)) => {
                report.unplaced.push(UnplacedShare { scheme_id: place, customers, aum });
            }
            _ => {}
        }
    }
    report.segments.sort_by_key(|share| share.segment_id);
    report.unplaced.sort_by_key(|share| share.scheme_id);
    Ok(report)
}
