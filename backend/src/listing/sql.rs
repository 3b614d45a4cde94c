//! Filters as SQL. What a filter means is said by [`super::filter::matches`]; the tests compare the two.

use guanxi_db::{Condition, Id, Moment, Value};

use super::Field;
use super::filter::{Test, TypedFilter, TypedValue};

/// Filters of this many plain equalities, joined by `and`, keep their prepared statements: there are few such texts.
const KEPT_EQUALITIES: usize = 2;

pub(super) fn condition(filter: &TypedFilter<&'static Field>) -> Condition {
    let start = if is_plain(filter) { Condition::new() } else { Condition::unkept() };
    start.part(translate(filter))
}

fn is_plain(filter: &TypedFilter<&'static Field>) -> bool {
    let equality = |filter: &TypedFilter<&'static Field>| {
        matches!(filter, TypedFilter::Comparison { test: Test::Eq(_), .. })
    };
    match filter {
        TypedFilter::And(members) => members.len() <= KEPT_EQUALITIES && members.iter().all(equality),
        other => equality(other),
    }
}

fn translate(filter: &TypedFilter<&'static Field>) -> Condition {
    match filter {
        TypedFilter::And(members) => joined(members, " AND "),
        TypedFilter::Or(members) => joined(members, " OR "),
        TypedFilter::Not(inner) => Condition::new().sql("NOT (").part(translate(inner)).sql(")"),
        TypedFilter::Comparison { field, test } => comparison(field, test),
    }
}

fn joined(members: &[TypedFilter<&'static Field>], word: &'static str) -> Condition {
    let mut condition = Condition::new().sql("(");
    for (n, member) in members.iter().enumerate() {
        condition = condition.sql(if n > 0 { word } else { "" }).part(translate(member));
    }
    condition.sql(")")
}

fn comparison(field: &Field, test: &Test) -> Condition {
    let column = || Condition::new().sql(field.column);
    let plain = match test {
        Test::IsNull if !field.nullable => return Condition::nothing(),
        Test::NotNull if !field.nullable => return Condition::everything(),
        Test::IsNull => return column().sql(" IS NULL"),
        Test::NotNull => return column().sql(" IS NOT NULL"),
        Test::Eq(wanted) | Test::Has(wanted) => column().sql(" = ").bind(value(wanted)),
        Test::Ne(other) => column().sql(" <> ").bind(value(other)),
        Test::Lt(bound) => column().sql(" < ").bind(value(bound)),
        Test::Le(bound) => column().sql(" <= ").bind(value(bound)),
        Test::Gt(bound) => column().sql(" > ").bind(value(bound)),
        Test::Ge(bound) => column().sql(" >= ").bind(value(bound)),
        Test::In(wanted) => {
            column().sql(" IN (").bind_all(wanted.iter().map(|wanted| Some(value(wanted)))).sql(")")
        }
        Test::Starts(prefix) => starts(field, prefix),
    };
    // Two-valued: a comparison with null is false, so that `not` makes it true.
    if field.nullable {
        Condition::new().sql("(").sql(field.column).sql(" IS NOT NULL AND ").part(plain).sql(")")
    } else {
        plain
    }
}

/// A range instead of LIKE: the index serves it on both engines and nothing needs escaping.
fn starts(field: &Field, prefix: &str) -> Condition {
    let from = Condition::new().sql(field.column).sql(" >= ").bind(Value::Text(prefix.to_owned()));
    match successor(prefix) {
        Some(end) => from.and(Condition::new().sql(field.column).sql(" < ").bind(Value::Text(end))),
        None => from,
    }
}

/// The least text that sorts after everything beginning with the prefix, by code points; none if there is no such text.
fn successor(prefix: &str) -> Option<String> {
    let mut chars: Vec<char> = prefix.chars().collect();
    while let Some(last) = chars.pop() {
        let next = match last {
            char::MAX => None,
            // The surrogates are no characters.
            '\u{d7ff}' => Some('\u{e000}'),
            _ => char::from_u32(u32::from(last) + 1),
        };
        if let Some(next) = next {
            chars.push(next);
            return Some(chars.into_iter().collect());
        }
    }
    None
}

fn value(value: &TypedValue) -> Value {
    match value {
        TypedValue::Code(code) => Value::Text((*code).to_owned()),
        TypedValue::Text(text) => Value::Text(text.clone()),
        TypedValue::Id(id) => Value::Id(Id::new(*id)),
        TypedValue::Integer(number) | TypedValue::Money(number) => Value::Integer(*number),
        TypedValue::Date(date) => Value::Date(*date),
        TypedValue::Instant(micros) => Value::Moment(Moment(*micros)),
        TypedValue::Bool(flag) => Value::Bool(*flag),
    }
}
