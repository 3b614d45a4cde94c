-- Mappings of imports that people keep under a name: `header` are the columns of the file that one was made for, `used` those of them that it needs.
CREATE TABLE import_mapping (
    id BLOB NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    shared INTEGER NOT NULL,
    created_by BLOB NOT NULL REFERENCES user_account (id),
    header TEXT NOT NULL,
    used TEXT NOT NULL,
    mapping TEXT NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX import_mapping_own ON import_mapping (created_by, name) WHERE NOT shared;
CREATE UNIQUE INDEX import_mapping_shared ON import_mapping (name) WHERE shared;
CREATE INDEX import_mapping_of ON import_mapping (created_by, name, id);
CREATE INDEX import_mapping_by_name ON import_mapping (name, id);
CREATE INDEX import_mapping_by_time ON import_mapping (updated_at, id);

-- Records of imports whose customer may be one that is known already, or that an earlier record of the file has brought.
CREATE TABLE import_duplicate (
    id BLOB NOT NULL PRIMARY KEY,
    job_id BLOB NOT NULL REFERENCES job (id),
    line INTEGER NOT NULL,
    -- The customer that it may be; null where it is that of another record.
    customer_id BLOB REFERENCES customer (id),
    of_line INTEGER,
    likeness TEXT NOT NULL,
    action TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX import_duplicate_of_job ON import_duplicate (job_id, line, id);
CREATE INDEX import_duplicate_of_customer ON import_duplicate (customer_id);

ALTER TABLE job ADD COLUMN duplicates INTEGER NOT NULL DEFAULT 0;
ALTER TABLE job ADD COLUMN merged INTEGER NOT NULL DEFAULT 0;
ALTER TABLE job ADD COLUMN skipped INTEGER NOT NULL DEFAULT 0;
ALTER TABLE job ADD COLUMN conflicts INTEGER NOT NULL DEFAULT 0;
