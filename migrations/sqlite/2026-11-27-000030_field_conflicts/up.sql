-- Values that other systems offer for fields that were verified: one row for a field and a system, its newest offer.
CREATE TABLE field_conflict (
    id BLOB NOT NULL PRIMARY KEY,
    customer_id BLOB NOT NULL REFERENCES customer (id),
    field TEXT NOT NULL,
    system TEXT NOT NULL,
    offered TEXT NOT NULL,
    state TEXT NOT NULL,
    offered_at INTEGER NOT NULL,
    resolved_at INTEGER,
    resolved_by BLOB REFERENCES user_account (id),
    version INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX field_conflict_of ON field_conflict (customer_id, field, system);
CREATE INDEX field_conflict_order ON field_conflict (state, offered_at, id);
