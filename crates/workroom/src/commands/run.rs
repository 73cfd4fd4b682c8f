//! `workroom run`: TypeScript from files, in one session.

use std::{
    io::Read as _,
    path::{Path, PathBuf},
};

use serde_json::{Value, json};
use workroom_engine::{RunReport, RunRequest, SessionChoice, report};
use workroom_types::SessionId;

use crate::{
    args::{Global, Run},
    gateway::Gateway,
    output::{self, Answer, Failure},
    store::Keep,
};

/// Runs each file in turn; the last one's result is the answer, and a failure ends the row.
pub(crate) async fn run(global: &Global, args: &Run) -> Result<Answer, Failure> {
    let mut codes = Vec::new();
    for file in &args.files {
        codes.push(read(file)?);
    }
    if args.timeout.is_some_and(|seconds| seconds.is_nan() || seconds <= 0.0) {
        return Err(Failure::usage("`--timeout` takes a number of seconds above 0"));
    }
    let gateway = Gateway::open(global, Keep::Stored).await?;
    let session = match &args.session {
        Some(name) => SessionChoice::Own(SessionId::named(name.clone())),
        None => SessionChoice::Once(gateway.engine.new_session_id()),
    };
    let mut logs = Vec::new();
    let mut last = None;
    for code in codes {
        let report = gateway.engine.run(RunRequest {
            code,
            session: session.clone(),
            timeout_ms: args.timeout.map(milliseconds),
        });
        let mut report = report.await;
        logs.append(&mut report.logs);
        let failed = report.outcome.is_err();
        last = Some(report);
        if failed {
            break;
        }
    }
    gateway.close().await;
    let Some(mut report) = last else {
        return Err(Failure::usage("no file to run"));
    };
    report.logs = logs;
    let shown = gateway.engine.present(&report, args.max_tokens, args.session.is_some());
    let code = if report.outcome.is_ok() { output::OK } else { output::FAILED };
    Ok(Answer::new(shown.text, &as_json(&report, shown.tokens), code))
}

fn read(file: &Path) -> Result<String, Failure> {
    if file == Path::new("-") {
        let mut code = String::new();
        std::io::stdin()
            .read_to_string(&mut code)
            .map_err(|error| Failure::usage(format!("cannot read standard input: {error}")))?;
        return Ok(code);
    }
    std::fs::read_to_string(file).map_err(|error| {
        Failure::usage(format!("cannot read `{}`: {error}", PathBuf::from(file).display()))
    })
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a time above all limits is cut to them"
)]
fn milliseconds(seconds: f64) -> u64 {
    (seconds * 1e3).ceil() as u64
}

/// The stable keys of `--json`.
fn as_json(report: &RunReport, tokens: usize) -> Value {
    let value = report.outcome.as_ref().ok().and_then(|value| {
        value.as_deref().and_then(|json| serde_json::from_str::<Value>(json).ok())
    });
    let logs: Vec<String> = report.logs.iter().map(ToString::to_string).collect();
    json!({
        "ok": report.outcome.is_ok(),
        "run": report.run,
        "session": report.session,
        "value": value,
        "logs": logs,
        "error": report.outcome.as_ref().err(),
        "calls": report.calls.made,
        "tokens": tokens,
        "duration_ms": report::milliseconds(report.duration),
    })
}
