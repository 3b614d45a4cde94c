//! Demo data: a made-up bank to try, to learn on and to measure with. Only ever put into an empty database.

mod duplicates;
pub mod generator;
mod mappings;
mod ownership;
mod quality;
mod relations;
mod segments;
mod surveys;
mod tags;
mod tiers;
mod views;

use std::path::PathBuf;

use guanxi_api::{
    LocalName, NewExchangeRate, NewOrgUnit, NewProduct, NewUser, Quantity, Role, TaskSource, TaskStatus,
};
use guanxi_db::{DbConn, Id, Moment, load};

use crate::access::password::Parameters;
use crate::access::{Actor, Hasher, OrgUnitId, UserId};
use crate::config::Config;
use crate::customers::{self, CustomerId, House, Prepared};
use crate::error::{Error, Result};
use crate::holdings::{self, Loaded, LoadedTransaction};
use crate::org::Directory;
use crate::products::{self, ProductId};
use crate::server::Opened;
use crate::{clock, installation, interactions, org, tasks};
use generator::Bank;
use generator::holdings::{DemoHolding, PRODUCTS, RATES};

/// Customers a statement, and a transaction.
const CHUNK: usize = 250;
const TRANSACTION: u64 = 10_000;

/// Where the sign-ins of the demo users are kept.
fn sign_in_file(config: &Config) -> PathBuf {
    config.data.join("demo-sign-ins.txt")
}

/// The sign-ins of the demo users, if there are any.
pub fn sign_ins(config: &Config) -> Option<String> {
    std::fs::read_to_string(sign_in_file(config)).ok()
}

/// Makes demo data if the database is empty.
///
/// # Errors
/// When the database fails.
pub fn ensure(config: &Config, opened: Opened, customers: u32, seed: u64) -> Result<Opened> {
    if opened.db.read_blocking(is_empty)? {
        make(config, &opened, Demo { customers, seed, customers_only: false, duplicates: DUPLICATES })?;
    }
    Ok(opened)
}

fn is_empty(conn: &mut DbConn) -> Result<bool> {
    Ok(!org::any_user(conn)?)
}

/// How many customers of a demo bank are entered twice unless told otherwise.
pub const DUPLICATES: u32 = 12;

/// What demo data are to be made.
#[derive(Clone, Copy, Debug)]
pub struct Demo {
    pub customers: u32,
    /// The same seed makes the same bank.
    pub seed: u64,
    /// Without holdings, contacts, tasks, surveys, conflicts and relations: for measuring very large banks.
    pub customers_only: bool,
    /// So many of them are entered a second time, not quite alike.
    pub duplicates: u32,
}

/// Makes demo data: the bank, its staff and so many customers; gives what was made, in a sentence.
///
/// # Errors
/// When the database is not empty, or fails.
pub fn make(config: &Config, opened: &Opened, demo: Demo) -> Result<String> {
    let Demo { customers, seed, .. } = demo;
    if !opened.db.read_blocking(is_empty)? {
        return Err(Error::internal("the database is not empty: demo data only goes into an empty one"));
    }
    let started = clock::now();
    let bank = generator::bank(seed, u64::from(customers));
    // One password for all of them, made for this installation, hashed once.
    let password = org::one_time_password()?;
    let hash = Hasher::new(Parameters::FLOOR, 1)?.hash_blocking(&password)?;
    write_sign_ins(config, &bank, &password)?;
    let shared = bank.clone();
    let (units, users) = opened.db.write_blocking(move |conn| make_bank(conn, &shared, &hash))?;
    let settings = opened.settings.clone();
    let catalogue = opened.db.write_blocking(move |conn| make_catalogue(conn, &settings))?;
    make_customers(opened, &bank, demo, (&units, &users, &catalogue))?;
    if demo.duplicates > 0 {
        let (keys, settings) = (std::sync::Arc::clone(&opened.keys), opened.settings.clone());
        let (bank, units, users) = (bank.clone(), units.clone(), users.clone());
        opened.db.write_blocking(move |conn| {
            let house = House { keys: &keys, settings: &settings, directory: &Directory::default() };
            let what = (&bank, seed, u64::from(customers), u64::from(demo.duplicates));
            duplicates::make(conn, &Actor::operator(clock::now()), house, what, (&units, &users))
        })?;
    }
    if !demo.customers_only {
        surveys::make(&opened.db, &opened.keys, &opened.settings, seed)?;
        let (keys, settings) = (std::sync::Arc::clone(&opened.keys), opened.settings.clone());
        let (bank, units, users) = (bank.clone(), units.clone(), users.clone());
        opened.db.write_blocking(move |conn| {
            let house = House { keys: &keys, settings: &settings, directory: &Directory::default() };
            let actor = Actor::operator(clock::now());
            quality::make(conn, &actor, house)?;
            relations::make(conn, &actor, house, u64::from(customers))?;
            tiers::make(conn, &actor, house, u64::from(customers))?;
            segments::make(conn, &actor, house, u64::from(customers))?;
            tags::make(conn, &actor, u64::from(customers))?;
            views::make(conn, &actor, &keys, &bank)?;
            mappings::make(conn, &actor, &bank)?;
            ownership::make(conn, &actor, house, (&bank, &units, &users))?;
            duplicates::search(conn, &actor)
        })?;
    }
    let seconds = (clock::now().0 - started.0) / 1_000_000;
    Ok(format!("{} units, {} users and {customers} customers in {seconds} s", units.len(), users.len()))
}

fn write_sign_ins(config: &Config, bank: &Bank, password: &str) -> Result<()> {
    let mut text = String::from("Sign in as (all with the same password):\n");
    for user in bank.showcase.iter().filter_map(|index| bank.users.get(*index)) {
        text.push_str(&format!("  {:<20} {:<16} {}\n", user.username, user.role.as_str(), user.display_name));
    }
    text.push_str(&format!("Password: {password}\n"));
    installation::write_secret(&sign_in_file(config), &text).map_err(Error::internal)
}

type Made = (Vec<OrgUnitId>, Vec<UserId>);

fn make_bank(conn: &mut DbConn, bank: &Bank, password_hash: &str) -> Result<Made> {
    let actor = Actor::operator(clock::now());
    let root = org::root(conn)?;
    let mut units: Vec<OrgUnitId> = Vec::with_capacity(bank.units.len());
    for unit in &bank.units {
        let id = match unit.parent.and_then(|index| units.get(index)) {
            None => {
                org::rename_root(conn, &actor, &unit.name)?;
                root.id
            }
            Some(parent) => {
                let new = NewOrgUnit {
                    parent_id: parent.uuid(),
                    kind: unit.kind,
                    code: unit.code.clone(),
                    name: unit.name.clone(),
                };
                org::create_unit(conn, &actor, &new)?.id
            }
        };
        units.push(Id::new(id));
    }
    let mut users = Vec::with_capacity(bank.users.len());
    for user in &bank.users {
        let unit = units.get(user.unit).ok_or_else(|| Error::internal("a demo user without a unit"))?;
        let new = NewUser {
            username: user.username.clone(),
            display_name: user.display_name.clone(),
            role: user.role,
            org_unit_id: unit.uuid(),
        };
        let password = org::NewPassword { hash: password_hash, must_change: false, expires_at: None };
        users.push(Id::new(org::create_user(conn, &actor, &new, password)?.id));
    }
    Ok((units, users))
}

fn make_customers(
    opened: &Opened,
    bank: &Bank,
    demo: Demo,
    (units, users, catalogue): (&[OrgUnitId], &[UserId], &[ProductId]),
) -> Result<()> {
    let Demo { seed, customers_only, .. } = demo;
    let customers = u64::from(demo.customers);
    // One actor for all: its ids rise, so that whatever goes through customers by their ids meets them as the seed made them.
    let actor = Actor::operator(clock::now());
    let now = actor.now();
    let today = opened.settings.day(now);
    let prepare = |n: u64| -> Result<(Prepared, Vec<DemoHolding>)> {
        let demo = generator::customer(seed, n, bank, today);
        let held =
            if customers_only { Vec::new() } else { generator::holdings::holdings(seed, n, &demo, today) };
        let unit =
            |index: usize| units.get(index).copied().ok_or_else(|| Error::internal("a unit that is none"));
        let user =
            |index: usize| users.get(index).copied().ok_or_else(|| Error::internal("a user that is none"));
        let prepared = Prepared {
            org_unit_id: unit(demo.unit)?,
            owner_id: demo.owner.map(user).transpose()?,
            team: demo.team.iter().map(|(index, role)| Ok((user(*index)?, *role))).collect::<Result<_>>()?,
            tier: demo.tier,
            aum: demo.aum,
            created_at: now.plus_seconds(-i64::from(demo.created_days_ago) * 86_400),
            updated_at: now.plus_seconds(-i64::from(demo.updated_days_ago) * 86_400),
            archived: demo.archived,
            new: demo.new,
        };
        Ok((prepared, held))
    };
    let calendar = Calendar { now, today };
    let house = House { keys: &opened.keys, settings: &opened.settings, directory: &Directory::default() };
    let whole = |n: u64| -> Result<Whole> {
        let (customer, held) = prepare(n)?;
        let dealings =
            if customers_only { Dealings::default() } else { dealings(seed, n, bank, calendar, users)? };
        Ok((customer, held, dealings))
    };
    let preparing = actor.clone();
    let batch = |from: u64| -> Result<Vec<Ready>> {
        let all: Vec<u64> = (from..(from + TRANSACTION).min(customers)).collect();
        let chunks = all.chunks(CHUNK).map(|chunk| {
            let chunk: Vec<Whole> = chunk.iter().map(|n| whole(*n)).collect::<Result<_>>()?;
            make_ready(house, &preparing, &chunk, catalogue)
        });
        chunks.collect()
    };
    opened.db.write_blocking(|conn| load::begin(conn).map_err(Error::from))?;
    // The next customers are made up, checked and sealed while the last ones are written.
    std::thread::scope(|scope| {
        let (made, making) = std::sync::mpsc::sync_channel(1);
        let starts = (0..customers).step_by(usize::try_from(TRANSACTION).unwrap_or(usize::MAX));
        scope.spawn(move || starts.map(batch).try_for_each(|batch| made.send(batch)));
        let mut written = 0;
        for prepared in making {
            let mut ready = prepared?;
            written += ready.iter().map(|chunk| chunk.customers.ids().count()).sum::<usize>();
            let (keys, settings) = (std::sync::Arc::clone(&opened.keys), opened.settings.clone());
            let actor = actor.clone();
            opened.db.write_blocking(move |conn| {
                load::begin_transaction(conn)?;
                let house = House { keys: &keys, settings: &settings, directory: &Directory::default() };
                ready.iter_mut().try_for_each(|chunk| write(conn, house, &actor, chunk))
            })?;
            if written % 50_000 == 0 {
                tracing::info!(customers = written, "demo data");
            }
        }
        Ok::<_, Error>(())
    })?;
    opened.db.write_blocking(|conn| {
        load::end(conn)?;
        guanxi_db::analyse(conn)?;
        Ok::<_, Error>(())
    })
}

/// A customer with what they hold and how they were in touch.
type Whole = (Prepared, Vec<DemoHolding>, Dealings);

/// Some customers with everything that is theirs, every rule kept, to be written.
struct Ready {
    customers: customers::Ready,
    holdings: Vec<Loaded>,
    contacts: interactions::Ready,
    tasks: Vec<tasks::Prepared>,
}

fn make_ready(
    house: House<'_>,
    actor: &Actor,
    customers: &[Whole],
    catalogue: &[ProductId],
) -> Result<Ready> {
    let new: Vec<Prepared> = customers.iter().map(|(new, _, _)| new.clone()).collect();
    let ready = customers::make_ready(actor, house, &new)?;
    let (mut held_by_all, mut contacts, mut to_do) = (Vec::new(), Vec::new(), Vec::new());
    for (id, (new, held, (own_contacts, own_tasks))) in ready.ids().zip(customers) {
        for held in held {
            held_by_all.push(loaded(id, new.created_at, held, catalogue, house.settings)?);
        }
        let of_customer =
            |contact: &interactions::Prepared| interactions::Prepared { customer_id: id, ..contact.clone() };
        contacts.extend(own_contacts.iter().map(of_customer));
        let of_customer = |task: &tasks::Prepared| tasks::Prepared { customer_id: Some(id), ..task.clone() };
        to_do.extend(own_tasks.iter().map(of_customer));
    }
    let contacts = interactions::make_ready(actor, &contacts)?;
    Ok(Ready { customers: ready, holdings: held_by_all, contacts, tasks: to_do })
}

fn write(conn: &mut DbConn, house: House<'_>, actor: &Actor, ready: &mut Ready) -> Result<()> {
    customers::write_many(conn, actor, &mut ready.customers)?;
    holdings::load(conn, actor, house, &ready.holdings)?;
    interactions::write_many(conn, actor, &ready.contacts)?;
    tasks::create_many(conn, actor, &ready.tasks)
}

/// The products and the exchange rates.
pub(crate) fn make_catalogue(conn: &mut DbConn, settings: &installation::Settings) -> Result<Vec<ProductId>> {
    let actor = Actor::operator(clock::now());
    let today = settings.day(actor.now());
    for (currency, rates) in RATES.iter().filter(|(code, _)| *code != settings.base_currency) {
        for (days, rate) in *rates {
            let valid_from = today.checked_sub_days(chrono::Days::new(u64::from(*days))).unwrap_or(today);
            let new = NewExchangeRate { currency: (*currency).to_owned(), valid_from, rate: *rate };
            products::add_rate(conn, &actor, settings, &new)?;
        }
    }
    let make = |product: &generator::holdings::DemoProduct| {
        let new = NewProduct {
            code: product.code.to_owned(),
            kind: product.kind,
            name: LocalName { zh_cn: product.zh.to_owned(), en: product.en.to_owned() },
            risk_grade: product.risk,
            currency: product.currency.unwrap_or(&settings.base_currency).to_owned(),
            counts_as_asset: None,
            term_days: product.term_days,
            terms: None,
        };
        Ok(ProductId::new(products::create_product(conn, &actor, &new)?.id))
    };
    PRODUCTS.iter().map(make).collect()
}

/// A holding of the generator as it is loaded.
pub(crate) fn loaded(
    customer_id: customers::CustomerId,
    created_at: Moment,
    held: &DemoHolding,
    catalogue: &[ProductId],
    settings: &installation::Settings,
) -> Result<Loaded> {
    let none = || Error::internal("a product that is none");
    let product = PRODUCTS.get(held.product).ok_or_else(none)?;
    Ok(Loaded {
        customer_id,
        product_id: catalogue.get(held.product).copied().ok_or_else(none)?,
        status: held.status,
        currency: product.currency.unwrap_or(&settings.base_currency).to_owned(),
        opening_amount: held.opening,
        quantity: held.quantity.map(|(number, unit)| Quantity { number, unit }),
        cost: held.cost,
        opened_on: held.opened_on,
        matures_on: held.matures_on,
        auto_renewal: held.auto_renewal,
        closed_on: held.closed_on,
        channel: held.channel,
        reference: Some(held.reference.clone()),
        transactions: held
            .transactions
            .iter()
            .map(|(day, kind, amount, channel)| LoadedTransaction {
                day: *day,
                kind: *kind,
                amount: *amount,
                channel: *channel,
            })
            .collect(),
        created_at,
    })
}

/// The moment and the bank's day at which demo data is made.
#[derive(Clone, Copy)]
struct Calendar {
    now: Moment,
    today: chrono::NaiveDate,
}

/// Contacts and tasks of a customer whose id is not known yet.
type Dealings = (Vec<interactions::Prepared>, Vec<tasks::Prepared>);

fn dealings(seed: u64, n: u64, bank: &Bank, calendar: Calendar, users: &[UserId]) -> Result<Dealings> {
    let Calendar { now, today } = calendar;
    let customer = generator::customer(seed, n, bank, today);
    let user = |index: usize| users.get(index).copied().ok_or_else(|| Error::internal("a user that is none"));
    let nobody = CustomerId::new(uuid::Uuid::nil());
    let contact = |contact: generator::DemoContact| -> Result<interactions::Prepared> {
        let day = today - chrono::Duration::days(i64::from(contact.days_ago));
        // Nine o'clock in the zone of the bank is one o'clock in UTC; elsewhere it is some hour of that day.
        let at = Moment::from(day.and_time(chrono::NaiveTime::MIN).and_utc());
        Ok(interactions::Prepared {
            customer_id: nobody,
            author_id: Some(user(contact.author)?),
            kind: contact.kind,
            direction: contact.direction,
            purpose: contact.purpose,
            outcome: contact.outcome,
            mood: contact.mood,
            duration_minutes: contact.duration_minutes,
            occurred_at: at.plus_seconds(3600 + i64::from(contact.minutes) * 60),
            recorded_at: at.plus_seconds(3600 + i64::from(contact.minutes) * 60),
            notes: contact.notes,
        })
    };
    let task = |task: generator::DemoTask| -> Result<tasks::Prepared> {
        let due_on = today + chrono::Duration::days(i64::from(task.due_in_days));
        let over = task.status != TaskStatus::Open;
        let assignee = user(task.assignee)?;
        Ok(tasks::Prepared {
            customer_id: None,
            title: task.title.to_owned(),
            assignee_id: assignee,
            creator_id: Some(assignee),
            due_on,
            priority: task.priority,
            status: task.status,
            source: TaskSource::Manual,
            outcome: task.outcome.map(str::to_owned),
            done_at: over.then(|| {
                Moment::from(due_on.and_time(chrono::NaiveTime::MIN).and_utc()).plus_seconds(9 * 3600)
            }),
            created_at: now.plus_seconds(-i64::from(task.created_days_ago) * 86_400),
        })
    };
    let contacts = generator::contacts(seed, n, &customer, bank).into_iter().map(contact);
    let to_do = generator::tasks(seed, n, &customer).into_iter().map(task);
    Ok((contacts.collect::<Result<_>>()?, to_do.collect::<Result<_>>()?))
}

/// Adds an administrator or another user from the command line; gives the password to hand over.
///
/// # Errors
/// As creating a user.
pub fn add_user(opened: &Opened, username: &str, display_name: &str, role: Role) -> Result<String> {
    let password = org::one_time_password()?;
    let hash = Hasher::new(Parameters::FLOOR, 1)?.hash_blocking(&password)?;
    let (username, display_name) = (username.to_owned(), display_name.to_owned());
    opened.db.write_blocking(move |conn| {
        let new = NewUser {
            username: username.clone(),
            display_name: display_name.clone(),
            role,
            org_unit_id: org::root(conn)?.id,
        };
        let password = org::NewPassword { hash: &hash, must_change: true, expires_at: None };
        org::create_user(conn, &Actor::operator(clock::now()), &new, password)
    })?;
    Ok(password)
}

#[cfg(test)]
mod tests {
    use diesel::prelude::*;
    use guanxi_db::DbError;
    use guanxi_db::schema::{customer, customer_figures, import_mapping, interaction, task, user_account};

    use super::*;
    use crate::server;
    use crate::testing::TestDatabase;
    use crate::verify::verify;

    fn demo_bank(customers: u32) -> (TestDatabase, Config, server::Opened, Demo) {
        let database = TestDatabase::new();
        let config = Config::from_values(&database.settings()).expect("settings");
        let opened = server::open(&config).expect("the database opens");
        let demo = Demo { customers, seed: 1, customers_only: false, duplicates: 0 };
        make(&config, &opened, demo).expect("demo data");
        (database, config, opened, demo)
    }

    #[test]
    fn a_demo_bank_has_contacts_and_tasks_and_holds_together() {
        let (_database, config, opened, demo) = demo_bank(300);
        let (contacts, to_do, mappings) = opened
            .db
            .read_blocking(|conn| {
                let contacts = interaction::table.count().get_result::<i64>(conn).map_err(DbError::from)?;
                let to_do = task::table.count().get_result::<i64>(conn).map_err(DbError::from)?;
                let mappings = import_mapping::table
                    .order(import_mapping::shared)
                    .select(import_mapping::shared)
                    .load::<bool>(conn)
                    .map_err(DbError::from)?;
                Ok::<_, Error>((contacts, to_do, mappings))
            })
            .expect("the database reads");
        assert!((2_500..4_500).contains(&contacts) && to_do > 50, "{contacts} contacts, {to_do} tasks");
        assert_eq!(mappings, [false, true, true], "kept mappings, and whether they are shared");
        let report = opened.db.read_blocking(verify).expect("the database reads");
        assert_eq!(report.wrong, Vec::<String>::new());
        assert!(make(&config, &opened, demo).is_err(), "demo data goes only into an empty database");
    }

    /// Number, tier, average, whether in grace, whether a hidden gem, status, and the owner's name.
    type Chosen = (String, String, i64, bool, bool, String, Option<String>);

    /// What was chosen among the customers once they were there: whose assets have fallen, who moved a large sum, who is lost and whose owner
    /// has left.
    fn chosen(opened: &server::Opened) -> Vec<Chosen> {
        let rows = |conn: &mut DbConn| {
            customer::table
                .inner_join(customer_figures::table)
                .left_join(user_account::table)
                .order(customer::customer_no)
                .select((
                    customer::customer_no,
                    customer_figures::tier,
                    customer_figures::average_aum,
                    customer_figures::in_grace,
                    customer_figures::hidden_gem,
                    customer::status,
                    user_account::username.nullable(),
                ))
                .load(conn)
                .map_err(|error| Error::from(DbError::from(error)))
        };
        opened.db.read_blocking(rows).expect("the database reads")
    }

    #[test]
    fn the_same_seed_makes_the_same_bank() {
        let (_one, _, one, _) = demo_bank(600);
        let (_other, _, other, _) = demo_bank(600);
        let (one, other) = (chosen(&one), chosen(&other));
        assert!(one.iter().any(|customer| customer.3) && one.iter().any(|customer| customer.4));
        assert!(one.iter().any(|customer| customer.5 == "lost"));
        assert_eq!(one, other);
    }
}
