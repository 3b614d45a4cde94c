use guanxi_api::{
    CloseHolding, Holding, HoldingBalance, HoldingPatch, HoldingTransaction, NewHolding,
    NewHoldingTransaction, Page, Reversal, TierChange,
};
use uuid::Uuid;

use super::{ApiError, Call, Tagged, query};

pub async fn list(filter: &str, sort: &str, cursor: &str) -> Result<Page<Holding>, ApiError> {
    let query = query(&[("filter", filter), ("sort", sort), ("cursor", cursor)]);
    Call::get(format!("/holdings{query}")).read().await
}

/// What a customer holds; the greatest first, and no more than one page.
pub async fn of_customer(id: Uuid) -> Result<Page<Holding>, ApiError> {
    Call::get(format!("/customers/{id}/holdings?limit=200")).read().await
}

pub async fn tier_history(id: Uuid) -> Result<Page<TierChange>, ApiError> {
    Call::get(format!("/customers/{id}/tier-history")).read().await
}

pub async fn get(id: Uuid) -> Result<Tagged<Holding>, ApiError> {
    Call::get(format!("/holdings/{id}")).read_tagged().await
}

pub async fn open(customer: Uuid, new: &NewHolding, key: &str) -> Result<(), ApiError> {
    Call::post(format!("/customers/{customer}/holdings")).json(new).once(key).send().await.map(drop)
}

pub async fn patch(id: Uuid, etag: &str, patch: &HoldingPatch) -> Result<(), ApiError> {
    Call::patch(format!("/holdings/{id}")).if_match(etag).json(patch).send().await.map(drop)
}

pub async fn close(id: Uuid, etag: &str, how: &CloseHolding) -> Result<(), ApiError> {
    Call::post(format!("/holdings/{id}/close")).if_match(etag).json(how).send().await.map(drop)
}

pub async fn reopen(id: Uuid, etag: &str) -> Result<(), ApiError> {
    Call::post(format!("/holdings/{id}/reopen")).if_match(etag).send().await.map(drop)
}

pub async fn transactions(id: Uuid) -> Result<Page<HoldingTransaction>, ApiError> {
    Call::get(format!("/holdings/{id}/transactions")).read().await
}

pub async fn balances(id: Uuid) -> Result<Page<HoldingBalance>, ApiError> {
    Call::get(format!("/holdings/{id}/balances?limit=200")).read().await
}

pub async fn record(id: Uuid, new: &NewHoldingTransaction, key: &str) -> Result<(), ApiError> {
    Call::post(format!("/holdings/{id}/transactions")).json(new).once(key).send().await.map(drop)
}

pub async fn reverse(id: Uuid, transaction: Uuid, why: &Reversal, key: &str) -> Result<(), ApiError> {
    let path = format!("/holdings/{id}/transactions/{transaction}/reverse");
    Call::post(path).json(why).once(key).send().await.map(drop)
}
