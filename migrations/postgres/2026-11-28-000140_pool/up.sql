-- After how many days without a contact a customer of a tier falls back into the pool of its unit; none, unless the bank sets a rule. Whoever is
-- responsible knows so many days before.
CREATE TABLE pool_policy (
    id integer NOT NULL PRIMARY KEY CHECK (id = 1),
    notice_days integer NOT NULL,
    claims_per_day integer,
    hold_days integer NOT NULL,
    version bigint NOT NULL,
    updated_at timestamptz NOT NULL
);
INSERT INTO pool_policy (id, notice_days, claims_per_day, hold_days, version, updated_at) VALUES (1, 14, 10, 30, 1, timestamptz 'epoch');
CREATE TABLE pool_rule (
    tier text COLLATE "C" NOT NULL PRIMARY KEY,
    days integer NOT NULL
);

-- Customers who are about to fall back, and when.
CREATE TABLE pool_warning (
    customer_id uuid NOT NULL PRIMARY KEY REFERENCES customer (id),
    warned_on date NOT NULL,
    falls_on date NOT NULL
);
CREATE INDEX pool_warning_falls ON pool_warning (falls_on, customer_id);

-- Customers who have fallen back and whom nobody has taken yet.
CREATE TABLE pool_customer (
    customer_id uuid NOT NULL PRIMARY KEY REFERENCES customer (id),
    org_unit_id uuid NOT NULL REFERENCES org_unit (id),
    previous_owner_id uuid NOT NULL REFERENCES user_account (id),
    fell_at timestamptz NOT NULL
);
CREATE INDEX pool_customer_by_time ON pool_customer (fell_at, customer_id);
CREATE INDEX pool_customer_unit ON pool_customer (org_unit_id, fell_at, customer_id);
CREATE INDEX customer_ownership_claimed ON customer_ownership (owner_id, began_at) WHERE how = 'claimed';

INSERT INTO customer_follower (name, event_seq, walking, after, walked_on) VALUES ('pool', 0, true, NULL, NULL);
