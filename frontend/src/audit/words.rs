use guanxi_api::{
    ContactPointKind, ContactPointUse, Direction, GradePart, IdentityKind, Instant, InteractionKind,
    InteractionOutcome, InteractionPurpose, Language, Mood, ProductKind, QuestionKind, RiskAppetite, Role,
    SegmentLevel, SegmentSource, ServicingChannel, SurveyStatus, TaskPriority, TaskStatus, TeamRole, Tier,
    TierBasis, TierPolicyState,
};
use serde_json::Value;
use yew::AttrValue;

use crate::customers::fact_label;
use crate::i18n::{I18n, Msg};
use crate::labels::{Label, by_code};

/// What was done, in words; an action that is not known stands as its code.
pub fn action_words(action: &str, i: I18n) -> AttrValue {
    let (resource, _) = action.rsplit_once('.').unwrap_or(("", action));
    let Some(verb) = verb_words(action, i) else { return action.to_owned().into() };
    match resource_words(resource, i) {
        // A session has no name; what happened to it says all.
        Some(resource) if !action.starts_with("session.") => {
            i.t(Msg::ActionOn { action: &verb, resource: &resource })
        }
        _ => verb,
    }
}

/// What was done, without what it was done to.
pub fn verb_words(action: &str, i: I18n) -> Option<AttrValue> {
    let (_, verb) = action.rsplit_once('.').unwrap_or(("", action));
    Some(i.t(match verb {
        "created" => Msg::ActionCreated,
        "updated" => Msg::ActionUpdated,
        "removed" => Msg::ActionRemoved,
        "added" => Msg::ActionAdded,
        "deleted" => Msg::ActionDeleted,
        "archived" => Msg::ActionArchived,
        "restored" => Msg::ActionRestored,
        "revealed" => Msg::ActionRevealed,
        "assigned" => Msg::ActionAssigned,
        "password_reset" => Msg::ActionPasswordReset,
        "password_changed" => Msg::ActionPasswordChanged,
        "signed_in" => Msg::ActionSignedIn,
        "signed_out" => Msg::ActionSignedOut,
        "sign_in_failed" => Msg::ActionSignInFailed,
        "locked" => Msg::ActionLocked,
        "session_revoked" => Msg::ActionRevoked,
        "signed_out_everywhere" => Msg::ActionSignedOutEverywhere,
        "refresh_token_reused" => Msg::ActionTokenReused,
        "created_many" => Msg::ActionCreatedMany,
        "removed_many" => Msg::ActionRemovedMany,
        "upserted_many" => Msg::ActionUpsertedMany,
        "ended" => Msg::ActionEnded,
        "closed" => Msg::ActionClosed,
        "completed" | "done" => Msg::ActionCompleted,
        "postponed" => Msg::ActionPostponed,
        "handed_over" => Msg::ActionHandedOver,
        "cancelled" => Msg::ActionCancelled,
        "reopened" => Msg::ActionReopened,
        "published" => Msg::ActionPublished,
        "opened" => Msg::ActionOpened,
        "opened_many" => Msg::ActionOpenedMany,
        "accepted" => Msg::ActionAccepted,
        "declined" => Msg::ActionDeclined,
        "withdrawn" => Msg::ActionWithdrew,
        "invited" => Msg::ActionInvited,
        "revoked" => Msg::ActionWithdrew,
        "renewed" => Msg::ActionRenewed,
        "overridden" => Msg::ActionOverridden,
        "merged" => Msg::ActionMerged,
        "undone" | "told_apart" => Msg::ActionUnmerged,
        "dismissed" => Msg::ActionDismissed,
        "fell_back" => Msg::ActionFellBack,
        "claimed" => Msg::ActionClaimed,
        "carried_out" => Msg::ActionCarriedOut,
        "achieved" => Msg::ActionAchieved,
        "abandoned" => Msg::ActionAbandoned,
        "step_added" => Msg::ActionStepAdded,
        "ownership_signed" | "ownership_signed_many" => Msg::ActionOwnershipSigned,
        _ => return None,
    }))
}

/// A kind of object in words.
pub fn resource_words(resource: &str, i: I18n) -> Option<AttrValue> {
    Some(i.t(match resource {
        "customer" => Msg::ResourceCustomer,
        "field_conflict" => Msg::ResourceFieldConflict,
        "relation" => Msg::ResourceRelation,
        "household" => Msg::HouseholdOne,
        "org_unit" => Msg::ResourceOrgUnit,
        "user" => Msg::ResourceUser,
        "session" => Msg::ResourceSession,
        "product" => Msg::ResourceProduct,
        "holding" => Msg::ResourceHolding,
        "holding_transaction" => Msg::ResourceTransaction,
        "exchange_rate" => Msg::ResourceRate,
        "tier_policy" => Msg::ResourceTiers,
        "grade_policy" => Msg::ResourceGrades,
        "team_rules" => Msg::ResourceTeamRules,
        "handover" => Msg::ResourceHandover,
        "stand_in" => Msg::ResourceStandIn,
        "care_plan" => Msg::ResourceCarePlan,
        "pool_policy" => Msg::ResourcePoolPolicy,
        "duplicate" => Msg::ResourceDuplicate,
        "customer_merge" => Msg::ResourceMerge,
        "segment_scheme" => Msg::ResourceSegmentScheme,
        "segment" => Msg::ResourceSegment,
        "customer_segment" => Msg::ResourceCustomerSegment,
        "tag" => Msg::ResourceTag,
        "customer_tag" => Msg::ResourceCustomerTag,
        "view" => Msg::ResourceView,
        "interaction" => Msg::ResourceInteraction,
        "task" => Msg::ResourceTask,
        "questionnaire" => Msg::ResourceQuestionnaire,
        "survey" => Msg::ResourceSurvey,
        "survey_invitation" => Msg::ResourceSurveyInvitation,
        "survey_answer" => Msg::ResourceSurveyAnswer,
        "contact_target" => Msg::NavTargets,
        "job" => Msg::ResourceJob,
        "upload" => Msg::ResourceUpload,
        "import_mapping" => Msg::ResourceImportMapping,
        "backup" => Msg::ResourceBackup,
        _ => return None,
    }))
}

/// A field and its value in words, for the fields that several kinds of object have.
pub fn field_words(field: &str, value: &Value, i: I18n) -> (AttrValue, AttrValue) {
    // A contact point is named by its kind and its masked value.
    if let Some((kind, masked)) = field.split_once(' ')
        && let Some(kind) = by_code::<ContactPointKind>(kind)
    {
        return (format!("{} {masked}", kind.label(i)).into(), plain(value, i).into());
    }
    if field == "identity.number" {
        return (i.t(Msg::IdentityNumber), plain(value, i).into());
    }
    let (head, rest) = field.split_once(['.', '/', '[']).unwrap_or((field, ""));
    let label = match head {
        "name" | "display_name" => Msg::FieldName,
        "customer_no" => Msg::FieldCustomerNo,
        "kind" => Msg::FieldKind,
        "status" => Msg::FieldStatus,
        "owner" | "owner_id" => Msg::FieldOwner,
        "org_unit" | "org_unit_id" => Msg::FieldOrgUnit,
        "parent" | "parent_id" => Msg::UnitParent,
        "team" => Msg::FieldTeam,
        "identity" => Msg::IdentityTitle,
        "contact_point" | "contact_points" => Msg::ContactTitle,
        "external_id" | "external_ids" => Msg::ExternalTitle,
        "outside_assets" => Msg::OutsideTitle,
        "members" => Msg::HouseholdMembers,
        "share_percent" => Msg::RelationsShare,
        "authority" => Msg::RelationsAuthority,
        "note" => Msg::RelationsNote,
        "since" => Msg::RelationsSince,
        "until" => Msg::RelationsUntil,
        "co_owners" => Msg::OwnersTitle,
        "verified" => {
            let fields = value.as_array().into_iter().flatten().filter_map(Value::as_str);
            let names: Vec<String> =
                fields.map(|field| field_words(field, &Value::Null, i).0.to_string()).collect();
            return (i.t(Msg::FieldVerified), names.join(&i.t(Msg::CommonListComma)).into());
        }
        "field" => {
            let name = value.as_str().map(|field| field_words(field, &Value::Null, i).0);
            return (i.t(Msg::AuditChanges), name.unwrap_or_default());
        }
        "restricted" => Msg::RestrictionTitle,
        "do_not_contact" => Msg::FieldDoNotContact,
        "role" => Msg::UserRole,
        "username" => Msg::UserUsername,
        "direction" => Msg::FieldDirection,
        "purpose" => Msg::FieldPurpose,
        "outcome" => Msg::FieldOutcome,
        "mood" => Msg::FieldMood,
        "duration_minutes" => Msg::FieldMinutes,
        "occurred_at" => Msg::FieldOccurredAt,
        "author_id" => Msg::FieldAuthor,
        "customer_id" => Msg::ResourceCustomer,
        "title" => Msg::FieldTitle,
        "assignee_id" => Msg::FieldAssignee,
        "due_on" => Msg::FieldDueOn,
        "priority" => Msg::FieldPriority,
        "count" => Msg::ChartCount,
        "created" => Msg::FieldCreatedCount,
        "updated" => Msg::FieldUpdatedCount,
        "unchanged" => Msg::JobUnchanged,
        "failed" => Msg::JobFailed,
        "first_line" => Msg::FieldFirstLine,
        "last_line" => Msg::FieldLastLine,
        "digest" => Msg::FieldDigest,
        "import_id" => Msg::JobKindImport,
        "state" => Msg::FieldStatus,
        "bytes" => Msg::FieldBytes,
        "questions" => Msg::QuestionnaireQuestions,
        "questionnaire_id" => Msg::SurveyQuestionnaire,
        "language" => Msg::SurveyLanguage,
        "anonymous" => Msg::SurveyAnonymous,
        "opens_at" => Msg::SurveyOpensAt,
        "closes_at" => Msg::SurveyClosesAt,
        "low_score" => Msg::SurveyLow,
        "currency" => Msg::HoldingCurrency,
        "valid_from" => Msg::RateValidFrom,
        "basis" => Msg::TiersBasis,
        "grace_days" => Msg::TiersGraceDays,
        "candidate_percent" => Msg::TiersCandidatePercent,
        "gem_amount" => Msg::TiersGem,
        "grades" => Msg::NavGrades,
        "person" => Msg::GradeRulesPerson,
        "organisation" => Msg::GradeRulesOrganisation,
        "income" => Msg::GradeRulesIncome,
        "costs" => Msg::GradeRulesCosts,
        "rfm" => Msg::GradeRulesRfm,
        "attrition_percent" => Msg::GradeRulesAttrition,
        "discount_percent" => Msg::GradeRulesDiscount,
        "applies_to" => Msg::SegmentsFor,
        "rule" => Msg::SegmentsRule,
        "rank" => Msg::SegmentsRank,
        "risk_from" => Msg::SegmentsRiskFrom,
        "risk_to" => Msg::SegmentsRiskTo,
        "contribution" => Msg::SegmentsContribution,
        "service_cost" => Msg::SegmentsCost,
        "cadence_days" => Msg::TiersCadenceDays,
        "product_preferences" => Msg::SegmentsPrefersLong,
        "product_exclusions" => Msg::SegmentsExcludesLong,
        "acts_as_group" => Msg::SegmentsGroup,
        "segment" => Msg::CustomerSegmentsSegment,
        "scheme" => Msg::ResourceSegmentScheme,
        "rate" => Msg::ResourceRate,
        "tiers" => Msg::TiersTitle,
        "code" => Msg::UnitCode,
        "archived" | "archived_at" => Msg::CommonArchived,
        "must_change_password" => Msg::UserMustChange,
        "dry_run" => Msg::JobDryRun,
        "list" => Msg::ExportsList,
        "format" => Msg::ExportsFormat,
        "profile" => Msg::ExportsProfile,
        "filter" => Msg::ExportsFilter,
        "searched" => Msg::ExportsBySearch,
        "chosen" => Msg::ExportsChosen,
        "columns" => Msg::ExportsColumns,
        "tag" | "tag_id" => Msg::ResourceTag,
        "colour" => Msg::TagsColour,
        "description" => Msg::TagsDescription,
        "rows" => Msg::ExportsRows,
        "meetings_a_day" => Msg::ReportsMeetings,
        "connected_calls_a_day" => Msg::ReportsCalls,
        _ => {
            let label = fact_label(field, i).unwrap_or_else(|| field.to_owned().into());
            return (label, plain(value, i).into());
        }
    };
    let label = i.t(label);
    let label = if rest.is_empty() {
        label
    } else {
        format!("{label} {}", rest.trim_matches(['.', '/', '[', ']'])).into()
    };
    (label, plain(value, i).into())
}

/// A value as text: codes in words, lists and objects member by member.
fn plain(value: &Value, i: I18n) -> String {
    match value {
        Value::Null => String::new(),
        Value::Bool(true) => i.t(Msg::CommonYes).to_string(),
        Value::Bool(false) => i.t(Msg::CommonNo).to_string(),
        Value::String(text) => word(text, i),
        Value::Array(items) => {
            items.iter().map(|item| plain(item, i)).collect::<Vec<_>>().join(&i.t(Msg::CommonListComma))
        }
        Value::Object(members) => members
            .iter()
            .filter(|(key, value)| !value.is_null() && !matches!(key.as_str(), "id" | "updated_at"))
            .map(|(key, value)| match (key.as_str(), value.as_bool()) {
                // A bare yes or no says nothing without its name.
                ("primary", Some(true)) => i.t(Msg::ContactPrimary).to_string(),
                ("verified", Some(true)) => i.t(Msg::ContactVerified).to_string(),
                ("primary" | "verified", Some(false)) => String::new(),
                // Nor does a bare score.
                (key, _) => match by_code::<QuestionKind>(key) {
                    Some(kind) => format!("{}: {}", kind.label(i), plain(value, i)),
                    None => plain(value, i),
                },
            })
            .filter(|text| !text.is_empty())
            .collect::<Vec<_>>()
            .join(" · "),
        other => other.to_string(),
    }
}

fn word(text: &str, i: I18n) -> String {
    fn label<T: Label>(code: &str, i: I18n) -> Option<AttrValue> {
        by_code::<T>(code).map(|value| value.label(i))
    }
    label::<Role>(text, i)
        .or_else(|| label::<TeamRole>(text, i))
        .or_else(|| label::<IdentityKind>(text, i))
        .or_else(|| label::<ContactPointKind>(text, i))
        .or_else(|| label::<ContactPointUse>(text, i))
        .or_else(|| label::<InteractionKind>(text, i))
        .or_else(|| label::<InteractionPurpose>(text, i))
        .or_else(|| label::<InteractionOutcome>(text, i))
        .or_else(|| label::<Direction>(text, i))
        .or_else(|| label::<Mood>(text, i))
        .or_else(|| label::<TaskStatus>(text, i))
        .or_else(|| label::<TaskPriority>(text, i))
        .or_else(|| label::<SurveyStatus>(text, i))
        .or_else(|| label::<Language>(text, i))
        .or_else(|| label::<Tier>(text, i))
        .or_else(|| label::<ServicingChannel>(text, i))
        .or_else(|| label::<TierBasis>(text, i))
        .or_else(|| label::<TierPolicyState>(text, i))
        .or_else(|| label::<SegmentLevel>(text, i))
        .or_else(|| label::<RiskAppetite>(text, i))
        .or_else(|| label::<SegmentSource>(text, i))
        .or_else(|| label::<ProductKind>(text, i))
        .or_else(|| label::<GradePart>(text, i))
        .or_else(|| {
            let at =
                text.contains('T').then(|| text.parse::<chrono::DateTime<chrono::Utc>>().ok()).flatten()?;
            Some(i.minute(Instant(at)).into())
        })
        .map_or_else(|| text.to_owned(), |words| words.to_string())
}
