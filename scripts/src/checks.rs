//! `cargo xtask check`: what proves that Guanxi holds, each by its name, on both engines.

mod advisories;
mod backups;
mod durability;
mod fuzzing;
mod imports;
mod load;
mod repeats;
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

/// Starts servers on a setup and takes them through so many rounds.
type Work = fn(&Setup, u32) -> Outcome<Counts>;

/// How a check is done.
#[derive(Clone, Copy, Debug)]
enum Means {
    /// By the backend's tests whose names begin with the check's.
    Tests,
    /// By those, and by the browser tests tagged with the check's name.
    TestsAndBrowser,
    /// By schemathesis, on SQLite.
    Schemathesis,
    /// By killing or stopping the server while clients write, in so many rounds; in a fifth of them for a sample.
    Server(Work, u32),
    /// By tests, and by that.
    TestsAndServer(Work, u32),
    /// By looking up the dependencies' licences and advisories.
    Advisories,
    /// By inputs that libFuzzer makes up, for so many seconds; for a twentieth of them for a sample.
    Fuzzing(u32),
}

impl Means {
    fn tests(self) -> bool {
        matches!(self, Means::Tests | Means::TestsAndBrowser | Means::TestsAndServer(..))
    }

    fn server(self) -> Option<(Work, u32)> {
        match self {
            Means::Server(work, rounds) | Means::TestsAndServer(work, rounds) => Some((work, rounds)),
            _ => None,
        }
    }

    fn browser(self) -> bool {
        matches!(self, Means::TestsAndBrowser)
    }

    fn schemathesis(self) -> bool {
        matches!(self, Means::Schemathesis)
    }
}

/// Every check that exists, with what it must reach.
const CHECKS: [(&str, Means, &str); 27] = [
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
    ("B8", Means::Tests, "guessing passwords leads nowhere and tells nothing"),
    ("B9", Means::Tests, "links to surveys cannot be guessed, are used once and tell nothing"),
    ("B11", Means::TestsAndBrowser, "security headers everywhere, no policy violation in the browser"),
    ("B12", Means::Tests, "hostile texts come out of files as they went in, and never as formulas"),
    ("B13", Means::Advisories, "no advisory, no foreign licence"),
    ("C1", Means::Tests, "one of many edits of a version wins"),
    ("C2", Means::TestsAndServer(repeats::run, 200), "one row for a key, however often it is sent"),
    ("C6", Means::Tests, "a file that is no table is refused in words, a wrong record by its line"),
    ("C7", Means::Server(imports::run, 20), "an import goes on after kill -9, nothing lost, nothing twice"),
    ("D1", Means::Server(durability::run, 50), "nothing acknowledged is lost by kill -9"),
    ("D3", Means::Tests, "the engine runs with the settings that make it safe"),
    (
        "D6",
        Means::TestsAndServer(backups::run, 20),
        "a backup under load is whole, and restored it is what it was",
    ),
    ("E4", Means::Server(shutdown::run, 50), "no request in flight fails when the server is asked to stop"),
    ("E5", Means::Fuzzing(600), "no file, mapping or filter makes anything panic or run out of memory"),
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
    let any = |wanted: fn(Means) -> bool| chosen.iter().any(|(_, means, _)| wanted(*means));
    let on_server = any(|means| means.server().is_some());
    let on_both = on_server || any(Means::tests);
    let mut needs = vec![Need::Compiler, Need::OpenSsl];
    if on_both && options.postgres.is_none() {
        needs.push(Need::Postgres);
    }
    if any(Means::browser) {
        needs.extend([Need::Chromium, Need::Node]);
    }
    if any(Means::schemathesis) {
        needs.push(Need::Python);
    }
    system::provide(&needs)?;

    let mut stages = Stages::begin(workspace)?;
    let mut ready = true;
    if on_server || any(Means::browser) || any(Means::schemathesis) {
        ready = stages.run("build", |log| test::all(log, [test::build(workspace)]));
    }
    let server_log = workspace.logs().join("postgres-server.log");
    let postgres =
        if on_both { Some(Postgres::at_or_start(options.postgres.as_deref(), &server_log)?) } else { None };
    for (name, means, what) in chosen.into_iter().filter(|_| ready) {
        println!("{name}: {what}");
        let check = Check { workspace, name, short: options.short };
        if means.tests() {
            stages.run(&format!("{name} on SQLite"), |log| check.tests(None, log));
            let url = postgres.as_ref().map(Postgres::url);
            stages.run(&format!("{name} on PostgreSQL"), |log| check.tests(url, log));
        }
        if let Some((work, rounds)) = means.server() {
            let rounds = if options.short { rounds / 5 } else { rounds };
            stages.run(&format!("{name} server, SQLite"), |log| check.server(work, rounds, None, log));
            stages.run(&format!("{name} server, PostgreSQL"), |log| {
                let cluster = postgres.as_ref().ok_or_else(|| Failure::new("no PostgreSQL"))?;
                check.server(work, rounds, Some(cluster), log)
            });
        }
        match means {
            Means::Tests | Means::Server(..) | Means::TestsAndServer(..) => {}
            Means::TestsAndBrowser => {
                stages.run(&format!("{name} in the browser"), |log| check.browser(log));
            }
            Means::Schemathesis => {
                let length = if options.short { fuzz::Options::SHORT } else { fuzz::Options::LONG };
                stages.run(&format!("{name} on SQLite"), |log| fuzz::run(workspace, &length, log));
            }
            Means::Fuzzing(seconds) => {
                let seconds = if options.short { seconds / 20 } else { *seconds };
                stages.run(&format!("{name} files, mappings, filters"), |log| {
                    fuzzing::run(workspace, seconds, log)
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
        // What a test has measured: figures are told, and fail nothing.
        let told = format!("{}: ", self.name);
        for line in std::fs::read_to_string(log)?.lines().filter_map(|line| line.strip_prefix(&told)) {
            print!("{line}   ");
        }
        Ok(counts)
    }

    /// The real server on SQLite, or on a database of its own in a cluster of PostgreSQL.
    fn server(&self, work: Work, rounds: u32, cluster: Option<&Postgres>, log: &Path) -> Outcome<Counts> {
        let folder = TemporaryFolder::new(&self.workspace.target, &format!("xtask-{}", self.name))?;
        let (binary, log) = (self.workspace.server("ci"), log.with_extension("server.log"));
        let setup = match cluster {
            None => Setup::sqlite(binary, folder.path(), &log),
            Some(cluster) => {
                let url = cluster.fresh_database(&format!("check_{}", self.name.to_lowercase()))?;
                Setup::postgres(binary, folder.path(), &url, &log)
            }
        };
        work(&setup, rounds)
    }

    fn browser(&self, log: &Path) -> Outcome<Counts> {
        web::build(self.workspace, web::Options { dev: false, log: Some(log) })?;
        let folder = TemporaryFolder::new(&self.workspace.target, "xtask-browser")?;
        let setup =
            Setup::sqlite(self.workspace.server("ci"), folder.path(), &log.with_extension("server.log"));
        setup.prepare(2_000)?;
        let server = setup.start(Duration::from_secs(60))?;
        let tag = format!("@{}", self.name);
        let choice = browser::Choice { tag: Some(&tag), pictures: false };
        browser::playwright(self.workspace, &[server], choice, log)
    }
}
