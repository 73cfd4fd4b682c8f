//! A worker's side: reads requests, computes, answers.
//!
//! Its threads take turns at reading. The one that has read a request lets the next one read and
//! does what was asked, so no request is handed from thread to thread; a thread is added when
//! nobody is left to read.

use std::{
    collections::HashMap,
    io::{self, BufReader, Read as _, Write as _},
    os::unix::net::UnixStream,
    process::ExitCode,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed, Ordering::SeqCst},
    },
    thread,
    time::Instant,
};

use workroom_engine::sandbox::{Interrupter, SandboxError, Turn};
use workroom_types::{Bound, Limits};

use super::protocol::{self, Reply, Request};
use crate::{QuickJs, QuickJsGuest, THREAD_STACK, guest::Cancel};

/// The most threads of one worker: one for each script that may compute, and one that reads.
fn threads_max() -> usize {
    let (_, turns) = Bound::Turns.range();
    usize::try_from(turns).unwrap_or(usize::MAX).saturating_add(1)
}

/// How long a worker looks for the next request after its last answer before it sleeps.
const WATCH_NANOS: u64 = 50_000;

struct Worker {
    quickjs: QuickJs,
    reader: Mutex<BufReader<UnixStream>>,
    writer: Mutex<UnixStream>,
    guests: Mutex<HashMap<u32, Arc<Slot>>>,
    /// Threads, and those of them that read or wait to read.
    threads: AtomicUsize,
    idle: AtomicUsize,
    /// When it began, and how many nanoseconds later it last answered.
    began: Instant,
    answered: AtomicU64,
}

/// A guest, and the turn it is in.
struct Slot {
    guest: Mutex<QuickJsGuest>,
    turns: Arc<crate::host::Turns>,
    /// The request that began the newest turn, and what cancels it.
    turn: Mutex<(u64, Option<Arc<dyn Interrupter>>)>,
}

/// Serves the gateway at the other end of `socket` until it hangs up.
///
/// To be called in a process of its own, by its first and only thread, with nothing open but the
/// socket: it walls this process in, for good.
pub fn serve(socket: UnixStream) -> ExitCode {
    let served = Worker::start(socket).and_then(|worker| Worker::read(&worker));
    match served {
        Ok(()) => ExitCode::SUCCESS,
        // The gateway sees the end of the stream and the exit code; there is nobody else to tell.
        Err(_) => ExitCode::FAILURE,
    }
}

impl Worker {
    fn start(socket: UnixStream) -> io::Result<Arc<Self>> {
        let mut reader = BufReader::with_capacity(1 << 16, socket.try_clone()?);
        let mut len = [0; 4];
        reader.read_exact(&mut len)?;
        let mut code = Vec::new();
        let len = u64::from(u32::from_le_bytes(len));
        reader.by_ref().take(len).read_to_end(&mut code)?;
        let image = QuickJs::from_compiled(&code).map_err(io::Error::other)?;
        drop(code);
        // Its first call looks for the kernel's own clock, in ways that no worker may.
        crate::clock::thread_time();
        let walls = workroom_jail::enter();
        let quickjs = image.start().map_err(io::Error::other)?;
        let worker = Arc::new(Self {
            quickjs,
            reader: Mutex::new(reader),
            writer: Mutex::new(socket),
            guests: Mutex::default(),
            threads: AtomicUsize::new(1),
            idle: AtomicUsize::new(0),
            began: Instant::now(),
            answered: AtomicU64::new(0),
        });
        let walls = serde_json::to_string(&walls).map_err(io::Error::other)?;
        worker.answer(0, &Reply::Hello(walls))?;
        Ok(worker)
    }

    /// What each thread does until the gateway hangs up.
    fn read(worker: &Arc<Self>) -> io::Result<()> {
        loop {
            worker.idle.fetch_add(1, SeqCst);
            let read = {
                let mut reader = lock(&worker.reader);
                worker.watch(&reader);
                let read = protocol::read(&mut *reader)?;
                read.map(|(number, bytes)| worker.understand(number, &bytes)).transpose()?
            };
            let readers_left = worker.idle.fetch_sub(1, SeqCst) - 1;
            let Some((number, request, ready)) = read else {
                // Other threads may still compute; nobody waits for them any more.
                end_process();
            };
            if readers_left == 0 && worker.threads.load(SeqCst) < threads_max() {
                Self::add_thread(worker)?;
            }
            match ready {
                Ok(()) => worker.serve(number, request)?,
                Err(error) => worker.answer(number, &Reply::Turn(Turn::failed(error), false))?,
            }
        }
    }

    /// Waits a moment for a request without sleeping: a script that makes one call after the other
    /// has its answers sooner than the kernel wakes a thread.
    fn watch(&self, reader: &BufReader<UnixStream>) {
        let now = || u64::try_from(self.began.elapsed().as_nanos()).unwrap_or(u64::MAX);
        let began = now();
        while reader.buffer().is_empty()
            && matches!(rustix::io::ioctl_fionread(reader.get_ref()), Ok(0))
            && now() < began.max(self.answered.load(Relaxed)).saturating_add(WATCH_NANOS)
        {
            thread::yield_now();
        }
    }

    fn add_thread(worker: &Arc<Self>) -> io::Result<()> {
        worker.threads.fetch_add(1, SeqCst);
        let of_thread = Arc::clone(worker);
        let work = move || {
            if Self::read(&of_thread).is_err() {
                end_process();
            }
        };
        thread::Builder::new().stack_size(THREAD_STACK).spawn(work)?;
        Ok(())
    }

    /// Reads a request, and notes a turn before anybody can read its cancellation. The last of
    /// what it gives says whether there is a guest for it, where a fresh one was asked for.
    fn understand(
        &self,
        number: u64,
        bytes: &[u8],
    ) -> io::Result<(u64, Request, Result<(), SandboxError>)> {
        let request = protocol::message(bytes)?;
        let ready = match &request {
            Request::Start(guest, Some(limits), ..) => self.open(*guest, limits, None),
            _ => Ok(()),
        };
        if let Request::Start(guest, ..) | Request::Resume(guest, ..) = &request
            && let Some(slot) = lock(&self.guests).get(guest)
        {
            *lock(&slot.turn) = (number, Some(Arc::new(Cancel::new(&slot.turns))));
        }
        Ok((number, request, ready))
    }

    fn serve(&self, number: u64, request: Request) -> io::Result<()> {
        let reply = match request {
            Request::Open(guest, limits, snapshot) => {
                Reply::Opened(self.open(guest, &limits, Some(&snapshot)))
            }
            Request::Start(guest, _, code, setup) => {
                self.turn(guest, |guest| guest.start(&code, setup.into()))
            }
            Request::Resume(guest, answers, clock) => {
                self.turn(guest, |guest| guest.resume(&answers, clock))
            }
            Request::Rejoin(guest, setup) => self.done(guest, |guest| guest.rejoin(setup.into())),
            Request::Abandon(guest) => self.done(guest, QuickJsGuest::abandon),
            Request::Keep(guest, names, with_snapshot) => Reply::Kept(
                self.with(guest, |guest| guest.keep(&names, with_snapshot))
                    .unwrap_or(Err(SandboxError::Dead)),
            ),
            Request::Cancel(guest, turn) => {
                self.cancel(guest, turn);
                return Ok(());
            }
            Request::Close(guest) => {
                lock(&self.guests).remove(&guest);
                return Ok(());
            }
            Request::Fault => {
                // Refused by every wall there is; without one, a socket that is dropped.
                drop(std::net::UdpSocket::bind("127.0.0.1:0"));
                return Ok(());
            }
        };
        self.answer(number, &reply)
    }

    fn open(
        &self,
        number: u32,
        limits: &Limits,
        snapshot: Option<&[u8]>,
    ) -> Result<(), SandboxError> {
        let guest = self.quickjs.open(limits, snapshot)?;
        let turns = Arc::clone(guest.turns());
        let slot = Slot { guest: Mutex::new(guest), turns, turn: Mutex::new((0, None)) };
        lock(&self.guests).insert(number, Arc::new(slot));
        Ok(())
    }

    fn with<T>(&self, guest: u32, work: impl FnOnce(&mut QuickJsGuest) -> T) -> Option<T> {
        let slot = lock(&self.guests).get(&guest).map(Arc::clone)?;
        let mut guest = lock(&slot.guest);
        Some(work(&mut guest))
    }

    fn turn(&self, guest: u32, work: impl FnOnce(&mut QuickJsGuest) -> Turn) -> Reply {
        let turn = self.with(guest, |guest| (work(guest), guest.is_alive()));
        let (turn, is_alive) = turn.unwrap_or((Turn::failed(SandboxError::Dead), false));
        Reply::Turn(turn, is_alive)
    }

    fn done(&self, guest: u32, work: impl FnOnce(&mut QuickJsGuest)) -> Reply {
        let done = self.with(guest, |guest| {
            work(guest);
            guest.is_alive()
        });
        Reply::Done(done.unwrap_or(false))
    }

    fn cancel(&self, guest: u32, turn: u64) {
        let Some(slot) = lock(&self.guests).get(&guest).map(Arc::clone) else { return };
        let current = lock(&slot.turn);
        if let (number, Some(cancel)) = &*current
            && *number == turn
        {
            cancel.interrupt();
        }
    }

    fn answer(&self, number: u64, reply: &Reply) -> io::Result<()> {
        let frame = protocol::frame(number, reply)?;
        let written = lock(&self.writer).write_all(&frame);
        let now = u64::try_from(self.began.elapsed().as_nanos()).unwrap_or(u64::MAX);
        self.answered.store(now, Relaxed);
        written
    }
}

#[allow(clippy::exit, reason = "the process is the worker, and its gateway is gone")]
fn end_process() -> ! {
    std::process::exit(0)
}

/// A thread that panicked held a lock only between two whole steps.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
