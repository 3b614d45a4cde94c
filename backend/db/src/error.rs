use std::cell::Cell;

use diesel::result::{ConnectionError, DatabaseErrorKind, Error as DieselError};

/// Why the database did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum DbError {
    /// The queue is full or the wait was too long.
    #[error("too many requests wait for the database")]
    Overloaded,
    /// The database cannot be reached, is locked or has no room.
    #[error("the database is not available: {0}")]
    Unavailable(String),
    /// A value that must be unique is there already.
    #[error("a unique value is taken")]
    Unique,
    /// A row that is referred to does not exist.
    #[error("a row that is referred to does not exist")]
    ForeignKey,
    #[error("no such row")]
    NotFound,
    /// Two transactions got in each other's way; running it again may succeed.
    #[error("the transaction met another one")]
    Conflict,
    /// Another transaction held a row for longer than the lock timeout.
    #[error("a row stayed locked for too long")]
    LockTimeout,
    #[error("a database closure panicked: {0}")]
    Panicked(String),
    #[error(transparent)]
    Query(DieselError),
}

thread_local! {
    /// Whether this thread's database met a failure that running the closure again may cure. A room may have turned the
    /// error into its own, so the database layer looks here instead of at what the closure gave.
    static CURABLE: Cell<bool> = const { Cell::new(false) };
}

impl DbError {
    pub(crate) fn lost() -> Self {
        DbError::Unavailable("the connection was lost".into())
    }

    fn noted(self) -> Self {
        CURABLE.with(|curable| curable.set(true));
        self
    }

    /// Whether a failure that another run may cure was met since the last time this was asked.
    pub(crate) fn take_curable() -> bool {
        CURABLE.with(Cell::take)
    }
}

impl From<DieselError> for DbError {
    fn from(error: DieselError) -> Self {
        match error {
            DieselError::NotFound => DbError::NotFound,
            DieselError::BrokenTransactionManager => DbError::lost().noted(),
            DieselError::DatabaseError(kind, info) => match kind {
                DatabaseErrorKind::UniqueViolation => DbError::Unique,
                DatabaseErrorKind::ForeignKeyViolation => DbError::ForeignKey,
                DatabaseErrorKind::SerializationFailure => DbError::Conflict.noted(),
                DatabaseErrorKind::ClosedConnection | DatabaseErrorKind::UnableToSendCommand => {
                    DbError::lost().noted()
                }
                _ if info.message().contains("deadlock detected") => DbError::Conflict.noted(),
                _ if info.message().contains("due to lock timeout") => DbError::LockTimeout,
                _ if is_lost(info.message()) => DbError::lost().noted(),
                _ if out_of_service(info.message()) => DbError::Unavailable(info.message().to_owned()),
                kind => DbError::Query(DieselError::DatabaseError(kind, info)),
            },
            error => DbError::Query(error),
        }
    }
}

impl From<ConnectionError> for DbError {
    fn from(error: ConnectionError) -> Self {
        DbError::Unavailable(error.to_string())
    }
}

fn is_lost(message: &str) -> bool {
    ["server closed the connection", "terminating connection", "no connection to the server"]
        .iter()
        .any(|text| message.contains(text))
}

/// SQLite and PostgreSQL tell these apart only by their texts.
fn out_of_service(message: &str) -> bool {
    const TEXTS: [&str; 8] = [
        "database is locked",
        "database or disk is full",
        "disk I/O error",
        "unable to open database file",
        "attempt to write a readonly database",
        "No space left on device",
        "canceling statement due to",
        "the database system is",
    ];
    TEXTS.iter().any(|text| message.contains(text))
}
