use guanxi_api::Assignment;
use uuid::Uuid;
use yew::prelude::*;

use super::page::SubjectProps;
use crate::api::{self, ApiError};
use crate::i18n::{Msg, use_i18n};
use crate::org::{OWNERS, unit_options, use_colleagues, use_units};
use crate::session::{may, right};
use crate::ui::{Button, Choice, Combobox, Dialog, Icon, Look, Menu, MenuItem, Notice, Select, use_toasts};

/// What can be done with a customer as a whole.
#[function_component]
pub fn Actions(props: &SubjectProps) -> Html {
    let i = use_i18n();
    let toasts = use_toasts();
    let assigning = use_state(|| false);
    let subject = &props.subject;
    let archived = subject.customer().archived_at.is_some();

    let restore = cb!((subject, toasts), |etag: String| {
        spawn!((subject, toasts), {
            match api::customers::restore(subject.id, &etag).await {
                Ok(tagged) => {
                    subject.set.emit(tagged);
                    toasts.say(i.t(Msg::CustomerRestored));
                }
                Err(error) => {
                    toasts.fail(&error, i);
                    subject.reload.emit(());
                }
            }
        });
    });
    let archive = cb!((subject, toasts, restore), |()| {
        spawn!((subject, toasts, restore), {
            match api::customers::archive(subject.id, subject.etag()).await {
                Ok(tagged) => {
                    let etag = tagged.etag.clone();
                    subject.set.emit(tagged);
                    let undo = Callback::from(move |()| restore.emit(etag.clone()));
                    toasts.offer(i.t(Msg::CustomerArchived), i.t(Msg::CommonUndo), undo);
                }
                Err(error) => {
                    toasts.fail(&error, i);
                    subject.reload.emit(());
                }
            }
        });
    });
    let open = cb!((assigning), |_: MouseEvent| assigning.set(true));
    let close = cb!((assigning), |()| assigning.set(false));
    let may_archive = may(&subject.me, right::ARCHIVE_CUSTOMERS);
    let etag = subject.etag().to_owned();
    let item = if archived {
        let run = Callback::from(move |()| restore.emit(etag.clone()));
        MenuItem::Action {
            icon: Some(Icon::ArchiveRestore),
            text: i.t(Msg::CustomerRestore),
            danger: false,
            run,
        }
    } else {
        MenuItem::Action {
            icon: Some(Icon::Archive),
            text: i.t(Msg::CustomerArchive),
            danger: true,
            run: archive,
        }
    };
    html! {
        <>
            if may(&subject.me, right::ASSIGN_CUSTOMERS) && !archived {
                <Button icon={Icon::UserPlus} onclick={open}>{ i.t(Msg::AssignTitle) }</Button>
            }
            if may_archive { <Menu label={i.t(Msg::CommonMore)} button={Icon::Ellipsis.draw()} items={vec![item]} /> }
            if *assigning { <AssignDialog subject={subject.clone()} onclose={close} /> }
        </>
    }
}

#[derive(Properties, PartialEq)]
struct AssignDialogProps {
    subject: super::page::Subject,
    onclose: Callback<()>,
}

#[function_component]
fn AssignDialog(props: &AssignDialogProps) -> Html {
    let i = use_i18n();
    let toasts = use_toasts();
    let units = use_units();
    let (subject, onclose) = (&props.subject, &props.onclose);
    let customer = subject.customer();
    let unit = use_state(|| customer.org_unit.id.to_string());
    let owner = use_state(|| {
        customer.owner.as_ref().map(|owner| Choice {
            key: owner.id.to_string().into(),
            text: owner.display_name.clone().into(),
            note: AttrValue::default(),
        })
    });
    let refused = use_state(|| None::<ApiError>);
    let busy = use_state(|| false);
    let onsubmit = cb!((subject, onclose, unit, owner, refused, busy, toasts), |event: SubmitEvent| {
        event.prevent_default();
        if *busy {
            return;
        }
        busy.set(true);
        let to = Assignment {
            org_unit_id: Uuid::parse_str(&unit).ok(),
            owner_id: owner.as_ref().and_then(|choice| Uuid::parse_str(&choice.key).ok()),
        };
        spawn!((subject, onclose, refused, busy, toasts), {
            match api::customers::assign(subject.id, subject.etag(), &to).await {
                Ok(()) => {
                    onclose.emit(());
                    toasts.say(i.t(Msg::AssignDone));
                    subject.reload.emit(());
                }
                Err(error) => {
                    busy.set(false);
                    if error.is_conflict() {
                        subject.reload.emit(());
                    }
                    refused.set(Some(error));
                }
            }
        });
    });
    let search = use_colleagues(OWNERS);
    // The customer goes to the unit of the new owner, unless another one is chosen afterwards.
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
    html! {
        <Dialog title={i.t(Msg::AssignTitle)} onclose={onclose.clone()}>
            <p>{ i.t(Msg::AssignText) }</p>
            <form class="form" {onsubmit} novalidate=true>
                if let Some(error) = &*refused {
                    <Notice tone="bad" alert=true>
                        { error.errors.first().map_or_else(|| error.detail(i), |first| first.message.clone().into()) }
                    </Notice>
                }
                <Combobox id="assign-owner" label={i.t(Msg::FieldOwner)} chosen={(*owner).clone()} onchoose={choose} {search}
                    optional=true hint={i.t(Msg::AssignOwnerHint)} />
                <Select id="assign-unit" label={i.t(Msg::FieldOrgUnit)} options={unit_options(&units, i)} value={(*unit).clone()}
                    onchange={cb!((unit), |id| unit.set(id))} />
                <div class="form__actions">
                    <Button submit=true look={Look::Primary} busy={*busy}>{ i.t(Msg::AssignAction) }</Button>
                    <Button look={Look::Quiet} onclick={move |_| close.emit(())}>{ i.t(Msg::CommonCancel) }</Button>
                </div>
            </form>
        </Dialog>
    }
}
