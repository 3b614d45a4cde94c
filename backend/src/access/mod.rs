//! Who may do what: signing in, tokens, roles and scopes, and the keys that protect personal data.
//!
//! A request becomes an [`Actor`] only through [`May`], which names the right it takes; room functions demand an actor, and
//! every query on customer-bound data takes a [`Scope`] made from it.

mod actor;
mod gate;
mod hasher;
mod keys;
mod may;
pub mod password;
mod quotas;
pub mod rights;
mod routes;
mod scope;
pub mod sealing;
pub mod sessions;
mod signer;
mod store;
#[cfg(test)]
mod tests;
pub mod tokens;

pub use actor::{Actor, OrgUnitId, OrgUnitMark, SessionId, UserId, UserMark};
pub use gate::Gate;
pub use hasher::{Checked, Hasher};
pub use keys::{KeyError, Keys, MasterKey};
pub use may::May;
pub use quotas::{Allowance, Quotas};
pub use rights::{MaskProfile, Reach, Right, kinds};
pub use scope::{Scope, UnitScope};
pub use signer::{Signer, rotate_signing_keys};

/// The routes of this room.
pub fn routes(config: &mut impl crate::web::Routes) {
    config
        .service(routes::sign_in)
        .service(routes::refresh)
        .service(routes::sign_out)
        .service(routes::sign_out_everywhere)
        .service(routes::change_password)
        .service(routes::list_sessions)
        .service(routes::revoke_session)
        .service(routes::signing_keys)
        .service(routes::get_me)
        .service(routes::change_preferences);
}
