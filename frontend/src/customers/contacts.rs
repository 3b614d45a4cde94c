use guanxi_api::{
    ContactPoint, ContactPointKind, ContactPointPatch, ContactPointUse, Customer, NewContactPoint,
};
use uuid::Uuid;
use yew::prelude::*;

use super::completeness::Wanted;
use super::page::{Subject, WantedProps};
use super::reveal::Secret;
use crate::api::{self, Tagged};
use crate::checks::Errors;
use crate::draft::{Values, YES, in_words, use_draft, use_seen, values, yes_or_no};
use crate::form::use_form;
use crate::i18n::{Msg, use_i18n};
use crate::labels::{Label, by_code, options};
use crate::once::use_once;
use crate::ui::{
    Badge, Button, Check, ConfirmDialog, Dialog, Icon, IconButton, InputKind, Look, Menu, MenuItem, Panel,
    Select, TextField, Tone, use_toasts,
};

/// The outline that stands for a kind of contact point.
pub const fn icon_of(kind: ContactPointKind) -> Icon {
    match kind {
        ContactPointKind::Phone => Icon::Phone,
        ContactPointKind::Email => Icon::Mail,
        ContactPointKind::Wechat => Icon::MessageCircle,
        ContactPointKind::Address => Icon::MapPin,
    }
}

/// The keyboard that a kind of contact point is typed with.
pub const fn keyboard_of(kind: ContactPointKind) -> InputKind {
    match kind {
        ContactPointKind::Phone => InputKind::Phone,
        ContactPointKind::Email => InputKind::Email,
        ContactPointKind::Wechat | ContactPointKind::Address => InputKind::Text,
    }
}

#[derive(Clone, PartialEq)]
enum Doing {
    Adding(ContactPointKind),
    Editing(ContactPoint),
    /// With the tag of the version in which the user has seen it.
    Removing(ContactPoint, String),
}

/// How to reach the customer.
#[function_component]
pub fn ContactPanel(props: &WantedProps) -> Html {
    let i = use_i18n();
    let toasts = use_toasts();
    let doing = use_state(|| None::<Doing>);
    let busy = use_state(|| false);
    use_effect_with(*props.wanted, {
        let (doing, wanted) = (doing.clone(), props.wanted.clone());
        move |now: &Wanted| {
            if let Some(kind) = now.contact() {
                doing.set(Some(Doing::Adding(kind)));
                wanted.set(Wanted::default());
            }
        }
    });
    let subject = &props.subject;
    let edit = subject.may_edit();

    let close = cb!((doing), |()| doing.set(None));
    let done = cb!((doing, subject), |tagged: Tagged<Customer>| {
        doing.set(None);
        subject.set.emit(tagged);
    });
    let change = {
        let (subject, toasts) = (subject.clone(), toasts.clone());
        Callback::from(move |(point, patch): (Uuid, ContactPointPatch)| {
            spawn!((subject, toasts), {
                match api::customers::patch_contact_point(subject.id, subject.etag(), point, &patch).await {
                    Ok(tagged) => subject.set.emit(tagged),
                    Err(error) => {
                        toasts.fail(&error, i);
                        subject.reload.emit(());
                    }
                }
            });
        })
    };
    let remove = |point: Uuid, etag: String| {
        cb!((subject, toasts, busy, done, doing, etag), |()| {
            busy.set(true);
            spawn!((subject, toasts, busy, done, doing, etag), {
                match api::customers::remove_contact_point(subject.id, &etag, point).await {
                    Ok(tagged) => {
                        toasts.say(i.t(Msg::ContactRemoved));
                        done.emit(tagged);
                    }
                    Err(error) => {
                        toasts.fail(&error, i);
                        doing.set(None);
                        subject.reload.emit(());
                    }
                }
                busy.set(false);
            });
        })
    };
    let menu = |point: &ContactPoint| {
        let set = |next: Doing| cb!((doing, next), |()| doing.set(Some(next.clone())));
        let patch = |patch: ContactPointPatch| {
            let (change, id) = (change.clone(), point.id);
            Callback::from(move |()| change.emit((id, patch.clone())))
        };
        let action = |icon, text: Msg<'_>, danger, run| MenuItem::Action {
            icon: Some(icon),
            text: i.t(text),
            danger,
            run,
        };
        let mut items =
            vec![action(Icon::Pencil, Msg::ContactEdit, false, set(Doing::Editing(point.clone())))];
        if !point.primary {
            items.push(action(
                Icon::Check,
                Msg::ContactMakePrimary,
                false,
                patch(ContactPointPatch { primary: Some(true), ..Default::default() }),
            ));
        }
        let (verify, text) =
            if point.verified { (false, Msg::ContactUnverify) } else { (true, Msg::ContactVerify) };
        items.push(action(
            Icon::CircleCheck,
            text,
            false,
            patch(ContactPointPatch { verified: Some(verify), ..Default::default() }),
        ));
        items.push(MenuItem::Line);
        items.push(action(
            Icon::Trash,
            Msg::ContactRemove,
            true,
            set(Doing::Removing(point.clone(), subject.etag().to_owned())),
        ));
        html! {
            <Menu label={i.t(Msg::ContactMenu { name: &point.kind.label(i) })} button={Icon::Ellipsis.draw()} {items}
                class={classes!("button", "button--quiet", "button--icon", "button--small")} />
        }
    };
    let line = |point: &ContactPoint| {
        let name = AttrValue::from(format!("{} {}", point.kind.label(i), point.value));
        html! {
            <li key={point.id.to_string()}>
                { icon_of(point.kind).draw() }
                <span class="lines__main">
                    <Secret customer={subject.id} field={point.id.to_string()} {name} masked={point.value.clone()} />
                    <span class="row small muted">
                        <span class="sr-only">{ point.kind.label(i) }</span>
                        { point.r#use.label(i) }
                        if point.primary { <Badge tone={Tone::Good}>{ i.t(Msg::ContactPrimary) }</Badge> }
                        if point.verified { <Badge tone={Tone::Information}>{ i.t(Msg::ContactVerified) }</Badge> }
                    </span>
                </span>
                if edit { <span class="lines__acts">{ menu(point) }</span> }
            </li>
        }
    };
    let add = cb!((doing), |_: MouseEvent| doing.set(Some(Doing::Adding(ContactPointKind::Phone))));
    let actions = html! { if edit { <IconButton small=true icon={Icon::Plus} label={i.t(Msg::ContactAdd)} onclick={add} /> } };
    let dialog = match (*doing).clone() {
        None => html!(),
        Some(Doing::Adding(kind)) => {
            html! { <ContactDialog subject={subject.clone()} {kind} ondone={done} onclose={close} /> }
        }
        Some(Doing::Editing(point)) => {
            html! { <ContactDialog subject={subject.clone()} {point} ondone={done} onclose={close} /> }
        }
        Some(Doing::Removing(point, etag)) => html! {
            <ConfirmDialog title={i.t(Msg::ContactRemoveTitle)} action={i.t(Msg::ContactRemove)} danger=true busy={*busy} onconfirm={remove(point.id, etag)} onclose={close}>
                <p>{ i.t(Msg::ContactRemoveText { value: &point.value }) }</p>
            </ConfirmDialog>
        },
    };
    let points = &subject.customer().contact_points;
    html! {
        <Panel title={i.t(Msg::ContactTitle)} {actions} flush=true>
            if points.is_empty() {
                <p class="combo__none">{ i.t(Msg::ContactNone) }</p>
            } else {
                <ul class="lines">{ for points.iter().map(line) }</ul>
            }
            { dialog }
        </Panel>
    }
}

#[derive(Properties, PartialEq)]
struct ContactDialogProps {
    subject: Subject,
    /// The one to change; without it, one is added.
    #[prop_or_default]
    point: Option<ContactPoint>,
    /// The kind that is offered for a new one.
    #[prop_or(ContactPointKind::Phone)]
    kind: ContactPointKind,
    ondone: Callback<Tagged<Customer>>,
    onclose: Callback<()>,
}

const KIND: &str = "/kind";
const VALUE: &str = "/value";
const USE: &str = "/use";
const PRIMARY: &str = "/primary";

/// `kind`: of a new one.
fn values_of(point: Option<&ContactPoint>, kind: ContactPointKind) -> Values {
    values([
        (KIND, point.map_or(kind, |p| p.kind).code().to_owned()),
        (VALUE, point.map(|p| p.value.clone()).unwrap_or_default()),
        (USE, point.map_or(ContactPointUse::Personal, |p| p.r#use).code().to_owned()),
        (PRIMARY, point.is_some_and(|p| p.primary).to_string()),
    ])
}

#[function_component]
fn ContactDialog(props: &ContactDialogProps) -> Html {
    let i = use_i18n();
    let form = use_form(Callback::noop());
    let seen = use_seen(&*props.subject.tagged);
    let id = props.point.as_ref().map(|point| point.id);
    // One that somebody else has removed meanwhile is still shown; the server says that it is gone.
    let now = seen.value.contact_points.iter().find(|point| Some(point.id) == id).or(props.point.as_ref());
    let draft = use_draft(values_of(now, props.kind));
    let once = use_once();
    let kind = by_code(&draft.at(KIND)).unwrap_or(props.kind);

    let (subject, ondone) = (&props.subject, &props.ondone);
    let onsubmit = cb!((form, seen, draft, once, subject, ondone), |event: SubmitEvent| {
        event.prevent_default();
        let text = draft.typed(VALUE).trim().to_owned();
        let used = by_code(&draft.at(USE)).unwrap_or(ContactPointUse::Personal);
        let primary = draft.at(PRIMARY) == YES;
        let new = NewContactPoint { kind, value: text.clone(), r#use: used, primary, verified: false };
        let patch = ContactPointPatch {
            value: (!text.is_empty()).then_some(text),
            r#use: Some(used),
            primary: primary.then_some(true),
            verified: None,
        };
        // The stored value is masked, so an empty field leaves it as it is.
        let found = if id.is_some() { Errors::check(&patch, i) } else { Errors::check(&new, i) };
        let (seen, once, subject, ondone) = (seen.clone(), once.clone(), subject.clone(), ondone.clone());
        form.send(found, async move {
            let tagged = match id {
                Some(id) => {
                    let change = api::customers::patch_contact_point(subject.id, &seen.etag, id, &patch);
                    seen.save(change, subject.newest()).await?
                }
                None => {
                    let key = once.key(&new);
                    let add = api::customers::add_contact_point(subject.id, &seen.etag, &new, &key);
                    once.answered(seen.save(add, subject.newest()).await)?
                }
            };
            ondone.emit(tagged);
            Ok(())
        });
    });
    let words = |pointer: &str, value: &str| match pointer {
        VALUE => (i.t(Msg::ContactValue), value.to_owned().into()),
        USE => (i.t(Msg::ContactUse), in_words::<ContactPointUse>(value, i)),
        PRIMARY => (i.t(Msg::ContactPrimary), yes_or_no(value, i)),
        _ => (i.t(Msg::ContactKind), in_words::<ContactPointKind>(value, i)),
    };
    let set_primary = draft.set(PRIMARY).reform(|on: bool| on.to_string());
    let close = props.onclose.clone();
    html! {
        <Dialog title={i.t(if id.is_some() { Msg::ContactEdit } else { Msg::ContactAdd })} onclose={props.onclose.clone()}>
            <form class="form" {onsubmit} novalidate=true>
                { draft.notice(&form, &[VALUE], words) }
                <Select id="contact-kind" label={i.t(Msg::ContactKind)} options={options::<ContactPointKind>(i)} value={draft.at(KIND)} disabled={id.is_some()}
                    onchange={draft.set(KIND)} />
                <TextField id="contact-value" label={i.t(Msg::ContactValue)} value={draft.typed(VALUE)} kind={keyboard_of(kind)} autofocus=true required={id.is_none()}
                    oninput={draft.set(VALUE)} error={form.at(VALUE)}
                    hint={match now {
                        Some(point) => Some(i.t(Msg::ContactValueKept { value: &point.value })),
                        None if kind == ContactPointKind::Phone => Some(i.t(Msg::ContactPhoneHint)),
                        None => None,
                    }} />
                <Select id="contact-use" label={i.t(Msg::ContactUse)} options={options::<ContactPointUse>(i)} value={draft.at(USE)}
                    onchange={draft.set(USE)} />
                <Check label={i.t(Msg::ContactMakePrimary)} checked={draft.at(PRIMARY) == YES} onchange={set_primary} />
                <div class="form__actions">
                    <Button submit=true look={Look::Primary} busy={form.busy()}>{ i.t(Msg::CommonSave) }</Button>
                    <Button look={Look::Quiet} onclick={move |_| close.emit(())}>{ i.t(Msg::CommonCancel) }</Button>
                </div>
            </form>
        </Dialog>
    }
}
