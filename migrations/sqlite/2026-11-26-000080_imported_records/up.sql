-- What imports have brought besides customers: by a keyed hash of its key in the system that it comes from, and of what was said of it.
CREATE TABLE imported_record (
    key BLOB NOT NULL PRIMARY KEY,
    target TEXT NOT NULL,
    record_id BLOB NOT NULL,
    customer_id BLOB NOT NULL REFERENCES customer (id),
    said BLOB NOT NULL,
    job_id BLOB NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX imported_record_of_job ON imported_record (job_id, key);
CREATE INDEX imported_record_of_customer ON imported_record (customer_id);
