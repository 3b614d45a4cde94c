//! `cargo xtask test`: everything that gates.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::postgres::Postgres;
use crate::processes::{TemporaryFolder, run_logged};
use crate::server::Setup;
use crate::stage::{Counts, Stages, test_results};
use crate::system::{self, Need};
use crate::workspace::Workspace;
use crate::{Failure, Outcome, browser, fuzz, web};

/// The stages, in the order in which they run.
pub const STAGES: [&str; 9] =
    ["fmt", "web", "contract", "build", "sqlite", "postgres", "logic", "browser", "schemathesis"];

/// Past this a line says so: the gate should not take longer.
const EXPECTED: Duration = Duration::from_secs(45 * 60);

/// How many browsers work at the same time, each with a server of its own: one waits for its server half of the time.
const BROWSERS: usize = 2;

/// The crates with tests that need no browser.
const BACKEND: [&str; 6] = ["-p", "guanxi", "-p", "guanxi-db", "-p", "guanxi-api"];

/// What may be chosen.
#[derive(Debug, Default)]
pub struct Options {
    /// Only this stage, with what it needs.
    pub only: Option<String>,
    /// A server of PostgreSQL to use instead of a cluster of its own.
    pub postgres: Option<String>,
}

/// Runs the stages; whether all of them went well.
///
/// # Errors
/// When something is missing on this machine, or a stage is unknown.
pub fn run(workspace: &Workspace, options: &Options) -> Outcome<bool> {
    let only = options.only.as_deref();
    if let Some(name) = only.filter(|name| !STAGES.contains(name)) {
        return Err(Failure::new(format!("there is no stage {name}; the stages are {}", STAGES.join(", "))));
    }
    let wanted = |stage: &str| {
        only.is_none_or(|only| {
            only == stage
                || (stage == "build" && ["browser", "schemathesis"].contains(&only))
                || (stage == "web" && only == "browser")
        })
    };
    let mut needs = vec![Need::Compiler, Need::OpenSsl];
    if wanted("postgres") && options.postgres.is_none() {
        needs.push(Need::Postgres);
    }
    if wanted("browser") {
        needs.extend([Need::Chromium, Need::Node]);
    }
    if wanted("schemathesis") {
        needs.push(Need::Python);
    }
    system::provide(&needs)?;
    if ["contract", "web"].iter().any(|stage| wanted(stage)) {
        system::provide_wasm_target(workspace)?;
    }

    let mut stages = Stages::begin(workspace)?;
    let mut stage = |name: &str, work: &mut dyn FnMut(&Path) -> Outcome<Counts>| {
        !wanted(name) || stages.run(name, |log| work(log))
    };
    stage("fmt", &mut |log| {
        all(log, [cargo(workspace, &["fmt", "--all", "--check", "--", "--color=never"])])
    });
    // First, because the server embeds it: everything after it compiles once.
    let web = stage("web", &mut |log| {
        let summary = web::build(workspace, web::Options { dev: false, log: Some(log) })?;
        print!("{summary}   ");
        Ok(Counts::ONE)
    });
    stage("contract", &mut |_| contract(workspace));
    let built = stage("build", &mut |log| all(log, [build(workspace)]));
    stage("sqlite", &mut |log| backend_tests(workspace, None, None, log));
    stage("postgres", &mut |log| {
        let server = Postgres::at_or_start(options.postgres.as_deref(), &log.with_extension("server.log"))?;
        backend_tests(workspace, Some(server.url()), None, log)
    });
    stage("logic", &mut |log| logic(workspace, log));
    stage("browser", &mut |log| {
        if !built || !web {
            return Err(Failure::new("not run: the server or the web app did not build"));
        }
        let folder = TemporaryFolder::new(&workspace.target, "xtask-browser")?;
        let mut servers = Vec::new();
        for number in 1..=BROWSERS {
            let data = folder.path().join(number.to_string());
            let server_log = log.with_extension(format!("server-{number}.log"));
            let setup = Setup::sqlite(workspace.server("ci"), &data, &server_log);
            setup.prepare(2_000)?;
            servers.push(setup.start(Duration::from_secs(60))?);
        }
        // Pictures are for whoever asked for this stage alone.
        browser::playwright(workspace, &servers, browser::Choice { tag: None, pictures: only.is_some() }, log)
    });
    stage("schemathesis", &mut |log| {
        if !built {
            return Err(Failure::new("not run: the server did not build"));
        }
        fuzz::run(workspace, &fuzz::Options::SHORT, log)
    });
    if stages.elapsed() > EXPECTED {
        println!("warning: this took {} minutes", stages.elapsed().as_secs() / 60);
    }
    Ok(stages.finish())
}

/// What builds the server, its tests and what they need; the lints of all of it.
#[must_use]
pub fn build(workspace: &Workspace) -> Command {
    with(linting(workspace, &["build", "--profile", "ci", "--bins", "--tests"]), &BACKEND)
}

/// Which of the backend's tests to run, and how thoroughly.
#[derive(Clone, Copy, Debug)]
pub struct Selection<'a> {
    /// What their names contain.
    pub filter: &'a str,
    /// Whether those that can be sampled run in full length.
    pub full: bool,
}

/// Runs the tests of the backend's crates, all or a selection, on SQLite or in the database of `postgres`.
///
/// # Errors
/// When they don't compile.
pub fn backend_tests(
    workspace: &Workspace,
    postgres: Option<&str>,
    selection: Option<Selection<'_>>,
    log: &Path,
) -> Outcome<Counts> {
    let mut command = with(linting(workspace, &["test", "--profile", "ci", "--no-fail-fast"]), &BACKEND);
    command.env_remove("GUANXI_TEST_POSTGRES_URL").env_remove("GUANXI_CHECK_FULL");
    if let Some(url) = postgres {
        command.env("GUANXI_TEST_POSTGRES_URL", url);
    }
    if let Some(Selection { filter, full }) = selection {
        command.args(["--lib", "--bins", "--tests", "--", filter, "--show-output"]);
        if full {
            command.env("GUANXI_CHECK_FULL", "1");
        }
    }
    let succeeded = run_logged(&mut command, log)?;
    let counts = test_results(log)?;
    if counts.failed == 0 && !succeeded {
        return Err(Failure::new("the tests do not compile or have crashed"));
    }
    Ok(counts)
}

/// Cargo with clippy's compiler for the crates of the workspace: what it compiles it also lints, and a warning fails it.
/// `cargo clippy` by itself would compile every library a second time.
fn linting(workspace: &Workspace, arguments: &[&str]) -> Command {
    let mut command = cargo(workspace, arguments);
    // As `cargo clippy` hands them on: <https://doc.rust-lang.org/nightly/clippy/development/infrastructure/>.
    command.env("RUSTC_WORKSPACE_WRAPPER", "clippy-driver");
    command.env("CLIPPY_ARGS", ["-D", "warnings"].join("__CLIPPY_HACKERY__"));
    command
}

/// The contract knows neither database nor server nor Yew; that it compiles for the browser is shown by the web app.
fn contract(workspace: &Workspace) -> Outcome<Counts> {
    let target = ["-p", "guanxi-api", "--target", "wasm32-unknown-unknown", "--no-default-features"];
    let tree =
        with(cargo(workspace, &["tree", "--edges", "normal", "--prefix", "none"]), &target).output()?;
    let tree = String::from_utf8_lossy(&tree.stdout);
    let forbidden = ["diesel", "libsqlite3", "pq-sys", "actix", "tokio", "yew", "utoipa"];
    match tree.lines().find(|line| forbidden.iter().any(|name| line.starts_with(name))) {
        Some(line) => Err(Failure::new(format!("guanxi-api must not depend on {line}"))),
        None if tree.starts_with("guanxi-api ") => Ok(Counts::ONE),
        None => Err(Failure::new("cargo tree failed")),
    }
}

/// The web app's logic that needs no browser, and xtask's own tests; the lints of both.
fn logic(workspace: &Workspace, log: &Path) -> Outcome<Counts> {
    // Both in the profile that `cargo xtask` itself is built with, since nothing of it needs to be fast.
    let web = linting(workspace, &["test", "-p", "guanxi-web", "--bins"]);
    let own = linting(workspace, &["test", "-p", "xtask", "--features", "bench", "--lib", "--bins"]);
    let mut succeeded = true;
    for mut command in [web, own] {
        succeeded &= run_logged(&mut command, log)?;
    }
    let counts = test_results(log)?;
    if succeeded || counts.failed > 0 { Ok(counts) } else { Err(Failure::new("the tests do not compile")) }
}

/// Runs commands one after another until one fails.
pub(crate) fn all(log: &Path, commands: impl IntoIterator<Item = Command>) -> Outcome<Counts> {
    for mut command in commands {
        if !run_logged(&mut command, log)? {
            return Err(Failure::new("failed"));
        }
    }
    Ok(Counts::ONE)
}

fn cargo(workspace: &Workspace, arguments: &[&str]) -> Command {
    with(workspace.cargo(), arguments)
}

fn with(mut command: Command, arguments: &[&str]) -> Command {
    command.args(arguments);
    command
}
