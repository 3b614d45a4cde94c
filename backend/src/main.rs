//! The command line: reads arguments and calls the library.

#![forbid(unsafe_code)]

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use clap::{Parser, Subcommand};
use guanxi::access::Actor;
use guanxi::backup::{self, Manifest, Source};
use guanxi::config::{Config, ConfigError};
use guanxi::demo::{self, Demo};
use guanxi::error::Error;
use guanxi::import_file::{Order, import_file, undo_import};
use guanxi::jobs::Bench;
use guanxi::server::Opened;
use guanxi::{clock, installation, server, telemetry, web};
use guanxi_api::{DuplicateAction, JobCounts, JobDetails, JobState, Language, Role};
use guanxi_db::{DbConn, migrate};

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
        /// How many of them are entered a second time, not quite alike.
        #[arg(long, default_value_t = demo::DUPLICATES)]
        duplicates: u32,
    },
    /// Import a file of customers, as the web app does; beside a running server too. One that was broken off goes on.
    Import {
        #[arg(required_unless_present = "undo")]
        file: Option<PathBuf>,
        /// What the columns become, as JSON: `{"mapping": {"source": …, "customer": […]}}`; or the name of a mapping that the bank shares.
        #[arg(long, required_unless_present = "undo")]
        mapping: Option<PathBuf>,
        /// Tell what would be done and do nothing.
        #[arg(long)]
        dry_run: bool,
        /// What is done with records whose customer may be there already: `keep` (both), `merge` or `skip`.
        #[arg(long, default_value = "keep", value_parser = duplicates)]
        duplicates: DuplicateAction,
        /// Import nothing, but take back what an import from the command line has done, by the id of its job.
        #[arg(long, value_name = "JOB", conflicts_with_all = ["file", "mapping", "dry_run"])]
        undo: Option<uuid::Uuid>,
    },
    /// Back up the database and the files beside it, while a server runs too; prints the folder of the backup.
    Backup {
        /// The folder that gets one for the backup; GUANXI_BACKUP_FOLDER without this.
        #[arg(long, value_name = "FOLDER")]
        to: Option<PathBuf>,
        /// Make none, but read this one back and compare it with its manifest.
        #[arg(long, value_name = "BACKUP", conflicts_with = "to")]
        verify: Option<PathBuf>,
    },
    /// Restore a backup where there is no database yet. Takes the master key that the backup was made with.
    Restore {
        /// The folder of the backup.
        backup: PathBuf,
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
        say(web::CONTRACT.trim_end());
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
                .map_err(|error| ConfigError(error.to_string()))?;
        }
        Command::Demo { customers, seed, customers_only, duplicates } => {
            let opened = server::open_to_load(&config)?;
            let made = demo::make(&config, &opened, Demo { customers, seed, customers_only, duplicates })
                .map_err(|error| failed(&error))?;
            say(&made);
        }
        Command::Import { undo: Some(job), .. } => {
            let opened = server::open_to_load(&config)?;
            return undo(&opened, job);
        }
        Command::Import { file, mapping, dry_run, duplicates, undo: None } => {
            let (Some(file), Some(mapping)) = (file, mapping) else {
                return Err(ConfigError("import takes a file and --mapping, or --undo".into()));
            };
            let opened = server::open_to_load(&config)?;
            return import(&opened, &Order { file: &file, mapping: &mapping, dry_run, duplicates });
        }
        Command::Backup { to: _, verify: Some(folder) } => {
            let keys = installation::existing_master_key(&config)?;
            let manifest = backup::verify(&folder, &keys).map_err(|error| failed(&error))?;
            say(&format!("whole: {}", contents(&manifest)));
        }
        Command::Backup { to, verify: None } => {
            let folder = to.or_else(|| config.backups.as_ref().map(|plan| plan.folder.clone()));
            let folder =
                folder.ok_or_else(|| failed(&"say where to: --to FOLDER, or GUANXI_BACKUP_FOLDER"))?;
            let source = Source::of(&config, Arc::new(installation::existing_master_key(&config)?));
            let made = backup::make(&source, &folder, clock::now(), &AtomicBool::new(false))
                .map_err(|error| failed(&error))?;
            say(&made.folder.display().to_string());
            eprintln!("{}", contents(&made.manifest));
            record(&config, move |conn, actor| backup::record_made(conn, actor, &made))?;
        }
        Command::Restore { backup: folder } => {
            std::fs::create_dir_all(&config.data)
                .map_err(|error| ConfigError(format!("{}: {error}", config.data.display())))?;
            let source = Source::of(&config, Arc::new(installation::existing_master_key(&config)?));
            let restored = backup::restore(&source, &folder, clock::now()).map_err(|error| failed(&error))?;
            say(&format!(
                "restored: {}\nEverybody has to sign in again. `guanxi verify` looks at it all, `guanxi serve` goes on with it.",
                contents(&restored.manifest)
            ));
            record(&config, move |conn, actor| backup::record_restored(conn, actor, &restored))?;
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

/// What a backup holds, in a line.
fn contents(manifest: &Manifest) -> String {
    let rows: i64 = manifest.tables.values().sum();
    format!(
        "{} rows in {} tables and {} files as of {}, {} bytes",
        rows,
        manifest.tables.len(),
        manifest.files.len() - 1,
        manifest.at.format("%Y-%m-%dT%H:%M:%SZ"),
        manifest.bytes()
    )
}

/// Puts on record what the command line has done to a whole database.
fn record(
    config: &Config,
    entry: impl Fn(&mut DbConn, &Actor) -> Result<(), Error> + Send + Sync + 'static,
) -> Result<(), ConfigError> {
    backup::put_on_record(&config.database_url, &Actor::operator(clock::now()), entry)
        .map_err(|error| ConfigError(format!("done, but not put on record: {error}")))
}

fn bench(opened: &Opened) -> Bench {
    Bench {
        db: opened.db.clone(),
        keys: Arc::clone(&opened.keys),
        settings: opened.settings.clone(),
        files: opened.files.clone(),
    }
}

/// Takes back what an import has done.
fn undo(opened: &Opened, job: uuid::Uuid) -> Result<ExitCode, ConfigError> {
    let started = std::time::Instant::now();
    let JobDetails { job, .. } =
        undo_import(&bench(opened), job, clock::now).map_err(|error| ConfigError(explained(&error)))?;
    let JobCounts { updated, failed, .. } = job.counts;
    let took = started.elapsed().as_secs_f64();
    say(&format!("{}: {updated} changes taken back, {failed} left as they are, in {took:.1} s", job.state));
    if let Some(problem) = job.problem {
        say(&problem.message);
    }
    Ok(if job.state == JobState::Failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn duplicates(code: &str) -> Result<DuplicateAction, String> {
    DuplicateAction::from_code(code).ok_or_else(|| format!("one of {}", DuplicateAction::CODES.join(", ")))
}

/// Imports a file, telling how far it is.
fn import(opened: &Opened, order: &Order<'_>) -> Result<ExitCode, ConfigError> {
    let bench = bench(opened);
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
    let JobCounts { created, updated, unchanged, failed, duplicates, merged, skipped, conflicts } =
        job.counts;
    say(&format!(
        "{}: {} records in {:.1} s: {created} created, {updated} updated, {unchanged} unchanged, {failed} failed{}",
        job.state,
        job.processed,
        started.elapsed().as_secs_f64(),
        if job.dry_run { " (dry run: nothing was written)" } else { "" },
    ));
    if duplicates > 0 {
        say(&format!(
            "{duplicates} may be customers that are there already: {merged} merged, {skipped} left out."
        ));
    }
    if conflicts > 0 {
        say(&format!("{conflicts} values differ from verified ones, which were kept."));
    }
    if let Some(problem) = job.problem {
        say(&problem.message);
    }
    if failed > 0 {
        say(&format!("What is wrong with each record stands in job {}.", job.id));
    }
    if !job.dry_run && created + updated > 0 {
        say(&format!("For seven days `guanxi import --undo {}` takes it back.", job.id));
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
