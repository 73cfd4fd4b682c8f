//! One guest: its turns, and how each turn's end becomes an answer to the engine.

use std::{collections::HashMap, fmt, mem, sync::Arc};

use serde::Serialize;
use serde_json::value::RawValue;
use wasmtime::{Instance, Memory, Store, Trap, TypedFunc, WasmParams, WasmResults};
use workroom_engine::sandbox::{
    Answer, AnswerError, ClockRead, Code, Interrupter, Kept, SandboxError, Setup, Turn, TurnState,
    Variable,
};
use workroom_types::{Limit, Limits};

use crate::{
    Shared,
    host::{self, State, Turns},
    internal, on_large_stack, report,
    snapshot::{self, Head, Snapshot},
};

/// What the guest's functions return: `enum status` of `shim.c`.
mod status {
    pub(super) const DONE: i32 = 0;
    pub(super) const WAITING: i32 = 1;
    pub(super) const THREW: i32 = 2;
    pub(super) const INTERRUPTED: i32 = 3;
    pub(super) const DEADLOCK: i32 = 4;
}

/// The longest JSON about variables that is read, in bytes.
const SURVEY_MAX: usize = 1 << 20;

/// A session's QuickJS. Its methods compute on the calling thread; [`crate::InProcess`] and the
/// workers move them where that is allowed.
pub struct QuickJsGuest {
    shared: Arc<Shared>,
    store: Store<State>,
    memory: Memory,
    exports: Exports,
    /// The guest's slot of each call and timer that waits.
    waiting: HashMap<u32, u32>,
    is_alive: bool,
}

impl fmt::Debug for QuickJsGuest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("QuickJsGuest").field("is_alive", &self.is_alive).finish_non_exhaustive()
    }
}

/// What the guest offers; see `shim.c`.
struct Exports {
    alloc: TypedFunc<u32, u32>,
    start: TypedFunc<(u32, u32, u32, u32, i32), i32>,
    resume: TypedFunc<(u32, u32), i32>,
    survey: TypedFunc<(u32, u32), i32>,
    reset: TypedFunc<(), ()>,
    /// Where the guest puts the outcome of a run.
    outcome: u32,
}

/// How a step of the guest failed.
enum Fault {
    Trap(wasmtime::Error),
    /// The guest has no memory for what it is given.
    NoMemory,
}

impl From<wasmtime::Error> for Fault {
    fn from(error: wasmtime::Error) -> Self {
        Fault::Trap(error)
    }
}

impl QuickJsGuest {
    pub(crate) fn open(shared: Arc<Shared>, limits: &Limits) -> Result<Self, SandboxError> {
        let mut store = Store::new(shared.image.module().engine(), State::new(limits));
        store.limiter(|state| state);
        store.epoch_deadline_callback(State::on_tick);
        store.set_epoch_deadline(1);
        Self::instantiate(shared, store).map_err(|error| internal(&error))
    }

    /// The guest that `snapshot` was taken of.
    pub(crate) fn restore(
        shared: Arc<Shared>,
        limits: &Limits,
        snapshot: &[u8],
    ) -> Result<Self, SandboxError> {
        let guest_hash = shared.guest_hash;
        let snapshot = Snapshot::open(snapshot, guest_hash, limits.size(Limit::Memory))?;
        Self::from_snapshot(shared, limits, snapshot)
    }

    pub(crate) fn from_snapshot(
        shared: Arc<Shared>,
        limits: &Limits,
        snapshot: Snapshot<'_>,
    ) -> Result<Self, SandboxError> {
        let mut guest = Self::open(shared, limits)?;
        snapshot.write(&mut guest.store, guest.memory)?;
        guest.waiting = snapshot.head.waiting.iter().copied().collect();
        let state = guest.store.data_mut();
        state.set_randomness(&snapshot.head.random);
        state.counts = snapshot.head.counts;
        Ok(guest)
    }

    fn instantiate(shared: Arc<Shared>, mut store: Store<State>) -> wasmtime::Result<Self> {
        let instance = shared.image.instantiate(&mut store)?;
        let memory = instance
            .get_memory(&mut store, "memory")
            .ok_or_else(|| wasmtime::format_err!("the guest has no memory"))?;
        let outcome = address(&instance, &mut store, "outcome")?;
        let stop_flag = address(&instance, &mut store, "stop_requested")?;
        let regex_runs = address(&instance, &mut store, "regex_runs")?;
        let state = store.data_mut();
        state.memory = Some(memory);
        state.stop_flag = stop_flag;
        state.regex_runs = regex_runs;
        let exports = Exports {
            alloc: function(&instance, &mut store, "alloc")?,
            start: function(&instance, &mut store, "start")?,
            resume: function(&instance, &mut store, "resume")?,
            survey: function(&instance, &mut store, "survey")?,
            reset: function(&instance, &mut store, "reset")?,
            outcome,
        };
        Ok(Self { shared, store, memory, exports, waiting: HashMap::new(), is_alive: true })
    }

    /// Evaluates code; see [`workroom_engine::Guest::start`].
    pub fn start(&mut self, code: &Code, setup: Setup) -> Turn {
        self.waiting.clear();
        self.store.data_mut().begin_run(setup);
        self.turn(|guest| guest.begin(&code.file, &code.text))
    }

    /// Hands in answers; see [`workroom_engine::Guest::resume`].
    pub fn resume(&mut self, answers: &[Answer], clock: Vec<ClockRead>) -> Turn {
        self.store.data_mut().clock.begin(clock);
        self.turn(|guest| guest.hand_in(answers))
    }

    /// Takes up a run; see [`workroom_engine::Guest::rejoin`].
    pub fn rejoin(&mut self, setup: Setup) {
        self.store.data_mut().rejoin_run(setup);
    }

    /// Gives up the run; see [`workroom_engine::Guest::abandon`].
    pub fn abandon(&mut self) {
        self.waiting.clear();
        if !self.is_alive {
            return;
        }
        let state = self.store.data_mut();
        state.calls.clear();
        state.timers.clear();
        let reset = self.compute(|guest| guest.exports.reset.call(&mut guest.store, ()));
        if reset.is_err() {
            self.is_alive = false;
        }
    }

    /// Looks at variables and takes a snapshot; see [`workroom_engine::Guest::keep`].
    ///
    /// # Errors
    ///
    /// [`SandboxError::Dead`], and [`SandboxError::Internal`] for a fault of ours.
    pub fn keep(&mut self, names: &[String], with_snapshot: bool) -> Result<Kept, SandboxError> {
        if !self.is_alive {
            return Err(SandboxError::Dead);
        }
        let variables = if names.is_empty() { Vec::new() } else { self.survey(names)? };
        let mut kept = Kept { variables, ..Kept::default() };
        let base = self.shared.base()?;
        let memory = self.memory.data(&self.store);
        let changed = snapshot::changed(memory, base);
        kept.own_bytes = (changed.len() * snapshot::PAGE) as u64;
        if with_snapshot {
            let mut waiting: Vec<(u32, u32)> = self.waiting.iter().map(|(a, b)| (*a, *b)).collect();
            waiting.sort_unstable();
            let state = self.store.data();
            let head = Head {
                guest: self.shared.guest_hash,
                waiting,
                counts: state.counts.clone(),
                random: state.randomness(),
                ..Head::default()
            };
            kept.snapshot = Some(snapshot::encode(head, memory, base, &changed)?);
        }
        Ok(kept)
    }

    /// Stops the guest from another thread; see [`workroom_engine::Guest::interrupter`].
    pub fn interrupter(&self) -> Arc<dyn Interrupter> {
        Arc::new(Cancel::new(&self.store.data().turns))
    }

    pub(crate) fn turns(&self) -> &Arc<Turns> {
        &self.store.data().turns
    }

    /// Whether the guest can run again.
    pub fn is_alive(&self) -> bool {
        self.is_alive
    }

    /// The size of the guest's linear memory, in bytes.
    pub fn memory_bytes(&self) -> usize {
        self.memory.data_size(&self.store)
    }

    pub(crate) fn memory(&self) -> &[u8] {
        self.memory.data(&self.store)
    }

    pub(crate) fn memory_mut(&mut self) -> &mut [u8] {
        self.memory.data_mut(&mut self.store)
    }

    /// What the guest says of its variables. What it says is not trusted: it is about itself.
    fn survey(&mut self, names: &[String]) -> Result<Vec<Variable>, SandboxError> {
        let asked = serde_json::to_string(names).map_err(|e| invalid(&e.to_string()))?;
        let limits = self.store.data().limits;
        self.store.data_mut().allow_survey();
        let status = self.compute(|guest| {
            let (at, len) = guest.put(asked.as_bytes())?;
            Ok(guest.exports.survey.call(&mut guest.store, (at, len))?)
        });
        self.store.data_mut().limits = limits;
        match status {
            Ok(status::DONE) => {}
            Ok(_) => {
                self.abandon();
                return Ok(Vec::new());
            }
            Err(Fault::NoMemory) => return Ok(Vec::new()),
            Err(Fault::Trap(error)) => return Err(self.killed(&error)),
        }
        let text = self.outcome()?.filter(|text| text.len() <= SURVEY_MAX).unwrap_or_default();
        let found: Vec<Variable> = serde_json::from_str(&text).unwrap_or_default();
        Ok(found.into_iter().filter(|variable| names.contains(&variable.name)).collect())
    }

    /// One turn: `step`, and what its status says.
    fn turn(&mut self, step: impl FnOnce(&mut Self) -> Result<i32, Fault>) -> Turn {
        if !self.is_alive {
            return Turn::failed(SandboxError::Dead);
        }
        let ended = self.compute(step);
        let state = self.ended(ended);
        let host = self.store.data_mut();
        let logs = mem::take(&mut host.logs);
        let clock = host.clock.take();
        let (calls, timers) = match &state {
            Ok(_) => (mem::take(&mut host.calls), mem::take(&mut host.timers)),
            Err(_) => (Vec::new(), Vec::new()),
        };
        self.waiting.extend(calls.iter().map(|(call, slot)| (call.id, *slot)));
        self.waiting.extend(timers.iter().map(|(timer, slot)| (timer.id, *slot)));
        Turn {
            logs,
            calls: calls.into_iter().map(|(call, _)| call).collect(),
            timers: timers.into_iter().map(|(timer, _)| timer).collect(),
            clock,
            state,
        }
    }

    fn ended(&mut self, ended: Result<i32, Fault>) -> Result<TurnState, SandboxError> {
        match ended {
            Ok(status::WAITING) => Ok(TurnState::Waiting),
            Ok(status::DONE) => Ok(TurnState::Done(self.value()?)),
            Ok(status::THREW) => self.exception(),
            Ok(status::INTERRUPTED) => {
                let error = self.store.data().stop_error();
                self.abandon();
                Err(error)
            }
            Ok(status::DEADLOCK) => {
                self.abandon();
                Err(SandboxError::Deadlock)
            }
            Ok(other) => {
                self.is_alive = false;
                Err(invalid(&format!("the guest returned the unknown status {other}")))
            }
            Err(Fault::NoMemory) => {
                self.abandon();
                Err(self.exceeded(Limit::Memory))
            }
            Err(Fault::Trap(error)) => Err(self.killed(&error)),
        }
    }

    /// Runs `step` with the clocks on and with stack enough.
    fn compute<T>(&mut self, step: impl FnOnce(&mut Self) -> T) -> T {
        let shared = Arc::clone(&self.shared);
        self.store.data_mut().begin_turn();
        self.store.set_epoch_deadline(1);
        let result = {
            let _computing = shared.ticker.computing();
            on_large_stack(|| step(self))
        };
        self.store.data_mut().end_turn();
        result
    }

    /// The value of a run that ended well.
    fn value(&mut self) -> Result<Option<String>, SandboxError> {
        let value = self.outcome()?.map(report::well_formed);
        let len = value.as_ref().map_or(0, String::len);
        if self.store.data_mut().add_output(len).is_err() {
            self.abandon();
            return Err(self.exceeded(Limit::Output));
        }
        Ok(value)
    }

    fn exception(&mut self) -> Result<TurnState, SandboxError> {
        let json = self.outcome()?.map(report::well_formed);
        let is_described = json.is_some();
        let error = report::exception(json);
        // A run whose memory was refused may lack the memory to say so.
        let is_memory = !is_described || report::is_out_of_memory(&error);
        if self.store.data().memory_refused && is_memory {
            self.abandon();
            return Err(self.exceeded(Limit::Memory));
        }
        Ok(TurnState::Threw(error))
    }

    /// The text that the guest left: a pointer and a length, at a place known since it was made.
    fn outcome(&mut self) -> Result<Option<String>, SandboxError> {
        let memory = self.memory.data(&self.store);
        let word = |at: u32| {
            let bytes = host::slice(memory, at, 4)?;
            Some(u32::from_le_bytes(bytes.try_into().ok()?))
        };
        let at = self.exports.outcome;
        let text = word(at).zip(word(at.saturating_add(4))).and_then(|(at, len)| {
            if at == 0 { Some(None) } else { host::slice(memory, at, len).map(Some) }
        });
        match text {
            Some(text) => Ok(text.map(|bytes| String::from_utf8_lossy(bytes).into_owned())),
            None => {
                self.is_alive = false;
                Err(invalid("the guest's outcome is outside of its memory"))
            }
        }
    }

    /// The error of a guest that trapped, and is dead.
    fn killed(&mut self, error: &wasmtime::Error) -> SandboxError {
        self.is_alive = false;
        self.waiting.clear();
        let state = self.store.data();
        match error.downcast_ref::<Trap>() {
            _ if state.stop.is_some() => state.stop_error(),
            Some(Trap::StackOverflow) => self.exceeded(Limit::Stack),
            _ if state.memory_refused => self.exceeded(Limit::Memory),
            _ => internal(error),
        }
    }

    fn exceeded(&self, limit: Limit) -> SandboxError {
        self.store.data().limits.exceeded(limit).into()
    }

    /// Copies `bytes` and a NUL into memory that the guest allocates.
    fn put(&mut self, bytes: &[u8]) -> Result<(u32, u32), Fault> {
        let len = u32::try_from(bytes.len()).map_err(|_| Fault::NoMemory)?;
        let size = len.checked_add(1).ok_or(Fault::NoMemory)?;
        let at = self.exports.alloc.call(&mut self.store, size)?;
        if at == 0 {
            return Err(Fault::NoMemory);
        }
        let to = self
            .memory
            .data_mut(&mut self.store)
            .get_mut(at as usize..)
            .and_then(|memory| memory.get_mut(..=len as usize))
            .ok_or_else(|| wasmtime::format_err!("the guest allocated outside of its memory"))?;
        to[..bytes.len()].copy_from_slice(bytes);
        to[bytes.len()] = 0;
        Ok((at, len))
    }

    fn begin(&mut self, file: &str, code: &str) -> Result<i32, Fault> {
        let limits = self.store.data().limits;
        let stack = u32::try_from(limits.base(Limit::Stack)).unwrap_or(u32::MAX);
        let string = i32::try_from(limits.base(Limit::String)).unwrap_or(i32::MAX);
        // A NUL would end the name early; names are ours and hold none.
        let (file, _) = self.put(file.as_bytes())?;
        let (code, len) = self.put(code.as_bytes())?;
        Ok(self.exports.start.call(&mut self.store, (file, code, len, stack, string))?)
    }

    /// All answers in one block, as `resume` of `shim.c` reads it.
    fn hand_in(&mut self, answers: &[Answer]) -> Result<i32, Fault> {
        let size: usize = answers.iter().map(|answer| answer_len(answer) + 32).sum();
        let mut block = Vec::with_capacity(size);
        for answer in answers {
            let Some(slot) = self.waiting.remove(&answer.id) else { continue };
            let counts = &mut self.store.data_mut().counts;
            counts.pending = counts.pending.saturating_sub(1);
            let rejected;
            let (fulfilled, json) = match &answer.result {
                Ok(json) => (1_u32, json.as_bytes()),
                Err(error) => {
                    rejected = rejection(error);
                    (0, rejected.as_bytes())
                }
            };
            let len = u32::try_from(json.len()).map_err(|_| Fault::NoMemory)?;
            for word in [slot, fulfilled, len] {
                block.extend_from_slice(&word.to_le_bytes());
            }
            block.extend_from_slice(json);
            block.push(0);
            block.resize(block.len().next_multiple_of(4), 0);
        }
        let (at, len) = self.put(&block)?;
        Ok(self.exports.resume.call(&mut self.store, (at, len))?)
    }
}

fn answer_len(answer: &Answer) -> usize {
    answer.result.as_ref().map_or(0, String::len)
}

fn invalid(what: &str) -> SandboxError {
    SandboxError::Internal(what.to_owned())
}

/// Cancels a turn; see [`Turns::cancel`].
pub(crate) struct Cancel {
    turns: Arc<Turns>,
    seen: u64,
}

impl Cancel {
    pub(crate) fn new(turns: &Arc<Turns>) -> Self {
        Self { seen: turns.count(), turns: Arc::clone(turns) }
    }
}

impl Interrupter for Cancel {
    fn interrupt(&self) {
        self.turns.cancel(self.seen);
    }
}

fn function<Params: WasmParams, Results: WasmResults>(
    instance: &Instance,
    store: &mut Store<State>,
    name: &str,
) -> wasmtime::Result<TypedFunc<Params, Results>> {
    instance.get_typed_func(store, name)
}

/// Where the variable `name` of `shim.c` is.
fn address(instance: &Instance, store: &mut Store<State>, name: &str) -> wasmtime::Result<u32> {
    let global = instance.get_global(&mut *store, name).and_then(|global| global.get(store).i32());
    global
        .map(i32::cast_unsigned)
        .ok_or_else(|| wasmtime::format_err!("the guest exports no address of `{name}`"))
}

/// `error` as the prelude's `fail` takes it. Properties that are not JSON are left out.
fn rejection(error: &AnswerError) -> String {
    #[derive(Serialize)]
    struct Rejection<'a> {
        name: &'a str,
        message: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        properties: Option<&'a RawValue>,
    }
    let rejection = Rejection {
        name: &error.name,
        message: &error.message,
        properties: serde_json::from_str(&error.properties).ok(),
    };
    serde_json::to_string(&rejection).expect("two texts and JSON are JSON")
}
