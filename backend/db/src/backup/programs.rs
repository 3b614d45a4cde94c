use std::ffi::OsStr;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use super::CopyError;

/// How often a running program is asked whether it has ended.
const LOOK: Duration = Duration::from_millis(50);
/// Bytes that are kept of what a program says.
const SAID: usize = 4096;

/// A program of PostgreSQL that is at least of this major version: on PATH, else where Debian and Red Hat put them.
pub(super) fn find(name: &str, at_least: u32) -> Result<PathBuf, CopyError> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path)
        .chain(folders_of_versions())
        .map(|folder| folder.join(name))
        .filter(|program| program.is_file())
        .filter_map(|program| version_of(&program).map(|version| (program, version)));
    choose(name, at_least, found)
}

/// Another program of the folder that one is in; both have to be of one release.
pub(super) fn beside(program: &Path, name: &str, at_least: u32) -> Result<PathBuf, CopyError> {
    let sibling = program.with_file_name(name);
    if sibling.is_file() { Ok(sibling) } else { find(name, at_least) }
}

fn choose(
    name: &str,
    at_least: u32,
    found: impl Iterator<Item = (PathBuf, u32)>,
) -> Result<PathBuf, CopyError> {
    let mut newest = None;
    for (program, version) in found {
        if version >= at_least {
            return Ok(program);
        }
        newest = newest.max(Some(version));
    }
    Err(CopyError::Program(match newest {
        Some(version) => format!(
            "{name} is of version {version}, older than the server's {at_least}: install the client programs of PostgreSQL {at_least}"
        ),
        None => format!(
            "{name} was not found on PATH or in /usr/lib/postgresql: install the client programs of PostgreSQL {at_least}"
        ),
    }))
}

/// Folders such as `/usr/lib/postgresql/17/bin`, newest first.
fn folders_of_versions() -> Vec<PathBuf> {
    let in_folder = |folder: &str, before: &'static str| {
        let entries = fs::read_dir(folder).into_iter().flatten().flatten();
        entries.filter_map(move |entry| {
            let version: u32 = entry.file_name().to_str()?.strip_prefix(before)?.parse().ok()?;
            Some((version, entry.path().join("bin")))
        })
    };
    let mut found: Vec<_> = in_folder("/usr/lib/postgresql", "").chain(in_folder("/usr", "pgsql-")).collect();
    found.sort_by(|one, other| other.cmp(one));
    found.into_iter().map(|(_, folder)| folder).collect()
}

fn version_of(program: &Path) -> Option<u32> {
    let output = Command::new(program).arg("--version").stdin(Stdio::null()).output().ok()?;
    major(&String::from_utf8_lossy(&output.stdout))
}

/// The major version in a line such as `pg_dump (PostgreSQL) 15.18 (Debian …)`.
fn major(line: &str) -> Option<u32> {
    let version = line.split_once("(PostgreSQL) ")?.1;
    version.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

/// Points a program to a database, its password apart: arguments can be read by everybody on the machine, the environment of a process cannot.
pub(super) fn to_database(command: &mut Command, url: &str) -> Result<(), CopyError> {
    let (url, password) = without_password(url)?;
    command.arg(format!("--dbname={url}")).env("PGAPPNAME", "guanxi backup").env("LC_ALL", "C");
    if let Some(password) = password {
        command.env("PGPASSWORD", password);
    }
    Ok(())
}

/// A PostgreSQL address without its password, and the password.
fn without_password(url: &str) -> Result<(String, Option<String>), CopyError> {
    let wrong = |why: &str| CopyError::Program(format!("the database address {why}"));
    let (scheme, rest) = url.split_once("://").ok_or_else(|| wrong("has no scheme"))?;
    let (before, query) = rest.split_once('?').unwrap_or((rest, ""));
    let mut password = None;
    // As libpq reads it: who signs in stands before the first `@` that no `/` comes before.
    let place = match before.split_once('@') {
        Some((user, host)) if !user.contains('/') => {
            let (name, secret) = user.split_once(':').unwrap_or((user, ""));
            if !secret.is_empty() {
                password =
                    Some(decoded(secret).ok_or_else(|| wrong("has a password that is not encoded well"))?);
            }
            format!("{name}@{host}")
        }
        _ => before.to_owned(),
    };
    let mut kept = Vec::new();
    for parameter in query.split('&').filter(|parameter| !parameter.is_empty()) {
        match parameter.split_once('=') {
            Some(("password", secret)) => {
                password =
                    Some(decoded(secret).ok_or_else(|| wrong("has a password that is not encoded well"))?);
            }
            Some(("sslpassword", _)) => {
                return Err(wrong(
                    "has an sslpassword, which other programs could only be told on their command line",
                ));
            }
            _ => kept.push(parameter),
        }
    }
    let query = if kept.is_empty() { String::new() } else { format!("?{}", kept.join("&")) };
    Ok((format!("{scheme}://{place}{query}"), password))
}

/// A text whose `%41` stand for bytes.
fn decoded(text: &str) -> Option<String> {
    let mut parts = text.split('%');
    let mut bytes = parts.next()?.as_bytes().to_vec();
    for part in parts {
        let (digits, rest) = part.split_at_checked(2)?;
        bytes.push(u8::from_str_radix(digits, 16).ok()?);
        bytes.extend_from_slice(rest.as_bytes());
    }
    String::from_utf8(bytes).ok()
}

/// A program that runs; ended when this is dropped before it has.
pub(super) struct Running {
    pub(super) child: Child,
    name: String,
    said: Option<JoinHandle<String>>,
}

impl Running {
    pub(super) fn start(command: &mut Command) -> Result<Self, CopyError> {
        let name = Path::new(command.get_program()).file_name().unwrap_or(OsStr::new("")).to_string_lossy();
        let name = name.into_owned();
        let failed = |error: std::io::Error| CopyError::Program(format!("{name}: {error}"));
        let mut child = command.stderr(Stdio::piped()).spawn().map_err(failed)?;
        let said = match child.stderr.take() {
            Some(stderr) => {
                let listen = move || last_words(stderr);
                Some(std::thread::Builder::new().name("backup-said".into()).spawn(listen).map_err(failed)?)
            }
            None => None,
        };
        Ok(Running { child, name, said })
    }

    /// Waits for its end; ends it when it is asked to stop.
    pub(super) fn wait(mut self, stop: &AtomicBool) -> Result<(), CopyError> {
        loop {
            if stop.load(Ordering::Relaxed) {
                return Err(CopyError::Stopped);
            }
            match self.child.try_wait() {
                Ok(Some(status)) if status.success() => return Ok(()),
                Ok(Some(_)) => return Err(self.failure()),
                Ok(None) => std::thread::sleep(LOOK),
                Err(error) => return Err(CopyError::Program(format!("{}: {error}", self.name))),
            }
        }
    }

    /// What a program that has failed said.
    pub(super) fn failure(&mut self) -> CopyError {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let said = self.said.take().and_then(|said| said.join().ok()).unwrap_or_default();
        let lines: Vec<&str> = said.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        CopyError::Program(if lines.is_empty() { format!("{} failed", self.name) } else { lines.join("; ") })
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if !matches!(self.child.try_wait(), Ok(Some(_))) {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

/// Reads what a program says to its end, so that it never waits, and keeps the beginning, where the cause stands.
fn last_words(mut stderr: impl Read) -> String {
    let (mut kept, mut piece) = (Vec::new(), [0; 1024]);
    while let Ok(read) = stderr.read(&mut piece) {
        if read == 0 {
            break;
        }
        let room = SAID.saturating_sub(kept.len()).min(read);
        kept.extend(piece.iter().take(room));
    }
    String::from_utf8_lossy(&kept).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_never_stands_in_an_argument() {
        let apart = |url: &str| without_password(url).unwrap();
        let pair = |url: &str, password: Option<&str>| (url.to_owned(), password.map(str::to_owned));
        for (url, expected) in [
            ("postgres://u:p@h/d", pair("postgres://u@h/d", Some("p"))),
            (
                "postgres://u:a%40b%3a@h:1,i:2/d?sslmode=require",
                pair("postgres://u@h:1,i:2/d?sslmode=require", Some("a@b:")),
            ),
            (
                "postgres://u@h/d?password=x%26y&options=-c%20a%3Db",
                pair("postgres://u@h/d?options=-c%20a%3Db", Some("x&y")),
            ),
            (
                "postgresql:///d?host=/run/postgresql&user=u",
                pair("postgresql:///d?host=/run/postgresql&user=u", None),
            ),
            ("postgres://h/d@e", pair("postgres://h/d@e", None)),
            ("postgres://u:@h/d", pair("postgres://u@h/d", None)),
        ] {
            assert_eq!(apart(url), expected, "{url}");
        }
        let mut command = Command::new("pg_dump");
        to_database(&mut command, "postgres://u:hunter2@h/d?password=hunter3").unwrap();
        assert!(!command.get_args().any(|argument| argument.to_string_lossy().contains("hunter")));
        assert!(
            command
                .get_envs()
                .any(|(name, value)| name == "PGPASSWORD" && value == Some(OsStr::new("hunter3")))
        );
        assert!(without_password("postgres://u:%4@h/d").is_err());
        assert!(without_password("postgres://u@h/d?sslpassword=x").is_err());
    }

    #[test]
    fn the_first_program_that_is_new_enough_is_taken() {
        let found = |versions: &[u32]| {
            let programs: Vec<(PathBuf, u32)> = versions
                .iter()
                .map(|version| (PathBuf::from(format!("/{version}/pg_dump")), *version))
                .collect();
            choose("pg_dump", 15, programs.into_iter()).map_err(|error| error.to_string())
        };
        assert_eq!(found(&[14, 16, 17]), Ok("/16/pg_dump".into()));
        assert_eq!(found(&[15]), Ok("/15/pg_dump".into()));
        let older = found(&[13, 14, 12]).unwrap_err();
        assert!(older.contains("version 14") && older.contains("15") && !older.contains('\n'), "{older}");
        assert!(found(&[]).unwrap_err().contains("was not found"));
    }

    #[test]
    fn versions_are_read() {
        for (line, version) in [
            ("pg_dump (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n", Some(15)),
            ("psql (PostgreSQL) 18beta1", Some(18)),
            ("pg_dump 9", None),
            ("", None),
        ] {
            assert_eq!(major(line), version, "{line}");
        }
    }

    #[test]
    fn what_a_program_said_is_told_and_none_is_left_running() {
        let never = AtomicBool::new(false);
        let shell = |script: &str| Running::start(Command::new("sh").args(["-c", script])).unwrap();
        assert!(shell("exit 0").wait(&never).is_ok());
        let failed = shell("echo 'pg_dump: error: no' >&2; exit 1").wait(&never).unwrap_err();
        assert_eq!(failed.to_string(), "pg_dump: error: no");
        let noisy = shell("yes | head -c 300000 >&2; exit 1").wait(&never);
        assert!(noisy.is_err());
        let running = shell("exec sleep 1000");
        let id = running.child.id();
        assert!(matches!(running.wait(&AtomicBool::new(true)), Err(CopyError::Stopped)));
        assert!(!Path::new(&format!("/proc/{id}")).exists());
    }
}
