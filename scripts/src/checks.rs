//! `cargo xtask check`: what proves that Guanxi holds, each by its name, on both engines.

mod advisories;
mod durability;
mod load;
mod shutdown;

use std::path::Path;
use std::time::Duration;

use crate::postgres::Postgres;
use crate::processes::TemporaryFolder;
use crate::server::Setup;
use crate::stage::{Counts, Stages};
use crate::system::{self, Need};
use crate::workspace::Workspace;
use crate::{Failure, Outcome, browser, fuzz, test, web};

/// How a check is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Means {
    /// By the backend's tests whose names begin with the check's.
    Tests,
    /// By those, and by the browser tests tagged with the check's name.
    TestsAndBrowser,
    /// By schemathesis, on SQLite.
    Schemathesis,
    /// By killing the server while it is written to.
    Kill,
    /// By asking the server to stop while it is busy.
    Terminate,
    /// By looking up the dependencies' licences and advisories.
    Advisories,
}

/// Every check that exists, with what it must reach.
const CHECKS: [(&str, Means, &str); 20] = [
    ("A1", Means::Schemathesis, "no 5xx and no answer that breaks its schema"),
    ("A2", Means::Tests, "every route is in the OpenAPI document and the other way round"),
    ("A4", Means::Tests, "every error is a problem document with a known code"),
    ("A5", Means::Tests, "paging meets every row exactly once while others write"),
    ("A6", Means::Tests, "foreign, altered and old cursors give nothing"),
    ("A7", Means::Tests, "both engines and an oracle give the same order"),
    ("B1", Means::Tests, "every route, role and ownership as the policy says"),
    ("B2", Means::Tests, "a route without a policy does not pass"),
    ("B3", Means::Tests, "fields of the server can't be assigned"),
    ("B4", Means::Tests, "no sensitive value where it is not permitted"),
    ("B5", Means::Tests, "masked fields can't be asked for in roundabout ways"),
    ("B6", Means::Tests, "no token but a good one is taken"),
    ("B7", Means::Tests, "a refresh token rotates once, reuse revokes"),
    ("B11", Means::TestsAndBrowser, "security headers everywhere, no policy violation in the browser"),
    ("B13", Means::Advisories, "no advisory, no foreign licence"),
    ("C1", Means::Tests, "one of many edits of a version wins"),
    ("C2", Means::Tests, "one row for a key, however often it is sent"),
    ("D1", Means::Kill, "nothing acknowledged is lost by kill -9"),
    ("D3", Means::Tests, "the engine runs with the settings that make it safe"),
    ("E4", Means::Terminate, "no request in flight fails when the server is asked to stop"),
];

/// What may be chosen.
#[derive(Debug, Default)]
pub struct Options {
    /// One check instead of all of them.
    pub name: Option<String>,
    /// A sample instead of the full length.
    pub short: bool,
    /// A server of PostgreSQL to use instead of a cluster of its own.
    pub postgres: Option<String>,
}

/// Runs the checks; whether all of them hold.
///
/// # Errors
/// When something is missing on this machine, or the name is unknown.
pub fn run(workspace: &Workspace, options: &Options) -> Outcome<bool> {
    let name = options.name.as_deref().map(str::to_uppercase);
    let chosen: Vec<_> =
        CHECKS.iter().filter(|(check, ..)| name.as_deref().is_none_or(|name| name == *check)).collect();
    if chosen.is_empty() {
        let known: Vec<&str> = CHECKS.iter().map(|(name, ..)| *name).collect();
        return Err(Failure::new(format!("there is no such check; the checks are {}", known.join(", "))));
    }
    let any = |means: &[Means]| chosen.iter().any(|(_, m, _)| means.contains(m));
    let mut needs = vec![Need::Compiler, Need::OpenSsl];
    let on_both = any(&[Means::Tests, Means::TestsAndBrowser, Means::Kill, Means::Terminate]);
    if on_both && options.postgres.is_none() {
        needs.push(Need::Postgres);
    }
    if any(&[Means::TestsAndBrowser]) {
        needs.extend([Need::Chromium, Need::Node]);
    }
    if any(&[Means::Schemathesis]) {
        needs.push(Need::Python);
    }
    system::provide(&needs)?;

    let mut stages = Stages::begin(workspace)?;
    let with_server = any(&[Means::Schemathesis, Means::TestsAndBrowser, Means::Kill, Means::Terminate]);
    let mut ready = true;
    if with_server {
        ready = stages.run("build", |log| {
            let mut build = workspace.cargo();
            build.args([
                "build",
                "--profile",
                "ci",
                "--bins",
                "--tests",
                "-p",
                "guanxi",
                "-p",
                "guanxi-db",
                "-p",
                "guanxi-api",
            ]);
            test::all(log, [build])
        });
    }
    let server_log = workspace.logs().join("postgres-server.log");
    let postgres =
        if on_both { Some(Postgres::at_or_start(options.postgres.as_deref(), &server_log)?) } else { None };
    for (name, means, what) in chosen.into_iter().filter(|_| ready) {
        println!("{name}: {what}");
        let check = Check { workspace, name, short: options.short };
        if matches!(means, Means::Tests | Means::TestsAndBrowser) {
            stages.run(&format!("{name} on SQLite"), |log| check.tests(None, log));
            let url = postgres.as_ref().map(Postgres::url);
            stages.run(&format!("{name} on PostgreSQL"), |log| check.tests(url, log));
        }
        match means {
            Means::Tests => {}
            Means::TestsAndBrowser => {
                stages.run(&format!("{name} in the browser"), |log| check.browser(log));
            }
            Means::Schemathesis => {
                let length = if options.short { fuzz::Options::SHORT } else { fuzz::Options::LONG };
                stages.run(&format!("{name} on SQLite"), |log| fuzz::run(workspace, &length, log));
            }
            Means::Kill | Means::Terminate => {
                let work = if *means == Means::Kill { durability::run } else { shutdown::run };
                let rounds = if options.short { 10 } else { 50 };
                let folder = TemporaryFolder::new(&workspace.target, &format!("xtask-{name}"))?;
                stages.run(&format!("{name} on SQLite"), |log| {
                    let setup = Setup::sqlite(
                        workspace.server("ci"),
                        folder.path(),
                        &log.with_extension("server.log"),
                    );
                    work(&setup, rounds)
                });
                drop(folder);
                let folder = TemporaryFolder::new(&workspace.target, &format!("xtask-{name}"))?;
                stages.run(&format!("{name} on PostgreSQL"), |log| {
                    let cluster = postgres.as_ref().ok_or_else(|| Failure::new("no PostgreSQL"))?;
                    let url = cluster.fresh_database(&format!("check_{}", name.to_lowercase()))?;
                    let log_file = log.with_extension("server.log");
                    work(&Setup::postgres(workspace.server("ci"), folder.path(), &url, &log_file), rounds)
                });
            }
            Means::Advisories => {
                stages.run(&format!("{name} advisories"), |log| advisories::advisories(workspace, log));
                stages.run(&format!("{name} licences"), |log| advisories::licences(workspace, log));
            }
        }
    }
    Ok(stages.finish())
}

struct Check<'a> {
    workspace: &'a Workspace,
    name: &'a str,
    short: bool,
}

impl Check<'_> {
    fn tests(&self, postgres: Option<&str>, log: &Path) -> Outcome<Counts> {
        let filter = format!("{}_", self.name.to_lowercase());
        let selection = test::Selection { filter: &filter, full: !self.short };
        let counts = test::backend_tests(self.workspace, postgres, Some(selection), log)?;
        if counts == Counts::default() {
            return Err(Failure::new(format!("there is no test whose name begins with {filter}")));
        }
        Ok(counts)
    }

    fn browser(&self, log: &Path) -> Outcome<Counts> {
        web::build(self.workspace, web::Options { dev: false, log: Some(log) })?;
        let folder = TemporaryFolder::new(&self.workspace.target, "xtask-browser")?;
        let setup =
            Setup::sqlite(self.workspace.server("ci"), folder.path(), &log.with_extension("server.log"));
        setup.prepare(2_000)?;
        let server = setup.start(Duration::from_secs(60))?;
        browser::playwright(self.workspace, &server, Some(&format!("@{}", self.name)), log)
    }
}
