//! What a run came to, as values; its words for agents are put together in `present`.

use std::{fmt::Write as _, time::Duration};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use workroom_types::{RunId, SessionId};

use crate::{
    sandbox::{LogLevel, LogLine, Variable},
    shown,
};

/// Everything that is known of a run when it has ended.
#[derive(Clone, Debug)]
pub struct RunReport {
    /// The run.
    pub run: RunId,
    /// Its session.
    pub session: SessionId,
    /// The returned value as JSON (`None`: nothing was returned), or why there is none.
    pub outcome: Result<Option<String>, RunFailure>,
    /// What the script logged, also before a failure.
    pub logs: Vec<LogLine>,
    /// What the agent should know beside the result, such as calls that were not awaited.
    pub notes: Vec<String>,
    /// The tool calls.
    pub calls: CallStats,
    /// The session's variables after the run.
    pub variables: Vec<Variable>,
    /// From request to end.
    pub duration: Duration,
    /// How many runs had code of the same shape, this one included, when there are so many that
    /// it should become a skill.
    pub repeated: Option<usize>,
}

/// The tool calls of a run, summed up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallStats {
    /// Calls that were sent or refused.
    pub made: u64,
    /// Of these, calls that gave an error.
    pub failed: u64,
    /// Arguments, as bytes of JSON.
    pub argument_bytes: u64,
    /// Results, as bytes of JSON: what would have passed through the agent's context.
    pub result_bytes: u64,
    /// Different values that were masked.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub masked: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes what it may skip so")]
fn is_zero(count: &u64) -> bool {
    *count == 0
}

/// Why a run has no value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunFailure {
    /// What sort of failure.
    pub kind: FailureKind,
    /// What happened.
    pub message: String,
    /// 1-based line of the agent's own text.
    pub line: Option<u32>,
    /// 1-based column of the agent's own text, in characters.
    pub column: Option<u32>,
    /// One next step.
    pub hint: Option<String>,
    /// The agent's line with a caret, where a position is known.
    #[serde(skip)]
    pub excerpt: Option<String>,
    /// What is known beside.
    #[serde(flatten)]
    pub context: Box<FailureContext>,
}

/// What a run that failed leaves behind.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailureContext {
    /// What most likely caused it, where something in the run's results tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lead: Option<String>,
    /// The signature, further mistakes, and what was not done, of a script that was refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub more: Option<String>,
    /// What values the failing statement had: their forms, a line each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<String>,
    /// What the calls before had come to, and which of them may have changed something.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effects: Option<String>,
    /// What the session keeps of the run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kept: Option<String>,
}

/// The sorts of failure, as stable codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureKind {
    /// The text is not TypeScript, or uses what the sandbox does not run.
    Syntax,
    /// An import names no known server or tool.
    UnknownImport,
    /// The script would surely fail: an undeclared name, wrong parameters, a missing `await`.
    Check,
    /// A value is used as its type does not allow.
    Type,
    /// The script threw.
    Exception,
    /// A limit ended the run.
    Limit,
    /// The client cancelled the run.
    Cancelled,
    /// The script waits for what will never come.
    Deadlock,
    /// The session is unknown or has ended.
    Session,
    /// The run cannot be recorded, or its session not be read.
    Store,
    /// A fault of ours.
    Internal,
}

impl RunFailure {
    pub(crate) fn new(kind: FailureKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            line: None,
            column: None,
            hint: None,
            excerpt: None,
            context: Box::default(),
        }
    }

    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

/// The text that an agent reads of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Presentation {
    /// The text, header line first.
    pub text: String,
    /// Its o200k tokens.
    pub tokens: usize,
    /// Where the whole value is kept, if it did not fit.
    pub kept: Option<String>,
    /// What the code passed on with `show`: content blocks of MCP, in order.
    pub shown: Vec<Value>,
}

/// Variables by name, with how much those hold that hold many things: `sheet(1204), leads`.
pub fn variable_list(variables: &[Variable]) -> String {
    const SHOWN_MAX: usize = 12;
    // The newest, in the order in which they were declared.
    let left_out = variables.len().saturating_sub(SHOWN_MAX);
    let shown = variables.iter().skip(left_out).map(|variable| match variable.size {
        Some(size) => format!("{}({size})", variable.name),
        None => variable.name.clone(),
    });
    let mut list = shown.collect::<Vec<_>>().join(", ");
    if left_out > 0 {
        let _ = write!(list, " and {left_out} older");
    }
    list
}

/// The lines of `console`, those of `warn` and `error` marked.
pub fn log_text(logs: &[LogLine]) -> String {
    let lines: Vec<String> = logs.iter().map(LogLine::to_string).collect();
    lines.join("\n")
}

impl std::fmt::Display for LogLine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.level {
            LogLevel::Warn => write!(f, "warning: {}", self.text),
            LogLevel::Error => write!(f, "error: {}", self.text),
            LogLevel::Show => f.write_str(&shown::caption(&self.text)),
            LogLevel::Debug | LogLevel::Log | LogLevel::Info => f.write_str(&self.text),
        }
    }
}

/// A duration in whole milliseconds.
pub fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// A size for people: `980 B`, `212 KB`, `4.1 MB` (of 1,000).
pub fn bytes(count: u64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "shown with two digits")]
    let value = count as f64;
    match count {
        0..1_000 => format!("{count} B"),
        1_000..999_500 => format!("{:.0} KB", value / 1e3),
        _ => format!("{:.1} MB", value / 1e6),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_listed_with_what_they_hold_the_newest_last() {
        let variable = |n: u64| Variable {
            name: format!("v{n}"),
            size: n.is_multiple_of(2).then_some(n * 100),
            pending: false,
        };
        let list = |count: u64| variable_list(&(0..count).map(variable).collect::<Vec<_>>());
        assert_eq!(list(3), "v0(0), v1, v2(200)");
        assert_eq!(
            list(13),
            format!("{} and 1 older", &list(12)["v0(0), ".len()..])
                .replace(" and 1 older", ", v12(1200) and 1 older")
        );
    }

    #[test]
    fn sizes_are_short() {
        let shown = [0, 999, 1_000, 999_499, 999_500, 4_100_000].map(bytes);
        assert_eq!(shown, ["0 B", "999 B", "1 KB", "999 KB", "1.0 MB", "4.1 MB"]);
    }
}
