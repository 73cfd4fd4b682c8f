//! Skills in the real sandbox: saved, imported, used, and what of that is refused.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(clippy::too_many_lines, reason = "tables of cases with their answers")]
#![allow(
    clippy::format_push_string,
    clippy::format_collect,
    reason = "what is told is put together"
)]

mod bounds;
mod calls;
mod hostile;
mod room;
mod using;
