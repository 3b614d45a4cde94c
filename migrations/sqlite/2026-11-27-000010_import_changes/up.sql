-- What imports have done to each thing, in the order of the file (`place` 0 is the customer of a record): what an undo takes back. `before`
-- is sealed, and null where the import has made the thing; `key` is that of imported_record.
CREATE TABLE import_change (
    job_id BLOB NOT NULL REFERENCES job (id),
    line INTEGER NOT NULL,
    place INTEGER NOT NULL,
    target TEXT NOT NULL,
    record_id BLOB NOT NULL,
    customer_id BLOB NOT NULL,
    version INTEGER NOT NULL,
    key BLOB,
    before BLOB,
    PRIMARY KEY (job_id, line, place)
) STRICT, WITHOUT ROWID;
CREATE INDEX import_change_of_record ON import_change (record_id, version);
-- The job that undoes an import; no reference, since either may be removed first.
ALTER TABLE job ADD COLUMN undone_by BLOB;
