//! Tasks: what is to be done by whom and by when.

mod forms;
mod list;

pub use forms::{HandOverDialog, NewTaskDialog, PostponeDialog, Postponed};
pub use list::{TaskList, TasksPage};
