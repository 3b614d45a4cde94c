-- `from_id` is what `kind` says to `to_id`: the parent of, the guarantor of. Of kinds that are the same from both sides the smaller id comes first.
CREATE TABLE relation (
    id BLOB NOT NULL PRIMARY KEY,
    from_id BLOB NOT NULL REFERENCES customer (id),
    to_id BLOB NOT NULL REFERENCES customer (id),
    kind TEXT NOT NULL,
    share_percent INTEGER,
    title TEXT,
    authority TEXT,
    note TEXT,
    since TEXT,
    until TEXT,
    archived INTEGER NOT NULL,
    archived_at INTEGER,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    CHECK (from_id <> to_id)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX relation_once ON relation (from_id, to_id, kind) WHERE NOT archived;
CREATE INDEX relation_from ON relation (from_id, archived);
CREATE INDEX relation_to ON relation (to_id, archived);

CREATE TABLE household (
    id BLOB NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    archived INTEGER NOT NULL,
    archived_at INTEGER,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE household_member (
    household_id BLOB NOT NULL REFERENCES household (id),
    customer_id BLOB NOT NULL REFERENCES customer (id),
    role TEXT NOT NULL,
    is_primary INTEGER NOT NULL,
    PRIMARY KEY (household_id, customer_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX household_of_member ON household_member (customer_id, household_id);

-- Who holds something together with the customer under whom it is booked.
CREATE TABLE holding_co_owner (
    holding_id BLOB NOT NULL REFERENCES holding (id),
    customer_id BLOB NOT NULL REFERENCES customer (id),
    PRIMARY KEY (holding_id, customer_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX holding_of_co_owner ON holding_co_owner (customer_id, holding_id);
