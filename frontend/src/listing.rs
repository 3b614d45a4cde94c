//! A list whose filter and sort order stand in the address; its pages do not, since cursors do not last: they are kept with the history.

use std::rc::Rc;

use guanxi_api::Page as Rows;
use web_sys::UrlSearchParams;
use yew::prelude::*;
use yew_router::hooks::use_location;

use crate::api::{self, ApiError};
use crate::fetch::Remote;
use crate::kept::{Kept, use_kept};
use crate::route;
use crate::settings::use_settings;
use crate::ui::{
    Column, EmptyState, ErrorPanel, FilterChips, FilterField, FilterTerm, Icon, Pagination, Row, Skeleton,
    Sort, Table,
};

/// Rows of a page, as the server gives them unless told.
const PAGE: u32 = 50;

/// Where one is in a list.
#[derive(Clone, PartialEq)]
pub struct Listing {
    path: String,
    pub filter: String,
    /// As the API reads it, also where the address says nothing.
    pub sort: String,
    /// The filter where none is left, since without one the list would begin with its own again.
    bare: &'static str,
    place: Kept<(String, Vec<String>)>,
}

/// The list at a path, in an order unless the address names one.
#[hook]
pub fn use_listing(path: String, order: &str) -> Listing {
    let params = use_location().and_then(|l| UrlSearchParams::new_with_str(l.query_str()).ok());
    let get = |key: &str| params.as_ref().and_then(|p| p.get(key)).filter(|text| !text.is_empty());
    let place = use_kept(format!("place{path}"), || (String::new(), Vec::new()));
    Listing {
        path,
        filter: get("filter").unwrap_or_default(),
        sort: get("sort").unwrap_or_else(|| order.to_owned()),
        bare: "",
        place,
    }
}

impl Listing {
    /// With a filter of its own until another is chosen; leaving all of them out shows what is active.
    pub fn filtered(mut self, filter: String) -> Self {
        if self.filter.is_empty() {
            self.filter = filter;
        }
        self.bare = r#"status eq "active""#;
        self
    }

    fn of(&self) -> String {
        format!("{}&{}", self.filter, self.sort)
    }

    /// The cursors of the pages up to this one; another filter or order begins anew.
    fn cursors(&self) -> Vec<String> {
        if self.place.0 == self.of() { self.place.1.clone() } else { Vec::new() }
    }

    /// The cursor of this page.
    pub fn cursor(&self) -> String {
        self.cursors().last().cloned().unwrap_or_default()
    }

    /// A name for what is read.
    pub fn key(&self, name: &str) -> String {
        format!("{name}?{}&{}", self.of(), self.cursor())
    }

    /// Takes another filter and order.
    pub fn go(&self, filter: &str, sort: &str) {
        let filter = if filter.is_empty() { self.bare } else { filter };
        route::go(&format!("{}{}", self.path, api::query(&[("filter", filter), ("sort", sort)])));
    }
}

/// What a list is called, and what it says when there is nothing.
#[derive(Clone, PartialEq)]
pub struct ListWords {
    pub caption: AttrValue,
    pub icon: Icon,
    pub none: AttrValue,
    pub none_text: AttrValue,
    pub failed: AttrValue,
}

#[derive(Properties, PartialEq)]
pub struct ListBodyProps {
    pub listing: Listing,
    pub words: ListWords,
    pub fields: Vec<FilterField>,
    pub columns: Vec<Column>,
    pub rows: ListRows,
    pub retry: Callback<()>,
}

/// The rows of a page, or why there are none.
#[derive(Clone, PartialEq)]
pub struct ListRows {
    rows: Option<Vec<Row>>,
    next: Option<String>,
    error: Option<Rc<ApiError>>,
}

impl ListRows {
    /// What has been read, each as a row.
    pub fn of<T>(remote: &Remote<Rows<T>>, row: impl Fn(&T) -> Row) -> Self {
        ListRows {
            rows: remote.data.as_ref().map(|page| page.data.iter().map(row).collect()),
            next: remote.data.as_ref().and_then(|page| page.page.next.clone()),
            error: remote.error.clone(),
        }
    }
}

/// A list below the head of its page: its filter, its rows, back and forward.
#[function_component]
pub fn ListBody(props: &ListBodyProps) -> Html {
    let settings = use_settings();
    let ListBodyProps { listing, words, fields, columns, rows, retry } = props;
    let terms = FilterTerm::read_all(&listing.filter, fields);
    let foreign = terms.is_none().then(|| AttrValue::from(listing.filter.clone()));
    let onchange =
        cb!((listing), |terms: Vec<FilterTerm>| listing.go(&FilterTerm::write_all(&terms), &listing.sort));
    let onfilter = cb!((listing), |filter: String| listing.go(&filter, &listing.sort));
    let onsort = cb!((listing), |sort: Sort| listing.go(&listing.filter, &sort.write()));
    let cursors = listing.cursors();
    let go_to = |cursors: Vec<String>| {
        let (place, of) = (listing.place.clone(), listing.of());
        Callback::from(move |()| place.set((of.clone(), cursors.clone())))
    };
    let onnext = rows.next.clone().map(|next| go_to(cursors.iter().cloned().chain([next]).collect()));
    let onback = cursors.split_last().map(|(_, before)| go_to(before.to_vec()));
    html! {
        <>
            <div class="filters" role="search"><FilterChips fields={fields.clone()} terms={terms.unwrap_or_default()} {foreign} {onchange} {onfilter} /></div>
            { match (&rows.rows, &rows.error) {
                (Some(shown), _) if shown.is_empty() => html! { <EmptyState icon={words.icon} title={&words.none} text={&words.none_text} /> },
                (Some(shown), _) => html! {
                    <>
                        <Table caption={&words.caption} columns={Rc::new(columns.clone())} sort={Sort::read(&listing.sort)} {onsort} letters={settings.now.shortcuts} rows={shown.clone()} />
                        <Pagination before={cursors.len() as u32 * PAGE} rows={shown.len() as u32} last={rows.next.is_none()} {onback} {onnext} />
                    </>
                },
                (None, Some(error)) => html! { <ErrorPanel what={&words.failed} error={error.clone()} retry={retry.clone()} /> },
                (None, None) => html! { <Skeleton rows=10 /> },
            } }
        </>
    }
}
