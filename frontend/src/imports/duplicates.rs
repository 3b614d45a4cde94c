use std::collections::BTreeMap;
use std::rc::Rc;

use guanxi_api::{DuplicateAction, ImportDuplicate, JobDetails, Page as Rows};
use yew::prelude::*;
use yew_router::Routable;

use crate::api;
use crate::fetch::use_query;
use crate::i18n::{Msg, use_i18n};
use crate::labels::{Label, by_code, options};
use crate::route::Route;
use crate::ui::{Button, ErrorPanel, HelpNote, Link, Panel, Select, Skeleton, use_toasts};

/// What was decided about single records: by their lines, what the dry run would have done and what is done instead.
pub type Decisions = BTreeMap<i64, (DuplicateAction, DuplicateAction)>;
/// Decisions that one import may have.
pub const MOST: usize = 1000;

#[derive(Properties, PartialEq)]
pub struct DuplicatesProps {
    pub details: Rc<JobDetails>,
    /// Where something can be decided yet, what was decided.
    #[prop_or_default]
    pub decisions: Option<Rc<Decisions>>,
    #[prop_or_default]
    pub decide: Callback<(ImportDuplicate, DuplicateAction)>,
}

/// The records of an import whose customer may be there already.
#[function_component]
pub fn Duplicates(props: &DuplicatesProps) -> Html {
    let i = use_i18n();
    let toasts = use_toasts();
    let id = props.details.job.id;
    let more = use_state(|| Rc::new((Vec::<ImportDuplicate>::new(), None::<Option<String>>)));
    let busy = use_state(|| false);
    let first =
        use_query::<Rows<ImportDuplicate>, _, _>(Some(format!("job/{id}/duplicates")), move || async move {
            api::jobs::duplicates(id, "").await
        });
    let title = i.t(Msg::DuplicatesTitle);
    let Some(page) = first.remote.data.clone() else {
        let inside = match &first.remote.error {
            Some(error) => {
                html! { <ErrorPanel what={i.t(Msg::DuplicatesFailed)} error={error.clone()} retry={first.reload.clone()} /> }
            }
            None => html! { <Skeleton bare=true rows=4 /> },
        };
        return html! { <Panel {title}>{ inside }</Panel> };
    };
    let next = more.1.clone().unwrap_or_else(|| page.page.next.clone());
    let load = next.map(|cursor| {
        cb!((more, busy, toasts, cursor), |_: MouseEvent| {
            if *busy {
                return;
            }
            busy.set(true);
            spawn!((more, busy, toasts, cursor), {
                match api::jobs::duplicates(id, &cursor).await {
                    Ok(page) => {
                        let list = more.0.iter().cloned().chain(page.data).collect();
                        more.set(Rc::new((list, Some(page.page.next))));
                    }
                    Err(error) => toasts.fail(&error, i),
                }
                busy.set(false);
            });
        })
    });
    let row = |row: &ImportDuplicate| {
        let line = row.line.to_string();
        let whom = match (&row.customer, &row.looked_after_by, row.of_line) {
            (_, _, Some(of)) => html! { { i.t(Msg::DuplicatesOfLine { line: &of.to_string() }) } },
            (Some(customer), ..) => html! {
                <><Link to={Route::Customer { id: customer.id }.to_path()}>{ &customer.customer_no }</Link>{ " " }{ &customer.masked_name }</>
            },
            (None, Some(unit), _) => html! { { i.t(Msg::DuplicatesElsewhere { unit }) } },
            (None, None, None) => html! { { i.t(Msg::DuplicatesGone) } },
        };
        let action = match &props.decisions {
            None => html! { { row.action.label(i) } },
            Some(decisions) => {
                let decided = decisions.get(&row.line).map_or(row.action, |(_, action)| *action);
                let decide = props.decide.clone();
                let one = row.clone();
                let onchange = Callback::from(move |code: String| {
                    if let Some(action) = by_code(&code) {
                        decide.emit((one.clone(), action));
                    }
                });
                html! {
                    <Select id={format!("duplicate-{line}")} label={i.t(Msg::DuplicatesActionOf { line: &line })} quiet_label=true
                        options={options::<DuplicateAction>(i)} value={decided.code()} {onchange}
                        disabled={decisions.len() >= MOST && !decisions.contains_key(&row.line)} />
                }
            }
        };
        html! {
            <tr key={line.clone()}>
                <th scope="row">{ &line }</th><td>{ whom }</td><td>{ row.likeness.label(i) }</td><td>{ action }</td>
            </tr>
        }
    };
    let help = if props.decisions.is_some() { Msg::DuplicatesHelpDecide } else { Msg::DuplicatesHelp };
    html! {
        <Panel title={title.clone()}>
            <HelpNote text={i.t(help)} />
            <div class="scrolls" tabindex="0" role="group" aria-label={title.clone()}>
                <table class="figures duplicates">
                    <caption class="sr-only">{ title }</caption>
                    <thead><tr>
                        <th scope="col">{ i.t(Msg::ProblemsLine) }</th><th scope="col">{ i.t(Msg::DuplicatesWhom) }</th>
                        <th scope="col">{ i.t(Msg::DuplicatesLikeness) }</th><th scope="col">{ i.t(Msg::DuplicatesAction) }</th>
                    </tr></thead>
                    <tbody>{ for page.data.iter().chain(&more.0).map(row) }</tbody>
                </table>
            </div>
            if let Some(onclick) = load { <div><Button small=true busy={*busy} {onclick}>{ i.t(Msg::ProblemsMore) }</Button></div> }
        </Panel>
    }
}
