//! The host's side of one guest: what its imports do, and when it must stop.
//!
//! The imports queue and report; none calls back into the guest. Every pointer and length comes
//! from the guest and is checked against its memory. What is kept for the guest is bounded by the
//! run's limits: calls and timers in number and size, logs in size, memory by
//! [`ResourceLimiter`].
//!
//! # Two stages
//!
//! [`State::on_tick`] runs once a millisecond while the guest computes. Past a limit it sets the
//! guest's stop flag: QuickJS unwinds the script and the guest lives on. A guest that has not
//! stopped [`GRACE`] later is in code that never looks at the flag: it is trapped, and is dead.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::SeqCst},
    },
    time::{Duration, Instant},
};

use rand_chacha::{
    ChaCha12Rng,
    rand_core::{Rng as _, SeedableRng as _},
};
use serde::{Deserialize, Serialize};
use wasmtime::{Caller, Engine, Linker, Memory, ResourceLimiter, StoreContextMut, UpdateDeadline};
use workroom_engine::sandbox::{GuestCall, GuestTimer, LogLevel, LogLine, SandboxError, Setup};
use workroom_types::{Limit, Limits};

use crate::clock::{self, GuestClock};

/// From the soft stop to the hard one: unwinding frees what the script held.
const GRACE: Duration = Duration::from_millis(200);
/// Ticks that the guest must have been given within [`GRACE`]: a guest that got no processor was
/// not slow to stop.
const GRACE_TICKS: u32 = 100;

/// The same for a run that nobody waits for any more: it is over within a tenth of a second.
const CANCEL_GRACE: Duration = Duration::from_millis(60);
const CANCEL_GRACE_TICKS: u32 = 30;

/// How long looking at a session's variables may take: it is a look at each.
const SURVEY_TIME: Duration = Duration::from_secs(1);

/// Functions that the guest calls through its table; it has about 500, and adds none.
pub(crate) const TABLE_MAX: usize = 2_000;

/// Why a run was stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stop {
    Limit(Limit),
    Cancelled,
    /// The guest broke the protocol.
    Fault(&'static str),
}

/// The turns of one guest, as other threads see them.
#[derive(Debug, Default)]
pub(crate) struct Turns {
    /// Even between two turns, odd in one.
    count: AtomicU64,
    /// The `count` of the turn that is to end.
    cancelled: AtomicU64,
}

impl Turns {
    pub(crate) fn count(&self) -> u64 {
        self.count.load(SeqCst)
    }

    fn begin(&self) {
        self.count.fetch_add(1, SeqCst);
    }

    fn end(&self) {
        self.count.fetch_add(1, SeqCst);
    }

    fn is_cancelled(&self) -> bool {
        self.cancelled.load(SeqCst) == self.count()
    }

    /// Cancels the turn that computes; between two turns, the next one if none has begun since
    /// `seen`. Who asks early, before the guest's thread has started, is not forgotten, and who
    /// asks late does not hit a turn it knows nothing of.
    pub(crate) fn cancel(&self, seen: u64) {
        let count = self.count();
        if count % 2 == 1 {
            self.cancelled.store(count, SeqCst);
        } else if count == seen {
            self.cancelled.store(count + 1, SeqCst);
        }
    }
}

/// What a store holds for its guest.
pub(crate) struct State {
    pub(crate) limits: Limits,
    pub(crate) deadline: Instant,
    pub(crate) turns: Arc<Turns>,
    /// Set once the guest is made.
    pub(crate) memory: Option<Memory>,
    pub(crate) stop_flag: u32,
    pub(crate) regex_runs: u32,
    /// Why the run must end; the first reason stands.
    pub(crate) stop: Option<Stop>,
    stopped_at: Option<Instant>,
    ticks_since: u32,
    /// The match under way and when it was first seen, on this thread's own clock.
    matching: Option<(u32, Duration)>,
    /// When the current turn began, on this thread's own clock.
    turn_began: Duration,
    /// Whether growth was refused since the run began.
    pub(crate) memory_refused: bool,
    pub(crate) memory_max: usize,
    /// Calls of this turn, and for each, its slot in the guest.
    pub(crate) calls: Vec<(GuestCall, u32)>,
    /// Timers of this turn, likewise.
    pub(crate) timers: Vec<(GuestTimer, u32)>,
    pub(crate) logs: Vec<LogLine>,
    pub(crate) clock: GuestClock,
    /// What goes on from turn to turn, and into snapshots.
    pub(crate) counts: Counts,
    random: ChaCha12Rng,
}

/// What the host counts of a run, and hands from turn to turn.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Counts {
    pub(crate) calls: u64,
    pub(crate) timers: u64,
    /// Calls and timers without an answer.
    pub(crate) pending: u64,
    /// Never reused, so that a late answer cannot meet another run's call.
    pub(crate) next_id: u32,
    /// Bytes logged and returned.
    pub(crate) output: usize,
    /// Bytes of what was shown.
    pub(crate) shown: usize,
    /// Computing time of the run's earlier turns.
    pub(crate) computed: Duration,
}

/// The run's random numbers: where they come from, and how far they were used.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Randomness {
    pub(crate) seed: [u8; 32],
    pub(crate) position: u128,
}

impl State {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            limits: *limits,
            deadline: Instant::now(),
            turns: Arc::default(),
            memory: None,
            stop_flag: 0,
            regex_runs: 0,
            stop: None,
            stopped_at: None,
            ticks_since: 0,
            matching: None,
            turn_began: Duration::ZERO,
            memory_refused: false,
            memory_max: limits.size(Limit::Memory),
            calls: Vec::new(),
            timers: Vec::new(),
            logs: Vec::new(),
            clock: GuestClock::default(),
            counts: Counts::default(),
            random: ChaCha12Rng::from_seed([0; 32]),
        }
    }

    /// Forgets the last run. The memory limit stays the one the guest was opened with.
    pub(crate) fn begin_run(&mut self, setup: Setup) {
        let next_id = self.counts.next_id;
        self.counts = Counts { next_id, ..Counts::default() };
        self.random = ChaCha12Rng::from_seed(setup.seed);
        self.rejoin_run(setup);
    }

    /// Takes up a run where a snapshot has left it.
    pub(crate) fn rejoin_run(&mut self, setup: Setup) {
        self.limits = setup.limits;
        self.deadline = setup.deadline;
        self.stop = None;
        self.memory_refused = false;
        self.calls.clear();
        self.timers.clear();
        self.logs.clear();
        self.clock.begin(setup.clock);
    }

    /// Gives a survey of variables its own time: the run's may be used up.
    pub(crate) fn allow_survey(&mut self) {
        self.stop = None;
        self.counts.computed = Duration::ZERO;
        self.deadline = Instant::now() + SURVEY_TIME;
        self.clock.begin(Vec::new());
    }

    pub(crate) fn randomness(&self) -> Randomness {
        Randomness { seed: self.random.get_seed(), position: self.random.get_word_pos() }
    }

    pub(crate) fn set_randomness(&mut self, randomness: &Randomness) {
        self.random = ChaCha12Rng::from_seed(randomness.seed);
        self.random.set_word_pos(randomness.position);
    }

    pub(crate) fn begin_turn(&mut self) {
        self.turns.begin();
        self.stopped_at = None;
        self.ticks_since = 0;
        self.matching = None;
        self.turn_began = clock::thread_time();
    }

    pub(crate) fn end_turn(&mut self) {
        self.turns.end();
        let in_turn = clock::thread_time().saturating_sub(self.turn_began);
        // What a snapshot says was computed may be any time.
        self.counts.computed = self.counts.computed.saturating_add(in_turn);
    }

    /// Whether the run has gone past one of its clocks, or was cancelled.
    fn overdue(&self, now: Instant) -> Option<Stop> {
        // Time that other threads had the processor is not the script's.
        let time = clock::thread_time();
        let computed = self.counts.computed.saturating_add(time.saturating_sub(self.turn_began));
        let regex_max = Duration::from_millis(self.limits.base(Limit::Regex));
        if self.turns.is_cancelled() {
            Some(Stop::Cancelled)
        } else if now >= self.deadline {
            Some(Stop::Limit(Limit::Wall))
        } else if computed >= Duration::from_millis(self.limits.base(Limit::Cpu)) {
            Some(Stop::Limit(Limit::Cpu))
        } else if self.matching.is_some_and(|(_, since)| time.saturating_sub(since) >= regex_max) {
            Some(Stop::Limit(Limit::Regex))
        } else {
            None
        }
    }

    /// The callback of the epoch.
    pub(crate) fn on_tick(
        mut context: StoreContextMut<'_, State>,
    ) -> wasmtime::Result<UpdateDeadline> {
        let now = Instant::now();
        Self::watch_regex(&mut context);
        let state = context.data_mut();
        let is_stopping = if let Some(stopped_at) = state.stopped_at {
            state.ticks_since += 1;
            let (grace, ticks) = match state.stop {
                Some(Stop::Cancelled) => (CANCEL_GRACE, CANCEL_GRACE_TICKS),
                _ => (GRACE, GRACE_TICKS),
            };
            if state.ticks_since >= ticks && now.duration_since(stopped_at) >= grace {
                wasmtime::bail!("the guest did not stop");
            }
            true
        } else if let Some(stop) = state.stop.or_else(|| state.overdue(now)) {
            state.stop = Some(stop);
            state.stopped_at = Some(now);
            true
        } else {
            false
        };
        // Each time: a guest that is about to begin clears the flag first.
        if is_stopping && let Some(memory) = state.memory {
            let flag = state.stop_flag as usize;
            memory.write(&mut context, flag, &1_i32.to_le_bytes())?;
        }
        Ok(UpdateDeadline::Continue(1))
    }

    /// Notes since when the guest is in the same match of a regular expression: its counter is
    /// odd in one.
    fn watch_regex(context: &mut StoreContextMut<'_, State>) {
        let Some(memory) = context.data().memory else { return };
        let mut word = [0; 4];
        let at = context.data().regex_runs as usize;
        if memory.read(&*context, at, &mut word).is_err() {
            return;
        }
        let count = u32::from_le_bytes(word);
        let state = context.data_mut();
        state.matching = match state.matching {
            _ if count % 2 == 0 => None,
            Some((seen, since)) if seen == count => Some((seen, since)),
            _ => Some((count, clock::thread_time())),
        };
    }

    /// What ended the run, as its error.
    pub(crate) fn stop_error(&self) -> SandboxError {
        match self.stop {
            Some(Stop::Limit(limit)) => self.limits.exceeded(limit).into(),
            Some(Stop::Cancelled) => SandboxError::Cancelled,
            Some(Stop::Fault(what)) => SandboxError::Internal(what.to_owned()),
            None => SandboxError::Internal("the guest stopped for no reason".to_owned()),
        }
    }

    /// Counts output; past the limit the run is to stop.
    pub(crate) fn add_output(&mut self, bytes: usize) -> Result<(), Stop> {
        self.counts.output = self.counts.output.saturating_add(bytes);
        if self.counts.output > self.limits.size(Limit::Output) {
            return Err(Stop::Limit(Limit::Output));
        }
        Ok(())
    }

    /// Counts what is shown beside the output.
    fn add_shown(&mut self, bytes: usize) -> Result<(), Stop> {
        self.counts.shown = self.counts.shown.saturating_add(bytes);
        if self.counts.shown > self.limits.size(Limit::Shown) {
            return Err(Stop::Limit(Limit::Shown));
        }
        Ok(())
    }

    /// An id for what the guest is about to wait for, if it may wait for one thing more.
    fn wait(&mut self) -> Result<u32, Stop> {
        if self.counts.pending >= self.limits.base(Limit::Pending) {
            return Err(Stop::Limit(Limit::Pending));
        }
        let id = self.counts.next_id;
        self.counts.next_id =
            id.checked_add(1).ok_or(Stop::Fault("the session made too many calls"))?;
        self.counts.pending += 1;
        Ok(id)
    }
}

impl ResourceLimiter for State {
    fn memory_growing(
        &mut self,
        _current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let allowed = desired <= self.memory_max && maximum.is_none_or(|max| desired <= max);
        self.memory_refused |= !allowed;
        Ok(allowed)
    }

    fn table_growing(
        &mut self,
        _current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        Ok(desired <= TABLE_MAX)
    }
}

/// A guest's imports: all that it can reach outside of its memory.
pub(crate) fn linker(engine: &Engine) -> wasmtime::Result<Linker<State>> {
    let mut linker = Linker::new(engine);
    linker.func_wrap("env", "__rquickjs_host_now_us", now_us)?;
    linker.func_wrap("host", "random", |mut caller: Caller<'_, State>| {
        caller.data_mut().random.next_u64()
    })?;
    linker.func_wrap("host", "timer", timer)?;
    linker.func_wrap("host", "log", log)?;
    linker.func_wrap("host", "call", call)?;
    Ok(linker)
}

/// Microseconds since 1970, in whole milliseconds: a finer clock would serve timing attacks.
fn now_us(mut caller: Caller<'_, State>) -> f64 {
    let millis = caller.data_mut().clock.read();
    #[allow(clippy::cast_precision_loss, reason = "exact until the year 2255")]
    let micros = (millis * 1_000) as f64;
    micros
}

/// `0`, or `1` for the guest to stop.
fn status(caller: &mut Caller<'_, State>, result: Result<(), Stop>) -> i32 {
    match result {
        Ok(()) => 0,
        Err(stop) => {
            caller.data_mut().stop.get_or_insert(stop);
            1
        }
    }
}

fn log(mut caller: Caller<'_, State>, level: i32, text: u32, len: u32) -> i32 {
    let result = add_log(&mut caller, level, (text, len));
    status(&mut caller, result)
}

fn add_log(caller: &mut Caller<'_, State>, level: i32, text: (u32, u32)) -> Result<(), Stop> {
    let level = match level {
        0 => LogLevel::Debug,
        1 => LogLevel::Log,
        2 => LogLevel::Info,
        3 => LogLevel::Warn,
        5 => LogLevel::Show,
        _ => LogLevel::Error,
    };
    // The line feed that ends it counts too, or empty lines would be free.
    let len = (text.1 as usize).saturating_add(1);
    if level == LogLevel::Show {
        caller.data_mut().add_shown(len)?;
    } else {
        caller.data_mut().add_output(len)?;
    }
    let text = read(caller, text)?;
    caller.data_mut().logs.push(LogLine { level, text });
    Ok(())
}

#[allow(clippy::too_many_arguments, reason = "three texts, each a pointer and a length")]
fn call(
    mut caller: Caller<'_, State>,
    slot: u32,
    module: u32,
    module_len: u32,
    function: u32,
    function_len: u32,
    arguments: u32,
    arguments_len: u32,
) -> i32 {
    let texts = [(module, module_len), (function, function_len), (arguments, arguments_len)];
    let result = add_call(&mut caller, slot, texts);
    status(&mut caller, result)
}

fn add_call(caller: &mut Caller<'_, State>, slot: u32, texts: [(u32, u32); 3]) -> Result<(), Stop> {
    let state = caller.data_mut();
    if state.counts.calls >= state.limits.base(Limit::Calls) {
        return Err(Stop::Limit(Limit::Calls));
    }
    let argument_max = state.limits.size(Limit::Argument);
    if texts.iter().any(|(_, len)| *len as usize > argument_max) {
        return Err(Stop::Limit(Limit::Argument));
    }
    let id = state.wait()?;
    state.counts.calls += 1;
    let [module, function, arguments] = texts;
    let call = GuestCall {
        id,
        module: read(caller, module)?,
        function: read(caller, function)?,
        arguments: crate::report::well_formed(read(caller, arguments)?),
    };
    caller.data_mut().calls.push((call, slot));
    Ok(())
}

fn timer(mut caller: Caller<'_, State>, slot: u32, millis: f64) -> i32 {
    let result = add_timer(caller.data_mut(), slot, millis);
    status(&mut caller, result)
}

fn add_timer(state: &mut State, slot: u32, millis: f64) -> Result<(), Stop> {
    if state.counts.timers >= state.limits.base(Limit::Timers) {
        return Err(Stop::Limit(Limit::Timers));
    }
    let id = state.wait()?;
    state.counts.timers += 1;
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a conversion to an integer saturates, and NaN is 0"
    )]
    let millis = millis.ceil() as u32;
    state.timers.push((GuestTimer { id, millis }, slot));
    Ok(())
}

/// Text that the guest points at. Lone surrogates become U+FFFD.
fn read(caller: &mut Caller<'_, State>, (at, len): (u32, u32)) -> Result<String, Stop> {
    let memory = caller.data().memory.ok_or(Stop::Fault("the guest has no memory"))?;
    let bytes = slice(memory.data(&*caller), at, len)
        .ok_or(Stop::Fault("the guest gave a pointer outside of its memory"))?;
    Ok(String::from_utf8_lossy(bytes).into_owned())
}

/// `len` bytes at `at`, if they are within `memory`.
pub(crate) fn slice(memory: &[u8], at: u32, len: u32) -> Option<&[u8]> {
    memory.get(at as usize..)?.get(..len as usize)
}
