use guanxi_api::{Authority, CustomerKind, NewRelation, Relation, RelationPatch, RelationRole};
use uuid::Uuid;
use yew::prelude::*;

use super::use_customers;
use crate::api::{self, ApiError};
use crate::checks::Errors;
use crate::customers::Subject;
use crate::dom;
use crate::i18n::{Msg, use_i18n};
use crate::labels::{Label, by_code, options};
use crate::ui::{
    Button, Choice, Combobox, DateField, Dialog, InputKind, Look, Notice, Select, TextField, date_of,
    use_toasts,
};

#[derive(Properties, PartialEq)]
pub struct RelationDialogProps {
    pub subject: Subject,
    /// The relation to be changed; without it, a new one.
    #[prop_or_default]
    pub relation: Option<Relation>,
    pub ondone: Callback<()>,
    pub onclose: Callback<()>,
}

#[derive(Clone, PartialEq, Default)]
struct Draft {
    other: Option<Choice>,
    role: Option<RelationRole>,
    share: String,
    title: String,
    authority: String,
    note: String,
    since: String,
    until: String,
}

impl Draft {
    fn of(relation: &Relation) -> Self {
        let day = |day: Option<chrono::NaiveDate>| day.map(|day| day.to_string()).unwrap_or_default();
        Draft {
            other: None,
            role: Some(relation.role),
            share: relation.share_percent.map(|share| share.to_string()).unwrap_or_default(),
            title: relation.title.clone().unwrap_or_default(),
            authority: relation.authority.map(|authority| authority.code().to_owned()).unwrap_or_default(),
            note: relation.note.clone().unwrap_or_default(),
            since: day(relation.since),
            until: day(relation.until),
        }
    }
}

/// The roles that others can have for a customer of a kind.
fn roles(kind: CustomerKind) -> Vec<RelationRole> {
    use RelationRole as R;
    let of_persons = [
        R::Spouse,
        R::Parent,
        R::Child,
        R::Sibling,
        R::Relative,
        R::Friend,
        R::Colleague,
        R::Circle,
        R::Referrer,
        R::Referred,
        R::Guarantor,
        R::Guaranteed,
        R::Employer,
        R::Represented,
        R::Shareholding,
        R::Controlled,
        R::ContactFor,
    ];
    let of_organisations = [
        R::KeyContact,
        R::LegalRepresentative,
        R::Shareholder,
        R::Controller,
        R::Employee,
        R::ParentCompany,
        R::Subsidiary,
        R::Shareholding,
        R::Controlled,
        R::Supplier,
        R::Buyer,
        R::Referrer,
        R::Referred,
        R::Guarantor,
        R::Guaranteed,
    ];
    match kind {
        CustomerKind::Person => of_persons.to_vec(),
        CustomerKind::Organisation => of_organisations.to_vec(),
    }
}

/// Notes who somebody is to the customer, or changes what is said of it.
#[function_component]
pub fn RelationDialog(props: &RelationDialogProps) -> Html {
    use RelationRole as R;
    let (i, toasts) = (use_i18n(), use_toasts());
    let draft = use_state(|| props.relation.as_ref().map(Draft::of).unwrap_or_default());
    let errors = use_state(Errors::default);
    let refused = use_state(|| None::<ApiError>);
    let busy = use_state(|| false);
    let key = use_memo((), |()| dom::random_id());
    let RelationDialogProps { subject, relation, ondone, .. } = props;
    let search = use_customers(subject.id);
    let onsubmit =
        cb!((draft, errors, refused, busy, key, subject, relation, ondone, toasts), |event: SubmitEvent| {
            event.prevent_default();
            let mut found = Errors::default();
            let mut day = |pointer: &str, text: &str| {
                date_of(text, i).unwrap_or_else(|message| {
                    found.add(pointer, message);
                    None
                })
            };
            let (since, until) = (day("/since", &draft.since), day("/until", &draft.until));
            let text = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
            let share = text(&draft.share).map(|share| share.parse::<i32>());
            if matches!(share, Some(Err(_))) {
                found.add("/share_percent", i.t(Msg::CheckNumber));
            }
            let share_percent = share.and_then(Result::ok);
            let other = draft.other.as_ref().and_then(|choice| Uuid::parse_str(&choice.key).ok());
            if relation.is_none() && other.is_none() {
                found.add("/other_id", i.t(Msg::CheckRequired));
            }
            if draft.role.is_none() {
                found.add("/role", i.t(Msg::CheckRequired));
            }
            errors.set(found.clone());
            let Some(role) = draft.role.filter(|_| found.is_empty() && !*busy) else { return };
            busy.set(true);
            let (title, note) = (text(&draft.title), text(&draft.note));
            let authority = by_code::<Authority>(&draft.authority);
            spawn!((errors, refused, busy, key, subject, relation, ondone, toasts), {
                let outcome = match (&relation, other) {
                    (Some(relation), _) => {
                        let patch = RelationPatch {
                            share_percent: Some(share_percent),
                            title: Some(title),
                            authority: Some(authority),
                            note: Some(note),
                            since: Some(since),
                            until: Some(until),
                        };
                        api::relations::patch(subject.id, relation, &patch).await
                    }
                    (None, Some(other_id)) => {
                        let new = NewRelation {
                            other_id,
                            role,
                            share_percent,
                            title,
                            authority,
                            note,
                            since,
                            until,
                        };
                        api::relations::create(subject.id, &new, &key).await
                    }
                    (None, None) => return,
                };
                match outcome {
                    Ok(()) => {
                        toasts.say(i.t(Msg::RelationsSaved));
                        ondone.emit(());
                    }
                    Err(error) => {
                        busy.set(false);
                        errors.set(Errors::of(&error));
                        refused
                            .set(error.errors.iter().all(|field| field.pointer.is_empty()).then_some(error));
                    }
                }
            });
        });
    let set = |put: fn(&mut Draft, String)| {
        cb!((draft), |text: String| {
            let mut next = (*draft).clone();
            put(&mut next, text);
            draft.set(next);
        })
    };
    let choose = cb!((draft), |other: Option<Choice>| draft.set(Draft { other, ..(*draft).clone() }));
    let role = draft.role;
    let of = |roles: &[RelationRole]| role.is_some_and(|role| roles.contains(&role));
    let offered: Vec<(AttrValue, AttrValue)> = roles(subject.customer().kind)
        .into_iter()
        .map(|role| (AttrValue::Static(role.code()), role.label(i)))
        .collect();
    let title = if relation.is_some() { Msg::RelationsEdit } else { Msg::RelationsAdd };
    html! {
        <Dialog title={i.t(title)} onclose={props.onclose.clone()}>
            <form class="form" {onsubmit} novalidate=true>
                if let Some(error) = &*refused {
                    <Notice tone="bad" alert=true>{ error.errors.first().map_or_else(|| error.detail(i), |first| first.message.clone().into()) }</Notice>
                }
                if relation.is_none() {
                    <Combobox id="relation-other" label={i.t(Msg::RelationsOther)} chosen={draft.other.clone()} {search} onchoose={choose} error={errors.at("/other_id")} />
                    <Select id="relation-role" label={i.t(Msg::RelationsRole)} options={offered} none={i.t(Msg::CommonChoose)} value={role.map(|role| role.code()).unwrap_or_default()}
                        onchange={set(|draft, code| draft.role = by_code(&code))} error={errors.at("/role")} hint={i.t(Msg::RelationsRoleHint { name: &subject.customer().profile.name })} />
                }
                if of(&[R::Employer, R::Employee, R::KeyContact, R::ContactFor, R::LegalRepresentative, R::Represented]) {
                    <TextField id="relation-title" label={i.t(Msg::RelationsPosition)} value={draft.title.clone()} oninput={set(|draft, text| draft.title = text)} error={errors.at("/title")} optional=true />
                }
                if of(&[R::KeyContact, R::ContactFor]) {
                    <Select id="relation-authority" label={i.t(Msg::RelationsAuthority)} options={options::<Authority>(i)} none={i.t(Msg::CommonNone)} value={draft.authority.clone()}
                        onchange={set(|draft, code| draft.authority = code)} error={errors.at("/authority")} />
                }
                if of(&[R::Shareholder, R::Shareholding, R::Controller, R::Controlled]) {
                    <TextField id="relation-share" label={i.t(Msg::RelationsShare)} kind={InputKind::Number} value={draft.share.clone()} oninput={set(|draft, text| draft.share = text)}
                        error={errors.at("/share_percent")} optional=true />
                }
                <DateField id="relation-since" label={i.t(Msg::RelationsSince)} value={draft.since.clone()} oninput={set(|draft, text| draft.since = text)} error={errors.at("/since")} optional=true />
                <DateField id="relation-until" label={i.t(Msg::RelationsUntil)} value={draft.until.clone()} oninput={set(|draft, text| draft.until = text)} error={errors.at("/until")} optional=true />
                <TextField id="relation-note" label={i.t(Msg::RelationsNote)} value={draft.note.clone()} oninput={set(|draft, text| draft.note = text)} error={errors.at("/note")} optional=true />
                <div class="form__actions"><Button submit=true look={Look::Primary} busy={*busy}>{ i.t(Msg::CommonSave) }</Button></div>
            </form>
        </Dialog>
    }
}
