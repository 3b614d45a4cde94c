use guanxi_api::{Amount, CustomerGrade, GradeMeasure, KindCost, KindIncome, Money, Rfm, ScoredPart};
use uuid::Uuid;
use yew::prelude::*;

use super::{code_words, exact, margin};
use crate::api;
use crate::fetch::use_query;
use crate::i18n::{I18n, Msg, use_i18n};
use crate::labels::Label;
use crate::session::use_me;
use crate::ui::{Badge, ErrorPanel, HelpNote, Panel, Skeleton, meter};

#[derive(Properties, PartialEq, Clone)]
pub struct ValueTabProps {
    /// The customer.
    pub id: Uuid,
}

/// Why a customer has a grade, and what it brings and costs.
#[function_component]
pub fn ValueTab(props: &ValueTabProps) -> Html {
    let i = use_i18n();
    let id = props.id;
    let base = use_me().map(|me| me.base_currency.clone()).unwrap_or_default();
    let query = use_query::<CustomerGrade, _, _>(Some(format!("grades/of/{id}")), move || {
        api::grades::of_customer(id)
    });
    html! {
        <>
            <HelpNote text={i.t(Msg::ValueTabHelp)} />
            { match (&query.remote.data, &query.remote.error) {
                (Some(grade), _) => html! {
                    <div class="cards">
                        <div class="stack">
                            <Panel title={i.t(Msg::FieldGrade)}>{ score(grade, &base, i) }</Panel>
                            <Panel title={i.t(Msg::ValueTabPurchases)}>{ purchases(&grade.rfm, i) }</Panel>
                        </div>
                        <div class="stack">
                            <Panel title={i.t(Msg::FieldContribution)}>{ contribution(grade, i) }</Panel>
                            <Panel title={i.t(Msg::FieldLifetimeValue)}>{ lifetime(grade, i) }</Panel>
                        </div>
                    </div>
                },
                (None, Some(error)) => html! { <ErrorPanel what={i.t(Msg::ValueTabFailed)} error={error.clone()} retry={query.reload.clone()} /> },
                (None, None) => html! { <Skeleton bare=true rows=8 /> },
            } }
        </>
    }
}

/// A hundredth of a whole, without needless decimals.
fn hundredths(value: u32) -> String {
    let text = format!("{}.{:02}", value / 100, value % 100);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn score(grade: &CustomerGrade, base: &str, i: I18n) -> Html {
    let next = match grade.next_from_score {
        Some(from) => i.t(Msg::ValueTabNext {
            missing: &from.saturating_sub(grade.score).to_string(),
            from: &from.to_string(),
        }),
        None => i.t(Msg::ValueTabBest),
    };
    html! {
        <>
            <dl class="stats">
                <div class="stat"><dt>{ i.t(Msg::FieldGrade) }</dt><dd>{ &grade.grade }</dd></div>
                <div class="stat"><dt>{ i.t(Msg::FieldGradeScore) }</dt><dd>{ grade.score }<small class="muted">{ " / 100" }</small></dd></div>
            </dl>
            <p>{ next }</p>
            <table class="figures figures--bars">
                <caption class="sr-only">{ i.t(Msg::ValueTabParts) }</caption>
                <thead><tr>
                    <th scope="col">{ i.t(Msg::ValueTabPart) }</th>
                    <th scope="col" class="number">{ i.t(Msg::ValueTabPoints) }</th><td class="bar"></td>
                    <th scope="col" class="number">{ i.t(Msg::GradeRulesWeight) }</th>
                    <th scope="col" class="number">{ i.t(Msg::ValueTabAdds) }</th>
                </tr></thead>
                <tbody>{ for grade.parts.iter().map(|part| part_row(part, base, i)) }</tbody>
                <tfoot><tr>
                    <th scope="row">{ i.t(Msg::ValueTabSum) }</th>
                    <td></td><td class="bar"></td>
                    <td class="number">{ grade.parts.iter().map(|part| part.weight).sum::<u32>() }</td>
                    <td class="number"><b>{ grade.score }</b></td>
                </tr></tfoot>
            </table>
            <p class="small muted">{ i.t(Msg::ValueTabAsOf { day: &grade.as_of.to_string() }) }</p>
        </>
    }
}

fn part_row(scored: &ScoredPart, base: &str, i: I18n) -> Html {
    let part = scored.part;
    let value = match (&scored.value, part.measure()) {
        (None, _) => i.t(Msg::ValueTabUnknown),
        (Some(value), GradeMeasure::Money) => match Amount::parse(value) {
            Some(amount) => format!("{} {base}", i.amount(amount)).into(),
            None => value.clone().into(),
        },
        (Some(value), GradeMeasure::Number) => i.figure(value).into(),
        (Some(code), GradeMeasure::Code) => code_words(part, code, i),
    };
    html! {
        <tr key={part.as_str()}>
            <th scope="row">{ part.label(i) }{ " " }<b class="nowrap">{ value }</b></th>
            <td class="number">{ scored.points }</td>
            <td class="bar">{ meter(f64::from(scored.points) / 100.0, true) }</td>
            <td class="number">{ scored.weight }</td>
            <td class="number">{ i.figure(&hundredths(scored.points * scored.weight)) }</td>
        </tr>
    }
}

fn contribution(grade: &CustomerGrade, i: I18n) -> Html {
    let currency = &grade.contribution.currency;
    let total = |all: i64| i.amount(Amount(all));
    let income = grade.income.iter().fold(0_i64, |sum, one| sum.saturating_add(one.income.amount.0));
    let costs = grade.costs.iter().fold(0_i64, |sum, one| sum.saturating_add(one.cost.amount.0));
    let sum = |label: Msg<'_>, amount: String| html! { <tr class="balance__sum"><th scope="row">{ i.t(label) }</th><td>{ amount }</td></tr> };
    html! {
        <table class="balance">
            <caption>{ i.t(Msg::ValueTabYear { currency }) }</caption>
            <tbody>
                { for grade.income.iter().map(|one| income_row(one, i)) }
                { sum(Msg::ValueTabIncome, total(income)) }
                { for grade.costs.iter().map(|one| cost_row(one, i)) }
                { sum(Msg::ValueTabCosts, format!("−{}", total(costs))) }
                { sum(Msg::FieldContribution, i.amount(grade.contribution.amount)) }
            </tbody>
        </table>
    }
}

fn income_row(one: &KindIncome, i: I18n) -> Html {
    let why = i.t(Msg::ValueTabIncomeFrom {
        count: &i.number(one.holdings),
        value: &i.short_amount(one.value.amount),
        margin: &margin(one.margin_basis_points),
    });
    html! {
        <tr key={one.kind.as_str()}>
            <th scope="row">{ one.kind.label(i) }{ " " }<small class="muted">{ why }</small></th>
            <td>{ i.amount(one.income.amount) }</td>
        </tr>
    }
}

fn cost_row(one: &KindCost, i: I18n) -> Html {
    let label = one.kind.map_or_else(|| i.t(Msg::ValueTabEveryYear), |kind| kind.label(i));
    html! {
        <tr key={one.kind.map_or("", |kind| kind.as_str())}>
            <th scope="row">
                { label }
                if let Some(contacts) = one.contacts { { " " }<small class="muted">{ i.t(Msg::ValueTabContacts { count: &i.number(contacts) }) }</small> }
            </th>
            <td>{ "−" }{ i.amount(one.cost.amount) }</td>
        </tr>
    }
}

fn lifetime(grade: &CustomerGrade, i: I18n) -> Html {
    let value = &grade.lifetime_value;
    let share = |percent: u32| format!("0.{percent:02}").replace("0.100", "1");
    html! {
        <>
            <dl class="stats"><div class="stat"><dt>{ i.t(Msg::FieldLifetimeValue) }</dt><dd>{ exact(&value.value, i) }</dd></div></dl>
            <p>{ i.t(Msg::ValueTabLifetime {
                retention: &value.retention_percent.to_string(), discount: &value.discount_percent.to_string(),
            }) }</p>
            <p class="small muted">{ i.t(Msg::ValueTabFormula {
                contribution: &i.amount(grade.contribution.amount), retention: &share(value.retention_percent), discount: &share(value.discount_percent),
            }) }</p>
        </>
    }
}

/// A score from 1 to 5.
fn dots(score: u32) -> Html {
    let mark =
        |n: u32| html! { <i class={classes!("dots__dot", (n <= score).then_some("dots__dot--full"))} /> };
    html! { <span class="dots"><span aria-hidden="true">{ for (1..=5).map(mark) }</span>{ score }</span> }
}

fn purchases(rfm: &Rfm, i: I18n) -> Html {
    let money = |money: &Money| exact(money, i);
    let last = match rfm.last_purchase_on {
        Some(day) => {
            html! { <>{ day.to_string() }{ " " }<small class="muted">{ i.in_days((day - i.today()).num_days()) }</small></> }
        }
        None => html! { <span class="muted">{ i.t(Msg::ValueTabNever) }</span> },
    };
    html! {
        <dl class="details">
            <dt>{ i.t(Msg::FieldRfmClass) }</dt><dd><Badge>{ rfm.class.label(i) }</Badge></dd>
            <dt>{ i.t(Msg::FieldLastPurchaseOn) }</dt><dd>{ last }</dd>
            <dt>{ i.t(Msg::ValueTabPurchasesYear) }</dt><dd>{ i.number(rfm.purchases) }</dd>
            <dt>{ i.t(Msg::ValueTabPurchased) }</dt><dd>{ money(&rfm.purchased) }</dd>
            <dt>{ i.t(Msg::FieldRfmRecency) }</dt><dd>{ dots(rfm.recency) }</dd>
            <dt>{ i.t(Msg::FieldRfmFrequency) }</dt><dd>{ dots(rfm.frequency) }</dd>
            <dt>{ i.t(Msg::FieldRfmMonetary) }</dt><dd>{ dots(rfm.monetary) }</dd>
        </dl>
    }
}
