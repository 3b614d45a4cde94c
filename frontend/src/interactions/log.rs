use guanxi_api::{
    Direction, Interaction, InteractionKind, InteractionOutcome, InteractionPatch, InteractionPurpose, Mood,
    NewInteraction, NextStep,
};
use yew::prelude::*;

use super::{With, is_fresh, noon};
use crate::api;
use crate::checks::Errors;
use crate::draft::{Values, use_draft, use_seen, values};
use crate::form::use_form;
use crate::i18n::{I18n, Msg, use_i18n};
use crate::labels::{Label, by_code, options};
use crate::once::use_once;
use crate::session::{may, right, use_me};
use crate::ui::{
    Button, DateField, Dialog, InputKind, Look, Segments, Select, TextArea, TextField, date_of, use_toasts,
};

/// Days after which the next step is due unless told otherwise.
const STEP_DAYS: u64 = 7;

#[derive(Clone, Properties, PartialEq)]
pub struct LogDialogProps {
    pub with: With,
    /// The contact to change; without it, one is recorded.
    #[prop_or_default]
    pub contact: Option<Interaction>,
    /// What a new one is most likely about.
    #[prop_or(InteractionPurpose::Relationship)]
    pub purpose: InteractionPurpose,
    pub ondone: Callback<()>,
    pub onclose: Callback<()>,
}

/// Everything that the form holds.
#[derive(Clone, PartialEq)]
struct Draft {
    kind: InteractionKind,
    direction: Direction,
    purpose: InteractionPurpose,
    outcome: InteractionOutcome,
    mood: Option<Mood>,
    minutes: String,
    day: String,
    notes: String,
    step: String,
    due: String,
    reason: String,
}

impl Draft {
    /// `purpose`: of a new one.
    fn of(old: Option<&Interaction>, purpose: InteractionPurpose, i: I18n) -> Self {
        let today = i.today();
        let due = today.checked_add_days(chrono::Days::new(STEP_DAYS)).unwrap_or(today);
        Draft {
            kind: old.map_or(InteractionKind::Call, |c| c.kind),
            direction: old.map_or(Direction::Outbound, |c| c.direction),
            purpose: old.map_or(purpose, |c| c.purpose),
            outcome: old.map_or(InteractionOutcome::Reached, |c| c.outcome),
            mood: old.and_then(|c| c.mood),
            minutes: old.and_then(|c| c.duration_minutes).map(|m| m.to_string()).unwrap_or_default(),
            day: old.and_then(|c| i.day_of(c.occurred_at)).unwrap_or(today).to_string(),
            notes: old.and_then(|c| c.notes.clone()).unwrap_or_default(),
            step: String::new(),
            due: due.to_string(),
            reason: String::new(),
        }
    }

    /// What others may change of it, in words.
    fn standing(&self, i: I18n) -> Values {
        values([
            ("/kind", self.kind.label(i).to_string()),
            ("/direction", self.direction.label(i).to_string()),
            ("/purpose", self.purpose.label(i).to_string()),
            ("/outcome", self.outcome.label(i).to_string()),
            ("/mood", self.mood.map(|mood| mood.label(i).to_string()).unwrap_or_default()),
            ("/duration_minutes", self.minutes.clone()),
            ("/day", self.day.clone()),
            ("/notes", self.notes.clone()),
        ])
    }

    /// The same on top of what stands now: what is as it was at first follows.
    fn over(self, first: Self, now: Self) -> Self {
        fn follow<T: PartialEq>(mine: T, first: &T, now: T) -> T {
            if mine == *first { now } else { mine }
        }
        Draft {
            kind: follow(self.kind, &first.kind, now.kind),
            direction: follow(self.direction, &first.direction, now.direction),
            purpose: follow(self.purpose, &first.purpose, now.purpose),
            outcome: follow(self.outcome, &first.outcome, now.outcome),
            mood: follow(self.mood, &first.mood, now.mood),
            minutes: follow(self.minutes, &first.minutes, now.minutes),
            day: follow(self.day, &first.day, now.day),
            notes: follow(self.notes, &first.notes, now.notes),
            ..self
        }
    }
}

/// The one form for a contact: what came of it, what was said, and what is next.
#[function_component]
pub fn LogDialog(props: &LogDialogProps) -> Html {
    let i = use_i18n();
    let me = use_me();
    let toasts = use_toasts();
    let seen = use_seen(&props.contact);
    let first = Draft::of(seen.as_ref(), props.purpose, i);
    let standing = use_draft(first.standing(i));
    let draft = use_state(|| first);
    let form = use_form(Callback::noop());
    let once = use_once();
    let manager = me.as_ref().is_some_and(|me| may(me, right::ASSIGN_CUSTOMERS));
    let owes_reason = props.contact.as_ref().is_some_and(|contact| !manager && !is_fresh(contact));

    let LogDialogProps { with, contact, ondone, .. } = props;
    let onsubmit = cb!((draft, seen, form, once, toasts, with, ondone), |event: SubmitEvent| {
        event.prevent_default();
        let mut found = Errors::default();
        let mut day = |text: &str, at: &str| match date_of(text, i) {
            Ok(day) => day,
            Err(message) => {
                found.add(at, message);
                None
            }
        };
        let (happened, due) = (day(&draft.day, "/occurred_at"), day(&draft.due, "/next_step/due_on"));
        let minutes = draft.minutes.trim().parse::<u32>().ok();
        if minutes.is_none() && !draft.minutes.trim().is_empty() {
            found.add("/duration_minutes", i.t(Msg::CheckNumber));
        }
        let step = draft.step.trim().to_owned();
        if !step.is_empty() && due.is_none() {
            found.add("/next_step/due_on", i.t(Msg::CheckRequired));
        }
        // Of today it was just now; of another day, or when the day is changed, noon stands for it.
        let known = seen.as_ref().and_then(|contact| i.day_of(contact.occurred_at));
        let usual = known.unwrap_or_else(|| i.today());
        let occurred_at = happened.filter(|day| *day != usual).and_then(|day| noon(day, i));
        let new = NewInteraction {
            kind: draft.kind,
            direction: draft.direction,
            purpose: draft.purpose,
            outcome: draft.outcome,
            mood: draft.mood,
            duration_minutes: minutes,
            occurred_at,
            notes: Some(draft.notes.trim().to_owned()).filter(|notes| !notes.is_empty()),
            next_step: due.filter(|_| !step.is_empty()).map(|due_on| NextStep {
                title: step,
                due_on,
                assignee_id: None,
            }),
        };
        for (at, message) in Errors::check(&new, i).iter() {
            found.add(at, message);
        }
        let reason = Some(draft.reason.trim().to_owned()).filter(|reason| !reason.is_empty());
        let (seen, once, draft) = (seen.clone(), once.clone(), draft.clone());
        let (toasts, with, ondone) = (toasts.clone(), with.clone(), ondone.clone());
        form.send(found, async move {
            if let Some(old) = seen.as_ref() {
                let patch = InteractionPatch {
                    kind: Some(new.kind),
                    direction: Some(new.direction),
                    purpose: Some(new.purpose),
                    outcome: Some(new.outcome),
                    mood: Some(new.mood),
                    duration_minutes: Some(new.duration_minutes),
                    occurred_at: new.occurred_at,
                    notes: Some(new.notes),
                    reason,
                };
                let newest = async {
                    let now = api::interactions::get(old.id).await?;
                    let of = |contact: &Interaction| Draft::of(Some(contact), contact.purpose, i);
                    draft.set((*draft).clone().over(of(old), of(&now)));
                    Ok(Some(now))
                };
                seen.save(api::interactions::patch(old.id, old.version, &patch), newest).await?;
            } else {
                once.answered(api::interactions::create(with.id, &new, &once.key(&new)).await)?;
            }
            toasts.say(i.t(if seen.is_some() { Msg::LogChanged } else { Msg::LogSaved }));
            crate::fetch::forget("tasks");
            ondone.emit(());
            Ok(())
        });
    });
    let set = |change: fn(&mut Draft, String)| {
        cb!((draft), |text: String| {
            let mut next = (*draft).clone();
            change(&mut next, text);
            draft.set(next);
        })
    };
    let kinds: Vec<_> = options::<InteractionKind>(i)
        .into_iter()
        .filter(|(code, _)| {
            *code != InteractionKind::Unknown.as_str() || draft.kind == InteractionKind::Unknown
        })
        .collect();
    let outcomes: Vec<_> = options::<InteractionOutcome>(i)
        .into_iter()
        .filter(|(code, _)| {
            *code != InteractionOutcome::Unknown.as_str() || draft.outcome == InteractionOutcome::Unknown
        })
        .collect();
    let title = i.t(match contact {
        None => Msg::LogTitle { name: &with.name },
        Some(_) => Msg::LogEditTitle { name: &with.name },
    });
    let close = props.onclose.clone();
    let mut shown = vec!["/notes", "/occurred_at", "/duration_minutes"];
    if contact.is_none() {
        shown.extend(["/next_step/title", "/next_step/due_on"]);
    }
    if owes_reason {
        shown.push("/reason");
    }
    // What is asked for every time comes first; the rest has its usual values.
    let more =
        form.at("/occurred_at").is_some() || form.at("/duration_minutes").is_some() || contact.is_some();
    html! {
        <Dialog {title} onclose={props.onclose.clone()}>
            <form class="form" {onsubmit} novalidate=true>
                { standing.standing(&form, &shown, &props.onclose, |pointer, value| words(pointer, value, i)) }
                <div class="pair">
                    <Select id="log-kind" label={i.t(Msg::FieldContactKind)} options={kinds} value={draft.kind.code()}
                        onchange={set(|d, code| d.kind = by_code(&code).unwrap_or(d.kind))} />
                    <Select id="log-purpose" label={i.t(Msg::FieldPurpose)} options={options::<InteractionPurpose>(i)} value={draft.purpose.code()}
                        onchange={set(|d, code| d.purpose = by_code(&code).unwrap_or(d.purpose))} />
                </div>
                <Segments label={i.t(Msg::FieldOutcome)} name="log-outcome" options={outcomes} value={draft.outcome.code()}
                    onchange={set(|d, code| d.outcome = by_code(&code).unwrap_or(d.outcome))} />
                <TextArea id="log-notes" label={i.t(Msg::LogNotes)} value={draft.notes.clone()} oninput={set(|d, text| d.notes = text)}
                    error={form.at("/notes")} autofocus=true optional=true />
                if contact.is_none() {
                    <div class="pair">
                        <TextField id="log-step" label={i.t(Msg::LogStep)} value={draft.step.clone()} oninput={set(|d, text| d.step = text)}
                            error={form.at("/next_step/title")} optional=true />
                        <DateField id="log-due" label={i.t(Msg::FieldDueOn)} value={draft.due.clone()} oninput={set(|d, text| d.due = text)}
                            error={form.at("/next_step/due_on")} />
                    </div>
                }
                if owes_reason {
                    <TextField id="log-reason" label={i.t(Msg::LogReason)} value={draft.reason.clone()} oninput={set(|d, text| d.reason = text)}
                        error={form.at("/reason")} required=true hint={i.t(Msg::LogReasonHint)} />
                }
                <details class="more" open={more}>
                    <summary>{ i.t(Msg::LogMore) }</summary>
                    <div class="form">
                        <div class="pair">
                            <Select id="log-direction" label={i.t(Msg::FieldDirection)} options={options::<Direction>(i)} value={draft.direction.code()}
                                onchange={set(|d, code| d.direction = by_code(&code).unwrap_or(d.direction))} />
                            <Select id="log-mood" label={i.t(Msg::FieldMood)} options={options::<Mood>(i)} none={i.t(Msg::LogNoMood)}
                                value={draft.mood.map_or("", |mood| mood.code())} onchange={set(|d, code| d.mood = by_code(&code))} />
                        </div>
                        <div class="pair">
                            <DateField id="log-day" label={i.t(Msg::FieldDay)} value={draft.day.clone()} oninput={set(|d, text| d.day = text)} error={form.at("/occurred_at")} />
                            <TextField id="log-minutes" label={i.t(Msg::FieldMinutes)} value={draft.minutes.clone()} kind={InputKind::Number}
                                oninput={set(|d, text| d.minutes = text)} error={form.at("/duration_minutes")} optional=true />
                        </div>
                    </div>
                </details>
                <div class="form__actions">
                    <Button submit=true look={Look::Primary} busy={form.busy()}>{ i.t(Msg::CommonSave) }</Button>
                    <Button look={Look::Quiet} onclick={move |_| close.emit(())}>{ i.t(Msg::CommonCancel) }</Button>
                </div>
            </form>
        </Dialog>
    }
}

fn words(pointer: &str, value: &str, i: I18n) -> (AttrValue, AttrValue) {
    let label = match pointer {
        "/kind" => Msg::FieldContactKind,
        "/direction" => Msg::FieldDirection,
        "/purpose" => Msg::FieldPurpose,
        "/outcome" => Msg::FieldOutcome,
        "/mood" => Msg::FieldMood,
        "/duration_minutes" => Msg::FieldMinutes,
        "/day" => Msg::FieldDay,
        _ => Msg::LogNotes,
    };
    (i.t(label), value.to_owned().into())
}
