//! The table: which walls, what is tried, and what comes of it.

use std::io;

use libc::c_long;

use crate::{attempts as a, wasm};

/// One attempt.
pub(crate) struct Case {
    /// What is tried, unique.
    pub(crate) name: &'static str,
    /// The walls around it.
    pub(crate) raised: Raised,
    /// How it is tried.
    pub(crate) attempt: Attempt,
    /// What comes of it.
    pub(crate) expected: Expected,
}

/// The walls that stand when an attempt is made.
#[derive(Clone, Copy)]
pub(crate) enum Raised {
    /// A control: shows that it is a wall that makes the difference.
    Nothing,
    /// Attributes of the process alone.
    Process,
    /// Seccomp alone.
    Seccomp,
    /// Landlock alone, of an ABI that holds this.
    Landlock(&'static str),
    /// As a worker has it.
    Everything,
}

/// What an attempt gives: its text is compared.
pub(crate) type Tried = io::Result<String>;

/// How something is tried.
#[derive(Clone, Copy)]
pub(crate) enum Attempt {
    /// Inside the walls only.
    Plain(fn() -> Tried),
    /// With the port of a listener on this machine.
    Port(fn(u16) -> Tried),
    /// The function runs before the walls are raised, what it gives inside them.
    Prepared(fn() -> Box<dyn FnOnce() -> Tried>),
    /// A bare call to the kernel: the filter looks at it before the kernel does, so arguments
    /// that make no sense are enough, and do no harm should a wall be missing.
    Call(c_long, [usize; 6]),
}

/// What comes of an attempt.
#[derive(Clone, Copy)]
pub(crate) enum Expected {
    /// It gives this.
    Works(&'static str),
    /// It gives this error.
    Fails(&'static str),
    /// The process ends with `SIGSYS`.
    Killed,
    /// The process ends itself with `SIGABRT`.
    Aborts,
}

use Attempt::{Call, Plain, Port, Prepared};
use Expected::{Aborts, Fails, Killed, Works};
use Raised::{Everything, Landlock, Nothing, Process, Seccomp};

const EACCES: Expected = Fails("Permission denied (os error 13)");
const EPERM: Expected = Fails("Operation not permitted (os error 1)");
const EBADF: Expected = Fails("Bad file descriptor (os error 9)");
const ENOSYS: Expected = Fails("Function not implemented (os error 38)");

/// No argument is looked at.
const NONE: [usize; 6] = [0; 6];

/// A length of the first arguments of a call.
const fn args<const N: usize>(first: [usize; N]) -> [usize; 6] {
    let mut all = NONE;
    let mut index = 0;
    while index < N {
        all[index] = first[index];
        index += 1;
    }
    all
}

const fn case(name: &'static str, raised: Raised, attempt: Attempt, expected: Expected) -> Case {
    Case { name, raised, attempt, expected }
}

/// A bare call that ends the process.
const fn kills(name: &'static str, number: c_long, arguments: [usize; 6]) -> Case {
    case(name, Everything, Call(number, arguments), Killed)
}

const READ: usize = libc::PROT_READ.cast_unsigned() as usize;
const WRITE: usize = libc::PROT_WRITE.cast_unsigned() as usize;
const EXEC: usize = libc::PROT_EXEC.cast_unsigned() as usize;
const ANONYMOUS: usize = (libc::MAP_PRIVATE | libc::MAP_ANONYMOUS).cast_unsigned() as usize;
const SIGCHLD: usize = libc::SIGCHLD.cast_unsigned() as usize;
const SPAWN: usize = SIGCHLD | (libc::CLONE_VM | libc::CLONE_VFORK).cast_unsigned() as usize;
const NEW_USER: usize = SIGCHLD | libc::CLONE_NEWUSER.cast_unsigned() as usize;
/// A thread but for its own view of the file system.
const OTHER_THREAD: usize = 0x003d_0d00;
const NO_FILE: usize = usize::MAX;
/// The one call of `ioctl` that Wasmtime makes, without its descriptor.
const PAGEMAP_SCAN: [usize; 6] = args([NO_FILE, 0xc060_6610]);

pub(crate) const CASES: &[Case] = &[
    // Controls: what the attempts give without walls.
    case("without walls, open a file", Nothing, Plain(a::open_file), Works("opened")),
    case("without walls, connect", Nothing, Port(a::connect), Works("connected")),
    case("without walls, run a program", Nothing, Plain(a::run_program), Works("exit status: 0")),
    case("without walls, signal the parent", Nothing, Plain(a::signal_parent), Works("signalled")),
    case("without walls, map native code", Nothing, Plain(a::map_native_code), Works("mapped")),
    case("without walls, compile wasm", Nothing, Prepared(wasm::compile), Works("compiled")),
    case("probing leaves everything open", Nothing, Port(a::probe), Works("opened, connected")),
    case("a probe foretells the walls", Nothing, Plain(a::probe_and_enter), Works("the same")),
    // Landlock alone.
    case("landlock: open a file", Landlock("files"), Plain(a::open_file), EACCES),
    case("landlock: create a file", Landlock("files"), Plain(a::create_file), EACCES),
    case("landlock: read a folder", Landlock("files"), Plain(a::read_folder), EACCES),
    case("landlock: run a program", Landlock("files"), Plain(a::run_program), EACCES),
    case("landlock: connect", Landlock("TCP"), Port(a::connect), EACCES),
    case("landlock: listen", Landlock("TCP"), Plain(a::listen), EACCES),
    case("landlock: signal the parent", Landlock("signals"), Plain(a::signal_parent), EPERM),
    case("landlock: on a new thread", Landlock("files"), Plain(a::open_on_thread), EACCES),
    case("landlock: among threads", Nothing, Plain(a::landlock_among_threads), Works("the truth")),
    // The attributes of the process alone.
    case("process: no new privileges", Process, Plain(a::new_privileges), Works("none")),
    case("process: no core file", Process, Plain(a::core_file), Works("Some(0) of Some(0)")),
    case("process: not dumpable", Process, Plain(a::dumpable), Works("NotDumpable")),
    case("process: a signal on death", Process, Plain(a::death_signal), Works("Signal(9)")),
    // Seccomp alone: holds without the others, and threads that run already.
    case("seccomp: open a file", Seccomp, Plain(a::open_file), EACCES),
    case("seccomp: connect", Seccomp, Port(a::connect), Killed),
    case("seccomp: among threads", Seccomp, Prepared(a::older_thread), EACCES),
    // What a worker goes on with.
    case("read its input", Everything, Plain(a::read_input), Works("hello")),
    case("use a socket pair", Everything, Prepared(a::socket_pair), Works("ping, would block")),
    case("wait for events", Everything, Plain(a::events), Works("1 event")),
    case("duplicate a descriptor", Everything, Prepared(a::duplicate), Works("ping")),
    case("start a thread", Everything, Plain(a::start_thread), Works("named inmate")),
    case("start threads that allocate", Everything, Plain(a::many_threads), Works("16 MiB")),
    case("allocate 64 MiB", Everything, Plain(a::allocate), Works("67108864")),
    case("wait for a time", Everything, Plain(a::wait), Works("waited")),
    case("read the clocks", Everything, Plain(a::clocks), Works("read")),
    case("get random bits", Everything, Plain(a::random), Works("32 bytes")),
    case("count processors", Everything, Plain(a::processors), Works("some")),
    case("find no environment", Everything, Plain(a::environment), Works("nothing")),
    case("panic and unwind", Everything, Plain(a::unwind), Works("boom")),
    case("take a backtrace", Everything, Plain(a::backtrace), Works("taken")),
    case("ask whether it has a terminal", Everything, Plain(a::terminal), Works("false")),
    case("read its own limits", Everything, Plain(a::stack_limit), Works("read")),
    case("abort", Everything, Plain(a::abort), Aborts),
    case("overflow a stack", Everything, Plain(a::overflow), Aborts),
    case("run wasm on new threads", Everything, Prepared(wasm::run), Works("200 guests")),
    // What it is told it may not.
    case("open a file", Everything, Plain(a::open_file), EACCES),
    case("create a file", Everything, Plain(a::create_file), EACCES),
    case("read a folder", Everything, Plain(a::read_folder), EACCES),
    case("look at a file", Everything, Plain(a::metadata), EACCES),
    case("follow a link", Everything, Plain(a::follow_link), EACCES),
    case("find the working directory", Everything, Plain(a::working_directory), EACCES),
    case("scan its own pages", Everything, Call(libc::SYS_ioctl, PAGEMAP_SCAN), EBADF),
    case("clone3", Everything, Call(libc::SYS_clone3, NONE), ENOSYS),
    // What it does not survive.
    case("connect", Everything, Port(a::connect), Killed),
    case("listen", Everything, Plain(a::listen), Killed),
    case("run a program", Everything, Plain(a::run_program), Killed),
    case("signal the parent", Everything, Plain(a::signal_parent), Killed),
    case("map native code", Everything, Plain(a::map_native_code), Killed),
    case("compile wasm", Everything, Prepared(wasm::compile), Killed),
    kills("mmap RWX", libc::SYS_mmap, [0, 4096, READ | WRITE | EXEC, ANONYMOUS, NO_FILE, 0]),
    kills("mprotect RX", libc::SYS_mprotect, args([0, 4096, READ | EXEC])),
    kills("pkey_mprotect", libc::SYS_pkey_mprotect, args([0, 4096, READ | EXEC])),
    kills("shmat", libc::SYS_shmat, NONE),
    kills("personality", libc::SYS_personality, args([0xffff_ffff])),
    kills("memfd_create", libc::SYS_memfd_create, NONE),
    kills("execve", libc::SYS_execve, NONE),
    kills("execveat", libc::SYS_execveat, NONE),
    #[cfg(target_arch = "x86_64")]
    kills("fork", libc::SYS_fork, NONE),
    kills("clone a process", libc::SYS_clone, args([SIGCHLD])),
    kills("clone as spawning does", libc::SYS_clone, args([SPAWN])),
    kills("clone into a namespace", libc::SYS_clone, args([NEW_USER])),
    kills("clone another kind of thread", libc::SYS_clone, args([OTHER_THREAD])),
    kills("unshare", libc::SYS_unshare, NONE),
    kills("setns", libc::SYS_setns, args([NO_FILE])),
    kills("mount", libc::SYS_mount, NONE),
    kills("chroot", libc::SYS_chroot, NONE),
    kills("unlinkat", libc::SYS_unlinkat, NONE),
    kills("open_by_handle_at", libc::SYS_open_by_handle_at, NONE),
    kills("socket", libc::SYS_socket, NONE),
    kills("socketpair", libc::SYS_socketpair, NONE),
    kills("bind", libc::SYS_bind, args([NO_FILE])),
    kills("accept4", libc::SYS_accept4, args([NO_FILE])),
    kills("setsockopt", libc::SYS_setsockopt, args([NO_FILE])),
    kills("pipe2", libc::SYS_pipe2, NONE),
    kills("kill", libc::SYS_kill, NONE),
    kills("tkill", libc::SYS_tkill, NONE),
    kills("tgkill of another", libc::SYS_tgkill, args([1, 1])),
    kills("rt_sigqueueinfo", libc::SYS_rt_sigqueueinfo, NONE),
    kills("rt_tgsigqueueinfo", libc::SYS_rt_tgsigqueueinfo, NONE),
    kills("pidfd_open", libc::SYS_pidfd_open, NONE),
    kills("pidfd_send_signal", libc::SYS_pidfd_send_signal, args([NO_FILE])),
    kills("pidfd_getfd", libc::SYS_pidfd_getfd, args([NO_FILE])),
    kills("fcntl F_SETOWN", libc::SYS_fcntl, args([NO_FILE, 8])),
    kills("fcntl F_SETSIG", libc::SYS_fcntl, args([NO_FILE, 10])),
    kills("ioctl TIOCSTI", libc::SYS_ioctl, args([NO_FILE, 0x5412])),
    kills("ptrace", libc::SYS_ptrace, args([NO_FILE])),
    kills("process_vm_readv", libc::SYS_process_vm_readv, NONE),
    kills("process_vm_writev", libc::SYS_process_vm_writev, NONE),
    kills("process_madvise", libc::SYS_process_madvise, args([NO_FILE])),
    kills("prlimit64 of another", libc::SYS_prlimit64, args([1])),
    kills("prlimit64 that sets", libc::SYS_prlimit64, args([0, 0, 1])),
    kills("prctl PR_SET_DUMPABLE", libc::SYS_prctl, args([4, 1])),
    kills("prctl PR_SET_PDEATHSIG", libc::SYS_prctl, args([1, 0])),
    kills("prctl PR_SET_SECCOMP", libc::SYS_prctl, args([22])),
    kills("seccomp", libc::SYS_seccomp, NONE),
    kills("bpf", libc::SYS_bpf, NONE),
    kills("io_uring_setup", libc::SYS_io_uring_setup, NONE),
    kills("io_uring_enter", libc::SYS_io_uring_enter, args([NO_FILE])),
    kills("io_uring_register", libc::SYS_io_uring_register, args([NO_FILE])),
    kills("perf_event_open", libc::SYS_perf_event_open, NONE),
    kills("userfaultfd", libc::SYS_userfaultfd, NONE),
    kills("keyctl", libc::SYS_keyctl, args([NO_FILE])),
    kills("add_key", libc::SYS_add_key, NONE),
    kills("init_module", libc::SYS_init_module, NONE),
    kills("setuid", libc::SYS_setuid, NONE),
    kills("landlock_create_ruleset", libc::SYS_landlock_create_ruleset, NONE),
    kills("a call that no kernel has", 100_000, NONE),
    #[cfg(target_arch = "x86_64")]
    kills("a call of the x32 kind", libc::SYS_getpid | 0x4000_0000, NONE),
];
