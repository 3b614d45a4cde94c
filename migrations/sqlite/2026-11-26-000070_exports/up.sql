-- What jobs have made; it lies sealed below `files/` of the data directory, under `file_id`. Written in the transaction that ends the job.
CREATE TABLE job_file (
    job_id BLOB NOT NULL PRIMARY KEY REFERENCES job (id),
    file_id BLOB NOT NULL,
    name TEXT NOT NULL,
    format TEXT NOT NULL,
    bytes INTEGER NOT NULL,
    digest BLOB NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX job_file_by_file ON job_file (file_id);
CREATE INDEX job_file_expiry ON job_file (expires_at, job_id);
