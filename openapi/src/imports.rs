use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use uuid::Uuid;
use validator::Validate;

use crate::{
    CsvProfile, Delimiter, DuplicateAction, DuplicateLikeness, FieldProblem, ImportField, ImportTarget,
    Instant, RecordField, TextEncoding, UserRef,
};

/// What the query of an upload says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(utoipa::IntoParams))]
#[cfg_attr(feature = "schema", into_params(parameter_in = Query))]
#[serde(deny_unknown_fields)]
pub struct UploadQuery {
    /// Name of the file.
    #[validate(length(min = 1, max = 200))]
    #[cfg_attr(feature = "schema", param(min_length = 1, max_length = 200, example = "customers.csv"))]
    pub name: String,
    /// Of a workbook, the sheet to take; without it, the first visible one that has cells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[validate(length(min = 1, max = 31))]
    #[cfg_attr(feature = "schema", param(min_length = 1, max_length = 31, nullable = false))]
    pub sheet: Option<String>,
}

/// How a file is read. What is not said is found out from the file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema, utoipa::IntoParams))]
#[cfg_attr(feature = "schema", into_params(parameter_in = Query))]
#[serde(deny_unknown_fields, default)]
pub struct FileLayout {
    /// How characters are written.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schema(nullable = false), param(nullable = false, inline))]
    pub encoding: Option<TextEncoding>,
    /// What stands between values.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schema(nullable = false), param(nullable = false, inline))]
    pub delimiter: Option<Delimiter>,
    /// Which record names the columns, counted from 1 without empty lines; those before it are left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[validate(range(min = 1, max = 100))]
    #[cfg_attr(
        feature = "schema",
        schema(minimum = 1, maximum = 100, nullable = false),
        param(minimum = 1, maximum = 100, nullable = false)
    )]
    pub header_record: Option<u32>,
    /// Whether values are guarded against being taken for formulas.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schema(nullable = false), param(nullable = false, inline))]
    pub profile: Option<CsvProfile>,
}

/// What the query of a file of problems says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(utoipa::IntoParams))]
#[cfg_attr(feature = "schema", into_params(parameter_in = Query))]
#[serde(deny_unknown_fields, default)]
pub struct ProblemsFileQuery {
    /// Only records after this line; a file holds 10,000 of them at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[validate(range(min = 0))]
    #[cfg_attr(feature = "schema", param(minimum = 0, nullable = false))]
    pub after_line: Option<i64>,
}

/// A file that was sent, and how it is read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Upload {
    pub id: Uuid,
    #[cfg_attr(feature = "schema", schema(example = "customers.csv"))]
    pub name: String,
    /// Size in bytes; of a workbook, that of its text.
    pub bytes: i64,
    /// SHA-256 of the file, of a workbook that of its text, in hexadecimal digits.
    pub digest: String,
    /// How it is read, nothing left open.
    pub layout: FileLayout,
    pub columns: Vec<UploadColumn>,
    pub created_at: Instant,
    pub expires_at: Instant,
}

/// A column of a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct UploadColumn {
    #[cfg_attr(feature = "schema", schema(example = "姓名"))]
    pub name: String,
    /// Its first values, at most five.
    pub samples: Vec<String>,
    /// What it seems to hold, by its name.
    pub suggestion: Option<ImportField>,
}

/// An import to be started.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct NewImport {
    pub upload_id: Uuid,
    #[serde(default)]
    #[validate(nested)]
    pub layout: FileLayout,
    #[validate(nested)]
    pub mapping: ImportMapping,
    /// Tells what would be done and does nothing.
    #[serde(default)]
    pub dry_run: bool,
    /// What is done with a record whose customer is not found by its key but may be one that is there: the same identity document, or the same
    /// phone and name. Also with a record whose identity document an earlier one of the file has.
    #[serde(default, skip_serializing_if = "is_usual")]
    pub duplicates: DuplicateAction,
    /// What is done with single ones of these, instead.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[validate(length(max = 1000), nested)]
    #[cfg_attr(feature = "schema", schema(max_items = 1000))]
    pub decisions: Vec<DuplicateDecision>,
}

fn is_usual(action: &DuplicateAction) -> bool {
    *action == DuplicateAction::Keep
}

/// What is done with one record whose customer may be there already.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct DuplicateDecision {
    /// Line of the file on which the record begins.
    #[validate(range(min = 1))]
    #[cfg_attr(feature = "schema", schema(minimum = 1, example = 17))]
    pub row: i64,
    pub action: DuplicateAction,
}

/// A record of an import whose customer may be there already.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct ImportDuplicate {
    /// Line of the file on which the record begins, counted from 1.
    pub line: i64,
    pub likeness: DuplicateLikeness,
    /// What was done with it, or would be.
    pub action: DuplicateAction,
    /// The customer that it may be; null for one whom the caller does not see, and where it is that of another record.
    pub customer: Option<LikelyCustomer>,
    /// Where such a customer is looked after whom the caller does not see.
    #[cfg_attr(feature = "schema", schema(example = "浦东支行"))]
    pub looked_after_by: Option<String>,
    /// The line of the earlier record of the file that has the same identity document.
    pub of_line: Option<i64>,
}

/// A customer that a record of a file may be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct LikelyCustomer {
    pub id: Uuid,
    #[cfg_attr(feature = "schema", schema(example = "C000000018"))]
    pub customer_no: String,
    /// The name, masked but for its first character.
    #[cfg_attr(feature = "schema", schema(example = "王*"))]
    pub masked_name: String,
}

/// A mapping to be kept under a name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct SavedMappingDefinition {
    /// No other of one's own has it; of those that are shared, none in the bank.
    #[validate(length(min = 1, max = 100))]
    #[cfg_attr(feature = "schema", schema(min_length = 1, max_length = 100, example = "核心系统月报"))]
    pub name: String,
    /// Whether everybody who imports may use it.
    #[serde(default)]
    pub shared: bool,
    /// The columns of the file that it was made for, in their order.
    #[validate(length(min = 1, max = 200))]
    #[cfg_attr(feature = "schema", schema(min_items = 1, max_items = 200))]
    pub columns: Vec<String>,
    #[validate(nested)]
    pub mapping: ImportMapping,
}

/// A mapping that is kept under a name, as lists have it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct SavedMappingRef {
    pub id: Uuid,
    pub name: String,
    pub shared: bool,
    pub created_by: UserRef,
    /// The columns of the file that it was made for, in their order.
    pub columns: Vec<String>,
    /// Those of them that it needs: it fits any file that has these.
    pub used_columns: Vec<String>,
    pub version: i64,
    pub updated_at: Instant,
}

/// A mapping that is kept under a name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct SavedMapping {
    #[serde(flatten)]
    pub known: SavedMappingRef,
    pub mapping: ImportMapping,
    pub created_at: Instant,
}

/// What becomes of the columns of a file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ImportMapping {
    /// The system that the file comes from: customers are found again by it and by their key there.
    #[validate(length(min = 1, max = 40))]
    #[cfg_attr(feature = "schema", schema(min_length = 1, max_length = 40, example = "core_banking"))]
    pub source: String,
    /// What a record says of a customer. Unit, owner, identity document and contact points are those of new customers: of a known one they stay as
    /// they are.
    #[validate(length(min = 1, max = 60), nested)]
    #[cfg_attr(feature = "schema", schema(min_items = 1, max_items = 60))]
    pub customer: Vec<FieldMapping>,
    /// What it says besides: of what the customer holds, of contacts, of answers to surveys, of relations to other customers and of households.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[validate(length(max = 20), nested)]
    #[cfg_attr(feature = "schema", schema(max_items = 20))]
    pub records: Vec<RecordMapping>,
}

/// A holding, a contact, an answer, a relation or a place in a household that each record of a file may bring along.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct RecordMapping {
    pub target: ImportTarget,
    /// What tells it from others of the same target and customer, such as an account number: a template as in `from`. With the key of the customer
    /// it is found again, so that the same file changes nothing and another amount moves the holding that is there. Only a keyed hash of it is kept.
    /// Of a relation, who the other one is and in which role belong to it as well: another one is another relation. Of a household it is the key
    /// of the household, whichever customer's record it stands in.
    #[validate(length(min = 1, max = 500))]
    #[cfg_attr(feature = "schema", schema(min_length = 1, max_length = 500, example = "{Account}"))]
    pub key: String,
    /// Only records for which this holds bring it: the grammar of filters, with names of columns as strings. A number compares a column as a number,
    /// a string as text, and null asks whether it is empty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[validate(length(min = 1, max = 2048))]
    #[cfg_attr(
        feature = "schema",
        schema(min_length = 1, max_length = 2048, nullable = false, example = "\"Complain\" eq 1")
    )]
    pub when: Option<String>,
    #[validate(length(min = 1, max = 60), nested)]
    #[cfg_attr(feature = "schema", schema(min_items = 1, max_items = 60))]
    pub fields: Vec<RecordFieldMapping>,
}

/// What a field of what a record brings is made of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct RecordFieldMapping {
    pub field: RecordField,
    /// Key of the question that an `answer` is to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[validate(length(min = 1, max = 30))]
    #[cfg_attr(feature = "schema", schema(min_length = 1, max_length = 30, nullable = false))]
    pub question: Option<String>,
    /// A text with the names of columns in braces, as of the customer.
    #[validate(length(min = 1, max = 500))]
    #[cfg_attr(feature = "schema", schema(min_length = 1, max_length = 500, example = "{Balance}"))]
    pub from: String,
    /// What values of the file become.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[cfg_attr(feature = "schema", schema(value_type = Object, nullable = false))]
    pub values: BTreeMap<String, String>,
    /// Taken where the file has nothing, or a value that says nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[validate(length(max = 500))]
    #[cfg_attr(feature = "schema", schema(max_length = 500, nullable = false))]
    pub otherwise: Option<String>,
}

/// What a field is made of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct FieldMapping {
    pub field: ImportField,
    /// A text with the names of columns in braces, such as `{Surname}`. Without braces it is the same for every record. Braces of the text
    /// itself are doubled.
    #[validate(length(min = 1, max = 500))]
    #[cfg_attr(feature = "schema", schema(min_length = 1, max_length = 500, example = "{姓名}"))]
    pub from: String,
    /// What values of the file become; a value that is not in it stays as it is, if it says something by itself.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[cfg_attr(feature = "schema", schema(value_type = Object, nullable = false))]
    pub values: BTreeMap<String, String>,
    /// Taken where the file has nothing, or a value that says nothing: one that is no code, nor a word for one; of other fields one that `values`,
    /// where there are some, does not have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[validate(length(max = 500))]
    #[cfg_attr(feature = "schema", schema(max_length = 500, nullable = false))]
    pub otherwise: Option<String>,
}

/// What an import was told to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct ImportDetails {
    /// The file; it is kept for seven days after the start.
    pub upload_id: Option<Uuid>,
    /// SHA-256 of the file, in hexadecimal digits.
    pub digest: String,
    pub layout: FileLayout,
    pub mapping: ImportMapping,
    /// The columns of the file.
    pub columns: Vec<String>,
    /// What is done with records whose customer may be there already.
    #[serde(default)]
    pub duplicates: DuplicateAction,
    /// What is done with single ones of these, instead.
    #[serde(default)]
    pub decisions: Vec<DuplicateDecision>,
}

/// A record that was not taken.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct ImportProblem {
    /// Line of the file on which the record begins, counted from 1.
    pub line: i64,
    /// The record, in the order of the columns. Null for others than the user who started the import.
    pub values: Option<Vec<String>>,
    pub problems: Vec<RecordProblem>,
}

/// What is wrong with a record.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct RecordProblem {
    /// The column whose value is wrong; null where it is the record itself.
    pub column: Option<String>,
    /// The field that it was to become.
    pub field: Option<ImportField>,
    #[serde(flatten)]
    pub problem: FieldProblem,
}

/// Records of an import that were not taken, put right.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ImportCorrections {
    #[validate(length(min = 1, max = 1000), nested)]
    #[cfg_attr(feature = "schema", schema(min_items = 1, max_items = 1000))]
    pub records: Vec<CorrectedRecord>,
}

/// A record as it should have been.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct CorrectedRecord {
    /// The line of the record that it takes the place of.
    #[validate(range(min = 1))]
    #[cfg_attr(feature = "schema", schema(minimum = 1, example = 17))]
    pub line: i64,
    /// In the order of the columns.
    #[validate(length(max = 200))]
    #[cfg_attr(feature = "schema", schema(max_items = 200))]
    pub values: Vec<String>,
}
