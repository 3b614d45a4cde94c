-- What a job works on one by one, and what came of each: `waiting`, `done`, `unchanged`, why it was refused, `undone`, or `left` by an undoing.
-- Of what is done, how it was before, and the task that was set.
CREATE TABLE job_target (
    job_id BLOB NOT NULL REFERENCES job (id),
    place INTEGER NOT NULL,
    customer_id BLOB NOT NULL,
    outcome TEXT NOT NULL,
    org_unit_id BLOB,
    owner_id BLOB,
    task_id BLOB,
    PRIMARY KEY (job_id, place)
) STRICT, WITHOUT ROWID;
CREATE INDEX job_target_outcome ON job_target (job_id, outcome, place);
