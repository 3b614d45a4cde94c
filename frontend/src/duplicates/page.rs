use web_sys::UrlSearchParams;
use yew::prelude::*;
use yew_router::Routable;
use yew_router::hooks::use_location;

use super::list::PairsTab;
use super::merges::MergesTab;
use crate::api;
use crate::i18n::{Msg, use_i18n};
use crate::once::use_once;
use crate::route::{self, Route};
use crate::session::{may, right, use_me};
use crate::ui::{Button, Icon, Page, Tab, Tabs, use_toasts};

/// Customers who may be one, those who were said to be two, and those that were merged.
#[function_component]
pub fn DuplicatesPage() -> Html {
    let (i, toasts, once) = (use_i18n(), use_toasts(), use_once());
    let params = use_location().and_then(|l| UrlSearchParams::new_with_str(l.query_str()).ok());
    let Some(me) = use_me() else { return html!() };
    let asked = params.and_then(|p| p.get("tab")).unwrap_or_default();
    let all = [("open", Msg::PairsOpen), ("dismissed", Msg::PairsDismissed), ("merges", Msg::PairsMerges)];
    let chosen = all.iter().map(|(key, _)| *key).find(|key| *key == asked).unwrap_or("open");
    let tabs: Vec<Tab> = all.iter().map(|(key, text)| Tab { key: (*key).into(), text: i.t(*text) }).collect();
    let onchoose =
        move |tab: AttrValue| route::replace(&format!("{}?tab={tab}", Route::Duplicates.to_path()));
    let search = cb!((toasts, once), |_: MouseEvent| {
        spawn!((toasts, once), {
            match once.answered(api::duplicates::search(&once.key(&())).await) {
                Ok(job) => route::go(&Route::Job { id: job.job.id }.to_path()),
                Err(error) => toasts.fail(&error, i),
            }
        });
    });
    let actions = html! {
        if may(&me, right::SEARCH_DUPLICATES) {
            <Button icon={Icon::Search} onclick={search}>{ i.t(Msg::PairsSearch) }</Button>
        }
    };
    html! {
        <Page title={i.t(Msg::NavDuplicates)} {actions}>
            <Tabs label={i.t(Msg::NavDuplicates)} {tabs} {chosen} {onchoose}>
                { match chosen {
                    "merges" => html! { <MergesTab /> },
                    state => html! { <PairsTab key={state} state={AttrValue::from(state)} /> },
                } }
            </Tabs>
        </Page>
    }
}
