-- Views of lists: filter, order and columns under a name. One that is shared with a unit is seen there and below it.
CREATE TABLE saved_view (
    id uuid NOT NULL PRIMARY KEY,
    list text COLLATE "C" NOT NULL,
    name text NOT NULL,
    sharing text COLLATE "C" NOT NULL,
    owner_id uuid NOT NULL REFERENCES user_account (id),
    org_unit_id uuid REFERENCES org_unit (id),
    filter text,
    sort text,
    shown jsonb NOT NULL,
    version bigint NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);
CREATE UNIQUE INDEX saved_view_owner ON saved_view (owner_id, list, name);
CREATE INDEX saved_view_bank ON saved_view (list, created_at, id) WHERE sharing = 'bank';
CREATE INDEX saved_view_unit ON saved_view (org_unit_id, list);

-- Which view a user has chosen to see first.
CREATE TABLE default_view (
    user_id uuid NOT NULL REFERENCES user_account (id),
    list text COLLATE "C" NOT NULL,
    view_id uuid NOT NULL REFERENCES saved_view (id),
    PRIMARY KEY (user_id, list)
);
CREATE INDEX default_view_view ON default_view (view_id);
