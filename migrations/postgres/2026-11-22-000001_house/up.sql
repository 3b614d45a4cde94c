-- Text that is compared or sorted has the "C" collation, so that both engines order it alike.

CREATE TABLE installation (
    id integer PRIMARY KEY CHECK (id = 1),
    base_currency text NOT NULL,
    time_zone text NOT NULL,
    feed_epoch uuid NOT NULL,
    key_check bytea NOT NULL,
    argon2_memory_kib integer NOT NULL,
    argon2_iterations integer NOT NULL,
    created_at timestamptz NOT NULL
);

CREATE TABLE lease (
    name text PRIMARY KEY,
    holder uuid NOT NULL,
    expires_at timestamptz NOT NULL
);

CREATE TABLE signing_key (
    kid text PRIMARY KEY,
    public_key bytea NOT NULL,
    private_key bytea NOT NULL,
    created_at timestamptz NOT NULL
);

CREATE TABLE org_unit (
    id uuid PRIMARY KEY,
    parent_id uuid REFERENCES org_unit (id),
    kind text NOT NULL,
    code text COLLATE "C" NOT NULL UNIQUE,
    name_zh text NOT NULL,
    name_en text NOT NULL,
    path text COLLATE "C" NOT NULL UNIQUE,
    depth integer NOT NULL,
    archived_at timestamptz,
    version bigint NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);
CREATE UNIQUE INDEX org_unit_one_root ON org_unit ((parent_id IS NULL)) WHERE parent_id IS NULL;
CREATE INDEX org_unit_parent ON org_unit (parent_id);

CREATE TABLE user_account (
    id uuid PRIMARY KEY,
    username text COLLATE "C" NOT NULL UNIQUE,
    display_name text COLLATE "C" NOT NULL,
    name_sort text COLLATE "C" NOT NULL,
    role text COLLATE "C" NOT NULL,
    org_unit_id uuid NOT NULL REFERENCES org_unit (id),
    password_hash text NOT NULL,
    must_change_password boolean NOT NULL,
    failed_attempts integer NOT NULL,
    locked_until timestamptz,
    auth_epoch bigint NOT NULL,
    preferences jsonb NOT NULL,
    archived_at timestamptz,
    archived boolean NOT NULL,
    version bigint NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);
CREATE INDEX user_account_list ON user_account (archived, name_sort, id);
CREATE INDEX user_account_unit ON user_account (org_unit_id, archived, name_sort, id);

CREATE TABLE session (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES user_account (id),
    generation bigint NOT NULL,
    signed_in_at timestamptz NOT NULL,
    last_seen_at timestamptz NOT NULL,
    rotated_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    revoked_at timestamptz,
    revoked_because text,
    user_agent text NOT NULL,
    address text NOT NULL
);
CREATE INDEX session_by_user ON session (user_id, signed_in_at);

CREATE TABLE refresh_token (
    hash bytea PRIMARY KEY,
    session_id uuid NOT NULL REFERENCES session (id) ON DELETE CASCADE,
    generation bigint NOT NULL
);
CREATE INDEX refresh_token_session ON refresh_token (session_id);

CREATE SEQUENCE customer_number;

CREATE TABLE customer (
    id uuid PRIMARY KEY,
    search_key bigint NOT NULL UNIQUE,
    customer_no text COLLATE "C" NOT NULL UNIQUE,
    kind text COLLATE "C" NOT NULL,
    status text COLLATE "C" NOT NULL,
    name text COLLATE "C" NOT NULL,
    name_sort text COLLATE "C" NOT NULL,
    gender text COLLATE "C",
    birth_date date,
    birth_year integer,
    marital_status text COLLATE "C",
    province text COLLATE "C",
    city text COLLATE "C",
    occupation text COLLATE "C",
    industry text COLLATE "C",
    income_band text COLLATE "C",
    source text COLLATE "C",
    risk_attribute text COLLATE "C",
    customer_since date,
    do_not_contact boolean NOT NULL,
    restricted boolean NOT NULL,
    details jsonb NOT NULL,
    phone_masked text,
    org_unit_id uuid NOT NULL REFERENCES org_unit (id),
    owner_id uuid REFERENCES user_account (id),
    archived_at timestamptz,
    archived boolean NOT NULL,
    search_version smallint NOT NULL,
    version bigint NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);
CREATE INDEX customer_by_name ON customer (archived, name_sort, id);
CREATE INDEX customer_by_updated ON customer (archived, updated_at, id);
CREATE INDEX customer_by_created ON customer (archived, created_at, id);
CREATE INDEX customer_by_owner ON customer (owner_id, archived, name_sort, id);
CREATE INDEX customer_by_unit ON customer (org_unit_id, archived, name_sort, id);
CREATE INDEX customer_search_version ON customer (search_version);

CREATE TABLE customer_figures (
    customer_id uuid PRIMARY KEY REFERENCES customer (id),
    tier text COLLATE "C" NOT NULL,
    aum bigint NOT NULL,
    city text COLLATE "C",
    archived boolean NOT NULL,
    version bigint NOT NULL,
    as_of timestamptz NOT NULL
);
CREATE INDEX customer_figures_by_aum ON customer_figures (archived, aum, customer_id);
CREATE INDEX customer_figures_by_tier_city ON customer_figures (tier, city, archived, aum, customer_id);

CREATE TABLE customer_search (
    customer_id uuid PRIMARY KEY REFERENCES customer (id),
    tokens tsvector NOT NULL
);
CREATE INDEX customer_search_tokens ON customer_search USING gin (tokens) WITH (fastupdate = off);

CREATE TABLE identity_document (
    customer_id uuid PRIMARY KEY REFERENCES customer (id),
    kind text NOT NULL,
    cipher bytea NOT NULL,
    masked text NOT NULL,
    value_hash bytea NOT NULL
);
CREATE INDEX identity_document_value ON identity_document (value_hash);

CREATE TABLE contact_point (
    id uuid PRIMARY KEY,
    customer_id uuid NOT NULL REFERENCES customer (id),
    kind text NOT NULL,
    usage text NOT NULL,
    is_primary boolean NOT NULL,
    verified boolean NOT NULL,
    source text NOT NULL,
    cipher bytea NOT NULL,
    masked text NOT NULL,
    value_hash bytea NOT NULL,
    tail_hash bytea,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);
CREATE INDEX contact_point_customer ON contact_point (customer_id);
CREATE INDEX contact_point_value ON contact_point (value_hash);
CREATE INDEX contact_point_tail ON contact_point (tail_hash) WHERE tail_hash IS NOT NULL;

CREATE TABLE external_id (
    source text COLLATE "C" NOT NULL,
    value text COLLATE "C" NOT NULL,
    customer_id uuid NOT NULL REFERENCES customer (id),
    PRIMARY KEY (source, value)
);
CREATE UNIQUE INDEX external_id_customer ON external_id (customer_id, source);
CREATE INDEX external_id_value ON external_id (value);

CREATE TABLE customer_team (
    customer_id uuid NOT NULL REFERENCES customer (id),
    user_id uuid NOT NULL REFERENCES user_account (id),
    role text NOT NULL,
    PRIMARY KEY (customer_id, user_id)
);
CREATE INDEX customer_team_user ON customer_team (user_id, customer_id);

CREATE TABLE idempotency_key (
    principal_id uuid NOT NULL,
    key text COLLATE "C" NOT NULL,
    fingerprint bytea NOT NULL,
    resource_id uuid,
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (principal_id, key)
);
CREATE INDEX idempotency_key_expiry ON idempotency_key (expires_at);

CREATE TABLE audit_entry (
    id uuid PRIMARY KEY,
    at timestamptz NOT NULL,
    actor_kind text NOT NULL,
    actor_id uuid,
    action text COLLATE "C" NOT NULL,
    resource_type text COLLATE "C" NOT NULL,
    resource_id uuid,
    request_id text NOT NULL,
    reason text,
    document_digest bytea NOT NULL,
    seq bigint UNIQUE,
    hash bytea
);
CREATE INDEX audit_entry_resource ON audit_entry (resource_type, resource_id, id);
CREATE INDEX audit_entry_actor ON audit_entry (actor_id, action, at);
CREATE INDEX audit_entry_unsealed ON audit_entry (id) WHERE seq IS NULL;

CREATE TABLE audit_document (
    entry_id uuid PRIMARY KEY REFERENCES audit_entry (id),
    document jsonb NOT NULL
);

CREATE TABLE change_event (
    id bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
    seq bigint UNIQUE,
    kind text NOT NULL,
    resource_type text NOT NULL,
    resource_id uuid NOT NULL,
    version bigint NOT NULL,
    changed jsonb NOT NULL,
    at timestamptz NOT NULL
);
CREATE INDEX change_event_unnumbered ON change_event (id) WHERE seq IS NULL;
