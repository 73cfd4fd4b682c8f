//! One run: from an agent's text to its report.
//!
//! The run owns its session's lock and its guest from first turn to last. The
//! guest computes on a thread where blocking is allowed; while its calls are
//! under way it holds no thread. The caller's interest ends the run: when the
//! `interest` channel closes, the guest is stopped and its calls are dropped.

use std::{
    collections::VecDeque,
    fmt::Write as _,
    sync::Arc,
    time::{Duration, Instant},
};

use futures::{FutureExt, StreamExt, future::BoxFuture, stream::FuturesUnordered};
use tokio::sync::watch;
use workroom_types::{Limit, Limits, RunId};

use crate::{
    Shared, calls, failure,
    report::{CallStats, FailureKind, RunFailure},
    sandbox::{Answer, Guest, GuestCall, LogLine, Sandbox, SandboxError, Turn, TurnState},
    session::{Compiled, Session},
};

/// What a run needs to know, and what it has gathered so far.
pub(crate) struct Run {
    shared: Arc<Shared>,
    limits: Limits,
    deadline: Instant,
    /// Closed when nobody wants the answer any more.
    interest: watch::Receiver<()>,
    /// Calls that wait for their turn, first come first served.
    queue: VecDeque<GuestCall>,
    in_flight: FuturesUnordered<BoxFuture<'static, calls::Done>>,
    pub(crate) stats: CallStats,
    pub(crate) logs: Vec<LogLine>,
    pub(crate) notes: Vec<String>,
}

/// Why the guest's turn was not followed by another one.
enum Stop {
    Sandbox(SandboxError),
    /// The thread that ran the guest is gone, and the guest with it.
    Lost(String),
}

impl From<SandboxError> for Stop {
    fn from(error: SandboxError) -> Self {
        Stop::Sandbox(error)
    }
}

impl Run {
    pub(crate) fn new(
        shared: Arc<Shared>,
        limits: Limits,
        started: Instant,
        interest: watch::Receiver<()>,
    ) -> Self {
        Self {
            shared,
            limits,
            deadline: started + Duration::from_millis(limits.base(Limit::Wall)),
            interest,
            queue: VecDeque::new(),
            in_flight: FuturesUnordered::new(),
            stats: CallStats::default(),
            logs: Vec::new(),
            notes: Vec::new(),
        }
    }

    /// Compiles and runs `source`. The session keeps its guest if that is still alive.
    pub(crate) async fn execute(
        &mut self,
        id: &RunId,
        source: String,
        session: &mut Session,
    ) -> Result<Option<String>, RunFailure> {
        self.check_size(&source)?;
        self.wait_for_servers(&source).await;
        // Its caller may have gone while it waited, here or for its session: then it sends nothing.
        if self.interest.has_changed().is_err() {
            return Err(self.sandbox_failure(&SandboxError::Cancelled));
        }
        let catalog = self.shared.catalog();
        let program = workroom_script::compile(&source, &crate::modules::InCatalog(&catalog))
            .map_err(|diagnostics| failure::from_diagnostics(&source, &diagnostics))?;
        let compiled = Arc::new(Compiled { file: format!("{id}.ts"), source, program });
        session.remember(Arc::clone(&compiled));

        let guest = match session.guest.take() {
            Some(guest) => guest,
            None => {
                let opened = open(Arc::clone(&self.shared.sandbox), self.limits).await;
                opened.map_err(|error| self.sandbox_failure(&error))?
            }
        };
        let (guest, ended) = self.drive(guest, &compiled).await;
        session.guest = guest.filter(|guest| guest.is_alive());
        let ended = match ended {
            Ok(ended) => ended,
            Err(Stop::Sandbox(error)) => return Err(self.sandbox_failure(&error)),
            Err(Stop::Lost(reason)) => {
                return Err(RunFailure::new(FailureKind::Internal, reason)
                    .hint("the session's variables are gone; run the code again"));
            }
        };
        self.drain().await;
        match ended {
            TurnState::Done(value) => Ok(value),
            TurnState::Threw(error) => {
                Err(failure::from_exception(&error, &session.programs, &self.limits))
            }
            TurnState::Waiting => Err(self.sandbox_failure(&SandboxError::Deadlock)),
        }
    }

    fn check_size(&self, source: &str) -> Result<(), RunFailure> {
        if source.len() > self.limits.size(Limit::Code) {
            return Err(failure::from_limit(self.limits.exceeded(Limit::Code)));
        }
        Ok(())
    }

    /// Waits for the servers that `source` names and that are still starting: their tools are
    /// not known before. Servers that it does not name are not waited for.
    async fn wait_for_servers(&mut self, source: &str) {
        let needed = |name: &str, folder: &str| source.contains(name) || source.contains(folder);
        let wait = self.shared.settled(needed);
        let deadline = tokio::time::Instant::from_std(self.deadline);
        tokio::select! {
            _ = tokio::time::timeout_at(deadline, wait) => {}
            () = closed(&mut self.interest) => {}
        }
    }

    /// Takes turns until the script ends, and gives the guest back if it still exists.
    async fn drive(
        &mut self,
        guest: Box<dyn Guest>,
        compiled: &Arc<Compiled>,
    ) -> (Option<Box<dyn Guest>>, Result<TurnState, Stop>) {
        let (limits, deadline) = (self.limits, self.deadline);
        let program = Arc::clone(compiled);
        let mut next: Step = Box::new(move |guest| {
            guest.start(&program.file, &program.program.code, &limits, deadline)
        });
        let mut guest = guest;
        loop {
            let (back, turn) = match self.turn(guest, next).await {
                Ok(done) => done,
                Err(reason) => return (None, Err(Stop::Lost(reason))),
            };
            guest = back;
            self.logs.extend(guest.take_logs());
            let state = match turn {
                Ok(turn) => self.take(turn),
                Err(error) => return (Some(guest), Err(error.into())),
            };
            if !matches!(state, TurnState::Waiting) {
                return (Some(guest), Ok(state));
            }
            match self.answers().await {
                Ok(answers) => next = Box::new(move |guest| guest.resume(answers)),
                Err(error) => {
                    guest.abandon();
                    return (Some(guest), Err(error.into()));
                }
            }
        }
    }

    /// One turn of the guest, on a thread where blocking is allowed.
    async fn turn(
        &mut self,
        mut guest: Box<dyn Guest>,
        step: Step,
    ) -> Result<(Box<dyn Guest>, Result<Turn, SandboxError>), String> {
        let interrupter = guest.interrupter();
        let mut turn = tokio::task::spawn_blocking(move || {
            let result = step(guest.as_mut());
            (guest, result)
        });
        let joined = tokio::select! {
            joined = &mut turn => joined,
            () = closed(&mut self.interest) => {
                interrupter.interrupt();
                turn.await
            }
        };
        joined.map_err(|error| format!("the sandbox's thread ended: {error}"))
    }

    fn take(&mut self, turn: Turn) -> TurnState {
        self.logs.extend(turn.logs);
        self.queue.extend(turn.calls);
        self.launch();
        turn.state
    }

    /// Sends waiting calls while there is room.
    fn launch(&mut self) {
        let room = self.limits.size(Limit::CallsInFlight);
        while self.in_flight.len() < room {
            let Some(call) = self.queue.pop_front() else { break };
            self.stats.made += 1;
            self.stats.argument_bytes += call.arguments.len() as u64;
            let shared = Arc::clone(&self.shared);
            self.in_flight.push(calls::make(shared, call, self.limits, self.deadline).boxed());
        }
    }

    /// Waits for the next answer and takes those that have come with it.
    async fn answers(&mut self) -> Result<Vec<Answer>, SandboxError> {
        if self.in_flight.is_empty() {
            return Err(SandboxError::Deadlock);
        }
        let deadline = tokio::time::Instant::from_std(self.deadline);
        // In this order: a cancelled run must not send what waits to be sent.
        let first = tokio::select! {
            biased;
            () = closed(&mut self.interest) => return Err(SandboxError::Cancelled),
            first = self.in_flight.next() => first,
            () = tokio::time::sleep_until(deadline) => {
                return Err(self.limits.exceeded(Limit::Wall).into());
            }
        };
        let mut answers = Vec::new();
        let mut next = first;
        while let Some(done) = next {
            answers.push(self.count(done));
            next = self.in_flight.next().now_or_never().flatten();
        }
        self.launch();
        Ok(answers)
    }

    fn count(&mut self, done: calls::Done) -> Answer {
        match &done.answer.result {
            Ok(json) => self.stats.result_bytes += json.len() as u64,
            Err(_) => self.stats.failed += 1,
        }
        done.answer
    }

    /// Waits for calls that the script made and did not await: they may change something, and
    /// the run is not over before they are.
    async fn drain(&mut self) {
        let mut left = 0;
        while !self.in_flight.is_empty() {
            match self.answers().await {
                Ok(answers) => left += answers.len(),
                Err(_) => break,
            }
        }
        let unanswered = self.in_flight.len() + self.queue.len();
        self.in_flight.clear();
        self.queue.clear();
        if left + unanswered > 0 {
            let calls = if left + unanswered == 1 { "call was" } else { "calls were" };
            let mut note = format!("{} {calls} not awaited; put `await` before", left + unanswered);
            if unanswered > 0 {
                let _ = write!(note, " ({unanswered} gave no answer before the run ended)");
            }
            self.notes.push(note);
        }
    }

    fn sandbox_failure(&self, error: &SandboxError) -> RunFailure {
        failure::from_sandbox(error, self.stats)
    }
}

/// A fresh guest. The first one of a process may have to wait for the sandbox to be loaded.
async fn open(sandbox: Arc<dyn Sandbox>, limits: Limits) -> Result<Box<dyn Guest>, SandboxError> {
    let opening = tokio::task::spawn_blocking(move || sandbox.open(&limits));
    opening.await.map_err(|error| SandboxError::Internal(error.to_string()))?
}

/// What a turn does with the guest.
type Step = Box<dyn FnOnce(&mut dyn Guest) -> Result<Turn, SandboxError> + Send>;

/// Resolves when the other end of `interest` is gone.
async fn closed(interest: &mut watch::Receiver<()>) {
    while interest.changed().await.is_ok() {}
}
