//! Looks for the values that a run failed on: plays it once more, with a program that looks.
//!
//! A run that fails leaves a message and a place; the variables of its functions are gone. But
//! all that it computed from is in its journal, so it is played again on a guest of its own, from
//! the state before it and with its recorded answers, and that program looks at the values of
//! the statement that fails. A run that does not fail pays nothing, and nothing is sent.
//!
//! # Invariants
//!
//! * It takes at most [`Limit::Diagnosis`], and no more answers are read than
//!   [`ANSWER_BYTES_MAX`].
//! * What was played must have failed with the same words, or nothing is told of it.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use workroom_script::{Place, Probe, Scope};
use workroom_types::{Limit, Limits, RunId};

use crate::{
    Shared,
    cause::{self, Cause},
    journal::Record,
    modules::InRoom,
    playback,
    run::Run,
    sandbox::{Code, GuestError, Setup, TurnState},
    session::{Compiled, Session},
    store::SnapshotId,
};

/// Runs whose answers are larger than this are not played again: they are held twice meanwhile.
const ANSWER_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// What could be found out of an error.
pub(crate) enum Found {
    /// What it is about.
    Cause(Cause),
    /// Why nothing could be seen, in one clause.
    Unseen(String),
}

/// A run to be played again. It owns what it needs: a session is not shared between threads.
pub(crate) struct Look {
    shared: Arc<Shared>,
    run: RunId,
    limits: Limits,
    seed: [u8; 32],
    /// Where the session's state before the run is; `None`: it had none.
    before: Option<SnapshotId>,
    file: String,
    probe: Probe,
}

/// What is needed to look for the cause of `error`, which ended `run`; or why it cannot be. `None`
/// where there is nothing to look at.
pub(crate) fn prepare(
    run: &Run,
    session: &Session,
    error: &GuestError,
) -> Option<Result<Look, Found>> {
    if run.limits.base(Limit::Diagnosis) == 0 {
        return None;
    }
    let unseen = |why: &str| Some(Err(Found::Unseen(why.to_owned())));
    let (compiled, place) = place(session, error)?;
    if session.programs.back().is_none_or(|last| last.file != compiled.file) {
        return unseen(
            "its function is of an earlier run, whose values cannot be seen: declare it again in \
             this run to see them",
        );
    }
    let catalog = run.shared.catalog();
    let names = session.known_names();
    let scope = Scope { names: &names, ..Scope::default() };
    let modules = InRoom { catalog: &catalog, skills: run.usage.visible() };
    let skill = place.skill.map(|skill| skill.name.as_str());
    let probe = workroom_script::probe(&compiled.source, &modules, scope, skill, place.position)?;
    if run.stats.result_bytes > ANSWER_BYTES_MAX {
        return unseen("the values there were not looked at: the run had too large results");
    }
    if session.version > 0 && session.snapshot.is_none() {
        return unseen("the values there could not be seen: the state before is not stored");
    }
    Some(Ok(Look {
        shared: Arc::clone(&run.shared),
        run: run.id.clone(),
        limits: run.limits,
        seed: run.seed,
        before: if session.version == 0 { None } else { session.snapshot },
        file: compiled.file.clone(),
        probe,
    }))
}

impl Look {
    /// Plays the run, and says what `error` is about.
    pub(crate) async fn at(self, error: &GuestError) -> Found {
        let limit = self.limits.base(Limit::Diagnosis);
        match tokio::time::timeout(Duration::from_millis(limit), self.play(limit)).await {
            Ok(Some(played)) if played.name == error.name && played.message == error.message => {
                let sites = &self.probe.sites;
                Found::Cause(cause::find(&error.name, &error.message, sites, &played.seen))
            }
            Ok(_) => Found::Unseen("the values there could not be seen".to_owned()),
            Err(_) => Found::Unseen(format!(
                "the values there were not found within {limit} ms (`limits.{}`)",
                Limit::Diagnosis.setting()
            )),
        }
    }

    /// What the run throws when it is played with the probe's program.
    async fn play(&self, millis: u64) -> Option<GuestError> {
        let store = &self.shared.store;
        // Its last entries may still be on their way into the store.
        store.append(&self.run, Vec::new()).await.ok()?;
        let mut record = Record::read(&store.journal(&self.run).await.ok()?).ok()??;
        record.code = Arc::new(Code { file: self.file.clone(), text: self.probe.code.clone() });
        let before = match self.before {
            None => None,
            Some(snapshot) => Some(store.snapshot(snapshot).await.ok()??),
        };
        let limits = self.limits.tightened(Limit::Cpu, millis);
        let mut guest = self.shared.sandbox.open(&limits, before).await.ok()?;
        let _place = self.shared.turns.acquire().await;
        let deadline = Instant::now() + Duration::from_millis(millis);
        let setup = Setup { limits, deadline, seed: self.seed, clock: Vec::new() };
        let played = playback::play(guest.as_mut(), &record, setup, false).await.ok()?;
        match played.turn.state {
            Ok(TurnState::Threw(error)) => Some(error),
            _ => None,
        }
    }
}

/// The innermost place of an error in an agent's text, or in a skill's.
pub(crate) fn place<'s>(
    session: &'s Session,
    error: &GuestError,
) -> Option<(&'s Arc<Compiled>, Place<'s>)> {
    error.frames.iter().find_map(|frame| {
        let mut programs = session.programs.iter().rev();
        let compiled = programs.find(|compiled| compiled.file == frame.file)?;
        Some((compiled, compiled.program.place(frame.line, frame.column)?))
    })
}
