//! One run: its turns, its calls, its journal.
//!
//! A run owns its session's guest from first turn to last. While its calls are under way it holds
//! no thread. The caller's interest ends the run: when the `interest` channel closes, the guest
//! is stopped and its calls are dropped.
//!
//! Nothing is sent before the journal says that it will be; answers are written on the way, and
//! the run goes on while they are.

use std::{
    collections::VecDeque,
    fmt::Write as _,
    future::Future,
    sync::Arc,
    time::{Duration, Instant},
};

use futures::{FutureExt, StreamExt, future::BoxFuture, stream::FuturesUnordered};
use tokio::sync::watch;
use workroom_script::Diagnostic;
use workroom_types::{Bound, Limit, Limits, RunId, SessionId, ToolRef};

use crate::{
    Shared, answer, calls, check,
    effects::Effects,
    journal::{Entry, Journal, Open, Saved, TurnRecord, Wait},
    ledger::{Passage, Traffic},
    privacy::Scope,
    report::CallStats,
    sandbox::{
        Answer, AnswerError, Code, Guest, GuestCall, LogLine, SandboxError, Setup, Turn, TurnState,
    },
    shapes::{self, Told},
    skills::usage::{self, Usage},
    store::StoreError,
};

/// The most notes about calls that the agent is told of one run.
const NOTES_MAX: usize = 20;

/// What a run needs to know, and what it has gathered so far.
pub(crate) struct Run {
    pub(crate) shared: Arc<Shared>,
    pub(crate) id: RunId,
    pub(crate) limits: Limits,
    pub(crate) deadline: Instant,
    /// Closed when nobody wants the answer any more.
    pub(crate) interest: watch::Receiver<()>,
    journal: Journal,
    /// Calls that wait for their turn, first come first served.
    queue: VecDeque<GuestCall>,
    in_flight: FuturesUnordered<BoxFuture<'static, Answer>>,
    timers: FuturesUnordered<BoxFuture<'static, u32>>,
    /// Calls that the guest asked for.
    asked: u64,
    pub(crate) stats: CallStats,
    effects: Effects,
    /// Where its random numbers come from.
    pub(crate) seed: [u8; 32],
    pub(crate) logs: Vec<LogLine>,
    pub(crate) notes: Vec<String>,
    /// What could be better in the script; told if the run was of a size where it matters.
    pub(crate) hints: Vec<Diagnostic>,
    /// What its calls found out about their tools.
    pub(crate) told: Arc<Told>,
    /// Whose values they may have, and which were masked.
    pub(crate) scope: Arc<Scope>,
    /// What passed on the servers' wires for its calls.
    pub(crate) traffic: Arc<Traffic>,
    /// Whose account it enters.
    pub(crate) passage: Option<Passage>,
    /// The skills that it uses.
    pub(crate) usage: Usage,
    /// The tokens of its own code.
    pub(crate) code_tokens: usize,
    /// Whether the store has it: a script that was refused is never recorded.
    pub(crate) is_recorded: bool,
}

/// Why a run ended before its script did.
#[derive(Debug)]
pub(crate) enum Stop {
    Sandbox(SandboxError),
    /// The journal could not be written, so nothing more may be sent.
    Store(StoreError),
}

impl From<SandboxError> for Stop {
    fn from(error: SandboxError) -> Self {
        Stop::Sandbox(error)
    }
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Self {
        Stop::Store(error)
    }
}

impl Run {
    pub(crate) fn new(
        shared: Arc<Shared>,
        id: RunId,
        session: SessionId,
        limits: Limits,
        started: Instant,
        interest: watch::Receiver<()>,
    ) -> Self {
        Self {
            journal: Journal::new(Arc::clone(&shared.store), id.clone()),
            shared,
            id,
            limits,
            deadline: started + Duration::from_millis(limits.base(Limit::Wall)),
            interest,
            queue: VecDeque::new(),
            in_flight: FuturesUnordered::new(),
            timers: FuturesUnordered::new(),
            asked: 0,
            stats: CallStats::default(),
            effects: Effects::default(),
            seed: [0; 32],
            logs: Vec::new(),
            notes: Vec::new(),
            hints: Vec::new(),
            scope: Arc::new(Scope::of(session.clone())),
            told: Arc::new(Told::new(session)),
            traffic: Arc::default(),
            passage: None,
            usage: Usage::default(),
            code_tokens: 0,
            is_recorded: false,
        }
    }

    /// How the guest is to run, from `seed`.
    pub(crate) fn setup(&mut self, seed: [u8; 32]) -> Setup {
        self.seed = seed;
        Setup { limits: self.limits, deadline: self.deadline, seed, clock: Vec::new() }
    }

    /// Runs `code` until the script ends.
    pub(crate) async fn start(
        &mut self,
        guest: &mut dyn Guest,
        code: Arc<Code>,
        seed: [u8; 32],
    ) -> Result<TurnState, Stop> {
        // Not waited for: the first calls wait for their own record, which comes after it.
        drop(self.journal.append(&[Entry::Code(Code::clone(&code))]));
        let setup = self.setup(seed);
        let turn = self.turn(guest, |guest| guest.start(code, setup)).await;
        self.go_on(guest, turn).await
    }

    /// Takes turns from `turn` on, until the script ends.
    pub(crate) async fn go_on(
        &mut self,
        guest: &mut dyn Guest,
        turn: Turn,
    ) -> Result<TurnState, Stop> {
        let mut turn = turn;
        loop {
            match self.take(turn).await {
                Ok(TurnState::Waiting) => {}
                Ok(ended) => return Ok(ended),
                Err(stop) => {
                    guest.abandon().await;
                    return Err(stop);
                }
            }
            turn = match self.next_turn(guest).await {
                Ok(turn) => turn,
                Err(stop) => {
                    guest.abandon().await;
                    return Err(stop);
                }
            };
        }
    }

    /// Waits for answers and hands them in.
    pub(crate) async fn next_turn(&mut self, guest: &mut dyn Guest) -> Result<Turn, Stop> {
        tracing::debug!(run = %self.id, "a run waits");
        let answers = self.wait(guest).await?;
        self.send_queued().await?;
        let ids = answers.iter().map(|answer| answer.id).collect();
        drop(self.journal.append(&[Entry::Resumed(ids)]));
        Ok(self.turn(guest, |guest| guest.resume(answers, Vec::new())).await)
    }

    /// One turn of the guest, when it may compute.
    async fn turn<'g, F>(
        &mut self,
        guest: &'g mut dyn Guest,
        step: impl FnOnce(&'g mut dyn Guest) -> F,
    ) -> Turn
    where
        F: Future<Output = Turn> + 'g,
    {
        let _place = tokio::select! {
            biased;
            () = closed(&mut self.interest) => return Turn::failed(SandboxError::Cancelled),
            place = self.shared.turns.acquire() => place,
            () = tokio::time::sleep_until(self.deadline.into()) => {
                return Turn::failed(self.limits.exceeded(Limit::Wall).into());
            }
        };
        let interrupter = guest.interrupter();
        let turn = step(guest);
        tokio::pin!(turn);
        tokio::select! {
            turn = &mut turn => turn,
            () = closed(&mut self.interest) => {
                interrupter.interrupt();
                turn.await
            }
        }
    }

    /// Takes in what a turn came to: records it, then sends its calls and sets its timers.
    async fn take(&mut self, turn: Turn) -> Result<TurnState, Stop> {
        // The sandbox counts them too; but it may be in a process that somebody took over.
        self.asked += turn.calls.iter().filter(|call| !usage::is_tell(call)).count() as u64;
        if self.asked > self.limits.base(Limit::Calls) {
            return Err(SandboxError::from(self.limits.exceeded(Limit::Calls)).into());
        }
        let record = TurnRecord::of(&turn);
        self.logs.extend(turn.logs);
        let timers = turn.timers;
        for call in turn.calls {
            if usage::is_tell(&call) {
                // Nobody waits for an answer.
                self.usage.tell(&call);
            } else {
                self.enqueue(call);
            }
        }
        let calls = self.next_calls();
        let mut entries = vec![Entry::Turn(record)];
        if !calls.is_empty() || !timers.is_empty() {
            let timers = timers.iter().map(|timer| timer.id);
            entries.push(Entry::Sent(calls.iter().map(|call| call.id).chain(timers).collect()));
        }
        {
            let recorded = self.journal.append(&entries);
            if !calls.is_empty() {
                recorded.await?;
            }
        }
        self.send(calls);
        for timer in timers {
            self.set_timer(timer.id, timer.millis);
        }
        Ok(turn.state?)
    }

    /// Takes up what a recorded run waits for. Gives the calls that are in doubt: they may have
    /// been sent before, and nobody knows what they did.
    pub(crate) async fn take_up(
        &mut self,
        open: impl Iterator<Item = (u32, Open)>,
    ) -> Result<Vec<ToolRef>, Stop> {
        let mut in_doubt = Vec::new();
        for (id, open) in open {
            match (open.wait, open.answer) {
                (Wait::Timer(timer), None) => self.set_timer(id, timer.millis),
                (_, Some(answer)) => self.in_flight.push(std::future::ready(answer).boxed()),
                (Wait::Call(call), None) if usage::is_tell(&call) => self.usage.tell(&call),
                (Wait::Call(call), None) => {
                    let tool = calls::tool(&call);
                    if open.sent && !self.shared.may_repeat(&tool) {
                        let answer = Answer { id, result: Err(doubt(&tool)) };
                        drop(self.journal.append(&[Entry::Answered(answer.clone())]));
                        self.in_flight.push(std::future::ready(answer).boxed());
                        in_doubt.push(tool);
                    } else {
                        self.enqueue(call);
                    }
                }
            }
        }
        self.send_queued().await?;
        Ok(in_doubt)
    }

    /// Puts `call` into the queue with its arguments as they are to be sent. One whose arguments
    /// do not fit is answered at once, and never recorded as sent.
    fn enqueue(&mut self, mut call: GuestCall) {
        self.usage.called(&call);
        let may = self.usage.may(&call);
        match may.and_then(|()| check::call(&self.shared, &mut call)) {
            Ok(notes) => {
                for note in notes {
                    self.note(note);
                }
                self.queue.push_back(call);
            }
            Err(error) => {
                self.stats.made += 1;
                self.stats.argument_bytes += call.arguments.len() as u64;
                let error = calls::cut(error, self.limits.size(Limit::Result));
                let answer = Answer { id: call.id, result: Err(error) };
                let (shared, told) = (Arc::clone(&self.shared), Arc::clone(&self.told));
                let tool = calls::tool(&call);
                // A definition that changed is why they do not fit, more often than not.
                let answered = async move {
                    shapes::used(&shared, &tool, &told).await;
                    answer
                };
                self.in_flight.push(answered.boxed());
            }
        }
    }

    /// Tells the agent `note` beside the result, once, and only so many of them.
    fn note(&mut self, note: String) {
        if self.notes.len() < NOTES_MAX && !self.notes.contains(&note) {
            self.notes.push(note);
        }
    }

    /// The calls for which there is room, taken from the queue.
    fn next_calls(&mut self) -> Vec<GuestCall> {
        let room = self.limits.size(Limit::CallsInFlight).saturating_sub(self.in_flight.len());
        self.queue.drain(..room.min(self.queue.len())).collect()
    }

    async fn send_queued(&mut self) -> Result<(), Stop> {
        let calls = self.next_calls();
        if !calls.is_empty() {
            let ids = calls.iter().map(|call| call.id).collect();
            self.journal.append(&[Entry::Sent(ids)]).await?;
            self.send(calls);
        }
        Ok(())
    }

    fn send(&mut self, calls: Vec<GuestCall>) {
        for call in calls {
            if !calls::is_own(&call) {
                self.stats.made += 1;
                self.stats.argument_bytes += call.arguments.len() as u64;
                self.effects.sent(call.id, &calls::tool(&call));
            }
            let shared = Arc::clone(&self.shared);
            let told = Arc::clone(&self.told);
            let scope = Arc::clone(&self.scope);
            let (id, traffic) = (call.id, Arc::clone(&self.traffic));
            let meter = traffic.begin(id);
            let answer = calls::make(shared, call, self.limits, self.deadline, told, scope, meter);
            let timed = answer.inspect(move |_| traffic.end(id));
            self.in_flight.push(timed.boxed());
        }
    }

    fn set_timer(&mut self, id: u32, millis: u32) {
        let due = tokio::time::sleep(Duration::from_millis(u64::from(millis)));
        self.timers.push(due.map(move |()| id).boxed());
    }

    /// Waits for answers. A wait that gets long is a moment to save the guest.
    async fn wait(&mut self, guest: &mut dyn Guest) -> Result<Vec<Answer>, Stop> {
        let patience = Duration::from_millis(self.shared.bounds.base(Bound::SaveAfter));
        match tokio::time::timeout(patience, self.answers()).await {
            Ok(answers) => Ok(answers?),
            Err(_) => {
                let shared = Arc::clone(&self.shared);
                tokio::select! {
                    answers = self.answers() => return Ok(answers?),
                    _place = shared.turns.acquire() => {
                        if let Ok(kept) = guest.keep(Vec::new(), true).await
                            && let Some(snapshot) = kept.snapshot
                        {
                            let saved = Saved { snapshot, logs: self.logs.clone() };
                            drop(self.journal.append(&[Entry::Saved(saved)]));
                        }
                    }
                }
                Ok(self.answers().await?)
            }
        }
    }

    /// Waits for the next answer and takes those that have come with it.
    async fn answers(&mut self) -> Result<Vec<Answer>, SandboxError> {
        if self.in_flight.is_empty() && self.timers.is_empty() {
            return Err(SandboxError::Deadlock);
        }
        let fired = |id| Answer { id, result: Ok("null".to_owned()) };
        // In this order: a cancelled run must not send what waits to be sent.
        let first = tokio::select! {
            biased;
            () = closed(&mut self.interest) => return Err(SandboxError::Cancelled),
            Some(answer) = self.in_flight.next() => answer,
            Some(id) = self.timers.next() => fired(id),
            () = tokio::time::sleep_until(self.deadline.into()) => {
                return Err(self.limits.exceeded(Limit::Wall).into());
            }
        };
        let mut answers = vec![first];
        while let Some(answer) = self.in_flight.next().now_or_never().flatten() {
            answers.push(answer);
        }
        while let Some(id) = self.timers.next().now_or_never().flatten() {
            answers.push(fired(id));
        }
        let entries: Vec<Entry> = answers.iter().cloned().map(Entry::Answered).collect();
        drop(self.journal.append(&entries));
        for answer in &answers {
            self.effects.answered(answer.id, answer.result.is_ok());
            self.usage.answered(answer);
            match &answer.result {
                Ok(json) => self.stats.result_bytes += json.len() as u64,
                Err(_) => self.stats.failed += 1,
            }
        }
        Ok(answers)
    }

    /// Waits for calls that the script made and did not await: they may change something, and
    /// the run is not over before they are. Timers that have not fired never do.
    pub(crate) async fn drain(&mut self) {
        self.timers.clear();
        let mut left = 0;
        while !self.in_flight.is_empty() {
            match self.answers().await {
                Ok(answers) => left += answers.len(),
                Err(_) => break,
            }
            if self.send_queued().await.is_err() {
                break;
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

    /// Enters what the run came to into its account.
    pub(crate) fn account(&self, ok: bool, duration: Duration) {
        if let Some(passage) = &self.passage {
            let traffic = self.is_recorded.then_some(&self.traffic);
            passage.ran(&self.id, ok, &self.stats, duration, traffic);
            if let Some(skill) = self.usage.main() {
                passage.used(skill);
            }
        }
    }

    /// What the run's calls came to, in words.
    pub(crate) fn effects(&self) -> Option<String> {
        let catalog = self.shared.catalog();
        self.effects.text(|tool| calls::only_reads(&catalog, tool))
    }
}

/// What a script sees of a call that may have happened.
fn doubt(tool: &ToolRef) -> AnswerError {
    let message = format!(
        "`{tool}` was called before the gateway was interrupted, and its answer is lost: it may \
         have happened or not, and was not called again"
    );
    AnswerError { name: "InDoubt".to_owned(), ..answer::tool_error(tool, "in_doubt", &message) }
}

/// Resolves when the other end of `interest` is gone.
pub(crate) async fn closed(interest: &mut watch::Receiver<()>) {
    while interest.changed().await.is_ok() {}
}
