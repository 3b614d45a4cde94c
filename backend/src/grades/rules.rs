//! What a customer is worth and which grade follows from it. Amounts are in 1/10000 of the base currency.

use chrono::{Datelike, Days, NaiveDate};
use guanxi_api::{
    Amount, CustomerKind, GradePart, GradePartRule, GradeRules, InteractionKind, ProductKind, RfmClass,
};

/// What active holdings of a kind come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Held {
    pub(super) kind: ProductKind,
    pub(super) holdings: u32,
    pub(super) value: i64,
}

/// What was bought.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Purchases {
    pub(super) last_on: Option<NaiveDate>,
    /// In the last 365 days.
    pub(super) count: u32,
    /// In the last 365 days.
    pub(super) amount: i64,
}

impl Purchases {
    pub(super) fn add(&mut self, last_on: NaiveDate, count: u32, amount: i64) {
        self.last_on = self.last_on.max(Some(last_on));
        self.count = self.count.saturating_add(count);
        self.amount = self.amount.saturating_add(amount);
    }
}

/// What is known of a customer that its grade follows from.
#[derive(Clone, Debug)]
pub(super) struct Measures {
    pub(super) kind: CustomerKind,
    pub(super) average_aum: i64,
    /// The number of kinds of products held.
    pub(super) coverage: u32,
    pub(super) since: NaiveDate,
    pub(super) held: Vec<Held>,
    /// Contacts of the last 365 days.
    pub(super) contacts: Vec<(InteractionKind, u32)>,
    /// Complaints and low survey answers of the last 365 days.
    pub(super) complaints: u32,
    pub(super) purchases: Purchases,
    pub(super) outside_assets: i64,
    pub(super) needs: u32,
    pub(super) income_band: Option<String>,
    pub(super) credit_rating: Option<String>,
    pub(super) organisation_size: Option<String>,
    pub(super) business_state: Option<String>,
}

/// The value of a part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum PartValue {
    Money(i64),
    Number(u32),
    Code(Option<String>),
}

/// A part with its points, of 100, and its weight.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Scored {
    pub(super) part: GradePart,
    pub(super) value: PartValue,
    pub(super) points: u32,
    pub(super) weight: u32,
}

/// Scores from 1 to 5.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct RfmScores {
    pub(super) recency: u32,
    pub(super) frequency: u32,
    pub(super) monetary: u32,
}

impl RfmScores {
    pub(super) fn class(self) -> RfmClass {
        RfmClass::of(self.recency, self.frequency)
    }
}

/// What follows from the measures of a customer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Assessment {
    pub(super) grade: String,
    /// Of 100.
    pub(super) score: u32,
    pub(super) parts: Vec<Scored>,
    /// In a year, by the kind of product.
    pub(super) income: Vec<(Held, i64)>,
    /// In a year, by the kind of contact.
    pub(super) costs: Vec<(InteractionKind, u32, i64)>,
    /// Income less costs.
    pub(super) contribution: i64,
    pub(super) retention_percent: u32,
    pub(super) lifetime_value: i64,
    pub(super) rfm: RfmScores,
}

/// Judges a customer as on a day.
pub(super) fn assess(rules: &GradeRules, measures: &Measures, today: NaiveDate) -> Assessment {
    let income: Vec<(Held, i64)> =
        measures.held.iter().map(|held| (*held, income_of(rules, held))).filter(|(_, i)| *i != 0).collect();
    let contacts = measures.contacts.iter().map(|(kind, contacts)| {
        let cost = rules.costs.contacts.iter().find(|cost| cost.kind == *kind).map_or(0, |cost| cost.cost.0);
        (*kind, *contacts, cost.saturating_mul(i64::from(*contacts)))
    });
    let costs: Vec<(InteractionKind, u32, i64)> = contacts.collect();
    let brought: i128 = income.iter().map(|(_, income)| i128::from(*income)).sum();
    let spent: i128 = costs.iter().map(|(_, _, cost)| i128::from(*cost)).sum();
    let contribution = clamp(brought - spent - i128::from(rules.costs.per_year.0));
    let retention_percent = retention(rules, measures.coverage);
    let own = match measures.kind {
        CustomerKind::Person => &rules.person,
        CustomerKind::Organisation => &rules.organisation,
    };
    let scored = own.iter().map(|rule| {
        let value = value(rule.part, measures, contribution, today);
        Scored { part: rule.part, points: points(rule, &value), weight: rule.weight, value }
    });
    let parts: Vec<Scored> = scored.collect();
    let weighted: u32 = parts.iter().map(|part| part.points * part.weight).sum();
    let score = (weighted + 50) / 100;
    let grade = rules.grades.iter().find(|grade| score >= grade.from_score).map_or("", |grade| &grade.code);
    Assessment {
        grade: grade.to_owned(),
        score,
        parts,
        income,
        costs,
        contribution,
        retention_percent,
        lifetime_value: lifetime_value(contribution, retention_percent, rules.discount_percent),
        rfm: rfm(rules, &measures.purchases, today),
    }
}

/// What holdings of a kind bring in a year.
fn income_of(rules: &GradeRules, held: &Held) -> i64 {
    let Some(rule) = rules.income.iter().find(|rule| rule.kind == held.kind) else { return 0 };
    let margin = i128::from(held.value) * i128::from(rule.margin_basis_points) / 10_000;
    clamp(margin + i128::from(rule.fee.0) * i128::from(held.holdings))
}

/// Of a hundred who hold so many kinds, how many stay in a year.
fn retention(rules: &GradeRules, coverage: u32) -> u32 {
    let place = usize::try_from(coverage).unwrap_or(usize::MAX).min(rules.attrition_percent.len().max(1) - 1);
    100_u32.saturating_sub(rules.attrition_percent.get(place).copied().unwrap_or(0))
}

/// `contribution * r / (1 + i - r)`: what a contribution that stays the same comes to over the years, when of a hundred customers so many stay and what
/// comes a year later is worth less by the discount (Gupta and Lehmann, Customers as Assets, Journal of Interactive Marketing 17, 2003).
pub(super) fn lifetime_value(contribution: i64, retention_percent: u32, discount_percent: u32) -> i64 {
    let left = 100 + i128::from(discount_percent) - i128::from(retention_percent);
    clamp(i128::from(contribution) * i128::from(retention_percent) / left.max(1))
}

fn value(part: GradePart, measures: &Measures, contribution: i64, today: NaiveDate) -> PartValue {
    match part {
        GradePart::Assets => PartValue::Money(measures.average_aum),
        GradePart::Contribution => PartValue::Money(contribution),
        GradePart::OutsideAssets => PartValue::Money(measures.outside_assets),
        GradePart::Depth => PartValue::Number(measures.coverage),
        GradePart::Needs => PartValue::Number(measures.needs),
        GradePart::Loyalty => PartValue::Number(full_years(measures.since, today)),
        GradePart::PurchaseFrequency => PartValue::Number(measures.purchases.count),
        GradePart::Complaints => PartValue::Number(measures.complaints),
        GradePart::IncomeBand => PartValue::Code(measures.income_band.clone()),
        GradePart::CreditRating => PartValue::Code(measures.credit_rating.clone()),
        GradePart::OrganisationSize => PartValue::Code(measures.organisation_size.clone()),
        GradePart::BusinessState => PartValue::Code(measures.business_state.clone()),
    }
}

/// Full years from a day to another one; a leap day is over on the first of March.
pub(super) fn full_years(since: NaiveDate, today: NaiveDate) -> u32 {
    let years = today.year() - since.year();
    let is_before = (today.month(), today.day()) < (since.month(), since.day());
    u32::try_from(years - i32::from(is_before)).unwrap_or(0)
}

fn points(rule: &GradePartRule, value: &PartValue) -> u32 {
    let of_steps = |value: i128| {
        let reached = rule.steps.iter().take_while(|step| i128::from(step.from.0) <= value);
        reached.last().map_or(0, |step| step.points)
    };
    match value {
        PartValue::Money(amount) => of_steps((*amount).into()),
        PartValue::Number(number) => of_steps(i128::from(*number) * 10_000),
        PartValue::Code(None) => 0,
        PartValue::Code(Some(code)) => {
            let named = |of: &&guanxi_api::GradeCode| of.code.eq_ignore_ascii_case(code.trim());
            rule.codes.iter().find(named).map_or(0, |code| code.points)
        }
    }
}

fn rfm(rules: &GradeRules, purchases: &Purchases, today: NaiveDate) -> RfmScores {
    let above = |reached: usize| 1 + u32::try_from(reached).unwrap_or(4);
    let recent = purchases.last_on.map_or(0, |last| {
        let days = today.signed_duration_since(last).num_days();
        rules.rfm.recency_days.iter().filter(|limit| days <= i64::from(**limit)).count()
    });
    let often = rules.rfm.frequency.iter().filter(|limit| purchases.count >= **limit).count();
    let much = rules.rfm.monetary.iter().filter(|limit| Amount(purchases.amount) >= **limit).count();
    RfmScores { recency: above(recent), frequency: above(often), monetary: above(much) }
}

/// The first of the last 365 days.
pub(super) fn year_ago(today: NaiveDate) -> NaiveDate {
    today.checked_sub_days(Days::new(364)).unwrap_or(today)
}

/// The band of a contribution: the more, the higher. Each is a tenth of a power of ten wide, from one unit of the base currency on; below are that of
/// less than one, that of nothing, 0, and that of everything less, -1.
pub(super) fn band(contribution: i64) -> i32 {
    match contribution {
        ..0 => -1,
        0 => 0,
        1..10_000 => 1,
        _ => {
            // Counted in whole units, so that a band is the same on every machine.
            let units = contribution / 10_000;
            let decade = units.ilog10();
            let least = 10_i64.pow(decade);
            let tenths = WITHIN_DECADE.iter().filter(|limit| units * 10_000 >= least * **limit).count();
            2 + i32::try_from(decade).unwrap_or(0) * 10 + i32::try_from(tenths).unwrap_or(0)
        }
    }
}

/// 10^(1/10) to 10^(9/10), in 1/10000.
const WITHIN_DECADE: [i64; 9] = [12_589, 15_849, 19_953, 25_119, 31_623, 39_811, 50_119, 63_096, 79_433];

fn clamp(value: i128) -> i64 {
    i64::try_from(value).unwrap_or(if value < 0 { i64::MIN } else { i64::MAX })
}

#[cfg(test)]
mod tests {
    use guanxi_api::{
        ContactCost, GradeCode, GradeRule, GradeStep, IncomeRule, OrganisationSize, RfmRules, ServiceCosts,
    };
    use proptest::prelude::*;

    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().expect("a day")
    }

    fn grade(code: &str, from_score: u32) -> GradeRule {
        GradeRule { code: code.into(), from_score, cadence_days: None }
    }

    fn rules() -> GradeRules {
        let step = |from: i64, points| GradeStep { from: Amount(from * 10_000), points };
        GradeRules {
            grades: vec![grade("A", 60), grade("B", 35), grade("C", 0)],
            person: vec![
                GradePartRule {
                    part: GradePart::Assets,
                    weight: 60,
                    steps: vec![step(1_000, 50), step(2_000, 100)],
                    codes: vec![],
                },
                GradePartRule {
                    part: GradePart::Complaints,
                    weight: 40,
                    steps: vec![step(0, 100), step(1, 0)],
                    codes: vec![],
                },
            ],
            organisation: vec![GradePartRule {
                part: GradePart::OrganisationSize,
                weight: 100,
                steps: vec![],
                codes: vec![GradeCode { code: "large".into(), points: 70 }],
            }],
            income: vec![IncomeRule {
                kind: ProductKind::Deposit,
                margin_basis_points: 100,
                fee: Amount(50_000),
            }],
            costs: ServiceCosts {
                per_year: Amount(100_000),
                contacts: vec![ContactCost { kind: InteractionKind::Call, cost: Amount(20_000) }],
            },
            rfm: RfmRules {
                recency_days: vec![30, 90, 180, 365],
                frequency: vec![1, 3, 6, 12],
                monetary: [1, 10, 100, 1000].map(|units| Amount(units * 10_000)).to_vec(),
            },
            attrition_percent: vec![62, 62, 52, 42, 27, 12],
            discount_percent: 10,
        }
    }

    fn measures() -> Measures {
        Measures {
            kind: CustomerKind::Person,
            average_aum: 1_500 * 10_000,
            coverage: 1,
            since: day("2020-02-29"),
            held: vec![Held { kind: ProductKind::Deposit, holdings: 2, value: 3_000 * 10_000 }],
            contacts: vec![(InteractionKind::Call, 3), (InteractionKind::Letter, 9)],
            complaints: 0,
            purchases: Purchases::default(),
            outside_assets: 0,
            needs: 0,
            income_band: None,
            credit_rating: None,
            organisation_size: None,
            business_state: None,
        }
    }

    #[test]
    fn the_score_is_the_weighted_mean_of_the_points() {
        let found = assess(&rules(), &measures(), day("2026-11-28"));
        assert_eq!((found.score, found.grade.as_str()), (70, "A"), "0.6 * 50 + 0.4 * 100");
        let complaining = Measures { complaints: 1, ..measures() };
        let found = assess(&rules(), &complaining, day("2026-11-28"));
        assert_eq!((found.score, found.grade.as_str()), (30, "C"));
        let firm = Measures {
            kind: CustomerKind::Organisation,
            organisation_size: Some(OrganisationSize::Large.as_str().into()),
            ..measures()
        };
        assert_eq!(assess(&rules(), &firm, day("2026-11-28")).score, 70);
        let unknown = Measures { organisation_size: None, ..firm };
        assert_eq!(assess(&rules(), &unknown, day("2026-11-28")).grade, "C", "nothing known, no points");
    }

    #[test]
    fn a_contribution_is_what_holdings_bring_less_what_contacts_cost() {
        let found = assess(&rules(), &measures(), day("2026-11-28"));
        // 1 % of 3,000 and 2 fees of 5; 3 calls of 2, letters for nothing, 10 for the year.
        assert_eq!(found.contribution, (30 + 10 - 6 - 10) * 10_000);
        assert_eq!(found.retention_percent, 38);
        assert_eq!(found.lifetime_value, 24 * 10_000 * 38 / (100 + 10 - 38));
    }

    #[test]
    fn what_stays_longer_is_worth_more() {
        assert_eq!(lifetime_value(1_000, 88, 10), 1_000 * 88 / 22);
        assert_eq!(lifetime_value(-1_000, 38, 10), -527);
        assert_eq!(lifetime_value(i64::MAX, 100, 1), i64::MAX);
        assert_eq!(retention(&rules(), 0), 38);
        assert_eq!(retention(&rules(), 5), 88);
        assert_eq!(retention(&rules(), 9), 88);
    }

    #[test]
    fn recency_frequency_and_monetary_value_have_limits() {
        let today = day("2026-11-28");
        let scores = |last: Option<&str>, count, units: i64| {
            let found =
                rfm(&rules(), &Purchases { last_on: last.map(day), count, amount: units * 10_000 }, today);
            (found.recency, found.frequency, found.monetary)
        };
        assert_eq!(scores(None, 0, 0), (1, 1, 1));
        assert_eq!(scores(Some("2026-10-29"), 1, 1), (5, 2, 2));
        assert_eq!(scores(Some("2026-10-28"), 3, 9), (4, 3, 2));
        assert_eq!(scores(Some("2025-11-28"), 6, 100), (2, 4, 4));
        assert_eq!(scores(Some("2025-11-27"), 12, 1000), (1, 5, 5));
    }

    #[test]
    fn years_are_full_on_the_day_itself() {
        assert_eq!(full_years(day("2020-11-28"), day("2026-11-28")), 6);
        assert_eq!(full_years(day("2020-11-29"), day("2026-11-28")), 5);
        assert_eq!(full_years(day("2024-02-29"), day("2025-02-28")), 0);
        assert_eq!(full_years(day("2027-01-01"), day("2026-11-28")), 0);
    }

    #[test]
    fn bands_have_their_limits_where_a_tenth_of_a_decade_ends() {
        let units = |units: i64| band(units * 10_000);
        assert_eq!((band(-1), band(0), band(1), band(9_999), band(10_000)), (-1, 0, 1, 1, 2));
        assert_eq!(
            (units(9), units(10), units(12), units(13), units(99), units(100)),
            (11, 12, 12, 13, 21, 22)
        );
        assert!(band(i64::MAX) > units(100_000_000));
    }

    proptest! {
        #[test]
        fn whoever_brings_more_is_in_no_lower_band(a in any::<i64>(), b in any::<i64>()) {
            let (less, more) = (a.min(b), a.max(b));
            prop_assert!(band(less) <= band(more));
        }

        #[test]
        fn more_points_never_make_a_lower_grade(assets in 0_i64..50_000_000, more in 0_i64..50_000_000, complaints in 0_u32..3) {
            let of = |average_aum| assess(&rules(), &Measures { average_aum, complaints, ..measures() }, day("2026-11-28"));
            let (before, after) = (of(assets), of(assets + more));
            prop_assert!(before.score <= after.score);
            prop_assert!(before.grade >= after.grade, "A comes before C");
        }
    }
}
