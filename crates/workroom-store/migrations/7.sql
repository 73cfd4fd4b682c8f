-- Skills: code that agents saved, in versions, and how each version fared.

CREATE TABLE skills (
    name TEXT NOT NULL,
    version INTEGER NOT NULL,
    -- Of the files, and the files: a JSON object of names and texts.
    hash TEXT NOT NULL,
    files TEXT NOT NULL,
    created INTEGER NOT NULL,
    -- The client that saved it, and the session that it did so in.
    author TEXT NOT NULL,
    session TEXT NOT NULL,
    -- draft, promoted or deprecated; and when it was promoted last.
    status TEXT NOT NULL,
    promoted INTEGER,
    -- The engine's JSON: the servers and tools that it needs.
    needs TEXT NOT NULL,
    -- How its runs went.
    ok INTEGER NOT NULL DEFAULT 0,
    failed INTEGER NOT NULL DEFAULT 0,
    used INTEGER,
    saved INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (name, version)
) STRICT;

-- Hashes of the different inputs that a version ran well on.
CREATE TABLE skill_inputs (
    name TEXT NOT NULL,
    version INTEGER NOT NULL,
    input TEXT NOT NULL,
    PRIMARY KEY (name, version, input),
    FOREIGN KEY (name, version) REFERENCES skills ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

-- The next version of each name. Versions are never given again, also of a skill that was removed.
CREATE TABLE skill_numbers (
    name TEXT PRIMARY KEY,
    next INTEGER NOT NULL
) STRICT;

-- Grows with every change of what skills there are, so that a process sees what others did.
CREATE TABLE skill_changes (
    count INTEGER NOT NULL
) STRICT;

INSERT INTO skill_changes (count) VALUES (1);
