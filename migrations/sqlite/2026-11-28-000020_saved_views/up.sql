-- Views of lists: filter, order and columns under a name. One that is shared with a unit is seen there and below it.
CREATE TABLE saved_view (
    id BLOB NOT NULL PRIMARY KEY,
    list TEXT NOT NULL,
    name TEXT NOT NULL,
    sharing TEXT NOT NULL,
    owner_id BLOB NOT NULL REFERENCES user_account (id),
    org_unit_id BLOB REFERENCES org_unit (id),
    filter TEXT,
    sort TEXT,
    shown TEXT NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX saved_view_owner ON saved_view (owner_id, list, name);
CREATE INDEX saved_view_bank ON saved_view (list, created_at, id) WHERE sharing = 'bank';
CREATE INDEX saved_view_unit ON saved_view (org_unit_id, list);

-- Which view a user has chosen to see first.
CREATE TABLE default_view (
    user_id BLOB NOT NULL REFERENCES user_account (id),
    list TEXT NOT NULL,
    view_id BLOB NOT NULL REFERENCES saved_view (id),
    PRIMARY KEY (user_id, list)
) STRICT, WITHOUT ROWID;
CREATE INDEX default_view_view ON default_view (view_id);
