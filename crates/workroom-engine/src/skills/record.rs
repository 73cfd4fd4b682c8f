//! Recording a case: a skill run once on the real servers, with what it called and what it gave.

use serde_json::Value;
use workroom_skill::{Case, Package};

use crate::{
    Engine, RunRequest, SessionChoice,
    skills::{
        from_run,
        rehearse::{Driven, driver},
        usage,
    },
};

/// Runs `package` on `input` in a session of its own, and gives what it did as the case `name`.
///
/// # Errors
///
/// Why there is no case, in one clause: the run failed, or its record cannot be read.
pub async fn record(
    engine: &Engine,
    package: &Package,
    name: &str,
    input: &Value,
) -> Result<Case, String> {
    let session = SessionChoice::Once(engine.new_session_id());
    let code = driver(package, input);
    let report = engine.run(RunRequest { code, session, timeout_ms: None }).await;
    let value = report.outcome.map_err(|failure| failure.message)?;
    let driven: Driven = serde_json::from_str(value.as_deref().unwrap_or("null"))
        .map_err(|error| format!("what it gave cannot be read: {error}"))?;
    let broken = driven.checks.iter().find_map(|check| Some((check, check.failure.as_ref()?)));
    if let Some((check, why)) = broken {
        return Err(format!("its check `{}` does not hold: {why}", check.name));
    }
    let recorded = from_run::recorded(&engine.0, &report.run).await;
    let recorded = recorded.map_err(|error| error.to_string())?;
    // Calls of the gateway itself are made again in a rehearsal.
    let calls = recorded.calls.into_iter().filter(|call| !call.server.is_empty()).collect();
    let case = Case {
        name: name.to_owned(),
        input: input.clone(),
        calls,
        expected: driven.output,
        clock: recorded.clock,
    };
    Ok(usage::without_tokens(case))
}
