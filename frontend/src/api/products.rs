use guanxi_api::{ExchangeRate, NewExchangeRate, NewProduct, Page, Product, ProductPatch};
use uuid::Uuid;

use super::interactions::tag;
use super::{ApiError, Call, query};

pub async fn list(filter: &str, sort: &str, cursor: &str) -> Result<Page<Product>, ApiError> {
    let query = query(&[("filter", filter), ("sort", sort), ("cursor", cursor)]);
    Call::get(format!("/products{query}")).read().await
}

/// The catalogue, as far as one list to choose from goes.
pub async fn choices() -> Result<Page<Product>, ApiError> {
    Call::get("/products?limit=200").read().await
}

pub async fn get(id: Uuid) -> Result<Product, ApiError> {
    Call::get(format!("/products/{id}")).read().await
}

pub async fn create(new: &NewProduct, key: &str) -> Result<(), ApiError> {
    Call::post("/products").json(new).once(key).send().await.map(drop)
}

pub async fn patch(id: Uuid, version: i64, patch: &ProductPatch) -> Result<(), ApiError> {
    Call::patch(format!("/products/{id}")).if_match(&tag(version)).json(patch).send().await.map(drop)
}

/// `archive` or `restore`.
pub async fn act(id: Uuid, version: i64, action: &str) -> Result<(), ApiError> {
    Call::post(format!("/products/{id}/{action}")).if_match(&tag(version)).send().await.map(drop)
}

pub async fn rates(filter: &str, sort: &str, cursor: &str) -> Result<Page<ExchangeRate>, ApiError> {
    let query = query(&[("filter", filter), ("sort", sort), ("cursor", cursor)]);
    Call::get(format!("/exchange-rates{query}")).read().await
}

pub async fn add_rate(new: &NewExchangeRate, key: &str) -> Result<(), ApiError> {
    Call::post("/exchange-rates").json(new).once(key).send().await.map(drop)
}
