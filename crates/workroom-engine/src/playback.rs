//! Plays a recorded run: the same code, clock, randomness and answers, turn after turn.
//!
//! A guest computes the same from the same, so what each turn asks for must be what is recorded
//! of it. Where it is not, the run has *diverged*, and nothing more is done with it.

use thiserror::Error;

use crate::{
    journal::{Record, TurnRecord},
    sandbox::{Guest, LogLine, SandboxError, Setup, Turn, TurnState},
};

/// A run that was played to the end of its record.
pub(crate) struct Played {
    /// The last turn.
    pub(crate) turn: Turn,
    /// Whether it is in the record.
    pub(crate) is_recorded: bool,
    /// What was logged, the last turn's lines left out.
    pub(crate) logs: Vec<LogLine>,
}

/// Why a run cannot be played.
#[derive(Debug, Error)]
pub(crate) enum PlayError {
    #[error(transparent)]
    Sandbox(#[from] SandboxError),
    #[error("turn {turn} did not do what is recorded of it: {what}")]
    Diverged { turn: usize, what: String },
}

/// Plays `record` on `guest`: a guest as it was before the run, or, `from_saved`, the one that
/// the record's last snapshot was taken of.
pub(crate) async fn play(
    guest: &mut dyn Guest,
    record: &Record,
    mut setup: Setup,
    from_saved: bool,
) -> Result<Played, PlayError> {
    let mut played = Played { turn: waiting(), is_recorded: true, logs: Vec::new() };
    let mut first = 0;
    if from_saved && let Some((saved, next)) = &record.saved {
        guest.rejoin(setup.clone()).await?;
        played.logs.clone_from(&saved.logs);
        first = *next;
    }
    for (index, step) in record.steps.iter().enumerate().skip(first) {
        if index > first && !matches!(played.turn.state, Ok(TurnState::Waiting)) {
            return Err(diverged(index, "the run had ended"));
        }
        played.logs.append(&mut played.turn.logs);
        let clock = step.turn.as_ref().map(|turn| turn.clock.clone()).unwrap_or_default();
        played.turn = if index == 0 {
            setup.clock = clock;
            guest.start(record.code.clone(), setup.clone()).await
        } else {
            guest.resume(step.answers.clone(), clock).await
        };
        played.is_recorded = step.turn.is_some();
        if let Some(recorded) = &step.turn {
            compare(index, recorded, &played.turn)?;
        }
    }
    Ok(played)
}

fn compare(index: usize, recorded: &TurnRecord, turn: &Turn) -> Result<(), PlayError> {
    // A turn that a limit ended gives no calls, then as now; where exactly it was stopped is a
    // matter of time.
    if let Err(error) = &turn.state {
        if recorded.calls.is_empty() && recorded.timers.is_empty() {
            return Ok(());
        }
        return Err(PlayError::Sandbox(error.clone()));
    }
    let now = TurnRecord::of(turn);
    if let Some((was, is)) = recorded.calls.iter().zip(&now.calls).find(|(was, is)| was != is) {
        let what = format!(
            "it called {}.{} and now {}.{} or with other arguments",
            was.module, was.function, is.module, is.function
        );
        return Err(diverged(index, &what));
    }
    if recorded.calls.len() != turn.calls.len() {
        let what = format!("it made {} calls and now {}", recorded.calls.len(), turn.calls.len());
        return Err(diverged(index, &what));
    }
    if recorded.timers != turn.timers {
        return Err(diverged(index, "it set other timers"));
    }
    Ok(())
}

fn diverged(turn: usize, what: &str) -> PlayError {
    PlayError::Diverged { turn: turn + 1, what: what.to_owned() }
}

fn waiting() -> Turn {
    Turn { state: Ok(TurnState::Waiting), ..Turn::failed(SandboxError::Dead) }
}
