use guanxi_api::Role;
use guanxi_db::{Condition, DbConn, Id, Moment, Value};

use crate::access::actor::{Actor, OrgUnitId, UserId};
use crate::access::rights::Reach;
use crate::access::store;
use crate::error::Result;

/// Whose books somebody looks after: their own, and those of colleagues who are away.
struct Owners<'a> {
    user: UserId,
    stands_in_for: &'a [UserId],
}

impl Owners<'_> {
    /// The condition that an owner is one of them. Few stand in for anybody, and for all others it stays a comparison with one value.
    fn own(&self, column: &'static str) -> Condition {
        let own = Condition::new().sql(column);
        let id = |user: &UserId| Value::Id(Id::new(user.uuid()));
        if self.stands_in_for.is_empty() {
            return own.sql(" = ").bind(id(&self.user));
        }
        let all = self.stands_in_for.iter().chain([&self.user]).map(|user| Some(id(user)));
        own.sql(" IN (").bind_all(all).sql(")")
    }
}

impl Actor {
    /// The condition that a column names the actor, or a colleague for whom they stand in.
    pub fn own(&self, column: &'static str) -> Condition {
        match self.user_id() {
            Some(user) => Owners { user, stands_in_for: self.stands_in_for() }.own(column),
            None => Condition::nothing(),
        }
    }
}

/// Whose customers a query may touch. Comes from the actor alone; there is no other way to make one, and every query on
/// customer-bound data takes one first.
#[derive(Clone, Debug)]
pub struct Scope {
    condition: Condition,
    of_one: Condition,
    /// Whether it is the customers of certain units, whoever owns them.
    by_unit: bool,
}

impl Scope {
    /// The customers that an actor sees.
    pub fn of(actor: &Actor) -> Scope {
        Scope::of_actor(actor, Some(actor.now()))
    }

    /// The customers that an actor looks after: all but those that they still see for a while after a handover.
    pub fn to_change(actor: &Actor) -> Scope {
        Scope::of_actor(actor, None)
    }

    fn of_actor(actor: &Actor, still_seen: Option<Moment>) -> Scope {
        let Some(user) = actor.user() else {
            let everything = actor.reach() == Reach::All;
            let condition = if everything { Condition::everything() } else { Condition::nothing() };
            return Scope { of_one: condition.clone(), condition, by_unit: true };
        };
        let owners = Owners { user: user.id, stands_in_for: &user.stands_in_for };
        Scope::of_user(user.role, &owners, (user.org_unit_id, &user.org_unit_path), still_seen)
    }

    /// The customers that a colleague looks after, those included of others for whom the colleague stands in: for asking whether something may be given
    /// to them.
    ///
    /// # Errors
    /// When the database fails.
    pub fn of_colleague(
        conn: &mut DbConn,
        (role, user): (Role, UserId),
        (unit_id, unit_path): (OrgUnitId, &str),
        at: Moment,
    ) -> Result<Scope> {
        let stands_in_for = store::stood_in_for(conn, user, at)?;
        let owners = Owners { user, stands_in_for: &stands_in_for };
        Ok(Scope::of_user(role, &owners, (unit_id, unit_path), None))
    }

    /// With a moment, of a book also the customers that were handed over and are still seen then.
    fn of_user(
        role: Role,
        owners: &Owners<'_>,
        (unit_id, unit_path): (OrgUnitId, &str),
        still_seen: Option<Moment>,
    ) -> Scope {
        let reach = Reach::of(role);
        let id = |uuid| Value::Id(Id::new(uuid));
        let user = owners.user;
        let condition = match reach {
            Reach::Nobody => Condition::nothing(),
            Reach::All => Condition::everything(),
            // A book is found by its two indexes and then sorted; an `OR` would walk the whole bank in the list's order.
            Reach::Team => Condition::new()
                .sql("customer.id IN (SELECT own.id FROM customer AS own WHERE ")
                .part(owners.own("own.owner_id"))
                .sql(" UNION SELECT customer_team.customer_id FROM customer_team WHERE customer_team.user_id = ")
                .bind(id(user.uuid()))
                .part(still_seen.map_or_else(Condition::new, |at| {
                    Condition::new()
                        .sql(" UNION SELECT customer_access.customer_id FROM customer_access WHERE customer_access.user_id = ")
                        .bind(id(user.uuid()))
                        .sql(" AND customer_access.until > ")
                        .bind(Value::Moment(at))
                }))
                .sql(")"),
            Reach::Unit => Condition::new().sql("customer.org_unit_id = ").bind(id(unit_id.uuid())),
            Reach::Subtree => Condition::new()
                .sql("customer.org_unit_id IN (SELECT below.id FROM org_unit AS below WHERE below.path >= ")
                .bind(Value::Text(unit_path.to_owned()))
                .sql(" AND below.path < ")
                .bind(Value::Text(end_of_subtree(unit_path)))
                .sql(")"),
        };
        let of_one = match reach {
            // One customer is not looked for in the whole book.
            Reach::Team => owners
                .own("customer.owner_id")
                .sql(" OR EXISTS (SELECT 1 FROM customer_team WHERE customer_team.customer_id = customer.id AND customer_team.user_id = ")
                .bind(id(user.uuid()))
                .sql(")")
                .part(still_seen.map_or_else(Condition::new, |at| {
                    Condition::new()
                        .sql(" OR EXISTS (SELECT 1 FROM customer_access WHERE customer_access.customer_id = customer.id AND customer_access.user_id = ")
                        .bind(id(user.uuid()))
                        .sql(" AND customer_access.until > ")
                        .bind(Value::Moment(at))
                        .sql(")")
                })),
            _ => condition.clone(),
        };
        Scope { condition, of_one, by_unit: reach != Reach::Team }
    }

    /// As a condition on the table `customer`, for lists.
    pub fn customers(&self) -> Condition {
        self.condition.clone()
    }

    /// The condition on anything called `customer` that has a unit (`customer.org_unit_id`), such as figures of units, where a scope
    /// is a matter of units alone; none for a book.
    pub fn units(&self) -> Option<Condition> {
        self.by_unit.then(|| self.condition.clone())
    }

    /// The same condition for one customer that is named by its id.
    pub fn customer(&self) -> Condition {
        self.of_one.clone()
    }
}

/// Whose users and units an actor manages or sees.
#[derive(Clone, Debug)]
pub struct UnitScope {
    path: Option<String>,
}

impl UnitScope {
    /// The units that an actor sees: all, or those of their own subtree.
    pub fn of(actor: &Actor) -> UnitScope {
        let path = match actor.reach() {
            Reach::All => None,
            // No path begins with this.
            Reach::Nobody => Some("-".to_owned()),
            Reach::Team | Reach::Unit | Reach::Subtree => actor.user().map(|user| user.org_unit_path.clone()),
        };
        UnitScope { path }
    }

    /// As a condition on the table `org_unit`.
    pub fn units(&self) -> Condition {
        match &self.path {
            None => Condition::everything(),
            Some(path) => Condition::new()
                .sql("org_unit.path >= ")
                .bind(Value::Text(path.clone()))
                .sql(" AND org_unit.path < ")
                .bind(Value::Text(end_of_subtree(path))),
        }
    }

    /// The condition on the table `org_unit` that one is among these units, or above them.
    pub fn units_or_above(&self) -> Condition {
        let Some(path) = &self.path else { return Condition::everything() };
        let above = Condition::new()
            .sql("SUBSTR(")
            .bind(Value::Text(path.clone()))
            .sql(", 1, LENGTH(org_unit.path)) = org_unit.path");
        self.units().or(above)
    }

    /// Whether a unit with this path is in it.
    pub fn contains(&self, path: &str) -> bool {
        self.path.as_ref().is_none_or(|own| path.starts_with(own.as_str()))
    }
}

/// Paths end in `/`, and `0` is the character after it: everything that begins with the path sorts before this.
fn end_of_subtree(path: &str) -> String {
    format!("{}0", path.strip_suffix('/').unwrap_or(path))
}
