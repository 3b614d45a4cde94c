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
//! At most [`MAX_LENGTH`] characters, [`MAX_COMPARISONS`] comparisons, [`MAX_DEPTH`] open parentheses and
//! [`MAX_LIST`] values in a list.
//!
//! [`parse`] gives the tree as written, [`check`] gives it typed against the fields of a resource. The logic has
//! two values: a comparison with a field that is null is false (`ne` too), `not` negates, and only `eq null` and
//! `ne null` look at null itself. So `not (city eq "上海")` holds for a customer without a city, `city ne "上海"`
//! does not. [`matches`] evaluates a filter in memory: it defines what a store's SQL has to return.

use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::fmt;

use chrono::{DateTime, NaiveDate};
use unicode_normalization::UnicodeNormalization;
use uuid::Uuid;

use crate::text;

/// Longest filter, in characters.
pub const MAX_LENGTH: usize = 2_048;
/// Most comparisons in one filter.
pub const MAX_COMPARISONS: usize = 20;
/// Most parentheses open at once (those of a list not counted).
pub const MAX_DEPTH: usize = 5;
/// Most values in one list.
pub const MAX_LIST: usize = 100;
/// Most digits of one number.
const MAX_DIGITS: usize = 28;
/// Longest name of a field, in characters.
const MAX_FIELD: usize = 64;

/// An operator of a comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Op {
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
    In,
    Starts,
    Has,
}

impl Op {
    /// All operators, in the order in which messages name them.
    pub const ALL: [Self; 9] =
        [Self::Eq, Self::Ne, Self::Lt, Self::Le, Self::Gt, Self::Ge, Self::In, Self::Starts, Self::Has];

    /// The word in the grammar.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Eq => "eq",
            Self::Ne => "ne",
            Self::Lt => "lt",
            Self::Le => "le",
            Self::Gt => "gt",
            Self::Ge => "ge",
            Self::In => "in",
            Self::Starts => "starts",
            Self::Has => "has",
        }
    }

    fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|op| op.as_str() == word)
    }
}

impl fmt::Display for Op {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// An exact decimal number: `mantissa` × 10^-`scale`, without trailing zeros.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Number {
    mantissa: i128,
    scale: u32,
}

impl Number {
    /// The number `mantissa` × 10^-`scale`; `None` when it has more than 28 digits.
    pub fn new(mantissa: i128, scale: u32) -> Option<Self> {
        let (mut mantissa, mut scale) = (mantissa, scale);
        while scale > 0 && mantissa % 10 == 0 {
            mantissa /= 10;
            scale -= 1;
        }
        let digits = mantissa.unsigned_abs().checked_ilog10().unwrap_or(0).max(scale) as usize + 1;
        (digits <= MAX_DIGITS).then_some(Self { mantissa, scale })
    }

    /// The number in units of 10^-`scale`; `None` when it has more decimals than that or leaves `i64`.
    pub fn to_units(self, scale: u32) -> Option<i64> {
        let factor = 10_i128.checked_pow(scale.checked_sub(self.scale)?)?;
        i64::try_from(self.mantissa.checked_mul(factor)?).ok()
    }

    fn parse(text: &str) -> Option<Self> {
        let (integer, fraction) = text.split_once('.').unwrap_or((text, ""));
        let scale = u32::try_from(fraction.len()).ok()?;
        if integer.len() + fraction.len() > MAX_DIGITS {
            return None;
        }
        Self::new(format!("{integer}{fraction}").parse().ok()?, scale)
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.mantissa < 0 { "-" } else { "" };
        let scale = self.scale as usize;
        let digits = format!("{:0>width$}", self.mantissa.unsigned_abs(), width = scale + 1);
        match digits.split_at_checked(digits.len() - scale) {
            Some((integer, fraction)) if scale > 0 => write!(f, "{sign}{integer}.{fraction}"),
            _ => write!(f, "{sign}{digits}"),
        }
    }
}

/// A value as written.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Value {
    Null,
    Bool(bool),
    Number(Number),
    Text(String),
    /// One or more of the others, without null and lists.
    List(Vec<Value>),
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Bool(value) => write!(f, "{value}"),
            Self::Number(value) => write!(f, "{value}"),
            Self::Text(value) => write!(f, "{}", serde_json::Value::from(value.as_str())),
            Self::List(values) => {
                f.write_str("(")?;
                for (index, value) in values.iter().enumerate() {
                    write!(f, "{}{value}", if index == 0 { "" } else { ", " })?;
                }
                f.write_str(")")
            }
        }
    }
}

/// A filter as written. `And` and `Or` have two or more members.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Filter {
    And(Vec<Filter>),
    Or(Vec<Filter>),
    Not(Box<Filter>),
    Comparison { field: String, op: Op, value: Value },
}

/// The canonical text: parsing it gives the same tree, so its hash identifies a filter however it was spaced.
impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let member = |f: &mut fmt::Formatter<'_>, inner: &Self, bare: bool| {
            if bare { write!(f, "{inner}") } else { write!(f, "({inner})") }
        };
        match self {
            Self::And(members) => {
                for (index, inner) in members.iter().enumerate() {
                    f.write_str(if index == 0 { "" } else { " and " })?;
                    member(f, inner, matches!(inner, Self::Not(_) | Self::Comparison { .. }))?;
                }
                Ok(())
            }
            Self::Or(members) => {
                for (index, inner) in members.iter().enumerate() {
                    f.write_str(if index == 0 { "" } else { " or " })?;
                    member(f, inner, !matches!(inner, Self::Or(_)))?;
                }
                Ok(())
            }
            Self::Not(inner) => {
                f.write_str("not ")?;
                member(f, inner, matches!(**inner, Self::Comparison { .. }))
            }
            Self::Comparison { field, op, value } => write!(f, "{field} {op} {value}"),
        }
    }
}

/// What is wrong with a filter or a sort order.
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
    /// The resource has no such `field`.
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

/// Reads a filter.
///
/// # Errors
/// The first thing that breaks the grammar or a limit, with its position.
pub fn parse(text: &str) -> Result<Filter, FilterError> {
    if text.chars().nth(MAX_LENGTH).is_some() {
        return Err(FilterError::at(MAX_LENGTH, FilterCode::TooLong).with("max", MAX_LENGTH));
    }
    let mut parser = Parser { tokens: lex(text)?, next: 0, comparisons: 0 };
    let filter = parser.expr(0)?;
    match parser.peek() {
        (Token::End, _) => Ok(filter),
        _ => Err(parser.unexpected("and, or")),
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    Word(String),
    Text(String),
    Number(Number),
    Open,
    Close,
    Comma,
    End,
}

/// Splits the text into tokens with their positions; the last one is always [`Token::End`].
fn lex(text: &str) -> Result<Vec<(Token, usize)>, FilterError> {
    let mut tokens = Vec::new();
    let mut rest = text;
    let mut position = 0;
    while let Some(first) = rest.chars().next() {
        let (token, taken) = match first {
            ' ' | '\t' | '\r' | '\n' => (None, first.len_utf8()),
            '(' => (Some(Token::Open), 1),
            ')' => (Some(Token::Close), 1),
            ',' => (Some(Token::Comma), 1),
            '"' => {
                let bad = || FilterError::at(position, FilterCode::BadString);
                let taken = string_length(rest).ok_or_else(bad)?;
                let literal = rest.get(..taken).ok_or_else(bad)?;
                (Some(Token::Text(serde_json::from_str(literal).map_err(|_| bad())?)), taken)
            }
            '-' | '0'..='9' => {
                let taken = number_length(rest).ok_or_else(|| {
                    FilterError::at(position, FilterCode::Unexpected).with("expected", "number")
                })?;
                let number = rest.get(..taken).and_then(Number::parse);
                let bad = || FilterError::at(position, FilterCode::BadNumber).with("max", MAX_DIGITS);
                (Some(Token::Number(number.ok_or_else(bad)?)), taken)
            }
            'a'..='z' => {
                let word: String =
                    rest.chars().take_while(|c| matches!(c, 'a'..='z' | '0'..='9' | '_')).collect();
                let taken = word.len();
                (Some(Token::Word(word)), taken)
            }
            _ => {
                return Err(FilterError::at(position, FilterCode::Unexpected)
                    .with("expected", "field, operator, value, parenthesis"));
            }
        };
        let (read, remaining) = rest.split_at_checked(taken).unwrap_or((rest, ""));
        tokens.extend(token.map(|token| (token, position)));
        position += read.chars().count();
        rest = remaining;
    }
    tokens.push((Token::End, position));
    Ok(tokens)
}

/// Bytes up to and with the closing quote.
fn string_length(text: &str) -> Option<usize> {
    let mut escaped = false;
    for (index, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return Some(index + 1),
            _ => {}
        }
    }
    None
}

/// Bytes of a number by the grammar `-?(0|[1-9][0-9]*)(\.[0-9]+)?` that ends where no letter, digit or dot follows.
fn number_length(text: &str) -> Option<usize> {
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let sign = usize::from(text.starts_with('-'));
    let integer = text.get(sign..)?;
    let whole = digits(integer);
    if whole == 0 || (whole > 1 && integer.starts_with('0')) {
        return None;
    }
    let mut length = sign + whole;
    if let Some(fraction) = text.get(length..)?.strip_prefix('.') {
        let decimals = digits(fraction);
        if decimals == 0 {
            return None;
        }
        length += 1 + decimals;
    }
    let next = text.get(length..)?.chars().next();
    (!next.is_some_and(|c| c.is_alphanumeric() || matches!(c, '.' | '_'))).then_some(length)
}

/// Words that cannot name a field.
fn is_reserved(word: &str) -> bool {
    matches!(word, "and" | "or" | "not" | "null" | "true" | "false") || Op::from_word(word).is_some()
}

struct Parser {
    tokens: Vec<(Token, usize)>,
    next: usize,
    comparisons: usize,
}

impl Parser {
    fn peek(&self) -> (&Token, usize) {
        match self.tokens.get(self.next).or_else(|| self.tokens.last()) {
            Some((token, position)) => (token, *position),
            None => (&Token::End, 0),
        }
    }

    fn unexpected(&self, expected: &'static str) -> FilterError {
        FilterError::at(self.peek().1, FilterCode::Unexpected).with("expected", expected)
    }

    fn take(&mut self, wanted: &Token) -> bool {
        let found = self.peek().0 == wanted;
        self.next += usize::from(found);
        found
    }

    fn take_word(&mut self, wanted: &str) -> bool {
        let found = matches!(self.peek().0, Token::Word(word) if word == wanted);
        self.next += usize::from(found);
        found
    }

    /// `depth` is the number of parentheses already open; it bounds the recursion.
    fn expr(&mut self, depth: usize) -> Result<Filter, FilterError> {
        let first = self.and(depth)?;
        let mut members = vec![first];
        while self.take_word("or") {
            members.push(self.and(depth)?);
        }
        Ok(single_or(members, Filter::Or))
    }

    fn and(&mut self, depth: usize) -> Result<Filter, FilterError> {
        let first = self.term(depth)?;
        let mut members = vec![first];
        while self.take_word("and") {
            members.push(self.term(depth)?);
        }
        Ok(single_or(members, Filter::And))
    }

    fn term(&mut self, depth: usize) -> Result<Filter, FilterError> {
        let negated = self.take_word("not");
        let position = self.peek().1;
        let inner = if self.take(&Token::Open) {
            if depth == MAX_DEPTH {
                return Err(FilterError::at(position, FilterCode::TooDeep).with("max", MAX_DEPTH));
            }
            let inner = self.expr(depth + 1)?;
            if !self.take(&Token::Close) {
                return Err(self.unexpected("and, or, )"));
            }
            inner
        } else {
            self.comparison()?
        };
        Ok(if negated { Filter::Not(Box::new(inner)) } else { inner })
    }

    fn comparison(&mut self) -> Result<Filter, FilterError> {
        let position = self.peek().1;
        let field = match self.peek().0 {
            Token::Word(word) if !is_reserved(word) && word.len() <= MAX_FIELD => word.clone(),
            _ => return Err(self.unexpected("field")),
        };
        self.next += 1;
        self.comparisons += 1;
        if self.comparisons > MAX_COMPARISONS {
            return Err(
                FilterError::at(position, FilterCode::TooManyComparisons).with("max", MAX_COMPARISONS)
            );
        }
        let op = match self.peek().0 {
            Token::Word(word) => Op::from_word(word),
            _ => None,
        };
        let op = op.ok_or_else(|| self.unexpected("eq, ne, lt, le, gt, ge, in, starts, has"))?;
        self.next += 1;
        let position = self.peek().1;
        let value = if op == Op::In { self.list()? } else { self.scalar("value")? };
        if value == Value::Null && !matches!(op, Op::Eq | Op::Ne) {
            return Err(FilterError::at(position, FilterCode::NullComparison).with("op", op));
        }
        Ok(Filter::Comparison { field, op, value })
    }

    fn list(&mut self) -> Result<Value, FilterError> {
        if !self.take(&Token::Open) {
            return Err(self.unexpected("("));
        }
        let mut values = Vec::new();
        loop {
            let position = self.peek().1;
            let value = self.scalar("string, number, true, false")?;
            if value == Value::Null {
                return Err(FilterError::at(position, FilterCode::NullComparison).with("op", Op::In));
            }
            if values.len() == MAX_LIST {
                return Err(FilterError::at(position, FilterCode::ListTooLong).with("max", MAX_LIST));
            }
            values.push(value);
            if self.take(&Token::Close) {
                return Ok(Value::List(values));
            }
            if !self.take(&Token::Comma) {
                return Err(self.unexpected(",, )"));
            }
        }
    }

    fn scalar(&mut self, expected: &'static str) -> Result<Value, FilterError> {
        let value = match self.peek().0 {
            Token::Text(value) => Value::Text(value.clone()),
            Token::Number(value) => Value::Number(*value),
            Token::Word(word) => match word.as_str() {
                "null" => Value::Null,
                "true" => Value::Bool(true),
                "false" => Value::Bool(false),
                _ => return Err(self.unexpected(expected)),
            },
            _ => return Err(self.unexpected(expected)),
        };
        self.next += 1;
        Ok(value)
    }
}

fn single_or(mut members: Vec<Filter>, many: fn(Vec<Filter>) -> Filter) -> Filter {
    match members.pop() {
        Some(only) if members.is_empty() => only,
        last => {
            members.extend(last);
            many(members)
        }
    }
}

/// The type of a field that can be filtered by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldType {
    /// One of the codes; another one is an error.
    Code(&'static [&'static str]),
    /// Any number of the codes; `has "x"`, `in` (has one of them), and `eq null` (has none).
    Codes(&'static [&'static str]),
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
            Self::Codes(_) => &[Op::Eq, Op::Ne, Op::In, Op::Has],
            Self::Text => &[Op::Eq, Op::Ne, Op::In, Op::Starts],
            Self::Integer | Self::Money | Self::Date | Self::Instant => {
                &[Op::Eq, Op::Ne, Op::Lt, Op::Le, Op::Gt, Op::Ge, Op::In]
            }
        }
    }

    /// What a value of this type looks like, for messages.
    fn expected(self) -> String {
        match self {
            Self::Code(codes) | Self::Codes(codes) => codes.join(", "),
            Self::Text => "string".to_owned(),
            Self::Id => "id".to_owned(),
            Self::Integer => "integer".to_owned(),
            Self::Money => "amount with up to four decimals".to_owned(),
            Self::Date => "YYYY-MM-DD".to_owned(),
            Self::Instant => "YYYY-MM-DDThh:mm:ssZ".to_owned(),
            Self::Bool => "true, false".to_owned(),
        }
    }

    fn read(self, value: &Value) -> Option<TypedValue> {
        match (self, value) {
            (Self::Code(codes) | Self::Codes(codes), Value::Text(text)) => {
                codes.iter().find(|code| *code == text).map(|code| TypedValue::Code(code))
            }
            (Self::Text, Value::Text(text)) => {
                (!text.chars().any(text::is_forbidden)).then(|| TypedValue::Text(text.nfc().collect()))
            }
            (Self::Id, Value::Text(text)) => {
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
    // chrono takes `2026-1-2` and `+2026-01-02` too.
    (date.format("%Y-%m-%d").to_string() == text).then_some(date)
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
    let all =
        |members: &[Filter]| members.iter().map(|member| check(member, lookup)).collect::<Result<_, _>>();
    Ok(match filter {
        Filter::And(members) => TypedFilter::And(all(members)?),
        Filter::Or(members) => TypedFilter::Or(all(members)?),
        Filter::Not(inner) => TypedFilter::Not(Box::new(check(inner, lookup)?)),
        Filter::Comparison { field: name, op, value } => {
            let unknown = || FilterError::of(name, FilterCode::UnknownField);
            let FieldSpec { field, kind, filterable } = lookup(name).ok_or_else(unknown)?;
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
        // A set is not one value: whether "equal" meant "is exactly" or "has" would be a guess.
        (Op::Eq | Op::Ne, _) if matches!(kind, FieldType::Codes(_)) => {
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
    /// A set of codes; the empty one is null.
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
            let has = |wanted: &TypedValue| matches!(wanted, TypedValue::Code(code) if codes.contains(*code));
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

    use super::*;

    fn comparison(field: &str, op: Op, value: Value) -> Filter {
        Filter::Comparison { field: field.to_owned(), op, value }
    }

    fn number(mantissa: i128, scale: u32) -> Value {
        Value::Number(Number::new(mantissa, scale).unwrap())
    }

    fn text(value: &str) -> Value {
        Value::Text(value.to_owned())
    }

    #[test]
    fn reads_the_example_of_the_contract() {
        let filter =
            parse(r#"org_unit_id eq "0193" and (tier in ("gold","platinum") or aum ge 100000)"#).unwrap();
        assert_eq!(
            filter,
            Filter::And(vec![
                comparison("org_unit_id", Op::Eq, text("0193")),
                Filter::Or(vec![
                    comparison("tier", Op::In, Value::List(vec![text("gold"), text("platinum")])),
                    comparison("aum", Op::Ge, number(100_000, 0)),
                ]),
            ])
        );
    }

    #[test]
    fn and_binds_tighter_than_or() {
        let one = |name: &str| comparison(name, Op::Eq, Value::Bool(true));
        assert_eq!(
            parse("a eq true or b eq true and c eq true or not d eq true").unwrap(),
            Filter::Or(vec![
                one("a"),
                Filter::And(vec![one("b"), one("c")]),
                Filter::Not(Box::new(one("d")))
            ])
        );
        assert_eq!(
            parse("(a eq true or b eq true) and c eq true").unwrap(),
            Filter::And(vec![Filter::Or(vec![one("a"), one("b")]), one("c")])
        );
        assert_eq!(parse("((a eq true))").unwrap(), one("a"));
    }

    #[test]
    fn reads_values() {
        let value = |text: &str| match parse(&format!("f eq {text}")).unwrap() {
            Filter::Comparison { value, .. } => value,
            other => panic!("{other}"),
        };
        assert_eq!(value(r#""a\"b\\c\u4e2d\ud83d\ude00\n""#), text("a\"b\\c中😀\n"));
        assert_eq!(value("-12.50"), number(-125, 1));
        assert_eq!(value("0.0001"), number(1, 4));
        assert_eq!(value("-0"), number(0, 0));
        assert_eq!(value("null"), Value::Null);
        assert_eq!(value("-12.50").to_string(), "-12.5");
        assert_eq!(value("0.0100").to_string(), "0.01");
    }

    #[test]
    fn names_the_place_of_an_error() {
        let cases = [
            ("", FilterCode::Unexpected, 0),
            ("   ", FilterCode::Unexpected, 3),
            ("a", FilterCode::Unexpected, 1),
            ("a eq", FilterCode::Unexpected, 4),
            ("a is 1", FilterCode::Unexpected, 2),
            ("a eq 1 b eq 2", FilterCode::Unexpected, 7),
            ("a eq 1 and", FilterCode::Unexpected, 10),
            ("not not a eq 1", FilterCode::Unexpected, 4),
            ("(a eq 1", FilterCode::Unexpected, 7),
            ("a eq 1)", FilterCode::Unexpected, 6),
            ("eq eq 1", FilterCode::Unexpected, 0),
            ("A eq 1", FilterCode::Unexpected, 0),
            ("a EQ 1", FilterCode::Unexpected, 2),
            ("a eq '1'", FilterCode::Unexpected, 5),
            ("a in 1", FilterCode::Unexpected, 5),
            ("a in ()", FilterCode::Unexpected, 6),
            ("a in (1,)", FilterCode::Unexpected, 8),
            ("a in (1 2)", FilterCode::Unexpected, 8),
            ("a eq (1)", FilterCode::Unexpected, 5),
            ("a in (1, null)", FilterCode::NullComparison, 9),
            ("a lt null", FilterCode::NullComparison, 5),
            ("名 eq 1", FilterCode::Unexpected, 0),
            (r#"a eq "中" 中"#, FilterCode::Unexpected, 9),
            (r#"a eq "open"#, FilterCode::BadString, 5),
            (r#"a eq "\x""#, FilterCode::BadString, 5),
            (r#"a eq "\ud800""#, FilterCode::BadString, 5),
            ("a eq \"\u{1}\"", FilterCode::BadString, 5),
            ("a eq 01", FilterCode::Unexpected, 5),
            ("a eq 1.", FilterCode::Unexpected, 5),
            ("a eq .5", FilterCode::Unexpected, 5),
            ("a eq 1e5", FilterCode::Unexpected, 5),
            ("a eq 1.2.3", FilterCode::Unexpected, 5),
            ("a eq --1", FilterCode::Unexpected, 5),
            ("a eq 12345678901234567890123456789", FilterCode::BadNumber, 5),
        ];
        for (filter, code, position) in cases {
            let error = parse(filter).unwrap_err();
            assert_eq!((error.code, error.position), (code, Some(position)), "{filter}");
        }
        assert_eq!(parse("a eq 1 b").unwrap_err().params, [("expected", "and, or".to_owned())]);
        assert_eq!(
            parse("a eq 1 b").unwrap_err().to_string(),
            "filter_unexpected position=7 expected=and, or"
        );
    }

    #[test]
    fn keeps_its_limits() {
        let nested = |depth: usize| format!("{}a eq 1{}", "(".repeat(depth), ")".repeat(depth));
        assert!(parse(&nested(MAX_DEPTH)).is_ok());
        assert_eq!(parse(&nested(MAX_DEPTH + 1)).unwrap_err().code, FilterCode::TooDeep);
        let many = |count: usize| vec!["a eq 1"; count].join(" or ");
        assert!(parse(&many(MAX_COMPARISONS)).is_ok());
        assert_eq!(parse(&many(MAX_COMPARISONS + 1)).unwrap_err().code, FilterCode::TooManyComparisons);
        let list = |count: usize| format!("a in ({})", vec!["1"; count].join(","));
        assert!(parse(&list(MAX_LIST)).is_ok());
        assert_eq!(parse(&list(MAX_LIST + 1)).unwrap_err().code, FilterCode::ListTooLong);
        let long = |length: usize| format!(r#"a eq "{}""#, "中".repeat(length - 7));
        assert!(parse(&long(MAX_LENGTH)).is_ok());
        assert_eq!(parse(&long(MAX_LENGTH + 1)).unwrap_err().code, FilterCode::TooLong);
    }

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

    fn any_scalar() -> impl Strategy<Value = Value> {
        prop_oneof![
            any::<bool>().prop_map(Value::Bool),
            (any::<i64>(), 0_u32..6).prop_map(|(mantissa, scale)| number(mantissa.into(), scale)),
            ".{0,12}".prop_map(Value::Text),
            any::<String>().prop_map(|value| Value::Text(value.chars().take(12).collect())),
        ]
    }

    fn any_filter() -> impl Strategy<Value = Filter> {
        let field = "[a-z][a-z0-9_]{0,12}".prop_filter("reserved", |word| !is_reserved(word));
        let test = prop_oneof![
            (prop::sample::select(&Op::ALL[..]), any_scalar()).prop_filter("a list", |(op, _)| *op != Op::In),
            Just((Op::Eq, Value::Null)),
            Just((Op::Ne, Value::Null)),
            prop::collection::vec(any_scalar(), 1..5).prop_map(|values| (Op::In, Value::List(values))),
        ];
        let leaf = (field, test).prop_map(|(field, (op, value))| Filter::Comparison { field, op, value });
        leaf.prop_recursive(3, 8, 3, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 2..4).prop_map(Filter::And),
                prop::collection::vec(inner.clone(), 2..4).prop_map(Filter::Or),
                inner.prop_map(|inner| Filter::Not(Box::new(inner))),
            ]
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1_000))]

        #[test]
        fn canonical_text_parses_to_the_same_tree(filter in any_filter()) {
            let text = filter.to_string();
            match parse(&text) {
                Ok(again) => prop_assert_eq!(again, filter),
                Err(error) => prop_assert!(matches!(error.code, FilterCode::TooLong | FilterCode::TooManyComparisons)),
            }
        }

        #[test]
        fn never_panics(text in any::<String>()) {
            let length = text.chars().count();
            if let Err(error) = parse(&text) {
                prop_assert!(error.position.unwrap() <= length);
            }
        }

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
