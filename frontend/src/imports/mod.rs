//! Imports: the way from a file to customers in four steps, the jobs that do it, and the records that were not taken.

mod brought;
mod duplicates;
mod job;
mod list;
mod mapping;
mod new;
mod plan;
mod problems;
mod progress;
mod records;
mod saved;
mod values;

use guanxi_api::{
    BusinessState, Channel, CustomerKind, CustomerSource, CustomerStatus, Gender, IdentityKind, ImportField,
    IncomeBand, Job, JobState, Language, MaritalStatus, OrgUnit, OrganisationSize, RiskAttribute,
};
use yew::AttrValue;

pub use job::JobPage;
pub use list::JobsPage;
pub use new::NewImportPage;
pub use progress::{JobProgress, use_job};

use crate::api::ApiError;
use crate::i18n::{I18n, Msg};
use crate::labels::{Label, options};
use crate::org::in_tree_order;
use crate::ui::Tone;

/// What a job is called: what it is told, or what it does where that says all.
fn title(job: &Job, i: I18n) -> AttrValue {
    if job.title.is_empty() { job.kind.label(i) } else { job.title.clone().into() }
}

/// The fields that stand together in lists to choose from.
const GROUPS: [(Msg<'static>, &[ImportField]); 7] = [
    (
        Msg::ImportGroupIdentification,
        &[
            ImportField::ExternalId,
            ImportField::Kind,
            ImportField::Name,
            ImportField::IdentityKind,
            ImportField::IdentityNumber,
        ],
    ),
    (
        Msg::CustomerKindPerson,
        &[
            ImportField::FormOfAddress,
            ImportField::Gender,
            ImportField::BirthDate,
            ImportField::BirthYear,
            ImportField::Age,
            ImportField::AgeAsOf,
            ImportField::MaritalStatus,
            ImportField::Children,
            ImportField::Hobbies,
            ImportField::Character,
            ImportField::Dislikes,
            ImportField::Preferences,
            ImportField::Notes,
        ],
    ),
    (
        Msg::ContactTitle,
        &[
            ImportField::Phone,
            ImportField::Email,
            ImportField::Wechat,
            ImportField::PreferredChannel,
            ImportField::PreferredLanguage,
        ],
    ),
    (Msg::ContactPointKindAddress, &[ImportField::Address, ImportField::Province, ImportField::City]),
    (
        Msg::FactsWork,
        &[ImportField::Employer, ImportField::Occupation, ImportField::Industry, ImportField::IncomeBand],
    ),
    (
        Msg::ImportGroupBank,
        &[
            ImportField::Status,
            ImportField::UnitCode,
            ImportField::OwnerUsername,
            ImportField::Source,
            ImportField::RiskAttribute,
            ImportField::CustomerSince,
        ],
    ),
    (
        Msg::CustomerKindOrganisation,
        &[
            ImportField::BusinessState,
            ImportField::OrganisationSize,
            ImportField::CreditRating,
            ImportField::LegalRepresentative,
        ],
    ),
];

/// The codes that a field may hold, with their words; none for a field that holds anything else.
fn codes(field: ImportField, units: &[OrgUnit], i: I18n) -> Vec<(AttrValue, AttrValue)> {
    match field {
        ImportField::Kind => options::<CustomerKind>(i),
        ImportField::Status => options::<CustomerStatus>(i),
        ImportField::Gender => options::<Gender>(i),
        ImportField::MaritalStatus => options::<MaritalStatus>(i),
        ImportField::IdentityKind => options::<IdentityKind>(i),
        ImportField::IncomeBand => options::<IncomeBand>(i),
        ImportField::PreferredChannel => options::<Channel>(i),
        ImportField::PreferredLanguage => options::<Language>(i),
        ImportField::Source => options::<CustomerSource>(i),
        ImportField::RiskAttribute => options::<RiskAttribute>(i),
        ImportField::BusinessState => options::<BusinessState>(i),
        ImportField::OrganisationSize => options::<OrganisationSize>(i),
        ImportField::UnitCode => in_tree_order(units, i)
            .into_iter()
            .map(|unit| {
                let inset = "\u{2003}".repeat(unit.depth as usize);
                let words = format!("{inset}{}", unit.name.in_language(i.lang));
                (unit.code.clone().into(), words.into())
            })
            .collect(),
        _ => Vec::new(),
    }
}

/// A count of records.
fn count(records: i64, i: I18n) -> String {
    i.number(u32::try_from(records).unwrap_or(u32::MAX))
}

/// Whether a job has not ended yet.
const fn is_going(state: JobState) -> bool {
    matches!(state, JobState::Queued | JobState::Running)
}

/// How a state stands out.
const fn tone_of(state: JobState) -> Tone {
    match state {
        JobState::Queued => Tone::Neutral,
        JobState::Running => Tone::Information,
        JobState::Succeeded => Tone::Good,
        JobState::PartiallySucceeded | JobState::Cancelled => Tone::Warning,
        JobState::Failed => Tone::Bad,
    }
}

/// Why something was refused, each reason in a sentence.
fn reasons(error: &ApiError, i: I18n) -> Vec<AttrValue> {
    if error.errors.is_empty() {
        return vec![match &error.request_id {
            Some(id) => i.t(Msg::ErrorWithId { text: &error.detail(i), id }),
            None => error.detail(i),
        }];
    }
    error.errors.iter().map(|problem| problem.message.clone().into()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_is_offered_once() {
        let mut offered: Vec<ImportField> = GROUPS.iter().flat_map(|(_, fields)| *fields).copied().collect();
        offered.sort_unstable();
        assert_eq!(offered, ImportField::ALL);
    }
}
