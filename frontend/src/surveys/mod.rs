//! Satisfaction: questionnaires, surveys, whom they ask, and what came of it.

mod answers;
mod builder;
mod charts;
mod form;
mod invite;
mod list;
mod results;
mod survey;

use guanxi_api::{LocalText, SurveyStatus};
use yew::prelude::*;

pub use answers::{CustomerAnswers, CustomerAnswersProps};
pub use builder::QuestionnairePage;
pub use charts::{Gauge, percent, signed};
pub use list::SurveysPage;
pub use results::withheld_words;
pub use survey::SurveyPage;

use crate::audit::field_words;
use crate::i18n::{I18n, Msg, use_i18n};
use crate::kept::Kept;
use crate::labels::{Label, by_code};
use crate::ui::{Badge, Button, Tone};

/// A text in the language of the page, or in the other one where it is missing.
pub fn said(text: &LocalText, i: I18n) -> String {
    let own = text.in_language(i.lang);
    let other = if own.is_empty() { if text.zh_cn.is_empty() { &text.en } else { &text.zh_cn } } else { own };
    other.to_owned()
}

/// A field of a survey or questionnaire and its value in words.
fn survey_words((field, value): (String, serde_json::Value), i: I18n) -> (AttrValue, AttrValue) {
    let (label, words) = field_words(&field, &value, i);
    match field.as_str() {
        "name" => (i.t(Msg::SurveyName), words),
        // Tasks are open and done, too, and are called something else then.
        "status" => {
            let status = value.as_str().and_then(by_code::<SurveyStatus>);
            (label, status.map_or(words, |status| status.label(i)))
        }
        _ => (label, words),
    }
}

fn status_badge(status: SurveyStatus, i: I18n) -> Html {
    let tone = match status {
        SurveyStatus::Draft => Tone::Information,
        SurveyStatus::Open => Tone::Good,
        SurveyStatus::Closed => Tone::Neutral,
    };
    html! { <Badge {tone}>{ status.label(i) }</Badge> }
}

#[derive(Properties, PartialEq)]
struct PagesProps {
    /// The cursors of the pages up to this one.
    place: Kept<Vec<String>>,
    next: Option<String>,
}

/// Back and on in a list.
#[function_component]
fn Pages(props: &PagesProps) -> Html {
    let i = use_i18n();
    let place = &props.place;
    let back = cb!((place), |_: MouseEvent| {
        place.set(place.split_last().map(|(_, before)| before.to_vec()).unwrap_or_default())
    });
    let next = props.next.clone();
    let on = cb!((place, next), |_: MouseEvent| {
        place.set(place.iter().cloned().chain(next.clone()).collect())
    });
    html! {
        if !place.is_empty() || props.next.is_some() {
            <div class="form__actions">
                <Button small=true disabled={place.is_empty()} onclick={back}>{ i.t(Msg::SurveyPageBack) }</Button>
                <Button small=true disabled={props.next.is_none()} onclick={on}>{ i.t(Msg::SurveyPageNext) }</Button>
            </div>
        }
    }
}
