//! `cargo xtask bench`: rates of the server beside those of the bare database, measured in the same run.
#![forbid(unsafe_code)]
#![allow(clippy::print_stdout, reason = "a command line tool talks to people on standard output")]
#![allow(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "rates and percentiles"
)]

mod floor;
mod load;
mod release;
mod upsert;

use std::fs;
use std::path::PathBuf;

use std::process::ExitCode;
use std::time::Duration;

use floor::postgres::PostgresFloor;
use floor::sqlite::SqliteFloor;
use floor::{Floor, Sample};
use load::Round;
use pico_args::Arguments;
use xtask::postgres::{Postgres, Storage};
use xtask::processes::{self, TemporaryFolder};
use xtask::server::{Server, Setup};
use xtask::system::{self, Need};
use xtask::workspace::Workspace;
use xtask::{Context, Failure, Outcome};

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// The first page of customers of one tier and city by assets.
    ListFirst,
    /// Page 180 of it, by cursor.
    ListDeep,
    /// Two characters of a name.
    Search,
    /// One customer with the last contacts, holdings, tasks and answers.
    Overview,
    /// One customer, whole.
    ReadOne,
    /// A contact with a customer.
    Create,
    /// A new customer.
    CreateCustomer,
    /// Customers and assets by tier.
    Aggregate,
    /// Customers by their keys in another system, 1,000 in one call; counted by rows.
    Upsert,
}

impl Operation {
    const ALL: [Self; 9] = [
        Self::Overview,
        Self::ListFirst,
        Self::ListDeep,
        Self::Search,
        Self::ReadOne,
        Self::Create,
        Self::CreateCustomer,
        Self::Aggregate,
        Self::Upsert,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::ListFirst => "list_first",
            Self::ListDeep => "list_deep",
            Self::Search => "search",
            Self::Overview => "overview",
            Self::ReadOne => "read_one",
            Self::Create => "create",
            Self::CreateCustomer => "create_customer",
            Self::Aggregate => "aggregate",
            Self::Upsert => "upsert (rows)",
        }
    }

    /// Whether it writes.
    const fn creates(self) -> bool {
        matches!(self, Self::Create | Self::CreateCustomer)
    }

    /// The share of the floor that is aimed at, on PostgreSQL and on SQLite. That of `list_deep` is a share of
    /// `list_first`; the floor of `aggregate` scans.
    fn target(self) -> (f64, f64) {
        match self {
            Self::ListFirst => (0.45, 0.30),
            Self::ListDeep => (0.90, 0.90),
            Self::Search => (0.25, 0.10),
            Self::Create | Self::CreateCustomer => (0.60, 0.60),
            Self::Overview | Self::ReadOne => (0.60, 0.25),
            Self::Aggregate => (10.0, 10.0),
            Self::Upsert => (0.40, 0.25),
        }
    }
}

/// What is written down of a contact.
pub const NOTES: &str = "客户来电咨询大额存单利率，约好下周二到网点面谈，请准备产品说明书。第";

/// Rounds; the median counts.
const ROUNDS: usize = 3;

struct Options {
    postgres: bool,
    url: Option<String>,
    customers: u64,
    seconds: u64,
    only: Option<String>,
    /// The server as a plain build makes it, for whoever tries out a change: what is released is trained first.
    untrained: bool,
    /// Without holdings, contacts, tasks and surveys: for a bank that is larger than there is time for.
    customers_only: bool,
    /// A data directory with demo data that was made before, under the master key of xtask; with `--postgres`, the URL names
    /// its database. It is measured as it is, and keeps the customers that the measuring creates.
    data: Option<PathBuf>,
}

impl Options {
    fn demo(&self) -> &[&str] {
        if self.customers_only { &["--customers-only"] } else { &[] }
    }
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("{failure}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Outcome {
    let mut arguments = Arguments::from_env();
    let only_build = arguments.contains("--only-build");
    let engine: String = arguments.opt_value_from_str("--engine")?.unwrap_or_else(|| "sqlite".to_owned());
    let options = Options {
        postgres: match engine.as_str() {
            "sqlite" => false,
            "postgres" => true,
            _ => return Err(Failure::new("--engine is sqlite or postgres")),
        },
        url: arguments.opt_value_from_str("--postgres")?,
        customers: arguments.opt_value_from_str("--customers")?.unwrap_or(100_000),
        seconds: arguments.opt_value_from_str("--seconds")?.unwrap_or(7),
        only: arguments.opt_value_from_str("--only")?,
        untrained: arguments.contains("--untrained"),
        customers_only: arguments.contains("--customers-only"),
        data: arguments.opt_value_from_str("--data")?,
    };
    if let Some(rest) = arguments.finish().first() {
        return Err(Failure::new(format!("not understood: {}", rest.to_string_lossy())));
    }
    processes::clean_up_when_interrupted()?;
    let workspace = Workspace::find()?;
    let mut needs = Need::SERVER.to_vec();
    if options.postgres {
        needs.push(Need::Postgres);
    }
    system::provide(&needs)?;
    let binary =
        if options.untrained { release::untrained(&workspace)? } else { release::trained(&workspace)? };
    if only_build {
        println!("{}", binary.display());
        return Ok(());
    }

    let log = workspace.logs().join(format!("bench-{engine}.log"));
    fs::create_dir_all(workspace.logs())?;
    let _ = fs::remove_file(&log);
    let temporary = TemporaryFolder::new(&workspace.target, "xtask-bench")?;
    let folder = options.data.as_deref().unwrap_or_else(|| temporary.path());
    if options.postgres {
        let cluster = match &options.url {
            Some(url) => Postgres::at(url)?,
            None => Postgres::start(Storage::Disk, &log.with_extension("postgres.log"))?,
        };
        let url = match &options.data {
            Some(_) => cluster.url().to_owned(),
            None => cluster.fresh_database("guanxi_bench")?,
        };
        let setup = Setup::postgres(binary, folder, &url, &log);
        if options.data.is_none() {
            setup.prepare_with(options.customers, options.demo()).context("demo data")?;
        }
        cluster.sql_in(&url, "VACUUM ANALYZE")?;
        let name =
            url.split('?').next().and_then(|url| url.rsplit('/').next()).unwrap_or_default().to_owned();
        let floor = PostgresFloor::copy_of(&cluster, &name, temporary.path())?;
        measure(&setup, &floor, &options)
    } else {
        let setup = Setup::sqlite(binary, folder, &log);
        if options.data.is_none() {
            setup.prepare_with(options.customers, options.demo()).context("demo data")?;
        }
        let floor = SqliteFloor::copy_of(&folder.join("guanxi.db"), temporary.path())?;
        measure(&setup, &floor, &options)
    }
}

/// Measures everything and prints the tables.
fn measure(setup: &Setup, floor: &dyn Floor, options: &Options) -> Outcome {
    let mut starts = Vec::new();
    for _ in 0..ROUNDS {
        starts.push(setup.start(Duration::from_secs(60))?.ready_after().as_secs_f64());
    }
    let server = setup.start(Duration::from_secs(60))?;
    std::thread::sleep(Duration::from_secs(2));
    let idle = server.memory();
    let sample = floor.sample()?;
    let reader = server.authorization("auditor")?;
    let cursor = deep_cursor(&server, &reader, &sample)?;
    let static_rate = {
        let time = Duration::from_secs(options.seconds.min(3));
        load::run(server.address(), 200, Duration::from_secs(1), time, |_, out| {
            request(out, "GET", "/healthz", "", "")
        })?
    };

    let wanted = |operation: Operation| {
        let only = options.only.as_deref();
        only.is_none_or(|name| {
            operation.name().split(' ').next() == Some(name)
                || (name == "list_deep" && operation == Operation::ListFirst)
        })
    };
    let mut results: Vec<Measured> =
        Operation::ALL.into_iter().filter(|operation| wanted(*operation)).map(Measured::new).collect();
    for _ in 0..ROUNDS {
        for result in &mut results {
            result.floors.push(floor.rate(result.operation, &sample, options.seconds.min(3))?);
            let round = serve(&server, result.operation, &sample, &cursor, options.seconds);
            result.rounds.push(round.context(result.operation.name())?);
        }
    }
    print_table(&results, options);
    println!();
    println!("static answers (/healthz): {:.0}/s, p99 {:.1} ms", static_rate.rate, static_rate.p99);
    let size = |bytes: Option<u64>| {
        bytes.map_or_else(|| "?".to_owned(), |bytes| format!("{:.0}", bytes as f64 / 1_048_576.0))
    };
    println!("memory: {} MiB idle (target 30), {} MiB after (target 100)", size(idle), size(server.memory()));
    println!("start to ready: {:.2} s (target 0.3)", median(starts));
    Ok(())
}

/// One operation, round by round.
struct Measured {
    operation: Operation,
    floors: Vec<f64>,
    rounds: Vec<Round>,
}

impl Measured {
    fn new(operation: Operation) -> Self {
        Self { operation, floors: Vec::new(), rounds: Vec::new() }
    }

    fn of(&self, what: impl Fn(&Round) -> f64) -> f64 {
        median(self.rounds.iter().map(what).collect())
    }
}

fn print_table(results: &[Measured], options: &Options) {
    let engine = if options.postgres { "PostgreSQL" } else { "SQLite" };
    println!(
        "\n{engine}, {} customers, {} connections, medians of {ROUNDS} rounds of {} s",
        options.customers,
        load::CONNECTIONS,
        options.seconds
    );
    println!("\n| operation | requests/s | floor/s | share | target | | p50 ms | p99 ms | p99 target |");
    println!("|---|---:|---:|---:|---:|---|---:|---:|---|");
    let rate_of = |operation: Operation| {
        results
            .iter()
            .find(|result| result.operation == operation)
            .map(|result| result.of(|round| round.rate))
    };
    for result in results {
        let (rate, floor) = (result.of(|round| round.rate), median(result.floors.clone()));
        let (p50, p99) = (result.of(|round| round.p50), result.of(|round| round.p99));
        let target = if options.postgres { result.operation.target().0 } else { result.operation.target().1 };
        let (share, of) = match (result.operation, rate_of(Operation::ListFirst)) {
            (Operation::ListDeep, Some(first)) => (rate / first, " of list_first"),
            _ => (rate / floor, ""),
        };
        let verdict = |good: bool| if good { "pass" } else { "miss" };
        let tail = if result.operation == Operation::Upsert {
            "a call".to_owned()
        } else if result.operation.creates() {
            format!("≤ 100: {}", verdict(p99 <= 100.0))
        } else {
            format!("≤ 5 × p50: {}", verdict(p99 <= 5.0 * p50))
        };
        println!(
            "| {} | {rate:.0} | {floor:.0} | {:.0} %{of} | ≥ {:.0} % | {} | {p50:.1} | {p99:.1} | {tail} |",
            result.operation.name(),
            share * 100.0,
            target * 100.0,
            verdict(share >= target),
        );
    }
}

/// One round of an operation over HTTP.
fn serve(
    server: &Server,
    operation: Operation,
    sample: &Sample,
    cursor: &str,
    seconds: u64,
) -> Outcome<Round> {
    if operation == Operation::Upsert {
        return upsert::calls(server, Duration::from_secs(seconds));
    }
    // A token lives ten minutes; a round takes seconds.
    let role = match operation {
        // Sees every customer and writes contacts.
        Operation::Create => "service",
        Operation::CreateCustomer => "rm",
        _ => "auditor",
    };
    let token = server.authorization(role)?;
    let (warm_up, time) = (Duration::from_secs(2.min(seconds)), Duration::from_secs(seconds));
    let expected = if operation.creates() { 201 } else { 200 };
    let pick = |list: &[String], n: u64| {
        let place = (n.wrapping_mul(2_654_435_761) % list.len().max(1) as u64) as usize;
        list.get(place).cloned().unwrap_or_default()
    };
    let list = list_path(&sample.city, None);
    let deep = list_path(&sample.city, Some(cursor));
    load::run(server.address(), expected, warm_up, time, |n, out| match operation {
        Operation::ListFirst => request(out, "GET", &list, &token, ""),
        Operation::ListDeep => request(out, "GET", &deep, &token, ""),
        Operation::Search => {
            let body = serde_json::json!({ "q": pick(&sample.words, n) }).to_string();
            request(out, "POST", "/api/v1/customers/search", &token, &body);
        }
        Operation::ReadOne => {
            request(out, "GET", &format!("/api/v1/customers/{}", pick(&sample.ids, n)), &token, "")
        }
        Operation::Overview => {
            request(out, "GET", &format!("/api/v1/customers/{}/overview", pick(&sample.ids, n)), &token, "");
        }
        Operation::Aggregate => request(out, "GET", "/api/v1/reports/portfolio", &token, ""),
        Operation::Create => {
            let body = serde_json::json!({
                "kind": "call", "direction": "outbound", "purpose": "service", "outcome": "reached",
                "duration_minutes": 6, "notes": format!("{NOTES}{n}"),
            });
            let path = format!("/api/v1/customers/{}/interactions", pick(&sample.ids, n));
            request(out, "POST", &path, &token, &body.to_string());
        }
        Operation::CreateCustomer => {
            let body = serde_json::json!({ "kind": "person", "name": format!("压测{n}"), "gender": "female", "city": "无" });
            request(out, "POST", "/api/v1/customers", &token, &body.to_string());
        }
        Operation::Upsert => {}
    })
}

fn request(out: &mut Vec<u8>, method: &str, path: &str, authorization: &str, body: &str) {
    let mut text = format!("{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n");
    if !authorization.is_empty() {
        text.push_str(&format!("Authorization: {authorization}\r\n"));
    }
    if !body.is_empty() {
        text.push_str(&format!("Content-Type: application/json\r\nContent-Length: {}\r\n", body.len()));
    }
    text.push_str("\r\n");
    text.push_str(body);
    out.extend_from_slice(text.as_bytes());
}

fn list_path(city: &str, cursor: Option<&str>) -> String {
    let filter = percent(&format!("tier eq \"mass\" and city eq \"{city}\""));
    let cursor = cursor.map(|cursor| format!("&cursor={}", percent(cursor))).unwrap_or_default();
    format!("/api/v1/customers?filter={filter}&sort=-aum&limit={}{cursor}", floor::PAGE)
}

fn percent(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    text.bytes()
        .map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

/// Follows the pages to the deep one.
fn deep_cursor(server: &Server, authorization: &str, sample: &Sample) -> Outcome<String> {
    let mut client = server.client();
    let mut cursor: Option<String> = None;
    for page in 0..sample.pages {
        let path = list_path(&sample.city, cursor.as_deref());
        let answer = client.get(&path, &[("Authorization", authorization)])?;
        let next = answer.json()["page"]["next"].as_str().map(str::to_owned);
        if next.is_none() && page + 1 < sample.pages {
            return Err(Failure::new(format!(
                "page {page}: {} {}",
                answer.status,
                String::from_utf8_lossy(&answer.body)
            )));
        }
        cursor = next.or(cursor);
    }
    cursor.ok_or_else(|| Failure::new("too few customers for two pages"))
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
