//! Standard output and standard error: the only module that writes to them.

use std::{
    fmt::Display,
    io::{self, Write as _},
    process::ExitCode,
};

use serde::Serialize;

/// Done.
pub(crate) const OK: u8 = 0;
/// The run, the call or a server failed.
pub(crate) const FAILED: u8 = 1;
/// The arguments or the configuration are wrong.
pub(crate) const USAGE: u8 = 2;

/// A signal ended it: what shells give for Ctrl-C.
pub(crate) const INTERRUPTED: u8 = 130;

/// What a command answers, in both forms, and the exit code.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) text: String,
    pub(crate) json: serde_json::Value,
    pub(crate) code: u8,
}

impl Answer {
    pub(crate) fn new(text: impl Into<String>, json: &impl Serialize, code: u8) -> Self {
        let json = serde_json::to_value(json).unwrap_or_default();
        Self { text: text.into(), json, code }
    }

    /// Prints the form that was asked for.
    pub(crate) fn print(&self, as_json: bool) -> ExitCode {
        let text = if as_json { self.json.to_string() } else { self.text.clone() };
        if !text.is_empty() {
            line(&text);
        }
        ExitCode::from(self.code)
    }
}

/// A failure before there is an answer: wrong arguments, configuration, files.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) message: String,
    pub(crate) hint: Option<String>,
    pub(crate) code: u8,
}

impl Failure {
    pub(crate) fn usage(message: impl Display) -> Self {
        Self { message: message.to_string(), hint: None, code: USAGE }
    }

    pub(crate) fn failed(message: impl Display) -> Self {
        Self { message: message.to_string(), hint: None, code: FAILED }
    }

    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Prints it: to standard error for people, to standard output as JSON for programs.
    pub(crate) fn print(&self, as_json: bool) -> ExitCode {
        if as_json {
            let error = serde_json::json!({
                "ok": false,
                "error": {
                    "kind": if self.code == USAGE { "usage" } else { "failed" },
                    "message": self.message,
                    "hint": self.hint,
                },
            });
            line(&error.to_string());
        } else {
            note(&format!("error: {}", self.message));
            if let Some(hint) = &self.hint {
                note(&format!("\nhint: {hint}"));
            }
        }
        ExitCode::from(self.code)
    }
}

/// Writes a line to standard output. A reader that went away, as `head` does, is no error.
pub(crate) fn line(text: &str) {
    let mut out = io::stdout().lock();
    let _ = writeln!(out, "{text}").and_then(|()| out.flush());
}

/// Writes a line to standard error.
pub(crate) fn note(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}
