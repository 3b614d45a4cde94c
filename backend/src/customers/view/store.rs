use diesel::RunQueryDsl;
use diesel::sql_types::{BigInt, Binary, Bool, Nullable, Text};
use guanxi_db::{Condition, DbConn, DbError, DbMoment, DbUuid, Id, Moment, Statement, Value};

use crate::access::UserMark;
use crate::customers::CustomerId;
use crate::customers::store::{ContactPointRow, ExternalIdRow, IdentityRow};
use crate::error::Result;

/// What belongs to a customer beside its row.
#[derive(Default)]
pub(super) struct Parts {
    pub(super) identity: Option<IdentityRow>,
    /// By kind, the first choice before the others.
    pub(super) contact_points: Vec<ContactPointRow>,
    /// By source.
    pub(super) external_ids: Vec<ExternalIdRow>,
    /// Id, display name and role of each member, by role and name.
    pub(super) team: Vec<(Id<UserMark>, String, String)>,
}

/// A row of [`parts`]: which part, its id, four texts, two marks, three hashes or ciphers, and when it was made and changed.
type PartRow = (
    i64,
    Option<Id<()>>,
    (String, String, Option<String>, Option<String>),
    (bool, bool),
    (Option<Vec<u8>>, Option<Vec<u8>>, Option<Vec<u8>>),
    (Option<Moment>, Option<Moment>),
);
type PartColumns = (
    BigInt,
    Nullable<DbUuid>,
    (Text, Text, Nullable<Text>, Nullable<Text>),
    (Bool, Bool),
    (Nullable<Binary>, Nullable<Binary>, Nullable<Binary>),
    (Nullable<DbMoment>, Nullable<DbMoment>),
);

/// What belongs to a customer, in one statement: on PostgreSQL a statement is a round trip.
pub(super) fn parts(conn: &mut DbConn, id: CustomerId) -> Result<Parts> {
    let customer = || Value::Id(Id::new(id.uuid()));
    let statement = Condition::new()
        .sql(
            "SELECT CAST(0 AS bigint), CAST(NULL AS uuid), kind, masked, CAST(NULL AS text), CAST(NULL AS text), false, false, \
             cipher, value_hash, CAST(NULL AS bytea), CAST(NULL AS timestamptz), CAST(NULL AS timestamptz) \
             FROM identity_document WHERE customer_id = ",
        )
        .bind(customer())
        .sql(
            " UNION ALL SELECT CAST(1 AS bigint), id, kind, masked, usage, source, is_primary, verified, cipher, value_hash, tail_hash, \
             created_at, updated_at FROM contact_point WHERE customer_id = ",
        )
        .bind(customer())
        .sql(
            " UNION ALL SELECT CAST(2 AS bigint), CAST(NULL AS uuid), source, value, CAST(NULL AS text), CAST(NULL AS text), false, \
             false, CAST(NULL AS bytea), CAST(NULL AS bytea), CAST(NULL AS bytea), CAST(NULL AS timestamptz), \
             CAST(NULL AS timestamptz) FROM external_id WHERE customer_id = ",
        )
        .bind(customer())
        .sql(
            " UNION ALL SELECT CAST(3 AS bigint), user_account.id, customer_team.role, user_account.display_name, \
             user_account.name_sort, CAST(NULL AS text), false, false, CAST(NULL AS bytea), CAST(NULL AS bytea), \
             CAST(NULL AS bytea), CAST(NULL AS timestamptz), CAST(NULL AS timestamptz) FROM customer_team \
             JOIN user_account ON user_account.id = customer_team.user_id WHERE customer_team.customer_id = ",
        )
        .bind(customer());
    let rows: Vec<PartRow> = Statement::<PartColumns>::new(statement).load(conn).map_err(DbError::from)?;
    let mut parts = Parts::default();
    let mut team = Vec::new();
    for (part, part_id, (a, b, c, d), (first, second), (cipher, hash, tail), (made, changed)) in rows {
        let part_id = part_id.map(Id::uuid).unwrap_or_default();
        match part {
            0 => {
                parts.identity = Some(IdentityRow {
                    customer_id: id,
                    kind: a,
                    masked: b,
                    cipher: cipher.unwrap_or_default(),
                    value_hash: hash.unwrap_or_default(),
                });
            }
            1 => parts.contact_points.push(ContactPointRow {
                id: Id::new(part_id),
                customer_id: id,
                kind: a,
                masked: b,
                usage: c.unwrap_or_default(),
                source: d.unwrap_or_default(),
                is_primary: first,
                verified: second,
                cipher: cipher.unwrap_or_default(),
                value_hash: hash.unwrap_or_default(),
                tail_hash: tail,
                created_at: made.unwrap_or(Moment::EARLIEST),
                updated_at: changed.unwrap_or(Moment::EARLIEST),
            }),
            2 => parts.external_ids.push(ExternalIdRow {
                source: a,
                value: b,
                customer_id: id,
                source_version: None,
            }),
            _ => team.push((a, c, Id::new(part_id), b)),
        }
    }
    parts.contact_points.sort_by(|one, other| {
        let key = |row: &ContactPointRow| (row.kind.clone(), !row.is_primary, row.id);
        key(one).cmp(&key(other))
    });
    parts.external_ids.sort_by(|one, other| one.source.cmp(&other.source));
    team.sort();
    parts.team = team.into_iter().map(|(role, _, id, name)| (id, name, role)).collect();
    Ok(parts)
}
