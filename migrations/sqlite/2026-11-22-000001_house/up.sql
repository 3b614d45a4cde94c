-- Ids are 16-byte blobs, instants microseconds since 1970, documents JSON TEXT; TEXT sorts by its bytes.

CREATE TABLE installation (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    base_currency TEXT NOT NULL,
    time_zone TEXT NOT NULL,
    feed_epoch BLOB NOT NULL,
    key_check BLOB NOT NULL,
    argon2_memory_kib INTEGER NOT NULL,
    argon2_iterations INTEGER NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE lease (
    name TEXT PRIMARY KEY,
    holder BLOB NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT;

CREATE TABLE signing_key (
    kid TEXT PRIMARY KEY,
    public_key BLOB NOT NULL,
    private_key BLOB NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE org_unit (
    id BLOB PRIMARY KEY,
    parent_id BLOB REFERENCES org_unit (id),
    kind TEXT NOT NULL,
    code TEXT NOT NULL UNIQUE,
    name_zh TEXT NOT NULL,
    name_en TEXT NOT NULL,
    path TEXT NOT NULL UNIQUE,
    depth INTEGER NOT NULL,
    archived_at INTEGER,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX org_unit_one_root ON org_unit ((parent_id IS NULL)) WHERE parent_id IS NULL;
CREATE INDEX org_unit_parent ON org_unit (parent_id);

CREATE TABLE user_account (
    id BLOB PRIMARY KEY,
    username TEXT NOT NULL UNIQUE,
    display_name TEXT NOT NULL,
    name_sort TEXT NOT NULL,
    role TEXT NOT NULL,
    org_unit_id BLOB NOT NULL REFERENCES org_unit (id),
    password_hash TEXT NOT NULL,
    must_change_password INTEGER NOT NULL,
    failed_attempts INTEGER NOT NULL,
    locked_until INTEGER,
    auth_epoch INTEGER NOT NULL,
    preferences TEXT NOT NULL,
    archived_at INTEGER,
    archived INTEGER NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;
CREATE INDEX user_account_list ON user_account (archived, name_sort, id);
CREATE INDEX user_account_unit ON user_account (org_unit_id, archived, name_sort, id);

CREATE TABLE session (
    id BLOB PRIMARY KEY,
    user_id BLOB NOT NULL REFERENCES user_account (id),
    generation INTEGER NOT NULL,
    signed_in_at INTEGER NOT NULL,
    last_seen_at INTEGER NOT NULL,
    rotated_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    revoked_at INTEGER,
    revoked_because TEXT,
    user_agent TEXT NOT NULL,
    address TEXT NOT NULL
) STRICT;
CREATE INDEX session_by_user ON session (user_id, signed_in_at);

CREATE TABLE refresh_token (
    hash BLOB PRIMARY KEY,
    session_id BLOB NOT NULL REFERENCES session (id) ON DELETE CASCADE,
    generation INTEGER NOT NULL
) STRICT;
CREATE INDEX refresh_token_session ON refresh_token (session_id);

CREATE TABLE customer_number (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    value INTEGER NOT NULL
) STRICT;
INSERT INTO customer_number (id, value) VALUES (1, 0);

CREATE TABLE customer (
    id BLOB PRIMARY KEY,
    search_key INTEGER NOT NULL UNIQUE,
    customer_no TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    status TEXT NOT NULL,
    name TEXT NOT NULL,
    name_sort TEXT NOT NULL,
    gender TEXT,
    birth_date TEXT,
    birth_year INTEGER,
    marital_status TEXT,
    province TEXT,
    city TEXT,
    occupation TEXT,
    industry TEXT,
    income_band TEXT,
    source TEXT,
    risk_attribute TEXT,
    customer_since TEXT,
    do_not_contact INTEGER NOT NULL,
    restricted INTEGER NOT NULL,
    details TEXT NOT NULL,
    phone_masked TEXT,
    org_unit_id BLOB NOT NULL REFERENCES org_unit (id),
    owner_id BLOB REFERENCES user_account (id),
    archived_at INTEGER,
    archived INTEGER NOT NULL,
    search_version INTEGER NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;
CREATE INDEX customer_by_name ON customer (archived, name_sort, id);
CREATE INDEX customer_by_updated ON customer (archived, updated_at, id);
CREATE INDEX customer_by_created ON customer (archived, created_at, id);
CREATE INDEX customer_by_owner ON customer (owner_id, archived, name_sort, id);
CREATE INDEX customer_by_unit ON customer (org_unit_id, archived, name_sort, id);
CREATE INDEX customer_search_version ON customer (search_version);

CREATE TABLE customer_figures (
    customer_id BLOB PRIMARY KEY REFERENCES customer (id),
    tier TEXT NOT NULL,
    aum INTEGER NOT NULL,
    city TEXT,
    archived INTEGER NOT NULL,
    version INTEGER NOT NULL,
    as_of INTEGER NOT NULL
) STRICT;
CREATE INDEX customer_figures_by_aum ON customer_figures (archived, aum, customer_id);
CREATE INDEX customer_figures_by_tier_city ON customer_figures (tier, city, archived, aum, customer_id);

-- The row number is customer.search_key. Tokens are made by the server; `ascii` leaves them as they are.
CREATE VIRTUAL TABLE customer_search USING fts5 (
    tokens,
    content = '',
    contentless_delete = 1,
    detail = none,
    tokenize = 'ascii'
);

CREATE TABLE identity_document (
    customer_id BLOB PRIMARY KEY REFERENCES customer (id),
    kind TEXT NOT NULL,
    cipher BLOB NOT NULL,
    masked TEXT NOT NULL,
    value_hash BLOB NOT NULL
) STRICT;
CREATE INDEX identity_document_value ON identity_document (value_hash);

CREATE TABLE contact_point (
    id BLOB PRIMARY KEY,
    customer_id BLOB NOT NULL REFERENCES customer (id),
    kind TEXT NOT NULL,
    usage TEXT NOT NULL,
    is_primary INTEGER NOT NULL,
    verified INTEGER NOT NULL,
    source TEXT NOT NULL,
    cipher BLOB NOT NULL,
    masked TEXT NOT NULL,
    value_hash BLOB NOT NULL,
    tail_hash BLOB,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;
CREATE INDEX contact_point_customer ON contact_point (customer_id);
CREATE INDEX contact_point_value ON contact_point (value_hash);
CREATE INDEX contact_point_tail ON contact_point (tail_hash) WHERE tail_hash IS NOT NULL;

CREATE TABLE external_id (
    source TEXT NOT NULL,
    value TEXT NOT NULL,
    customer_id BLOB NOT NULL REFERENCES customer (id),
    PRIMARY KEY (source, value)
) STRICT;
CREATE UNIQUE INDEX external_id_customer ON external_id (customer_id, source);
CREATE INDEX external_id_value ON external_id (value);

CREATE TABLE customer_team (
    customer_id BLOB NOT NULL REFERENCES customer (id),
    user_id BLOB NOT NULL REFERENCES user_account (id),
    role TEXT NOT NULL,
    PRIMARY KEY (customer_id, user_id)
) STRICT;
CREATE INDEX customer_team_user ON customer_team (user_id, customer_id);

CREATE TABLE idempotency_key (
    principal_id BLOB NOT NULL,
    key TEXT NOT NULL,
    fingerprint BLOB NOT NULL,
    resource_id BLOB,
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (principal_id, key)
) STRICT;
CREATE INDEX idempotency_key_expiry ON idempotency_key (expires_at);

CREATE TABLE audit_entry (
    id BLOB PRIMARY KEY,
    at INTEGER NOT NULL,
    actor_kind TEXT NOT NULL,
    actor_id BLOB,
    action TEXT NOT NULL,
    resource_type TEXT NOT NULL,
    resource_id BLOB,
    request_id TEXT NOT NULL,
    reason TEXT,
    document_digest BLOB NOT NULL,
    seq INTEGER UNIQUE,
    hash BLOB
) STRICT;
CREATE INDEX audit_entry_resource ON audit_entry (resource_type, resource_id, id);
CREATE INDEX audit_entry_actor ON audit_entry (actor_id, action, at);
CREATE INDEX audit_entry_unsealed ON audit_entry (id) WHERE seq IS NULL;

CREATE TABLE audit_document (
    entry_id BLOB PRIMARY KEY REFERENCES audit_entry (id),
    document TEXT NOT NULL
) STRICT;

CREATE TABLE change_event (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    seq INTEGER UNIQUE,
    kind TEXT NOT NULL,
    resource_type TEXT NOT NULL,
    resource_id BLOB NOT NULL,
    version INTEGER NOT NULL,
    changed TEXT NOT NULL,
    at INTEGER NOT NULL
) STRICT;
CREATE INDEX change_event_unnumbered ON change_event (id) WHERE seq IS NULL;
