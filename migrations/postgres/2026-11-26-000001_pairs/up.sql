-- The pairs of characters in names, in the order of names: two characters of a name are the commonest search, and in a large bank many
-- customers share them. Filled in by the job loop, which renews rows of an older search version.
CREATE TABLE customer_pair (
    pair text COLLATE "C" NOT NULL,
    begins boolean NOT NULL,
    name_sort text COLLATE "C" NOT NULL,
    customer_id uuid NOT NULL REFERENCES customer (id),
    PRIMARY KEY (pair, begins, name_sort, customer_id)
);
CREATE INDEX customer_pair_customer ON customer_pair (customer_id);
