//! The components that every page is made of. They know the contract's codes and the texts, but no room.

mod advanced;
mod button;
mod chart;
mod combobox;
mod command;
mod conflict;
mod date;
mod dialog;
mod field;
mod file;
mod filters;
mod history;
mod icon;
mod ime;
mod inline;
mod link;
mod marks;
mod menu;
mod page;
mod popover;
mod states;
mod table;
mod tabs;
mod toast;
mod tree;

pub use advanced::{FilterDialog, FilterDialogProps};
pub use button::{Button, IconButton, Look};
pub use chart::{ShareBar, StepLine, meter, swatch};
pub use combobox::{Choice, Combobox, Search};
pub use command::{CommandGroup, CommandItem, CommandPalette};
pub use conflict::{Clash, ConflictDialog};
pub use date::{DateField, date_of, read_date};
pub use dialog::{ConfirmDialog, Dialog, DiscardDialog, Shape};
pub use field::{Check, Field, InputKind, OptionGroup, Segments, Select, TextArea, TextField};
pub use file::FileDrop;
pub use filters::{FilterChips, FilterField, FilterKind, FilterTerm, TermForm, TermFormProps};
pub use history::{Changes, HistoryChange, HistoryEntry, HistoryList};
pub use icon::Icon;
pub use ime::use_composed;
pub use inline::{InlineEdit, InlineKind};
pub use link::Link;
pub use marks::{Avatar, Badge, GradeMark, Kbd, Name, TagMark, TierMark, Time, Tone};
pub use menu::{Menu, MenuItem};
pub use page::{HelpNote, Page, Panel};
pub use popover::Popover;
pub use states::{
    EmptyState, ErrorPanel, NewBuildBanner, Notice, OfflineBanner, OutdatedBanner, Skeleton, StartPanel,
};
pub use table::{Column, ColumnChooser, OnPhone, Pagination, Row, Selection, Sort, Table};
pub use tabs::{Tab, Tabs};
pub use toast::{ToastProvider, Toasts, ToastsOfDialog, use_toasts};
