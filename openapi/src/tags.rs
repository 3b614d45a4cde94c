use serde::{Deserialize, Serialize};
use uuid::Uuid;
use validator::Validate;

use crate::codes::codes;
use crate::common::{clearable, present};
use crate::{Instant, UserRef};

codes! {
    /// The colour of a tag.
    TagColour {
        Grey = "grey",
        Red = "red",
        Orange = "orange",
        Amber = "amber",
        Green = "green",
        Teal = "teal",
        Blue = "blue",
        Purple = "purple",
    }
}

/// A word of the bank's catalogue that customers are marked with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Tag {
    pub id: Uuid,
    #[cfg_attr(feature = "schema", schema(example = "外语服务"))]
    pub name: String,
    pub colour: TagColour,
    /// When it is to be used.
    pub description: Option<String>,
    /// How many customers of the bank have it, archived ones too.
    pub customers: i64,
    /// Since when it is given to nobody any more.
    pub archived_at: Option<Instant>,
    pub version: i64,
    pub created_at: Instant,
    pub updated_at: Instant,
}

/// A tag to be added to the catalogue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct NewTag {
    /// Not that of another tag, whatever its case, width and accents.
    #[validate(length(min = 1, max = 40))]
    #[cfg_attr(feature = "schema", schema(min_length = 1, max_length = 40, example = "外语服务"))]
    pub name: String,
    #[serde(default = "grey")]
    #[cfg_attr(feature = "schema", schema(default = "grey"))]
    pub colour: TagColour,
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    #[validate(length(min = 1, max = 200))]
    #[cfg_attr(feature = "schema", schema(min_length = 1, max_length = 200, nullable = false))]
    pub description: Option<String>,
}

fn grey() -> TagColour {
    TagColour::Grey
}

/// Changes to a tag; absent members stay as they are, `null` clears.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields, default)]
pub struct TagPatch {
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    #[validate(length(min = 1, max = 40))]
    #[cfg_attr(feature = "schema", schema(min_length = 1, max_length = 40, nullable = false))]
    pub name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    #[cfg_attr(feature = "schema", schema(nullable = false))]
    pub colour: Option<TagColour>,
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "clearable")]
    #[validate(length(min = 1, max = 200))]
    #[cfg_attr(feature = "schema", schema(value_type = Option<String>, min_length = 1, max_length = 200))]
    pub description: Option<Option<String>>,
}

/// A tag, named.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct TagRef {
    pub id: Uuid,
    #[cfg_attr(feature = "schema", schema(example = "外语服务"))]
    pub name: String,
    pub colour: TagColour,
    /// Given to nobody any more.
    pub archived: bool,
}

/// A tag that a customer has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct CustomerTag {
    pub tag: TagRef,
    pub added_at: Instant,
    /// Who gave it; null for a program.
    pub added_by: Option<UserRef>,
}

/// The tags of a customer, by name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct CustomerTags {
    #[cfg_attr(feature = "schema", schema(max_items = 30))]
    pub tags: Vec<CustomerTag>,
}
