-- The day of the line of Today that a task stands for: the birthday, the maturity, or the day on which a contact was due. A line becomes
-- one task, unless that was cancelled.
ALTER TABLE task ADD COLUMN source_on TEXT;
CREATE UNIQUE INDEX task_of_line ON task (source, source_id, source_on) WHERE source_on IS NOT NULL AND status <> 'cancelled';

-- What every relationship manager should reach on a working day. There is one row.
CREATE TABLE contact_target (
    id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    meetings_a_day INTEGER NOT NULL,
    connected_calls_a_day INTEGER NOT NULL,
    version INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;
INSERT INTO contact_target (id, meetings_a_day, connected_calls_a_day, version, updated_at) VALUES (1, 5, 20, 1, 0);
