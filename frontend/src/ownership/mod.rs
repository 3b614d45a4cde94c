//! Who looks after customers: whose care lacks something, who was lost, which roles a tier demands, and the handover of books.

mod gaps;
mod handover;
mod handovers;
mod losses;
mod page;
mod panel;
mod rules;

pub use handover::HandoverPage;
pub use page::OwnershipPage;
pub use panel::{OwnershipPanel, OwnershipPanelProps};

/// Rows of a page, as the server gives them unless told.
const PAGE: u32 = 50;
