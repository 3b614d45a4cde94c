//! Records whose customer may be there already: found a step at a time, decided by what the import was told, and kept to be looked at.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use guanxi_api::{
    BulkCustomer, DuplicateAction, DuplicateLikeness, ExternalId, ImportDuplicate, LikelyCustomer, ListQuery,
    Page,
};
use guanxi_db::{DbConn, Id, Value};

use crate::access::{Actor, Keys};
use crate::customers::{self, CustomerId, House};
use crate::error::{Error, Result};
use crate::imports::Input;
use crate::imports::mapping::Line;
use crate::imports::start::own_columns;
use crate::imports::store::{self, DuplicateRow};
use crate::jobs::JobId;
use crate::listing::filter::FieldType;
use crate::listing::{Field, ListRequest, Resource, set_total};

/// Records whose customer may be there already, in the order of the file.
pub(crate) static DUPLICATES: Resource = Resource {
    name: "import-duplicates",
    fields: &[
        Field::new("line", "import_duplicate.line", FieldType::Integer).sortable(),
        Field::new("likeness", "import_duplicate.likeness", FieldType::Code(DuplicateLikeness::CODES)),
        Field::new("action", "import_duplicate.action", FieldType::Code(DuplicateAction::CODES)),
    ],
    default_sort: "line",
    id_column: "import_duplicate.id",
    unless_asked: None,
};

/// Characters of a masked name at most.
const MASKED: usize = 6;

/// The identity documents that have been met in a file, by their hashes, each with the line of the first record that has it.
#[derive(Default)]
pub(super) struct Documents(HashMap<u64, i64>);

impl Documents {
    /// The earlier record that has the same document.
    pub(super) fn earlier(&mut self, document: Option<&str>, line: u64) -> Option<i64> {
        let mut hasher = DefaultHasher::new();
        document?.hash(&mut hasher);
        let line = i64::try_from(line).unwrap_or(i64::MAX);
        let first = *self.0.entry(hasher.finish()).or_insert(line);
        (first != line).then_some(first)
    }
}

/// A record whose customer may be there already.
#[derive(Clone, Copy, Debug)]
pub(super) struct Found {
    pub(super) likeness: DuplicateLikeness,
    /// None where it is that of an earlier record which is not written yet.
    pub(super) customer: Option<CustomerId>,
    pub(super) of_line: Option<i64>,
    pub(super) action: DuplicateAction,
}

/// What is known of the customers of a step's records.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// Those that may be there already.
    pub(super) found: Vec<Option<Found>>,
    /// Those that are found by their keys.
    pub(super) keyed: Vec<Option<CustomerId>>,
}

/// Finds which records of a step may be about customers that are there, or about those of earlier records. Those that are found by their
/// keys are not.
///
/// # Errors
/// When the database fails.
pub(super) fn find(
    conn: &mut DbConn,
    actor: &Actor,
    house: House<'_>,
    input: &Input,
    lines: &[(i64, Option<i64>, &Result<Line>)],
) -> Result<Known> {
    let told: Vec<Option<&BulkCustomer>> =
        lines.iter().map(|(_, _, line)| line.as_ref().ok().map(|line| &line.customer)).collect();
    let keys: Vec<&ExternalId> = told.iter().flatten().map(|line| &line.external).collect();
    let known = customers::ids_by_keys(conn, &keys)?;
    let keyed: Vec<Option<CustomerId>> = told
        .iter()
        .map(|line| line.as_ref().and_then(|line| known.get(&line.external.id).copied()))
        .collect();
    let new: Vec<Option<&BulkCustomer>> =
        told.into_iter().map(|line| line.filter(|line| !known.contains_key(&line.external.id))).collect();
    let likely = customers::likely(conn, actor, house, &new)?;
    let found = lines.iter().zip(new.iter().zip(likely)).map(|((line, of_line, _), (new, likely))| {
        new.as_ref()?;
        let likeness = match (likely, of_line) {
            (Some(likely), _) => likely.likeness,
            (None, Some(_)) => DuplicateLikeness::IdentityDocument,
            (None, None) => return None,
        };
        let decided = input.decisions.iter().find(|decision| decision.row == *line);
        Some(Found {
            likeness,
            customer: likely.map(|likely| likely.id),
            of_line: *of_line,
            action: decided.map_or(input.duplicates, |decision| decision.action),
        })
    });
    Ok(Known { found: found.collect(), keyed })
}

/// What was found, as it is kept.
pub(super) fn row(actor: &Actor, job_id: JobId, line: i64, found: &Found) -> DuplicateRow {
    DuplicateRow {
        id: actor.new_id(),
        job_id,
        line,
        customer_id: found.customer,
        of_line: found.of_line,
        likeness: found.likeness.as_str().to_owned(),
        action: found.action.as_str().to_owned(),
    }
}

/// A name of which only the first character is told, and about how long it is.
fn masked(name: &str) -> String {
    let mut characters = name.trim().chars();
    let first: String = characters.next().into_iter().collect();
    let rest = characters.count().min(MASKED - 1);
    first + &"*".repeat(rest)
}

/// The records of an import whose customer may be there already, in the order of the file. Of customers whom the actor does not see
/// it is told where they are looked after.
///
/// # Errors
/// 404 when there is no such job; else as every list.
pub fn duplicates(
    conn: &mut DbConn,
    actor: &Actor,
    keys: &Keys,
    job: JobId,
    query: ListQuery,
) -> Result<Page<ImportDuplicate>> {
    own_columns(conn, actor, job)?;
    let asked = ListRequest { q: Some(job.to_string()), ..ListRequest::from(query) };
    let listing = asked.read(&DUPLICATES, actor, keys.cursor())?;
    let mut rows = store::duplicates(conn, job, listing.condition(), listing.ordering(), listing.rows())?;
    let sort_value = |row: &DuplicateRow, _: &str| Value::Integer(row.line);
    let mut info = listing.page(&mut rows, keys.cursor(), sort_value, |row| Id::new(row.id.uuid()))?;
    if listing.total {
        set_total(&mut info, store::count_duplicates(conn, job, listing.filter.clone())?);
    }
    let ids: Vec<CustomerId> = rows.iter().filter_map(|row| row.customer_id).collect();
    let told = customers::likely_told(conn, actor, &ids)?;
    let none = || Error::internal("a code that is none");
    let data = rows.into_iter().map(|row| {
        let of = row.customer_id.and_then(|id| Some((id, told.get(&id)?)));
        Ok(ImportDuplicate {
            line: row.line,
            likeness: DuplicateLikeness::from_code(&row.likeness).ok_or_else(none)?,
            action: DuplicateAction::from_code(&row.action).ok_or_else(none)?,
            customer: of.filter(|(_, told)| told.seen).map(|(id, told)| LikelyCustomer {
                id: id.uuid(),
                customer_no: told.customer_no.clone(),
                masked_name: masked(&told.name),
            }),
            looked_after_by: of
                .filter(|(_, told)| !told.seen)
                .map(|(_, told)| told.unit.in_language(actor.language()).to_owned()),
            of_line: row.of_line,
        })
    });
    Ok(Page { data: data.collect::<Result<_>>()?, page: info })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_masked_name_tells_its_first_character() {
        assert_eq!(masked("王伟"), "王*");
        assert_eq!(masked("Alexandra"), "A*****");
        assert_eq!(masked(""), "");
    }

    #[test]
    fn the_first_record_with_a_document_is_nobodys_duplicate() {
        let mut documents = Documents::default();
        assert_eq!(documents.earlier(Some("1"), 2), None);
        assert_eq!(documents.earlier(None, 3), None);
        assert_eq!(documents.earlier(Some("1"), 4), Some(2));
        assert_eq!(documents.earlier(Some("1"), 5), Some(2));
    }
}
