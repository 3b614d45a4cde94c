//! What every request goes through, whatever room it is for: limits, problem documents, headers, conditional requests,
//! the embedded app and the documentation.

mod conditional;
mod context;
mod docs;
mod download;
mod envelope;
mod health;
mod input;
mod metrics;
mod openapi;
mod operations;
mod problems;
mod routing;
mod ui;

pub use conditional::{
    CreateOnly, Document, IfMatch, PageDocument, created, created_document, deleted, etag, mark_replayed,
    not_modified, ok, ok_document, ok_tagged, page, page_document,
};
pub use context::RequestContext;
pub use docs::reference_page;
pub use download::attachment;
pub use envelope::{Limits, envelope};
pub use health::{Readiness, alive, ready};
pub use input::{Json, Lines, MAX_JSON, MAX_JSON_LINES, PathId, Query, check_rules, path_id, read_json};
pub use metrics::{BackupMetrics, Metrics, serve_metrics};
pub use openapi::{API, CONTRACT, Description, complete, openapi_json};
pub use problems::problem_page;
pub use routing::{RouteTable, Routes};
pub use ui::app_page;

use crate::error::{Error, Result};

/// Does what waits for the file system on a thread for that.
///
/// # Errors
/// What the work gives; 500 when it panicked.
pub async fn in_background<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    actix_web::web::block(work).await.map_err(Error::internal)?
}
