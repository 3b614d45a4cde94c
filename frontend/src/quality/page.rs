use guanxi_api::Role;
use web_sys::UrlSearchParams;
use yew::prelude::*;
use yew_router::Routable;
use yew_router::hooks::use_location;

use super::books::BooksTab;
use super::complete::CompleteTab;
use crate::i18n::{Msg, use_i18n};
use crate::route::{self, Route};
use crate::session::use_me;
use crate::ui::{Page, Tab, Tabs};

/// What the bank lacks of what it should know of its customers: a tab for each kind of list, named in the address.
#[function_component]
pub fn DataQualityPage() -> Html {
    let i = use_i18n();
    let params = use_location().and_then(|l| UrlSearchParams::new_with_str(l.query_str()).ok());
    let Some(me) = use_me() else { return html!() };
    let mut seen = vec![("complete", Msg::DataQualityToComplete)];
    // Whoever leads others sees how they stand.
    if !matches!(me.role, Role::Rm | Role::Adviser) {
        seen.push(("books", Msg::DataQualityBooks));
    }
    let asked = |name: &str| params.as_ref().and_then(|p| p.get(name)).unwrap_or_default();
    let tab = asked("tab");
    let chosen = seen.iter().map(|(key, _)| *key).find(|key| *key == tab).unwrap_or("complete");
    let tabs: Vec<Tab> =
        seen.iter().map(|(key, text)| Tab { key: (*key).into(), text: i.t(*text) }).collect();
    let onchoose = |tab: AttrValue| route::replace(&format!("{}?tab={tab}", Route::DataQuality.to_path()));
    html! {
        <Page title={i.t(Msg::NavDataQuality)}>
            <Tabs label={i.t(Msg::NavDataQuality)} {tabs} {chosen} {onchoose}>
                if chosen == "books" { <BooksTab /> } else { <CompleteTab all={asked("list") == "all"} /> }
            </Tabs>
        </Page>
    }
}
