//! Tasks: what is to be done by whom and by when.

mod forms;
mod list;

pub use forms::NewTaskDialog;
pub use list::{TaskList, TasksPage};
