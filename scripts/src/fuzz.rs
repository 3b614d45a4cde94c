//! schemathesis: requests made from the OpenAPI document against a running server.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::Outcome;
use crate::processes::{TemporaryFolder, run_logged};
use crate::server::Setup;
use crate::stage::Counts;
use crate::workspace::Workspace;

/// The version that was tried.
const SCHEMATHESIS: &str = "schemathesis==4.32.5";

/// How long and as whom.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    roles: &'static [&'static str],
    /// Cases for each operation.
    examples: u32,
}

impl Options {
    /// For the gate: two roles, at most five minutes.
    pub const SHORT: Self = Self { roles: &["admin", "rm"], examples: 20 };
    /// For `cargo xtask check A1`: four roles, as long as it takes.
    pub const LONG: Self = Self { roles: &["admin", "rm", "branch_manager", "auditor"], examples: 200 };
}

/// Runs schemathesis as each role against a server on SQLite with demo data.
///
/// # Errors
/// When it can't be run; roles for which it finds something are counted as failed.
pub fn run(workspace: &Workspace, options: &Options, log: &Path) -> Outcome<Counts> {
    let program = install(workspace, log)?;
    let mut counts = Counts::default();
    for role in options.roles {
        // Each role gets a database of its own: an administrator can archive everybody else.
        let folder = TemporaryFolder::new(&workspace.target, "xtask-schemathesis")?;
        let setup = Setup::sqlite(workspace.server("ci"), folder.path(), &log.with_extension("server.log"));
        setup.prepare(200)?;
        let server = setup.start(Duration::from_secs(60))?;
        let (username, password) = server.sign_in_of(role)?;
        let hooks = folder.path().join("hooks.py");
        fs::write(&hooks, include_str!("fuzz/hooks.py"))?;
        fs::write(folder.path().join("schemathesis.toml"), include_str!("fuzz/schemathesis.toml"))?;
        let mut command = workspace.command(&program);
        command.arg("run").arg(format!("{}/api/openapi.json", server.url())).current_dir(folder.path());
        command.args(["--mode", "all", "--checks", "all", "--phases", "examples,coverage,fuzzing,stateful"]);
        command.args([
            "-n",
            &options.examples.to_string(),
            "--continue-on-failure",
            "--workers",
            "2",
            "--seed",
            "1",
        ]);
        // Sign-in is where the tool's own session comes from; it would sign itself out or change its password.
        command.args(["--exclude-path-regex", "/auth/(sign-out|sign-out-everywhere|password|sessions/.*)$"]);
        command.args([
            "--request-timeout",
            "30",
            "--output-truncate",
            "false",
            "--generation-database",
            "none",
        ]);
        command.env("SCHEMATHESIS_HOOKS", &hooks).env("NO_COLOR", "1").env("GUANXI_URL", server.url());
        command.env("GUANXI_USERNAME", username).env("GUANXI_PASSWORD", password);
        if run_logged(&mut command, log)? {
            counts.passed += 1;
        } else {
            print!("as {role} it found something   ");
            counts.failed += 1;
        }
    }
    Ok(counts)
}

/// schemathesis in a virtual environment of its own.
fn install(workspace: &Workspace, log: &Path) -> Outcome<PathBuf> {
    let folder = workspace.tools().join("schemathesis");
    let mark = folder.join("installed");
    let program = folder.join("bin/schemathesis");
    if program.is_file() && fs::read_to_string(&mark).is_ok_and(|version| version == SCHEMATHESIS) {
        return Ok(program);
    }
    let mut venv = workspace.command("python3");
    venv.args(["-m", "venv", "--clear"]).arg(&folder);
    let mut pip = workspace.command(folder.join("bin/pip"));
    pip.args(["install", "--quiet", "--disable-pip-version-check", SCHEMATHESIS]);
    crate::test::all(log, [venv, pip])?;
    fs::write(mark, SCHEMATHESIS)?;
    Ok(program)
}
