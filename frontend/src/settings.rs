//! How the app looks and speaks: kept by the browser, and by the server for whoever is signed in.

use std::rc::Rc;

use guanxi_api::{Density, GainColour, Language, Preferences, PreferencesPatch, Theme};
use serde::{Deserialize, Serialize};
use yew::prelude::*;

use crate::dom;
use crate::i18n::I18n;

const KEY: &str = "guanxi.settings";

/// What can be chosen, signed in or not.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    pub language: Language,
    pub theme: Theme,
    pub density: Density,
    pub gain_colour: GainColour,
    /// Single-letter keys act in lists.
    pub shortcuts: bool,
    /// The rail shows icons only.
    pub narrow_rail: bool,
}

impl Default for Settings {
    fn default() -> Self {
        let preferences = Preferences::default();
        let browser = gloo_utils::window().navigator().language().unwrap_or_default();
        Settings {
            language: if browser.starts_with("zh") { Language::ZhCn } else { Language::En },
            theme: preferences.theme,
            density: preferences.density,
            gain_colour: preferences.gain_colour,
            shortcuts: preferences.shortcuts,
            narrow_rail: false,
        }
    }
}

impl Settings {
    fn load() -> Self {
        dom::stored(KEY).and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default()
    }

    /// These settings with what the server knows of the user.
    pub fn with(&self, preferences: &Preferences) -> Self {
        Settings {
            language: preferences.language,
            theme: preferences.theme,
            density: preferences.density,
            gain_colour: preferences.gain_colour,
            shortcuts: preferences.shortcuts,
            narrow_rail: self.narrow_rail,
        }
    }

    /// What the server has to be told when `self` follows on `before`; `None` if it is nothing.
    pub fn patch_since(&self, before: &Self) -> Option<PreferencesPatch> {
        let patch = PreferencesPatch {
            language: (self.language != before.language).then_some(self.language),
            theme: (self.theme != before.theme).then_some(self.theme),
            density: (self.density != before.density).then_some(self.density),
            gain_colour: (self.gain_colour != before.gain_colour).then_some(self.gain_colour),
            shortcuts: (self.shortcuts != before.shortcuts).then_some(self.shortcuts),
            customer_columns: None,
        };
        (patch != PreferencesPatch::default()).then_some(patch)
    }

    /// Writes them where the style sheets look, and keeps them for the next visit.
    fn apply(&self) {
        crate::api::set_language(self.language);
        if let Ok(text) = serde_json::to_string(self) {
            dom::store(KEY, Some(&text));
        }
        let Some(root) = gloo_utils::document().document_element() else { return };
        let set = |name: &str, value: Option<&str>| {
            let _ = match value {
                Some(value) => root.set_attribute(name, value),
                None => root.remove_attribute(name),
            };
        };
        set("lang", Some(self.language.as_str()));
        set("data-density", Some(self.density.as_str()));
        set("data-theme", (self.theme != Theme::System).then_some(self.theme.as_str()));
        set("data-gain", Some(self.gain_colour.as_str()));
        set("data-rail", self.narrow_rail.then_some("narrow"));
    }
}

/// The settings and the way to change them.
#[derive(Clone, PartialEq)]
pub struct SettingsContext {
    pub now: Rc<Settings>,
    pub set: Callback<Settings>,
}

impl SettingsContext {
    /// Changes one thing.
    pub fn change(&self, change: impl FnOnce(&mut Settings)) {
        let mut settings = (*self.now).clone();
        change(&mut settings);
        self.set.emit(settings);
    }
}

/// The settings of the page.
#[hook]
pub fn use_settings() -> SettingsContext {
    use_context::<SettingsContext>()
        .unwrap_or_else(|| SettingsContext { now: Rc::new(Settings::default()), set: Callback::noop() })
}

#[derive(Properties, PartialEq)]
pub struct SettingsProviderProps {
    pub children: Html,
}

/// Gives everything below it the settings and the language.
#[function_component]
pub fn SettingsProvider(props: &SettingsProviderProps) -> Html {
    let settings = use_state(|| {
        let settings = Settings::load();
        settings.apply();
        Rc::new(settings)
    });
    let set = use_callback((), {
        let settings = settings.clone();
        move |next: Settings, ()| {
            next.apply();
            settings.set(Rc::new(next));
        }
    });
    let language = settings.language;
    let context = SettingsContext { now: (*settings).clone(), set };
    html! {
        <ContextProvider<SettingsContext> {context}>
            <ContextProvider<I18n> context={I18n { lang: language }}>{ props.children.clone() }</ContextProvider<I18n>>
        </ContextProvider<SettingsContext>>
    }
}
