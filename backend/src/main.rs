//! The command line: reads arguments and calls the library.

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use guanxi::config::{Config, ConfigError};
use guanxi::demo::{self, Demo};
use guanxi::{app, server, telemetry};
use guanxi_api::Role;
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

/// Answers of the command line go to standard output; everything else is log.
#[allow(clippy::print_stdout)]
fn say(text: &str) {
    println!("{text}");
}
