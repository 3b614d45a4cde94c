-- Policies of tiers with the day from which each is valid: one is in force, those for later days are planned, the others are past. `tier_policy`
-- is read no longer; servers of the version before this one still do.
CREATE TABLE tier_policy_set (
    id BLOB NOT NULL PRIMARY KEY,
    state TEXT NOT NULL,
    valid_from TEXT NOT NULL,
    basis TEXT NOT NULL,
    grace_days INTEGER NOT NULL,
    candidate_percent INTEGER NOT NULL,
    gem_amount INTEGER NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX tier_policy_set_day ON tier_policy_set (valid_from);
CREATE UNIQUE INDEX tier_policy_set_in_force ON tier_policy_set (state) WHERE state = 'in_force';

CREATE TABLE tier_policy_rule (
    policy_id BLOB NOT NULL REFERENCES tier_policy_set (id),
    tier TEXT NOT NULL,
    threshold INTEGER NOT NULL,
    cadence_days INTEGER,
    servicing_channel TEXT NOT NULL,
    PRIMARY KEY (policy_id, tier)
) STRICT, WITHOUT ROWID;

-- A bank that is at work goes on as it did: by the assets of today, without grace.
INSERT INTO tier_policy_set (id, state, valid_from, basis, grace_days, candidate_percent, gem_amount, version, created_at, updated_at)
SELECT X'019ac0de000070008000000000000001', 'in_force', '1970-01-01',
    CASE WHEN EXISTS (SELECT 1 FROM customer) THEN 'today' ELSE 'monthly_average' END,
    CASE WHEN EXISTS (SELECT 1 FROM customer) THEN 0 ELSE 90 END,
    80, 1000000000, MAX(version), MAX(updated_at), MAX(updated_at) FROM tier_policy;
INSERT INTO tier_policy_rule (policy_id, tier, threshold, cadence_days, servicing_channel)
SELECT X'019ac0de000070008000000000000001', tier, threshold, cadence_days, servicing_channel FROM tier_policy;

-- What the books said of the assets of a customer at the end of a day, in the base currency; good until the next row.
CREATE TABLE aum_balance (
    customer_id BLOB NOT NULL REFERENCES customer (id),
    day TEXT NOT NULL,
    aum INTEGER NOT NULL,
    PRIMARY KEY (customer_id, day)
) STRICT, WITHOUT ROWID;
INSERT INTO aum_balance (customer_id, day, aum)
SELECT customer_id, DATE(as_of / 1000000, 'unixepoch'), aum FROM customer_figures WHERE aum <> 0;

-- `average_aum` is what the tier follows from. `demotes_on` and `review_on` are the last of days where there is none, `promotion_gap` is the
-- largest of numbers of whoever is no candidate, for lists to be sorted by.
ALTER TABLE customer_figures ADD COLUMN average_aum INTEGER NOT NULL DEFAULT 0;
ALTER TABLE customer_figures ADD COLUMN promotion_gap INTEGER NOT NULL DEFAULT 9223372036854775807;
ALTER TABLE customer_figures ADD COLUMN promotion_candidate INTEGER NOT NULL DEFAULT 0;
ALTER TABLE customer_figures ADD COLUMN in_grace INTEGER NOT NULL DEFAULT 0;
ALTER TABLE customer_figures ADD COLUMN demotes_on TEXT NOT NULL DEFAULT '9999-12-31';
ALTER TABLE customer_figures ADD COLUMN largest_transaction INTEGER NOT NULL DEFAULT 0;
ALTER TABLE customer_figures ADD COLUMN largest_transaction_on TEXT;
ALTER TABLE customer_figures ADD COLUMN hidden_gem INTEGER NOT NULL DEFAULT 0;
ALTER TABLE customer_figures ADD COLUMN review_on TEXT NOT NULL DEFAULT '9999-12-31';
UPDATE customer_figures SET average_aum = aum;
CREATE INDEX customer_figures_candidates ON customer_figures (archived, promotion_gap, customer_id) WHERE promotion_candidate = TRUE;
CREATE INDEX customer_figures_in_grace ON customer_figures (archived, demotes_on, customer_id) WHERE in_grace = TRUE;
CREATE INDEX customer_figures_gems ON customer_figures (archived, largest_transaction, customer_id) WHERE hidden_gem = TRUE;
CREATE INDEX customer_figures_review ON customer_figures (review_on, customer_id) WHERE review_on < '9999-12-31';

ALTER TABLE customer_tier_history ADD COLUMN average_aum INTEGER;
ALTER TABLE customer_tier_history ADD COLUMN threshold INTEGER;

-- What the new columns say is worked out by the job loop.
INSERT INTO due_work (kind, subject, after, due_at)
SELECT 'tiers', '', NULL, 0 WHERE EXISTS (SELECT 1 FROM customer) ON CONFLICT (kind, subject) DO UPDATE SET after = NULL;
