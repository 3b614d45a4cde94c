use actix_web::{HttpRequest, HttpResponse, get, patch, post, web};
use guanxi_api::{
    AuditEntry, BalanceSheet, Household, HouseholdPatch, HouseholdSearch, Households, ListQuery, Network,
    NewHousehold, NewRelation, Page, Referrals, Relation, RelationPatch, Relations,
};
use guanxi_db::DbConn;
use serde::Serialize;
use uuid::Uuid;

use crate::access::{Actor, May, kinds};
use crate::app::AppState;
use crate::customers::{CustomerId, CustomerMark};
use crate::error::{Error, Result};
use crate::idempotency::{self, Once};
use crate::listing::ListRequest;
use crate::relations::{self, HouseholdId, HouseholdMark, RelationId, RelationMark, households, manage};
use crate::web::{self as answer, IfMatch, Json, PathId, Query};

/// Runs a change that may be repeated with the same Idempotency-Key, and shows what it was done to after it.
async fn changed<T: Serialize + Send + 'static>(
    actor: Actor,
    state: &web::Data<AppState>,
    once: idempotency::Request,
    id: Uuid,
    act: impl Fn(&mut DbConn, &Actor, &AppState) -> Result<()> + Send + 'static,
    show: impl Fn(&mut DbConn, &Actor, &AppState) -> Result<(T, String)> + Send + 'static,
) -> Result<HttpResponse> {
    let shared = state.clone();
    let (shown, tag, replayed) = state
        .db
        .write(move |conn| {
            let act = |conn: &mut DbConn| act(conn, &actor, &shared);
            let done = idempotency::once(conn, &actor, &once, act, |()| Some(id))?;
            let (shown, tag) = show(conn, &actor, &shared)?;
            Ok::<_, Error>((shown, tag, matches!(done, Once::Replayed(_))))
        })
        .await?;
    let mut response = answer::ok_tagged(&shown, &tag);
    if replayed {
        answer::mark_replayed(&mut response);
    }
    Ok(response)
}

/// [`changed`] for a relation.
async fn relation_changed(
    actor: Actor,
    state: &web::Data<AppState>,
    once: idempotency::Request,
    which: (CustomerId, RelationId),
    act: impl Fn(&mut DbConn, &Actor, &AppState) -> Result<()> + Send + 'static,
) -> Result<HttpResponse> {
    changed(actor, state, once, which.1.uuid(), act, move |conn, actor, state| {
        let relation = relations::relation(conn, actor, state.house(), which)?;
        let tag = manage::tag(actor, &relation);
        Ok((relation, tag))
    })
    .await
}

/// [`changed`] for a household.
async fn household_changed(
    actor: Actor,
    state: &web::Data<AppState>,
    once: idempotency::Request,
    id: HouseholdId,
    act: impl Fn(&mut DbConn, &Actor, &AppState) -> Result<()> + Send + 'static,
) -> Result<HttpResponse> {
    changed(actor, state, once, id.uuid(), act, move |conn, actor, state| {
        let household = relations::household(conn, actor, state.house(), id)?;
        let tag = households::tag(actor, &household);
        Ok((household, tag))
    })
    .await
}

/// List the relations of a customer.
///
/// Each from the customer's side: what the other is to the customer. Those that are over come last.
#[utoipa::path(operation_id = "listRelations", tag = "relations",
    params(("id" = uuid::Uuid, Path, description = "The customer")),
    responses((status = 200, body = Relations, description = "The relations")))]
#[get("/customers/{id}/relations")]
pub async fn list_relations(
    who: May<kinds::ViewRelations>,
    state: web::Data<AppState>,
    id: PathId<CustomerMark>,
) -> Result<HttpResponse> {
    let (actor, shared, id) = (who.actor(), state.clone(), *id);
    let relations = state.db.read(move |conn| relations::relations(conn, &actor, shared.house(), id)).await?;
    Ok(answer::ok(&relations))
}

/// Note a relation of a customer.
///
/// The other customer has the inverse relation at once: it is the same one.
#[utoipa::path(operation_id = "createRelation", tag = "relations", request_body = NewRelation,
    params(("id" = uuid::Uuid, Path, description = "The customer"),
        ("Idempotency-Key" = Option<String>, Header, description = "8 to 128 visible characters; the same request with the same key is done once", nullable = false)),
    responses((status = 201, body = Relation, description = "Noted",
        headers(("Location" = String, description = "Where the relations are"), ("ETag" = String, description = "Its tag")))))]
#[post("/customers/{id}/relations")]
pub async fn create_relation(
    request: HttpRequest,
    who: May<kinds::EditCustomers>,
    state: web::Data<AppState>,
    id: PathId<CustomerMark>,
    body: Json<NewRelation>,
) -> Result<HttpResponse> {
    let (actor, shared, id, new) = (who.actor(), state.clone(), *id, body.0);
    let once = idempotency::Request::read(&request, &new)?;
    let (relation, tag, replayed) = state
        .db
        .write(move |conn| {
            let create = |conn: &mut DbConn| relations::create(conn, &actor, shared.house(), id, &new);
            let (made, replayed) = match idempotency::once(conn, &actor, &once, create, |id| Some(id.uuid()))?
            {
                Once::Done(made) => (made, false),
                Once::Replayed(made) => (made.map(RelationId::new).ok_or_else(Error::not_found)?, true),
            };
            let relation = relations::relation(conn, &actor, shared.house(), (id, made))?;
            let tag = manage::tag(&actor, &relation);
            Ok::<_, Error>((relation, tag, replayed))
        })
        .await?;
    Ok(answer::created(&relation, &format!("/api/v1/customers/{id}/relations"), &tag, replayed))
}

/// Change what is said of a relation.
#[utoipa::path(operation_id = "changeRelation", tag = "relations", request_body = RelationPatch,
    params(("id" = uuid::Uuid, Path, description = "The customer"), ("relation_id" = uuid::Uuid, Path, description = "The relation"),
        ("If-Match" = String, Header, description = "The relation's tag", example = "\"1-0\"")),
    responses((status = 200, body = Relation, description = "The relation after the change")))]
#[patch("/customers/{id}/relations/{relation_id}")]
pub async fn change_relation(
    request: HttpRequest,
    who: May<kinds::EditCustomers>,
    state: web::Data<AppState>,
    id: PathId<CustomerMark>,
    version: IfMatch,
    body: Json<RelationPatch>,
) -> Result<HttpResponse> {
    let once = idempotency::Request::read(&request, &body.0)?;
    let which = (*id, answer::path_id::<RelationMark>(&request, "relation_id")?);
    let patch = body.0;
    relation_changed(who.actor(), &state, once, which, move |conn, actor, state| {
        relations::change(conn, actor, state.house(), which, version.0, &patch)
    })
    .await
}

/// Archive a relation.
#[utoipa::path(operation_id = "archiveRelation", tag = "relations",
    params(("id" = uuid::Uuid, Path, description = "The customer"), ("relation_id" = uuid::Uuid, Path, description = "The relation"),
        ("If-Match" = String, Header, description = "The relation's tag", example = "\"1-0\"")),
    responses((status = 200, body = Relation, description = "Archived")))]
#[post("/customers/{id}/relations/{relation_id}/archive")]
pub async fn archive_relation(
    request: HttpRequest,
    who: May<kinds::EditCustomers>,
    state: web::Data<AppState>,
    id: PathId<CustomerMark>,
    version: IfMatch,
) -> Result<HttpResponse> {
    let once = idempotency::Request::read(&request, &())?;
    let which = (*id, answer::path_id::<RelationMark>(&request, "relation_id")?);
    relation_changed(who.actor(), &state, once, which, move |conn, actor, _| {
        relations::archive(conn, actor, which, version.0)
    })
    .await
}

/// Restore an archived relation.
#[utoipa::path(operation_id = "restoreRelation", tag = "relations",
    params(("id" = uuid::Uuid, Path, description = "The customer"), ("relation_id" = uuid::Uuid, Path, description = "The relation"),
        ("If-Match" = String, Header, description = "The relation's tag", example = "\"1-0\"")),
    responses((status = 200, body = Relation, description = "Restored")))]
#[post("/customers/{id}/relations/{relation_id}/restore")]
pub async fn restore_relation(
    request: HttpRequest,
    who: May<kinds::EditCustomers>,
    state: web::Data<AppState>,
    id: PathId<CustomerMark>,
    version: IfMatch,
) -> Result<HttpResponse> {
    let once = idempotency::Request::read(&request, &())?;
    let which = (*id, answer::path_id::<RelationMark>(&request, "relation_id")?);
    relation_changed(who.actor(), &state, once, which, move |conn, actor, _| {
        relations::restore(conn, actor, which, version.0)
    })
    .await
}

/// The customers around one.
///
/// As far as two relations lead, at most 60 of them, with the relations between them.
#[utoipa::path(operation_id = "getNetwork", tag = "relations",
    params(("id" = uuid::Uuid, Path, description = "The customer")),
    responses((status = 200, body = Network, description = "The network")))]
#[get("/customers/{id}/network")]
pub async fn get_network(
    who: May<kinds::ViewRelations>,
    state: web::Data<AppState>,
    id: PathId<CustomerMark>,
) -> Result<HttpResponse> {
    let (actor, shared, id) = (who.actor(), state.clone(), *id);
    let network = state.db.read(move |conn| relations::network(conn, &actor, shared.house(), id)).await?;
    Ok(answer::ok(&network))
}

/// Who has brought a customer, and whom the customer has brought.
#[utoipa::path(operation_id = "getReferrals", tag = "relations",
    params(("id" = uuid::Uuid, Path, description = "The customer")),
    responses((status = 200, body = Referrals, description = "The chain and the customers")))]
#[get("/customers/{id}/referrals")]
pub async fn get_referrals(
    who: May<kinds::ViewRelations>,
    state: web::Data<AppState>,
    id: PathId<CustomerMark>,
) -> Result<HttpResponse> {
    let (actor, shared, id) = (who.actor(), state.clone(), *id);
    let referrals = state.db.read(move |conn| relations::referrals(conn, &actor, shared.house(), id)).await?;
    Ok(answer::ok(&referrals))
}

/// List the households of a customer.
#[utoipa::path(operation_id = "listHouseholdsOfCustomer", tag = "relations",
    params(("id" = uuid::Uuid, Path, description = "The customer")),
    responses((status = 200, body = Households, description = "The households")))]
#[get("/customers/{id}/households")]
pub async fn list_households_of_customer(
    who: May<kinds::ViewRelations>,
    state: web::Data<AppState>,
    id: PathId<CustomerMark>,
) -> Result<HttpResponse> {
    let (actor, shared, id) = (who.actor(), state.clone(), *id);
    let households =
        state.db.read(move |conn| relations::households_of(conn, &actor, shared.house(), id)).await?;
    Ok(answer::ok(&households))
}

/// List households.
///
/// Those of which the caller sees a member, by the sound of their names. Members whom the caller does not see are counted.
#[utoipa::path(operation_id = "listHouseholds", tag = "relations", params(ListQuery),
    responses((status = 200, body = Page<Household>, description = "A page of households")))]
#[get("/households")]
pub async fn list_households(
    request: HttpRequest,
    who: May<kinds::ViewRelations>,
    state: web::Data<AppState>,
    query: Query<ListQuery>,
) -> Result<HttpResponse> {
    let (actor, shared, asked) = (who.actor(), state.clone(), ListRequest::from(query.0));
    let page =
        state.db.read(move |conn| relations::list_households(conn, &actor, shared.house(), &asked)).await?;
    Ok(answer::page(&request, &page))
}

/// Search households.
///
/// By what their name begins with, in characters or pinyin, or by a member: all that finds customers finds their households. With the filter
/// grammar of the list.
#[utoipa::path(operation_id = "searchHouseholds", tag = "relations", request_body = HouseholdSearch,
    responses((status = 200, body = Page<Household>, description = "A page of households")))]
#[post("/households/search")]
pub async fn search_households(
    request: HttpRequest,
    who: May<kinds::ViewRelations>,
    state: web::Data<AppState>,
    body: Json<HouseholdSearch>,
) -> Result<HttpResponse> {
    let (actor, shared, asked) = (who.actor(), state.clone(), body.0);
    let page =
        state.db.read(move |conn| relations::search_households(conn, &actor, shared.house(), &asked)).await?;
    Ok(answer::page(&request, &page))
}

/// Form a household.
///
/// Of customers that the caller sees. Without a primary member the first one is it.
#[utoipa::path(operation_id = "createHousehold", tag = "relations", request_body = NewHousehold,
    params(("Idempotency-Key" = Option<String>, Header, description = "8 to 128 visible characters; the same request with the same key is done once", nullable = false)),
    responses((status = 201, body = Household, description = "Formed",
        headers(("Location" = String, description = "Where it is"), ("ETag" = String, description = "Its tag")))))]
#[post("/households")]
pub async fn create_household(
    request: HttpRequest,
    who: May<kinds::EditCustomers>,
    state: web::Data<AppState>,
    body: Json<NewHousehold>,
) -> Result<HttpResponse> {
    let (actor, shared, new) = (who.actor(), state.clone(), body.0);
    let once = idempotency::Request::read(&request, &new)?;
    let (household, tag, replayed) = state
        .db
        .write(move |conn| {
            let create = |conn: &mut DbConn| relations::create_household(conn, &actor, shared.house(), &new);
            let (id, replayed) = match idempotency::once(conn, &actor, &once, create, |id| Some(id.uuid()))? {
                Once::Done(id) => (id, false),
                Once::Replayed(id) => (id.map(HouseholdId::new).ok_or_else(Error::not_found)?, true),
            };
            let household = relations::household(conn, &actor, shared.house(), id)?;
            let tag = households::tag(&actor, &household);
            Ok::<_, Error>((household, tag, replayed))
        })
        .await?;
    Ok(answer::created(&household, &format!("/api/v1/households/{}", household.id), &tag, replayed))
}

/// Read a household.
#[utoipa::path(operation_id = "getHousehold", tag = "relations",
    params(("id" = uuid::Uuid, Path, description = "The household"),
        ("If-None-Match" = Option<String>, Header, description = "The tag of what is known already")),
    responses((status = 200, body = Household, description = "The household", headers(("ETag" = String, description = "Its tag"))),
        (status = 304, description = "Not changed")))]
#[get("/households/{id}")]
pub async fn get_household(
    request: HttpRequest,
    who: May<kinds::ViewRelations>,
    state: web::Data<AppState>,
    id: PathId<HouseholdMark>,
) -> Result<HttpResponse> {
    let (actor, shared, id) = (who.actor(), state.clone(), *id);
    let household = state.db.read(move |conn| relations::household(conn, &actor, shared.house(), id)).await?;
    let tag = households::tag(&who, &household);
    Ok(answer::not_modified(&request, &tag).unwrap_or_else(|| answer::ok_tagged(&household, &tag)))
}

/// Change a household.
///
/// `members` are those whom the caller sees, whole; the others stay.
#[utoipa::path(operation_id = "changeHousehold", tag = "relations", request_body = HouseholdPatch,
    params(("id" = uuid::Uuid, Path, description = "The household"), ("If-Match" = String, Header, description = "Its tag", example = "\"1-0\"")),
    responses((status = 200, body = Household, description = "The household after the change")))]
#[patch("/households/{id}")]
pub async fn change_household(
    request: HttpRequest,
    who: May<kinds::EditCustomers>,
    state: web::Data<AppState>,
    id: PathId<HouseholdMark>,
    version: IfMatch,
    body: Json<HouseholdPatch>,
) -> Result<HttpResponse> {
    let once = idempotency::Request::read(&request, &body.0)?;
    let (id, patch) = (*id, body.0);
    household_changed(who.actor(), &state, once, id, move |conn, actor, state| {
        relations::change_household(conn, actor, state.house(), id, version.0, &patch)
    })
    .await
}

/// Archive a household.
#[utoipa::path(operation_id = "archiveHousehold", tag = "relations",
    params(("id" = uuid::Uuid, Path, description = "The household"), ("If-Match" = String, Header, description = "Its tag", example = "\"1-0\"")),
    responses((status = 200, body = Household, description = "Archived")))]
#[post("/households/{id}/archive")]
pub async fn archive_household(
    request: HttpRequest,
    who: May<kinds::EditCustomers>,
    state: web::Data<AppState>,
    id: PathId<HouseholdMark>,
    version: IfMatch,
) -> Result<HttpResponse> {
    let once = idempotency::Request::read(&request, &())?;
    let id = *id;
    household_changed(who.actor(), &state, once, id, move |conn, actor, state| {
        relations::archive_household(conn, actor, state.house(), id, version.0)
    })
    .await
}

/// Restore an archived household.
#[utoipa::path(operation_id = "restoreHousehold", tag = "relations",
    params(("id" = uuid::Uuid, Path, description = "The household"), ("If-Match" = String, Header, description = "Its tag", example = "\"1-0\"")),
    responses((status = 200, body = Household, description = "Restored")))]
#[post("/households/{id}/restore")]
pub async fn restore_household(
    request: HttpRequest,
    who: May<kinds::EditCustomers>,
    state: web::Data<AppState>,
    id: PathId<HouseholdMark>,
    version: IfMatch,
) -> Result<HttpResponse> {
    let once = idempotency::Request::read(&request, &())?;
    let id = *id;
    household_changed(who.actor(), &state, once, id, move |conn, actor, state| {
        relations::restore_household(conn, actor, state.house(), id, version.0)
    })
    .await
}

/// The history of a household.
#[utoipa::path(operation_id = "getHouseholdHistory", tag = "relations",
    params(("id" = uuid::Uuid, Path, description = "The household"), ListQuery),
    responses((status = 200, body = Page<AuditEntry>, description = "Who did what, newest first")))]
#[get("/households/{id}/history")]
pub async fn get_household_history(
    request: HttpRequest,
    who: May<kinds::ViewRelations>,
    state: web::Data<AppState>,
    id: PathId<HouseholdMark>,
    query: Query<ListQuery>,
) -> Result<HttpResponse> {
    let (actor, shared, id, asked) = (who.actor(), state.clone(), *id, ListRequest::from(query.0));
    let page = state
        .db
        .read(move |conn| relations::household_history(conn, &actor, shared.house(), id, &asked))
        .await?;
    Ok(answer::page(&request, &page))
}

/// The balance sheet of a household.
///
/// Of the members whom the caller sees, at today's rates. A holding of several members counts once.
#[utoipa::path(operation_id = "getBalanceSheet", tag = "relations",
    params(("id" = uuid::Uuid, Path, description = "The household")),
    responses((status = 200, body = BalanceSheet, description = "The balance sheet")))]
#[get("/households/{id}/balance-sheet")]
pub async fn get_balance_sheet(
    who: May<kinds::ViewHoldings>,
    state: web::Data<AppState>,
    id: PathId<HouseholdMark>,
) -> Result<HttpResponse> {
    let (actor, shared, id) = (who.actor(), state.clone(), *id);
    let sheet = state.db.read(move |conn| relations::balance_sheet(conn, &actor, shared.house(), id)).await?;
    Ok(answer::ok(&sheet))
}
