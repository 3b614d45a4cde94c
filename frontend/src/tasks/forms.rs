use chrono::Days;
use guanxi_api::{Assignees, NewTask, Task, TaskHandOver, TaskPostponement, TaskPriority};
use uuid::Uuid;
use yew::prelude::*;

use crate::api::{self, ApiError};
use crate::checks::Errors;
use crate::draft::{Values, use_draft, use_seen, values};
use crate::fetch::use_query;
use crate::form::use_form;
use crate::i18n::{I18n, Msg, use_i18n};
use crate::interactions::With;
use crate::labels::Label;
use crate::once::use_once;
use crate::ui::{
    Button, Check, DateField, Dialog, Look, Notice, Segments, Select, TextField, date_of, use_toasts,
};

/// What is put off.
#[derive(Clone, PartialEq)]
pub enum Postponed {
    Task(Box<Task>),
    /// A line of today that is no task yet, by its id, and its words.
    Line(AttrValue, AttrValue),
}

impl Postponed {
    fn title(&self) -> AttrValue {
        match self {
            Postponed::Task(task) => task.title.clone().into(),
            Postponed::Line(_, words) => words.clone(),
        }
    }

    fn standing(&self, i: I18n) -> Values {
        match self {
            Postponed::Task(task) => standing_of(task, i),
            Postponed::Line(..) => Values::new(),
        }
    }

    /// The same as it is now.
    async fn newest(&self) -> Result<Self, ApiError> {
        match self {
            Postponed::Task(task) => Ok(Postponed::Task(api::tasks::get(task.id).await?.into())),
            Postponed::Line(..) => Ok(self.clone()),
        }
    }

    async fn send(&self, to: &TaskPostponement) -> Result<Task, ApiError> {
        match self {
            Postponed::Task(task) => api::tasks::postpone(task, to).await,
            Postponed::Line(id, _) => api::today::postpone(id, to).await,
        }
    }
}

const UPDATED: &str = "/updated_at";

/// What whoever works a task goes by.
fn standing_of(task: &Task, i: I18n) -> Values {
    values([
        ("/title", task.title.clone()),
        ("/due_on", task.due_on.to_string()),
        ("/assignee", task.assignee.display_name.clone()),
        ("/priority", task.priority.label(i).to_string()),
        ("/status", task.status.label(i).to_string()),
        (UPDATED, i.minute(task.updated_at)),
    ])
}

fn stands(pointer: &str, value: &str, i: I18n) -> (AttrValue, AttrValue) {
    let label = match pointer {
        "/title" => Msg::FieldTitle,
        "/due_on" => Msg::FieldDueOn,
        "/assignee" => Msg::FieldAssignee,
        "/priority" => Msg::FieldPriority,
        "/status" => Msg::FieldStatus,
        _ => Msg::FieldUpdatedAt,
    };
    (i.t(label), value.to_owned().into())
}

#[derive(Clone, Properties, PartialEq)]
pub struct PostponeProps {
    pub what: Postponed,
    /// Is given the task as it is now.
    pub ondone: Callback<Task>,
    pub onclose: Callback<()>,
}

/// A later day, and why.
#[function_component]
pub fn PostponeDialog(props: &PostponeProps) -> Html {
    let i = use_i18n();
    let after = |days: u64| i.today().checked_add_days(Days::new(days)).unwrap_or_default().to_string();
    let due = use_state(|| after(1));
    let reason = use_state(String::new);
    let PostponeProps { what, ondone, onclose } = props;
    let form = use_form(Callback::noop());
    let seen = use_seen(what);
    let draft = use_draft(seen.standing(i));
    let onsubmit = cb!((due, reason, form, seen, ondone), |event: SubmitEvent| {
        event.prevent_default();
        let mut found = Errors::default();
        let day = date_of(&due, i).unwrap_or_else(|message| {
            found.add("/due_on", message);
            None
        });
        if day.is_none() {
            found.add("/due_on", i.t(Msg::CheckRequired));
        }
        if reason.trim().is_empty() {
            found.add("/reason", i.t(Msg::CheckRequired));
        }
        let to = TaskPostponement { due_on: day.unwrap_or_default(), reason: reason.trim().to_owned() };
        let (seen, ondone) = (seen.clone(), ondone.clone());
        form.send(found, async move {
            ondone.emit(seen.save(seen.send(&to), seen.newest()).await?);
            Ok(())
        });
    });
    let days = [(1, Msg::TasksOneDay), (3, Msg::TasksThreeDays), (7, Msg::TasksSevenDays)];
    let days = days.map(|(days, text)| (AttrValue::from(after(days)), i.t(text))).to_vec();
    // The reasons that come up all the time, one press away.
    let usual = [Msg::TasksReasonAsked, Msg::TasksReasonAway, Msg::TasksReasonWaiting].map(|msg| {
        let text = i.t(msg);
        let onclick = cb!((reason, text), |_: MouseEvent| reason.set(text.to_string()));
        html! { <Button small=true {onclick}>{ text }</Button> }
    });
    html! {
        <Dialog title={i.t(Msg::TasksPostponeTitle { title: &seen.title() })} onclose={onclose.clone()}>
            <form class="form" {onsubmit} novalidate=true>
                { draft.standing(&form, &["/due_on", "/reason"], onclose, |pointer, value| stands(pointer, value, i)) }
                <Segments label={i.t(Msg::TasksBy)} name="postpone-by" options={days} value={(*due).clone()} onchange={cb!((due), |day| due.set(day))} />
                <DateField id="postpone-day" label={i.t(Msg::FieldDueOn)} value={(*due).clone()} oninput={cb!((due), |day| due.set(day))} error={form.at("/due_on")} required=true />
                <div class="row">{ for usual }</div>
                <TextField id="postpone-reason" label={i.t(Msg::TasksReason)} value={(*reason).clone()} oninput={cb!((reason), |text| reason.set(text))} error={form.at("/reason")}
                    required=true autofocus=true />
                <div class="form__actions"><Button submit=true look={Look::Primary} busy={form.busy()}>{ i.t(Msg::TasksPostponeAction) }</Button></div>
            </form>
        </Dialog>
    }
}

#[derive(Clone, Properties, PartialEq)]
pub struct WorkProps {
    pub task: Task,
    pub ondone: Callback<()>,
    pub onclose: Callback<()>,
}

/// Who may be given a task, to choose from.
#[hook]
fn use_assignees(customer: Option<Uuid>) -> Vec<(AttrValue, AttrValue)> {
    let i = use_i18n();
    let key = format!("assignees/{}", customer.unwrap_or_default());
    let found = use_query::<Assignees, _, _>(Some(key), move || api::tasks::assignees(customer));
    let found = found.remote.data;
    let choice = |user: &guanxi_api::Assignee| {
        let words = format!("{} · {}", user.display_name, user.role.label(i));
        (AttrValue::from(user.id.to_string()), AttrValue::from(words))
    };
    found.iter().flat_map(|found| &found.data).map(choice).collect()
}

/// Somebody else's from now on.
#[function_component]
pub fn HandOverDialog(props: &WorkProps) -> Html {
    let i = use_i18n();
    let toasts = use_toasts();
    let WorkProps { task, ondone, onclose } = props;
    let seen = use_seen(task);
    let mut colleagues = use_assignees(task.customer.as_ref().map(|customer| customer.id));
    colleagues.retain(|(id, _)| *id != seen.assignee.id.to_string());
    let to = use_state(String::new);
    let note = use_state(String::new);
    let form = use_form(ondone.clone());
    let draft = use_draft(standing_of(&seen, i));
    let onsubmit = cb!((to, note, form, seen, toasts), |event: SubmitEvent| {
        event.prevent_default();
        let Ok(assignee_id) = Uuid::parse_str(&to) else { return };
        let note = Some(note.trim().to_owned()).filter(|note| !note.is_empty());
        let (seen, toasts) = (seen.clone(), toasts.clone());
        form.send(Errors::default(), async move {
            let to = TaskHandOver { assignee_id, note };
            let after = seen.save(api::tasks::hand_over(&seen, &to), api::tasks::get(seen.id)).await?;
            toasts.say(i.t(Msg::TasksHandedOver { name: &after.assignee.display_name }));
            Ok(())
        });
    });
    html! {
        <Dialog title={i.t(Msg::TasksHandOverTitle { title: &seen.title })} onclose={onclose.clone()}>
            <form class="form" {onsubmit} novalidate=true>
                { draft.standing(&form, &[], ondone, |pointer, value| stands(pointer, value, i)) }
                <Select id="hand-over-to" label={i.t(Msg::FieldAssignee)} options={colleagues} none={i.t(Msg::TasksChoose)} value={(*to).clone()} onchange={cb!((to), |id| to.set(id))} />
                <TextField id="hand-over-note" label={i.t(Msg::TasksNote)} value={(*note).clone()} oninput={cb!((note), |text| note.set(text))} optional=true />
                <div class="form__actions"><Button submit=true look={Look::Primary} busy={form.busy()} disabled={to.is_empty()}>{ i.t(Msg::TasksHandOverAction) }</Button></div>
            </form>
        </Dialog>
    }
}

#[derive(Properties, PartialEq)]
pub struct NewTaskDialogProps {
    /// Whom it is about.
    pub customer: Option<With>,
    pub ondone: Callback<()>,
    pub onclose: Callback<()>,
}

/// A task for oneself or a colleague.
#[function_component]
pub fn NewTaskDialog(props: &NewTaskDialogProps) -> Html {
    let i = use_i18n();
    let toasts = use_toasts();
    let NewTaskDialogProps { customer, ondone, onclose } = props;
    let id = customer.as_ref().map(|with| with.id);
    let colleagues = use_assignees(id);
    let title = use_state(String::new);
    let due = use_state(|| i.today().to_string());
    let to = use_state(String::new);
    let high = use_state(|| false);
    let errors = use_state(Errors::default);
    let refused = use_state(|| None::<ApiError>);
    let busy = use_state(|| false);
    let once = use_once();
    let onsubmit =
        cb!((title, due, to, high, errors, refused, busy, once, toasts, ondone), |event: SubmitEvent| {
            event.prevent_default();
            let mut found = Errors::default();
            let day = date_of(&due, i).unwrap_or_else(|message| {
                found.add("/due_on", message);
                None
            });
            if day.is_none() {
                found.add("/due_on", i.t(Msg::CheckRequired));
            }
            let new = NewTask {
                title: title.trim().to_owned(),
                notes: None,
                customer_id: id,
                assignee_id: Uuid::parse_str(&to).ok(),
                due_on: day.unwrap_or_default(),
                priority: if *high { TaskPriority::High } else { TaskPriority::Normal },
            };
            for (at, message) in Errors::check(&new, i).iter() {
                found.add(at, message);
            }
            errors.set(found.clone());
            if !found.is_empty() || *busy {
                return;
            }
            busy.set(true);
            spawn!((errors, refused, busy, once, toasts, ondone), {
                match once.answered(api::tasks::create(&new, &once.key(&new)).await) {
                    Ok(_) => {
                        toasts.say(i.t(Msg::TasksSaved));
                        ondone.emit(());
                    }
                    Err(error) => {
                        busy.set(false);
                        errors.set(Errors::of(&error));
                        refused.set(error.errors.is_empty().then_some(error));
                    }
                }
            });
        });
    let heading = match customer {
        Some(with) => i.t(Msg::TasksNewFor { name: &with.name }),
        None => i.t(Msg::TasksNew),
    };
    html! {
        <Dialog title={heading} onclose={onclose.clone()}>
            <form class="form" {onsubmit} novalidate=true>
                if let Some(error) = &*refused { <Notice tone="bad" alert=true>{ error.detail(i) }</Notice> }
                <TextField id="task-title" label={i.t(Msg::FieldTitle)} value={(*title).clone()} oninput={cb!((title), |text| title.set(text))} error={errors.at("/title")} required=true autofocus=true />
                <DateField id="task-due" label={i.t(Msg::FieldDueOn)} value={(*due).clone()} oninput={cb!((due), |day| due.set(day))} error={errors.at("/due_on")} required=true />
                <Select id="task-assignee" label={i.t(Msg::FieldAssignee)} options={colleagues} none={i.t(Msg::TasksMyself)} value={(*to).clone()}
                    onchange={cb!((to), |id| to.set(id))} error={errors.at("/assignee_id")} />
                <Check label={i.t(Msg::TaskPriorityHigh)} checked={*high} onchange={cb!((high), |on| high.set(on))} />
                <div class="form__actions"><Button submit=true look={Look::Primary} busy={*busy}>{ i.t(Msg::CommonSave) }</Button></div>
            </form>
        </Dialog>
    }
}
