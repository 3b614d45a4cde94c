use chrono::Datelike;
use diesel::expression::{AppearsOnTable, Expression, SelectableExpression, ValidGrouping, is_aggregate};
use diesel::prelude::*;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::sql_types::{BigInt, Binary, Bool, Date, Double, Text};

use crate::{DbDoc, DbMoment, DbUuid, Doc, Id, Moment, MultiBackend};

/// A value that a [`Condition`] binds; never part of its text.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    Text(String),
    Integer(i64),
    Real(f64),
    Bool(bool),
    Bytes(Vec<u8>),
    Date(chrono::NaiveDate),
    Moment(Moment),
    Id(Id<()>),
    Doc(Doc),
}

/// A condition or an ordering whose shape is only known at run time: SQL text that the program itself wrote
/// (`&'static str`, so no user's text can get in), bound values, and numbers and dates that are literals.
///
/// As a `WHERE` condition it filters; [`Ordering`] wraps it for `ORDER BY`. Statements with it stay prepared by
/// their text unless it was made with [`Condition::unkept`].
#[derive(Clone, Debug, Default)]
pub struct Condition {
    parts: Vec<Part>,
    unkept: bool,
}

#[derive(Clone, Debug)]
enum Part {
    Sql(&'static str),
    Literal(String),
    Bind(Value),
}

impl Condition {
    pub fn new() -> Self {
        Self::default()
    }

    /// One whose statements are not kept: its text depends on what a user wrote, and the cache would grow for ever; or it is to be
    /// planned anew with what the tables have become.
    pub fn unkept() -> Self {
        Condition { parts: Vec::new(), unkept: true }
    }

    /// One with a list of so many values: kept where it has one alone, as most often, and made anew for several, whose number is in the text.
    pub fn with_list_of(count: usize) -> Self {
        if count > 1 { Condition::unkept() } else { Condition::new() }
    }

    /// Always true.
    pub fn everything() -> Self {
        Condition::new().sql("1 = 1")
    }

    /// Never true.
    pub fn nothing() -> Self {
        Condition::new().sql("1 = 0")
    }

    #[must_use]
    pub fn sql(mut self, text: &'static str) -> Self {
        self.parts.push(Part::Sql(text));
        self
    }

    #[must_use]
    pub fn bind(mut self, value: Value) -> Self {
        self.parts.push(Part::Bind(value));
        self
    }

    /// A value in the text itself, for a statement that is not kept: PostgreSQL plans it knowing the value, which matters where one range
    /// holds everything and another next to nothing. Values of people's own text, and any whose text could be read as something else, are
    /// bound all the same.
    #[must_use]
    pub fn literal(mut self, value: Value) -> Self {
        self.unkept = true;
        self.parts.push(match value {
            Value::Integer(number) => Part::Literal(number.to_string()),
            // Outside these years the engines write dates in other ways than chrono.
            Value::Date(date) if (1..=9999).contains(&date.year()) => Part::Literal(format!("'{date}'")),
            other => Part::Bind(other),
        });
        self
    }

    /// A list of values: `a, b, c`, an absent one as `NULL`. Where their number is not fixed, begin with [`Condition::unkept`].
    #[must_use]
    pub fn bind_all(mut self, values: impl IntoIterator<Item = Option<Value>>) -> Self {
        for (n, value) in values.into_iter().enumerate() {
            if n > 0 {
                self.parts.push(Part::Sql(", "));
            }
            self.parts.push(value.map_or(Part::Sql("NULL"), Part::Bind));
        }
        self
    }

    /// The text and values of another one, in place.
    #[must_use]
    pub fn part(mut self, other: Condition) -> Self {
        self.unkept |= other.unkept;
        self.parts.extend(other.parts);
        self
    }

    /// One of them must hold.
    #[must_use]
    pub fn or(self, other: Condition) -> Self {
        Condition::new().sql("(").part(self).sql(") OR (").part(other).sql(")")
    }

    /// It must not hold.
    #[must_use]
    pub fn negated(self) -> Self {
        Condition::new().sql("NOT (").part(self).sql(")")
    }

    /// Both must hold.
    #[must_use]
    pub fn and(self, other: Condition) -> Self {
        Condition::new().sql("(").part(self).sql(") AND (").part(other).sql(")")
    }

    /// Where a page goes on: rows after the one with these key values, in the order of the keys. `keys` are column,
    /// descending?, value; the last one is unique.
    pub fn after(keys: Vec<(&'static str, bool, Value)>) -> Self {
        let uniform = keys.windows(2).all(|pair| matches!(pair, [a, b] if a.1 == b.1));
        if uniform { Self::row_after(keys) } else { Self::lexicographically_after(&keys) }
    }

    /// `(a, b) > (x, y)`: both engines start their index scan right there.
    fn row_after(keys: Vec<(&'static str, bool, Value)>) -> Self {
        let descending = keys.first().is_some_and(|key| key.1);
        let mut condition = Condition::new().sql("(");
        for (n, (column, _, _)) in keys.iter().enumerate() {
            condition = condition.sql(if n > 0 { ", " } else { "" }).sql(column);
        }
        condition = condition.sql(if descending { ") < (" } else { ") > (" });
        for (n, (_, _, value)) in keys.into_iter().enumerate() {
            condition = condition.sql(if n > 0 { ", " } else { "" }).bind(value);
        }
        condition.sql(")")
    }

    fn lexicographically_after(keys: &[(&'static str, bool, Value)]) -> Self {
        let Some(((column, descending, value), rest)) = keys.split_first() else {
            return Condition::nothing();
        };
        let beyond = if *descending { " < " } else { " > " };
        let from = if *descending { " <= " } else { " >= " };
        let first = Condition::new().sql(column).sql(beyond).bind(value.clone());
        if rest.is_empty() {
            return first;
        }
        // The leading `>=` gives the index its starting point.
        Condition::new()
            .sql(column)
            .sql(from)
            .bind(value.clone())
            .sql(" AND (")
            .part(first)
            .sql(" OR (")
            .sql(column)
            .sql(" = ")
            .bind(value.clone())
            .sql(" AND ")
            .part(Self::lexicographically_after(rest))
            .sql("))")
    }
}

impl QueryFragment<MultiBackend> for Condition {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, MultiBackend>) -> QueryResult<()> {
        // diesel joins filters by AND without brackets of their own.
        out.push_sql("(");
        self.walk_bare(out.reborrow())?;
        out.push_sql(")");
        Ok(())
    }
}

impl Condition {
    /// Text and values without brackets.
    pub(crate) fn walk_bare<'b>(&'b self, mut out: AstPass<'_, 'b, MultiBackend>) -> QueryResult<()> {
        if self.unkept {
            out.unsafe_to_cache_prepared();
        }
        for part in &self.parts {
            match part {
                Part::Sql(text) => out.push_sql(text),
                Part::Literal(text) => out.push_sql(text),
                Part::Bind(Value::Text(value)) => out.push_bind_param::<Text, _>(value)?,
                Part::Bind(Value::Integer(value)) => out.push_bind_param::<BigInt, _>(value)?,
                Part::Bind(Value::Real(value)) => out.push_bind_param::<Double, _>(value)?,
                Part::Bind(Value::Bool(value)) => out.push_bind_param::<Bool, _>(value)?,
                Part::Bind(Value::Bytes(value)) => out.push_bind_param::<Binary, _>(value)?,
                Part::Bind(Value::Date(value)) => out.push_bind_param::<Date, _>(value)?,
                Part::Bind(Value::Moment(value)) => out.push_bind_param::<DbMoment, _>(value)?,
                Part::Bind(Value::Id(value)) => out.push_bind_param::<DbUuid, _>(value)?,
                Part::Bind(Value::Doc(value)) => out.push_bind_param::<DbDoc, _>(value)?,
            }
        }
        Ok(())
    }
}

impl QueryId for Condition {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}
impl Expression for Condition {
    type SqlType = Bool;
}
impl<QS> AppearsOnTable<QS> for Condition {}
impl<QS> SelectableExpression<QS> for Condition {}
impl<GB> ValidGrouping<GB> for Condition {
    type IsAggregate = is_aggregate::Never;
}

/// An `ORDER BY`, with its `LIMIT`, whose columns are only known at run time. The last part of its statement.
#[derive(Clone, Debug)]
pub struct Ordering {
    led_by: Option<Condition>,
    keys: Vec<(&'static str, bool)>,
    rows: Option<i64>,
}

impl Ordering {
    /// By these columns, each with whether it is descending.
    pub fn by(keys: Vec<(&'static str, bool)>) -> Self {
        Ordering { led_by: None, keys, rows: None }
    }

    /// The same among those that meet a condition, and then among the others.
    #[must_use]
    pub fn led_by(mut self, condition: Condition) -> Self {
        self.led_by = Some(condition);
        self
    }

    /// Only so many rows of it. The number is part of the text: PostgreSQL keeps the plan of a statement only where it knows how few
    /// rows are asked for, and planning a list takes longer than reading it.
    #[must_use]
    pub fn first(mut self, rows: i64) -> Self {
        self.rows = Some(rows);
        self
    }
}

impl QueryFragment<MultiBackend> for Ordering {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, MultiBackend>) -> QueryResult<()> {
        if let Some(condition) = &self.led_by {
            condition.walk_ast(out.reborrow())?;
            out.push_sql(" DESC");
        }
        for (n, (column, descending)) in self.keys.iter().enumerate() {
            if n > 0 || self.led_by.is_some() {
                out.push_sql(", ");
            }
            out.push_sql(column);
            if *descending {
                out.push_sql(" DESC");
            }
        }
        if let Some(rows) = self.rows {
            out.push_sql(&format!(" LIMIT {rows}"));
        }
        Ok(())
    }
}

impl QueryId for Ordering {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}
impl Expression for Ordering {
    type SqlType = Bool;
}
impl<QS> AppearsOnTable<QS> for Ordering {}
impl<QS> SelectableExpression<QS> for Ordering {}
impl<GB> ValidGrouping<GB> for Ordering {
    type IsAggregate = is_aggregate::Never;
}
