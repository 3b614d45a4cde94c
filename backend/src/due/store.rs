use diesel::prelude::*;
use guanxi_db::schema::due_work;
use guanxi_db::{DbConn, DbError, Id, Moment, on_each};

use crate::error::Result;

pub(super) fn add(conn: &mut DbConn, kind: &str, subject: &str, now: Moment) -> Result<()> {
    let row = (
        due_work::kind.eq(kind),
        due_work::subject.eq(subject),
        due_work::after.eq(None::<Id<()>>),
        due_work::due_at.eq(now),
    );
    on_each!(conn => diesel::insert_into(due_work::table)
        .values(row)
        .on_conflict((due_work::kind, due_work::subject))
        .do_update()
        .set(due_work::after.eq(None::<Id<()>>))
        .execute(conn))
    .map_err(DbError::from)?;
    Ok(())
}

type Row = (String, String, Option<Id<()>>);

pub(super) fn next(conn: &mut DbConn) -> Result<Option<Row>> {
    let columns = (due_work::kind, due_work::subject, due_work::after);
    let order = (due_work::due_at, due_work::kind, due_work::subject);
    let row = match conn {
        DbConn::Pg(conn) => due_work::table
            .order(order)
            .select(columns)
            .for_update()
            .skip_locked()
            .first::<Row>(conn)
            .optional(),
        DbConn::Sqlite(conn) => due_work::table.order(order).select(columns).first::<Row>(conn).optional(),
    };
    Ok(row.map_err(DbError::from)?)
}

pub(super) fn advance(conn: &mut DbConn, kind: &str, subject: &str, last: Id<()>) -> Result<()> {
    diesel::update(due_work::table.find((kind, subject)))
        .set(due_work::after.eq(Some(last)))
        .execute(conn)
        .map_err(DbError::from)?;
    Ok(())
}

pub(super) fn finish(conn: &mut DbConn, kind: &str, subject: &str) -> Result<()> {
    diesel::delete(due_work::table.find((kind, subject))).execute(conn).map_err(DbError::from)?;
    Ok(())
}

pub(super) fn count(conn: &mut DbConn) -> Result<i64> {
    Ok(due_work::table.count().get_result(conn).map_err(DbError::from)?)
}
