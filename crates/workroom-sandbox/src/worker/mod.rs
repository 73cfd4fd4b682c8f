//! The sandbox in processes of its own: the third wall.
//!
//! The gateway starts workers and talks to each over a socket pair; a worker holds many guests
//! and computes for as many at once as it is asked. It gets the compiled guest over the socket,
//! walls itself in (see `workroom_jail`), and only then looks at anything of a script's. What it
//! never has: files, network, environment, credentials, the servers' answers to other sessions
//! than its own.
//!
//! * `protocol`: the messages.
//! * [`serve`](fn@serve): a worker's side, blocking, a thread for each guest that computes.
//! * `pool`, `connection`: the gateway's side, [`Workers`].
//!
//! Nothing that a worker sends is trusted further than a guest's own word: it can end or falsify
//! the runs of its own guests.

mod connection;
mod pool;
mod protocol;
mod serve;

pub use pool::{Launcher, WORKERS_MAX, WorkerReport, Workers};
pub use serve::serve;
