-- What the bank offers, what customers hold of it, what moved it, and what it is worth in the base currency.

CREATE TABLE product (
    id BLOB PRIMARY KEY,
    code TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    name_zh TEXT NOT NULL,
    name_en TEXT NOT NULL,
    risk_grade TEXT,
    currency TEXT NOT NULL,
    counts_as_asset INTEGER NOT NULL,
    term_days INTEGER,
    terms TEXT,
    archived_at INTEGER,
    archived INTEGER NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;
CREATE INDEX product_list ON product (archived, code, id);

-- Base units for one unit, in 1/100000000. `applied` is set when the holdings in the currency are due to be valued anew by it.
CREATE TABLE exchange_rate (
    id BLOB PRIMARY KEY,
    currency TEXT NOT NULL,
    valid_from TEXT NOT NULL,
    rate INTEGER NOT NULL CHECK (rate > 0),
    applied INTEGER NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX exchange_rate_day ON exchange_rate (currency, valid_from);
CREATE INDEX exchange_rate_list ON exchange_rate (valid_from, id);
CREATE INDEX exchange_rate_waiting ON exchange_rate (valid_from) WHERE NOT applied;

-- `value` is the amount in the base currency at the rate of the day; `maturity` is `matures_on`, or the last of days without one, for lists
-- to be sorted by; `entries` counts transactions. Only the masked end of a reference is ever stored.
CREATE TABLE holding (
    id BLOB PRIMARY KEY,
    customer_id BLOB NOT NULL REFERENCES customer (id),
    product_id BLOB NOT NULL REFERENCES product (id),
    status TEXT NOT NULL,
    currency TEXT NOT NULL,
    amount INTEGER NOT NULL,
    opening_amount INTEGER NOT NULL,
    value INTEGER NOT NULL,
    quantity INTEGER,
    quantity_unit TEXT,
    cost INTEGER,
    opened_on TEXT NOT NULL,
    matures_on TEXT,
    maturity TEXT NOT NULL,
    auto_renewal INTEGER NOT NULL,
    closed_on TEXT,
    channel TEXT NOT NULL,
    reference TEXT,
    note TEXT,
    entries INTEGER NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;
CREATE INDEX holding_of_customer ON holding (customer_id, status, value);
CREATE INDEX holding_by_maturity ON holding (status, maturity, id);
CREATE INDEX holding_by_value ON holding (status, value, id);
CREATE INDEX holding_of_product ON holding (product_id, customer_id);
CREATE INDEX holding_in_currency ON holding (currency, customer_id);

-- `delta` is what it adds to the amount of the holding.
CREATE TABLE holding_transaction (
    id BLOB PRIMARY KEY,
    holding_id BLOB NOT NULL REFERENCES holding (id),
    customer_id BLOB NOT NULL REFERENCES customer (id),
    day TEXT NOT NULL,
    kind TEXT NOT NULL,
    amount INTEGER NOT NULL,
    delta INTEGER NOT NULL,
    channel TEXT NOT NULL,
    note TEXT,
    reverses_id BLOB REFERENCES holding_transaction (id),
    created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX holding_transaction_of_holding ON holding_transaction (holding_id, day, id);
-- Partial, since nearly all are null: statistics of a full index would keep the planner from it.
CREATE UNIQUE INDEX holding_transaction_reverses ON holding_transaction (reverses_id) WHERE reverses_id IS NOT NULL;
CREATE INDEX holding_transaction_of_customer ON holding_transaction (customer_id, day, id);

CREATE TABLE holding_balance (
    holding_id BLOB NOT NULL REFERENCES holding (id),
    day TEXT NOT NULL,
    amount INTEGER NOT NULL,
    PRIMARY KEY (holding_id, day)
) STRICT, WITHOUT ROWID;

ALTER TABLE customer_figures ADD COLUMN coverage INTEGER NOT NULL DEFAULT 0;

-- The layers of customers; all rows change together and have one version.
CREATE TABLE tier_policy (
    tier TEXT PRIMARY KEY,
    threshold INTEGER NOT NULL,
    cadence_days INTEGER,
    servicing_channel TEXT NOT NULL,
    version INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;
INSERT INTO tier_policy (tier, threshold, cadence_days, servicing_channel, version, updated_at) VALUES
    ('mass', 0, NULL, 'phone_centre', 1, 0),
    ('gold', 1000000000, 14, 'relationship_manager', 1, 0),
    ('platinum', 10000000000, 7, 'relationship_manager', 1, 0),
    ('diamond', 50000000000, 7, 'private_banking', 1, 0),
    ('private', 80000000000, 7, 'private_banking', 1, 0);

CREATE TABLE customer_tier_history (
    id BLOB PRIMARY KEY,
    customer_id BLOB NOT NULL REFERENCES customer (id),
    from_tier TEXT,
    to_tier TEXT NOT NULL,
    aum INTEGER NOT NULL,
    reason TEXT NOT NULL,
    at INTEGER NOT NULL
) STRICT;
CREATE INDEX customer_tier_history_of ON customer_tier_history (customer_id, at, id);

-- Work on many rows that a change has made due: the job loop does it in chunks, `after` says how far it is. A change during it starts it
-- again.
CREATE TABLE due_work (
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    after BLOB,
    due_at INTEGER NOT NULL,
    PRIMARY KEY (kind, subject)
) STRICT;
