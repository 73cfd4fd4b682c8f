//! `workroom sessions`: what is kept of agents' sessions.

use std::{fmt::Write as _, sync::Arc};

use serde_json::{Value, json};
use workroom_engine::{
    report::{bytes, variable_list},
    sandbox::Variable,
    store::{Ending, SessionRecord, Store},
};
use workroom_types::SessionId;

use crate::{
    args::{Sessions, SessionsCommand},
    commands::ago::{ago, now},
    output::{self, Answer, Failure},
    store::{self, Keep},
};

/// How long an ended session is listed.
const ENDED_SHOWN_MS: i64 = 7 * 24 * 60 * 60 * 1000;

pub(crate) async fn sessions(args: &Sessions) -> Result<Answer, Failure> {
    let store = store::open(Keep::Stored).await?;
    match &args.command {
        SessionsCommand::List => list(store).await,
        SessionsCommand::Show { session } => show(store, session).await,
        SessionsCommand::Drop { session } => drop_session(store, session).await,
    }
}

async fn list(store: Arc<dyn Store>) -> Result<Answer, Failure> {
    let mut sessions = store.sessions(now() - ENDED_SHOWN_MS).await.map_err(Failure::failed)?;
    // Those of single commands ended as they were to.
    sessions
        .retain(|session| session.ended.as_ref().is_none_or(|(_, ending)| !ending.lost.is_empty()));
    let mut text = String::new();
    for session in &sessions {
        let _ = writeln!(text, "{}", line(session));
    }
    if sessions.is_empty() {
        text.push_str("there is no session yet: `workroom run --session NAME file.ts` makes one");
    }
    let json: Vec<Value> = sessions.iter().map(as_json).collect();
    Ok(Answer::new(text.trim_end(), &json!({ "ok": true, "sessions": json }), output::OK))
}

fn line(session: &SessionRecord) -> String {
    let mut line = format!(
        "{}  used {} ago  {}",
        session.id,
        ago(now() - session.used),
        match session.heap_bytes {
            0 => "empty".to_owned(),
            heap => format!("{} ({} stored)", bytes(heap), bytes(session.stored_bytes)),
        },
    );
    if let Some(run) = &session.last_run {
        let _ = write!(line, "  last run {run}");
    }
    if let Some(running) = &session.running {
        line.push_str(if running.interrupted { "  interrupted" } else { "  running" });
    }
    let variables = variables(session);
    match &session.ended {
        Some((_, ending)) => {
            let _ = write!(line, "  ended: it {}", ending.reason);
        }
        None if !variables.is_empty() => {
            let _ = write!(line, "  {}", variable_list(&variables));
        }
        None => {}
    }
    line
}

fn as_json(session: &SessionRecord) -> Value {
    json!({
        "session": session.id,
        "created_ms": session.created,
        "used_ms": session.used,
        "version": session.version,
        "last_run": session.last_run,
        "heap_bytes": session.heap_bytes,
        "stored_bytes": session.stored_bytes,
        "variables": variables(session),
        "state": match (&session.ended, &session.running) {
            (Some(_), _) => "ended",
            (None, Some(running)) if running.interrupted => "interrupted",
            (None, Some(_)) => "running",
            (None, None) => "idle",
        },
        "ended": session.ended.as_ref().map(|(at, ending)| json!({
            "at_ms": at, "reason": ending.reason, "lost": ending.lost,
        })),
    })
}

fn variables(session: &SessionRecord) -> Vec<Variable> {
    serde_json::from_str(&session.variables).unwrap_or_default()
}

async fn show(store: Arc<dyn Store>, id: &str) -> Result<Answer, Failure> {
    let session = find(&*store, id).await?;
    let runs = store.runs(Some(&session.id), 10).await.map_err(Failure::failed)?;
    let mut text = format!(
        "session    {}\ncreated    {} ago\nlast used  {} ago\nruns kept  {} of version {}\n",
        session.id,
        ago(now() - session.created),
        ago(now() - session.used),
        runs.len(),
        session.version,
    );
    let _ = writeln!(
        text,
        "memory     {} of its own, {} stored",
        bytes(session.heap_bytes),
        bytes(session.stored_bytes)
    );
    if let Some((_, ending)) = &session.ended {
        let _ = writeln!(text, "ended      it {}", ending.reason);
        let _ = writeln!(text, "lost       {}", ending.lost.join(", "));
    }
    text.push_str("variables\n");
    for variable in variables(&session) {
        let size = variable.size.map(|size| format!("({size})")).unwrap_or_default();
        let lost = if variable.pending { "  a promise that nothing will settle" } else { "" };
        let _ = writeln!(text, "  {}{size}{lost}", variable.name);
    }
    text.push_str("last runs\n");
    for run in &runs {
        let _ = writeln!(text, "  {}", super::runs::line(run));
    }
    let mut json = as_json(&session);
    json["runs"] = runs.iter().map(|run| json!(run.run.id)).collect();
    Ok(Answer::new(text.trim_end(), &json!({ "ok": true, "session": json }), output::OK))
}

async fn drop_session(store: Arc<dyn Store>, id: &str) -> Result<Answer, Failure> {
    let session = find(&*store, id).await?;
    if session.running.as_ref().is_some_and(|running| !running.interrupted) {
        return Err(Failure::failed(format!("session `{}` has a run under way", session.id)));
    }
    let lost: Vec<String> = variables(&session).into_iter().map(|v| v.name).collect();
    let ending = Ending { reason: "was dropped by the user".to_owned(), lost: lost.clone() };
    store.end_session(&session.id, now(), &ending).await.map_err(Failure::failed)?;
    let what = if lost.is_empty() { "no variables".to_owned() } else { lost.join(", ") };
    let text = format!("dropped session {} with {what}", session.id);
    let json = json!({ "ok": true, "session": session.id, "lost": lost });
    Ok(Answer::new(text, &json, output::OK))
}

/// The session `id`, or the only one whose id begins so.
async fn find(store: &dyn Store, id: &str) -> Result<SessionRecord, Failure> {
    let exact = store.session(&SessionId::named(id)).await.map_err(Failure::failed)?;
    if let Some(session) = exact {
        return Ok(session);
    }
    let mut sessions = store.sessions(i64::MIN).await.map_err(Failure::failed)?;
    sessions.retain(|session| session.id.as_str().starts_with(id));
    match (sessions.pop(), sessions.is_empty()) {
        (Some(session), true) => Ok(session),
        (Some(_), false) => Err(Failure::usage(format!("several sessions begin with `{id}`"))
            .hint("`workroom sessions list` shows them")),
        (None, _) => Err(Failure::usage(format!("there is no session `{id}`"))
            .hint("`workroom sessions list` shows those there are")),
    }
}
