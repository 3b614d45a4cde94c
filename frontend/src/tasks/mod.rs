//! Tasks: what is to be done by whom and by when.

mod forms;
mod list;

pub use forms::{HandOverDialog, NewTaskDialog, PostponeDialog, PostponeProps, Postponed, WorkProps};
pub use list::{TaskList, TasksPage};
