use diesel::prelude::*;
use guanxi_api::{JobKind, JobState};
use guanxi_db::schema::{job, user_account};
use guanxi_db::{Condition, DbConn, DbError, Doc, Id, Moment, Ordering, Value};

use crate::access::{Actor, Right, UserId};
use crate::error::Result;
use crate::jobs::{JobId, KEPT_SECONDS, NewJob};
use crate::listing::COUNTED;

#[derive(Queryable, Selectable, Insertable, AsChangeset, Clone)]
#[diesel(table_name = job, treat_none_as_null = true, treat_none_as_default_value = false)]
pub(super) struct JobRow {
    pub(super) id: JobId,
    pub(super) kind: String,
    pub(super) state: String,
    pub(super) title: String,
    pub(super) dry_run: bool,
    pub(super) input: Doc,
    pub(super) processed: i64,
    pub(super) total: Option<i64>,
    pub(super) created: i64,
    pub(super) updated: i64,
    pub(super) unchanged: i64,
    pub(super) failed: i64,
    pub(super) cancel_requested: bool,
    pub(super) problem: Option<Doc>,
    pub(super) attempts: i32,
    pub(super) lease_holder: Id<()>,
    pub(super) lease_until: Moment,
    pub(super) created_by: Option<UserId>,
    pub(super) created_at: Moment,
    pub(super) started_at: Option<Moment>,
    pub(super) finished_at: Option<Moment>,
    pub(super) expires_at: Moment,
    pub(super) version: i64,
}

impl JobRow {
    /// A job that waits.
    pub(super) fn new(actor: &Actor, new: NewJob) -> Self {
        JobRow {
            id: actor.new_id(),
            kind: new.kind.as_str().to_owned(),
            state: JobState::Queued.as_str().to_owned(),
            title: new.title,
            dry_run: new.dry_run,
            input: Doc(new.input),
            processed: 0,
            total: None,
            created: 0,
            updated: 0,
            unchanged: 0,
            failed: 0,
            cancel_requested: false,
            problem: None,
            attempts: 0,
            lease_holder: Id::new(uuid::Uuid::nil()),
            lease_until: Moment::EARLIEST,
            created_by: actor.user_id(),
            created_at: actor.now(),
            started_at: None,
            finished_at: None,
            expires_at: actor.now().plus_seconds(KEPT_SECONDS),
            version: 1,
        }
    }
}

/// A job and the name of who started it.
#[derive(Queryable, Clone)]
pub(super) struct WholeRow {
    pub(super) job: JobRow,
    pub(super) creator: Option<String>,
}

/// The jobs that an actor sees.
fn visible(actor: &Actor) -> Condition {
    match actor.user_id() {
        Some(_) if actor.may(Right::ViewAudit) => Condition::everything(),
        Some(me) => Condition::new().sql("job.created_by = ").bind(Value::Id(Id::new(me.uuid()))),
        None if actor.may(Right::ViewAudit) => Condition::everything(),
        None => Condition::nothing(),
    }
}

macro_rules! whole {
    () => {
        job::table
            .left_join(user_account::table)
            .select((JobRow::as_select(), user_account::display_name.nullable()))
    };
}

pub(super) fn insert(conn: &mut DbConn, row: &JobRow) -> Result<()> {
    diesel::insert_into(job::table).values(row.clone()).execute(conn).map_err(DbError::from)?;
    Ok(())
}

pub(super) fn find(conn: &mut DbConn, actor: &Actor, id: JobId) -> Result<WholeRow> {
    let row = whole!().filter(job::id.eq(id)).filter(visible(actor)).first(conn).map_err(DbError::from)?;
    Ok(row)
}

pub(super) fn list(
    conn: &mut DbConn,
    actor: &Actor,
    condition: Condition,
    order: Ordering,
    limit: i64,
) -> Result<Vec<WholeRow>> {
    let rows = whole!()
        .filter(visible(actor).and(condition))
        .order(order.first(limit))
        .load(conn)
        .map_err(DbError::from)?;
    Ok(rows)
}

pub(super) fn count(conn: &mut DbConn, actor: &Actor, condition: Condition) -> Result<i64> {
    let ids = job::table
        .filter(visible(actor).and(condition))
        .select(job::id)
        .limit(COUNTED + 1)
        .load::<JobId>(conn)
        .map_err(DbError::from)?;
    Ok(i64::try_from(ids.len()).unwrap_or(i64::MAX))
}

/// A job that the actor sees, nobody else's to change until the transaction ends.
pub(super) fn lock(conn: &mut DbConn, actor: &Actor, id: JobId) -> Result<JobRow> {
    let seen = find(conn, actor, id)?.job;
    match conn {
        DbConn::Pg(conn) => Ok(job::table
            .find(id)
            .select(JobRow::as_select())
            .for_update()
            .first(conn)
            .map_err(DbError::from)?),
        DbConn::Sqlite(_) => Ok(seen),
    }
}

/// A job whose lease somebody holds, nobody else's to change until the transaction ends; none when another one has it by now.
pub(super) fn lock_held(conn: &mut DbConn, id: JobId, holder: Id<()>) -> Result<Option<JobRow>> {
    let held = job::lease_holder.eq(holder).and(job::finished_at.is_null());
    let row = match conn {
        DbConn::Pg(conn) => {
            job::table.find(id).filter(held).select(JobRow::as_select()).for_update().first(conn).optional()
        }
        DbConn::Sqlite(conn) => {
            job::table.find(id).filter(held).select(JobRow::as_select()).first(conn).optional()
        }
    };
    Ok(row.map_err(DbError::from)?)
}

/// The oldest job that nobody works on, nobody else's until the transaction ends.
pub(super) fn lock_waiting(conn: &mut DbConn, now: Moment) -> Result<Option<JobRow>> {
    // A newer server's kinds of work are a newer server's to do.
    let known = job::kind.eq_any(JobKind::CODES);
    let waits = job::finished_at.is_null().and(job::lease_until.le(now)).and(known);
    let order = (job::lease_until, job::created_at);
    let row = match conn {
        DbConn::Pg(conn) => job::table
            .filter(waits)
            .order(order)
            .select(JobRow::as_select())
            .for_update()
            .skip_locked()
            .first(conn)
            .optional(),
        DbConn::Sqlite(conn) => {
            job::table.filter(waits).order(order).select(JobRow::as_select()).first(conn).optional()
        }
    };
    Ok(row.map_err(DbError::from)?)
}

pub(super) fn is_waiting(conn: &mut DbConn, now: Moment) -> Result<bool> {
    let waiting = job::table
        .filter(job::finished_at.is_null())
        .filter(job::lease_until.le(now))
        .filter(job::kind.eq_any(JobKind::CODES))
        .select(job::id)
        .first::<JobId>(conn)
        .optional()
        .map_err(DbError::from)?;
    Ok(waiting.is_some())
}

pub(super) fn update(conn: &mut DbConn, row: &JobRow) -> Result<()> {
    diesel::update(job::table.find(row.id)).set(row.clone()).execute(conn).map_err(DbError::from)?;
    Ok(())
}

/// The jobs of the command line that have not ended; a few.
pub(super) fn unfinished(conn: &mut DbConn, actor: &Actor) -> Result<Vec<JobRow>> {
    let rows = job::table
        .filter(visible(actor))
        .filter(job::finished_at.is_null())
        .filter(job::created_by.is_null())
        .order(job::created_at.desc())
        .limit(100)
        .select(JobRow::as_select())
        .load(conn)
        .map_err(DbError::from)?;
    Ok(rows)
}

/// Jobs that are kept no longer, at most `most`.
pub(super) fn expired(conn: &mut DbConn, now: Moment, most: i64) -> Result<Vec<JobId>> {
    let ids = job::table
        .filter(job::expires_at.le(now))
        .filter(job::finished_at.is_not_null())
        .select(job::id)
        .limit(most)
        .load(conn)
        .map_err(DbError::from)?;
    Ok(ids)
}

pub(super) fn remove(conn: &mut DbConn, ids: &[JobId]) -> Result<()> {
    for id in ids {
        diesel::delete(job::table.find(*id)).execute(conn).map_err(DbError::from)?;
    }
    Ok(())
}
