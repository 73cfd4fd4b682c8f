//! The thread that lets computing guests look at the clock.
//!
//! Wasmtime checks its epoch at loop heads and function entries; this thread advances it once
//! a millisecond, and each guest's callback then compares its own clocks (see [`crate::host`]).
//! While no guest computes the thread parks, so an idle process never wakes up.

use std::{
    sync::{
        Arc, Condvar, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use wasmtime::Engine;

/// How often computing guests look at the clock: the precision of every time limit.
pub(crate) const TICK: Duration = Duration::from_millis(1);

/// Ticks without a computing guest before the thread parks. Turns follow each other quickly while
/// calls are answered, and waking a parked thread costs more than a tick.
const IDLE_TICKS_MAX: u32 = 100;

/// Advances an engine's epoch while a guest computes.
pub(crate) struct Ticker {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Shared {
    /// Guests that compute now.
    computing: AtomicUsize,
    is_parked: AtomicBool,
    is_over: AtomicBool,
    lock: Mutex<()>,
    wake: Condvar,
}

/// Held while a guest computes.
pub(crate) struct Computing<'a>(&'a Shared);

impl Ticker {
    pub(crate) fn start(engine: Engine) -> std::io::Result<Self> {
        let shared = Arc::new(Shared::default());
        let for_thread = Arc::clone(&shared);
        let thread = thread::Builder::new()
            .name("sandbox-ticker".to_owned())
            .spawn(move || for_thread.run(&engine))?;
        Ok(Self { shared, thread: Some(thread) })
    }

    /// Ticks until the result is dropped.
    pub(crate) fn computing(&self) -> Computing<'_> {
        self.shared.computing.fetch_add(1, SeqCst);
        if self.shared.is_parked.load(SeqCst) {
            self.shared.notify();
        }
        Computing(&self.shared)
    }
}

impl Drop for Computing<'_> {
    fn drop(&mut self) {
        self.0.computing.fetch_sub(1, SeqCst);
    }
}

impl Drop for Ticker {
    fn drop(&mut self) {
        self.shared.is_over.store(true, SeqCst);
        self.shared.notify();
        if let Some(thread) = self.thread.take() {
            // A ticker that panicked has nothing left to tell.
            let _ = thread.join();
        }
    }
}

impl Shared {
    fn run(&self, engine: &Engine) {
        let mut idle = 0;
        while !self.is_over.load(SeqCst) {
            thread::sleep(TICK);
            engine.increment_epoch();
            idle = if self.computing.load(SeqCst) == 0 { idle + 1 } else { 0 };
            if idle == IDLE_TICKS_MAX {
                self.park();
                idle = 0;
            }
        }
    }

    fn park(&self) {
        let mut guard = self.lock.lock().unwrap_or_else(PoisonError::into_inner);
        self.is_parked.store(true, SeqCst);
        // Looked at after the flag was set: who computes from now on sees the flag and notifies.
        while self.computing.load(SeqCst) == 0 && !self.is_over.load(SeqCst) {
            guard = self.wake.wait(guard).unwrap_or_else(PoisonError::into_inner);
        }
        self.is_parked.store(false, SeqCst);
    }

    fn notify(&self) {
        // Under the lock, or the notice could fall between the thread's look and its wait.
        let _guard = self.lock.lock().unwrap_or_else(PoisonError::into_inner);
        self.wake.notify_all();
    }
}
