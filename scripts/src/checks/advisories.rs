//! B13: advisories, licences and sources of everything in `Cargo.lock`, by `cargo deny` and `deny.toml`.

use std::path::{Path, PathBuf};

use crate::processes::run_logged;
use crate::stage::Counts;
use crate::system::find_program;
use crate::workspace::Workspace;
use crate::{Failure, Outcome};

/// No known advisory; needs to reach the advisory database on the network.
///
/// # Errors
/// When there is one, or the tool can't be had.
pub fn advisories(workspace: &Workspace, log: &Path) -> Outcome<Counts> {
    check(workspace, &["advisories"], log)
}

/// Only the licences and sources that `deny.toml` allows.
///
/// # Errors
/// When there is another, or the tool can't be had.
pub fn licences(workspace: &Workspace, log: &Path) -> Outcome<Counts> {
    check(workspace, &["licenses", "bans", "sources"], log)
}

fn check(workspace: &Workspace, what: &[&str], log: &Path) -> Outcome<Counts> {
    let mut command = workspace.command(tool(workspace, log)?);
    command.args(["--color", "never", "check"]).args(what);
    if run_logged(&mut command, log)? {
        Ok(Counts::ONE)
    } else {
        Err(Failure::new("cargo deny is not content"))
    }
}

/// The tool on the path, else one that cargo installs below the target directory.
fn tool(workspace: &Workspace, log: &Path) -> Outcome<PathBuf> {
    if let Some(found) = find_program("cargo-deny") {
        return Ok(found);
    }
    let program = workspace.tools().join("bin/cargo-deny");
    if !program.is_file() {
        let mut install = workspace.cargo();
        install.args(["install", "--locked", "--quiet", "cargo-deny", "--root"]).arg(workspace.tools());
        if !run_logged(&mut install, log)? {
            return Err(Failure::new("cargo install cargo-deny failed"));
        }
    }
    Ok(program)
}
