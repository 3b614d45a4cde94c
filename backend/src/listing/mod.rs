//! What every list shares: the filter grammar, sort orders, keyset pages and their sealed cursors.
//!
//! A resource declares its [`Field`]s once. [`ListRequest::read`] turns what a client asked for into a [`Listing`]: a
//! condition, an order and a place to go on from, which the room's store puts into its query, scope first.

pub mod cursor;
pub mod filter;
mod rule;
pub mod sort;
mod sql;
mod words;

use guanxi_api::{Include, ListQuery, PageInfo};
use guanxi_db::{Condition, Id, Moment, Ordering, Value};

use crate::access::sealing::Sealer;
use crate::access::{Actor, MaskProfile};
use crate::error::{Code, Error, FieldError, Result};
use cursor::{Cursor, CursorInvalid, Expected, Key};
use filter::{FieldSpec, FieldType, FilterCode, FilterError, TypedFilter};
pub use rule::{Comparison, Rule};
use sort::{SortError, SortSpec};
pub use words::grammar;

/// Rows a page when nothing is said.
const DEFAULT_LIMIT: u32 = 50;
/// How far a total is counted.
pub const COUNTED: i64 = 10_000;

/// One field of a resource that lists can filter or sort by.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// Its name on the wire.
    pub name: &'static str,
    /// Its column, with the table; of a set, an `EXISTS` over its members that ends with the column of a member and is not closed.
    pub column: &'static str,
    pub kind: FieldType,
    pub nullable: bool,
    /// Only columns that are never null can be sorted by.
    pub sortable: bool,
    pub privacy: Privacy,
    /// The id beside this column in its index, where that is not the resource's own.
    pub id_column: Option<&'static str>,
    /// The column of the order and its type, where that is not the field's own.
    pub sort_column: Option<(&'static str, FieldType)>,
}

/// Where a field may be filtered by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Privacy {
    /// Anywhere.
    Open,
    /// Only in a search's body, since URLs are logged.
    Personal,
    /// Only to sort by; a filter on the sort key would mean nothing to a person.
    Order,
    /// Anywhere, but not by those who see it masked.
    Sensitive,
}

impl Field {
    pub const fn new(name: &'static str, column: &'static str, kind: FieldType) -> Self {
        Field {
            name,
            column,
            kind,
            nullable: false,
            sortable: false,
            privacy: Privacy::Open,
            id_column: None,
            sort_column: None,
        }
    }

    #[must_use]
    pub const fn nullable(mut self) -> Self {
        self.nullable = true;
        self
    }

    #[must_use]
    pub const fn sortable(mut self) -> Self {
        self.sortable = true;
        self
    }

    /// Sortable, with the id column of its own table, so that one index gives the whole order.
    #[must_use]
    pub const fn sortable_with(mut self, id_column: &'static str) -> Self {
        self.sortable = true;
        self.id_column = Some(id_column);
        self
    }

    /// Sortable by a column that repeats this one and holds a last or first value where this one is null.
    #[must_use]
    pub const fn sortable_by(mut self, column: &'static str) -> Self {
        self.sortable = true;
        self.sort_column = Some((column, self.kind));
        self
    }

    /// Sortable by a column that says in numbers how the codes of this one follow each other.
    #[must_use]
    pub const fn sortable_by_rank(mut self, column: &'static str) -> Self {
        self.sortable = true;
        self.sort_column = Some((column, FieldType::Integer));
        self
    }

    /// The column of the order, and the type of what stands in it.
    fn order(&self) -> (&'static str, FieldType) {
        self.sort_column.unwrap_or((self.column, self.kind))
    }

    #[must_use]
    pub const fn privacy(mut self, privacy: Privacy) -> Self {
        self.privacy = privacy;
        self
    }
}

/// How one resource is listed.
#[derive(Debug)]
pub struct Resource {
    /// Names the list in its cursors.
    pub name: &'static str,
    pub fields: &'static [Field],
    /// The order when nothing is said, on the wire's names.
    pub default_sort: &'static str,
    /// The unique column that makes every order total.
    pub id_column: &'static str,
    /// The condition on rows that stand in lists although nobody asked for archived ones, and the field that asks.
    pub unless_asked: Option<UnlessAsked>,
}

/// The field that asks for other rows, and the condition that holds while nobody names it.
pub type UnlessAsked = (&'static str, fn() -> Condition);

impl Resource {
    fn field(&self, name: &str) -> Option<&'static Field> {
        self.fields.iter().find(|field| field.name == name)
    }
}

/// What a client asks of a list.
#[derive(Clone, Debug, Default)]
pub struct ListRequest {
    pub filter: Option<String>,
    pub sort: Option<String>,
    pub limit: Option<u32>,
    pub cursor: Option<String>,
    pub total: bool,
    /// Search text, which belongs to what a cursor is bound to.
    pub q: Option<String>,
    /// Whether it came in a body, where personal fields may be named.
    pub in_body: bool,
}

impl From<ListQuery> for ListRequest {
    fn from(query: ListQuery) -> Self {
        ListRequest {
            filter: query.filter,
            sort: query.sort,
            limit: query.limit,
            cursor: query.cursor,
            total: query.include == Some(Include::Total),
            q: None,
            in_body: false,
        }
    }
}

/// A list as a store needs it.
#[derive(Clone, Debug)]
pub struct Listing {
    /// What the client's filter says, archived rows left out unless they were asked for.
    pub filter: Condition,
    /// The keys of the row that the page begins after.
    after: Option<Vec<Value>>,
    order: Vec<(&'static Field, bool)>,
    id_column: &'static str,
    pub limit: u32,
    /// Whether the whole list is to be counted.
    pub total: bool,
    /// The fields that the client's filter names.
    named: Vec<&'static str>,
    sort: String,
    filter_hash: [u8; 32],
    principal: String,
    now: Moment,
}

impl ListRequest {
    /// Reads filter, sort and cursor against a resource, for an actor.
    ///
    /// # Errors
    /// 400 for what cannot be read, 403 for fields that the actor sees masked, with the parameter named.
    pub fn read(&self, resource: &'static Resource, actor: &Actor, sealer: &Sealer) -> Result<Listing> {
        let limit = self.limit.unwrap_or(DEFAULT_LIMIT);
        if !(1..=200).contains(&limit) {
            let field = FieldError::new(self.at("limit"), "range").with("min", 1).with("max", 200);
            return Err(Error { fields: vec![field], ..Error::new(Code::InvalidParameter) });
        }
        let masked = |field: &Field| {
            field.privacy == Privacy::Sensitive && actor.mask_profile() == MaskProfile::Restricted
        };
        let typed = self
            .filter
            .as_deref()
            .map(|text| self.read_filter(text, resource, &masked, actor.now()))
            .transpose()?;
        let sort_text = self.sort.as_deref().unwrap_or(resource.default_sort);
        let keys = sort::parse(sort_text, &|name| {
            let field = resource.field(name).filter(|field| field.sortable)?;
            Some(SortSpec { field, sortable: !masked(field) })
        })
        .map_err(|error| self.sort_error(&error, resource, &masked))?;
        let sort = sort::canonical(&keys);
        let order: Vec<(&'static Field, bool)> =
            keys.into_iter().map(|key| (key.field, key.descending)).collect();

        let canonical =
            self.filter.as_deref().and_then(|text| filter::parse(text).ok()).map(|filter| filter.to_string());
        let filter_hash = cursor::filter_hash(&[
            resource.name,
            canonical.as_deref().unwrap_or(""),
            self.q.as_deref().unwrap_or(""),
        ]);
        let mut condition = match &typed {
            Some(filter) => sql::condition(filter),
            None => Condition::everything(),
        };
        if let Some((asks, present)) = resource.unless_asked
            && !typed.as_ref().is_some_and(|filter| names(filter, asks))
        {
            condition = condition.and(present());
        }
        let principal = actor.principal().to_string();
        let id_column = order.last().and_then(|(field, _)| field.id_column).unwrap_or(resource.id_column);
        let mut listing = Listing {
            filter: condition,
            after: None,
            order,
            id_column,
            limit,
            total: self.total,
            named: typed.as_ref().map_or_else(Vec::new, |filter| {
                resource.fields.iter().map(|field| field.name).filter(|name| names(filter, name)).collect()
            }),
            sort,
            filter_hash,
            principal,
            now: actor.now(),
        };
        if let Some(text) = &self.cursor {
            listing.go_on(text, sealer).map_err(|CursorInvalid| {
                let field = FieldError::new(self.at("cursor"), "cursor_invalid");
                Error { fields: vec![field], ..Error::new(Code::CursorInvalid) }
            })?;
        }
        Ok(listing)
    }

    fn read_filter(
        &self,
        text: &str,
        resource: &'static Resource,
        masked: &impl Fn(&Field) -> bool,
        now: Moment,
    ) -> Result<TypedFilter<&'static Field>> {
        let known = |field: &Field| match field.privacy {
            Privacy::Order => false,
            Privacy::Personal => self.in_body,
            Privacy::Open | Privacy::Sensitive => true,
        };
        let read = || {
            let is_instant =
                |name: &str| resource.field(name).is_some_and(|field| field.kind == FieldType::Instant);
            let filter = filter::settle(filter::parse(text)?, now.to_utc(), &is_instant);
            filter::check(&filter, &|name| {
                let field = resource.field(name).filter(|field| known(field))?;
                Some(FieldSpec { field, kind: field.kind, filterable: !masked(field) })
            })
        };
        read().map_err(|error| {
            let allowed = names_of(resource, |field| known(field) && !masked(field));
            filter_error(self.at("filter"), &error, allowed)
        })
    }

    /// Where a problem with a parameter stands: its name, or a pointer into the body it came in.
    fn at(&self, parameter: &str) -> String {
        if self.in_body { format!("/{parameter}") } else { parameter.to_owned() }
    }

    fn sort_error(
        &self,
        error: &SortError,
        resource: &'static Resource,
        masked: &impl Fn(&Field) -> bool,
    ) -> Error {
        let code = if matches!(error, SortError::FieldNotFilterable(_)) {
            Code::FieldNotFilterable
        } else {
            Code::SortInvalid
        };
        let mut field = FieldError::new(self.at("sort"), error.code());
        for (name, value) in error.params() {
            field = field.with(name, value);
        }
        if matches!(error, SortError::UnknownField(_)) {
            field = field.with("allowed", names_of(resource, |field| field.sortable && !masked(field)));
        }
        Error { fields: vec![field], ..Error::new(code) }
    }
}

/// A filter that is none, as a problem at the place where it stands.
fn filter_error(at: String, error: &FilterError, allowed: String) -> Error {
    let code = if error.code == FilterCode::FieldNotFilterable {
        Code::FieldNotFilterable
    } else {
        Code::FilterInvalid
    };
    let mut field = FieldError::new(at, error.code.as_str());
    if let Some(position) = error.position {
        field = field.with("position", position);
    }
    for (name, value) in &error.params {
        field = field.with(name, value.clone());
    }
    if error.code == FilterCode::UnknownField {
        field = field.with("allowed", allowed);
    }
    Error { fields: vec![field], ..Error::new(code) }
}

/// The names of some fields of a resource, for a message.
fn names_of(resource: &'static Resource, wanted: impl Fn(&Field) -> bool) -> String {
    let names: Vec<&str> =
        resource.fields.iter().filter(|field| wanted(field)).map(|field| field.name).collect();
    names.join(", ")
}

fn names(filter: &TypedFilter<&'static Field>, name: &str) -> bool {
    match filter {
        TypedFilter::And(members) | TypedFilter::Or(members) => {
            members.iter().any(|member| names(member, name))
        }
        TypedFilter::Not(inner) => names(inner, name),
        TypedFilter::Comparison { field, .. } => field.name == name,
    }
}

impl Listing {
    fn go_on(&mut self, text: &str, sealer: &Sealer) -> Result<(), CursorInvalid> {
        let expected = Expected {
            sort: &self.sort,
            filter_hash: self.filter_hash,
            principal: &self.principal,
            now: self.now.0,
        };
        let keys = cursor::open(sealer, text, &expected)?;
        if keys.len() != self.order.len() + 1 {
            return Err(CursorInvalid);
        }
        let kinds = self.order.iter().map(|(field, _)| Some(field.order().1)).chain([None]);
        let values = kinds.zip(keys).map(|(kind, key)| key_value(kind, key).ok_or(CursorInvalid));
        self.after = Some(values.collect::<Result<_, _>>()?);
        Ok(())
    }

    /// Whether the client's filter names a field.
    pub fn asks_for(&self, name: &str) -> bool {
        self.named.contains(&name)
    }

    /// The columns of the order, each with whether it is descending.
    fn columns(&self) -> Vec<(&'static str, bool)> {
        let fields = self.order.iter().map(|(field, descending)| (field.order().0, *descending));
        fields.chain([(self.id_column, self.id_descends())]).collect()
    }

    /// The id follows the direction of the last key, so that one index serves both.
    fn id_descends(&self) -> bool {
        self.order.last().is_some_and(|(_, descending)| *descending)
    }

    /// Filter and page in one condition.
    pub fn condition(&self) -> Condition {
        match self.after() {
            Some(after) => self.filter.clone().and(after),
            None => self.filter.clone(),
        }
    }

    /// Where the page begins, unless it is the first one.
    pub fn after(&self) -> Option<Condition> {
        self.after_in(&self.columns())
    }

    /// The same said of other columns that hold what those of the order hold.
    pub fn after_in(&self, columns: &[(&'static str, bool)]) -> Option<Condition> {
        let values = self.after.clone()?;
        let keys = columns.iter().zip(values);
        Some(Condition::after(
            keys.map(|((column, descending), value)| (*column, *descending, value)).collect(),
        ))
    }

    pub fn ordering(&self) -> Ordering {
        Ordering::by(self.columns())
    }

    /// How many rows to read: one more than a page, to see whether there is a next one.
    pub fn rows(&self) -> i64 {
        i64::from(self.limit) + 1
    }

    /// Cuts what was read to a page. `value` gives what a row holds in a sortable field; `id` its id.
    ///
    /// # Errors
    /// When the cursor cannot be sealed.
    pub fn page<R>(
        &self,
        rows: &mut Vec<R>,
        sealer: &Sealer,
        value: impl Fn(&R, &str) -> Value,
        id: impl Fn(&R) -> Id<()>,
    ) -> Result<PageInfo> {
        let limit = usize::try_from(self.limit).unwrap_or(usize::MAX);
        let more = rows.len() > limit;
        rows.truncate(limit);
        let next = match rows.last().filter(|_| more) {
            None => None,
            Some(last) => {
                let mut keys: Vec<Key> =
                    self.order.iter().map(|(field, _)| value_key(value(last, field.name))).collect();
                keys.push(Key::Bytes(id(last).as_bytes().to_vec()));
                let cursor = Cursor {
                    sort: self.sort.clone(),
                    filter_hash: self.filter_hash,
                    keys,
                    principal: self.principal.clone(),
                    expires_at: self.now.0 + cursor::LIFETIME_MICROS,
                };
                Some(cursor::seal(sealer, &cursor).map_err(Error::internal)?)
            }
        };
        Ok(PageInfo { next, limit: self.limit, total: None, total_exact: None })
    }
}

fn value_key(value: Value) -> Key {
    match value {
        Value::Text(text) => Key::Text(text),
        Value::Integer(number) => Key::Integer(number),
        Value::Moment(at) => Key::Integer(at.0),
        Value::Bool(flag) => Key::Integer(i64::from(flag)),
        Value::Bytes(bytes) => Key::Bytes(bytes),
        Value::Id(id) => Key::Bytes(id.uuid().as_bytes().to_vec()),
        Value::Date(date) => Key::Text(date.to_string()),
        Value::Real(number) => Key::Text(number.to_string()),
        Value::Doc(document) => Key::Text(document.0.to_string()),
    }
}

fn key_value(kind: Option<FieldType>, key: Key) -> Option<Value> {
    let id = |bytes: Vec<u8>| uuid::Uuid::from_slice(&bytes).ok().map(|uuid| Value::Id(Id::new(uuid)));
    match (kind, key) {
        (None | Some(FieldType::Id), Key::Bytes(bytes)) => id(bytes),
        (Some(FieldType::Text | FieldType::Code(_)), Key::Text(text)) => Some(Value::Text(text)),
        (Some(FieldType::Integer | FieldType::Money), Key::Integer(number)) => Some(Value::Integer(number)),
        (Some(FieldType::Instant), Key::Integer(micros)) => Some(Value::Moment(Moment(micros))),
        (Some(FieldType::Date), Key::Text(text)) => text.parse().ok().map(Value::Date),
        _ => None,
    }
}

/// Writes a count, made to [`COUNTED`] + 1 at most, into a page.
pub fn set_total(page: &mut PageInfo, counted: i64) {
    page.total = Some(u32::try_from(counted.min(COUNTED)).unwrap_or_default());
    page.total_exact = Some(counted <= COUNTED);
}
