-- Values that other systems offer for fields that were verified: one row for a field and a system, its newest offer.
CREATE TABLE field_conflict (
    id uuid NOT NULL PRIMARY KEY,
    customer_id uuid NOT NULL REFERENCES customer (id),
    field text COLLATE "C" NOT NULL,
    system text COLLATE "C" NOT NULL,
    offered jsonb NOT NULL,
    state text COLLATE "C" NOT NULL,
    offered_at timestamptz NOT NULL,
    resolved_at timestamptz,
    resolved_by uuid REFERENCES user_account (id),
    version bigint NOT NULL
);
CREATE UNIQUE INDEX field_conflict_of ON field_conflict (customer_id, field, system);
CREATE INDEX field_conflict_order ON field_conflict (state, offered_at, id);
