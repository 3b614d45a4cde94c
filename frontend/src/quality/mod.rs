//! The quality of what is known of customers: where values come from, whether somebody has checked them, and which of two is right.

mod books;
mod complete;
mod conflicts;
mod field;
mod page;

use guanxi_api::{ConflictSide, FieldConflict, QualityFigures};
use serde_json::Value;
use yew::prelude::*;
use yew_router::Routable;

use crate::api;
use crate::customers::fact_words;
use crate::i18n::{I18n, Msg, use_i18n};
use crate::route::Route;
use crate::ui::{Button, Look, use_toasts};

pub use conflicts::ConflictsPage;
pub use field::{FieldDialog, FieldDialogProps};
pub use page::DataQualityPage;

/// Columns of a list of customers by how complete they are.
const COLUMNS: &str = "name,customer_no,tier,completeness,missing,owner,phone";

/// The customers that a filter lets through, the least complete first, where they can be narrowed, chosen and exported.
fn customers(filter: &str) -> AttrValue {
    let query = api::query(&[("filter", filter), ("sort", "completeness"), ("columns", COLUMNS)]);
    format!("{}{query}", Route::Customers.to_path()).into()
}

/// A share of one in percent; a dash where there is nothing to share.
fn share(of_one: Option<f64>) -> AttrValue {
    of_one.map_or_else(|| "–".into(), |share| format!("{:.0} %", (share * 100.0).floor()).into())
}

/// The mean completeness in percent.
fn mean(figures: &QualityFigures) -> AttrValue {
    figures.completeness.map_or_else(|| "–".into(), |mean| format!("{mean:.1} %").into())
}

/// A field and a value of it in words; nothing stands as a dash.
pub fn words(field: &str, value: Option<&Value>, i: I18n) -> (AttrValue, AttrValue) {
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
