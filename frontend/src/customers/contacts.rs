use guanxi_api::{
    ContactPoint, ContactPointKind, ContactPointPatch, ContactPointUse, Customer, NewContactPoint,
};
use uuid::Uuid;
use yew::prelude::*;

use super::completeness::Wanted;
use super::page::{Subject, WantedProps};
use super::reveal::Secret;
use crate::api::{self, ApiError, Tagged};
use crate::checks::Errors;
use crate::dom;
use crate::i18n::{Msg, use_i18n};
use crate::labels::{Label, by_code, options};
use crate::ui::{
    Badge, Button, Check, ConfirmDialog, Dialog, Icon, IconButton, InputKind, Look, Menu, MenuItem, Notice,
    Panel, Select, TextField, Tone, use_toasts,
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
    Removing(ContactPoint),
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
    let remove = |point: Uuid| {
        cb!((subject, toasts, busy, done, doing), |()| {
            busy.set(true);
            spawn!((subject, toasts, busy, done, doing), {
                match api::customers::remove_contact_point(subject.id, subject.etag(), point).await {
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
        items.push(action(Icon::Trash, Msg::ContactRemove, true, set(Doing::Removing(point.clone()))));
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
        Some(Doing::Removing(point)) => html! {
            <ConfirmDialog title={i.t(Msg::ContactRemoveTitle)} action={i.t(Msg::ContactRemove)} danger=true busy={*busy} onconfirm={remove(point.id)} onclose={close}>
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

#[function_component]
fn ContactDialog(props: &ContactDialogProps) -> Html {
    let i = use_i18n();
    let point = props.point.clone();
    let kind = use_state(|| point.as_ref().map_or(props.kind, |p| p.kind));
    let value = use_state(String::new);
    let used = use_state(|| point.as_ref().map_or(ContactPointUse::Personal, |p| p.r#use));
    let primary = use_state(|| point.as_ref().is_some_and(|p| p.primary));
    let errors = use_state(Errors::default);
    let refused = use_state(|| None::<ApiError>);
    let busy = use_state(|| false);
    let once = use_memo((), |()| dom::random_id());

    let (subject, ondone) = (&props.subject, &props.ondone);
    let onsubmit = cb!(
        (kind, value, used, primary, errors, refused, busy, once, subject, ondone, point),
        |event: SubmitEvent| {
            event.prevent_default();
            let text = value.trim().to_owned();
            let new = NewContactPoint {
                kind: *kind,
                value: text.clone(),
                r#use: *used,
                primary: *primary,
                verified: false,
            };
            let patch = ContactPointPatch {
                value: (!text.is_empty()).then_some(text),
                r#use: Some(*used),
                primary: (*primary).then_some(true),
                verified: None,
            };
            // The stored value is masked, so an empty field leaves it as it is.
            let found = if point.is_some() { Errors::check(&patch, i) } else { Errors::check(&new, i) };
            errors.set(found.clone());
            if !found.is_empty() || *busy {
                return;
            }
            busy.set(true);
            let id = point.as_ref().map(|p| p.id);
            spawn!((errors, refused, busy, once, subject, ondone), {
                let outcome = match id {
                    Some(id) => {
                        api::customers::patch_contact_point(subject.id, subject.etag(), id, &patch).await
                    }
                    None => api::customers::add_contact_point(subject.id, subject.etag(), &new, &once).await,
                };
                match outcome {
                    Ok(tagged) => ondone.emit(tagged),
                    Err(error) => {
                        busy.set(false);
                        if error.is_conflict() {
                            subject.reload.emit(());
                        }
                        errors.set(Errors::of(&error));
                        refused.set(error.errors.is_empty().then_some(error));
                    }
                }
            });
        }
    );
    let close = props.onclose.clone();
    html! {
        <Dialog title={i.t(if point.is_some() { Msg::ContactEdit } else { Msg::ContactAdd })} onclose={props.onclose.clone()}>
            <form class="form" {onsubmit} novalidate=true>
                if let Some(error) = &*refused { <Notice tone="bad" alert=true>{ error.detail(i) }</Notice> }
                <Select id="contact-kind" label={i.t(Msg::ContactKind)} options={options::<ContactPointKind>(i)} value={kind.code()} disabled={point.is_some()}
                    onchange={cb!((kind), |code: String| kind.set(by_code(&code).unwrap_or(*kind)))} />
                <TextField id="contact-value" label={i.t(Msg::ContactValue)} value={(*value).clone()} kind={keyboard_of(*kind)} autofocus=true required={point.is_none()}
                    oninput={cb!((value), |text| value.set(text))} error={errors.at("/value")}
                    hint={match &point {
                        Some(point) => Some(i.t(Msg::ContactValueKept { value: &point.value })),
                        None if *kind == ContactPointKind::Phone => Some(i.t(Msg::ContactPhoneHint)),
                        None => None,
                    }} />
                <Select id="contact-use" label={i.t(Msg::ContactUse)} options={options::<ContactPointUse>(i)} value={used.code()}
                    onchange={cb!((used), |code: String| used.set(by_code(&code).unwrap_or(*used)))} />
                <Check label={i.t(Msg::ContactMakePrimary)} checked={*primary} onchange={cb!((primary), |on| primary.set(on))} />
                <div class="form__actions">
                    <Button submit=true look={Look::Primary} busy={*busy}>{ i.t(Msg::CommonSave) }</Button>
                    <Button look={Look::Quiet} onclick={move |_| close.emit(())}>{ i.t(Msg::CommonCancel) }</Button>
                </div>
            </form>
        </Dialog>
    }
}
