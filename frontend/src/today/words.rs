use chrono::NaiveDate;
use guanxi_api::{InteractionPurpose, TaskSource, TodayLine, TodayReason};
use yew::AttrValue;

use crate::i18n::{I18n, Msg};
use crate::labels::Label;

/// Days from one day to another; less than none back in time.
pub fn days_between(from: NaiveDate, to: NaiveDate) -> i64 {
    (to - from).num_days()
}

/// A number of days as the texts take it.
pub fn count(days: i64, i: I18n) -> String {
    i.number(u32::try_from(days.abs()).unwrap_or(u32::MAX))
}

/// Why the line stands here.
pub fn reason(line: &TodayLine, day: NaiveDate, i: I18n) -> AttrValue {
    let when = i.in_days(days_between(day, line.due_on));
    match line.reason {
        TodayReason::LowScore => {
            // The title of such a task begins with the server's own words, in one language.
            let title = line.task.as_ref().map(|task| task.title.as_str()).unwrap_or_default();
            let survey = title.split_once(" · ").map_or(title, |(_, survey)| survey);
            i.t(Msg::TodayLowScore { survey })
        }
        TodayReason::TaskDue => line.task.as_ref().map(|task| task.title.clone()).unwrap_or_default().into(),
        TodayReason::Maturity => {
            let product = line.holding.as_ref().map(|holding| holding.product.name.in_language(i.lang));
            i.t(Msg::TodayMaturity { product: product.unwrap_or_default(), when: &when })
        }
        TodayReason::Birthday => match line.age {
            Some(age) => i.t(Msg::TodayBirthdayAge { when: &when, age: &age.to_string() }),
            None => i.t(Msg::TodayBirthday { when: &when }),
        },
        TodayReason::ContactDue => silence(line, day, i),
        TodayReason::VisitDue => i.t(Msg::TodayVisit),
    }
}

/// How long the customer was not reached, and how often the tier demands it.
fn silence(line: &TodayLine, day: NaiveDate, i: I18n) -> AttrValue {
    let customer = line.customer.as_ref();
    let days = customer
        .and_then(|customer| i.day_of(customer.last_contacted_at?))
        .map(|last| count(days_between(last, day), i));
    let tier = customer.and_then(|customer| customer.tier).map(|tier| tier.label(i));
    let cadence = line.cadence_days.map(|days| days.to_string());
    let since = match &days {
        Some(days) => i.t(Msg::TodaySilent { days }),
        None => i.t(Msg::TodayNever),
    };
    match (&tier, &cadence) {
        (Some(tier), Some(cadence)) => i.t(Msg::TodaySilentTier { since: &since, tier, cadence }),
        (None, Some(cadence)) => i.t(Msg::TodaySilentCadence { since: &since, cadence }),
        (_, None) => since,
    }
}

/// How the day by which it is due stands to today.
pub fn due(line: &TodayLine, day: NaiveDate, i: I18n) -> AttrValue {
    let days = days_between(day, line.due_on);
    if days < 0 { i.t(Msg::TodayOverdue { days: &count(days, i) }) } else { i.in_days(days).into() }
}

/// What a contact because of the line is most likely about.
pub fn purpose(line: &TodayLine) -> InteractionPurpose {
    let source = line.task.as_ref().map(|task| task.source);
    match (line.reason, source) {
        (TodayReason::Maturity, _) | (_, Some(TaskSource::Maturity)) => InteractionPurpose::Maturity,
        (TodayReason::LowScore, _) => InteractionPurpose::ReturnVisit,
        _ => InteractionPurpose::Relationship,
    }
}

/// What the line is called where it is spoken of: whom it is about, and why.
pub fn name(line: &TodayLine, day: NaiveDate, i: I18n) -> AttrValue {
    let reason = reason(line, day, i);
    match &line.customer {
        Some(customer) => format!("{} · {reason}", customer.name).into(),
        None => reason,
    }
}
