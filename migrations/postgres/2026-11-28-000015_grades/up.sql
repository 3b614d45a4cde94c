-- Up to which change event somebody who derives something from customers has looked at them, how far a walk over all of them is, and the day of the
-- last whole one.
CREATE TABLE customer_follower (
    name text COLLATE "C" NOT NULL PRIMARY KEY,
    event_seq bigint NOT NULL,
    walking boolean NOT NULL,
    after uuid,
    walked_on date
);
-- `segment_progress` is read no longer; servers of the version before this one still do.
INSERT INTO customer_follower (name, event_seq, walking, after, walked_on)
SELECT 'segments', event_seq, walking, after, (SELECT MIN(evaluated_on) FROM segment_scheme WHERE NOT archived) FROM segment_progress;
INSERT INTO customer_follower (name, event_seq, walking, after, walked_on)
SELECT 'grades', COALESCE(MAX(seq), 0), FALSE, NULL, NULL FROM change_event;

-- How customers are graded: one row. `rules` is what the contract calls GradeRules.
CREATE TABLE grade_policy (
    id integer NOT NULL PRIMARY KEY CHECK (id = 1),
    rules jsonb NOT NULL,
    version bigint NOT NULL,
    updated_at timestamptz NOT NULL
);
INSERT INTO grade_policy (id, rules, version, updated_at) VALUES (1, '{"grades":[{"code":"A","from_score":60,"cadence_days":7},{"code":"B","from_score":35,"cadence_days":null},{"code":"C","from_score":0,"cadence_days":null}],"person":[{"part":"assets","weight":25,"steps":[{"from":"10000.0000","points":10},{"from":"100000.0000","points":40},{"from":"500000.0000","points":60},{"from":"1000000.0000","points":75},{"from":"5000000.0000","points":90},{"from":"8000000.0000","points":100}],"codes":[]},{"part":"contribution","weight":20,"steps":[{"from":"1.0000","points":20},{"from":"500.0000","points":40},{"from":"2000.0000","points":60},{"from":"10000.0000","points":80},{"from":"50000.0000","points":100}],"codes":[]},{"part":"depth","weight":15,"steps":[{"from":"1.0000","points":20},{"from":"2.0000","points":40},{"from":"3.0000","points":60},{"from":"4.0000","points":80},{"from":"5.0000","points":100}],"codes":[]},{"part":"income_band","weight":5,"steps":[],"codes":[{"code":"below_100k","points":10},{"code":"from_100k_to_300k","points":30},{"code":"from_300k_to_500k","points":50},{"code":"from_500k_to_1m","points":70},{"code":"from_1m_to_5m","points":90},{"code":"above_5m","points":100}]},{"part":"outside_assets","weight":5,"steps":[{"from":"100000.0000","points":40},{"from":"1000000.0000","points":80},{"from":"5000000.0000","points":100}],"codes":[]},{"part":"needs","weight":5,"steps":[{"from":"1.0000","points":50},{"from":"3.0000","points":100}],"codes":[]},{"part":"loyalty","weight":10,"steps":[{"from":"1.0000","points":30},{"from":"3.0000","points":60},{"from":"5.0000","points":80},{"from":"10.0000","points":100}],"codes":[]},{"part":"purchase_frequency","weight":10,"steps":[{"from":"1.0000","points":30},{"from":"3.0000","points":60},{"from":"6.0000","points":80},{"from":"12.0000","points":100}],"codes":[]},{"part":"complaints","weight":5,"steps":[{"from":"0.0000","points":100},{"from":"1.0000","points":50},{"from":"2.0000","points":20},{"from":"3.0000","points":0}],"codes":[]}],"organisation":[{"part":"assets","weight":20,"steps":[{"from":"100000.0000","points":10},{"from":"1000000.0000","points":40},{"from":"5000000.0000","points":60},{"from":"20000000.0000","points":80},{"from":"100000000.0000","points":100}],"codes":[]},{"part":"contribution","weight":20,"steps":[{"from":"1.0000","points":20},{"from":"500.0000","points":40},{"from":"2000.0000","points":60},{"from":"10000.0000","points":80},{"from":"50000.0000","points":100}],"codes":[]},{"part":"depth","weight":10,"steps":[{"from":"1.0000","points":20},{"from":"2.0000","points":40},{"from":"3.0000","points":60},{"from":"4.0000","points":80},{"from":"5.0000","points":100}],"codes":[]},{"part":"needs","weight":5,"steps":[{"from":"1.0000","points":50},{"from":"3.0000","points":100}],"codes":[]},{"part":"loyalty","weight":10,"steps":[{"from":"1.0000","points":30},{"from":"3.0000","points":60},{"from":"5.0000","points":80},{"from":"10.0000","points":100}],"codes":[]},{"part":"purchase_frequency","weight":5,"steps":[{"from":"1.0000","points":30},{"from":"3.0000","points":60},{"from":"6.0000","points":80},{"from":"12.0000","points":100}],"codes":[]},{"part":"complaints","weight":5,"steps":[{"from":"0.0000","points":100},{"from":"1.0000","points":50},{"from":"2.0000","points":20},{"from":"3.0000","points":0}],"codes":[]},{"part":"credit_rating","weight":15,"steps":[],"codes":[{"code":"AAA","points":100},{"code":"AA","points":85},{"code":"A","points":70},{"code":"BBB","points":50},{"code":"BB","points":30},{"code":"B","points":15}]},{"part":"organisation_size","weight":5,"steps":[],"codes":[{"code":"micro","points":25},{"code":"small","points":50},{"code":"medium","points":75},{"code":"large","points":100}]},{"part":"business_state","weight":5,"steps":[],"codes":[{"code":"start_up","points":40},{"code":"growing","points":100},{"code":"stable","points":80},{"code":"declining","points":20}]}],"income":[{"kind":"deposit","margin_basis_points":80,"fee":"0.0000"},{"kind":"wealth","margin_basis_points":60,"fee":"0.0000"},{"kind":"fund","margin_basis_points":80,"fee":"0.0000"},{"kind":"insurance","margin_basis_points":150,"fee":"0.0000"},{"kind":"precious_metal","margin_basis_points":40,"fee":"0.0000"},{"kind":"card","margin_basis_points":0,"fee":"60.0000"},{"kind":"loan","margin_basis_points":180,"fee":"0.0000"},{"kind":"custody","margin_basis_points":0,"fee":"20.0000"},{"kind":"regular_investment","margin_basis_points":80,"fee":"0.0000"},{"kind":"trust","margin_basis_points":100,"fee":"0.0000"},{"kind":"bond","margin_basis_points":30,"fee":"0.0000"}],"costs":{"per_year":"50.0000","contacts":[{"kind":"call","cost":"15.0000"},{"kind":"visit","cost":"200.0000"},{"kind":"branch_meeting","cost":"80.0000"},{"kind":"email","cost":"2.0000"},{"kind":"sms","cost":"1.0000"},{"kind":"wechat","cost":"5.0000"},{"kind":"live_chat","cost":"5.0000"},{"kind":"social_media","cost":"2.0000"},{"kind":"video","cost":"60.0000"},{"kind":"event","cost":"150.0000"},{"kind":"letter","cost":"8.0000"}]},"rfm":{"recency_days":[30,90,180,365],"frequency":[1,3,6,12],"monetary":["1.0000","10000.0000","100000.0000","1000000.0000"]},"attrition_percent":[62,62,52,42,27,12],"discount_percent":10}', 1, timestamptz 'epoch');

-- `contribution` and `lifetime_value` are in 1/10000 of the base currency. `grade_version` counts the changes of these columns.
ALTER TABLE customer_figures ADD COLUMN grade text COLLATE "C";
ALTER TABLE customer_figures ADD COLUMN grade_score integer NOT NULL DEFAULT 0;
ALTER TABLE customer_figures ADD COLUMN contribution bigint NOT NULL DEFAULT 0;
ALTER TABLE customer_figures ADD COLUMN lifetime_value bigint NOT NULL DEFAULT 0;
ALTER TABLE customer_figures ADD COLUMN grade_version bigint NOT NULL DEFAULT 0;
CREATE INDEX customer_figures_contribution ON customer_figures (archived, contribution, customer_id);
CREATE INDEX customer_figures_lifetime_value ON customer_figures (archived, lifetime_value, customer_id);
CREATE INDEX customer_figures_grade ON customer_figures (archived, grade, customer_id) WHERE grade IS NOT NULL;

-- The value of a customer as it is counted in `value_share`: under a unit, or not at all if it is archived; once it is lost, among the losses of a
-- month only.
CREATE TABLE customer_value (
    customer_id uuid NOT NULL PRIMARY KEY REFERENCES customer (id),
    org_unit_id uuid REFERENCES org_unit (id),
    grade text COLLATE "C" NOT NULL,
    contribution bigint NOT NULL,
    recency smallint NOT NULL,
    frequency smallint NOT NULL,
    monetary smallint NOT NULL,
    rfm_class text COLLATE "C" NOT NULL,
    last_purchase_on date,
    lost_on date
);
CREATE INDEX customer_value_class ON customer_value (rfm_class, customer_id);

-- Customers and their contribution by unit, along several axes, kept as customers are graded.
CREATE TABLE value_share (
    org_unit_id uuid NOT NULL REFERENCES org_unit (id),
    axis text COLLATE "C" NOT NULL,
    place text COLLATE "C" NOT NULL,
    customers bigint NOT NULL,
    contribution bigint NOT NULL,
    PRIMARY KEY (org_unit_id, axis, place)
);
