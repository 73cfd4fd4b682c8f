//! Workroom's configuration: text in, checked settings out, each with its origin.
