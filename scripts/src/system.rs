//! What must be on the machine: found, or installed with apt where that is allowed.

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::workspace::Workspace;
use crate::{Context, Failure, Outcome};

/// Something that Guanxi needs from the operating system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// A C compiler, for SQLite, libpq and the cryptography.
    Compiler,
    /// OpenSSL's headers, for libpq.
    OpenSsl,
    /// The server programs of PostgreSQL, version 15 or newer.
    Postgres,
    /// Chromium, with a font that has Chinese characters.
    Chromium,
    /// Node.js 20 or newer and npm.
    Node,
    /// Python with `venv`.
    Python,
}

impl Need {
    /// What compiling the server takes.
    pub const SERVER: [Self; 2] = [Self::Compiler, Self::OpenSsl];

    fn packages(self) -> &'static [&'static str] {
        match self {
            Self::Compiler => &["build-essential"],
            Self::OpenSsl => &["libssl-dev", "pkg-config"],
            Self::Postgres => &["postgresql"],
            Self::Chromium => &["chromium", "fonts-noto-cjk"],
            Self::Node => &["nodejs", "npm"],
            Self::Python => &["python3-venv"],
        }
    }

    fn is_met(self) -> bool {
        match self {
            Self::Compiler => succeeds(Command::new("cc").arg("--version")),
            Self::OpenSsl => succeeds(Command::new("pkg-config").args(["--exists", "openssl"])),
            Self::Postgres => postgres_programs().is_some(),
            Self::Chromium => {
                chromium().is_some()
                    && (find_program("fc-list").is_none() || !output_of("fc-list", &[":lang=zh"]).is_empty())
            }
            Self::Node => {
                node_version().is_some_and(|version| version >= 20) && find_program("npm").is_some()
            }
            Self::Python => succeeds(Command::new("python3").args(["-c", "import venv, ensurepip"])),
        }
    }
}

/// Makes sure that all of `needs` are met: by apt as root or with `sudo -n`, else by telling what to install.
///
/// # Errors
/// One line that says what to install, or what is too old.
pub fn provide(needs: &[Need]) -> Outcome {
    let missing: Vec<Need> = needs.iter().copied().filter(|need| !need.is_met()).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let packages: Vec<&str> = missing.iter().flat_map(|need| need.packages()).copied().collect();
    let line = format!("apt-get install -y --no-install-recommends {}", packages.join(" "));
    let sudo = !rustix::process::geteuid().is_root();
    let may_install = find_program("apt-get").is_some()
        && (!sudo || succeeds(Command::new("sudo").args(["-n", "true"]).stdin(Stdio::null())));
    if !may_install {
        return Err(Failure::new(format!(
            "something is missing on this machine; please run:\n    sudo {line}"
        )));
    }
    println!("installing: {}", packages.join(" "));
    let apt = |arguments: &str| {
        let mut command = Command::new(if sudo { "sudo" } else { "env" });
        if sudo {
            command.args(["-n", "env"]);
        }
        command.args(["DEBIAN_FRONTEND=noninteractive", "apt-get", "-qq", "-o", "DPkg::Lock::Timeout=300"]);
        command.args(arguments.split_whitespace()).stdin(Stdio::null()).stdout(Stdio::null());
        command.status()
    };
    let install = format!("install -y --no-install-recommends {}", packages.join(" "));
    apt("update").context("apt-get")?;
    if !apt(&install).context("apt-get")?.success() {
        return Err(Failure::new(format!("installing failed; please run:\n    sudo {line}")));
    }
    match missing.iter().find(|need| !need.is_met()) {
        None => Ok(()),
        Some(Need::Node) => Err(Failure::new(format!(
            "the browser tests need Node.js 20 or newer, and this machine has {}; see https://nodejs.org",
            node_version().map_or_else(|| "none".to_owned(), |version| version.to_string())
        ))),
        Some(Need::Postgres) => {
            Err(Failure::new("PostgreSQL 15 or newer is needed, and this machine offers an older one"))
        }
        Some(need) => Err(Failure::new(format!("{need:?} is still missing after: sudo {line}"))),
    }
}

/// Adds the wasm target to the toolchain if it is not there.
///
/// # Errors
/// One line that says what to do where rustup is missing.
pub fn provide_wasm_target(workspace: &Workspace) -> Outcome {
    let sysroot = output_of("rustc", &["--print", "sysroot"]);
    if Path::new(sysroot.trim()).join("lib/rustlib/wasm32-unknown-unknown/lib").is_dir() {
        return Ok(());
    }
    if find_program("rustup").is_none() {
        return Err(Failure::new(
            "the Rust target wasm32-unknown-unknown is missing and rustup was not found; install the target with your \
             system's packages (Debian: libstd-rust-dev-wasm32) or Rust with https://rustup.rs",
        ));
    }
    println!("adding the Rust target wasm32-unknown-unknown");
    let added =
        workspace.command("rustup").args(["--quiet", "target", "add", "wasm32-unknown-unknown"]).status()?;
    if added.success() {
        Ok(())
    } else {
        Err(Failure::new("rustup target add wasm32-unknown-unknown failed"))
    }
}

/// The target that programs for this machine are built for.
///
/// # Errors
/// When the compiler does not say it.
pub fn host_target() -> Outcome<String> {
    let said = output_of("rustc", &["--version", "--verbose"]);
    let host = said.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned).ok_or_else(|| Failure::new("rustc does not say what it compiles for"))
}

/// The program that merges profiles, of the same version as the compiler; added to the toolchain if it is not there.
///
/// # Errors
/// One line that says what to do where rustup is missing.
pub fn provide_profdata(workspace: &Workspace) -> Outcome<PathBuf> {
    let libraries = output_of("rustc", &["--print", "target-libdir"]);
    let program = Path::new(libraries.trim()).with_file_name("bin").join("llvm-profdata");
    if program.is_file() {
        return Ok(program);
    }
    if find_program("rustup").is_none() {
        return Err(Failure::new(
            "the component llvm-tools is missing and rustup was not found; install Rust with https://rustup.rs, or bench with --untrained",
        ));
    }
    println!("adding the Rust component llvm-tools");
    let added = workspace.command("rustup").args(["--quiet", "component", "add", "llvm-tools"]).status()?;
    if added.success() && program.is_file() {
        Ok(program)
    } else {
        Err(Failure::new("rustup component add llvm-tools failed"))
    }
}

/// A program on the path.
#[must_use]
pub fn find_program(name: &str) -> Option<PathBuf> {
    env::split_paths(&env::var_os("PATH")?).map(|folder| folder.join(name)).find(|path| path.is_file())
}

/// The major version of Node.js, if it is there.
#[must_use]
pub fn node_version() -> Option<u32> {
    output_of("node", &["--version"]).trim().trim_start_matches('v').split('.').next()?.parse().ok()
}

/// Chromium or Chrome, as installed.
#[must_use]
pub fn chromium() -> Option<PathBuf> {
    ["chromium", "chromium-browser", "google-chrome-stable", "google-chrome"]
        .iter()
        .find_map(|name| find_program(name))
}

/// The folder with PostgreSQL's programs, 15 or newer: on the path, else the newest of Debian's.
#[must_use]
pub fn postgres_programs() -> Option<PathBuf> {
    let on_path = find_program("initdb").and_then(|program| program.parent().map(Path::to_path_buf));
    let mut folders: Vec<(u32, PathBuf)> = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path().join("bin"))
        .chain(on_path)
        .filter(|folder| folder.join("postgres").is_file() && folder.join("initdb").is_file())
        .filter_map(|folder| {
            let version = output_of(&folder.join("postgres").to_string_lossy(), &["--version"]);
            Some((version.split_whitespace().nth(2)?.split('.').next()?.parse().ok()?, folder))
        })
        .filter(|(version, _)| *version >= 15)
        .collect();
    folders.sort();
    folders.pop().map(|(_, folder)| folder)
}

fn succeeds(command: &mut Command) -> bool {
    command.stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
}

fn output_of(program: &str, arguments: &[&str]) -> String {
    let out = Command::new(program).args(arguments).stderr(Stdio::null()).output();
    out.map(|out| String::from_utf8_lossy(&out.stdout).into_owned()).unwrap_or_default()
}
