//! Who looks after customers: whose care lacks something, who was lost, which roles a tier demands, the handover of books, stand-ins, care plans, visits
//! of leaders, and the pool.

mod gaps;
mod handover;
mod handovers;
mod losses;
mod page;
mod pages;
mod panel;
mod plan;
mod plans;
mod pool;
mod rules;
mod stand_ins;
mod visits;

pub use handover::HandoverPage;
pub use page::OwnershipPage;
pub use panel::{OwnershipPanel, OwnershipPanelProps};
pub use plan::{CareTab, CareTabProps};

/// Rows of a page, as the server gives them unless told.
const PAGE: u32 = 50;
