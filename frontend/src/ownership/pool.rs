use std::rc::Rc;

use guanxi_api::{PoolCustomer, PoolPolicy, PoolPolicyDefinition, PoolRule, PoolWarning, Tier};
use yew::prelude::*;
use yew_router::Routable;

use super::pages::use_pages;
use crate::api::{self, Tagged};
use crate::checks::Errors;
use crate::draft::{Values, in_words, use_draft, use_seen, values};
use crate::fetch::use_query;
use crate::form::use_form;
use crate::i18n::{Msg, use_i18n};
use crate::labels::Label;
use crate::route::{self, Route};
use crate::session::{may, right, use_me};
use crate::settings::use_settings;
use crate::ui::{
    Badge, Button, Column, EmptyState, ErrorPanel, HelpNote, Icon, InputKind, Link, Look, OnPhone, Panel,
    Row, Skeleton, Table, TextField, TierMark, Time, Tone, use_toasts,
};

/// The customers in the pool, and those who are about to fall back into it.
#[function_component]
pub fn PoolTab() -> Html {
    let (i, toasts, settings) = (use_i18n(), use_toasts(), use_settings());
    let me = use_me();
    let claims = me.as_ref().is_some_and(|me| may(me, right::CLAIM_CUSTOMERS));
    let pool = use_pages("pool".to_owned(), |cursor| async move { api::ownership::pool(&cursor).await });
    let reload = pool.reload();
    let claim = cb!((reload, toasts), |customer: PoolCustomer| {
        spawn!((reload, toasts), {
            match api::ownership::claim(&customer).await {
                Ok(taken) => {
                    toasts.say(i.t(Msg::PoolTaken { name: &customer.name }));
                    route::go(&Route::Customer { id: taken.id }.to_path());
                }
                Err(error) => {
                    toasts.fail(&error, i);
                    reload.emit(());
                }
            }
        });
    });
    let today = i.today();
    let never = i.t(Msg::TodayLastNever);
    let row = |customer: &PoolCustomer| {
        let take = cb!((claim, customer), |_: MouseEvent| claim.emit(customer.clone()));
        let acts = match customer.claimable_from {
            Some(day) if day > today => {
                html! { <Badge>{ i.t(Msg::PoolFrom { day: &day.to_string() }) }</Badge> }
            }
            Some(_) if claims => {
                html! { <Button small=true icon={Icon::UserPlus} onclick={take}>{ i.t(Msg::PoolTake) }</Button> }
            }
            _ => html!(),
        };
        Row {
            key: customer.id.to_string().into(),
            name: customer.name.clone().into(),
            off: false,
            cells: vec![
                html! { if claims { { &customer.name } } else { <Link to={Route::Customer { id: customer.id }.to_path()} class="table__link">{ &customer.name }</Link> } },
                html! { <TierMark tier={customer.tier} /> },
                html! { { customer.city.clone().unwrap_or_default() } },
                html! { { customer.org_unit.name.in_language(i.lang).to_owned() } },
                html! { { &customer.previous_owner.display_name } },
                html! { <Time at={customer.fell_at} /> },
                match customer.last_contacted_at {
                    Some(at) => html! { <Time {at} /> },
                    None => html! { { &never } },
                },
                acts,
            ],
        }
    };
    let columns = Rc::new(vec![
        Column::new("name", i.t(Msg::FieldName)).phone(OnPhone::Title),
        Column::new("tier", i.t(Msg::FieldTier)).phone(OnPhone::Mark),
        Column::new("city", i.t(Msg::FieldCity)),
        Column::new("unit", i.t(Msg::FieldOrgUnit)).long(),
        Column::new("previous", i.t(Msg::PoolPrevious)).phone(OnPhone::Named),
        Column::new("fell", i.t(Msg::PoolFell)).phone(OnPhone::Named),
        Column::new("last", i.t(Msg::FieldLastContactedAt)).phone(OnPhone::Named),
        Column::new("acts", i.t(Msg::OwnershipActs)).phone(OnPhone::Line),
    ]);
    let empty =
        html! { <EmptyState icon={Icon::Users} title={i.t(Msg::PoolNone)} text={i.t(Msg::PoolNoneText)} /> };
    let table = |rows: &[PoolCustomer]| {
        html! { <Table plain=true caption={i.t(Msg::PoolTitle)} {columns} letters={settings.now.shortcuts} rows={rows.iter().map(row).collect::<Vec<_>>()} /> }
    };
    html! {
        <>
            <HelpNote text={i.t(Msg::PoolHelp)} />
            { pool.show(empty, table, i) }
            <Warnings />
        </>
    }
}

/// Who is about to fall back, and when.
#[function_component]
fn Warnings() -> Html {
    let (i, settings) = (use_i18n(), use_settings());
    let warnings = use_pages("pool-warnings".to_owned(), |cursor| async move {
        api::ownership::pool_warnings(&cursor).await
    });
    let never = i.t(Msg::TodayLastNever);
    let row = |warning: &PoolWarning| Row {
        key: warning.id.to_string().into(),
        name: warning.customer.name.clone().into(),
        off: false,
        cells: vec![
            html! { <Link to={Route::Customer { id: warning.id }.to_path()} class="table__link">{ &warning.customer.name }</Link> },
            html! { <TierMark tier={warning.customer.tier} /> },
            html! { <Badge tone={Tone::Warning}>{ warning.falls_on.to_string() }</Badge> },
            html! { { warning.owner.as_ref().map(|owner| owner.display_name.clone()).unwrap_or_default() } },
            html! { { warning.org_unit.name.in_language(i.lang).to_owned() } },
            match warning.last_contacted_at {
                Some(at) => html! { <Time {at} /> },
                None => html! { { &never } },
            },
        ],
    };
    let columns = Rc::new(vec![
        Column::new("name", i.t(Msg::FieldName)).phone(OnPhone::Title),
        Column::new("tier", i.t(Msg::FieldTier)).phone(OnPhone::Mark),
        Column::new("falls", i.t(Msg::PoolFalls)).phone(OnPhone::Named),
        Column::new("owner", i.t(Msg::FieldOwner)).phone(OnPhone::Line),
        Column::new("unit", i.t(Msg::FieldOrgUnit)).long(),
        Column::new("last", i.t(Msg::FieldLastContactedAt)).phone(OnPhone::Named),
    ]);
    let empty = html! { <p class="muted">{ i.t(Msg::PoolWarningsNone) }</p> };
    let table = |rows: &[PoolWarning]| {
        html! { <Table plain=true caption={i.t(Msg::PoolWarnings)} {columns} letters={settings.now.shortcuts} rows={rows.iter().map(row).collect::<Vec<_>>()} /> }
    };
    html! { <Panel title={i.t(Msg::PoolWarnings)}>{ warnings.show(empty, table, i) }</Panel> }
}

const NOTICE: &str = "/notice_days";
const CLAIMS: &str = "/claims_per_day";
const HOLD: &str = "/hold_days";

/// The days of a tier, the highest tier first; empty for never.
fn values_of(policy: &PoolPolicy) -> Values {
    let days = |tier: &Tier| {
        let rule = policy.rules.iter().find(|rule| rule.tier == *tier);
        (tier.as_str().to_owned(), rule.map(|rule| rule.days.to_string()).unwrap_or_default())
    };
    let mut all = values([
        (NOTICE, policy.notice_days.to_string()),
        (CLAIMS, policy.claims_per_day.map(|count| count.to_string()).unwrap_or_default()),
        (HOLD, policy.hold_days.to_string()),
    ]);
    all.extend(Tier::ALL.iter().map(days));
    all
}

/// By which rules customers fall back into the pool.
#[function_component]
pub fn PoolRules() -> Html {
    let i = use_i18n();
    let me = use_me();
    let manages = me.as_ref().is_some_and(|me| may(me, right::MANAGE_POOL));
    let query =
        use_query::<Tagged<PoolPolicy>, _, _>(Some("pool/policy".into()), api::ownership::pool_policy);
    let Some(known) = query.remote.data.clone() else {
        return match &query.remote.error {
            Some(error) => {
                html! { <ErrorPanel what={i.t(Msg::OwnershipFailed)} error={error.clone()} retry={query.reload.clone()} /> }
            }
            None => html! { <Skeleton rows=4 bare=true /> },
        };
    };
    html! { <PoolForm first={(*known).clone()} {manages} set={query.set} /> }
}

#[derive(Properties, PartialEq)]
struct PoolFormProps {
    first: Tagged<PoolPolicy>,
    manages: bool,
    set: Callback<Tagged<PoolPolicy>>,
}

#[function_component]
fn PoolForm(props: &PoolFormProps) -> Html {
    let (i, toasts) = (use_i18n(), use_toasts());
    let PoolFormProps { first, manages, set } = props;
    let manages = *manages;
    let seen = use_seen(first);
    let draft = use_draft(values_of(&seen.value));
    let form = use_form(Callback::noop());
    let save = cb!((form, draft, seen, set, toasts), |_: MouseEvent| {
        let mut errors = Errors::default();
        let mut number = |at: &str, text: &str| {
            text.trim().parse::<u32>().unwrap_or_else(|_| {
                errors.add(at, i.t(Msg::CheckNumber));
                0
            })
        };
        let mut rules = Vec::new();
        let days = Tier::ALL.iter().rev().map(|tier| (*tier, draft.at(tier.as_str())));
        for (tier, days) in days.filter(|(_, days)| !days.trim().is_empty()) {
            rules.push(PoolRule { tier, days: number(&format!("/rules/{}/days", rules.len()), &days) });
        }
        let claims = draft.at(CLAIMS);
        let to = PoolPolicyDefinition {
            rules,
            notice_days: number(NOTICE, &draft.at(NOTICE)),
            claims_per_day: (!claims.trim().is_empty()).then(|| number(CLAIMS, &claims)),
            hold_days: number(HOLD, &draft.at(HOLD)),
        };
        for (at, message) in Errors::check(&to, i).iter() {
            errors.add(at, message);
        }
        let (draft, seen, set, toasts) = (draft.clone(), seen.clone(), set.clone(), toasts.clone());
        form.send(errors, async move {
            let change = api::ownership::set_pool_policy(&seen.etag, &to);
            let now = seen.save(change, api::ownership::pool_policy()).await?;
            draft.saved(values_of(&now.value));
            seen.take(now.clone());
            set.emit(now);
            toasts.say(i.t(Msg::PoolRulesSaved));
            Ok(())
        });
    });
    let field = |id: &'static str, label: Msg<'static>, at: &str| {
        html! { <TextField {id} label={i.t(label)} kind={InputKind::Number} value={draft.at(at)} disabled={!manages} oninput={draft.set(at)} error={form.at(at)} /> }
    };
    let words = |pointer: &str, value: &str| {
        let label = match pointer {
            NOTICE => i.t(Msg::PoolNotice),
            CLAIMS => i.t(Msg::PoolClaims),
            HOLD => i.t(Msg::PoolHold),
            tier => in_words::<Tier>(tier, i),
        };
        (label, value.to_owned().into())
    };
    const SHOWN: [&str; 8] = [
        NOTICE,
        CLAIMS,
        HOLD,
        "/rules/0/days",
        "/rules/1/days",
        "/rules/2/days",
        "/rules/3/days",
        "/rules/4/days",
    ];
    // A rule's place among those that are sent.
    let mut sent = 0;
    let tiers: Vec<Html> = Tier::ALL
        .iter()
        .rev()
        .map(|tier| {
            let days = draft.at(tier.as_str());
            let at = format!("/rules/{sent}/days");
            let counts = !days.trim().is_empty();
            sent += usize::from(counts);
            let oninput = draft.set(tier.as_str());
            html! {
                <TextField key={tier.as_str()} id={format!("pool-{}", tier.as_str())} label={tier.label(i)} kind={InputKind::Number} placeholder={i.t(Msg::PoolNever)}
                    value={days} disabled={!manages} {oninput} error={form.at(&at).filter(|_| counts)} />
            }
        })
        .collect();
    html! {
        <Panel title={i.t(Msg::PoolRules)}>
            <HelpNote text={i.t(Msg::PoolRulesHelp)} />
            <p class="field__label">{ i.t(Msg::PoolDays) }</p>
            <div class="poolrules">{ for tiers }</div>
            <div class="poolrules">
                { field("pool-notice", Msg::PoolNotice, NOTICE) }
                { field("pool-claims", Msg::PoolClaims, CLAIMS) }
                { field("pool-hold", Msg::PoolHold, HOLD) }
            </div>
            { draft.notice(&form, &SHOWN, words) }
            if manages {
                <div class="form__actions"><Button look={Look::Primary} busy={form.busy()} disabled={!draft.is_changed()} onclick={save}>{ i.t(Msg::CommonSave) }</Button></div>
            }
        </Panel>
    }
}
