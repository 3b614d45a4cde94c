-- What imports have done to each thing, in the order of the file (`place` 0 is the customer of a record): what an undo takes back. `before`
-- is sealed, and null where the import has made the thing; `key` is that of imported_record.
CREATE TABLE import_change (
    job_id uuid NOT NULL REFERENCES job (id),
    line bigint NOT NULL,
    place integer NOT NULL,
    target text COLLATE "C" NOT NULL,
    record_id uuid NOT NULL,
    customer_id uuid NOT NULL,
    version bigint NOT NULL,
    key bytea,
    before bytea,
    PRIMARY KEY (job_id, line, place)
);
CREATE INDEX import_change_of_record ON import_change (record_id, version);
-- The job that undoes an import; no reference, since either may be removed first.
ALTER TABLE job ADD COLUMN undone_by uuid;
