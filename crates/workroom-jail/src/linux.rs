//! The walls as Linux has them, one file each.

pub(crate) mod calls;
pub(crate) mod landlock;
pub(crate) mod process;
pub(crate) mod seccomp;

use std::{fmt, thread};

use crate::{Wall, Walls};

/// Lets a thread of its own try the walls.
///
/// Both Landlock and seccomp hold for a single thread when asked to, so the rest of the process
/// keeps its freedom.
pub(crate) fn probe() -> Walls {
    let attempt = thread::Builder::new().name("jail-probe".to_owned()).spawn(|| Walls {
        landlock: landlock::probe(),
        process: process::probe(),
        seccomp: seccomp::probe(),
    });
    let walls = attempt.map_err(|error| error.to_string()).and_then(|thread| {
        thread.join().map_err(|_| "the thread that tried the walls panicked".to_owned())
    });
    walls.unwrap_or_else(|reason| {
        let refused = || refused("cannot try it", &reason);
        Walls { landlock: refused(), process: refused(), seccomp: refused() }
    })
}

/// A wall that could not be raised, because of `error`.
fn refused(what: &str, error: &dyn fmt::Display) -> Wall {
    Wall::Refused { reason: format!("{what}: {error}") }
}
