-- The version of the customer in the other system: what comes with a lower one comes too late.
ALTER TABLE external_id ADD COLUMN source_version bigint;

-- What came of bulk calls, for those who send one again with its idempotency key.
CREATE TABLE bulk_outcome (
    id uuid NOT NULL PRIMARY KEY,
    outcome jsonb NOT NULL,
    created_at timestamptz NOT NULL
);
CREATE INDEX bulk_outcome_age ON bulk_outcome (created_at);
