//! Whom to contact and what to do today, and why.

mod line;
mod page;
mod words;

pub use page::TodayPage;
