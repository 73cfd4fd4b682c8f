//! The trait through which the engine runs code.
//!
//! A [`Guest`] is one session's world: its variables live as long as it does, and its state can
//! be taken as a snapshot and opened again, in another process too. A run is a series of turns.
//! [`Guest::start`] begins it; each turn ends with the calls and timers the script waits for, or
//! with the run's end; [`Guest::resume`] hands in the answers. Between two turns no frame of the
//! guest is on any stack, so a waiting run costs no thread.
//!
//! What a guest computes depends on its state, the code, the seed, the clock it reads and the
//! answers it is given, and on nothing else but the limits: with the same of each it does the
//! same again. [`Turn::clock`] is there to be recorded, and [`Setup::clock`] to be given back.
//!
//! The sandbox knows nothing of MCP.

use std::{sync::Arc, time::Instant};

use futures::future::BoxFuture;
use serde::{Deserialize, Serialize};
use thiserror::Error;
use workroom_types::{Limit, LimitExceeded, Limits};

/// Makes guests.
pub trait Sandbox: Send + Sync {
    /// A guest that can grow to `limits`' memory: a fresh one, or the one that `snapshot` was
    /// taken of.
    ///
    /// The future fails with [`SandboxError::Snapshot`] when the snapshot is damaged or of
    /// another version of the sandbox, and with [`SandboxError::Internal`] when the host cannot
    /// give what a guest needs.
    fn open(
        &self,
        limits: &Limits,
        snapshot: Option<Arc<[u8]>>,
    ) -> BoxFuture<'_, Result<Box<dyn Guest>, SandboxError>>;
}

/// One session's world.
pub trait Guest: Send {
    /// Evaluates code in the global scope and runs it until it waits or ends.
    ///
    /// A completion value that is a promise is awaited; the run ends when it is settled.
    fn start(&mut self, code: Arc<Code>, setup: Setup) -> BoxFuture<'_, Turn>;

    /// Hands in answers and goes on. An answer to what is not waiting is dropped. The turn reads
    /// `clock` first, and then the host's.
    fn resume(&mut self, answers: Vec<Answer>, clock: Vec<ClockRead>) -> BoxFuture<'_, Turn>;

    /// Goes on with the run that the guest's snapshot was taken in, under `setup`. Nothing is
    /// computed yet: [`Guest::resume`] does. Its seed is not used: the snapshot has its own.
    fn rejoin(&mut self, setup: Setup) -> BoxFuture<'_, Result<(), SandboxError>>;

    /// Gives up the current run: pending calls and queued jobs are dropped, variables stay.
    fn abandon(&mut self) -> BoxFuture<'_, ()>;

    /// Looks at the variables `names`, and takes a snapshot if it `with_snapshot`.
    fn keep(
        &mut self,
        names: Vec<String>,
        with_snapshot: bool,
    ) -> BoxFuture<'_, Result<Kept, SandboxError>>;

    /// Stops a computing guest from another thread; [`SandboxError::Cancelled`] ends its turn.
    fn interrupter(&self) -> Arc<dyn Interrupter>;

    /// Whether the guest can run again. A guest that was stopped the hard way cannot.
    fn is_alive(&self) -> bool;
}

/// What a guest evaluates.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Code {
    /// Names it in stack traces.
    pub file: String,
    /// JavaScript.
    pub text: String,
}

/// How a run goes.
#[derive(Clone, Debug)]
pub struct Setup {
    /// Bound the run.
    pub limits: Limits,
    /// Its last moment.
    pub deadline: Instant,
    /// Where its random numbers come from.
    pub seed: [u8; 32],
    /// What its first turn reads of the clock before it reads the host's; empty but in a replay.
    pub clock: Vec<ClockRead>,
}

/// A guest's look at the clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClockRead {
    /// Milliseconds since 1970.
    pub millis: u64,
    /// How often in a row it read this.
    pub times: u32,
}

/// A guest as [`Guest::keep`] found it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// Those of the variables that hold something, in the order asked for.
    pub variables: Vec<Variable>,
    /// The snapshot, if one was asked for.
    pub snapshot: Option<Vec<u8>>,
    /// Memory that is the guest's own, in bytes: what it has changed of the image that all
    /// guests share.
    pub own_bytes: u64,
}

/// A variable of a session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Variable {
    /// Its name.
    pub name: String,
    /// Items of an array, map or set, or characters of a text; `None` of anything else.
    #[serde(default)]
    pub size: Option<u64>,
    /// Whether it is a promise that nothing will settle any more.
    #[serde(default)]
    pub pending: bool,
}

/// Stops a guest from another thread.
pub trait Interrupter: Send + Sync {
    /// Ends the guest's current turn soon, or the one that follows if none has begun since this
    /// was made. Once that turn is over it does nothing between turns.
    fn interrupt(&self);
}

/// What a turn came to.
#[derive(Debug, Serialize, Deserialize)]
pub struct Turn {
    /// What the script logged in this turn, in order, also before an error.
    pub logs: Vec<LogLine>,
    /// The calls made in this turn, in order, also those of a turn that ended the run: a call
    /// that nothing awaits is still to be made. Calls of earlier turns may still be under way.
    /// None of a turn that ended with an error is to be made.
    pub calls: Vec<GuestCall>,
    /// The timers set in this turn, in order.
    pub timers: Vec<GuestTimer>,
    /// What the script read of the clock, in order.
    pub clock: Vec<ClockRead>,
    /// What happens next, or why the turn has no end of its own.
    ///
    /// After [`SandboxError::Limit`] ask [`Guest::is_alive`].
    pub state: Result<TurnState, SandboxError>,
}

impl Turn {
    /// A turn that came to nothing but `error`.
    pub fn failed(error: SandboxError) -> Self {
        Self {
            logs: Vec::new(),
            calls: Vec::new(),
            timers: Vec::new(),
            clock: Vec::new(),
            state: Err(error),
        }
    }
}

/// What a turn ended with.
#[derive(Debug, Serialize, Deserialize)]
pub enum TurnState {
    /// The script waits for answers.
    Waiting,
    /// The script ended. The value is JSON; `None` is `undefined`.
    Done(Option<String>),
    /// The script threw, and nothing caught it.
    Threw(GuestError),
}

/// A timer that the guest wants set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GuestTimer {
    /// Names the timer to [`Guest::resume`], which answers it with `null`; unique within the run,
    /// also among calls.
    pub id: u32,
    /// After how many milliseconds.
    pub millis: u32,
}

/// A call that the guest wants made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GuestCall {
    /// Names the call to [`Guest::resume`]; unique within the run, also among timers.
    pub id: u32,
    /// The first argument of the script's `__workroom.call`.
    pub module: String,
    /// Its second.
    pub function: String,
    /// Its third, as JSON; `"null"` where the script gave none.
    pub arguments: String,
}

/// The answer to a [`GuestCall`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// [`GuestCall::id`].
    pub id: u32,
    /// JSON that the call's promise is fulfilled with, or what it is rejected with.
    pub result: Result<String, AnswerError>,
}

/// What a call's promise is rejected with: an `Error` with these properties.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AnswerError {
    /// `error.name`, such as `ToolError`.
    pub name: String,
    /// `error.message`.
    pub message: String,
    /// More properties of the error, as a JSON object; empty for none.
    pub properties: String,
}

/// One line of `console`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogLine {
    /// What wrote it.
    pub level: LogLevel,
    /// The formatted text.
    pub text: String,
}

/// The function that wrote a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum LogLevel {
    /// `console.debug`
    Debug,
    /// `console.log`
    Log,
    /// `console.info`
    Info,
    /// `console.warn`
    Warn,
    /// `console.error`
    Error,
    /// `show`: the text is a content block of MCP as JSON.
    Show,
}

/// An exception that left the script.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct GuestError {
    /// `error.name`; empty when something else than an error was thrown.
    pub name: String,
    /// `error.message`, or the thrown value as text. At most 64 KiB.
    pub message: String,
    /// The frames in the script's own code, innermost first.
    pub frames: Vec<Frame>,
    /// What the error has beside name and message: names, and values as text.
    #[serde(default)]
    pub details: Vec<(String, String)>,
    /// What a program that looks at values has seen where the error was caught.
    #[serde(default)]
    pub seen: Vec<Form>,
}

/// What a value is, and not the value: its form, and a line of text at most.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Form {
    /// Which of the program's sites it was seen at.
    pub site: usize,
    /// `object`, `array`, `undefined`, `promise` …
    pub kind: String,
    /// A few words: `id, items[12], total` of an object, a text's beginning.
    #[serde(default)]
    pub text: String,
    /// A text's length.
    #[serde(default)]
    pub size: Option<u64>,
    /// An object's keys.
    #[serde(default)]
    pub names: Vec<String>,
}

/// One stack frame, as positions of a [`Code`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Frame {
    /// The function's name; empty for the top level.
    pub function: String,
    /// [`Code::file`].
    pub file: String,
    /// 1-based.
    pub line: u32,
    /// 1-based, in bytes of UTF-8, as QuickJS counts.
    pub column: u32,
}

/// Why a turn has no end of its own, or a guest cannot be had.
#[derive(Clone, Debug, PartialEq, Eq, Error, Serialize, Deserialize)]
pub enum SandboxError {
    /// A limit of the run ended it.
    #[error("{}", LimitExceeded { limit: *limit, max: *max })]
    Limit {
        /// Which.
        limit: Limit,
        /// Its value.
        max: u64,
    },
    /// [`Interrupter::interrupt`] ended it.
    #[error("the run was cancelled")]
    Cancelled,
    /// The script waits for a promise that nothing can settle.
    #[error("the script waits for a promise that nothing will settle")]
    Deadlock,
    /// The guest was stopped the hard way earlier, and its variables are gone.
    #[error("the session's sandbox was stopped by a hard limit, and its variables are gone")]
    Dead,
    /// The snapshot cannot be opened.
    #[error("the session's saved state cannot be used: {0}")]
    Snapshot(String),
    /// The process that the guest lived in is gone, and the guest with it.
    #[error("the sandbox's worker process ended: {0}")]
    Lost(String),
    /// A fault of ours; ends one run and not the process.
    #[error("internal sandbox error: {0}")]
    Internal(String),
}

impl From<LimitExceeded> for SandboxError {
    fn from(LimitExceeded { limit, max }: LimitExceeded) -> Self {
        SandboxError::Limit { limit, max }
    }
}
