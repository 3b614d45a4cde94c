//! Texts in the chosen language, and numbers and dates as that language writes them.

mod format;

use std::str::Chars;
use std::sync::LazyLock;

pub use format::set_zone;
pub use guanxi_api::Language as Lang;
use yew::prelude::*;

include!(concat!(env!("OUT_DIR"), "/msg.rs"));

static ZH_CN: Texts =
    LazyLock::new(|| include_str!(concat!(env!("OUT_DIR"), "/zh-CN.texts")).split('\0').collect());
static EN: Texts =
    LazyLock::new(|| include_str!(concat!(env!("OUT_DIR"), "/en.texts")).split('\0').collect());

/// The texts of a language, in the order of [`Msg::line`].
type Texts = LazyLock<Vec<&'static str>>;

/// A text with its arguments in their places. The build script says how they are marked.
fn filled(text: &str, arguments: &[&str]) -> String {
    let mut filled = String::with_capacity(text.len() + 32);
    let mut chars = text.chars();
    let argument = |chars: &mut Chars<'_>| {
        let number = chars.next().and_then(|digit| digit.to_digit(10));
        number.and_then(|n| arguments.get(n as usize)).copied().unwrap_or_default()
    };
    // Whether what follows is the form of a choice that does not fit.
    let (mut skipped, mut other_too) = (false, false);
    while let Some(c) = chars.next() {
        match c {
            '\u{1}' => filled.push_str(argument(&mut chars)),
            '\u{2}' => {
                skipped = argument(&mut chars) != "1";
                other_too = !skipped;
            }
            '\u{3}' => skipped = other_too,
            '\u{4}' => skipped = false,
            _ if skipped => {}
            _ => filled.push(c),
        }
    }
    filled
}

/// The language, as every component takes it from its context.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct I18n {
    pub lang: Lang,
}

impl I18n {
    /// A text.
    pub fn t(self, msg: Msg<'_>) -> AttrValue {
        let texts = match self.lang {
            Lang::ZhCn => &ZH_CN,
            Lang::En => &EN,
        };
        let text = texts.get(msg.line()).copied().unwrap_or_default();
        msg.with_arguments(|arguments| match arguments {
            [] => AttrValue::Static(text),
            _ => AttrValue::from(filled(text, arguments)),
        })
    }

    /// A label of figures, with their unit.
    pub fn in_unit(self, label: Msg<'_>, unit: &str) -> AttrValue {
        format!("{} ({unit})", self.t(label)).into()
    }
}

/// The language of the page.
#[hook]
pub fn use_i18n() -> I18n {
    use_context::<I18n>().unwrap_or(I18n { lang: Lang::ZhCn })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_and_choices_stand_in_their_places() {
        assert_eq!(filled("\u{1}1 of \u{1}0", &["9", "3"]), "3 of 9");
        let letters = "\u{1}0 letter\u{2}0\u{3}s\u{4}, \u{2}0it\u{3}they\u{4}.";
        assert_eq!(filled(letters, &["1"]), "1 letter, it.");
        assert_eq!(filled(letters, &["20"]), "20 letters, they.");
    }

    #[test]
    fn every_text_is_there_in_both_languages() {
        assert_eq!(EN.len(), ZH_CN.len());
        assert!(EN.iter().chain(ZH_CN.iter()).all(|text| !text.is_empty()));
        let page = Msg::AppWindowTitle { page: "A\u{1}0" };
        assert_eq!(I18n { lang: Lang::En }.t(page).as_str(), "A\u{1}0 · Guanxi");
    }
}
