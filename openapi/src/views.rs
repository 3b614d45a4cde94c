use serde::{Deserialize, Serialize};
use uuid::Uuid;
use validator::Validate;

use crate::codes::codes;
use crate::common::{clearable, present};
use crate::session::column_names;
use crate::{Include, Instant, UserRef};

codes! {
    /// A list that has views.
    ViewList {
        Customers = "customers",
    }
}

codes! {
    /// Who has a view.
    ViewSharing {
        /// Its owner alone.
        Private = "private",
        /// Everybody of the unit that its owner was of when it was shared, and of the units below.
        Unit = "unit",
        /// Everybody.
        Bank = "bank",
    }
}

/// A filter, an order and columns of a list under a name. It shows nobody more than the list itself: whoever opens it sees their own rows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct SavedView {
    pub id: Uuid,
    pub list: ViewList,
    #[cfg_attr(feature = "schema", schema(example = "白金以上，两周未联系"))]
    pub name: String,
    pub sharing: ViewSharing,
    /// As the list takes it; null for all rows that it shows without one.
    #[cfg_attr(feature = "schema", schema(example = r#"tier in ("platinum", "diamond")"#))]
    pub filter: Option<String>,
    /// As the list takes it; null for the order of the list.
    #[cfg_attr(feature = "schema", schema(example = "-aum"))]
    pub sort: Option<String>,
    /// Columns in their order; none for those that the user has chosen.
    pub columns: Vec<String>,
    /// Whether the user who asks has chosen to see it first.
    pub is_default: bool,
    /// Whether the user who asks may change and delete it.
    pub can_change: bool,
    /// The list refuses it to the user who asks: it filters or sorts by what they see masked, or by what there is no longer.
    pub refused: bool,
    pub owner: UserRef,
    pub version: i64,
    pub updated_at: Instant,
}

/// A view to be kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct NewSavedView {
    pub list: ViewList,
    #[validate(length(min = 1, max = 60))]
    #[cfg_attr(
        feature = "schema",
        schema(min_length = 1, max_length = 60, example = "白金以上，两周未联系")
    )]
    pub name: String,
    #[serde(default = "private")]
    #[cfg_attr(feature = "schema", schema(default = "private"))]
    pub sharing: ViewSharing,
    /// The filter grammar of the list; fields that may not stand in an address are refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[validate(length(min = 1, max = 2048))]
    #[cfg_attr(
        feature = "schema",
        schema(min_length = 1, max_length = 2048, example = r#"tier in ("platinum", "diamond")"#)
    )]
    pub filter: Option<String>,
    /// Sort keys of the list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[validate(length(min = 1, max = 200))]
    #[cfg_attr(feature = "schema", schema(min_length = 1, max_length = 200, example = "-aum"))]
    pub sort: Option<String>,
    #[serde(default)]
    #[validate(length(max = 40), custom(function = column_names))]
    #[cfg_attr(feature = "schema", schema(max_items = 40))]
    pub columns: Vec<String>,
}

fn private() -> ViewSharing {
    ViewSharing::Private
}

/// Changes to a view; absent members stay as they are, `null` clears.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields, default)]
pub struct SavedViewPatch {
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    #[validate(length(min = 1, max = 60))]
    #[cfg_attr(feature = "schema", schema(min_length = 1, max_length = 60, nullable = false))]
    pub name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    #[cfg_attr(feature = "schema", schema(nullable = false))]
    pub sharing: Option<ViewSharing>,
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "clearable")]
    #[validate(length(min = 1, max = 2048))]
    #[cfg_attr(feature = "schema", schema(value_type = Option<String>, min_length = 1, max_length = 2048))]
    pub filter: Option<Option<String>>,
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "clearable")]
    #[validate(length(min = 1, max = 200))]
    #[cfg_attr(feature = "schema", schema(value_type = Option<String>, min_length = 1, max_length = 200))]
    pub sort: Option<Option<String>>,
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    #[validate(length(max = 40), custom(function = column_names))]
    #[cfg_attr(feature = "schema", schema(nullable = false, max_items = 40))]
    pub columns: Option<Vec<String>>,
}

/// What is asked of the list of views.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(utoipa::IntoParams))]
#[cfg_attr(feature = "schema", into_params(parameter_in = Query))]
#[serde(deny_unknown_fields)]
pub struct ViewListQuery {
    /// Only views of this list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", param(nullable = false, inline))]
    pub list: Option<ViewList>,
    /// Filter expression, such as `sharing eq "bank"`.
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
    /// `page.next` of the page before, with the same list, filter and sort.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", param(max_length = 4096, nullable = false))]
    pub cursor: Option<String>,
    /// `total` counts the whole list, to 10,000.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", param(nullable = false))]
    pub include: Option<Include>,
}
