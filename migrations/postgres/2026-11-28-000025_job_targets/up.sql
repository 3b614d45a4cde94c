-- What a job works on one by one, and what came of each: `waiting`, `done`, `unchanged`, why it was refused, `undone`, or `left` by an undoing.
-- Of what is done, how it was before, and the task that was set.
CREATE TABLE job_target (
    job_id uuid NOT NULL REFERENCES job (id),
    place integer NOT NULL,
    customer_id uuid NOT NULL,
    outcome text COLLATE "C" NOT NULL,
    org_unit_id uuid,
    owner_id uuid,
    task_id uuid,
    PRIMARY KEY (job_id, place)
);
CREATE INDEX job_target_outcome ON job_target (job_id, outcome, place);
