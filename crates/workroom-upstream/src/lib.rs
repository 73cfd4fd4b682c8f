//! Workroom's MCP clients: stdio and Streamable HTTP servers, started, watched and ended.
//!
//! [`Pool`] implements [`workroom_engine::Upstreams`]. Every server has a task of its own that
//! starts it, lists its tools, notices its end and starts it again when a call asks for it.
//!
//! # Layout
//!
//! * [`config`]: what a server needs to be started, and its bounds.
//! * [`pool`]: all servers; the way in.
//! * `server`: the life of one server. `session`: one connection to it, from handshake to end.
//! * `list`: its tools, page by page. `call`: one call, to its answer or its cancellation.
//! * `stdio` and `message`: the transport over pipes. `http`: the transport over HTTP.
//! * `process`: the child process, its environment and its standard error.
//! * [`guard`]: the program between us and a server, which outlives us just long enough to end
//!   what the server started.
//!
//! # Invariants
//!
//! * A bad server hurts only itself: each wait, line, list, page and queue has a bound, and what
//!   a server does wrong ends in its own status.
//! * Nothing a server writes reaches our standard output or standard error.
//! * A call that may have reached a server is never sent twice.
//! * A server's processes end with ours, also when we are killed.
//!
//! # Not here
//!
//! Which calls are allowed, what a result means, and how tools become files.

mod call;
pub mod config;
pub mod guard;
mod http;
mod list;
mod message;
pub mod pool;
mod process;
mod server;
mod session;
mod stdio;

pub use config::{Bounds, Guard, Transport, UpstreamConfig};
pub use pool::Pool;
