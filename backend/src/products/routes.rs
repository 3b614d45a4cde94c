use actix_web::{HttpRequest, HttpResponse, get, patch, post, web};
use guanxi_api::{
    AuditEntry, ExchangeRate, ListQuery, NewExchangeRate, NewProduct, Page, Product, ProductPatch,
};
use guanxi_db::{DbConn, Id};
use uuid::Uuid;

use crate::access::{Actor, May, kinds};
use crate::app::AppState;
use crate::error::{Error, Result};
use crate::idempotency::{self, Once};
use crate::listing::ListRequest;
use crate::products::{self, ProductMark};
use crate::web::{
    Document, IfMatch, Json, PathId, Query, created, mark_replayed, not_modified, ok_tagged, page,
};

/// List the catalogue, by code unless told otherwise.
///
/// Archived products are left out unless the filter names `archived`.
#[utoipa::path(operation_id = "listProducts", tag = "products", params(ListQuery),
    responses((status = 200, body = Page<Product>, description = "A page of products",
        headers(("Link" = String, description = "The next page, if there is one")))))]
#[get("/products")]
pub async fn list_products(
    request: HttpRequest,
    who: May<kinds::ViewProducts>,
    state: web::Data<AppState>,
    query: Query<ListQuery>,
) -> Result<HttpResponse> {
    let (actor, shared, asked) = (who.actor(), state.clone(), ListRequest::from(query.0));
    let found =
        state.db.read(move |conn| products::list_products(conn, &actor, &shared.keys, &asked)).await?;
    Ok(page(&request, &found))
}

/// Add a product to the catalogue.
#[utoipa::path(operation_id = "createProduct", tag = "products", request_body = NewProduct,
    params(("Idempotency-Key" = Option<String>, Header, description = "Creates at most once for a key")),
    responses((status = 201, body = Product, description = "Created",
        headers(("Location" = String, description = "The product"), ("ETag" = String, description = "Its version")))))]
#[post("/products")]
pub async fn create_product(
    request: HttpRequest,
    who: May<kinds::ManageProducts>,
    state: web::Data<AppState>,
    body: Json<NewProduct>,
) -> Result<HttpResponse> {
    let asked = idempotency::Request::read(&request, &body.0)?;
    let new = body.0;
    let (product, replayed) = write_product(&state, who.actor(), asked, move |conn, actor| {
        products::create_product(conn, actor, &new)
    })
    .await?;
    let place = format!("/api/v1/products/{}", product.id);
    Ok(created(&product, &place, &products::product_tag(&who, &product), replayed))
}

/// Read a product.
#[utoipa::path(operation_id = "getProduct", tag = "products",
    params(("id" = Uuid, Path, description = "The product"),
        ("If-None-Match" = Option<String>, Header, description = "The tag of what is known already")),
    responses((status = 200, body = Product, description = "The product",
            headers(("ETag" = String, description = "Its version"))),
        (status = 304, description = "Not changed")))]
#[get("/products/{id}")]
pub async fn get_product(
    request: HttpRequest,
    who: May<kinds::ViewProducts>,
    state: web::Data<AppState>,
    id: PathId<ProductMark>,
) -> Result<HttpResponse> {
    let id = *id;
    let product = state.db.read(move |conn| products::product_details(conn, id)).await?;
    let tag = products::product_tag(&who, &product);
    Ok(not_modified(&request, &tag).unwrap_or_else(|| ok_tagged(&product, &tag)))
}

/// Change a product.
///
/// Where it counts as an asset from now on, or no more, the assets of its holders follow shortly.
#[utoipa::path(operation_id = "changeProduct", tag = "products", request_body = ProductPatch,
    params(("id" = Uuid, Path, description = "The product"),
        ("If-Match" = String, Header, description = "The tag that the change was made from"),
        ("Idempotency-Key" = Option<String>, Header, description = "Changes at most once for a key")),
    responses((status = 200, body = Product, description = "Changed",
        headers(("ETag" = String, description = "Its new version")))))]
#[patch("/products/{id}")]
pub async fn change_product(
    request: HttpRequest,
    who: May<kinds::ManageProducts>,
    state: web::Data<AppState>,
    id: PathId<ProductMark>,
    version: IfMatch,
    body: Json<ProductPatch>,
) -> Result<HttpResponse> {
    let asked = idempotency::Request::read(&request, &body.0)?;
    let (id, version, patch) = (*id, version.0, body.0);
    let (product, replayed) = write_product(&state, who.actor(), asked, move |conn, actor| {
        products::change_product(conn, actor, id, version, &patch)
    })
    .await?;
    Ok(changed(&who, &product, replayed))
}

/// Take a product out of the catalogue: nothing new is held of it.
#[utoipa::path(operation_id = "archiveProduct", tag = "products",
    params(("id" = Uuid, Path, description = "The product"),
        ("If-Match" = String, Header, description = "The tag that the decision was made from"),
        ("Idempotency-Key" = Option<String>, Header, description = "Archives at most once for a key")),
    responses((status = 200, body = Product, description = "Archived",
        headers(("ETag" = String, description = "Its new version")))))]
#[post("/products/{id}/archive")]
pub async fn archive_product(
    request: HttpRequest,
    who: May<kinds::ManageProducts>,
    state: web::Data<AppState>,
    id: PathId<ProductMark>,
    version: IfMatch,
) -> Result<HttpResponse> {
    let asked = idempotency::Request::read(&request, &())?;
    let (id, version) = (*id, version.0);
    let (product, replayed) = write_product(&state, who.actor(), asked, move |conn, actor| {
        products::archive_product(conn, actor, id, version)
    })
    .await?;
    Ok(changed(&who, &product, replayed))
}

/// Put an archived product back into the catalogue.
#[utoipa::path(operation_id = "restoreProduct", tag = "products",
    params(("id" = Uuid, Path, description = "The product"),
        ("If-Match" = String, Header, description = "The tag that the decision was made from"),
        ("Idempotency-Key" = Option<String>, Header, description = "Restores at most once for a key")),
    responses((status = 200, body = Product, description = "In the catalogue again",
        headers(("ETag" = String, description = "Its new version")))))]
#[post("/products/{id}/restore")]
pub async fn restore_product(
    request: HttpRequest,
    who: May<kinds::ManageProducts>,
    state: web::Data<AppState>,
    id: PathId<ProductMark>,
    version: IfMatch,
) -> Result<HttpResponse> {
    let asked = idempotency::Request::read(&request, &())?;
    let (id, version) = (*id, version.0);
    let (product, replayed) = write_product(&state, who.actor(), asked, move |conn, actor| {
        products::restore_product(conn, actor, id, version)
    })
    .await?;
    Ok(changed(&who, &product, replayed))
}

/// What happened to a product, newest first.
#[utoipa::path(operation_id = "getProductHistory", tag = "products",
    params(("id" = Uuid, Path, description = "The product"), ListQuery),
    responses((status = 200, body = Page<AuditEntry>, description = "A page of entries",
        headers(("Link" = String, description = "The next page, if there is one")))))]
#[get("/products/{id}/history")]
pub async fn product_history(
    request: HttpRequest,
    who: May<kinds::ViewProducts>,
    state: web::Data<AppState>,
    id: PathId<ProductMark>,
    query: Query<ListQuery>,
) -> Result<HttpResponse> {
    let (actor, shared, id, asked) = (who.actor(), state.clone(), *id, ListRequest::from(query.0));
    let entries =
        state.db.read(move |conn| products::product_history(conn, &actor, &shared.keys, id, &asked)).await?;
    Ok(page(&request, &entries))
}

/// List exchange rates, newest day first unless told otherwise.
#[utoipa::path(operation_id = "listExchangeRates", tag = "products", params(ListQuery),
    responses((status = 200, body = Page<ExchangeRate>, description = "A page of rates",
        headers(("Link" = String, description = "The next page, if there is one")))))]
#[get("/exchange-rates")]
pub async fn list_rates(
    request: HttpRequest,
    who: May<kinds::ViewRates>,
    state: web::Data<AppState>,
    query: Query<ListQuery>,
) -> Result<HttpResponse> {
    let (actor, shared, asked) = (who.actor(), state.clone(), ListRequest::from(query.0));
    let found = state.db.read(move |conn| products::list_rates(conn, &actor, &shared.keys, &asked)).await?;
    Ok(page(&request, &found))
}

/// Give a currency a rate from a day on.
///
/// Where it has one from that day, this puts it right. The holdings in the currency are valued anew shortly, or on the day if that is
/// later.
#[utoipa::path(operation_id = "addExchangeRate", tag = "products", request_body = NewExchangeRate,
    params(("Idempotency-Key" = Option<String>, Header, description = "Adds at most once for a key")),
    responses((status = 201, body = ExchangeRate, description = "The rate",
        headers(("Location" = String, description = "The list of rates"), ("ETag" = String, description = "Its version")))))]
#[post("/exchange-rates")]
pub async fn add_rate(
    request: HttpRequest,
    who: May<kinds::ManageRates>,
    state: web::Data<AppState>,
    body: Json<NewExchangeRate>,
) -> Result<HttpResponse> {
    let asked = idempotency::Request::read(&request, &body.0)?;
    let (actor, shared, new) = (who.actor(), state.clone(), body.0);
    let (rate, replayed) = state
        .db
        .write(move |conn| {
            let act = |conn: &mut DbConn| products::add_rate(conn, &actor, &shared.settings, &new);
            match idempotency::once(conn, &actor, &asked, act, |rate| Some(rate.id))? {
                Once::Done(rate) => Ok((rate, false)),
                Once::Replayed(id) => Ok::<_, Error>((products::rate_details(conn, resource(id)?)?, true)),
            }
        })
        .await?;
    Ok(created(&rate, "/api/v1/exchange-rates", &Document::tag_of(&rate, &who, rate.version), replayed))
}

async fn write_product(
    state: &web::Data<AppState>,
    actor: Actor,
    asked: idempotency::Request,
    act: impl Fn(&mut DbConn, &Actor) -> Result<Product> + Send + 'static,
) -> Result<(Product, bool)> {
    state
        .db
        .write(move |conn| {
            let once = |conn: &mut DbConn| act(conn, &actor);
            match idempotency::once(conn, &actor, &asked, once, |product| Some(product.id))? {
                Once::Done(product) => Ok((product, false)),
                Once::Replayed(id) => Ok((products::product_details(conn, resource(id)?)?, true)),
            }
        })
        .await
}

fn resource<T>(id: Option<Uuid>) -> Result<Id<T>> {
    id.map(Id::new).ok_or_else(|| Error::internal("an idempotency key without its resource"))
}

fn changed(actor: &Actor, product: &Product, replayed: bool) -> HttpResponse {
    let mut response = ok_tagged(product, &products::product_tag(actor, product));
    if replayed {
        mark_replayed(&mut response);
    }
    response
}
