-- Words that customers are marked with. `name_folded` is the name without case, width and accents, so that a word is there once;
-- `name_sort` is its sound. `customers` counts those that have it.
CREATE TABLE tag (
    id BLOB NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    name_folded TEXT NOT NULL UNIQUE,
    name_sort TEXT NOT NULL,
    colour TEXT NOT NULL,
    description TEXT,
    customers INTEGER NOT NULL,
    archived INTEGER NOT NULL,
    archived_at INTEGER,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX tag_by_name ON tag (archived, name_sort, id);

-- `job_id` is the job that gave the tag, so that undoing the job takes back what it gave and nothing else.
CREATE TABLE customer_tag (
    customer_id BLOB NOT NULL REFERENCES customer (id),
    tag_id BLOB NOT NULL REFERENCES tag (id),
    added_at INTEGER NOT NULL,
    added_by BLOB REFERENCES user_account (id),
    job_id BLOB,
    PRIMARY KEY (customer_id, tag_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX customer_tag_of ON customer_tag (tag_id, customer_id);

-- When and by whom a customer got the tag that the job has taken away.
ALTER TABLE job_target ADD COLUMN tagged_at INTEGER;
ALTER TABLE job_target ADD COLUMN tagged_by BLOB;
