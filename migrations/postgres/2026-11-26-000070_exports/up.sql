-- What jobs have made; it lies sealed below `files/` of the data directory, under `file_id`. Written in the transaction that ends the job.
CREATE TABLE job_file (
    job_id uuid NOT NULL PRIMARY KEY REFERENCES job (id),
    file_id uuid NOT NULL,
    name text NOT NULL,
    format text COLLATE "C" NOT NULL,
    bytes bigint NOT NULL,
    digest bytea NOT NULL,
    expires_at timestamptz NOT NULL
);
CREATE UNIQUE INDEX job_file_by_file ON job_file (file_id);
CREATE INDEX job_file_expiry ON job_file (expires_at, job_id);
