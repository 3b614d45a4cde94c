//! The rules as a form has them.

use guanxi_api::{
    Amount, ContactCost, GradeCode, GradeMeasure, GradePart, GradePartRule, GradePolicy, GradeRule,
    GradeRules, GradeStep, IncomeRule, InteractionKind, ProductKind, RfmRules, ServiceCosts,
};

use super::{codes_of, margin};
use crate::checks::Errors;
use crate::holdings::{amount_of, typed};
use crate::i18n::{I18n, Msg};

#[derive(Clone, PartialEq)]
pub(super) struct Draft {
    /// Code, score and days between contacts of each.
    pub(super) grades: Vec<[String; 3]>,
    pub(super) person: Vec<PartDraft>,
    pub(super) organisation: Vec<PartDraft>,
    /// Margin in percent and fee.
    pub(super) income: Vec<(ProductKind, [String; 2])>,
    pub(super) per_year: String,
    pub(super) contacts: Vec<(InteractionKind, String)>,
    /// The limits of recency, frequency and monetary value.
    pub(super) rfm: [Vec<String>; 3],
    pub(super) attrition: Vec<String>,
    pub(super) discount: String,
}

#[derive(Clone, PartialEq)]
pub(super) struct PartDraft {
    pub(super) part: GradePart,
    pub(super) weight: String,
    /// A value or code, and its points. Where the codes are known, all of them stand here.
    pub(super) lines: Vec<[String; 2]>,
}

/// The limits by their names on the wire.
pub(super) const RFM: [(&str, Msg<'static>); 3] = [
    ("/rfm/recency_days", Msg::FieldRfmRecency),
    ("/rfm/frequency", Msg::FieldRfmFrequency),
    ("/rfm/monetary", Msg::FieldRfmMonetary),
];
pub(super) const ATTRITION: &str = "/attrition_percent";
pub(super) const DISCOUNT: &str = "/discount_percent";
pub(super) const PER_YEAR: &str = "/costs/per_year";

impl PartDraft {
    /// A part that is added, worth nothing yet.
    pub(super) fn new(part: GradePart, i: I18n) -> Self {
        PartDraft { part, weight: String::new(), lines: lines_of(part, &[], &[], i) }
    }

    fn of(rule: &GradePartRule, i: I18n) -> Self {
        PartDraft {
            part: rule.part,
            weight: rule.weight.to_string(),
            lines: lines_of(rule.part, &rule.steps, &rule.codes, i),
        }
    }

    /// Whether its codes are known, so that lines are neither added nor removed.
    pub(super) fn is_fixed(&self, i: I18n) -> bool {
        codes_of(self.part, i).is_some()
    }

    /// What a line is called on the wire: its list and its two members.
    pub(super) fn members(&self) -> (&'static str, [&'static str; 2]) {
        match self.part.measure() {
            GradeMeasure::Code => ("codes", ["code", "points"]),
            GradeMeasure::Money | GradeMeasure::Number => ("steps", ["from", "points"]),
        }
    }

    /// The pointer of a member of a line, below the part. Codes without points are not sent.
    pub(super) fn pointer(&self, line: usize, member: usize, i: I18n) -> String {
        let (list, members) = self.members();
        let fixed = self.is_fixed(i);
        let before = self.lines.iter().take(line).filter(|[_, points]| !fixed || !points.trim().is_empty());
        format!("{list}/{}/{}", before.count(), members.get(member).copied().unwrap_or_default())
    }
}

fn lines_of(part: GradePart, steps: &[GradeStep], codes: &[GradeCode], i: I18n) -> Vec<[String; 2]> {
    if let Some(all) = codes_of(part, i) {
        let points = |code: &str| codes.iter().find(|known| known.code == code).map(|known| known.points);
        return all
            .iter()
            .map(|(code, _)| {
                [code.to_string(), points(code).map(|points| points.to_string()).unwrap_or_default()]
            })
            .collect();
    }
    match part.measure() {
        GradeMeasure::Code => codes.iter().map(|code| [code.code.clone(), code.points.to_string()]).collect(),
        GradeMeasure::Money | GradeMeasure::Number => {
            steps.iter().map(|step| [shown(step.from, i), step.points.to_string()]).collect()
        }
    }
}

fn shown(amount: Amount, i: I18n) -> String {
    i.figure(&typed(amount))
}

impl Draft {
    pub(super) fn of(policy: &GradePolicy, i: I18n) -> Self {
        let rules = &policy.rules;
        let counts = |counts: &[u32]| counts.iter().map(u32::to_string).collect::<Vec<_>>();
        let parts = |parts: &[GradePartRule]| parts.iter().map(|rule| PartDraft::of(rule, i)).collect();
        let grade = |grade: &GradeRule| {
            let days = grade.cadence_days.map(|days| days.to_string()).unwrap_or_default();
            [grade.code.clone(), grade.from_score.to_string(), days]
        };
        Draft {
            grades: rules.grades.iter().map(grade).collect(),
            person: parts(&rules.person),
            organisation: parts(&rules.organisation),
            income: rules
                .income
                .iter()
                .map(|one| (one.kind, [margin(one.margin_basis_points), shown(one.fee, i)]))
                .collect(),
            per_year: shown(rules.costs.per_year, i),
            contacts: rules.costs.contacts.iter().map(|one| (one.kind, shown(one.cost, i))).collect(),
            rfm: [
                counts(&rules.rfm.recency_days),
                counts(&rules.rfm.frequency),
                rules.rfm.monetary.iter().map(|amount| shown(*amount, i)).collect(),
            ],
            attrition: counts(&rules.attrition_percent),
            discount: rules.discount_percent.to_string(),
        }
    }

    /// What is typed, as rules; what is wrong with it is noted.
    pub(super) fn read(&self, errors: &mut Errors, i: I18n) -> GradeRules {
        let mut reading = Reading { errors, i };
        let grades = self.grades.iter().enumerate().map(|(n, [code, from, days])| GradeRule {
            code: code.trim().to_owned(),
            from_score: reading.count(from, &format!("/grades/{n}/from_score")),
            cadence_days: (!days.trim().is_empty())
                .then(|| reading.count(days, &format!("/grades/{n}/cadence_days"))),
        });
        let grades = grades.collect();
        let person =
            self.person.iter().enumerate().map(|(n, part)| reading.part(part, &format!("/person/{n}")));
        let person = person.collect();
        let organisation = self.organisation.iter().enumerate();
        let organisation =
            organisation.map(|(n, part)| reading.part(part, &format!("/organisation/{n}"))).collect();
        let income = self.income.iter().enumerate().map(|(n, (kind, [margin, fee]))| IncomeRule {
            kind: *kind,
            margin_basis_points: reading.margin(margin, &format!("/income/{n}/margin_basis_points")),
            fee: reading.amount(fee, &format!("/income/{n}/fee")),
        });
        let income = income.collect();
        let contacts = self.contacts.iter().enumerate().map(|(n, (kind, cost))| ContactCost {
            kind: *kind,
            cost: reading.amount(cost, &format!("/costs/contacts/{n}/cost")),
        });
        let contacts = contacts.collect();
        let [recency, frequency, monetary] = &self.rfm;
        let [(days_at, _), (frequency_at, _), (monetary_at, _)] = RFM;
        let rfm = RfmRules {
            recency_days: reading.counts(recency, days_at),
            frequency: reading.counts(frequency, frequency_at),
            monetary: monetary
                .iter()
                .enumerate()
                .map(|(n, text)| reading.amount(text, &format!("{monetary_at}/{n}")))
                .collect(),
        };
        GradeRules {
            grades,
            person,
            organisation,
            income,
            costs: ServiceCosts { per_year: reading.amount(&self.per_year, PER_YEAR), contacts },
            rfm,
            attrition_percent: reading.counts(&self.attrition, ATTRITION),
            discount_percent: reading.count(&self.discount, DISCOUNT),
        }
    }

    /// The pointers of everything that the form shows.
    pub(super) fn pointers(&self, i: I18n) -> Vec<String> {
        let mut all: Vec<String> =
            ["/grades", "/person", "/organisation", PER_YEAR, ATTRITION, DISCOUNT].map(str::to_owned).into();
        for n in 0..self.grades.len() {
            all.extend(["code", "from_score", "cadence_days"].map(|member| format!("/grades/{n}/{member}")));
        }
        for (list, parts) in [("/person", &self.person), ("/organisation", &self.organisation)] {
            for (n, part) in parts.iter().enumerate() {
                all.extend(["part", "weight", "steps", "codes"].map(|member| format!("{list}/{n}/{member}")));
                for line in 0..part.lines.len() {
                    all.extend([0, 1].map(|member| format!("{list}/{n}/{}", part.pointer(line, member, i))));
                }
            }
        }
        for n in 0..self.income.len() {
            all.extend(["margin_basis_points", "fee"].map(|member| format!("/income/{n}/{member}")));
        }
        all.extend((0..self.contacts.len()).map(|n| format!("/costs/contacts/{n}/cost")));
        for (pointer, _) in RFM {
            all.push(pointer.to_owned());
            all.extend((0..4).map(|n| format!("{pointer}/{n}")));
        }
        all.extend((0..self.attrition.len()).map(|n| format!("{ATTRITION}/{n}")));
        all
    }
}

/// Reads what was typed.
struct Reading<'a> {
    errors: &'a mut Errors,
    i: I18n,
}

impl Reading<'_> {
    fn count(&mut self, text: &str, pointer: &str) -> u32 {
        let bare = text.trim().replace([',', '，'], "");
        bare.parse().unwrap_or_else(|_| {
            let message = if bare.is_empty() { Msg::CheckRequired } else { Msg::CheckNumber };
            self.errors.add(pointer, self.i.t(message));
            0
        })
    }

    fn counts(&mut self, texts: &[String], pointer: &str) -> Vec<u32> {
        texts.iter().enumerate().map(|(n, text)| self.count(text, &format!("{pointer}/{n}"))).collect()
    }

    fn amount(&mut self, text: &str, pointer: &str) -> Amount {
        if text.trim().is_empty() {
            self.errors.add(pointer, self.i.t(Msg::CheckRequired));
        }
        amount_of(text, pointer, self.errors, self.i).unwrap_or_default()
    }

    /// A percentage with two decimals at most, in hundredths of a percent.
    fn margin(&mut self, text: &str, pointer: &str) -> u32 {
        let parts = self.amount(text, pointer).0;
        if parts % 100 != 0 || parts < 0 {
            self.errors.add(pointer, self.i.t(Msg::GradeRulesMarginWrong));
        }
        u32::try_from(parts / 100).unwrap_or(0)
    }

    fn part(&mut self, draft: &PartDraft, at: &str) -> GradePartRule {
        let (mut steps, mut codes) = (Vec::new(), Vec::new());
        let fixed = draft.is_fixed(self.i);
        for (n, [value, points]) in draft.lines.iter().enumerate() {
            if fixed && points.trim().is_empty() {
                continue;
            }
            let points = self.count(points, &format!("{at}/{}", draft.pointer(n, 1, self.i)));
            match draft.part.measure() {
                GradeMeasure::Code => codes.push(GradeCode { code: value.trim().to_owned(), points }),
                GradeMeasure::Money | GradeMeasure::Number => {
                    let pointer = format!("{at}/{}", draft.pointer(n, 0, self.i));
                    steps.push(GradeStep { from: self.amount(value, &pointer), points });
                }
            }
        }
        let weight = self.count(&draft.weight, &format!("{at}/weight"));
        GradePartRule { part: draft.part, weight, steps, codes }
    }
}
