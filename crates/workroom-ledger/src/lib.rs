//! Counts what passed: o200k tokens and bytes.
