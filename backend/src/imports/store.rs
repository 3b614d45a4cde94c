use std::collections::HashMap;

use diesel::prelude::*;
use guanxi_api::DuplicateAction;
use guanxi_db::schema::{
    import_change, import_duplicate, import_mapping, import_problem, imported_record, upload, user_account,
};
use guanxi_db::{Condition, DbConn, DbError, Doc, Id, Moment, Ordering, Value, insert_many};

use crate::access::{Actor, UserId};
use crate::customers::CustomerId;
use crate::error::{Error, Result};
use crate::imports::uploads::REMOVED_AT_ONCE;
use crate::imports::{ImportDuplicateId, ImportProblemId, SavedMappingId, UploadId};
use crate::jobs::JobId;
use crate::listing::COUNTED;

/// A file that was sent in.
#[derive(Queryable, Selectable, Insertable, Clone)]
#[diesel(table_name = upload)]
pub(super) struct UploadRow {
    pub(super) id: UploadId,
    pub(super) name: String,
    pub(super) bytes: i64,
    pub(super) digest: Vec<u8>,
    pub(super) created_by: Option<UserId>,
    pub(super) created_at: Moment,
    pub(super) expires_at: Moment,
}

/// A record that was not taken, sealed.
#[derive(Queryable, Selectable, Insertable, Clone)]
#[diesel(table_name = import_problem, treat_none_as_default_value = false)]
pub(super) struct ProblemRow {
    pub(super) id: ImportProblemId,
    pub(super) job_id: JobId,
    pub(super) line: i64,
    pub(super) record: Vec<u8>,
    pub(super) problems: Doc,
}

/// What an import has brought besides a customer.
#[derive(Queryable, Selectable, Insertable, AsChangeset, Clone, Debug)]
#[diesel(table_name = imported_record, primary_key(key), treat_none_as_default_value = false)]
pub(super) struct ImportedRow {
    /// Keyed hash of what it is known by where it comes from.
    pub(super) key: Vec<u8>,
    pub(super) target: String,
    pub(super) record_id: Id<()>,
    pub(super) customer_id: CustomerId,
    /// Keyed hash of what was said of it last.
    pub(super) said: Vec<u8>,
    pub(super) job_id: JobId,
    pub(super) updated_at: Moment,
}

/// What an import has done to one thing.
#[derive(Queryable, Selectable, Insertable, Clone)]
#[diesel(table_name = import_change, treat_none_as_default_value = false)]
pub(crate) struct ChangeRow {
    pub(super) job_id: JobId,
    /// Of the record in the file.
    pub(super) line: i64,
    /// 0 for the customer of the record, else what it brings, counted from 1.
    pub(super) place: i32,
    pub(super) target: String,
    pub(super) record_id: Id<()>,
    pub(super) customer_id: CustomerId,
    /// What tells whether anybody has changed it since.
    pub(super) version: i64,
    /// Of the row of `imported_record`.
    pub(super) key: Option<Vec<u8>>,
    /// How it was, sealed; none where the import has made it.
    pub(super) before: Option<Vec<u8>>,
}

/// Changes of a transaction: nine values each.
const CHANGES_AT_ONCE: usize = 1000;

pub(super) fn insert_changes(conn: &mut DbConn, rows: &[ChangeRow]) -> Result<()> {
    for rows in rows.chunks(CHANGES_AT_ONCE) {
        insert_many!(conn, import_change::table, rows).map_err(DbError::from)?;
    }
    Ok(())
}

/// The last changes of an import, the last one first.
pub(crate) fn last_changes(conn: &mut DbConn, job: JobId, most: i64) -> Result<Vec<ChangeRow>> {
    let rows = import_change::table
        .filter(import_change::job_id.eq(job))
        .order((import_change::line.desc(), import_change::place.desc()))
        .limit(most)
        .select(ChangeRow::as_select())
        .load(conn)
        .map_err(DbError::from)?;
    Ok(rows)
}

pub(super) fn count_changes(conn: &mut DbConn, job: JobId) -> Result<i64> {
    let count = import_change::table
        .filter(import_change::job_id.eq(job))
        .count()
        .get_result(conn)
        .map_err(DbError::from)?;
    Ok(count)
}

/// Removes the changes of an import from a place on; gives how many.
pub(super) fn remove_changes_from(conn: &mut DbConn, job: JobId, (line, place): (i64, i32)) -> Result<usize> {
    let same_line = import_change::line.eq(line).and(import_change::place.ge(place));
    let removed = diesel::delete(
        import_change::table
            .filter(import_change::job_id.eq(job))
            .filter(import_change::line.ge(line))
            .filter(import_change::line.gt(line).or(same_line)),
    )
    .execute(conn)
    .map_err(DbError::from)?;
    Ok(removed)
}

/// Removes changes of an import that are kept no longer, at most as many as a transaction may; gives how many.
pub(super) fn remove_some_changes(conn: &mut DbConn, job: JobId) -> Result<usize> {
    let most = i64::try_from(REMOVED_AT_ONCE).unwrap_or(i64::MAX);
    match last_changes(conn, job, most)?.last() {
        Some(last) => remove_changes_from(conn, job, (last.line, last.place)),
        None => Ok(0),
    }
}

/// Notes that a thing stands again as it stood after earlier imports, under another version.
pub(super) fn stands_again(conn: &mut DbConn, record: Id<()>, (stood, stands): (i64, i64)) -> Result<()> {
    diesel::update(
        import_change::table
            .filter(import_change::record_id.eq(record))
            .filter(import_change::version.eq(stood)),
    )
    .set(import_change::version.eq(stands))
    .execute(conn)
    .map_err(DbError::from)?;
    Ok(())
}

/// Forgets what imports have brought, so that it can be brought anew.
pub(super) fn forget_imported(conn: &mut DbConn, keys: &[&[u8]]) -> Result<()> {
    for keys in keys.chunks(500) {
        diesel::delete(imported_record::table.filter(imported_record::key.eq_any(keys.iter().copied())))
            .execute(conn)
            .map_err(DbError::from)?;
    }
    Ok(())
}

/// What is known of these keys. Planned anew each time: the table grows while a first file is imported, and a kept plan from its
/// beginning would go on reading it whole.
pub(super) fn imported(conn: &mut DbConn, keys: &[&[u8]]) -> Result<HashMap<Vec<u8>, ImportedRow>> {
    let mut found = HashMap::with_capacity(keys.len());
    for keys in keys.chunks(500) {
        let rows: Vec<ImportedRow> = imported_record::table
            .filter(imported_record::key.eq_any(keys.iter().copied()))
            .filter(Condition::unkept().sql("1 = 1"))
            .select(ImportedRow::as_select())
            .load(conn)
            .map_err(DbError::from)?;
        found.extend(rows.into_iter().map(|row| (row.key.clone(), row)));
    }
    Ok(found)
}

pub(super) fn insert_imported(conn: &mut DbConn, rows: &[ImportedRow]) -> Result<()> {
    for rows in rows.chunks(1000) {
        insert_many!(conn, imported_record::table, rows).map_err(DbError::from)?;
    }
    Ok(())
}

pub(super) fn update_imported(conn: &mut DbConn, row: &ImportedRow) -> Result<()> {
    diesel::update(imported_record::table.find(&row.key)).set(row).execute(conn).map_err(DbError::from)?;
    Ok(())
}

pub(super) fn insert_upload(conn: &mut DbConn, row: UploadRow) -> Result<()> {
    diesel::insert_into(upload::table).values(row).execute(conn).map_err(DbError::from)?;
    Ok(())
}

/// A file of one's own; the command line's are nobody's.
pub(super) fn find_upload(conn: &mut DbConn, actor: &Actor, id: UploadId) -> Result<UploadRow> {
    let row: UploadRow =
        upload::table.find(id).select(UploadRow::as_select()).first(conn).map_err(DbError::from)?;
    if row.created_by == actor.user_id() { Ok(row) } else { Err(Error::not_found()) }
}

pub(super) fn is_upload(conn: &mut DbConn, id: UploadId) -> Result<bool> {
    let found = upload::table.find(id).select(upload::id).first::<UploadId>(conn).optional();
    Ok(found.map_err(DbError::from)?.is_some())
}

/// Files that are kept no longer, in the order of their ids, a hundred at most.
pub(super) fn expired_uploads(
    conn: &mut DbConn,
    now: Moment,
    after: Option<UploadId>,
) -> Result<Vec<UploadId>> {
    let ids = upload::table
        .filter(upload::expires_at.le(now))
        .filter(upload::id.gt(after.unwrap_or(UploadId::new(uuid::Uuid::nil()))))
        .order(upload::id)
        .select(upload::id)
        .limit(100)
        .load(conn)
        .map_err(DbError::from)?;
    Ok(ids)
}

/// Every file, in the order of the ids, a thousand at most; each with whether it is kept no longer.
pub(super) fn uploads_after(
    conn: &mut DbConn,
    after: Option<UploadId>,
    now: Moment,
) -> Result<Vec<(UploadId, bool)>> {
    let rows = upload::table
        .filter(upload::id.gt(after.unwrap_or(UploadId::new(uuid::Uuid::nil()))))
        .order(upload::id)
        .select((upload::id, upload::expires_at.le(now)))
        .limit(1000)
        .load(conn)
        .map_err(DbError::from)?;
    Ok(rows)
}

pub(super) fn remove_upload(conn: &mut DbConn, id: UploadId) -> Result<()> {
    diesel::delete(upload::table.find(id)).execute(conn).map_err(DbError::from)?;
    Ok(())
}

/// Keeps a file at least until a moment.
pub(super) fn keep_upload(conn: &mut DbConn, id: UploadId, until: Moment) -> Result<()> {
    diesel::update(upload::table.find(id).filter(upload::expires_at.lt(until)))
        .set(upload::expires_at.eq(until))
        .execute(conn)
        .map_err(DbError::from)?;
    Ok(())
}

pub(super) fn insert_problems(conn: &mut DbConn, rows: &[ProblemRow]) -> Result<()> {
    insert_many!(conn, import_problem::table, rows).map_err(DbError::from)?;
    Ok(())
}

pub(super) fn problems(
    conn: &mut DbConn,
    job: JobId,
    condition: Condition,
    order: Ordering,
    limit: i64,
) -> Result<Vec<ProblemRow>> {
    let rows = import_problem::table
        .filter(import_problem::job_id.eq(job))
        .filter(condition)
        .order(order.first(limit))
        .select(ProblemRow::as_select())
        .load(conn)
        .map_err(DbError::from)?;
    Ok(rows)
}

pub(super) fn count_problems(conn: &mut DbConn, job: JobId, condition: Condition) -> Result<i64> {
    let ids = import_problem::table
        .filter(import_problem::job_id.eq(job))
        .filter(condition)
        .select(import_problem::id)
        .limit(COUNTED + 1)
        .load::<ImportProblemId>(conn)
        .map_err(DbError::from)?;
    Ok(i64::try_from(ids.len()).unwrap_or(i64::MAX))
}

/// The next records after a line, in the order of the file.
pub(super) fn problems_after(conn: &mut DbConn, job: JobId, line: i64, most: i64) -> Result<Vec<ProblemRow>> {
    let rows = import_problem::table
        .filter(import_problem::job_id.eq(job))
        .filter(import_problem::line.gt(line))
        .order(import_problem::line)
        .limit(most)
        .select(ProblemRow::as_select())
        .load(conn)
        .map_err(DbError::from)?;
    Ok(rows)
}

/// Removes records of a job that were not taken, at most as many as a transaction may; gives how many.
pub(super) fn remove_some_problems(conn: &mut DbConn, job: JobId) -> Result<usize> {
    let most = i64::try_from(REMOVED_AT_ONCE).unwrap_or(i64::MAX);
    let ids: Vec<ImportProblemId> = import_problem::table
        .filter(import_problem::job_id.eq(job))
        .select(import_problem::id)
        .limit(most)
        .load(conn)
        .map_err(DbError::from)?;
    diesel::delete(import_problem::table.filter(import_problem::id.eq_any(&ids)))
        .execute(conn)
        .map_err(DbError::from)?;
    Ok(ids.len())
}

/// Which of some lines begin records of a job that were not taken.
pub(super) fn known_lines(conn: &mut DbConn, job: JobId, lines: &[i64]) -> Result<Vec<i64>> {
    let known = import_problem::table
        .filter(import_problem::job_id.eq(job))
        .filter(import_problem::line.eq_any(lines))
        .select(import_problem::line)
        .load(conn)
        .map_err(DbError::from)?;
    Ok(known)
}

/// The customers whom records of an import, by their lines, have made (`true`) or changed.
pub(super) fn customers_of_lines(
    conn: &mut DbConn,
    job: JobId,
    lines: &[i64],
) -> Result<HashMap<i64, (CustomerId, bool)>> {
    let rows: Vec<(i64, CustomerId, Option<Vec<u8>>)> = import_change::table
        .filter(import_change::job_id.eq(job))
        .filter(import_change::line.eq_any(lines))
        .filter(import_change::place.eq(0))
        .select((import_change::line, import_change::customer_id, import_change::before))
        .load(conn)
        .map_err(DbError::from)?;
    Ok(rows.into_iter().map(|(line, id, before)| (line, (id, before.is_none()))).collect())
}

/// The customers with whom records of an import, by their lines, were merged.
pub(super) fn merged_lines(conn: &mut DbConn, job: JobId, lines: &[i64]) -> Result<HashMap<i64, CustomerId>> {
    let rows: Vec<(i64, Option<CustomerId>)> = import_duplicate::table
        .filter(import_duplicate::job_id.eq(job))
        .filter(import_duplicate::line.eq_any(lines))
        .filter(import_duplicate::action.eq(DuplicateAction::Merge.as_str()))
        .select((import_duplicate::line, import_duplicate::customer_id))
        .load(conn)
        .map_err(DbError::from)?;
    Ok(rows.into_iter().filter_map(|(line, id)| Some((line, id?))).collect())
}

/// A mapping that is kept under a name.
#[derive(Queryable, Selectable, Insertable, AsChangeset, Clone)]
#[diesel(table_name = import_mapping)]
pub(super) struct MappingRow {
    pub(super) id: SavedMappingId,
    pub(super) name: String,
    pub(super) shared: bool,
    pub(super) created_by: UserId,
    pub(super) header: Doc,
    pub(super) used: Doc,
    pub(super) mapping: Doc,
    pub(super) version: i64,
    pub(super) created_at: Moment,
    pub(super) updated_at: Moment,
}

/// A mapping, and the name of who keeps it.
#[derive(Queryable, Clone)]
pub(super) struct NamedMapping {
    pub(super) row: MappingRow,
    pub(super) creator: String,
}

/// The mappings that an actor may use.
fn usable(actor: &Actor) -> Condition {
    match actor.user_id() {
        Some(me) => Condition::new()
            .sql("(import_mapping.shared OR import_mapping.created_by = ")
            .bind(Value::Id(Id::new(me.uuid())))
            .sql(")"),
        None => Condition::new().sql("import_mapping.shared"),
    }
}

macro_rules! named_mapping {
    () => {
        import_mapping::table
            .inner_join(user_account::table)
            .select((MappingRow::as_select(), user_account::display_name))
    };
}

pub(super) fn mappings(
    conn: &mut DbConn,
    actor: &Actor,
    condition: Condition,
    order: Ordering,
    limit: i64,
) -> Result<Vec<NamedMapping>> {
    let rows = named_mapping!()
        .filter(usable(actor).and(condition))
        .order(order.first(limit))
        .load(conn)
        .map_err(DbError::from)?;
    Ok(rows)
}

pub(super) fn count_mappings(conn: &mut DbConn, actor: &Actor, condition: Condition) -> Result<i64> {
    let ids = import_mapping::table
        .filter(usable(actor).and(condition))
        .select(import_mapping::id)
        .limit(COUNTED + 1)
        .load::<SavedMappingId>(conn)
        .map_err(DbError::from)?;
    Ok(i64::try_from(ids.len()).unwrap_or(i64::MAX))
}

pub(super) fn mapping(conn: &mut DbConn, actor: &Actor, id: SavedMappingId) -> Result<Option<NamedMapping>> {
    let row = named_mapping!()
        .filter(import_mapping::id.eq(id))
        .filter(usable(actor))
        .first(conn)
        .optional()
        .map_err(DbError::from)?;
    Ok(row)
}

pub(super) fn shared_mapping(conn: &mut DbConn, name: &str) -> Result<Option<MappingRow>> {
    let row = import_mapping::table
        .filter(import_mapping::name.eq(name))
        .filter(import_mapping::shared.eq(true))
        .select(MappingRow::as_select())
        .first(conn)
        .optional()
        .map_err(DbError::from)?;
    Ok(row)
}

/// Makes concurrent changes of one mapping go one after the other.
pub(super) fn lock_mapping(conn: &mut DbConn, id: SavedMappingId) -> Result<()> {
    if let DbConn::Pg(conn) = conn {
        import_mapping::table
            .find(id)
            .select(import_mapping::id)
            .for_update()
            .first::<SavedMappingId>(conn)
            .optional()
            .map_err(DbError::from)?;
    }
    Ok(())
}

/// How many mappings a user keeps.
pub(super) fn mappings_of(conn: &mut DbConn, owner: UserId) -> Result<i64> {
    let count = import_mapping::table
        .filter(import_mapping::created_by.eq(owner))
        .count()
        .get_result(conn)
        .map_err(DbError::from)?;
    Ok(count)
}

/// How many mappings the bank shares.
pub(super) fn shared_mappings(conn: &mut DbConn) -> Result<i64> {
    let count = import_mapping::table
        .filter(import_mapping::shared.eq(true))
        .count()
        .get_result(conn)
        .map_err(DbError::from)?;
    Ok(count)
}

pub(super) fn insert_mapping(conn: &mut DbConn, row: &MappingRow) -> Result<(), DbError> {
    diesel::insert_into(import_mapping::table).values(row).execute(conn)?;
    Ok(())
}

/// Writes a mapping over the version it was made from; false when that is no longer the version.
pub(super) fn update_mapping(
    conn: &mut DbConn,
    row: &MappingRow,
    from_version: i64,
) -> Result<bool, DbError> {
    let changed =
        diesel::update(import_mapping::table.find(row.id).filter(import_mapping::version.eq(from_version)))
            .set(row)
            .execute(conn)?;
    Ok(changed > 0)
}

pub(super) fn remove_mapping(conn: &mut DbConn, id: SavedMappingId) -> Result<()> {
    diesel::delete(import_mapping::table.find(id)).execute(conn).map_err(DbError::from)?;
    Ok(())
}

/// A record whose customer may be there already.
#[derive(Queryable, Selectable, Insertable, Clone)]
#[diesel(table_name = import_duplicate, treat_none_as_default_value = false)]
pub(super) struct DuplicateRow {
    pub(super) id: ImportDuplicateId,
    pub(super) job_id: JobId,
    pub(super) line: i64,
    /// The customer that it may be; none where it is that of another record.
    pub(super) customer_id: Option<CustomerId>,
    pub(super) of_line: Option<i64>,
    pub(super) likeness: String,
    pub(super) action: String,
}

pub(super) fn insert_duplicates(conn: &mut DbConn, rows: &[DuplicateRow]) -> Result<()> {
    insert_many!(conn, import_duplicate::table, rows).map_err(DbError::from)?;
    Ok(())
}

pub(super) fn duplicates(
    conn: &mut DbConn,
    job: JobId,
    condition: Condition,
    order: Ordering,
    limit: i64,
) -> Result<Vec<DuplicateRow>> {
    let rows = import_duplicate::table
        .filter(import_duplicate::job_id.eq(job))
        .filter(condition)
        .order(order.first(limit))
        .select(DuplicateRow::as_select())
        .load(conn)
        .map_err(DbError::from)?;
    Ok(rows)
}

pub(super) fn count_duplicates(conn: &mut DbConn, job: JobId, condition: Condition) -> Result<i64> {
    let ids = import_duplicate::table
        .filter(import_duplicate::job_id.eq(job))
        .filter(condition)
        .select(import_duplicate::id)
        .limit(COUNTED + 1)
        .load::<ImportDuplicateId>(conn)
        .map_err(DbError::from)?;
    Ok(i64::try_from(ids.len()).unwrap_or(i64::MAX))
}

/// Removes what is known of the duplicates of a job, at most as many as a transaction may; gives how many.
pub(super) fn remove_some_duplicates(conn: &mut DbConn, job: JobId) -> Result<usize> {
    let most = i64::try_from(REMOVED_AT_ONCE).unwrap_or(i64::MAX);
    let ids: Vec<ImportDuplicateId> = import_duplicate::table
        .filter(import_duplicate::job_id.eq(job))
        .select(import_duplicate::id)
        .limit(most)
        .load(conn)
        .map_err(DbError::from)?;
    diesel::delete(import_duplicate::table.filter(import_duplicate::id.eq_any(&ids)))
        .execute(conn)
        .map_err(DbError::from)?;
    Ok(ids.len())
}
