//! The filter as text: tokens, and the tree they make.

use std::fmt;

use super::{FilterCode, FilterError};

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

/// Reads a filter.
///
/// # Errors
/// The first thing that breaks the grammar or a limit, with its position.
pub fn parse(text: &str) -> Result<Filter, FilterError> {
    parse_with(text, false)
}

/// Reads a filter whose fields are columns of a file, named by strings, since a column may be called anything.
///
/// # Errors
/// As [`parse`].
pub fn parse_columns(text: &str) -> Result<Filter, FilterError> {
    parse_with(text, true)
}

fn parse_with(text: &str, columns: bool) -> Result<Filter, FilterError> {
    if text.chars().nth(MAX_LENGTH).is_some() {
        return Err(FilterError::at(MAX_LENGTH, FilterCode::TooLong).with("max", MAX_LENGTH));
    }
    let mut parser = Parser { tokens: lex(text)?, next: 0, comparisons: 0, columns };
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
    /// Whether strings name what is compared.
    columns: bool,
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
            Token::Word(word) if !self.columns && !is_reserved(word) && word.len() <= MAX_FIELD => {
                word.clone()
            }
            Token::Text(name) if self.columns => name.clone(),
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
    fn columns_are_named_by_strings() {
        let filter = parse_columns(r#""余额 \"EUR\"" gt 0 and not "y" eq "no""#).unwrap();
        assert_eq!(
            filter,
            Filter::And(vec![
                comparison("余额 \"EUR\"", Op::Gt, number(0, 0)),
                Filter::Not(Box::new(comparison("y", Op::Eq, text("no")))),
            ])
        );
        assert_eq!(parse_columns("y eq 1").unwrap_err().code, FilterCode::Unexpected);
        assert_eq!(parse(r#""y" eq 1"#).unwrap_err().code, FilterCode::Unexpected);
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
    }
}
