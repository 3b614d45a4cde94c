-- What is to be reached with a customer, and by when it is looked at again. Its steps are tasks (`task.source = 'care_plan'`).
CREATE TABLE care_plan (
    id BLOB NOT NULL PRIMARY KEY,
    customer_id BLOB NOT NULL REFERENCES customer (id),
    goal TEXT NOT NULL,
    starts_on TEXT NOT NULL,
    review_on TEXT NOT NULL,
    state TEXT NOT NULL,
    outcome TEXT,
    ended_at INTEGER,
    created_by BLOB REFERENCES user_account (id),
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;
CREATE INDEX care_plan_by_review ON care_plan (review_on, id);
CREATE INDEX care_plan_active ON care_plan (review_on, id) WHERE state = 'active';
CREATE INDEX care_plan_of ON care_plan (customer_id, review_on, id);
CREATE INDEX task_care_plan ON task (source_id, due_on, id) WHERE source = 'care_plan';

-- The tiers whose customers are to have one.
CREATE TABLE care_plan_rule (
    tier TEXT NOT NULL PRIMARY KEY
) STRICT;
INSERT INTO care_plan_rule (tier) VALUES ('platinum'), ('diamond'), ('private');

ALTER TABLE customer_care ADD COLUMN no_plan INTEGER NOT NULL DEFAULT 0;
CREATE INDEX customer_care_no_plan ON customer_care (rank, customer_id) WHERE no_plan = 1;
UPDATE customer_follower SET walking = 1, after = NULL WHERE name = 'care';
