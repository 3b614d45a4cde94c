//! E5: inputs that libFuzzer makes up, for what reads files, mappings and filters.

use std::fs;
use std::path::Path;

use crate::processes::run_logged;
use crate::stage::Counts;
use crate::workspace::Workspace;
use crate::{Failure, Outcome};

/// What tells libFuzzer which code an input has reached: the pass of LLVM that `cargo fuzz` asks for, too.
const INSTRUMENTED: &str = "-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
     -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
     -Cllvm-args=-sanitizer-coverage-trace-compares -Ccodegen-units=1 -Cdebug-assertions";
/// The platform has to be named, so that build scripts and macros are not instrumented as well.
const TARGET: &str = "x86_64-unknown-linux-gnu";
/// Most memory that an input may cost, in MiB.
const MEMORY: u32 = 2048;

/// Beginnings: what libFuzzer makes others of. The first byte says what an input is taken for.
const SEEDS: [(&str, &[u8]); 5] = [
    ("table", b"\x00id,name,birthday,phone,amount\n1,\"a \"\"b\"\"\",2024-03-05,13800138000,\"1,234.50\"\n"),
    ("chinese", "\u{0}客户号;姓名;生日\n1;王伟;2024年3月5日\n".as_bytes()),
    (
        "mapping",
        b"\x00id,balance\n1,-5\n\x00{\"source\":\"s\",\"customer\":[{\"field\":\"external_id\",\"from\":\"{id}\"}],\"records\":[{\"target\":\"holding\",\"key\":\"k{id}\",\"when\":\"\\\"balance\\\" ne 0\",\"fields\":[{\"field\":\"product_code\",\"from\":\"p\"},{\"field\":\"opened_on\",\"from\":\"2020-01-01\"},{\"field\":\"amount\",\"from\":\"{balance}\"}]}]}",
    ),
    ("filter", b"\x02not (tier in (\"gold\", \"mass\") or aum ge -12.5) and city eq null"),
    ("columns", b"\x02\"Balance\" gt 0 and \"y\" starts \"ye\""),
];

/// Runs libFuzzer for some seconds.
///
/// # Errors
/// When an input makes the program panic, hang or run out of memory; the log has the input.
pub fn run(workspace: &Workspace, seconds: u32, log: &Path) -> Outcome<Counts> {
    let folder = workspace.target.join("fuzz");
    let corpus = folder.join("corpus");
    fs::create_dir_all(&corpus)?;
    for (name, seed) in SEEDS {
        fs::write(corpus.join(name), seed)?;
    }
    let mut build = workspace.cargo();
    build.args(["build", "--profile", "ci", "-p", "guanxi-fuzz", "--target", TARGET]);
    build.env("CARGO_TARGET_DIR", &folder).env("RUSTFLAGS", INSTRUMENTED);
    if !run_logged(&mut build, log)? {
        return Err(Failure::new("the fuzzer does not compile"));
    }
    let mut fuzzer = workspace.command(folder.join(TARGET).join("ci").join("guanxi-fuzz"));
    fuzzer.arg(&corpus).current_dir(&folder);
    fuzzer.args([format!("-max_total_time={seconds}"), format!("-rss_limit_mb={MEMORY}")]);
    fuzzer.args(["-timeout=10", "-max_len=65536", "-print_final_stats=1"]);
    if !run_logged(&mut fuzzer, log)? {
        return Err(Failure::new("an input was found; it lies beside the corpus"));
    }
    let text = fs::read_to_string(log)?;
    let runs = text.lines().rev().find_map(|line| line.strip_prefix("stat::number_of_executed_units:"));
    print!("{} inputs in {seconds} s   ", runs.map_or("?", str::trim));
    Ok(Counts::ONE)
}
