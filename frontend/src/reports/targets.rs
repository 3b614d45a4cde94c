use guanxi_api::{ContactTargetPolicy, ContactTargets};
use yew::prelude::*;

use super::shown;
use crate::api::{self, Tagged};
use crate::checks::Errors;
use crate::draft::{Values, use_draft, use_seen, values};
use crate::fetch::{self, use_query};
use crate::form::use_form;
use crate::i18n::{Msg, use_i18n};
use crate::leaving::{Unsaved, use_unsaved};
use crate::session::{may, right, use_me};
use crate::ui::{Button, HelpNote, InputKind, Look, Page, Panel, TextField, Time, use_toasts};

/// How many contacts every relationship manager should have: for the administrator to set, for others to read.
#[function_component]
pub fn TargetsPage() -> Html {
    let i = use_i18n();
    let me = use_me();
    let query =
        use_query::<Tagged<ContactTargetPolicy>, _, _>(Some("contact-targets".into()), api::reports::targets);
    let manages = me.as_ref().is_some_and(|me| may(me, right::MANAGE_TARGETS));
    let set = query.set.clone();
    html! {
        <Page title={i.t(Msg::NavTargets)}>
            <HelpNote text={i.t(if manages { Msg::TargetsHelp } else { Msg::TargetsHelpRead })} />
            <div class="column"><Panel title={i.t(Msg::TargetsPanel)}>{ shown(&query, i, |now| {
                let targets = now.value.targets;
                html! {
                    <>
                        if manages {
                            <TargetsForm first={now.clone()} {set} />
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
    first: Tagged<ContactTargetPolicy>,
    set: Callback<Tagged<ContactTargetPolicy>>,
}

const MEETINGS: &str = "/meetings_a_day";
const CALLS: &str = "/connected_calls_a_day";

fn values_of(targets: ContactTargets) -> Values {
    values([
        (MEETINGS, targets.meetings_a_day.to_string()),
        (CALLS, targets.connected_calls_a_day.to_string()),
    ])
}

#[function_component]
fn TargetsForm(props: &TargetsFormProps) -> Html {
    let (i, toasts) = (use_i18n(), use_toasts());
    let seen = use_seen(&props.first);
    let draft = use_draft(values_of(seen.value.targets));
    let form = use_form(cb!((toasts), |()| toasts.say(i.t(Msg::TargetsSaved))));
    use_unsaved((draft.is_changed() && !form.busy()).then_some(Unsaved::OnPage));
    let set = &props.set;
    let onsubmit = cb!((form, draft, seen, set), |event: SubmitEvent| {
        event.prevent_default();
        let mut found = Errors::default();
        let mut figure = |at: &str| {
            draft.at(at).trim().parse::<i32>().unwrap_or_else(|_| {
                found.add(at, i.t(Msg::CheckNumber));
                0
            })
        };
        let to = ContactTargets { meetings_a_day: figure(MEETINGS), connected_calls_a_day: figure(CALLS) };
        for (at, message) in Errors::check(&to, i).iter() {
            found.add(at, message);
        }
        let (draft, seen, set) = (draft.clone(), seen.clone(), set.clone());
        form.send(found, async move {
            let change = api::reports::set_targets(&seen.etag, &to);
            let saved = seen.save(change, api::reports::targets()).await?;
            fetch::forget("reports/contacts");
            draft.saved(values_of(saved.value.targets));
            seen.take(saved.clone());
            set.emit(saved);
            Ok(())
        });
    });
    let words = |pointer: &str, value: &str| {
        let label = if pointer == MEETINGS { Msg::ReportsMeetings } else { Msg::ReportsCalls };
        (i.t(label), AttrValue::from(value.to_owned()))
    };
    let field = |id: &'static str, pointer: &str, label: Msg<'_>, hint: Msg<'_>| {
        html! {
            <TextField {id} label={i.t(label)} value={draft.at(pointer)} kind={InputKind::Number} oninput={draft.set(pointer)}
                error={form.at(pointer)} hint={i.t(hint)} required=true />
        }
    };
    html! {
        <form class="form" {onsubmit} novalidate=true>
            { draft.notice(&form, &[MEETINGS, CALLS], words) }
            <div class="pair">
                { field("target-meetings", MEETINGS, Msg::ReportsMeetings, Msg::ReportsMeetingsHint) }
                { field("target-calls", CALLS, Msg::ReportsCalls, Msg::ReportsCallsHint) }
            </div>
            <div class="form__actions"><Button submit=true look={Look::Primary} busy={form.busy()}>{ i.t(Msg::CommonSave) }</Button></div>
        </form>
    }
}
