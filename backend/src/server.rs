//! Starting and stopping: opens the database, puts the state together, serves, and stops without losing a request.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use actix_web::{HttpServer, web};
use guanxi_db::{Db, DbOptions, Engine, migrate, pending_migrations};

use crate::access::{Actor, Gate, Hasher, Keys, Quotas, Signer};
use crate::app::AppState;
use crate::background::JobLoop;
use crate::backup::{Schedule, Source, Work};
use crate::config::{Config, ConfigError};
use crate::error::{Error, Result};
use crate::files::FileStore;
use crate::org::Directory;
use crate::web::{Limits, Metrics, Readiness, serve_metrics};
use crate::{app, clock, installation};

/// Longest time that open requests get when the server stops, in seconds.
const DRAIN_SECONDS: u64 = 30;
/// A client that does not send its headers in this time is let go.
const HEADER_TIME: Duration = Duration::from_secs(5);

/// What keeps an address from being listened at, with the setting that names another one.
fn named(setting: &str, addr: SocketAddr, error: &std::io::Error) -> std::io::Error {
    std::io::Error::new(error.kind(), format!("{setting} {addr}: {error}"))
}

/// What a command needs of an opened installation.
#[derive(Debug)]
pub struct Opened {
    pub db: Db,
    pub keys: Arc<Keys>,
    pub settings: installation::Settings,
    pub files: FileStore,
}

/// Prepares the data directory, migrates where that is automatic, opens the database and reads the installation's settings.
///
/// # Errors
/// With what is wrong, in one line.
pub fn open(config: &Config) -> std::result::Result<Opened, ConfigError> {
    open_with(config, None)
}

/// The same for a command that writes more than it reads, and then ends.
///
/// # Errors
/// As [`open`].
pub fn open_to_load(config: &Config) -> std::result::Result<Opened, ConfigError> {
    open_with(config, Some(LOADING_CACHE))
}

/// The cache that a command writes to SQLite with, in KiB: the indexes of a million customers are twice that.
const LOADING_CACHE: u32 = 512 * 1024;

fn open_with(config: &Config, write_cache: Option<u32>) -> std::result::Result<Opened, ConfigError> {
    let failed = |error: &dyn std::fmt::Display| ConfigError(error.to_string());
    std::fs::create_dir_all(&config.data)
        .map_err(|error| ConfigError(format!("{}: {error}", config.data.display())))?;
    let keys = Arc::new(installation::master_key(config)?);
    let mut conn = config.database_url.connect().map_err(|error| failed(&error))?;
    if config.database_url.engine() == Engine::Sqlite {
        migrate(&mut conn).map_err(|error| failed(&error))?;
    } else if pending_migrations(&mut conn).map_err(|error| failed(&error))? > 0 {
        return Err(ConfigError("the database has not been migrated: run `guanxi migrate`".into()));
    }
    drop(conn);
    let cores = cores();
    let mut options = DbOptions::for_cores(config.database_url.clone(), cores);
    options.read_threads = config.read_threads.unwrap_or(options.read_threads);
    options.write_threads = config.write_threads.unwrap_or(options.write_threads);
    options.write_cache = write_cache.unwrap_or(options.write_cache);
    let db = Db::open(&options).map_err(|error| failed(&error))?;
    let (shared, settings_of) = (Arc::clone(&keys), config.clone());
    let settings = db
        .write_blocking(move |conn| {
            installation::open(conn, &Actor::operator(clock::now()), &settings_of, &shared)
        })
        .map_err(|error: Error| failed(&error))?;
    let files = FileStore::new(config.files(), Arc::clone(&keys));
    Ok(Opened { db, keys, settings, files })
}

/// Puts together what the handlers share.
///
/// # Errors
/// When the database fails or a setting is wrong.
pub fn state(config: &Config, opened: Opened) -> Result<web::Data<AppState>> {
    let Opened { db, keys, settings, files } = opened;
    let (shared, issuer) = (Arc::clone(&keys), config.public_url.clone());
    let signer = db.write_blocking(move |conn| Signer::open(conn, &shared, &issuer, clock::now()))?;
    let cores = cores();
    Ok(web::Data::new(AppState {
        db,
        keys,
        hasher: Hasher::new(settings.passwords, cores)?,
        settings,
        directory: Directory::default(),
        files,
        signer,
        gate: Gate::default(),
        quotas: Quotas::new(config.rate_limit).with_exports(config.export_limit),
        limits: Limits {
            trusted_proxies: config.trusted_proxies.clone(),
            https: config.is_https(),
            allowed_origins: config.allowed_origins.clone(),
        },
        public_origin: origin_of(&config.public_url),
        metrics: Metrics::new().map_err(Error::internal)?,
        readiness: Arc::new(Readiness::default()),
    }))
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(2, usize::from)
}

/// Scheme, host and port of an address.
fn origin_of(url: &str) -> String {
    let (scheme, rest) = url.split_once("://").unwrap_or(("http", url));
    format!("{scheme}://{}", rest.split('/').next().unwrap_or_default())
}

/// Serves until SIGTERM or SIGINT, then stops taking requests, finishes the open ones and leaves the database tidy.
///
/// # Errors
/// When an address is taken or a certificate is wrong.
pub async fn serve(config: &Config, state: web::Data<AppState>) -> std::io::Result<()> {
    let mut jobs = if config.jobs { Some(JobLoop::start(state.clone())?) } else { None };
    let mut backups = start_backups(config, &state)?;
    let metrics = match config.metrics_addr {
        Some(addr) => Some(
            serve_metrics(addr, state.metrics.clone(), state.db.clone())
                .map_err(|error| named("GUANXI_METRICS_ADDR", addr, &error))?,
        ),
        None => None,
    };
    let metrics_handle = metrics.as_ref().map(actix_web::dev::Server::handle);
    let metrics_task = metrics.map(actix_web::rt::spawn);

    let app_state = state.clone();
    let server = HttpServer::new(move || app::build(app_state.clone()))
        .workers(config.http_threads.map_or((cores() / 2).max(1), usize::from))
        .client_request_timeout(HEADER_TIME)
        .shutdown_timeout(DRAIN_SECONDS)
        .max_connections(10_000)
        .disable_signals();
    let server = match &config.tls {
        Some(tls) => server.bind_rustls_0_23(config.addr, tls_config(tls)?),
        None => server.bind(config.addr),
    };
    let server = server.map_err(|error| named("GUANXI_ADDR", config.addr, &error))?;
    let server = server.run();
    let handle = server.handle();
    let readiness = Arc::clone(&state.readiness);
    let pause = Duration::from_secs(config.drain_seconds);
    let stop_backups = backups.as_ref().map(Schedule::stop_flag);
    actix_web::rt::spawn(async move {
        wait_for_signal().await;
        tracing::info!("stopping: no longer ready");
        readiness.drain();
        if let Some(stop) = stop_backups {
            stop.store(true, Ordering::SeqCst);
        }
        actix_web::rt::time::sleep(pause).await;
        handle.stop(true).await;
    });
    tracing::info!(addr = %config.addr, url = %config.public_url, engine = ?state.db.engine(), "serving");
    let served = server.await;
    if let Some(handle) = metrics_handle {
        handle.stop(false).await;
    }
    if let Some(task) = metrics_task {
        let _ = task.await;
    }
    if let Some(jobs) = &mut jobs {
        jobs.stop();
    }
    if let Some(backups) = &mut backups {
        backups.stop();
    }
    let db = state.db.clone();
    match web::block(move || db.checkpoint()).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::warn!(%error, "the write-ahead log was not emptied"),
        Err(error) => tracing::warn!(%error, "the write-ahead log was not emptied"),
    }
    tracing::info!("stopped");
    served
}

fn start_backups(config: &Config, state: &web::Data<AppState>) -> std::io::Result<Option<Schedule>> {
    let Some(plan) = config.backups.clone() else { return Ok(None) };
    let work = Work {
        db: state.db.clone(),
        source: Source::of(config, Arc::clone(&state.keys)),
        plan,
        zone: config.time_zone,
        metrics: state.metrics.backups().map_err(std::io::Error::other)?,
        clock: clock::now,
    };
    Schedule::start(work).map(Some)
}

async fn wait_for_signal() {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut term), Ok(mut int)) = (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
    else {
        tracing::error!("signals cannot be heard; stop the server with SIGKILL");
        return std::future::pending().await;
    };
    tokio::select! {
        _ = term.recv() => {}
        _ = int.recv() => {}
    }
}

fn tls_config(tls: &crate::config::Tls) -> std::io::Result<rustls::ServerConfig> {
    use rustls::pki_types::pem::PemObject;
    use rustls::pki_types::{CertificateDer, PrivateKeyDer};
    let wrong = |path: &std::path::Path, why: String| {
        std::io::Error::new(std::io::ErrorKind::InvalidInput, format!("{}: {why}", path.display()))
    };
    let chain = CertificateDer::pem_file_iter(&tls.cert)
        .and_then(Iterator::collect::<std::result::Result<Vec<_>, _>>)
        .map_err(|error| wrong(&tls.cert, error.to_string()))?;
    let key = PrivateKeyDer::from_pem_file(&tls.key).map_err(|error| wrong(&tls.key, error.to_string()))?;
    rustls::ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .map_err(|error| wrong(&tls.cert, error.to_string()))
}
