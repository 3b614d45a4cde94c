use std::collections::HashSet;

use guanxi_api::{CsvProfile, Delimiter, FileLayout, ImportCorrections, JobKind, NewImport, TextEncoding};
use guanxi_db::DbConn;
use serde_json::{Value, json};

use crate::access::Actor;
use crate::error::{Code, Error, FieldError, Result, Wrong};
use crate::files::FileStore;
use crate::imports::brought::right_to;
use crate::imports::columns::Inspected;
use crate::imports::mapping::Plan;
use crate::imports::store::{self, UploadRow};
use crate::imports::uploads::{Received, Sent, Stored, inspected};
use crate::imports::{Input, UploadId};
use crate::jobs::{self, JobId, KEPT_SECONDS, NewJob};
use crate::text::{self, hexadecimal};

/// An import that can be written down: its file read, its mapping found to fit.
#[derive(Debug)]
pub struct Checked {
    input: Input,
    title: String,
    dry_run: bool,
}

impl Checked {
    /// Whether a job was told the same about an equal file.
    pub fn is_of(&self, dry_run: bool, input: &Value) -> bool {
        let same = serde_json::from_value::<Input>(input.clone()).is_ok_and(|input| {
            let own = &self.input;
            let told = |input: &Input| (input.duplicates, input.decisions.clone());
            (&input.digest, &input.layout, &input.mapping, told(&input))
                == (&own.digest, &own.layout, &own.mapping, told(own))
        });
        same && dry_run == self.dry_run
    }
}

/// Reads the beginning of the file of an import and its mapping against it. Outside of transactions, since it reads a file.
///
/// # Errors
/// 422 with everything that does not fit.
pub fn check(files: &FileStore, Sent(upload): &Sent, new: &NewImport) -> Result<Checked> {
    let Inspected { layout, columns } = inspected(files, upload, &new.layout)?;
    let columns: Vec<String> = columns.into_iter().map(|column| column.name).collect();
    let mut mapping = new.mapping.clone();
    mapping.source = text::line(&mapping.source, 40)
        .map_err(|broken| Error::fields(vec![FieldError::broken("/mapping/source", broken)]))?;
    let mut wrong = Wrong::default();
    let mut rows = HashSet::new();
    for (at, decision) in new.decisions.iter().enumerate() {
        if !rows.insert(decision.row) {
            wrong.add(FieldError::new(format!("/decisions/{at}/row"), "duplicate"));
        }
    }
    let plan = wrong.keep(Plan::of(&mapping, &columns))?;
    wrong.unless(plan)?;
    Ok(Checked {
        title: upload.name.clone(),
        dry_run: new.dry_run,
        input: Input {
            upload_id: upload.id.uuid(),
            bytes: upload.bytes,
            digest: hexadecimal(&upload.digest),
            layout,
            mapping,
            columns,
            duplicates: new.duplicates,
            decisions: new.decisions.clone(),
        },
    })
}

/// Starts an import; its file is kept as long as its job.
///
/// # Errors
/// 403 for who may not write what the file brings; when the database fails.
pub fn start(conn: &mut DbConn, actor: &Actor, checked: &Checked) -> Result<JobId> {
    let brought = &checked.input.mapping.records;
    if brought.iter().any(|record| !actor.may(right_to(record.target))) {
        return Err(Error::forbidden());
    }
    let upload = UploadId::new(checked.input.upload_id);
    store::keep_upload(conn, upload, actor.now().plus_seconds(KEPT_SECONDS))?;
    let input = serde_json::to_value(&checked.input).map_err(Error::internal)?;
    let new = NewJob {
        kind: JobKind::Import,
        title: checked.title.clone(),
        dry_run: checked.dry_run,
        input,
        audited: json!({ "digest": checked.input.digest }),
        reason: None,
    };
    jobs::create(conn, actor, new)
}

/// What an import was told, and whether it is the actor's own.
pub(super) fn own_input(conn: &mut DbConn, actor: &Actor, id: JobId) -> Result<(Input, bool)> {
    let (input, own): (Value, bool) = jobs::input(conn, actor, id, JobKind::Import)?;
    Ok((serde_json::from_value(input).map_err(Error::internal)?, own))
}

/// The columns of the file of an import, none of an undoing, and whether the job is the actor's own.
pub(super) fn own_columns(conn: &mut DbConn, actor: &Actor, id: JobId) -> Result<(Vec<String>, bool)> {
    match jobs::input(conn, actor, id, JobKind::ImportUndo) {
        Ok((_, own)) => Ok((Vec::new(), own)),
        Err(error) if error.code == Code::NotFound => {
            own_input(conn, actor, id).map(|(input, own)| (input.columns, own))
        }
        Err(error) => Err(error),
    }
}

/// An import whose records are put right, for [`corrected_file`].
#[derive(Debug)]
pub struct Corrected {
    input: Input,
    title: String,
    dry_run: bool,
}

/// Looks for the import that corrections belong to.
///
/// # Errors
/// 404 when it is not one's own, 409 while it runs, 422 for lines whose records it took.
pub fn to_correct(
    conn: &mut DbConn,
    actor: &Actor,
    id: JobId,
    corrections: &ImportCorrections,
) -> Result<Corrected> {
    let (input, own) = own_input(conn, actor, id)?;
    if !own {
        return Err(Error::not_found());
    }
    let job = jobs::read(conn, actor, id)?;
    if job.finished_at.is_none() {
        return Err(Error::conflict("/state", "job_has_not_ended"));
    }
    let lines: Vec<i64> = corrections.records.iter().map(|record| record.line).collect();
    let known = store::known_lines(conn, id, &lines)?;
    let unknown = lines.iter().enumerate().filter(|(_, line)| !known.contains(line));
    let wrong: Vec<FieldError> =
        unknown.map(|(at, _)| FieldError::new(format!("/records/{at}/line"), "no_such_record")).collect();
    if !wrong.is_empty() {
        return Err(Error::fields(wrong));
    }
    Ok(Corrected { input, title: job.title, dry_run: job.dry_run })
}

/// Writes corrected records as a file of their own.
///
/// # Errors
/// 422 for a record that has not as many values as there are columns; when the file system fails.
pub fn corrected_file(
    files: &FileStore,
    actor: &Actor,
    of: &Corrected,
    corrections: &ImportCorrections,
) -> Result<Stored> {
    let columns = &of.input.columns;
    let mut wrong = Vec::new();
    for (at, record) in corrections.records.iter().enumerate() {
        if record.values.len() != columns.len() {
            let field = FieldError::new(format!("/records/{at}/values"), "ragged_record");
            wrong.push(field.with("expected", columns.len()).with("found", record.values.len()));
        }
    }
    if !wrong.is_empty() {
        return Err(Error::fields(wrong));
    }
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(columns).map_err(Error::internal)?;
    for record in &corrections.records {
        writer.write_record(&record.values).map_err(Error::internal)?;
    }
    let text = writer.into_inner().map_err(Error::internal)?;
    let mut received = Received::begin(files, actor)?;
    received.take(&text)?;
    received.end()
}

/// Starts the import of corrected records.
///
/// # Errors
/// When the database fails.
pub fn correct(conn: &mut DbConn, actor: &Actor, of: &Corrected, stored: &Stored) -> Result<JobId> {
    let upload = super::receive(conn, actor, &of.title, stored)?;
    let Sent(UploadRow { id, bytes, digest, .. }) = super::find(conn, actor, upload)?;
    let layout = FileLayout {
        encoding: Some(TextEncoding::Utf8),
        delimiter: Some(Delimiter::Comma),
        header_record: Some(1),
        profile: Some(CsvProfile::Raw),
    };
    let input = Input {
        upload_id: id.uuid(),
        bytes,
        digest: hexadecimal(&digest),
        layout,
        // They name lines of the other file.
        decisions: Vec::new(),
        ..of.input.clone()
    };
    start(conn, actor, &Checked { input, title: of.title.clone(), dry_run: of.dry_run })
}
