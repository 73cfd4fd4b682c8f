//! The demo worlds: seeded upstream servers, a job, its truth, and both ways of doing it.
//!
//! A world is made from a seed alone, so that each server's process makes the same one and
//! the right answer is known without asking any server. The servers are real MCP servers
//! over standard input and output; the binary starts them as its own subcommands.
//!
//! # Layout
//!
//! * [`serve_stdio`]: one server of a world, speaking MCP.
//! * [`Backend`]: the same server without the protocol, for tests and measurements.
//! * [`inventory`]: the world of a shop, a marketplace, a warehouse and an accounting system.
//! * [`legal`]: the world of a law firm, with six systems.
//! * [`support`]: the world of a help desk, with five.
//! * [`clinic`]: a practice that refers its patients to a hospital.
//!
//! # Not here
//!
//! Running the job: the binary does it, through the real gateway, and counts what passes.

mod arguments;
mod backend;
pub mod clinic;
mod day;
mod grammar;
pub mod inventory;
mod job;
pub mod legal;
mod office;
mod page;
mod rng;
mod serve;
pub mod support;
mod worlds;

pub use backend::{Backend, DemoServer, Kept, Refusal, UnknownServer, WorldName};
pub use day::Day;
pub use job::{Check, Effect, Fault, Job, Step, ToolCall};
pub use serve::{ServeError, serve_stdio};
pub use worlds::PerDay;
