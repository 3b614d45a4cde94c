-- Customers and assets of every unit by tier, kept as they change. A change adds a row to portfolio_change, so that no two writers wait
-- for each other; the job loop folds those rows into portfolio. Their sum is exact at any time.
CREATE TABLE portfolio (
    org_unit_id BLOB NOT NULL REFERENCES org_unit (id),
    tier TEXT NOT NULL,
    customers INTEGER NOT NULL,
    aum INTEGER NOT NULL,
    PRIMARY KEY (org_unit_id, tier)
) STRICT;

CREATE TABLE portfolio_change (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    org_unit_id BLOB NOT NULL REFERENCES org_unit (id),
    tier TEXT NOT NULL,
    customers INTEGER NOT NULL,
    aum INTEGER NOT NULL
) STRICT;

INSERT INTO portfolio (org_unit_id, tier, customers, aum)
SELECT customer.org_unit_id, customer_figures.tier, COUNT(*), CAST(SUM(customer_figures.aum) AS INTEGER)
FROM customer JOIN customer_figures ON customer_figures.customer_id = customer.id
WHERE NOT customer.archived
GROUP BY customer.org_unit_id, customer_figures.tier;
