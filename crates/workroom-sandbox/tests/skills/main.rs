//! Skills in the real sandbox: saved, imported, used, and what of that is refused.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod hostile;
mod room;
mod using;
