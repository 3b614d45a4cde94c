//! A customer and everything that one wants to know before a contact, in one answer and from one snapshot. This room has no tables: it
//! asks those below it, each of which keeps its own rights and scope.

mod routes;
#[cfg(test)]
mod tests;
mod wallet;

use chrono::NaiveDate;
use guanxi_api::{Customer, CustomerOverview, Holding, HoldingStatus, NextMaturity, ShareOfWallet};
use guanxi_db::DbConn;

use crate::access::{Actor, Right};
use crate::customers::{self, CustomerId, House};
use crate::error::Result;
use crate::{holdings, interactions, products, surveys, tasks};

/// The routes of this room.
pub fn routes(config: &mut impl crate::web::Routes) {
    config.service(routes::get_customer_overview);
}

/// Most contacts, holdings, tasks and answers in an overview.
const CONTACTS: i64 = 20;
const HOLDINGS: u32 = 200;
const TASKS: i64 = 50;
const ANSWERS: u32 = 5;

/// A customer with the last contacts, what they hold, what is to be done and what they answered; each part only for those who may see it.
///
/// # Errors
/// 404 for a customer that the actor does not see.
pub fn overview(
    conn: &mut DbConn,
    actor: &Actor,
    house: House<'_>,
    id: CustomerId,
) -> Result<CustomerOverview> {
    let customer = customers::read(conn, actor, house, id)?;
    let interactions = actor
        .may(Right::ViewInteractions)
        .then(|| interactions::latest(conn, actor, id, CONTACTS))
        .transpose()?;
    let holdings = actor
        .may(Right::ViewHoldings)
        .then(|| holdings::held_by(conn, actor, house, id, HOLDINGS))
        .transpose()?;
    let tasks = actor.may(Right::ViewTasks).then(|| tasks::open_about(conn, actor, id, TASKS)).transpose()?;
    let survey_answers = actor
        .may(Right::ViewSurveys)
        .then(|| surveys::latest_answers(conn, actor, house, id, ANSWERS))
        .transpose()?;
    let tags = actor.may(Right::ViewCustomerTags).then(|| customers::tags_of_seen(conn, id)).transpose()?;
    let today = house.settings.day(actor.now());
    let next_maturity = holdings.as_deref().and_then(|held| next_maturity(held, today));
    let wallet = wallet(conn, house, &customer, today)?;
    Ok(CustomerOverview {
        customer,
        interactions,
        holdings,
        tasks,
        survey_answers,
        tags,
        next_maturity,
        wallet,
    })
}

/// The share of wallet at the rates of a day. Who sees the customer masked sees neither of its sides.
fn wallet(
    conn: &mut DbConn,
    house: House<'_>,
    customer: &Customer,
    today: NaiveDate,
) -> Result<Option<ShareOfWallet>> {
    let Some(here) = &customer.figures.aum else { return Ok(None) };
    if customer.profile.outside_assets.is_empty() {
        return Ok(None);
    }
    let rates = products::rates_of_day(conn, house.settings, today)?;
    Ok(wallet::share(here, &customer.profile.outside_assets, &rates))
}

fn next_maturity(held: &[Holding], today: NaiveDate) -> Option<NextMaturity> {
    let (matures_on, next) = held
        .iter()
        .filter(|holding| holding.status == HoldingStatus::Active)
        .filter_map(|holding| Some((holding.matures_on?, holding)))
        .filter(|(day, _)| *day >= today)
        .min_by_key(|(day, holding)| (*day, holding.id))?;
    Some(NextMaturity {
        holding_id: next.id,
        product: next.product.clone(),
        matures_on,
        auto_renewal: next.auto_renewal,
        value: next.value.clone(),
    })
}
