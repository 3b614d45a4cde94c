//! The command line: reads arguments and calls the library.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::{Parser, Subcommand};
use guanxi::config::{Config, ConfigError};
use guanxi::demo::{self, Demo};
use guanxi::error::Error;
use guanxi::import_file::{Order, import_file};
use guanxi::jobs::Bench;
use guanxi::server::Opened;
use guanxi::{app, clock, server, telemetry};
use guanxi_api::{JobCounts, JobDetails, JobState, Language, Role};
use guanxi_db::migrate;

#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// Relationship management for banks.
#[derive(Parser)]
#[command(version, about)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serve the API and the web app.
    Serve {
        /// Make demo data first if the database is empty, and print the sign-ins.
        #[arg(long)]
        demo: bool,
    },
    /// Bring the database to the newest schema. On SQLite `serve` does it by itself.
    Migrate,
    /// Print the OpenAPI document.
    Openapi,
    /// Make demo data in an empty database.
    Demo {
        #[arg(long, default_value_t = 2000)]
        customers: u32,
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// Without holdings, contacts, tasks and surveys.
        #[arg(long)]
        customers_only: bool,
    },
    /// Import a file of customers, as the web app does; beside a running server too. One that was broken off goes on.
    Import {
        file: PathBuf,
        /// What the columns become, as JSON: `{"mapping": {"source": …, "customer": […]}}`.
        #[arg(long)]
        mapping: PathBuf,
        /// Tell what would be done and do nothing.
        #[arg(long)]
        dry_run: bool,
    },
    /// Manage users.
    User {
        #[command(subcommand)]
        command: UserCommand,
    },
    /// Look for damage and for derived data that does not fit.
    Verify,
}

#[derive(Subcommand)]
enum UserCommand {
    /// Add a user; prints a password to hand over.
    Add {
        username: String,
        #[arg(long)]
        display_name: Option<String>,
        #[arg(long, value_parser = role)]
        role: Role,
    },
}

fn role(text: &str) -> Result<Role, String> {
    Role::from_code(text).ok_or_else(|| format!("one of {}", Role::CODES.join(", ")))
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(arguments.command) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("guanxi: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> Result<ExitCode, ConfigError> {
    let failed = |error: &dyn std::fmt::Display| ConfigError(error.to_string());
    if matches!(command, Command::Openapi) {
        let document = app::openapi().to_pretty_json().map_err(|error| failed(&error))?;
        say(&document);
        return Ok(ExitCode::SUCCESS);
    }
    telemetry::start();
    let config = Config::from_environment()?;
    match command {
        Command::Openapi => {}
        Command::Migrate => {
            let mut conn = config.database_url.connect().map_err(|error| failed(&error))?;
            let applied = migrate(&mut conn).map_err(|error| failed(&error))?;
            say(&format!("{} migrations applied", applied.len()));
        }
        Command::Serve { demo } => {
            let mut opened = server::open(&config)?;
            if demo {
                opened = demo::ensure(&config, opened, 2000, 1).map_err(|error| failed(&error))?;
            }
            let state = server::state(&config, opened).map_err(|error| failed(&error))?;
            say(&format!("Guanxi: {}", config.public_url));
            if let Some(sign_ins) = demo::sign_ins(&config) {
                say(&sign_ins);
            }
            actix_web::rt::System::new()
                .block_on(server::serve(&config, state))
                .map_err(|error| ConfigError(format!("{}: {error}", config.addr)))?;
        }
        Command::Demo { customers, seed, customers_only } => {
            let opened = server::open_to_load(&config)?;
            let made = demo::make(&config, &opened, Demo { customers, seed, customers_only })
                .map_err(|error| failed(&error))?;
            say(&made);
        }
        Command::Import { file, mapping, dry_run } => {
            let opened = server::open_to_load(&config)?;
            return import(&opened, &Order { file: &file, mapping: &mapping, dry_run });
        }
        Command::User { command: UserCommand::Add { username, display_name, role } } => {
            let opened = server::open(&config)?;
            let shown = display_name.as_deref().unwrap_or(&username);
            let password = demo::add_user(&opened, &username, shown, role).map_err(|error| failed(&error))?;
            say(&format!("{username}\n{password}\nTo be changed at the first sign-in."));
        }
        Command::Verify => {
            let opened = server::open(&config)?;
            let report = opened.db.read_blocking(guanxi::verify::verify).map_err(|error| failed(&error))?;
            for line in &report.checked {
                say(&format!("ok: {line}"));
            }
            for line in &report.wrong {
                say(&format!("WRONG: {line}"));
            }
            if !report.wrong.is_empty() {
                return Ok(ExitCode::FAILURE);
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Imports a file, telling how far it is.
fn import(opened: &Opened, order: &Order<'_>) -> Result<ExitCode, ConfigError> {
    let bench = Bench {
        db: opened.db.clone(),
        keys: Arc::clone(&opened.keys),
        settings: opened.settings.clone(),
        files: opened.files.clone(),
    };
    let started = std::time::Instant::now();
    let mut told = 0;
    let each = |done: i64, total: Option<i64>| {
        if done - told >= 10_000 {
            told = done;
            let of = total.map_or_else(String::new, |total| format!(" of {total}"));
            eprintln!("{done}{of}");
        }
    };
    let JobDetails { job, .. } =
        import_file(&bench, order, clock::now, each).map_err(|error| ConfigError(explained(&error)))?;
    let JobCounts { created, updated, unchanged, failed } = job.counts;
    say(&format!(
        "{}: {} records in {:.1} s: {created} created, {updated} updated, {unchanged} unchanged, {failed} failed{}",
        job.state,
        job.processed,
        started.elapsed().as_secs_f64(),
        if job.dry_run { " (dry run: nothing was written)" } else { "" },
    ));
    if let Some(problem) = job.problem {
        say(&problem.message);
    }
    if failed > 0 {
        say(&format!("What is wrong with each record stands in job {}.", job.id));
    }
    Ok(if job.state == JobState::Failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// Everything that is wrong, in a line each.
fn explained(error: &Error) -> String {
    let problem = error.problem(Language::En, "");
    let fields = problem.errors.iter().map(|field| format!("\n  {} {}", field.pointer, field.message));
    let cause = error.cause.as_ref().map(|cause| format!(" ({cause})")).unwrap_or_default();
    format!("{}{cause}{}", problem.title, fields.collect::<String>())
}

/// Answers of the command line go to standard output; everything else is log.
#[allow(clippy::print_stdout)]
fn say(text: &str) {
    println!("{text}");
}
