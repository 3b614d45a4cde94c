use std::rc::Rc;

use guanxi_api::{ConflictState, FieldConflict, Page as Rows};
use web_sys::UrlSearchParams;
use yew::prelude::*;
use yew_router::Routable;
use yew_router::hooks::use_location;

use super::{Decide, words};
use crate::api;
use crate::fetch::use_query;
use crate::i18n::{I18n, Msg, use_i18n};
use crate::kept::use_kept;
use crate::labels::{Label, options};
use crate::route::{self, Route};
use crate::session::{may, right, use_me};
use crate::settings::use_settings;
use crate::ui::{
    Badge, Column, EmptyState, ErrorPanel, FilterChips, FilterField, FilterKind, FilterTerm, HelpNote, Icon,
    Link, OnPhone, Page, Pagination, Row, Skeleton, Table, Time, Tone,
};

const PAGE: u32 = 50;

/// Fields that were verified and of which another system says something else.
#[function_component]
pub fn ConflictsPage() -> Html {
    let i = use_i18n();
    let settings = use_settings();
    let me = use_me();
    let decides = me.is_some_and(|me| may(&me, right::EDIT_CUSTOMERS));
    let location = use_location();
    let params = location.and_then(|l| UrlSearchParams::new_with_str(l.query_str()).ok());
    let filter = params.and_then(|p| p.get("filter")).unwrap_or_default();
    let place = use_kept("conflicts-place", || (String::new(), Vec::<String>::new()));
    let cursors = if place.0 == filter { place.1.clone() } else { Vec::new() };
    let cursor = cursors.last().cloned().unwrap_or_default();
    let rows = use_query::<Rows<FieldConflict>, _, _>(Some(format!("conflicts?{filter}&{cursor}")), {
        let filter = filter.clone();
        move || async move { api::customers::conflicts(&filter, &cursor).await }
    });
    let columns = Rc::new(vec![
        Column::new("customer", i.t(Msg::ResourceCustomer)).phone(OnPhone::Title),
        Column::new("field", i.t(Msg::ConflictsField)).phone(OnPhone::Mark),
        Column::new("current", i.t(Msg::ConflictsCurrent)).long().phone(OnPhone::Line),
        Column::new("offered", i.t(Msg::ConflictsOffered)).long().phone(OnPhone::Line),
        Column::new("system", i.t(Msg::ConflictsSystem)).phone(OnPhone::Line),
        Column::new("offered_at", i.t(Msg::ConflictsOfferedAt)).phone(OnPhone::Line),
        Column::new("decision", i.t(Msg::ConflictsDecision)).phone(OnPhone::Line),
    ]);
    let fields = vec![FilterField {
        key: "state".into(),
        label: i.t(Msg::FieldStatus),
        kind: FilterKind::Codes(options::<ConflictState>(i)),
        nullable: false,
    }];
    let read = FilterTerm::read_all(&filter, &fields);
    let foreign = read.is_none().then(|| AttrValue::from(filter.clone()));
    let set_terms = Callback::from(|terms: Vec<FilterTerm>| {
        let query = api::query(&[("filter", &FilterTerm::write_all(&terms))]);
        route::go(&format!("{}{query}", Route::FieldConflicts.to_path()));
    });
    let go_to = |cursors: Vec<String>| {
        let (place, filter) = (place.clone(), filter.clone());
        Callback::from(move |()| place.set((filter.clone(), cursors.clone())))
    };
    let data = rows.remote.data.clone();
    let next = data
        .as_ref()
        .and_then(|rows| rows.page.next.clone())
        .map(|next| go_to(cursors.iter().cloned().chain([next]).collect()));
    let back = cursors.split_last().map(|(_, before)| go_to(before.to_vec()));
    html! {
        <Page title={i.t(Msg::ConflictsTitle)} fill=true>
            <HelpNote text={i.t(Msg::ConflictsHelp)} />
            <div class="filters" role="search"><FilterChips {fields} terms={read.unwrap_or_default()} {foreign} onchange={set_terms} /></div>
            { match (data, &rows.remote.error) {
                (Some(data), _) if data.data.is_empty() => html! { <EmptyState icon={Icon::ListChecks} title={i.t(Msg::ConflictsNone)} text={i.t(Msg::ConflictsNoneText)} /> },
                (Some(data), _) => html! {
                    <>
                        <Table caption={i.t(Msg::ConflictsTitle)} {columns} letters={settings.now.shortcuts}
                            rows={data.data.iter().map(|conflict| row(conflict, decides, &rows.reload, i)).collect::<Vec<_>>()} />
                        <Pagination before={cursors.len() as u32 * PAGE} rows={data.data.len() as u32} last={data.page.next.is_none()} onback={back} onnext={next} />
                    </>
                },
                (None, Some(error)) => html! { <ErrorPanel what={i.t(Msg::ConflictsFailed)} error={error.clone()} retry={rows.reload.clone()} /> },
                (None, None) => html! { <Skeleton rows=12 /> },
            } }
        </Page>
    }
}

fn row(conflict: &FieldConflict, decides: bool, reload: &Callback<()>, i: I18n) -> Row {
    let (field, current) = words(&conflict.field, conflict.current.as_ref(), i);
    let (_, offered) = words(&conflict.field, conflict.offered.as_ref(), i);
    let to = Route::Customer { id: conflict.customer.id }.to_path();
    let decision = match conflict.state {
        ConflictState::Open if decides => {
            html! { <Decide conflict={conflict.clone()} ondone={reload.clone()} /> }
        }
        state => html! {
            <>
                <Badge tone={if state == ConflictState::Open { Tone::Warning } else { Tone::Neutral }}>{ state.label(i) }</Badge>
                if let Some(who) = &conflict.resolved_by { <span class="small muted">{ " " }{ &who.display_name }</span> }
            </>
        },
    };
    Row {
        key: conflict.id.to_string().into(),
        name: format!("{} {field}", conflict.customer.name).into(),
        off: conflict.state != ConflictState::Open,
        cells: vec![
            html! { <Link {to} class="table__link">{ &conflict.customer.name }</Link> },
            html! { { field } },
            html! { <span title={current.clone()}>{ &current }</span> },
            html! { <b title={offered.clone()}>{ &offered }</b> },
            html! { { &conflict.system } },
            html! { <Time at={conflict.offered_at} relative=true /> },
            decision,
        ],
    }
}
