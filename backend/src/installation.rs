//! What is fixed at the first start of an installation: the root of the tree of units, base currency, business zone, and a
//! trace of the master key by which a wrong one is noticed before it does harm.

use std::fs;
use std::path::Path;

use guanxi_api::LocalName;
use guanxi_db::{DbConn, Engine, Moment};

use crate::access::password::{Parameters, Passwords};
use crate::access::{Actor, Keys, MasterKey};
use crate::config::{Config, ConfigError};
use crate::error::{Error, Result};

mod store;

/// What an installation has decided once and for all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// ISO 4217 code.
    pub base_currency: String,
    /// Name of the business zone.
    pub time_zone: String,
    /// How passwords are hashed: what took 150 to 250 ms on the machine of the first start.
    pub passwords: Parameters,
}

impl Settings {
    /// The business zone.
    pub fn zone(&self) -> chrono_tz::Tz {
        self.time_zone.parse().unwrap_or(chrono_tz::UTC)
    }

    /// The day in the bank's zone at a moment.
    pub fn day(&self, at: Moment) -> chrono::NaiveDate {
        at.to_utc().with_timezone(&self.zone()).date_naive()
    }

    /// The moment at which a day begins in the bank's zone; where the clocks skip midnight, the first one after it.
    pub fn start_of(&self, day: chrono::NaiveDate) -> Moment {
        let zone = self.zone();
        let hours = (0..24).filter_map(|hour| day.and_hms_opt(hour, 0, 0));
        let mut starts = hours.filter_map(|local| local.and_local_timezone(zone).earliest());
        starts.next().map_or(Moment::from(day.and_time(chrono::NaiveTime::MIN).and_utc()), |start| {
            Moment::from(start.with_timezone(&chrono::Utc))
        })
    }
}

/// Reads what the first start decided, or decides it.
///
/// # Errors
/// When the configuration says otherwise than the first start, or the master key is another one.
pub fn open(conn: &mut DbConn, actor: &Actor, config: &Config, keys: &Keys) -> Result<Settings> {
    let check = key_check_of(keys);
    match store::find(conn)? {
        Some(row) => {
            if row.key_check != check {
                return Err(foreign_key());
            }
            if row.base_currency != config.base_currency || row.time_zone != config.time_zone.name() {
                return Err(Error::internal(format!(
                    "this database was set up with {} and {}; base currency and zone do not change",
                    row.base_currency, row.time_zone
                )));
            }
            Ok(settings_of(row))
        }
        None => {
            let settings = Settings {
                base_currency: config.base_currency.clone(),
                time_zone: config.time_zone.name().to_owned(),
                passwords: if config.calibrate { calibrated() } else { Parameters::FLOOR },
            };
            store::insert(conn, actor, &settings, &check)?;
            let name = LocalName { zh_cn: "总行".into(), en: "Head office".into() };
            crate::org::create_root(conn, actor, "0000", &name)?;
            Ok(settings)
        }
    }
}

fn settings_of(row: store::Row) -> Settings {
    let passwords = Parameters {
        memory_kib: u32::try_from(row.argon2_memory_kib).unwrap_or_default(),
        iterations: u32::try_from(row.argon2_iterations).unwrap_or_default(),
        ..Parameters::FLOOR
    };
    Settings { base_currency: row.base_currency, time_zone: row.time_zone, passwords }
}

/// What the first start decided, for those who only look at a database.
///
/// # Errors
/// When there was none, or the database fails.
pub fn read(conn: &mut DbConn) -> Result<Settings> {
    store::find(conn)?.map(settings_of).ok_or_else(Error::not_found)
}

/// Password parameters that take 150 to 250 ms on this machine.
fn calibrated() -> Parameters {
    Parameters::calibrate(|parameters| {
        let started = std::time::Instant::now();
        let Ok(passwords) = Passwords::new(parameters) else { return started.elapsed() };
        let made = started.elapsed();
        passwords.verify_unknown("calibration");
        started.elapsed().saturating_sub(made)
    })
}

/// By what readers of change events notice that the database was restored. None before the first start.
///
/// # Errors
/// When the database fails, or was set up with another master key.
pub fn feed_epoch(conn: &mut DbConn, keys: &Keys) -> Result<Option<uuid::Uuid>> {
    let Some((epoch, key_check)) = store::epoch_and_key(conn)? else { return Ok(None) };
    if key_check == key_check_of(keys) { Ok(Some(epoch.uuid())) } else { Err(foreign_key()) }
}

fn key_check_of(keys: &Keys) -> Vec<u8> {
    keys.keyed_hash("installation", "guanxi").to_vec()
}

fn foreign_key() -> Error {
    Error::internal("the master key is not the one that this database was set up with")
}

/// Writes and forgets a row, to see whether the database takes writes.
///
/// # Errors
/// When it does not.
pub fn write_probe(conn: &mut DbConn) -> Result<()> {
    store::write_probe(conn)
}

/// The master key: from the configuration, or on SQLite from a file beside the database that the first start makes.
///
/// # Errors
/// When there is none, it cannot be read or it is no key.
pub fn master_key(config: &Config) -> std::result::Result<Keys, ConfigError> {
    keys_of(config, true)
}

/// The same for what must not make one: a backup can be read with the key that it was made with and no other.
///
/// # Errors
/// As [`master_key`], and when there is no file.
pub fn existing_master_key(config: &Config) -> std::result::Result<Keys, ConfigError> {
    keys_of(config, false)
}

fn keys_of(config: &Config, may_make_one: bool) -> std::result::Result<Keys, ConfigError> {
    let wrong = |why: String| ConfigError(format!("master key: {why}"));
    let text = match &config.master_key {
        Some(secret) => secret.0.clone(),
        None if config.database_url.engine() == Engine::Postgres => {
            return Err(ConfigError(
                "on PostgreSQL the master key must be given: GUANXI_MASTER_KEY=$(openssl rand -base64 32)"
                    .into(),
            ));
        }
        None => {
            let path = config.data.join("master.key");
            match fs::read_to_string(&path) {
                Ok(text) => text,
                Err(error) if may_make_one && error.kind() == std::io::ErrorKind::NotFound => {
                    let text = MasterKey::generate().map_err(|error| wrong(error.to_string()))?.to_string();
                    write_secret(&path, &text)
                        .map_err(|error| wrong(format!("{}: {error}", path.display())))?;
                    text
                }
                Err(error) => return Err(wrong(format!("{}: {error}", path.display()))),
            }
        }
    };
    let master = MasterKey::from_text(&text).map_err(|error| wrong(error.to_string()))?;
    Keys::new(&master).map_err(|error| wrong(error.to_string()))
}

/// Writes a file that only its owner can read.
///
/// # Errors
/// When it cannot be written.
pub fn write_secret(path: &Path, text: &str) -> std::io::Result<()> {
    use std::io::Write;
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}
