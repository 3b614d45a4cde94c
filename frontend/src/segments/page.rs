use std::collections::HashMap;

use guanxi_api::{Money, ProductKind, Segment, SegmentReport, SegmentScheme, SegmentSchemes};
use uuid::Uuid;
use yew::prelude::*;
use yew_router::Routable;

use super::form::{SchemeForm, SegmentForm, Trial};
use super::rule::in_words;
use crate::api;
use crate::fetch::{self, use_query};
use crate::i18n::{I18n, Msg, use_i18n};
use crate::labels::Label;
use crate::route::Route;
use crate::session::{may, right, use_me};
use crate::ui::{
    Badge, Button, ConfirmDialog, ErrorPanel, HelpNote, Icon, Link, Look, Menu, MenuItem, Page, Panel,
    Skeleton, Tone, use_toasts,
};

#[derive(Clone, PartialEq)]
enum Doing {
    NewScheme,
    EditScheme(Uuid),
    /// A segment of a scheme.
    New(Uuid),
    Edit(Uuid),
    Archive(Kept),
    Trying,
}

/// What can be taken out of use and back into it.
#[derive(Clone, PartialEq)]
struct Kept {
    /// The path of its kind.
    of: &'static str,
    id: Uuid,
    version: i64,
    name: AttrValue,
}

const SCHEMES: &str = "segment-schemes";
const SEGMENTS: &str = "segments";

/// How many customers, and what they have.
#[derive(Clone, PartialEq)]
struct Share {
    customers: i64,
    aum: Money,
}

/// The figures of the page, by segments and by schemes.
#[derive(Clone, PartialEq, Default)]
struct Shares {
    known: bool,
    segments: HashMap<Uuid, Share>,
    unplaced: HashMap<Uuid, Share>,
}

impl Shares {
    fn of(report: &SegmentReport) -> Self {
        let share = |customers: i64, aum: &Money| Share { customers, aum: aum.clone() };
        Shares {
            known: true,
            segments: report.segments.iter().map(|s| (s.segment_id, share(s.customers, &s.aum))).collect(),
            unplaced: report.unplaced.iter().map(|s| (s.scheme_id, share(s.customers, &s.aum))).collect(),
        }
    }
}

/// What drawing a segment takes along.
struct Drawing {
    i: I18n,
    shares: Shares,
    /// Leads to the customers.
    lists: bool,
    /// What can be done with a segment, for whoever may change it.
    acts: Option<Acts>,
}

/// Begins to change a segment, or puts it back into use.
struct Acts {
    begin: Callback<Doing>,
    keep: Callback<(Kept, bool)>,
}

fn item(icon: Icon, text: AttrValue, run: Callback<()>) -> MenuItem {
    MenuItem::Action { icon: Some(icon), text, danger: false, run }
}

impl Acts {
    fn menu(&self, segment: &Segment, i: I18n) -> Html {
        let name: AttrValue = segment.name.in_language(i.lang).to_owned().into();
        let kept = Kept { of: SEGMENTS, id: segment.id, version: segment.version, name: name.clone() };
        let Acts { begin, keep } = self;
        let start = |doing: Doing| cb!((begin), |()| begin.emit(doing.clone()));
        let items = if segment.archived_at.is_some() {
            let restore = cb!((keep, kept), |()| keep.emit((kept.clone(), false)));
            vec![item(Icon::ArchiveRestore, i.t(Msg::SegmentsRestore), restore)]
        } else {
            vec![
                item(Icon::Pencil, i.t(Msg::SegmentsEdit), start(Doing::Edit(segment.id))),
                item(Icon::Archive, i.t(Msg::SegmentsArchive), start(Doing::Archive(kept))),
            ]
        };
        html! { <Menu label={i.t(Msg::SegmentsMenu { name: &name })} button={Icon::Ellipsis.draw()} {items} /> }
    }
}

/// The schemes, each with its segments.
#[function_component]
pub fn SegmentsPage() -> Html {
    let i = use_i18n();
    let (me, toasts) = (use_me(), use_toasts());
    let doing = use_state(|| None::<Doing>);
    let busy = use_state(|| false);
    let can = |right: &str| me.as_ref().is_some_and(|me| may(me, right));
    let (manage, reports) = (can(right::MANAGE_SEGMENTS), can(right::VIEW_REPORTS));
    let query = use_query::<SegmentSchemes, _, _>(Some("segments/all".into()), api::segments::schemes);
    let report =
        use_query::<SegmentReport, _, _>(reports.then(|| "segments/report".into()), api::segments::report);
    let (reload, recount) = (query.reload.clone(), report.reload.clone());
    let renew = cb!((reload, recount), |()| {
        fetch::forget("segment");
        reload.emit(());
        recount.emit(());
    });
    let close = cb!((doing), |()| doing.set(None));
    let start = |what: Doing| cb!((doing), |_: MouseEvent| doing.set(Some(what.clone())));
    let done = |said: Msg<'static>| {
        cb!((doing, renew, toasts), |()| {
            doing.set(None);
            renew.emit(());
            toasts.say(i.t(said));
        })
    };
    let keep = cb!((doing, busy, renew, toasts), |(kept, archive): (Kept, bool)| {
        if *busy {
            return;
        }
        busy.set(true);
        spawn!((doing, busy, renew, toasts, kept), {
            let outcome = api::segments::keep(kept.of, kept.id, kept.version, archive).await;
            busy.set(false);
            match outcome {
                Ok(()) => {
                    let name = kept.name.as_str();
                    toasts.say(i.t(if archive {
                        Msg::SegmentsArchived { name }
                    } else {
                        Msg::SegmentsRestored { name }
                    }));
                }
                Err(error) => toasts.fail(&error, i),
            }
            doing.set(None);
            renew.emit(());
        });
    });
    let begin = |what: Doing| cb!((doing), |()| doing.set(Some(what.clone())));
    let of_scheme = |scheme: &SegmentScheme| Kept {
        of: SCHEMES,
        id: scheme.id,
        version: scheme.version,
        name: scheme.name.in_language(i.lang).to_owned().into(),
    };
    let acts =
        manage.then(|| Acts { begin: cb!((doing), |what: Doing| doing.set(Some(what))), keep: keep.clone() });
    let shares = report.remote.data.as_ref().map(|report| Shares::of(report)).unwrap_or_default();
    let drawing = Drawing { i, shares, lists: can(right::VIEW_SEGMENTS), acts };
    let scheme = |scheme: &SegmentScheme| {
        let items = vec![
            item(Icon::Pencil, i.t(Msg::SegmentsEditScheme), begin(Doing::EditScheme(scheme.id))),
            item(Icon::Archive, i.t(Msg::SegmentsArchiveScheme), begin(Doing::Archive(of_scheme(scheme)))),
        ];
        let name = scheme.name.in_language(i.lang).to_owned();
        let actions = html! {
            if manage {
                <Button small=true icon={Icon::Plus} onclick={start(Doing::New(scheme.id))}>{ i.t(Msg::SegmentsNew) }</Button>
                <Menu label={i.t(Msg::SegmentsMenu { name: &name })} button={Icon::Ellipsis.draw()} {items} />
            }
        };
        drawn(scheme, actions, &drawing)
    };
    let actions = html! {
        if manage {
            <Button look={Look::Primary} icon={Icon::Plus} onclick={start(Doing::NewScheme)}>{ i.t(Msg::SegmentsNewScheme) }</Button>
        } else if can(right::PREVIEW_SEGMENTS) {
            <Button icon={Icon::ListFilter} onclick={start(Doing::Trying)}>{ i.t(Msg::SegmentsTry) }</Button>
        }
    };
    let all = query.remote.data.clone();
    let known = all.as_ref().map(|all| all.schemes.as_slice()).unwrap_or_default();
    let (in_use, archived): (Vec<_>, Vec<_>) = known.iter().partition(|scheme| scheme.archived_at.is_none());
    let dialog = match (*doing).clone() {
        None => html!(),
        Some(Doing::Trying) => html! { <Trial onclose={close} /> },
        Some(Doing::NewScheme) => {
            html! { <SchemeForm ondone={done(Msg::SegmentsSchemeSaved)} onstale={reload} onclose={close} /> }
        }
        Some(Doing::EditScheme(id)) => match known.iter().find(|scheme| scheme.id == id) {
            Some(scheme) => {
                html! { <SchemeForm scheme={Some(scheme.clone())} ondone={done(Msg::SegmentsSchemeSaved)} onstale={reload} onclose={close} /> }
            }
            None => html!(),
        },
        Some(Doing::New(id)) => {
            let of = known.iter().find(|scheme| scheme.id == id);
            let last = of.and_then(|scheme| scheme.segments.iter().map(|segment| segment.rank).max());
            let rank = last.map_or(10, |last| (last / 10 + 1).saturating_mul(10)).min(1_000);
            html! { <SegmentForm scheme={id} {rank} ondone={done(Msg::SegmentsSaved)} onstale={reload} onclose={close} /> }
        }
        Some(Doing::Edit(id)) => {
            match known.iter().flat_map(|scheme| &scheme.segments).find(|segment| segment.id == id) {
                Some(segment) => {
                    html! { <SegmentForm scheme={segment.scheme_id} segment={Some(segment.clone())} ondone={done(Msg::SegmentsSaved)} onstale={reload} onclose={close} /> }
                }
                None => html!(),
            }
        }
        Some(Doing::Archive(kept)) => {
            let name = kept.name.as_str();
            let (title, text) = if kept.of == SCHEMES {
                (Msg::SegmentsArchiveScheme, Msg::SegmentsArchiveSchemeText { name })
            } else {
                (Msg::SegmentsArchive, Msg::SegmentsArchiveText { name })
            };
            let onconfirm = cb!((keep, kept), |()| keep.emit((kept.clone(), true)));
            html! {
                <ConfirmDialog title={i.t(title)} action={i.t(title)} busy={*busy} {onconfirm} onclose={close}><p>{ i.t(text) }</p></ConfirmDialog>
            }
        }
    };
    let restorable = |scheme: &&SegmentScheme| {
        let kept = of_scheme(scheme);
        let name = kept.name.clone();
        let onclick = cb!((keep), |_: MouseEvent| keep.emit((kept.clone(), false)));
        html! {
            <li key={scheme.id.to_string()} class="row"><span>{ name }</span><Button small=true icon={Icon::ArchiveRestore} {onclick}>{ i.t(Msg::SegmentsRestoreScheme) }</Button></li>
        }
    };
    html! {
        <Page title={i.t(Msg::NavSegments)} {actions}>
            <HelpNote text={i.t(Msg::SegmentsHelp)} />
            { match (&all, &query.remote.error) {
                (Some(_), _) => html! {
                    <div class="stack">
                        { for in_use.iter().map(|one| scheme(one)) }
                        if manage && !archived.is_empty() {
                            <details class="more">
                                <summary>{ i.t(Msg::SegmentsArchivedCount { count: &archived.len().to_string() }) }</summary>
                                <ul class="cohorts__archived">{ for archived.iter().map(restorable) }</ul>
                            </details>
                        }
                    </div>
                },
                (None, Some(error)) => html! { <ErrorPanel what={i.t(Msg::SegmentsFailed)} error={error.clone()} retry={query.reload.clone()} /> },
                (None, None) => html! { <Skeleton bare=true rows=8 /> },
            } }
            { dialog }
        </Page>
    }
}

/// The customers that a filter of one set finds.
fn list(field: &str, code: &str) -> String {
    let filter = format!("{field} has \"{code}\"");
    format!("{}{}", Route::Customers.to_path(), api::query(&[("filter", &filter)]))
}

fn drawn(scheme: &SegmentScheme, actions: Html, with: &Drawing) -> Html {
    let i = with.i;
    let who =
        scheme.applies_to.as_ref().map_or_else(|| i.t(Msg::SegmentsForAll), |rule| in_words(rule, i).into());
    let (in_use, archived): (Vec<_>, Vec<_>) =
        scheme.segments.iter().partition(|segment| segment.archived_at.is_none());
    let unplaced = with.shares.unplaced.get(&scheme.id).map(|share| {
        let count = i.figure(&share.customers.to_string());
        let text = i.t(Msg::SegmentsUnplaced { count: &count });
        if with.lists {
            html! { <Link to={list("unplaced", &scheme.code)} class="link">{ text }</Link> }
        } else {
            html! { { text } }
        }
    });
    let evaluated = match scheme.evaluated_on {
        Some(day) => i.t(Msg::SegmentsEvaluated { day: &day.to_string() }),
        None => i.t(Msg::SegmentsEvaluating),
    };
    html! {
        <Panel key={scheme.id.to_string()} title={scheme.name.in_language(i.lang).to_owned()} flush=true {actions}>
            <p class="cohorts__about small">
                <span><span class="muted">{ i.t(Msg::SegmentsFor) }</span>{ " " }{ who }</span>
                <span class="muted">{ evaluated }</span>
                if let Some(unplaced) = unplaced { <span>{ unplaced }</span> }
            </p>
            if in_use.is_empty() { <p class="combo__none">{ i.t(Msg::SegmentsNone) }</p> }
            <ol class="cohorts">{ for in_use.iter().map(|segment| one(segment, with)) }</ol>
            if with.acts.is_some() && !archived.is_empty() {
                <details class="more cohorts__more">
                    <summary>{ i.t(Msg::SegmentsArchivedCount { count: &archived.len().to_string() }) }</summary>
                    <ol class="cohorts">{ for archived.iter().map(|segment| one(segment, with)) }</ol>
                </details>
            }
        </Panel>
    }
}

fn one(segment: &Segment, with: &Drawing) -> Html {
    let i = with.i;
    let name = segment.name.in_language(i.lang).to_owned();
    let description =
        segment.description.as_ref().map(|text| text.in_language(i.lang)).filter(|text| !text.is_empty());
    let share = with.shares.segments.get(&segment.id);
    let figures = match share {
        _ if segment.archived_at.is_some() || !with.shares.known => html!(),
        None => html! { <span class="muted">{ i.t(Msg::SegmentsCustomers { count: "0" }) }</span> },
        Some(share) => {
            let count = i.t(Msg::SegmentsCustomers { count: &i.figure(&share.customers.to_string()) });
            let amount = format!("{} {}", i.short_amount(share.aum.amount), share.aum.currency);
            html! {
                <>
                    if with.lists {
                        <Link to={list("segment", &segment.code)} class="link" label={format!("{name}: {count}")}>{ count }</Link>
                    } else {
                        <span>{ count }</span>
                    }
                    <span class="muted">{ i.t(Msg::SegmentsAssets { amount: &amount }) }</span>
                </>
            }
        }
    };
    let tone = match segment.priority {
        guanxi_api::SegmentPriority::First => Tone::Good,
        guanxi_api::SegmentPriority::Second => Tone::Information,
        guanxi_api::SegmentPriority::Third => Tone::Neutral,
    };
    let risk = match (segment.risk_from.label(i), segment.risk_to.label(i)) {
        (from, to) if from == to => from,
        (from, to) => format!("{from} – {to}").into(),
    };
    let contact = segment
        .cadence_days
        .map_or_else(|| i.t(Msg::TiersNoCadence), |days| i.t(Msg::TiersDays { days: &i.number(days) }));
    let products = |kinds: &[ProductKind]| {
        kinds
            .iter()
            .map(|kind| kind.label(i).to_string())
            .collect::<Vec<_>>()
            .join(&i.t(Msg::CommonListComma))
    };
    let fact = |label: Msg<'static>, value: AttrValue| html! { <div><dt>{ i.t(label) }</dt><dd>{ value }</dd></div> };
    html! {
        <li key={segment.id.to_string()} class={classes!("cohort", segment.archived_at.is_some().then_some("is-off"))}>
            <div class="cohort__head">
                <h3>{ &name }</h3>
                <Badge {tone}>{ i.t(Msg::SegmentsPriorityOf { priority: &segment.priority.label(i) }) }</Badge>
                <span class="cohort__figures">{ figures }</span>
                if let Some(acts) = &with.acts { { acts.menu(segment, i) } }
            </div>
            if let Some(text) = description { <p class="small muted">{ text.to_owned() }</p> }
            <p class="small cohort__who"><span class="muted">{ i.t(Msg::SegmentsWho) }</span>{ " " }{ in_words(&segment.rule, i) }</p>
            <dl class="cohort__facts">
                { fact(Msg::SegmentsRisk, risk) }
                { fact(Msg::SegmentsContribution, segment.contribution.label(i)) }
                { fact(Msg::SegmentsCost, segment.service_cost.label(i)) }
                { fact(Msg::TiersCadence, contact) }
                if let Some(channel) = segment.preferred_channel { { fact(Msg::FieldPreferredChannel, channel.label(i)) } }
                if !segment.product_preferences.is_empty() { { fact(Msg::SegmentsPrefers, products(&segment.product_preferences).into()) } }
                if !segment.product_exclusions.is_empty() { { fact(Msg::SegmentsExcludes, products(&segment.product_exclusions).into()) } }
                if segment.acts_as_group { { fact(Msg::SegmentsGroup, i.t(Msg::SegmentsGroupShort)) } }
            </dl>
        </li>
    }
}
