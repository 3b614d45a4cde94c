CREATE TABLE questionnaire (
    id uuid PRIMARY KEY,
    family_id uuid NOT NULL,
    number integer NOT NULL,
    state text COLLATE "C" NOT NULL,
    title_zh text COLLATE "C" NOT NULL,
    title_en text COLLATE "C" NOT NULL,
    questions jsonb NOT NULL,
    published_at timestamptz,
    archived_at timestamptz,
    archived boolean NOT NULL,
    version bigint NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);
CREATE UNIQUE INDEX questionnaire_number ON questionnaire (family_id, number);
-- One draft at a time: two people do not make the next version apart from each other.
CREATE UNIQUE INDEX questionnaire_draft ON questionnaire (family_id) WHERE state = 'draft';
CREATE INDEX questionnaire_by_updated ON questionnaire (archived, updated_at, id);

CREATE TABLE survey (
    id uuid PRIMARY KEY,
    name text COLLATE "C" NOT NULL,
    questionnaire_id uuid NOT NULL REFERENCES questionnaire (id),
    org_unit_id uuid NOT NULL REFERENCES org_unit (id),
    language text COLLATE "C" NOT NULL,
    anonymous boolean NOT NULL,
    status text COLLATE "C" NOT NULL,
    opens_at timestamptz NOT NULL,
    closes_at timestamptz NOT NULL,
    csat_low smallint NOT NULL,
    nps_low smallint NOT NULL,
    ces_low smallint NOT NULL,
    version bigint NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);
CREATE INDEX survey_by_created ON survey (created_at, id);
CREATE INDEX survey_questionnaire ON survey (questionnaire_id);

-- Of the token only its SHA-256 is kept. Where the survey is anonymous, neither time stands here when it is used.
CREATE TABLE survey_invitation (
    id uuid PRIMARY KEY,
    survey_id uuid NOT NULL REFERENCES survey (id),
    customer_id uuid NOT NULL REFERENCES customer (id),
    token_hash bytea NOT NULL UNIQUE,
    opened boolean NOT NULL,
    used boolean NOT NULL,
    revoked boolean NOT NULL,
    opened_at timestamptz,
    answered_at timestamptz,
    version bigint NOT NULL,
    created_at timestamptz NOT NULL
);
CREATE UNIQUE INDEX survey_invitation_customer ON survey_invitation (survey_id, customer_id);
CREATE INDEX survey_invitation_by_created ON survey_invitation (survey_id, created_at, id);
CREATE INDEX survey_invitation_of_customer ON survey_invitation (customer_id);

-- An anonymous answer has a random id, a day and its values, and nothing else. `answered_at` is 1970 there: lists sort by it, so it
-- is never null.
CREATE TABLE survey_answer (
    id uuid NOT NULL PRIMARY KEY,
    survey_id uuid NOT NULL REFERENCES survey (id),
    customer_id uuid REFERENCES customer (id),
    invitation_id uuid REFERENCES survey_invitation (id),
    source text COLLATE "C" NOT NULL,
    language text COLLATE "C" NOT NULL,
    answers jsonb NOT NULL,
    note text COLLATE "C",
    low boolean NOT NULL,
    has_text boolean NOT NULL,
    nps smallint,
    tier text COLLATE "C",
    org_unit_id uuid REFERENCES org_unit (id),
    owner_id uuid REFERENCES user_account (id),
    entered_by uuid REFERENCES user_account (id),
    answered_on date NOT NULL,
    answered_at timestamptz NOT NULL
);
-- One answer for an invitation and one for a customer, however many arrive at once.
CREATE UNIQUE INDEX survey_answer_invitation ON survey_answer (invitation_id);
CREATE UNIQUE INDEX survey_answer_once ON survey_answer (survey_id, customer_id) WHERE customer_id IS NOT NULL;
CREATE INDEX survey_answer_by_time ON survey_answer (survey_id, answered_at, id);
CREATE INDEX survey_answer_of_customer ON survey_answer (customer_id, answered_at, id);

-- What is counted of an answer: a score or the code of an option. Texts stand in the answer alone.
CREATE TABLE survey_answer_value (
    survey_id uuid NOT NULL REFERENCES survey (id),
    answer_id uuid NOT NULL REFERENCES survey_answer (id),
    question text COLLATE "C" NOT NULL,
    value text COLLATE "C" NOT NULL,
    PRIMARY KEY (survey_id, answer_id, question, value)
);
CREATE INDEX survey_answer_value_answer ON survey_answer_value (answer_id);

CREATE TABLE survey_follow_up (
    answer_id uuid PRIMARY KEY REFERENCES survey_answer (id),
    customer_id uuid NOT NULL REFERENCES customer (id),
    assignee_id uuid REFERENCES user_account (id),
    due_on date NOT NULL,
    reason text COLLATE "C" NOT NULL,
    task_id uuid,
    created_at timestamptz NOT NULL
);
CREATE INDEX survey_follow_up_open ON survey_follow_up (assignee_id, due_on) WHERE task_id IS NULL;
