use guanxi_api::{TeamRole, TeamRule, TeamRuleDefinition, TeamRules, TeamRulesDefinition, Tier, VisitRule};
use yew::prelude::*;

use crate::api::{self, Tagged};
use crate::draft::{Values, in_words, use_draft, use_seen};
use crate::fetch::use_query;
use crate::form::use_form;
use crate::i18n::{I18n, Msg, use_i18n};
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
    let i = use_i18n();
    let me = use_me();
    let manages = me.as_ref().is_some_and(|me| may(me, right::MANAGE_TEAM_RULES));
    let query = use_query::<Tagged<TeamRules>, _, _>(Some("ownership/rules".into()), api::ownership::rules);
    let Some(known) = query.remote.data.clone() else {
        return match &query.remote.error {
            Some(error) => {
                html! { <ErrorPanel what={i.t(Msg::OwnershipFailed)} error={error.clone()} retry={query.reload.clone()} /> }
            }
            None => html! { <Skeleton rows=5 bare=true /> },
        };
    };
    html! { <RulesForm first={(*known).clone()} {manages} set={query.set} /> }
}

/// What becomes of the rule of a tier.
type Change = (Tier, Box<dyn Fn(&mut TeamRule)>);

/// The rule of each tier as one value of a form.
fn values_of(rules: &[TeamRule]) -> Values {
    let written = |rule: &TeamRule| serde_json::to_string(rule).unwrap_or_default();
    rules.iter().map(|rule| (rule.tier.as_str().to_owned(), written(rule))).collect()
}

/// A rule in words.
fn words(tier: &str, value: &str, i: I18n) -> (AttrValue, AttrValue) {
    let Ok(rule) = serde_json::from_str::<TeamRule>(value) else { return Default::default() };
    let of_role = |role: &TeamRole| {
        let every = rule.visits.iter().find(|visit| visit.role == *role);
        let every = every.map(|visit| i.t(Msg::VisitEvery { days: &i.number(visit.days) }));
        let label = if *role == TeamRole::Rm { i.t(Msg::FieldOwner) } else { role.label(i) };
        every.map_or_else(|| label.to_string(), |every| format!("{label} ({every})"))
    };
    let mut said: Vec<String> = rule.roles.iter().map(of_role).collect();
    if rule.care_plan {
        said.push(i.t(Msg::PlanOne).to_string());
    }
    (in_words::<Tier>(tier, i), said.join(", ").into())
}

#[derive(Properties, PartialEq)]
struct RulesFormProps {
    first: Tagged<TeamRules>,
    manages: bool,
    set: Callback<Tagged<TeamRules>>,
}

#[function_component]
fn RulesForm(props: &RulesFormProps) -> Html {
    let (i, toasts) = (use_i18n(), use_toasts());
    let RulesFormProps { first, manages, set } = props;
    let manages = *manages;
    let seen = use_seen(first);
    let draft = use_draft(values_of(&seen.value.rules));
    let form = use_form(Callback::noop());
    let entered = |rule: &TeamRule| {
        serde_json::from_str(&draft.at(rule.tier.as_str())).unwrap_or_else(|_| rule.clone())
    };
    let rules: Vec<TeamRule> = seen.value.rules.iter().map(entered).collect();
    let put = cb!((draft, rules), |(tier, change): Change| {
        if let Some(rule) = rules.iter().find(|rule| rule.tier == tier) {
            let mut next = rule.clone();
            change(&mut next);
            draft.set(tier.as_str()).emit(serde_json::to_string(&next).unwrap_or_default());
        }
    });
    let toggle = cb!((put), |(tier, role, on): (Tier, TeamRole, bool)| {
        let change = move |rule: &mut TeamRule| {
            rule.roles.retain(|other| *other != role);
            if on {
                rule.roles.push(role);
                rule.roles.sort_unstable();
            }
        };
        put.emit((tier, Box::new(change)));
    });
    let save = cb!((form, rules, draft, seen, set, toasts), |_: MouseEvent| {
        let to = TeamRulesDefinition { rules: rules.iter().cloned().map(whole).collect() };
        let (draft, seen, set, toasts) = (draft.clone(), seen.clone(), set.clone(), toasts.clone());
        form.send(crate::checks::Errors::default(), async move {
            let now = seen.save(api::ownership::set_rules(&seen.etag, &to), api::ownership::rules()).await?;
            draft.saved(values_of(&now.value.rules));
            seen.take(now.clone());
            set.emit(now);
            toasts.say(i.t(Msg::OwnershipRulesSaved));
            Ok(())
        });
    });
    let plan = cb!((put), |(tier, on): (Tier, bool)| {
        put.emit((tier, Box::new(move |rule| rule.care_plan = on)));
    });
    let visit = cb!((put), |(tier, role, days): (Tier, TeamRole, Option<u32>)| {
        let change = move |rule: &mut TeamRule| {
            rule.visits.retain(|visit| visit.role != role);
            rule.visits.extend(days.map(|days| VisitRule { role, days }));
        };
        put.emit((tier, Box::new(change)));
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
                { draft.notice(&form, &[], |tier, value| words(tier, value, i)) }
                if manages {
                    <div class="form__actions"><Button look={Look::Primary} busy={form.busy()} disabled={!draft.is_changed()} onclick={save}>{ i.t(Msg::CommonSave) }</Button></div>
                }
            </Panel>
        </>
    }
}
