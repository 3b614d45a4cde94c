//! The floor of SQLite: a tight loop of prepared statements over the same bundled library, two threads for reads.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use rusqlite::{CachedStatement, Connection, Params, params};
use xtask::{Failure, Outcome};

use super::{AGGREGATE, CONTACTS, DEEP, Floor, HOLDINGS, JOINED, OF_PAIR, PAGE, SUMMARY, Sample, TASKS};
use crate::upsert::ROWS;
use crate::{NOTES, Operation};

/// Threads that read.
const READERS: u64 = 2;
/// Writes that share a durable commit.
const GROUP: u64 = 64;

/// A copy of the database file.
pub struct SqliteFloor {
    file: PathBuf,
    created: AtomicU64,
}

impl SqliteFloor {
    /// Copies a database that nobody writes to.
    ///
    /// # Errors
    /// When it can't be read or written.
    pub fn copy_of(file: &Path, folder: &Path) -> Outcome<Self> {
        let copy = folder.join("floor.db");
        let from = Connection::open(file)?;
        from.execute("VACUUM INTO ?1", [copy.to_string_lossy()])?;
        let floor = Self { file: copy, created: AtomicU64::new(1) };
        floor.open()?.execute_batch("ANALYZE")?;
        Ok(floor)
    }

    fn open(&self) -> Outcome<Connection> {
        let connection = Connection::open(&self.file)?;
        connection.execute_batch(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA busy_timeout = 5000; PRAGMA foreign_keys = ON; \
             PRAGMA mmap_size = 0; PRAGMA cache_size = -2000;",
        )?;
        connection.set_prepared_statement_cache_capacity(64);
        Ok(connection)
    }

    fn read(&self, operation: Operation, sample: &Sample, start: u64, until: Instant) -> Outcome<u64> {
        let connection = self.open()?;
        let listed = format!(
            "SELECT {SUMMARY} FROM {JOINED} WHERE customer_figures.tier = 'mass' AND customer_figures.city = ?1 \
             AND customer_figures.archived = 0"
        );
        let order = format!(
            " ORDER BY customer_figures.aum DESC, customer_figures.customer_id DESC LIMIT {}",
            PAGE + 1
        );
        let first = format!("{listed}{order}");
        let deep =
            format!("{listed} AND (customer_figures.aum, customer_figures.customer_id) < (?2, ?3){order}");
        let search = format!(
            "SELECT {SUMMARY} FROM {OF_PAIR} WHERE customer_pair.pair = ?1 AND customer_pair.begins = 0 AND customer.archived = 0 \
             ORDER BY customer_pair.name_sort, customer_pair.customer_id LIMIT {}",
            PAGE + 1
        );
        let one = [
            format!("SELECT customer.*, customer_figures.*, org_unit.*, user_account.display_name FROM {JOINED} WHERE customer.id = ?1"),
            "SELECT * FROM identity_document WHERE customer_id = ?1".to_owned(),
            "SELECT * FROM contact_point WHERE customer_id = ?1".to_owned(),
            "SELECT * FROM external_id WHERE customer_id = ?1".to_owned(),
            "SELECT customer_team.*, display_name FROM customer_team JOIN user_account ON user_account.id = user_id \
             WHERE customer_id = ?1"
                .to_owned(),
        ];
        let around = [
            format!("{CONTACTS} WHERE interaction.customer_id = ?1 AND interaction.archived = 0 ORDER BY interaction.occurred_at DESC, interaction.id DESC LIMIT 20"),
            format!("{HOLDINGS} WHERE holding.customer_id = ?1 AND holding.status <> 'closed' ORDER BY holding.status, holding.value DESC"),
            format!("{TASKS} WHERE task.customer_id = ?1 AND task.status = 'open' ORDER BY task.due_on, task.id LIMIT 50"),
            "SELECT survey_answer.*, survey.name FROM survey_answer JOIN survey ON survey.id = survey_answer.survey_id \
             WHERE survey_answer.customer_id = ?1 ORDER BY answered_at DESC, survey_answer.id DESC LIMIT 5"
                .to_owned(),
        ];
        let ids: Vec<Vec<u8>> = sample.ids.iter().map(|id| bytes(id)).collect();
        let deep_id = bytes(&sample.deep.1);
        let (mut count, mut n) = (0, start);
        while Instant::now() < until {
            // A step that visits all the sample, in an order without pattern.
            n = n.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let place = usize::try_from(n >> 33).unwrap_or(0);
            match operation {
                Operation::ListFirst => fetch(connection.prepare_cached(&first)?, [&sample.city])?,
                Operation::ListDeep => {
                    fetch(connection.prepare_cached(&deep)?, params![sample.city, sample.deep.0, deep_id])?
                }
                Operation::Search => {
                    let words = &sample.words;
                    let word =
                        words.get(place % words.len().max(1)).ok_or_else(|| Failure::new("no names"))?;
                    fetch(connection.prepare_cached(&search)?, [word])?
                }
                Operation::ReadOne | Operation::Overview => {
                    let id = ids.get(place % ids.len().max(1)).ok_or_else(|| Failure::new("no customers"))?;
                    let whole = operation == Operation::Overview;
                    for statement in one.iter().chain(around.iter().filter(|_| whole)) {
                        fetch(connection.prepare_cached(statement)?, [id])?;
                    }
                }
                Operation::Aggregate => fetch(connection.prepare_cached(AGGREGATE)?, [])?,
                Operation::Create | Operation::CreateCustomer | Operation::Upsert => {
                    return Err(Failure::new("a write among the reads"));
                }
            }
            count += 1;
        }
        Ok(count)
    }

    /// Changes customers by their keys in other systems, with an event for each, as many as a bulk call takes in one transaction.
    fn upsert(&self, until: Instant) -> Outcome<u64> {
        let mut connection = self.open()?;
        let keys: Vec<(String, String)> = connection
            .prepare("SELECT source, value FROM external_id LIMIT ?1")?
            .query_map([i64::try_from(ROWS)?], |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect::<Result<_, _>>()?;
        let mut count = 0;
        while Instant::now() < until {
            let transaction =
                connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
            for (source, value) in &keys {
                let found = transaction
                    .prepare_cached("SELECT customer_id FROM external_id WHERE source = ?1 AND value = ?2")?
                    .query_row([source, value], |row| row.get::<_, [u8; 16]>(0))?;
                let now = micros();
                run(
                    &transaction,
                    "UPDATE customer SET occupation = ?2, version = version + 1, updated_at = ?3 WHERE id = ?1",
                    params![found, format!("职业{now}"), now],
                )?;
                run(
                    &transaction,
                    "INSERT INTO change_event (kind, resource_type, resource_id, version, changed, at) \
                     VALUES ('customer.updated', 'customer', ?1, 2, '[\"occupation\"]', ?2)",
                    params![found, now],
                )?;
                count += 1;
            }
            transaction.commit()?;
        }
        Ok(count)
    }

    /// Rows until a moment, 64 of them in one durable commit; `write` writes one with this number, instant and id.
    fn create(
        &self,
        connection: &mut Connection,
        until: Instant,
        write: impl Fn(&Connection, u64, i64, [u8; 16]) -> Outcome,
    ) -> Outcome<u64> {
        let mut count = 0;
        while Instant::now() < until {
            let transaction =
                connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
            for _ in 0..GROUP {
                let n = self.created.fetch_add(1, Ordering::Relaxed);
                let now = micros();
                write(&transaction, n, now, time_ordered(now, n))?;
            }
            transaction.commit()?;
            count += GROUP;
        }
        Ok(count)
    }

    /// Contacts with random customers, each with its notes, figures, audit entry and event.
    fn create_contacts(&self, sample: &Sample, until: Instant) -> Outcome<u64> {
        let mut connection = self.open()?;
        let search_key: i64 =
            connection
                .query_row("SELECT coalesce(max(search_key), 0) FROM interaction", [], |row| row.get(0))?;
        let customers: Vec<Vec<u8>> = sample.ids.iter().map(|id| bytes(id)).collect();
        let tokens = pairs(NOTES);
        self.create(&mut connection, until, |transaction, n, now, id| {
            let key = search_key + i64::try_from(n)?;
            let place = usize::try_from(n.wrapping_mul(2_654_435_761) % customers.len().max(1) as u64)?;
            let customer = customers.get(place).ok_or_else(|| Failure::new("no customers"))?;
            run(
                transaction,
                "INSERT INTO interaction (search_key, id, customer_id, kind, direction, purpose, outcome, duration_minutes, \
                 occurred_at, notes, searched, archived, version, created_at, updated_at) \
                 VALUES (?1, ?2, ?3, 'call', 'outbound', 'service', 'reached', 6, ?4, ?5, ?5, 0, 1, ?4, ?4)",
                params![key, id, customer, now, format!("{NOTES}{n}")],
            )?;
            run(
                transaction,
                "INSERT INTO interaction_search (rowid, tokens) VALUES (?1, ?2)",
                params![key, tokens],
            )?;
            run(
                transaction,
                "UPDATE customer_figures SET last_contacted_at = max(last_contacted_at, ?2), version = version + 1 \
                 WHERE customer_id = ?1",
                params![customer, now],
            )?;
            record(transaction, "interaction.created", "interaction", (id, now, key))
        })
    }

    fn create_customers(&self, until: Instant) -> Outcome<u64> {
        let mut connection = self.open()?;
        let unit: Vec<u8> = connection.query_row("SELECT id FROM org_unit LIMIT 1", [], |row| row.get(0))?;
        let search_key: i64 =
            connection.query_row("SELECT max(search_key) FROM customer", [], |row| row.get(0))?;
        self.create(&mut connection, until, |transaction, n, now, id| {
            let key = search_key + i64::try_from(n)?;
            run(
                transaction,
                "INSERT INTO customer (id, search_key, customer_no, kind, status, name, name_sort, gender, city, do_not_contact, \
                 restricted, details, org_unit_id, archived, search_version, version, created_at, updated_at) \
                 VALUES (?1, ?2, ?3, 'person', 'prospect', ?4, ?5, 'female', '无', 0, 0, '{}', ?6, 0, 1, 1, ?7, ?7)",
                params![id, key, format!("F{key}"), format!("压测{key}"), format!("yace{key}"), unit, now],
            )?;
            run(
                transaction,
                "INSERT INTO customer_figures (customer_id, tier, aum, city, archived, version, as_of) \
                 VALUES (?1, 'mass', 0, '无', 0, 1, ?2)",
                params![id, now],
            )?;
            run(
                transaction,
                "INSERT OR REPLACE INTO customer_search (rowid, tokens) VALUES (?1, ?2)",
                params![key, format!("压测 压 测 yace yc f{key}")],
            )?;
            record(transaction, "customer.created", "customer", (id, now, key))
        })
    }
}

impl Floor for SqliteFloor {
    fn sample(&self) -> Outcome<Sample> {
        let connection = self.open()?;
        let city: String = connection.query_row(
            "SELECT city FROM customer_figures WHERE tier = 'mass' AND city IS NOT NULL AND archived = 0 \
             GROUP BY city ORDER BY count(*) DESC, city LIMIT 1",
            [],
            |row| row.get(0),
        )?;
        let mut picked = connection.prepare(
            "SELECT lower(hex(id)), substr(name, -2) FROM customer WHERE kind = 'person' \
             AND unicode(substr(name, -1)) BETWEEN 19968 AND 40959 AND unicode(substr(name, -2)) BETWEEN 19968 AND 40959 \
             ORDER BY random() LIMIT 2000",
        )?;
        let rows = picked.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?)))?;
        let (ids, words) =
            rows.map(|row| row.map(|(id, word)| (hyphenated(&id), word))).collect::<Result<_, _>>()?;
        let listed = "FROM customer_figures WHERE tier = 'mass' AND city = ?1 AND archived = 0";
        let count: i64 =
            connection.query_row(&format!("SELECT count(*) {listed}"), [&city], |row| row.get(0))?;
        let pages = DEEP.min(usize::try_from(count)? / PAGE).max(1);
        let deep: (i64, String) = connection.query_row(
            &format!(
                "SELECT aum, lower(hex(customer_id)) {listed} ORDER BY aum DESC, customer_id DESC LIMIT 1 OFFSET {}",
                pages * PAGE - 1
            ),
            [&city],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )?;
        Ok(Sample { city, ids, words, deep: (deep.0, hyphenated(&deep.1)), pages })
    }

    fn rate(&self, operation: Operation, sample: &Sample, seconds: u64) -> Outcome<f64> {
        let until = Instant::now() + Duration::from_secs(seconds);
        let count = if operation == Operation::Create {
            self.create_contacts(sample, until)?
        } else if operation == Operation::CreateCustomer {
            self.create_customers(until)?
        } else if operation == Operation::Upsert {
            self.upsert(until)?
        } else {
            thread::scope(|scope| {
                let readers: Vec<_> = (0..READERS)
                    .map(|n| scope.spawn(move || self.read(operation, sample, n * 7919 + 1, until)))
                    .collect();
                readers
                    .into_iter()
                    .map(|reader| reader.join().unwrap_or_else(|_| Err(Failure::new("a reader has crashed"))))
                    .sum::<Outcome<u64>>()
            })?
        };
        Ok(count as f64 / seconds as f64)
    }
}

/// Runs a statement that stays prepared.
fn run(connection: &Connection, sql: &str, values: impl Params) -> Outcome {
    connection.prepare_cached(sql)?.execute(values)?;
    Ok(())
}

/// The audit entry with its document and the change event of a new row.
fn record(
    connection: &Connection,
    action: &str,
    resource: &str,
    (id, now, key): ([u8; 16], i64, i64),
) -> Outcome {
    run(
        connection,
        "INSERT INTO audit_entry (id, at, actor_kind, actor_id, action, resource_type, resource_id, request_id, \
         document_digest) VALUES (?1, ?2, 'user', ?1, ?5, ?6, ?1, ?3, ?4)",
        params![id, now, format!("r{key}"), [7_u8; 32], action, resource],
    )?;
    run(
        connection,
        "INSERT INTO audit_document (entry_id, document) VALUES (?1, ?2)",
        params![id, format!("{{\"name\":\"压测{key}\"}}")],
    )?;
    run(
        connection,
        "INSERT INTO change_event (kind, resource_type, resource_id, version, changed, at) \
         VALUES (?1, ?2, ?3, 1, '[\"name\"]', ?4)",
        params![action, resource, id, now],
    )
}

/// As a UUIDv7 begins: with the time, so that rows go to the end of their index.
fn time_ordered(now: i64, n: u64) -> [u8; 16] {
    ((u128::from(now.unsigned_abs()) / 1000) << 80 | u128::from(n)).to_be_bytes()
}

/// Two characters each, as notes are found by.
fn pairs(text: &str) -> String {
    let characters: Vec<char> = text.chars().collect();
    characters.windows(2).map(|pair| pair.iter().collect::<String>()).collect::<Vec<_>>().join(" ")
}

/// Reads all rows with all their columns, as an application must.
fn fetch(mut statement: CachedStatement<'_>, values: impl Params) -> Outcome {
    let columns = statement.column_count();
    let mut rows = statement.query(values)?;
    while let Some(row) = rows.next()? {
        for column in 0..columns {
            std::hint::black_box(row.get_ref(column)?);
        }
    }
    Ok(())
}

fn micros() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or(0)
}

/// The sixteen bytes of an id.
fn bytes(id: &str) -> Vec<u8> {
    let digits: Vec<u8> = id
        .bytes()
        .filter_map(|byte| char::from(byte).to_digit(16))
        .filter_map(|d| u8::try_from(d).ok())
        .collect();
    digits.chunks_exact(2).map(|pair| pair.iter().fold(0, |sum, digit| sum << 4 | digit)).collect()
}

fn hyphenated(hex: &str) -> String {
    let part = |range: std::ops::Range<usize>| hex.get(range).unwrap_or_default();
    [part(0..8), part(8..12), part(12..16), part(16..20), part(20..32)].join("-")
}
