-- Files that were sent in; what they hold lies sealed below `files/` of the data directory, under their ids.
CREATE TABLE upload (
    id uuid NOT NULL PRIMARY KEY,
    name text NOT NULL,
    bytes bigint NOT NULL,
    digest bytea NOT NULL,
    created_by uuid REFERENCES user_account (id),
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL
);
CREATE INDEX upload_expiry ON upload (expires_at);

-- Work in small steps that outlive a crash. Who holds the lease does the next step; `processed` is written with what the step did.
CREATE TABLE job (
    id uuid NOT NULL PRIMARY KEY,
    kind text COLLATE "C" NOT NULL,
    state text COLLATE "C" NOT NULL,
    title text NOT NULL,
    dry_run boolean NOT NULL,
    input jsonb NOT NULL,
    processed bigint NOT NULL,
    total bigint,
    created bigint NOT NULL,
    updated bigint NOT NULL,
    unchanged bigint NOT NULL,
    failed bigint NOT NULL,
    cancel_requested boolean NOT NULL,
    problem jsonb,
    attempts integer NOT NULL,
    lease_holder uuid NOT NULL,
    lease_until timestamptz NOT NULL,
    created_by uuid REFERENCES user_account (id),
    created_at timestamptz NOT NULL,
    started_at timestamptz,
    finished_at timestamptz,
    expires_at timestamptz NOT NULL,
    version bigint NOT NULL
);
CREATE INDEX job_by_time ON job (created_at, id);
CREATE INDEX job_by_creator ON job (created_by, created_at, id);
CREATE INDEX job_waiting ON job (lease_until, created_at) WHERE finished_at IS NULL;
CREATE INDEX job_expiry ON job (expires_at);

-- Records of imports that were not taken, sealed, since they hold what people are asked for.
CREATE TABLE import_problem (
    id uuid NOT NULL PRIMARY KEY,
    job_id uuid NOT NULL REFERENCES job (id),
    line bigint NOT NULL,
    record bytea NOT NULL,
    problems jsonb NOT NULL
);
CREATE INDEX import_problem_of_job ON import_problem (job_id, line, id);
