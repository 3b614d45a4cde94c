use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What went wrong (RFC 9457, `application/problem+json`). `code` is stable; `title` and `detail` are in the language asked for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Problem {
    /// A readable page about this kind of problem.
    #[serde(rename = "type")]
    #[cfg_attr(feature = "schema", schema(example = "/problems/validation_failed"))]
    pub kind: String,
    #[cfg_attr(feature = "schema", schema(example = "Validation failed"))]
    pub title: String,
    /// The status of the answer.
    #[cfg_attr(feature = "schema", schema(minimum = 400, maximum = 599, example = 422))]
    pub status: u16,
    #[cfg_attr(feature = "schema", schema(example = "validation_failed"))]
    pub code: String,
    #[cfg_attr(feature = "schema", schema(example = "1 field is not valid"))]
    pub detail: String,
    /// Names this request in the server's log.
    pub request_id: String,
    /// The fields that are wrong, if it is about fields.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "schema", schema(nullable = false))]
    pub errors: Vec<FieldProblem>,
}

/// One field that is wrong.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct FieldProblem {
    /// JSON pointer into the body, or the name of a query parameter.
    #[cfg_attr(feature = "schema", schema(example = "/contact_points/0/value"))]
    pub pointer: String,
    #[cfg_attr(feature = "schema", schema(example = "phone_format"))]
    pub code: String,
    /// Figures of the rule, such as its maximum.
    #[serde(default, skip_serializing_if = "serde_json::Map::is_empty")]
    #[cfg_attr(feature = "schema", schema(value_type = Object, nullable = false))]
    pub params: serde_json::Map<String, Value>,
    pub message: String,
}
