//! Workroom's MCP clients: stdio and Streamable HTTP servers, started, watched and ended.
