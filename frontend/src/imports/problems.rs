use std::collections::BTreeMap;
use std::rc::Rc;

use guanxi_api::{
    CorrectedRecord, ImportCorrections, ImportProblem, JobDetails, JobKind, Page as Rows, RecordField,
    RecordProblem,
};
use yew::prelude::*;
use yew_router::Routable;

use super::reasons;
use crate::api;
use crate::dom;
use crate::fetch::{self, use_query};
use crate::i18n::{I18n, Msg, use_i18n};
use crate::labels::{Label, by_code};
use crate::once::use_once;
use crate::route::{self, Route};
use crate::session::{may, right, use_me};
use crate::ui::{Button, ErrorPanel, HelpNote, Icon, IconButton, Look, Notice, Panel, Skeleton, use_toasts};

/// Records that one request may correct.
const MOST: usize = 1000;

/// A record put right, or as it was in the file.
type Correction = (i64, Option<Vec<String>>);

#[derive(Properties, PartialEq)]
pub struct ProblemsProps {
    pub details: Rc<JobDetails>,
}

/// The records of a job that were not taken: what is wrong with each, and, for who started it, a way to put them right.
#[function_component]
pub fn Problems(props: &ProblemsProps) -> Html {
    let i = use_i18n();
    let toasts = use_toasts();
    let may_run = use_me().is_some_and(|me| may(&me, right::RUN_IMPORTS));
    let job = &props.details.job;
    let id = job.id;
    let more = use_state(|| Rc::new((Vec::<ImportProblem>::new(), None::<Option<String>>)));
    let busy = use_state(|| false);
    let refused = use_state(Vec::<AttrValue>::new);
    let once = use_once();
    // Every record holds what is typed into it; here is only what will be sent.
    let corrected = use_mut_ref(BTreeMap::<i64, Vec<String>>::new);
    let ready = use_state_eq(|| 0_usize);
    let first =
        use_query::<Rows<ImportProblem>, _, _>(Some(format!("job/{id}/problems")), move || async move {
            api::jobs::problems(id, "").await
        });
    let oncorrect = use_callback((), {
        let (corrected, ready) = (corrected.clone(), ready.setter());
        move |(line, values): Correction, ()| {
            let mut corrected = corrected.borrow_mut();
            match values {
                Some(values) => corrected.insert(line, values),
                None => corrected.remove(&line),
            };
            ready.set(corrected.len());
        }
    });
    let undoing = job.kind == JobKind::ImportUndo;
    let title = i.t(if undoing { Msg::ProblemsTitleUndo } else { Msg::ProblemsTitle });
    let Some(page) = first.remote.data.clone() else {
        let inside = match &first.remote.error {
            Some(error) => {
                html! { <ErrorPanel what={i.t(Msg::ProblemsFailed)} error={error.clone()} retry={first.reload.clone()} /> }
            }
            None => html! { <Skeleton bare=true rows=4 /> },
        };
        return html! { <Panel {title}>{ inside }</Panel> };
    };
    let rows: Vec<&ImportProblem> = page.data.iter().chain(&more.0).collect();
    let own = rows.iter().any(|row| row.values.is_some());
    let edits = own && may_run && !job.dry_run && !undoing;
    // Those in which something is wrong stand first, where they are seen without scrolling.
    let is_wrong = |name: &str| {
        rows.iter().flat_map(|row| &row.problems).any(|problem| problem.column.as_deref() == Some(name))
    };
    let named = props.details.import.iter().flat_map(|import| &import.columns);
    let all = named.enumerate().filter(|_| own);
    let mut columns: Vec<(usize, AttrValue)> = all.map(|(at, name)| (at, name.clone().into())).collect();
    columns.sort_by_key(|(_, name)| !is_wrong(name));
    let in_a_column = |problem: &RecordProblem| {
        columns.iter().any(|(_, name)| problem.column.as_deref() == Some(name.as_str()))
    };
    let aside = rows.iter().flat_map(|row| &row.problems).any(|problem| !in_a_column(problem));
    let columns = Rc::new(columns);

    let next = more.1.clone().unwrap_or_else(|| page.page.next.clone());
    let load = next.map(|cursor| {
        cb!((more, busy, toasts, cursor), |_: MouseEvent| {
            if *busy {
                return;
            }
            busy.set(true);
            spawn!((more, busy, toasts, cursor), {
                match api::jobs::problems(id, &cursor).await {
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
    let file = format!("{}.problems.csv", job.title.rsplit_once('.').map_or(&*job.title, |(stem, _)| stem));
    let download = cb!((toasts, file), |_: MouseEvent| {
        spawn!((toasts, file), {
            match api::jobs::problems_file(id).await {
                Ok(csv) => dom::save(&csv, &file),
                Err(error) => toasts.fail(&error, i),
            }
        });
    });
    let send = cb!((corrected, busy, refused, once), |_: MouseEvent| {
        if *busy {
            return;
        }
        let record =
            |(line, values): (&i64, &Vec<String>)| CorrectedRecord { line: *line, values: values.clone() };
        let records: Vec<CorrectedRecord> = corrected.borrow().iter().take(MOST).map(record).collect();
        busy.set(true);
        spawn!((busy, refused, once), {
            let corrections = ImportCorrections { records };
            let begun = once.answered(api::jobs::correct(id, &corrections, &once.key(&corrections)).await);
            match begun {
                Ok(made) => {
                    fetch::forget("jobs?");
                    route::go(&Route::Job { id: made.job.id }.to_path());
                }
                Err(error) => {
                    refused.set(reasons(&error, i));
                }
            }
            busy.set(false);
        });
    });
    let help = match (own, job.dry_run) {
        _ if undoing => Msg::ProblemsHelpUndo,
        (false, _) => Msg::ProblemsHelpOthers,
        (true, true) => Msg::ProblemsHelpDryRun,
        (true, false) => Msg::ProblemsHelp,
    };
    let actions = html! {
        if own && !undoing { <Button small=true icon={Icon::Download} onclick={download}>{ i.t(Msg::ProblemsDownload) }</Button> }
    };
    html! {
        <Panel title={title.clone()} {actions}>
            <HelpNote text={i.t(help)} />
            <div class="scrolls" tabindex="0" role="group" aria-label={title.clone()}>
                <table class="records">
                    <caption class="sr-only">{ title }</caption>
                    <thead><tr>
                        <th scope="col">{ i.t(Msg::ProblemsLine) }</th>
                        if aside { <th scope="col">{ i.t(Msg::ProblemsWhat) }</th> }
                        { for columns.iter().map(|(_, name)| html! { <th scope="col">{ name }</th> }) }
                    </tr></thead>
                    <tbody>
                        { for rows.iter().enumerate().map(|(at, row)| html! {
                            <RecordRow key={format!("{}/{at}", row.line)} problem={(*row).clone()} columns={columns.clone()} {aside} {edits} oncorrect={oncorrect.clone()} />
                        }) }
                    </tbody>
                </table>
            </div>
            if let Some(onclick) = load { <div><Button small=true busy={*busy} {onclick}>{ i.t(Msg::ProblemsMore) }</Button></div> }
            if !refused.is_empty() {
                <Notice tone="bad" alert=true><ul>{ for refused.iter().map(|reason| html! { <li>{ reason }</li> }) }</ul></Notice>
            }
            if *ready > 0 {
                <div class="form__actions">
                    <Button look={Look::Primary} busy={*busy} onclick={send}>{ i.t(Msg::ProblemsImport { count: &i.number(*ready as u32) }) }</Button>
                </div>
            }
        </Panel>
    }
}

#[derive(Properties, PartialEq)]
struct RecordRowProps {
    problem: ImportProblem,
    /// Place in the record and name of each column, in the order in which they are shown.
    columns: Rc<Vec<(usize, AttrValue)>>,
    /// What is wrong with no column that is shown has one of its own.
    aside: bool,
    /// It can be put right.
    edits: bool,
    oncorrect: Callback<Correction>,
}

/// A record that was not taken.
#[function_component]
fn RecordRow(props: &RecordRowProps) -> Html {
    let i = use_i18n();
    let RecordRowProps { problem, columns, oncorrect, .. } = props;
    let edit = use_state(|| None::<Rc<Vec<String>>>);
    let line = problem.line;
    let number = line.to_string();
    let of = |name: &str| {
        let name = name.to_owned();
        problem.problems.iter().filter(move |problem| problem.column.as_deref() == Some(&*name))
    };
    let open = edit.is_some();
    let first = columns.first().map_or(0, |(at, _)| *at);
    let first = columns.iter().find(|(_, name)| of(name).next().is_some()).map_or(first, |(at, _)| *at);
    use_effect_with(open, move |open| {
        if *open {
            dom::focus(&format!("cell-{line}-{first}"));
        }
    });
    // A record may have more or fewer values than there are columns, which is then what is wrong with it.
    let width = columns.len();
    let values = problem.values.clone().unwrap_or_default();
    let toggle = cb!((edit, oncorrect, values), |_: MouseEvent| {
        let mut whole = values.clone();
        // What is too much stands in the last column, where it is seen and put right.
        let excess = whole.split_off(width.min(whole.len()));
        whole.resize(width, String::new());
        if let Some(last) = whole.last_mut() {
            excess.iter().for_each(|value| *last = format!("{last}, {value}"));
        }
        edit.set(if open { None } else { Some(Rc::new(whole)) });
        oncorrect.emit((line, None));
    });
    let cell = |(at, name): &(usize, AttrValue)| {
        let at = *at;
        let before = values.get(at).map_or("", String::as_str);
        let now = edit.as_ref().and_then(|edit| edit.get(at)).map_or(before, String::as_str);
        // Nobody knows yet what the server will say to what was typed instead.
        let wrong: Vec<AttrValue> = of(name)
            .filter(|_| now == before)
            .map(|problem| problem.problem.message.clone().into())
            .collect();
        let id = format!("cell-{line}-{at}");
        let said = format!("{id}-error");
        let oninput = cb!((edit, oncorrect, values), |event: InputEvent| {
            let mut next = edit.as_ref().map(|edit| (**edit).clone()).unwrap_or_default();
            if let Some(cell) = next.get_mut(at) {
                *cell = dom::value_of(&event);
            }
            oncorrect.emit((line, (next != values).then(|| next.clone())));
            edit.set(Some(Rc::new(next)));
        });
        html! {
            <td class={classes!((!wrong.is_empty()).then_some("is-wrong"))}>
                if open {
                    <input class="input" {id} type="text" value={now.to_owned()} {oninput} autocomplete="off" spellcheck="false"
                        aria-label={i.t(Msg::ProblemsCell { column: name, line: &number })} aria-invalid={(!wrong.is_empty()).then_some("true")}
                        aria-describedby={(!wrong.is_empty()).then(|| said.clone())} />
                } else {
                    <span class="records__value" title={now.to_owned()}>{ now }</span>
                }
                if !wrong.is_empty() {
                    <div id={said}>{ for wrong.into_iter().map(said_wrong) }</div>
                }
            </td>
        }
    };
    let elsewhere = |problem: &&RecordProblem| {
        !columns.iter().any(|(_, name)| problem.column.as_deref() == Some(name.as_str()))
    };
    let besides = problem.problems.iter().filter(elsewhere).map(|problem| {
        let field =
            problem.field.map(|field| field.label(i)).or_else(|| brought(&problem.problem.pointer, i));
        let place = problem.column.clone().map(AttrValue::from).or(field);
        let message = &problem.problem.message;
        said_wrong(place.map_or_else(|| message.clone().into(), |place| format!("{place}: {message}").into()))
    });
    let (icon, label) = if open {
        (Icon::X, i.t(Msg::ProblemsDiscard { line: &number }))
    } else {
        (Icon::Pencil, i.t(Msg::ProblemsCorrect { line: &number }))
    };
    html! {
        <tr>
            <th scope="row"><span class="records__line">{ &number }if props.edits { <IconButton small=true {icon} {label} onclick={toggle} /> }</span></th>
            if props.aside { <td class="is-wrong">{ for besides }</td> }
            { for columns.iter().map(cell) }
        </tr>
    }
}

/// The field of what a record brings that is wrong, by the pointer to it.
fn brought(pointer: &str, i: I18n) -> Option<AttrValue> {
    let (_, member) = pointer.strip_prefix("/records/")?.split_once('/')?;
    if member == "key" {
        return Some(i.t(Msg::ImportRecordsKey));
    }
    by_code::<RecordField>(member).map(|field| field.label(i))
}

fn said_wrong(message: AttrValue) -> Html {
    html! { <p class="field__error">{ Icon::CircleAlert.draw() }<span>{ message }</span></p> }
}
