use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use validator::Validate;

use crate::{
    BusinessState, Channel, ContactPointKind, ContactPointUse, CustomerKind, CustomerSource, CustomerStatus,
    CustomerValue, Gender, Goal, IdentityKind, Include, IncomeBand, Instant, Language, LifeRisk,
    MaritalStatus, Money, Need, OrganisationSize, OutsideAssetKind, ProfilePiece, ProvidedBy, RiskAttribute,
    TagRef, TeamRole, Tier, TierStanding, UnitRef, UserRef, ValueSource, common::clearable, common::present,
};

/// A customer, whole: what the customer page shows.
///
/// Sensitive values are masked for everyone; which members are masked stands in `_masked`, and
/// `POST /customers/{id}/reveal` gives them in the clear, on record.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Customer {
    pub id: Uuid,
    /// Short number for people, with a check digit.
    #[cfg_attr(feature = "schema", schema(example = "C000000018"))]
    pub customer_no: String,
    pub kind: CustomerKind,
    pub status: CustomerStatus,
    pub org_unit: UnitRef,
    /// The responsible relationship manager.
    pub owner: Option<UserRef>,
    /// Colleagues who look after the customer together with the owner.
    pub team: Vec<TeamMember>,
    #[serde(flatten)]
    pub profile: CustomerProfile,
    /// The identity document, its number masked.
    pub identity: Option<IdentityDocument>,
    pub contact_points: Vec<ContactPoint>,
    pub external_ids: Vec<ExternalId>,
    /// Members that somebody has verified; `GET /customers/{id}/fields` tells of all where they come from.
    pub verified: Vec<String>,
    pub figures: CustomerFigures,
    /// How much of the profile is there, and what is missing.
    #[serde(default)]
    pub completeness: Option<Completeness>,
    pub archived_at: Option<Instant>,
    /// The customer into which this one was merged; null for one that is a customer of its own.
    #[serde(default)]
    pub merged_into: Option<Uuid>,
    pub version: i64,
    pub created_at: Instant,
    pub updated_at: Instant,
    /// Members whose values this answer masks.
    #[serde(rename = "_masked")]
    pub masked: Vec<String>,
}

/// What is derived from a customer's holdings and dealings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct CustomerFigures {
    /// Layer by assets; null where it is masked.
    pub tier: Option<Tier>,
    /// Assets under management in the base currency; null where they are masked.
    pub aum: Option<Money>,
    /// The average of the assets that the tier follows from; null where it is masked. It moves from day to day; the change feed tells of
    /// it with the assets and the tier alone.
    #[serde(default)]
    pub average_aum: Option<Money>,
    /// What of the tier wants attention; null where nothing does and where it is masked.
    #[serde(default)]
    pub standing: Option<TierStanding>,
    /// The grade and what it follows from; null where it is masked, and until the customer is graded.
    #[serde(default)]
    pub value: Option<CustomerValue>,
    /// How many kinds of products the customer holds; null where that is masked.
    pub coverage: Option<u32>,
    pub as_of: Instant,
    /// The last contact that reached the customer, if there was one.
    pub last_contacted_at: Option<Instant>,
}

/// How much of a customer's profile is there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Completeness {
    /// The share of what counts for this kind of customer, by weight: 0 to 100.
    pub score: i32,
    /// What is missing, the weightiest first.
    pub missing: Vec<ProfilePiece>,
    /// Those among them that are demanded of customers at gold and above.
    pub required_missing: Vec<ProfilePiece>,
    /// The share of what is demanded of customers at gold and above, by weight: 0 to 100.
    pub required_share: i32,
    /// Whether the tier demands more than is there: gold and above must reach a share of 80. Null where the tier is masked.
    pub data_gap: Option<bool>,
}

/// A customer, named.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct CustomerRef {
    pub id: Uuid,
    #[cfg_attr(feature = "schema", schema(example = "C000000018"))]
    pub customer_no: String,
    pub name: String,
}

/// A line of the customer list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct CustomerSummary {
    pub id: Uuid,
    #[cfg_attr(feature = "schema", schema(example = "C000000018"))]
    pub customer_no: String,
    pub kind: CustomerKind,
    pub name: String,
    pub status: CustomerStatus,
    pub gender: Option<Gender>,
    pub city: Option<String>,
    pub org_unit: UnitRef,
    pub owner: Option<UserRef>,
    /// Layer by assets; null where it is masked.
    pub tier: Option<Tier>,
    /// Assets under management in the base currency; null where they are masked.
    pub aum: Option<Money>,
    /// What of the tier wants attention; null where nothing does and where it is masked.
    #[serde(default)]
    pub standing: Option<TierStanding>,
    /// The grade and what it follows from; null where it is masked, and until the customer is graded.
    #[serde(default)]
    pub value: Option<CustomerValue>,
    /// How much of the profile is there; null until it is worked out.
    #[serde(default)]
    pub completeness: Option<Completeness>,
    /// By name; null where they are masked.
    #[serde(default)]
    pub tags: Option<Vec<TagRef>>,
    /// The primary phone, masked.
    #[cfg_attr(feature = "schema", schema(example = "138****5678"))]
    pub phone: Option<String>,
    pub customer_since: Option<NaiveDate>,
    /// The last contact that reached the customer, if there was one.
    pub last_contacted_at: Option<Instant>,
    pub archived_at: Option<Instant>,
    pub version: i64,
    pub created_at: Instant,
    pub updated_at: Instant,
}

/// Declares the facts about a customer once, as what is read, what is created and what a patch may change.
macro_rules! profile {
    ($( $(#[$meta:meta])* $field:ident: [$($type:tt)+], patch [$($patch:tt)+]; )+) => {
        /// The facts about a customer that people enter.
        #[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, Validate)]
        #[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
        pub struct CustomerProfile {
            /// Full name of a person, registered name of an organisation.
            #[validate(length(min = 1, max = 200))]
            #[cfg_attr(feature = "schema", schema(min_length = 1, max_length = 200))]
            #[cfg_attr(feature = "schema", schema(example = "张三丰"))]
            pub name: String,
            $( $(#[$meta])* #[serde(default)] pub $field: $($type)+, )+
        }

        impl CustomerProfile {
            /// The names of all members.
            pub const FIELDS: &'static [&'static str] = &["name", $(stringify!($field)),+];

            /// The names of the members that are others in another profile.
            pub fn differences(&self, other: &CustomerProfile) -> Vec<&'static str> {
                let members = [
                    ("name", self.name != other.name),
                    $( (stringify!($field), self.$field != other.$field), )+
                ];
                members.into_iter().filter(|(_, differs)| *differs).map(|(name, _)| name).collect()
            }
        }

        /// A customer to be created.
        ///
        /// Without `org_unit_id` the customer belongs to the unit of the user; a relationship manager who names no
        /// owner becomes it.
        #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Validate)]
        #[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
        #[serde(deny_unknown_fields)]
        pub struct NewCustomer {
            pub kind: CustomerKind,
            #[serde(default = "prospect")]
            #[cfg_attr(feature = "schema", schema(default = "prospect"))]
            pub status: CustomerStatus,
            #[serde(default)]
            pub org_unit_id: Option<Uuid>,
            #[serde(default)]
            pub owner_id: Option<Uuid>,
            #[serde(default)]
            #[validate(nested)]
            pub identity: Option<IdentityDocument>,
            #[serde(default)]
            #[validate(length(max = 20), nested)]
            #[cfg_attr(feature = "schema", schema(max_items = 20))]
            pub contact_points: Vec<NewContactPoint>,
            #[serde(default)]
            #[validate(length(max = 20), nested)]
            #[cfg_attr(feature = "schema", schema(max_items = 20))]
            pub external_ids: Vec<ExternalId>,
            /// Full name of a person, registered name of an organisation.
            #[validate(length(min = 1, max = 200))]
            #[cfg_attr(feature = "schema", schema(min_length = 1, max_length = 200))]
            #[cfg_attr(feature = "schema", schema(example = "张三丰"))]
            pub name: String,
            $( $(#[$meta])* #[serde(default)] pub $field: $($type)+, )+
        }

        impl NewCustomer {
            /// A customer of this kind and name, nothing else known.
            pub fn named(kind: CustomerKind, name: impl Into<String>) -> Self {
                NewCustomer {
                    kind,
                    status: prospect(),
                    org_unit_id: None,
                    owner_id: None,
                    identity: None,
                    contact_points: Vec::new(),
                    external_ids: Vec::new(),
                    name: name.into(),
                    $( $field: Default::default(), )+
                }
            }

            /// The profile part.
            pub fn profile(&self) -> CustomerProfile {
                CustomerProfile { name: self.name.clone(), $( $field: self.$field.clone(), )+ }
            }
        }

        /// Changes to a customer (JSON merge patch): an absent member stays as it is, `null` clears it.
        #[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, Validate)]
        #[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
        #[serde(deny_unknown_fields, default)]
        pub struct CustomerPatch {
            #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "present")]
            #[cfg_attr(feature = "schema", schema(nullable = false))]
            pub status: Option<CustomerStatus>,
            /// Who says so: `staff` unless told, or `customer`.
            #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "present")]
            #[cfg_attr(feature = "schema", schema(nullable = false))]
            pub provided_by: Option<ProvidedBy>,
            /// The new values were checked with the customer or against a document.
            #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "present")]
            #[cfg_attr(feature = "schema", schema(nullable = false))]
            pub verified: Option<bool>,
            /// The identity document; its number whole.
            #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "clearable")]
            #[validate(nested)]
            #[cfg_attr(feature = "schema", schema(value_type = Option<IdentityDocument>))]
            pub identity: Option<Option<IdentityDocument>>,
            /// Full name of a person, registered name of an organisation.
            #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "present")]
            #[validate(length(min = 1, max = 200))]
            #[cfg_attr(feature = "schema", schema(min_length = 1, max_length = 200))]
            #[cfg_attr(feature = "schema", schema(nullable = false, example = "张三丰"))]
            pub name: Option<String>,
            $(
                $(#[$meta])*
                #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "clearable")]
                #[cfg_attr(feature = "schema", schema(value_type = Option<$($patch)+>))]
                pub $field: Option<Option<$($patch)+>>,
            )+
        }

        /// What another system says of a customer: an absent member stays as it is, `null` clears it. A new customer needs a kind and a
        /// name; its contact points, identity document, unit and owner are taken from here, those of an existing one stay as they are.
        #[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, Validate)]
        #[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
        #[serde(deny_unknown_fields, default)]
        pub struct CustomerUpsert {
            #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "present")]
            #[cfg_attr(feature = "schema", schema(nullable = false))]
            pub kind: Option<CustomerKind>,
            #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "present")]
            #[cfg_attr(feature = "schema", schema(nullable = false))]
            pub status: Option<CustomerStatus>,
            #[serde(skip_serializing_if = "Option::is_none")]
            pub org_unit_id: Option<Uuid>,
            #[serde(skip_serializing_if = "Option::is_none")]
            pub owner_id: Option<Uuid>,
            /// The identity document; its number whole.
            #[serde(skip_serializing_if = "Option::is_none")]
            #[validate(nested)]
            pub identity: Option<IdentityDocument>,
            #[serde(skip_serializing_if = "Vec::is_empty")]
            #[validate(length(max = 20), nested)]
            #[cfg_attr(feature = "schema", schema(max_items = 20))]
            pub contact_points: Vec<NewContactPoint>,
            /// Full name of a person, registered name of an organisation.
            #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "present")]
            #[validate(length(min = 1, max = 200))]
            #[cfg_attr(feature = "schema", schema(min_length = 1, max_length = 200))]
            #[cfg_attr(feature = "schema", schema(nullable = false, example = "张三丰"))]
            pub name: Option<String>,
            $(
                $(#[$meta])*
                #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "clearable")]
                #[cfg_attr(feature = "schema", schema(value_type = Option<$($patch)+>))]
                pub $field: Option<Option<$($patch)+>>,
            )+
        }

        impl CustomerUpsert {
            /// What of it changes the profile and the status of a customer.
            pub fn patch(&self) -> CustomerPatch {
                CustomerPatch {
                    status: self.status,
                    provided_by: None,
                    verified: None,
                    identity: None,
                    name: self.name.clone(),
                    $( $field: self.$field.clone(), )+
                }
            }

            /// The customer that it makes of a profile that was put together from it.
            pub fn new_customer(&self, kind: CustomerKind, profile: CustomerProfile) -> NewCustomer {
                NewCustomer {
                    kind,
                    status: self.status.unwrap_or_else(prospect),
                    org_unit_id: self.org_unit_id,
                    owner_id: self.owner_id,
                    identity: self.identity.clone(),
                    contact_points: self.contact_points.clone(),
                    external_ids: Vec::new(),
                    name: profile.name,
                    $( $field: profile.$field, )+
                }
            }
        }

        impl CustomerPatch {
            /// The profile after this patch (RFC 7396: members of objects are merged, lists are replaced).
            ///
            /// # Errors
            /// When the result lacks a required member: the reason or the source of a new restriction.
            pub fn applied_to(&self, profile: &CustomerProfile) -> Result<CustomerProfile, Incomplete> {
                Ok(CustomerProfile {
                    name: self.name.as_ref().unwrap_or(&profile.name).clone(),
                    $( $field: Patched::patched(&profile.$field, self.$field.as_ref().map(Option::as_ref))?, )+
                })
            }
        }
    };
}

profile! {
    /// How to address the customer, such as 张总.
    #[validate(length(min = 1, max = 40))]
    #[cfg_attr(feature = "schema", schema(min_length = 1, max_length = 40))]
    form_of_address: [Option<String>], patch [String];
    gender: [Option<Gender>], patch [Gender];
    birth_date: [Option<NaiveDate>], patch [NaiveDate];
    /// Where only the year is known.
    #[validate(range(min = 1850, max = 2200))]
    #[cfg_attr(feature = "schema", schema(minimum = 1850, maximum = 2200))]
    birth_year: [Option<i32>], patch [i32];
    marital_status: [Option<MaritalStatus>], patch [MaritalStatus];
    /// Number of children.
    #[validate(range(min = 0, max = 30))]
    #[cfg_attr(feature = "schema", schema(minimum = 0, maximum = 30))]
    children: [Option<i32>], patch [i32];
    #[validate(length(min = 1, max = 60))]
    #[cfg_attr(feature = "schema", schema(min_length = 1, max_length = 60))]
    #[cfg_attr(feature = "schema", schema(example = "浙江"))]
    province: [Option<String>], patch [String];
    #[validate(length(min = 1, max = 60))]
    #[cfg_attr(feature = "schema", schema(min_length = 1, max_length = 60))]
    #[cfg_attr(feature = "schema", schema(example = "杭州"))]
    city: [Option<String>], patch [String];
    #[validate(length(min = 1, max = 200))]
    #[cfg_attr(feature = "schema", schema(min_length = 1, max_length = 200))]
    employer: [Option<String>], patch [String];
    #[validate(length(min = 1, max = 100))]
    #[cfg_attr(feature = "schema", schema(min_length = 1, max_length = 100))]
    occupation: [Option<String>], patch [String];
    /// Line of business of an organisation, or of the employer.
    #[validate(length(min = 1, max = 100))]
    #[cfg_attr(feature = "schema", schema(min_length = 1, max_length = 100))]
    industry: [Option<String>], patch [String];
    income_band: [Option<IncomeBand>], patch [IncomeBand];
    preferred_channel: [Option<Channel>], patch [Channel];
    preferred_language: [Option<Language>], patch [Language];
    source: [Option<CustomerSource>], patch [CustomerSource];
    risk_attribute: [Option<RiskAttribute>], patch [RiskAttribute];
    customer_since: [Option<NaiveDate>], patch [NaiveDate];
    #[validate(length(min = 1, max = 500))]
    #[cfg_attr(feature = "schema", schema(min_length = 1, max_length = 500))]
    hobbies: [Option<String>], patch [String];
    #[validate(length(min = 1, max = 500))]
    #[cfg_attr(feature = "schema", schema(min_length = 1, max_length = 500))]
    character: [Option<String>], patch [String];
    #[validate(length(min = 1, max = 500))]
    #[cfg_attr(feature = "schema", schema(min_length = 1, max_length = 500))]
    dislikes: [Option<String>], patch [String];
    #[validate(length(max = 20))]
    #[cfg_attr(feature = "schema", schema(max_items = 20))]
    needs: [Vec<Need>], patch [Vec<Need>];
    /// Risks to the customer's wealth or family.
    #[validate(length(max = 20))]
    #[cfg_attr(feature = "schema", schema(max_items = 20))]
    risks: [Vec<LifeRisk>], patch [Vec<LifeRisk>];
    #[validate(length(max = 20))]
    #[cfg_attr(feature = "schema", schema(max_items = 20))]
    goals: [Vec<Goal>], patch [Vec<Goal>];
    #[validate(length(min = 1, max = 1000))]
    #[cfg_attr(feature = "schema", schema(min_length = 1, max_length = 1000))]
    preferences: [Option<String>], patch [String];
    /// Special notes.
    #[validate(length(min = 1, max = 4000))]
    #[cfg_attr(feature = "schema", schema(min_length = 1, max_length = 4000))]
    notes: [Option<String>], patch [String];
    #[validate(nested)]
    do_not_contact: [DoNotContact], patch [DoNotContactPatch];
    /// Set while nothing may be sold to the customer.
    #[validate(nested)]
    restricted: [Option<Restriction>], patch [RestrictionPatch];
    /// Assets and services held at other banks.
    #[validate(length(max = 50), nested)]
    #[cfg_attr(feature = "schema", schema(max_items = 50))]
    outside_assets: [Vec<OutsideAsset>], patch [Vec<OutsideAsset>];
    /// State of the organisation's business.
    business_state: [Option<BusinessState>], patch [BusinessState];
    organisation_size: [Option<OrganisationSize>], patch [OrganisationSize];
    #[validate(length(min = 1, max = 40))]
    #[cfg_attr(feature = "schema", schema(min_length = 1, max_length = 40))]
    credit_rating: [Option<String>], patch [String];
    #[validate(length(min = 1, max = 100))]
    #[cfg_attr(feature = "schema", schema(min_length = 1, max_length = 100))]
    legal_representative: [Option<String>], patch [String];
}

/// When a customer does not want to be contacted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields, default)]
pub struct DoNotContact {
    /// No contact of any kind.
    pub all: bool,
    /// Channels that are refused.
    #[validate(length(max = 10))]
    #[cfg_attr(feature = "schema", schema(max_items = 10))]
    pub channels: Vec<Channel>,
    /// Hours of the day in the bank's zone in which not to call, `HH:MM`; may pass midnight.
    #[validate(nested)]
    pub hours: Option<Hours>,
}

/// A span of the day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Hours {
    #[validate(custom(function = time_of_day))]
    #[cfg_attr(feature = "schema", schema(pattern = "^([01][0-9]|2[0-3]):[0-5][0-9]$", example = "21:00"))]
    pub from: String,
    #[validate(custom(function = time_of_day))]
    #[cfg_attr(feature = "schema", schema(pattern = "^([01][0-9]|2[0-3]):[0-5][0-9]$", example = "09:00"))]
    pub to: String,
}

fn time_of_day(text: &str) -> Result<(), validator::ValidationError> {
    let bytes = text.as_bytes();
    let fits = match bytes {
        [h1, h2, b':', m1, m2] => {
            let digits = [h1, h2, m1, m2].iter().all(|b| b.is_ascii_digit());
            digits && (*h1 < b'2' || (*h1 == b'2' && *h2 < b'4')) && *m1 < b'6'
        }
        _ => false,
    };
    if fits { Ok(()) } else { Err(validator::ValidationError::new("time_of_day")) }
}

/// Why and until when nothing may be sold to a customer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Restriction {
    #[validate(length(min = 1, max = 500))]
    #[cfg_attr(feature = "schema", schema(min_length = 1, max_length = 500))]
    pub reason: String,
    /// Who put the customer on the list.
    #[validate(length(min = 1, max = 200))]
    #[cfg_attr(feature = "schema", schema(min_length = 1, max_length = 200))]
    pub source: String,
    /// Last day of the restriction; without it, until it is lifted.
    #[serde(default)]
    pub until: Option<NaiveDate>,
}

/// An asset or service that the customer holds at another bank.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct OutsideAsset {
    #[validate(length(min = 1, max = 100))]
    #[cfg_attr(feature = "schema", schema(min_length = 1, max_length = 100))]
    pub institution: String,
    pub kind: OutsideAssetKind,
    #[validate(nested)]
    #[serde(default)]
    pub estimate: Option<Money>,
    pub as_of: NaiveDate,
}

/// An identity document. In answers the number is masked; in requests it is whole.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct IdentityDocument {
    pub kind: IdentityKind,
    #[validate(length(min = 1, max = 40))]
    #[cfg_attr(feature = "schema", schema(min_length = 1, max_length = 40))]
    #[cfg_attr(feature = "schema", schema(example = "11010519491231002X"))]
    pub number: String,
}

impl std::fmt::Debug for IdentityDocument {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("IdentityDocument").field("kind", &self.kind).finish_non_exhaustive()
    }
}

/// A phone, e-mail address, WeChat id or postal address of a customer, masked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct ContactPoint {
    pub id: Uuid,
    pub kind: ContactPointKind,
    /// Masked.
    #[cfg_attr(feature = "schema", schema(example = "138****5678"))]
    pub value: String,
    pub r#use: ContactPointUse,
    /// The first choice of its kind; at most one.
    pub primary: bool,
    /// Someone has reached the customer this way.
    pub verified: bool,
    pub source: ValueSource,
    pub updated_at: Instant,
}

/// A phone, e-mail address, WeChat id or postal address to be added.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct NewContactPoint {
    pub kind: ContactPointKind,
    #[validate(length(min = 1, max = 300))]
    #[cfg_attr(feature = "schema", schema(min_length = 1, max_length = 300))]
    #[cfg_attr(feature = "schema", schema(example = "13800138000"))]
    pub value: String,
    #[serde(default = "personal")]
    #[cfg_attr(feature = "schema", schema(default = "personal"))]
    pub r#use: ContactPointUse,
    #[serde(default)]
    pub primary: bool,
    #[serde(default)]
    pub verified: bool,
}

impl std::fmt::Debug for NewContactPoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewContactPoint").field("kind", &self.kind).finish_non_exhaustive()
    }
}

fn personal() -> ContactPointUse {
    ContactPointUse::Personal
}

/// Changes to a contact point; absent members stay as they are.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields, default)]
pub struct ContactPointPatch {
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    #[validate(length(min = 1, max = 300))]
    #[cfg_attr(feature = "schema", schema(min_length = 1, max_length = 300))]
    #[cfg_attr(feature = "schema", schema(nullable = false))]
    pub value: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    #[cfg_attr(feature = "schema", schema(nullable = false))]
    pub r#use: Option<ContactPointUse>,
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    #[cfg_attr(feature = "schema", schema(nullable = false))]
    pub primary: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    #[cfg_attr(feature = "schema", schema(nullable = false))]
    pub verified: Option<bool>,
}

impl std::fmt::Debug for ContactPointPatch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ContactPointPatch").finish_non_exhaustive()
    }
}

/// The customer's key in another system; at most one for each system.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ExternalId {
    /// Short name of the other system.
    #[validate(length(min = 1, max = 40), custom(function = system_name))]
    #[cfg_attr(feature = "schema", schema(min_length = 1, max_length = 40))]
    #[cfg_attr(feature = "schema", schema(pattern = "^[a-z][a-z0-9_]{0,39}$", example = "core"))]
    pub source: String,
    #[validate(length(min = 1, max = 100))]
    #[cfg_attr(feature = "schema", schema(min_length = 1, max_length = 100))]
    #[cfg_attr(feature = "schema", schema(example = "15634602"))]
    pub id: String,
}

fn system_name(name: &str) -> Result<(), validator::ValidationError> {
    let mut bytes = name.bytes();
    let starts = bytes.next().is_some_and(|b| b.is_ascii_lowercase());
    if starts && bytes.all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_') {
        Ok(())
    } else {
        Err(validator::ValidationError::new("system_name"))
    }
}

/// The key to give a customer in another system.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ExternalIdValue {
    #[validate(length(min = 1, max = 100))]
    #[cfg_attr(feature = "schema", schema(min_length = 1, max_length = 100))]
    #[cfg_attr(feature = "schema", schema(example = "15634602"))]
    pub id: String,
}

/// A colleague in a customer's maintenance team.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct TeamMember {
    pub user: UserRef,
    pub role: TeamRole,
}

/// The maintenance team to set, whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Team {
    #[validate(length(max = 20), nested)]
    #[cfg_attr(feature = "schema", schema(max_items = 20))]
    pub members: Vec<NewTeamMember>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct NewTeamMember {
    pub user_id: Uuid,
    pub role: TeamRole,
}

fn prospect() -> CustomerStatus {
    CustomerStatus::Prospect
}

/// What a patch makes of an object that needs more members than it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Incomplete;

/// A member that a patch may change.
trait Patched<P>: Sized + Clone + Default {
    /// The member after a patch that sets it.
    fn set(&self, patch: &P) -> Result<Self, Incomplete>;

    /// The member after a patch that leaves it out, clears it or sets it. A cleared list or object is an empty one.
    fn patched(&self, patch: Option<Option<&P>>) -> Result<Self, Incomplete> {
        match patch {
            None => Ok(self.clone()),
            Some(None) => Ok(Self::default()),
            Some(Some(patch)) => self.set(patch),
        }
    }
}

impl<T: Clone> Patched<T> for Option<T> {
    fn set(&self, patch: &T) -> Result<Self, Incomplete> {
        Ok(Some(patch.clone()))
    }
}

impl<T: Clone> Patched<Vec<T>> for Vec<T> {
    fn set(&self, patch: &Vec<T>) -> Result<Self, Incomplete> {
        Ok(patch.clone())
    }
}

impl Patched<DoNotContactPatch> for DoNotContact {
    fn set(&self, patch: &DoNotContactPatch) -> Result<Self, Incomplete> {
        Ok(DoNotContact {
            all: patch.all.unwrap_or(self.all),
            channels: patch.channels.as_ref().unwrap_or(&self.channels).clone(),
            hours: self.hours.patched(patch.hours.as_ref().map(Option::as_ref))?,
        })
    }
}

impl Patched<RestrictionPatch> for Option<Restriction> {
    fn set(&self, patch: &RestrictionPatch) -> Result<Self, Incomplete> {
        let before = self.as_ref();
        let required = |new: &Option<String>, old: fn(&Restriction) -> &String| {
            new.as_ref().or(before.map(old)).cloned().ok_or(Incomplete)
        };
        Ok(Some(Restriction {
            reason: required(&patch.reason, |restriction| &restriction.reason)?,
            source: required(&patch.source, |restriction| &restriction.source)?,
            until: before
                .and_then(|restriction| restriction.until)
                .patched(patch.until.as_ref().map(Option::as_ref))?,
        }))
    }
}

/// Changes to when a customer may be contacted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields, default)]
pub struct DoNotContactPatch {
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    #[cfg_attr(feature = "schema", schema(nullable = false))]
    pub all: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    #[validate(length(max = 10))]
    #[cfg_attr(feature = "schema", schema(max_items = 10))]
    #[cfg_attr(feature = "schema", schema(nullable = false))]
    pub channels: Option<Vec<Channel>>,
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "clearable")]
    #[validate(nested)]
    #[cfg_attr(feature = "schema", schema(value_type = Option<Hours>))]
    pub hours: Option<Option<Hours>>,
}

/// Changes to a restriction; a new one needs its reason and source.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields, default)]
pub struct RestrictionPatch {
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    #[validate(length(min = 1, max = 500))]
    #[cfg_attr(feature = "schema", schema(min_length = 1, max_length = 500))]
    #[cfg_attr(feature = "schema", schema(nullable = false))]
    pub reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    #[validate(length(min = 1, max = 200))]
    #[cfg_attr(feature = "schema", schema(min_length = 1, max_length = 200))]
    #[cfg_attr(feature = "schema", schema(nullable = false))]
    pub source: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "clearable")]
    #[cfg_attr(feature = "schema", schema(value_type = Option<NaiveDate>))]
    pub until: Option<Option<NaiveDate>>,
}

/// A search for customers. Search text and filters on personal data go through this body, since URLs are logged.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields, default)]
pub struct CustomerSearch {
    /// Name or part of it, pinyin or its initials, last four digits of a phone, a whole phone or identity number,
    /// customer number or external id.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    #[validate(length(min = 1, max = 100))]
    #[cfg_attr(feature = "schema", schema(min_length = 1, max_length = 100))]
    #[cfg_attr(feature = "schema", schema(nullable = false, example = "三丰"))]
    pub q: Option<String>,
    /// The filter grammar of the list.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    #[cfg_attr(feature = "schema", schema(nullable = false, max_length = 2048))]
    pub filter: Option<String>,
    /// Sort keys of the list. Without them and with a search text, names that begin with the text come first.
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

/// Hands a customer to a unit and an owner.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Assignment {
    /// The unit that the customer belongs to from now on; without it, the one it has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schema(example = "01a20423-97e0-705d-8e72-57d62895117c"))]
    pub org_unit_id: Option<Uuid>,
    /// The responsible relationship manager; null leaves the customer to the unit.
    pub owner_id: Option<Uuid>,
}

/// Asks for masked values in the clear. The request stands in the audit trail with its reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Reveal {
    /// `identity` and ids of contact points.
    #[validate(length(min = 1, max = 20))]
    #[cfg_attr(feature = "schema", schema(min_items = 1, max_items = 20, example = json!(["identity"])))]
    pub fields: Vec<String>,
    #[validate(length(min = 3, max = 500))]
    #[cfg_attr(feature = "schema", schema(max_length = 500))]
    #[cfg_attr(feature = "schema", schema(min_length = 3, example = "Customer asked to confirm the number"))]
    pub reason: String,
}

/// Masked values in the clear.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Revealed {
    pub values: Vec<RevealedValue>,
}

/// One value in the clear.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct RevealedValue {
    /// As it was asked for.
    #[cfg_attr(feature = "schema", schema(example = "identity"))]
    pub field: String,
    #[cfg_attr(feature = "schema", schema(example = "11010519491231002X"))]
    pub value: String,
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    /// Applies a JSON merge patch (RFC 7396).
    fn merge(target: &mut Value, patch: Value) {
        let Value::Object(patch) = patch else {
            *target = patch;
            return;
        };
        if !target.is_object() {
            *target = Value::Object(serde_json::Map::new());
        }
        if let Value::Object(members) = target {
            for (name, value) in patch {
                if value.is_null() {
                    members.remove(&name);
                } else {
                    merge(members.entry(name).or_insert(Value::Null), value);
                }
            }
        }
    }

    /// What RFC 7396 makes of a profile as JSON.
    fn merged(profile: &CustomerProfile, patch: &Value) -> Option<CustomerProfile> {
        let mut value = serde_json::to_value(profile).expect("JSON");
        merge(&mut value, patch.clone());
        // A cleared list or object is an empty one.
        value.as_object_mut().expect("an object").retain(|_, member| !member.is_null());
        serde_json::from_value(value).ok()
    }

    #[test]
    fn a_patch_does_to_the_profile_what_it_does_to_its_json() {
        let bare = CustomerProfile { name: "甲".into(), ..CustomerProfile::default() };
        let full: CustomerProfile = serde_json::from_value(json!({
            "name": "乙", "gender": "female", "birth_date": "1980-02-03", "birth_year": 1980, "children": 2, "city": "杭州",
            "needs": ["tax"], "notes": "早上不接电话",
            "do_not_contact": {"all": true, "channels": ["sms"], "hours": {"from": "21:00", "to": "09:00"}},
            "restricted": {"reason": "fraud", "source": "police", "until": "2027-01-01"},
            "outside_assets": [{"institution": "别家", "kind": "deposit", "as_of": "2026-01-01"}],
        }))
        .expect("a profile");
        let patches = [
            json!({}),
            json!({"name": "丙", "gender": "male", "city": "上海"}),
            json!({"gender": null, "birth_date": null, "children": null, "city": null, "notes": null}),
            json!({"needs": [], "outside_assets": null}),
            json!({"needs": null, "do_not_contact": null, "restricted": null}),
            json!({"do_not_contact": {}}),
            json!({"do_not_contact": {"all": false}}),
            json!({"do_not_contact": {"channels": [], "hours": null}}),
            json!({"do_not_contact": {"hours": {"from": "01:00", "to": "02:00"}}}),
            json!({"restricted": {}}),
            json!({"restricted": {"reason": "sanctions"}}),
            json!({"restricted": {"until": null}}),
            json!({"restricted": {"reason": "sanctions", "source": "EU"}}),
            json!({"restricted": {"reason": "sanctions", "source": "EU", "until": "2028-01-01"}}),
        ];
        for profile in [&bare, &full] {
            for patch in &patches {
                let typed: CustomerPatch = serde_json::from_value(patch.clone()).expect("a patch");
                assert_eq!(typed.applied_to(profile).ok(), merged(profile, patch), "{patch}");
            }
        }
    }

    #[test]
    fn profiles_differ_in_the_members_that_a_patch_has_changed() {
        let profile = CustomerProfile { name: "甲".into(), ..CustomerProfile::default() };
        assert!(profile.differences(&profile).is_empty());
        for name in CustomerProfile::FIELDS {
            let value = match *name {
                "name" | "form_of_address" | "city" => json!("乙"),
                "children" => json!(2),
                "do_not_contact" => json!({"all": true}),
                "restricted" => json!({"reason": "a", "source": "b"}),
                "birth_date" => json!("1980-02-03"),
                _ => continue,
            };
            let patch: CustomerPatch = serde_json::from_value(json!({ (*name): value })).expect("a patch");
            let changed = patch.applied_to(&profile).expect("whole");
            assert_eq!(profile.differences(&changed), [*name]);
            assert_eq!(changed.differences(&profile), [*name]);
        }
    }
}
