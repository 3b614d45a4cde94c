//! Views of the customer list: a view stands in the address as what it holds, so that the list needs to know nothing of views.

mod bar;
mod dialog;

use web_sys::UrlSearchParams;
use yew_router::Routable;

pub use bar::{ViewBar, ViewBarProps};

use crate::api;
use crate::dom;
use crate::route::Route;

/// Stands in the address where the whole list is meant, although the user sees a view first.
pub const ALL: &str = "all";
/// The order of the list.
pub const DEFAULT_SORT: &str = "name";
/// Whether the user of this browser sees some view first.
const FIRST: &str = "guanxi.first_view";

/// What stands in the address of the list: everything but what is typed in the search field, which may be a name.
#[derive(Clone, PartialEq, Default)]
pub struct Address {
    /// Id of the view that is open, [`ALL`], or nothing.
    pub view: String,
    pub filter: String,
    pub sort: String,
    pub columns: String,
}

impl Address {
    pub fn read(query: &str) -> Self {
        let Ok(params) = UrlSearchParams::new_with_str(query) else { return Address::default() };
        let get = |key: &str| params.get(key).unwrap_or_default();
        Address { view: get("view"), filter: get("filter"), sort: get("sort"), columns: get("columns") }
    }

    pub fn path(&self) -> String {
        let query = api::query(&[
            ("view", &self.view),
            ("filter", &self.filter),
            ("sort", &self.sort),
            ("columns", &self.columns),
        ]);
        format!("{}{query}", Route::Customers.to_path())
    }

    /// The whole list, whatever the user sees first.
    pub fn all() -> Self {
        Address { view: ALL.to_owned(), ..Address::default() }
    }

    /// Whether it names a view.
    pub fn in_view(&self) -> bool {
        !self.view.is_empty() && self.view != ALL
    }

    /// Whether it names a view and does not say yet what that holds; then it always has an order.
    pub fn is_open(&self) -> bool {
        self.in_view() && self.filter.is_empty() && self.sort.is_empty()
    }

    /// Whether what is to be listed depends on the views of the user.
    pub fn waits(&self) -> bool {
        self.is_open() || (*self == Address::default() && dom::stored(FIRST).is_some())
    }
}
