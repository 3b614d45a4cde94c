use std::rc::Rc;

use guanxi_api::{AuditEntry, ExportList, FieldChange, OrgUnit, Page as Rows};
use serde_json::Value;
use web_sys::UrlSearchParams;
use yew::prelude::*;
use yew_router::Routable;
use yew_router::hooks::use_location;

use super::words::{action_words, field_words, resource_words, verb_words};
use super::{colleagues_in, name_of};
use crate::customers::fact_words;
use crate::exports::ExportButton;
use crate::fetch::use_query;
use crate::i18n::{I18n, Msg, use_i18n};
use crate::kept::use_kept;
use crate::names::{self, Named, use_names};
use crate::org::{EVERYONE, use_colleagues, use_units, use_user_names};
use crate::route::{self, Route};
use crate::session::{may, right, use_me};
use crate::settings::use_settings;
use crate::ui::{
    Button, Changes, Column, Dialog, EmptyState, ErrorPanel, FilterChips, FilterField, FilterKind,
    FilterTerm, HelpNote, HistoryChange, Icon, Link, Look, OnPhone, Page, Pagination, Row, Skeleton, Table,
    use_toasts,
};
use crate::{api, dom};

const PAGE: u32 = 50;

/// What an entry is about: its kind and, where it is known, its name with the way to it.
#[derive(Clone, PartialEq)]
struct Object {
    kind: AttrValue,
    name: Option<AttrValue>,
    to: Option<AttrValue>,
}

impl Object {
    fn of(entry: &AuditEntry, units: &[OrgUnit], i: I18n) -> Self {
        let myself = entry.resource_id.filter(|id| entry.actor.id == Some(*id));
        let name = match myself {
            Some(_) => Some(entry.actor.name.clone()),
            None => entry.resource_id.and_then(names::known),
        };
        let unit = units.iter().find(|unit| Some(unit.id) == entry.resource_id);
        let unit = unit.map(|unit| unit.name.in_language(i.lang).to_owned());
        let to = entry.resource_id.and_then(|id| match entry.resource_type.as_str() {
            "customer" => Some(Route::Customer { id }),
            "user" => Some(Route::User { id }),
            "org_unit" => Some(Route::Units),
            _ => None,
        });
        Object {
            kind: resource_words(&entry.resource_type, i)
                .unwrap_or_else(|| entry.resource_type.clone().into()),
            name: name.or(unit).map(AttrValue::from),
            to: to.map(|to| to.to_path().into()),
        }
    }

    fn draw(&self) -> Html {
        match (&self.name, &self.to) {
            (Some(name), Some(to)) => {
                html! { <><span class="muted">{ &self.kind }</span>{ " " }<Link {to} class="link">{ name }</Link></> }
            }
            _ => html! { <span class="muted">{ &self.kind }</span> },
        }
    }
}

/// Whose name an entry needs.
fn named(entry: &AuditEntry) -> Option<(Named, uuid::Uuid)> {
    let id = entry.resource_id.filter(|id| entry.actor.id != Some(*id))?;
    match entry.resource_type.as_str() {
        "customer" => Some((Named::Customer, id)),
        "user" => Some((Named::User, id)),
        _ => None,
    }
}

fn field_name(field: &str, i: I18n) -> AttrValue {
    field_words(field, &Value::Null, i).0
}

fn row(entry: &AuditEntry, object: &Object, open: &Callback<AuditEntry>, i: I18n) -> Row {
    let fields: Vec<String> =
        entry.changes.iter().map(|change| field_name(&change.field, i).to_string()).collect();
    let fields = fields.join(&i.t(Msg::CommonListComma));
    let reason = entry.reason.clone().unwrap_or_default();
    let what = verb_words(&entry.action, i).unwrap_or_else(|| entry.action.clone().into());
    let onclick = cb!((open, entry), |_: MouseEvent| open.emit(entry.clone()));
    Row {
        key: entry.id.to_string().into(),
        name: action_words(&entry.action, i),
        off: false,
        cells: vec![
            html! { <time datetime={entry.at.to_string()} class="nowrap">{ i.second(entry.at) }</time> },
            html! { { &entry.actor.name } },
            html! { <button type="button" class="table__link" aria-haspopup="dialog" {onclick}>{ what.trim_end_matches(['：', ':']) }</button> },
            object.draw(),
            html! { <span title={fields.clone()}>{ &fields }</span> },
            html! { <span title={reason.clone()}>{ &reason }</span> },
            html! { { entry.seq.clone().unwrap_or_default() } },
        ],
    }
}

/// Who did what, over everything.
#[function_component]
pub fn AuditPage() -> Html {
    let i = use_i18n();
    let settings = use_settings();
    let units = use_units();
    let location = use_location();
    let params = location.and_then(|l| UrlSearchParams::new_with_str(l.query_str()).ok());
    let filter = params.and_then(|p| p.get("filter")).unwrap_or_default();
    let place = use_kept("audit-place", || (String::new(), Vec::<String>::new()));
    let open = use_state(|| None::<AuditEntry>);
    let cursors = if place.0 == filter { place.1.clone() } else { Vec::new() };
    let cursor = cursors.last().cloned().unwrap_or_default();
    let rows = use_query::<Rows<AuditEntry>, _, _>(Some(format!("audit?{filter}&{cursor}")), {
        let filter = filter.clone();
        move || async move { api::audit::list(&filter, &cursor).await }
    });
    let data = rows.remote.data.clone();
    // The trail itself holds ids only, so that no name stands in it for ever.
    use_names(data.iter().flat_map(|rows| &rows.data).filter_map(named).collect());
    let object = |entry: &AuditEntry| Object::of(entry, &units, i);
    let search = use_colleagues(EVERYONE);
    let ids = filter.split('"').filter_map(|part| uuid::Uuid::parse_str(part).ok()).collect();
    let actors = use_user_names(ids, true);

    let columns = Rc::new(vec![
        Column::new("at", i.t(Msg::AuditAt)).phone(OnPhone::Line),
        Column::new("actor", i.t(Msg::AuditActor)).phone(OnPhone::Line),
        Column::new("action", i.t(Msg::AuditAction)).phone(OnPhone::Title),
        Column::new("resource", i.t(Msg::AuditResource)).phone(OnPhone::Line),
        Column::new("changes", i.t(Msg::AuditChanges)).long(),
        Column::new("reason", i.t(Msg::AuditReason)).long().phone(OnPhone::Line),
        Column::new("seq", i.t(Msg::AuditSeq)).number(),
    ]);
    let codes = |list: &[&'static str], words: &dyn Fn(&str) -> AttrValue| {
        FilterKind::Codes(list.iter().map(|code| (AttrValue::Static(code), words(code))).collect())
    };
    let actions = [
        "customer.created",
        "customer.updated",
        "customer.revealed",
        "customer.assigned",
        "customer.archived",
        "customer.restored",
        "user.created",
        "user.updated",
        "user.archived",
        "user.restored",
        "org_unit.created",
        "org_unit.updated",
    ];
    let field = |key: &'static str, label, kind| FilterField {
        key: key.into(),
        label: i.t(label),
        kind,
        nullable: false,
    };
    let fields = vec![
        field("action", Msg::AuditAction, codes(&actions, &|code| action_words(code, i))),
        field(
            "resource_type",
            Msg::AuditResource,
            codes(&["customer", "interaction", "task", "job", "user", "org_unit"], &|code| {
                resource_words(code, i).unwrap_or_default()
            }),
        ),
        field("actor_id", Msg::AuditActor, FilterKind::Found { search, names: actors }),
    ];
    let actions = html! {
        <ExportButton list={ExportList::AuditEntries} filter={filter.clone()} narrowed={FilterTerm::all_in_words(&filter, &fields, i)} />
    };
    let read = FilterTerm::read_all(&filter, &fields);
    let foreign = read.is_none().then(|| AttrValue::from(filter.clone()));
    let set_terms = Callback::from(|terms: Vec<FilterTerm>| {
        route::go(&format!(
            "{}{}",
            Route::Audit.to_path(),
            api::query(&[("filter", &FilterTerm::write_all(&terms))])
        ));
    });
    let go_to = |cursors: Vec<String>| {
        let (place, filter) = (place.clone(), filter.clone());
        Callback::from(move |()| place.set((filter.clone(), cursors.clone())))
    };
    let next = data
        .as_ref()
        .and_then(|rows| rows.page.next.clone())
        .map(|next| go_to(cursors.iter().cloned().chain([next]).collect()));
    let back = cursors.split_last().map(|(_, before)| go_to(before.to_vec()));
    let show = cb!((open), |entry: AuditEntry| open.set(Some(entry)));
    let onclose = cb!((open), |()| open.set(None));
    html! {
        <Page title={i.t(Msg::AuditTitle)} fill=true {actions}>
            <HelpNote text={i.t(Msg::AuditHelp)} />
            <div class="filters" role="search"><FilterChips {fields} terms={read.unwrap_or_default()} {foreign} onchange={set_terms} /></div>
            { match (data, &rows.remote.error) {
                (Some(data), _) if data.data.is_empty() => html! { <EmptyState icon={Icon::ScrollText} title={i.t(Msg::AuditNone)} text={i.t(Msg::AuditNoneText)} /> },
                (Some(data), _) => html! {
                    <>
                        <Table caption={i.t(Msg::AuditTitle)} {columns} letters={settings.now.shortcuts}
                            rows={data.data.iter().map(|entry| row(entry, &object(entry), &show, i)).collect::<Vec<_>>()} />
                        <Pagination before={cursors.len() as u32 * PAGE} rows={data.data.len() as u32} last={data.page.next.is_none()} onback={back} onnext={next} />
                    </>
                },
                (None, Some(error)) => html! { <ErrorPanel what={i.t(Msg::AuditFailed)} error={error.clone()} retry={rows.reload.clone()} /> },
                (None, None) => html! { <Skeleton rows=12 /> },
            } }
            if let Some(entry) = &*open {
                <EntryDialog entry={entry.clone()} object={object(entry)} {onclose} />
            }
        </Page>
    }
}

#[derive(Properties, PartialEq)]
struct EntryDialogProps {
    entry: AuditEntry,
    object: Object,
    onclose: Callback<()>,
}

/// Everything that an entry holds.
#[function_component]
fn EntryDialog(props: &EntryDialogProps) -> Html {
    let i = use_i18n();
    let toasts = use_toasts();
    let me = use_me();
    let units = use_units();
    let entry = &props.entry;
    let names = use_user_names(
        colleagues_in(std::iter::once(entry)),
        me.as_ref().is_some_and(|me| may(me, right::VIEW_USERS)),
    );
    let words = |field: &str, value: &Option<Value>| {
        let value = value.as_ref().filter(|value| !value.is_null())?;
        let words = match name_of(field, value, &units, &names, i) {
            Some(name) => name,
            None => fact_words(field, value, i).unwrap_or_else(|| field_words(field, value, i)).1,
        };
        Some(words).filter(|words| !words.is_empty())
    };
    let change = |change: &FieldChange| HistoryChange {
        field: field_name(&change.field, i),
        before: words(&change.field, &change.before),
        after: words(&change.field, &change.after),
    };
    let seen = entry.action.ends_with(".revealed");
    let fields: Vec<String> =
        entry.changes.iter().map(|change| field_name(&change.field, i).to_string()).collect();
    let request = entry.request_id.clone();
    let copy = cb!((request, toasts), |_: MouseEvent| {
        dom::copy(&request);
        toasts.say(i.t(Msg::CommonCopied));
    });
    let fact = |label: Msg<'_>, value: Html| html! { <><dt>{ i.t(label) }</dt><dd>{ value }</dd></> };
    let close = props.onclose.clone();
    let footer = html! { <Button onclick={move |_| close.emit(())}>{ i.t(Msg::CommonClose) }</Button> };
    html! {
        <Dialog title={action_words(&entry.action, i).trim_end_matches(['：', ':']).to_owned()} onclose={props.onclose.clone()} {footer}>
            <dl class="details">
                { fact(Msg::AuditAt, html! { { i.second(entry.at) } }) }
                { fact(Msg::AuditActor, html! { { &entry.actor.name } }) }
                { fact(Msg::AuditResource, props.object.draw()) }
                if let Some(reason) = &entry.reason { { fact(Msg::AuditReason, html! { { reason } }) } }
                if let Some(seq) = &entry.seq { { fact(Msg::AuditSeq, html! { { seq } }) } }
                { fact(Msg::AuditRequest, html! {
                    <span class="row"><span class="mono">{ &entry.request_id }</span><Button small=true look={Look::Quiet} icon={Icon::Copy} onclick={copy}>{ i.t(Msg::CommonCopy) }</Button></span>
                }) }
                if seen { { fact(Msg::AuditSeen, html! { { fields.join(&i.t(Msg::CommonListComma)) } }) } }
            </dl>
            if !seen && !entry.changes.is_empty() {
                <h3>{ i.t(Msg::AuditChanges) }</h3>
                <Changes changes={entry.changes.iter().map(change).collect::<Vec<_>>()} />
            }
        </Dialog>
    }
}
