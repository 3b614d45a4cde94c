//! A server of Guanxi on free ports, with data of its own.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::http::Client;
use crate::processes::{Process, free_port, log_to};
use crate::{Context, Failure, Outcome};

/// A 256-bit master key for servers that hold nothing but made-up data.
const TEST_MASTER_KEY: &str = "Z3VhbnhpIHRlc3Qga2V5LCBmb3IgbWFkZS11cCBkYXQ=";

/// What a server is started with.
#[derive(Clone, Debug)]
pub struct Setup {
    /// The binary.
    pub binary: PathBuf,
    /// The data directory.
    pub data: PathBuf,
    /// `sqlite:…` or `postgres://…`.
    pub database: String,
    /// Where its log goes.
    pub log: PathBuf,
}

impl Setup {
    /// A server whose database is the SQLite file of its data directory.
    #[must_use]
    pub fn sqlite(binary: PathBuf, data: &Path, log: &Path) -> Self {
        let database = format!("sqlite:{}", data.join("guanxi.db").display());
        Self { binary, data: data.to_path_buf(), database, log: log.to_path_buf() }
    }

    /// A server on a database of PostgreSQL.
    #[must_use]
    pub fn postgres(binary: PathBuf, data: &Path, url: &str, log: &Path) -> Self {
        Self { binary, data: data.to_path_buf(), database: url.to_owned(), log: log.to_path_buf() }
    }

    /// A subcommand of the server on the same data.
    #[must_use]
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.binary);
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("GUANXI_"))
        {
            command.env_remove(name);
        }
        command.args(arguments).current_dir(&self.data);
        command.env("GUANXI_DATA", &self.data).env("GUANXI_DATABASE_URL", &self.database);
        command
            .env("GUANXI_MASTER_KEY", TEST_MASTER_KEY)
            .env("GUANXI_RATE_LIMIT", "off")
            .env("GUANXI_EXPORT_LIMIT", "off");
        command
    }

    /// Runs a subcommand to its end.
    ///
    /// # Errors
    /// When it fails; what it said is in the log.
    pub fn run(&self, arguments: &[&str]) -> Outcome {
        let mut command = self.command(arguments);
        if crate::processes::run_logged(&mut command, &self.log)? {
            Ok(())
        } else {
            Err(Failure::new(format!("guanxi {} failed, see {}", arguments.join(" "), self.log.display())))
        }
    }

    /// Brings the schema up to date and makes demo data.
    ///
    /// # Errors
    /// When a subcommand fails.
    pub fn prepare(&self, customers: u64) -> Outcome {
        self.prepare_with(customers, &[])
    }

    /// The same with more options of `guanxi demo`.
    ///
    /// # Errors
    /// When a subcommand fails.
    pub fn prepare_with(&self, customers: u64, options: &[&str]) -> Outcome {
        fs::create_dir_all(&self.data)?;
        self.run(&["migrate"])?;
        self.run(&[&["demo", "--customers", &customers.to_string()], options].concat())
    }

    /// Starts the server and waits until it is ready.
    ///
    /// # Errors
    /// When it ends or is not ready within `limit`.
    pub fn start(&self, limit: Duration) -> Outcome<Server> {
        fs::create_dir_all(&self.data)?;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, free_port()?));
        let metrics = SocketAddr::from((Ipv4Addr::LOCALHOST, free_port()?));
        let mut command = self.command(&["serve"]);
        command.env("GUANXI_ADDR", address.to_string()).env("GUANXI_METRICS_ADDR", metrics.to_string());
        command.env("GUANXI_PUBLIC_URL", format!("http://{address}"));
        let start = Instant::now();
        let process = Process::start(log_to(&mut command, &self.log)?)?;
        let mut server = Server {
            process,
            address,
            url: format!("http://{address}"),
            data: self.data.clone(),
            ready_after: Duration::ZERO,
        };
        loop {
            if Client::new(address).get("/readyz", &[]).is_ok_and(|answer| answer.status == 200) {
                server.ready_after = start.elapsed();
                return Ok(server);
            }
            if let Some(status) = server.process.ended()? {
                return Err(Failure::new(format!(
                    "the server ended with {status}, see {}",
                    self.log.display()
                )));
            }
            if start.elapsed() > limit {
                return Err(Failure::new(format!(
                    "the server was not ready after {limit:?}, see {}",
                    self.log.display()
                )));
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

/// A running server; stopped when dropped.
pub struct Server {
    process: Process,
    address: SocketAddr,
    url: String,
    data: PathBuf,
    ready_after: Duration,
}

impl Server {
    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where it listens, as a URL without a path.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Time from start to ready.
    #[must_use]
    pub fn ready_after(&self) -> Duration {
        self.ready_after
    }

    /// The file with the sign-ins of the demo data.
    #[must_use]
    pub fn sign_ins_file(&self) -> PathBuf {
        self.data.join("demo-sign-ins.txt")
    }

    /// A client for this server.
    #[must_use]
    pub fn client(&self) -> Client {
        Client::new(self.address)
    }

    /// An `Authorization` header of a demo user with this role; good for ten minutes.
    ///
    /// # Errors
    /// When there is no such user or signing in fails.
    pub fn authorization(&self, role: &str) -> Outcome<String> {
        let (username, password) = self.sign_in_of(role)?;
        let body = serde_json::json!({ "username": username, "password": password });
        let answer = self.client().post("/api/v1/auth/sign-in", &[], &body).context("signing in")?;
        match answer.json()["access_token"].as_str() {
            Some(token) => Ok(format!("Bearer {token}")),
            None => Err(Failure::new(format!(
                "signing in as {username}: {}",
                String::from_utf8_lossy(&answer.body)
            ))),
        }
    }

    /// User name and password of the first demo user with this role.
    ///
    /// # Errors
    /// When the file has none.
    pub fn sign_in_of(&self, role: &str) -> Outcome<(String, String)> {
        let file = self.sign_ins_file();
        let text = fs::read_to_string(&file).context(file.display())?;
        find_sign_in(&text, role).ok_or_else(|| Failure::new(format!("no {role} in {}", file.display())))
    }

    /// Resident memory in bytes, as Linux counts it without the file cache.
    #[must_use]
    pub fn memory(&self) -> Option<u64> {
        let rollup = fs::read_to_string(format!("/proc/{}/smaps_rollup", self.process.id())).ok()?;
        let line = rollup.lines().find(|line| line.starts_with("Pss:"))?;
        Some(line.split_whitespace().nth(1)?.parse::<u64>().ok()? * 1024)
    }

    /// Sends a signal.
    pub fn signal(&self, signal: Signal) {
        self.process.signal(signal);
    }

    /// Waits for the end.
    ///
    /// # Errors
    /// When the system can't tell.
    pub fn wait(&mut self, limit: Duration) -> Outcome<Option<ExitStatus>> {
        self.process.wait(limit)
    }
}

/// User name and password of the first user with this role: a line for each user with name and role in front, and
/// one line with the password of all.
fn find_sign_in(text: &str, role: &str) -> Option<(String, String)> {
    let mut words = text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    let username =
        words.find_map(|words| (words.get(1) == Some(&role)).then(|| words.first().copied())?)?;
    let password = text.lines().find_map(|line| line.strip_prefix("Password: "))?;
    Some((username.to_owned(), password.trim().to_owned()))
}

#[cfg(test)]
mod tests {
    use super::find_sign_in;

    #[test]
    fn finds_the_user_of_a_role() {
        let text = "Sign in as (all with the same password):\n  wang.admin  admin  王芳\n  li.rm       rm     李\nPassword: abc-def\n";
        assert_eq!(find_sign_in(text, "rm"), Some(("li.rm".to_owned(), "abc-def".to_owned())));
        assert_eq!(find_sign_in(text, "auditor"), None);
    }
}
