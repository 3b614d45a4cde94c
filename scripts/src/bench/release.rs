//! The server as it is released. The compiler is told what a run of the server used: that is made fast and laid out together, the
//! rest is made small and stays on disk.

use std::fs;
use std::path::{Path, PathBuf};
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

/// Builds the server by what it uses when it is trained on both engines; a profile that is newer than the program which it was taken from
/// is used again. Gives the binary.
///
/// # Errors
/// When it does not compile, or the training fails.
pub fn trained(workspace: &Workspace) -> Outcome<PathBuf> {
    let folder = workspace.target.join("training");
    let (runs, profile) = (folder.join("runs"), folder.join("guanxi.profdata"));
    let learning = compile(workspace, &folder, &format!("-Cprofile-generate={}", runs.display()))?;
    if changed(&profile) < changed(&learning) {
        println!("training the server");
        let _ = fs::remove_dir_all(&runs);
        train(workspace, &learning)?;
        merge(workspace, &runs, &profile)?;
    }
    compile(workspace, &workspace.target, &format!("-Cprofile-use={}", profile.display()))
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

/// For the machine's own target by its name, so that the flag is not for build scripts and macros too.
fn compile(workspace: &Workspace, target: &Path, flag: &str) -> Outcome<PathBuf> {
    let host = system::host_target()?;
    let mut cargo = workspace.cargo();
    cargo.args(["build", "--quiet", "--profile", "dist", "--package", "guanxi", "--target", &host]);
    cargo.arg("--target-dir").arg(target).env("CARGO_ENCODED_RUSTFLAGS", flag);
    if cargo.status()?.success() {
        Ok(target.join(host).join("dist/guanxi"))
    } else {
        Err(Failure::new("the server does not compile"))
    }
}

fn changed(file: &Path) -> Option<std::time::SystemTime> {
    file.metadata().and_then(|metadata| metadata.modified()).ok()
}

/// Each operation on each engine, in a new bank. A server writes down what it used when it ends.
fn train(workspace: &Workspace, binary: &Path) -> Outcome {
    system::provide(&[Need::Postgres])?;
    fs::create_dir_all(workspace.logs())?;
    let log = workspace.logs().join("training.log");
    let folder = TemporaryFolder::new(&workspace.target, "xtask-training")?;
    let (embedded, large) = (folder.path().join("sqlite"), folder.path().join("postgres"));

    let setup = Setup::sqlite(binary.to_path_buf(), &embedded, &log);
    setup.prepare(CUSTOMERS).context("demo data")?;
    use_everything(&setup, &SqliteFloor::copy_of(&embedded.join("guanxi.db"), folder.path())?)?;

    let cluster = Postgres::start(Storage::Disk, &log.with_extension("postgres.log"))?;
    let url = cluster.fresh_database("guanxi_training")?;
    let setup = Setup::postgres(binary.to_path_buf(), &large, &url, &log);
    setup.prepare(CUSTOMERS).context("demo data")?;
    cluster.sql_in(&url, "VACUUM ANALYZE")?;
    use_everything(&setup, &PostgresFloor::copy_of(&cluster, "guanxi_training", folder.path())?)
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
        wait(&server, &job, u64::MAX)?;
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

fn merge(workspace: &Workspace, runs: &Path, profile: &Path) -> Outcome {
    let merged = workspace
        .command(system::provide_profdata(workspace)?)
        .args(["merge", "--output"])
        .arg(profile)
        .arg(runs)
        .status()?;
    if merged.success() { Ok(()) } else { Err(Failure::new("llvm-profdata merge failed")) }
}
