use guanxi_api::{Assignment, Customer};
use uuid::Uuid;
use yew::prelude::*;

use super::page::SubjectProps;
use crate::api;
use crate::checks::Errors;
use crate::draft::{use_draft, use_seen, values};
use crate::form::use_form;
use crate::i18n::{Msg, use_i18n};
use crate::org::{OWNERS, unit_options, use_colleagues, use_units};
use crate::session::{may, right};
use crate::ui::{Button, Choice, Combobox, Dialog, Icon, Look, Menu, MenuItem, Select, use_toasts};

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

const OWNER: &str = "/owner";
const UNIT: &str = "/org_unit";

fn owner_of(customer: &Customer) -> Option<Choice> {
    customer.owner.as_ref().map(|owner| Choice {
        key: owner.id.to_string().into(),
        text: owner.display_name.clone().into(),
        note: AttrValue::default(),
    })
}

#[function_component]
fn AssignDialog(props: &AssignDialogProps) -> Html {
    let i = use_i18n();
    let toasts = use_toasts();
    let units = use_units();
    let (subject, onclose) = (&props.subject, &props.onclose);
    let seen = use_seen(&*subject.tagged);
    let unit = use_state(|| seen.value.org_unit.id.to_string());
    let owner = use_state(|| owner_of(&seen.value));
    let form = use_form(onclose.clone());
    let draft = use_draft(values([
        (OWNER, owner_of(&seen.value).map(|owner| owner.text.to_string()).unwrap_or_default()),
        (UNIT, seen.value.org_unit.name.in_language(i.lang).to_owned()),
    ]));
    let onsubmit = cb!((subject, seen, form, unit, owner, toasts), |event: SubmitEvent| {
        event.prevent_default();
        let to = Assignment {
            org_unit_id: Uuid::parse_str(&unit).ok(),
            owner_id: owner.as_ref().and_then(|choice| Uuid::parse_str(&choice.key).ok()),
        };
        let (subject, seen, toasts) = (subject.clone(), seen.clone(), toasts.clone());
        let (unit, owner) = (unit.clone(), owner.clone());
        form.send(Errors::default(), async move {
            let newest = async {
                let newest = subject.newest().await?;
                // What nobody has chosen here follows.
                if *unit == seen.value.org_unit.id.to_string() {
                    unit.set(newest.value.org_unit.id.to_string());
                }
                if *owner == owner_of(&seen.value) {
                    owner.set(owner_of(&newest.value));
                }
                Ok(newest)
            };
            seen.save(api::customers::assign(subject.id, &seen.etag, &to), newest).await?;
            toasts.say(i.t(Msg::AssignDone));
            subject.reload.emit(());
            Ok(())
        });
    });
    let words = |pointer: &str, value: &str| {
        let label = if pointer == OWNER { Msg::FieldOwner } else { Msg::FieldOrgUnit };
        (i.t(label), value.to_owned().into())
    };
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
                { draft.standing(&form, &[], onclose, words) }
                <Combobox id="assign-owner" label={i.t(Msg::FieldOwner)} chosen={(*owner).clone()} onchoose={choose} {search}
                    optional=true hint={i.t(Msg::AssignOwnerHint)} />
                <Select id="assign-unit" label={i.t(Msg::FieldOrgUnit)} options={unit_options(&units, i)} value={(*unit).clone()}
                    onchange={cb!((unit), |id| unit.set(id))} />
                <div class="form__actions">
                    <Button submit=true look={Look::Primary} busy={form.busy()}>{ i.t(Msg::AssignAction) }</Button>
                    <Button look={Look::Quiet} onclick={move |_| close.emit(())}>{ i.t(Msg::CommonCancel) }</Button>
                </div>
            </form>
        </Dialog>
    }
}
