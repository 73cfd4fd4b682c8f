//! The trait through which the engine runs code.
//!
//! A [`Guest`] is one session's world: its variables live as long as it does.
//! A run is a series of turns. [`Guest::start`] begins it; each turn ends with
//! the calls the script waits for, or with the run's end; [`Guest::resume`]
//! hands in the answers. Between two turns no frame of the guest is on any
//! stack, so a waiting run costs no thread.
//!
//! All methods compute and return: an asynchronous caller runs them where
//! blocking is allowed. The sandbox knows nothing of MCP.

use std::{sync::Arc, time::Instant};

use thiserror::Error;
use workroom_types::{LimitExceeded, Limits};

/// Makes guests.
pub trait Sandbox: Send + Sync {
    /// A fresh guest that can grow to `limits`' memory.
    ///
    /// # Errors
    ///
    /// [`SandboxError::Internal`] when the host cannot give what a guest needs.
    fn open(&self, limits: &Limits) -> Result<Box<dyn Guest>, SandboxError>;
}

/// One session's world.
pub trait Guest: Send {
    /// Evaluates `code` in the global scope and runs it until it waits or ends.
    ///
    /// `file` names the code in stack traces. A completion value that is a
    /// promise is awaited; the run ends when it is settled.
    /// `limits` bound this run; `deadline` is its last moment.
    ///
    /// # Errors
    ///
    /// See [`SandboxError`]. After [`SandboxError::Limit`] ask [`Guest::is_alive`].
    fn start(
        &mut self,
        file: &str,
        code: &str,
        limits: &Limits,
        deadline: Instant,
    ) -> Result<Turn, SandboxError>;

    /// Hands in answers and goes on. An answer to a call that is not waiting is dropped.
    ///
    /// # Errors
    ///
    /// As [`Guest::start`].
    fn resume(&mut self, answers: Vec<Answer>) -> Result<Turn, SandboxError>;

    /// Gives up the current run: pending calls and queued jobs are dropped, variables stay.
    fn abandon(&mut self);

    /// What was logged in a turn that ended with a [`SandboxError`], in order; empty otherwise.
    fn take_logs(&mut self) -> Vec<LogLine>;

    /// Stops a computing guest from another thread; [`SandboxError::Cancelled`] ends its turn.
    fn interrupter(&self) -> Arc<dyn Interrupter>;

    /// Whether the guest can run again. A guest that was stopped the hard way cannot.
    fn is_alive(&self) -> bool;

    /// What the guest holds now.
    fn memory_bytes(&self) -> usize;
}

/// Stops a guest from another thread.
pub trait Interrupter: Send + Sync {
    /// Ends the guest's current turn soon, or the one that follows if none has begun since this
    /// was made. Once that turn is over it does nothing between turns.
    fn interrupt(&self);
}

/// How a turn ended.
#[derive(Debug)]
pub struct Turn {
    /// What the script logged in this turn, in order.
    pub logs: Vec<LogLine>,
    /// The calls made in this turn, in order, also those of a turn that ended the run: a call
    /// that nothing awaits is still to be made. Calls of earlier turns may still be under way.
    pub calls: Vec<GuestCall>,
    /// What happens next.
    pub state: TurnState,
}

/// What a turn ended with.
#[derive(Debug)]
pub enum TurnState {
    /// The script waits for answers.
    Waiting,
    /// The script ended. The value is JSON; `None` is `undefined`.
    Done(Option<String>),
    /// The script threw, and nothing caught it.
    Threw(GuestError),
}

/// A call that the guest wants made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GuestCall {
    /// Names the call to [`Guest::resume`]; unique within the run.
    pub id: u32,
    /// The first argument of the script's `__workroom.call`.
    pub module: String,
    /// Its second.
    pub function: String,
    /// Its third, as JSON; `"null"` where the script gave none.
    pub arguments: String,
}

/// The answer to a [`GuestCall`].
#[derive(Clone, Debug)]
pub struct Answer {
    /// [`GuestCall::id`].
    pub id: u32,
    /// JSON that the call's promise is fulfilled with, or what it is rejected with.
    pub result: Result<String, AnswerError>,
}

/// What a call's promise is rejected with: an `Error` with these properties.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AnswerError {
    /// `error.name`, such as `ToolError`.
    pub name: String,
    /// `error.message`.
    pub message: String,
    /// More properties of the error, as a JSON object; empty for none.
    pub properties: String,
}

/// One line of `console`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    /// `log`, `info`, `warn`, `error` or `debug`.
    pub level: LogLevel,
    /// The formatted text.
    pub text: String,
}

/// The console method that wrote a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
}

/// An exception that left the script.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GuestError {
    /// `error.name`; empty when something else than an error was thrown.
    pub name: String,
    /// `error.message`, or the thrown value as text. At most 64 KiB.
    pub message: String,
    /// The frames in the script's own code, innermost first.
    pub frames: Vec<Frame>,
}

/// One stack frame, as positions of the code given to [`Guest::start`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// The function's name; empty for the top level.
    pub function: String,
    /// The `file` given to [`Guest::start`].
    pub file: String,
    /// 1-based.
    pub line: u32,
    /// 1-based, in bytes of UTF-8, as QuickJS counts.
    pub column: u32,
}

/// Why a turn has no end of its own.
#[derive(Debug, Error)]
pub enum SandboxError {
    /// A limit of the run ended it.
    #[error(transparent)]
    Limit(#[from] LimitExceeded),
    /// [`Interrupter::interrupt`] ended it.
    #[error("the run was cancelled")]
    Cancelled,
    /// The script waits for a promise that nothing can settle.
    #[error("the script waits for a promise that nothing will settle")]
    Deadlock,
    /// The guest was stopped the hard way earlier, and its variables are gone.
    #[error("the session's sandbox was stopped by a hard limit, and its variables are gone")]
    Dead,
    /// A fault of ours; ends one run and not the process.
    #[error("internal sandbox error: {0}")]
    Internal(String),
}
