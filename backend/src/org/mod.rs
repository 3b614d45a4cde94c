//! The bank itself: its units in one tree, and the members of staff who can sign in.
//!
//! A unit knows its place by its path (the ids from the head office down to it), so "everything below" is one range of an index. Moving a
//! unit rewrites the paths of its subtree in one statement. Units and users are archived, never deleted: history names them.
//! Everybody sees the names of all units; users are seen by those who have the right, within their own units.
//!
//! A change of a user's role or unit, an archived account and a new password end the user's sessions: what a session may do was decided
//! when it began.

mod directory;
mod routes;
mod rules;
mod store;
#[cfg(test)]
mod tests;
mod units;
mod users;

pub use directory::{Directory, Names};
pub(crate) use units::UNITS;
pub use units::{
    Unit, archive_unit, branch_path, change_unit, create_root, create_unit, line_of, list_units, rename_root,
    restore_unit, root, unit, unit_by_code, unit_details, unit_for_new, unit_history, unit_ref, unit_tag,
};
pub(crate) use users::USERS;
pub use users::{
    NewPassword, UserSummary, any_user, archive_user, change_user, create_user, hand_over_until,
    head_of_unit, leaders_of, list_users, one_time_password, renew_search, reset_password, restore_user,
    user_by_name, user_details, user_for_owner, user_history, user_summary, user_tag,
};

/// The routes of this room.
pub fn routes(config: &mut impl crate::web::Routes) {
    config
        .service(routes::list_units)
        .service(routes::create_unit)
        .service(routes::get_unit)
        .service(routes::change_unit)
        .service(routes::archive_unit)
        .service(routes::restore_unit)
        .service(routes::unit_history)
        .service(routes::list_users)
        .service(routes::create_user)
        .service(routes::get_user)
        .service(routes::change_user)
        .service(routes::archive_user)
        .service(routes::restore_user)
        .service(routes::reset_password)
        .service(routes::user_history);
}
