//! Tags: the bank's catalogue of words, and which customers are marked with them.
//!
//! A tag is never deleted. One that is archived is given to nobody any more; who has it keeps it. How many customers have a tag is counted
//! in its row as it is given and taken. Whoever does either locks the customer first and the tag after it.

mod catalogue;
mod given;
pub(super) mod routes;
mod store;
#[cfg(test)]
mod tests;

pub(crate) use catalogue::TAGS;
pub use catalogue::{archive_tag, change_tag, create_tag, list_tags, restore_tag, tag, tag_history, tag_tag};
pub(super) use given::of_page;
pub use given::{Given, give_tag, put_tag_back, tags_of, tags_of_seen, take_tag, wrong_tag_counts};
