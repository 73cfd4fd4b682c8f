//! Skills: scripts that agents saved, found and used again.
//!
//! # Layout
//!
//! * [`rehearse`]: a skill on a recorded case, without any server.
//! * [`harden`](mod@harden): its cases with answers changed the way APIs drift, each replayed.

pub mod harden;
pub mod rehearse;

pub use harden::harden;
pub use rehearse::{Rehearsal, Rehearsed, Repeats, Unrecorded};
