//! The lists that can become files: who may take one out, and how its pages are read. They are read through the functions that answer the
//! lists themselves, so that scope, masks, filters and orders are theirs.

use guanxi_api::{CsvProfile, CustomerSearch, ExportList, Include, InteractionSearch, Page, PageInfo};
use guanxi_db::DbConn;
use uuid::Uuid;

use crate::access::{Actor, Right};
use crate::customers::{self, CustomerId, House};
use crate::error::{Error, Result};
use crate::exports::columns::{self, AUDIT_ENTRIES, CUSTOMERS, Cell, Column, HOLDINGS, INTERACTIONS, TASKS};
use crate::listing::ListRequest;
use crate::{audit, holdings, interactions, tasks};

/// Which rows of a list, in which order.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub(super) list: ExportList,
    pub(super) q: Option<String>,
    pub(super) filter: Option<String>,
    pub(super) sort: Option<String>,
    /// Only these.
    pub(super) ids: Option<Vec<CustomerId>>,
    /// The columns in their order; without it, all of the profile.
    pub(super) columns: Option<Vec<String>>,
}

/// Which part of it.
#[derive(Clone, Debug, Default)]
pub(super) struct Part {
    pub(super) limit: u32,
    pub(super) cursor: Option<String>,
    /// Whether the whole list is to be counted.
    pub(super) total: bool,
}

/// A page of a list as rows of a file, each with its id.
#[derive(Debug)]
pub(super) struct Rows {
    pub(super) rows: Vec<(Uuid, Vec<Cell>)>,
    pub(super) page: PageInfo,
}

/// The right without which nobody takes a list out: that of those who work with its rows, not only see them; the audit trail is the auditors'.
pub(super) const fn right(list: ExportList) -> Right {
    match list {
        ExportList::Customers => Right::EditCustomers,
        ExportList::Interactions => Right::WriteInteractions,
        ExportList::Tasks => Right::WriteTasks,
        ExportList::Holdings => Right::EditHoldings,
        ExportList::AuditEntries => Right::ViewAudit,
    }
}

/// Whether an actor may take a list out in a profile.
pub(super) fn may_export(actor: &Actor, list: ExportList, profile: CsvProfile) -> bool {
    let of_profile = profile != CsvProfile::Raw || actor.may(Right::ExportRaw);
    actor.may(Right::RunExports) && actor.may(right(list)) && of_profile
}

/// Whether a list takes a search text.
pub(super) const fn is_searched(list: ExportList) -> bool {
    matches!(list, ExportList::Customers | ExportList::Interactions)
}

/// Reads a page of a list for an actor.
///
/// # Errors
/// As the list itself.
pub(super) fn page(
    conn: &mut DbConn,
    actor: &Actor,
    house: House<'_>,
    (asked, profile): (&Asked, CsvProfile),
    part: Part,
) -> Result<Rows> {
    let (q, filter, sort) = (asked.q.clone(), asked.filter.clone(), asked.sort.clone());
    let shown = (asked.columns.as_deref(), profile);
    let Part { limit, cursor, total } = part;
    let include = total.then_some(Include::Total);
    let plain = ListRequest {
        filter: filter.clone(),
        sort: sort.clone(),
        limit: Some(limit),
        cursor: cursor.clone(),
        total,
        q: None,
        in_body: true,
    };
    if q.is_some() && !is_searched(asked.list) {
        return Err(Error::field("/q", "list_is_not_searched"));
    }
    Ok(match asked.list {
        ExportList::Customers => {
            let found = match &asked.ids {
                Some(ids) => customers::list_chosen(conn, actor, house, &plain, ids)?,
                None => {
                    let search = CustomerSearch { q, filter, sort, limit: Some(limit), cursor, include };
                    customers::search(conn, actor, house, &search)?
                }
            };
            rows(CUSTOMERS, shown, found, |row| row.id)
        }
        ExportList::Interactions => {
            let search = InteractionSearch { q, filter, sort, limit: Some(limit), cursor, include };
            let found = interactions::search(conn, actor, house.keys, &search)?;
            rows(INTERACTIONS, shown, found, |row| row.id)
        }
        ExportList::Tasks => rows(TASKS, shown, tasks::list(conn, actor, house.keys, &plain)?, |row| row.id),
        ExportList::Holdings => {
            rows(HOLDINGS, shown, holdings::list(conn, actor, house, &plain)?, |row| row.id)
        }
        ExportList::AuditEntries => {
            rows(AUDIT_ENTRIES, shown, audit::list(conn, actor, house.keys, &plain)?, |row| row.id)
        }
    })
}

fn rows<R>(
    columns: &[Column<R>],
    (asked, profile): (Option<&[String]>, CsvProfile),
    page: Page<R>,
    id: fn(&R) -> Uuid,
) -> Rows {
    let columns = columns::shown(columns, asked, profile);
    let cells = |row: &R| columns.iter().map(|column| (column.of)(row)).collect();
    Rows { rows: page.data.iter().map(|row| (id(row), cells(row))).collect(), page: page.page }
}
