//! Which records of a file bring something: a filter over its columns.

use guanxi_api::Amount;
use unicode_normalization::UnicodeNormalization;

use crate::error::FieldError;
use crate::imports::reading::Record;
use crate::imports::values;
use crate::listing::filter::{
    self, FieldSpec, FieldType, FieldValue, Filter, FilterCode, FilterError, TypedFilter, TypedValue, Value,
};

/// A column, and how it is compared.
type Column = (usize, FieldType);

/// A condition on records, read against the columns of their file.
#[derive(Clone, Debug)]
pub(super) struct When(TypedFilter<Column>);

impl When {
    /// Reads a condition.
    ///
    /// # Errors
    /// What is wrong with it, with an empty pointer.
    pub(super) fn of(text: &str, columns: &[String]) -> Result<When, FieldError> {
        let wrong = |error: FilterError| {
            let code = match error.code {
                FilterCode::UnknownField => "no_such_column",
                other => other.as_str(),
            };
            let field = FieldError::new("", code);
            let field = match error.position {
                Some(position) => field.with("position", position),
                None => field,
            };
            error.params.into_iter().fold(field, |field, (name, value)| field.with(name, value))
        };
        let filter = filter::parse_columns(text).map_err(wrong)?;
        typed(&filter, columns).map(When).map_err(wrong)
    }

    /// The columns that it asks.
    pub(super) fn columns(&self) -> Vec<usize> {
        let mut columns = Vec::new();
        asked(&self.0, &mut columns);
        columns
    }

    /// Whether a record is meant.
    pub(super) fn holds(&self, record: &Record) -> bool {
        filter::matches(&self.0, &|(column, kind)| {
            let text = record.values.get(*column).map_or("", |value| value.trim());
            if text.is_empty() {
                return FieldValue::Null;
            }
            match kind {
                FieldType::Money => match values::amount(text) {
                    Some(Amount(units)) => FieldValue::One(TypedValue::Money(units)),
                    None => FieldValue::Null,
                },
                _ => FieldValue::One(TypedValue::Text(text.nfc().collect())),
            }
        })
    }
}

fn asked(filter: &TypedFilter<Column>, columns: &mut Vec<usize>) {
    match filter {
        TypedFilter::And(members) | TypedFilter::Or(members) => {
            members.iter().for_each(|member| asked(member, columns));
        }
        TypedFilter::Not(inner) => asked(inner, columns),
        TypedFilter::Comparison { field: (column, _), .. } => columns.push(*column),
    }
}

/// How a comparison reads its column follows from what it compares it with.
fn typed(filter: &Filter, columns: &[String]) -> Result<TypedFilter<Column>, FilterError> {
    let all = |members: &[Filter]| -> Result<Vec<_>, FilterError> {
        members.iter().map(|member| typed(member, columns)).collect()
    };
    Ok(match filter {
        Filter::And(members) => TypedFilter::And(all(members)?),
        Filter::Or(members) => TypedFilter::Or(all(members)?),
        Filter::Not(inner) => TypedFilter::Not(Box::new(typed(inner, columns)?)),
        Filter::Comparison { value, .. } => {
            let first = match value {
                Value::List(values) => values.first().unwrap_or(value),
                one => one,
            };
            let kind = if matches!(first, Value::Number(_)) { FieldType::Money } else { FieldType::Text };
            filter::check(filter, &|name| {
                let column = columns.iter().position(|column| column == name)?;
                Some(FieldSpec { field: (column, kind), kind, filterable: true })
            })?
        }
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn columns() -> Vec<String> {
        ["余额", "y", "Complain"].map(str::to_owned).to_vec()
    }

    fn holds(condition: &str, values: [&str; 3]) -> bool {
        let record = Record { line: 2, values: values.map(str::to_owned).to_vec() };
        When::of(condition, &columns()).unwrap().holds(&record)
    }

    #[test]
    fn a_column_is_compared_as_what_it_is_compared_with() {
        assert!(holds(r#""余额" gt 0"#, ["１,234.50", "", ""]));
        assert!(!holds(r#""余额" gt 0"#, ["-3", "", ""]));
        assert!(holds(r#""Complain" eq 1"#, ["", "", "1.00"]));
        assert!(!holds(r#""Complain" eq "1""#, ["", "", "1.00"]));
        assert!(holds(r#""y" in ("yes", "ja")"#, ["", " ja ", ""]));
        assert!(holds(r#""y" eq null and not "Complain" in (0)"#, ["", " ", "1"]));
        // What is no number compares with none.
        assert!(!holds(r#""余额" ne 0"#, ["n/a", "", ""]));
        assert!(holds(r#""余额" eq 0 or "y" starts "Zo\u0308""#, ["", "Zöe", ""]));
    }

    #[test]
    fn what_is_wrong_with_a_condition_is_told() {
        let code = |condition: &str| When::of(condition, &columns()).unwrap_err().code.to_string();
        assert_eq!(code(r#""z" eq 1"#), "no_such_column");
        assert_eq!(code(r#"y eq 1"#), "filter_unexpected");
        assert_eq!(code(r#""y" gt "a""#), "filter_operator_not_allowed");
        assert_eq!(code(r#""y" in (1, "a")"#), "filter_bad_value");
    }

    proptest! {
        #[test]
        fn no_condition_and_no_value_is_too_strange(condition in ".{0,60}", value in ".{0,20}") {
            let record = Record { line: 2, values: vec![value.clone(), value.clone(), value] };
            if let Ok(when) = When::of(&condition, &columns()) {
                when.holds(&record);
            }
        }
    }
}
