-- How much of a customer's profile is there (0 to 100; -1 until it is worked out, which the job loop does by itself), which pieces are missing (a bit
-- for each) and whether the tier demands them.
ALTER TABLE customer_figures ADD COLUMN completeness INTEGER NOT NULL DEFAULT -1;
ALTER TABLE customer_figures ADD COLUMN missing INTEGER NOT NULL DEFAULT 0;
ALTER TABLE customer_figures ADD COLUMN data_gap INTEGER NOT NULL DEFAULT 0;
CREATE INDEX customer_figures_completeness ON customer_figures (archived, completeness, customer_id);
CREATE INDEX customer_figures_gaps ON customer_figures (archived, completeness, customer_id) WHERE data_gap = TRUE;
CREATE INDEX customer_figures_unrated ON customer_figures (customer_id) WHERE completeness < 0;

-- The same of every book by unit and tier; a customer without an owner belongs to the book of nobody, whose id is all zeros. What changes
-- stands in portfolio_change beside customers and assets, so that a write adds one row for both.
CREATE TABLE quality_share (
    org_unit_id BLOB NOT NULL REFERENCES org_unit (id),
    owner_id BLOB NOT NULL,
    tier TEXT NOT NULL,
    customers INTEGER NOT NULL,
    rated INTEGER NOT NULL,
    completeness INTEGER NOT NULL,
    gaps INTEGER NOT NULL,
    PRIMARY KEY (org_unit_id, owner_id, tier)
) STRICT, WITHOUT ROWID;
INSERT INTO quality_share (org_unit_id, owner_id, tier, customers, rated, completeness, gaps)
SELECT customer.org_unit_id, COALESCE(customer.owner_id, X'00000000000000000000000000000000'), customer_figures.tier, COUNT(*), 0, 0, 0
FROM customer JOIN customer_figures ON customer_figures.customer_id = customer.id
WHERE NOT customer.archived
GROUP BY 1, 2, 3;

-- What waits is in the counts above already.
INSERT INTO portfolio (org_unit_id, tier, customers, aum)
SELECT org_unit_id, tier, SUM(customers), SUM(aum) FROM portfolio_change WHERE TRUE GROUP BY org_unit_id, tier
ON CONFLICT (org_unit_id, tier) DO UPDATE SET customers = portfolio.customers + excluded.customers, aum = portfolio.aum + excluded.aum;
DELETE FROM portfolio_change;
ALTER TABLE portfolio_change ADD COLUMN owner_id BLOB NOT NULL DEFAULT X'00000000000000000000000000000000';
ALTER TABLE portfolio_change ADD COLUMN rated INTEGER NOT NULL DEFAULT 0;
ALTER TABLE portfolio_change ADD COLUMN completeness INTEGER NOT NULL DEFAULT 0;
ALTER TABLE portfolio_change ADD COLUMN gaps INTEGER NOT NULL DEFAULT 0;
