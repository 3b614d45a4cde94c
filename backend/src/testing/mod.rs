//! The real server in the test's process, on a free port, with a database of its own, and a client for each role that checks
//! every answer against the OpenAPI document and for what every answer has. With `GUANXI_TEST_POSTGRES_URL` the database is a schema there, else a copy of a
//! migrated SQLite file.

mod answers;
mod client;
mod contract;
mod database;
mod fixture;
mod serving;

pub use answers::{wrong_headers, wrong_problem};
pub use client::{Answer, Client};
pub use database::TestDatabase;
pub use fixture::{Fixture, PASSWORD};
pub use serving::Serving;

use std::collections::HashMap;
use std::net::TcpListener;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};

use actix_web::web;
use guanxi_api::{JobKind, Role};
use guanxi_db::Id;
use uuid::Uuid;

use crate::access::Actor;
use crate::app::{self, AppState};
use crate::config::Config;
use crate::demo::Demo;
use crate::jobs::{self, Bench, Claim, Ended};
use crate::{clock, demo, exports, server};

/// A running server and what the tests need to know of its database.
pub struct TestApp {
    pub state: web::Data<AppState>,
    pub fixture: Fixture,
    pub config: Config,
    clients: Mutex<HashMap<String, Client>>,
    serving: Serving,
    /// Dropped last: the server uses it.
    database: Option<TestDatabase>,
}

impl TestApp {
    /// A server with the small bank of [`Fixture`].
    pub fn start() -> TestApp {
        TestApp::start_with(&[])
    }

    /// The same with other settings, by their lower-case names.
    pub fn start_with(settings: &[(&str, &str)]) -> TestApp {
        let database = TestDatabase::new();
        let mut values = database.settings();
        values.extend(settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        let mut app = TestApp::serve(values, |_, opened| Fixture::make(opened));
        app.database = Some(database);
        app
    }

    /// A server with a demo bank of so many customers. The users of its showcase, one of each role, are signed in under the codes of
    /// their roles.
    pub fn start_with_demo(customers: u32) -> TestApp {
        const SEED: u64 = 1;
        let database = TestDatabase::new();
        let mut app = TestApp::serve(database.settings(), |config, opened| {
            let demo = Demo { customers, seed: SEED, customers_only: false, duplicates: demo::DUPLICATES };
            demo::make(config, opened, demo).expect("the demo is made");
            Fixture { units: HashMap::new(), users: HashMap::new() }
        });
        app.database = Some(database);
        let sign_ins = demo::sign_ins(&app.config).expect("sign-ins");
        let (_, password) = sign_ins.trim_end().rsplit_once(' ').expect("a password");
        let bank = demo::generator::bank(SEED, customers.into());
        for user in bank.showcase.iter().map(|index| &bank.users[*index]) {
            let client = app.anonymous().sign_in(&user.username, password);
            app.clients.lock().expect("nobody else").insert(user.role.as_str().to_owned(), client);
        }
        app
    }

    /// A server on a database that is there and has the bank of this fixture.
    pub fn on(values: HashMap<String, String>, fixture: &Fixture) -> TestApp {
        TestApp::serve(values, |_, _| fixture.clone())
    }

    fn serve(
        given: HashMap<String, String>,
        fixture: impl FnOnce(&Config, &server::Opened) -> Fixture,
    ) -> TestApp {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let addr = listener.local_addr().expect("its address").to_string();
        let defaults = [
            ("addr", addr.as_str()),
            ("rate_limit", "off"),
            ("export_limit", "off"),
            ("calibrate", "off"),
            ("read_threads", "2"),
            ("write_threads", "2"),
        ];
        let mut values: HashMap<String, String> =
            defaults.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        values.extend(given);
        let config = Config::from_values(&values).expect("settings");
        let opened = server::open(&config).expect("the database opens");
        let fixture = fixture(&config, &opened);
        let state = server::state(&config, opened).expect("state");

        let app_state = state.clone();
        let serving = Serving::start(listener, move || app::build(app_state.clone()));
        TestApp { state, fixture, config, clients: Mutex::default(), serving, database: None }
    }

    /// A client that is not signed in.
    pub fn anonymous(&self) -> Client {
        let mut client = Client::new(self.serving.addr);
        client.https = self.config.is_https();
        client
    }

    /// A client of the user with this name, signed in; the same one each time.
    pub fn user(&self, username: &str) -> Client {
        let mut clients = self.clients.lock().expect("no test panicked in here");
        clients
            .entry(username.to_owned())
            .or_insert_with(|| self.anonymous().sign_in(username, PASSWORD))
            .clone()
    }

    /// Signs in everybody anew who has been signed in, for tests that take longer than an access token lasts.
    pub fn sign_in_anew(&self) {
        let mut clients = self.clients.lock().expect("no test panicked in here");
        for (username, client) in clients.iter_mut() {
            *client = self.anonymous().sign_in(username, PASSWORD);
        }
    }

    /// A client of the fixture's first user with this role.
    pub fn role(&self, role: Role) -> Client {
        self.user(role.as_str())
    }

    /// The database that this server was started with.
    pub fn database(&self) -> &TestDatabase {
        self.database.as_ref().expect("a server on a database of its own")
    }

    /// What the work of jobs needs.
    pub fn bench(&self) -> Bench {
        Bench {
            db: self.state.db.clone(),
            keys: Arc::clone(&self.state.keys),
            settings: self.state.settings.clone(),
            files: self.state.files.clone(),
        }
    }

    /// Takes a job that waits, as a server would.
    pub fn claim_job(&self, kind: JobKind) -> Option<Claim> {
        let (now, holder) = (clock::now(), Id::new(Uuid::now_v7()));
        self.db(move |conn| jobs::claim(conn, &Actor::job(now), holder, kind))
    }

    /// Does all exports that wait, as the job loop of a server would.
    pub fn export_all(&self) {
        let stop = AtomicBool::new(false);
        while let Some(claim) = self.claim_job(JobKind::Export) {
            let ended = exports::run(&self.bench(), &claim, &stop, clock::now, |_| {}).expect("it works");
            assert_eq!(ended, Ended::Over);
        }
    }

    /// Runs something on the database directly.
    pub fn db<T: Send + 'static>(
        &self,
        f: impl FnMut(&mut guanxi_db::DbConn) -> crate::error::Result<T> + Send + 'static,
    ) -> T {
        self.state.db.write_blocking(f).expect("the database does it")
    }
}
