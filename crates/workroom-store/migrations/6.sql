-- The definitions that tools are held to, as JSON.

CREATE TABLE pins (
    server TEXT NOT NULL,
    tool TEXT NOT NULL,
    approved TEXT NOT NULL,
    -- The server's newer one, which waits for approval.
    held TEXT,
    at INTEGER NOT NULL,
    PRIMARY KEY (server, tool)
) STRICT;
