use guanxi_api::{
    AuditEntry, BalanceSheet, CoOwners, Household, HouseholdPatch, HouseholdSearch, Households, Network,
    NewCoOwners, NewHousehold, NewRelation, Page, Referrals, Relation, RelationPatch, Relations,
};
use uuid::Uuid;

use super::{ApiError, Call, Tagged, query};

fn tag(version: i64) -> String {
    format!("\"{version}-0\"")
}

pub async fn of_customer(id: Uuid) -> Result<Relations, ApiError> {
    Call::get(format!("/customers/{id}/relations")).read().await
}

/// One of them, if it still is one.
pub async fn of(customer: Uuid, id: Uuid) -> Result<Option<Relation>, ApiError> {
    let all = of_customer(customer).await?;
    Ok(all.relations.into_iter().find(|relation| relation.id == id))
}

pub async fn create(id: Uuid, new: &NewRelation, key: &str) -> Result<(), ApiError> {
    Call::post(format!("/customers/{id}/relations")).json(new).once(key).send().await.map(drop)
}

pub async fn patch(id: Uuid, relation: &Relation, patch: &RelationPatch) -> Result<(), ApiError> {
    let path = format!("/customers/{id}/relations/{}", relation.id);
    Call::patch(path).if_match(&tag(relation.version)).json(patch).send().await.map(drop)
}

pub async fn archive(id: Uuid, relation: &Relation) -> Result<(), ApiError> {
    let path = format!("/customers/{id}/relations/{}/archive", relation.id);
    Call::post(path).if_match(&tag(relation.version)).send().await.map(drop)
}

pub async fn network(id: Uuid) -> Result<Network, ApiError> {
    Call::get(format!("/customers/{id}/network")).read().await
}

pub async fn referrals(id: Uuid) -> Result<Referrals, ApiError> {
    Call::get(format!("/customers/{id}/referrals")).read().await
}

pub async fn households(id: Uuid) -> Result<Households, ApiError> {
    Call::get(format!("/customers/{id}/households")).read().await
}

pub async fn all_households(cursor: &str) -> Result<Page<Household>, ApiError> {
    Call::get(format!("/households{}", query(&[("cursor", cursor)]))).read().await
}

pub async fn search_households(search: &HouseholdSearch) -> Result<Page<Household>, ApiError> {
    Call::post("/households/search").json(search).read().await
}

pub async fn household(id: Uuid) -> Result<Tagged<Household>, ApiError> {
    Call::get(format!("/households/{id}")).read_tagged().await
}

pub async fn household_history(id: Uuid, cursor: &str) -> Result<Page<AuditEntry>, ApiError> {
    Call::get(format!("/households/{id}/history{}", query(&[("cursor", cursor)]))).read().await
}

pub async fn create_household(new: &NewHousehold, key: &str) -> Result<(), ApiError> {
    Call::post("/households").json(new).once(key).send().await.map(drop)
}

pub async fn patch_household(household: &Household, patch: &HouseholdPatch) -> Result<(), ApiError> {
    let path = format!("/households/{}", household.id);
    Call::patch(path).if_match(&tag(household.version)).json(patch).send().await.map(drop)
}

pub async fn archive_household(household: &Household) -> Result<(), ApiError> {
    let path = format!("/households/{}/archive", household.id);
    Call::post(path).if_match(&tag(household.version)).send().await.map(drop)
}

pub async fn balance_sheet(id: Uuid) -> Result<BalanceSheet, ApiError> {
    Call::get(format!("/households/{id}/balance-sheet")).read().await
}

pub async fn co_owners(holding: Uuid) -> Result<CoOwners, ApiError> {
    Call::get(format!("/holdings/{holding}/co-owners")).read().await
}

pub async fn set_co_owners(holding: Uuid, etag: &str, customer_ids: Vec<Uuid>) -> Result<(), ApiError> {
    let path = format!("/holdings/{holding}/co-owners");
    Call::put(path).if_match(etag).json(&NewCoOwners { customer_ids }).send().await.map(drop)
}
