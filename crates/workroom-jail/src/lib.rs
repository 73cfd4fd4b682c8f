//! The jail: what a worker process can still do after start-up.
//!
//! A script runs in JavaScript in WebAssembly, and neither lets it reach the process. This is
//! the third wall, for the day when both have a hole: native code that an attacker controls
//! finds itself in a process that can compute, use the descriptors it was given, and nothing
//! else. The kernel sees to it, and no code in the process can take it back.
//!
//! ```no_run
//! // Load what comes from files, map native code, open descriptors. Then:
//! let walls = workroom_jail::enter();
//! assert!(walls.all_stand(), "{walls}");
//! // Start threads and serve.
//! ```
//!
//! # What each wall does
//!
//! * [`Walls::process`]: no privileges can be gained, no core file is written, no other process
//!   of the same user can look inside, and the process dies with the thread that started it.
//! * [`Walls::landlock`]: no file and no folder can be opened, no TCP port bound or connected to;
//!   no signal and no abstract Unix socket reaches a process outside. Older kernels know less of
//!   this; the detail says what holds.
//! * [`Walls::seccomp`]: a list of calls to the kernel goes through, a few get an error because
//!   libraries try them and can do without, and any other ends the process with `SIGSYS`. The
//!   kernel's log has the number of that call (`type=1326 … syscall=…`).
//!
//! # What the process must do before
//!
//! * Map native code and make every `memfd`: from now on no memory becomes executable. Wasmtime
//!   makes a module's `memfd` with the first instance; `Module::initialize_copy_on_write_image`
//!   makes it at once.
//! * Build its asynchronous runtime, if it has one: only epoll and eventfd are left to make, and
//!   a signal driver needs a socket pair. Set timeouts of sockets, which need `setsockopt`.
//! * Start no thread. A thread that runs already is under seccomp too, but under Landlock only
//!   from Linux 7.0 on; before, [`enter`] reports Landlock as refused when there is one. Where a
//!   thread must start early, call [`enter_landlock`] earlier still, and the rest later.
//! * Hold no descriptor it does not need. One that is open stays usable as it was opened; a
//!   Unix datagram socket, for one, could still send to any path.
//!
//! # What the parent must do
//!
//! * Start the process from a thread that lives as long as it should: `PR_SET_PDEATHSIG` counts
//!   the death of the *thread*. A pool's thread that goes when idle takes its children along.
//! * Close its end of the process's input when it is done. When it died before [`enter`] nothing
//!   is sent, and the end of input is all that the process will notice.
//! * Give it an empty environment: what was inherited can be read.
//!
//! # Not here
//!
//! What the process is for, and whether it may run when a wall was refused: the caller decides.
//! How much memory and time it uses: whoever started it looks after that, and can end it.
//! Linux on `x86_64` and `aarch64` has these walls; elsewhere each is [`Wall::NotHere`].

#[cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]
mod linux;
#[cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]
use linux as system;

#[cfg(not(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64"))))]
mod elsewhere;
#[cfg(not(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64"))))]
use elsewhere as system;

use std::fmt;

use serde::{Deserialize, Serialize};

/// The walls around a process, each with what became of it.
///
/// A worker sends them to its parent, hence both directions of serde.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Walls {
    /// No files, no network: from Linux 5.13 on.
    pub landlock: Wall,
    /// No privileges, no core file, no looking in, no outliving the parent.
    pub process: Wall,
    /// Few calls to the kernel.
    pub seccomp: Wall,
}

/// What became of one wall.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Wall {
    /// The kernel enforces it.
    Stands {
        /// What it keeps out.
        detail: String,
    },
    /// The kernel has no such wall, or did not give it to this process.
    Refused {
        /// Why, as far as the kernel said.
        reason: String,
    },
    /// This system is not Linux, or its processor is one that the walls were not made for.
    NotHere,
}

impl Walls {
    /// Whether every wall stands.
    pub fn all_stand(&self) -> bool {
        self.named().iter().all(|(_, wall)| wall.stands())
    }

    /// Every wall with its name, in the order they are raised.
    pub fn named(&self) -> [(&'static str, &Wall); 3] {
        [("landlock", &self.landlock), ("process", &self.process), ("seccomp", &self.seccomp)]
    }
}

impl Wall {
    /// Whether the kernel enforces it.
    pub fn stands(&self) -> bool {
        matches!(self, Self::Stands { .. })
    }
}

impl fmt::Display for Walls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (name, wall)) in self.named().into_iter().enumerate() {
            let separator = if index == 0 { "" } else { "; " };
            write!(f, "{separator}{name} {wall}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Wall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stands { detail } => write!(f, "stands ({detail})"),
            Self::Refused { reason } => write!(f, "was refused ({reason})"),
            Self::NotHere => f.write_str("does not exist on this system"),
        }
    }
}

/// Raises every wall around this process, for good.
///
/// Called once, after start-up and before any thread is started. A wall that cannot be raised is
/// reported and does not stop the others.
pub fn enter() -> Walls {
    // The order matters: Landlock counts the threads in `/proc`, which is closed to the process
    // after the second, and the last one takes away the calls that the others need.
    Walls { landlock: enter_landlock(), process: enter_process(), seccomp: enter_seccomp() }
}

/// Raises the wall [`Walls::landlock`] alone; [`enter`] raises all.
pub fn enter_landlock() -> Wall {
    system::landlock::enter()
}

/// Raises the wall [`Walls::process`] alone; [`enter`] raises all.
pub fn enter_process() -> Wall {
    system::process::enter()
}

/// Raises the wall [`Walls::seccomp`] alone, around every thread; [`enter`] raises all.
///
/// The number of this process is part of the filter, so that it may abort.
pub fn enter_seccomp() -> Wall {
    system::seccomp::enter()
}

/// What [`enter`] would report, without entering.
///
/// A thread is started for it, walls itself in, says what it got, and ends: what this kernel, or
/// the container around it, really gives is seen only by asking for it.
pub fn probe() -> Walls {
    system::probe()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn walls(seccomp: Wall) -> Walls {
        let stands = |detail: &str| Wall::Stands { detail: detail.to_owned() };
        Walls { landlock: stands("ABI 7: no files"), process: stands("no core file"), seccomp }
    }

    #[test]
    fn walls_read_as_one_clause_each() {
        let refused = Wall::Refused { reason: "cannot install the filter".to_owned() };
        assert_eq!(
            walls(refused).to_string(),
            "landlock stands (ABI 7: no files); process stands (no core file); \
             seccomp was refused (cannot install the filter)"
        );
        assert_eq!(
            Wall::NotHere.to_string(),
            "does not exist on this system",
            "the name of the wall goes before"
        );
    }

    #[test]
    fn one_missing_wall_is_enough() {
        assert!(walls(Wall::Stands { detail: String::new() }).all_stand());
        assert!(!walls(Wall::NotHere).all_stand());
    }

    #[test]
    fn a_worker_can_send_its_walls() {
        let walls = walls(Wall::NotHere);
        let text = serde_json::to_string(&walls).unwrap();
        assert_eq!(
            text,
            r#"{"landlock":{"state":"stands","detail":"ABI 7: no files"},"#.to_owned()
                + r#""process":{"state":"stands","detail":"no core file"},"#
                + r#""seccomp":{"state":"not_here"}}"#
        );
        assert_eq!(serde_json::from_str::<Walls>(&text).unwrap(), walls);
    }
}
