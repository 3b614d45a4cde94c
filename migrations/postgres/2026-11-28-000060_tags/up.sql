-- Words that customers are marked with. `name_folded` is the name without case, width and accents, so that a word is there once;
-- `name_sort` is its sound. `customers` counts those that have it.
CREATE TABLE tag (
    id uuid NOT NULL PRIMARY KEY,
    name text NOT NULL,
    name_folded text COLLATE "C" NOT NULL UNIQUE,
    name_sort text COLLATE "C" NOT NULL,
    colour text COLLATE "C" NOT NULL,
    description text,
    customers bigint NOT NULL,
    archived boolean NOT NULL,
    archived_at timestamptz,
    version bigint NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);
CREATE INDEX tag_by_name ON tag (archived, name_sort, id);

-- `job_id` is the job that gave the tag, so that undoing the job takes back what it gave and nothing else.
CREATE TABLE customer_tag (
    customer_id uuid NOT NULL REFERENCES customer (id),
    tag_id uuid NOT NULL REFERENCES tag (id),
    added_at timestamptz NOT NULL,
    added_by uuid REFERENCES user_account (id),
    job_id uuid,
    PRIMARY KEY (customer_id, tag_id)
);
CREATE INDEX customer_tag_of ON customer_tag (tag_id, customer_id);

-- When and by whom a customer got the tag that the job has taken away.
ALTER TABLE job_target ADD COLUMN tagged_at timestamptz;
ALTER TABLE job_target ADD COLUMN tagged_by uuid;
