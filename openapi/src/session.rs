use serde::{Deserialize, Serialize};
use uuid::Uuid;
use validator::Validate;

use crate::common::present;
use crate::{Density, GainColour, Instant, Language, LocalName, Role, Theme};

/// Name and password of a user.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct SignIn {
    #[validate(length(min = 1, max = 64))]
    #[cfg_attr(feature = "schema", schema(min_length = 1, max_length = 64))]
    #[cfg_attr(feature = "schema", schema(example = "lin.rm"))]
    pub username: String,
    #[validate(length(min = 1, max = 128))]
    #[cfg_attr(feature = "schema", schema(min_length = 1, max_length = 128))]
    #[cfg_attr(feature = "schema", schema(format = Password))]
    pub password: String,
}

impl std::fmt::Debug for SignIn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SignIn").field("username", &self.username).finish_non_exhaustive()
    }
}

/// An access token and whose it is. The refresh token comes as a cookie that scripts cannot read.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct SignedIn {
    /// Goes into `Authorization: Bearer …`; lives ten minutes.
    pub access_token: String,
    pub expires_at: Instant,
    pub me: Me,
}

impl std::fmt::Debug for SignedIn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SignedIn")
            .field("expires_at", &self.expires_at)
            .field("me", &self.me)
            .finish_non_exhaustive()
    }
}

/// The signed-in user.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Me {
    pub id: Uuid,
    pub username: String,
    pub display_name: String,
    pub role: Role,
    pub org_unit: UnitRef,
    /// What this user may do, so that a client offers nothing that would be refused.
    pub rights: Vec<String>,
    pub preferences: Preferences,
    /// The password was set by someone else and has to be changed.
    pub must_change_password: bool,
    /// The bank's business time zone.
    #[cfg_attr(feature = "schema", schema(example = "Asia/Shanghai"))]
    pub time_zone: String,
    /// The bank's base currency.
    #[cfg_attr(feature = "schema", schema(example = "CNY"))]
    pub base_currency: String,
}

/// A unit, named.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct UnitRef {
    pub id: Uuid,
    pub name: LocalName,
}

/// A user, named.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct UserRef {
    pub id: Uuid,
    pub display_name: String,
}

/// How a user wants the web app to look and speak.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Preferences {
    pub language: Language,
    pub theme: Theme,
    pub density: Density,
    pub gain_colour: GainColour,
    /// Single-letter keys act in lists.
    pub shortcuts: bool,
    /// Columns of the customer list, in order.
    pub customer_columns: Vec<String>,
}

impl Default for Preferences {
    fn default() -> Self {
        Preferences {
            language: Language::ZhCn,
            theme: Theme::System,
            density: Density::Standard,
            gain_colour: GainColour::Red,
            shortcuts: true,
            customer_columns: Vec::new(),
        }
    }
}

/// Changes to one's own preferences; absent members stay as they are.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields, default)]
pub struct PreferencesPatch {
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    #[cfg_attr(feature = "schema", schema(nullable = false))]
    pub language: Option<Language>,
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    #[cfg_attr(feature = "schema", schema(nullable = false))]
    pub theme: Option<Theme>,
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    #[cfg_attr(feature = "schema", schema(nullable = false))]
    pub density: Option<Density>,
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    #[cfg_attr(feature = "schema", schema(nullable = false))]
    pub gain_colour: Option<GainColour>,
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    #[cfg_attr(feature = "schema", schema(nullable = false))]
    pub shortcuts: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    #[validate(length(max = 40), custom(function = column_names))]
    #[cfg_attr(feature = "schema", schema(nullable = false, max_items = 40))]
    pub customer_columns: Option<Vec<String>>,
}

pub(crate) fn column_names(names: &[String]) -> Result<(), validator::ValidationError> {
    let fits = |name: &String| {
        (1..=40).contains(&name.len())
            && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
    };
    if names.iter().all(fits) { Ok(()) } else { Err(validator::ValidationError::new("column")) }
}

/// A change of one's own password.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct PasswordChange {
    #[validate(length(min = 1, max = 128))]
    #[cfg_attr(feature = "schema", schema(min_length = 1, max_length = 128))]
    #[cfg_attr(feature = "schema", schema(format = Password, example = "lantern-orchard-7-violin"))]
    pub current_password: String,
    /// At least 12 characters, and not easy to guess.
    #[validate(length(min = 12, max = 128))]
    #[cfg_attr(feature = "schema", schema(min_length = 12, max_length = 128))]
    #[cfg_attr(feature = "schema", schema(format = Password))]
    pub new_password: String,
}

impl std::fmt::Debug for PasswordChange {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PasswordChange").finish_non_exhaustive()
    }
}

/// A place where one is signed in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Session {
    pub id: Uuid,
    /// This request came from this session.
    pub current: bool,
    pub signed_in_at: Instant,
    pub last_seen_at: Instant,
    pub expires_at: Instant,
    /// What the browser says it is.
    pub user_agent: String,
    pub address: String,
}

/// All sessions of the signed-in user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Sessions {
    pub data: Vec<Session>,
}
