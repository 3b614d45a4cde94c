use chrono::{Datelike, Months, NaiveDate};
use guanxi_api::{Page as Rows, TierPolicy, TierPolicyState, TierThreshold};
use uuid::Uuid;
use yew::prelude::*;

use super::form::{PolicyForm, Task};
use super::simulation::Simulation;
use super::{contents, from_day};
use crate::api::{self, Tagged};
use crate::fetch::{self, use_query};
use crate::i18n::{I18n, Msg, use_i18n};
use crate::kept::use_kept;
use crate::labels::Label;
use crate::session::{may, right, use_me};
use crate::ui::{
    Badge, Button, ConfirmDialog, Dialog, ErrorPanel, HelpNote, Icon, IconButton, Look, Page, Pagination,
    Panel, Skeleton, Time, Tone, use_toasts,
};

/// Policies of a page, as the server gives them unless told.
const PAGE: u32 = 50;

#[derive(Clone, PartialEq)]
enum Doing {
    Changing,
    /// With the values that the form begins with.
    Planning(Box<TierPolicy>),
    Replanning(Uuid),
    Withdrawing(Uuid),
}

/// The day that plans are usually made for.
fn next_month(today: NaiveDate) -> NaiveDate {
    today.with_day(1).and_then(|first| first.checked_add_months(Months::new(1))).unwrap_or(today)
}

/// The tiers: the policy in force, what is planned and what was, and what other thresholds would do.
#[function_component]
pub fn TiersPage() -> Html {
    let i = use_i18n();
    let me = use_me();
    let toasts = use_toasts();
    let doing = use_state(|| None::<Doing>);
    let place = use_kept("tier-policies-place", Vec::<String>::new);
    let cursor = place.last().cloned().unwrap_or_default();
    let query = use_query::<Tagged<TierPolicy>, _, _>(Some("tiers".into()), api::tiers::in_force);
    let others =
        use_query::<Rows<TierPolicy>, _, _>(Some(format!("tier-policies?{cursor}")), move || async move {
            api::tiers::policies(&cursor).await
        });
    let base = me.as_ref().map(|me| me.base_currency.clone()).unwrap_or_default();
    let can = |right: &str| me.as_ref().is_some_and(|me| may(me, right));
    let (manage, simulates) = (can(right::MANAGE_TIERS), can(right::SIMULATE_TIERS));

    let (reload, reload_others) = (query.reload.clone(), others.reload.clone());
    let renew = cb!((reload, reload_others), |()| {
        fetch::forget("tier-policies?");
        reload.emit(());
        reload_others.emit(());
    });
    let done = |said: Msg<'static>| {
        cb!((doing, renew, toasts), |()| {
            doing.set(None);
            renew.emit(());
            toasts.say(i.t(said));
        })
    };
    let close = cb!((doing), |()| doing.set(None));
    let start = |what: Doing| cb!((doing), |_: MouseEvent| doing.set(Some(what.clone())));
    let policy = query.remote.data.as_ref().map(|tagged| tagged.value.clone());
    let plan = policy.map(|policy| TierPolicy { valid_from: next_month(i.today()), ..policy });
    let plan_these = plan.clone().filter(|_| manage).map(|plan| {
        cb!((doing), |thresholds: Vec<TierThreshold>| {
            let mut plan = plan.clone();
            for (rule, tried) in plan.tiers.iter_mut().zip(thresholds) {
                rule.threshold = tried.threshold;
            }
            doing.set(Some(Doing::Planning(Box::new(plan))));
        })
    });
    let actions = html! {
        if let Some(plan) = plan.filter(|_| manage) {
            <Button icon={Icon::Calendar} onclick={start(Doing::Planning(Box::new(plan)))}>{ i.t(Msg::TiersPlan) }</Button>
            <Button look={Look::Primary} icon={Icon::Pencil} onclick={start(Doing::Changing)}>{ i.t(Msg::TiersEdit) }</Button>
        }
    };
    let other = |policy: &TierPolicy| {
        let acts = html! {
            if manage && policy.state == TierPolicyState::Planned {
                <IconButton small=true icon={Icon::Pencil} label={i.t(Msg::TiersReplanOf { day: &policy.valid_from.to_string() })} onclick={start(Doing::Replanning(policy.id))} />
                <IconButton small=true icon={Icon::Trash} label={i.t(Msg::TiersWithdrawOf { day: &policy.valid_from.to_string() })} onclick={start(Doing::Withdrawing(policy.id))} />
            }
        };
        line(policy, acts, &base, i)
    };
    let back = cb!((place), |()| place
        .set(place.split_last().map(|(_, before)| before.to_vec()).unwrap_or_default()));
    let on =
        |next: String| cb!((place), |()| place.set(place.iter().cloned().chain([next.clone()]).collect()));
    let listed = |page: &Rows<TierPolicy>| {
        let shown: Vec<&TierPolicy> =
            page.data.iter().filter(|policy| policy.state != TierPolicyState::InForce).collect();
        let onnext = page.page.next.clone().map(on);
        let onback = (!place.is_empty()).then(|| back.clone());
        html! {
            <>
                if shown.is_empty() && onback.is_none() {
                    <p class="combo__none">{ i.t(Msg::TiersOthersNone) }</p>
                } else {
                    <ul class="lines">{ for shown.into_iter().map(other) }</ul>
                }
                if onnext.is_some() || onback.is_some() {
                    <Pagination before={place.len() as u32 * PAGE} rows={page.data.len() as u32} {onback} {onnext} />
                }
            </>
        }
    };
    html! {
        <Page title={i.t(Msg::TiersTitle)} {actions}>
            <HelpNote text={i.t(if manage { Msg::TiersHelp } else { Msg::TiersHelpRead })} />
            { match (&query.remote.data, &query.remote.error) {
                (Some(tagged), _) => html! {
                    <div class={if simulates { "tiers" } else { "column" }}>
                        <div class="stack">
                            <Panel title={i.t(Msg::TiersInForce)} flush=true actions={html! { <span class="small muted">{ from_day(tagged.value.valid_from, i) }</span> }}>
                                { contents(&tagged.value, i.t(Msg::TiersTitle), &base, i) }
                                // What came with the installation was changed by nobody, at no time.
                                if tagged.value.updated_at.micros() > 0 {
                                    <p class="small muted panel__note">{ i.t(Msg::FieldUpdatedAt) }{ " " }<Time at={tagged.value.updated_at} /></p>
                                }
                            </Panel>
                            <Panel title={i.t(Msg::TiersOthers)} flush=true>
                                { match (&others.remote.data, &others.remote.error) {
                                    (Some(page), _) => listed(page),
                                    (None, Some(error)) => html! { <ErrorPanel what={i.t(Msg::TiersFailed)} error={error.clone()} retry={others.reload.clone()} /> },
                                    (None, None) => html! { <Skeleton bare=true rows=2 /> },
                                } }
                            </Panel>
                        </div>
                        if simulates {
                            <Simulation key={tagged.etag.clone()} policy={tagged.value.clone()} onplan={plan_these} />
                        }
                        if *doing == Some(Doing::Changing) {
                            <PolicyForm task={Task::Change { etag: tagged.etag.clone() }} policy={tagged.value.clone()} ondone={done(Msg::TiersSaved)} onstale={query.reload.clone()} onclose={close.clone()} />
                        }
                    </div>
                },
                (None, Some(error)) => html! { <ErrorPanel what={i.t(Msg::TiersFailed)} error={error.clone()} retry={query.reload.clone()} /> },
                (None, None) => html! { <Skeleton bare=true rows=5 /> },
            } }
            { match (*doing).clone() {
                None | Some(Doing::Changing) => html!(),
                Some(Doing::Planning(policy)) => html! {
                    <PolicyForm task={Task::Plan} policy={*policy} ondone={done(Msg::TiersPlanned)} onstale={renew} onclose={close} />
                },
                Some(Doing::Replanning(id)) => html! { <PlannedDialog {id} ondone={done(Msg::TiersPlanned)} onclose={close} /> },
                Some(Doing::Withdrawing(id)) => html! { <PlannedDialog {id} withdraw=true ondone={done(Msg::TiersWithdrawn)} onclose={close} /> },
            } }
        </Page>
    }
}

/// A policy that is not in force: from when on, in few words, and in full.
fn line(policy: &TierPolicy, acts: Html, base: &str, i: I18n) -> Html {
    let tone = match policy.state {
        TierPolicyState::Planned => Tone::Information,
        TierPolicyState::InForce => Tone::Good,
        TierPolicyState::Past => Tone::Neutral,
    };
    let thresholds = policy.tiers.iter().skip(1).map(|rule| {
        html! { <span class="nowrap">{ rule.tier.label(i) }{ " " }{ i.short_amount(rule.threshold) }</span> }
    });
    let from = from_day(policy.valid_from, i);
    html! {
        <li key={policy.id.to_string()} class="tiers__line">
            <span class="row"><b>{ &from }</b><Badge {tone}>{ policy.state.label(i) }</Badge><span class="lines__acts">{ acts }</span></span>
            <span class="small muted tiers__brief">{ for thresholds }<span>{ policy.basis.label(i) }</span></span>
            <details class="more small">
                <summary>{ i.t(Msg::TiersInFull) }</summary>
                <div class="stack tiers__full">{ contents(policy, from.clone(), base, i) }</div>
            </details>
        </li>
    }
}

#[derive(Properties, PartialEq)]
struct PlannedDialogProps {
    id: Uuid,
    /// Takes it back instead of changing it.
    #[prop_or_default]
    withdraw: bool,
    ondone: Callback<()>,
    onclose: Callback<()>,
}

/// Changes or withdraws what is planned, as it is now.
#[function_component]
fn PlannedDialog(props: &PlannedDialogProps) -> Html {
    let (i, toasts) = (use_i18n(), use_toasts());
    let (id, withdraw) = (props.id, props.withdraw);
    let (ondone, onclose) = (props.ondone.clone(), props.onclose.clone());
    let busy = use_state(|| false);
    let query = use_query::<Tagged<TierPolicy>, _, _>(Some(format!("tier-policy/{id}")), move || {
        api::tiers::policy(id)
    });
    // What an earlier visit has left may have been changed since.
    let known = use_mut_ref(|| false);
    *known.borrow_mut() |= !query.remote.loading;
    let tagged = query.remote.data.as_ref().filter(|_| *known.borrow());
    let title = i.t(if withdraw { Msg::TiersWithdraw } else { Msg::TiersReplan });
    let reload = query.reload.clone();
    let Some(tagged) = tagged else {
        return html! {
            <Dialog {title} {onclose}>
                { match &query.remote.error {
                    Some(error) => html! { <ErrorPanel what={i.t(Msg::TiersFailed)} error={error.clone()} retry={reload} /> },
                    None => html! { <Skeleton bare=true rows=5 /> },
                } }
            </Dialog>
        };
    };
    if !withdraw {
        let task = Task::Replan { id, etag: tagged.etag.clone() };
        return html! { <PolicyForm {task} policy={tagged.value.clone()} {ondone} onstale={reload} {onclose} /> };
    }
    let etag = tagged.etag.clone();
    let onconfirm = cb!((busy, toasts, ondone, reload), |()| {
        if *busy {
            return;
        }
        busy.set(true);
        spawn!((busy, toasts, ondone, reload, etag), {
            let outcome = api::tiers::withdraw(id, &etag).await;
            busy.set(false);
            match outcome {
                Ok(()) => ondone.emit(()),
                Err(error) => {
                    toasts.fail(&error, i);
                    reload.emit(());
                }
            }
        });
    });
    html! {
        <ConfirmDialog action={title.clone()} {title} danger=true busy={*busy} {onconfirm} {onclose}>
            <p>{ i.t(Msg::TiersWithdrawText { day: &tagged.value.valid_from.to_string() }) }</p>
        </ConfirmDialog>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plans_begin_with_a_month() {
        for (today, first) in
            [("2026-11-28", "2026-12-01"), ("2026-12-31", "2027-01-01"), ("2027-01-01", "2027-02-01")]
        {
            let day = |text: &str| text.parse::<NaiveDate>().unwrap();
            assert_eq!(next_month(day(today)), day(first), "{today}");
        }
    }
}
