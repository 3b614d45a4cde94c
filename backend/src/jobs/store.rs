use diesel::prelude::*;
use guanxi_api::{JobKind, JobState};
use guanxi_db::schema::{job, job_file, job_target, user_account};
use guanxi_db::{Condition, DbConn, DbError, Doc, Id, Moment, Ordering, Value, insert_many};

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
    /// The job that undoes it.
    pub(super) undone_by: Option<JobId>,
    pub(super) duplicates: i64,
    pub(super) merged: i64,
    pub(super) skipped: i64,
    pub(super) conflicts: i64,
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
            undone_by: None,
            duplicates: 0,
            merged: 0,
            skipped: 0,
            conflicts: 0,
        }
    }
}

/// A file that a job has made.
#[derive(Queryable, Selectable, Insertable, Clone)]
#[diesel(table_name = job_file)]
pub(super) struct FileRow {
    pub(super) job_id: JobId,
    pub(super) file_id: Id<()>,
    pub(super) name: String,
    pub(super) format: String,
    pub(super) bytes: i64,
    pub(super) digest: Vec<u8>,
    pub(super) expires_at: Moment,
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

/// The state of a job, whoever may see it.
pub(super) fn state(conn: &mut DbConn, id: JobId) -> Result<Option<String>> {
    let found = job::table.find(id).select(job::state).first::<String>(conn).optional();
    Ok(found.map_err(DbError::from)?)
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

/// The oldest job of a kind that nobody works on, nobody else's until the transaction ends.
pub(super) fn lock_waiting(conn: &mut DbConn, kind: JobKind, now: Moment) -> Result<Option<JobRow>> {
    let waits = job::finished_at.is_null().and(job::lease_until.le(now)).and(job::kind.eq(kind.as_str()));
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

pub(super) fn is_waiting(conn: &mut DbConn, kind: JobKind, now: Moment) -> Result<bool> {
    let waiting = job::table
        .filter(job::finished_at.is_null())
        .filter(job::lease_until.le(now))
        .filter(job::kind.eq(kind.as_str()))
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

/// Jobs that are kept no longer and whose file has gone, at most `most`.
pub(super) fn expired(conn: &mut DbConn, now: Moment, most: i64) -> Result<Vec<JobId>> {
    let no_file = "NOT EXISTS (SELECT 1 FROM job_file WHERE job_file.job_id = job.id)";
    let ids = job::table
        .filter(job::expires_at.le(now))
        .filter(job::finished_at.is_not_null())
        .filter(Condition::new().sql(no_file))
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

/// When a user started the job that is so many back, the last being the first, of those of a kind since a moment.
pub(super) fn started_before(
    conn: &mut DbConn,
    user: UserId,
    kind: JobKind,
    (since, back): (Moment, u32),
) -> Result<Option<Moment>> {
    let at = job::table
        .filter(job::created_by.eq(user))
        .filter(job::created_at.gt(since))
        .filter(job::kind.eq(kind.as_str()))
        .order(job::created_at.desc())
        .offset(i64::from(back) - 1)
        .limit(1)
        .select(job::created_at)
        .first(conn)
        .optional()
        .map_err(DbError::from)?;
    Ok(at)
}

pub(super) fn insert_file(conn: &mut DbConn, row: FileRow) -> Result<()> {
    diesel::insert_into(job_file::table).values(row).execute(conn).map_err(DbError::from)?;
    Ok(())
}

pub(super) fn find_file(conn: &mut DbConn, job: JobId) -> Result<Option<FileRow>> {
    let row = job_file::table.find(job).select(FileRow::as_select()).first(conn).optional();
    Ok(row.map_err(DbError::from)?)
}

pub(super) fn is_file(conn: &mut DbConn, id: Id<()>) -> Result<bool> {
    let found = job_file::table
        .filter(job_file::file_id.eq(id))
        .select(job_file::job_id)
        .first::<JobId>(conn)
        .optional()
        .map_err(DbError::from)?;
    Ok(found.is_some())
}

/// Files that are kept no longer, in the order of their jobs, a hundred at most.
pub(super) fn expired_files(
    conn: &mut DbConn,
    now: Moment,
    after: Option<JobId>,
) -> Result<Vec<(JobId, Id<()>)>> {
    let found = job_file::table
        .filter(job_file::expires_at.le(now))
        .filter(job_file::job_id.gt(after.unwrap_or(JobId::new(uuid::Uuid::nil()))))
        .order(job_file::job_id)
        .select((job_file::job_id, job_file::file_id))
        .limit(100)
        .load(conn)
        .map_err(DbError::from)?;
    Ok(found)
}

/// Every file, in the order of their jobs, a thousand at most; each with its job and whether it is kept no longer.
pub(super) fn files_after(
    conn: &mut DbConn,
    after: Option<JobId>,
    now: Moment,
) -> Result<Vec<(JobId, Id<()>, bool)>> {
    let found = job_file::table
        .filter(job_file::job_id.gt(after.unwrap_or(JobId::new(uuid::Uuid::nil()))))
        .order(job_file::job_id)
        .select((job_file::job_id, job_file::file_id, job_file::expires_at.le(now)))
        .limit(1000)
        .load(conn)
        .map_err(DbError::from)?;
    Ok(found)
}

pub(super) fn remove_file(conn: &mut DbConn, job: JobId) -> Result<()> {
    diesel::delete(job_file::table.find(job)).execute(conn).map_err(DbError::from)?;
    Ok(())
}

/// Something that a job works on.
#[derive(Queryable, Selectable, Insertable, AsChangeset, Clone)]
#[diesel(table_name = job_target, treat_none_as_null = true, treat_none_as_default_value = false, primary_key(job_id, place))]
pub(super) struct TargetRow {
    pub(super) job_id: JobId,
    pub(super) place: i32,
    pub(super) customer_id: Id<()>,
    pub(super) outcome: String,
    pub(super) org_unit_id: Option<Id<()>>,
    pub(super) owner_id: Option<Id<()>>,
    pub(super) task_id: Option<Id<()>>,
    pub(super) tagged_at: Option<Moment>,
    pub(super) tagged_by: Option<Id<()>>,
}

/// Rows of a statement: nine values each.
const TARGETS_AT_ONCE: usize = 1000;

pub(super) fn insert_targets(conn: &mut DbConn, rows: &[TargetRow]) -> Result<()> {
    for rows in rows.chunks(TARGETS_AT_ONCE) {
        insert_many!(conn, job_target::table, rows).map_err(DbError::from)?;
    }
    Ok(())
}

/// The first with an outcome. The table begins empty, so the plan is not kept.
pub(super) fn targets(conn: &mut DbConn, job: JobId, outcome: &str, most: i64) -> Result<Vec<TargetRow>> {
    let of_job = Condition::unkept()
        .sql("job_target.job_id = ")
        .bind(Value::Id(Id::new(job.uuid())))
        .sql(" AND job_target.outcome = ")
        .bind(Value::Text(outcome.to_owned()));
    let rows = job_target::table
        .filter(of_job)
        .order(job_target::place)
        .limit(most)
        .select(TargetRow::as_select())
        .load(conn)
        .map_err(DbError::from)?;
    Ok(rows)
}

pub(super) fn update_target(conn: &mut DbConn, row: &TargetRow) -> Result<()> {
    let of = job_target::job_id.eq(row.job_id).and(job_target::place.eq(row.place));
    diesel::update(job_target::table.filter(of)).set(row).execute(conn).map_err(DbError::from)?;
    Ok(())
}

/// How many targets of a job have each outcome.
pub(super) fn outcomes(conn: &mut DbConn, job: JobId) -> Result<Vec<(String, i64)>> {
    let of_job = Condition::unkept().sql("job_target.job_id = ").bind(Value::Id(Id::new(job.uuid())));
    let rows = job_target::table
        .filter(of_job)
        .group_by(job_target::outcome)
        .select((job_target::outcome, diesel::dsl::count_star()))
        .load(conn)
        .map_err(DbError::from)?;
    Ok(rows)
}

/// Removes targets of a job, at most as many as a transaction may; gives how many.
pub(super) fn remove_some_targets(conn: &mut DbConn, job: JobId) -> Result<usize> {
    let place = job_target::table
        .filter(job_target::job_id.eq(job))
        .order(job_target::place)
        .select(job_target::place)
        .limit(5_000)
        .load::<i32>(conn)
        .map_err(DbError::from)?
        .pop();
    let Some(last) = place else { return Ok(0) };
    let of = job_target::job_id.eq(job).and(job_target::place.le(last));
    Ok(diesel::delete(job_target::table.filter(of)).execute(conn).map_err(DbError::from)?)
}
