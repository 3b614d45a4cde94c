use guanxi_api::{
    AuditEntry, Instant, LocalName, NewProduct, Page, Product, ProductKind, ProductPatch, ProductRef,
    RiskGrade,
};
use guanxi_db::{Condition, DbConn, DbError, Id, Value};
use serde_json::json;

use crate::access::{Actor, Keys};
use crate::audit::{self, changes_between};
use crate::due;
use crate::error::{Code, Error, FieldError, Result, Wrong};
use crate::listing::filter::FieldType;
use crate::listing::{Field, ListRequest, Resource, set_total};
use crate::products::store::{self, ProductRow};
use crate::products::{ProductId, rules};

static FIELDS: &[Field] = &[
    Field::new("code", "product.code", FieldType::Text).sortable(),
    Field::new("kind", "product.kind", FieldType::Code(ProductKind::CODES)).sortable(),
    Field::new("risk_grade", "product.risk_grade", FieldType::Code(RiskGrade::CODES)).nullable(),
    Field::new("currency", "product.currency", FieldType::Text),
    Field::new("counts_as_asset", "product.counts_as_asset", FieldType::Bool),
    Field::new("term_days", "product.term_days", FieldType::Integer).nullable(),
    Field::new("archived", "product.archived", FieldType::Bool),
    Field::new("updated_at", "product.updated_at", FieldType::Instant).sortable(),
];

pub(crate) static PRODUCTS: Resource = Resource {
    name: "products",
    fields: FIELDS,
    default_sort: "code",
    id_column: "product.id",
    unless_asked: Some(("archived", present)),
};

fn present() -> Condition {
    Condition::new().sql("product.archived = ").bind(Value::Bool(false))
}

/// What other rooms need to know of a product.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProductSummary {
    pub id: ProductId,
    pub kind: ProductKind,
    pub currency: String,
    pub counts_as_asset: bool,
    pub term_days: Option<u32>,
    pub archived: bool,
}

/// A product of which something new is about to be held: until the transaction ends it stays as it is. `None` when there is none.
///
/// # Errors
/// When the database fails.
pub fn product_for_new(conn: &mut DbConn, id: ProductId) -> Result<Option<ProductSummary>> {
    let Some(row) = store::product_kept(conn, id)? else { return Ok(None) };
    Ok(Some(ProductSummary {
        id: row.id,
        kind: kind_of(&row.kind)?,
        counts_as_asset: row.counts_as_asset,
        term_days: row.term_days.and_then(|days| u32::try_from(days).ok()),
        archived: row.archived,
        currency: row.currency,
    }))
}

/// As [`product_for_new`], by the code of the product.
///
/// # Errors
/// When the database fails.
pub fn product_by_code(conn: &mut DbConn, code: &str) -> Result<Option<ProductSummary>> {
    match store::product_id(conn, code)? {
        Some(id) => product_for_new(conn, id),
        None => Ok(None),
    }
}

/// A product, named, from its columns.
///
/// # Errors
/// When the kind is none.
pub fn product_ref(id: ProductId, code: String, kind: &str, zh_cn: String, en: String) -> Result<ProductRef> {
    Ok(ProductRef { id: id.uuid(), code, kind: kind_of(kind)?, name: LocalName { zh_cn, en } })
}

fn kind_of(code: &str) -> Result<ProductKind> {
    ProductKind::from_code(code).ok_or_else(|| Error::internal("a kind of product that is none"))
}

/// The catalogue, by code unless told otherwise.
///
/// # Errors
/// As every list.
pub fn list_products(
    conn: &mut DbConn,
    actor: &Actor,
    keys: &Keys,
    request: &ListRequest,
) -> Result<Page<Product>> {
    let listing = request.read(&PRODUCTS, actor, keys.cursor())?;
    let mut rows = store::list_products(conn, &listing)?;
    let value = |row: &ProductRow, field: &str| match field {
        "kind" => Value::Text(row.kind.clone()),
        "updated_at" => Value::Moment(row.updated_at),
        _ => Value::Text(row.code.clone()),
    };
    let mut info = listing.page(&mut rows, keys.cursor(), value, |row| Id::new(row.id.uuid()))?;
    if listing.total {
        set_total(&mut info, store::count_products(conn, &listing)?);
    }
    Ok(Page { data: rows.into_iter().map(wire).collect::<Result<_>>()?, page: info })
}

/// A product. Everybody sees the catalogue.
///
/// # Errors
/// 404 when there is none.
pub fn product_details(conn: &mut DbConn, id: ProductId) -> Result<Product> {
    wire(store::product(conn, id)?.ok_or_else(Error::not_found)?)
}

/// What happened to a product, newest first.
///
/// # Errors
/// 404 when there is none; as every list.
pub fn product_history(
    conn: &mut DbConn,
    actor: &Actor,
    keys: &Keys,
    id: ProductId,
    request: &ListRequest,
) -> Result<Page<AuditEntry>> {
    store::product(conn, id)?.ok_or_else(Error::not_found)?;
    audit::history(conn, actor, keys, ("product", id.uuid()), request)
}

/// Adds a product to the catalogue.
///
/// # Errors
/// 422 with every field that breaks a rule; 409 when the code is taken.
pub fn create_product(conn: &mut DbConn, actor: &Actor, new: &NewProduct) -> Result<Product> {
    let mut wrong = Wrong::default();
    if let Err(broken) = rules::check_currency(&new.currency) {
        wrong.add(FieldError::broken("/currency", broken));
    }
    let (code, name, terms) = checked(wrong, &new.code, &new.name, new.terms.as_deref())?;
    let row = ProductRow {
        id: actor.new_id(),
        code,
        kind: new.kind.as_str().to_owned(),
        name_zh: name.zh_cn,
        name_en: name.en,
        risk_grade: new.risk_grade.map(|grade| grade.as_str().to_owned()),
        currency: new.currency.clone(),
        counts_as_asset: new.counts_as_asset.unwrap_or(new.kind.counts_as_asset()),
        term_days: new.term_days.and_then(|days| i32::try_from(days).ok()),
        terms,
        archived_at: None,
        archived: false,
        version: 1,
        created_at: actor.now(),
        updated_at: actor.now(),
    };
    store::insert_product(conn, &row).map_err(code_taken)?;
    record(conn, actor, None, &row, "created")?;
    wire(row)
}

/// Changes a product. Where it counts as an asset from now on, or no more, its holders are due to be valued anew.
///
/// # Errors
/// 404, 412 when the version is another one; 422 with every field that breaks a rule; 409 when the code is taken.
pub fn change_product(
    conn: &mut DbConn,
    actor: &Actor,
    id: ProductId,
    version: i64,
    patch: &ProductPatch,
) -> Result<Product> {
    let before = at_version(conn, actor, id, version)?;
    let own_name = LocalName { zh_cn: before.name_zh.clone(), en: before.name_en.clone() };
    let terms = patch.terms.as_ref().map_or(before.terms.as_deref(), |terms| terms.as_deref());
    let (code, name, terms) = checked(
        Wrong::default(),
        patch.code.as_deref().unwrap_or(&before.code),
        patch.name.as_ref().unwrap_or(&own_name),
        terms,
    )?;
    let after = ProductRow {
        code,
        name_zh: name.zh_cn,
        name_en: name.en,
        risk_grade: match patch.risk_grade {
            None => before.risk_grade.clone(),
            Some(grade) => grade.map(|grade| grade.as_str().to_owned()),
        },
        counts_as_asset: patch.counts_as_asset.unwrap_or(before.counts_as_asset),
        term_days: match patch.term_days {
            None => before.term_days,
            Some(days) => days.and_then(|days| i32::try_from(days).ok()),
        },
        terms,
        ..before.clone()
    };
    if after.counts_as_asset != before.counts_as_asset {
        due::add(conn, actor, due::Kind::Product, &id.to_string())?;
    }
    write(conn, actor, &before, after, "updated")
}

/// Takes a product out of the catalogue: nothing new is held of it; what is held stays.
///
/// # Errors
/// 404, 412 when the version is another one; 409 when it is archived.
pub fn archive_product(conn: &mut DbConn, actor: &Actor, id: ProductId, version: i64) -> Result<Product> {
    let before = at_version(conn, actor, id, version)?;
    if before.archived {
        return Err(Error::conflict("", "already_archived"));
    }
    let after = ProductRow { archived: true, archived_at: Some(actor.now()), ..before.clone() };
    write(conn, actor, &before, after, "archived")
}

/// Puts an archived product back into the catalogue.
///
/// # Errors
/// 404, 412 when the version is another one; 409 when it is not archived.
pub fn restore_product(conn: &mut DbConn, actor: &Actor, id: ProductId, version: i64) -> Result<Product> {
    let before = at_version(conn, actor, id, version)?;
    if !before.archived {
        return Err(Error::conflict("", "not_archived"));
    }
    let after = ProductRow { archived: false, archived_at: None, ..before.clone() };
    write(conn, actor, &before, after, "restored")
}

/// Writes a changed product over the version it was made from; nothing when nothing differs.
fn write(
    conn: &mut DbConn,
    actor: &Actor,
    before: &ProductRow,
    after: ProductRow,
    action: &'static str,
) -> Result<Product> {
    if document(before) == document(&after) {
        return wire(after);
    }
    let after = ProductRow { version: before.version + 1, updated_at: actor.now(), ..after };
    if !store::update_product(conn, &after, before.version).map_err(code_taken)? {
        return Err(stale(conn, actor, before.id));
    }
    record(conn, actor, Some(before), &after, action)?;
    wire(after)
}

/// The tag of a product.
pub fn product_tag(actor: &Actor, product: &Product) -> String {
    crate::web::etag(actor, product.version, 0)
}

fn at_version(conn: &mut DbConn, actor: &Actor, id: ProductId, version: i64) -> Result<ProductRow> {
    let row = store::product(conn, id)?.ok_or_else(Error::not_found)?;
    if row.version == version { Ok(row) } else { Err(stale_by(actor, row.version)) }
}

fn stale(conn: &mut DbConn, actor: &Actor, id: ProductId) -> Error {
    match store::product(conn, id) {
        Ok(Some(row)) => stale_by(actor, row.version),
        Ok(None) => Error::not_found(),
        Err(error) => error,
    }
}

fn stale_by(actor: &Actor, version: i64) -> Error {
    Error::new(Code::Stale).with_header("ETag", crate::web::etag(actor, version, 0))
}

fn checked(
    mut wrong: Wrong,
    code: &str,
    name: &LocalName,
    terms: Option<&str>,
) -> Result<(String, LocalName, Option<String>)> {
    if let Err(broken) = rules::check_code(code) {
        wrong.add(FieldError::broken("/code", broken));
    }
    let name = wrong.keep(rules::name(name).map_err(Error::fields))?;
    let terms = terms.map(rules::terms).transpose();
    let terms =
        wrong.keep(terms.map_err(|broken| Error::fields(vec![FieldError::broken("/terms", broken)])))?;
    let (name, terms) = wrong.unless(name.zip(terms))?;
    Ok((code.to_owned(), name, terms.flatten()))
}

fn code_taken(error: DbError) -> Error {
    match error {
        DbError::Unique => Error::conflict("/code", "taken"),
        other => Error::from(other),
    }
}

fn record(
    conn: &mut DbConn,
    actor: &Actor,
    before: Option<&ProductRow>,
    after: &ProductRow,
    action: &'static str,
) -> Result<()> {
    let change = audit::Change {
        resource_type: "product",
        resource_id: after.id.uuid(),
        action,
        version: after.version,
        changes: changes_between(&before.map_or_else(|| json!({}), document), &document(after)),
        reason: None,
    };
    audit::record(conn, actor, &change)
}

fn document(row: &ProductRow) -> serde_json::Value {
    json!({
        "code": row.code,
        "kind": row.kind,
        "name": LocalName { zh_cn: row.name_zh.clone(), en: row.name_en.clone() },
        "risk_grade": row.risk_grade,
        "currency": row.currency,
        "counts_as_asset": row.counts_as_asset,
        "term_days": row.term_days,
        "terms": row.terms,
        "archived_at": row.archived_at.map(|at| Instant(at.to_utc())),
    })
}

fn wire(row: ProductRow) -> Result<Product> {
    Ok(Product {
        id: row.id.uuid(),
        kind: kind_of(&row.kind)?,
        risk_grade: row.risk_grade.as_deref().and_then(RiskGrade::from_code),
        counts_as_asset: row.counts_as_asset,
        term_days: row.term_days.and_then(|days| u32::try_from(days).ok()),
        archived_at: row.archived_at.map(|at| Instant(at.to_utc())),
        version: row.version,
        created_at: Instant(row.created_at.to_utc()),
        updated_at: Instant(row.updated_at.to_utc()),
        code: row.code,
        name: LocalName { zh_cn: row.name_zh, en: row.name_en },
        currency: row.currency,
        terms: row.terms,
    })
}
