//! The floor of PostgreSQL: pgbench with prepared statements and eight clients.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use xtask::postgres::Postgres;
use xtask::{Failure, Outcome};

use super::{AGGREGATE, CONTACTS, DEEP, Floor, HOLDINGS, JOINED, OF_PAIR, PAGE, SUMMARY, Sample, TASKS};
use crate::upsert::ROWS;
use crate::{NOTES, Operation};

/// A copy of the database, asked by pgbench.
pub struct PostgresFloor<'a> {
    cluster: &'a Postgres,
    url: String,
    folder: PathBuf,
}

impl PostgresFloor<'_> {
    /// Runs the script of an upsert until the time is over; rows a second.
    fn upserts(&self, script: &Path, time: Duration) -> Outcome<f64> {
        let keys =
            format!("SELECT source || ',' || value || ',职业' || random() FROM external_id LIMIT {ROWS}");
        let (mut count, mut taken) = (0, Duration::ZERO);
        while taken < time {
            let incoming = self.cluster.sql_in(&self.url, &keys)?;
            fs::write(self.folder.join("incoming.csv"), &incoming)?;
            let start = Instant::now();
            let mut psql = self.cluster.program("psql");
            psql.current_dir(&self.folder).args(["-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", &self.url, "-f"]);
            let out = psql.arg(script).output()?;
            if !out.status.success() {
                return Err(Failure::new(format!("psql: {}", String::from_utf8_lossy(&out.stderr))));
            }
            taken += start.elapsed();
            count += incoming.lines().count();
        }
        Ok(count as f64 / taken.as_secs_f64())
    }
}

impl<'a> PostgresFloor<'a> {
    /// Copies the database `name`, to which nobody may be connected.
    ///
    /// # Errors
    /// When it can't be copied.
    pub fn copy_of(cluster: &'a Postgres, name: &str, folder: &Path) -> Outcome<Self> {
        let copy = format!("{name}_floor");
        cluster.sql(&format!("DROP DATABASE IF EXISTS \"{copy}\" WITH (FORCE)"))?;
        cluster.sql(&format!("CREATE DATABASE \"{copy}\" TEMPLATE \"{name}\""))?;
        let url = cluster.url_of(&copy);
        for statement in [
            "CREATE TABLE bench_pick AS SELECT (row_number() OVER ())::int AS n, id, right(name, 2) AS word \
             FROM (SELECT id, name FROM customer WHERE kind = 'person' \
             AND ascii(right(name, 1)) BETWEEN 19968 AND 40959 AND ascii(right(name, 2)) BETWEEN 19968 AND 40959 \
             ORDER BY md5(id::text) LIMIT 2000) picked",
            "CREATE UNIQUE INDEX bench_pick_n ON bench_pick (n) INCLUDE (id, word)",
            "VACUUM ANALYZE",
        ] {
            cluster.sql_in(&url, statement)?;
        }
        Ok(Self { cluster, url, folder: folder.to_path_buf() })
    }

    fn script(operation: Operation, sample: &Sample) -> String {
        let first = format!(
            "SELECT {SUMMARY} FROM {JOINED} WHERE customer_figures.tier = 'mass' AND customer_figures.city = {} \
             AND NOT customer_figures.archived",
            quoted(&sample.city)
        );
        let order = format!(
            " ORDER BY customer_figures.aum DESC, customer_figures.customer_id DESC LIMIT {}",
            PAGE + 1
        );
        let pick = format!("\\set n random(1, {})\n", sample.ids.len().max(1));
        match operation {
            Operation::ListFirst => format!("{first}{order};\n"),
            Operation::ListDeep => format!(
                "{first} AND (customer_figures.aum, customer_figures.customer_id) < ({}, {}::uuid){order};\n",
                sample.deep.0,
                quoted(&sample.deep.1)
            ),
            Operation::Search => format!(
                "{pick}SELECT {SUMMARY} FROM {OF_PAIR} WHERE customer_pair.pair = (SELECT word FROM bench_pick WHERE n = :n) \
                 AND NOT customer_pair.begins AND NOT customer.archived \
                 ORDER BY customer_pair.name_sort, customer_pair.customer_id LIMIT {};\n",
                PAGE + 1
            ),
            Operation::ReadOne => {
                format!("{pick}SELECT json_build_object({ONE}) FROM {JOINED} WHERE {PICKED};\n")
            }
            Operation::Overview => format!(
                "{pick}SELECT json_build_object({ONE}, \
                 'interactions', (SELECT json_agg(c) FROM ({CONTACTS} WHERE interaction.customer_id = customer.id \
                 AND NOT interaction.archived ORDER BY interaction.occurred_at DESC, interaction.id DESC LIMIT 20) c), \
                 'holdings', (SELECT json_agg(h) FROM ({HOLDINGS} WHERE holding.customer_id = customer.id \
                 AND holding.status <> 'closed' ORDER BY holding.status, holding.value DESC) h), \
                 'tasks', (SELECT json_agg(t) FROM ({TASKS} WHERE task.customer_id = customer.id AND task.status = 'open' \
                 ORDER BY task.due_on, task.id LIMIT 50) t), \
                 'answers', (SELECT json_agg(a) FROM (SELECT * FROM survey_answer WHERE survey_answer.customer_id = customer.id \
                 ORDER BY answered_at DESC, id DESC LIMIT 5) a)) FROM {JOINED} WHERE {PICKED};\n"
            ),
            Operation::Aggregate => format!("{AGGREGATE};\n"),
            Operation::Create => contact_script(&pick),
            Operation::CreateCustomer => customer_script(),
            Operation::Upsert => upsert_script(),
        }
    }
}

/// The customer that was picked.
const PICKED: &str = "customer.id = (SELECT id FROM bench_pick WHERE n = :n)";

/// One customer with what belongs to it.
const ONE: &str = "'customer', to_json(customer), 'figures', to_json(customer_figures), \
    'unit', to_json(org_unit), 'owner', user_account.display_name, \
    'identity', (SELECT to_json(i) FROM identity_document i WHERE i.customer_id = customer.id), \
    'contact_points', (SELECT json_agg(c) FROM contact_point c WHERE c.customer_id = customer.id), \
    'external_ids', (SELECT json_agg(e) FROM external_id e WHERE e.customer_id = customer.id), \
    'team', (SELECT json_agg(t) FROM customer_team t WHERE t.customer_id = customer.id)";

/// The id that two random numbers make, so that every statement of a pipeline knows it without asking.
const ID: &str = "md5(:a::bigint::text || '-' || :b::bigint::text)::uuid";
const TWO_NUMBERS: &str = "\\set a random(1, 9000000000000000000)\n\\set b random(1, 9000000000000000000)\n";

/// The audit entry with its document and the change event of a new row.
fn record(resource: &str) -> String {
    let text = ":a::bigint::text";
    format!(
        "INSERT INTO audit_entry (id, at, actor_kind, actor_id, action, resource_type, resource_id, request_id, document_digest) \
         VALUES ({ID}, now(), 'user', {ID}, '{resource}.created', '{resource}', {ID}, 'r' || {text}, decode(md5({text}), 'hex'));\n\
         INSERT INTO audit_document (entry_id, document) VALUES ({ID}, jsonb_build_object('name', '压测' || {text}));\n\
         INSERT INTO change_event (kind, resource_type, resource_id, version, changed, at) \
         VALUES ('{resource}.created', '{resource}', {ID}, 1, '[\"name\"]', now());\n"
    )
}

/// The rows of a contact in one pipelined transaction.
fn contact_script(pick: &str) -> String {
    let characters: Vec<char> = NOTES.chars().collect();
    let pairs: Vec<String> =
        characters.windows(2).map(|pair| format!("'{}'", pair.iter().collect::<String>())).collect();
    let customer = "(SELECT id FROM bench_pick WHERE n = :n)";
    format!(
        "{pick}{TWO_NUMBERS}\\startpipeline\nBEGIN;\n\
         INSERT INTO interaction (id, customer_id, kind, direction, purpose, outcome, duration_minutes, occurred_at, notes, searched, \
         archived, version, created_at, updated_at) VALUES ({ID}, {customer}, 'call', 'outbound', 'service', 'reached', 6, now(), \
         '{NOTES}', '{NOTES}', false, 1, now(), now());\n\
         INSERT INTO interaction_search (interaction_id, tokens) VALUES ({ID}, array_to_tsvector(ARRAY[{}]));\n\
         UPDATE customer_figures SET last_contacted_at = greatest(last_contacted_at, now()), version = version + 1 \
         WHERE customer_id = {customer};\n{}COMMIT;\n\\endpipeline\n",
        pairs.join(", "),
        record("interaction")
    )
}

/// The rows of a new customer in one pipelined transaction.
fn customer_script() -> String {
    let text = ":a::bigint::text";
    format!(
        "{TWO_NUMBERS}\\startpipeline\nBEGIN;\n\
         INSERT INTO customer (id, search_key, customer_no, kind, status, name, name_sort, gender, city, do_not_contact, \
         restricted, details, org_unit_id, owner_id, archived, search_version, version, created_at, updated_at) \
         VALUES ({ID}, :a, 'F' || {text}, 'person', 'prospect', '压测' || {text}, 'yace' || {text}, 'female', '无', false, false, \
         '{{}}', (SELECT id FROM org_unit LIMIT 1), NULL, false, 1, 1, now(), now());\n\
         INSERT INTO customer_figures (customer_id, tier, aum, city, archived, version, as_of) \
         VALUES ({ID}, 'mass', 0, '无', false, 1, now());\n\
         INSERT INTO customer_search (customer_id, tokens) \
         VALUES ({ID}, array_to_tsvector(ARRAY['压测', '压', '测', 'yace', 'yc', 'f' || {text}]));\n{}COMMIT;\n\\endpipeline\n",
        record("customer")
    )
}

/// Customers changed by their keys in other systems: what comes in is copied into a table and goes over to the customers in one statement,
/// with an event for each. For psql, which can copy.
fn upsert_script() -> String {
    "BEGIN;\nCREATE TEMP TABLE incoming (source text, value text, occupation text) ON COMMIT DROP;\n\
         \\copy incoming FROM 'incoming.csv' (FORMAT csv)\n\
         INSERT INTO customer SELECT changed.* FROM incoming JOIN external_id USING (source, value) \
         JOIN customer ON customer.id = external_id.customer_id, \
         LATERAL jsonb_populate_record(customer, jsonb_build_object('occupation', incoming.occupation)) AS changed \
         ON CONFLICT (id) DO UPDATE SET occupation = excluded.occupation, version = customer.version + 1, updated_at = now();\n\
         INSERT INTO change_event (kind, resource_type, resource_id, version, changed, at) \
         SELECT 'customer.updated', 'customer', customer_id, 2, '[\"occupation\"]', now() FROM incoming JOIN external_id USING (source, value);\n\
         COMMIT;\n"
        .to_owned()
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

impl Floor for PostgresFloor<'_> {
    fn sample(&self) -> Outcome<Sample> {
        let ask = |sql: &str| self.cluster.sql_in(&self.url, sql);
        let city = ask(
            "SELECT city FROM customer_figures WHERE tier = 'mass' AND city IS NOT NULL AND NOT archived \
             GROUP BY city ORDER BY count(*) DESC, city LIMIT 1",
        )?;
        let lines = |text: String| text.lines().map(str::to_owned).collect::<Vec<_>>();
        let ids = lines(ask("SELECT id FROM bench_pick ORDER BY n")?);
        let words = lines(ask("SELECT word FROM bench_pick ORDER BY n")?);
        let listed = format!(
            "FROM customer_figures WHERE tier = 'mass' AND city = {} AND NOT archived",
            quoted(&city)
        );
        let rows: usize = ask(&format!("SELECT count(*) {listed}"))?.parse()?;
        let pages = DEEP.min(rows / PAGE).max(1);
        let deep = ask(&format!(
            "SELECT aum || ' ' || customer_id {listed} ORDER BY aum DESC, customer_id DESC OFFSET {} LIMIT 1",
            pages * PAGE - 1
        ))?;
        let (aum, id) =
            deep.split_once(' ').ok_or_else(|| Failure::new("too few customers for two pages"))?;
        Ok(Sample { city, ids, words, deep: (aum.parse()?, id.to_owned()), pages })
    }

    fn rate(&self, operation: Operation, sample: &Sample, seconds: u64) -> Outcome<f64> {
        let file = self.folder.join("floor.sql");
        fs::write(&file, Self::script(operation, sample))?;
        if operation == Operation::Upsert {
            return self.upserts(&file, Duration::from_secs(seconds));
        }
        let mut pgbench = self.cluster.program("pgbench");
        pgbench.args(["-n", "-M", "prepared", "-c", "8", "-j", "2", "-T", &seconds.to_string(), "-f"]);
        pgbench.arg(&file).arg(&self.url);
        let out = pgbench.output()?;
        let text = String::from_utf8_lossy(&out.stdout);
        let rate = text.lines().find_map(|line| line.strip_prefix("tps = ")?.split(' ').next()?.parse().ok());
        match rate {
            Some(rate) if out.status.success() => Ok(rate),
            _ => Err(Failure::new(format!("pgbench: {}{text}", String::from_utf8_lossy(&out.stderr)))),
        }
    }
}
