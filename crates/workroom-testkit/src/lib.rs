//! What tests of several crates share. Only tests depend on this crate.
//!
//! # Layout
//!
//! * [`random`]: numbers that look random and are the same for the same seed.
//! * [`plan`]: which call meets which fault.
//! * [`server`]: an MCP server that follows a plan; [`stdio`] and [`http`] are its transports.
//! * [`effects`]: what was really done, in a file, so that a killed server counts too.
//!
//! # Not here
//!
//! Anything of Workroom's own: the server must not share the faults of what it tests.

pub mod effects;
pub mod http;
pub mod plan;
pub mod random;
pub mod server;
pub mod stdio;

pub use effects::Effects;
pub use plan::{Fault, Plan};
pub use random::Random;
pub use server::{Reaction, Server};
