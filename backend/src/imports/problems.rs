use guanxi_api::{FieldProblem, ImportField, ImportProblem, Language, ListQuery, Page, RecordProblem};
use guanxi_db::{DbConn, Doc, Id, Value};
use serde::{Deserialize, Serialize};
use serde_json::Map;

use crate::access::sealing::Context;
use crate::access::{Actor, Keys};
use crate::error::{Code, Error, FieldError, Result};
use crate::imports::ImportProblemId;
use crate::imports::mapping::Plan;
use crate::imports::reading::Record;
use crate::imports::start::{own_columns, own_input};
use crate::imports::store::{self, ProblemRow};
use crate::jobs::JobId;
use crate::listing::filter::FieldType;
use crate::listing::{Field, ListRequest, Resource, set_total};
use crate::{messages, spreadsheet};

/// Records that were not taken, in the order of the file.
pub(crate) static PROBLEMS: Resource = Resource {
    name: "import-problems",
    fields: &[Field::new("line", "import_problem.line", FieldType::Integer).sortable()],
    default_sort: "line",
    id_column: "import_problem.id",
    unless_asked: None,
};

/// Most records of a file of problems, how many of them are read at a time, and after how many bytes it ends.
const FILE_RECORDS: i64 = 10_000;
const FILE_STEP: i64 = 200;
const FILE_BYTES: usize = 16 * 1024 * 1024;

/// What is wrong with a record, as it is kept: the words come when it is read.
#[derive(Debug, Serialize, Deserialize)]
struct Kept {
    column: Option<usize>,
    field: Option<ImportField>,
    pointer: String,
    code: String,
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    params: Map<String, serde_json::Value>,
}

fn context(id: &ImportProblemId) -> [u8; 16] {
    *id.uuid().as_bytes()
}

fn sealed_at(id: &[u8]) -> Context<'_> {
    Context { table: "import_problem", column: "record", id }
}

/// A record that was not taken, as a row.
pub(super) fn row(
    actor: &Actor,
    keys: &Keys,
    job: JobId,
    plan: &Plan,
    record: &Record,
    error: &Error,
) -> Result<ProblemRow> {
    let id: ImportProblemId = actor.new_id();
    // Keys of customers whom the actor does not see are the one thing that is wrong with no value.
    let whole = [match error.code {
        Code::NotFound => FieldError::new("", "customer_out_of_reach"),
        other => FieldError::new("", other.as_str()),
    }];
    let fields = if error.fields.is_empty() { &whole[..] } else { &error.fields };
    let kept: Vec<Kept> = fields
        .iter()
        .map(|field| {
            let (of, column) = plan.origin(record, &field.pointer);
            Kept {
                column,
                field: of,
                pointer: field.pointer.clone(),
                code: field.code.to_string(),
                params: field.params.clone(),
            }
        })
        .collect();
    sealed(keys, id, job, i64::try_from(record.line).unwrap_or(i64::MAX), &record.values, &kept)
}

/// Something of a record that an undoing leaves as it is, as a row.
pub(super) fn left(
    actor: &Actor,
    keys: &Keys,
    job: JobId,
    line: i64,
    why: &FieldError,
) -> Result<ProblemRow> {
    let kept = Kept {
        column: None,
        field: None,
        pointer: String::new(),
        code: why.code.to_string(),
        params: why.params.clone(),
    };
    sealed(keys, actor.new_id(), job, line, &[], &[kept])
}

fn sealed(
    keys: &Keys,
    id: ImportProblemId,
    job_id: JobId,
    line: i64,
    values: &[String],
    kept: &[Kept],
) -> Result<ProblemRow> {
    let values = serde_json::to_vec(values).map_err(Error::internal)?;
    let record = keys.data().seal(&values, &sealed_at(&context(&id))).map_err(Error::internal)?;
    let problems = Doc(serde_json::to_value(kept).map_err(Error::internal)?);
    Ok(ProblemRow { id, job_id, line, record, problems })
}

fn values(keys: &Keys, row: &ProblemRow) -> Result<Vec<String>> {
    let open = keys.data().open(&row.record, &sealed_at(&context(&row.id))).map_err(Error::internal)?;
    serde_json::from_slice(&open).map_err(Error::internal)
}

fn told(language: Language, columns: &[String], row: &ProblemRow) -> Result<Vec<RecordProblem>> {
    let kept: Vec<Kept> = serde_json::from_value(row.problems.0.clone()).map_err(Error::internal)?;
    let told = kept.into_iter().map(|kept| RecordProblem {
        column: kept.column.and_then(|at| columns.get(at)).cloned(),
        field: kept.field,
        problem: FieldProblem {
            message: messages::field(language, &kept.code, &kept.params),
            pointer: kept.pointer,
            code: kept.code,
            params: kept.params,
        },
    });
    Ok(told.collect())
}

/// The records of an import that were not taken, in the order of the file; what they say, only to who started it. Of an undoing, the records
/// of which something was left as it is.
///
/// # Errors
/// 404 when there is no such job; else as every list.
pub fn problems(
    conn: &mut DbConn,
    actor: &Actor,
    keys: &Keys,
    job: JobId,
    query: ListQuery,
) -> Result<Page<ImportProblem>> {
    let (columns, own) = own_columns(conn, actor, job)?;
    let asked = ListRequest { q: Some(job.to_string()), ..ListRequest::from(query) };
    let listing = asked.read(&PROBLEMS, actor, keys.cursor())?;
    let mut rows = store::problems(conn, job, listing.condition(), listing.ordering(), listing.rows())?;
    let sort_value = |row: &ProblemRow, _: &str| Value::Integer(row.line);
    let mut info = listing.page(&mut rows, keys.cursor(), sort_value, |row| Id::new(row.id.uuid()))?;
    if listing.total {
        set_total(&mut info, store::count_problems(conn, job, listing.filter.clone())?);
    }
    let data = rows.iter().map(|row| {
        Ok(ImportProblem {
            line: row.line,
            values: if own { Some(values(keys, row)?) } else { None },
            problems: told(actor.language(), &columns, row)?,
        })
    });
    Ok(Page { data: data.collect::<Result<_>>()?, page: info })
}

/// Names the column of a file of problems that says on which line of the first file a record stood; by it such a file is known again.
pub(super) const LINE_COLUMN: &str = "guanxi_line";
const PROBLEM_COLUMN: &str = "guanxi_problem";

/// The records of an import that were not taken, as a file in the form in which they came, with two more columns: the line and what is
/// wrong. Put right, it can be imported as it is.
///
/// # Errors
/// 404 when the job is not one's own.
pub fn problems_file(
    conn: &mut DbConn,
    actor: &Actor,
    keys: &Keys,
    job: JobId,
    after_line: i64,
) -> Result<Vec<u8>> {
    let (input, own) = own_input(conn, actor, job)?;
    if !own {
        return Err(Error::not_found());
    }
    // A file of problems that is imported has the two columns already.
    let is_own = |name: &str| name == LINE_COLUMN || name == PROBLEM_COLUMN;
    let kept: Vec<usize> =
        input.columns.iter().enumerate().filter(|(_, name)| !is_own(name)).map(|(at, _)| at).collect();
    let of_kept = |record: &[String]| -> Vec<String> {
        kept.iter().map(|at| spreadsheet::guarded(record.get(*at).map_or("", String::as_str))).collect()
    };
    // Table programs know UTF-8 by its mark.
    let mut writer = csv::WriterBuilder::new().flexible(true).from_writer("\u{FEFF}".as_bytes().to_vec());
    let mut header = of_kept(&input.columns);
    header.extend([LINE_COLUMN.to_owned(), PROBLEM_COLUMN.to_owned()]);
    writer.write_record(&header).map_err(Error::internal)?;
    let (mut after, mut count) = (after_line, 0);
    while count < FILE_RECORDS && writer.get_ref().len() < FILE_BYTES {
        let rows = store::problems_after(conn, job, after, FILE_STEP)?;
        let Some(last) = rows.last() else { break };
        (after, count) = (last.line, count + FILE_STEP);
        for row in &rows {
            let whole = values(keys, row)?;
            let mut record = of_kept(&whole);
            record.push(row.line.to_string());
            let told = told(actor.language(), &input.columns, row)?;
            let texts = told.into_iter().map(|told| match told.column {
                Some(column) => format!("{column}: {}", told.problem.message),
                None => told.problem.message,
            });
            record.push(spreadsheet::guarded(&texts.collect::<Vec<_>>().join(" ")));
            // Values beyond the columns stay beyond them, so that the record is refused until somebody has looked at it.
            record.extend(whole.iter().skip(input.columns.len()).map(|value| spreadsheet::guarded(value)));
            writer.write_record(&record).map_err(Error::internal)?;
        }
    }
    writer.into_inner().map_err(Error::internal)
}
