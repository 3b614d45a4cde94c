use std::fmt;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;
use std::str::FromStr;

use chrono::{DateTime, NaiveDate, Utc};
use diesel::backend::Backend;
use diesel::deserialize::{self, FromSql, FromSqlRow};
use diesel::expression::AsExpression;
use diesel::pg::Pg;
use diesel::serialize::{self, IsNull, Output, ToSql};
use diesel::sql_types::{BigInt, Binary, Date, HasSqlType, SqlType, Text};
use diesel::sqlite::Sqlite;
use uuid::Uuid;

use crate::MultiBackend;

/// SQL type of ids: `uuid` on PostgreSQL, a 16-byte blob on SQLite.
#[derive(SqlType, diesel::query_builder::QueryId, Clone, Copy, Debug)]
#[diesel(postgres_type(oid = 2950, array_oid = 2951))]
#[diesel(sqlite_type(name = "Binary"))]
pub struct DbUuid;

/// SQL type of instants: `timestamptz` on PostgreSQL, microseconds since 1970 on SQLite.
#[derive(SqlType, diesel::query_builder::QueryId, Clone, Copy, Debug)]
#[diesel(postgres_type(oid = 1184, array_oid = 1185))]
#[diesel(sqlite_type(name = "Long"))]
pub struct DbMoment;

/// SQL type of documents: `jsonb` on PostgreSQL, text on SQLite. Never queried inside.
#[derive(SqlType, diesel::query_builder::QueryId, Clone, Copy, Debug)]
#[diesel(postgres_type(oid = 3802, array_oid = 3807))]
#[diesel(sqlite_type(name = "Text"))]
pub struct DbDoc;

macro_rules! on_multi_backend {
    ($sql_type:ty) => {
        impl HasSqlType<$sql_type> for MultiBackend {
            fn metadata(lookup: &mut Self::MetadataLookup) -> Self::TypeMetadata {
                MultiBackend::lookup_sql_type::<$sql_type>(lookup)
            }
        }
    };
}
on_multi_backend!(DbUuid);
on_multi_backend!(DbMoment);
on_multi_backend!(DbDoc);

/// The id of a `T`: a UUIDv7 that cannot be mistaken for the id of something else.
#[derive(AsExpression, FromSqlRow)]
#[diesel(sql_type = DbUuid)]
pub struct Id<T: 'static> {
    uuid: Uuid,
    of: PhantomData<fn() -> T>,
}

impl<T> Id<T> {
    pub const fn new(uuid: Uuid) -> Self {
        Id { uuid, of: PhantomData }
    }

    pub const fn uuid(self) -> Uuid {
        self.uuid
    }

    /// Its 16 bytes.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        self.uuid.as_bytes()
    }
}

impl<T> Clone for Id<T> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<T> Copy for Id<T> {}
impl<T> PartialEq for Id<T> {
    fn eq(&self, other: &Self) -> bool {
        self.uuid == other.uuid
    }
}
impl<T> Eq for Id<T> {}
impl<T> PartialOrd for Id<T> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl<T> Ord for Id<T> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.uuid.cmp(&other.uuid)
    }
}
impl<T> Hash for Id<T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.uuid.hash(state);
    }
}
impl<T> fmt::Debug for Id<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.uuid, f)
    }
}
impl<T> fmt::Display for Id<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.uuid, f)
    }
}
impl<T> From<Uuid> for Id<T> {
    fn from(uuid: Uuid) -> Self {
        Id::new(uuid)
    }
}
/// Only the canonical form: lower case, hyphenated.
impl<T> FromStr for Id<T> {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let uuid = Uuid::try_parse(text).map_err(|_| ())?;
        let mut canonical = Uuid::encode_buffer();
        if uuid.as_hyphenated().encode_lower(&mut canonical) == text { Ok(Id::new(uuid)) } else { Err(()) }
    }
}

impl<T> FromSql<DbUuid, Pg> for Id<T> {
    fn from_sql(value: <Pg as Backend>::RawValue<'_>) -> deserialize::Result<Self> {
        Ok(Id::new(Uuid::from_slice(value.as_bytes())?))
    }
}
impl<T> FromSql<DbUuid, Sqlite> for Id<T> {
    fn from_sql(mut value: <Sqlite as Backend>::RawValue<'_>) -> deserialize::Result<Self> {
        Ok(Id::new(Uuid::from_slice(value.read_blob())?))
    }
}
impl<T> FromSql<DbUuid, MultiBackend> for Id<T> {
    fn from_sql(value: <MultiBackend as Backend>::RawValue<'_>) -> deserialize::Result<Self> {
        value.from_sql::<Self, DbUuid>()
    }
}
impl<T> ToSql<DbUuid, Pg> for Id<T> {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        std::io::Write::write_all(out, self.uuid.as_bytes())?;
        Ok(IsNull::No)
    }
}
impl<T> ToSql<DbUuid, Sqlite> for Id<T> {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
        ToSql::<Binary, Sqlite>::to_sql(self.uuid.as_bytes().as_slice(), out)
    }
}
impl<T> ToSql<DbUuid, MultiBackend> for Id<T> {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, MultiBackend>) -> serialize::Result {
        out.set_value((DbUuid, self));
        Ok(IsNull::No)
    }
}

/// A moment in UTC: microseconds since 1970-01-01T00:00:00Z.
#[derive(AsExpression, FromSqlRow, Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[diesel(sql_type = DbMoment)]
pub struct Moment(pub i64);

impl Moment {
    /// Where "never" has to be a value because the column is sorted by.
    pub const EARLIEST: Moment = Moment(0);

    /// This moment and so many seconds.
    pub const fn plus_seconds(self, seconds: i64) -> Moment {
        Moment(self.0 + seconds * 1_000_000)
    }

    pub fn to_utc(self) -> DateTime<Utc> {
        DateTime::from_timestamp_micros(self.0).unwrap_or_default()
    }

    /// Seconds until a later moment, a begun one counted whole; of an earlier moment none.
    pub const fn seconds_until(self, later: Moment) -> i64 {
        let micros = later.0 - self.0;
        if micros <= 0 { 0 } else { (micros + 999_999) / 1_000_000 }
    }

    /// Whole seconds since 1970.
    pub const fn seconds(self) -> i64 {
        self.0.div_euclid(1_000_000)
    }
}

impl From<DateTime<Utc>> for Moment {
    fn from(at: DateTime<Utc>) -> Self {
        Moment(at.timestamp_micros())
    }
}

/// PostgreSQL counts microseconds from 2000-01-01.
const POSTGRES_EPOCH: i64 = 946_684_800_000_000;

impl FromSql<DbMoment, Pg> for Moment {
    fn from_sql(value: <Pg as Backend>::RawValue<'_>) -> deserialize::Result<Self> {
        let bytes: [u8; 8] = value.as_bytes().try_into()?;
        Ok(Moment(i64::from_be_bytes(bytes) + POSTGRES_EPOCH))
    }
}
impl FromSql<DbMoment, Sqlite> for Moment {
    fn from_sql(value: <Sqlite as Backend>::RawValue<'_>) -> deserialize::Result<Self> {
        FromSql::<BigInt, Sqlite>::from_sql(value).map(Moment)
    }
}
impl FromSql<DbMoment, MultiBackend> for Moment {
    fn from_sql(value: <MultiBackend as Backend>::RawValue<'_>) -> deserialize::Result<Self> {
        value.from_sql::<Self, DbMoment>()
    }
}
impl ToSql<DbMoment, Pg> for Moment {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        std::io::Write::write_all(out, &(self.0 - POSTGRES_EPOCH).to_be_bytes())?;
        Ok(IsNull::No)
    }
}
impl ToSql<DbMoment, Sqlite> for Moment {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
        ToSql::<BigInt, Sqlite>::to_sql(&self.0, out)
    }
}
impl ToSql<DbMoment, MultiBackend> for Moment {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, MultiBackend>) -> serialize::Result {
        out.set_value((DbMoment, self));
        Ok(IsNull::No)
    }
}

/// A value that stands in the database as its code, read without a copy of the text.
#[derive(FromSqlRow, Clone, Copy, Debug, PartialEq, Eq)]
pub struct Coded<T: 'static>(pub T);

fn coded<T: FromStr<Err: std::error::Error + Send + Sync>>(code: &str) -> deserialize::Result<Coded<T>> {
    Ok(Coded(code.parse()?))
}

impl<T: FromStr<Err: std::error::Error + Send + Sync>> FromSql<Text, Pg> for Coded<T> {
    fn from_sql(value: <Pg as Backend>::RawValue<'_>) -> deserialize::Result<Self> {
        coded(std::str::from_utf8(value.as_bytes())?)
    }
}
impl<T: FromStr<Err: std::error::Error + Send + Sync>> FromSql<Text, Sqlite> for Coded<T> {
    fn from_sql(mut value: <Sqlite as Backend>::RawValue<'_>) -> deserialize::Result<Self> {
        coded(value.read_text())
    }
}
impl<T: FromStr<Err: std::error::Error + Send + Sync>> FromSql<Text, MultiBackend> for Coded<T> {
    fn from_sql(value: <MultiBackend as Backend>::RawValue<'_>) -> deserialize::Result<Self> {
        value.from_sql::<Self, Text>()
    }
}

/// A day, read from SQLite in the one form in which it is written there (`2026-11-27`): quicker than chrono, which tries several.
#[derive(FromSqlRow, Clone, Copy, Debug, PartialEq, Eq)]
pub struct Day(pub NaiveDate);

impl FromSql<Date, Pg> for Day {
    fn from_sql(value: <Pg as Backend>::RawValue<'_>) -> deserialize::Result<Self> {
        FromSql::<Date, Pg>::from_sql(value).map(Day)
    }
}
impl FromSql<Date, Sqlite> for Day {
    fn from_sql(mut value: <Sqlite as Backend>::RawValue<'_>) -> deserialize::Result<Self> {
        day_of(value.read_text()).map(Day).ok_or_else(|| "not a day".into())
    }
}
impl FromSql<Date, MultiBackend> for Day {
    fn from_sql(value: <MultiBackend as Backend>::RawValue<'_>) -> deserialize::Result<Self> {
        value.from_sql::<Self, Date>()
    }
}

fn day_of(text: &str) -> Option<NaiveDate> {
    let (year, rest) = text.split_at_checked(text.len().checked_sub(6)?)?;
    let (month, day) = rest.strip_prefix('-')?.split_once('-')?;
    NaiveDate::from_ymd_opt(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?)
}

/// A JSON document that is kept whole.
#[derive(AsExpression, FromSqlRow, Clone, Debug, PartialEq)]
#[diesel(sql_type = DbDoc)]
pub struct Doc(pub serde_json::Value);

/// Version byte of the binary form of `jsonb`.
const JSONB_VERSION: u8 = 1;

impl FromSql<DbDoc, Pg> for Doc {
    fn from_sql(value: <Pg as Backend>::RawValue<'_>) -> deserialize::Result<Self> {
        match value.as_bytes() {
            [JSONB_VERSION, text @ ..] => Ok(Doc(serde_json::from_slice(text)?)),
            _ => Err("not a jsonb of version 1".into()),
        }
    }
}
impl FromSql<DbDoc, Sqlite> for Doc {
    fn from_sql(value: <Sqlite as Backend>::RawValue<'_>) -> deserialize::Result<Self> {
        let text = <String as FromSql<Text, Sqlite>>::from_sql(value)?;
        Ok(Doc(serde_json::from_str(&text)?))
    }
}
impl FromSql<DbDoc, MultiBackend> for Doc {
    fn from_sql(value: <MultiBackend as Backend>::RawValue<'_>) -> deserialize::Result<Self> {
        value.from_sql::<Self, DbDoc>()
    }
}
impl ToSql<DbDoc, Pg> for Doc {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        std::io::Write::write_all(out, &[JSONB_VERSION])?;
        serde_json::to_writer(out, &self.0)?;
        Ok(IsNull::No)
    }
}
impl ToSql<DbDoc, Sqlite> for Doc {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
        out.set_value(serde_json::to_string(&self.0)?);
        Ok(IsNull::No)
    }
}
impl ToSql<DbDoc, MultiBackend> for Doc {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, MultiBackend>) -> serialize::Result {
        out.set_value((DbDoc, self));
        Ok(IsNull::No)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_read_as_chrono_writes_them() {
        let first = NaiveDate::from_ymd_opt(1799, 12, 30).expect("a day");
        for day in first.iter_days().take(200_000) {
            assert_eq!(day_of(&day.to_string()), Some(day));
        }
        for wrong in
            ["", "2026", "2026-13-01", "2026-02-30", "2026-1", "2026-11-27T00:00:00", "27.11.2026", "x-01-01"]
        {
            assert_eq!(day_of(wrong), None, "{wrong}");
        }
    }
}
