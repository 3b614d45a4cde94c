-- Who looks after the customers of a relationship manager who is away, from a day to a day, both included; `begins_at` and `ends_at` are these days in
-- the zone of the bank. One that was ended before it began is cancelled.
CREATE TABLE stand_in (
    id BLOB NOT NULL PRIMARY KEY,
    absent_id BLOB NOT NULL REFERENCES user_account (id),
    -- That of who is away.
    org_unit_id BLOB NOT NULL REFERENCES org_unit (id),
    user_id BLOB NOT NULL REFERENCES user_account (id),
    reason TEXT NOT NULL,
    note TEXT,
    begins_on TEXT NOT NULL,
    ends_on TEXT NOT NULL,
    begins_at INTEGER NOT NULL,
    ends_at INTEGER NOT NULL,
    cancelled INTEGER NOT NULL,
    task_id BLOB REFERENCES task (id),
    created_by BLOB REFERENCES user_account (id),
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;
CREATE INDEX stand_in_by_day ON stand_in (begins_on, id);
CREATE INDEX stand_in_user ON stand_in (user_id, ends_at);
CREATE INDEX stand_in_absent ON stand_in (absent_id, begins_on);
