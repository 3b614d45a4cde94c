use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use validator::Validate;

use crate::common::{clearable, present};
use crate::{
    Authority, BalanceClass, CustomerKind, HouseholdRole, Include, Instant, Money, ProductKind, RelationRole,
    Tier,
};

/// A customer as relations name it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct RelatedCustomer {
    pub id: Uuid,
    #[cfg_attr(feature = "schema", schema(example = "C000000018"))]
    pub customer_no: String,
    pub name: String,
    pub kind: CustomerKind,
    pub tier: Tier,
    /// Assets under management in the base currency.
    pub aum: Money,
    pub archived_at: Option<Instant>,
}

/// How a customer and another one belong together, seen from the first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Relation {
    pub id: Uuid,
    /// What the other is to the customer.
    pub role: RelationRole,
    /// Null for a customer whom the caller does not see.
    pub other: Option<RelatedCustomer>,
    /// Of a shareholder or a controller.
    pub share_percent: Option<i32>,
    /// Position of an employee, a representative or a key contact.
    #[cfg_attr(feature = "schema", schema(example = "财务总监"))]
    pub title: Option<String>,
    /// What a key contact decides.
    pub authority: Option<Authority>,
    /// Such as which circle it is.
    pub note: Option<String>,
    pub since: Option<NaiveDate>,
    /// Over since that day.
    pub until: Option<NaiveDate>,
    pub archived_at: Option<Instant>,
    pub version: i64,
    pub created_at: Instant,
    pub updated_at: Instant,
}

/// The relations of a customer, those that are not archived; at most 200.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Relations {
    #[cfg_attr(feature = "schema", schema(max_items = 200))]
    pub relations: Vec<Relation>,
}

/// A relation to be noted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct NewRelation {
    pub other_id: Uuid,
    /// What the other is to the customer.
    pub role: RelationRole,
    #[serde(default)]
    #[validate(range(min = 1, max = 100))]
    #[cfg_attr(feature = "schema", schema(minimum = 1, maximum = 100))]
    pub share_percent: Option<i32>,
    #[serde(default)]
    #[validate(length(min = 1, max = 100))]
    #[cfg_attr(feature = "schema", schema(min_length = 1, max_length = 100))]
    pub title: Option<String>,
    #[serde(default)]
    pub authority: Option<Authority>,
    #[serde(default)]
    #[validate(length(min = 1, max = 500))]
    #[cfg_attr(feature = "schema", schema(min_length = 1, max_length = 500))]
    pub note: Option<String>,
    #[serde(default)]
    pub since: Option<NaiveDate>,
    #[serde(default)]
    pub until: Option<NaiveDate>,
}

/// Changes to a relation; who is related to whom and how stays.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields, default)]
pub struct RelationPatch {
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "clearable")]
    #[validate(range(min = 1, max = 100))]
    #[cfg_attr(feature = "schema", schema(value_type = Option<i32>, minimum = 1, maximum = 100))]
    pub share_percent: Option<Option<i32>>,
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "clearable")]
    #[validate(length(min = 1, max = 100))]
    #[cfg_attr(feature = "schema", schema(value_type = Option<String>, min_length = 1, max_length = 100))]
    pub title: Option<Option<String>>,
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "clearable")]
    #[cfg_attr(feature = "schema", schema(value_type = Option<Authority>))]
    pub authority: Option<Option<Authority>>,
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "clearable")]
    #[validate(length(min = 1, max = 500))]
    #[cfg_attr(feature = "schema", schema(value_type = Option<String>, min_length = 1, max_length = 500))]
    pub note: Option<Option<String>>,
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "clearable")]
    #[cfg_attr(feature = "schema", schema(value_type = Option<NaiveDate>))]
    pub since: Option<Option<NaiveDate>>,
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "clearable")]
    #[cfg_attr(feature = "schema", schema(value_type = Option<NaiveDate>))]
    pub until: Option<Option<NaiveDate>>,
}

/// The customers around one, as far as two relations lead, and how they belong together. Only those whom the caller sees.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Network {
    /// The customer first, then the nearer ones before the others.
    #[cfg_attr(feature = "schema", schema(max_items = 60))]
    pub nodes: Vec<NetworkNode>,
    pub edges: Vec<NetworkEdge>,
    /// There are more than are told.
    pub more: bool,
}

/// A customer of a network.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct NetworkNode {
    pub customer: RelatedCustomer,
    /// How many relations lead to it.
    pub distance: u32,
}

/// A relation of a network.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct NetworkEdge {
    pub relation_id: Uuid,
    pub from: Uuid,
    pub to: Uuid,
    /// What `to` is to `from`.
    pub role: RelationRole,
    /// It is over.
    pub ended: bool,
}

/// Who has brought a customer, and whom the customer has brought.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Referrals {
    /// From the first referrer down to who has brought the customer; null for one whom the caller does not see.
    pub chain: Vec<Option<RelatedCustomer>>,
    /// Whom the customer has brought.
    #[cfg_attr(feature = "schema", schema(max_items = 200))]
    pub referred: Vec<RelatedCustomer>,
    /// All of those together, in the base currency.
    pub referred_aum: Money,
}

/// Customers who live from one purse.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Household {
    pub id: Uuid,
    #[cfg_attr(feature = "schema", schema(example = "王氏家庭"))]
    pub name: String,
    /// Those whom the caller sees, the primary one first.
    pub members: Vec<HouseholdMember>,
    /// How many more there are, whom the caller does not see.
    pub hidden_members: u32,
    pub archived_at: Option<Instant>,
    pub version: i64,
    pub created_at: Instant,
    pub updated_at: Instant,
}

/// A customer in a household.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct HouseholdMember {
    pub customer: RelatedCustomer,
    pub role: HouseholdRole,
    /// Whom the bank turns to; one of a household.
    pub primary: bool,
}

/// The households of a customer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Households {
    #[cfg_attr(feature = "schema", schema(max_items = 20))]
    pub households: Vec<Household>,
}

/// A search for households. Search text goes through this body, since URLs are logged.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields, default)]
pub struct HouseholdSearch {
    /// What the name begins with, in characters or pinyin, or what finds a member among the customers.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    #[validate(length(min = 1, max = 100))]
    #[cfg_attr(feature = "schema", schema(min_length = 1, max_length = 100))]
    #[cfg_attr(feature = "schema", schema(nullable = false, example = "王"))]
    pub q: Option<String>,
    /// The filter grammar of the list.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    #[cfg_attr(feature = "schema", schema(nullable = false, max_length = 2048))]
    pub filter: Option<String>,
    /// Sort keys of the list.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    #[cfg_attr(feature = "schema", schema(nullable = false, max_length = 200))]
    pub sort: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    #[validate(range(min = 1, max = 200))]
    #[cfg_attr(feature = "schema", schema(nullable = false, minimum = 1, maximum = 200))]
    pub limit: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    #[cfg_attr(feature = "schema", schema(nullable = false, max_length = 4096))]
    pub cursor: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    #[cfg_attr(feature = "schema", schema(nullable = false))]
    pub include: Option<Include>,
}

/// A household to be formed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct NewHousehold {
    #[validate(length(min = 1, max = 100))]
    #[cfg_attr(feature = "schema", schema(min_length = 1, max_length = 100, example = "王氏家庭"))]
    pub name: String,
    #[validate(length(min = 1, max = 30), nested)]
    #[cfg_attr(feature = "schema", schema(min_items = 1, max_items = 30))]
    pub members: Vec<NewHouseholdMember>,
}

/// A customer to be put into a household.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct NewHouseholdMember {
    pub customer_id: Uuid,
    pub role: HouseholdRole,
    #[serde(default)]
    pub primary: bool,
}

/// Changes to a household. `members` are those whom the caller sees, whole; the others stay.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields, default)]
pub struct HouseholdPatch {
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    #[validate(length(min = 1, max = 100))]
    #[cfg_attr(feature = "schema", schema(min_length = 1, max_length = 100, nullable = false))]
    pub name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    #[validate(length(min = 1, max = 30), nested)]
    #[cfg_attr(feature = "schema", schema(min_items = 1, max_items = 30, nullable = false))]
    pub members: Option<Vec<NewHouseholdMember>>,
}

/// What the visible members of a household own and owe, each holding counted once, whoever holds it together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct BalanceSheet {
    /// In the base currency, at today's rates.
    pub assets: Money,
    pub liabilities: Money,
    /// Assets less liabilities.
    pub net: Money,
    /// By kind of product, the greatest first.
    pub lines: Vec<BalanceLine>,
    /// The assets by the member under whom they are booked; what is booked under nobody of the household, under the first who co-owns it.
    pub members: Vec<MemberBalance>,
    /// How many holdings belong to more than one member.
    pub joint_holdings: u32,
    /// Members whom the caller does not see, and whose holdings are not in it.
    pub hidden_members: u32,
    pub as_of: Instant,
}

/// What a household has of one kind of product.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct BalanceLine {
    pub kind: ProductKind,
    pub class: BalanceClass,
    pub value: Money,
    pub holdings: u32,
}

/// What is booked under a member of a household.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct MemberBalance {
    pub customer_id: Uuid,
    pub assets: Money,
}

/// The customers who hold something together with the one under whom it is booked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct CoOwners {
    pub co_owners: Vec<RelatedCustomer>,
    /// Those whom the caller does not see.
    pub hidden: u32,
}

/// The co-owners to set, whole; those whom the caller does not see stay.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct NewCoOwners {
    #[validate(length(max = 10))]
    #[cfg_attr(feature = "schema", schema(max_items = 10, example = json!([])))]
    pub customer_ids: Vec<Uuid>,
}
