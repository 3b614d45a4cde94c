-- The version of the customer in the other system: what comes with a lower one comes too late.
ALTER TABLE external_id ADD COLUMN source_version INTEGER;

-- What came of bulk calls, for those who send one again with its idempotency key.
CREATE TABLE bulk_outcome (
    id BLOB NOT NULL PRIMARY KEY,
    outcome TEXT NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX bulk_outcome_age ON bulk_outcome (created_at);
