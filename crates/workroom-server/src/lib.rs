//! Workroom's face to agents: the MCP endpoint over stdio and Streamable HTTP.
