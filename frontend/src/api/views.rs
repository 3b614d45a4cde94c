use guanxi_api::{NewSavedView, Page, SavedView, SavedViewPatch};
use uuid::Uuid;

use super::{ApiError, Call};

fn tag(view: &SavedView) -> String {
    format!("\"{}-0\"", view.version)
}

/// The views of the list of customers that the user sees.
pub async fn of_customers() -> Result<Page<SavedView>, ApiError> {
    Call::get("/views?list=customers&limit=200").read().await
}

pub async fn get(id: Uuid) -> Result<SavedView, ApiError> {
    Call::get(format!("/views/{id}")).read().await
}

pub async fn create(new: &NewSavedView, key: &str) -> Result<SavedView, ApiError> {
    Call::post("/views").json(new).once(key).read().await
}

pub async fn change(view: &SavedView, patch: &SavedViewPatch) -> Result<SavedView, ApiError> {
    Call::patch(format!("/views/{}", view.id)).if_match(&tag(view)).json(patch).read().await
}

pub async fn delete(view: &SavedView) -> Result<(), ApiError> {
    Call::delete(format!("/views/{}", view.id)).if_match(&tag(view)).send().await.map(drop)
}

/// Has the user see a view first, or the whole list again.
pub async fn see_first(id: Uuid, first: bool) -> Result<SavedView, ApiError> {
    let path = format!("/views/{id}/default");
    if first { Call::put(path).read().await } else { Call::delete(path).read().await }
}
