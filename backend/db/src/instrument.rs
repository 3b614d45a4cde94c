use std::time::{Duration, Instant};

use diesel::connection::{Instrumentation, InstrumentationEvent};

/// A statement that takes longer than this is logged, without its values.
const SLOW: Duration = Duration::from_millis(500);

/// Characters of a statement that are logged: one that writes many rows has hundreds of thousands.
const LOGGED: usize = 1000;

/// Logs slow statements of one connection.
#[derive(Default)]
pub(crate) struct SlowStatements {
    started: Option<Instant>,
}

impl Instrumentation for SlowStatements {
    fn on_connection_event(&mut self, event: InstrumentationEvent<'_>) {
        match event {
            InstrumentationEvent::StartQuery { .. } => self.started = Some(Instant::now()),
            InstrumentationEvent::FinishQuery { query, error, .. } => {
                let Some(elapsed) = self.started.take().map(|started| started.elapsed()) else { return };
                if elapsed >= SLOW {
                    let text = query.to_string();
                    // What follows are the bound values, which may be personal.
                    let statement = text.split(" -- binds:").next().unwrap_or_default();
                    let statement: String = statement.chars().take(LOGGED).collect();
                    let millis = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX);
                    tracing::warn!(millis, statement, failed = error.is_some(), "slow statement");
                }
            }
            _ => {}
        }
    }
}
