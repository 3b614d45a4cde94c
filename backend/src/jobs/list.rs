use guanxi_api::{Instant, Job, JobCounts, JobKind, JobProblem, JobState, Language, Page, UserRef};
use guanxi_db::{DbConn, Id, Moment, Value};

use crate::access::{Actor, Keys};
use crate::error::{Error, Result};
use crate::jobs::store::{self, WholeRow};
use crate::listing::filter::FieldType::{self, Code, Id as AnId};
use crate::listing::{Field, ListRequest, Resource, set_total};
use crate::messages;

/// What jobs can be filtered and sorted by.
pub(crate) static JOBS: Resource = Resource {
    name: "jobs",
    fields: &[
        Field::new("kind", "job.kind", Code(JobKind::CODES)),
        Field::new("state", "job.state", Code(JobState::CODES)),
        Field::new("created_by", "job.created_by", AnId).nullable(),
        Field::new("created_at", "job.created_at", FieldType::Instant).sortable(),
    ],
    default_sort: "-created_at",
    id_column: "job.id",
    unless_asked: None,
};

/// One's own jobs, the newest first; auditors see all.
///
/// # Errors
/// As every list.
pub fn list(conn: &mut DbConn, actor: &Actor, keys: &Keys, request: &ListRequest) -> Result<Page<Job>> {
    let listing = request.read(&JOBS, actor, keys.cursor())?;
    let mut rows = store::list(conn, actor, listing.condition(), listing.ordering(), listing.rows())?;
    let sort_value = |row: &WholeRow, _: &str| Value::Moment(row.job.created_at);
    let mut info = listing.page(&mut rows, keys.cursor(), sort_value, |row| Id::new(row.job.id.uuid()))?;
    if listing.total {
        set_total(&mut info, store::count(conn, actor, listing.filter.clone())?);
    }
    let data = rows.into_iter().map(|row| wire(actor.language(), row)).collect::<Result<_>>()?;
    Ok(Page { data, page: info })
}

fn instant(at: Moment) -> Instant {
    Instant(at.to_utc())
}

/// A job as it goes over the wire.
pub(super) fn wire(language: Language, row: WholeRow) -> Result<Job> {
    let WholeRow { job, creator } = row;
    let none = || Error::internal("a code that is none");
    let problem = job.problem.map(|problem| {
        let code = problem.0["code"].as_str().unwrap_or_default().to_owned();
        let params = problem.0["params"].as_object().cloned().unwrap_or_default();
        JobProblem { message: messages::field(language, &code, &params), code }
    });
    Ok(Job {
        id: job.id.uuid(),
        kind: JobKind::from_code(&job.kind).ok_or_else(none)?,
        state: JobState::from_code(&job.state).ok_or_else(none)?,
        title: job.title,
        created_by: job
            .created_by
            .zip(creator)
            .map(|(id, display_name)| UserRef { id: id.uuid(), display_name }),
        dry_run: job.dry_run,
        processed: job.processed,
        total: job.total,
        counts: JobCounts {
            created: job.created,
            updated: job.updated,
            unchanged: job.unchanged,
            failed: job.failed,
            duplicates: job.duplicates,
            merged: job.merged,
            skipped: job.skipped,
            conflicts: job.conflicts,
        },
        cancel_requested: job.cancel_requested,
        problem,
        created_at: instant(job.created_at),
        started_at: job.started_at.map(instant),
        finished_at: job.finished_at.map(instant),
        expires_at: instant(job.expires_at),
        version: job.version,
    })
}
