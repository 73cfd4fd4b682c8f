-- Vaults: what stands for personal values, and the values, sealed. Nothing here is readable
-- without a master key, which is never in this file.

CREATE TABLE vaults (
    id INTEGER PRIMARY KEY,
    session TEXT NOT NULL UNIQUE,
    created INTEGER NOT NULL,
    -- Which master key wrapped the session's key, and the wrapped key.
    key_id TEXT NOT NULL,
    key BLOB NOT NULL
) STRICT;

CREATE TABLE vault_values (
    id INTEGER PRIMARY KEY,
    vault INTEGER NOT NULL REFERENCES vaults ON DELETE CASCADE,
    token TEXT NOT NULL UNIQUE,
    -- Equal for equal values of one vault; keyed, so that it says nothing without the key.
    mark BLOB NOT NULL,
    body BLOB NOT NULL,
    UNIQUE (vault, mark)
) STRICT;

-- The next number of each kind of token. Numbers are never given again.
CREATE TABLE vault_numbers (
    kind TEXT PRIMARY KEY,
    next INTEGER NOT NULL
) STRICT;

-- What became of masked values: where they were found, where they went. Never a value.
CREATE TABLE flows (
    id INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    session TEXT NOT NULL,
    token TEXT NOT NULL,
    act TEXT NOT NULL,
    server TEXT NOT NULL,
    -- The engine's JSON.
    body TEXT NOT NULL
) STRICT;

CREATE INDEX flows_session ON flows (session, act);
CREATE INDEX flows_token ON flows (token);
CREATE INDEX flows_at ON flows (at);
