//! Workroom's face to agents: the MCP endpoint over stdio and Streamable HTTP.
//!
//! [`Face`] offers four tools, `run_code`, `search`, `read_file` and `save_skill`,
//! whatever stands behind them. Their list is made from the configuration alone: it is
//! answered before any upstream has started, and stays the same for as long as
//! the configuration does, so clients can cache their prompts. A client that is
//! served in another mode sees other tools; see [`Modes`].
//!
//! # Layout
//!
//! * [`Modes`]: how tools are offered to which client.
//! * `offer`: the servers' tools as tools of ours; `direct`: calling them.
//! * [`tools`]: the tools' names, descriptions and schemas.
//! * [`face`]: the MCP handler that answers them.
//! * `save`: what agents keep for later sessions.
//! * `skills`: promoted skills for clients that load skills themselves.
//! * [`http`]: Streamable HTTP on a socket.
//! * `wire`: the bytes of each request and its answer.
//!
//! # Not here
//!
//! What a run does is the engine's; this crate only speaks MCP.

mod direct;
pub mod face;
pub mod http;
mod modes;
mod offer;
mod save;
mod skills;
pub mod tools;
mod wire;

pub use face::{Face, serve_stdio};
pub use http::{HttpConfig, HttpServer};
pub use modes::Modes;
pub use offer::offer;
pub use tools::Overview;
