-- Two customers who may be one, found by a search over the whole bank. The score is out of 100; the evidence is a JSON list of codes. What somebody
-- has decided on is not asked again.
CREATE TABLE duplicate_pair (
    id uuid NOT NULL PRIMARY KEY,
    first_id uuid NOT NULL REFERENCES customer (id),
    second_id uuid NOT NULL REFERENCES customer (id),
    score smallint NOT NULL,
    evidence jsonb NOT NULL,
    state text COLLATE "C" NOT NULL,
    -- The search that has found it last.
    search_id uuid NOT NULL,
    found_at timestamptz NOT NULL,
    decided_at timestamptz,
    decided_by uuid REFERENCES user_account (id),
    reason text,
    version bigint NOT NULL,
    UNIQUE (first_id, second_id)
);
CREATE INDEX duplicate_pair_score ON duplicate_pair (state, score, id);
CREATE INDEX duplicate_pair_found ON duplicate_pair (state, found_at, id);
CREATE INDEX duplicate_pair_second ON duplicate_pair (second_id);

-- One customer that went up in another one. `kept` is what the one was before, for undoing it; `moved` says how many things went over.
CREATE TABLE customer_merge (
    id uuid NOT NULL PRIMARY KEY,
    survivor_id uuid NOT NULL REFERENCES customer (id),
    merged_id uuid NOT NULL REFERENCES customer (id),
    taken jsonb NOT NULL,
    moved jsonb NOT NULL,
    kept jsonb NOT NULL,
    reason text,
    merged_at timestamptz NOT NULL,
    merged_by uuid REFERENCES user_account (id),
    undone_at timestamptz,
    undone_by uuid REFERENCES user_account (id),
    version bigint NOT NULL
);
CREATE INDEX customer_merge_at ON customer_merge (merged_at, id);
CREATE INDEX customer_merge_holds ON customer_merge (merged_at, id) WHERE undone_at IS NULL;
CREATE INDEX customer_merge_survivor ON customer_merge (survivor_id, merged_at);
CREATE UNIQUE INDEX customer_merge_merged ON customer_merge (merged_id) WHERE undone_at IS NULL;

-- What went over from one customer to the other: rows by what tells them apart within the customer. `was_primary` is a contact point's.
CREATE TABLE customer_merge_row (
    merge_id uuid NOT NULL REFERENCES customer_merge (id),
    target text COLLATE "C" NOT NULL,
    row_id uuid NOT NULL,
    was_primary boolean NOT NULL,
    PRIMARY KEY (merge_id, target, row_id)
);
