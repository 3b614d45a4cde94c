//! The web app of Guanxi.
//!
//! `app` puts the providers and the pages together. One folder a room (`customers`, `org`, `account`, `audit`, `help`)
//! holds its pages; `ui` holds the components, which know no room; `api` has one function for each endpoint; texts are in
//! `locales/`, shown through `i18n`.

#[macro_use]
mod macros;

mod account;
mod api;
mod app;
mod audit;
mod checks;
mod customers;
mod dom;
mod draft;
mod duplicates;
mod exports;
mod fetch;
mod focus;
mod form;
mod help;
mod holdings;
mod i18n;
mod imports;
mod interactions;
mod kept;
mod labels;
mod leaving;
mod listing;
mod names;
mod once;
mod org;
mod ownership;
mod palette;
mod parts;
mod products;
mod quality;
mod relations;
mod reports;
mod route;
mod scroll;
mod segments;
mod session;
mod settings;
mod shell;
mod surveys;
mod tags;
mod tasks;
mod tiers;
mod today;
mod ui;
mod value;
mod views;

fn main() {
    leaving::listen();
    if let Some(root) = gloo_utils::document().get_element_by_id("app") {
        yew::Renderer::<app::App>::with_root(root).render();
    }
}
