-- Mappings of imports that people keep under a name: `header` are the columns of the file that one was made for, `used` those of them that it needs.
CREATE TABLE import_mapping (
    id uuid NOT NULL PRIMARY KEY,
    name text COLLATE "C" NOT NULL,
    shared boolean NOT NULL,
    created_by uuid NOT NULL REFERENCES user_account (id),
    header jsonb NOT NULL,
    used jsonb NOT NULL,
    mapping jsonb NOT NULL,
    version bigint NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);
CREATE UNIQUE INDEX import_mapping_own ON import_mapping (created_by, name) WHERE NOT shared;
CREATE UNIQUE INDEX import_mapping_shared ON import_mapping (name) WHERE shared;
CREATE INDEX import_mapping_of ON import_mapping (created_by, name, id);
CREATE INDEX import_mapping_by_name ON import_mapping (name, id);
CREATE INDEX import_mapping_by_time ON import_mapping (updated_at, id);

-- Records of imports whose customer may be one that is known already, or that an earlier record of the file has brought.
CREATE TABLE import_duplicate (
    id uuid NOT NULL PRIMARY KEY,
    job_id uuid NOT NULL REFERENCES job (id),
    line bigint NOT NULL,
    -- The customer that it may be; null where it is that of another record.
    customer_id uuid REFERENCES customer (id),
    of_line bigint,
    likeness text COLLATE "C" NOT NULL,
    action text COLLATE "C" NOT NULL
);
CREATE INDEX import_duplicate_of_job ON import_duplicate (job_id, line, id);
CREATE INDEX import_duplicate_of_customer ON import_duplicate (customer_id);

ALTER TABLE job ADD COLUMN duplicates bigint NOT NULL DEFAULT 0;
ALTER TABLE job ADD COLUMN merged bigint NOT NULL DEFAULT 0;
ALTER TABLE job ADD COLUMN skipped bigint NOT NULL DEFAULT 0;
ALTER TABLE job ADD COLUMN conflicts bigint NOT NULL DEFAULT 0;
