use std::path::Path;

use chrono::{DateTime, Utc};
use guanxi_db::Engine;
use guanxi_db::backup::TableCounts;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{BackupError, failed};
use crate::access::Keys;
use crate::text::hexadecimal;

/// The name of the file that describes a backup; it is written last.
pub(super) const MANIFEST: &str = "manifest.json";
/// Raised when a program that does not know of the change could not restore a backup.
const FORMAT: u32 = 1;

/// What a backup is and what must be in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    pub format: u32,
    /// Version of the program that made it.
    pub product_version: String,
    pub engine: EngineName,
    /// The newest migration that its database has had.
    pub schema: String,
    /// The schema of PostgreSQL that the tables are in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub postgres_schema: Option<String>,
    /// When it was begun: what was acknowledged before that is in it.
    pub at: DateTime<Utc>,
    pub feed_epoch: Uuid,
    /// How many rows each table has.
    pub tables: TableCounts,
    pub files: Vec<FileEntry>,
    /// Stored files that rows speak of but that were not there any more.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<Uuid>,
    /// Tells the master key without giving it away.
    pub key_fingerprint: String,
    /// A keyed hash of all of the above, so that a manifest that was changed does not pass for one that was made.
    pub seal: String,
}

/// A file of a backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileEntry {
    /// Its path within the backup.
    pub name: String,
    pub bytes: u64,
    /// SHA-256 in hexadecimal digits.
    pub sha256: String,
}

/// The engine that a database belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EngineName {
    Sqlite,
    Postgres,
}

impl From<Engine> for EngineName {
    fn from(engine: Engine) -> Self {
        match engine {
            Engine::Sqlite => EngineName::Sqlite,
            Engine::Postgres => EngineName::Postgres,
        }
    }
}

impl EngineName {
    pub(super) fn engine(self) -> Engine {
        match self {
            EngineName::Sqlite => Engine::Sqlite,
            EngineName::Postgres => Engine::Postgres,
        }
    }

    /// The name of the file that the database is in.
    pub(super) fn database_file(self) -> &'static str {
        match self {
            EngineName::Sqlite => "guanxi.db",
            EngineName::Postgres => "guanxi.dump",
        }
    }
}

/// Tells a master key without giving it away.
pub(super) fn fingerprint(keys: &Keys) -> String {
    hexadecimal(&keys.keyed_hash("backup_key", "guanxi"))
}

impl Manifest {
    /// A manifest of this program and key that says nothing of a database yet.
    pub(super) fn new(engine: Engine, at: DateTime<Utc>, keys: &Keys) -> Self {
        Manifest {
            format: FORMAT,
            product_version: crate::BUILD.to_owned(),
            engine: engine.into(),
            schema: String::new(),
            postgres_schema: None,
            at,
            feed_epoch: Uuid::nil(),
            tables: TableCounts::new(),
            files: Vec::new(),
            missing: Vec::new(),
            key_fingerprint: fingerprint(keys),
            seal: String::new(),
        }
    }

    /// All bytes of the backup but those of the manifest.
    pub fn bytes(&self) -> u64 {
        self.files.iter().map(|file| file.bytes).sum()
    }

    fn seal_of(&self, keys: &Keys) -> Result<String, BackupError> {
        let text =
            serde_json::to_string(&Manifest { seal: String::new(), ..self.clone() }).map_err(failed)?;
        Ok(hexadecimal(&keys.keyed_hash("backup_manifest", &text)))
    }

    /// The text of its file.
    pub(super) fn sealed(mut self, keys: &Keys) -> Result<(Self, String), BackupError> {
        self.seal = self.seal_of(keys)?;
        let text = serde_json::to_string_pretty(&self).map_err(failed)?;
        Ok((self, text + "\n"))
    }

    /// Reads the manifest of a backup that was made with this master key.
    pub(super) fn read(folder: &Path, keys: &Keys) -> Result<Self, BackupError> {
        let path = folder.join(MANIFEST);
        let wrong = |why: &str| failed(format!("{}: {why}", path.display()));
        let text = std::fs::read_to_string(&path).map_err(|error| wrong(&error.to_string()))?;
        let manifest: Manifest = match serde_json::from_str::<serde_json::Value>(&text) {
            Err(error) => return Err(wrong(&format!("it is damaged: {error}"))),
            Ok(value) => {
                // A later format may have members that are not known here; its number says so first.
                let format = value.get("format").and_then(serde_json::Value::as_u64);
                if format.is_some_and(|format| format > u64::from(FORMAT)) {
                    return Err(wrong(
                        "the backup was made by a newer version, which it takes to restore it",
                    ));
                }
                serde_json::from_str(&text).map_err(|error| wrong(&format!("it is damaged: {error}")))?
            }
        };
        if manifest.key_fingerprint != fingerprint(keys) {
            return Err(wrong("the backup was made with another master key"));
        }
        if manifest.seal != manifest.seal_of(keys)? {
            return Err(wrong("it was changed after it was made"));
        }
        if let Some(file) = manifest.files.iter().find(|file| !manifest.may_have(&file.name)) {
            return Err(wrong(&format!("it names a file that no backup has: {}", file.name)));
        }
        Ok(manifest)
    }

    /// Whether this is the name of a file that a backup may have, and that leads nowhere else.
    fn may_have(&self, name: &str) -> bool {
        name == self.engine.database_file() || stored_id(name).is_some()
    }
}

/// The path of a stored file within a backup.
pub(super) fn stored_name(id: Uuid) -> String {
    format!("files/{id}")
}

/// The id of a stored file by its path within a backup.
pub(super) fn stored_id(name: &str) -> Option<Uuid> {
    let id = name.strip_prefix("files/")?.parse::<Uuid>().ok()?;
    (stored_name(id) == name).then_some(id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::MasterKey;

    fn keys(text: &str) -> Keys {
        Keys::new(&MasterKey::from_text(text).unwrap()).unwrap()
    }

    const KEY: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

    fn manifest(keys: &Keys) -> Manifest {
        let mut manifest = Manifest::new(Engine::Sqlite, DateTime::UNIX_EPOCH, keys);
        manifest.schema = "20261126000060".into();
        manifest.tables.insert("customer".into(), 3);
        manifest.files.push(FileEntry { name: "guanxi.db".into(), bytes: 9, sha256: "ab".into() });
        manifest.files.push(FileEntry { name: stored_name(Uuid::nil()), bytes: 9, sha256: "cd".into() });
        manifest
    }

    fn read_back(text: &str, keys: &Keys) -> Result<Manifest, String> {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(MANIFEST), text).unwrap();
        Manifest::read(folder.path(), keys).map_err(|error| error.to_string())
    }

    #[test]
    fn what_was_written_is_read_and_every_changed_byte_is_noticed() {
        let keys = keys(KEY);
        let (made, text) = manifest(&keys).sealed(&keys).unwrap();
        assert_eq!(read_back(&text, &keys), Ok(made.clone()));
        for place in 0..text.len() {
            let mut changed = text.clone().into_bytes();
            changed[place] ^= 1;
            match String::from_utf8(changed).map(|text| read_back(&text, &keys)) {
                Ok(Ok(read)) => assert_eq!(read, made, "byte {place} says something else"),
                Ok(Err(why)) => assert!(why.contains(MANIFEST), "{why}"),
                Err(_) => {}
            }
        }
    }

    #[test]
    fn another_key_another_format_and_foreign_paths_are_refused() {
        let own = keys(KEY);
        let (_, text) = manifest(&own).sealed(&own).unwrap();
        let other = keys(&KEY.replace("00", "ff"));
        assert!(read_back(&text, &other).unwrap_err().contains("another master key"));
        let mut newer = manifest(&own);
        newer.format = FORMAT + 1;
        assert!(read_back(&newer.sealed(&own).unwrap().1, &own).unwrap_err().contains("newer"));
        for name in ["../guanxi.db", "/etc/passwd", "files/../x", "files/", "guanxi.dump", "files/{nil}"] {
            let mut foreign = manifest(&own);
            foreign.files[0].name = name.replace("nil", &Uuid::nil().to_string());
            let why = read_back(&foreign.sealed(&own).unwrap().1, &own).unwrap_err();
            assert!(why.contains("no backup has"), "{why}");
        }
    }

    #[test]
    fn the_key_does_not_stand_in_it() {
        let keys = keys(KEY);
        let text = manifest(&keys).sealed(&keys).unwrap().1;
        assert!(!text.contains(KEY) && !text.contains("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"));
    }
}
