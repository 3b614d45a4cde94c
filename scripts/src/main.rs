//! `cargo xtask`: everything that is needed to work on Guanxi.
#![forbid(unsafe_code)]
#![allow(clippy::print_stdout, reason = "a command line tool talks to people on standard output")]

use std::process::ExitCode;

use pico_args::Arguments;
use xtask::workspace::Workspace;
use xtask::{Failure, Outcome, checks, processes, run, test, web};

const USAGE: &str = "\
cargo xtask <verb>

  run    [--postgres URL] [--addr ADDRESS] [--dev]
         builds the web app and the server, makes demo data at the first start, serves on 127.0.0.1:8080
  test   [--only STAGE] [--postgres URL]
         everything that gates, on SQLite, on PostgreSQL and in Chromium
  check  [NAME] [--short] [--postgres URL]
         the checks that take long, by name (A5, D1, …) or all of them
  bench  [--engine sqlite|postgres] [--customers N] [--only OPERATION] [--seconds S] [--postgres URL] [--data FOLDER] [--customers-only] [--untrained]
         rates of the server beside those of the bare database
  dist
         builds the server as it is released, trained by a run of it; prints where it is
  web    [--dev]
         builds the web app into frontend/dist
";

fn main() -> ExitCode {
    match work() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(failure) => {
            eprintln!("{failure}");
            ExitCode::FAILURE
        }
    }
}

/// Does what the arguments ask for; whether it went well.
fn work() -> Outcome<bool> {
    let mut arguments = Arguments::from_env();
    let Some(verb) = arguments.subcommand()? else {
        print!("{USAGE}");
        return Ok(false);
    };
    let workspace = Workspace::find()?;
    if matches!(verb.as_str(), "bench" | "dist") {
        return bench(&workspace, arguments, verb == "dist");
    }
    if verb != "run" {
        processes::clean_up_when_interrupted()?;
    }
    let postgres = arguments.opt_value_from_str("--postgres")?;
    match verb.as_str() {
        "run" => {
            let address = arguments.opt_value_from_str("--addr")?;
            let dev = arguments.contains("--dev");
            nothing_left(arguments)?;
            run::run(&workspace, &run::Options { postgres, address, dev }).map(|()| true)
        }
        "test" => {
            let only = arguments.opt_value_from_str("--only")?;
            nothing_left(arguments)?;
            test::run(&workspace, &test::Options { only, postgres }).or_else(|failure| {
                println!("{failure}\n0 passed, 1 failed");
                Ok(false)
            })
        }
        "check" => {
            let short = arguments.contains("--short");
            let name = arguments.opt_free_from_str()?;
            nothing_left(arguments)?;
            checks::run(&workspace, &checks::Options { name, short, postgres })
        }
        "web" => {
            let dev = arguments.contains("--dev");
            nothing_left(arguments)?;
            println!("{}", web::build(&workspace, web::Options { dev, log: None })?);
            Ok(true)
        }
        _ => Err(Failure::new(format!("there is no verb {verb}\n\n{USAGE}"))),
    }
}

fn nothing_left(arguments: Arguments) -> Outcome {
    match arguments.finish().first() {
        None => Ok(()),
        Some(rest) => Err(Failure::new(format!("not understood: {}\n\n{USAGE}", rest.to_string_lossy()))),
    }
}

/// The bench is a program of its own, because it has to be optimised. It is also what trains the server.
fn bench(workspace: &Workspace, arguments: Arguments, only_build: bool) -> Outcome<bool> {
    let mut command = workspace.cargo();
    command.args([
        "run",
        "--quiet",
        "--package",
        "xtask",
        "--release",
        "--no-default-features",
        "--features",
        "bench",
    ]);
    command.args(["--bin", "bench", "--"]).args(only_build.then_some("--only-build"));
    command.args(arguments.finish());
    Ok(command.status()?.success())
}
