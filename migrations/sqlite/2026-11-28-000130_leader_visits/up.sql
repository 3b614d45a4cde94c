-- After how many days a leader visits a customer of a tier again.
CREATE TABLE visit_rule (
    tier TEXT NOT NULL,
    role TEXT NOT NULL,
    days INTEGER NOT NULL,
    PRIMARY KEY (tier, role)
) STRICT;
INSERT INTO visit_rule (tier, role, days) VALUES
    ('private', 'branch_manager', 90), ('private', 'deputy_manager', 90),
    ('diamond', 'branch_manager', 180), ('diamond', 'deputy_manager', 180),
    ('platinum', 'deputy_manager', 365);

-- When a leader of a customer's team is to visit it next. Kept as customers are looked at. Without a visit the days count from `since` on, when the
-- rule first concerned the two. The highest tiers have the highest `rank`.
CREATE TABLE leader_visit (
    id BLOB NOT NULL PRIMARY KEY,
    customer_id BLOB NOT NULL REFERENCES customer (id),
    user_id BLOB NOT NULL REFERENCES user_account (id),
    role TEXT NOT NULL,
    tier TEXT NOT NULL,
    rank INTEGER NOT NULL,
    last_visited_at INTEGER,
    since INTEGER NOT NULL,
    due_on TEXT NOT NULL,
    UNIQUE (customer_id, user_id)
) STRICT;
CREATE INDEX leader_visit_due ON leader_visit (due_on, id);
CREATE INDEX leader_visit_user ON leader_visit (user_id, due_on, id);
CREATE INDEX task_leader_visit ON task (source_id, assignee_id) WHERE source = 'leader_visit';
UPDATE customer_follower SET walking = 1, after = NULL WHERE name = 'care';
