//! A run in its session: from an agent's text to its report.
//!
//! The session is taken from memory or brought back from the store, the run is recorded, the
//! script runs, and what it leaves is kept before its answer is given. A session that cannot be
//! brought back says so, with the names of what is lost; it is never replaced in silence.

use std::{fmt::Write as _, sync::Arc, time::Instant};

use serde_json::json;
use tokio::sync::watch;
use workroom_script::Scope;
use workroom_types::{Bound, Limit, Limits, RunId, SessionId};

use crate::{
    RunRequest, SessionChoice, Shared, diagnosis, failure,
    ledger::{Caller, Passage},
    modules::InRoom,
    now,
    outcome::StoredOutcome,
    privacy, random, recover,
    report::{RunFailure, RunReport},
    run::{self, Run, Stop},
    sandbox::{Code, Guest, SandboxError, TurnState, Variable},
    session::{Compiled, Session, SessionError, lost},
    shapes,
    skills::{Visible, suggest, usage},
    store::{Ending, NewRun, RunEnd, SessionRecord, SessionState, StoreError},
    types::Checking,
};

/// The origin of runs whose session ends with their process: nobody goes on with them.
pub(crate) const ONCE: &str = "once";

/// Does what `request` asks, and says what it came to.
pub(crate) async fn conduct(
    shared: Arc<Shared>,
    id: RunId,
    request: RunRequest,
    (started, interest, passage): (Instant, watch::Receiver<()>, Option<Passage>),
) -> RunReport {
    let mut limits = shared.limits;
    if let Some(timeout) = request.timeout_ms {
        limits = limits.tightened(Limit::Wall, timeout);
    }
    let session = request.session.id().clone();
    let mut run = {
        let (shared, session) = (Arc::clone(&shared), session.clone());
        Run::new(shared, id, session, limits, started, interest)
    };
    run.passage = passage;
    let mut variables = Vec::new();
    let code = suggest::kept_code(&request);
    let outcome = match shared.runs.try_acquire() {
        Ok(_place) => in_session(&mut run, request, &mut variables).await,
        Err(_) => Err(failure::busy(&shared.bounds)),
    };
    run.account(outcome.is_ok(), started.elapsed());
    let code = code.filter(|_| outcome.is_ok());
    let repeated = suggest::Counts::note(&shared, &run.id, code.as_deref()).await;
    RunReport {
        run: run.id,
        session,
        outcome,
        logs: run.logs,
        notes: run.notes,
        calls: run.stats,
        variables,
        duration: started.elapsed(),
        repeated,
    }
}

async fn in_session(
    run: &mut Run,
    request: RunRequest,
    variables: &mut Vec<Variable>,
) -> Result<Option<String>, RunFailure> {
    if request.code.len() > run.limits.size(Limit::Code) {
        return Err(failure::from_limit(run.limits.exceeded(Limit::Code)));
    }
    let shared = Arc::clone(&run.shared);
    let id = request.session.id().clone();
    let session = shared.sessions.get(&id);
    let mut session = session.lock().await;
    enter(run, &request.session, &mut session).await?;
    let visible = usage::visible(&shared, &id).await?;
    wait_for_servers(run, &request.code, &visible).await;
    // Its caller may have gone while it waited, here or for its session: then it sends nothing.
    if run.interest.has_changed().is_err() {
        return Err(failure::from_sandbox(&SandboxError::Cancelled));
    }
    let checking = Checking::begin(&shared, &request.code);
    let known = session.known_names();
    let is_fresh = session.is_fresh();
    let all = session.all_names();
    let others = all.as_deref().unwrap_or_default();
    let scope = Scope { names: &known, others, is_complete: all.is_some() };
    let compiled = compile(&shared, &run.id, request.code, scope, &visible)?;
    usage::begin(run, &compiled, visible, is_fresh);
    run.hints.clone_from(&compiled.program.hints);
    let checking = settle_types(&shared, &compiled.source, checking).await?;
    session.remember(Arc::clone(&compiled));
    let mut guest = open(run, &id, &mut session).await?;
    let seed = seed();
    let keeps = !matches!(request.session, SessionChoice::Once(_));
    begin(run, &id, &compiled.source, seed, keeps).await?;
    session.unfinished = Some(run.id.clone());
    let code = Code { file: compiled.file.clone(), text: compiled.program.code.clone() };
    let ended = run.start(guest.as_mut(), Arc::new(code), seed).await;
    if let Some(checking) = checking {
        for mistake in checking.found().await {
            run.notes
                .push(format!("types: {}", workroom_script::render(&compiled.source, &mistake)));
        }
    }
    let mut stay = Stay { id, session: &mut session, declared: &compiled.program.declared, keeps };
    stay.leave(run, guest, ended, variables).await
}

/// Refuses a script whose types are wrong, where that is wanted; otherwise the check goes on
/// beside the run.
async fn settle_types(
    shared: &Shared,
    source: &str,
    checking: Option<Checking>,
) -> Result<Option<Checking>, RunFailure> {
    let refuses = shared.types.as_ref().is_some_and(|types| types.refuses);
    match checking {
        Some(checking) if refuses => match checking.found().await {
            mistakes if mistakes.is_empty() => Ok(None),
            mistakes => Err(failure::from_diagnostics(source, &mistakes)),
        },
        checking => Ok(checking),
    }
}

/// A run's stay in its session, which ends by leaving it in order.
pub(crate) struct Stay<'a> {
    pub(crate) id: SessionId,
    pub(crate) session: &'a mut Session,
    /// The variables that the run's code declares.
    pub(crate) declared: &'a [String],
    /// Whether the session's state is to be stored.
    pub(crate) keeps: bool,
}

impl Stay<'_> {
    /// Ends the run: waits for its last calls, keeps the session's state, records both.
    pub(crate) async fn leave(
        &mut self,
        run: &mut Run,
        mut guest: Box<dyn Guest>,
        ended: Result<TurnState, Stop>,
        variables: &mut Vec<Variable>,
    ) -> Result<Option<String>, RunFailure> {
        if ended.is_ok() {
            run.drain().await;
        }
        run.note_hints(&ended);
        // What filled the memory may be held by a variable, and the next run would find no room.
        let is_full =
            matches!(&ended, Err(Stop::Sandbox(SandboxError::Limit { limit: Limit::Memory, .. })));
        let outcome = match ended {
            Ok(TurnState::Done(value)) => Ok(value),
            Ok(TurnState::Threw(error)) => {
                let found = match diagnosis::prepare(run, self.session, &error) {
                    Some(Ok(look)) => Some(look.at(&error).await),
                    Some(Err(unseen)) => Some(unseen),
                    None => None,
                };
                let called = run.usage.call_site(self.session, &error);
                let mut failure =
                    failure::from_exception(&error, self.session, &run.limits, found, called);
                let excerpt = failure.excerpt.clone().unwrap_or_default();
                run.told.explain(&mut failure, &excerpt);
                Err(failure)
            }
            Ok(TurnState::Waiting) => Err(failure::from_sandbox(&SandboxError::Deadlock)),
            Err(stop) => Err(failure::from_stop(&stop)),
        };
        run.notes.extend(shapes::keep(&run.shared, &run.told).await);
        usage::settle(run, outcome.is_ok()).await;
        let kept = self.keep(run, guest.as_mut(), is_full).await;
        let outcome = outcome.map_err(|mut failure| {
            failure.context.effects = run.effects();
            failure.context.kept = kept.as_ref().and_then(|_| self.kept_words());
            failure
        });
        if self.keeps {
            variables.clone_from(&self.session.variables);
        }
        let outcome = privacy::last_look(run, outcome).await;
        run.stats.masked = run.scope.masked();
        let own_bytes = kept.as_ref().map_or(0, |state| state.heap_bytes);
        let is_stored = kept.as_ref().is_none_or(|state| state.snapshot.is_some());
        let advances = kept.is_some();
        let outcome = self.record(run, outcome, kept).await;
        let shared = &run.shared;
        if guest.is_alive() && advances {
            self.session.guest = Some(guest);
        }
        shared.sessions.note(&self.id, own_bytes, is_stored);
        outcome
    }

    /// The guest's state after the run; `None` where the guest is gone or of no use.
    async fn keep(
        &mut self,
        run: &mut Run,
        guest: &mut dyn Guest,
        is_full: bool,
    ) -> Option<SessionState> {
        let mut names = self.session.names();
        let new = self.declared.iter().filter(|name| !names.contains(name));
        let new: Vec<String> = new.cloned().collect();
        names.extend(new);
        let kept = if guest.is_alive() && !is_full {
            let _place = run.shared.turns.acquire().await;
            guest.keep(names, self.keeps).await
        } else {
            Err(SandboxError::Dead)
        };
        let Ok(mut kept) = kept else {
            if self.session.version > 0 {
                let back = "the session goes back to its variables before this run".to_owned();
                run.notes.push(back);
            }
            return None;
        };
        let most = run.shared.bounds.size(Bound::SessionStored);
        let mut snapshot = kept.snapshot.take();
        if snapshot.as_ref().is_some_and(|bytes| bytes.len() > most) {
            snapshot = None;
            run.notes.push(format!(
                "the session's variables are too much to store (`sandbox.{}` is {} MiB): they \
                 last as long as this process",
                Bound::SessionStored.setting(),
                run.shared.bounds.get(Bound::SessionStored),
            ));
        }
        self.note_pending(run, &kept.variables);
        self.session.variables = kept.variables;
        Some(SessionState {
            variables: serde_json::to_string(&self.session.variables).unwrap_or_default(),
            heap_bytes: kept.own_bytes,
            snapshot: snapshot.map(Arc::from),
        })
    }

    /// Which of the run's variables are set, for a run that failed.
    fn kept_words(&self) -> Option<String> {
        if !self.keeps || self.declared.is_empty() {
            return None;
        }
        let variables = &self.session.variables;
        let is_set = |name: &String| variables.iter().any(|v| v.name == *name && !v.pending);
        let (set, unset): (Vec<&String>, Vec<&String>) =
            self.declared.iter().partition(|name| is_set(name));
        let names = |names: &[&String]| {
            let shown: Vec<&str> = names.iter().take(12).map(|name| name.as_str()).collect();
            shown.join(", ")
        };
        Some(match (set.as_slice(), unset.as_slice()) {
            ([], unset) => format!("not set: {}", names(unset)),
            (set, []) => format!("kept for the next run: {}", names(set)),
            (set, unset) => {
                format!("kept for the next run: {}; not set: {}", names(set), names(unset))
            }
        })
    }

    fn note_pending(&self, run: &mut Run, variables: &[Variable]) {
        let pending: Vec<&str> = variables
            .iter()
            .filter(|variable| variable.pending && self.declared.contains(&variable.name))
            .map(|variable| variable.name.as_str())
            .collect();
        if !pending.is_empty() {
            run.notes.push(format!(
                "{} is a promise that was not awaited: it ends with the run, and its value is lost",
                pending.join(", ")
            ));
        }
    }

    /// Records the run's end and the session's new state, in one step.
    async fn record(
        &mut self,
        run: &mut Run,
        outcome: Result<Option<String>, RunFailure>,
        state: Option<SessionState>,
    ) -> Result<Option<String>, RunFailure> {
        let shared = Arc::clone(&run.shared);
        let advances = state.is_some();
        let text = StoredOutcome::of(&outcome, run).text();
        let end = RunEnd { ended: now(), ok: outcome.is_ok(), outcome: text };
        match shared.store.finish(&run.id, end, state).await {
            Ok(()) => {
                self.session.unfinished = None;
                if advances {
                    self.session.version += 1;
                    // Looked up when it is needed.
                    self.session.snapshot = None;
                }
            }
            Err(error) => {
                run.notes.push(format!(
                    "the run's end and the session's variables could not be stored: {error}"
                ));
            }
        }
        outcome
    }
}

/// Brings the session into the state that the store knows, as far as its record goes.
async fn enter(
    run: &mut Run,
    choice: &SessionChoice,
    session: &mut Session,
) -> Result<(), RunFailure> {
    let shared = Arc::clone(&run.shared);
    let id = choice.id();
    let may_begin = !matches!(choice, SessionChoice::Existing(_));
    let Some(mut record) = look_up(&shared, id).await? else {
        if !may_begin {
            return Err(refused(&SessionError::Unknown(id.clone())));
        }
        session.reset();
        return Ok(());
    };
    if let Some(running) = record.running.take() {
        if session.unfinished.as_ref() == Some(&running.run) {
            // This process's own, and over, since its session is free.
            let outcome = StoredOutcome::noted("its end could not be recorded").text();
            let end = RunEnd { ended: now(), ok: false, outcome };
            let finished = shared.store.finish(&running.run, end, None).await;
            finished.map_err(|error| failure::from_store(&error))?;
        } else if running.interrupted {
            let note = recover::resume(&shared, &running.run, id, session).await;
            run.notes.push(note.map_err(|error| failure::from_store(&error))?);
        } else {
            let busy =
                StoreError::Busy { session: id.clone(), run: running.run, interrupted: false };
            return Err(failure::from_store(&busy));
        }
        record = look_up(&shared, id).await?.unwrap_or(record);
    }
    if let Some((_, ending)) = record.ended {
        let ended = SessionError::Ended { id: id.clone(), ending };
        session.reset();
        if !may_begin {
            return Err(refused(&ended));
        }
        run.notes.push(ended.to_string());
        return Ok(());
    }
    run.told.since(record.created);
    adopt(session, &record);
    Ok(())
}

/// Makes `session` what `record` says. A guest of another state is dropped: another process ran
/// the session since.
pub(crate) fn adopt(session: &mut Session, record: &SessionRecord) {
    if session.version != record.version {
        session.guest = None;
        session.forget_names();
    }
    session.version = record.version;
    session.snapshot = record.snapshot;
    session.variables = serde_json::from_str(&record.variables).unwrap_or_default();
}

async fn look_up(shared: &Shared, id: &SessionId) -> Result<Option<SessionRecord>, RunFailure> {
    shared.store.session(id).await.map_err(|error| failure::from_store(&error))
}

fn refused(error: &SessionError) -> RunFailure {
    failure::session(error.to_string()).hint("leave `session` out to start a new one")
}

/// Waits for the servers that `source` names and that are still starting: their tools are not
/// known before. Servers that it does not name are not waited for.
async fn wait_for_servers(run: &mut Run, source: &str, visible: &Visible) {
    let of_skills = visible.servers_of(source);
    let needed = |name: &str, folder: &str| {
        source.contains(name)
            || source.contains(folder)
            || of_skills.iter().any(|it| it == name || it == folder)
    };
    let shared = Arc::clone(&run.shared);
    let wait = shared.settled(needed);
    let deadline = tokio::time::Instant::from_std(run.deadline);
    tokio::select! {
        _ = tokio::time::timeout_at(deadline, wait) => {}
        () = run::closed(&mut run.interest) => {}
    }
}

pub(crate) fn compile(
    shared: &Shared,
    id: &RunId,
    source: String,
    scope: Scope<'_>,
    skills: &Visible,
) -> Result<Arc<Compiled>, RunFailure> {
    let catalog = shared.catalog();
    let modules = InRoom { catalog: &catalog, skills };
    let program = workroom_script::compile_in(&source, &modules, scope)
        .map_err(|diagnostics| failure::from_diagnostics(&source, &diagnostics))?;
    Ok(Arc::new(Compiled { file: format!("{id}.ts"), source, program }))
}

/// The session's guest: the one in memory, the stored one, or a fresh one.
pub(crate) async fn open(
    run: &mut Run,
    id: &SessionId,
    session: &mut Session,
) -> Result<Box<dyn Guest>, RunFailure> {
    if let Some(guest) = session.guest.take() {
        return Ok(guest);
    }
    let shared = Arc::clone(&run.shared);
    let stored = match (session.version, session.snapshot) {
        (0, _) => None,
        (_, None) => Some(Err("was too large to be stored and made room".to_owned())),
        (_, Some(snapshot)) => match shared.store.snapshot(snapshot).await {
            Ok(Some(bytes)) => Some(Ok(bytes)),
            Ok(None) => Some(Err("has lost its stored state".to_owned())),
            Err(error) => return Err(failure::from_store(&error)),
        },
    };
    let opened = match stored {
        None => shared.sandbox.open(&run.limits, None).await,
        Some(Ok(bytes)) => {
            let _place = shared.turns.acquire().await;
            shared.sandbox.open(&run.limits, Some(bytes)).await
        }
        Some(Err(reason)) => Err(SandboxError::Snapshot(reason)),
    };
    match opened {
        Ok(guest) => Ok(guest),
        Err(SandboxError::Snapshot(reason)) => Err(end(&shared, id, session, reason).await),
        Err(error) => Err(failure::from_sandbox(&error)),
    }
}

/// Ends a session whose state cannot be had any more, and says what is lost.
async fn end(shared: &Shared, id: &SessionId, session: &mut Session, reason: String) -> RunFailure {
    let names = session.names();
    let mut message = format!("session `{id}` cannot go on: {reason}; {}", lost(&names));
    let ending = Ending { reason, lost: names };
    if let Err(error) = shared.store.end_session(id, now(), &ending).await {
        let _ = write!(message, " (and that could not be recorded: {error})");
    }
    session.reset();
    failure::session(message).hint("run the code again, in a new session: leave `session` out")
}

/// Records the run, before it starts.
async fn begin(
    run: &mut Run,
    session: &SessionId,
    source: &str,
    seed: [u8; 32],
    keeps: bool,
) -> Result<(), RunFailure> {
    let shared = Arc::clone(&run.shared);
    let new = NewRun {
        id: run.id.clone(),
        session: session.clone(),
        started: now(),
        code: source.to_owned(),
        origin: if keeps { shared.origin.clone() } else { ONCE.to_owned() },
        setup: setup_text(&run.limits, seed, run.passage.as_ref().map(Passage::caller).as_ref()),
    };
    shared.store.begin(new).await.map_err(|error| failure::from_store(&error))?;
    run.is_recorded = true;
    Ok(())
}

/// 256 random bits.
fn seed() -> [u8; 32] {
    let mut seed = [0; 32];
    seed[..16].copy_from_slice(&random().to_le_bytes());
    seed[16..].copy_from_slice(&random().to_le_bytes());
    seed
}

/// How a run goes, as it is stored.
pub(crate) fn setup_text(limits: &Limits, seed: [u8; 32], caller: Option<&Caller>) -> String {
    let limits: serde_json::Map<_, _> = Limit::ALL
        .into_iter()
        .map(|limit| (limit.setting().to_owned(), limits.get(limit).into()))
        .collect();
    json!({ "limits": limits, "seed": seed, "caller": caller }).to_string()
}
