//! The host's side of one guest: what its imports do, and when it must stop.
//!
//! The four imports queue and report; none calls back into the guest. Every pointer and length
//! comes from the guest and is checked against its memory. What is kept for the guest is bounded
//! by the run's limits: calls in number and size, logs in size, memory by [`ResourceLimiter`].
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
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use wasmtime::{Caller, Engine, Linker, Memory, ResourceLimiter, StoreContextMut, UpdateDeadline};
use workroom_engine::sandbox::{GuestCall, LogLevel, LogLine, SandboxError};
use workroom_types::{Limit, Limits};

/// From the soft stop to the hard one: unwinding frees what the script held.
const GRACE: Duration = Duration::from_millis(200);
/// Ticks that the guest must have been given within [`GRACE`]: a guest that got no processor was
/// not slow to stop.
const GRACE_TICKS: u32 = 100;

/// Functions that the guest calls through its table; it has about 500, and adds none.
pub(crate) const TABLE_MAX: usize = 2_000;

/// How many random numbers are fetched from the operating system at once.
const RANDOM_BATCH: usize = 32;

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
    /// Why the run must end; the first reason stands.
    pub(crate) stop: Option<Stop>,
    stopped_at: Option<Instant>,
    ticks_since: u32,
    /// Computing time of the run's earlier turns.
    pub(crate) computed: Duration,
    /// When the current turn began.
    pub(crate) turn_began: Instant,
    /// Whether growth was refused since the run began.
    pub(crate) memory_refused: bool,
    memory_max: usize,
    /// Calls of this turn, and for each call that waits, its slot in the guest.
    pub(crate) calls: Vec<(GuestCall, u32)>,
    pub(crate) calls_made: u64,
    /// Never reused, so that a late answer cannot meet another run's call.
    next_call: u32,
    pub(crate) logs: Vec<LogLine>,
    pub(crate) output: usize,
    random: Vec<u64>,
}

impl State {
    pub(crate) fn new(limits: &Limits) -> Self {
        let now = Instant::now();
        Self {
            limits: *limits,
            deadline: now,
            turns: Arc::default(),
            memory: None,
            stop_flag: 0,
            stop: None,
            stopped_at: None,
            ticks_since: 0,
            computed: Duration::ZERO,
            turn_began: now,
            memory_refused: false,
            memory_max: limits.size(Limit::Memory),
            calls: Vec::new(),
            calls_made: 0,
            next_call: 0,
            logs: Vec::new(),
            output: 0,
            random: Vec::new(),
        }
    }

    /// Forgets the last run. The memory limit stays the one the guest was opened with.
    pub(crate) fn begin_run(&mut self, limits: &Limits, deadline: Instant) {
        self.limits = *limits;
        self.deadline = deadline;
        self.stop = None;
        self.computed = Duration::ZERO;
        self.memory_refused = false;
        self.calls.clear();
        self.calls_made = 0;
        self.logs.clear();
        self.output = 0;
    }

    pub(crate) fn begin_turn(&mut self) {
        self.turns.begin();
        self.stopped_at = None;
        self.ticks_since = 0;
        self.turn_began = Instant::now();
    }

    pub(crate) fn end_turn(&mut self) {
        self.turns.end();
        self.computed += self.turn_began.elapsed();
    }

    /// Whether the run has gone past one of its clocks, or was cancelled.
    fn overdue(&self, now: Instant) -> Option<Stop> {
        let computed = self.computed + now.duration_since(self.turn_began);
        if self.turns.is_cancelled() {
            Some(Stop::Cancelled)
        } else if now >= self.deadline {
            Some(Stop::Limit(Limit::Wall))
        } else if computed >= Duration::from_millis(self.limits.base(Limit::Cpu)) {
            Some(Stop::Limit(Limit::Cpu))
        } else {
            None
        }
    }

    /// The callback of the epoch.
    pub(crate) fn on_tick(
        mut context: StoreContextMut<'_, State>,
    ) -> wasmtime::Result<UpdateDeadline> {
        let now = Instant::now();
        let state = context.data_mut();
        if let Some(stopped_at) = state.stopped_at {
            state.ticks_since += 1;
            if state.ticks_since >= GRACE_TICKS && now.duration_since(stopped_at) >= GRACE {
                wasmtime::bail!("the guest did not stop");
            }
        } else if let Some(stop) = state.stop.or_else(|| state.overdue(now)) {
            state.stop = Some(stop);
            state.stopped_at = Some(now);
            let (memory, flag) = (state.memory, state.stop_flag as usize);
            if let Some(memory) = memory {
                memory.write(&mut context, flag, &1_i32.to_le_bytes())?;
            }
        }
        Ok(UpdateDeadline::Continue(1))
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
        self.output = self.output.saturating_add(bytes);
        if self.output > self.limits.size(Limit::Output) {
            return Err(Stop::Limit(Limit::Output));
        }
        Ok(())
    }

    fn random(&mut self) -> wasmtime::Result<u64> {
        if self.random.is_empty() {
            let mut bytes = [0; RANDOM_BATCH * size_of::<u64>()];
            getrandom::fill(&mut bytes).map_err(|error| {
                wasmtime::format_err!("the operating system gave no randomness: {error}")
            })?;
            let (words, _) = bytes.as_chunks();
            self.random.extend(words.iter().map(|word| u64::from_le_bytes(*word)));
        }
        Ok(self.random.pop().expect("just filled"))
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
    linker
        .func_wrap("host", "random", |mut caller: Caller<'_, State>| caller.data_mut().random())?;
    linker.func_wrap("host", "log", log)?;
    linker.func_wrap("host", "call", call)?;
    Ok(linker)
}

/// Microseconds since 1970, in whole milliseconds: a finer clock would serve timing attacks.
fn now_us() -> f64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let millis = u64::try_from(since.as_millis()).unwrap_or_default();
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
        _ => LogLevel::Error,
    };
    // The line feed that ends it counts too, or empty lines would be free.
    caller.data_mut().add_output((text.1 as usize).saturating_add(1))?;
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
    if state.calls_made >= state.limits.base(Limit::Calls) {
        return Err(Stop::Limit(Limit::Calls));
    }
    let argument_max = state.limits.size(Limit::Argument);
    if texts.iter().any(|(_, len)| *len as usize > argument_max) {
        return Err(Stop::Limit(Limit::Argument));
    }
    let id = state.next_call;
    state.next_call = id.checked_add(1).ok_or(Stop::Fault("the session made too many calls"))?;
    state.calls_made += 1;
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
