use web_sys::UrlSearchParams;
use yew::prelude::*;
use yew_router::Routable;
use yew_router::hooks::use_location;

use super::gaps::GapsTab;
use super::handovers::{HandoversTab, NewHandoverDialog};
use super::losses::LossesTab;
use super::plans::PlansTab;
use super::pool::{PoolRules, PoolTab};
use super::rules::RulesTab;
use super::stand_ins::StandInsTab;
use super::visits::VisitsTab;
use crate::i18n::{Msg, use_i18n};
use crate::route::{self, Route};
use crate::session::{may, right, use_me};
use crate::ui::{Button, Icon, Look, Page, Tab, Tabs};

/// Who looks after customers, and what is missing.
#[function_component]
pub fn OwnershipPage() -> Html {
    let i = use_i18n();
    let proposing = use_state(|| false);
    let params = use_location().and_then(|l| UrlSearchParams::new_with_str(l.query_str()).ok());
    let Some(me) = use_me() else { return html!() };
    let all = [
        (right::VIEW_OWNERSHIP, "gaps", Msg::OwnershipGaps),
        (right::VIEW_HANDOVERS, "handovers", Msg::OwnershipHandovers),
        (right::VIEW_STAND_INS, "stand_ins", Msg::StandInTitle),
        (right::VIEW_OWNERSHIP, "visits", Msg::VisitTitle),
        (right::VIEW_CARE_PLANS, "plans", Msg::PlanTitle),
        (right::VIEW_POOL, "pool", Msg::PoolTitle),
        (right::VIEW_OWNERSHIP, "losses", Msg::OwnershipLosses),
        (right::VIEW_TEAM_RULES, "rules", Msg::OwnershipRules),
    ];
    let seen: Vec<_> = all.into_iter().filter(|(needs, _, _)| may(&me, needs)).collect();
    let asked = params.and_then(|p| p.get("tab")).unwrap_or_default();
    let chosen = seen.iter().map(|(_, key, _)| *key).find(|key| *key == asked);
    let chosen = chosen.or(seen.first().map(|(_, key, _)| *key)).unwrap_or("rules");
    let tabs: Vec<Tab> =
        seen.iter().map(|(_, key, text)| Tab { key: (*key).into(), text: i.t(*text) }).collect();
    let onchoose = move |tab: AttrValue| route::replace(&format!("{}?tab={tab}", Route::Ownership.to_path()));
    let start = cb!((proposing), |_: MouseEvent| proposing.set(true));
    let close = cb!((proposing), |()| proposing.set(false));
    let actions = html! {
        if may(&me, right::PROPOSE_HANDOVERS) {
            <Button look={Look::Primary} icon={Icon::Plus} onclick={start}>{ i.t(Msg::HandoverNew) }</Button>
        }
    };
    html! {
        <Page title={i.t(Msg::NavOwnership)} {actions}>
            <Tabs label={i.t(Msg::NavOwnership)} {tabs} {chosen} {onchoose}>
                { match chosen {
                    "gaps" => html! { <GapsTab /> },
                    "handovers" => html! { <HandoversTab /> },
                    "stand_ins" => html! { <StandInsTab /> },
                    "visits" => html! { <VisitsTab /> },
                    "plans" => html! { <PlansTab /> },
                    "pool" => html! { <PoolTab /> },
                    "losses" => html! { <LossesTab /> },
                    _ => html! { <><RulesTab /><PoolRules /></> },
                } }
            </Tabs>
            if *proposing { <NewHandoverDialog onclose={close} /> }
        </Page>
    }
}
