//! Views of lists: filter, order and columns under a name, for oneself or shared with colleagues.
//!
//! A view is no door: it holds what somebody could have typed into the list, and the list runs it with the rights, the scope and the masks of
//! whoever opens it. What may not stand in an address, because addresses are logged, may not stand in a view.

mod manage;
mod routes;
mod store;
#[cfg(test)]
mod tests;

pub(crate) use manage::VIEWS;
pub use manage::{change, choose, create, create_for, delete, list, read, unchoose};

use guanxi_db::Id;

/// Marks ids of views.
#[derive(Debug)]
pub enum ViewMark {}

pub type ViewId = Id<ViewMark>;

/// The routes of this room.
pub fn routes(config: &mut impl crate::web::Routes) {
    config
        .service(routes::list_views)
        .service(routes::create_view)
        .service(routes::get_view)
        .service(routes::change_view)
        .service(routes::delete_view)
        .service(routes::choose_view)
        .service(routes::unchoose_view);
}
