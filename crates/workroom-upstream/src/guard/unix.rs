//! The guard on Unix: three threads that report to one that decides.

use std::{
    ffi::OsString,
    fs::File,
    io::{self, Read, Write},
    os::{fd::AsFd, unix::process::CommandExt},
    process::{Child, Command, Stdio},
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{Receiver, RecvTimeoutError, Sender, channel},
    },
    thread,
    time::{Duration, Instant},
};

use rustix::{
    event::{PollFd, PollFlags, poll},
    io::Errno,
    process::{Pid, Signal, WaitOptions, kill_process_group, wait},
};
use signal_hook::{
    consts::{SIGHUP, SIGINT, SIGTERM},
    iterator::Signals,
};

use super::{GRACE, TERM_GRACE};

/// Bytes copied at once: what a pipe holds.
const COPY_BYTES: usize = 64 * 1024;

/// How often killing is repeated: a process can fork while it is looked for.
const KILL_INTERVAL: Duration = Duration::from_millis(20);

/// How long killing is repeated. What survives it hangs in the kernel and cannot be killed.
const KILL_PATIENCE: Duration = Duration::from_secs(2);

/// The server's standard input, until somebody closes it.
type Input = Arc<Mutex<Option<std::process::ChildStdin>>>;

enum Event {
    /// We are gone, or want the server to end.
    Stop,
    /// The server ended, with this exit code.
    Exited(u8),
    /// The last child ended.
    Empty,
}

pub(super) fn run(command: &OsString, args: &[OsString]) -> io::Result<u8> {
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::set_child_subreaper(Some(rustix::process::getpid())) {
        super::complain(&format!("processes that leave the server cannot be ended: {error}"));
    }
    // Before the server starts: a signal that comes early must not end the guard alone.
    let signals = Signals::new([SIGHUP, SIGINT, SIGTERM])?;
    let mut child =
        Command::new(command).args(args).stdin(Stdio::piped()).process_group(0).spawn()?;
    // The server's output ends when the server closes it, not when the guard does.
    rustix::stdio::dup2_stdout(File::options().write(true).open("/dev/null")?)?;
    let group = Pid::from_child(&child);
    let input: Input = Arc::new(Mutex::new(child.stdin.take()));
    let events = watch(child, signals, &input)?;
    Ok(Guarded { group, input, events, code: None, empty: false }.run())
}

/// Starts the threads that report.
fn watch(child: Child, mut signals: Signals, input: &Input) -> io::Result<Receiver<Event>> {
    let (sender, events) = channel();
    let ours = File::from(io::stdin().as_fd().try_clone_to_owned()?);
    let watched = ours.try_clone()?;
    let input = Arc::clone(input);
    let ended = sender.clone();
    thread::spawn(move || {
        copy(ours, &input);
        ended.send(Event::Stop).ok();
    });
    let ended = sender.clone();
    thread::spawn(move || {
        if wait_for_hangup(&watched) {
            ended.send(Event::Stop).ok();
        }
    });
    let told = sender.clone();
    thread::spawn(move || {
        for _ in signals.forever() {
            told.send(Event::Stop).ok();
        }
    });
    thread::spawn(move || reap(Pid::from_child(&child), &sender));
    Ok(events)
}

/// Copies until `ours` ends, then closes the server's input. A server that closes its input
/// itself is read for all the same: only so the end of `ours` is seen where it cannot be polled.
fn copy(mut ours: File, input: &Input) {
    let mut buffer = vec![0; COPY_BYTES];
    loop {
        match ours.read(&mut buffer) {
            Ok(0) => break,
            Ok(length) => {
                let mut input = input.lock().unwrap_or_else(PoisonError::into_inner);
                if let Some(pipe) = input.as_mut()
                    && pipe.write_all(&buffer[..length]).is_err()
                {
                    *input = None;
                }
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => break,
        }
    }
    *input.lock().unwrap_or_else(PoisonError::into_inner) = None;
}

/// True when nobody holds the other end of `ours` any more, even if bytes wait to be read.
fn wait_for_hangup(ours: &File) -> bool {
    loop {
        // With no event asked for, only an end or an error is reported.
        let mut polled = [PollFd::new(ours, PollFlags::empty())];
        match poll(&mut polled, None) {
            Ok(_) => return polled[0].revents().intersects(PollFlags::HUP | PollFlags::ERR),
            Err(Errno::INTR) => {}
            Err(_) => return false,
        }
    }
}

/// Waits for every child, adopted orphans too: none may stay a zombie while the server lives.
fn reap(server: Pid, events: &Sender<Event>) {
    loop {
        match wait(WaitOptions::empty()) {
            Ok(Some((pid, status))) if pid == server => {
                let code = match (status.exit_status(), status.terminating_signal()) {
                    (Some(code), _) => code,
                    (None, Some(signal)) => 128 + signal,
                    (None, None) => continue,
                };
                events.send(Event::Exited(u8::try_from(code).unwrap_or(u8::MAX))).ok();
            }
            Ok(_) | Err(Errno::INTR) => {}
            Err(_) => {
                events.send(Event::Empty).ok();
                return;
            }
        }
    }
}

struct Guarded {
    group: Pid,
    input: Input,
    events: Receiver<Event>,
    code: Option<u8>,
    empty: bool,
}

impl Guarded {
    /// From the server's start to the end of its last descendant.
    fn run(mut self) -> u8 {
        if let Ok(event) = self.events.recv()
            && !self.ended(&event)
        {
            self.close_input();
            if !self.ends_within(GRACE) {
                self.signal(Signal::TERM);
                self.ends_within(TERM_GRACE);
            }
        }
        self.kill();
        self.code.unwrap_or(u8::MAX)
    }

    /// Notes what happened; true when the server has ended.
    fn ended(&mut self, event: &Event) -> bool {
        match event {
            Event::Stop => {}
            Event::Exited(code) => self.code = Some(*code),
            Event::Empty => self.empty = true,
        }
        self.code.is_some() || self.empty
    }

    fn ends_within(&mut self, patience: Duration) -> bool {
        let deadline = Instant::now() + patience;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.events.recv_timeout(left) {
                Ok(event) if self.ended(&event) => return true,
                Ok(_) => {}
                Err(RecvTimeoutError::Timeout) => return false,
                Err(RecvTimeoutError::Disconnected) => return true,
            }
        }
    }

    /// The copier closes the input at the end of ours; a signal has to do it here. A copier that
    /// is stuck in a write holds the lock, and then closing would not be noticed either.
    fn close_input(&self) {
        if let Ok(mut input) = self.input.try_lock() {
            *input = None;
        }
    }

    fn signal(&self, signal: Signal) {
        // It fails when the group is gone, which is what is wanted.
        kill_process_group(self.group, signal).ok();
    }

    /// Kills until nothing is left.
    fn kill(&mut self) {
        let deadline = Instant::now() + KILL_PATIENCE;
        while !self.empty && Instant::now() < deadline {
            // A group that lost its leader keeps its number as long as it has members; without
            // members the number may be somebody else's by now, so this is for systems where
            // descendants cannot be found otherwise.
            if self.code.is_none() || !cfg!(target_os = "linux") {
                self.signal(Signal::KILL);
            }
            #[cfg(target_os = "linux")]
            super::descendants::kill();
            match self.events.recv_timeout(KILL_INTERVAL) {
                Ok(event) => _ = self.ended(&event),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }
}
