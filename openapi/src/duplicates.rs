use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;
use validator::Validate;

use crate::codes::codes;
use crate::{
    CustomerKind, CustomerRef, DuplicateLikeness, IdentityDocument, Instant, RelatedCustomer, UnitRef,
    UserRef,
};

codes! {
    /// What speaks for two customers being one, or against it.
    DuplicateEvidence {
        SameIdentity = "same_identity",
        SamePhone = "same_phone",
        SameEmail = "same_email",
        /// Written alike; traditional and simplified characters are the same.
        SameName = "same_name",
        /// Other characters with the same sound, or the name in Latin letters.
        SameSound = "same_sound",
        /// A character or letter is another one, is missing or too many.
        SimilarName = "similar_name",
        SameBirthDate = "same_birth_date",
        /// Day and month changed places, or one figure is another one.
        SimilarBirthDate = "similar_birth_date",
        SameBirthYear = "same_birth_year",
        SameEmployer = "same_employer",
        SameCity = "same_city",
        /// Both have a document of the same kind, with other numbers.
        OtherIdentity = "other_identity",
        /// Both have phones, none of them the same.
        OtherPhone = "other_phone",
        OtherName = "other_name",
        OtherBirthDate = "other_birth_date",
        OtherGender = "other_gender",
    }
}

codes! {
    /// What became of two customers who may be one.
    DuplicateState {
        Open = "open",
        /// Somebody has said that they are two.
        Dismissed = "dismissed",
        Merged = "merged",
    }
}

codes! {
    /// One of two customers.
    MergeSide {
        Survivor = "survivor",
        Other = "other",
    }
}

/// Two customers who may be one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct DuplicatePair {
    pub id: Uuid,
    /// Both of them.
    pub customers: Vec<DuplicateSide>,
    /// How likely it is, of 100.
    #[cfg_attr(feature = "schema", schema(maximum = 100, example = 86))]
    pub score: u8,
    pub evidence: Vec<DuplicateEvidence>,
    pub state: DuplicateState,
    pub found_at: Instant,
    pub decided_at: Option<Instant>,
    pub decided_by: Option<UserRef>,
    /// Why they are two.
    pub reason: Option<String>,
    pub version: i64,
}

/// One of two customers who may be one. Of a customer that the caller does not see, only where it is looked after.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct DuplicateSide {
    pub customer: Option<RelatedCustomer>,
    pub org_unit: UnitRef,
    pub owner: Option<UserRef>,
}

/// That two customers are two.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct DuplicateDismissal {
    #[validate(length(min = 1, max = 500))]
    #[cfg_attr(feature = "schema", schema(min_length = 1, max_length = 500, example = "Twins"))]
    pub reason: String,
}

/// A customer who is about to be entered: is there such a one already, somewhere in the bank?
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct DuplicateCheck {
    pub kind: CustomerKind,
    #[validate(length(max = 200))]
    #[cfg_attr(feature = "schema", schema(max_length = 200, example = "张三丰"))]
    pub name: String,
    #[serde(default)]
    #[validate(length(max = 40))]
    #[cfg_attr(feature = "schema", schema(max_length = 40))]
    pub phone: Option<String>,
    #[serde(default)]
    #[validate(nested)]
    pub identity: Option<IdentityDocument>,
}

/// Without what is asked for: it is personal data.
impl std::fmt::Debug for DuplicateCheck {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DuplicateCheck").field("kind", &self.kind).finish_non_exhaustive()
    }
}

/// Whether there is such a customer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct DuplicateCheckResult {
    /// Null where there is none.
    pub found: Option<DuplicateFound>,
}

/// A customer that is there already. Who does not see it is told where it is looked after, no more.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct DuplicateFound {
    pub likeness: DuplicateLikeness,
    pub customer: Option<RelatedCustomer>,
    pub org_unit: UnitRef,
}

/// Which customer would go up in another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(utoipa::IntoParams))]
#[cfg_attr(feature = "schema", into_params(parameter_in = Query))]
#[serde(deny_unknown_fields)]
pub struct MergePreviewQuery {
    /// The customer that would be one no longer.
    pub other_id: Uuid,
}

/// What would be merged.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct MergePreview {
    pub survivor: RelatedCustomer,
    /// Version of the survivor.
    pub survivor_version: i64,
    pub other: RelatedCustomer,
    /// Version of the other one.
    pub other_version: i64,
    /// The fields in which they differ.
    pub fields: Vec<MergeField>,
    /// What goes over to the survivor.
    pub moved: MovedThings,
}

/// A field in which two customers differ.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct MergeField {
    /// Name of the member of the customer.
    #[cfg_attr(feature = "schema", schema(example = "city"))]
    pub field: String,
    /// Of the survivor; null for none. The number of a document is masked.
    pub survivor: Option<Value>,
    /// Of the other one; null for none.
    pub other: Option<Value>,
    /// Which of them is verified, or is the only one, or was said last.
    pub suggested: MergeSide,
}

/// How much went over from one customer to another one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct MovedThings {
    pub contact_points: u32,
    pub holdings: u32,
    /// Holdings of others that it owns jointly.
    pub co_owned_holdings: u32,
    pub interactions: u32,
    pub tasks: u32,
    pub relations: u32,
    pub households: u32,
    pub team_members: u32,
    pub tags: u32,
    pub survey_invitations: u32,
    pub survey_answers: u32,
}

/// A customer that is to go up in another one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct NewCustomerMerge {
    /// The customer that is one no longer.
    pub other_id: Uuid,
    /// The version of it that was looked at.
    pub other_version: i64,
    /// The fields that the survivor takes over from the other one; all others stay as they are.
    #[serde(default)]
    #[validate(length(max = 60))]
    #[cfg_attr(feature = "schema", schema(max_items = 60, example = json!(["city"])))]
    pub take: Vec<String>,
    #[serde(default)]
    #[validate(length(max = 500))]
    #[cfg_attr(feature = "schema", schema(max_length = 500))]
    pub reason: Option<String>,
}

/// A customer that went up in another one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct CustomerMerge {
    pub id: Uuid,
    pub survivor: CustomerRef,
    pub merged: CustomerRef,
    /// The fields that the survivor took over.
    pub taken: Vec<String>,
    pub moved: MovedThings,
    pub reason: Option<String>,
    pub merged_at: Instant,
    pub merged_by: Option<UserRef>,
    /// Null while it holds.
    pub undone_at: Option<Instant>,
    pub undone_by: Option<UserRef>,
    pub version: i64,
}
