//! Backups: the database at one instant and the stored files that its rows speak of, with a manifest that says what is in them; and the
//! way back.
//!
//! A backup is a folder named after its moment (`20261126T180003Z`). It is made under another name and renamed when everything is on
//! disk, so what has such a name is whole. It holds personal data and is for its owner's eyes; the master key is not in it.
//!
//! A restored database goes on as another one: readers of change events have to begin anew (a new feed epoch), nobody is signed in, and jobs
//! that somebody worked on are free to be taken.

mod folder;
mod make;
mod manifest;
mod record;
mod restore;
mod rules;
mod schedule;
mod store;
#[cfg(test)]
mod tests;

use std::path::PathBuf;
use std::sync::Arc;

use guanxi_db::backup::CopyError;
use guanxi_db::{DatabaseUrl, DbConn};
use serde_json::json;

pub use make::{Made, make, verify};
pub use manifest::{EngineName, FileEntry, Manifest};
pub use record::put_on_record;
pub use restore::{Restored, restore};
pub use schedule::{Schedule, Work};

use crate::access::{Actor, Keys};
use crate::audit;
use crate::config::Config;
use crate::error::Result;

/// Why there is no backup, or no way back from one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BackupError {
    /// In one line.
    #[error("{0}")]
    Failed(String),
    /// It was asked to stop.
    #[error("it was asked to stop")]
    Stopped,
}

impl From<CopyError> for BackupError {
    fn from(error: CopyError) -> Self {
        match error {
            CopyError::Stopped => BackupError::Stopped,
            error => failed(error),
        }
    }
}

impl From<crate::error::Error> for BackupError {
    fn from(error: crate::error::Error) -> Self {
        failed(error.cause.unwrap_or_else(|| error.code.as_str().to_owned()))
    }
}

fn failed(why: impl std::fmt::Display) -> BackupError {
    BackupError::Failed(why.to_string())
}

/// Where an installation keeps what a backup has to hold.
#[derive(Clone, Debug)]
pub struct Source {
    pub database: DatabaseUrl,
    /// The folder of the stored files.
    pub files: PathBuf,
    pub keys: Arc<Keys>,
}

impl Source {
    /// The installation of these settings.
    pub fn of(config: &Config, keys: Arc<Keys>) -> Self {
        Source { database: config.database_url.clone(), files: config.files(), keys }
    }
}

/// Puts a backup that was made on record.
///
/// # Errors
/// When the database fails.
pub fn record_made(conn: &mut DbConn, actor: &Actor, made: &Made) -> Result<()> {
    record(conn, actor, "created", &made.name, &made.manifest)
}

/// Puts on record that the database was restored from a backup.
///
/// # Errors
/// When the database fails.
pub fn record_restored(conn: &mut DbConn, actor: &Actor, restored: &Restored) -> Result<()> {
    record(conn, actor, "restored", &restored.name, &restored.manifest)
}

fn record(conn: &mut DbConn, actor: &Actor, what: &str, name: &str, manifest: &Manifest) -> Result<()> {
    let database = manifest.files.iter().find(|file| file.name == manifest.engine.database_file());
    let after = json!({
        "name": name,
        "bytes": manifest.bytes(),
        "digest": database.map(|file| file.sha256.as_str()),
    });
    let entry = audit::Entry {
        action: format!("{RESOURCE}.{what}"),
        resource_type: RESOURCE,
        resource_id: Some(actor.new_id::<()>().uuid()),
        changes: &audit::changes_between(&json!({}), &after),
        reason: None,
    };
    audit::note(conn, actor, &entry)
}

/// What backups are called in the audit trail.
const RESOURCE: &str = "backup";
