use actix_web::{HttpRequest, HttpResponse, get, patch, post, put, web};
use guanxi_api::{
    AuditEntry, BalanceQuery, CloseHolding, CoOwners, Holding, HoldingBalance, HoldingPatch,
    HoldingTransaction, ListQuery, NewCoOwners, NewHolding, NewHoldingTransaction, Page, Reversal,
};
use guanxi_db::{DbConn, Id};
use uuid::Uuid;

use crate::access::{Actor, May, kinds};
use crate::app::AppState;
use crate::customers::{CustomerMark, House};
use crate::error::{Error, Result};
use crate::holdings::{self, HoldingId, HoldingMark};
use crate::idempotency::{self, Once};
use crate::listing::ListRequest;
use crate::web::{
    IfMatch, Json, PathId, Query, created, etag, mark_replayed, not_modified, ok, ok_tagged, page, path_id,
};

fn house(state: &AppState) -> House<'_> {
    state.house()
}

/// List the holdings of the customers one sees, in the order of their maturity unless told otherwise.
///
/// Unless the filter names `status`, active ones of customers who are not archived.
#[utoipa::path(operation_id = "listHoldings", tag = "holdings", params(ListQuery),
    responses((status = 200, body = Page<Holding>, description = "A page of holdings",
        headers(("Link" = String, description = "The next page, if there is one")))))]
#[get("/holdings")]
pub async fn list_holdings(
    request: HttpRequest,
    who: May<kinds::ViewHoldings>,
    state: web::Data<AppState>,
    query: Query<ListQuery>,
) -> Result<HttpResponse> {
    let (actor, shared, asked) = (who.actor(), state.clone(), ListRequest::from(query.0));
    let found = state.db.read(move |conn| holdings::list(conn, &actor, house(&shared), &asked)).await?;
    Ok(page(&request, &found))
}

/// List the holdings of a customer: active ones first, the greatest first, unless told otherwise.
#[utoipa::path(operation_id = "listHoldingsOfCustomer", tag = "holdings",
    params(("id" = Uuid, Path, description = "The customer"), ListQuery),
    responses((status = 200, body = Page<Holding>, description = "A page of holdings",
        headers(("Link" = String, description = "The next page, if there is one")))))]
#[get("/customers/{id}/holdings")]
pub async fn list_holdings_of_customer(
    request: HttpRequest,
    who: May<kinds::ViewHoldings>,
    state: web::Data<AppState>,
    id: PathId<CustomerMark>,
    query: Query<ListQuery>,
) -> Result<HttpResponse> {
    let (actor, shared, id, asked) = (who.actor(), state.clone(), *id, ListRequest::from(query.0));
    let found =
        state.db.read(move |conn| holdings::of_customer(conn, &actor, house(&shared), id, &asked)).await?;
    Ok(page(&request, &found))
}

/// Open a holding of a customer.
///
/// The customer's assets, tier and coverage follow in the same transaction.
#[utoipa::path(operation_id = "openHolding", tag = "holdings", request_body = NewHolding,
    params(("id" = Uuid, Path, description = "The customer"),
        ("Idempotency-Key" = Option<String>, Header, description = "Opens at most once for a key")),
    responses((status = 201, body = Holding, description = "Opened",
        headers(("Location" = String, description = "The holding"), ("ETag" = String, description = "Its tag")))))]
#[post("/customers/{id}/holdings")]
pub async fn open_holding(
    request: HttpRequest,
    who: May<kinds::EditHoldings>,
    state: web::Data<AppState>,
    id: PathId<CustomerMark>,
    body: Json<NewHolding>,
) -> Result<HttpResponse> {
    let asked = idempotency::Request::read(&request, &body.0)?;
    let (id, new) = (*id, body.0);
    let (holding, replayed) = write(&state, who.actor(), asked, move |conn, actor, house| {
        holdings::open(conn, actor, house, id, &new)
    })
    .await?;
    let place = format!("/api/v1/holdings/{}", holding.id);
    Ok(created(&holding, &place, &holdings::tag(&who, &holding), replayed))
}

/// Read a holding.
#[utoipa::path(operation_id = "getHolding", tag = "holdings",
    params(("id" = Uuid, Path, description = "The holding"),
        ("If-None-Match" = Option<String>, Header, description = "The tag of what is known already")),
    responses((status = 200, body = Holding, description = "The holding",
            headers(("ETag" = String, description = "Its tag"))),
        (status = 304, description = "Not changed")))]
#[get("/holdings/{id}")]
pub async fn get_holding(
    request: HttpRequest,
    who: May<kinds::ViewHoldings>,
    state: web::Data<AppState>,
    id: PathId<HoldingMark>,
) -> Result<HttpResponse> {
    let (actor, shared, id) = (who.actor(), state.clone(), *id);
    let holding = state.db.read(move |conn| holdings::read(conn, &actor, house(&shared), id)).await?;
    let tag = holdings::tag(&who, &holding);
    Ok(not_modified(&request, &tag).unwrap_or_else(|| ok_tagged(&holding, &tag)))
}

/// Change a holding.
///
/// Its amount moves by transactions; while it has none, amount and currency can be put right.
#[utoipa::path(operation_id = "changeHolding", tag = "holdings", request_body = HoldingPatch,
    params(("id" = Uuid, Path, description = "The holding"),
        ("If-Match" = String, Header, description = "The tag that the change was made from"),
        ("Idempotency-Key" = Option<String>, Header, description = "Changes at most once for a key")),
    responses((status = 200, body = Holding, description = "Changed",
        headers(("ETag" = String, description = "Its new tag")))))]
#[patch("/holdings/{id}")]
pub async fn change_holding(
    request: HttpRequest,
    who: May<kinds::EditHoldings>,
    state: web::Data<AppState>,
    id: PathId<HoldingMark>,
    version: IfMatch,
    body: Json<HoldingPatch>,
) -> Result<HttpResponse> {
    let asked = idempotency::Request::read(&request, &body.0)?;
    let (at, patch) = ((*id, version.0), body.0);
    let (holding, replayed) = write(&state, who.actor(), asked, move |conn, actor, house| {
        holdings::change(conn, actor, house, at, &patch)
    })
    .await?;
    Ok(changed(&who, &holding, replayed))
}

/// Close a holding: it is no asset any more and takes no transactions.
#[utoipa::path(operation_id = "closeHolding", tag = "holdings", request_body = CloseHolding,
    params(("id" = Uuid, Path, description = "The holding"),
        ("If-Match" = String, Header, description = "The tag that the decision was made from"),
        ("Idempotency-Key" = Option<String>, Header, description = "Closes at most once for a key")),
    responses((status = 200, body = Holding, description = "Closed",
        headers(("ETag" = String, description = "Its new tag")))))]
#[post("/holdings/{id}/close")]
pub async fn close_holding(
    request: HttpRequest,
    who: May<kinds::EditHoldings>,
    state: web::Data<AppState>,
    id: PathId<HoldingMark>,
    version: IfMatch,
    body: Json<CloseHolding>,
) -> Result<HttpResponse> {
    let asked = idempotency::Request::read(&request, &body.0)?;
    let (at, how) = ((*id, version.0), body.0);
    let (holding, replayed) = write(&state, who.actor(), asked, move |conn, actor, house| {
        holdings::close(conn, actor, house, at, &how)
    })
    .await?;
    Ok(changed(&who, &holding, replayed))
}

/// Open a closed holding again.
#[utoipa::path(operation_id = "reopenHolding", tag = "holdings",
    params(("id" = Uuid, Path, description = "The holding"),
        ("If-Match" = String, Header, description = "The tag that the decision was made from"),
        ("Idempotency-Key" = Option<String>, Header, description = "Opens at most once for a key")),
    responses((status = 200, body = Holding, description = "Active again",
        headers(("ETag" = String, description = "Its new tag")))))]
#[post("/holdings/{id}/reopen")]
pub async fn reopen_holding(
    request: HttpRequest,
    who: May<kinds::EditHoldings>,
    state: web::Data<AppState>,
    id: PathId<HoldingMark>,
    version: IfMatch,
) -> Result<HttpResponse> {
    let asked = idempotency::Request::read(&request, &())?;
    let at = (*id, version.0);
    let (holding, replayed) =
        write(&state, who.actor(), asked, move |conn, actor, house| holdings::reopen(conn, actor, house, at))
            .await?;
    Ok(changed(&who, &holding, replayed))
}

/// What happened to a holding, newest first. Its transactions are a list of their own.
#[utoipa::path(operation_id = "getHoldingHistory", tag = "holdings",
    params(("id" = Uuid, Path, description = "The holding"), ListQuery),
    responses((status = 200, body = Page<AuditEntry>, description = "A page of entries",
        headers(("Link" = String, description = "The next page, if there is one")))))]
#[get("/holdings/{id}/history")]
pub async fn holding_history(
    request: HttpRequest,
    who: May<kinds::ViewHoldings>,
    state: web::Data<AppState>,
    id: PathId<HoldingMark>,
    query: Query<ListQuery>,
) -> Result<HttpResponse> {
    let (actor, shared, id, asked) = (who.actor(), state.clone(), *id, ListRequest::from(query.0));
    let entries =
        state.db.read(move |conn| holdings::history(conn, &actor, house(&shared), id, &asked)).await?;
    Ok(page(&request, &entries))
}

/// List the transactions of a holding, newest day first unless told otherwise.
#[utoipa::path(operation_id = "listTransactions", tag = "holdings",
    params(("id" = Uuid, Path, description = "The holding"), ListQuery),
    responses((status = 200, body = Page<HoldingTransaction>, description = "A page of transactions",
        headers(("Link" = String, description = "The next page, if there is one")))))]
#[get("/holdings/{id}/transactions")]
pub async fn list_transactions(
    request: HttpRequest,
    who: May<kinds::ViewHoldings>,
    state: web::Data<AppState>,
    id: PathId<HoldingMark>,
    query: Query<ListQuery>,
) -> Result<HttpResponse> {
    let (actor, shared, id, asked) = (who.actor(), state.clone(), *id, ListRequest::from(query.0));
    let found =
        state.db.read(move |conn| holdings::transactions(conn, &actor, house(&shared), id, &asked)).await?;
    Ok(page(&request, &found))
}

/// Record a transaction.
///
/// It moves the amount of the holding, its balances from the day on, and the customer's figures, all at once.
#[utoipa::path(operation_id = "recordTransaction", tag = "holdings", request_body = NewHoldingTransaction,
    params(("id" = Uuid, Path, description = "The holding"),
        ("Idempotency-Key" = Option<String>, Header, description = "Records at most once for a key")),
    responses((status = 201, body = HoldingTransaction, description = "Recorded",
        headers(("Location" = String, description = "The list of transactions"), ("ETag" = String, description = "Its tag")))))]
#[post("/holdings/{id}/transactions")]
pub async fn record_transaction(
    request: HttpRequest,
    who: May<kinds::EditHoldings>,
    state: web::Data<AppState>,
    id: PathId<HoldingMark>,
    body: Json<NewHoldingTransaction>,
) -> Result<HttpResponse> {
    let asked = idempotency::Request::read(&request, &body.0)?;
    let (id, new) = (*id, body.0);
    write_transaction(&state, who.actor(), asked, id, move |conn, actor, house| {
        holdings::record(conn, actor, house, id, &new)
    })
    .await
}

/// Cancel a transaction by a counter-entry of the same day, once.
#[utoipa::path(operation_id = "reverseTransaction", tag = "holdings", request_body = Reversal,
    params(("id" = Uuid, Path, description = "The holding"),
        ("transaction_id" = Uuid, Path, description = "The transaction"),
        ("Idempotency-Key" = Option<String>, Header, description = "Cancels at most once for a key")),
    responses((status = 201, body = HoldingTransaction, description = "The counter-entry",
        headers(("Location" = String, description = "The list of transactions"), ("ETag" = String, description = "Its tag")))))]
#[post("/holdings/{id}/transactions/{transaction_id}/reverse")]
pub async fn reverse_transaction(
    request: HttpRequest,
    who: May<kinds::EditHoldings>,
    state: web::Data<AppState>,
    id: PathId<HoldingMark>,
    body: Json<Reversal>,
) -> Result<HttpResponse> {
    let asked = idempotency::Request::read(&request, &body.0)?;
    let transaction = path_id(&request, "transaction_id")?;
    let (id, reversal) = (*id, body.0);
    write_transaction(&state, who.actor(), asked, id, move |conn, actor, house| {
        holdings::reverse(conn, actor, house, (id, transaction), &reversal)
    })
    .await
}

/// List the balances of a holding, newest first: one for each day on which it changed.
#[utoipa::path(operation_id = "listBalances", tag = "holdings",
    params(("id" = Uuid, Path, description = "The holding"), BalanceQuery),
    responses((status = 200, body = Page<HoldingBalance>, description = "A page of balances",
        headers(("Link" = String, description = "The next page, if there is one")))))]
#[get("/holdings/{id}/balances")]
pub async fn list_balances(
    request: HttpRequest,
    who: May<kinds::ViewHoldings>,
    state: web::Data<AppState>,
    id: PathId<HoldingMark>,
    query: Query<BalanceQuery>,
) -> Result<HttpResponse> {
    let (actor, shared, id, asked) = (who.actor(), state.clone(), *id, query.0);
    let found =
        state.db.read(move |conn| holdings::balances(conn, &actor, house(&shared), id, &asked)).await?;
    Ok(page(&request, &found))
}

/// List all transactions of a customer, newest day first unless told otherwise.
#[utoipa::path(operation_id = "listTransactionsOfCustomer", tag = "holdings",
    params(("id" = Uuid, Path, description = "The customer"), ListQuery),
    responses((status = 200, body = Page<HoldingTransaction>, description = "A page of transactions",
        headers(("Link" = String, description = "The next page, if there is one")))))]
#[get("/customers/{id}/transactions")]
pub async fn list_transactions_of_customer(
    request: HttpRequest,
    who: May<kinds::ViewHoldings>,
    state: web::Data<AppState>,
    id: PathId<CustomerMark>,
    query: Query<ListQuery>,
) -> Result<HttpResponse> {
    let (actor, shared, id, asked) = (who.actor(), state.clone(), *id, ListRequest::from(query.0));
    let found = state
        .db
        .read(move |conn| holdings::transactions_of_customer(conn, &actor, house(&shared), id, &asked))
        .await?;
    Ok(page(&request, &found))
}

async fn write(
    state: &web::Data<AppState>,
    actor: Actor,
    asked: idempotency::Request,
    act: impl Fn(&mut DbConn, &Actor, House<'_>) -> Result<Holding> + Send + 'static,
) -> Result<(Holding, bool)> {
    let shared = state.clone();
    state
        .db
        .write(move |conn| {
            let house = house(&shared);
            let once = |conn: &mut DbConn| act(conn, &actor, house);
            match idempotency::once(conn, &actor, &asked, once, |holding| Some(holding.id))? {
                Once::Done(holding) => Ok((holding, false)),
                Once::Replayed(id) => Ok((holdings::read(conn, &actor, house, resource(id)?)?, true)),
            }
        })
        .await
}

async fn write_transaction(
    state: &web::Data<AppState>,
    actor: Actor,
    asked: idempotency::Request,
    holding: HoldingId,
    act: impl Fn(&mut DbConn, &Actor, House<'_>) -> Result<HoldingTransaction> + Send + 'static,
) -> Result<HttpResponse> {
    let (shared, who) = (state.clone(), actor.clone());
    let (made, replayed) = state
        .db
        .write(move |conn| {
            let once = |conn: &mut DbConn| act(conn, &actor, house(&shared));
            match idempotency::once(conn, &actor, &asked, once, |made| Some(made.id))? {
                Once::Done(made) => Ok((made, false)),
                Once::Replayed(id) => {
                    Ok::<_, Error>((holdings::transaction(conn, &actor, (holding, resource(id)?))?, true))
                }
            }
        })
        .await?;
    let place = format!("/api/v1/holdings/{holding}/transactions");
    Ok(created(&made, &place, &etag(&who, 1, i64::from(made.reversed_by.is_some())), replayed))
}

fn resource<T>(id: Option<Uuid>) -> Result<Id<T>> {
    id.map(Id::new).ok_or_else(|| Error::internal("an idempotency key without its resource"))
}

fn changed(actor: &Actor, holding: &Holding, replayed: bool) -> HttpResponse {
    let mut response = ok_tagged(holding, &holdings::tag(actor, holding));
    if replayed {
        mark_replayed(&mut response);
    }
    response
}

/// Who holds something together with the customer under whom it is booked.
#[utoipa::path(operation_id = "getCoOwners", tag = "holdings",
    params(("id" = Uuid, Path, description = "The holding")),
    responses((status = 200, body = CoOwners, description = "The co-owners whom the caller sees")))]
#[get("/holdings/{id}/co-owners")]
pub async fn get_co_owners(
    who: May<kinds::ViewHoldings>,
    state: web::Data<AppState>,
    id: PathId<HoldingMark>,
) -> Result<HttpResponse> {
    let (actor, shared, id) = (who.actor(), state.clone(), *id);
    let owners = state.db.read(move |conn| holdings::co_owners(conn, &actor, shared.house(), id)).await?;
    Ok(ok(&owners))
}

/// Set the co-owners of a holding.
///
/// Those whom the caller does not see stay. The holding counts to the assets of its holder alone; the balance sheet of a household counts it once.
#[utoipa::path(operation_id = "setCoOwners", tag = "holdings", request_body = NewCoOwners,
    params(("id" = Uuid, Path, description = "The holding"),
        ("If-Match" = String, Header, description = "The tag that the change was made from"),
        ("Idempotency-Key" = Option<String>, Header, description = "Changes at most once for a key")),
    responses((status = 200, body = Holding, description = "The holding",
        headers(("ETag" = String, description = "Its new tag")))))]
#[put("/holdings/{id}/co-owners")]
pub async fn set_co_owners(
    request: HttpRequest,
    who: May<kinds::EditHoldings>,
    state: web::Data<AppState>,
    id: PathId<HoldingMark>,
    version: IfMatch,
    body: Json<NewCoOwners>,
) -> Result<HttpResponse> {
    let asked = idempotency::Request::read(&request, &body.0)?;
    let (at, owners) = ((*id, version.0), body.0);
    let (holding, replayed) = write(&state, who.actor(), asked, move |conn, actor, house| {
        holdings::set_co_owners(conn, actor, house, at, &owners)
    })
    .await?;
    Ok(changed(&who, &holding, replayed))
}
