use guanxi_api::{Authority, CustomerKind, NewRelation, Relation, RelationPatch, RelationRole};
use uuid::Uuid;
use yew::prelude::*;

use super::use_customers;
use crate::api;
use crate::checks::Errors;
use crate::customers::Subject;
use crate::draft::{Values, in_words, use_draft, use_seen, values};
use crate::form::use_form;
use crate::i18n::{Msg, use_i18n};
use crate::labels::{Label, by_code, options};
use crate::once::use_once;
use crate::ui::{
    Button, Choice, Combobox, DateField, Dialog, InputKind, Look, Select, TextField, date_of, use_toasts,
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

const ROLE: &str = "/role";
const SHARE: &str = "/share_percent";
const TITLE: &str = "/title";
const AUTHORITY: &str = "/authority";
const NOTE: &str = "/note";
const SINCE: &str = "/since";
const UNTIL: &str = "/until";

fn values_of(relation: Option<&Relation>) -> Values {
    let of = |read: fn(&Relation) -> Option<String>| relation.and_then(read).unwrap_or_default();
    values([
        (ROLE, of(|r| Some(r.role.code().to_owned()))),
        (SHARE, of(|r| r.share_percent.map(|share| share.to_string()))),
        (TITLE, of(|r| r.title.clone())),
        (AUTHORITY, of(|r| r.authority.map(|authority| authority.code().to_owned()))),
        (NOTE, of(|r| r.note.clone())),
        (SINCE, of(|r| r.since.map(|day| day.to_string()))),
        (UNTIL, of(|r| r.until.map(|day| day.to_string()))),
    ])
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
    let RelationDialogProps { subject, relation, ondone, .. } = props;
    let form = use_form(cb!((toasts, ondone), |()| {
        toasts.say(i.t(Msg::RelationsSaved));
        ondone.emit(());
    }));
    let before = use_seen(relation);
    let draft = use_draft(values_of(before.as_ref()));
    let other = use_state(|| None::<Choice>);
    let once = use_once();
    let search = use_customers(subject.id);
    let customer = subject.id;
    let onsubmit = cb!((form, before, draft, other, once), |event: SubmitEvent| {
        event.prevent_default();
        let mut found = Errors::default();
        let mut day = |pointer: &str| {
            date_of(&draft.at(pointer), i).unwrap_or_else(|message| {
                found.add(pointer, message);
                None
            })
        };
        let (since, until) = (day(SINCE), day(UNTIL));
        let text = |pointer: &str| Some(draft.at(pointer).trim().to_owned()).filter(|text| !text.is_empty());
        let share = text(SHARE).map(|share| share.parse::<i32>());
        if matches!(share, Some(Err(_))) {
            found.add(SHARE, i.t(Msg::CheckNumber));
        }
        let share_percent = share.and_then(Result::ok);
        let other = other.as_ref().and_then(|choice| Uuid::parse_str(&choice.key).ok());
        if before.is_none() && other.is_none() {
            found.add("/other_id", i.t(Msg::CheckRequired));
        }
        let role = by_code::<RelationRole>(&draft.at(ROLE));
        if role.is_none() {
            found.add(ROLE, i.t(Msg::CheckRequired));
        }
        let (title, note, authority) = (text(TITLE), text(NOTE), by_code::<Authority>(&draft.at(AUTHORITY)));
        let (before, once) = (before.clone(), once.clone());
        form.send(found, async move {
            if let Some(relation) = before.as_ref() {
                let patch = RelationPatch {
                    share_percent: Some(share_percent),
                    title: Some(title),
                    authority: Some(authority),
                    note: Some(note),
                    since: Some(since),
                    until: Some(until),
                };
                // One that is no longer there is said to be missing when it is saved again.
                let newest = async {
                    let newest = api::relations::of(customer, relation.id).await?;
                    Ok(newest.or_else(|| Some(relation.clone())))
                };
                return before.save(api::relations::patch(customer, relation, &patch), newest).await;
            }
            let (Some(other_id), Some(role)) = (other, role) else { return Ok(()) };
            let new = NewRelation { other_id, role, share_percent, title, authority, note, since, until };
            once.answered(api::relations::create(customer, &new, &once.key(&new)).await)
        });
    });
    let role = by_code::<RelationRole>(&draft.at(ROLE));
    let of = |roles: &[RelationRole]| role.is_some_and(|role| roles.contains(&role));
    let words = |pointer: &str, value: &str| {
        let value = AttrValue::from(value.to_owned());
        match pointer {
            ROLE => (i.t(Msg::RelationsRole), in_words::<RelationRole>(&value, i)),
            SHARE => (i.t(Msg::RelationsShare), value),
            TITLE => (i.t(Msg::RelationsPosition), value),
            AUTHORITY => (i.t(Msg::RelationsAuthority), in_words::<Authority>(&value, i)),
            SINCE => (i.t(Msg::RelationsSince), value),
            UNTIL => (i.t(Msg::RelationsUntil), value),
            _ => (i.t(Msg::RelationsNote), value),
        }
    };
    let (titled, authorised, shared) = (
        of(&[R::Employer, R::Employee, R::KeyContact, R::ContactFor, R::LegalRepresentative, R::Represented]),
        of(&[R::KeyContact, R::ContactFor]),
        of(&[R::Shareholder, R::Shareholding, R::Controller, R::Controlled]),
    );
    let mut shown = vec![SINCE, UNTIL, NOTE];
    if relation.is_none() {
        shown.extend(["/other_id", ROLE]);
    }
    shown.extend(
        [(titled, TITLE), (authorised, AUTHORITY), (shared, SHARE)]
            .iter()
            .filter(|(is, _)| *is)
            .map(|(_, at)| *at),
    );
    let offered: Vec<(AttrValue, AttrValue)> = roles(subject.customer().kind)
        .into_iter()
        .map(|role| (AttrValue::Static(role.code()), role.label(i)))
        .collect();
    let title = if relation.is_some() { Msg::RelationsEdit } else { Msg::RelationsAdd };
    html! {
        <Dialog title={i.t(title)} onclose={props.onclose.clone()}>
            <form class="form" {onsubmit} novalidate=true>
                { draft.notice(&form, &shown, words) }
                if relation.is_none() {
                    <Combobox id="relation-other" label={i.t(Msg::RelationsOther)} chosen={(*other).clone()} {search} onchoose={cb!((other), |choice| other.set(choice))} error={form.at("/other_id")} />
                    <Select id="relation-role" label={i.t(Msg::RelationsRole)} options={offered} none={i.t(Msg::CommonChoose)} value={draft.at(ROLE)}
                        onchange={draft.set(ROLE)} error={form.at(ROLE)} hint={i.t(Msg::RelationsRoleHint { name: &subject.customer().profile.name })} />
                }
                if titled {
                    <TextField id="relation-title" label={i.t(Msg::RelationsPosition)} value={draft.at(TITLE)} oninput={draft.set(TITLE)} error={form.at(TITLE)} optional=true />
                }
                if authorised {
                    <Select id="relation-authority" label={i.t(Msg::RelationsAuthority)} options={options::<Authority>(i)} none={i.t(Msg::CommonNone)} value={draft.at(AUTHORITY)}
                        onchange={draft.set(AUTHORITY)} error={form.at(AUTHORITY)} />
                }
                if shared {
                    <TextField id="relation-share" label={i.t(Msg::RelationsShare)} kind={InputKind::Number} value={draft.at(SHARE)} oninput={draft.set(SHARE)}
                        error={form.at(SHARE)} optional=true />
                }
                <DateField id="relation-since" label={i.t(Msg::RelationsSince)} value={draft.at(SINCE)} oninput={draft.set(SINCE)} error={form.at(SINCE)} optional=true />
                <DateField id="relation-until" label={i.t(Msg::RelationsUntil)} value={draft.at(UNTIL)} oninput={draft.set(UNTIL)} error={form.at(UNTIL)} optional=true />
                <TextField id="relation-note" label={i.t(Msg::RelationsNote)} value={draft.at(NOTE)} oninput={draft.set(NOTE)} error={form.at(NOTE)} optional=true />
                <div class="form__actions"><Button submit=true look={Look::Primary} busy={form.busy()}>{ i.t(Msg::CommonSave) }</Button></div>
            </form>
        </Dialog>
    }
}
