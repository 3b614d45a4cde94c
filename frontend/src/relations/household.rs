use guanxi_api::{
    BalanceClass, BalanceSheet, Household, HouseholdMember, HouseholdPatch, HouseholdRole, Households,
    NewHousehold, NewHouseholdMember,
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use yew::prelude::*;
use yew_router::Routable;

use super::{name_of, use_customers};
use crate::api;
use crate::checks::Errors;
use crate::customers::Subject;
use crate::draft::{Values, use_draft, use_seen, values};
use crate::fetch::use_query;
use crate::form::use_form;
use crate::i18n::{I18n, Msg, use_i18n};
use crate::labels::{Label, by_code, options};
use crate::once::use_once;
use crate::route::Route;
use crate::session::{may, right};
use crate::ui::{
    Badge, Button, Check, Choice, Combobox, Dialog, ErrorPanel, Icon, IconButton, Link, Look, Menu, MenuItem,
    Panel, Select, Shape, Skeleton, TextField, Tone, use_toasts,
};

#[derive(Properties, PartialEq)]
pub struct HouseholdsProps {
    pub subject: Subject,
    pub onchange: Callback<()>,
}

#[derive(Clone, PartialEq)]
enum Doing {
    Forming,
    Changing(Box<Household>),
}

/// The households of a customer, each with its members and what they own and owe together.
#[function_component]
pub fn HouseholdsPanel(props: &HouseholdsProps) -> Html {
    let (i, toasts) = (use_i18n(), use_toasts());
    let (subject, onchange) = (&props.subject, &props.onchange);
    let id = subject.id;
    let doing = use_state(|| None::<Doing>);
    let list = use_query::<Households, _, _>(Some(format!("relations/households/{id}")), move || {
        api::relations::households(id)
    });
    let edit = subject.may_edit();
    let start = cb!((doing), |_: MouseEvent| doing.set(Some(Doing::Forming)));
    let close = cb!((doing), |()| doing.set(None));
    let done = cb!((doing, onchange), |()| {
        doing.set(None);
        onchange.emit(());
    });
    let sums = may(&subject.me, right::VIEW_HOLDINGS);
    let one = |household: &Household| {
        let change =
            cb!((doing, household), |()| doing.set(Some(Doing::Changing(Box::new(household.clone())))));
        let dissolve = cb!((household, toasts, onchange), |()| {
            spawn!((household, toasts, onchange), {
                match api::relations::archive_household(&household).await {
                    Ok(()) => toasts.say(i.t(Msg::HouseholdDissolved)),
                    Err(error) => toasts.fail(&error, i),
                }
                onchange.emit(());
            });
        });
        let items = vec![
            MenuItem::Action {
                icon: Some(Icon::Pencil),
                text: i.t(Msg::CommonEdit),
                danger: false,
                run: change,
            },
            MenuItem::Action {
                icon: Some(Icon::Archive),
                text: i.t(Msg::HouseholdDissolve),
                danger: false,
                run: dissolve,
            },
        ];
        html! {
            <div class="household" key={household.id.to_string()}>
                <div class="household__head">
                    <h3><Link to={Route::Household { id: household.id }.to_path()} class="link">{ &household.name }</Link></h3>
                    if edit { <Menu label={i.t(Msg::RelationsMenu { name: &household.name })} button={Icon::Ellipsis.draw()} {items} /> }
                </div>
                <ul class="lines">
                    { for household.members.iter().map(|member| html! {
                        <li key={member.customer.id.to_string()}>
                            <span class="lines__main"><span>{ name_of(Some(&member.customer), i) }</span></span>
                            if member.primary { <Badge tone={Tone::Good}>{ i.t(Msg::HouseholdPrimary) }</Badge> }
                            <Badge>{ member.role.label(i) }</Badge>
                        </li>
                    }) }
                </ul>
                if household.hidden_members > 0 { <p class="small muted">{ i.t(Msg::HouseholdHidden { count: &household.hidden_members.to_string() }) }</p> }
                if sums { <Balance id={household.id} version={household.version} /> }
            </div>
        }
    };
    let with = Some((id, AttrValue::from(subject.customer().profile.name.clone())));
    let actions = html! { if edit { <IconButton small=true icon={Icon::Plus} label={i.t(Msg::HouseholdForm)} onclick={start} /> } };
    html! {
        <Panel title={i.t(Msg::HouseholdTitle)} {actions}>
            { match (&list.remote.data, &list.remote.error) {
                (Some(found), _) if found.households.is_empty() => html! { <p class="muted">{ i.t(Msg::HouseholdNone) }</p> },
                (Some(found), _) => html! { <>{ for found.households.iter().map(one) }</> },
                (None, Some(error)) => html! { <ErrorPanel what={i.t(Msg::RelationsFailed)} error={error.clone()} retry={list.reload.clone()} /> },
                (None, None) => html! { <Skeleton bare=true rows=3 /> },
            } }
            { match (*doing).clone() {
                None => html!(),
                Some(Doing::Forming) => html! { <HouseholdDialog with={with.clone()} ondone={done} onclose={close} /> },
                Some(Doing::Changing(household)) => html! { <HouseholdDialog {with} household={Some(*household)} ondone={done} onclose={close} /> },
            } }
        </Panel>
    }
}

#[derive(Properties, PartialEq)]
pub struct BalanceProps {
    pub id: Uuid,
    pub version: i64,
}

/// What a household owns and owes, each holding counted once.
#[function_component]
pub fn Balance(props: &BalanceProps) -> Html {
    let i = use_i18n();
    let id = props.id;
    let sheet = use_query::<BalanceSheet, _, _>(
        Some(format!("relations/balance/{id}/{}", props.version)),
        move || api::relations::balance_sheet(id),
    );
    let Some(sheet) = &sheet.remote.data else { return html!() };
    let line = |text: AttrValue, amount: guanxi_api::Amount, strong: bool| {
        html! { <tr class={strong.then_some("balance__sum")}><th scope="row">{ text }</th><td class="number">{ i.amount(amount) }</td></tr> }
    };
    let class = |class: BalanceClass| sheet.lines.iter().filter(move |line| line.class == class);
    html! {
        <>
            <table class="balance">
                <caption>{ i.t(Msg::HouseholdBalance { currency: &sheet.net.currency }) }</caption>
                <tbody>
                    { for class(BalanceClass::Asset).map(|l| line(l.kind.label(i), l.value.amount, false)) }
                    { line(i.t(Msg::HouseholdAssets), sheet.assets.amount, true) }
                    { for class(BalanceClass::Liability).map(|l| line(l.kind.label(i), l.value.amount, false)) }
                    { line(i.t(Msg::HouseholdLiabilities), sheet.liabilities.amount, true) }
                    { line(i.t(Msg::HouseholdNet), sheet.net.amount, true) }
                </tbody>
            </table>
            <p class="small muted">
                if sheet.joint_holdings > 0 { { i.t(Msg::HouseholdJoint { count: &sheet.joint_holdings.to_string() }) } }
                if sheet.hidden_members > 0 { { " " }{ i.t(Msg::HouseholdPartial) } }
            </p>
        </>
    }
}

#[derive(Properties, PartialEq)]
pub struct HouseholdDialogProps {
    /// The customer with whom a new one begins.
    #[prop_or_default]
    pub with: Option<(Uuid, AttrValue)>,
    #[prop_or_default]
    pub household: Option<Household>,
    pub ondone: Callback<()>,
    pub onclose: Callback<()>,
}

/// A member as it is being entered.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
struct Entry {
    id: Uuid,
    name: String,
    role: HouseholdRole,
    primary: bool,
}

const NAME: &str = "/name";
const MEMBERS: &str = "/members";

/// Members as one value of a form.
fn written(members: &[Entry]) -> String {
    serde_json::to_string(members).unwrap_or_default()
}

fn read(value: &str) -> Vec<Entry> {
    serde_json::from_str(value).unwrap_or_default()
}

fn values_of(household: Option<&Household>, with: &(Uuid, AttrValue), i: I18n) -> Values {
    let of_member = |member: &HouseholdMember| Entry {
        id: member.customer.id,
        name: member.customer.name.clone(),
        role: member.role,
        primary: member.primary,
    };
    let members = match household {
        Some(household) => household.members.iter().map(of_member).collect(),
        None => {
            vec![Entry { id: with.0, name: with.1.to_string(), role: HouseholdRole::Head, primary: true }]
        }
    };
    let name = household.map_or_else(
        || i.t(Msg::HouseholdNameOf { name: &with.1 }).to_string(),
        |household| household.name.clone(),
    );
    values([(NAME, name), (MEMBERS, written(&members))])
}

/// Forms a household or changes it.
#[function_component]
pub fn HouseholdDialog(props: &HouseholdDialogProps) -> Html {
    let (i, toasts) = (use_i18n(), use_toasts());
    let HouseholdDialogProps { with, household, ondone, .. } = props;
    let first = with.clone().unwrap_or_default();
    let form = use_form(cb!((toasts, ondone), |()| {
        toasts.say(i.t(Msg::HouseholdSaved));
        ondone.emit(());
    }));
    let before = use_seen(household);
    let draft = use_draft(values_of(before.as_ref(), &first, i));
    let once = use_once();
    let search = use_customers(first.0);
    let members = read(&draft.at(MEMBERS));
    let set = draft.set(MEMBERS).reform(|members: Vec<Entry>| written(&members));
    let add = cb!((members, set), |choice: Option<Choice>| {
        let Some((id, name)) =
            choice.and_then(|choice| Some((Uuid::parse_str(&choice.key).ok()?, choice.text)))
        else {
            return;
        };
        if members.iter().all(|member| member.id != id) {
            let new = Entry { id, name: name.to_string(), role: HouseholdRole::Other, primary: false };
            set.emit(members.iter().cloned().chain([new]).collect());
        }
    });
    let onsubmit = cb!((form, before, draft, members, once), |event: SubmitEvent| {
        event.prevent_default();
        let new = members.iter().map(|member| NewHouseholdMember {
            customer_id: member.id,
            role: member.role,
            primary: member.primary,
        });
        let body = NewHousehold { name: draft.at(NAME).trim().to_owned(), members: new.collect() };
        let (before, once) = (before.clone(), once.clone());
        form.send(Errors::check(&body, i), async move {
            let Some(household) = before.as_ref() else {
                return once.answered(api::relations::create_household(&body, &once.key(&body)).await);
            };
            let patch = HouseholdPatch { name: Some(body.name), members: Some(body.members) };
            let newest = async { Ok(Some(api::relations::household(household.id).await?.value)) };
            before.save(api::relations::patch_household(household, &patch), newest).await
        });
    });
    let words = |pointer: &str, value: &str| match pointer {
        NAME => (i.t(Msg::HouseholdName), value.to_owned().into()),
        _ => {
            let members = read(value);
            let members = members.iter().map(|member| format!("{} ({})", member.name, member.role.label(i)));
            (i.t(Msg::HouseholdMembers), members.collect::<Vec<_>>().join(", ").into())
        }
    };
    let title = if before.is_some() { Msg::HouseholdEdit } else { Msg::HouseholdForm };
    html! {
        <Dialog title={i.t(title)} shape={Shape::Wide} onclose={props.onclose.clone()}>
            <form class="form" {onsubmit} novalidate=true>
                { draft.notice(&form, &[NAME], words) }
                <TextField id="household-name" label={i.t(Msg::HouseholdName)} value={draft.at(NAME)} oninput={draft.set(NAME)} error={form.at(NAME)} required=true />
                <ul class="lines">{ for members.iter().map(|member| entry(member, &members, &set, i)) }</ul>
                <Combobox id="household-add" label={i.t(Msg::HouseholdAdd)} {search} onchoose={add} optional=true />
                <div class="form__actions"><Button submit=true look={Look::Primary} busy={form.busy()}>{ i.t(Msg::CommonSave) }</Button></div>
            </form>
        </Dialog>
    }
}

fn entry(member: &Entry, members: &[Entry], set: &Callback<Vec<Entry>>, i: I18n) -> Html {
    let (id, members) = (member.id, members.to_vec());
    let change = |put: fn(&mut Entry, &str)| {
        cb!((members, set), |code: String| {
            set.emit(
                members
                    .iter()
                    .cloned()
                    .map(|mut member| {
                        if member.id == id {
                            put(&mut member, &code);
                        }
                        member
                    })
                    .collect(),
            );
        })
    };
    let primary = cb!((members, set), |on: bool| {
        set.emit(
            members
                .iter()
                .cloned()
                .map(|member| Entry { primary: on && member.id == id, ..member })
                .collect(),
        );
    });
    let remove = cb!((members, set), |_: MouseEvent| {
        set.emit(members.iter().filter(|member| member.id != id).cloned().collect());
    });
    html! {
        <li key={id.to_string()}>
            <span class="lines__main"><span class="name">{ member.name.clone() }</span></span>
            <Select id={format!("household-role-{id}")} label={i.t(Msg::HouseholdRoleOf { name: &member.name })} quiet_label=true options={options::<HouseholdRole>(i)} value={member.role.code()}
                onchange={change(|member, code| member.role = by_code(code).unwrap_or(member.role))} />
            <Check label={i.t(Msg::HouseholdPrimary)} checked={member.primary} onchange={primary} />
            <IconButton small=true icon={Icon::Trash} label={i.t(Msg::TeamRemove { name: &member.name })} onclick={remove} />
        </li>
    }
}
