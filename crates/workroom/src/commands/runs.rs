//! `workroom runs`: what was run, what it came to, and whether it does the same again.

use std::{fmt::Write as _, sync::Arc};

use serde_json::{Value, json};
use workroom_engine::{
    ReplayError, StoredOutcome, replay,
    report::bytes,
    store::{RunRecord, Store},
};
use workroom_types::{RunId, SessionId};

use crate::{
    args::{Global, Runs, RunsCommand},
    commands::ago::{ago, now},
    gateway,
    output::{self, Answer, Failure},
    settings,
    store::{self, Keep},
};

pub(crate) async fn runs(global: &Global, args: &Runs) -> Result<Answer, Failure> {
    let store = store::open(Keep::Stored).await?;
    match &args.command {
        RunsCommand::List { session, limit } => list(store, session.as_deref(), *limit).await,
        RunsCommand::Show { run } => show(store, run).await,
        RunsCommand::Replay { run } => play(global, store, run).await,
    }
}

async fn list(
    store: Arc<dyn Store>,
    session: Option<&str>,
    limit: usize,
) -> Result<Answer, Failure> {
    let session = session.map(SessionId::named);
    let runs = store.runs(session.as_ref(), limit).await.map_err(Failure::failed)?;
    let mut text = String::new();
    for run in &runs {
        let _ = writeln!(text, "{}", line(run));
    }
    if runs.is_empty() {
        text.push_str("there is no run yet");
    }
    let json: Vec<Value> = runs.iter().map(as_json).collect();
    Ok(Answer::new(text.trim_end(), &json!({ "ok": true, "runs": json }), output::OK))
}

pub(crate) fn line(run: &RunRecord) -> String {
    let outcome = outcome(run);
    let calls = outcome.as_ref().map_or(0, |outcome| outcome.calls.made);
    let first = run.run.code.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    let first: String = first.trim().chars().take(50).collect();
    format!(
        "{}  {:<11}  {} ago  {calls} calls  {} journal  {}  {first}",
        run.run.id,
        state(run),
        ago(now() - run.run.started),
        bytes(run.journal_bytes),
        run.run.session,
    )
}

fn state(run: &RunRecord) -> &'static str {
    match &run.end {
        Some(end) if end.ok => "ok",
        Some(_) => "error",
        None if run.interrupted => "interrupted",
        None => "running",
    }
}

fn outcome(run: &RunRecord) -> Option<StoredOutcome> {
    StoredOutcome::read(&run.end.as_ref()?.outcome)
}

fn as_json(run: &RunRecord) -> Value {
    let outcome = outcome(run).unwrap_or_default();
    json!({
        "run": run.run.id,
        "session": run.run.session,
        "state": state(run),
        "started_ms": run.run.started,
        "ended_ms": run.end.as_ref().map(|end| end.ended),
        "calls": outcome.calls,
        "journal_bytes": run.journal_bytes,
    })
}

async fn show(store: Arc<dyn Store>, id: &str) -> Result<Answer, Failure> {
    let run = find(&*store, id).await?;
    let outcome = outcome(&run).unwrap_or_default();
    let logs: Vec<String> = outcome.logs.iter().map(ToString::to_string).collect();
    let mut text = format!("{}\n\n{}\n", line(&run), run.run.code.trim_end());
    for note in &outcome.notes {
        let _ = write!(text, "\nnote: {note}");
    }
    for log in &logs {
        let _ = write!(text, "\n{log}");
    }
    if let Some(error) = &outcome.error {
        let _ = write!(text, "\n{}", error.message);
    }
    if let Some(value) = &outcome.value {
        let _ = write!(text, "\n{value}");
    }
    let mut json = as_json(&run);
    json["code"] = run.run.code.as_str().into();
    json["logs"] = logs.into();
    json["notes"] = outcome.notes.into();
    json["error"] = json!(outcome.error);
    json["value"] =
        outcome.value.and_then(|value| serde_json::from_str(&value).ok()).unwrap_or(Value::Null);
    Ok(Answer::new(text.trim_end(), &json!({ "ok": true, "run": json }), output::OK))
}

async fn play(global: &Global, store: Arc<dyn Store>, id: &str) -> Result<Answer, Failure> {
    let run = find(&*store, id).await?;
    let settings = settings::load(global)?;
    let place = gateway::place(&settings);
    let replayed = replay(&*store, &*place.sandbox(), &run.run.id).await;
    let replayed = replayed.map_err(|error| match &error {
        ReplayError::Unfinished(_) => Failure::failed(&error).hint(
            "an interrupted run goes on when its session is used, or `workroom serve` starts",
        ),
        _ => Failure::failed(&error),
    })?;
    let mut text = format!(
        "{} · run {} · {} turns, {} answers",
        if replayed.same { "the same" } else { "different" },
        replayed.run,
        replayed.turns,
        replayed.answers
    );
    for difference in &replayed.differences {
        let _ = write!(text, "\n{difference}");
    }
    let code = if replayed.same { output::OK } else { output::FAILED };
    Ok(Answer::new(text, &json!({ "ok": replayed.same, "replay": replayed }), code))
}

async fn find(store: &dyn Store, id: &str) -> Result<RunRecord, Failure> {
    let found = store.run(&RunId::named(id)).await.map_err(Failure::failed)?;
    found.ok_or_else(|| {
        Failure::usage(format!("there is no run `{id}`"))
            .hint("`workroom runs list` shows those there are")
    })
}
