//! Floors: what the database alone gives for the same question, with prepared statements and without JSON.

pub mod postgres;
pub mod sqlite;

use xtask::Outcome;

use crate::Operation;

/// What the questions are about, chosen once from the data.
#[derive(Clone, Debug, Default)]
pub struct Sample {
    /// The city with the most customers of the lowest tier.
    pub city: String,
    /// Ids of random customers, as text.
    pub ids: Vec<String>,
    /// Two Chinese characters of names of random customers.
    pub words: Vec<String>,
    /// Assets (1/10000) and id of the row before the deep page.
    pub deep: (i64, String),
    /// Pages before the deep one.
    pub pages: usize,
}

/// Rows a page.
pub const PAGE: usize = 50;
/// Pages before the one that `list_deep` asks for, where there are so many.
pub const DEEP: usize = 179;

/// A database that answers without a server.
pub trait Floor {
    /// Chooses what to ask for.
    ///
    /// # Errors
    /// When the data are too few.
    fn sample(&self) -> Outcome<Sample>;

    /// Times a second that the database does `operation`.
    ///
    /// # Errors
    /// When it fails.
    fn rate(&self, operation: Operation, sample: &Sample, seconds: u64) -> Outcome<f64>;
}

/// The columns of a line of the customer list.
const SUMMARY: &str = "customer.id, customer.customer_no, customer.kind, customer.name, customer.status, customer.gender, \
    customer.city, customer.org_unit_id, org_unit.name_zh, org_unit.name_en, customer.owner_id, user_account.display_name, \
    customer_figures.tier, customer_figures.aum, customer_figures.average_aum, customer_figures.promotion_candidate, \
    customer_figures.promotion_gap, customer_figures.in_grace, customer_figures.demotes_on, customer_figures.hidden_gem, \
    customer_figures.largest_transaction, customer_figures.largest_transaction_on, customer_figures.grade, \
    customer_figures.grade_score, customer_figures.contribution, customer_figures.lifetime_value, \
    customer_figures.completeness, customer_figures.missing, customer_figures.data_gap, customer_figures.last_contacted_at, \
    customer.phone_masked, customer.customer_since, customer.archived_at, customer.version, customer.created_at, \
    customer.updated_at, \
    (SELECT COUNT(*) FROM customer_tag JOIN tag ON tag.id = customer_tag.tag_id WHERE customer_tag.customer_id = customer.id)";

/// Where they come from.
const JOINED: &str = "customer JOIN customer_figures ON customer_figures.customer_id = customer.id \
    JOIN org_unit ON org_unit.id = customer.org_unit_id LEFT JOIN user_account ON user_account.id = customer.owner_id";

/// The customers with two characters in their names, by the index that has them in order.
const OF_PAIR: &str = "customer_pair JOIN customer ON customer.id = customer_pair.customer_id \
    JOIN customer_figures ON customer_figures.customer_id = customer.id \
    JOIN org_unit ON org_unit.id = customer.org_unit_id LEFT JOIN user_account ON user_account.id = customer.owner_id";
/// Contacts, holdings and tasks with the names that belong to them.
const CONTACTS: &str = "SELECT interaction.*, user_account.display_name FROM interaction \
    LEFT JOIN user_account ON user_account.id = interaction.author_id";
const HOLDINGS: &str =
    "SELECT holding.*, product.* FROM holding JOIN product ON product.id = holding.product_id";
const TASKS: &str = "SELECT task.*, user_account.display_name FROM task \
    JOIN user_account ON user_account.id = task.assignee_id";
/// The scan that kept figures save.
const AGGREGATE: &str =
    "SELECT tier, count(*), sum(aum) FROM customer_figures WHERE archived = FALSE GROUP BY tier";

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use rusqlite::Connection;
    use xtask::postgres::{Postgres, Storage};
    use xtask::processes::TemporaryFolder;
    use xtask::system;

    use super::postgres::PostgresFloor;
    use super::sqlite::SqliteFloor;
    use super::{Floor, Operation};

    fn migrations(engine: &str) -> String {
        let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../migrations").join(engine);
        let mut files: Vec<_> =
            std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path().join("up.sql")).collect();
        files.sort();
        files.iter().map(|file| std::fs::read_to_string(file).unwrap()).collect()
    }

    fn every_operation_runs(floor: &dyn Floor) {
        let sample = floor.sample().unwrap();
        assert_eq!((sample.city.as_str(), sample.pages), ("上海", 4));
        let is_chinese = |word: &String| word.chars().count() == 2 && !word.contains(|c: char| c.is_ascii());
        assert!(sample.words.iter().all(is_chinese) && !sample.words.is_empty(), "{:?}", sample.words);
        for operation in Operation::ALL {
            let rate = floor.rate(operation, &sample, 2).unwrap();
            assert!(rate > 0.0, "{}: {rate}", operation.name());
        }
    }

    #[test]
    fn the_questions_to_sqlite_fit_its_schema() {
        let folder = TemporaryFolder::new(&std::env::temp_dir(), "guanxi-floor-sqlite").unwrap();
        let file = folder.path().join("guanxi.db");
        let connection = Connection::open(&file).unwrap();
        connection.execute_batch(&migrations("sqlite")).unwrap();
        connection
            .execute_batch(
                "INSERT INTO org_unit VALUES (randomblob(16), NULL, 'head_office', 'HO', '总行', 'Head office', '/', 0, NULL, 1, 0, 0);
                 WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 220)
                 INSERT INTO customer (id, search_key, customer_no, kind, status, name, name_sort, city, do_not_contact, restricted,
                     details, org_unit_id, archived, search_version, version, created_at, updated_at)
                 SELECT randomblob(16), i, 'C' || i, 'person', 'active', '张三' || CASE WHEN i % 2 = 0 THEN char(19968 + i) ELSE i END, 'zhangsan', '上海', 0, 0, '{}',
                     (SELECT id FROM org_unit), 0, 1, 1, 0, 0 FROM n;
                 INSERT INTO customer_figures (customer_id, tier, aum, city, archived, version, as_of)
                 SELECT id, 'mass', search_key * 10000, city, 0, 1, 0 FROM customer;
                 INSERT INTO customer_pair (pair, begins, name_sort, customer_id)
                 SELECT substr(name, -2), 0, name_sort, id FROM customer;
                 INSERT INTO external_id (source, value, customer_id) SELECT 'core', customer_no, id FROM customer;",
            )
            .unwrap();
        drop(connection);
        every_operation_runs(&SqliteFloor::copy_of(&file, folder.path()).unwrap());
    }

    #[test]
    fn the_questions_to_postgres_fit_its_schema() {
        if system::postgres_programs().is_none() {
            eprintln!("not run: no PostgreSQL");
            return;
        }
        let folder = TemporaryFolder::new(&std::env::temp_dir(), "guanxi-floor-postgres").unwrap();
        let cluster = Postgres::start(Storage::Memory, &folder.path().join("log")).unwrap();
        let url = cluster.fresh_database("floor").unwrap();
        cluster.sql_in(&url, &migrations("postgres")).unwrap();
        let fill = "INSERT INTO org_unit VALUES (gen_random_uuid(), NULL, 'head_office', 'HO', '总行', 'Head office', '/', 0, NULL, 1, now(), now());
             INSERT INTO customer (id, search_key, customer_no, kind, status, name, name_sort, city, do_not_contact, restricted,
                 details, org_unit_id, archived, search_version, version, created_at, updated_at)
             SELECT gen_random_uuid(), i, 'C' || i, 'person', 'active', '张三' || CASE WHEN i % 2 = 0 THEN chr(19968 + i) ELSE i::text END, 'zhangsan', '上海', false, false, '{}',
                 (SELECT id FROM org_unit), false, 1, 1, now(), now() FROM generate_series(1, 220) i;
             INSERT INTO customer_figures (customer_id, tier, aum, city, archived, version, as_of)
             SELECT id, 'mass', search_key * 10000, city, false, 1, now() FROM customer;
             INSERT INTO customer_pair (pair, begins, name_sort, customer_id)
             SELECT right(name, 2), false, name_sort, id FROM customer;
             INSERT INTO external_id (source, value, customer_id) SELECT 'core', customer_no, id FROM customer;";
        cluster.sql_in(&url, fill).unwrap();
        every_operation_runs(&PostgresFloor::copy_of(&cluster, "floor", folder.path()).unwrap());
    }
}
