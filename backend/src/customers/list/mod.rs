mod store;

use guanxi_api::{Amount, CustomerSearch, CustomerSummary, Include, Instant, Money, Page};
use guanxi_db::search::{has_tokens, ids_of_all_hits, ids_of_hits};
use guanxi_db::{Coded, Condition, Day, DbConn, Id, Value};

use crate::access::{Actor, MaskProfile, Scope};
use crate::customers::fields::{CHOSEN, CUSTOMERS};
use crate::customers::rules::search::{self, Exact};
use crate::customers::store::these;
use crate::customers::{CustomerId, House, completeness, contacted, grading, purpose, tags, tiers};
use crate::error::{Code, Result};
use crate::listing::{ListRequest, Listing, set_total};
use crate::names;
use crate::org::Names;
use store::{Exactly, SummaryRow};

/// How far a search by name goes on one way before it takes another.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reach {
    /// Most customers found that are looked up and put in order at once.
    pub(crate) few: usize,
    /// So many names are gone through in their order, and asked whether they are found. Where many are found that is soon a page, unless
    /// they stand together far away: then all of them are looked up and put in order. Names that begin with the text stand together as it
    /// is, and are gone through without an end.
    pub(crate) stretch: i64,
}

const REACH: Reach = Reach { few: 2000, stretch: 20_000 };

/// The customers that the actor sees.
///
/// # Errors
/// As every list.
pub fn list(
    conn: &mut DbConn,
    actor: &Actor,
    house: House<'_>,
    request: &ListRequest,
) -> Result<Page<CustomerSummary>> {
    let listing = request.read(&CUSTOMERS, actor, house.keys.cursor())?;
    page(conn, actor, house, &listing, None)
}

/// Those of some customers that the actor sees, archived or not; a filter and a search text of the request say nothing here.
///
/// # Errors
/// As every list.
pub fn list_chosen(
    conn: &mut DbConn,
    actor: &Actor,
    house: House<'_>,
    request: &ListRequest,
    ids: &[CustomerId],
) -> Result<Page<CustomerSummary>> {
    let asked = ListRequest { q: None, filter: None, ..request.clone() };
    let mut listing = asked.read(&CHOSEN, actor, house.keys.cursor())?;
    listing.filter = listing.filter.and(these(ids));
    page(conn, actor, house, &listing, None)
}

/// The customers that the actor sees and that a search text finds: by name or part of it, its sound, the tail of a phone, a whole
/// phone or identity number, the customer number or a key in another system. Unless an order is asked for, those whose name (its
/// sound, its initials) begins with the text come first.
///
/// # Errors
/// As every list.
pub fn search(
    conn: &mut DbConn,
    actor: &Actor,
    house: House<'_>,
    request: &CustomerSearch,
) -> Result<Page<CustomerSummary>> {
    search_by(conn, actor, house, request, REACH)
}

/// [`search`], with how far it goes.
pub(crate) fn search_by(
    conn: &mut DbConn,
    actor: &Actor,
    house: House<'_>,
    request: &CustomerSearch,
    reach: Reach,
) -> Result<Page<CustomerSummary>> {
    let asked = ListRequest {
        filter: request.filter.clone(),
        sort: request.sort.clone(),
        limit: request.limit,
        cursor: request.cursor.clone(),
        total: request.include == Some(Include::Total),
        q: request.q.clone(),
        in_body: true,
    };
    let Some(q) = &request.q else { return list(conn, actor, house, &asked) };
    let query = search::query(q);
    let question = Question {
        exact: exact_values(house, &query.exact),
        tokens: query.name.tokens.iter().map(|token| (token.text.clone(), token.prefix)).collect(),
        name: query.name,
    };
    match question.name.beginning().filter(|_| request.sort.is_none()) {
        Some(beginning) => {
            let begins = store::begins_with(conn, &beginning);
            Ranked::read(&asked, actor, house, begins)?.page(conn, actor, house, &question, reach)
        }
        None => {
            let asked = ListRequest { q: Some(format!("sorted\0{q}")), ..asked };
            let listing = asked.read(&CUSTOMERS, actor, house.keys.cursor())?;
            page(conn, actor, house, &listing, Some((&question, reach.few)))
        }
    }
}

/// What a search looks for.
struct Question {
    name: names::search::Query,
    /// The tokens of the name, each with whether it may go on.
    tokens: Vec<(String, bool)>,
    exact: Vec<Exactly>,
}

impl Question {
    /// The condition on customers that are found, and whether they are few: it is then a place to start from, else it is asked of
    /// each row.
    fn found(&self, conn: &mut DbConn, few: usize) -> Result<(Condition, bool)> {
        let engine = conn.engine();
        let mut ids = store::ids_of_exact(&self.exact);
        if self.tokens.is_empty() {
            return Ok((store::among(ids), true));
        }
        let Some(hits) = ids_of_hits(conn, &self.tokens, few)? else {
            return Ok((has_tokens(engine, &self.tokens).or(store::among(ids)), false));
        };
        ids.push(hits);
        Ok((store::among(ids), true))
    }

    /// The condition on customers that are found, however many, as a place to start from.
    fn all(&self, conn: &DbConn) -> Condition {
        let mut ids = store::ids_of_exact(&self.exact);
        ids.push(ids_of_all_hits(conn.engine(), &self.tokens));
        store::among(ids)
    }

    /// The text, when it is two characters of names and nothing else.
    fn pair(&self, conn: &mut DbConn) -> Result<Option<&str>> {
        let Some(pair) = self.name.pair() else { return Ok(None) };
        let other = store::pairs_are_not_all(conn, &self.exact, names::search::SEARCH_VERSION)?;
        Ok((!other).then_some(pair))
    }

    /// The index finds every customer with the parts of the text; whether they stand together is seen here.
    fn meant(&self, conn: &mut DbConn, mut rows: Vec<SummaryRow>) -> Result<Vec<SummaryRow>> {
        let is_named = |row: &SummaryRow| names::search::recheck(&self.name, &[&row.name]);
        if self.tokens.is_empty() || rows.iter().all(is_named) {
            return Ok(rows);
        }
        let exactly: Vec<CustomerId> = store::found_exactly(conn, &self.exact)?;
        rows.retain(|row| is_named(row) || exactly.binary_search(&row.id).is_ok());
        Ok(rows)
    }
}

/// A search in the order of nearness: first the customers whose names begin with the text, then the others, each by name. It is two
/// lists, one after the other, so a cursor belongs to one of them.
struct Ranked {
    /// That a name begins with the text.
    begins: Condition,
    first: Listing,
    second: Listing,
    /// Whether the page begins in the second list.
    in_second: bool,
}

impl Ranked {
    fn read(asked: &ListRequest, actor: &Actor, house: House<'_>, begins: Condition) -> Result<Ranked> {
        let part = |name: &str, cursor: Option<String>| {
            let q = format!("{name}\0{}", asked.q.as_deref().unwrap_or_default());
            let asked = ListRequest { q: Some(q), cursor, ..asked.clone() };
            asked.read(&CUSTOMERS, actor, house.keys.cursor())
        };
        match part("begins", asked.cursor.clone()) {
            Ok(first) => Ok(Ranked { begins, first, second: part("others", None)?, in_second: false }),
            Err(error) if error.code == Code::CursorInvalid => {
                let second = part("others", asked.cursor.clone())?;
                Ok(Ranked { begins, first: part("begins", None)?, second, in_second: true })
            }
            Err(error) => Err(error),
        }
    }

    fn page(
        &self,
        conn: &mut DbConn,
        actor: &Actor,
        house: House<'_>,
        question: &Question,
        reach: Reach,
    ) -> Result<Page<CustomerSummary>> {
        let scope = Scope::of(actor);
        let (found, mut rows) = match question.pair(conn)? {
            Some(pair) if !self.first.total => (Condition::nothing(), self.of_pair(conn, &scope, pair)?),
            _ => {
                let (found, are_few) = question.found(conn, reach.few)?;
                let found = self.first.filter.clone().and(found);
                let rows = if are_few {
                    self.sorted(conn, &scope, &found)?
                } else {
                    match self.walked(conn, &scope, &found, (&question.name, reach.stretch))? {
                        Some(rows) => rows,
                        None => {
                            self.sorted(conn, &scope, &self.first.filter.clone().and(question.all(conn)))?
                        }
                    }
                };
                (found, rows)
            }
        };
        let limit = usize::try_from(self.first.limit).unwrap_or(usize::MAX);
        let ends_in_first = rows.get(limit.saturating_sub(1)).is_some_and(|last| last.begins);
        let listing = if ends_in_first { &self.first } else { &self.second };
        let mut info =
            listing.page(&mut rows, house.keys.cursor(), sort_value, |row| Id::new(row.id.uuid()))?;
        if listing.total {
            set_total(&mut info, store::count(conn, &scope, found)?);
        }
        let rows = question.meant(conn, rows)?;
        Ok(Page { data: summaries(conn, actor, house, rows)?, page: info })
    }

    /// Few rows are put in order in one statement.
    fn sorted(&self, conn: &mut DbConn, scope: &Scope, found: &Condition) -> Result<Vec<SummaryRow>> {
        let others = || self.begins.clone().negated();
        let condition = match (self.in_second, self.first.after(), self.second.after()) {
            (false, None, _) => found.clone(),
            (false, Some(after), _) => found.clone().and(others().or(after)),
            (true, _, None) => found.clone().and(others()),
            (true, _, Some(after)) => found.clone().and(others()).and(after),
        };
        let order = self.first.ordering().led_by(self.begins.clone());
        store::list(conn, scope, condition, self.begins.clone(), order, self.first.rows())
    }

    /// Two characters have an index of their own, in which both lists stand in their order.
    fn of_pair(&self, conn: &mut DbConn, scope: &Scope, pair: &str) -> Result<Vec<SummaryRow>> {
        let mut rows = Vec::new();
        for (list, begins) in [(&self.first, true), (&self.second, false)] {
            let missing = self.first.rows() - i64::try_from(rows.len()).unwrap_or(i64::MAX);
            if missing <= 0 || (begins && self.in_second) {
                continue;
            }
            let condition = match list.after_in(&store::ORDER_OF_PAIR) {
                Some(after) => list.filter.clone().and(after),
                None => list.filter.clone(),
            };
            rows.extend(store::list_of_pair(conn, scope, pair, begins, condition, missing)?);
        }
        Ok(rows)
    }

    /// Where the rows are many, each list is walked in its order until the page is full; none where a stretch of it did not fill it.
    fn walked(
        &self,
        conn: &mut DbConn,
        scope: &Scope,
        found: &Condition,
        (name, stretch): (&names::search::Query, i64),
    ) -> Result<Option<Vec<SummaryRow>>> {
        let mut rows = Vec::new();
        for (list, begins) in [(&self.first, true), (&self.second, false)] {
            let missing = list.rows() - i64::try_from(rows.len()).unwrap_or(i64::MAX);
            if missing <= 0 || (begins && self.in_second) {
                continue;
            }
            let (from, until) = name.sorted_between().filter(|_| begins).unzip();
            let place = match list.after() {
                Some(after) => after.and(store::sorted_between(None, until.flatten())),
                None => store::sorted_between(from, until.flatten()),
            };
            // Names that begin with the text stand together as it is.
            let end = if begins { None } else { store::name_after(conn, scope, place.clone(), stretch)? };
            let is_cut = end.is_some();
            let meant = if begins { self.begins.clone() } else { self.begins.clone().negated() };
            let condition = found.clone().and(meant).and(place).and(store::sorted_up_to(end));
            rows.extend(store::list(conn, scope, condition, self.begins.clone(), list.ordering(), missing)?);
            if is_cut && i64::try_from(rows.len()).unwrap_or(i64::MAX) < list.rows() {
                return Ok(None);
            }
        }
        Ok(Some(rows))
    }
}

fn exact_values(house: House<'_>, exact: &[Exact]) -> Vec<Exactly> {
    let hash = |purpose: &str, value: &str| house.keys.keyed_hash(purpose, value).to_vec();
    exact
        .iter()
        .map(|exact| match exact {
            Exact::PhoneTail(tail) => Exactly::PhoneTail(hash(purpose::PHONE_TAIL, tail)),
            Exact::Phone(value) | Exact::Email(value) => Exactly::ContactValue(hash(purpose::CONTACT, value)),
            Exact::Identity(number) => Exactly::Identity(hash(purpose::IDENTITY, number)),
            Exact::CustomerNo(number) => Exactly::CustomerNo(number.clone()),
            Exact::ExternalId(text) => Exactly::ExternalId(text.clone()),
        })
        .collect()
}

fn page(
    conn: &mut DbConn,
    actor: &Actor,
    house: House<'_>,
    listing: &Listing,
    question: Option<(&Question, usize)>,
) -> Result<Page<CustomerSummary>> {
    let scope = Scope::of(actor);
    let found =
        question.map(|(question, few)| question.found(conn, few)).transpose()?.map(|(found, _)| found);
    let of_found = |condition: Condition| match &found {
        Some(found) => condition.and(found.clone()),
        None => condition,
    };
    let condition = of_found(listing.condition());
    let mut rows =
        store::list(conn, &scope, condition, Condition::nothing(), listing.ordering(), listing.rows())?;
    let mut info = listing.page(&mut rows, house.keys.cursor(), sort_value, |row| Id::new(row.id.uuid()))?;
    if listing.total {
        set_total(&mut info, store::count(conn, &scope, of_found(listing.filter.clone()))?);
    }
    if let Some((question, _)) = question {
        rows = question.meant(conn, rows)?;
    }
    Ok(Page { data: summaries(conn, actor, house, rows)?, page: info })
}

fn summaries(
    conn: &mut DbConn,
    actor: &Actor,
    house: House<'_>,
    rows: Vec<SummaryRow>,
) -> Result<Vec<CustomerSummary>> {
    let Some(version) = rows.iter().map(|row| row.directory_version).max() else { return Ok(Vec::new()) };
    let names = house.directory.as_of(conn, version)?;
    let ids: Vec<CustomerId> = rows.iter().map(|row| row.id).collect();
    let mut tags = tags::of_page(conn, actor, &ids)?;
    let restricted = actor.mask_profile() == MaskProfile::Restricted;
    let with_tags = |row: SummaryRow| {
        let own = tags.as_mut().map(|tags| tags.remove(&row.id).unwrap_or_default());
        let summary = summary(house, &names, restricted, row)?;
        Ok(CustomerSummary { tags: own, ..summary })
    };
    rows.into_iter().map(with_tags).collect()
}

fn sort_value(row: &SummaryRow, field: &str) -> Value {
    match field {
        "aum" => Value::Integer(row.aum),
        "promotion_gap" => Value::Integer(row.watched.promotion_gap),
        "demotes_on" => Value::Date(row.watched.demotes_on),
        "contribution" => Value::Integer(row.value.contribution),
        "lifetime_value" => Value::Integer(row.value.lifetime_value),
        "largest_transaction" => Value::Integer(row.watched.largest_transaction),
        "completeness" => Value::Integer(row.quality.completeness.into()),
        "customer_no" => Value::Text(row.customer_no.clone()),
        "created_at" => Value::Moment(row.created_at),
        "updated_at" => Value::Moment(row.updated_at),
        "last_contacted_at" => Value::Moment(row.last_contacted_at),
        _ => Value::Text(row.name_sort.clone()),
    }
}

fn summary(house: House<'_>, names: &Names, restricted: bool, row: SummaryRow) -> Result<CustomerSummary> {
    let instant = |at: guanxi_db::Moment| Instant(at.to_utc());
    let money = || Money { amount: Amount(row.aum), currency: house.settings.base_currency.clone() };
    Ok(CustomerSummary {
        id: row.id.uuid(),
        kind: row.kind.0,
        status: row.status.0,
        gender: row.gender.map(|Coded(gender)| gender),
        city: row.city,
        org_unit: names.unit(row.org_unit_id)?,
        owner: row.owner_id.map(|id| names.user(id)).transpose()?,
        tier: (!restricted).then_some(row.tier.0),
        standing: if restricted { None } else { tiers::standing(house, row.tier.0, &row.watched) },
        value: if restricted { None } else { grading::value(house, &row.value) },
        aum: (!restricted).then(money),
        completeness: completeness::told_of_row(row.quality, restricted),
        tags: None,
        phone: row.phone_masked,
        customer_since: row.customer_since.map(|Day(day)| day),
        last_contacted_at: contacted::shown(row.last_contacted_at),
        archived_at: row.archived_at.map(instant),
        version: row.version,
        created_at: instant(row.created_at),
        updated_at: instant(row.updated_at),
        customer_no: row.customer_no,
        name: row.name,
    })
}
