//! The filter grammar of lists and searches.
//!
//! ```text
//! expr  := and ("or" and)*                 "and" binds tighter than "or"
//! and   := term ("and" term)*
//! term  := "not"? (cmp | "(" expr ")")
//! cmp   := field op value
//! op    := eq | ne | lt | le | gt | ge | in | starts | has
//! value := string | number | true | false | null | "(" scalar ("," scalar)* ")"
//! ```
//!
//! Strings stand in double quotes with the escapes of JSON (RFC 8259 §7), numbers are integers or decimals
//! without exponent. Words are lower case. `null` is compared only by `eq` and `ne`, a list only by `in`.
//! A field of instants also knows `"now-14d"`, so many days of 24 hours ago ([`settle`]), so that a filter that is kept stays true.
//! At most [`MAX_LENGTH`] characters, [`MAX_COMPARISONS`] comparisons, [`MAX_DEPTH`] open parentheses and
//! [`MAX_LIST`] values in a list.
//!
//! [`parse`] gives the tree as written, [`check`] gives it typed against the fields of a resource. The logic has
//! two values: a comparison with a field that is null is false (`ne` too), `not` negates, and only `eq null` and
//! `ne null` look at null itself. So `not (city eq "上海")` holds for a customer without a city, `city ne "上海"`
//! does not. [`matches`] evaluates a filter in memory: it defines what a store's SQL has to return.

mod grammar;
mod moments;
mod typing;

use std::fmt;

pub use grammar::{
    Filter, MAX_COMPARISONS, MAX_DEPTH, MAX_LENGTH, MAX_LIST, Number, Op, Value, parse, parse_columns,
};
pub use moments::settle;
pub use typing::{FieldSpec, FieldType, FieldValue, Test, TypedFilter, TypedValue, check, matches};

/// What is wrong with a filter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FilterCode {
    /// More characters than `max`.
    TooLong,
    /// Something else than `expected` stands at the position.
    Unexpected,
    /// A string that is not closed, or an escape or a raw control character that JSON does not know.
    BadString,
    /// A number of more than 28 digits.
    BadNumber,
    /// More comparisons than `max`.
    TooManyComparisons,
    /// More open parentheses than `max`.
    TooDeep,
    /// More values in a list than `max`.
    ListTooLong,
    /// `null` with an operator other than `eq` and `ne`.
    NullComparison,
    /// The resource has no field of the name in comparison `number`.
    UnknownField,
    /// The caller sees the `field` masked; a filter would unmask it by trial (403, not 400).
    FieldNotFilterable,
    /// The `field` has no operator `op`; `expected` names those it has.
    OperatorNotAllowed,
    /// The value does not fit the type of the `field`; `expected` says what would.
    BadValue,
}

impl FilterCode {
    /// The stable code of the problem document.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::TooLong => "filter_too_long",
            Self::Unexpected => "filter_unexpected",
            Self::BadString => "filter_bad_string",
            Self::BadNumber => "filter_bad_number",
            Self::TooManyComparisons => "filter_too_many_comparisons",
            Self::TooDeep => "filter_too_deep",
            Self::ListTooLong => "filter_list_too_long",
            Self::NullComparison => "filter_null_comparison",
            Self::UnknownField => "filter_unknown_field",
            Self::FieldNotFilterable => "field_not_filterable",
            Self::OperatorNotAllowed => "filter_operator_not_allowed",
            Self::BadValue => "filter_bad_value",
        }
    }
}

/// A filter that is not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FilterError {
    pub code: FilterCode,
    /// Where, in characters from 0; a typed error names the field instead.
    pub position: Option<usize>,
    /// Parameters of the message.
    pub params: Vec<(&'static str, String)>,
}

impl FilterError {
    fn at(position: usize, code: FilterCode) -> Self {
        Self { code, position: Some(position), params: Vec::new() }
    }

    fn of(field: &str, code: FilterCode) -> Self {
        Self { code, position: None, params: vec![("field", field.to_owned())] }
    }

    /// The name is not repeated: what is none of a field may be anything. `number` counts the comparisons from 1.
    fn unknown_field(number: usize) -> Self {
        Self { code: FilterCode::UnknownField, position: None, params: Vec::new() }.with("number", number)
    }

    fn with(mut self, name: &'static str, value: impl fmt::Display) -> Self {
        self.params.push((name, value.to_string()));
        self
    }
}

impl fmt::Display for FilterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code.as_str())?;
        if let Some(position) = self.position {
            write!(f, " position={position}")?;
        }
        for (name, value) in &self.params {
            write!(f, " {name}={value}")?;
        }
        Ok(())
    }
}

impl std::error::Error for FilterError {}
