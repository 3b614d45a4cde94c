//! Child processes: each in a group of its own, ended when its handle is dropped or when xtask is interrupted.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process, kill_process_group};

use crate::{Context, Outcome};

/// What must be undone when xtask is interrupted.
#[derive(Default)]
struct Running {
    groups: Vec<Pid>,
    folders: BTreeMap<PathBuf, ()>,
}

static RUNNING: Mutex<Running> = Mutex::new(Running { groups: Vec::new(), folders: BTreeMap::new() });

fn running() -> MutexGuard<'static, Running> {
    RUNNING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// On Ctrl-C or termination, ends every child, removes every temporary folder and exits with 130.
///
/// # Errors
/// When the system refuses the handler.
pub fn clean_up_when_interrupted() -> Outcome {
    ctrlc::set_handler(|| {
        let running = running();
        for group in &running.groups {
            let _ = kill_process_group(*group, Signal::INT);
        }
        thread::sleep(Duration::from_secs(2));
        for group in &running.groups {
            let _ = kill_process_group(*group, Signal::KILL);
        }
        for folder in running.folders.keys() {
            let _ = fs::remove_dir_all(folder);
        }
        std::process::exit(130);
    })?;
    Ok(())
}

/// A child process with its whole group.
pub struct Process {
    child: Child,
    group: Option<Pid>,
    grace: Duration,
}

impl Process {
    /// Starts a program in a group of its own, so that whatever it starts can be ended with it.
    ///
    /// # Errors
    /// When the program can't be started.
    pub fn start(command: &mut Command) -> Outcome<Self> {
        let name = command.get_program().to_string_lossy().into_owned();
        let child =
            command.process_group(0).stdin(Stdio::null()).spawn().context(format!("starting {name}"))?;
        let group = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
        running().groups.extend(group);
        Ok(Self { child, group, grace: Duration::from_secs(10) })
    }

    /// Sends a signal to the process alone.
    pub fn signal(&self, signal: Signal) {
        if let Some(pid) = self.group {
            let _ = kill_process(pid, signal);
        }
    }

    /// Whether the process has ended, and how.
    ///
    /// # Errors
    /// When the system can't tell.
    pub fn ended(&mut self) -> Outcome<Option<ExitStatus>> {
        Ok(self.child.try_wait()?)
    }

    /// Waits for the end, at most for `limit`; `None` when it has not come by then.
    ///
    /// # Errors
    /// When the system can't tell.
    pub fn wait(&mut self, limit: Duration) -> Outcome<Option<ExitStatus>> {
        let start = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait()? {
                return Ok(Some(status));
            }
            if start.elapsed() >= limit {
                return Ok(None);
            }
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// Asks the process to stop and, if it does not within its time of grace, kills its group.
    pub fn stop(&mut self, signal: Signal) {
        if !matches!(self.ended(), Ok(Some(_))) {
            self.signal(signal);
            let _ = self.wait(self.grace);
        }
        if let Some(group) = self.group.take() {
            let _ = kill_process_group(group, Signal::KILL);
            let _ = self.child.wait();
            running().groups.retain(|other| *other != group);
        }
    }

    /// The id of the process.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.stop(Signal::TERM);
    }
}

/// A folder that is removed with everything in it when dropped.
pub struct TemporaryFolder(PathBuf);

impl TemporaryFolder {
    /// Makes an empty folder `<parent>/<name>-<process id>`.
    ///
    /// # Errors
    /// When it can't be made.
    pub fn new(parent: &Path, name: &str) -> Outcome<Self> {
        let path = parent.join(format!("{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).context(path.display())?;
        running().folders.insert(path.clone(), ());
        Ok(Self(path))
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for TemporaryFolder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
        running().folders.remove(&self.0);
    }
}

/// Sends both outputs of a command to a file, from its start or at its end.
///
/// # Errors
/// When the file can't be opened.
pub fn log_to<'a>(command: &'a mut Command, file: &Path) -> Outcome<&'a mut Command> {
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder)?;
    }
    let out = File::options().create(true).append(true).open(file).context(file.display())?;
    Ok(command.stdout(out.try_clone()?).stderr(out))
}

/// Runs a command to its end with its output appended to `log`; whether it succeeded.
///
/// # Errors
/// When the command can't be started.
pub fn run_logged(command: &mut Command, log: &Path) -> Outcome<bool> {
    let mut process = Process::start(log_to(command, log)?)?;
    loop {
        if let Some(status) = process.wait(Duration::from_secs(3600))? {
            return Ok(status.success());
        }
    }
}

/// A TCP port of this machine that nobody listens on.
///
/// # Errors
/// When there is none.
pub fn free_port() -> Outcome<u16> {
    Ok(std::net::TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}
