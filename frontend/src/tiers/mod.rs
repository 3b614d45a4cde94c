//! Tiers: from which assets on a customer belongs to one, how customers move between them, and who is about to.

mod form;
mod page;
mod simulation;
mod watch;

use std::rc::Rc;

use chrono::NaiveDate;
use guanxi_api::{TierPolicy, TierRule};
use yew::prelude::*;

use crate::holdings::typed;
use crate::i18n::{I18n, Msg};
use crate::labels::Label;
use crate::ui::{Column, OnPhone, Row, Table, TierMark};

pub use page::TiersPage;
pub use watch::TierWatchPage;

/// From when on a policy is valid; the one that came with the installation always was.
fn from_day(day: NaiveDate, i: I18n) -> AttrValue {
    if day == NaiveDate::default() {
        i.t(Msg::TiersAlways)
    } else {
        i.t(Msg::TiersFromDay { day: &day.to_string() })
    }
}

/// Everything that a policy says: its tiers, and how customers move between them.
fn contents(policy: &TierPolicy, caption: AttrValue, base: &str, i: I18n) -> Html {
    let columns = vec![
        Column::new("tier", i.t(Msg::FieldTier)).phone(OnPhone::Title),
        Column::new("threshold", i.t(Msg::TiersThreshold { currency: base })).number().phone(OnPhone::Mark),
        Column::new("cadence", i.t(Msg::TiersCadence)).number().phone(OnPhone::Line),
        Column::new("channel", i.t(Msg::TiersChannel)).phone(OnPhone::Line),
    ];
    let row = |rule: &TierRule| {
        let cadence = rule.cadence_days.map(|days| i.number(days));
        Row {
            key: rule.tier.code().into(),
            name: rule.tier.label(i),
            off: false,
            cells: vec![
                html! { <TierMark tier={rule.tier} /> },
                html! { { i.amount(rule.threshold) } },
                html! { { cadence.map_or_else(|| i.t(Msg::TiersNoCadence), |days| i.t(Msg::TiersDays { days: &days })) } },
                html! { { rule.servicing_channel.label(i) } },
            ],
        }
    };
    html! {
        <>
            <Table plain=true {caption} columns={Rc::new(columns)} rows={policy.tiers.iter().map(row).collect::<Vec<_>>()} />
            <dl class="details">
                <dt>{ i.t(Msg::TiersBasis) }</dt><dd>{ policy.basis.label(i) }</dd>
                <dt>{ i.t(Msg::TiersGrace) }</dt><dd>{ grace(policy, i) }</dd>
                <dt>{ i.t(Msg::TierWatchCandidates) }</dt><dd>{ i.t(Msg::TiersCandidatesFrom { percent: &i.number(policy.candidate_percent) }) }</dd>
                <dt>{ i.t(Msg::TierWatchGems) }</dt><dd>{ gems(policy, base, i) }</dd>
            </dl>
        </>
    }
}

fn grace(policy: &TierPolicy, i: I18n) -> AttrValue {
    match policy.grace_days {
        0 => i.t(Msg::TiersGraceNone),
        days => i.t(Msg::HoldingsWithin { days: &i.number(days) }),
    }
}

fn gems(policy: &TierPolicy, base: &str, i: I18n) -> AttrValue {
    i.t(Msg::TiersGemFrom { amount: &format!("{} {base}", i.figure(&typed(policy.gem_amount))) })
}
