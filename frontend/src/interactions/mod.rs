//! Contacts with customers: recording one, the timeline of a customer, and finding them by their notes.

mod list;
mod log;

use guanxi_api::{Instant, InteractionKind, InteractionOutcome, Me};
use uuid::Uuid;
use yew::prelude::*;

pub use list::{ContactList, ContactsPage};
pub use log::{LogDialog, LogDialogProps};

use crate::i18n::{I18n, Msg};
use crate::session::{may, right};
use crate::ui::{Icon, Tone};

/// Whom a contact is with.
#[derive(Clone, PartialEq)]
pub struct With {
    pub id: Uuid,
    pub name: AttrValue,
}

/// What one does is the outline; the word stands beside it.
const fn icon_of(kind: InteractionKind) -> Icon {
    match kind {
        InteractionKind::Call | InteractionKind::Video => Icon::Phone,
        InteractionKind::Email | InteractionKind::Letter => Icon::Mail,
        InteractionKind::Visit | InteractionKind::BranchMeeting => Icon::MapPin,
        InteractionKind::Event => Icon::Calendar,
        _ => Icon::MessageCircle,
    }
}

/// How an outcome stands out.
pub const fn tone_of(outcome: InteractionOutcome) -> Tone {
    match outcome {
        InteractionOutcome::Sold | InteractionOutcome::Interested => Tone::Good,
        InteractionOutcome::FollowUp => Tone::Information,
        InteractionOutcome::NotReached | InteractionOutcome::LeftMessage => Tone::Warning,
        InteractionOutcome::Declined => Tone::Bad,
        InteractionOutcome::Reached | InteractionOutcome::Unknown => Tone::Neutral,
    }
}

/// Whether a user may change a contact: its author, and who manages those that look after customers.
fn may_change(me: &Me, contact: &guanxi_api::Interaction) -> bool {
    let own = contact.author.as_ref().is_some_and(|author| author.id == me.id);
    may(me, right::WRITE_INTERACTIONS) && (own || may(me, right::ASSIGN_CUSTOMERS))
}

/// Whether it was recorded less than a day ago, so that its author changes it without a reason.
fn is_fresh(contact: &guanxi_api::Interaction) -> bool {
    crate::dom::now() * 1e3 - (contact.created_at.micros() as f64) < 86_400e6
}

/// Noon of a day in the bank's zone.
fn noon(day: chrono::NaiveDate, i: I18n) -> Option<Instant> {
    i.instant(day.and_hms_opt(12, 0, 0)?)
}

/// The words for a contact as a whole.
fn name_of(contact: &guanxi_api::Interaction, i: I18n) -> AttrValue {
    use crate::labels::Label;
    i.t(Msg::ContactsName { kind: &contact.kind.label(i), at: &i.minute(contact.occurred_at) })
}
