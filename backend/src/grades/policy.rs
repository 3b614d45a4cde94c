use std::collections::HashSet;

use guanxi_api::{
    Amount, CustomerKind, GradeMeasure, GradePartRule, GradePolicy, GradeRule, GradeRules, Instant,
};
use guanxi_db::{DbConn, Doc};
use uuid::Uuid;

use crate::access::Actor;
use crate::audit;
use crate::error::{Code, Error, FieldError, Result, Wrong};
use crate::following::{self, Follower};
use crate::grades::store;

/// What the audit trail names as the rules of grades: there is one of them.
const POLICY_ID: Uuid = Uuid::from_u128(0x019a_c0de_0000_7000_8000_0000_0000_0201);

/// The rules of grades.
///
/// # Errors
/// When the database fails.
pub fn policy(conn: &mut DbConn) -> Result<GradePolicy> {
    let row = store::policy(conn)?;
    Ok(GradePolicy {
        rules: serde_json::from_value(row.rules.0).map_err(Error::internal)?,
        version: row.version,
        updated_at: Instant(row.updated_at.to_utc()),
    })
}

/// Which grades demand contacts, and after how many days.
///
/// # Errors
/// When the database fails.
pub fn cadences(conn: &mut DbConn) -> Result<Vec<(String, u32)>> {
    let grades = policy(conn)?.rules.grades.into_iter();
    Ok(grades.filter_map(|grade| Some((grade.code, grade.cadence_days?))).collect())
}

/// Sets the rules of grades. All customers are graded anew, shortly.
///
/// # Errors
/// 412 when the version is another one; 422 with every rule that does not hold.
pub fn set_policy(conn: &mut DbConn, actor: &Actor, version: i64, rules: &GradeRules) -> Result<GradePolicy> {
    check(rules)?;
    let before = policy(conn)?;
    if before.version != version {
        return Err(stale(actor, before.version));
    }
    if before.rules == *rules {
        return Ok(before);
    }
    let document = |rules: &GradeRules| serde_json::to_value(rules).map_err(Error::internal);
    let (was, is) = (document(&before.rules)?, document(rules)?);
    if !store::set_policy(conn, &Doc(is.clone()), version, actor.now())? {
        return Err(stale(actor, version + 1));
    }
    audit::record(
        conn,
        actor,
        &audit::Change {
            resource_type: "grade_policy",
            resource_id: POLICY_ID,
            action: "updated",
            version: version + 1,
            changes: audit::changes_between(&was, &is),
            reason: None,
        },
    )?;
    following::begin_walk(conn, Follower::Grades)?;
    policy(conn)
}

fn stale(actor: &Actor, version: i64) -> Error {
    Error::new(Code::Stale).with_header("ETag", crate::web::etag(actor, version, 0))
}

fn check(rules: &GradeRules) -> Result<()> {
    let mut wrong = Wrong::default();
    check_grades(&rules.grades, &mut wrong);
    check_parts("/person", CustomerKind::Person, &rules.person, &mut wrong);
    check_parts("/organisation", CustomerKind::Organisation, &rules.organisation, &mut wrong);
    for (n, rule) in rules.income.iter().enumerate() {
        if rules.income.iter().take(n).any(|other| other.kind == rule.kind) {
            wrong.add(FieldError::new(format!("/income/{n}/kind"), "duplicate"));
        }
        not_negative(format!("/income/{n}/fee"), rule.fee, &mut wrong);
    }
    not_negative("/costs/per_year".into(), rules.costs.per_year, &mut wrong);
    for (n, cost) in rules.costs.contacts.iter().enumerate() {
        if rules.costs.contacts.iter().take(n).any(|other| other.kind == cost.kind) {
            wrong.add(FieldError::new(format!("/costs/contacts/{n}/kind"), "duplicate"));
        }
        not_negative(format!("/costs/contacts/{n}/cost"), cost.cost, &mut wrong);
    }
    let mut rise = |pointer: &'static str, rising: bool| {
        if !rising {
            wrong.add(FieldError::new(pointer, "not_rising"));
        }
    };
    rise("/rfm/recency_days", rises(&rules.rfm.recency_days));
    rise("/rfm/frequency", rises(&rules.rfm.frequency));
    rise("/rfm/monetary", rises(&rules.rfm.monetary));
    wrong.unless(Some(()))
}

fn rises<T: PartialOrd>(values: &[T]) -> bool {
    values.windows(2).all(|pair| matches!(pair, [a, b] if a < b))
}

fn not_negative(pointer: String, amount: Amount, wrong: &mut Wrong) {
    if amount < Amount(0) {
        wrong.add(FieldError::new(pointer, "not_negative"));
    }
}

fn check_grades(grades: &[GradeRule], wrong: &mut Wrong) {
    let mut seen = HashSet::new();
    for (n, grade) in grades.iter().enumerate() {
        let plain = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit();
        let begins = grade.code.chars().next().is_some_and(|c| c.is_ascii_uppercase());
        if !begins || !grade.code.chars().all(plain) {
            wrong.add(FieldError::new(format!("/grades/{n}/code"), "grade_code"));
        } else if !seen.insert(&grade.code) {
            wrong.add(FieldError::new(format!("/grades/{n}/code"), "duplicate"));
        }
        let is_last = n + 1 == grades.len();
        let falls = n == 0 || grades.get(n - 1).is_some_and(|above| above.from_score > grade.from_score);
        if !falls || is_last != (grade.from_score == 0) {
            wrong.add(FieldError::new(format!("/grades/{n}/from_score"), "grades_fall"));
        }
    }
}

fn check_parts(pointer: &'static str, kind: CustomerKind, parts: &[GradePartRule], errors: &mut Wrong) {
    for (n, rule) in parts.iter().enumerate() {
        let mut wrong = |member: &str, code| {
            errors.add(FieldError::new(format!("{pointer}/{n}/{member}"), code));
        };
        if parts.iter().take(n).any(|other| other.part == rule.part) {
            wrong("part", "duplicate");
        } else if !rule.part.is_for(kind) {
            wrong("part", "not_for_this_kind");
        }
        if rule.part.measure() == GradeMeasure::Code {
            if rule.codes.is_empty() {
                wrong("codes", "required");
            }
            if !rule.steps.is_empty() {
                wrong("steps", "codes_only");
            }
        } else {
            if rule.steps.is_empty() {
                wrong("steps", "required");
            }
            if !rule.codes.is_empty() {
                wrong("codes", "steps_only");
            }
        }
        if !rises(&rule.steps.iter().map(|step| step.from).collect::<Vec<_>>()) {
            wrong("steps", "not_rising");
        }
        for (m, of) in rule.codes.iter().enumerate() {
            let at = format!("{pointer}/{n}/codes/{m}/code");
            let unknown = rule.part.codes().filter(|codes| !codes.contains(&of.code.as_str()));
            if let Some(codes) = unknown {
                errors.add(FieldError::new(at, "unknown_code").with("allowed", codes.join(", ")));
            } else if rule.codes.iter().take(m).any(|other| other.code.eq_ignore_ascii_case(&of.code)) {
                errors.add(FieldError::new(at, "duplicate"));
            }
        }
    }
    let sum: u32 = parts.iter().map(|rule| rule.weight).sum();
    if sum != 100 {
        errors.add(FieldError::new(pointer, "weights_sum").with("sum", sum));
    }
}
