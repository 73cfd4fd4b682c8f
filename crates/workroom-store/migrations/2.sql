-- What is known of the results of tools: one row for each definition of a tool.

CREATE TABLE shapes (
    server TEXT NOT NULL,
    tool TEXT NOT NULL,
    -- The hash of the definition.
    definition TEXT NOT NULL,
    used INTEGER NOT NULL,
    -- The engine's JSON.
    body TEXT NOT NULL,
    PRIMARY KEY (server, tool, definition)
) STRICT;

CREATE INDEX shapes_used ON shapes (used);
