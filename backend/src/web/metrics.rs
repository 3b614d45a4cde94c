use std::time::Duration;

use actix_web::http::{Method, StatusCode};
use actix_web::{App, HttpResponse, HttpServer, web};
use prometheus::{Encoder, HistogramOpts, HistogramVec, IntCounter, IntGauge, Registry, TextEncoder};

/// Upper bounds in seconds, fine where the targets lie.
const BUCKETS: [f64; 11] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0];

/// Counters of this server, in the Prometheus text format at `/metrics` on an address of its own.
#[derive(Clone, Debug)]
pub struct Metrics {
    registry: Registry,
    requests: HistogramVec,
    in_flight: IntGauge,
}

impl Metrics {
    /// # Errors
    /// When a name is taken, which a test would show.
    pub fn new() -> Result<Metrics, prometheus::Error> {
        let registry = Registry::new();
        let options = HistogramOpts::new(
            "guanxi_http_request_seconds",
            "Time to answer, by method, route and status class",
        )
        .buckets(BUCKETS.to_vec());
        let requests = HistogramVec::new(options, &["method", "route", "status"])?;
        let in_flight =
            IntGauge::new("guanxi_database_in_flight", "Closures in the database queues and threads")?;
        registry.register(Box::new(requests.clone()))?;
        registry.register(Box::new(in_flight.clone()))?;
        Ok(Metrics { registry, requests, in_flight })
    }

    /// Counts one answer. Routes are patterns: ids would make a series each.
    pub fn observe(&self, method: &Method, route: Option<&str>, status: StatusCode, elapsed: Duration) {
        let class = match status.as_u16() / 100 {
            2 => "2xx",
            3 => "3xx",
            4 => "4xx",
            5 => "5xx",
            _ => "1xx",
        };
        let method = match method.as_str() {
            known @ ("GET" | "POST" | "PUT" | "PATCH" | "DELETE" | "HEAD" | "OPTIONS") => known,
            _ => "other",
        };
        let labels = [method, route.unwrap_or("none"), class];
        self.requests.with_label_values(&labels).observe(elapsed.as_secs_f64());
    }

    /// Adds what is counted of backups, on a server that makes them by itself.
    ///
    /// # Errors
    /// When it is there already.
    pub fn backups(&self) -> Result<BackupMetrics, prometheus::Error> {
        let metrics = BackupMetrics {
            last_success: IntGauge::new(
                "guanxi_backup_last_success_timestamp_seconds",
                "When the newest good backup was made, in seconds since 1970; 0 for none",
            )?,
            last_bytes: IntGauge::new("guanxi_backup_last_bytes", "Size of the newest good backup")?,
            failures: IntCounter::new("guanxi_backup_failures_total", "Backups that failed in this process")?,
        };
        self.registry.register(Box::new(metrics.last_success.clone()))?;
        self.registry.register(Box::new(metrics.last_bytes.clone()))?;
        self.registry.register(Box::new(metrics.failures.clone()))?;
        Ok(metrics)
    }

    pub(crate) fn text(&self, in_flight: usize) -> Vec<u8> {
        self.in_flight.set(i64::try_from(in_flight).unwrap_or(i64::MAX));
        let mut text = Vec::new();
        if let Err(error) = TextEncoder::new().encode(&self.registry.gather(), &mut text) {
            tracing::error!(%error, "metrics could not be written");
        }
        text
    }
}

/// What is counted of backups.
#[derive(Clone, Debug)]
pub struct BackupMetrics {
    last_success: IntGauge,
    last_bytes: IntGauge,
    failures: IntCounter,
}

impl BackupMetrics {
    /// The newest good backup: when it was made, in seconds since 1970, and its size in bytes.
    pub fn show_last(&self, at: i64, bytes: u64) {
        self.last_success.set(at);
        self.last_bytes.set(i64::try_from(bytes).unwrap_or(i64::MAX));
    }

    /// A backup has failed.
    pub fn count_failure(&self) {
        self.failures.inc();
    }
}

/// Serves `/metrics` on an address of its own.
///
/// # Errors
/// When the address is taken.
pub fn serve_metrics(
    addr: std::net::SocketAddr,
    metrics: Metrics,
    db: guanxi_db::Db,
) -> std::io::Result<actix_web::dev::Server> {
    let server = HttpServer::new(move || {
        let (metrics, db) = (metrics.clone(), db.clone());
        App::new().route(
            "/metrics",
            web::get().to(move || {
                let text = metrics.text(db.in_flight());
                async move { HttpResponse::Ok().content_type("text/plain; version=0.0.4").body(text) }
            }),
        )
    });
    Ok(server.workers(1).disable_signals().bind(addr)?.run())
}
