//! The calls to the kernel that a walled-in process may make: the tables of the third wall.
//!
//! A call is in at most one of the tables, or has rules about its arguments; everything else
//! ends the process. So a new call of a new kernel is refused until someone wants it here.
//!
//! # What is absent, and why
//!
//! * `socket`, `socketpair`, `connect`, `bind`, `memfd_create`, `pipe2` and what else makes
//!   descriptors: the process was given those it needs. Only epoll and eventfd are left, since
//!   each new thread's asynchronous runtime makes its own.
//! * `execve`, `fork`, `vfork`, `clone` of anything but a thread.
//! * `kill`, `tkill`, `rt_sigqueueinfo`, `pidfd_send_signal`; `F_SETOWN` and `F_SETSIG` of
//!   `fcntl`, by which a descriptor sends any signal to anybody.
//! * `personality`: `READ_IMPLIES_EXEC` would make every readable page executable.
//! * `pkey_mprotect`, `shmat`, `remap_file_pages`: `mmap` and `mprotect` by other names.
//! * `prctl` but for names: it could undo what [`super::process`] did.
//! * `setsockopt`, `getsockopt`, most of `ioctl`: large and rarely looked at.
//! * `io_uring_enter` makes calls that no filter sees.

use libc::{c_int, c_long};
use seccompiler::{
    BackendError, SeccompCmpArgLen as Width, SeccompCmpOp as Is, SeccompCondition, SeccompRule,
};

/// A call with the arguments it may have: any one of the rules is enough.
pub(super) type Checked = (c_long, Vec<SeccompRule>);

/// Calls that go through whatever their arguments are.
#[rustfmt::skip]
pub(super) const FREE: &[c_long] = &[
    // Descriptors that it has.
    libc::SYS_read, libc::SYS_readv, libc::SYS_write, libc::SYS_writev,
    libc::SYS_recvfrom, libc::SYS_recvmsg, libc::SYS_sendto, libc::SYS_sendmsg,
    libc::SYS_shutdown, libc::SYS_close,
    libc::SYS_epoll_create1, libc::SYS_epoll_ctl, libc::SYS_epoll_pwait, libc::SYS_epoll_pwait2,
    libc::SYS_ppoll, libc::SYS_eventfd2,
    // Memory; `mmap` and `mprotect` are checked below.
    libc::SYS_brk, libc::SYS_munmap, libc::SYS_mremap, libc::SYS_madvise,
    // Threads; `clone` is checked below. Wasmtime publishes code with `membarrier`.
    libc::SYS_futex, libc::SYS_set_robust_list, libc::SYS_rseq, libc::SYS_membarrier,
    libc::SYS_sched_yield, libc::SYS_sched_getaffinity, libc::SYS_gettid, libc::SYS_getpid,
    libc::SYS_exit, libc::SYS_exit_group, libc::SYS_restart_syscall,
    // Clocks, mostly answered without the kernel, and waiting.
    libc::SYS_clock_gettime, libc::SYS_clock_getres, libc::SYS_gettimeofday,
    libc::SYS_nanosleep, libc::SYS_clock_nanosleep,
    // Signals to itself: a guest's access out of bounds arrives as one.
    libc::SYS_rt_sigaction, libc::SYS_rt_sigprocmask, libc::SYS_rt_sigreturn,
    libc::SYS_sigaltstack,
    // Seeds of hash maps; the guest's `crypto.getRandomValues`.
    libc::SYS_getrandom,
    #[cfg(target_arch = "x86_64")] libc::SYS_epoll_wait,
    #[cfg(target_arch = "x86_64")] libc::SYS_poll,
    #[cfg(target_arch = "x86_64")] libc::SYS_time,
];

/// Calls answered with `EACCES`: libraries look at files on the side and can do without. glibc
/// counts processors in `/sys` for its arenas, a panic looks for the program's symbols and the
/// working directory, `Read::read_to_end` asks for the size of what it reads.
#[rustfmt::skip]
pub(super) const DENIED: &[c_long] = &[
    libc::SYS_openat, libc::SYS_openat2, libc::SYS_faccessat, libc::SYS_faccessat2,
    libc::SYS_newfstatat, libc::SYS_statx, libc::SYS_fstat, libc::SYS_statfs, libc::SYS_fstatfs,
    libc::SYS_readlinkat, libc::SYS_getcwd, libc::SYS_getdents64, libc::SYS_lseek,
    #[cfg(target_arch = "x86_64")] libc::SYS_open,
    #[cfg(target_arch = "x86_64")] libc::SYS_access,
    #[cfg(target_arch = "x86_64")] libc::SYS_stat,
    #[cfg(target_arch = "x86_64")] libc::SYS_lstat,
    #[cfg(target_arch = "x86_64")] libc::SYS_readlink,
];

/// Calls answered with `ENOSYS`: a filter cannot follow the pointer to the flags of `clone3`, and
/// libraries that get this answer make the same thread with `clone`.
pub(super) const UNKNOWN: &[c_long] = &[libc::SYS_clone3];

/// What glibc and musl ask for when they start a thread. Everything is shared with the others
/// and nothing is new, so no namespace and no process comes of it.
const THREAD: c_int = libc::CLONE_VM
    | libc::CLONE_FS
    | libc::CLONE_FILES
    | libc::CLONE_SIGHAND
    | libc::CLONE_THREAD
    | libc::CLONE_SYSVSEM
    | libc::CLONE_SETTLS
    | libc::CLONE_PARENT_SETTID
    | libc::CLONE_CHILD_CLEARTID;

/// A flag without meaning since Linux 2.6, which musl still sets.
const CLONE_DETACHED: c_int = 0x0040_0000;

/// `ioctl`: close on exec, do not block, how much is there. Its type differs between C libraries.
const HARMLESS_IOCTLS: [u32; 3] = [0x5451, 0x5421, 0x541b];

/// `ioctl`: `PAGEMAP_SCAN`, by which Wasmtime learns which pages of a guest were written to. It
/// needs a descriptor of `/proc/self/pagemap` that was opened before, and tells of this process.
const SCAN_IOCTL: u32 = 0xc060_6610;

/// `ioctl`: is this a terminal? glibc asks for its attributes (`TCGETS`), musl for its size
/// (`TIOCGWINSZ`).
const TERMINAL_IOCTLS: [u32; 2] = [0x5401, 0x5413];

/// Calls that go through with certain arguments, in the process with the number `own`.
pub(super) fn checked(own: u32) -> Result<Vec<Checked>, BackendError> {
    let fcntls = [
        libc::F_DUPFD,
        libc::F_DUPFD_CLOEXEC,
        libc::F_GETFD,
        libc::F_SETFD,
        libc::F_GETFL,
        libc::F_SETFL,
    ];
    let not_executable = || rule(vec![without(2, libc::PROT_EXEC)?]);
    let names = [libc::PR_SET_NAME, libc::PR_GET_NAME];
    let thread = Is::MaskedEq(!long(CLONE_DETACHED));
    Ok(vec![
        (libc::SYS_mmap, vec![not_executable()?]),
        (libc::SYS_mprotect, vec![not_executable()?]),
        (
            libc::SYS_clone,
            vec![rule(vec![SeccompCondition::new(0, Width::Qword, thread, long(THREAD))?])?],
        ),
        (libc::SYS_fcntl, one_of(1, &fcntls.map(c_int::cast_unsigned))?),
        (libc::SYS_ioctl, one_of(1, &HARMLESS_IOCTLS)?),
        (libc::SYS_ioctl, one_of(1, &[SCAN_IOCTL])?),
        (libc::SYS_prctl, one_of(0, &names.map(c_int::cast_unsigned))?),
        // `abort` of glibc, and nobody else's threads. That of musl calls `tkill`, which names
        // a thread of any process, so there the attempt itself ends the process.
        (libc::SYS_tgkill, one_of(0, &[own])?),
        // A look at its own limits, which says how large the main thread's stack is.
        (
            libc::SYS_prlimit64,
            vec![rule(vec![int(0, 0)?, SeccompCondition::new(2, Width::Qword, Is::Eq, 0)?])?],
        ),
    ])
}

/// Calls answered with `EACCES` for certain arguments: whether the log is a terminal, and the
/// names that libraries give their memory.
pub(super) fn denied_checked() -> Result<Vec<Checked>, BackendError> {
    Ok(vec![
        (libc::SYS_ioctl, one_of(1, &TERMINAL_IOCTLS)?),
        (libc::SYS_prctl, one_of(0, &[libc::PR_SET_VMA.cast_unsigned()])?),
    ])
}

/// Rules of which each permits one value of an `int`.
fn one_of(argument: u8, values: &[u32]) -> Result<Vec<SeccompRule>, BackendError> {
    values.iter().map(|&value| rule(vec![int(argument, value)?])).collect()
}

fn rule(conditions: Vec<SeccompCondition>) -> Result<SeccompRule, BackendError> {
    SeccompRule::new(conditions)
}

/// The kernel looks at the lower half of an `int` alone, so the upper one may hold anything.
fn int(argument: u8, value: u32) -> Result<SeccompCondition, BackendError> {
    SeccompCondition::new(argument, Width::Dword, Is::Eq, value.into())
}

fn without(argument: u8, flag: c_int) -> Result<SeccompCondition, BackendError> {
    SeccompCondition::new(argument, Width::Qword, Is::MaskedEq(long(flag)), 0)
}

fn long(flags: c_int) -> u64 {
    flags.cast_unsigned().into()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_call_without_conditions_is_in_one_table() {
        let mut seen = BTreeSet::new();
        for call in [FREE, DENIED, UNKNOWN].concat() {
            assert!(seen.insert(call), "call {call} is there twice");
        }
        // Within a filter, no rule at all permits everything.
        for (call, rules) in [checked(1).unwrap(), denied_checked().unwrap()].concat() {
            assert!(!seen.contains(&call), "call {call} is checked and free");
            assert!(!rules.is_empty(), "call {call} has no rule");
        }
    }
}
