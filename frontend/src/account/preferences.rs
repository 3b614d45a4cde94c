use guanxi_api::{Density, GainColour, Language, Theme};
use yew::prelude::*;

use super::password::PasswordForm;
use crate::i18n::{Msg, use_i18n};
use crate::labels::{Label, by_code, options};
use crate::settings::{Settings, use_settings};
use crate::ui::{Check, HelpNote, Page, Panel, Segments};

/// How the app looks and speaks, and the password.
#[function_component]
pub fn PreferencesPage() -> Html {
    let i = use_i18n();
    let settings = use_settings();
    let now = settings.now.clone();
    // Takes effect at once: there is nothing to save.
    let change =
        |apply: fn(&mut Settings, &str)| cb!((settings), |code: String| settings.change(|s| apply(s, &code)));
    let shortcuts = cb!((settings), |on: bool| settings.change(|s| s.shortcuts = on));
    html! {
        <Page title={i.t(Msg::PreferencesTitle)}>
            <HelpNote text={i.t(Msg::PreferencesHelp)} />
            <div class="column">
                <Panel title={i.t(Msg::PreferencesLook)}>
                    <Segments name="language" label={i.t(Msg::ShellLanguage)} options={options::<Language>(i)} value={now.language.code()}
                        onchange={change(|s, code| s.language = by_code(code).unwrap_or(s.language))} />
                    <Segments name="theme" label={i.t(Msg::ShellTheme)} options={options::<Theme>(i)} value={now.theme.code()}
                        onchange={change(|s, code| s.theme = by_code(code).unwrap_or(s.theme))} />
                    <Segments name="density" label={i.t(Msg::ShellDensity)} options={options::<Density>(i)} value={now.density.code()}
                        onchange={change(|s, code| s.density = by_code(code).unwrap_or(s.density))} />
                    <Segments name="gain" label={i.t(Msg::PreferencesGain)} options={options::<GainColour>(i)} value={now.gain_colour.code()}
                        onchange={change(|s, code| s.gain_colour = by_code(code).unwrap_or(s.gain_colour))} />
                    <Check label={i.t(Msg::PreferencesShortcuts)} checked={now.shortcuts} onchange={shortcuts} />
                </Panel>
                <Panel title={i.t(Msg::PasswordTitle)}><PasswordForm /></Panel>
            </div>
        </Page>
    }
}
