//! `workroom run`: TypeScript from files, in one session.

use std::{
    io::Read as _,
    path::{Path, PathBuf},
};

use serde_json::{Value, json};
use workroom_engine::{
    Caller, Passage, RunReport, RunRequest, SessionChoice, report, sandbox::LogLine,
};
use workroom_ledger::account::Kind;
use workroom_types::SessionId;

use crate::{
    args::{Global, Run},
    commands::stopped,
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
    let mut passage = None;
    let timeout_ms = args.timeout.map(milliseconds);
    let (logs, last) = tokio::select! {
        done = run_all(&gateway, codes, &session, timeout_ms, &mut passage) => done,
        () = stopped() => {
            // The run is told, and its end recorded, or a later process would go on with it.
            close(&gateway, &session).await;
            return Err(Failure { code: output::INTERRUPTED, ..Failure::failed("cancelled") });
        }
    };
    let Some(mut report) = last else {
        close(&gateway, &session).await;
        return Err(Failure::usage("no file to run"));
    };
    report.logs = logs;
    let shown = gateway.engine.present(&report, args.max_tokens, args.session.is_some());
    if let Some(passage) = passage {
        passage.ended(shown.text.clone(), report.outcome.is_ok());
    }
    close(&gateway, &session).await;
    let code = if report.outcome.is_ok() { output::OK } else { output::FAILED };
    Ok(Answer::new(shown.text, &as_json(&report, shown.tokens), code))
}

/// Runs each code until one fails; gives what all logged, and the last report. The last one's
/// passage stays in `last_passage`: what is printed is its.
async fn run_all(
    gateway: &Gateway,
    codes: Vec<String>,
    session: &SessionChoice,
    timeout_ms: Option<u64>,
    last_passage: &mut Option<Passage>,
) -> (Vec<LogLine>, Option<RunReport>) {
    let (mut logs, mut last) = (Vec::new(), None);
    for code in codes {
        let passage = gateway.engine.passage(None);
        let written = json!({ "code": code }).to_string();
        passage.begins(Kind::Run, &Caller::cli(), session.id(), written);
        *last_passage = Some(passage.clone());
        let request = RunRequest { code, session: session.clone(), timeout_ms };
        let mut report = gateway.engine.run_for(request, Some(passage)).await;
        logs.append(&mut report.logs);
        let failed = report.outcome.is_err();
        last = Some(report);
        if failed {
            break;
        }
    }
    (logs, last)
}

/// Sees the run recorded, and ends the session if it was for this command alone.
async fn close(gateway: &Gateway, session: &SessionChoice) {
    gateway.close().await;
    if let SessionChoice::Once(id) = session
        && let Err(error) = gateway.engine.forget(id).await
    {
        tracing::warn!(%error, "the command's session stays in the store");
    }
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
