use guanxi_api::{TeamRole, TeamRule, TeamRuleDefinition, TeamRules, TeamRulesDefinition, Tier, VisitRule};
use yew::prelude::*;

use crate::api::{self, Tagged};
use crate::fetch::use_query;
use crate::holdings::use_form;
use crate::i18n::{Msg, use_i18n};
use crate::labels::Label;
use crate::session::{may, right, use_me};
use crate::ui::{Button, Check, ErrorPanel, HelpNote, Look, Panel, Select, Skeleton, TierMark, use_toasts};

/// Whose visits follow a plan.
const LEADERS: [TeamRole; 3] = [TeamRole::BranchManager, TeamRole::DeputyManager, TeamRole::OutletHead];
/// After how many days a visit is offered again.
const INTERVALS: [u32; 6] = [30, 60, 90, 180, 365, 730];

fn whole(rule: TeamRule) -> TeamRuleDefinition {
    TeamRuleDefinition {
        tier: rule.tier,
        // Whoever has left the team visits nobody.
        visits: Some(rule.visits.into_iter().filter(|visit| rule.roles.contains(&visit.role)).collect()),
        roles: rule.roles,
        care_plan: Some(rule.care_plan),
    }
}

/// Which roles look after the customers of a tier, whether these have a care plan, and who visits them how often.
#[function_component]
pub fn RulesTab() -> Html {
    let (i, toasts) = (use_i18n(), use_toasts());
    let me = use_me();
    let manages = me.as_ref().is_some_and(|me| may(me, right::MANAGE_TEAM_RULES));
    let query = use_query::<Tagged<TeamRules>, _, _>(Some("ownership/rules".into()), api::ownership::rules);
    let draft = use_state(|| None::<Vec<TeamRule>>);
    let form = use_form(Callback::noop());
    let Some(known) = query.remote.data.clone() else {
        return match &query.remote.error {
            Some(error) => {
                html! { <ErrorPanel what={i.t(Msg::OwnershipFailed)} error={error.clone()} retry={query.reload.clone()} /> }
            }
            None => html! { <Skeleton rows=5 bare=true /> },
        };
    };
    let rules = (*draft).clone().unwrap_or_else(|| known.value.rules.clone());
    let toggle = cb!((draft, rules), |(tier, role, on): (Tier, TeamRole, bool)| {
        let mut next = rules.clone();
        for rule in next.iter_mut().filter(|rule| rule.tier == tier) {
            rule.roles.retain(|other| *other != role);
            if on {
                rule.roles.push(role);
                rule.roles.sort_unstable();
            }
        }
        draft.set(Some(next));
    });
    let set = query.set.clone();
    let etag = known.etag.clone();
    let save = cb!((form, rules, draft, set, toasts, etag), |_: MouseEvent| {
        let to = TeamRulesDefinition { rules: rules.iter().cloned().map(whole).collect() };
        let (draft, set, toasts, etag) = (draft.clone(), set.clone(), toasts.clone(), etag.clone());
        form.send(crate::checks::Errors::default(), async move {
            let now = api::ownership::set_rules(&etag, &to).await?;
            draft.set(None);
            set.emit(now);
            toasts.say(i.t(Msg::OwnershipRulesSaved));
            Ok(())
        });
    });
    let plan = cb!((draft, rules), |(tier, on): (Tier, bool)| {
        let mut next = rules.clone();
        next.iter_mut().filter(|rule| rule.tier == tier).for_each(|rule| rule.care_plan = on);
        draft.set(Some(next));
    });
    let visit = cb!((draft, rules), |(tier, role, days): (Tier, TeamRole, Option<u32>)| {
        let mut next = rules.clone();
        for rule in next.iter_mut().filter(|rule| rule.tier == tier) {
            rule.visits.retain(|visit| visit.role != role);
            rule.visits.extend(days.map(|days| VisitRule { role, days }));
        }
        draft.set(Some(next));
    });
    let interval = |rule: &TeamRule, role: TeamRole| {
        let tier = rule.tier;
        let days = rule.visits.iter().find(|visit| visit.role == role).map(|visit| visit.days);
        let mut all: Vec<u32> = INTERVALS.into_iter().chain(days).collect();
        all.sort_unstable();
        all.dedup();
        let every = |days: u32| (days.to_string().into(), i.t(Msg::VisitEvery { days: &i.number(days) }));
        let onchange = cb!((visit), |days: String| visit.emit((tier, role, days.parse().ok())));
        html! {
            <Select id={format!("visit-{}-{}", tier.as_str(), role.as_str())} label={i.t(Msg::VisitOf { role: &role.label(i) })} none={i.t(Msg::VisitNone)}
                options={all.into_iter().map(every).collect::<Vec<_>>()} value={days.map(|days| days.to_string()).unwrap_or_default()} disabled={!manages} {onchange} />
        }
    };
    let line = |rule: &TeamRule| {
        let tier = rule.tier;
        let check = |role: &TeamRole| {
            let role = *role;
            let onchange = cb!((toggle), |on: bool| toggle.emit((tier, role, on)));
            let label = if role == TeamRole::Rm { i.t(Msg::FieldOwner) } else { role.label(i) };
            html! { <Check {label} checked={rule.roles.contains(&role)} disabled={!manages} {onchange} /> }
        };
        html! {
            <fieldset class="careset" key={tier.as_str()}>
                <legend><TierMark {tier} /></legend>
                { for TeamRole::ALL.iter().filter(|role| **role != TeamRole::Adviser).map(check) }
                <Check label={i.t(Msg::PlanOne)} checked={rule.care_plan} disabled={!manages} onchange={cb!((plan), |on: bool| plan.emit((tier, on)))} />
                { for LEADERS.iter().filter(|role| rule.roles.contains(role)).map(|role| interval(rule, *role)) }
                if rule.roles.is_empty() { <span class="small muted">{ i.t(Msg::OwnershipOutlet) }</span> }
            </fieldset>
        }
    };
    html! {
        <>
            <HelpNote text={i.t(Msg::OwnershipRulesHelp)} />
            <Panel title={i.t(Msg::OwnershipRules)}>
                { for rules.iter().rev().map(line) }
                { form.notice(&[]) }
                if manages {
                    <div class="form__actions"><Button look={Look::Primary} busy={form.busy()} disabled={draft.is_none()} onclick={save}>{ i.t(Msg::CommonSave) }</Button></div>
                }
            </Panel>
        </>
    }
}
