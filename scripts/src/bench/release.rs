//! The server as it is released. The compiler is told what a run of the server used: that is made fast and laid out together, the
//! rest is made small and stays on disk.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use xtask::jobs::{file_of_customers, start_export, start_import, wait};
use xtask::postgres::{Postgres, Storage};
use xtask::processes::TemporaryFolder;
use xtask::server::{Server, Setup};
use xtask::system::{self, Need};
use xtask::workspace::Workspace;
use xtask::{Context, Failure, Outcome};

use crate::floor::Floor;
use crate::floor::postgres::PostgresFloor;
use crate::floor::sqlite::SqliteFloor;
use crate::{Operation, deep_cursor, serve};

/// The bank of a training run.
const CUSTOMERS: u64 = 20_000;
/// How long each operation is trained.
const SECONDS: u64 = 2;
/// How often everything is read.
const READINGS: usize = 20;
/// How long a server is left alone.
const IDLE: Duration = Duration::from_secs(3);
/// Where the compiler links by lld, the one linker that takes an order.
const LINKED_BY_LLD: &str = "x86_64-unknown-linux-gnu";

/// Builds the server by what it uses when it is trained on both engines; what a program has shown is used as long as it is the same. Gives
/// the binary.
///
/// # Errors
/// When it does not compile, or the training fails.
pub fn trained(workspace: &Workspace) -> Outcome<PathBuf> {
    let host = system::host_target()?;
    let training = Training::new(workspace);
    let learning = Build {
        host: &host,
        folder: &training.folder,
        flag: format!("-Cprofile-generate={}", training.runs.display()),
        order: None,
    };
    let learning = learning.run(workspace)?;
    if changed(&training.order) < changed(&learning) {
        println!("training the server");
        training.run(workspace, &learning)?;
    }
    let flag = format!("-Cprofile-use={}", training.profile.display());
    Build { host: &host, folder: &workspace.target, flag, order: Some(&training.order) }.run(workspace)
}

/// Builds the server without training.
///
/// # Errors
/// When it does not compile.
pub fn untrained(workspace: &Workspace) -> Outcome<PathBuf> {
    let built =
        workspace.cargo().args(["build", "--quiet", "--profile", "dist", "--package", "guanxi"]).status()?;
    if built.success() {
        Ok(workspace.server("dist"))
    } else {
        Err(Failure::new("the server does not compile"))
    }
}

/// A build for the machine's own target by its name, so that the flag is not for build scripts and macros too.
struct Build<'a> {
    host: &'a str,
    folder: &'a Path,
    flag: String,
    /// Names of functions in the order in which they are to lie.
    order: Option<&'a Path>,
}

impl Build<'_> {
    fn run(&self, workspace: &Workspace) -> Outcome<PathBuf> {
        let mut cargo = workspace.cargo();
        cargo.args(["rustc", "--quiet", "--profile", "dist", "--package", "guanxi", "--bin", "guanxi"]);
        cargo.args(["--target", self.host]).arg("--target-dir").arg(self.folder);
        cargo.env("CARGO_ENCODED_RUSTFLAGS", &self.flag);
        if let Some(order) = self.order.filter(|_| self.host == LINKED_BY_LLD) {
            let order = format!("-Clink-arg=-Wl,--symbol-ordering-file={}", order.display());
            cargo.args(["--", &order, "-Clink-arg=-Wl,--no-warn-symbol-ordering"]);
        }
        if cargo.status()?.success() {
            Ok(self.folder.join(self.host).join("dist/guanxi"))
        } else {
            Err(Failure::new("the server does not compile"))
        }
    }
}

fn changed(file: &Path) -> Option<std::time::SystemTime> {
    file.metadata().and_then(|metadata| metadata.modified()).ok()
}

/// Where a training run keeps what it learns.
struct Training {
    folder: PathBuf,
    /// What programs have used since the last merge; each writes it down when it ends.
    runs: PathBuf,
    profile: PathBuf,
    /// The functions that were used, a line each, in the order in which they are to lie.
    order: PathBuf,
}

impl Training {
    fn new(workspace: &Workspace) -> Self {
        let folder = workspace.target.join("training");
        let [runs, profile, order] = ["runs", "guanxi.profdata", "order.txt"].map(|name| folder.join(name));
        Self { folder, runs, profile, order }
    }

    /// Each operation on each engine, in a new bank.
    fn run(&self, workspace: &Workspace, binary: &Path) -> Outcome {
        system::provide(&[Need::Postgres])?;
        let program = system::provide_profdata(workspace)?;
        fs::create_dir_all(workspace.logs())?;
        let log = workspace.logs().join("training.log");
        let folder = TemporaryFolder::new(&workspace.target, "xtask-training")?;
        let (embedded, large) = (folder.path().join("sqlite"), folder.path().join("postgres"));
        let cluster = Postgres::start(Storage::Disk, &log.with_extension("postgres.log"))?;
        let url = cluster.fresh_database("guanxi_training")?;
        let sqlite = Setup::sqlite(binary.to_path_buf(), &embedded, &log);
        let postgres = Setup::postgres(binary.to_path_buf(), &large, &url, &log);
        let _ = fs::remove_dir_all(&self.runs);

        for setup in [&sqlite, &postgres] {
            setup.prepare(CUSTOMERS).context("demo data")?;
        }
        cluster.sql_in(&url, "VACUUM ANALYZE")?;
        let prepared = self.merge(&program, "prepared.profdata", &[])?;

        for setup in [&sqlite, &postgres] {
            let server = setup.start(Duration::from_secs(60))?;
            std::thread::sleep(IDLE);
            drop(server);
        }
        let started = self.merge(&program, "started.profdata", &[])?;

        use_everything(&sqlite, &SqliteFloor::copy_of(&embedded.join("guanxi.db"), folder.path())?)?;
        let floor = PostgresFloor::copy_of(&cluster, "guanxi_training", folder.path())?;
        use_everything(&postgres, &floor)?;
        let whole = self.merge(&program, "guanxi.profdata", &[&prepared, &started])?;

        // What an idle server needs lies together, so that little of the program is in memory when nobody asks for anything.
        let mut order = used_functions(&program, &started)?;
        let mut placed: HashSet<String> = order.iter().cloned().collect();
        order
            .extend(used_functions(&program, &whole)?.into_iter().filter(|name| placed.insert(name.clone())));
        Ok(fs::write(&self.order, order.join("\n"))?)
    }

    /// Takes in what was used since the last merge, with what others have used.
    fn merge(&self, program: &Path, name: &str, others: &[&Path]) -> Outcome<PathBuf> {
        let merged = self.folder.join(name);
        let mut command = Command::new(program);
        command.args(["merge", "--output"]).arg(&merged).arg(&self.runs).args(others);
        if !command.status()?.success() {
            return Err(Failure::new("llvm-profdata merge failed"));
        }
        fs::remove_dir_all(&self.runs)?;
        Ok(merged)
    }
}

fn use_everything(setup: &Setup, floor: &dyn Floor) -> Outcome {
    let server = setup.start(Duration::from_secs(60))?;
    let sample = floor.sample()?;
    let cursor = deep_cursor(&server, &server.authorization("auditor")?, &sample)?;
    for operation in Operation::ALL {
        serve(&server, operation, &sample, &cursor, SECONDS).context(operation.name())?;
    }
    for _ in 0..READINGS {
        for role in ["auditor", "rm"] {
            read_everything(&server, role)?;
        }
    }
    let jobs = [
        start_import(&server, &file_of_customers(CUSTOMERS))?,
        start_export(&server, "csv")?,
        start_export(&server, "xlsx")?,
    ];
    for job in jobs {
        let ended = wait(&server, &job, u64::MAX)?;
        if !ended["state"].as_str().is_some_and(|state| state.ends_with("succeeded")) {
            return Err(Failure::new(format!("a job of the training: {ended}")));
        }
    }
    Ok(())
}

/// Asks for everything that takes no more than a path.
fn read_everything(server: &Server, role: &str) -> Outcome {
    let authorization = server.authorization(role)?;
    let mut client = server.client();
    let contract = client.get("/api/openapi.json", &[])?.json();
    let paths = contract["paths"].as_object().into_iter().flatten();
    for (path, _) in paths.filter(|(path, item)| !path.contains('{') && item.get("get").is_some()) {
        client.get(path, &[("Authorization", &authorization)]).context(path)?;
    }
    Ok(())
}

/// The functions that a profile has seen at work, what ran most often first.
fn used_functions(program: &Path, profile: &Path) -> Outcome<Vec<String>> {
    let shown = Command::new(program).args(["show", "--all-functions", "--counts"]).arg(profile).output()?;
    if !shown.status.success() {
        return Err(Failure::new("llvm-profdata show failed"));
    }
    let text = String::from_utf8_lossy(&shown.stdout);
    let mut used: Vec<(u64, &str)> = Vec::new();
    let mut function = "";
    for line in text.lines() {
        if let Some(counts) = line.trim_start().strip_prefix("Block counts: [") {
            let counts = counts.trim_end_matches(']').split(", ");
            let most = counts.filter_map(|count| count.parse().ok()).max().unwrap_or(0);
            used.extend((most > 0).then_some((most, function)));
        } else if let Some(name) = line.strip_prefix("  ").and_then(|line| line.strip_suffix(':')) {
            // What is private to a unit of compilation has the unit's name before its own.
            function = name.rsplit(';').next().unwrap_or(name);
        }
    }
    if used.is_empty() {
        return Err(Failure::new("the training used nothing"));
    }
    used.sort_by_key(|(most, _)| std::cmp::Reverse(*most));
    Ok(used.into_iter().map(|(_, name)| name.to_owned()).collect())
}
