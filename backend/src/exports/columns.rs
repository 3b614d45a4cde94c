//! What stands in the columns of each list.

use chrono::NaiveDate;
use guanxi_api::{
    Amount, AuditEntry, CsvProfile, CustomerSummary, ExportList, FieldChange, Holding, Instant, Interaction,
    LocalName, TagRef, Task,
};
use uuid::Uuid;

/// A value, before it is known how the file writes it.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Cell {
    Empty,
    Text(String),
    /// A code of a set of codes.
    Code(&'static str, &'static str),
    /// Several codes of a set, one after the other.
    Codes(&'static str, Vec<&'static str>),
    /// What has a name in each language.
    Name(LocalName),
    Whole(i64),
    /// An exact decimal; its currency or unit stands in the column after it.
    Amount(Amount),
    Day(NaiveDate),
    At(Instant),
    Truth(bool),
}

/// A column of a list.
#[derive(Debug)]
pub(super) struct Column<R: 'static> {
    /// Its name on the wire, the words of which are its head for people.
    pub(super) field: &'static str,
    /// The profile that has it, where not all do.
    pub(super) only: Option<CsvProfile>,
    pub(super) of: fn(&R) -> Cell,
}

impl<R> Column<R> {
    const fn new(field: &'static str, of: fn(&R) -> Cell) -> Self {
        Column { field, only: None, of }
    }

    /// One by which other systems know a row.
    const fn raw(field: &'static str, of: fn(&R) -> Cell) -> Self {
        Column { field, only: Some(CsvProfile::Raw), of }
    }

    pub(super) fn is_in(&self, profile: CsvProfile) -> bool {
        self.only.is_none_or(|only| only == profile)
    }
}

/// The columns that a file has: those that were asked for, in their order, or all of its profile.
pub(super) fn shown<'a, R>(
    columns: &'a [Column<R>],
    asked: Option<&[String]>,
    profile: CsvProfile,
) -> Vec<&'a Column<R>> {
    let all = || columns.iter().filter(|column| column.is_in(profile));
    match asked {
        None => all().collect(),
        Some(asked) => asked.iter().filter_map(|name| all().find(|column| column.field == *name)).collect(),
    }
}

/// The heads of a file: those that were asked for, in their order, or all of its profile.
pub(super) fn shown_heads(
    list: ExportList,
    asked: Option<&[String]>,
    profile: CsvProfile,
) -> Vec<&'static str> {
    let all = heads(list, profile);
    match asked {
        None => all,
        Some(asked) => {
            asked.iter().filter_map(|name| all.iter().copied().find(|head| head == name)).collect()
        }
    }
}

/// The names of the columns of a list.
pub(super) fn heads(list: ExportList, profile: CsvProfile) -> Vec<&'static str> {
    fn of<R>(columns: &[Column<R>], profile: CsvProfile) -> Vec<&'static str> {
        columns.iter().filter(|column| column.is_in(profile)).map(|column| column.field).collect()
    }
    match list {
        ExportList::Customers => of(CUSTOMERS, profile),
        ExportList::Interactions => of(INTERACTIONS, profile),
        ExportList::Tasks => of(TASKS, profile),
        ExportList::Holdings => of(HOLDINGS, profile),
        ExportList::AuditEntries => of(AUDIT_ENTRIES, profile),
    }
}

fn text(value: &str) -> Cell {
    Cell::Text(value.to_owned())
}

fn optional<T>(value: Option<T>, cell: impl FnOnce(T) -> Cell) -> Cell {
    value.map_or(Cell::Empty, cell)
}

fn words(value: Option<&String>) -> Cell {
    optional(value, |value| text(value))
}

fn id(value: Uuid) -> Cell {
    Cell::Text(value.to_string())
}

pub(super) static CUSTOMERS: &[Column<CustomerSummary>] = &[
    Column::raw("id", |row| id(row.id)),
    Column::new("customer_no", |row| text(&row.customer_no)),
    Column::new("name", |row| text(&row.name)),
    Column::new("kind", |row| Cell::Code("customer_kind", row.kind.as_str())),
    Column::new("tier", |row| optional(row.tier, |tier| Cell::Code("tier", tier.as_str()))),
    Column::new("aum", |row| optional(row.aum.as_ref(), |aum| Cell::Amount(aum.amount))),
    Column::new("currency", |row| optional(row.aum.as_ref(), |aum| text(&aum.currency))),
    Column::new("status", |row| Cell::Code("customer_status", row.status.as_str())),
    Column::new("phone", |row| words(row.phone.as_ref())),
    Column::new("gender", |row| optional(row.gender, |gender| Cell::Code("gender", gender.as_str()))),
    Column::new("city", |row| words(row.city.as_ref())),
    Column::new("owner", |row| optional(row.owner.as_ref(), |owner| text(&owner.display_name))),
    Column::raw("owner_id", |row| optional(row.owner.as_ref(), |owner| id(owner.id))),
    Column::new("org_unit", |row| Cell::Name(row.org_unit.name.clone())),
    Column::raw("org_unit_id", |row| id(row.org_unit.id)),
    Column::new("customer_since", |row| optional(row.customer_since, Cell::Day)),
    Column::new("last_contacted_at", |row| optional(row.last_contacted_at, Cell::At)),
    Column::new("created_at", |row| Cell::At(row.created_at)),
    Column::new("updated_at", |row| Cell::At(row.updated_at)),
    Column::new("archived_at", |row| optional(row.archived_at, Cell::At)),
    Column::new("tags", |row| optional(row.tags.as_ref(), |tags| text(&names(tags)))),
    Column::new("grade", |row| optional(row.value.as_ref(), |value| text(&value.grade))),
    Column::new("contribution", |row| {
        optional(row.value.as_ref(), |value| Cell::Amount(value.contribution.amount))
    }),
    Column::new("lifetime_value", |row| {
        optional(row.value.as_ref(), |value| Cell::Amount(value.lifetime_value.amount))
    }),
    Column::new("promotion_gap", |row| {
        let next = row.standing.as_ref().and_then(|standing| standing.promotion.as_ref());
        optional(next, |next| Cell::Amount(next.missing.amount))
    }),
    Column::new("demotes_on", |row| {
        optional(row.standing.as_ref().and_then(|standing| standing.demotes_on), Cell::Day)
    }),
    Column::new("largest_transaction", |row| {
        let gem = row.standing.as_ref().and_then(|standing| standing.gem.as_ref());
        optional(gem, |gem| Cell::Amount(gem.amount.amount))
    }),
    Column::new("completeness", |row| {
        optional(row.completeness.as_ref(), |known| Cell::Whole(known.score.into()))
    }),
    Column::new("missing", |row| {
        optional(row.completeness.as_ref(), |known| {
            Cell::Codes("profile_piece", known.missing.iter().map(|piece| piece.as_str()).collect())
        })
    }),
];

/// The names of tags, one after the other.
fn names(tags: &[TagRef]) -> String {
    tags.iter().map(|tag| tag.name.as_str()).collect::<Vec<_>>().join(", ")
}

pub(super) static INTERACTIONS: &[Column<Interaction>] = &[
    Column::raw("id", |row| id(row.id)),
    Column::new("occurred_at", |row| Cell::At(row.occurred_at)),
    Column::new("customer_no", |row| text(&row.customer.customer_no)),
    Column::new("customer", |row| text(&row.customer.name)),
    Column::raw("customer_id", |row| id(row.customer.id)),
    Column::new("kind", |row| Cell::Code("interaction_kind", row.kind.as_str())),
    Column::new("direction", |row| Cell::Code("direction", row.direction.as_str())),
    Column::new("purpose", |row| Cell::Code("interaction_purpose", row.purpose.as_str())),
    Column::new("outcome", |row| Cell::Code("interaction_outcome", row.outcome.as_str())),
    Column::new("mood", |row| optional(row.mood, |mood| Cell::Code("mood", mood.as_str()))),
    Column::new("duration_minutes", |row| {
        optional(row.duration_minutes, |minutes| Cell::Whole(i64::from(minutes)))
    }),
    Column::new("notes", |row| words(row.notes.as_ref())),
    Column::new("author", |row| optional(row.author.as_ref(), |author| text(&author.display_name))),
    Column::raw("author_id", |row| optional(row.author.as_ref(), |author| id(author.id))),
    Column::new("created_at", |row| Cell::At(row.created_at)),
    Column::new("updated_at", |row| Cell::At(row.updated_at)),
    Column::new("archived_at", |row| optional(row.archived_at, Cell::At)),
];

pub(super) static TASKS: &[Column<Task>] = &[
    Column::raw("id", |row| id(row.id)),
    Column::new("title", |row| text(&row.title)),
    Column::new("due_on", |row| Cell::Day(row.due_on)),
    Column::new("status", |row| Cell::Code("task_status", row.status.as_str())),
    Column::new("priority", |row| Cell::Code("task_priority", row.priority.as_str())),
    Column::new("customer_no", |row| optional(row.customer.as_ref(), |of| text(&of.customer_no))),
    Column::new("customer", |row| optional(row.customer.as_ref(), |of| text(&of.name))),
    Column::raw("customer_id", |row| optional(row.customer.as_ref(), |of| id(of.id))),
    Column::new("assignee", |row| text(&row.assignee.display_name)),
    Column::raw("assignee_id", |row| id(row.assignee.id)),
    Column::new("creator", |row| optional(row.creator.as_ref(), |creator| text(&creator.display_name))),
    Column::raw("creator_id", |row| optional(row.creator.as_ref(), |creator| id(creator.id))),
    Column::new("source", |row| Cell::Code("task_source", row.source.as_str())),
    Column::new("notes", |row| words(row.notes.as_ref())),
    Column::new("outcome", |row| words(row.outcome.as_ref())),
    Column::new("done_at", |row| optional(row.done_at, Cell::At)),
    Column::new("created_at", |row| Cell::At(row.created_at)),
    Column::new("updated_at", |row| Cell::At(row.updated_at)),
];

pub(super) static HOLDINGS: &[Column<Holding>] = &[
    Column::raw("id", |row| id(row.id)),
    Column::new("customer_no", |row| text(&row.customer.customer_no)),
    Column::new("customer", |row| text(&row.customer.name)),
    Column::raw("customer_id", |row| id(row.customer.id)),
    Column::new("tier", |row| Cell::Code("tier", row.customer.tier.as_str())),
    Column::new("product_code", |row| text(&row.product.code)),
    Column::new("product", |row| Cell::Name(row.product.name.clone())),
    Column::new("product_kind", |row| Cell::Code("product_kind", row.product.kind.as_str())),
    Column::new("status", |row| Cell::Code("holding_status", row.status.as_str())),
    Column::new("amount", |row| Cell::Amount(row.amount)),
    Column::new("cost", |row| optional(row.cost, Cell::Amount)),
    Column::new("currency", |row| text(&row.currency)),
    Column::new("value", |row| Cell::Amount(row.value.amount)),
    Column::new("value_currency", |row| text(&row.value.currency)),
    Column::new("counts_as_asset", |row| Cell::Truth(row.counts_as_asset)),
    Column::new("quantity", |row| optional(row.quantity, |quantity| Cell::Amount(quantity.number))),
    Column::new("quantity_unit", |row| {
        optional(row.quantity, |quantity| Cell::Code("quantity_unit", quantity.unit.as_str()))
    }),
    Column::new("opened_on", |row| Cell::Day(row.opened_on)),
    Column::new("matures_on", |row| optional(row.matures_on, Cell::Day)),
    Column::new("auto_renewal", |row| Cell::Truth(row.auto_renewal)),
    Column::new("closed_on", |row| optional(row.closed_on, Cell::Day)),
    Column::new("channel", |row| Cell::Code("holding_channel", row.channel.as_str())),
    Column::new("reference", |row| words(row.reference.as_ref())),
    Column::new("note", |row| words(row.note.as_ref())),
    Column::new("transactions", |row| Cell::Whole(i64::from(row.transactions))),
    Column::new("created_at", |row| Cell::At(row.created_at)),
    Column::new("updated_at", |row| Cell::At(row.updated_at)),
];

pub(super) static AUDIT_ENTRIES: &[Column<AuditEntry>] = &[
    Column::raw("id", |row| id(row.id)),
    Column::new("at", |row| Cell::At(row.at)),
    Column::new("actor", |row| text(&row.actor.name)),
    Column::raw("actor_kind", |row| text(&row.actor.kind)),
    Column::raw("actor_id", |row| optional(row.actor.id, id)),
    Column::new("action", |row| text(&row.action)),
    Column::new("resource_type", |row| text(&row.resource_type)),
    Column::new("resource_id", |row| optional(row.resource_id, id)),
    Column { field: "changes", only: Some(CsvProfile::Spreadsheet), of: |row| text(&in_lines(&row.changes)) },
    Column::raw("changes", |row| text(&serde_json::to_string(&row.changes).unwrap_or_default())),
    Column::new("reason", |row| words(row.reason.as_ref())),
    Column::new("request_id", |row| text(&row.request_id)),
    Column::new("seq", |row| words(row.seq.as_ref())),
];

/// What changed, a line for each field.
fn in_lines(changes: &[FieldChange]) -> String {
    let shown = |value: Option<&serde_json::Value>| match value {
        None => "–".to_owned(),
        Some(serde_json::Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    };
    let line = |change: &FieldChange| {
        format!("{}: {} → {}", change.field, shown(change.before.as_ref()), shown(change.after.as_ref()))
    };
    changes.iter().map(line).collect::<Vec<_>>().join("\n")
}
