use std::rc::Rc;

use guanxi_api::{LeaderVisit, VisitPlan};
use uuid::Uuid;
use yew::prelude::*;
use yew_router::Routable;

use super::pages::{Pages, use_pages};
use crate::api;
use crate::checks::Errors;
use crate::form::use_form;
use crate::i18n::{I18n, Msg, use_i18n};
use crate::labels::Label;
use crate::route::Route;
use crate::session::{may, right, use_me};
use crate::settings::use_settings;
use crate::ui::{
    Badge, Button, Column, DateField, Dialog, EmptyState, HelpNote, Icon, Link, Look, OnPhone, Panel, Row,
    Select, Table, TextArea, TierMark, Tone, date_of, use_toasts,
};

/// Which visits one looks at.
const ARREARS: &str = "arrears";
const OWN: &str = "own";

/// When leaders are to visit customers, and who is in arrears.
#[function_component]
pub fn VisitsTab() -> Html {
    let i = use_i18n();
    let me = use_me();
    let plans = me.as_ref().filter(|me| may(me, right::PLAN_VISITS)).map(|me| me.id);
    let kind = use_state(|| if plans.is_some() { OWN.to_owned() } else { String::new() });
    let filter = match (kind.as_str(), plans) {
        (OWN, Some(id)) => format!("leader_id eq \"{id}\""),
        (ARREARS, _) => format!("due_on lt \"{}\"", i.today()),
        _ => String::new(),
    };
    let visits = use_pages(format!("visits/{filter}"), move |cursor| async move {
        api::ownership::visits(&filter, &cursor).await
    });
    let restart = visits.restart();
    let choose = cb!((kind, restart), |code: String| {
        restart.emit(());
        kind.set(code);
    });
    let mut kinds = vec![(ARREARS.into(), i.t(Msg::VisitArrears))];
    if plans.is_some() {
        kinds.insert(0, (OWN.into(), i.t(Msg::VisitOwn)));
    }
    html! {
        <>
            <HelpNote text={i.t(Msg::VisitHelp)} />
            <div class="list-bar"><Select id="visit-kind" label={i.t(Msg::OwnershipKind)} options={kinds} none={i.t(Msg::OwnershipAll)} value={(*kind).clone()} onchange={choose} /></div>
            <List visits={Rc::new(visits)} names=true />
        </>
    }
}

#[derive(Properties, PartialEq)]
pub struct VisitsPanelProps {
    /// Of the customer.
    pub id: Uuid,
}

/// The visits of leaders to one customer.
#[function_component]
pub fn VisitsPanel(props: &VisitsPanelProps) -> Html {
    let i = use_i18n();
    let id = props.id;
    let visits = use_pages(format!("visits/of/{id}"), move |cursor| async move {
        api::ownership::visits(&format!("customer_id eq \"{id}\""), &cursor).await
    });
    html! { <Panel title={i.t(Msg::VisitTitle)}><List visits={Rc::new(visits)} /></Panel> }
}

#[derive(Properties)]
struct ListProps {
    visits: Rc<Pages<LeaderVisit>>,
    /// With the names of customers.
    #[prop_or_default]
    names: bool,
}

impl PartialEq for ListProps {
    /// What is read may be another page without being another list.
    fn eq(&self, _: &Self) -> bool {
        false
    }
}

#[function_component]
fn List(props: &ListProps) -> Html {
    let (i, toasts, settings) = (use_i18n(), use_toasts(), use_settings());
    let me = use_me();
    let planning = use_state(|| None::<LeaderVisit>);
    let plans = me.as_ref().filter(|me| may(me, right::PLAN_VISITS)).map(|me| me.id);
    let names = props.names;
    let row = |visit: &LeaderVisit| {
        let plan = cb!((planning, visit), |_: MouseEvent| planning.set(Some(visit.clone())));
        let acts = html! {
            <span class="acts">
                if plans == Some(visit.leader.id) && visit.planned_on.is_none() {
                    <Button small=true icon={Icon::Calendar} onclick={plan}>{ i.t(Msg::VisitPlan) }</Button>
                }
            </span>
        };
        let mut cells = vec![
            html! { { &visit.leader.display_name } },
            due(visit, i),
            html! { { visit.role.label(i) } },
            html! { { visit.last_visited_on.map(|day| day.to_string()).unwrap_or_else(|| i.t(Msg::VisitNever).to_string()) } },
            html! { { visit.planned_on.map(|day| day.to_string()).unwrap_or_default() } },
            html! { { i.t(Msg::VisitEvery { days: &i.number(visit.interval_days) }) } },
        ];
        if names {
            cells.splice(0..0, [
                html! { <Link to={Route::Customer { id: visit.customer.id }.to_path()} class="table__link">{ &visit.customer.name }</Link> },
                html! { <TierMark tier={visit.customer.tier} /> },
            ]);
        }
        cells.push(acts);
        Row { key: visit.id.to_string().into(), name: visit.customer.name.clone().into(), off: false, cells }
    };
    let mut columns = vec![
        Column::new("leader", i.t(Msg::VisitLeader)).phone(if names {
            OnPhone::Line
        } else {
            OnPhone::Title
        }),
        Column::new("due", i.t(Msg::VisitDue)).phone(if names { OnPhone::Named } else { OnPhone::Mark }),
        Column::new("role", i.t(Msg::VisitRole)),
        Column::new("last", i.t(Msg::VisitLast)).phone(OnPhone::Named),
        Column::new("planned", i.t(Msg::VisitPlanned)).phone(OnPhone::Named),
        Column::new("every", i.t(Msg::VisitInterval)),
    ];
    if names {
        columns.splice(
            0..0,
            [
                Column::new("name", i.t(Msg::FieldName)).phone(OnPhone::Title),
                Column::new("tier", i.t(Msg::FieldTier)).phone(OnPhone::Mark),
            ],
        );
    }
    columns.push(Column::new("acts", i.t(Msg::OwnershipActs)).phone(OnPhone::Line));
    let columns = Rc::new(columns);
    let empty = html! { <EmptyState icon={Icon::CalendarCheck} title={i.t(Msg::VisitsNone)} text={i.t(Msg::VisitsNoneText)} /> };
    let table = |rows: &[LeaderVisit]| {
        html! { <Table plain=true caption={i.t(Msg::VisitTitle)} {columns} letters={settings.now.shortcuts} rows={rows.iter().map(row).collect::<Vec<_>>()} /> }
    };
    let reload = props.visits.reload();
    let done = cb!((planning, reload, toasts), |()| {
        planning.set(None);
        toasts.say(i.t(Msg::VisitWasPlanned));
        reload.emit(());
    });
    html! {
        <>
            { props.visits.show(empty, table, i) }
            if let Some(visit) = &*planning { <PlanDialog visit={visit.clone()} ondone={done} onclose={cb!((planning), |()| planning.set(None))} /> }
        </>
    }
}

/// The day, and how long ago it was.
fn due(visit: &LeaderVisit, i: I18n) -> Html {
    let late = i.number(visit.arrears_days);
    html! {
        <span class="badges">
            <span class="nowrap">{ visit.due_on.to_string() }</span>
            if visit.arrears_days > 0 { <Badge tone={Tone::Bad}>{ i.t(Msg::VisitLate { days: &late }) }</Badge> }
        </span>
    }
}

#[derive(Properties, PartialEq)]
struct PlanProps {
    visit: LeaderVisit,
    ondone: Callback<()>,
    onclose: Callback<()>,
}

/// Plans one's own visit for a day.
#[function_component]
fn PlanDialog(props: &PlanProps) -> Html {
    let i = use_i18n();
    let form = use_form(props.ondone.clone());
    let on = use_state(|| i.today().to_string());
    let notes = use_state(String::new);
    let id = props.visit.id;
    let onsubmit = cb!((form, on, notes), |event: SubmitEvent| {
        event.prevent_default();
        let mut errors = Errors::default();
        let day = date_of(&on, i).unwrap_or_else(|wrong| {
            errors.add("/planned_on", wrong);
            None
        });
        let plan = VisitPlan {
            planned_on: day.unwrap_or_else(|| i.today()),
            notes: Some(notes.trim().to_owned()).filter(|notes| !notes.is_empty()),
        };
        form.send(errors, async move { api::ownership::plan_visit(id, &plan).await.map(drop) });
    });
    html! {
        <Dialog title={i.t(Msg::VisitPlanTitle { name: &props.visit.customer.name })} onclose={props.onclose.clone()}>
            <form class="form" {onsubmit} novalidate=true>
                <DateField id="visit-on" label={i.t(Msg::VisitOn)} value={(*on).clone()} oninput={cb!((on), |text: String| on.set(text))} error={form.at("/planned_on")} />
                <TextArea id="visit-notes" label={i.t(Msg::HandoverNote)} value={(*notes).clone()} optional=true oninput={cb!((notes), |text: String| notes.set(text))} error={form.at("/notes")} />
                { form.notice(&["/planned_on", "/notes"]) }
                <div class="form__actions"><Button submit=true look={Look::Primary} busy={form.busy()}>{ i.t(Msg::VisitPlan) }</Button></div>
            </form>
        </Dialog>
    }
}
