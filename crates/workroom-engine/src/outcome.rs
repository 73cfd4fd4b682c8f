//! What a run came to, as the store keeps it.

use serde::{Deserialize, Serialize};

use crate::{
    report::{CallStats, RunFailure},
    run::Run,
    sandbox::LogLine,
};

/// A run's end: its value or its failure, its logs, its calls.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredOutcome {
    /// The returned value as JSON; `None` when nothing was returned, or it failed.
    #[serde(default)]
    pub value: Option<String>,
    /// Why it failed.
    #[serde(default)]
    pub error: Option<RunFailure>,
    /// What the script logged.
    #[serde(default)]
    pub logs: Vec<LogLine>,
    /// What the agent was told beside the result.
    #[serde(default)]
    pub notes: Vec<String>,
    /// The tool calls.
    #[serde(default)]
    pub calls: CallStats,
}

impl StoredOutcome {
    /// Reads [`crate::store::RunEnd::outcome`].
    pub fn read(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }

    pub(crate) fn of(outcome: &Result<Option<String>, RunFailure>, run: &Run) -> Self {
        let (value, error) = match outcome {
            Ok(value) => (value.clone(), None),
            Err(failure) => (None, Some(failure.clone())),
        };
        Self { value, error, logs: run.logs.clone(), notes: run.notes.clone(), calls: run.stats }
    }

    /// An end that only `note` tells of.
    pub(crate) fn noted(note: &str) -> Self {
        Self { notes: vec![note.to_owned()], ..Self::default() }
    }

    pub(crate) fn text(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}
