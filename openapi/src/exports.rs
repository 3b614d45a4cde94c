use serde::{Deserialize, Serialize};
use uuid::Uuid;
use validator::Validate;

use crate::common::present;
use crate::{CsvProfile, ExportFormat, ExportList, Language};

/// A list that is to become a file. Search text and filters on personal data go through this body, since URLs are logged.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct NewExport {
    pub list: ExportList,
    /// Search text, of lists that are searched: customers and contacts.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    #[validate(length(min = 1, max = 100))]
    #[cfg_attr(feature = "schema", schema(min_length = 1, max_length = 100, nullable = false))]
    pub q: Option<String>,
    /// The filter grammar of the list; without it, the rows that the list shows without one.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    #[cfg_attr(
        feature = "schema",
        schema(max_length = 2048, nullable = false, example = "status eq \"active\"")
    )]
    pub filter: Option<String>,
    /// Sort keys of the list.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    #[cfg_attr(feature = "schema", schema(max_length = 200, nullable = false))]
    pub sort: Option<String>,
    /// Of the list of customers only these, instead of those that a search text or a filter finds; who is none that the user sees is left out.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    #[validate(length(min = 1, max = 1000))]
    #[cfg_attr(feature = "schema", schema(min_items = 1, max_items = 1000, nullable = false))]
    pub ids: Option<Vec<Uuid>>,
    /// Columns of the file, in their order, as a `raw` file names them; without it, all.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    #[validate(length(min = 1, max = 60))]
    #[cfg_attr(feature = "schema", schema(min_items = 1, max_items = 60, nullable = false, example = json!(["name", "aum", "currency"])))]
    pub columns: Option<Vec<String>>,
    pub format: ExportFormat,
    /// `spreadsheet` has words for codes and guards values that a table program would take for formulas; `raw` has codes, names of fields and
    /// values as they are, and needs a right of its own.
    #[serde(default = "spreadsheet")]
    #[cfg_attr(feature = "schema", schema(default = "spreadsheet"))]
    pub profile: CsvProfile,
    /// Of heads, words and names; that of the request, unless told otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    #[cfg_attr(feature = "schema", schema(nullable = false))]
    pub language: Option<Language>,
    /// Why so much is taken out; needed above 1,000 rows. Stands in the audit trail.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    #[validate(length(min = 10, max = 500))]
    #[cfg_attr(feature = "schema", schema(min_length = 10, max_length = 500, nullable = false))]
    pub reason: Option<String>,
}

/// Shows nothing of what is searched for.
impl std::fmt::Debug for NewExport {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewExport").field("list", &self.list).finish_non_exhaustive()
    }
}

fn spreadsheet() -> CsvProfile {
    CsvProfile::Spreadsheet
}

/// What an export was told to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct ExportDetails {
    pub list: ExportList,
    /// Whether a search text narrowed the list; nobody is shown it again.
    pub searched: bool,
    pub filter: Option<String>,
    pub sort: Option<String>,
    /// How many rows were chosen one by one; null where they were not.
    pub chosen: Option<i64>,
    /// The columns that were asked for; null for all.
    pub columns: Option<Vec<String>>,
    pub format: ExportFormat,
    pub profile: CsvProfile,
    pub language: Language,
    pub reason: Option<String>,
}
