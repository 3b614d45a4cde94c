use chrono::NaiveDate;
use guanxi_api::{Amount, Customer, CustomerKind, CustomerProfile, NewCustomer, Role, TeamRole, Tier};
use guanxi_db::{DbConn, DbError, Moment, next_customer_number, next_customer_numbers};

use crate::access::{Actor, OrgUnitId, UserId};
use crate::audit;
use crate::customers::completeness::Beside;
use crate::customers::owners::Cause;
use crate::customers::ownership::Placement;
use crate::customers::portfolio::Moves;
use crate::customers::provenance::{Sources, Word};
use crate::customers::rules::customer_no;
use crate::customers::store::{
    self, ContactPointRow, CustomerRow, ExternalIdRow, FiguresRow, IdentityRow, NewRows, TeamRow, WholeRow,
};
use crate::customers::tiers::{self, NEVER, NO_GAP};
use crate::customers::view::Whole;
use crate::customers::{
    CustomerId, House, completeness, contact_points, external_ids, identity_context, owners, ownership,
    profile, purpose,
};
use crate::customers::{seal, view};
use crate::error::{Error, FieldError, Result, Wrong};

/// Creates a customer and gives it as [`view::read`] would. Whoever places a customer sees it.
///
/// # Errors
/// 422 with every field that breaks a rule, 409 for an external id that is taken.
pub fn create(conn: &mut DbConn, actor: &Actor, house: House<'_>, new: &NewCustomer) -> Result<Customer> {
    let word = Word::of_actor(actor, None, false);
    let whole = create_whole(conn, actor, house, new, &word)?;
    view::render(actor, house, whole)
}

/// Creates a customer.
///
/// # Errors
/// As [`create`].
pub(super) fn create_whole(
    conn: &mut DbConn,
    actor: &Actor,
    house: House<'_>,
    new: &NewCustomer,
    word: &Word,
) -> Result<Whole> {
    let mut wrong = Wrong::default();
    let (unit_id, owner_id) = wanted_place(actor, new);
    let placement = match unit_id {
        Some(unit_id) => wrong.keep(ownership::check_placement(conn, actor, unit_id, owner_id))?,
        None => {
            wrong.add(FieldError::new("/org_unit_id", "required"));
            None
        }
    };
    let checked = wrong.keep(check(actor, house, new))?;
    let (checked, placement) = wrong.unless(checked.zip(placement))?;
    let number = next_customer_number(conn)?;
    let place = Place { unit_id: placement.unit.id, owner_id };
    let mut rows = rows(actor, new, checked, &place, word)?;
    set_number(&mut rows, number);
    store::insert(conn, &rows).map_err(taken)?;
    owners::record(conn, actor, Cause::of(actor, "created"), &[(None, &rows.customer)])?;
    let mut moves = Moves::default();
    moves.add(&rows.customer, &rows.figures);
    moves.record(conn)?;
    let whole = whole_of(rows, placement);
    record_creation(conn, actor, &whole)?;
    Ok(whole)
}

/// Where a new customer is to belong: without a unit to that of the actor, and to a relationship manager who names nobody else.
pub(super) fn wanted_place(actor: &Actor, new: &NewCustomer) -> (Option<OrgUnitId>, Option<UserId>) {
    let own = (actor.role() == Some(Role::Rm)).then(|| actor.user_id()).flatten();
    let owner_id = new.owner_id.map(UserId::new).or(own);
    (new.org_unit_id.map(OrgUnitId::new).or(actor.org_unit_id()), owner_id)
}

/// What [`view::whole`] would read of rows that were just written.
fn whole_of(rows: NewRows, placement: Placement) -> Whole {
    let NewRows { customer, figures, identity, mut contact_points, mut external_ids, .. } = rows;
    contact_points.sort_by(|a, b| (&a.kind, !a.is_primary, a.id).cmp(&(&b.kind, !b.is_primary, b.id)));
    external_ids.sort_by(|a, b| a.source.cmp(&b.source));
    Whole {
        row: WholeRow {
            customer,
            figures,
            unit_zh: placement.unit.name.zh_cn,
            unit_en: placement.unit.name.en,
            owner_name: placement.owner.map(|owner| owner.display_name),
        },
        identity,
        contact_points,
        external_ids,
        team: Vec::new(),
    }
}

/// Where a new customer belongs.
pub(super) struct Place {
    pub(super) unit_id: OrgUnitId,
    pub(super) owner_id: Option<UserId>,
}

/// The one unique value of a new customer that a client chooses is an external id.
pub(super) fn taken(error: DbError) -> Error {
    match error {
        DbError::Unique => Error::conflict("/external_ids", "taken"),
        other => other.into(),
    }
}

fn record_creation(conn: &mut DbConn, actor: &Actor, whole: &Whole) -> Result<()> {
    let after = view::audited(whole)?;
    audit::record(
        conn,
        actor,
        &audit::Change {
            resource_type: "customer",
            resource_id: whole.row.customer.id.uuid(),
            action: "created",
            version: 1,
            changes: audit::changes_between(&serde_json::json!({}), &after),
            reason: None,
        },
    )
}

/// What a new customer is made of, every rule kept.
pub(super) struct Checked {
    pub(super) id: CustomerId,
    profile: CustomerProfile,
    identity: Option<IdentityRow>,
    contact_points: Vec<ContactPointRow>,
}

/// Checks everything about a new customer that needs no database.
///
/// # Errors
/// 422 with every field that breaks a rule.
pub(super) fn check(actor: &Actor, house: House<'_>, new: &NewCustomer) -> Result<Checked> {
    let today = house.settings.day(actor.now());
    let id: CustomerId = actor.new_id();
    let mut profile = new.profile();
    let mut wrong = Wrong::default();
    wrong.keep(profile::clean(new.kind, &mut profile, today))?;
    let identity = new.identity.as_ref();
    let identity =
        identity.map(|document| identity_row(house, id, new.kind, document, &mut profile, today)).transpose();
    let identity = wrong.keep(identity)?;
    let contact_points = wrong.keep(contact_points::new_rows(actor, house, id, &new.contact_points))?;
    wrong.keep(external_ids::check(&new.external_ids))?;
    let (identity, contact_points) = wrong.unless(identity.zip(contact_points))?;
    Ok(Checked { id, profile, identity, contact_points })
}

/// Gives [`rows`] the number that the database has counted for them.
pub(super) fn set_number(rows: &mut NewRows, number: i64) {
    rows.customer.search_key = number;
    rows.customer.customer_no = customer_no::from_sequence(u64::try_from(number).unwrap_or_default());
    rows.found_by.search_key = number;
}

/// What is written for a new customer, once [`set_number`] has given it its number.
///
/// # Errors
/// When the profile cannot be written as JSON.
pub(super) fn rows(
    actor: &Actor,
    new: &NewCustomer,
    checked: Checked,
    place: &Place,
    word: &Word,
) -> Result<NewRows> {
    let Checked { id, profile, identity, contact_points: points } = checked;
    let mut row = CustomerRow {
        id,
        search_key: 0,
        customer_no: String::new(),
        kind: new.kind.as_str().to_owned(),
        status: new.status.as_str().to_owned(),
        name: String::new(),
        name_sort: String::new(),
        gender: None,
        birth_date: None,
        birth_year: None,
        marital_status: None,
        province: None,
        city: None,
        occupation: None,
        industry: None,
        income_band: None,
        source: None,
        risk_attribute: None,
        customer_since: None,
        do_not_contact: false,
        restricted: false,
        details: guanxi_db::Doc(serde_json::Value::Null),
        phone_masked: contact_points::primary_phone(&points),
        org_unit_id: place.unit_id,
        owner_id: place.owner_id,
        archived_at: None,
        archived: false,
        search_version: 0,
        version: 1,
        created_at: actor.now(),
        updated_at: actor.now(),
        beginnings: String::new(),
    };
    let found_by = profile::store(new.kind, &profile, &Sources::new(word), &mut row)?;
    let kinds = points.iter().map(|point| point.kind.as_str());
    let missing = completeness::missing(&row, Beside::of(identity.is_some(), kinds))?;
    Ok(NewRows {
        figures: FiguresRow {
            customer_id: id,
            tier: Tier::Mass.as_str().to_owned(),
            aum: 0,
            city: row.city.clone(),
            archived: false,
            version: 1,
            as_of: actor.now(),
            coverage: 0,
            last_contacted_at: Moment::EARLIEST,
            average_aum: 0,
            promotion_gap: NO_GAP,
            promotion_candidate: false,
            in_grace: false,
            demotes_on: NEVER,
            largest_transaction: 0,
            largest_transaction_on: None,
            hidden_gem: false,
            review_on: NEVER,
            grade: None,
            grade_score: 0,
            contribution: 0,
            lifetime_value: 0,
            grade_version: 0,
            completeness: missing.score(),
            missing: missing.bits(),
            // Of the lowest tier nothing is demanded.
            data_gap: false,
        },
        found_by,
        customer: row,
        identity,
        contact_points: points,
        external_ids: new
            .external_ids
            .iter()
            .map(|external| {
                Ok(ExternalIdRow {
                    source: external.source.clone(),
                    value: external_ids::key(&external.id, "/external_ids")?,
                    customer_id: id,
                    source_version: None,
                })
            })
            .collect::<Result<_>>()?,
    })
}

/// An identity document as it is stored: encrypted, with a keyed hash to find it by.
pub(super) fn identity_row(
    house: House<'_>,
    id: CustomerId,
    kind: CustomerKind,
    document: &guanxi_api::IdentityDocument,
    profile: &mut CustomerProfile,
    today: NaiveDate,
) -> Result<IdentityRow> {
    let normalised = profile::check_identity(kind, document, profile, today)?;
    Ok(IdentityRow {
        customer_id: id,
        kind: document.kind.as_str().to_owned(),
        cipher: seal(house.keys, &normalised.number, &identity_context(&id))?,
        value_hash: house.keys.keyed_hash(purpose::IDENTITY, &normalised.number).to_vec(),
        masked: normalised.masked,
    })
}

/// A customer for [`create_many`]: where it belongs is known, and figures that a job brings along.
#[derive(Clone, Debug)]
pub struct Prepared {
    pub new: NewCustomer,
    pub org_unit_id: OrgUnitId,
    pub owner_id: Option<UserId>,
    pub team: Vec<(UserId, TeamRole)>,
    pub tier: Tier,
    /// In the base currency.
    pub aum: Amount,
    pub created_at: Moment,
    pub updated_at: Moment,
    pub archived: bool,
}

/// New customers of whom every rule is kept and who are not written yet.
pub struct Ready {
    customers: Vec<NewRows>,
    teams: Vec<TeamRow>,
    /// The day of their assets.
    day: NaiveDate,
}

impl Ready {
    /// Their ids, in their order.
    pub fn ids(&self) -> impl Iterator<Item = CustomerId> + '_ {
        self.customers.iter().map(|rows| rows.customer.id)
    }
}

/// Checks many new customers and makes up what is written for them, without the database.
///
/// # Errors
/// The first customer that breaks a rule.
pub fn make_ready(actor: &Actor, house: House<'_>, customers: &[Prepared]) -> Result<Ready> {
    let mut all = Vec::with_capacity(customers.len());
    let mut teams = Vec::new();
    for prepared in customers {
        let place = Place { unit_id: prepared.org_unit_id, owner_id: prepared.owner_id };
        let checked = check(actor, house, &prepared.new)?;
        let mut rows = rows(actor, &prepared.new, checked, &place, &Word::of_actor(actor, None, false))?;
        rows.figures.tier = prepared.tier.as_str().to_owned();
        rows.figures.data_gap = completeness::is_gap_at(&rows.figures, prepared.tier);
        rows.figures.aum = prepared.aum.0;
        rows.figures.archived = prepared.archived;
        rows.customer.archived = prepared.archived;
        rows.customer.archived_at = prepared.archived.then(|| actor.now());
        rows.customer.created_at = prepared.created_at;
        rows.customer.updated_at = prepared.updated_at;
        teams.extend(prepared.team.iter().map(|(user_id, role)| TeamRow {
            customer_id: rows.customer.id,
            user_id: *user_id,
            role: role.as_str().to_owned(),
        }));
        all.push(rows);
    }
    Ok(Ready { customers: all, teams, day: house.settings.day(actor.now()) })
}

/// Writes many new customers at once, for jobs: one audit entry for all of them, no event for each.
///
/// # Errors
/// 409 for an external id that is taken.
pub fn write_many(conn: &mut DbConn, actor: &Actor, ready: &mut Ready) -> Result<()> {
    let Ready { customers, teams, day } = ready;
    let numbers = next_customer_numbers(conn, i64::try_from(customers.len()).unwrap_or(i64::MAX))?;
    let mut moves = Moves::default();
    let first = tiers::first_standings(conn, *day, customers.iter_mut().map(|rows| &mut rows.figures))?;
    for (rows, number) in customers.iter_mut().zip(numbers) {
        set_number(rows, number);
        moves.add(&rows.customer, &rows.figures);
    }
    store::insert_many(conn, customers, teams).map_err(taken)?;
    let made: Vec<_> = customers.iter().map(|rows| (None, &rows.customer)).collect();
    owners::record(conn, actor, Cause::of(actor, "created_many"), &made)?;
    tiers::first_balances(conn, *day, &first)?;
    moves.record(conn)?;
    audit::note_many(conn, actor, "customer", "created_many", &[("count", customers.len())])
}

/// [`make_ready`] and [`write_many`]; gives the ids of the customers in their order.
///
/// # Errors
/// As both; then none is created.
pub fn create_many(
    conn: &mut DbConn,
    actor: &Actor,
    house: House<'_>,
    customers: &[Prepared],
) -> Result<Vec<CustomerId>> {
    let mut ready = make_ready(actor, house, customers)?;
    write_many(conn, actor, &mut ready)?;
    Ok(ready.ids().collect())
}
