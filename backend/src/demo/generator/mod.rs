//! Made-up customers of a made-up bank, for trying, learning and measuring.
//!
//! Everything here is fiction: the bank, its staff and its customers do not exist, names are put together by chance, identity
//! numbers lie in regions that no place has, telephone numbers in ranges that no subscriber has, and e-mail addresses in the
//! domains of RFC 2606. A likeness to anyone is accidental.
//!
//! The same seed gives the same customers, on every machine and with every version of every library: customer `n` has a
//! random stream of their own, so they are the same whatever the number of customers is, and can be made in any order and
//! on several threads. Only where they belong (unit, owner, team) depends on the [`Bank`], which grows with the number of
//! customers. Dates are counted back from the `today` that is given.

mod amounts;
mod bank;
mod contacts;
mod copies;
mod firms;
pub mod holdings;
mod names;
mod numbers;
mod people;
mod places;
mod surveys;
mod texts;

use chrono::NaiveDate;
use guanxi_api::{
    Amount, Channel, CustomerSource, CustomerStatus, DoNotContact, ExternalId, Hours, NewCustomer,
    Restriction, RiskAttribute, TeamRole, Tier,
};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

pub use bank::{Bank, DemoUnit, DemoUser};
pub use contacts::{DemoContact, DemoTask, contacts, tasks};
pub use copies::copy;
use places::City;
pub use surveys::{answer as survey_answer, questionnaire};

/// A customer to be written, with what a new customer cannot say of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DemoCustomer {
    /// Valid by the contract and by the rules of customers; `org_unit_id` and `owner_id` are empty and come from `unit` and
    /// `owner`.
    pub new: NewCustomer,
    /// By `aum` and the thresholds of product row A4.
    pub tier: Tier,
    /// In the base currency; nothing for prospects and lost customers.
    pub aum: Amount,
    /// The responsible relationship manager, as an index into [`Bank::users`]: everyone from gold up has one.
    pub owner: Option<usize>,
    /// Index into [`Bank::units`], always an outlet.
    pub unit: usize,
    /// The maintenance team beside the owner, as indices into [`Bank::users`].
    pub team: Vec<(usize, TeamRole)>,
    pub archived: bool,
    /// Days from the record's creation to today.
    pub created_days_ago: u32,
    /// Days from its last change to today, at most as many.
    pub updated_days_ago: u32,
}

/// The bank that so many customers belong to.
pub fn bank(seed: u64, customers: u64) -> Bank {
    Bank::new(seed, customers)
}

/// Customer `n` of a seed, counted from 0; `today` is the bank's day, from which ages and dates are counted back.
pub fn customer(seed: u64, n: u64, bank: &Bank, today: NaiveDate) -> DemoCustomer {
    let mut draw = Draw::new(seed, Purpose::Customer, n);
    let draw = &mut draw;
    let (city_index, city) = City::draw(draw);
    let tier = draw
        .weighted(&[
            (780, Tier::Mass),
            (160, Tier::Gold),
            (45, Tier::Platinum),
            (10, Tier::Diamond),
            (5, Tier::Private),
        ])
        .unwrap_or(Tier::Mass);
    // Of a thousand customers in all 120 are prospects, 60 dormant and 20 lost; only dormant ones have assets left.
    let status = draw.weighted(match tier {
        Tier::Mass => &[
            (602, CustomerStatus::Active),
            (120, CustomerStatus::Prospect),
            (38, CustomerStatus::Dormant),
            (20, CustomerStatus::Lost),
        ],
        _ => &[(198, CustomerStatus::Active), (22, CustomerStatus::Dormant)],
    });
    let status = status.unwrap_or(CustomerStatus::Active);
    let has_left = status == CustomerStatus::Lost;
    let is_prospect = status == CustomerStatus::Prospect;
    let drawn_assets = amounts::assets(draw, tier);
    let aum = if has_left || is_prospect { Amount(0) } else { drawn_assets };
    let years = draw.weighted(&[(220, (0, 1)), (280, (1, 3)), (230, (3, 7)), (180, (7, 12)), (90, (12, 20))]);
    let (from, to) = years.unwrap_or((0, 1));
    let days = from * 365 + 15 + draw.below((to - from) * 365 - 15);
    let subject = Subject {
        seed,
        n,
        today,
        city,
        tier,
        aum,
        status,
        relationship_days: (!is_prospect).then_some(days),
    };

    let is_person = draw.in_thousand(920);
    let mut new = if is_person { people::customer(draw, &subject) } else { firms::customer(draw, &subject) };
    new.status = status;
    new.province = Some(city.province.to_owned());
    new.city = Some(city.name.to_owned());
    new.external_ids = vec![external_id(n)];
    new.source = draw
        .weighted(&[
            (200, Some(CustomerSource::OwnCircle)),
            (300, Some(CustomerSource::Introduced)),
            (180, Some(CustomerSource::Direct)),
            (220, Some(CustomerSource::Attracted)),
            (100, None),
        ])
        .flatten();
    let risk = draw.weighted(&[
        (180, RiskAttribute::C1),
        (290, RiskAttribute::C2),
        (310, RiskAttribute::C3),
        (160, RiskAttribute::C4),
        (60, RiskAttribute::C5),
    ]);
    new.risk_attribute = risk.filter(|_| draw.in_thousand(if is_prospect { 250 } else { 900 }));
    if draw.in_thousand(30) {
        new.do_not_contact = do_not_contact(draw);
    }
    if draw.in_thousand(5) {
        new.restricted = restriction(draw, today);
    }

    // Records are younger than many of the relationships they tell of.
    let oldest = if is_prospect { 60 + draw.below(340) } else { 300 + draw.below(800) };
    let record_days = days.min(oldest);
    let created_days_ago =
        record_days.min(new.customer_since.map_or(record_days, |since| age_in_days(since, today)));
    let updated_days_ago = draw.below(created_days_ago + 1);
    let archived = draw.in_thousand(if has_left { 120 } else { 8 });
    let place = bank.place(&mut Draw::new(seed, Purpose::Place, n), city_index, tier);
    DemoCustomer {
        new,
        tier,
        aum,
        owner: place.owner,
        unit: place.unit,
        team: place.team,
        archived,
        created_days_ago,
        updated_days_ago,
    }
}

/// The key of customer `n` in another system: `core` for seven customers of ten, `erp` for the others.
pub fn external_id(n: u64) -> ExternalId {
    if n % 10 < 7 {
        ExternalId { source: "core".to_owned(), id: (6_000_000_000 + n).to_string() }
    } else {
        ExternalId { source: "erp".to_owned(), id: format!("K{n:08}") }
    }
}

fn do_not_contact(draw: &mut Draw) -> DoNotContact {
    let mut wish = DoNotContact::default();
    match draw.below(3) {
        0 => wish.all = true,
        1 => wish.channels = draw.some(&[Channel::Phone, Channel::Sms, Channel::Email, Channel::Visit], 2),
        _ => {
            let (from, to) =
                draw.pick(&[("21:00", "09:00"), ("12:00", "14:00"), ("20:00", "10:00")]).unwrap_or_default();
            wish.hours = Some(Hours { from: from.to_owned(), to: to.to_owned() });
        }
    }
    wish
}

fn restriction(draw: &mut Draw, today: NaiveDate) -> Option<Restriction> {
    let (reason, source) = draw.pick(texts::RESTRICTIONS)?;
    let days = u64::from(draw.below(300) + 30);
    let until = draw.in_thousand(600).then(|| today.checked_add_days(chrono::Days::new(days))).flatten();
    Some(Restriction { reason: reason.to_owned(), source: source.to_owned(), until })
}

fn age_in_days(day: NaiveDate, today: NaiveDate) -> u32 {
    u32::try_from((today - day).num_days()).unwrap_or_default()
}

/// What is settled about a customer before the fields are filled.
struct Subject {
    seed: u64,
    n: u64,
    today: NaiveDate,
    city: &'static City,
    tier: Tier,
    aum: Amount,
    status: CustomerStatus,
    /// Days since the relationship began; nothing for prospects.
    relationship_days: Option<u32>,
}

/// What a stream of random numbers is for; streams of different purposes have nothing in common.
#[derive(Clone, Copy)]
enum Purpose {
    Staff = 1,
    Customer = 2,
    Place = 3,
    Holding = 4,
    Contacts = 5,
    Tasks = 6,
    Survey = 30,
    Copy = 40,
}

/// A stream of choices, fixed by seed, purpose and index for ever: the key stream of ChaCha8, and arithmetic that is here
/// and not in a library.
struct Draw(ChaCha8Rng);

impl Draw {
    fn new(seed: u64, purpose: Purpose, index: u64) -> Draw {
        let mut key = [0; 32];
        for (to, from) in key.iter_mut().zip(seed.to_le_bytes().into_iter().chain([purpose as u8])) {
            *to = from;
        }
        let mut stream = ChaCha8Rng::from_seed(key);
        stream.set_stream(index);
        Draw(stream)
    }

    fn next(&mut self) -> u32 {
        self.0.next_u32()
    }

    /// Less than `bound`, or 0.
    fn below(&mut self, bound: u32) -> u32 {
        u32::try_from((u64::from(self.next()) * u64::from(bound)) >> 32).unwrap_or_default()
    }

    /// From `low` to `high`, both included.
    fn between(&mut self, low: i32, high: i32) -> i32 {
        low.saturating_add_unsigned(self.below(high.abs_diff(low) + 1))
    }

    /// True so many times of a thousand.
    fn in_thousand(&mut self, times: u32) -> bool {
        self.below(1000) < times
    }

    /// One of the items; nothing if there is none.
    fn pick<T: Copy>(&mut self, items: &[T]) -> Option<T> {
        let index = self.below(u32::try_from(items.len()).ok()?);
        items.get(usize::try_from(index).ok()?).copied()
    }

    fn word(&mut self, words: &[&'static str]) -> &'static str {
        self.pick(words).unwrap_or_default()
    }

    /// One of the Chinese characters of a text.
    fn glyph(&mut self, text: &'static str) -> &'static str {
        // Each of them takes three bytes in UTF-8.
        let index = self.below(u32::try_from(text.len() / 3).unwrap_or_default());
        let start = usize::try_from(index).unwrap_or_default() * 3;
        text.get(start..start + 3).unwrap_or_default()
    }

    /// One of the items by weight; nothing if there is none.
    fn weighted<T: Copy>(&mut self, items: &[(u32, T)]) -> Option<T> {
        let mut left = self.below(items.iter().map(|(weight, _)| weight).sum());
        for (weight, item) in items {
            if left < *weight {
                return Some(*item);
            }
            left -= weight;
        }
        None
    }

    /// From one to `most` different items, in their order.
    fn some<T: Copy>(&mut self, items: &[T], most: u32) -> Vec<T> {
        let mut left = self.below(most) + 1;
        let mut chosen = Vec::new();
        for (index, item) in items.iter().enumerate() {
            let remaining = u32::try_from(items.len() - index).unwrap_or(u32::MAX);
            if self.below(remaining) < left {
                chosen.push(*item);
                left -= 1;
            }
            if left == 0 {
                break;
            }
        }
        chosen
    }
}

#[cfg(test)]
mod tests;
