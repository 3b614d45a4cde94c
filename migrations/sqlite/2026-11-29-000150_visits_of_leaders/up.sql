-- A line of Today becomes one task, unless that was cancelled. Of visits to a customer each leader has a line of their own, and one that is made may be followed by
-- a plan for the next on the same day.
DROP INDEX task_of_line;
CREATE INDEX task_of_line ON task (source, source_id, source_on) WHERE source_on IS NOT NULL AND status <> 'cancelled';
CREATE UNIQUE INDEX task_once_of_line ON task (source, source_id, source_on)
    WHERE source_on IS NOT NULL AND status <> 'cancelled' AND source <> 'leader_visit';

-- Visits at which nobody was met do not count, and what an owner was told before the last contact does not either: all customers are looked at again.
UPDATE customer_follower SET walking = 1, after = NULL WHERE name IN ('care', 'pool');
