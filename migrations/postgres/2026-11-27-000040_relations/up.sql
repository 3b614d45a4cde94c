-- `from_id` is what `kind` says to `to_id`: the parent of, the guarantor of. Of kinds that are the same from both sides the smaller id comes first.
CREATE TABLE relation (
    id uuid NOT NULL PRIMARY KEY,
    from_id uuid NOT NULL REFERENCES customer (id),
    to_id uuid NOT NULL REFERENCES customer (id),
    kind text COLLATE "C" NOT NULL,
    share_percent integer,
    title text,
    authority text COLLATE "C",
    note text,
    since date,
    until date,
    archived boolean NOT NULL,
    archived_at timestamptz,
    version bigint NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CHECK (from_id <> to_id)
);
CREATE UNIQUE INDEX relation_once ON relation (from_id, to_id, kind) WHERE NOT archived;
CREATE INDEX relation_from ON relation (from_id, archived);
CREATE INDEX relation_to ON relation (to_id, archived);

CREATE TABLE household (
    id uuid NOT NULL PRIMARY KEY,
    name text NOT NULL,
    archived boolean NOT NULL,
    archived_at timestamptz,
    version bigint NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);

CREATE TABLE household_member (
    household_id uuid NOT NULL REFERENCES household (id),
    customer_id uuid NOT NULL REFERENCES customer (id),
    role text COLLATE "C" NOT NULL,
    is_primary boolean NOT NULL,
    PRIMARY KEY (household_id, customer_id)
);
CREATE INDEX household_of_member ON household_member (customer_id, household_id);

-- Who holds something together with the customer under whom it is booked.
CREATE TABLE holding_co_owner (
    holding_id uuid NOT NULL REFERENCES holding (id),
    customer_id uuid NOT NULL REFERENCES customer (id),
    PRIMARY KEY (holding_id, customer_id)
);
CREATE INDEX holding_of_co_owner ON holding_co_owner (customer_id, holding_id);
