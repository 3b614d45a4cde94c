//! The browser tests: npm's packages, Chromium, Playwright.

use std::fs;
use std::path::{Path, PathBuf};

use crate::processes::run_logged;
use crate::server::Server;
use crate::stage::Counts;
use crate::system::{chromium, find_program};
use crate::workspace::Workspace;
use crate::{Context, Failure, Outcome};

/// Installs the locked npm packages unless they are there; answers with `node_modules`.
///
/// # Errors
/// When npm fails; npm's words are in the log.
pub fn packages(workspace: &Workspace, log: Option<&Path>) -> Outcome<PathBuf> {
    let folder = workspace.root.join("frontend/e2e");
    let modules = folder.join("node_modules");
    // npm has no file of its own that says which lock file it has installed from.
    let mark = modules.join(".installed-from");
    let lock = fs::read(folder.join("package-lock.json")).context("frontend/e2e/package-lock.json")?;
    if fs::read(&mark).is_ok_and(|installed| installed == lock) {
        return Ok(modules);
    }
    if log.is_none() {
        println!("installing npm packages");
    }
    let npm = find_program("npm").ok_or_else(|| Failure::new("npm was not found"))?;
    let mut command = workspace.command(npm);
    command.current_dir(&folder).args(["ci", "--no-fund", "--no-audit", "--loglevel=error"]);
    command.env("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1");
    let log = log.map_or_else(|| workspace.logs().join("npm.log"), Path::to_path_buf);
    if !run_logged(&mut command, &log)? {
        return Err(Failure::new(format!("npm ci failed, see {}", log.display())));
    }
    fs::write(mark, lock)?;
    Ok(modules)
}

/// Which browser tests run, and how.
#[derive(Clone, Copy, Debug, Default)]
pub struct Choice<'a> {
    /// Only those with this tag.
    pub tag: Option<&'a str>,
    /// Whether pictures are taken of every screen, for people to judge.
    pub pictures: bool,
}

/// Runs the Playwright tests, all of them or those with a tag: as many at a time as there are servers, each on its own.
///
/// # Errors
/// When they can't be run at all; failed tests are counted, not an error.
pub fn playwright(
    workspace: &Workspace,
    servers: &[Server],
    choice: Choice<'_>,
    log: &Path,
) -> Outcome<Counts> {
    let folder = workspace.root.join("frontend/e2e");
    let modules = packages(workspace, Some(log))?;
    let browser = chromium().ok_or_else(|| Failure::new("Chromium was not found"))?;
    let report = workspace.logs().join("playwright.json");
    let _ = fs::remove_file(&report);
    let mut command = workspace.command("node");
    command
        .current_dir(&folder)
        .arg(modules.join("@playwright/test/cli.js"))
        .args(["test", "--reporter=list,json"]);
    if let Some(tag) = choice.tag {
        command.args(["--grep", &format!("{tag}\\b")]);
    }
    let urls: Vec<&str> = servers.iter().map(Server::url).collect();
    let sign_ins: Vec<String> =
        servers.iter().map(|server| server.sign_ins_file().display().to_string()).collect();
    command.env("PLAYWRIGHT_JSON_OUTPUT_NAME", &report).env("CHROMIUM", browser);
    command.env("GUANXI_URL", urls.join("\n")).env("GUANXI_SIGN_INS", sign_ins.join("\n"));
    if choice.pictures {
        command.env("GUANXI_PICTURES", "1");
    }
    command.env("CI", "1").env("NO_COLOR", "1").env_remove("FORCE_COLOR");
    let succeeded = run_logged(&mut command, log)?;
    let text = fs::read(&report).map_err(|_| Failure::new("Playwright has written no report"))?;
    let report: serde_json::Value = serde_json::from_slice(&text)?;
    let count = |name: &str| report["stats"][name].as_u64().unwrap_or(0);
    let counts = Counts { passed: count("expected"), failed: count("unexpected") + count("flaky") };
    if counts.failed == 0 && (!succeeded || counts.passed == 0) {
        return Err(Failure::new(if succeeded { "no browser test was run" } else { "Playwright failed" }));
    }
    Ok(counts)
}
