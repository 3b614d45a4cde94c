-- Counts the changes of the names of units and users, by which a server knows whether the names that it keeps in memory still hold.
CREATE TABLE directory (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    version INTEGER NOT NULL
) STRICT;
INSERT INTO directory (id, version) VALUES (1, 1);
