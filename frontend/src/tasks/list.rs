use chrono::{Days, NaiveDate};
use guanxi_api::{ExportList, Me, Page as Rows, Task, TaskPriority};
use uuid::Uuid;
use yew::prelude::*;
use yew_router::Routable;

use super::NewTaskDialog;
use super::forms::{HandOverDialog, PostponeDialog, Postponed};
use crate::api;
use crate::exports::ExportButton;
use crate::fetch::{self, use_renewed};
use crate::i18n::{I18n, Msg, use_i18n};
use crate::interactions::With;
use crate::kept::use_kept;
use crate::labels::Label;
use crate::route::Route;
use crate::session::{may, right, use_me};
use crate::ui::{
    Badge, Button, EmptyState, ErrorPanel, HelpNote, Icon, Link, Look, Menu, MenuItem, Page, Skeleton, Tab,
    Tabs, Tone, use_toasts,
};

/// Tasks of a list at most; who has more open ones works the first of them.
const MOST: usize = 100;

/// When a task is due, as far as it matters now.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Bucket {
    Overdue,
    Today,
    ThisWeek,
    Later,
}

impl Bucket {
    const ALL: [Bucket; 4] = [Bucket::Overdue, Bucket::Today, Bucket::ThisWeek, Bucket::Later];

    fn of(due: NaiveDate, today: NaiveDate) -> Self {
        use chrono::Datelike;
        let left = 6 - u64::from(today.weekday().num_days_from_monday());
        let sunday = today.checked_add_days(Days::new(left)).unwrap_or(today);
        match due {
            due if due < today => Bucket::Overdue,
            due if due == today => Bucket::Today,
            due if due <= sunday => Bucket::ThisWeek,
            _ => Bucket::Later,
        }
    }

    fn label(self, i: I18n) -> AttrValue {
        i.t(match self {
            Bucket::Overdue => Msg::TasksOverdue,
            Bucket::Today => Msg::TasksToday,
            Bucket::ThisWeek => Msg::TasksThisWeek,
            Bucket::Later => Msg::TasksLater,
        })
    }
}

#[derive(Clone, PartialEq)]
enum Doing {
    Postponing(Task),
    HandingOver(Task),
}

#[derive(Properties, PartialEq)]
pub struct TaskListProps {
    /// The customer whom they are about.
    #[prop_or_default]
    pub customer: Option<Uuid>,
    /// The filter of the list; empty for one's own open ones.
    #[prop_or_default]
    pub filter: AttrValue,
    /// Another one asks again.
    #[prop_or_default]
    pub stamp: u32,
    /// Is told that a task was worked.
    #[prop_or_default]
    pub onchange: Callback<()>,
}

/// Open tasks by their day, each to be worked in its place.
#[function_component]
pub fn TaskList(props: &TaskListProps) -> Html {
    let i = use_i18n();
    let me = use_me();
    let toasts = use_toasts();
    let round = use_state(|| 0_u32);
    let doing = use_state(|| None::<Doing>);
    let (customer, filter) = (props.customer, props.filter.clone());
    let thing = format!("tasks/{}/{filter}", customer.unwrap_or_default());
    let tasks = use_renewed::<Rows<Task>, _, _>(thing, format!("{}/{}", props.stamp, *round), {
        let filter = filter.to_string();
        move || async move { api::tasks::list(customer, &filter, "").await }
    });
    let onchange = &props.onchange;
    let again = cb!((round, doing, onchange), |()| {
        doing.set(None);
        fetch::forget("tasks/");
        round.set(*round + 1);
        onchange.emit(());
    });
    let postponed = cb!((again, toasts), |task: Task| {
        toasts.say(i.t(Msg::TasksPostponed { day: &task.due_on.to_string() }));
        again.emit(());
    });
    let Some(me) = me else { return html!() };
    let Some(data) = tasks.remote.data.clone() else {
        return match &tasks.remote.error {
            Some(error) => {
                html! { <ErrorPanel what={i.t(Msg::TasksFailed)} error={error.clone()} retry={tasks.reload.clone()} /> }
            }
            None => html! { <Skeleton bare=true rows=6 /> },
        };
    };
    let over = |done: bool| {
        cb!((toasts, again), |task: Task| {
            spawn!((toasts, again), {
                let outcome =
                    if done { api::tasks::complete(&task).await } else { api::tasks::cancel(&task).await };
                match outcome {
                    Ok(after) => {
                        let undo = cb!((toasts, again), |()| {
                            spawn!((toasts, again, after), {
                                match api::tasks::reopen(&after).await {
                                    Ok(_) => again.emit(()),
                                    Err(error) => toasts.fail(&error, i),
                                }
                            });
                        });
                        let text = if done { Msg::TasksDone } else { Msg::TasksCancelled };
                        toasts.offer(i.t(text), i.t(Msg::CommonUndo), undo);
                    }
                    Err(error) => toasts.fail(&error, i),
                }
                again.emit(());
            });
        })
    };
    let act = Acts {
        done: over(true),
        cancel: over(false),
        postpone: cb!((doing), |task: Task| doing.set(Some(Doing::Postponing(task)))),
        hand_over: cb!((doing), |task: Task| doing.set(Some(Doing::HandingOver(task)))),
    };
    let today = i.today();
    let bucket = |bucket: Bucket| {
        let tasks: Vec<&Task> =
            data.data.iter().filter(|task| Bucket::of(task.due_on, today) == bucket).collect();
        if tasks.is_empty() {
            return html!();
        }
        let count = i.number(tasks.len() as u32);
        html! {
            <section class="panel" aria-label={bucket.label(i)} key={format!("{bucket:?}")}>
                <div class="panel__head"><h2>{ bucket.label(i) }</h2><span class="small muted">{ count }</span></div>
                <ul class="lines">{ for tasks.into_iter().map(|task| line(task, &me, bucket, customer.is_none(), &act, i)) }</ul>
            </section>
        }
    };
    let close = cb!((doing), |()| doing.set(None));
    html! {
        <>
            if data.data.is_empty() { <EmptyState icon={Icon::CircleCheck} title={i.t(Msg::TasksNone)} text={i.t(Msg::TasksNoneText)} /> }
            { for Bucket::ALL.into_iter().map(bucket) }
            if data.page.next.is_some() { <p class="small muted">{ i.t(Msg::TasksFirst { count: &i.number(MOST as u32) }) }</p> }
            { match (*doing).clone() {
                None => html!(),
                Some(Doing::Postponing(task)) => html! { <PostponeDialog what={Postponed::Task(task.into())} ondone={postponed} onclose={again} /> },
                Some(Doing::HandingOver(task)) => html! { <HandOverDialog {task} ondone={again.clone()} onclose={close} /> },
            } }
        </>
    }
}

/// What can be done with a task.
struct Acts {
    done: Callback<Task>,
    cancel: Callback<Task>,
    postpone: Callback<Task>,
    hand_over: Callback<Task>,
}

fn line(task: &Task, me: &Me, bucket: Bucket, named: bool, act: &Acts, i: I18n) -> Html {
    let run = |run: &Callback<Task>| cb!((run, task), |()| run.emit(task.clone()));
    let item = |icon, text: Msg<'_>, then: &Callback<Task>| MenuItem::Action {
        icon: Some(icon),
        text: i.t(text),
        danger: false,
        run: run(then),
    };
    let items = vec![
        item(Icon::Calendar, Msg::TasksPostpone, &act.postpone),
        item(Icon::UserPlus, Msg::TasksHandOver, &act.hand_over),
        item(Icon::X, Msg::TasksCancel, &act.cancel),
    ];
    let done = run(&act.done);
    let tone = if bucket == Bucket::Overdue { Tone::Bad } else { Tone::Neutral };
    html! {
        <li key={task.id.to_string()}>
            <span class="lines__main">
                <span class="row">
                    <b>{ &task.title }</b>
                    if task.priority == TaskPriority::High { <Badge tone={Tone::Warning}>{ task.priority.label(i) }</Badge> }
                </span>
                <span class="row small muted">
                    <Badge {tone}><time datetime={task.due_on.to_string()}>{ task.due_on.to_string() }</time></Badge>
                    if let Some(customer) = task.customer.as_ref().filter(|_| named) {
                        <Link to={Route::Customer { id: customer.id }.to_path()} class="link">{ &customer.name }</Link>
                    }
                    if task.assignee.id != me.id { <span>{ &task.assignee.display_name }</span> }
                    if let Some(notes) = &task.notes { <span>{ notes }</span> }
                </span>
            </span>
            if may(me, right::WRITE_TASKS) {
                <span class="lines__acts">
                    <Button small=true icon={Icon::Check} onclick={move |_| done.emit(())}>{ i.t(Msg::TasksComplete) }</Button>
                    <Menu label={i.t(Msg::TasksMenu { title: &task.title })} button={Icon::Ellipsis.draw()} {items}
                        class={classes!("button", "button--quiet", "button--icon", "button--small")} />
                </span>
            }
        </li>
    }
}

/// One's own tasks, and those of the customers that one looks after.
#[function_component]
pub fn TasksPage() -> Html {
    let i = use_i18n();
    let me = use_me();
    let chosen = use_kept("tasks-tab", || AttrValue::from("mine"));
    let adding = use_state(|| false);
    let stamp = use_state(|| 0_u32);
    let Some(me) = me else { return html!() };
    let tabs = vec![
        Tab { key: "mine".into(), text: i.t(Msg::TasksMine) },
        Tab { key: "team".into(), text: i.t(Msg::TasksTeam) },
    ];
    let onchoose = cb!((chosen), |tab: AttrValue| chosen.set(tab));
    let open = cb!((adding), |_: MouseEvent| adding.set(true));
    let filter: AttrValue =
        if *chosen == "mine" { AttrValue::default() } else { format!("assignee_id ne \"{}\"", me.id).into() };
    let shown = i.t(if *chosen == "mine" { Msg::TasksMine } else { Msg::TasksTeam });
    let actions = html! {
        <>
            <ExportButton list={ExportList::Tasks} filter={filter.clone()} narrowed={vec![shown]} />
            if may(&me, right::WRITE_TASKS) { <Button look={Look::Primary} icon={Icon::Plus} onclick={open}>{ i.t(Msg::TasksNew) }</Button> }
        </>
    };
    let ondone = cb!((adding, stamp), |()| {
        adding.set(false);
        fetch::forget("tasks/");
        stamp.set(*stamp + 1);
    });
    let onclose = cb!((adding), |()| adding.set(false));
    html! {
        <Page title={i.t(Msg::TasksTitle)} {actions}>
            <HelpNote text={i.t(Msg::TasksHelp)} />
            <Tabs label={i.t(Msg::TasksTitle)} {tabs} chosen={(*chosen).clone()} {onchoose}>
                <TaskList key={chosen.to_string()} {filter} stamp={*stamp} />
            </Tabs>
            if *adding { <NewTaskDialog customer={None::<With>} {ondone} {onclose} /> }
        </Page>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_falls_into_one_bucket() {
        let day = |text: &str| text.parse::<NaiveDate>().unwrap();
        // A Thursday.
        let today = day("2026-11-26");
        for (due, bucket) in [
            ("2026-11-25", Bucket::Overdue),
            ("2026-11-26", Bucket::Today),
            ("2026-11-27", Bucket::ThisWeek),
            ("2026-11-29", Bucket::ThisWeek),
            ("2026-11-30", Bucket::Later),
        ] {
            assert_eq!(Bucket::of(day(due), today), bucket, "{due}");
        }
    }
}
