//! Where things lie, and how cargo is called from inside cargo.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::{Failure, Outcome};

/// The workspace of this checkout.
#[derive(Clone, Debug)]
pub struct Workspace {
    /// The folder with the root `Cargo.toml`.
    pub root: PathBuf,
    /// Cargo's target directory (`CARGO_TARGET_DIR` or `target/`).
    pub target: PathBuf,
}

impl Workspace {
    /// Asks cargo for the members and the target directory.
    ///
    /// # Errors
    /// When this is not run from the workspace, or cargo is missing.
    pub fn find() -> Outcome<Self> {
        let root = match env::var_os("CARGO_MANIFEST_DIR") {
            Some(dir) => PathBuf::from(dir).parent().map(Path::to_path_buf).unwrap_or_default(),
            None => env::current_dir()?,
        };
        let out = cargo(&root).args(["metadata", "--no-deps", "--format-version", "1"]).output()?;
        if !out.status.success() {
            return Err(Failure::new(String::from_utf8_lossy(&out.stderr)));
        }
        let metadata: serde_json::Value = serde_json::from_slice(&out.stdout)?;
        let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
        Ok(Self { root, target: PathBuf::from(text(&metadata["target_directory"])) })
    }

    /// Cargo, to be run in the workspace.
    #[must_use]
    pub fn cargo(&self) -> Command {
        cargo(&self.root)
    }

    /// Any other program, to be run in the workspace.
    #[must_use]
    pub fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        command.current_dir(&self.root);
        command
    }

    /// The server's binary as a profile builds it.
    #[must_use]
    pub fn server(&self, profile: &str) -> PathBuf {
        self.target.join(profile).join("guanxi")
    }

    /// Tools that xtask installs for itself.
    #[must_use]
    pub fn tools(&self) -> PathBuf {
        self.target.join("xtask-tools")
    }

    /// Full logs of the stages.
    #[must_use]
    pub fn logs(&self) -> PathBuf {
        self.target.join("xtask-logs")
    }
}

/// Cargo without what the outer `cargo run` has put into the environment: build scripts that watch one of these
/// variables would otherwise run again each time a developer changes between `cargo` and `cargo xtask`.
fn cargo(root: &Path) -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root);
    for (name, _) in env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") || text == "LIBSQLITE3_FLAGS"
        {
            command.env_remove(&name);
        }
    }
    command
}
