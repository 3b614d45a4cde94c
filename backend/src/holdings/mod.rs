//! What customers hold: holdings of products, the transactions that move them, their balances by day, and the figures that follow.
//!
//! Every function takes the actor, whose [`Scope`](crate::access::Scope) says whose holdings exist for them. Whatever changes a holding
//! locks its customer first, so that the customer's assets, tier and coverage, which are written in the same transaction, are always what
//! the holdings say. A holding's amount moves by transactions only; they do not raise its version, since they spoil nobody's editing.

mod bulk;
mod co_owners;
pub(crate) mod list;
mod manage;
mod routes;
mod rules;
mod store;
#[cfg(test)]
mod tests;
mod transactions;
mod value;
mod view;

pub use bulk::{
    Loaded, LoadedTransaction, Restated, check, check_restated, holders_among, load, loaded_stand, restate,
    stated, withdraw_many,
};
pub use co_owners::{Shared, co_owners, set_co_owners, shared_by};
pub(crate) use list::{HOLDINGS, OF_CUSTOMER};
pub use list::{held_by, list, maturing, maturing_among, of_customer};
pub use manage::{change, close, open, reopen};
pub(crate) use transactions::TRANSACTIONS;
pub use transactions::{
    balances, of_customer as transactions_of_customer, record, reverse, transaction, transactions,
};
pub use value::{do_some_work, has_rates_waiting, make_rates_due, revalue_of};
pub use view::{history, read, tag};

use guanxi_db::Id;

/// Marks ids of holdings.
#[derive(Debug)]
pub enum HoldingMark {}
/// Marks ids of transactions.
#[derive(Debug)]
pub enum TransactionMark {}

pub type HoldingId = Id<HoldingMark>;
pub type TransactionId = Id<TransactionMark>;

/// The routes of this room.
pub fn routes(config: &mut impl crate::web::Routes) {
    config
        .service(routes::list_holdings)
        .service(routes::list_holdings_of_customer)
        .service(routes::open_holding)
        .service(routes::get_holding)
        .service(routes::change_holding)
        .service(routes::close_holding)
        .service(routes::reopen_holding)
        .service(routes::holding_history)
        .service(routes::get_co_owners)
        .service(routes::set_co_owners)
        .service(routes::list_transactions)
        .service(routes::record_transaction)
        .service(routes::reverse_transaction)
        .service(routes::list_balances)
        .service(routes::list_transactions_of_customer);
}
