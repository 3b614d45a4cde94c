//! Guanxi: relationship management for banks. One binary serves a documented REST API and the web app that is one of its
//! clients, on an embedded SQLite or on PostgreSQL. `ARCHITECTURE.md` shows where things are.

#![forbid(unsafe_code)]

pub mod access;
pub mod app;
pub mod audit;
pub mod background;
pub mod backup;
pub mod bulk_actions;
pub mod clock;
pub mod config;
pub mod customers;
pub mod demo;
pub mod due;
pub mod duplicates;
pub mod error;
pub mod exports;
pub mod files;
pub mod following;
pub mod grades;
pub mod holdings;
pub mod idempotency;
pub mod import_file;
pub mod imports;
pub mod installation;
pub mod interactions;
pub mod jobs;
pub mod listing;
pub mod merging;
pub mod messages;
pub mod names;
pub mod org;
pub mod overview;
pub mod ownership;
pub mod products;
pub mod relations;
pub mod reports;
pub mod segments;
pub mod server;
pub mod spreadsheet;
pub mod surveys;
pub mod tasks;
pub mod telemetry;
pub mod text;
pub mod today;
pub mod verify;
pub mod views;
pub mod web;

#[cfg(test)]
mod checks;
#[cfg(test)]
mod testing;

/// Names this build to clients, so that an open page sees that a newer one is served.
pub const BUILD: &str = env!("CARGO_PKG_VERSION");
