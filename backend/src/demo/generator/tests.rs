use std::collections::{BTreeMap, HashMap, HashSet};

use chrono::Datelike;
use guanxi_api::{ContactPointKind, CustomerKind, IdentityKind, OrgUnitKind, Role};
use validator::Validate;

use super::*;
use crate::customers::rules::{contact, identity};
use crate::text;

const SEED: u64 = 20_260;

fn today() -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 11, 22).unwrap()
}

fn customers(number: u64) -> (Bank, Vec<DemoCustomer>) {
    let bank = bank(SEED, number);
    let customers = (0..number).map(|n| customer(SEED, n, &bank, today())).collect();
    (bank, customers)
}

/// FNV-1a, so that the figure does not hang on a library.
fn fingerprint(text: &str, hash: u64) -> u64 {
    text.bytes().fold(hash, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

#[test]
fn the_first_thousand_are_always_the_same() {
    let (_, customers) = customers(1_000);
    let mut hash = 0xcbf2_9ce4_8422_2325;
    for customer in &customers {
        hash = fingerprint(&serde_json::to_string(&customer.new).unwrap(), hash);
        let rest =
            (customer.tier, customer.aum, customer.owner, customer.unit, &customer.team, customer.archived);
        hash = fingerprint(&format!("{rest:?}{}", customer.created_days_ago), hash);
    }
    // A new field of the contract or of the generator changes it; a new version of a library must not.
    assert_eq!(format!("{hash:016x}"), "71d0f020b8afe867");
}

#[test]
fn a_customer_is_the_same_whatever_their_number_is() {
    let (small, large) = (bank(SEED, 2_000), bank(SEED, 1_000_000));
    for n in [0, 1, 17, 999, 123_456_789] {
        let (mut one, two) = (customer(SEED, n, &small, today()), customer(SEED, n, &large, today()));
        assert_eq!(
            one.team.iter().map(|(_, role)| role).collect::<Vec<_>>(),
            two.team.iter().map(|(_, role)| role).collect::<Vec<_>>()
        );
        assert_eq!(one.owner.is_some(), two.owner.is_some());
        (one.owner, one.unit, one.team) = (two.owner, two.unit, two.team.clone());
        assert_eq!(one, two);
    }
    let bank = bank(SEED, 2_000);
    assert_ne!(customer(SEED, 0, &bank, today()).new, customer(SEED + 1, 0, &bank, today()).new);
}

#[test]
fn every_customer_keeps_the_rules() {
    let (bank, customers) = customers(5_000);
    let mut once = HashSet::new();
    for customer in &customers {
        let new = &customer.new;
        new.validate().unwrap_or_else(|errors| panic!("{new:?}: {errors}"));
        assert_eq!(text::line(&new.name, 200).as_deref(), Ok(new.name.as_str()));
        if let Some(document) = &new.identity {
            let read = identity::check(document.kind, &document.number, today())
                .unwrap_or_else(|broken| panic!("{}: {broken}", document.number));
            assert_eq!(read.number, document.number);
            assert_eq!(identity::is_of_organisation(document.kind), new.kind == CustomerKind::Organisation);
            if read.birth_date.is_some() {
                assert_eq!((read.birth_date, read.gender), (new.birth_date, new.gender));
            }
            assert!(once.insert(document.number.clone()), "{}", document.number);
        }
        let mut primaries = HashMap::new();
        for point in &new.contact_points {
            let read = contact::check(point.kind, &point.value)
                .unwrap_or_else(|broken| panic!("{}: {broken}", point.value));
            let stored = if point.kind == ContactPointKind::Phone {
                format!("+86{}", point.value)
            } else {
                point.value.clone()
            };
            assert_eq!(read.value, stored);
            assert!(
                point.kind == ContactPointKind::Address || once.insert(point.value.clone()),
                "{}",
                point.value
            );
            *primaries.entry(point.kind).or_insert(0) += u32::from(point.primary);
            let reserved = ["@example.com", "@example.net", "@example.org"]
                .iter()
                .any(|domain| point.value.ends_with(domain));
            assert!(point.kind != ContactPointKind::Email || reserved, "{}", point.value);
        }
        assert!(primaries.values().all(|primaries| *primaries == 1), "{new:?}");
        for id in &new.external_ids {
            assert!(once.insert(format!("{} {}", id.source, id.id)));
        }

        assert!(new.birth_date.is_none() || new.birth_year.is_none());
        let adult = |born: i32| (18..=90).contains(&(today().year() - born));
        assert!(new.birth_date.is_none_or(|date| adult(date.year())) && new.birth_year.is_none_or(adult));
        assert!(new.customer_since.is_none_or(|since| since < today()));
        assert_eq!(new.customer_since.is_none(), new.status == CustomerStatus::Prospect);
        assert!(
            new.customer_since.is_none_or(|since| customer.created_days_ago <= age_in_days(since, today()))
        );
        assert!(customer.updated_days_ago <= customer.created_days_ago);
        let of_a_person =
            new.gender.is_some() && new.business_state.is_none() && new.organisation_size.is_none();
        let of_an_organisation =
            new.gender.is_none() && new.marital_status.is_none() && new.birth_date.is_none();
        assert!(if new.kind == CustomerKind::Person { of_a_person } else { of_an_organisation }, "{new:?}");

        let unit = &bank.units[customer.unit];
        assert_eq!(unit.kind, OrgUnitKind::Outlet);
        if let Some(owner) = customer.owner {
            assert_eq!((bank.users[owner].role, bank.users[owner].unit), (Role::Rm, customer.unit));
        }
        let roles: Vec<TeamRole> =
            customer.team.iter().map(|(_, role)| *role).filter(|role| *role != TeamRole::Adviser).collect();
        use TeamRole::{BranchManager, DeputyManager, OutletHead};
        let expected: &[TeamRole] = match customer.tier {
            Tier::Mass => &[],
            Tier::Gold => &[OutletHead],
            Tier::Platinum => &[OutletHead, DeputyManager],
            Tier::Diamond | Tier::Private => &[OutletHead, DeputyManager, BranchManager],
        };
        assert_eq!(roles, expected);
        for (user, role) in &customer.team {
            assert_eq!(bank.users[*user].role.as_str(), role.as_str());
        }
        assert!(customer.tier == Tier::Mass || customer.owner.is_some());
        let threshold = |from: i64, to: i64| (from * 10_000..to * 10_000).contains(&customer.aum.0);
        assert!(match customer.tier {
            Tier::Mass => threshold(0, 100_000),
            Tier::Gold => threshold(100_000, 1_000_000),
            Tier::Platinum => threshold(1_000_000, 5_000_000),
            Tier::Diamond => threshold(5_000_000, 8_000_000),
            Tier::Private => threshold(8_000_000, 1_000_000_000),
        });
    }
}

#[test]
fn shares_are_as_planned() {
    const NUMBER: u64 = 100_000;
    let bank = bank(SEED, NUMBER);
    let mut counts: BTreeMap<String, u32> = BTreeMap::new();
    let mut books: HashMap<usize, u32> = HashMap::new();
    let mut surnames = HashSet::new();
    for n in 0..NUMBER {
        let customer = customer(SEED, n, &bank, today());
        let new = &customer.new;
        let mut count = |what: &str| *counts.entry(what.to_owned()).or_default() += 1;
        count(new.kind.as_str());
        count(customer.tier.as_str());
        count(new.status.as_str());
        let city = new.city.as_deref().unwrap_or_default();
        if city == "上海" {
            count(city);
            if customer.tier == Tier::Mass && !customer.archived {
                count("mass in the largest city");
            }
        }
        let document = new.identity.as_ref().map(|document| document.kind);
        match (new.kind, document) {
            (CustomerKind::Person, Some(IdentityKind::ResidentCard)) => count("resident card"),
            (CustomerKind::Organisation, Some(_)) => count("credit code"),
            _ => {}
        }
        for (told, is) in [
            ("archived", customer.archived),
            ("do not contact", new.do_not_contact != DoNotContact::default()),
            ("restricted", new.restricted.is_some()),
            ("Latin", new.kind == CustomerKind::Person && new.name.is_ascii()),
            ("mass with owner", customer.tier == Tier::Mass && customer.owner.is_some()),
            ("notes", new.notes.is_some()),
            ("outside assets", !new.outside_assets.is_empty()),
        ] {
            if is {
                count(told);
            }
        }
        count(&new.external_ids[0].source);
        if let Some(owner) = customer.owner {
            *books.entry(owner).or_default() += 1;
        }
        surnames.insert(new.name.chars().next());
    }
    let expected = [
        ("person", 91_500..=92_500),
        ("organisation", 7_500..=8_500),
        ("mass", 77_500..=78_500),
        ("gold", 15_500..=16_500),
        ("platinum", 4_200..=4_800),
        ("diamond", 850..=1_150),
        ("private", 400..=600),
        ("active", 79_000..=81_000),
        ("prospect", 11_500..=12_500),
        ("dormant", 5_700..=6_300),
        ("lost", 1_800..=2_200),
        ("上海", 21_500..=22_500),
        ("mass in the largest city", 16_000..=18_000),
        ("resident card", 75_000..=80_000),
        ("credit code", 7_200..=8_000),
        ("archived", 800..=1_200),
        ("do not contact", 2_700..=3_300),
        ("restricted", 400..=600),
        ("Latin", 1_300..=2_100),
        ("mass with owner", 30_000..=32_500),
        ("notes", 40_000..=47_000),
        ("outside assets", 8_000..=13_000),
        ("core", 70_000..=70_000),
        ("erp", 30_000..=30_000),
    ];
    for (what, range) in expected {
        assert!(range.contains(&counts[what]), "{what}: {} {counts:?}", counts[what]);
    }
    let (least, most) = (books.values().min().unwrap(), books.values().max().unwrap());
    assert!(*least >= 130 && *most <= 400, "{least} {most}");
    assert_eq!(books.len(), bank.users.iter().filter(|user| user.role == Role::Rm).count());
    assert!(surnames.len() > 180, "{}", surnames.len());
    for rare in "单曾解仇查欧上尉".chars() {
        assert!(surnames.contains(&Some(rare)), "{rare}");
    }
}

#[test]
fn choices_do_not_leave_their_bounds() {
    let mut draw = Draw::new(1, Purpose::Customer, 1);
    for _ in 0..10_000 {
        assert!((-3..=3).contains(&draw.between(-3, 3)));
        let some = draw.some(&[1, 2, 3, 4], 3);
        assert!((1..=3).contains(&some.len()) && some.is_sorted());
        assert!(["好", "字"].contains(&draw.glyph("好字")));
        assert_ne!(draw.weighted(&[(1, 'a'), (0, 'b')]), Some('b'));
    }
    assert_eq!((draw.below(0), draw.pick::<u8>(&[]), draw.weighted::<u8>(&[])), (0, None, None));
}

#[test]
fn what_customers_hold_sums_to_their_assets() {
    use guanxi_api::{Amount, HoldingStatus};

    use super::holdings::{PRODUCTS, holdings, rate};
    use crate::products::rules::convert;

    let today = NaiveDate::from_ymd_opt(2026, 11, 26).unwrap();
    let bank = super::bank(7, 3000);
    let (mut count, mut foreign, mut negative, mut soon) = (0, 0, 0, 0);
    for n in 0..3000 {
        let customer = super::customer(7, n, &bank, today);
        let held = holdings(7, n, &customer, today);
        assert_eq!(held, holdings(7, n, &customer, today));
        let mut assets = 0;
        for holding in &held {
            let product = &PRODUCTS[holding.product];
            assert!(holding.opened_on <= today, "{n}: {holding:?}");
            assert!(
                holding
                    .transactions
                    .iter()
                    .all(|(day, _, amount, _)| { (holding.opened_on..=today).contains(day) && amount.0 > 0 }),
                "{n}: {holding:?}"
            );
            if holding.status == HoldingStatus::Active && product.kind.counts_as_asset() {
                assets += convert(Amount(holding.amount()), rate(product.currency)).0;
            }
            count += 1;
            foreign += u32::from(product.currency.is_some());
            negative += u32::from(holding.amount() < 0);
            let due = holding.matures_on.is_some_and(|day| (0..90).contains(&(day - today).num_days()));
            soon += u32::from(due);
        }
        assert_eq!(assets, customer.aum.0, "{n}");
    }
    assert!((6_000..12_000).contains(&count), "{count}");
    assert!(foreign > 20 && negative > 5 && soon > 200, "{foreign} {negative} {soon}");
}

#[test]
fn contacts_and_tasks_are_as_planned() {
    let (bank, all) = customers(2_000);
    let contacts: Vec<Vec<DemoContact>> =
        all.iter().enumerate().map(|(n, customer)| contacts(1, n as u64, customer, &bank)).collect();
    let count: usize = contacts.iter().map(Vec::len).sum();
    assert!((9 * all.len()..13 * all.len()).contains(&count), "{count} contacts of {}", all.len());
    let mut texts = std::collections::BTreeSet::new();
    for (customer, own) in all.iter().zip(&contacts) {
        for contact in own {
            assert!(
                (1..=730).contains(&contact.days_ago) && contact.days_ago <= customer.created_days_ago.max(2)
            );
            assert!(contact.author < bank.users.len() && contact.minutes < 480);
            assert_eq!(contact.duration_minutes.filter(|_| !contact.outcome.is_connected()), None);
            if let Some(notes) = &contact.notes {
                let long = notes.chars().count();
                assert!((20..=150).contains(&long), "{long}: {notes}");
                texts.insert(notes.clone());
            }
        }
    }
    assert!(texts.len() > 500, "only {} notes", texts.len());
    let tasks: Vec<DemoTask> =
        all.iter().enumerate().flat_map(|(n, customer)| tasks(1, n as u64, customer)).collect();
    let share = |wanted: fn(&DemoTask) -> bool| tasks.iter().filter(|task| wanted(task)).count();
    assert!(share(|task| task.status == guanxi_api::TaskStatus::Open && task.due_in_days < 0) > 20);
    assert!(share(|task| task.status == guanxi_api::TaskStatus::Open && task.due_in_days >= 0) > 50);
    assert!(share(|task| task.status == guanxi_api::TaskStatus::Done && task.outcome.is_some()) > 100);
    assert_eq!(contacts[7], super::contacts(1, 7, &all[7], &bank), "the same seed gives the same contacts");
}
