//! Runs that a process left behind: resumed where they waited, or played again to compare.

use std::{fmt::Write as _, sync::Arc, time::Instant};

use serde::{Deserialize, Serialize};
use tokio::sync::watch;
use workroom_ledger::account::Kind;
use workroom_script::Scope;
use workroom_types::{Limit, Limits, RunId, SessionId, ToolRef};

use crate::{
    Shared, failure,
    journal::Record,
    ledger::{Caller, Passage},
    outcome::StoredOutcome,
    playback::{self, PlayError},
    privacy,
    room::{self, Stay},
    run::{Run, Stop},
    sandbox::{Guest, Sandbox, SandboxError, Setup, TurnState},
    session::Session,
    skills::usage::{self, Usage},
    store::{RunEnd, RunRecord, Store, StoreError},
};

/// How a run was set up, as [`room::setup_text`] writes it.
#[derive(Deserialize)]
pub(crate) struct StoredSetup {
    limits: std::collections::BTreeMap<String, u64>,
    seed: [u8; 32],
    /// Who asked for it; nobody for a run of the gateway's own.
    #[serde(default)]
    caller: Option<Caller>,
}

impl StoredSetup {
    /// Who asked for the run.
    pub(crate) fn caller(record: &RunRecord) -> Option<Caller> {
        serde_json::from_str::<Self>(&record.run.setup).ok()?.caller
    }

    fn read(record: &RunRecord) -> Option<(Limits, [u8; 32])> {
        let stored: Self = serde_json::from_str(&record.run.setup).ok()?;
        let mut limits = Limits::default();
        for limit in Limit::ALL {
            if let Some(value) = stored.limits.get(limit.setting()) {
                // A limit whose range has changed since keeps its default.
                let _ = limits.set(limit, *value);
            }
        }
        Some((limits, stored.seed))
    }
}

/// Takes up the interrupted run `id` of a session whose lock is held, sees it to its end, and
/// says in one sentence what became of it.
///
/// # Errors
///
/// When the store fails. A run that cannot be resumed is ended as failed, which is no error here.
pub(crate) async fn resume(
    shared: &Arc<Shared>,
    id: &RunId,
    session_id: &SessionId,
    session: &mut Session,
) -> Result<String, StoreError> {
    if !shared.store.adopt(id).await? {
        return Ok(format!("run `{id}` was interrupted, and another process goes on with it"));
    }
    let Some(record) = shared.store.run(id).await? else {
        return Ok(format!("run `{id}` was interrupted, and its record is gone"));
    };
    let journal = Record::read(&shared.store.journal(id).await?);
    if let Some(before) = shared.store.session(session_id).await? {
        room::adopt(session, &before);
    }
    session.forget_names();
    let why_not = match (journal, StoredSetup::read(&record)) {
        (Ok(Some(journal)), Some((limits, seed))) => {
            let stay = Stay { id: session_id.clone(), session, declared: &[], keeps: true };
            match go_on(shared, &record, journal, limits, seed, stay).await {
                Ok(note) => return Ok(note),
                Err(why_not) => why_not,
            }
        }
        (Ok(None), _) => "nothing of it had run".to_owned(),
        (Err(error), _) => error.to_string(),
        (_, None) => "its setup cannot be read".to_owned(),
    };
    let note = format!(
        "run `{id}` was interrupted and cannot go on ({why_not}): the session has the variables \
         of the run before it"
    );
    let outcome = StoredOutcome::noted(&note).text();
    let end = RunEnd { ended: crate::now(), ok: false, outcome };
    shared.store.finish(id, end, None).await?;
    Ok(note)
}

/// Ends an interrupted run that nobody goes on with.
pub(crate) async fn give_up(store: &dyn Store, id: &RunId) -> Result<(), StoreError> {
    if store.adopt(id).await? {
        let outcome = StoredOutcome::noted("it was cut off, and was for one process").text();
        let end = RunEnd { ended: crate::now(), ok: false, outcome };
        store.finish(id, end, None).await?;
    }
    Ok(())
}

/// Plays the run up to where it was interrupted, and goes on from there.
async fn go_on(
    shared: &Arc<Shared>,
    record: &RunRecord,
    mut journal: Record,
    limits: Limits,
    seed: [u8; 32],
    mut stay: Stay<'_>,
) -> Result<String, String> {
    let id = &record.run.id;
    let (interest, watched) = watch::channel(());
    let mut run = {
        let (shared, session) = (Arc::clone(shared), stay.id.clone());
        Run::new(shared, id.clone(), session, limits, Instant::now(), watched)
    };
    run.passage = StoredSetup::caller(record).map(|caller| {
        let passage = Passage::new(shared, None);
        let kind = caller.kind.unwrap_or(Kind::Run);
        passage.begins(kind, &caller, &stay.id, record.run.code.clone());
        passage.is_late();
        passage
    });
    run.is_recorded = true;
    let began = Instant::now();
    let from_saved = journal.saved.is_some();
    let mut guest = match &journal.saved {
        Some((saved, _)) => {
            let bytes = Arc::from(saved.snapshot.as_slice());
            shared.sandbox.open(&limits, Some(bytes)).await.map_err(|error| error.to_string())?
        }
        None => {
            stay.session.guest = None;
            room::open(&mut run, &stay.id, stay.session).await.map_err(|failure| failure.message)?
        }
    };
    // The servers' hints say which calls may be sent again.
    shared.settled(|_, _| true).await;
    let visible = usage::visible(shared, &stay.id).await.map_err(|failure| failure.message)?;
    let code = record.run.code.clone();
    let compiled = room::compile(shared, id, code, Scope::default(), &visible).ok();
    if let Some(compiled) = &compiled {
        stay.session.remember(Arc::clone(compiled));
        stay.declared = &compiled.program.declared;
        run.usage = Usage::of(visible, &compiled.program, false);
    }
    let setup = run.setup(seed);
    let played = playback::play(guest.as_mut(), &journal, setup, from_saved).await;
    let played = played.map_err(|error| error.to_string())?;
    run.logs = played.logs;
    let open = std::mem::take(&mut journal.open);
    let mut in_doubt = Vec::new();
    let ended = match run.take_up(open.into_iter()).await {
        Err(stop) => Err(stop),
        Ok(doubts) => {
            in_doubt = doubts;
            see_to_its_end(&mut run, guest.as_mut(), played.turn, played.is_recorded).await
        }
    };
    let mut variables = Vec::new();
    let note = note(id, &in_doubt);
    run.notes.push(note.clone());
    let outcome = stay.leave(&mut run, guest, ended, &mut variables).await;
    run.account(outcome.is_ok(), began.elapsed());
    drop(interest);
    Ok(match outcome {
        Ok(_) => format!("{note}; it ended well: `read_file ./results/{id}.json` gives its value"),
        Err(failure) => format!("{note}; it failed: {}", failure.message),
    })
}

/// Goes on after the last turn that was played. One that is in the record has been taken in
/// before the interruption.
async fn see_to_its_end(
    run: &mut Run,
    guest: &mut dyn Guest,
    mut turn: crate::sandbox::Turn,
    is_recorded: bool,
) -> Result<TurnState, Stop> {
    if !is_recorded {
        return run.go_on(guest, turn).await;
    }
    run.logs.append(&mut turn.logs);
    match turn.state? {
        TurnState::Waiting => match run.next_turn(guest).await {
            Ok(turn) => run.go_on(guest, turn).await,
            Err(stop) => {
                guest.abandon().await;
                Err(stop)
            }
        },
        ended => Ok(ended),
    }
}

fn note(id: &RunId, in_doubt: &[ToolRef]) -> String {
    let mut note = format!("run `{id}` was interrupted and went on where it was");
    if !in_doubt.is_empty() {
        let tools: Vec<String> = in_doubt.iter().map(ToString::to_string).collect();
        let _ = write!(note, "; in doubt, since sent without an answer: {}", tools.join(", "));
    }
    note
}

/// What [`replay`] found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Replay {
    /// The run.
    pub run: RunId,
    /// Whether value, error and logs are byte for byte what they were.
    pub same: bool,
    /// What differs, a clause each.
    pub differences: Vec<String>,
    /// Turns played.
    pub turns: usize,
    /// Recorded answers that were handed in.
    pub answers: usize,
    /// What it came to now.
    pub value: Option<String>,
}

/// Why a run cannot be replayed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReplayError {
    /// There is no such run.
    #[error("there is no run `{0}`")]
    Unknown(RunId),
    /// The run has not ended.
    #[error("run `{0}` has not ended")]
    Unfinished(RunId),
    /// What it needs is not there any more.
    #[error("run `{run}` cannot be replayed: {reason}")]
    Impossible {
        /// The run.
        run: RunId,
        /// Why.
        reason: String,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Runs a recorded run's code against its recorded answers and compares what it comes to. No
/// server is called, and nothing is stored.
///
/// # Errors
///
/// See [`ReplayError`].
pub async fn replay(
    store: &dyn Store,
    sandbox: &dyn Sandbox,
    id: &RunId,
) -> Result<Replay, ReplayError> {
    let record = store.run(id).await?.ok_or_else(|| ReplayError::Unknown(id.clone()))?;
    let Some(end) = &record.end else { return Err(ReplayError::Unfinished(id.clone())) };
    let impossible =
        |reason: &str| ReplayError::Impossible { run: id.clone(), reason: reason.to_owned() };
    let before = StoredOutcome::read(&end.outcome).ok_or_else(|| impossible("it did not run"))?;
    let journal = Record::read(&store.journal(id).await?)?;
    let journal = journal.ok_or_else(|| impossible("nothing of it had run"))?;
    let (limits, seed) =
        StoredSetup::read(&record).ok_or_else(|| impossible("its setup cannot be read"))?;
    let snapshot = match (record.version, record.before) {
        (0, _) | (_, None) => None,
        (_, Some(snapshot)) => store.snapshot(snapshot).await?,
    };
    if record.version > 0 && snapshot.is_none() {
        return Err(impossible("the session's state before it is not stored any more"));
    }
    let opened = sandbox.open(&limits, snapshot).await;
    let mut guest = opened.map_err(|error| impossible(&error.to_string()))?;
    let deadline = Instant::now() + std::time::Duration::from_millis(limits.base(Limit::Wall));
    let setup = Setup { limits, deadline, seed, clock: Vec::new() };
    let mut replay = Replay {
        run: id.clone(),
        same: false,
        differences: Vec::new(),
        turns: journal.steps.len(),
        answers: journal.steps.iter().map(|step| step.answers.len()).sum(),
        value: None,
    };
    match playback::play(guest.as_mut(), &journal, setup, false).await {
        Ok(played) => compare(&mut replay, &before, played),
        Err(PlayError::Sandbox(error)) => replay.differences.push(error.to_string()),
        Err(diverged) => replay.differences.push(diverged.to_string()),
    }
    replay.same = replay.differences.is_empty();
    Ok(replay)
}

fn compare(replay: &mut Replay, before: &StoredOutcome, mut played: playback::Played) {
    played.logs.append(&mut played.turn.logs);
    // What code put together was masked when it was recorded, and is not now.
    let is_masked = before.notes.iter().any(|note| note.starts_with(privacy::CAUGHT));
    if !is_masked && played.logs != before.logs {
        let (was, is) = (before.logs.len(), played.logs.len());
        replay.differences.push(format!("the logs differ ({was} lines then, {is} now)"));
    }
    let was_message = before.error.as_ref().map(|error| error.message.clone());
    let (value, message) = match played.turn.state {
        Ok(TurnState::Done(value)) => (value, None),
        Ok(TurnState::Threw(error)) => (None, Some(failure::exception_message(&error))),
        // Between two answers when the run was cut off, by its limit or its caller.
        Ok(TurnState::Waiting) => (None, was_message.clone()),
        Err(error) => (None, Some(message(&error))),
    };
    if !is_masked && value != before.value {
        replay.differences.push("the value differs".to_owned());
    }
    if !is_masked && message != was_message {
        let text = |message: &Option<String>| message.clone().unwrap_or_else(|| "none".to_owned());
        replay.differences.push(format!(
            "the error was {} and is {}",
            text(&was_message),
            text(&message)
        ));
    }
    replay.value = value;
}

fn message(error: &SandboxError) -> String {
    failure::from_sandbox(error).message
}
