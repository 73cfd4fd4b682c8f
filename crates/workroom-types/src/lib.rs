//! Values that every part of Workroom shares and that cannot be wrong: tool
//! definitions, server snapshots, limits, ids.
//!
//! # Layout
//!
//! * [`tool`]: what an upstream says of itself: [`ToolDef`], [`ServerSnapshot`].
//! * [`limit`]: every bound of a run, with its name, setting, unit and default.
//! * [`id`]: [`RunId`] and [`SessionId`].
//!
//! # Not here
//!
//! No I/O, no clock, no randomness, no async, and nothing that only one crate needs.

pub mod id;
pub mod limit;
pub mod tool;

pub use id::{RunId, SessionId};
pub use limit::{Limit, LimitExceeded, Limits};
pub use tool::{ServerSnapshot, ServerStatus, ToolAnnotations, ToolDef, ToolRef};
