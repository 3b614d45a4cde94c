//! What is done to many chosen customers at once; a job does it.

use chrono::Days;
use guanxi_api::{Assignment, BulkAction, BulkTag, BulkTask, CustomerSelection, NewBulkAction};
use uuid::Uuid;
use yew::prelude::*;
use yew_router::Routable;

use crate::api::ApiError;
use crate::checks::Errors;
use crate::i18n::{Msg, use_i18n};
use crate::once::use_once;
use crate::org::{OWNERS, unit_options, use_colleagues, use_units};
use crate::route::{self, Route};
use crate::session::{may, right, use_me};
use crate::tags::{chosen_tag, use_tag_search};
use crate::ui::{
    Button, Choice, Combobox, DateField, Dialog, Look, Notice, Segments, Select, TextField, date_of,
    use_toasts,
};
use crate::{api, fetch};

/// What is to be done.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Bulk {
    Assign,
    Task,
    Tag,
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
    let create = use_me().is_some_and(|me| may(&me, right::CREATE_TAGS));
    let search_tags = use_tag_search(create);
    let tag = use_state(|| None::<Choice>);
    let takes = use_state(|| false);
    let title = use_state(String::new);
    let week = i.today().checked_add_days(Days::new(7)).unwrap_or_default();
    let due = use_state(|| week.to_string());
    let errors = use_state(Errors::default);
    let refused = use_state(|| None::<ApiError>);
    let busy = use_state(|| false);
    let once = use_once();
    let BulkDialogProps { what, selection, count, onclose } = props.clone();

    let onsubmit = cb!(
        (selection, unit, owner, tag, takes, title, due, errors, refused, busy, once, toasts),
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
                Bulk::Tag if tag.is_none() => found.add("/action/tag/tag_id", i.t(Msg::CheckRequired)),
                // Which one it is, is known once a new word is in the catalogue.
                Bulk::Tag => {}
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
            spawn!((new, tag, takes, errors, refused, busy, once, toasts), {
                let started = match with_tag(new, (*tag).clone(), *takes).await {
                    Ok(new) => once.answered(api::customers::start_bulk(&new, &once.key(&new)).await),
                    Err(error) => Err(error),
                };
                match started {
                    Ok(details) => {
                        fetch::forget("jobs?");
                        toasts.say(i.t(Msg::BulkStarted));
                        route::go(&Route::Job { id: details.job.id }.to_path());
                    }
                    Err(error) => {
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
        Bulk::Tag => (Msg::BulkTag, Msg::BulkTagText { count: &count }),
    };
    let shown = ["/action/create_task/title", "/action/create_task/due_on", "/action/tag/tag_id"];
    let ways = vec![("give".into(), i.t(Msg::BulkTagGive)), ("take".into(), i.t(Msg::BulkTagTake))];
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
                } else if what == Bulk::Tag {
                    <Segments label={i.t(Msg::BulkWhat)} name="bulk-tag-way" options={ways} value={if *takes { "take" } else { "give" }}
                        onchange={cb!((takes), |code: String| takes.set(code == "take"))} />
                    <Combobox id="bulk-tag" label={i.t(Msg::TagsFind)} chosen={(*tag).clone()} onchoose={cb!((tag), |choice| tag.set(choice))} search={search_tags}
                        error={errors.at("/action/tag/tag_id")} hint={create.then(|| i.t(Msg::TagsFindHint))} />
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

/// What is asked, with the tag that was chosen for it, if one was; a new word comes into the catalogue first.
async fn with_tag(
    new: NewBulkAction,
    chosen: Option<Choice>,
    takes: bool,
) -> Result<NewBulkAction, ApiError> {
    let Some(choice) = chosen else { return Ok(new) };
    let tag = chosen_tag(&choice).await?.map(|tag_id| BulkTag { tag_id });
    let action = if takes {
        BulkAction { untag: tag, ..BulkAction::default() }
    } else {
        BulkAction { tag, ..BulkAction::default() }
    };
    Ok(NewBulkAction { action, ..new })
}
