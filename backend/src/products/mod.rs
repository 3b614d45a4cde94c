//! What the bank offers, and what other currencies are worth in its own: the data that the value of holdings follows from.
//!
//! Products are archived, never deleted: holdings name them. An exchange rate holds from its day until the next one of its currency; a
//! change of what counts as an asset or of a rate makes the holdings concerned due to be valued anew ([`crate::due`]).

mod catalogue;
mod rates;
mod routes;
pub mod rules;
mod store;
#[cfg(test)]
mod tests;

pub(crate) use catalogue::PRODUCTS;
pub use catalogue::{
    ProductSummary, archive_product, change_product, create_product, list_products, product_by_code,
    product_details, product_for_new, product_history, product_ref, product_tag, restore_product,
};
pub(crate) use rates::RATES;
pub use rates::{
    add_rate, due_rates, has_rates_waiting, list_rates, rate_details, rate_of_day, rates_of_day,
};

use guanxi_db::Id;

/// Marks ids of products.
#[derive(Debug)]
pub enum ProductMark {}
/// Marks ids of exchange rates.
#[derive(Debug)]
pub enum RateMark {}

pub type ProductId = Id<ProductMark>;
pub type RateId = Id<RateMark>;

/// The routes of this room.
pub fn routes(config: &mut impl crate::web::Routes) {
    config
        .service(routes::list_products)
        .service(routes::create_product)
        .service(routes::get_product)
        .service(routes::change_product)
        .service(routes::archive_product)
        .service(routes::restore_product)
        .service(routes::product_history)
        .service(routes::list_rates)
        .service(routes::add_rate);
}
