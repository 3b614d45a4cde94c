//! What it takes to work on Guanxi: the verbs of `cargo xtask` and the parts they share.
#![forbid(unsafe_code)]
#![allow(clippy::print_stdout, reason = "a command line tool talks to people on standard output")]

pub mod http;
pub mod jobs;
pub mod postgres;
pub mod processes;
pub mod server;
pub mod system;
pub mod workspace;

#[cfg(feature = "web")]
pub mod browser;
#[cfg(feature = "web")]
pub mod checks;
#[cfg(feature = "web")]
pub mod fuzz;
#[cfg(feature = "web")]
pub mod run;
#[cfg(feature = "web")]
pub mod stage;
#[cfg(feature = "web")]
pub mod test;
#[cfg(feature = "web")]
pub mod web;

use std::fmt;

/// Why a step could not be done, in words for the person at the terminal.
#[derive(Debug)]
pub struct Failure(String);

impl Failure {
    /// A failure with this explanation.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.trim_end())
    }
}

impl<E: std::error::Error> From<E> for Failure {
    fn from(error: E) -> Self {
        Self(error.to_string())
    }
}

/// The result of a step.
pub type Outcome<T = ()> = Result<T, Failure>;

/// Adds what was being done to a failure.
pub trait Context<T> {
    /// Puts `what` in front of the failure.
    ///
    /// # Errors
    /// The failure itself, with `what` before it.
    fn context(self, what: impl fmt::Display) -> Outcome<T>;
}

impl<T, E: Into<Failure>> Context<T> for Result<T, E> {
    fn context(self, what: impl fmt::Display) -> Outcome<T> {
        self.map_err(|error| Failure(format!("{what}: {}", error.into())))
    }
}
