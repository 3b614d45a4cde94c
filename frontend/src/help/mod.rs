//! Help for new staff: what is where, and which keys there are.

use yew::prelude::*;

use crate::i18n::{Msg, use_i18n};
use crate::ui::{Kbd, Page};

/// The help page.
#[function_component]
pub fn HelpPage() -> Html {
    let i = use_i18n();
    let part = |title: Msg<'_>, text: Msg<'_>| html! { <><h2>{ i.t(title) }</h2><p>{ i.t(text) }</p></> };
    let key = |keys: &[&'static str], text: Msg<'_>| {
        html! {
            <><dt>{ for keys.iter().map(|key| html! { <><Kbd>{ *key }</Kbd>{ " " }</> }) }</dt><dd>{ i.t(text) }</dd></>
        }
    };
    html! {
        <Page title={i.t(Msg::HelpTitle)}>
            <div class="prose">
                <p>{ i.t(Msg::HelpIntro) }</p>
                { part(Msg::HelpTodayTitle, Msg::HelpTodayText) }
                { part(Msg::HelpFindTitle, Msg::HelpFindText) }
                { part(Msg::HelpListTitle, Msg::HelpListText) }
                { part(Msg::HelpCustomerTitle, Msg::HelpCustomerText) }
                { part(Msg::HelpContactTitle, Msg::HelpContactText) }
                { part(Msg::HelpMaskTitle, Msg::HelpMaskText) }
                { part(Msg::HelpCompleteTitle, Msg::HelpCompleteText) }
                { part(Msg::HelpConflictTitle, Msg::HelpConflictText) }
                { part(Msg::HelpSurveyTitle, Msg::HelpSurveyText) }
                { part(Msg::HelpTierTitle, Msg::HelpTierText) }
                { part(Msg::HelpGradeTitle, Msg::HelpGradeText) }
                { part(Msg::HelpImportTitle, Msg::HelpImportText) }
                { part(Msg::HelpExportTitle, Msg::HelpExportText) }
                { part(Msg::HelpRatesTitle, Msg::HelpRatesText) }
                <h2>{ i.t(Msg::HelpKeysTitle) }</h2>
                <dl>
                    { key(&["Ctrl K", "/"], Msg::HelpKeyPalette) }
                    { key(&["J", "K"], Msg::HelpKeyRows) }
                    { key(&["Enter"], Msg::HelpKeyOpen) }
                    { key(&["Space"], Msg::HelpKeyPick) }
                    { key(&["Shift ↑", "Shift ↓"], Msg::HelpKeyRange) }
                    { key(&["Alt ↑", "Alt ↓"], Msg::HelpKeyWalk) }
                    { key(&["L", "D", "P", "U"], Msg::HelpKeyToday) }
                    { key(&["C"], Msg::HelpKeyLog) }
                    { key(&["Esc"], Msg::HelpKeyEscape) }
                    { key(&["Ctrl Enter"], Msg::HelpKeySave) }
                </dl>
                <p>{ i.t(Msg::HelpApi) }{ " " }<a href="/api/docs">{ "/api/docs" }</a></p>
            </div>
        </Page>
    }
}
