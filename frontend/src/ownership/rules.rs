use guanxi_api::{TeamRole, TeamRule, TeamRules, TeamRulesDefinition, Tier};
use yew::prelude::*;

use crate::api::{self, Tagged};
use crate::fetch::use_query;
use crate::holdings::use_form;
use crate::i18n::{Msg, use_i18n};
use crate::labels::Label;
use crate::session::{may, right, use_me};
use crate::ui::{Button, Check, ErrorPanel, HelpNote, Look, Panel, Skeleton, TierMark, use_toasts};

/// Which roles look after the customers of a tier.
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
        let to = TeamRulesDefinition { rules: rules.clone() };
        let (draft, set, toasts, etag) = (draft.clone(), set.clone(), toasts.clone(), etag.clone());
        form.send(crate::checks::Errors::default(), async move {
            let now = api::ownership::set_rules(&etag, &to).await?;
            draft.set(None);
            set.emit(now);
            toasts.say(i.t(Msg::OwnershipRulesSaved));
            Ok(())
        });
    });
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
