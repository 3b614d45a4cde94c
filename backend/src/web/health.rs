use std::sync::atomic::{AtomicBool, Ordering};

use actix_web::{HttpResponse, get, web};
use guanxi_db::pending_migrations;
use serde_json::json;

use crate::app::AppState;
use crate::error::{Code, Error, Result};

/// Whether this server wants requests: no longer when it is about to stop.
#[derive(Debug, Default)]
pub struct Readiness {
    draining: AtomicBool,
}

impl Readiness {
    /// From now on `/readyz` says 503.
    pub fn drain(&self) {
        self.draining.store(true, Ordering::SeqCst);
    }

    pub fn is_draining(&self) -> bool {
        self.draining.load(Ordering::SeqCst)
    }
}

/// The process lives.
#[get("/healthz")]
pub async fn alive() -> HttpResponse {
    HttpResponse::Ok().json(json!({"status": "ok"}))
}

/// The server wants requests: not stopping, the database answers a write, its schema is this binary's.
#[get("/readyz")]
pub async fn ready(state: web::Data<AppState>) -> Result<HttpResponse> {
    if state.readiness.is_draining() {
        return Err(Error::new(Code::Unavailable).with_header("Retry-After", 5));
    }
    let pending = state.db.read(|conn| pending_migrations(conn).map_err(Error::from)).await?;
    if pending > 0 {
        let error = Error {
            cause: Some(format!("{pending} migrations are pending")),
            ..Error::new(Code::Unavailable)
        };
        return Err(error.with_header("Retry-After", 30));
    }
    state.db.write(crate::installation::write_probe).await?;
    Ok(HttpResponse::Ok().json(json!({"status": "ready"})))
}
