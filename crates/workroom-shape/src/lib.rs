//! Whether values fit: arguments against schemas, results against what was seen before.
//!
//! # Layout
//!
//! * [`arguments`]: a call's arguments against its tool's schema, before anything is sent.
//! * [`observed`]: what a tool's results have looked like, and what contradicts that.
//! * `check`, `kind`, `path`: the walk over schema and value, and its words.
//! * `mask`, `print`: an example without its contents; a shape as TypeScript.
//!
//! # Invariants
//!
//! * Schemas and results are a server's, and may be made to hurt: every walk has a number of steps
//!   and a depth. What is beyond counts as not checked, and never as wrong.
//! * Nothing outside of a schema is read: a reference to another document says nothing.
//! * No value of a result is kept, but the few words that [`observed`] allows.
//!
//! # Why no validator of others
//!
//! A validator says yes or no. Here a value is also mended where that loses nothing, which has to
//! happen where the mismatch is met; a violation names the parameter that was meant; and a walk
//! stops after its steps, where a compiled schema is paid for in full before it is first used. The
//! crate `jsonschema` is the judge in the tests.

pub mod arguments;
mod check;
mod kind;
mod mask;
pub mod observed;
mod path;
mod print;

pub use arguments::{Accepted, Checker, Refused, StandIn, Violation};
pub use observed::{Drift, Observed};
