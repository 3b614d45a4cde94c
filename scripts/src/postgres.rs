//! A PostgreSQL cluster of its own: made, started, and removed with everything in it.

use std::fs;
use std::io::Read;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::processes::{Process, TemporaryFolder, free_port, log_to};
use crate::system::postgres_programs;
use crate::{Context, Failure, Outcome};

/// A server that xtask may fill and break at will.
pub struct Postgres {
    // Dropped in this order: first the process ends, then its files go.
    _process: Option<Process>,
    _folder: Option<TemporaryFolder>,
    programs: PathBuf,
    url: String,
}

/// Where a cluster keeps its files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Storage {
    /// In memory where the machine has a large enough tmpfs.
    Memory,
    /// On a disk, so that a durable commit costs what it costs.
    Disk,
}

impl Postgres {
    /// Starts a fresh cluster on a free port of 127.0.0.1. As root it runs as `postgres` or `nobody`, because
    /// PostgreSQL refuses root.
    ///
    /// # Errors
    /// When PostgreSQL is missing or does not start; the end of its log is in the text.
    pub fn start(storage: Storage, log: &Path) -> Outcome<Self> {
        let programs =
            postgres_programs().ok_or_else(|| Failure::new("PostgreSQL 15 or newer was not found"))?;
        let folder = TemporaryFolder::new(&parent_for(storage), "guanxi-postgres")?;
        let user = ordinary_user()?;
        let data = folder.path().join("data");
        let password_file = folder.path().join("password");
        let password = random_text()?;
        fs::write(&password_file, &password)?;
        fs::set_permissions(&password_file, fs::Permissions::from_mode(0o600))?;
        if let Some((uid, gid)) = user {
            for path in [folder.path(), &password_file] {
                chown(path, Some(uid), Some(gid)).context(path.display())?;
            }
        }
        let program = |name: &str| as_user(user, &programs.join(name), folder.path());

        let mut initdb = program("initdb");
        initdb.args([
            "--no-sync",
            "--encoding=UTF8",
            "--locale=C.UTF-8",
            "--username=guanxi",
            "--auth=scram-sha-256",
        ]);
        initdb.arg("--pwfile").arg(&password_file).arg("-D").arg(&data);
        if !crate::processes::run_logged(&mut initdb, log)? {
            return Err(Failure::new(format!("initdb failed, see {}", log.display())));
        }

        let port = free_port()?;
        let mut postgres = program("postgres");
        postgres.arg("-D").arg(&data).args(["-p", &port.to_string(), "-c", "listen_addresses=127.0.0.1"]);
        postgres.args([
            "-c",
            "unix_socket_directories=",
            "-c",
            "max_connections=300",
            "-c",
            "shared_buffers=256MB",
        ]);
        postgres.args(["-c", "fsync=on", "-c", "synchronous_commit=on", "-c", "log_min_messages=fatal"]);
        let process = Process::start(log_to(&mut postgres, log)?)?;
        let url = format!("postgres://guanxi:{password}@127.0.0.1:{port}/postgres");
        let mut server = Self { _process: Some(process), _folder: Some(folder), programs, url };
        server.wait_until_ready(log)?;
        Ok(server)
    }

    /// A server that someone else runs.
    ///
    /// # Errors
    /// When the URL is not one of PostgreSQL.
    pub fn at(url: &str) -> Outcome<Self> {
        if !url.starts_with("postgres://") && !url.starts_with("postgresql://") {
            return Err(Failure::new(format!("{url} is not a postgres:// URL")));
        }
        let programs = postgres_programs().unwrap_or_default();
        Ok(Self { _process: None, _folder: None, programs, url: url.to_owned() })
    }

    /// The given server, else a cluster of its own in memory.
    ///
    /// # Errors
    /// Those of [`Postgres::at`] and [`Postgres::start`].
    pub fn at_or_start(url: Option<&str>, log: &Path) -> Outcome<Self> {
        url.map_or_else(|| Self::start(Storage::Memory, log), Self::at)
    }

    /// The URL of the database that exists from the beginning.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Makes an empty database and answers with its URL; a database of this name is dropped first.
    ///
    /// # Errors
    /// When the server refuses.
    pub fn fresh_database(&self, name: &str) -> Outcome<String> {
        self.sql(&format!("DROP DATABASE IF EXISTS \"{name}\" WITH (FORCE)"))?;
        self.sql(&format!("CREATE DATABASE \"{name}\" TEMPLATE template0 ENCODING 'UTF8'"))?;
        Ok(self.url_of(name))
    }

    /// The URL of a database of this server.
    #[must_use]
    pub fn url_of(&self, name: &str) -> String {
        let (before, query) = self.url.split_once('?').unwrap_or((self.url.as_str(), ""));
        let (server, _) = before.rsplit_once('/').unwrap_or((before, ""));
        let query = if query.is_empty() { String::new() } else { format!("?{query}") };
        format!("{server}/{name}{query}")
    }

    /// A program of PostgreSQL, such as `pgbench`.
    #[must_use]
    pub fn program(&self, name: &str) -> Command {
        let path = self.programs.join(name);
        Command::new(if path.is_file() { path } else { PathBuf::from(name) })
    }

    /// Runs one statement in the first database and answers with what psql prints.
    ///
    /// # Errors
    /// What psql says.
    pub fn sql(&self, statement: &str) -> Outcome<String> {
        self.sql_in(&self.url, statement)
    }

    /// Runs one statement in the database of `url`.
    ///
    /// # Errors
    /// What psql says.
    pub fn sql_in(&self, url: &str, statement: &str) -> Outcome<String> {
        let mut psql = self.program("psql");
        psql.args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", url, "-c", statement]);
        let out = psql.output().context("psql")?;
        if out.status.success() {
            Ok(String::from_utf8_lossy(&out.stdout).trim().to_owned())
        } else {
            Err(Failure::new(String::from_utf8_lossy(&out.stderr)))
        }
    }

    fn wait_until_ready(&mut self, log: &Path) -> Outcome {
        let start = Instant::now();
        loop {
            if self.sql("SELECT 1").is_ok() {
                return Ok(());
            }
            let ended = self._process.as_mut().is_some_and(|process| matches!(process.ended(), Ok(Some(_))));
            if ended || start.elapsed() > Duration::from_secs(30) {
                return Err(Failure::new(format!("PostgreSQL did not start, see {}", log.display())));
            }
            std::thread::sleep(Duration::from_millis(100));
        }
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        if let Some(process) = &mut self._process {
            // A fast shutdown: connections are closed, the files are whole.
            process.stop(Signal::INT);
        }
    }
}

fn parent_for(storage: Storage) -> PathBuf {
    let memory = Path::new("/dev/shm");
    let enough =
        rustix::fs::statvfs(memory).is_ok_and(|fs| fs.f_bavail.saturating_mul(fs.f_frsize) >= 2 << 30);
    if storage == Storage::Memory && enough { memory.to_path_buf() } else { PathBuf::from("/var/tmp") }
}

/// The user and group to run as; `None` when xtask itself is not root.
fn ordinary_user() -> Outcome<Option<(u32, u32)>> {
    if !rustix::process::geteuid().is_root() {
        return Ok(None);
    }
    let accounts = fs::read_to_string("/etc/passwd")?;
    let find = |name: &str| {
        let mut fields =
            accounts.lines().find(|line| line.split(':').next() == Some(name))?.split(':').skip(2);
        Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
    };
    let found = find("postgres").or_else(|| find("nobody"));
    found.map(Some).ok_or_else(|| Failure::new("no ordinary user was found that PostgreSQL could run as"))
}

fn as_user(user: Option<(u32, u32)>, program: &Path, folder: &Path) -> Command {
    let mut command = match user {
        None => Command::new(program),
        Some((uid, gid)) => {
            let mut command = Command::new("setpriv");
            command.args([format!("--reuid={uid}"), format!("--regid={gid}"), "--clear-groups".to_owned()]);
            command.arg(program);
            command
        }
    };
    command.current_dir(folder).env("LC_ALL", "C.UTF-8");
    command
}

/// 128 random bits as text.
fn random_text() -> Outcome<String> {
    let mut bytes = [0_u8; 16];
    fs::File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

#[cfg(test)]
mod tests {
    use super::{Postgres, Storage};

    #[test]
    fn a_cluster_starts_answers_and_leaves_nothing() {
        if crate::system::postgres_programs().is_none() {
            eprintln!("not run: no PostgreSQL");
            return;
        }
        let log = std::env::temp_dir().join(format!("guanxi-postgres-{}.log", std::process::id()));
        let server = Postgres::start(Storage::Memory, &log).unwrap();
        let url = server.fresh_database("leer").unwrap();
        assert_eq!(server.sql_in(&url, "SHOW fsync").unwrap(), "on");
        let folder = server._folder.as_ref().unwrap().path().to_path_buf();
        assert!(folder.join("data").is_dir());
        drop(server);
        assert!(!folder.exists());
        std::fs::remove_file(log).unwrap();
    }
}
