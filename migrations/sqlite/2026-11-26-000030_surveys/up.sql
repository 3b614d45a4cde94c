CREATE TABLE questionnaire (
    id BLOB PRIMARY KEY,
    family_id BLOB NOT NULL,
    number INTEGER NOT NULL,
    state TEXT NOT NULL,
    title_zh TEXT NOT NULL,
    title_en TEXT NOT NULL,
    questions TEXT NOT NULL,
    published_at INTEGER,
    archived_at INTEGER,
    archived INTEGER NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX questionnaire_number ON questionnaire (family_id, number);
-- One draft at a time: two people do not make the next version apart from each other.
CREATE UNIQUE INDEX questionnaire_draft ON questionnaire (family_id) WHERE state = 'draft';
CREATE INDEX questionnaire_by_updated ON questionnaire (archived, updated_at, id);

CREATE TABLE survey (
    id BLOB PRIMARY KEY,
    name TEXT NOT NULL,
    questionnaire_id BLOB NOT NULL REFERENCES questionnaire (id),
    org_unit_id BLOB NOT NULL REFERENCES org_unit (id),
    language TEXT NOT NULL,
    anonymous INTEGER NOT NULL,
    status TEXT NOT NULL,
    opens_at INTEGER NOT NULL,
    closes_at INTEGER NOT NULL,
    csat_low INTEGER NOT NULL,
    nps_low INTEGER NOT NULL,
    ces_low INTEGER NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;
CREATE INDEX survey_by_created ON survey (created_at, id);
CREATE INDEX survey_questionnaire ON survey (questionnaire_id);

-- Of the token only its SHA-256 is kept. Where the survey is anonymous, neither time stands here when it is used.
CREATE TABLE survey_invitation (
    id BLOB PRIMARY KEY,
    survey_id BLOB NOT NULL REFERENCES survey (id),
    customer_id BLOB NOT NULL REFERENCES customer (id),
    token_hash BLOB NOT NULL UNIQUE,
    opened INTEGER NOT NULL,
    used INTEGER NOT NULL,
    revoked INTEGER NOT NULL,
    opened_at INTEGER,
    answered_at INTEGER,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX survey_invitation_customer ON survey_invitation (survey_id, customer_id);
CREATE INDEX survey_invitation_by_created ON survey_invitation (survey_id, created_at, id);
CREATE INDEX survey_invitation_of_customer ON survey_invitation (customer_id);

-- An anonymous answer has a random id, a day and its values, and nothing else. WITHOUT ROWID, so that no row number tells the
-- order in which answers came. `answered_at` is 1970 there: lists sort by it, so it is never null.
CREATE TABLE survey_answer (
    id BLOB NOT NULL PRIMARY KEY,
    survey_id BLOB NOT NULL REFERENCES survey (id),
    customer_id BLOB REFERENCES customer (id),
    invitation_id BLOB REFERENCES survey_invitation (id),
    source TEXT NOT NULL,
    language TEXT NOT NULL,
    answers TEXT NOT NULL,
    note TEXT,
    low INTEGER NOT NULL,
    has_text INTEGER NOT NULL,
    nps INTEGER,
    tier TEXT,
    org_unit_id BLOB REFERENCES org_unit (id),
    owner_id BLOB REFERENCES user_account (id),
    entered_by BLOB REFERENCES user_account (id),
    answered_on TEXT NOT NULL,
    answered_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
-- One answer for an invitation and one for a customer, however many arrive at once.
CREATE UNIQUE INDEX survey_answer_invitation ON survey_answer (invitation_id);
CREATE UNIQUE INDEX survey_answer_once ON survey_answer (survey_id, customer_id) WHERE customer_id IS NOT NULL;
CREATE INDEX survey_answer_by_time ON survey_answer (survey_id, answered_at, id);
CREATE INDEX survey_answer_of_customer ON survey_answer (customer_id, answered_at, id);

-- What is counted of an answer: a score or the code of an option. Texts stand in the answer alone.
CREATE TABLE survey_answer_value (
    survey_id BLOB NOT NULL REFERENCES survey (id),
    answer_id BLOB NOT NULL REFERENCES survey_answer (id),
    question TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (survey_id, answer_id, question, value)
) STRICT, WITHOUT ROWID;
CREATE INDEX survey_answer_value_answer ON survey_answer_value (answer_id);

CREATE TABLE survey_follow_up (
    answer_id BLOB PRIMARY KEY REFERENCES survey_answer (id),
    customer_id BLOB NOT NULL REFERENCES customer (id),
    assignee_id BLOB REFERENCES user_account (id),
    due_on TEXT NOT NULL,
    reason TEXT NOT NULL,
    task_id BLOB,
    created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX survey_follow_up_open ON survey_follow_up (assignee_id, due_on) WHERE task_id IS NULL;
