-- What the bank offers, what customers hold of it, what moved it, and what it is worth in the base currency.

CREATE TABLE product (
    id uuid PRIMARY KEY,
    code text COLLATE "C" NOT NULL UNIQUE,
    kind text COLLATE "C" NOT NULL,
    name_zh text NOT NULL,
    name_en text NOT NULL,
    risk_grade text,
    currency text COLLATE "C" NOT NULL,
    counts_as_asset boolean NOT NULL,
    term_days integer,
    terms text,
    archived_at timestamptz,
    archived boolean NOT NULL,
    version bigint NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);
CREATE INDEX product_list ON product (archived, code, id);

-- Base units for one unit, in 1/100000000. `applied` is set when the holdings in the currency are due to be valued anew by it.
CREATE TABLE exchange_rate (
    id uuid PRIMARY KEY,
    currency text COLLATE "C" NOT NULL,
    valid_from date NOT NULL,
    rate bigint NOT NULL CHECK (rate > 0),
    applied boolean NOT NULL,
    version bigint NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);
CREATE UNIQUE INDEX exchange_rate_day ON exchange_rate (currency, valid_from);
CREATE INDEX exchange_rate_list ON exchange_rate (valid_from, id);
CREATE INDEX exchange_rate_waiting ON exchange_rate (valid_from) WHERE NOT applied;

-- `value` is the amount in the base currency at the rate of the day; `maturity` is `matures_on`, or the last of days without one, for lists
-- to be sorted by; `entries` counts transactions. Only the masked end of a reference is ever stored.
CREATE TABLE holding (
    id uuid PRIMARY KEY,
    customer_id uuid NOT NULL REFERENCES customer (id),
    product_id uuid NOT NULL REFERENCES product (id),
    status text COLLATE "C" NOT NULL,
    currency text COLLATE "C" NOT NULL,
    amount bigint NOT NULL,
    opening_amount bigint NOT NULL,
    value bigint NOT NULL,
    quantity bigint,
    quantity_unit text,
    cost bigint,
    opened_on date NOT NULL,
    matures_on date,
    maturity date NOT NULL,
    auto_renewal boolean NOT NULL,
    closed_on date,
    channel text COLLATE "C" NOT NULL,
    reference text,
    note text,
    entries integer NOT NULL,
    version bigint NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);
CREATE INDEX holding_of_customer ON holding (customer_id, status, value);
CREATE INDEX holding_by_maturity ON holding (status, maturity, id);
CREATE INDEX holding_by_value ON holding (status, value, id);
CREATE INDEX holding_of_product ON holding (product_id, customer_id);
CREATE INDEX holding_in_currency ON holding (currency, customer_id);

-- `delta` is what it adds to the amount of the holding.
CREATE TABLE holding_transaction (
    id uuid PRIMARY KEY,
    holding_id uuid NOT NULL REFERENCES holding (id),
    customer_id uuid NOT NULL REFERENCES customer (id),
    day date NOT NULL,
    kind text COLLATE "C" NOT NULL,
    amount bigint NOT NULL,
    delta bigint NOT NULL,
    channel text COLLATE "C" NOT NULL,
    note text,
    reverses_id uuid REFERENCES holding_transaction (id),
    created_at timestamptz NOT NULL
);
CREATE INDEX holding_transaction_of_holding ON holding_transaction (holding_id, day, id);
-- Partial, since nearly all are null: statistics of a full index would keep the planner from it.
CREATE UNIQUE INDEX holding_transaction_reverses ON holding_transaction (reverses_id) WHERE reverses_id IS NOT NULL;
CREATE INDEX holding_transaction_of_customer ON holding_transaction (customer_id, day, id);

CREATE TABLE holding_balance (
    holding_id uuid NOT NULL REFERENCES holding (id),
    day date NOT NULL,
    amount bigint NOT NULL,
    PRIMARY KEY (holding_id, day)
);

ALTER TABLE customer_figures ADD COLUMN coverage integer NOT NULL DEFAULT 0;

-- The layers of customers; all rows change together and have one version.
CREATE TABLE tier_policy (
    tier text COLLATE "C" PRIMARY KEY,
    threshold bigint NOT NULL,
    cadence_days integer,
    servicing_channel text NOT NULL,
    version bigint NOT NULL,
    updated_at timestamptz NOT NULL
);
INSERT INTO tier_policy (tier, threshold, cadence_days, servicing_channel, version, updated_at) VALUES
    ('mass', 0, NULL, 'phone_centre', 1, 'epoch'),
    ('gold', 1000000000, 14, 'relationship_manager', 1, 'epoch'),
    ('platinum', 10000000000, 7, 'relationship_manager', 1, 'epoch'),
    ('diamond', 50000000000, 7, 'private_banking', 1, 'epoch'),
    ('private', 80000000000, 7, 'private_banking', 1, 'epoch');

CREATE TABLE customer_tier_history (
    id uuid PRIMARY KEY,
    customer_id uuid NOT NULL REFERENCES customer (id),
    from_tier text COLLATE "C",
    to_tier text COLLATE "C" NOT NULL,
    aum bigint NOT NULL,
    reason text COLLATE "C" NOT NULL,
    at timestamptz NOT NULL
);
CREATE INDEX customer_tier_history_of ON customer_tier_history (customer_id, at, id);

-- Work on many rows that a change has made due: the job loop does it in chunks, `after` says how far it is. A change during it starts it
-- again.
CREATE TABLE due_work (
    kind text COLLATE "C" NOT NULL,
    subject text COLLATE "C" NOT NULL,
    after uuid,
    due_at timestamptz NOT NULL,
    PRIMARY KEY (kind, subject)
);
