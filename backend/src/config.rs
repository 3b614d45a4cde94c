//! Settings: `GUANXI_*` variables, or a TOML file named by `GUANXI_CONFIG` with the same names in lower case without the prefix.
//! A variable wins over the file.
//!
//! | variable | meaning | default |
//! |---|---|---|
//! | `GUANXI_DATA` | directory of the database, the master key and files | `./data` |
//! | `GUANXI_DATABASE_URL` | `sqlite:PATH` or `postgres://…` | `sqlite:<data>/guanxi.db` |
//! | `GUANXI_MASTER_KEY` | 32 bytes in base64; needed on PostgreSQL | `<data>/master.key` on SQLite, made at the first start |
//! | `GUANXI_ADDR` | address of the API and the web app | `127.0.0.1:8080` |
//! | `GUANXI_METRICS_ADDR` | address of `/metrics`; `off` for none | `127.0.0.1:9464` |
//! | `GUANXI_PUBLIC_URL` | how users reach it; http only on loopback | `http://<addr>` |
//! | `GUANXI_TLS_CERT`, `GUANXI_TLS_KEY` | PEM files; then the server speaks TLS itself | none: a proxy does |
//! | `GUANXI_TRUSTED_PROXIES` | addresses whose `X-Forwarded-For` is believed, comma-separated | none |
//! | `GUANXI_ALLOWED_ORIGINS` | exact origins that may call the API from a browser, comma-separated | none |
//! | `GUANXI_BASE_CURRENCY`, `GUANXI_TIME_ZONE` | fixed at the first start | `CNY`, `Asia/Shanghai` |
//! | `GUANXI_RATE_LIMIT` | requests a minute for each user or client; `off` for none | `600` |
//! | `GUANXI_EXPORT_LIMIT` | exports an hour for each user; `off` for any number | `10` |
//! | `GUANXI_JOBS` | `off` runs no job loop in this server | `on` |
//! | `GUANXI_HTTP_THREADS` | threads that speak HTTP | half as many as cores: most work is done on database threads |
//! | `GUANXI_READ_THREADS`, `GUANXI_WRITE_THREADS` | database threads | by the number of cores |
//! | `GUANXI_DRAIN_SECONDS` | how long `/readyz` says 503 before the server stops accepting | `5` |
//! | `GUANXI_CALIBRATE` | `off` hashes passwords at the floor instead of measuring at the first start | `on` |
//! | `GUANXI_BACKUP_FOLDER` | where a backup is put every day, beside those before it | none: no backups by themselves |
//! | `GUANXI_BACKUP_AT` | when, `HH:MM` in the business zone; a time that was missed is made up for | `02:00` |
//! | `GUANXI_BACKUP_KEEP` | how many of the newest are kept | `7` |
//! | `GUANXI_LOG` | filter of the log | `info` |

use std::collections::HashMap;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use chrono::NaiveTime;
use guanxi_db::DatabaseUrl;

/// What is set up wrongly, in one line.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct ConfigError(pub String);

/// A value that no log may show.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(pub String);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("«secret»")
    }
}

/// Settings of one server.
#[derive(Clone, Debug)]
pub struct Config {
    pub data: PathBuf,
    pub database_url: DatabaseUrl,
    pub master_key: Option<Secret>,
    pub addr: SocketAddr,
    pub metrics_addr: Option<SocketAddr>,
    pub public_url: String,
    pub tls: Option<Tls>,
    pub trusted_proxies: Vec<IpAddr>,
    pub allowed_origins: Vec<String>,
    pub base_currency: String,
    pub time_zone: chrono_tz::Tz,
    /// Requests a minute for each principal.
    pub rate_limit: Option<u32>,
    /// Exports an hour for each user.
    pub export_limit: Option<u32>,
    pub jobs: bool,
    pub http_threads: Option<NonZeroUsize>,
    pub read_threads: Option<usize>,
    pub write_threads: Option<usize>,
    /// How long `/readyz` says 503 before the server stops accepting.
    pub drain_seconds: u64,
    /// Whether the first start measures how hard passwords can be hashed on this machine, or takes the floor.
    pub calibrate: bool,
    /// Backups that the server makes by itself.
    pub backups: Option<Backups>,
}

/// Where backups go, when they are made and how many are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Backups {
    pub folder: PathBuf,
    /// In the business zone.
    pub at: NaiveTime,
    pub keep: usize,
}

/// Certificate and key, PEM.
#[derive(Clone, Debug)]
pub struct Tls {
    pub cert: PathBuf,
    pub key: PathBuf,
}

const NAMES: [&str; 24] = [
    "DATA",
    "DATABASE_URL",
    "MASTER_KEY",
    "ADDR",
    "METRICS_ADDR",
    "PUBLIC_URL",
    "TLS_CERT",
    "TLS_KEY",
    "TRUSTED_PROXIES",
    "ALLOWED_ORIGINS",
    "BASE_CURRENCY",
    "TIME_ZONE",
    "RATE_LIMIT",
    "EXPORT_LIMIT",
    "JOBS",
    "HTTP_THREADS",
    "READ_THREADS",
    "WRITE_THREADS",
    "DRAIN_SECONDS",
    "CALIBRATE",
    "BACKUP_FOLDER",
    "BACKUP_AT",
    "BACKUP_KEEP",
    "LOG",
];

impl Config {
    /// Reads the environment, and the file that it names.
    ///
    /// # Errors
    /// The first setting that is wrong.
    pub fn from_environment() -> Result<Config, ConfigError> {
        let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        let mut values: HashMap<String, String> = HashMap::new();
        if let Some(path) = variable("GUANXI_CONFIG") {
            values = read_file(Path::new(&path))?;
        }
        for name in NAMES {
            if let Some(value) = variable(&format!("GUANXI_{name}")) {
                values.insert(name.to_lowercase(), value);
            }
        }
        Config::from_values(&values)
    }

    /// Settings by their lower-case names.
    ///
    /// # Errors
    /// The first setting that is wrong.
    pub fn from_values(values: &HashMap<String, String>) -> Result<Config, ConfigError> {
        let get = |name: &str| values.get(name).map(String::as_str);
        let data = PathBuf::from(get("data").unwrap_or("./data"));
        let database_url = match get("database_url") {
            Some(url) => url.parse().map_err(|why| ConfigError(format!("GUANXI_DATABASE_URL: {why}")))?,
            None => DatabaseUrl::Sqlite(data.join("guanxi.db")),
        };
        let addr: SocketAddr = parse("addr", get("addr").unwrap_or("127.0.0.1:8080"))?;
        let metrics_addr = match get("metrics_addr").unwrap_or("127.0.0.1:9464") {
            "off" => None,
            text => Some(parse("metrics_addr", text)?),
        };
        let tls = match (get("tls_cert"), get("tls_key")) {
            (Some(cert), Some(key)) => Some(Tls { cert: cert.into(), key: key.into() }),
            (None, None) => None,
            _ => return Err(ConfigError("GUANXI_TLS_CERT and GUANXI_TLS_KEY belong together".into())),
        };
        let scheme = if tls.is_some() { "https" } else { "http" };
        let public_url = get("public_url")
            .map_or_else(|| format!("{scheme}://{addr}"), |url| url.trim_end_matches('/').to_owned());
        check_public_url(&public_url)?;
        let list = |name: &str| {
            get(name)
                .unwrap_or("")
                .split(',')
                .map(str::trim)
                .filter(|item| !item.is_empty())
                .map(str::to_owned)
        };
        let trusted_proxies =
            list("trusted_proxies").map(|item| parse("trusted_proxies", &item)).collect::<Result<_, _>>()?;
        let allowed_origins: Vec<String> = list("allowed_origins").collect();
        if allowed_origins.iter().any(|origin| origin == "*" || origin == "null") {
            return Err(ConfigError("GUANXI_ALLOWED_ORIGINS takes exact origins only".into()));
        }
        let limit = |name: &str, usual: &str| match get(name).unwrap_or(usual) {
            "off" => Ok(None),
            text => parse(name, text).map(Some),
        };
        let (rate_limit, export_limit) = (limit("rate_limit", "600")?, limit("export_limit", "10")?);
        let base_currency = get("base_currency").unwrap_or("CNY").to_owned();
        if base_currency.len() != 3 || !base_currency.bytes().all(|b| b.is_ascii_uppercase()) {
            return Err(ConfigError("GUANXI_BASE_CURRENCY is not an ISO 4217 code".into()));
        }
        Ok(Config {
            database_url,
            master_key: get("master_key").map(|key| Secret(key.to_owned())),
            addr,
            metrics_addr,
            public_url,
            tls,
            trusted_proxies,
            allowed_origins,
            base_currency,
            time_zone: parse("time_zone", get("time_zone").unwrap_or("Asia/Shanghai"))?,
            rate_limit,
            export_limit,
            jobs: get("jobs").unwrap_or("on") != "off",
            http_threads: get("http_threads").map(|text| parse("http_threads", text)).transpose()?,
            read_threads: get("read_threads").map(|text| parse("read_threads", text)).transpose()?,
            write_threads: get("write_threads").map(|text| parse("write_threads", text)).transpose()?,
            drain_seconds: parse("drain_seconds", get("drain_seconds").unwrap_or("5"))?,
            calibrate: get("calibrate").unwrap_or("on") != "off",
            backups: get("backup_folder").map(|folder| backups(folder, &get)).transpose()?,
            data,
        })
    }

    /// Where files lie, sealed.
    pub fn files(&self) -> PathBuf {
        self.data.join("files")
    }

    /// Whether browsers reach the server over https, so that cookies may be `Secure`.
    pub fn is_https(&self) -> bool {
        self.public_url.starts_with("https://")
    }
}

fn parse<T: std::str::FromStr>(name: &str, text: &str) -> Result<T, ConfigError> {
    text.trim()
        .parse()
        .map_err(|_| ConfigError(format!("GUANXI_{}: «{text}» is not valid", name.to_uppercase())))
}

fn backups<'a>(folder: &str, get: &impl Fn(&str) -> Option<&'a str>) -> Result<Backups, ConfigError> {
    let at = get("backup_at").unwrap_or("02:00");
    let at = NaiveTime::parse_from_str(at, "%H:%M")
        .map_err(|_| ConfigError(format!("GUANXI_BACKUP_AT: «{at}» is not a time such as 02:00")))?;
    let keep = parse("backup_keep", get("backup_keep").unwrap_or("7"))?;
    if keep == 0 {
        return Err(ConfigError("GUANXI_BACKUP_KEEP: at least one backup is kept".into()));
    }
    Ok(Backups { folder: folder.into(), at, keep })
}

fn check_public_url(url: &str) -> Result<(), ConfigError> {
    let wrong = |why: &str| Err(ConfigError(format!("GUANXI_PUBLIC_URL: {why}")));
    if url.starts_with("https://") {
        return Ok(());
    }
    let Some(rest) = url.strip_prefix("http://") else { return wrong("starts with https:// or http://") };
    let authority = rest.split('/').next().unwrap_or_default();
    let host = authority.rsplit_once(':').map_or(authority, |(host, port)| {
        if port.bytes().all(|byte| byte.is_ascii_digit()) { host } else { authority }
    });
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<std::net::IpAddr>();
    if host == "localhost" || address.is_ok_and(|address| address.is_loopback()) {
        return Ok(());
    }
    wrong("http is for this machine alone; say the https address by which browsers reach the server")
}

fn read_file(path: &Path) -> Result<HashMap<String, String>, ConfigError> {
    let text =
        std::fs::read_to_string(path).map_err(|error| ConfigError(format!("{}: {error}", path.display())))?;
    let table: toml::Table = toml::from_str(&text)
        .map_err(|error| ConfigError(format!("{}: {}", path.display(), error.message())))?;
    let mut values = HashMap::new();
    for (name, value) in table {
        if !NAMES.contains(&name.to_uppercase().as_str()) {
            return Err(ConfigError(format!("{}: there is no setting {name}", path.display())));
        }
        let value = match value {
            toml::Value::String(text) => text,
            toml::Value::Array(items) => {
                items.iter().filter_map(|item| item.as_str()).collect::<Vec<_>>().join(",")
            }
            toml::Value::Integer(number) => number.to_string(),
            toml::Value::Boolean(flag) => if flag { "on" } else { "off" }.to_owned(),
            _ => {
                return Err(ConfigError(format!(
                    "{}: {name} is neither a text nor a number",
                    path.display()
                )));
            }
        };
        values.insert(name, value);
    }
    Ok(values)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(values: &[(&str, &str)]) -> Result<Config, ConfigError> {
        Config::from_values(
            &values.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        )
    }

    #[test]
    fn defaults_are_an_embedded_database_on_loopback() {
        let config = config(&[]).unwrap();
        assert_eq!(config.database_url.to_string(), "sqlite:./data/guanxi.db");
        assert_eq!(config.public_url, "http://127.0.0.1:8080");
        assert!(!config.is_https());
    }

    #[test]
    fn beyond_this_machine_it_is_https() {
        let public_url = |url: &str| config(&[("public_url", url)]).is_ok();
        for url in [
            "http://127.0.0.1:8080",
            "http://127.8.9.1",
            "http://localhost:80/",
            "http://[::1]:8080",
            "https://crm.example",
        ] {
            assert!(public_url(url), "{url}");
        }
        for url in [
            "http://0.0.0.0:8080",
            "http://[::]:8080",
            "http://localhost.example",
            "http://127.0.0.1.example:80",
            "http://10.0.0.1",
            "http://localhost@crm.example",
            "ftp://127.0.0.1",
        ] {
            assert!(!public_url(url), "{url}");
        }
        assert!(config(&[("addr", "0.0.0.0:8080")]).is_err());
        assert!(config(&[("addr", "0.0.0.0:8080"), ("public_url", "https://crm.example")]).is_ok());
    }

    #[test]
    fn backups_are_made_where_a_folder_is_named() {
        assert_eq!(config(&[("backup_keep", "3")]).unwrap().backups, None);
        let plan = config(&[("backup_folder", "/var/backups")]).unwrap().backups.unwrap();
        let at = |hour, minute| NaiveTime::from_hms_opt(hour, minute, 0).unwrap();
        assert_eq!(plan, Backups { folder: "/var/backups".into(), at: at(2, 0), keep: 7 });
        let plan = config(&[("backup_folder", "b"), ("backup_at", "23:45"), ("backup_keep", "30")]).unwrap();
        assert_eq!(plan.backups, Some(Backups { folder: "b".into(), at: at(23, 45), keep: 30 }));
    }

    #[test]
    fn secrets_are_not_shown() {
        let config = config(&[
            ("master_key", "c2VjcmV0"),
            ("database_url", "postgres://u:hunter2@db/guanxi?password=hunter3"),
        ])
        .unwrap();
        let shown = format!("{config:?}");
        for secret in ["c2VjcmV0", "hunter2", "hunter3"] {
            assert!(!shown.contains(secret), "{shown}");
        }
    }

    #[test]
    fn wrong_settings_are_named() {
        for (name, value) in [
            ("addr", "here"),
            ("public_url", "http://bank.example"),
            ("database_url", "mysql://x"),
            ("base_currency", "yuan"),
            ("export_limit", "many"),
            ("time_zone", "Mars/Base"),
            ("tls_cert", "cert.pem"),
            ("allowed_origins", "*"),
            ("backup_at", "25:00"),
            ("backup_at", "2 am"),
            ("backup_keep", "0"),
            ("backup_keep", "all"),
        ] {
            let error = config(&[(name, value), ("backup_folder", "backups")]).unwrap_err().to_string();
            assert!(error.contains(&name.to_uppercase()), "{name}: {error}");
        }
    }
}
