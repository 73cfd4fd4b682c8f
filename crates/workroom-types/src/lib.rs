//! Values that every part of Workroom shares and that cannot be wrong: tool
//! definitions, server snapshots, limits, ids.
//!
//! # Layout
//!
//! * [`tool`]: what an upstream says of itself: [`ToolDef`], [`ServerSnapshot`].
//! * [`limit`]: every bound of a run, with its name, setting, unit and default.
//! * [`bound`]: every bound of the process and of what it keeps, likewise.
//! * [`mode`]: how tools are offered to an agent.
//! * [`policy`]: how one server is called: how much at once, how fast, how often again.
//! * [`skill`]: how many skills there may be, and how large.
//! * [`id`]: [`RunId`] and [`SessionId`].
//!
//! # Not here
//!
//! No I/O, no clock, no randomness, no async, and nothing that only one crate needs.

pub mod bound;
pub mod id;
pub mod limit;
pub mod mode;
pub mod policy;
pub mod skill;
pub mod tool;

pub use bound::{Bound, BoundOutOfRange, Bounds};
pub use id::{RunId, SessionId};
pub use limit::{Limit, LimitExceeded, Limits};
pub use mode::{Mode, UnknownMode};
pub use policy::{BadRate, CallPolicy, PolicyKey, PolicyOutOfRange, Rate};
pub use skill::{SkillLimit, SkillOutOfRange, SkillSettings};
pub use tool::{ServerSnapshot, ServerStatus, ToolAnnotations, ToolDef, ToolRef};
