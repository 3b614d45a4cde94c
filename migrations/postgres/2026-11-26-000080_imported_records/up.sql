-- What imports have brought besides customers: by a keyed hash of its key in the system that it comes from, and of what was said of it.
CREATE TABLE imported_record (
    key bytea NOT NULL PRIMARY KEY,
    target text COLLATE "C" NOT NULL,
    record_id uuid NOT NULL,
    customer_id uuid NOT NULL REFERENCES customer (id),
    said bytea NOT NULL,
    job_id uuid NOT NULL,
    updated_at timestamptz NOT NULL
);
CREATE INDEX imported_record_of_job ON imported_record (job_id, key);
CREATE INDEX imported_record_of_customer ON imported_record (customer_id);
