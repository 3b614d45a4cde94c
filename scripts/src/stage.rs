//! Stages: one line each with time and outcome, the end of the log where one fails.

use std::collections::VecDeque;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::Outcome;
use crate::workspace::Workspace;

/// How many tests passed and failed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Tests that held.
    pub passed: u64,
    /// Tests that did not.
    pub failed: u64,
}

impl Counts {
    /// A stage without tests of its own that went well.
    pub const ONE: Self = Self { passed: 1, failed: 0 };
}

impl std::ops::AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
    }
}

/// Runs stages and keeps the sum.
pub struct Stages {
    logs: PathBuf,
    start: Instant,
    sum: Counts,
}

impl Stages {
    /// Begins, with an empty folder for the logs.
    ///
    /// # Errors
    /// When the folder can't be made.
    pub fn begin(workspace: &Workspace) -> Outcome<Self> {
        let logs = workspace.logs();
        fs::create_dir_all(&logs)?;
        Ok(Self { logs, start: Instant::now(), sum: Counts::default() })
    }

    /// Runs one stage and prints its line; whether it went well. `work` gets the file for its log.
    pub fn run(&mut self, name: &str, work: impl FnOnce(&Path) -> Outcome<Counts>) -> bool {
        let log = self.logs.join(format!("{}.log", name.replace([' ', '/'], "-").to_lowercase()));
        let _ = fs::remove_file(&log);
        print!("{name:<28}");
        let _ = std::io::stdout().flush();
        let start = Instant::now();
        let outcome = work(&log);
        let seconds = start.elapsed().as_secs_f64();
        let (counts, reason) = match outcome {
            Ok(counts) => (counts, None),
            Err(failure) => (Counts { passed: 0, failed: 1 }, Some(failure.to_string())),
        };
        self.sum += counts;
        let tests = if counts.passed + counts.failed > 1 {
            format!("   {} passed, {} failed", counts.passed, counts.failed)
        } else {
            String::new()
        };
        if counts.failed == 0 {
            println!("OK     {seconds:>8.1} s{tests}");
            return true;
        }
        println!("FAILED {seconds:>8.1} s{tests}");
        for line in tail(&log, 60) {
            println!("    {line}");
        }
        if let Some(reason) = reason {
            println!("    {}", reason.replace('\n', "\n    "));
        }
        println!("    full log: {}", log.display());
        false
    }

    /// Time since the beginning.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.start.elapsed()
    }

    /// Prints the last line; whether nothing failed and something passed.
    #[must_use]
    pub fn finish(&self) -> bool {
        println!("{} passed, {} failed", self.sum.passed, self.sum.failed);
        self.sum.failed == 0 && self.sum.passed > 0
    }
}

/// The sum of all `test result:` lines in a log of `cargo test`.
///
/// # Errors
/// When the log can't be read.
pub fn test_results(log: &Path) -> Outcome<Counts> {
    let mut counts = Counts::default();
    for line in BufReader::new(fs::File::open(log)?).lines() {
        if let Some((_, results)) = line?.split_once("test result: ") {
            let number = |word: &str| -> u64 {
                let part = results.split(['.', ';']).find_map(|part| part.trim().strip_suffix(word));
                part.and_then(|number| number.trim().parse().ok()).unwrap_or(0)
            };
            counts += Counts { passed: number("passed"), failed: number("failed") };
        }
    }
    Ok(counts)
}

fn tail(file: &Path, lines: usize) -> Vec<String> {
    let Ok(file) = fs::File::open(file) else { return Vec::new() };
    let mut last = VecDeque::new();
    for line in BufReader::new(file).split(b'\n').map_while(Result::ok) {
        if last.len() == lines {
            last.pop_front();
        }
        last.push_back(String::from_utf8_lossy(&line).into_owned());
    }
    last.into()
}

#[cfg(test)]
mod tests {
    use super::{Counts, test_results};

    #[test]
    fn sums_all_test_results_of_a_log() {
        let file = std::env::temp_dir().join(format!("guanxi-stage-{}", std::process::id()));
        let log = "test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured; 3 filtered out; finished in 0.1s\nx\n\
                   test result: FAILED. 3 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out\n";
        std::fs::write(&file, log).unwrap();
        let counts = test_results(&file).unwrap();
        std::fs::remove_file(&file).unwrap();
        assert_eq!(counts, Counts { passed: 15, failed: 2 });
    }
}
