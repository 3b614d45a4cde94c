//! Who is responsible for a customer, and who was: a line for each time, written wherever `customer.owner_id` is, in its transaction. Whoever
//! was responsible when a customer was lost stands there as well.

mod store;

use guanxi_api::{CustomerStatus, OwnershipHow, OwnershipPeriod, Page, Role};
use guanxi_db::{DbConn, Id, Value};

use crate::access::{Actor, OrgUnitId, Scope, UserId};
use crate::audit;
use crate::customers::store::{self as rows, CustomerRow};
use crate::customers::{CustomerId, House, change, known, ownership, view};
use crate::error::{Code, Error, Result};
use crate::listing::filter::FieldType;
use crate::listing::{Field, ListRequest, Resource, set_total};
use crate::org::{self, Names};
use store::{LossRow, PeriodRow};

/// Marks ids of losses.
#[derive(Debug)]
pub enum CustomerLossMark {}

static FIELDS: &[Field] = &[
    Field::new("from", "customer_ownership.began_at", FieldType::Instant).sortable(),
    Field::new("owner_id", "customer_ownership.owner_id", FieldType::Id),
    Field::new("how", "customer_ownership.how", FieldType::Code(OwnershipHow::CODES)),
];

pub(crate) static OWNERSHIP: Resource = Resource {
    name: "ownership",
    fields: FIELDS,
    default_sort: "-from",
    id_column: "customer_ownership.id",
    unless_asked: None,
};

/// How an owner comes or goes, and who has decided it.
#[derive(Clone, Copy, Debug)]
pub struct Cause {
    pub how: OwnershipHow,
    pub by: Option<UserId>,
}

impl Cause {
    /// What the action says of a change says how as well.
    pub(super) fn of(actor: &Actor, action: &str) -> Self {
        let how = match action {
            "created" => OwnershipHow::Created,
            "created_many" | "upserted_many" => OwnershipHow::Import,
            "handed_over" => OwnershipHow::Handover,
            "fell_back" => OwnershipHow::Pool,
            "claimed" => OwnershipHow::Claimed,
            _ => OwnershipHow::Assigned,
        };
        Cause { how, by: actor.user_id() }
    }
}

/// Puts on record what differs in owner and loss between states of customers. Whoever takes a customer, or has accepted a handover, has
/// signed for it.
///
/// # Errors
/// When the database fails.
pub(super) fn record(
    conn: &mut DbConn,
    actor: &Actor,
    cause: Cause,
    changes: &[(Option<&CustomerRow>, &CustomerRow)],
) -> Result<()> {
    let (mut ended, mut begun, mut lost, mut returned) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let is_lost = |row: &CustomerRow| row.status == CustomerStatus::Lost.as_str();
    for (before, after) in changes {
        let owner = before.and_then(|row| row.owner_id);
        if owner != after.owner_id {
            if owner.is_some() {
                ended.push(after.id);
            }
            if let Some(owner_id) = after.owner_id {
                let signed = cause.how == OwnershipHow::Handover || actor.user_id() == Some(owner_id);
                // One that is made with a past has it from its beginning on.
                let began_at = if before.is_none() { after.created_at } else { actor.now() };
                begun.push(PeriodRow {
                    id: actor.new_id(),
                    customer_id: after.id,
                    owner_id,
                    began_at,
                    how: cause.how.as_str().to_owned(),
                    began_by: cause.by,
                    signed_at: signed.then_some(began_at),
                    ended_at: None,
                    ended_how: None,
                    ended_by: None,
                });
            }
        }
        match before.map(is_lost) {
            Some(false) if is_lost(after) => lost.push(LossRow {
                id: actor.new_id(),
                customer_id: after.id,
                owner_id: after.owner_id,
                org_unit_id: after.org_unit_id,
                lost_at: actor.now(),
                recorded_by: actor.user_id(),
                returned_at: None,
            }),
            Some(true) if !is_lost(after) => returned.push(after.id),
            _ => {}
        }
    }
    store::end(conn, &ended, cause, actor.now())?;
    store::begin(conn, &begun)?;
    store::insert_losses(conn, &lost)?;
    store::end_losses(conn, &returned, actor.now())
}

/// Who was responsible for a customer, the last first.
///
/// # Errors
/// 404 for a customer that the actor does not see; else as every list.
pub fn ownership_of(
    conn: &mut DbConn,
    actor: &Actor,
    house: House<'_>,
    id: CustomerId,
    request: &ListRequest,
) -> Result<Page<OwnershipPeriod>> {
    rows::find(conn, &Scope::of(actor), id)?;
    let asked = ListRequest { q: Some(id.to_string()), ..request.clone() };
    let listing = asked.read(&OWNERSHIP, actor, house.keys.cursor())?;
    let mut rows = store::periods(conn, id, &listing)?;
    let mut info = listing.page(
        &mut rows,
        house.keys.cursor(),
        |row, _| Value::Moment(row.began_at),
        |row| Id::new(row.id.uuid()),
    )?;
    if listing.total {
        set_total(&mut info, store::count_periods(conn, id, &listing)?);
    }
    let losses = store::losses_of(conn, id)?;
    let names = house.directory.newest(conn)?;
    let data = rows.into_iter().map(|row| {
        let within = |loss: &&LossRow| {
            loss.lost_at >= row.began_at
                && row.ended_at.is_none_or(|end| loss.lost_at < end)
                && loss.owner_id == Some(row.owner_id)
        };
        let lost_on = losses.iter().filter(within).map(|loss| house.settings.day(loss.lost_at)).max();
        wire(house, &names, &row, lost_on)
    });
    Ok(Page { data: data.collect::<Result<_>>()?, page: info })
}

fn wire(
    house: House<'_>,
    names: &Names,
    row: &PeriodRow,
    lost_on: Option<chrono::NaiveDate>,
) -> Result<OwnershipPeriod> {
    let user = |id: Option<UserId>| id.map(|id| names.user(id)).transpose();
    let how = |code: &str| known(OwnershipHow::from_code(code));
    Ok(OwnershipPeriod {
        id: row.id.uuid(),
        owner: names.user(row.owner_id)?,
        from: house.settings.day(row.began_at),
        to: row.ended_at.map(|at| house.settings.day(at)),
        how: how(&row.how)?,
        by: user(row.began_by)?,
        signed_on: row.signed_at.map(|at| house.settings.day(at)),
        ended_how: row.ended_how.as_deref().map(how).transpose()?,
        ended_by: user(row.ended_by)?,
        lost_on,
    })
}

/// The owner accepts the assignment of a customer, once. Gives the line of the record.
///
/// # Errors
/// 404 for a customer that the actor does not see, 403 for anybody but the owner, 409 when it is signed.
pub fn sign(conn: &mut DbConn, actor: &Actor, house: House<'_>, id: CustomerId) -> Result<OwnershipPeriod> {
    rows::lock(conn, id)?;
    view::changeable(conn, actor, id)?;
    let row = rows::find(conn, &Scope::to_change(actor), id)?.customer;
    if row.owner_id.is_none() || row.owner_id != actor.user_id() {
        return Err(Error::forbidden());
    }
    let period = store::open_period(conn, id)?.ok_or_else(|| Error::internal("an owner off the record"))?;
    if period.signed_at.is_some() {
        return Err(Error::conflict("", "already_signed"));
    }
    let signed = PeriodRow { signed_at: Some(actor.now()), ..period };
    store::set_signed(conn, &signed)?;
    let day = house.settings.day(actor.now());
    audit::record(
        conn,
        actor,
        &audit::Change {
            resource_type: "customer",
            resource_id: id.uuid(),
            action: "ownership_signed",
            version: row.version,
            changes: vec![guanxi_api::FieldChange {
                field: "signed_on".into(),
                before: None,
                after: Some(serde_json::json!(day)),
            }],
            reason: None,
        },
    )?;
    let names = house.directory.newest(conn)?;
    wire(house, &names, &signed, None)
}

/// Signs for many customers at once, whoever owns them: for jobs that bring a book along.
///
/// # Errors
/// When the database fails.
pub fn sign_all(conn: &mut DbConn, actor: &Actor, ids: &[CustomerId]) -> Result<()> {
    store::sign_many(conn, ids, actor.now())?;
    audit::note_many(conn, actor, "customer", "ownership_signed_many", &[("count", ids.len())])
}

/// Hands a customer of one owner to another who has accepted it; the customer comes to the unit of the new owner where theirs is not above it. False when
/// the customer has another owner meanwhile, or the new one cannot own it any more, such as one who works in another branch by now.
///
/// # Errors
/// When the database fails.
pub fn hand_over(
    conn: &mut DbConn,
    actor: &Actor,
    id: CustomerId,
    (from, to): (UserId, UserId),
    by: Option<UserId>,
) -> Result<bool> {
    rows::lock(conn, id)?;
    let row = rows::find(conn, &Scope::of(actor), id)?.customer;
    if row.owner_id != Some(from) {
        return Ok(false);
    }
    let Some(owner) = org::user_for_owner(conn, to)? else { return Ok(false) };
    let Some(unit) = org::unit(conn, row.org_unit_id)? else { return Ok(false) };
    let unit_id: OrgUnitId = if unit.path.starts_with(&owner.unit_path) {
        row.org_unit_id
    } else if org::branch_path(conn, row.org_unit_id)? == org::branch_path(conn, owner.org_unit_id)? {
        owner.org_unit_id
    } else {
        return Ok(false);
    };
    if ownership::check_placement(conn, actor, unit_id, Some(to)).is_err() {
        return Ok(false);
    }
    let handed = change::edit_for(conn, actor, id, row.version, "handed_over", by, |_, whole| {
        whole.row.customer.org_unit_id = unit_id;
        whole.row.customer.owner_id = Some(to);
        Ok(())
    });
    match handed {
        Ok(()) => Ok(true),
        Err(error) if error.code == Code::Stale => Ok(false),
        Err(error) => Err(error),
    }
}

/// Takes a customer from its owner, for want of a contact. Gives who that was, and the unit of the customer; none where nobody was.
///
/// # Errors
/// When the database fails.
pub fn fall_back(conn: &mut DbConn, actor: &Actor, id: CustomerId) -> Result<Option<(UserId, OrgUnitId)>> {
    rows::lock(conn, id)?;
    let row = rows::find(conn, &Scope::of(actor), id)?.customer;
    let Some(owner) = row.owner_id else { return Ok(None) };
    change::edit_for(conn, actor, id, row.version, "fell_back", None, |_, whole| {
        whole.row.customer.owner_id = None;
        Ok(())
    })?;
    Ok(Some((owner, row.org_unit_id)))
}

/// Makes the actor the owner of a customer of their unit that nobody owns; whether they may take it otherwise is for the caller to say.
///
/// # Errors
/// 403 for who is no relationship manager, 404 for a customer outside of their unit, 412 when the version is no longer the newest, 409 where somebody owns it.
pub fn claim(conn: &mut DbConn, actor: &Actor, id: CustomerId, version: i64) -> Result<()> {
    // What a session knows of its user may be some seconds old.
    let me = actor.user_id().ok_or_else(Error::forbidden)?;
    let taker = org::user_for_owner(conn, me)?.filter(|taker| !taker.archived && taker.role == Role::Rm);
    let taker = taker.ok_or_else(Error::forbidden)?;
    rows::lock(conn, id)?;
    let whole = view::whole(conn, &Scope::of(&Actor::operator(actor.now())), id)?;
    let unit = org::unit(conn, whole.row.customer.org_unit_id)?;
    if unit.is_none_or(|unit| !unit.path.starts_with(&taker.unit_path)) {
        return Err(Error::not_found());
    }
    change::edit_whole(conn, actor, whole, version, ("claimed", Some(me)), |_, whole| {
        let customer = &mut whole.row.customer;
        if customer.owner_id.is_some() {
            return Err(Error::conflict("", "has_an_owner"));
        }
        customer.owner_id = Some(me);
        Ok(())
    })
}

static LOSS_FIELDS: &[Field] = &[
    Field::new("lost_at", "customer_loss.lost_at", FieldType::Instant).sortable(),
    Field::new("owner_id", "customer_loss.owner_id", FieldType::Id).nullable(),
    Field::new("org_unit_id", "customer_loss.org_unit_id", FieldType::Id),
    Field::new("customer_id", "customer_loss.customer_id", FieldType::Id),
];

pub(crate) static LOSSES: Resource = Resource {
    name: "customer-losses",
    fields: LOSS_FIELDS,
    default_sort: "-lost_at",
    id_column: "customer_loss.id",
    unless_asked: None,
};

/// The customers who were lost, of those that the actor sees, the last first.
///
/// # Errors
/// As every list.
pub fn losses(
    conn: &mut DbConn,
    actor: &Actor,
    house: House<'_>,
    request: &ListRequest,
) -> Result<Page<guanxi_api::CustomerLoss>> {
    let listing = request.read(&LOSSES, actor, house.keys.cursor())?;
    let scope = Scope::of(actor);
    let mut rows = store::losses(conn, &scope, &listing)?;
    let mut info = listing.page(
        &mut rows,
        house.keys.cursor(),
        |(row, _, _), _| Value::Moment(row.lost_at),
        |(row, _, _)| Id::new(row.id.uuid()),
    )?;
    if listing.total {
        set_total(&mut info, store::count_losses(conn, &scope, &listing)?);
    }
    let names = house.directory.newest(conn)?;
    let data = rows.into_iter().map(|(row, customer_no, name)| {
        Ok(guanxi_api::CustomerLoss {
            id: row.id.uuid(),
            customer: guanxi_api::CustomerRef { id: row.customer_id.uuid(), customer_no, name },
            org_unit: names.unit(row.org_unit_id)?,
            owner: row.owner_id.map(|id| names.user(id)).transpose()?,
            lost_on: house.settings.day(row.lost_at),
            recorded_by: row.recorded_by.map(|id| names.user(id)).transpose()?,
            returned_on: row.returned_at.map(|at| house.settings.day(at)),
        })
    });
    Ok(Page { data: data.collect::<Result<_>>()?, page: info })
}

/// Of these customers those whose owner has not signed; what was so before the record began counts as signed.
///
/// # Errors
/// When the database fails.
pub fn unsigned(conn: &mut DbConn, ids: &[CustomerId]) -> Result<Vec<CustomerId>> {
    let open = store::unsigned(conn, ids)?.into_iter();
    Ok(open.filter(|(_, how)| how != OwnershipHow::Recorded.as_str()).map(|(id, _)| id).collect())
}

/// For how many customers the record names another owner than the customer does.
///
/// # Errors
/// When the database fails.
pub fn wrong_owners(conn: &mut DbConn) -> Result<i64> {
    store::wrong_owners(conn)
}
