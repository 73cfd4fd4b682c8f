//! Attributes of the process that close the simple ways out.
//!
//! * `no_new_privs`: no program it could start would run with more rights than it has. Landlock
//!   and seccomp need it too.
//! * `RLIMIT_CORE` 0 and "not dumpable": a script's data ends up in no core file, and no other
//!   process of the same user can attach or read the memory through `/proc`.
//! * `PR_SET_PDEATHSIG`: a worker whose parent was killed does not stay behind, computing.

use rustix::{
    io::Result,
    process::{
        DumpableBehavior, Resource, Rlimit, Signal, set_dumpable_behavior,
        set_parent_process_death_signal, setrlimit,
    },
    thread::set_no_new_privs,
};

use super::refused;
use crate::Wall;

pub(crate) fn enter() -> Wall {
    match set_no_new_privs(true).and_then(|()| bind_to_parent()) {
        Ok(()) => stands(),
        Err(error) => refused("cannot set an attribute of the process", &error),
    }
}

/// What [`enter`] would give: only `no_new_privs` can be tried on a thread alone, and every
/// kernel with the other two walls has the rest.
pub(crate) fn probe() -> Wall {
    match set_no_new_privs(true) {
        Ok(()) => stands(),
        Err(error) => refused("cannot give up privileges", &error),
    }
}

fn stands() -> Wall {
    Wall::Stands { detail: "no new privileges, no core file, dies with its parent".to_owned() }
}

fn bind_to_parent() -> Result<()> {
    setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) })?;
    set_dumpable_behavior(DumpableBehavior::NotDumpable)?;
    set_parent_process_death_signal(Some(Signal::KILL))
}
