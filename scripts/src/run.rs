//! `cargo xtask run`: from a fresh clone to a server with demo data.

use std::fs;
use std::io::{Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::process::CommandExt;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::system::{self, Need};
use crate::web;
use crate::workspace::Workspace;
use crate::{Context, Failure, Outcome};

/// What may be chosen.
#[derive(Debug, Default)]
pub struct Options {
    /// A database of PostgreSQL instead of SQLite in `data/`.
    pub postgres: Option<String>,
    /// Where to listen instead of 127.0.0.1:8080.
    pub address: Option<String>,
    /// Fast builds that are slow to run.
    pub dev: bool,
}

/// Builds what has changed and becomes the server, so that every signal reaches the server itself.
///
/// # Errors
/// When something is missing or does not build. It does not return otherwise.
pub fn run(workspace: &Workspace, options: &Options) -> Outcome {
    system::provide(&Need::SERVER)?;
    println!("{}", web::build(workspace, web::Options { dev: options.dev, log: None })?);
    let (folder, profile) = if options.dev { ("debug", "dev") } else { ("release", "release") };
    let built = workspace.cargo().args(["build", "--package", "guanxi", "--profile", profile]).status()?;
    if !built.success() {
        return Err(Failure::new("the server does not compile"));
    }
    let mut server = workspace.command(workspace.server(folder));
    server.args(["serve", "--demo"]);
    let set = |name: &str| std::env::var_os(name).is_some();
    if !set("GUANXI_DATA") {
        server.env("GUANXI_DATA", workspace.root.join("data"));
    }
    if let Some(url) = &options.postgres {
        server.env("GUANXI_DATABASE_URL", url);
        if !set("GUANXI_MASTER_KEY") {
            server.env("GUANXI_MASTER_KEY", master_key(&workspace.root.join("data"))?);
        }
    }
    if let Some(address) = &options.address {
        server.env("GUANXI_ADDR", address);
    }
    if options.postgres.is_some() {
        // Automatic on SQLite; on PostgreSQL an operator does it, and here that is whoever calls xtask.
        let mut migrate = std::process::Command::new(server.get_program());
        migrate.arg("migrate").envs(server.get_envs().filter_map(|(name, value)| Some((name, value?))));
        if !migrate.current_dir(&workspace.root).status()?.success() {
            return Err(Failure::new("the database could not be migrated"));
        }
    }
    Err(Failure::from(server.exec()))
}

/// The master key for databases of PostgreSQL that this checkout has made, in base64. On SQLite the server keeps its
/// own; on PostgreSQL it wants to be given one.
fn master_key(data: &Path) -> Outcome<String> {
    let file = data.join("postgres.key");
    if let Ok(key) = fs::read_to_string(&file) {
        return Ok(key.trim().to_owned());
    }
    let mut bytes = [0; 32];
    fs::File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    let key = STANDARD.encode(bytes);
    fs::create_dir_all(data)?;
    let mut out = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&file)
        .context(file.display())?;
    writeln!(out, "{key}")?;
    Ok(key)
}
