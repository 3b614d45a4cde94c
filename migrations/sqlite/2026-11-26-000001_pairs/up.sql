-- The pairs of characters in names, in the order of names: two characters of a name are the commonest search, and in a large bank many
-- customers share them. Filled in by the job loop, which renews rows of an older search version.
CREATE TABLE customer_pair (
    pair TEXT NOT NULL,
    begins INTEGER NOT NULL,
    name_sort TEXT NOT NULL,
    customer_id BLOB NOT NULL REFERENCES customer (id),
    PRIMARY KEY (pair, begins, name_sort, customer_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX customer_pair_customer ON customer_pair (customer_id);
