use std::rc::Rc;

use gloo_timers::callback::Timeout;
use guanxi_api::{
    ContactPointKind, ContactPointUse, CustomerKind, CustomerSource, CustomerStatus, DuplicateCheck,
    DuplicateFound, Gender, IdentityDocument, IdentityKind, NewContactPoint, NewCustomer, RiskAttribute,
};
use uuid::Uuid;
use yew::prelude::*;
use yew_router::Routable;

use super::contacts::keyboard_of;
use super::identity::identity_kinds;
use crate::api::{self, ApiError};
use crate::checks::Errors;
use crate::i18n::{Msg, use_i18n};
use crate::labels::{Label, by_code, options};
use crate::leaving::{Unsaved, use_unsaved};
use crate::once::use_once;
use crate::org::{OWNERS, unit_options, use_colleagues, use_units};
use crate::route::Route;
use crate::session::{may, right, use_me};
use crate::ui::{
    Button, Choice, Combobox, DateField, HelpNote, Icon, IconButton, InputKind, Link, Look, Notice, Page,
    Panel, Segments, Select, TextField, date_of, read_date, use_toasts,
};
use crate::{dom, route};

/// One line of contact points; without a value it is left out.
#[derive(Clone, PartialEq)]
struct Line {
    kind: ContactPointKind,
    value: String,
}

/// What is being entered.
#[derive(Clone, PartialEq)]
struct Draft {
    new: NewCustomer,
    lines: Vec<Line>,
    identity: IdentityKind,
    number: String,
    birth_date: String,
    owner: Option<Choice>,
}

impl Draft {
    fn empty(kind: CustomerKind) -> Self {
        let line = |kind| Line { kind, value: String::new() };
        Draft {
            new: NewCustomer::named(kind, ""),
            lines: vec![line(ContactPointKind::Phone), line(ContactPointKind::Email)],
            identity: match kind {
                CustomerKind::Person => IdentityKind::ResidentCard,
                CustomerKind::Organisation => IdentityKind::UnifiedSocialCreditCode,
            },
            number: String::new(),
            birth_date: String::new(),
            owner: None,
        }
    }

    /// The lines that have a value, each with its place in the form.
    fn filled(&self) -> impl Iterator<Item = (usize, &Line)> {
        self.lines.iter().enumerate().filter(|(_, line)| !line.value.trim().is_empty())
    }

    /// What is sent.
    fn body(&self) -> NewCustomer {
        let mut new = self.new.clone();
        new.name = new.name.trim().to_owned();
        new.contact_points = self
            .filled()
            .map(|(index, line)| NewContactPoint {
                kind: line.kind,
                value: line.value.trim().to_owned(),
                r#use: if new.kind == CustomerKind::Person {
                    ContactPointUse::Personal
                } else {
                    ContactPointUse::Work
                },
                primary: self
                    .filled()
                    .find(|(_, other)| other.kind == line.kind)
                    .is_some_and(|(first, _)| first == index),
                verified: false,
            })
            .collect();
        let number = self.number.trim();
        new.identity =
            (!number.is_empty()).then(|| IdentityDocument { kind: self.identity, number: number.to_owned() });
        new.birth_date = read_date(&self.birth_date);
        new.owner_id = self.owner.as_ref().and_then(|owner| Uuid::parse_str(&owner.key).ok());
        new
    }
}

fn text_of(value: &str) -> Option<String> {
    let value = value.trim_start();
    (!value.is_empty()).then(|| value.to_owned())
}

/// Who of the bank's customers this may be, asked once one has stopped typing.
#[hook]
fn use_known(draft: &Draft) -> Option<DuplicateFound> {
    let found = use_state(|| None::<DuplicateFound>);
    let phone = draft.filled().find(|(_, line)| line.kind == ContactPointKind::Phone);
    let phone = phone.map(|(_, line)| line.value.trim().to_owned());
    let identity = draft.body().identity;
    let asked =
        DuplicateCheck { kind: draft.new.kind, name: draft.new.name.trim().to_owned(), phone, identity };
    use_effect_with(asked, {
        let found = found.clone();
        move |asked| {
            let says_nothing = asked.identity.is_none() && (asked.phone.is_none() || asked.name.is_empty());
            let asked = asked.clone();
            let wait = Timeout::new(500, move || {
                if says_nothing {
                    found.set(None);
                    return;
                }
                spawn!((found, asked), {
                    // What cannot be asked is not known: saving says what is wrong.
                    found.set(api::duplicates::check(&asked).await.ok().and_then(|answer| answer.found));
                });
            });
            move || drop(wait)
        }
    });
    (*found).clone()
}

/// Adds a customer.
#[function_component]
pub fn NewCustomerPage() -> Html {
    let i = use_i18n();
    let me = use_me();
    let toasts = use_toasts();
    let units = use_units();
    let draft = use_state(|| Rc::new(Draft::empty(CustomerKind::Person)));
    let errors = use_state(Errors::default);
    let refused = use_state(|| None::<ApiError>);
    let busy = use_state(|| false);
    // One for each opened form: sent twice, it still makes one customer.
    let once = use_once();

    let filled = **draft != Draft::empty(draft.new.kind);
    use_unsaved((filled && !*busy).then_some(Unsaved::OnPage));

    let known = use_known(&draft);
    let onsubmit = cb!((draft, errors, refused, busy, once, toasts), |event: SubmitEvent| {
        event.prevent_default();
        if *busy {
            return;
        }
        let body = draft.body();
        let mut found = Errors::check(&body, i);
        if let Err(message) = date_of(&draft.birth_date, i) {
            found.add("/birth_date", message);
        }
        refused.set(None);
        errors.set(found.clone());
        if !found.is_empty() {
            focus_first(&found);
            return;
        }
        busy.set(true);
        spawn!((errors, refused, busy, once, toasts), {
            let created = once.answered(api::customers::create(&body, &once.key(&body)).await);
            match created {
                Ok(customer) => {
                    toasts.say(i.t(Msg::NewCustomerDone {
                        name: &customer.profile.name,
                        number: &customer.customer_no,
                    }));
                    route::replace(&Route::Customer { id: customer.id }.to_path());
                }
                Err(error) => {
                    busy.set(false);
                    let found = Errors::of(&error);
                    focus_first(&found);
                    errors.set(found);
                    refused.set(Some(error));
                }
            }
        });
    });
    let person = draft.new.kind == CustomerKind::Person;
    let text = |id: &'static str,
                label: Msg<'_>,
                value: &Option<String>,
                set: fn(&mut NewCustomer, Option<String>)| {
        let oninput = cb!((draft), |value: String| edit(&draft, |d| set(&mut d.new, text_of(&value))));
        html! { <TextField {id} label={i.t(label)} value={value.clone().unwrap_or_default()} {oninput} error={errors.at(&format!("/{id}"))} optional=true /> }
    };
    let choose_kind = cb!((draft, errors), |code: String| {
        if let Some(kind) = by_code::<CustomerKind>(&code) {
            let mut next = Draft::empty(kind);
            next.new.name.clone_from(&draft.new.name);
            next.new.status = draft.new.status;
            next.lines.clone_from(&draft.lines);
            errors.set(Errors::default());
            draft.set(Rc::new(next));
        }
    });
    // The server counts only the lines that were sent.
    let place = |index: usize| draft.filled().position(|(at, _)| at == index);
    let line = |(index, line): (usize, &Line)| {
        let error = place(index).and_then(|at| {
            errors
                .at(&format!("/contact_points/{at}/value"))
                .or_else(|| errors.at(&format!("/contact_points/{at}")))
        });
        let oninput =
            cb!((draft), |value: String| edit(&draft, |d| if let Some(line) = d.lines.get_mut(index) {
                line.value = value.clone()
            }));
        let onchange = cb!((draft), |code: String| edit(&draft, |d| {
            if let (Some(line), Some(kind)) = (d.lines.get_mut(index), by_code(&code)) {
                line.kind = kind;
            }
        }));
        let remove = cb!((draft), |_: MouseEvent| edit(&draft, |d| {
            d.lines.remove(index);
        }));
        let value_label = AttrValue::from(format!("{} {}", line.kind.label(i), i.number(index as u32 + 1)));
        html! {
            <div class="row top" key={index}>
                <Select id={format!("line-kind-{index}")} label={i.t(Msg::ContactKind)} quiet_label=true options={options::<ContactPointKind>(i)} value={line.kind.code()} {onchange} />
                <TextField id={format!("line-{index}")} label={value_label.clone()} quiet_label=true value={line.value.clone()} kind={keyboard_of(line.kind)} {oninput} {error} class="grow" />
                <IconButton icon={Icon::X} label={i.t(Msg::NewCustomerLineRemove { name: &value_label })} onclick={remove} />
            </div>
        }
    };
    let add_line = cb!((draft), |_: MouseEvent| edit(&draft, |d| d
        .lines
        .push(Line { kind: ContactPointKind::Phone, value: String::new() })));
    let search = use_colleagues(OWNERS);
    let heads = me.as_ref().is_some_and(|me| may(me, right::VIEW_USERS));
    let shown = [
        "/name",
        "/gender",
        "/birth_date",
        "/city",
        "/employer",
        "/occupation",
        "/industry",
        "/legal_representative",
        "/form_of_address",
        "/identity/number",
        "/identity",
        "/owner_id",
        "/org_unit_id",
    ];
    let elsewhere: Vec<Html> = errors
        .besides(&shown)
        .filter(|(pointer, _)| !pointer.starts_with("/contact_points"))
        .map(|(pointer, message)| html! { <p><span class="mono">{ pointer.trim_start_matches('/') }</span>{ ": " }{ message }</p> })
        .collect();
    let new = &draft.new;
    html! {
        <Page title={i.t(Msg::NewCustomerTitle)}>
            <HelpNote text={i.t(Msg::NewCustomerHelp)} />
            <form class="form column" {onsubmit} novalidate=true>
                if let Some(error) = &*refused {
                    <Notice tone="bad" alert=true><p>{ error.detail(i) }</p>{ for elsewhere }</Notice>
                } else if !elsewhere.is_empty() {
                    <Notice tone="bad" alert=true>{ for elsewhere }</Notice>
                }
                if let Some(found) = &known {
                    <Notice tone="warn" alert=true><p>{ match &found.customer {
                        Some(customer) => html! { <Link to={Route::Customer { id: customer.id }.to_path()} class="link">{ i.t(Msg::PairsWarnOwn { name: &customer.name, number: &customer.customer_no }) }</Link> },
                        None => html! { { i.t(Msg::PairsWarnElsewhere { unit: found.org_unit.name.in_language(i.lang) }) } },
                    } }</p></Notice>
                }
                <Panel title={i.t(Msg::FactsBasics)}>
                    <Segments name="kind" label={i.t(Msg::FieldKind)} options={options::<CustomerKind>(i)} value={new.kind.code()} onchange={choose_kind} />
                    <div class="form__grid">
                        <TextField id="name" label={i.t(if person { Msg::FieldName } else { Msg::FieldRegisteredName })} value={new.name.clone()} required=true autofocus=true
                            oninput={cb!((draft), |value: String| edit(&draft, |d| d.new.name.clone_from(&value)))} error={errors.at("/name")} />
                        { text("form_of_address", Msg::FieldFormOfAddress, &new.form_of_address, |new, v| new.form_of_address = v) }
                        <Select id="status" label={i.t(Msg::FieldStatus)} options={options::<CustomerStatus>(i)} value={new.status.code()}
                            onchange={cb!((draft), |code: String| edit(&draft, |d| d.new.status = by_code(&code).unwrap_or(d.new.status)))} />
                        <Select id="source" label={i.t(Msg::FieldSource)} options={options::<CustomerSource>(i)} none={i.t(Msg::CommonNone)} optional=true
                            value={new.source.map_or("", Label::code)} onchange={cb!((draft), |code: String| edit(&draft, |d| d.new.source = by_code(&code)))} />
                        if person {
                            <Select id="gender" label={i.t(Msg::FieldGender)} options={options::<Gender>(i)} none={i.t(Msg::CommonNone)} optional=true error={errors.at("/gender")}
                                value={new.gender.map_or("", Label::code)} onchange={cb!((draft), |code: String| edit(&draft, |d| d.new.gender = by_code(&code)))} />
                            <DateField id="birth_date" label={i.t(Msg::FieldBirthDate)} value={draft.birth_date.clone()} optional=true error={errors.at("/birth_date")}
                                oninput={cb!((draft), |value: String| edit(&draft, |d| d.birth_date.clone_from(&value)))} />
                            { text("employer", Msg::FieldEmployer, &new.employer, |new, v| new.employer = v) }
                            { text("occupation", Msg::FieldOccupation, &new.occupation, |new, v| new.occupation = v) }
                        } else {
                            { text("industry", Msg::FieldIndustry, &new.industry, |new, v| new.industry = v) }
                            { text("legal_representative", Msg::FieldLegalRepresentative, &new.legal_representative, |new, v| new.legal_representative = v) }
                        }
                        { text("city", Msg::FieldCity, &new.city, |new, v| new.city = v) }
                        <Select id="risk_attribute" label={i.t(Msg::FieldRiskAttribute)} options={options::<RiskAttribute>(i)} none={i.t(Msg::CommonNone)} optional=true
                            value={new.risk_attribute.map_or("", Label::code)} onchange={cb!((draft), |code: String| edit(&draft, |d| d.new.risk_attribute = by_code(&code)))} />
                    </div>
                </Panel>
                <Panel title={i.t(Msg::ContactTitle)}>
                    { for draft.lines.iter().enumerate().map(line) }
                    <div><Button small=true icon={Icon::Plus} onclick={add_line}>{ i.t(Msg::ContactAdd) }</Button></div>
                </Panel>
                <Panel title={i.t(Msg::IdentityTitle)}>
                    <div class="form__grid">
                        <Select id="identity-kind" label={i.t(Msg::IdentityKindLabel)} options={identity_kinds(new.kind, i)} value={draft.identity.code()}
                            onchange={cb!((draft), |code: String| edit(&draft, |d| d.identity = by_code(&code).unwrap_or(d.identity)))} />
                        <TextField id="identity-number" label={i.t(Msg::IdentityNumber)} value={draft.number.clone()} optional=true kind={InputKind::Text}
                            oninput={cb!((draft), |value: String| edit(&draft, |d| d.number.clone_from(&value)))}
                            error={errors.at("/identity/number").or_else(|| errors.at("/identity"))} />
                    </div>
                </Panel>
                if heads {
                    <Panel title={i.t(Msg::NewCustomerCare)}>
                        <div class="form__grid">
                            <Combobox id="owner_id" label={i.t(Msg::FieldOwner)} chosen={draft.owner.clone()} {search} optional=true error={errors.at("/owner_id")}
                                onchoose={cb!((draft), |owner: Option<Choice>| edit(&draft, |d| d.owner.clone_from(&owner)))} />
                            <Select id="org_unit_id" label={i.t(Msg::FieldOrgUnit)} options={unit_options(&units, i)} none={i.t(Msg::NewCustomerOwnUnit)} error={errors.at("/org_unit_id")}
                                value={new.org_unit_id.map(|id| id.to_string()).unwrap_or_default()}
                                onchange={cb!((draft), |id: String| edit(&draft, |d| d.new.org_unit_id = Uuid::parse_str(&id).ok()))} />
                        </div>
                    </Panel>
                }
                <div class="form__actions">
                    <Button submit=true look={Look::Primary} busy={*busy}>{ i.t(Msg::NewCustomerAction) }</Button>
                    <Button look={Look::Quiet} to={Route::Customers.to_path()}>{ i.t(Msg::CommonCancel) }</Button>
                </div>
            </form>
        </Page>
    }
}

fn edit(draft: &UseStateHandle<Rc<Draft>>, change: impl FnOnce(&mut Draft)) {
    let mut next = (***draft).clone();
    change(&mut next);
    draft.set(Rc::new(next));
}

/// Moves the focus to the first field that is wrong.
fn focus_first(errors: &Errors) {
    let Some((pointer, _)) = errors.iter().next() else { return };
    let id = match pointer.trim_start_matches('/') {
        "identity" | "identity/number" => "identity-number",
        other => other,
    };
    dom::focus(id);
}
