//! Workroom's TypeScript front end: accept, strip types, link imports, map errors back.
