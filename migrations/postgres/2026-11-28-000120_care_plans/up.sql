-- What is to be reached with a customer, and by when it is looked at again. Its steps are tasks (`task.source = 'care_plan'`).
CREATE TABLE care_plan (
    id uuid NOT NULL PRIMARY KEY,
    customer_id uuid NOT NULL REFERENCES customer (id),
    goal text NOT NULL,
    starts_on date NOT NULL,
    review_on date NOT NULL,
    state text COLLATE "C" NOT NULL,
    outcome text,
    ended_at timestamptz,
    created_by uuid REFERENCES user_account (id),
    version bigint NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);
CREATE INDEX care_plan_by_review ON care_plan (review_on, id);
CREATE INDEX care_plan_active ON care_plan (review_on, id) WHERE state = 'active';
CREATE INDEX care_plan_of ON care_plan (customer_id, review_on, id);
CREATE INDEX task_care_plan ON task (source_id, due_on, id) WHERE source = 'care_plan';

-- The tiers whose customers are to have one.
CREATE TABLE care_plan_rule (
    tier text COLLATE "C" NOT NULL PRIMARY KEY
);
INSERT INTO care_plan_rule (tier) VALUES ('platinum'), ('diamond'), ('private');

ALTER TABLE customer_care ADD COLUMN no_plan boolean NOT NULL DEFAULT false;
CREATE INDEX customer_care_no_plan ON customer_care (rank, customer_id) WHERE no_plan;
UPDATE customer_follower SET walking = true, after = NULL WHERE name = 'care';
