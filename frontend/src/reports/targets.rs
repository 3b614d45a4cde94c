use guanxi_api::{ContactTargetPolicy, ContactTargets};
use yew::prelude::*;

use super::shown;
use crate::api::{self, ApiError, Tagged};
use crate::checks::Errors;
use crate::fetch::{self, use_query};
use crate::i18n::{Msg, use_i18n};
use crate::session::{may, right, use_me};
use crate::ui::{Button, HelpNote, InputKind, Look, Notice, Page, Panel, TextField, Time, use_toasts};

/// How many contacts every relationship manager should have: for the administrator to set, for others to read.
#[function_component]
pub fn TargetsPage() -> Html {
    let i = use_i18n();
    let me = use_me();
    let query =
        use_query::<Tagged<ContactTargetPolicy>, _, _>(Some("contact-targets".into()), api::reports::targets);
    let manages = me.as_ref().is_some_and(|me| may(me, right::MANAGE_TARGETS));
    let (set, reload) = (query.set.clone(), query.reload.clone());
    html! {
        <Page title={i.t(Msg::NavTargets)}>
            <HelpNote text={i.t(if manages { Msg::TargetsHelp } else { Msg::TargetsHelpRead })} />
            <div class="column"><Panel title={i.t(Msg::TargetsPanel)}>{ shown(&query, i, |now| {
                let targets = now.value.targets;
                html! {
                    <>
                        if manages {
                            <TargetsForm key={now.etag.clone()} now={now.clone()} {set} {reload} />
                        } else {
                            <dl class="details">
                                <dt>{ i.t(Msg::ReportsMeetings) }</dt><dd>{ targets.meetings_a_day }</dd>
                                <dt>{ i.t(Msg::ReportsCalls) }</dt><dd>{ targets.connected_calls_a_day }</dd>
                            </dl>
                        }
                        <p class="small muted">{ i.t(Msg::FieldUpdatedAt) }{ " " }<Time at={now.value.updated_at} relative=true /></p>
                    </>
                }
            }) }</Panel></div>
        </Page>
    }
}

#[derive(Properties, PartialEq)]
struct TargetsFormProps {
    now: Tagged<ContactTargetPolicy>,
    set: Callback<Tagged<ContactTargetPolicy>>,
    reload: Callback<()>,
}

#[function_component]
fn TargetsForm(props: &TargetsFormProps) -> Html {
    let i = use_i18n();
    let toasts = use_toasts();
    let now = props.now.value.targets;
    let meetings = use_state(|| now.meetings_a_day.to_string());
    let calls = use_state(|| now.connected_calls_a_day.to_string());
    let errors = use_state(Errors::default);
    let refused = use_state(|| None::<ApiError>);
    let busy = use_state(|| false);
    let (etag, set, reload) = (props.now.etag.clone(), &props.set, &props.reload);
    let onsubmit =
        cb!((meetings, calls, errors, refused, busy, toasts, etag, set, reload), |event: SubmitEvent| {
            event.prevent_default();
            let mut found = Errors::default();
            let mut figure = |text: &str, at: &str| {
                text.trim().parse::<i32>().unwrap_or_else(|_| {
                    found.add(at, i.t(Msg::CheckNumber));
                    0
                })
            };
            let to = ContactTargets {
                meetings_a_day: figure(&meetings, "/meetings_a_day"),
                connected_calls_a_day: figure(&calls, "/connected_calls_a_day"),
            };
            for (at, message) in Errors::check(&to, i).iter() {
                found.add(at, message);
            }
            errors.set(found.clone());
            refused.set(None);
            if !found.is_empty() || *busy {
                return;
            }
            busy.set(true);
            spawn!((errors, refused, busy, toasts, etag, set, reload), {
                let outcome = api::reports::set_targets(&etag, &to).await;
                busy.set(false);
                match outcome {
                    Ok(tagged) => {
                        fetch::forget("reports/contacts");
                        toasts.say(i.t(Msg::TargetsSaved));
                        set.emit(tagged);
                    }
                    Err(error) if error.is_conflict() => {
                        toasts.say(i.t(Msg::TargetsChanged));
                        reload.emit(());
                    }
                    Err(error) => {
                        errors.set(Errors::of(&error));
                        refused.set(error.errors.is_empty().then_some(error));
                    }
                }
            });
        });
    html! {
        <form class="form" {onsubmit} novalidate=true>
            if let Some(error) = &*refused { <Notice tone="bad" alert=true>{ error.detail(i) }</Notice> }
            <div class="pair">
                <TextField id="target-meetings" label={i.t(Msg::ReportsMeetings)} value={(*meetings).clone()} kind={InputKind::Number}
                    oninput={cb!((meetings), |text| meetings.set(text))} error={errors.at("/meetings_a_day")} hint={i.t(Msg::ReportsMeetingsHint)} required=true />
                <TextField id="target-calls" label={i.t(Msg::ReportsCalls)} value={(*calls).clone()} kind={InputKind::Number}
                    oninput={cb!((calls), |text| calls.set(text))} error={errors.at("/connected_calls_a_day")} hint={i.t(Msg::ReportsCallsHint)} required=true />
            </div>
            <div class="form__actions"><Button submit=true look={Look::Primary} busy={*busy}>{ i.t(Msg::CommonSave) }</Button></div>
        </form>
    }
}
