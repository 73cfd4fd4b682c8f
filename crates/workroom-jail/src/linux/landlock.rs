//! Landlock: no files, no TCP, no signals to the outside.
//!
//! The ruleset handles every kind of access that the `landlock` crate knows and permits none.
//! What the running kernel does not know is left out; the wall's detail names what is left.

use std::{fs, io, thread, time::Duration};

use landlock::{
    ABI, Access, AccessFs, AccessNet, LandlockStatus, RestrictSelfAttr, RestrictionStatus, Ruleset,
    RulesetAttr, RulesetError, RulesetStatus, Scope,
};

use super::refused;
use crate::Wall;

/// The newest kind of access that is denied. Denying all of them needs no care about their
/// meaning, so this is simply the newest that the crate knows.
const NEWEST: ABI = ABI::V10;

/// How often threads are counted before they are taken to be there to stay, and the time between:
/// a tenth of a second, while the end of a thread takes some microseconds.
const LOOKS_MAX: u32 = 100;
const LOOK_EVERY: Duration = Duration::from_millis(1);

/// Denies the process every access.
pub(crate) fn enter() -> Wall {
    let threads = match threads() {
        Ok(threads) => threads,
        Err(error) => return refused("cannot tell whether other threads run", &error),
    };
    match restrict(Reach::Process) {
        Ok(status) if threads > 1 && !status.all_threads => Wall::Refused {
            reason: format!(
                "{threads} threads run already, and before Linux 7.0 only the calling one is held"
            ),
        },
        Ok(status) => wall(&status),
        Err(error) => refused("cannot deny access", &error),
    }
}

/// Denies the calling thread every access, and nobody else.
pub(crate) fn probe() -> Wall {
    match restrict(Reach::Thread) {
        Ok(status) => wall(&status),
        Err(error) => refused("cannot deny access", &error),
    }
}

/// Whom the ruleset holds besides the calling thread and those it starts.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reach {
    /// Nobody.
    Thread,
    /// Every thread of the process, where the kernel can.
    Process,
}

fn restrict(reach: Reach) -> Result<RestrictionStatus, RulesetError> {
    Ruleset::default()
        .handle_access(AccessFs::from_all(NEWEST))?
        .handle_access(AccessNet::from_all(NEWEST))?
        .scope(Scope::from_all(NEWEST))?
        .create()?
        .all_threads(reach == Reach::Process)?
        .restrict_self()
}

fn wall(status: &RestrictionStatus) -> Wall {
    let LandlockStatus::Available { effective_abi, .. } = status.landlock else {
        return Wall::Refused {
            reason: match status.landlock {
                LandlockStatus::NotEnabled => "the kernel has it and did not enable it",
                _ => "the kernel does not have it",
            }
            .to_owned(),
        };
    };
    if status.ruleset == RulesetStatus::NotEnforced {
        return Wall::Refused { reason: "the kernel does not enforce it".to_owned() };
    }
    Wall::Stands { detail: format!("ABI {effective_abi}: {}", holds(effective_abi)) }
}

/// What an ABI denies, in words.
fn holds(abi: ABI) -> &'static str {
    match abi {
        ABI::Unsupported => "nothing",
        ABI::V1 | ABI::V2 | ABI::V3 => "no files",
        ABI::V4 | ABI::V5 => "no files, no TCP",
        ABI::V6 | ABI::V7 | ABI::V8 | ABI::V9 => "no files, no TCP, no signals to others",
        _ => "no files, no TCP or UDP, no signals to others",
    }
}

/// How many threads this process has.
///
/// A thread that was joined is listed for a moment still, since whoever joins wakes before the
/// kernel is done with it; so a count above one is looked at again.
fn threads() -> io::Result<usize> {
    let mut threads = fs::read_dir("/proc/self/task")?.count();
    for _ in 1..LOOKS_MAX {
        if threads == 1 {
            break;
        }
        thread::sleep(LOOK_EVERY);
        threads = fs::read_dir("/proc/self/task")?.count();
    }
    Ok(threads)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn newer_kernels_hold_more() {
        for (abi, expected) in [
            (ABI::V1, "no files"),
            (ABI::V4, "no files, no TCP"),
            (ABI::V6, "no files, no TCP, no signals to others"),
            (NEWEST, "no files, no TCP or UDP, no signals to others"),
        ] {
            assert_eq!(holds(abi), expected, "ABI {abi}");
        }
    }
}
