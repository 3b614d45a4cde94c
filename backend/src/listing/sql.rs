//! Filters as SQL. What a filter means is said by [`super::filter::matches`]; the tests compare the two.

use guanxi_db::{Condition, Id, Moment, Value};

use super::filter::{Test, TypedFilter, TypedValue};
use super::{Field, Privacy};

/// Filters of this many plain equalities, joined by `and`, keep their prepared statements: there are few such texts.
const KEPT_EQUALITIES: usize = 2;

pub(super) fn condition(filter: &TypedFilter<&'static Field>) -> Condition {
    if is_plain(filter) {
        translate(filter, bound)
    } else {
        Condition::unkept().part(translate(filter, written))
    }
}

/// How a value stands in the text that compares with it.
type Operand = fn(Condition, &Field, &TypedValue) -> Condition;

/// As a parameter: the text is the same for all values.
fn bound(text: Condition, _: &Field, wanted: &TypedValue) -> Condition {
    match wanted {
        // An index of those alone for whom it is true serves no condition with a parameter.
        TypedValue::Bool(flag) => text.sql(if *flag { "TRUE" } else { "FALSE" }),
        other => text.bind(value(other)),
    }
}

/// As itself where it can: the statement is planned anew, so the plan may as well be the one for its values. Texts of statements are
/// logged when they are slow, so what is said of a person stays a parameter.
fn written(text: Condition, field: &Field, wanted: &TypedValue) -> Condition {
    match wanted {
        _ if field.privacy != Privacy::Open => bound(text, field, wanted),
        TypedValue::Code(code) => text.sql("'").sql(code).sql("'"),
        other => text.literal(value(other)),
    }
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

fn translate(filter: &TypedFilter<&'static Field>, operand: Operand) -> Condition {
    match filter {
        TypedFilter::And(members) => joined(members, " AND ", operand),
        TypedFilter::Or(members) => joined(members, " OR ", operand),
        TypedFilter::Not(inner) => Condition::new().sql("NOT (").part(translate(inner, operand)).sql(")"),
        TypedFilter::Comparison { field, test } => comparison(field, test, operand),
    }
}

fn joined(members: &[TypedFilter<&'static Field>], word: &'static str, operand: Operand) -> Condition {
    let mut condition = Condition::new().sql("(");
    for (n, member) in members.iter().enumerate() {
        condition = condition.sql(if n > 0 { word } else { "" }).part(translate(member, operand));
    }
    condition.sql(")")
}

/// A comparison with a set: whether a member is among some codes, or whether there is any.
fn membership(field: &Field, test: &Test, operand: Operand) -> Condition {
    let members = || Condition::new().sql(field.column);
    match test {
        Test::IsNull => Condition::new().sql("NOT ").part(members()).sql(" IS NOT NULL)"),
        Test::NotNull => members().sql(" IS NOT NULL)"),
        Test::Has(wanted) => operand(members().sql(" = "), field, wanted).sql(")"),
        Test::In(wanted) => {
            let mut list = members().sql(" IN (");
            for (n, one) in wanted.iter().enumerate() {
                list = operand(list.sql(if n > 0 { ", " } else { "" }), field, one);
            }
            list.sql("))")
        }
        // No other operator is known to sets.
        _ => Condition::nothing(),
    }
}

fn comparison(field: &Field, test: &Test, operand: Operand) -> Condition {
    if field.kind.is_set() {
        return membership(field, test, operand);
    }
    // The column of the order holds the same where the field's own is not null, and has the index; a rank is another thing.
    let (order, kind) = field.order();
    let column = || Condition::new().sql(if kind == field.kind { order } else { field.column });
    let compared = |sign, wanted| operand(column().sql(sign), field, wanted);
    let plain = match test {
        Test::IsNull if !field.nullable => return Condition::nothing(),
        Test::NotNull if !field.nullable => return Condition::everything(),
        Test::IsNull => return Condition::new().sql(field.column).sql(" IS NULL"),
        Test::NotNull => return Condition::new().sql(field.column).sql(" IS NOT NULL"),
        Test::Eq(wanted) | Test::Has(wanted) => compared(" = ", wanted),
        Test::Ne(other) => compared(" <> ", other),
        Test::Lt(bound) => compared(" < ", bound),
        Test::Le(bound) => compared(" <= ", bound),
        Test::Gt(bound) => compared(" > ", bound),
        Test::Ge(bound) => compared(" >= ", bound),
        Test::In(wanted) => {
            let mut list = column().sql(" IN (");
            for (n, one) in wanted.iter().enumerate() {
                list = operand(list.sql(if n > 0 { ", " } else { "" }), field, one);
            }
            list.sql(")")
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
