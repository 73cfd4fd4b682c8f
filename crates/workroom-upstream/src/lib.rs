//! Workroom's MCP clients: stdio and Streamable HTTP servers, started, watched and ended.
//!
//! [`Pool`] implements [`workroom_engine::Upstreams`]. Every server has a task of its own that
//! starts it, lists its tools, notices its end, and starts it again: after a while by itself, or
//! when a call asks for it.
//!
//! # Layout
//!
//! * [`config`]: what a server needs to be started, and its bounds.
//! * [`pool`]: all servers; the way in.
//! * `server`: the life of one server. `session`: one connection to it, from handshake to end.
//! * `list`: its tools, page by page. `call`: one call, to its answer or its cancellation.
//! * `conduct`: a call's tries. `retry`: which there are, as a table. `breaker`: when a server is
//!   left alone. `gate`: how much at once, and how fast.
//! * `wire`: the bytes that pass, each of a call or of its connection.
//! * `stdio` and `message`: the transport over pipes. `http`: the transport over HTTP; `web`: the
//!   client under it; `events`: what it reads of a stream.
//! * `process`: the child process, its environment and its standard error.
//! * [`guard`]: the program between us and a server, which outlives us just long enough to end
//!   what the server started.
//!
//! # Invariants
//!
//! * A bad server hurts only itself: each wait, line, list, page and queue has a bound, and what
//!   a server does wrong ends in its own status.
//! * Nothing a server writes reaches our standard output or standard error.
//! * A call that may have reached a server is not sent again, unless its tool says that a second
//!   call does no harm.
//! * A server's processes end with ours, also when we are killed.
//!
//! # Not here
//!
//! Which calls are allowed, what a result means, and how tools become files.

mod breaker;
mod call;
mod conduct;
pub mod config;
mod events;
mod gate;
pub mod guard;
mod http;
mod list;
mod message;
pub mod pool;
mod process;
mod retry;
mod server;
mod session;
mod stdio;
mod web;
mod wire;

pub use conduct::Chance;
pub use config::{Bounds, Guard, Transport, UpstreamConfig};
pub use pool::Pool;
