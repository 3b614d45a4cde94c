//! The quality of what is known of customers: where values come from, whether somebody has checked them, and which of two is right.

mod conflicts;
mod field;

use guanxi_api::{ConflictSide, FieldConflict};
use serde_json::Value;
use yew::prelude::*;

use crate::api;
use crate::customers::fact_words;
use crate::i18n::{I18n, Msg, use_i18n};
use crate::ui::{Button, Look, use_toasts};

pub use conflicts::ConflictsPage;
pub use field::{FieldDialog, FieldDialogProps};

/// A field and a value of it in words; nothing stands as a dash.
fn words(field: &str, value: Option<&Value>, i: I18n) -> (AttrValue, AttrValue) {
    let value = value.unwrap_or(&Value::Null);
    let (name, words) =
        fact_words(field, value, i).unwrap_or_else(|| crate::audit::field_words(field, value, i));
    (name, if words.is_empty() { i.t(Msg::CommonNone) } else { words })
}

#[derive(Properties, PartialEq)]
struct DecideProps {
    conflict: FieldConflict,
    ondone: Callback<()>,
}

/// The two ways out of a conflict.
#[function_component]
fn Decide(props: &DecideProps) -> Html {
    let (i, toasts) = (use_i18n(), use_toasts());
    let busy = use_state(|| None::<ConflictSide>);
    let decide = |take: ConflictSide| {
        let (conflict, done) = (props.conflict.clone(), props.ondone.clone());
        cb!((busy, toasts, conflict, done), |_: MouseEvent| {
            if busy.is_some() {
                return;
            }
            busy.set(Some(take));
            spawn!((busy, toasts, conflict, done), {
                match api::customers::resolve(&conflict, take).await {
                    Ok(_) => toasts.say(i.t(match take {
                        ConflictSide::Offered => Msg::ConflictsTaken,
                        ConflictSide::Current => Msg::ConflictsKept,
                    })),
                    Err(error) => toasts.fail(&error, i),
                }
                busy.set(None);
                done.emit(());
            });
        })
    };
    let button = |take: ConflictSide, text: Msg<'_>| {
        html! { <Button small=true look={Look::Plain} busy={*busy == Some(take)} onclick={decide(take)}>{ i.t(text) }</Button> }
    };
    html! {
        <span class="row row--tight">
            { button(ConflictSide::Offered, Msg::ConflictsTake) }
            { button(ConflictSide::Current, Msg::ConflictsKeep) }
        </span>
    }
}
