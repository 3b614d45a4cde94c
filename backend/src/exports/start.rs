use std::collections::HashSet;

use guanxi_api::{CsvProfile, ExportList, JobKind, NewExport};
use guanxi_db::DbConn;
use serde_json::json;
use uuid::Uuid;

use crate::access::Actor;
use crate::access::sealing::Context;
use crate::customers::{CustomerId, House};
use crate::error::{Code, Error, FieldError, Result, Wrong};
use crate::exports::lists::{self, Asked, Part};
use crate::exports::{Input, ROWS_WITHOUT_REASON, columns, words};
use crate::jobs::{self, JobId, NewJob};
use crate::text;

/// How many rows a list has, counted no further than lists count.
#[derive(Clone, Copy, Debug)]
pub struct Counted {
    rows: i64,
    exact: bool,
}

/// Where the search text of an export is sealed for: nobody else's job can open it.
pub(super) fn sealed_for(principal: &Uuid) -> Context<'_> {
    Context { table: "job", column: "input", id: principal.as_bytes() }
}

/// Counts the rows of a list that is to become a file, which shows at once whether it can be read.
///
/// # Errors
/// 403 for a list or a profile that the actor may not take out; 422 for a search text where there is no search, for rows that
/// cannot be chosen and for columns that are none; else as every list.
pub fn count(conn: &mut DbConn, actor: &Actor, house: House<'_>, new: &NewExport) -> Result<Counted> {
    if !lists::may_export(actor, new.list, new.profile) {
        return Err(Error::forbidden());
    }
    check(new)?;
    let NewExport { q, filter, sort, columns, .. } = new.clone();
    let ids = chosen(new).map(|ids| ids.into_iter().map(CustomerId::new).collect());
    let asked = Asked { list: new.list, q, filter, sort, ids, columns };
    let part = Part { limit: 1, cursor: None, total: true };
    let page = lists::page(conn, actor, house, (&asked, new.profile), part)?.page;
    Ok(Counted {
        rows: i64::from(page.total.unwrap_or_default()),
        exact: page.total_exact.unwrap_or_default(),
    })
}

/// The ids that were chosen, each once.
fn chosen(new: &NewExport) -> Option<Vec<Uuid>> {
    let mut seen = HashSet::new();
    new.ids.as_ref().map(|ids| ids.iter().copied().filter(|id| seen.insert(*id)).collect())
}

/// What the request says of rows and columns.
fn check(new: &NewExport) -> Result<()> {
    let mut wrong = Wrong::default();
    if new.ids.is_some() {
        if new.list != ExportList::Customers {
            wrong.add(FieldError::new("/ids", "only_customers_are_chosen"));
        } else if new.q.is_some() || new.filter.is_some() {
            wrong.add(FieldError::new("/ids", "chosen_and_narrowed"));
        }
    }
    let known = columns::heads(new.list, new.profile);
    let asked = new.columns.as_deref().unwrap_or_default();
    for (n, column) in asked.iter().enumerate() {
        if !known.contains(&column.as_str()) {
            wrong.add(FieldError::new(format!("/columns/{n}"), "unknown_column"));
        } else if asked.iter().take(n).any(|other| other == column) {
            wrong.add(FieldError::new(format!("/columns/{n}"), "duplicate"));
        }
    }
    wrong.unless(Some(()))
}

/// Starts an export, if the actor has not started `quota` of them within an hour.
///
/// # Errors
/// 422 when so many rows need a reason and there is none; 429 above the quota.
pub fn start(
    conn: &mut DbConn,
    actor: &Actor,
    house: House<'_>,
    quota: Option<u32>,
    (new, counted): (&NewExport, Counted),
) -> Result<JobId> {
    let broken = |broken| Error::fields(vec![FieldError::broken("/reason", broken)]);
    let reason = new.reason.as_deref().map(|reason| text::line(reason, 500).map_err(broken)).transpose()?;
    if counted.rows > ROWS_WITHOUT_REASON && reason.is_none() {
        let needed = FieldError::new("/reason", "reason_needed").with("max", ROWS_WITHOUT_REASON);
        return Err(Error::fields(vec![needed]));
    }
    if let Some(quota) = quota
        && let Some(seconds) = jobs::seconds_to_wait(conn, actor, JobKind::Export, quota)?
    {
        return Err(Error::new(Code::QuotaExceeded).with_header("Retry-After", seconds));
    }
    let principal = actor.principal();
    let seal = |q: &str| house.keys.data().seal(q.as_bytes(), &sealed_for(&principal));
    let language = new.language.unwrap_or_else(|| actor.language());
    let ids = chosen(new);
    let input = Input {
        list: new.list,
        searched: new.q.is_some(),
        filter: new.filter.clone(),
        sort: new.sort.clone(),
        chosen: ids.as_ref().map(|ids| i64::try_from(ids.len()).unwrap_or(i64::MAX)),
        columns: new.columns.clone(),
        format: new.format,
        profile: new.profile,
        language,
        reason: reason.clone(),
        sealed_q: new.q.as_deref().map(seal).transpose().map_err(Error::internal)?,
        rows: counted.exact.then_some(counted.rows),
    };
    let audited = json!({
        "list": new.list,
        "searched": new.q.is_some().then_some(true),
        "filter": new.filter,
        "format": new.format,
        "profile": new.profile,
        "rows": counted.rows,
        "chosen": ids.as_ref().map(Vec::len),
        "columns": new.columns,
    });
    let name = match new.profile {
        CsvProfile::Spreadsheet => words::list(language, new.list),
        CsvProfile::Raw => new.list.as_str(),
    };
    let id = jobs::create(
        conn,
        actor,
        NewJob {
            kind: JobKind::Export,
            title: format!("{name}-{}.{}", house.settings.day(actor.now()), new.format),
            dry_run: false,
            input: serde_json::to_value(&input).map_err(Error::internal)?,
            audited,
            reason,
        },
    )?;
    if let Some(ids) = ids {
        jobs::add_targets(conn, id, &ids)?;
    }
    Ok(id)
}
