//! The filter against the fields of a resource: types of fields and values, and what a comparison means.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use chrono::{DateTime, Datelike, NaiveDate};
use unicode_normalization::UnicodeNormalization;
use uuid::Uuid;

use super::{Filter, FilterCode, FilterError, Op, Value};
use crate::text;

/// The type of a field that can be filtered by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldType {
    /// One of the codes; another one is an error.
    Code(&'static [&'static str]),
    /// Any number of the codes; `has "x"`, `in` (has one of them), and `eq null` (has none).
    Codes(&'static [&'static str]),
    /// The same of codes that the bank itself sets.
    Texts,
    /// Any number of ids; as `eq "x"` can only mean that one is among them, it does.
    Ids,
    /// Compared exactly, by code point.
    Text,
    /// A UUID, lower case and hyphenated.
    Id,
    Integer,
    /// In units of the base currency with up to four decimals; held as 1/10000.
    Money,
    /// `"2026-11-22"`.
    Date,
    /// RFC 3339, up to microseconds.
    Instant,
    Bool,
}

impl FieldType {
    /// The operators that a field of this type knows.
    pub const fn operators(self) -> &'static [Op] {
        match self {
            Self::Code(_) | Self::Id | Self::Bool => &[Op::Eq, Op::Ne, Op::In],
            Self::Codes(_) | Self::Texts | Self::Ids => &[Op::Eq, Op::Ne, Op::In, Op::Has],
            Self::Text => &[Op::Eq, Op::Ne, Op::In, Op::Starts],
            Self::Integer | Self::Money | Self::Date | Self::Instant => {
                &[Op::Eq, Op::Ne, Op::Lt, Op::Le, Op::Gt, Op::Ge, Op::In]
            }
        }
    }

    /// Whether a row may hold any number of values of it.
    pub const fn is_set(self) -> bool {
        matches!(self, Self::Codes(_) | Self::Texts | Self::Ids)
    }

    /// What a value of this type looks like, for messages.
    fn expected(self) -> String {
        match self {
            Self::Code(codes) | Self::Codes(codes) => codes.join(", "),
            Self::Text | Self::Texts => "string".to_owned(),
            Self::Id | Self::Ids => "id".to_owned(),
            Self::Integer => "integer".to_owned(),
            Self::Money => "amount with up to four decimals".to_owned(),
            Self::Date => "YYYY-MM-DD".to_owned(),
            Self::Instant => "YYYY-MM-DDThh:mm:ssZ, now-14d".to_owned(),
            Self::Bool => "true, false".to_owned(),
        }
    }

    fn read(self, value: &Value) -> Option<TypedValue> {
        match (self, value) {
            (Self::Code(codes) | Self::Codes(codes), Value::Text(text)) => {
                codes.iter().find(|code| *code == text).map(|code| TypedValue::Code(code))
            }
            (Self::Text | Self::Texts, Value::Text(text)) => {
                (!text.chars().any(text::is_forbidden)).then(|| TypedValue::Text(text.nfc().collect()))
            }
            (Self::Id | Self::Ids, Value::Text(text)) => {
                Uuid::try_parse(text).ok().filter(|id| id.to_string() == *text).map(TypedValue::Id)
            }
            (Self::Integer, Value::Number(number)) => number.to_units(0).map(TypedValue::Integer),
            (Self::Money, Value::Number(number)) => number.to_units(4).map(TypedValue::Money),
            (Self::Date, Value::Text(text)) => read_date(text).map(TypedValue::Date),
            (Self::Instant, Value::Text(text)) => read_instant(text).map(TypedValue::Instant),
            (Self::Bool, Value::Bool(value)) => Some(TypedValue::Bool(*value)),
            _ => None,
        }
    }
}

fn read_date(text: &str) -> Option<NaiveDate> {
    let date = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?;
    // chrono takes `2026-1-2` and `+2026-01-02` too, and years that no database knows.
    ((0..=9999).contains(&date.year()) && date.format("%Y-%m-%d").to_string() == text).then_some(date)
}

fn read_instant(text: &str) -> Option<i64> {
    let instant = DateTime::parse_from_rfc3339(text).ok()?;
    (instant.timestamp_subsec_nanos() % 1_000 == 0).then(|| instant.timestamp_micros())
}

/// What a resource says about one of its fields to one caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FieldSpec<F> {
    /// The resource's own name for it.
    pub field: F,
    pub kind: FieldType,
    /// Whether this caller may filter by it; false when they see it masked.
    pub filterable: bool,
}

/// A value of the type of its field.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TypedValue {
    Code(&'static str),
    Text(String),
    Id(Uuid),
    Integer(i64),
    /// In 1/10000 of the base currency's unit.
    Money(i64),
    Date(NaiveDate),
    /// In microseconds since 1970-01-01T00:00:00Z.
    Instant(i64),
    Bool(bool),
}

/// What a comparison asks of its field.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Test {
    IsNull,
    NotNull,
    Eq(TypedValue),
    /// Not null and different.
    Ne(TypedValue),
    Lt(TypedValue),
    Le(TypedValue),
    Gt(TypedValue),
    Ge(TypedValue),
    /// Equal to one of them; for a set of codes: has one of them. Never empty.
    In(Vec<TypedValue>),
    /// Begins with the text, which may be empty; `%` and `_` in it mean themselves.
    Starts(String),
    /// The set of codes has this one.
    Has(TypedValue),
}

/// A filter whose fields and values are known to the resource with the fields `F`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum TypedFilter<F> {
    And(Vec<TypedFilter<F>>),
    Or(Vec<TypedFilter<F>>),
    Not(Box<TypedFilter<F>>),
    Comparison { field: F, test: Test },
}

/// Types a filter against the fields of a resource, as `lookup` gives them for one caller.
///
/// # Errors
/// An unknown or masked field, an operator that the field does not know, a value of another type.
pub fn check<F>(
    filter: &Filter,
    lookup: &impl Fn(&str) -> Option<FieldSpec<F>>,
) -> Result<TypedFilter<F>, FilterError> {
    check_from(filter, lookup, &mut 0)
}

/// `comparisons` is how many came before.
fn check_from<F>(
    filter: &Filter,
    lookup: &impl Fn(&str) -> Option<FieldSpec<F>>,
    comparisons: &mut usize,
) -> Result<TypedFilter<F>, FilterError> {
    let mut all = |members: &[Filter]| {
        members.iter().map(|member| check_from(member, lookup, comparisons)).collect::<Result<_, _>>()
    };
    Ok(match filter {
        Filter::And(members) => TypedFilter::And(all(members)?),
        Filter::Or(members) => TypedFilter::Or(all(members)?),
        Filter::Not(inner) => TypedFilter::Not(Box::new(check_from(inner, lookup, comparisons)?)),
        Filter::Comparison { field: name, op, value } => {
            *comparisons += 1;
            let FieldSpec { field, kind, filterable } =
                lookup(name).ok_or_else(|| FilterError::unknown_field(*comparisons))?;
            if !filterable {
                return Err(FilterError::of(name, FilterCode::FieldNotFilterable));
            }
            TypedFilter::Comparison { field, test: check_test(name, kind, *op, value)? }
        }
    })
}

fn check_test(name: &str, kind: FieldType, op: Op, value: &Value) -> Result<Test, FilterError> {
    let not_allowed = || {
        let known: Vec<&str> = kind.operators().iter().map(|op| op.as_str()).collect();
        FilterError::of(name, FilterCode::OperatorNotAllowed)
            .with("op", op)
            .with("expected", known.join(", "))
    };
    if !kind.operators().contains(&op) {
        return Err(not_allowed());
    }
    let read = |value: &Value| {
        kind.read(value)
            .ok_or_else(|| FilterError::of(name, FilterCode::BadValue).with("expected", kind.expected()))
    };
    Ok(match (op, value) {
        (Op::Eq, Value::Null) => Test::IsNull,
        (Op::Ne, Value::Null) => Test::NotNull,
        (Op::Eq, _) if kind == FieldType::Ids => Test::Has(read(value)?),
        // A set is not one value: whether "equal" meant "is exactly" or "has" would be a guess.
        (Op::Eq | Op::Ne, _) if kind.is_set() => {
            return Err(FilterError::of(name, FilterCode::OperatorNotAllowed)
                .with("op", op)
                .with("expected", "has, in, eq null, ne null"));
        }
        (Op::Eq, _) => Test::Eq(read(value)?),
        (Op::Ne, _) => Test::Ne(read(value)?),
        (Op::Lt, _) => Test::Lt(read(value)?),
        (Op::Le, _) => Test::Le(read(value)?),
        (Op::Gt, _) => Test::Gt(read(value)?),
        (Op::Ge, _) => Test::Ge(read(value)?),
        (Op::Has, _) => Test::Has(read(value)?),
        (Op::Starts, _) => match read(value)? {
            TypedValue::Text(prefix) => Test::Starts(prefix),
            _ => return Err(not_allowed()),
        },
        (Op::In, Value::List(values)) => Test::In(values.iter().map(read).collect::<Result<_, _>>()?),
        (Op::In, _) => return Err(FilterError::of(name, FilterCode::BadValue).with("expected", "list")),
    })
}

/// What a row holds in a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FieldValue {
    Null,
    One(TypedValue),
    /// A set of codes or ids; the empty one is null.
    Many(BTreeSet<String>),
}

/// Whether a row matches, `get` giving what it holds.
pub fn matches<F>(filter: &TypedFilter<F>, get: &impl Fn(&F) -> FieldValue) -> bool {
    match filter {
        TypedFilter::And(members) => members.iter().all(|member| matches(member, get)),
        TypedFilter::Or(members) => members.iter().any(|member| matches(member, get)),
        TypedFilter::Not(inner) => !matches(inner, get),
        TypedFilter::Comparison { field, test } => holds(test, &get(field)),
    }
}

fn holds(test: &Test, value: &FieldValue) -> bool {
    let value = match value {
        FieldValue::Null => return *test == Test::IsNull,
        FieldValue::Many(codes) => {
            let has = |wanted: &TypedValue| match wanted {
                TypedValue::Code(code) => codes.contains(*code),
                TypedValue::Text(text) => codes.contains(text),
                TypedValue::Id(id) => codes.contains(&id.to_string()),
                _ => false,
            };
            return match test {
                Test::IsNull => codes.is_empty(),
                Test::NotNull => !codes.is_empty(),
                Test::Has(wanted) => has(wanted),
                Test::In(wanted) => wanted.iter().any(has),
                _ => false,
            };
        }
        FieldValue::One(value) => value,
    };
    // Values of two types have no order, so that a wrong `get` shows as a row that never matches.
    let order = |other: &TypedValue| {
        (std::mem::discriminant(value) == std::mem::discriminant(other)).then(|| value.cmp(other))
    };
    match test {
        Test::IsNull | Test::Has(_) => false,
        Test::NotNull => true,
        Test::Eq(other) => order(other) == Some(Ordering::Equal),
        Test::Ne(other) => order(other).is_some_and(Ordering::is_ne),
        Test::Lt(other) => order(other).is_some_and(Ordering::is_lt),
        Test::Le(other) => order(other).is_some_and(Ordering::is_le),
        Test::Gt(other) => order(other).is_some_and(Ordering::is_gt),
        Test::Ge(other) => order(other).is_some_and(Ordering::is_ge),
        Test::In(others) => others.iter().any(|other| order(other) == Some(Ordering::Equal)),
        Test::Starts(prefix) => matches!(value, TypedValue::Text(text) if text.starts_with(prefix.as_str())),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::{Number, parse};
    use super::*;

    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
    enum Field {
        Tier,
        Needs,
        City,
        Owner,
        Children,
        Aum,
        Birthday,
        UpdatedAt,
        Vip,
        Phone,
    }

    const FIELDS: [(&str, Field, FieldType); 10] = [
        ("tier", Field::Tier, FieldType::Code(&["gold", "mass"])),
        ("needs", Field::Needs, FieldType::Codes(&["tax", "retirement"])),
        ("city", Field::City, FieldType::Text),
        ("owner", Field::Owner, FieldType::Id),
        ("children", Field::Children, FieldType::Integer),
        ("aum", Field::Aum, FieldType::Money),
        ("birthday", Field::Birthday, FieldType::Date),
        ("updated_at", Field::UpdatedAt, FieldType::Instant),
        ("vip", Field::Vip, FieldType::Bool),
        ("phone", Field::Phone, FieldType::Text),
    ];

    fn lookup(name: &str) -> Option<FieldSpec<Field>> {
        let (_, field, kind) = FIELDS.into_iter().find(|(known, ..)| *known == name)?;
        Some(FieldSpec { field, kind, filterable: field != Field::Phone })
    }

    fn typed(filter: &str) -> Result<TypedFilter<Field>, FilterError> {
        check(&parse(filter).unwrap(), &lookup)
    }

    fn test_of(filter: &str) -> Test {
        match typed(filter).unwrap() {
            TypedFilter::Comparison { test, .. } => test,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn types_values() {
        assert_eq!(test_of(r#"tier eq "gold""#), Test::Eq(TypedValue::Code("gold")));
        assert_eq!(test_of(r#"needs has "tax""#), Test::Has(TypedValue::Code("tax")));
        assert_eq!(test_of("needs eq null"), Test::IsNull);
        assert_eq!(test_of("city ne null"), Test::NotNull);
        assert_eq!(test_of(r#"city starts "Zoe\u0308""#), Test::Starts("Zo\u{eb}".to_owned()));
        assert_eq!(test_of("aum ge 100000"), Test::Ge(TypedValue::Money(1_000_000_000)));
        assert_eq!(test_of("aum lt -0.0001"), Test::Lt(TypedValue::Money(-1)));
        assert_eq!(
            test_of("children in (1, 2)"),
            Test::In(vec![TypedValue::Integer(1), TypedValue::Integer(2)])
        );
        assert_eq!(
            test_of(r#"birthday eq "1994-12-31""#),
            Test::Eq(TypedValue::Date(NaiveDate::from_ymd_opt(1994, 12, 31).unwrap()))
        );
        assert_eq!(
            test_of(r#"updated_at gt "1970-01-01T08:00:00.000001+08:00""#),
            Test::Gt(TypedValue::Instant(1))
        );
        assert_eq!(test_of("vip ne false"), Test::Ne(TypedValue::Bool(false)));
    }

    #[test]
    fn refuses_what_does_not_fit() {
        let cases = [
            (r#"colour eq "red""#, FilterCode::UnknownField),
            (r#"phone starts "+86138""#, FilterCode::FieldNotFilterable),
            ("phone ne null", FilterCode::FieldNotFilterable),
            (r#"tier eq "silver""#, FilterCode::BadValue),
            (r#"birthday ge "-9999-01-01""#, FilterCode::BadValue),
            (r#"birthday ge "+12345-01-01""#, FilterCode::BadValue),
            (r#"tier in ("gold", "silver")"#, FilterCode::BadValue),
            ("tier eq 1", FilterCode::BadValue),
            (r#"tier lt "gold""#, FilterCode::OperatorNotAllowed),
            (r#"tier starts "g""#, FilterCode::OperatorNotAllowed),
            (r#"tier has "gold""#, FilterCode::OperatorNotAllowed),
            (r#"needs eq "tax""#, FilterCode::OperatorNotAllowed),
            (r#"city lt "x""#, FilterCode::OperatorNotAllowed),
            (r#"city eq "a\u0000b""#, FilterCode::BadValue),
            (r#"city eq "a\u202eb""#, FilterCode::BadValue),
            ("children eq 1.5", FilterCode::BadValue),
            (r#"children eq "1""#, FilterCode::BadValue),
            ("children eq 9223372036854775808", FilterCode::BadValue),
            ("aum eq 1.00001", FilterCode::BadValue),
            ("aum eq 922337203685477.5808", FilterCode::BadValue),
            (r#"birthday eq "1994-2-1""#, FilterCode::BadValue),
            (r#"birthday eq "1994-02-30""#, FilterCode::BadValue),
            (r#"birthday eq "+1994-02-01""#, FilterCode::BadValue),
            (r#"updated_at eq "2026-11-22""#, FilterCode::BadValue),
            (r#"updated_at eq "2026-11-22T02:30:00.1234567Z""#, FilterCode::BadValue),
            (r#"owner eq "01890000-0000-7000-8000-00000000000G""#, FilterCode::BadValue),
            (r#"owner eq "{01890000-0000-7000-8000-000000000000}""#, FilterCode::BadValue),
            (r#"owner eq "01890000-0000-7000-8000-00000000000A""#, FilterCode::BadValue),
            ("vip gt false", FilterCode::OperatorNotAllowed),
            (r#"vip eq "true""#, FilterCode::BadValue),
        ];
        for (filter, code) in cases {
            assert_eq!(typed(filter).unwrap_err().code, code, "{filter}");
        }
        assert_eq!(
            typed(r#"tier lt "gold""#).unwrap_err().to_string(),
            "filter_operator_not_allowed field=tier op=lt expected=eq, ne, in"
        );
        // A name that is none may be a person's: its place is told instead.
        assert_eq!(
            typed(r#"vip eq true and (aum gt 1 or not zhangsan eq 1) and tier eq "gold""#)
                .unwrap_err()
                .to_string(),
            "filter_unknown_field number=3"
        );
    }

    fn row(field: &Field) -> FieldValue {
        match field {
            Field::Tier => FieldValue::One(TypedValue::Code("gold")),
            Field::Needs => FieldValue::Many(["tax".to_owned()].into()),
            Field::Aum => FieldValue::One(TypedValue::Money(1_000_000)),
            Field::City => FieldValue::One(TypedValue::Text("上海".to_owned())),
            Field::Birthday => {
                FieldValue::One(TypedValue::Date(NaiveDate::from_ymd_opt(2000, 1, 1).unwrap()))
            }
            _ => FieldValue::Null,
        }
    }

    #[test]
    fn evaluates_with_two_values() {
        let cases = [
            (r#"tier eq "gold""#, true),
            (r#"tier ne "gold""#, false),
            (r#"tier in ("mass")"#, false),
            (r#"needs has "tax" and needs ne null"#, true),
            (r#"needs in ("retirement", "tax")"#, true),
            (r#"needs in ("retirement")"#, false),
            ("aum eq 100", true),
            ("aum gt 100", false),
            ("aum ge 100.0000 and aum le 100", true),
            (r#"city starts "上""#, true),
            (r#"city starts """#, true),
            (r#"birthday lt "2000-01-02""#, true),
            ("children eq 1", false),
            ("children ne 1", false),
            ("not children eq 1", true),
            ("not children ne 1", true),
            ("children lt 5 or children ge 5", false),
            ("children eq null", true),
            ("children ne null", false),
            ("not (children eq null and vip eq null)", false),
        ];
        for (filter, expected) in cases {
            assert_eq!(matches(&typed(filter).unwrap(), &row), expected, "{filter}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1_000))]

        #[test]
        fn never_panics_on_pieces(pieces in prop::collection::vec(prop::sample::select(&[
            "a", "tier", "needs", "aum", "eq", "ne", "in", "has", "starts", "and", "or", "not", "(", ")", ",", "\"",
            "\"gold\"", "\\", "\"x", "1", "-", "0.5", "1.", "null", "true", " ", "中", "\u{0}", "\\u", "\"\\ud800\"",
        ][..]), 0..30), glue in prop::sample::select(&["", " "][..])) {
            let text = pieces.join(glue);
            match parse(&text) {
                Ok(filter) => {
                    prop_assert_eq!(&parse(&filter.to_string()).unwrap(), &filter);
                    if let Ok(typed) = check(&filter, &lookup) {
                        let _ = matches(&typed, &row);
                    }
                }
                Err(error) => prop_assert!(error.position.unwrap() <= text.chars().count()),
            }
        }

        #[test]
        fn not_is_the_opposite(value in any::<i64>(), held in prop::option::of(any::<i64>()),
            op in prop::sample::select(&["eq", "ne", "lt", "le", "gt", "ge"][..])) {
            let get = |_: &Field| held.map_or(FieldValue::Null, |held| FieldValue::One(TypedValue::Integer(held)));
            let plain = matches(&typed(&format!("children {op} {value}")).unwrap(), &get);
            let negated = matches(&typed(&format!("not children {op} {value}")).unwrap(), &get);
            prop_assert_eq!(plain, !negated);
            prop_assert!(held.is_some() || !plain);
        }

        #[test]
        fn money_is_exact(units in any::<i64>()) {
            let written = Number::new(units.into(), 4).unwrap();
            prop_assert_eq!(test_of(&format!("aum eq {written}")), Test::Eq(TypedValue::Money(units)));
        }
    }
}
