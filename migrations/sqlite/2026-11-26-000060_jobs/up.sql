-- Files that were sent in; what they hold lies sealed below `files/` of the data directory, under their ids.
CREATE TABLE upload (
    id BLOB NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    bytes INTEGER NOT NULL,
    digest BLOB NOT NULL,
    created_by BLOB REFERENCES user_account (id),
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX upload_expiry ON upload (expires_at);

-- Work in small steps that outlive a crash. Who holds the lease does the next step; `processed` is written with what the step did.
CREATE TABLE job (
    id BLOB NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    state TEXT NOT NULL,
    title TEXT NOT NULL,
    dry_run INTEGER NOT NULL,
    input TEXT NOT NULL,
    processed INTEGER NOT NULL,
    total INTEGER,
    created INTEGER NOT NULL,
    updated INTEGER NOT NULL,
    unchanged INTEGER NOT NULL,
    failed INTEGER NOT NULL,
    cancel_requested INTEGER NOT NULL,
    problem TEXT,
    attempts INTEGER NOT NULL,
    lease_holder BLOB NOT NULL,
    lease_until INTEGER NOT NULL,
    created_by BLOB REFERENCES user_account (id),
    created_at INTEGER NOT NULL,
    started_at INTEGER,
    finished_at INTEGER,
    expires_at INTEGER NOT NULL,
    version INTEGER NOT NULL
) STRICT;
CREATE INDEX job_by_time ON job (created_at, id);
CREATE INDEX job_by_creator ON job (created_by, created_at, id);
CREATE INDEX job_waiting ON job (lease_until, created_at) WHERE finished_at IS NULL;
CREATE INDEX job_expiry ON job (expires_at);

-- Records of imports that were not taken, sealed, since they hold what people are asked for.
CREATE TABLE import_problem (
    id BLOB NOT NULL PRIMARY KEY,
    job_id BLOB NOT NULL REFERENCES job (id),
    line INTEGER NOT NULL,
    record BLOB NOT NULL,
    problems TEXT NOT NULL
) STRICT;
CREATE INDEX import_problem_of_job ON import_problem (job_id, line, id);
