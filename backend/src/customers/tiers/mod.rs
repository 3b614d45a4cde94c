mod store;

use std::collections::HashMap;

use guanxi_api::{
    Amount, Instant, Money, Page, ServicingChannel, Tier, TierChange, TierPolicy, TierReason, TierRule,
    TierRules,
};
use guanxi_db::{DbConn, Id, Moment, Value};
use serde_json::json;
use uuid::Uuid;

use crate::access::{Actor, OrgUnitId, Scope};
use crate::customers::portfolio::Moves;
use crate::customers::store::{self as customer_store, FiguresRow};
use crate::customers::tiers::store::{TierHistoryRow, TierRow};
use crate::customers::{CustomerId, House, known};
use crate::error::{Code, Error, FieldError, Result, Wrong};
use crate::listing::filter::FieldType;
use crate::listing::{Field, ListRequest, Resource, set_total};
use crate::{audit, due};

/// Customers that are sorted into new tiers in one transaction.
const RETIERED_AT_ONCE: i64 = 100;

static FIELDS: &[Field] = &[
    Field::new("at", "customer_tier_history.at", FieldType::Instant).sortable(),
    Field::new("to", "customer_tier_history.to_tier", FieldType::Code(Tier::CODES)),
    Field::new("reason", "customer_tier_history.reason", FieldType::Code(TierReason::CODES)),
];

pub(crate) static TIER_HISTORY: Resource = Resource {
    name: "tier-history",
    fields: FIELDS,
    default_sort: "-at",
    id_column: "customer_tier_history.id",
    unless_asked: None,
};

/// What a customer's holdings come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Assets {
    /// In the base currency.
    pub aum: Amount,
    /// Number of distinct kinds of products actively held.
    pub coverage: i32,
}

/// Makes concurrent changes of what belongs to one customer go one after the other, until the transaction ends. Whoever derives figures
/// takes it before reading what they follow from.
///
/// # Errors
/// When the database fails.
pub fn lock(conn: &mut DbConn, id: CustomerId) -> Result<()> {
    customer_store::lock(conn, id)
}

/// The layers of customers.
///
/// # Errors
/// When the database fails.
pub fn tiers(conn: &mut DbConn) -> Result<TierPolicy> {
    policy(store::tiers(conn)?)
}

fn policy(rows: Vec<TierRow>) -> Result<TierPolicy> {
    let (version, updated_at) =
        rows.first().map_or((0, Moment(0)), |first| (first.version, first.updated_at));
    let rule = |row: TierRow| {
        Ok(TierRule {
            tier: known(Tier::from_code(&row.tier))?,
            threshold: Amount(row.threshold),
            cadence_days: row.cadence_days.and_then(|days| u32::try_from(days).ok()),
            servicing_channel: known(ServicingChannel::from_code(&row.servicing_channel))?,
        })
    };
    Ok(TierPolicy {
        tiers: rows.into_iter().map(rule).collect::<Result<_>>()?,
        version,
        updated_at: Instant(updated_at.to_utc()),
    })
}

/// The tier of some assets: the highest whose threshold they reach, or the lowest.
pub fn tier_for(policy: &[TierRule], aum: Amount) -> Tier {
    let reached = policy.iter().rev().find(|rule| rule.threshold <= aum);
    reached.or(policy.first()).map_or(Tier::Mass, |rule| rule.tier)
}

/// Sets the layers. New thresholds make all customers due to be sorted anew.
///
/// # Errors
/// 412 when the version is another one; 422 unless every tier stands there once, from the lowest to the highest, with rising thresholds
/// from 0 on.
pub fn set_tiers(conn: &mut DbConn, actor: &Actor, version: i64, rules: &TierRules) -> Result<TierPolicy> {
    let before = tiers(conn)?;
    check(&rules.tiers)?;
    let stale = |policy: &TierPolicy| {
        Error::new(Code::Stale).with_header("ETag", crate::web::etag(actor, policy.version, 0))
    };
    if before.version != version {
        return Err(stale(&before));
    }
    let rows: Vec<TierRow> = rules
        .tiers
        .iter()
        .map(|rule| TierRow {
            tier: rule.tier.as_str().to_owned(),
            threshold: rule.threshold.0,
            cadence_days: rule.cadence_days.and_then(|days| i32::try_from(days).ok()),
            servicing_channel: rule.servicing_channel.as_str().to_owned(),
            version: version + 1,
            updated_at: actor.now(),
        })
        .collect();
    let changes = audit::changes_between(&json!({"tiers": &before.tiers}), &json!({"tiers": &rules.tiers}));
    if changes.is_empty() {
        return Ok(before);
    }
    if !store::set_tiers(conn, &rows, version)? {
        return Err(stale(&tiers(conn)?));
    }
    audit::record(
        conn,
        actor,
        &audit::Change {
            resource_type: "tier_policy",
            // There is one.
            resource_id: Uuid::nil(),
            action: "updated",
            version: version + 1,
            changes,
            reason: None,
        },
    )?;
    let thresholds =
        |rules: &[TierRule]| rules.iter().map(|rule| (rule.tier, rule.threshold)).collect::<Vec<_>>();
    if thresholds(&before.tiers) != thresholds(&rules.tiers) {
        due::add(conn, actor, due::Kind::Tiers, "")?;
    }
    tiers(conn)
}

fn check(rules: &[TierRule]) -> Result<()> {
    let mut wrong = Wrong::default();
    if rules.iter().map(|rule| rule.tier).ne(Tier::ALL.iter().copied()) {
        wrong.add(FieldError::new("/tiers", "all_tiers"));
    }
    for (n, rule) in rules.iter().enumerate() {
        let before = n.checked_sub(1).and_then(|before| rules.get(before));
        let rises = before.map_or(rule.threshold.0 == 0, |before| rule.threshold > before.threshold);
        if !rises {
            wrong.add(FieldError::new(format!("/tiers/{n}/threshold"), "rising_thresholds"));
        }
    }
    wrong.unless(Some(()))
}

/// Writes what a customer's holdings come to, with the tier that follows from it; nothing when nothing differs. Whoever calls it has
/// [`lock`]ed the customer. A new tier stands in the tier history, and the change feed says `customer.figures_updated`.
///
/// # Errors
/// When the database fails.
pub fn set_assets(
    conn: &mut DbConn,
    actor: &Actor,
    id: CustomerId,
    assets: Assets,
    reason: TierReason,
) -> Result<()> {
    let rules = tiers(conn)?.tiers;
    let Some(figures) = store::figures(conn, id)? else { return Ok(()) };
    write(conn, actor, &rules, (figures, assets), reason)
}

fn write(
    conn: &mut DbConn,
    actor: &Actor,
    rules: &[TierRule],
    ((unit, figures), assets): ((OrgUnitId, FiguresRow), Assets),
    reason: TierReason,
) -> Result<()> {
    let step = Refigured::of(rules, &figures, assets);
    if step.changed.is_empty() {
        return Ok(());
    }
    let id = figures.customer_id;
    if step.moves(&figures) {
        let mut moves = Moves::default();
        moves.refigure(unit, &figures, (step.tier.as_str(), assets.aum.0));
        moves.record(conn)?;
    }
    if let Some(row) = step.history(actor, &figures, reason) {
        store::insert_tier_history(conn, &[row])?;
    }
    store::set_assets(conn, id, step.tier.as_str(), assets, figures.version + 1, actor.now())?;
    audit::announce(conn, actor, &figures_updated(id, figures.version + 1, &step.changed))
}

fn figures_updated<'a>(id: CustomerId, version: i64, changed: &'a [&'static str]) -> audit::Event<'a> {
    audit::Event {
        kind: "customer.figures_updated",
        resource_type: "customer_figures",
        resource_id: id.uuid(),
        version,
        changed,
    }
}

/// What other assets make of a customer's figures.
struct Refigured {
    tier: Tier,
    assets: Assets,
    /// The members that differ.
    changed: Vec<&'static str>,
}

impl Refigured {
    fn of(rules: &[TierRule], figures: &FiguresRow, assets: Assets) -> Self {
        let tier = tier_for(rules, assets.aum);
        let mut changed = Vec::new();
        let mut note = |name: &'static str, differs: bool| changed.extend(differs.then_some(name));
        note("tier", figures.tier != tier.as_str());
        note("aum", figures.aum != assets.aum.0);
        note("coverage", figures.coverage != assets.coverage);
        Refigured { tier, assets, changed }
    }

    /// Whether the customer counts elsewhere, or with another sum, in the portfolio of its unit.
    fn moves(&self, figures: &FiguresRow) -> bool {
        figures.tier != self.tier.as_str() || figures.aum != self.assets.aum.0
    }

    /// The line of the tier history, if the tier is another one.
    fn history(&self, actor: &Actor, figures: &FiguresRow, reason: TierReason) -> Option<TierHistoryRow> {
        let differs = figures.tier != self.tier.as_str();
        differs.then(|| self.line(actor, figures, Some(figures.tier.clone()), reason))
    }

    fn line(
        &self,
        actor: &Actor,
        figures: &FiguresRow,
        from_tier: Option<String>,
        reason: TierReason,
    ) -> TierHistoryRow {
        TierHistoryRow {
            id: actor.new_id(),
            customer_id: figures.customer_id,
            from_tier,
            to_tier: self.tier.as_str().to_owned(),
            aum: self.assets.aum.0,
            reason: reason.as_str().to_owned(),
            at: actor.now(),
        }
    }
}

/// As [`set_assets`] for many customers, with one statement a table, for jobs; who is above the lowest tier from the beginning gets the first
/// line of the tier history.
///
/// # Errors
/// When the database fails.
pub fn set_assets_of_many(
    conn: &mut DbConn,
    actor: &Actor,
    assets: &[(CustomerId, Assets)],
    reason: TierReason,
) -> Result<()> {
    let rules = tiers(conn)?.tiers;
    let ids: Vec<CustomerId> = assets.iter().map(|(id, _)| *id).collect();
    let known: HashMap<CustomerId, (OrgUnitId, FiguresRow)> = store::figures_of(conn, &ids)?
        .into_iter()
        .map(|(unit, figures)| (figures.customer_id, (unit, figures)))
        .collect();
    let (mut history, mut moves) = (Vec::new(), Moves::default());
    let (mut rows, mut changed) = (Vec::new(), Vec::new());
    for (id, assets) in assets {
        let Some((unit, figures)) = known.get(id) else { continue };
        let step = Refigured::of(&rules, figures, *assets);
        // A customer who was made with a tier has no line of its history yet.
        let is_first = figures.version == 1 && step.tier != Tier::Mass;
        if step.changed.is_empty() && !is_first {
            continue;
        }
        if step.moves(figures) {
            moves.refigure(*unit, figures, (step.tier.as_str(), assets.aum.0));
        }
        history.extend(if is_first {
            Some(step.line(actor, figures, None, reason))
        } else {
            step.history(actor, figures, reason)
        });
        let version = figures.version + 1;
        rows.push(store::AssetsRow { id: *id, tier: step.tier, assets: *assets, version });
        changed.push(step.changed);
    }
    store::set_assets_of_many(conn, &rows, actor.now())?;
    moves.record(conn)?;
    store::insert_tier_history(conn, &history)?;
    let events: Vec<audit::Event<'_>> = rows
        .iter()
        .zip(&changed)
        .filter(|(_, changed)| !changed.is_empty())
        .map(|(row, changed)| figures_updated(row.id, row.version, changed))
        .collect();
    audit::announce_all(conn, actor, &events)
}

/// Sorts some customers after `after` into the tiers of today; gives the last of them, nothing when there are no more.
///
/// # Errors
/// When the database fails.
pub fn retier_some(
    conn: &mut DbConn,
    actor: &Actor,
    after: Option<CustomerId>,
) -> Result<Option<CustomerId>> {
    let ids = store::customers_after(conn, after, RETIERED_AT_ONCE)?;
    for id in &ids {
        customer_store::lock(conn, *id)?;
        // After the lock: whoever held it may have changed both.
        let rules = tiers(conn)?.tiers;
        if let Some((unit, figures)) = store::figures(conn, *id)? {
            let assets = Assets { aum: Amount(figures.aum), coverage: figures.coverage };
            write(conn, actor, &rules, ((unit, figures), assets), TierReason::Policy)?;
        }
    }
    Ok(ids.last().copied())
}

/// When a customer came into which tier, newest first.
///
/// # Errors
/// 404 for a customer that the actor does not see; else as every list.
pub fn tier_history(
    conn: &mut DbConn,
    actor: &Actor,
    house: House<'_>,
    id: CustomerId,
    request: &ListRequest,
) -> Result<Page<TierChange>> {
    customer_store::find(conn, &Scope::of(actor), id)?;
    let asked = ListRequest { q: Some(id.to_string()), ..request.clone() };
    let listing = asked.read(&TIER_HISTORY, actor, house.keys.cursor())?;
    let mut rows = store::tier_history(conn, id, &listing)?;
    let mut info = listing.page(
        &mut rows,
        house.keys.cursor(),
        |row, _| Value::Moment(row.at),
        |row| Id::new(row.id.uuid()),
    )?;
    if listing.total {
        set_total(&mut info, store::count_tier_history(conn, id, &listing)?);
    }
    let data = rows.into_iter().map(|row| {
        Ok(TierChange {
            id: row.id.uuid(),
            from: row.from_tier.map(|tier| known(Tier::from_code(&tier))).transpose()?,
            to: known(Tier::from_code(&row.to_tier))?,
            aum: Money { amount: Amount(row.aum), currency: house.settings.base_currency.clone() },
            reason: known(TierReason::from_code(&row.reason))?,
            at: Instant(row.at.to_utc()),
        })
    });
    Ok(Page { data: data.collect::<Result<_>>()?, page: info })
}

#[cfg(test)]
mod tests {
    use guanxi_api::{Amount, ServicingChannel, Tier, TierRule};
    use proptest::prelude::*;

    use super::{check, tier_for};

    fn rules(thresholds: [i64; 5]) -> Vec<TierRule> {
        Tier::ALL
            .iter()
            .zip(thresholds)
            .map(|(tier, threshold)| TierRule {
                tier: *tier,
                threshold: Amount(threshold),
                cadence_days: None,
                servicing_channel: ServicingChannel::RelationshipManager,
            })
            .collect()
    }

    #[test]
    fn tiers_begin_at_their_thresholds() {
        let rules = rules([0, 100, 200, 300, 400]);
        for (aum, tier) in [
            (-1, Tier::Mass),
            (0, Tier::Mass),
            (99, Tier::Mass),
            (100, Tier::Gold),
            (199, Tier::Gold),
            (200, Tier::Platinum),
            (399, Tier::Diamond),
            (400, Tier::Private),
            (i64::MAX, Tier::Private),
        ] {
            assert_eq!(tier_for(&rules, Amount(aum)), tier, "{aum}");
        }
    }

    #[test]
    fn layers_are_all_there_and_rise_from_nothing() {
        assert!(check(&rules([0, 1, 2, 3, 4])).is_ok());
        let pointers = |rules: &[TierRule]| -> Vec<String> {
            check(rules).expect_err("refused").fields.into_iter().map(|field| field.pointer).collect()
        };
        assert_eq!(pointers(&rules([1, 2, 3, 4, 5])), ["/tiers/0/threshold"]);
        assert_eq!(pointers(&rules([0, 2, 2, 1, 5])), ["/tiers/2/threshold", "/tiers/3/threshold"]);
        assert_eq!(pointers(&rules([0, 1, 2, 3, 4])[..4]), ["/tiers"]);
    }

    proptest! {
        #[test]
        fn more_assets_are_never_a_lower_tier(a in any::<i64>(), b in any::<i64>()) {
            let rules = rules([0, 1_000, 1_000_000, 1_000_000_000, 1_000_000_000_000]);
            let (low, high) = (a.min(b), a.max(b));
            prop_assert!(tier_for(&rules, Amount(low)) <= tier_for(&rules, Amount(high)));
        }
    }
}
