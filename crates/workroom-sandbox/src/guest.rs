//! One guest: its turns, and how each turn's end becomes an answer to the engine.

use std::{collections::HashMap, mem, sync::Arc, time::Instant};

use serde::Serialize;
use serde_json::value::RawValue;
use wasmtime::{Instance, Memory, Store, Trap, TypedFunc, WasmParams, WasmResults};
use workroom_engine::sandbox::{
    Answer, AnswerError, Guest, Interrupter, LogLine, SandboxError, Turn, TurnState,
};
use workroom_types::{Limit, Limits};

use crate::{
    Shared,
    host::{self, State, Turns},
    internal, on_large_stack, report,
};

/// What the guest's functions return: `enum status` of `shim.c`.
mod status {
    pub(super) const DONE: i32 = 0;
    pub(super) const WAITING: i32 = 1;
    pub(super) const THREW: i32 = 2;
    pub(super) const INTERRUPTED: i32 = 3;
    pub(super) const DEADLOCK: i32 = 4;
}

/// A session's QuickJS.
pub(crate) struct QuickJsGuest {
    shared: Arc<Shared>,
    store: Store<State>,
    memory: Memory,
    exports: Exports,
    /// The guest's slot of each call that waits.
    waiting: HashMap<u32, u32>,
    is_alive: bool,
}

/// What the guest offers; see `shim.c`.
struct Exports {
    alloc: TypedFunc<u32, u32>,
    dealloc: TypedFunc<u32, ()>,
    start: TypedFunc<(u32, u32, u32, u32), i32>,
    settle: TypedFunc<(u32, i32, u32, u32), ()>,
    pump: TypedFunc<(), i32>,
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

    fn instantiate(shared: Arc<Shared>, mut store: Store<State>) -> wasmtime::Result<Self> {
        let instance = shared.image.instantiate(&mut store)?;
        let memory = instance
            .get_memory(&mut store, "memory")
            .ok_or_else(|| wasmtime::format_err!("the guest has no memory"))?;
        let outcome = address(&instance, &mut store, "outcome")?;
        let stop_flag = address(&instance, &mut store, "stop_requested")?;
        let state = store.data_mut();
        state.memory = Some(memory);
        state.stop_flag = stop_flag;
        let exports = Exports {
            alloc: function(&instance, &mut store, "alloc")?,
            dealloc: function(&instance, &mut store, "dealloc")?,
            start: function(&instance, &mut store, "start")?,
            settle: function(&instance, &mut store, "settle")?,
            pump: function(&instance, &mut store, "pump")?,
            reset: function(&instance, &mut store, "reset")?,
            outcome,
        };
        Ok(Self { shared, store, memory, exports, waiting: HashMap::new(), is_alive: true })
    }

    /// One turn: `step`, and what its status says.
    fn turn(
        &mut self,
        step: impl FnOnce(&mut Self) -> Result<i32, Fault>,
    ) -> Result<Turn, SandboxError> {
        if !self.is_alive {
            return Err(SandboxError::Dead);
        }
        let ended = self.compute(step);
        let state = match ended {
            Ok(status::WAITING) => TurnState::Waiting,
            Ok(status::DONE) => TurnState::Done(self.value()?),
            Ok(status::THREW) => self.exception()?,
            Ok(status::INTERRUPTED) => {
                let error = self.store.data().stop_error();
                self.abandon();
                return Err(error);
            }
            Ok(status::DEADLOCK) => {
                self.abandon();
                return Err(SandboxError::Deadlock);
            }
            Ok(other) => {
                self.is_alive = false;
                let what = format!("the guest returned the unknown status {other}");
                return Err(SandboxError::Internal(what));
            }
            Err(Fault::NoMemory) => {
                self.abandon();
                return Err(self.exceeded(Limit::Memory));
            }
            Err(Fault::Trap(error)) => return Err(self.killed(&error)),
        };
        let host = self.store.data_mut();
        let calls = mem::take(&mut host.calls);
        let logs = mem::take(&mut host.logs);
        self.waiting.extend(calls.iter().map(|(call, slot)| (call.id, *slot)));
        Ok(Turn { logs, calls: calls.into_iter().map(|(call, _)| call).collect(), state })
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
                Err(SandboxError::Internal("the guest's outcome is outside its memory".to_owned()))
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
        let stack = self.store.data().limits.base(Limit::Stack);
        let stack = u32::try_from(stack).unwrap_or(u32::MAX);
        // A NUL would end the name early; names are ours and hold none.
        let (file, _) = self.put(file.as_bytes())?;
        let (code, len) = self.put(code.as_bytes())?;
        let status = self.exports.start.call(&mut self.store, (file, code, len, stack))?;
        self.exports.dealloc.call(&mut self.store, code)?;
        self.exports.dealloc.call(&mut self.store, file)?;
        Ok(status)
    }

    fn settle(&mut self, answers: Vec<Answer>) -> Result<i32, Fault> {
        for answer in answers {
            let Some(slot) = self.waiting.remove(&answer.id) else { continue };
            let (fulfilled, json) = match answer.result {
                Ok(json) => (1, json),
                Err(error) => (0, rejection(&error)),
            };
            let (at, len) = self.put(json.as_bytes())?;
            self.exports.settle.call(&mut self.store, (slot, fulfilled, at, len))?;
            self.exports.dealloc.call(&mut self.store, at)?;
        }
        Ok(self.exports.pump.call(&mut self.store, ())?)
    }
}

impl Guest for QuickJsGuest {
    fn start(
        &mut self,
        file: &str,
        code: &str,
        limits: &Limits,
        deadline: Instant,
    ) -> Result<Turn, SandboxError> {
        self.waiting.clear();
        self.store.data_mut().begin_run(limits, deadline);
        self.turn(|guest| guest.begin(file, code))
    }

    fn resume(&mut self, answers: Vec<Answer>) -> Result<Turn, SandboxError> {
        self.turn(|guest| guest.settle(answers))
    }

    fn abandon(&mut self) {
        self.waiting.clear();
        if !self.is_alive {
            return;
        }
        self.store.data_mut().calls.clear();
        let reset = self.compute(|guest| guest.exports.reset.call(&mut guest.store, ()));
        if reset.is_err() {
            self.is_alive = false;
        }
    }

    fn take_logs(&mut self) -> Vec<LogLine> {
        mem::take(&mut self.store.data_mut().logs)
    }

    fn interrupter(&self) -> Arc<dyn Interrupter> {
        let turns = Arc::clone(&self.store.data().turns);
        let seen = turns.count();
        Arc::new(Cancel { turns, seen })
    }

    fn is_alive(&self) -> bool {
        self.is_alive
    }

    fn memory_bytes(&self) -> usize {
        self.memory.data_size(&self.store)
    }
}

/// Cancels a turn; see [`Turns::cancel`].
struct Cancel {
    turns: Arc<Turns>,
    seen: u64,
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
