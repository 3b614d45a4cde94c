//! Texts in the chosen language, and numbers and dates as that language writes them.

mod format;

pub use format::set_zone;
pub use guanxi_api::Language as Lang;
use yew::prelude::*;

include!(concat!(env!("OUT_DIR"), "/msg.rs"));

fn join(parts: &[&str]) -> AttrValue {
    AttrValue::from(parts.concat())
}

/// The language, as every component takes it from its context.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct I18n {
    pub lang: Lang,
}

impl I18n {
    /// A text.
    pub fn t(self, msg: Msg<'_>) -> AttrValue {
        render(self.lang, msg)
    }
}

/// The language of the page.
#[hook]
pub fn use_i18n() -> I18n {
    use_context::<I18n>().unwrap_or(I18n { lang: Lang::ZhCn })
}
