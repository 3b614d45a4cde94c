-- Who was responsible for a customer, from when to when, and how that came about and ended. Of one customer at most one line has no end: that of
-- `customer.owner_id`. Signed is what the relationship manager has accepted.
CREATE TABLE customer_ownership (
    id BLOB NOT NULL PRIMARY KEY,
    customer_id BLOB NOT NULL REFERENCES customer (id),
    owner_id BLOB NOT NULL REFERENCES user_account (id),
    began_at INTEGER NOT NULL,
    how TEXT NOT NULL,
    began_by BLOB REFERENCES user_account (id),
    signed_at INTEGER,
    ended_at INTEGER,
    ended_how TEXT,
    ended_by BLOB REFERENCES user_account (id)
) STRICT, WITHOUT ROWID;
CREATE INDEX customer_ownership_of ON customer_ownership (customer_id, began_at, id);
CREATE UNIQUE INDEX customer_ownership_open ON customer_ownership (customer_id) WHERE ended_at IS NULL;
CREATE INDEX customer_ownership_owner ON customer_ownership (owner_id, customer_id);
-- How those who are responsible already became so is not known.
INSERT INTO customer_ownership (id, customer_id, owner_id, began_at, how)
SELECT id, id, owner_id, CAST(unixepoch('subsec') * 1000000 AS INTEGER), 'recorded' FROM customer WHERE owner_id IS NOT NULL;

-- Customers who were lost, and who was responsible then.
CREATE TABLE customer_loss (
    id BLOB NOT NULL PRIMARY KEY,
    customer_id BLOB NOT NULL REFERENCES customer (id),
    owner_id BLOB REFERENCES user_account (id),
    org_unit_id BLOB NOT NULL REFERENCES org_unit (id),
    lost_at INTEGER NOT NULL,
    recorded_by BLOB REFERENCES user_account (id),
    returned_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX customer_loss_of ON customer_loss (customer_id, lost_at, id);
CREATE INDEX customer_loss_by_time ON customer_loss (lost_at, id);
CREATE INDEX customer_loss_owner ON customer_loss (owner_id, lost_at, id);

-- Which roles look after a customer of a tier. There is one policy.
CREATE TABLE team_policy (
    id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    version INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;
INSERT INTO team_policy (id, version, updated_at) VALUES (1, 1, 0);
CREATE TABLE team_rule (
    tier TEXT NOT NULL,
    role TEXT NOT NULL,
    PRIMARY KEY (tier, role)
) STRICT, WITHOUT ROWID;
INSERT INTO team_rule (tier, role) VALUES
    ('private', 'branch_manager'), ('private', 'deputy_manager'), ('private', 'outlet_head'), ('private', 'rm'),
    ('diamond', 'branch_manager'), ('diamond', 'deputy_manager'), ('diamond', 'outlet_head'), ('diamond', 'rm'),
    ('platinum', 'deputy_manager'), ('platinum', 'outlet_head'), ('platinum', 'rm'),
    ('gold', 'outlet_head'), ('gold', 'rm');

-- Customers whose care lacks something: who is responsible, a signature, or members of the team (`missing`, a bit for each role). Kept as
-- customers are looked at. The highest tiers have the highest `rank`.
CREATE TABLE customer_care (
    customer_id BLOB NOT NULL PRIMARY KEY REFERENCES customer (id),
    tier TEXT NOT NULL,
    rank INTEGER NOT NULL,
    no_owner INTEGER NOT NULL,
    unsigned INTEGER NOT NULL,
    incomplete INTEGER NOT NULL,
    missing INTEGER NOT NULL,
    since INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX customer_care_by_rank ON customer_care (rank, customer_id);
CREATE INDEX customer_care_by_time ON customer_care (since, customer_id);
CREATE INDEX customer_care_no_owner ON customer_care (rank, customer_id) WHERE no_owner = 1;
CREATE INDEX customer_care_unsigned ON customer_care (rank, customer_id) WHERE unsigned = 1;

INSERT INTO customer_follower (name, event_seq, walking, after, walked_on) VALUES ('care', 0, 1, NULL, NULL);

-- The handover of a book, or of part of it, by one who is responsible to others.
CREATE TABLE handover (
    id BLOB NOT NULL PRIMARY KEY,
    from_user_id BLOB NOT NULL REFERENCES user_account (id),
    org_unit_id BLOB NOT NULL REFERENCES org_unit (id),
    reason TEXT NOT NULL,
    note TEXT,
    effective_on TEXT NOT NULL,
    double_access_days INTEGER NOT NULL,
    state TEXT NOT NULL,
    customers INTEGER NOT NULL,
    moved INTEGER NOT NULL,
    skipped INTEGER NOT NULL,
    remaining INTEGER NOT NULL,
    proposed_by BLOB REFERENCES user_account (id),
    finished_at INTEGER,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX handover_by_time ON handover (created_at, id);
CREATE INDEX handover_from ON handover (from_user_id, created_at, id);
CREATE INDEX handover_due ON handover (effective_on, id) WHERE state = 'accepted';

CREATE TABLE handover_receiver (
    handover_id BLOB NOT NULL REFERENCES handover (id),
    user_id BLOB NOT NULL REFERENCES user_account (id),
    place INTEGER NOT NULL,
    rule TEXT,
    customers INTEGER NOT NULL,
    state TEXT NOT NULL,
    answered_at INTEGER,
    answer_reason TEXT,
    task_id BLOB REFERENCES task (id),
    PRIMARY KEY (handover_id, user_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX handover_receiver_user ON handover_receiver (user_id, handover_id);

-- The customers of a handover, the largest assets first.
CREATE TABLE handover_customer (
    handover_id BLOB NOT NULL REFERENCES handover (id),
    customer_id BLOB NOT NULL REFERENCES customer (id),
    user_id BLOB NOT NULL REFERENCES user_account (id),
    place INTEGER NOT NULL,
    state TEXT NOT NULL,
    PRIMARY KEY (handover_id, customer_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX handover_customer_place ON handover_customer (handover_id, place, customer_id);
CREATE INDEX handover_customer_waiting ON handover_customer (handover_id, place) WHERE state = 'waiting';

-- Who still sees a customer for some time after a handover. It changes nothing.
CREATE TABLE customer_access (
    user_id BLOB NOT NULL REFERENCES user_account (id),
    customer_id BLOB NOT NULL REFERENCES customer (id),
    until INTEGER NOT NULL,
    PRIMARY KEY (user_id, customer_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX customer_access_until ON customer_access (until);
