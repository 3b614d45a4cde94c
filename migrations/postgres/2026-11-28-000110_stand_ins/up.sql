-- Who looks after the customers of a relationship manager who is away, from a day to a day, both included; `begins_at` and `ends_at` are these days in
-- the zone of the bank. One that was ended before it began is cancelled.
CREATE TABLE stand_in (
    id uuid NOT NULL PRIMARY KEY,
    absent_id uuid NOT NULL REFERENCES user_account (id),
    -- That of who is away.
    org_unit_id uuid NOT NULL REFERENCES org_unit (id),
    user_id uuid NOT NULL REFERENCES user_account (id),
    reason text COLLATE "C" NOT NULL,
    note text,
    begins_on date NOT NULL,
    ends_on date NOT NULL,
    begins_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL,
    cancelled boolean NOT NULL,
    task_id uuid REFERENCES task (id),
    created_by uuid REFERENCES user_account (id),
    version bigint NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);
CREATE INDEX stand_in_by_day ON stand_in (begins_on, id);
CREATE INDEX stand_in_user ON stand_in (user_id, ends_at);
CREATE INDEX stand_in_absent ON stand_in (absent_id, begins_on);
