//! What is tried inside the walls, each for itself.

use std::{
    backtrace::Backtrace,
    env, fs,
    hash::{BuildHasher, RandomState},
    io::{self, IsTerminal, Read, Write},
    net::{TcpListener, TcpStream},
    os::unix::net::UnixStream,
    panic,
    process::Command,
    sync::{Arc, Barrier, mpsc},
    thread,
    time::{Duration, SystemTime},
};

use libc::{c_int, c_long};
use rustix::{
    event::{EventfdFlags, epoll, eventfd},
    process as this,
    thread::no_new_privs,
};

use crate::cases::Tried;

/// A file that every Linux has, and a link.
const FILE: &str = "/proc/version";
const LINK: &str = "/proc/self";

/// Makes a call as native code of an attacker would.
pub(crate) fn call(number: c_long, arguments: [usize; 6]) -> io::Result<c_long> {
    let [first, second, third, rest @ ..] = arguments;
    #[allow(unsafe_code, reason = "the arguments are such that no call reads or writes memory")]
    // SAFETY: the table gives null for every pointer, or a call that is refused unseen.
    let result = unsafe { libc::syscall(number, first, second, third, rest[0], rest[1], rest[2]) };
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(result) }
}

fn ok(text: &str) -> Tried {
    Ok(text.to_owned())
}

pub(crate) fn open_file() -> Tried {
    fs::File::open(FILE)?;
    ok("opened")
}

pub(crate) fn open_on_thread() -> Tried {
    thread::spawn(open_file).join().expect("opening does not panic")
}

/// Where the tests run, since that folder can be written to.
pub(crate) fn create_file() -> Tried {
    let path = env!("CARGO_TARGET_TMPDIR").to_owned() + "/made-inside-the-walls";
    fs::File::create(path)?;
    ok("created")
}

pub(crate) fn read_folder() -> Tried {
    fs::read_dir("/")?;
    ok("read")
}

pub(crate) fn metadata() -> Tried {
    fs::metadata(FILE)?;
    ok("found")
}

pub(crate) fn follow_link() -> Tried {
    fs::read_link(LINK)?;
    ok("followed")
}

pub(crate) fn working_directory() -> Tried {
    env::current_dir()?;
    ok("found")
}

pub(crate) fn connect(port: u16) -> Tried {
    TcpStream::connect(("127.0.0.1", port))?;
    ok("connected")
}

pub(crate) fn listen() -> Tried {
    TcpListener::bind("127.0.0.1:0")?;
    ok("bound")
}

pub(crate) fn run_program() -> Tried {
    Ok(Command::new("/bin/true").status()?.to_string())
}

/// Signal 0 is looked at like any other, and not delivered.
pub(crate) fn signal_parent() -> Tried {
    let parent = this::getppid().expect("the parent lives");
    this::test_kill_process(parent)?;
    ok("signalled")
}

pub(crate) fn map_native_code() -> Tried {
    let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
    let [protection, flags] =
        [libc::PROT_READ | libc::PROT_EXEC, flags].map(|n| n.cast_unsigned() as usize);
    call(libc::SYS_mmap, [0, 4096, protection, flags, usize::MAX, 0])?;
    ok("mapped")
}

pub(crate) fn probe(port: u16) -> Tried {
    workroom_jail::probe();
    Ok(format!("{}, {}", open_file()?, connect(port)?))
}

pub(crate) fn probe_and_enter() -> Tried {
    let (probed, entered) = (workroom_jail::probe(), workroom_jail::enter());
    if probed == entered { ok("the same") } else { Ok(format!("{probed}, but then {entered}")) }
}

/// Raises the wall when a thread runs already: it stands only if that thread is held too.
pub(crate) fn landlock_among_threads() -> Tried {
    let probed = workroom_jail::probe().landlock;
    let raised = Arc::new(Barrier::new(2));
    let for_older = Arc::clone(&raised);
    let older = thread::spawn(move || {
        for_older.wait();
        open_file()
    });
    let wall = workroom_jail::enter_landlock();
    raised.wait();
    let is_held = older.join().expect("opening does not panic").is_err();
    let tells_why = wall.to_string().contains("2 threads run already");
    if wall.stands() == is_held && (is_held || tells_why || !probed.stands()) {
        ok("the truth")
    } else {
        Ok(format!("{wall}, while the thread is held: {is_held}"))
    }
}

/// A thread that was started before the walls opens a file after.
pub(crate) fn older_thread() -> Box<dyn FnOnce() -> Tried> {
    let started = Arc::new(Barrier::new(2));
    let raised = Arc::new(Barrier::new(2));
    let (for_started, for_raised) = (Arc::clone(&started), Arc::clone(&raised));
    let thread = thread::spawn(move || {
        for_started.wait();
        for_raised.wait();
        open_file()
    });
    started.wait();
    Box::new(move || {
        raised.wait();
        thread.join().expect("opening does not panic")
    })
}

pub(crate) fn new_privileges() -> Tried {
    ok(if no_new_privs()? { "none" } else { "possible" })
}

pub(crate) fn core_file() -> Tried {
    let limit = this::getrlimit(this::Resource::Core);
    Ok(format!("{:?} of {:?}", limit.current, limit.maximum))
}

pub(crate) fn dumpable() -> Tried {
    Ok(format!("{:?}", this::dumpable_behavior()?))
}

pub(crate) fn death_signal() -> Tried {
    Ok(this::parent_process_death_signal()?
        .map_or("none".to_owned(), |signal| format!("Signal({})", signal.as_raw())))
}

pub(crate) fn read_input() -> Tried {
    let mut text = String::new();
    io::stdin().read_to_string(&mut text)?;
    Ok(text)
}

pub(crate) fn socket_pair() -> Box<dyn FnOnce() -> Tried> {
    let (mut here, mut there) = UnixStream::pair().expect("a pair");
    Box::new(move || {
        let thread = thread::spawn(move || there.write_all(b"ping").map(|()| there));
        let mut bytes = [0; 4];
        here.read_exact(&mut bytes)?;
        let _open = thread.join().expect("writing does not panic")?;
        here.set_nonblocking(true)?;
        let second = match here.read(&mut bytes) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => "would block",
            _ => "there is more",
        };
        Ok(format!("{}, {second}", String::from_utf8_lossy(&bytes)))
    })
}

pub(crate) fn duplicate() -> Box<dyn FnOnce() -> Tried> {
    let (here, mut there) = UnixStream::pair().expect("a pair");
    Box::new(move || {
        let mut copy = here.try_clone()?;
        drop(here);
        there.write_all(b"ping")?;
        drop(there);
        let mut text = String::new();
        copy.read_to_string(&mut text)?;
        Ok(text)
    })
}

pub(crate) fn events() -> Tried {
    let poll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
    let source = eventfd(0, EventfdFlags::CLOEXEC)?;
    epoll::add(&poll, &source, epoll::EventData::new_u64(1), epoll::EventFlags::IN)?;
    let writer = source.try_clone()?;
    let thread = thread::spawn(move || rustix::io::write(&writer, &1_u64.to_ne_bytes()));
    let mut events = Vec::with_capacity(4);
    epoll::wait(&poll, rustix::buffer::spare_capacity(&mut events), None)?;
    thread.join().expect("writing does not panic")?;
    Ok(format!("{} event", events.len()))
}

pub(crate) fn start_thread() -> Tried {
    let thread = thread::Builder::new().name("inmate".to_owned()).spawn(|| {
        let thread = thread::current();
        format!("named {}", thread.name().unwrap_or_default())
    })?;
    Ok(thread.join().expect("it only reads its name"))
}

/// All alive at once, so that the allocator makes them arenas of their own.
pub(crate) fn many_threads() -> Tried {
    let together = Arc::new(Barrier::new(16));
    let threads: Vec<_> = (0..16)
        .map(|_| {
            let together = Arc::clone(&together);
            thread::spawn(move || {
                let blocks: Vec<_> = (0..1024).map(|_| vec![1_u8; 1024]).collect();
                together.wait();
                blocks.iter().map(Vec::len).sum::<usize>()
            })
        })
        .collect();
    let bytes: usize =
        threads.into_iter().map(|thread| thread.join().expect("it only allocates")).sum();
    Ok(format!("{} MiB", bytes >> 20))
}

pub(crate) fn allocate() -> Tried {
    let mut bytes = vec![1_u8; 32 << 20];
    bytes.resize(64 << 20, 1);
    Ok(bytes.iter().map(|&byte| u64::from(byte)).sum::<u64>().to_string())
}

/// A wait that nothing ends but the clock, and the call that sleeps.
pub(crate) fn wait() -> Tried {
    let (sender, receiver) = mpsc::channel::<()>();
    let waited = receiver.recv_timeout(Duration::from_millis(1));
    drop(sender);
    match (waited, call(libc::SYS_clock_nanosleep, [0; 6])) {
        (Err(mpsc::RecvTimeoutError::Timeout), Err(error)) if is_fault(&error) => ok("waited"),
        other => Ok(format!("{other:?}")),
    }
}

pub(crate) fn clocks() -> Tried {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_err(io::Error::other)?;
    for clock in [libc::CLOCK_THREAD_CPUTIME_ID, libc::CLOCK_PROCESS_CPUTIME_ID] {
        // Time of the processor is not answered without the kernel; where to write it is null.
        match call(libc::SYS_clock_gettime, clock_and_nowhere(clock)) {
            Err(error) if is_fault(&error) => {}
            other => return Ok(format!("{other:?}")),
        }
    }
    ok("read")
}

/// Whether the kernel did look at the arguments, and found null for an address.
fn is_fault(error: &io::Error) -> bool {
    error.raw_os_error() == Some(libc::EFAULT)
}

fn clock_and_nowhere(clock: c_int) -> [usize; 6] {
    [clock.cast_unsigned() as usize, 0, 0, 0, 0, 0]
}

/// Keys of hash maps are drawn once for each thread.
pub(crate) fn random() -> Tried {
    let thread = thread::spawn(|| RandomState::new().hash_one(1));
    thread.join().expect("it only hashes");
    let mut bytes = [0; 32];
    let got = rustix::rand::getrandom(&mut bytes, rustix::rand::GetRandomFlags::empty())?;
    Ok(format!("{got} bytes"))
}

pub(crate) fn processors() -> Tried {
    thread::available_parallelism()?;
    ok("some")
}

pub(crate) fn environment() -> Tried {
    ok(if env::var_os("PATH").is_none() && env::vars_os().count() == 0 { "nothing" } else { "it" })
}

pub(crate) fn unwind() -> Tried {
    let payload = panic::catch_unwind(|| panic!("boom")).expect_err("it panics");
    ok(payload.downcast_ref::<&str>().copied().unwrap_or("something else"))
}

pub(crate) fn backtrace() -> Tried {
    ok(if Backtrace::force_capture().to_string().is_empty() { "empty" } else { "taken" })
}

pub(crate) fn terminal() -> Tried {
    Ok(io::stderr().is_terminal().to_string())
}

pub(crate) fn stack_limit() -> Tried {
    this::getrlimit(this::Resource::Stack);
    ok("read")
}

pub(crate) fn abort() -> Tried {
    std::process::abort()
}

/// On a thread, whose stack for signals was made inside the walls.
pub(crate) fn overflow() -> Tried {
    thread::spawn(|| Ok(deeper(1).to_string())).join().expect("it does not panic")
}

#[allow(unconditional_recursion, reason = "it is there to end the stack")]
fn deeper(depth: u64) -> u64 {
    let here = std::hint::black_box([depth; 64]);
    deeper(depth + 1) + here[0]
}
