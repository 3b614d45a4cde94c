//! Tags: words that customers are marked with, on the customer page, in the list and in their catalogue.

mod line;
mod page;

pub use line::{TagLine, TagLineProps};
pub use page::TagsPage;

use std::rc::Rc;

use guanxi_api::{NewTag, Tag, TagColour};
use uuid::Uuid;
use yew::prelude::*;

use crate::api::{self, ApiError};
use crate::dom;
use crate::i18n::{Msg, use_i18n};
use crate::ui::{Choice, Search};

/// What the key of a choice begins with that is not in the catalogue yet.
const NEW: &str = "new:";

/// Finds tags in use as one types, for boxes to choose from. With `may_create`, a word that is none is offered as a new one.
#[hook]
pub fn use_tag_search(may_create: bool) -> Callback<Search> {
    let i = use_i18n();
    // The catalogue is read once for each visit of a page: it changes rarely.
    let known = use_mut_ref(|| None::<Rc<Vec<Tag>>>);
    use_callback((may_create, i.lang), move |search: Search, _| {
        spawn!((known, search), {
            let kept = known.borrow().clone();
            let all = match kept {
                Some(all) => Ok(all),
                None => api::tags::all("").await.map(Rc::new),
            };
            if let Ok(all) = &all {
                *known.borrow_mut() = Some(Rc::clone(all));
            }
            search.give.emit(all.map(|all| {
                let wanted = search.text.to_lowercase();
                let mut found: Vec<Choice> = all
                    .iter()
                    .filter(|tag| tag.name.to_lowercase().contains(&wanted))
                    .map(|tag| Choice {
                        key: tag.id.to_string().into(),
                        text: tag.name.clone().into(),
                        note: tag.description.clone().unwrap_or_default().into(),
                    })
                    .collect();
                let there = all.iter().any(|tag| tag.name.to_lowercase() == wanted);
                if may_create && !wanted.is_empty() && !there {
                    found.push(Choice {
                        key: format!("{NEW}{}", search.text).into(),
                        text: i.t(Msg::TagsCreate { name: &search.text }),
                        note: AttrValue::default(),
                    });
                }
                found
            }));
        });
    })
}

/// The tag of a choice; one that is not in the catalogue yet is put into it.
pub async fn chosen_tag(choice: &Choice) -> Result<Option<Uuid>, ApiError> {
    match choice.key.strip_prefix(NEW) {
        Some(name) => {
            let new = NewTag { name: name.to_owned(), colour: TagColour::Grey, description: None };
            api::tags::create(&new, &dom::random_id()).await.map(|tag| Some(tag.id))
        }
        None => Ok(Uuid::parse_str(&choice.key).ok()),
    }
}
