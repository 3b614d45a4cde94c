-- Two customers who may be one, found by a search over the whole bank. The score is out of 100; the evidence is a JSON list of codes. What somebody
-- has decided on is not asked again.
CREATE TABLE duplicate_pair (
    id BLOB NOT NULL PRIMARY KEY,
    first_id BLOB NOT NULL REFERENCES customer (id),
    second_id BLOB NOT NULL REFERENCES customer (id),
    score INTEGER NOT NULL,
    evidence TEXT NOT NULL,
    state TEXT NOT NULL,
    -- The search that has found it last.
    search_id BLOB NOT NULL,
    found_at INTEGER NOT NULL,
    decided_at INTEGER,
    decided_by BLOB REFERENCES user_account (id),
    reason TEXT,
    version INTEGER NOT NULL,
    UNIQUE (first_id, second_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX duplicate_pair_score ON duplicate_pair (state, score, id);
CREATE INDEX duplicate_pair_found ON duplicate_pair (state, found_at, id);
CREATE INDEX duplicate_pair_second ON duplicate_pair (second_id);

-- One customer that went up in another one. `kept` is what the one was before, for undoing it; `moved` says how many things went over.
CREATE TABLE customer_merge (
    id BLOB NOT NULL PRIMARY KEY,
    survivor_id BLOB NOT NULL REFERENCES customer (id),
    merged_id BLOB NOT NULL REFERENCES customer (id),
    taken TEXT NOT NULL,
    moved TEXT NOT NULL,
    kept TEXT NOT NULL,
    reason TEXT,
    merged_at INTEGER NOT NULL,
    merged_by BLOB REFERENCES user_account (id),
    undone_at INTEGER,
    undone_by BLOB REFERENCES user_account (id),
    version INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX customer_merge_at ON customer_merge (merged_at, id);
CREATE INDEX customer_merge_holds ON customer_merge (merged_at, id) WHERE undone_at IS NULL;
CREATE INDEX customer_merge_survivor ON customer_merge (survivor_id, merged_at);
CREATE UNIQUE INDEX customer_merge_merged ON customer_merge (merged_id) WHERE undone_at IS NULL;

-- What went over from one customer to the other: rows by what tells them apart within the customer. `was_primary` is a contact point's.
CREATE TABLE customer_merge_row (
    merge_id BLOB NOT NULL REFERENCES customer_merge (id),
    target TEXT NOT NULL,
    row_id BLOB NOT NULL,
    was_primary INTEGER NOT NULL,
    PRIMARY KEY (merge_id, target, row_id)
) STRICT, WITHOUT ROWID;
