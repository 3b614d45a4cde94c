-- Contacts with customers, and what is to be done. `search_key` is the row of the full-text index, fixed by the table, so that it outlives
-- a VACUUM. `searched` is what a search reads the notes as: folded, long numbers left out.
CREATE TABLE interaction (
    search_key INTEGER PRIMARY KEY,
    id BLOB NOT NULL UNIQUE,
    customer_id BLOB NOT NULL REFERENCES customer (id),
    author_id BLOB REFERENCES user_account (id),
    kind TEXT NOT NULL,
    direction TEXT NOT NULL,
    purpose TEXT NOT NULL,
    outcome TEXT NOT NULL,
    mood TEXT,
    duration_minutes INTEGER,
    occurred_at INTEGER NOT NULL,
    notes TEXT,
    searched TEXT NOT NULL,
    archived_at INTEGER,
    archived INTEGER NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;
CREATE INDEX interaction_by_time ON interaction (archived, occurred_at, id);
CREATE INDEX interaction_by_customer ON interaction (customer_id, archived, occurred_at, id);
CREATE INDEX interaction_by_author ON interaction (author_id, archived, occurred_at, id);

CREATE VIRTUAL TABLE interaction_search USING fts5 (
    tokens,
    content = '',
    contentless_delete = 1,
    detail = none,
    tokenize = 'ascii'
);

CREATE TABLE task (
    id BLOB PRIMARY KEY,
    customer_id BLOB REFERENCES customer (id),
    title TEXT NOT NULL,
    notes TEXT,
    assignee_id BLOB NOT NULL REFERENCES user_account (id),
    creator_id BLOB REFERENCES user_account (id),
    due_on TEXT NOT NULL,
    priority TEXT NOT NULL,
    status TEXT NOT NULL,
    source TEXT NOT NULL,
    source_id BLOB,
    outcome TEXT,
    done_at INTEGER,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;
CREATE INDEX task_by_assignee ON task (assignee_id, status, due_on, id);
CREATE INDEX task_by_customer ON task (customer_id, status, due_on, id);
CREATE INDEX task_by_creator ON task (creator_id, status, due_on, id);
CREATE INDEX task_by_due ON task (status, due_on, id);

-- The last contact that reached the customer; the earliest instant when there was none.
ALTER TABLE customer_figures ADD COLUMN last_contacted_at INTEGER NOT NULL DEFAULT 0;
CREATE INDEX customer_figures_by_contact ON customer_figures (archived, last_contacted_at, customer_id);
