use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use guanxi_api::InteractionOutcome;
use guanxi_db::schema::{exchange_rate, holding, installation};
use guanxi_db::{Condition, DbConn, DbError, Id, Moment, Statement, Value};

use crate::error::Result;

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    line: String,
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

/// What the engine itself finds damaged. PostgreSQL checks its pages by `pg_amcheck`, outside.
pub(super) fn integrity(conn: &mut DbConn) -> Result<Vec<String>> {
    if matches!(conn, DbConn::Pg(_)) {
        return Ok(Vec::new());
    }
    let lines: Vec<Line> = diesel::sql_query("SELECT integrity_check AS line FROM pragma_integrity_check")
        .load(conn)
        .map_err(DbError::from)?;
    Ok(lines.into_iter().map(|line| line.line).filter(|line| line != "ok").collect())
}

/// What must hold between tables, and for how many rows it does not.
pub(super) fn differences(conn: &mut DbConn) -> Result<Vec<(&'static str, i64)>> {
    let rules = [
        (
            "every customer has figures that repeat its city and whether it is archived",
            "SELECT COUNT(*) AS count FROM customer LEFT JOIN customer_figures ON customer_figures.customer_id = customer.id \
             WHERE customer_figures.customer_id IS NULL OR customer_figures.archived <> customer.archived \
                OR COALESCE(customer_figures.city, '') <> COALESCE(customer.city, '')",
        ),
        (
            "a customer has at most one first choice among its contact points of a kind",
            "SELECT COUNT(*) AS count FROM (SELECT customer_id FROM contact_point WHERE is_primary GROUP BY customer_id, kind \
             HAVING COUNT(*) > 1) AS several",
        ),
        (
            "the pairs of characters in names are kept under the sort keys of the names",
            "SELECT COUNT(*) AS count FROM customer_pair JOIN customer ON customer.id = customer_pair.customer_id \
             WHERE customer_pair.name_sort <> customer.name_sort",
        ),
        (
            "customers and assets of units by tier are kept as the customers say",
            "SELECT COUNT(*) AS count FROM (SELECT said.org_unit_id, said.tier, SUM(said.customers) AS customers, SUM(said.aum) AS aum FROM (\
             SELECT org_unit_id, tier, customers, aum FROM portfolio UNION ALL SELECT org_unit_id, tier, customers, aum FROM portfolio_change \
             UNION ALL SELECT customer.org_unit_id, customer_figures.tier, -1, -customer_figures.aum FROM customer \
             JOIN customer_figures ON customer_figures.customer_id = customer.id WHERE NOT customer.archived) AS said \
             GROUP BY said.org_unit_id, said.tier HAVING SUM(said.customers) <> 0 OR SUM(said.aum) <> 0) AS wrong",
        ),
        (
            "the path of a unit continues the path of its parent",
            "SELECT COUNT(*) AS count FROM org_unit JOIN org_unit AS parent ON parent.id = org_unit.parent_id \
             WHERE org_unit.depth <> parent.depth + 1 OR SUBSTR(org_unit.path, 1, LENGTH(parent.path)) <> parent.path",
        ),
    ];
    let mut found = Vec::new();
    for (what, sql) in rules {
        let count: Count = diesel::sql_query(sql).get_result(conn).map_err(DbError::from)?;
        found.push((what, count.count));
    }
    found.push(("customers were last reached when their contacts say so", wrong_last_contacts(conn)?));
    Ok(found)
}

/// What must hold of holdings whenever it is looked at.
pub(super) fn holdings(conn: &mut DbConn) -> Result<Vec<(&'static str, i64)>> {
    counted(
        conn,
        [
            (
                "the amount of a holding is its opening amount and what its transactions added, and it knows how many they are",
                "SELECT COUNT(*) AS count FROM holding LEFT JOIN (SELECT holding_id, SUM(delta) AS moved, COUNT(*) AS entries \
                 FROM holding_transaction GROUP BY holding_id) AS moves ON moves.holding_id = holding.id \
                 WHERE holding.amount <> holding.opening_amount + COALESCE(moves.moved, 0) \
                    OR holding.entries <> COALESCE(moves.entries, 0)",
            ),
            (
                "a balance is the opening amount and what was added until the end of its day",
                "SELECT COUNT(*) AS count FROM holding_balance JOIN holding ON holding.id = holding_balance.holding_id \
                 WHERE holding_balance.amount <> holding.opening_amount + COALESCE((SELECT SUM(t.delta) FROM holding_transaction AS t \
                 WHERE t.holding_id = holding.id AND t.day <= holding_balance.day), 0)",
            ),
            (
                "a holding has a balance on the day of its opening and on each day of a transaction",
                "SELECT COUNT(*) AS count FROM (SELECT id AS holding_id, opened_on AS day FROM holding \
                 UNION SELECT holding_id, day FROM holding_transaction) AS days \
                 LEFT JOIN holding_balance ON holding_balance.holding_id = days.holding_id AND holding_balance.day = days.day \
                 WHERE holding_balance.holding_id IS NULL",
            ),
            (
                "a transaction is of the customer of its holding, and not before the opening",
                "SELECT COUNT(*) AS count FROM holding_transaction JOIN holding ON holding.id = holding_transaction.holding_id \
                 WHERE holding_transaction.customer_id <> holding.customer_id OR holding_transaction.day < holding.opened_on",
            ),
            (
                "a counter-entry takes back what its transaction added",
                "SELECT COUNT(*) AS count FROM holding_transaction AS counter JOIN holding_transaction AS wrong \
                 ON wrong.id = counter.reverses_id \
                 WHERE counter.delta <> -wrong.delta OR counter.holding_id <> wrong.holding_id OR counter.day <> wrong.day",
            ),
        ],
    )
}

/// What must hold of figures once no work is due.
pub(super) fn figures(conn: &mut DbConn) -> Result<Vec<(&'static str, i64)>> {
    counted(
        conn,
        [
            (
                "the assets and the coverage of a customer are what the active holdings say",
                "SELECT COUNT(*) AS count FROM customer_figures LEFT JOIN (SELECT holding.customer_id, \
                 SUM(CASE WHEN product.counts_as_asset THEN holding.value ELSE 0 END) AS aum, COUNT(DISTINCT product.kind) AS kinds \
                 FROM holding JOIN product ON product.id = holding.product_id WHERE holding.status = 'active' \
                 GROUP BY holding.customer_id) AS held ON held.customer_id = customer_figures.customer_id \
                 WHERE customer_figures.aum <> COALESCE(held.aum, 0) OR customer_figures.coverage <> COALESCE(held.kinds, 0)",
            ),
            (
                "the tier of a customer is that of the average, or a higher one until the grace ends",
                "SELECT COUNT(*) AS count FROM customer_figures JOIN tier_policy_set ON tier_policy_set.state = 'in_force' \
                 JOIN tier_policy_rule AS own ON own.policy_id = tier_policy_set.id AND own.tier = customer_figures.tier \
                 WHERE CASE WHEN customer_figures.average_aum < 0 THEN 0 ELSE customer_figures.average_aum END \
                 < CASE WHEN customer_figures.in_grace THEN 0 ELSE own.threshold END OR EXISTS (SELECT 1 FROM tier_policy_rule AS higher \
                 WHERE higher.policy_id = tier_policy_set.id AND higher.threshold > own.threshold \
                 AND customer_figures.average_aum >= higher.threshold) OR (customer_figures.in_grace AND customer_figures.average_aum \
                 >= own.threshold)",
            ),
            (
                "what is said of candidates, grace and hidden gems is what the policy in force says",
                "SELECT COUNT(*) AS count FROM customer_figures JOIN tier_policy_set ON tier_policy_set.state = 'in_force' \
                 LEFT JOIN (SELECT own.policy_id, own.tier, MIN(higher.threshold) AS next FROM tier_policy_rule AS own \
                 JOIN tier_policy_rule AS higher ON higher.policy_id = own.policy_id AND higher.threshold > own.threshold \
                 GROUP BY own.policy_id, own.tier) AS above ON above.policy_id = tier_policy_set.id AND above.tier = customer_figures.tier \
                 WHERE customer_figures.promotion_candidate <> COALESCE(NOT customer_figures.in_grace AND CAST(customer_figures.average_aum AS numeric) * 100 \
                 >= CAST(above.next AS numeric) * tier_policy_set.candidate_percent, FALSE) \
                 OR customer_figures.promotion_gap <> CASE WHEN customer_figures.promotion_candidate \
                 THEN above.next - customer_figures.average_aum ELSE 9223372036854775807 END \
                 OR customer_figures.in_grace <> (customer_figures.demotes_on < '9999-12-31') OR customer_figures.hidden_gem <> \
                 (customer_figures.tier = 'mass' AND customer_figures.largest_transaction >= tier_policy_set.gem_amount)",
            ),
            (
                "the last balance of a customer's assets is what they are",
                "SELECT COUNT(*) AS count FROM customer_figures LEFT JOIN aum_balance ON aum_balance.customer_id = customer_figures.customer_id \
                 AND aum_balance.day = (SELECT MAX(last.day) FROM aum_balance AS last WHERE last.customer_id = customer_figures.customer_id) \
                 WHERE COALESCE(aum_balance.aum, 0) <> customer_figures.aum",
            ),
            (
                "the average of a customer whose assets have long been the same is what they are",
                "SELECT COUNT(*) AS count FROM customer_figures WHERE customer_figures.review_on = customer_figures.demotes_on \
                 AND customer_figures.average_aum <> customer_figures.aum",
            ),
        ],
    )
}

fn counted<const N: usize>(
    conn: &mut DbConn,
    rules: [(&'static str, &'static str); N],
) -> Result<Vec<(&'static str, i64)>> {
    let count = |(what, sql): (&'static str, &'static str)| {
        let count: Count = diesel::sql_query(sql).get_result(conn).map_err(DbError::from)?;
        Ok((what, count.count))
    };
    rules.into_iter().map(count).collect()
}

/// The base currency, and the newest rate of each other one that holdings were valued by.
pub(super) fn rates(conn: &mut DbConn) -> Result<(String, Vec<(String, i64)>)> {
    let base = installation::table.select(installation::base_currency).first(conn).map_err(DbError::from)?;
    let rates: Vec<(String, i64)> = exchange_rate::table
        .filter(exchange_rate::applied.eq(true))
        .order((exchange_rate::currency, exchange_rate::valid_from))
        .select((exchange_rate::currency, exchange_rate::rate))
        .load(conn)
        .map_err(DbError::from)?;
    Ok((base, rates))
}

/// A holding: its id, its currency, its amount, its value.
pub(super) type Valued = (Id<()>, String, i64, i64);

/// Some holdings that are not closed, after one of them.
pub(super) fn valued_after(conn: &mut DbConn, after: Option<Id<()>>, limit: i64) -> Result<Vec<Valued>> {
    let place = match after {
        Some(id) => Condition::new().sql("holding.id > ").bind(Value::Id(id)),
        None => Condition::everything(),
    };
    let rows = holding::table
        .filter(place)
        .filter(holding::status.ne("closed"))
        .order(holding::id)
        .select((holding::id, holding::currency, holding::amount, holding::value))
        .limit(limit)
        .load(conn)
        .map_err(DbError::from)?;
    Ok(rows)
}

/// For how many customers the last contact is another one than their interactions say.
fn wrong_last_contacts(conn: &mut DbConn) -> Result<i64> {
    let unconnected = InteractionOutcome::UNCONNECTED.map(|code| Some(Value::Text(code.to_owned())));
    let counts = Statement::<BigInt>::new(
        Condition::new()
            .sql(
                "SELECT COUNT(*) FROM customer_figures LEFT JOIN (SELECT interaction.customer_id, MAX(interaction.occurred_at) AS at \
                 FROM interaction WHERE NOT interaction.archived AND interaction.outcome NOT IN (",
            )
            .bind_all(unconnected)
            .sql(
                ") GROUP BY interaction.customer_id) AS contact ON contact.customer_id = customer_figures.customer_id \
                 WHERE customer_figures.last_contacted_at <> COALESCE(contact.at, ",
            )
            .bind(Value::Moment(Moment::EARLIEST))
            .sql(")"),
    )
    .load::<i64>(conn)
    .map_err(DbError::from)?;
    Ok(counts.into_iter().sum())
}

/// For how many books, units and tiers the kept completeness is another one than their customers say.
pub(super) fn quality_shares(conn: &mut DbConn) -> Result<(&'static str, i64)> {
    let statement = Condition::new()
        .sql(
            "SELECT COUNT(*) FROM (SELECT said.org_unit_id FROM (\
             SELECT org_unit_id, owner_id, tier, customers, rated, completeness, gaps FROM quality_share \
             UNION ALL SELECT org_unit_id, owner_id, tier, customers, rated, completeness, gaps FROM portfolio_change \
             UNION ALL SELECT customer.org_unit_id, COALESCE(customer.owner_id, ",
        )
        .bind(Value::Id(Id::new(uuid::Uuid::nil())))
        .sql(
            "), customer_figures.tier, -1, CASE WHEN customer_figures.completeness < 0 THEN 0 ELSE -1 END, \
             CASE WHEN customer_figures.completeness < 0 THEN 0 ELSE -customer_figures.completeness END, \
             CASE WHEN customer_figures.data_gap THEN -1 ELSE 0 END FROM customer \
             JOIN customer_figures ON customer_figures.customer_id = customer.id WHERE NOT customer.archived) AS said \
             GROUP BY said.org_unit_id, said.owner_id, said.tier HAVING SUM(said.customers) <> 0 OR SUM(said.rated) <> 0 \
             OR SUM(said.completeness) <> 0 OR SUM(said.gaps) <> 0) AS wrong",
        );
    let counts = Statement::<BigInt>::new(statement).load::<i64>(conn).map_err(DbError::from)?;
    Ok(("the completeness of books by tier is kept as the customers say", counts.into_iter().sum()))
}

/// Most customers that a finding names.
const NAMED: i64 = 5;

/// What must hold of the owners of customers; for each rule how many customers it does not hold for, and the numbers of some.
pub(super) fn owners(conn: &mut DbConn) -> Result<Vec<(&'static str, i64, Vec<String>)>> {
    let rules = [
        (
            "the owner of a customer is a relationship manager of its unit or of one above it",
            "FROM customer JOIN user_account ON user_account.id = customer.owner_id \
             JOIN org_unit AS own ON own.id = user_account.org_unit_id JOIN org_unit AS held ON held.id = customer.org_unit_id \
             WHERE NOT customer.archived AND (user_account.role <> 'rm' OR SUBSTR(held.path, 1, LENGTH(own.path)) <> own.path)",
        ),
        (
            "the owner of a customer has an open account",
            "FROM customer JOIN user_account ON user_account.id = customer.owner_id \
             WHERE NOT customer.archived AND user_account.archived",
        ),
    ];
    let mut found = Vec::new();
    for (what, which) in rules {
        let count: Count = diesel::sql_query(format!("SELECT COUNT(*) AS count {which}"))
            .get_result(conn)
            .map_err(DbError::from)?;
        let some: Vec<Line> = diesel::sql_query(format!(
            "SELECT customer.customer_no AS line {which} ORDER BY 1 LIMIT {NAMED}"
        ))
        .load(conn)
        .map_err(DbError::from)?;
        found.push((what, count.count, some.into_iter().map(|line| line.line).collect()));
    }
    Ok(found)
}
