//! What a run came to, and the text that an agent reads of it.
//!
//! The text opens with one header line. What the code logged and returned
//! follows, within a budget of o200k tokens; what does not fit is kept, and the
//! text gives a preview, the value's shape and the path to read the rest from.

use std::{fmt::Write as _, time::Duration};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use workroom_types::{RunId, SessionId};

use crate::sandbox::{LogLevel, LogLine, Variable};

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
    /// What else there is to know, after the next step: further mistakes, what was called.
    #[serde(skip)]
    pub more: Option<String>,
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
            more: None,
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
}

/// Puts `report` into words of at most about `budget` o200k tokens.
///
/// `show_session`: the agent needs the session's id to go on in it.
pub(crate) fn present(report: &RunReport, budget: usize, show_session: bool) -> Presentation {
    let mut text = header(report, show_session);
    for note in &report.notes {
        let _ = write!(text, "\nnote: {note}");
    }
    // Half of the budget at most for logs: a chatty script must not hide its own result.
    let logs = cut(&log_text(&report.logs), budget / 2, "more was logged; log less");
    if !logs.is_empty() {
        let _ = write!(text, "\n{logs}");
    }
    let left = budget.saturating_sub(workroom_ledger::tokens(&text));
    let mut kept = None;
    match &report.outcome {
        Ok(Some(json)) => {
            let value = plain(json);
            if workroom_ledger::prefix(&value, left).len() == value.len() {
                let _ = write!(text, "\n{value}");
            } else {
                let path = format!("./results/{}.json", report.run);
                let _ = write!(text, "\n{}", preview(json, &value, left, &path));
                kept = Some(path);
            }
        }
        Ok(None) if report.logs.is_empty() => {
            text.push_str("\nnothing was returned or logged: end with the value, or `return` it");
        }
        Ok(None) => {}
        Err(failure) => {
            let _ = write!(text, "\n{}", cut(&failure_text(failure), left.max(200), "cut"));
        }
    }
    let tokens = workroom_ledger::tokens(&text);
    Presentation { text, tokens, kept }
}

fn header(report: &RunReport, show_session: bool) -> String {
    let state = if report.outcome.is_ok() { "ok" } else { "error" };
    let mut header =
        format!("{state} · run {} · {:.1} s", report.run, report.duration.as_secs_f64());
    let calls = report.calls;
    if calls.made > 0 {
        let plural = if calls.made == 1 { "" } else { "s" };
        let _ = write!(header, " · {} call{plural}", calls.made);
        if calls.failed > 0 {
            let _ = write!(header, " ({} failed)", calls.failed);
        }
        let _ = write!(header, " · {} kept in the sandbox", bytes(calls.result_bytes));
    }
    if show_session || !report.variables.is_empty() {
        let _ = write!(header, " · session {}", report.session);
    }
    if !report.variables.is_empty() {
        let _ = write!(header, ": {}", variable_list(&report.variables));
    }
    header
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
            LogLevel::Debug | LogLevel::Log | LogLevel::Info => f.write_str(&self.text),
        }
    }
}

fn failure_text(failure: &RunFailure) -> String {
    let mut text = failure.message.clone();
    if let Some(excerpt) = &failure.excerpt {
        let _ = write!(text, "\n{excerpt}");
    }
    if let Some(hint) = &failure.hint {
        let _ = write!(text, "\nhint: {hint}");
    }
    if let Some(more) = &failure.more {
        let _ = write!(text, "\n{more}");
    }
    text
}

/// A value as an agent reads it best: text as text, everything else as compact JSON.
fn plain(json: &str) -> String {
    if json.starts_with('"')
        && let Ok(text) = serde_json::from_str(json)
    {
        return text;
    }
    json.to_owned()
}

fn preview(json: &str, value: &str, budget: usize, path: &str) -> String {
    let total = workroom_ledger::Volume::of(value);
    let shape = serde_json::from_str(json).map_or_else(|_| String::new(), |json| shape(&json, 0));
    let about = format!(
        "the result is too long to show: {} tokens, {}\nshape: {shape}\nwhole: {path} (read_file \
         with offset and limit), or return less\nit begins: ",
        total.tokens,
        bytes(total.bytes),
    );
    // One for the line feed before, which the caller adds.
    let left = budget.saturating_sub(workroom_ledger::tokens(&about) + 1);
    format!("{about}{}", workroom_ledger::prefix(value, left))
}

fn cut(text: &str, budget: usize, why: &str) -> String {
    let shown = workroom_ledger::prefix(text, budget);
    if shown.len() == text.len() {
        return text.to_owned();
    }
    format!("{shown}\n… ({} in all; {why})", bytes(text.len() as u64))
}

/// A value's form without its contents: enough to write the code that picks from it.
fn shape(value: &Value, depth: usize) -> String {
    const DEPTH_MAX: usize = 3;
    const KEYS_MAX: usize = 12;
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(_) => "boolean".to_owned(),
        Value::Number(_) => "number".to_owned(),
        Value::String(text) => format!("string({})", text.chars().count()),
        Value::Array(items) => match items.first() {
            Some(first) if depth < DEPTH_MAX => {
                format!("array({}) of {}", items.len(), shape(first, depth + 1))
            }
            _ => format!("array({})", items.len()),
        },
        Value::Object(fields) if depth < DEPTH_MAX => {
            let mut shown: Vec<String> = fields
                .iter()
                .take(KEYS_MAX)
                .map(|(key, value)| {
                    let key: String = key.chars().take(40).collect();
                    format!("{key}: {}", shape(value, depth + 1))
                })
                .collect();
            if fields.len() > KEYS_MAX {
                shown.push(format!("… {} more", fields.len() - KEYS_MAX));
            }
            format!("{{ {} }}", shown.join(", "))
        }
        Value::Object(fields) => format!("object({})", fields.len()),
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
    use expect_test::{Expect, expect};

    use super::*;

    fn report(outcome: Result<Option<String>, RunFailure>) -> RunReport {
        RunReport {
            run: RunId::from_random(7),
            session: SessionId::named("s1"),
            outcome,
            logs: Vec::new(),
            notes: Vec::new(),
            variables: Vec::new(),
            calls: CallStats { made: 2, failed: 1, argument_bytes: 20, result_bytes: 212_400 },
            duration: Duration::from_millis(1_830),
        }
    }

    #[track_caller]
    fn check(report: &RunReport, budget: usize, expected: &Expect) {
        let shown = present(report, budget, true);
        expected.assert_eq(&shown.text);
        assert_eq!(shown.tokens, workroom_ledger::tokens(&shown.text));
    }

    #[test]
    fn a_value_that_fits_follows_the_header() {
        check(
            &report(Ok(Some(r#"{"a":1}"#.to_owned()))),
            500,
            &expect![[r#"
                ok · run r_7000000000000000 · 1.8 s · 2 calls (1 failed) · 212 KB kept in the sandbox · session s1
                {"a":1}"#]],
        );
    }

    #[test]
    fn text_is_shown_as_text_and_logs_come_first() {
        let mut report = report(Ok(Some(r#""two\nlines""#.to_owned())));
        report.logs = vec![
            LogLine { level: LogLevel::Log, text: "a".to_owned() },
            LogLine { level: LogLevel::Warn, text: "b".to_owned() },
        ];
        check(
            &report,
            500,
            &expect![[r"
                ok · run r_7000000000000000 · 1.8 s · 2 calls (1 failed) · 212 KB kept in the sandbox · session s1
                a
                warning: b
                two
                lines"]],
        );
    }

    #[test]
    fn a_value_one_token_too_long_is_previewed_and_kept_whole() {
        let rows: Vec<Value> =
            (0..200).map(|n| serde_json::json!({ "sku": format!("SKU-{n}"), "qty": n })).collect();
        let json = Value::Array(rows).to_string();
        let shown = present(&report(Ok(Some(json.clone()))), 150, false);
        expect![[r#"
            ok · run r_7000000000000000 · 1.8 s · 2 calls (1 failed) · 212 KB kept in the sandbox
            the result is too long to show: 2002 tokens, 5 KB
            shape: array(200) of { sku: string(5), qty: number }
            whole: ./results/r_7000000000000000.json (read_file with offset and limit), or return less
            it begins: [{"sku":"SKU-0","qty":0},{"sku":"SKU-1","qty":1},{"sku":"SKU-2","qty":2},{"sku":"SKU-3","qty":3},{"sku":"SKU-4","qty":4},{""#]]
        .assert_eq(&shown.text);
        assert_eq!(shown.kept.as_deref(), Some("./results/r_7000000000000000.json"));
        assert!(shown.tokens <= 150, "{}", shown.tokens);
    }

    #[test]
    fn a_failure_gives_message_excerpt_and_hint() {
        let mut failure =
            RunFailure::new(FailureKind::Exception, "TypeError: x is null").hint("check x");
        failure.excerpt = Some("1 | x.y\n  |   ^".to_owned());
        check(
            &report(Err(failure)),
            500,
            &expect![[r"
                error · run r_7000000000000000 · 1.8 s · 2 calls (1 failed) · 212 KB kept in the sandbox · session s1
                TypeError: x is null
                1 | x.y
                  |   ^
                hint: check x"]],
        );
    }

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
