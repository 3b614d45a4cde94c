use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::LazyLock;

use diesel::connection::SimpleConnection;
use guanxi_db::{DatabaseUrl, migrate};
use tempfile::TempDir;
use uuid::Uuid;

/// Where PostgreSQL is, if the tests run on it.
static POSTGRES: LazyLock<Option<String>> =
    LazyLock::new(|| std::env::var("GUANXI_TEST_POSTGRES_URL").ok().filter(|url| !url.is_empty()));

/// A migrated SQLite file that every test copies.
static TEMPLATE: LazyLock<(TempDir, PathBuf)> = LazyLock::new(|| {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("template.db");
    let mut conn = DatabaseUrl::Sqlite(path.clone()).connect().expect("SQLite opens");
    migrate(&mut conn).expect("migrations");
    conn.batch_execute("PRAGMA wal_checkpoint(TRUNCATE)").expect("checkpoint");
    drop(conn);
    (folder, path)
});

/// A database of one test, gone with it.
pub struct TestDatabase {
    folder: TempDir,
    url: DatabaseUrl,
    schema: Option<String>,
    /// A database of its own on PostgreSQL.
    database: Option<String>,
}

impl TestDatabase {
    pub fn new() -> TestDatabase {
        let folder = tempfile::tempdir().expect("a folder");
        match POSTGRES.as_ref() {
            None => {
                let path = folder.path().join("guanxi.db");
                std::fs::copy(&TEMPLATE.1, &path).expect("the template is copied");
                TestDatabase { folder, url: DatabaseUrl::Sqlite(path), schema: None, database: None }
            }
            Some(server) => {
                let schema = format!("test_{}", Uuid::now_v7().simple());
                let mut admin = DatabaseUrl::Postgres(server.clone()).connect().expect("PostgreSQL answers");
                admin.batch_execute(&format!("CREATE SCHEMA {schema}")).expect("a schema");
                let glue = if server.contains('?') { '&' } else { '?' };
                let url = DatabaseUrl::Postgres(format!("{server}{glue}options=-c%20search_path%3D{schema}"));
                migrate(&mut url.connect().expect("PostgreSQL answers")).expect("migrations");
                TestDatabase { folder, url, schema: Some(schema), database: None }
            }
        }
    }

    /// A place that a backup of this one can be restored to: a folder without a database, or a database of its own whose schema has the same
    /// name and nothing in it.
    pub fn elsewhere(&self) -> TestDatabase {
        let folder = tempfile::tempdir().expect("a folder");
        match (POSTGRES.as_ref(), &self.schema) {
            (Some(server), Some(schema)) => {
                let name = format!("restored_{}", Uuid::now_v7().simple());
                let mut admin = DatabaseUrl::Postgres(server.clone()).connect().expect("PostgreSQL answers");
                admin
                    .batch_execute(&format!("CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8'"))
                    .expect("a database");
                let (before, query) = server.split_once('?').unwrap_or((server, ""));
                let (before, _) = before.rsplit_once('/').expect("a database in the address");
                let url = format!("{before}/{name}?{query}&options=-c%20search_path%3D{schema}");
                let url = DatabaseUrl::Postgres(url.replace("?&", "?"));
                url.connect()
                    .expect("PostgreSQL answers")
                    .batch_execute(&format!("CREATE SCHEMA {schema}"))
                    .expect("a schema");
                TestDatabase { folder, url, schema: Some(schema.clone()), database: Some(name) }
            }
            _ => {
                let url = DatabaseUrl::Sqlite(folder.path().join("guanxi.db"));
                TestDatabase { folder, url, schema: None, database: None }
            }
        }
    }

    /// The data directory.
    pub fn folder(&self) -> &std::path::Path {
        self.folder.path()
    }

    pub fn url(&self) -> &DatabaseUrl {
        &self.url
    }

    /// The settings that a server on this database needs.
    pub fn settings(&self) -> HashMap<String, String> {
        let url = match &self.url {
            DatabaseUrl::Sqlite(path) => format!("sqlite:{}", path.display()),
            DatabaseUrl::Postgres(url) => url.clone(),
        };
        HashMap::from([
            ("data".to_owned(), self.folder.path().display().to_string()),
            ("database_url".to_owned(), url),
            ("master_key".to_owned(), "MTIzNDU2Nzg5MGFiY2RlZmdoaWprbG1ub3BxcnN0dXY=".to_owned()),
        ])
    }

    /// Whether the tests run on PostgreSQL.
    pub fn is_postgres() -> bool {
        POSTGRES.is_some()
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        let (Some(schema), Some(server)) = (&self.schema, POSTGRES.as_ref()) else { return };
        if let Ok(mut conn) = DatabaseUrl::Postgres(server.clone()).connect() {
            // A schema that stays behind costs nothing but room in a throw-away cluster.
            drop(match &self.database {
                Some(name) => conn.batch_execute(&format!("DROP DATABASE {name} WITH (FORCE)")),
                None => conn.batch_execute(&format!("DROP SCHEMA {schema} CASCADE")),
            });
        }
    }
}
