//! The filter over calls to the kernel, made of the tables in [`super::calls`].
//!
//! A filter of `seccompiler` knows one answer besides its default. There are three here, so there
//! are three filters, and of their answers the kernel takes the strictest.

use std::{collections::BTreeMap, env, process};

use libc::{EACCES, ENOSYS, c_int};
use seccompiler::{
    BackendError, BpfProgram, SeccompAction as Action, SeccompFilter, SeccompRule, TargetArch,
    apply_filter, apply_filter_all_threads,
};

use super::{
    calls::{self, DENIED, FREE, UNKNOWN},
    refused,
};
use crate::Wall;

type Rules = BTreeMap<i64, Vec<SeccompRule>>;

/// Filters the calls of every thread.
pub(crate) fn enter() -> Wall {
    let programs = match programs(process::id()) {
        Ok(programs) => programs,
        Err(error) => return refused("cannot make the filter", &error),
    };
    for program in &programs {
        if let Err(error) = apply_filter_all_threads(program) {
            return refused("cannot install the filter", &error);
        }
    }
    stands()
}

/// Installs a filter on the calling thread alone that lets through whatever this process calls.
pub(crate) fn probe() -> Wall {
    // The same answer that the true filter has, for a call that nobody here makes.
    let reboot = Rules::from([(libc::SYS_reboot, Vec::new())]);
    let program = match compile(reboot, Action::Allow, Action::KillProcess) {
        Ok(program) => program,
        Err(error) => return refused("cannot make a filter", &error),
    };
    match apply_filter(&program) {
        Ok(()) => stands(),
        Err(error) => refused("cannot install a filter", &error),
    }
}

fn stands() -> Wall {
    Wall::Stands { detail: "no network, no programs, no new native code".to_owned() }
}

/// The filters, in the order to install them: after the last one, no more are accepted.
fn programs(own: u32) -> Result<[BpfProgram; 3], BackendError> {
    let mut denied = free(DENIED);
    add(&mut denied, calls::denied_checked()?);
    let unknown = free(UNKNOWN);

    let mut allowed = free(FREE);
    add(&mut allowed, calls::checked(own)?);
    // What another filter answers must not be fatal in this one.
    add(&mut allowed, denied.clone());
    add(&mut allowed, unknown.clone());

    Ok([
        compile(unknown, Action::Allow, answer(ENOSYS))?,
        compile(denied, Action::Allow, answer(EACCES))?,
        compile(allowed, Action::KillProcess, Action::Allow)?,
    ])
}

fn free(calls: &[i64]) -> Rules {
    calls.iter().map(|&call| (call, Vec::new())).collect()
}

/// Permits what `more` permits too. A call is in both only if both have rules for it: no rule
/// means any argument, and one of the other side's would take that back.
fn add(rules: &mut Rules, more: impl IntoIterator<Item = (i64, Vec<SeccompRule>)>) {
    for (call, more) in more {
        rules.entry(call).or_default().extend(more);
    }
}

fn answer(error: c_int) -> Action {
    Action::Errno(error.cast_unsigned())
}

fn compile(rules: Rules, default: Action, matched: Action) -> Result<BpfProgram, BackendError> {
    let processor = TargetArch::try_from(env::consts::ARCH)?;
    SeccompFilter::new(rules, default, matched, processor)?.try_into()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The kernel refuses a program of more than 4,096 instructions, and each call of the
    /// process goes through them one after the other, where its answer is not known beforehand.
    #[test]
    fn the_filters_stay_short() {
        let lengths: Vec<usize> = programs(1).unwrap().iter().map(Vec::len).collect();
        assert!(lengths.iter().sum::<usize>() < 600, "{lengths:?}");
    }
}
