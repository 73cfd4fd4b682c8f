-- Times are milliseconds since 1970, UTC. Ids of sessions and runs are the engine's text.

CREATE TABLE snapshots (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    bytes BLOB NOT NULL
) STRICT;

CREATE TABLE sessions (
    id TEXT PRIMARY KEY,
    created INTEGER NOT NULL,
    used INTEGER NOT NULL,
    version INTEGER NOT NULL,
    last_run TEXT,
    snapshot INTEGER REFERENCES snapshots (id),
    heap INTEGER NOT NULL,
    variables TEXT NOT NULL,
    -- The run under way or interrupted.
    running TEXT,
    ended INTEGER,
    -- JSON: the reason, and the names of the variables that are lost.
    ending TEXT
) STRICT;

CREATE INDEX sessions_used ON sessions (used);
CREATE INDEX sessions_snapshot ON sessions (snapshot);

CREATE TABLE runs (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    session TEXT NOT NULL,
    started INTEGER NOT NULL,
    code TEXT NOT NULL,
    origin TEXT NOT NULL,
    setup TEXT NOT NULL,
    -- Whose run it is while it has no end.
    holder TEXT NOT NULL,
    -- The session's state when it began.
    before INTEGER REFERENCES snapshots (id),
    version INTEGER NOT NULL,
    ended INTEGER,
    ok INTEGER,
    outcome TEXT
) STRICT;

CREATE INDEX runs_session ON runs (session, seq);
CREATE INDEX runs_before ON runs (before);
CREATE INDEX runs_open ON runs (origin) WHERE ended IS NULL;

CREATE TABLE journal (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    run INTEGER NOT NULL REFERENCES runs (seq) ON DELETE CASCADE,
    body BLOB NOT NULL
) STRICT;

CREATE INDEX journal_run ON journal (run, id);
