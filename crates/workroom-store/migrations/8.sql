-- What passed: one row for each request of an agent, volumes and names alone. Rows outlive the
-- runs that they are of.

CREATE TABLE accounts (
    id INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    kind TEXT NOT NULL,
    session TEXT NOT NULL,
    client TEXT NOT NULL,
    run TEXT,
    -- The ledger's JSON.
    body TEXT NOT NULL
) STRICT;

CREATE INDEX accounts_at ON accounts (at);
CREATE INDEX accounts_session ON accounts (session);
CREATE UNIQUE INDEX accounts_run ON accounts (run) WHERE run IS NOT NULL;
