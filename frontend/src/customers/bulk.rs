//! What is done to many chosen customers at once; a job does it.

use chrono::Days;
use guanxi_api::{Assignment, BulkAction, BulkTask, CustomerSelection, NewBulkAction};
use uuid::Uuid;
use yew::prelude::*;
use yew_router::Routable;

use crate::api::ApiError;
use crate::checks::Errors;
use crate::i18n::{Msg, use_i18n};
use crate::org::{OWNERS, unit_options, use_colleagues, use_units};
use crate::route::{self, Route};
use crate::ui::{
    Button, Choice, Combobox, DateField, Dialog, Look, Notice, Select, TextField, date_of, use_toasts,
};
use crate::{api, dom, fetch};

/// What is to be done.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Bulk {
    Assign,
    Task,
}

#[derive(Properties, PartialEq, Clone)]
pub struct BulkDialogProps {
    pub what: Bulk,
    pub selection: CustomerSelection,
    /// How many they are, in words.
    pub count: AttrValue,
    pub onclose: Callback<()>,
}

/// Asks for what is to be done to the chosen customers, starts the job and goes to it.
#[function_component]
pub fn BulkDialog(props: &BulkDialogProps) -> Html {
    let i = use_i18n();
    let toasts = use_toasts();
    let units = use_units();
    let search = use_colleagues(OWNERS);
    let unit = use_state(String::new);
    let owner = use_state(|| None::<Choice>);
    let title = use_state(String::new);
    let week = i.today().checked_add_days(Days::new(7)).unwrap_or_default();
    let due = use_state(|| week.to_string());
    let errors = use_state(Errors::default);
    let refused = use_state(|| None::<ApiError>);
    let busy = use_state(|| false);
    let once = use_state(dom::random_id);
    let BulkDialogProps { what, selection, count, onclose } = props.clone();

    let onsubmit = cb!(
        (selection, unit, owner, title, due, errors, refused, busy, once, toasts),
        |event: SubmitEvent| {
            event.prevent_default();
            if *busy {
                return;
            }
            let mut found = Errors::default();
            let mut action = BulkAction::default();
            match what {
                Bulk::Assign => {
                    let owner_id = owner.as_ref().and_then(|choice| Uuid::parse_str(&choice.key).ok());
                    action.assign = Some(Assignment { org_unit_id: Uuid::parse_str(&unit).ok(), owner_id });
                }
                Bulk::Task => {
                    let day = date_of(&due, i).unwrap_or_else(|message| {
                        found.add("/action/create_task/due_on", message);
                        None
                    });
                    match day {
                        Some(due_on) => {
                            let title = title.trim().to_owned();
                            action.create_task = Some(BulkTask { title, due_on, assignee_id: None });
                        }
                        None => found.add("/action/create_task/due_on", i.t(Msg::CheckRequired)),
                    }
                }
            }
            let new = NewBulkAction { selection: selection.clone(), action };
            if found.is_empty() {
                found = Errors::check(&new, i);
            }
            errors.set(found.clone());
            if !found.is_empty() {
                return;
            }
            busy.set(true);
            spawn!((new, errors, refused, busy, once, toasts), {
                match api::customers::start_bulk(&new, &once).await {
                    Ok(details) => {
                        fetch::forget("jobs?");
                        toasts.say(i.t(Msg::BulkStarted));
                        route::go(&Route::Job { id: details.job.id }.to_path());
                    }
                    Err(error) => {
                        once.set(dom::random_id());
                        busy.set(false);
                        errors.set(Errors::of(&error));
                        refused.set(Some(error));
                    }
                }
            });
        }
    );
    // The customers go to the unit of the new owner, unless another one is chosen afterwards.
    let choose = cb!((owner, unit), |choice: Option<Choice>| {
        let id = choice.as_ref().and_then(|choice| Uuid::parse_str(&choice.key).ok());
        owner.set(choice);
        spawn!((unit), {
            let Some(id) = id else { return };
            if let Ok(user) = api::users::get(id).await {
                unit.set(user.value.org_unit.id.to_string());
            }
        });
    });
    let close = onclose.clone();
    let (head, text) = match what {
        Bulk::Assign => (Msg::BulkAssign, Msg::BulkAssignText { count: &count }),
        Bulk::Task => (Msg::BulkTask, Msg::BulkTaskText { count: &count }),
    };
    let shown = ["/action/create_task/title", "/action/create_task/due_on"];
    let besides = refused.as_ref().and_then(|error| {
        let first = error.errors.iter().find(|field| !shown.contains(&field.pointer.as_str()));
        match first {
            Some(first) => Some(first.message.clone().into()),
            None => error.errors.is_empty().then(|| error.detail(i)),
        }
    });
    html! {
        <Dialog title={i.t(head)} onclose={onclose.clone()}>
            <p>{ i.t(text) }</p>
            <form class="form" {onsubmit} novalidate=true>
                if let Some(text) = besides { <Notice tone="bad" alert=true>{ AttrValue::from(text) }</Notice> }
                if what == Bulk::Assign {
                    <Combobox id="bulk-owner" label={i.t(Msg::FieldOwner)} chosen={(*owner).clone()} onchoose={choose} {search}
                        optional=true hint={i.t(Msg::AssignOwnerHint)} />
                    <Select id="bulk-unit" label={i.t(Msg::FieldOrgUnit)} options={unit_options(&units, i)} value={(*unit).clone()} none={i.t(Msg::BulkSameUnit)}
                        onchange={cb!((unit), |id| unit.set(id))} />
                } else {
                    <TextField id="bulk-title" label={i.t(Msg::FieldTitle)} value={(*title).clone()} required=true error={errors.at("/action/create_task/title")}
                        oninput={cb!((title), |text: String| title.set(text))} />
                    <DateField id="bulk-due" label={i.t(Msg::FieldDueOn)} value={(*due).clone()} required=true error={errors.at("/action/create_task/due_on")}
                        oninput={cb!((due), |day| due.set(day))} />
                }
                <div class="form__actions">
                    <Button submit=true look={Look::Primary} busy={*busy}>{ i.t(Msg::BulkStart) }</Button>
                    <Button look={Look::Quiet} onclick={move |_| close.emit(())}>{ i.t(Msg::CommonCancel) }</Button>
                </div>
            </form>
        </Dialog>
    }
}
