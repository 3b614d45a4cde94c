//! The log: structured, to standard error, without personal data.

use tracing_subscriber::EnvFilter;

/// Starts the log. `GUANXI_LOG` filters it (default `info`), `GUANXI_LOG_FORMAT=json` writes a JSON document a line.
pub fn start() {
    let filter =
        EnvFilter::try_from_env("GUANXI_LOG").unwrap_or_else(|_| EnvFilter::new("info,actix_server=warn"));
    let log =
        tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_target(false);
    let started = if std::env::var("GUANXI_LOG_FORMAT").is_ok_and(|format| format == "json") {
        log.json().try_init()
    } else {
        log.try_init()
    };
    if let Err(error) = started {
        tracing::warn!(%error, "the log was started before");
    }
}
