-- Policies of tiers with the day from which each is valid: one is in force, those for later days are planned, the others are past. `tier_policy`
-- is read no longer; servers of the version before this one still do.
CREATE TABLE tier_policy_set (
    id uuid NOT NULL PRIMARY KEY,
    state text COLLATE "C" NOT NULL,
    valid_from date NOT NULL,
    basis text COLLATE "C" NOT NULL,
    grace_days integer NOT NULL,
    candidate_percent integer NOT NULL,
    gem_amount bigint NOT NULL,
    version bigint NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);
CREATE UNIQUE INDEX tier_policy_set_day ON tier_policy_set (valid_from);
CREATE UNIQUE INDEX tier_policy_set_in_force ON tier_policy_set (state) WHERE state = 'in_force';

CREATE TABLE tier_policy_rule (
    policy_id uuid NOT NULL REFERENCES tier_policy_set (id),
    tier text COLLATE "C" NOT NULL,
    threshold bigint NOT NULL,
    cadence_days integer,
    servicing_channel text NOT NULL,
    PRIMARY KEY (policy_id, tier)
);

-- A bank that is at work goes on as it did: by the assets of today, without grace.
INSERT INTO tier_policy_set (id, state, valid_from, basis, grace_days, candidate_percent, gem_amount, version, created_at, updated_at)
SELECT '019ac0de-0000-7000-8000-000000000001'::uuid, 'in_force', date '1970-01-01',
    CASE WHEN EXISTS (SELECT 1 FROM customer) THEN 'today' ELSE 'monthly_average' END,
    CASE WHEN EXISTS (SELECT 1 FROM customer) THEN 0 ELSE 90 END,
    80, 1000000000, MAX(version), MAX(updated_at), MAX(updated_at) FROM tier_policy;
INSERT INTO tier_policy_rule (policy_id, tier, threshold, cadence_days, servicing_channel)
SELECT '019ac0de-0000-7000-8000-000000000001'::uuid, tier, threshold, cadence_days, servicing_channel FROM tier_policy;

-- What the books said of the assets of a customer at the end of a day, in the base currency; good until the next row.
CREATE TABLE aum_balance (
    customer_id uuid NOT NULL REFERENCES customer (id),
    day date NOT NULL,
    aum bigint NOT NULL,
    PRIMARY KEY (customer_id, day)
);
INSERT INTO aum_balance (customer_id, day, aum)
SELECT customer_id, (as_of AT TIME ZONE 'UTC')::date, aum FROM customer_figures WHERE aum <> 0;

-- `average_aum` is what the tier follows from. `demotes_on` and `review_on` are the last of days where there is none, `promotion_gap` is the
-- largest of numbers of whoever is no candidate, for lists to be sorted by.
ALTER TABLE customer_figures ADD COLUMN average_aum bigint NOT NULL DEFAULT 0;
ALTER TABLE customer_figures ADD COLUMN promotion_gap bigint NOT NULL DEFAULT 9223372036854775807;
ALTER TABLE customer_figures ADD COLUMN promotion_candidate boolean NOT NULL DEFAULT FALSE;
ALTER TABLE customer_figures ADD COLUMN in_grace boolean NOT NULL DEFAULT FALSE;
ALTER TABLE customer_figures ADD COLUMN demotes_on date NOT NULL DEFAULT '9999-12-31';
ALTER TABLE customer_figures ADD COLUMN largest_transaction bigint NOT NULL DEFAULT 0;
ALTER TABLE customer_figures ADD COLUMN largest_transaction_on date;
ALTER TABLE customer_figures ADD COLUMN hidden_gem boolean NOT NULL DEFAULT FALSE;
ALTER TABLE customer_figures ADD COLUMN review_on date NOT NULL DEFAULT '9999-12-31';
UPDATE customer_figures SET average_aum = aum;
CREATE INDEX customer_figures_candidates ON customer_figures (archived, promotion_gap, customer_id) WHERE promotion_candidate = TRUE;
CREATE INDEX customer_figures_in_grace ON customer_figures (archived, demotes_on, customer_id) WHERE in_grace = TRUE;
CREATE INDEX customer_figures_gems ON customer_figures (archived, largest_transaction, customer_id) WHERE hidden_gem = TRUE;
CREATE INDEX customer_figures_review ON customer_figures (review_on, customer_id) WHERE review_on < '9999-12-31';

ALTER TABLE customer_tier_history ADD COLUMN average_aum bigint;
ALTER TABLE customer_tier_history ADD COLUMN threshold bigint;

-- What the new columns say is worked out by the job loop.
INSERT INTO due_work (kind, subject, after, due_at)
SELECT 'tiers', '', NULL::uuid, timestamptz 'epoch' WHERE EXISTS (SELECT 1 FROM customer) ON CONFLICT (kind, subject) DO UPDATE SET after = NULL;
