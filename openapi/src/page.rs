use serde::{Deserialize, Serialize};
use validator::Validate;

/// One page of a list. Follow `page.next` (or the `Link` header) until it is null.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Page<T> {
    pub data: Vec<T>,
    pub page: PageInfo,
}

/// Where a page stands in its list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct PageInfo {
    /// Cursor of the next page; null on the last one.
    pub next: Option<String>,
    /// Rows a page.
    #[cfg_attr(feature = "schema", schema(minimum = 1, maximum = 200))]
    pub limit: u32,
    /// Number of rows in the whole list, only when asked for with `include=total`; counted to 10,000.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schema(nullable = false))]
    pub total: Option<u32>,
    /// False when there are more than 10,000 rows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schema(nullable = false))]
    pub total_exact: Option<bool>,
}

/// What is asked of a list.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(utoipa::IntoParams))]
#[cfg_attr(feature = "schema", into_params(parameter_in = Query))]
#[serde(deny_unknown_fields)]
pub struct ListQuery {
    /// Filter expression, such as `status eq "active" and tier in ("gold","platinum")`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", param(max_length = 2048, nullable = false))]
    pub filter: Option<String>,
    /// Sort keys, comma-separated, `-` for descending.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", param(max_length = 200, nullable = false))]
    pub sort: Option<String>,
    /// Rows a page, 1 to 200; 50 unless told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[validate(range(min = 1, max = 200))]
    #[cfg_attr(feature = "schema", param(minimum = 1, maximum = 200, nullable = false))]
    pub limit: Option<u32>,
    /// `page.next` of the page before, with the same filter and sort.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", param(max_length = 4096, nullable = false))]
    pub cursor: Option<String>,
    /// `total` counts the whole list, to 10,000.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", param(nullable = false))]
    pub include: Option<Include>,
}

/// What a list may carry beside its rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Include {
    Total,
}
