use std::collections::HashMap;

use chrono::Days;
use guanxi_api::{
    HandoverItem, HandoverLine, HandoverLineState, HandoverMaturity, HandoverState, Instant, Page, TaskSource,
};
use guanxi_db::{DbConn, Id, Moment, Value};

use crate::access::{Actor, Reach, Scope};
use crate::customers::{self, CustomerId, House};
use crate::error::{Error, Result};
use crate::listing::filter::FieldType;
use crate::listing::{Field, ListRequest, Resource, set_total};
use crate::ownership::{HandoverId, known, store};
use crate::{holdings, interactions, tasks};

/// Days back for complaints, and ahead for maturities.
const NEAR: Days = Days::new(90);
/// Most items of a kind of one customer.
const ITEMS: usize = 10;

static FIELDS: &[Field] = &[
    Field::new("place", "handover_customer.place", FieldType::Integer)
        .sortable_with("handover_customer.customer_id"),
    Field::new("state", "handover_customer.state", FieldType::Code(HandoverLineState::CODES)),
    Field::new("to_user_id", "handover_customer.user_id", FieldType::Id),
];

pub(crate) static SHEET: Resource = Resource {
    name: "handover-customers",
    fields: FIELDS,
    default_sort: "place",
    id_column: "handover_customer.customer_id",
    unless_asked: None,
};

/// The customers of a handover with what is under way, the largest assets first. Whoever is to take some sees those alone. Once a customer was handed over,
/// skipped or kept, it stands there only for whoever sees it.
///
/// # Errors
/// 404 for a handover that the actor does not see; else as every list.
pub fn lines(
    conn: &mut DbConn,
    actor: &Actor,
    house: House<'_>,
    id: HandoverId,
    request: &ListRequest,
) -> Result<Page<HandoverLine>> {
    let handover = store::find(conn, actor, id)?;
    let of = actor.user_id().filter(|me| actor.reach() == Reach::Team && *me != handover.from_user_id);
    let open = [HandoverState::Proposed, HandoverState::Accepted].map(HandoverState::as_str);
    let shown = store::shown(of, open.contains(&handover.state.as_str()), &Scope::of(actor));
    let asked = ListRequest { q: Some(id.to_string()), ..request.clone() };
    let listing = asked.read(&SHEET, actor, house.keys.cursor())?;
    let mut rows = store::lines(conn, id, shown.clone(), &listing)?;
    let mut info = listing.page(
        &mut rows,
        house.keys.cursor(),
        |(row, _), _| Value::Integer(row.place.into()),
        |(row, _)| Id::new(row.customer_id.uuid()),
    )?;
    if listing.total {
        set_total(&mut info, store::count_lines(conn, id, shown, &listing)?);
    }
    let ids: Vec<CustomerId> = rows.iter().map(|(row, _)| row.customer_id).collect();
    let mut under_way = under_way(conn, actor, house, &ids)?;
    // Whoever is to take a customer does not see it yet: the sheet is what they decide by.
    let everywhere = Actor::operator(actor.now());
    let customers = customers::related(conn, &everywhere, house, &ids)?;
    let names = house.directory.newest(conn)?;
    let data = rows.into_iter().map(|(row, last_contacted_at)| {
        let found = under_way.remove(&row.customer_id).unwrap_or_default();
        Ok(HandoverLine {
            id: row.customer_id.uuid(),
            customer: customers.get(&row.customer_id).cloned().ok_or_else(Error::not_found)?,
            to: names.user(row.user_id)?,
            state: known(HandoverLineState::from_code(&row.state))?,
            last_contacted_at: (last_contacted_at > Moment::EARLIEST)
                .then(|| Instant(last_contacted_at.to_utc())),
            tasks: found.tasks,
            promises: found.promises,
            complaints: found.complaints,
            maturities: found.maturities,
        })
    });
    Ok(Page { data: data.collect::<Result<_>>()?, page: info })
}

#[derive(Default)]
struct UnderWay {
    tasks: Vec<HandoverItem>,
    promises: Vec<HandoverItem>,
    complaints: Vec<HandoverItem>,
    maturities: Vec<HandoverMaturity>,
}

fn under_way(
    conn: &mut DbConn,
    actor: &Actor,
    house: House<'_>,
    ids: &[CustomerId],
) -> Result<HashMap<CustomerId, UnderWay>> {
    fn push<T>(items: &mut Vec<T>, item: T) {
        if items.len() < ITEMS {
            items.push(item);
        }
    }
    let today = house.settings.day(actor.now());
    let mut found: HashMap<CustomerId, UnderWay> = HashMap::new();
    for (customer, task) in tasks::open_among(conn, ids)? {
        let of = found.entry(customer).or_default();
        let item = HandoverItem { id: task.id, text: Some(task.title), on: task.due_on };
        push(if task.source == TaskSource::Interaction { &mut of.promises } else { &mut of.tasks }, item);
    }
    let since = house.settings.start_of(today.checked_sub_days(NEAR).unwrap_or(today));
    for (customer, id, at, notes) in interactions::complaints_among(conn, ids, since)? {
        let text = notes.map(|notes| notes.chars().take(200).collect());
        let item = HandoverItem { id, text, on: house.settings.day(at) };
        push(&mut found.entry(customer).or_default().complaints, item);
    }
    let until = today.checked_add_days(NEAR).unwrap_or(today);
    for (customer, maturity) in holdings::maturing_among(conn, house, ids, (today, until))? {
        push(&mut found.entry(customer).or_default().maturities, maturity);
    }
    Ok(found)
}
