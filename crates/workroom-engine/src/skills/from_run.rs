//! A run that worked, as the code and the first case of a skill.

use std::{collections::BTreeMap, sync::Arc};

use serde_json::Value;
use workroom_skill::{Case, Package, RecordedCall};
use workroom_types::{RunId, SessionId};

use crate::{
    Shared, calls,
    journal::Record,
    outcome::StoredOutcome,
    sandbox::Answer,
    skills::{
        rehearse::{self, Rehearsal, Repeats},
        save::{Draft, SaveError},
        usage,
    },
};

/// What is recorded of a run.
pub(crate) struct Recorded {
    pub(crate) code: String,
    pub(crate) calls: Vec<RecordedCall>,
    pub(crate) value: Value,
    /// The time that it saw first.
    pub(crate) clock: Option<u64>,
    pub(crate) session: SessionId,
}

/// Reads what the run `id` did.
pub(crate) async fn recorded(shared: &Shared, id: &RunId) -> Result<Recorded, SaveError> {
    let record = shared.store.run(id).await?;
    let Some(record) = record else {
        return Err(SaveError::one(format!(
            "there is no run `{id}`: give one of this session, or `code`"
        )));
    };
    let outcome = record.end.as_ref().and_then(|end| StoredOutcome::read(&end.outcome));
    let outcome = match (&record.end, outcome) {
        (Some(end), Some(outcome)) if end.ok => outcome,
        (None, _) => return Err(SaveError::one(format!("run `{id}` has not ended"))),
        _ => return Err(SaveError::one(format!("run `{id}` failed: save one that worked"))),
    };
    // Its last entries may still be on their way into the store.
    shared.store.append(id, Vec::new()).await?;
    let journal = Record::read(&shared.store.journal(id).await?)?;
    let clock = journal.as_ref().and_then(|journal| {
        let turns = journal.steps.iter().filter_map(|step| step.turn.as_ref());
        turns.flat_map(|turn| &turn.clock).next().map(|read| read.millis)
    });
    let calls = journal.map(recorded_calls).unwrap_or_default();
    let value = outcome.value.as_deref().and_then(|json| serde_json::from_str(json).ok());
    let session = record.run.session;
    Ok(Recorded { code: record.run.code, calls, value: value.unwrap_or_default(), clock, session })
}

/// The calls of a journal, in the order in which they were made.
fn recorded_calls(journal: Record) -> Vec<RecordedCall> {
    let mut answers: BTreeMap<u32, Answer> = BTreeMap::new();
    let open = journal.open.into_values().filter_map(|open| open.answer);
    let handed_in = journal.steps.iter().flat_map(|step| step.answers.iter().cloned());
    for answer in handed_in.chain(open) {
        answers.insert(answer.id, answer);
    }
    let made = journal.steps.iter().filter_map(|step| step.turn.as_ref());
    made.flat_map(|turn| &turn.calls)
        .filter(|call| !usage::is_tell(call))
        .map(|call| {
            let tool = calls::tool(call);
            let answer = answers.get(&call.id).map(|answer| match &answer.result {
                Ok(json) => Ok(serde_json::from_str(json).unwrap_or_default()),
                Err(error) => Err(error.message.clone()),
            });
            RecordedCall {
                server: tool.server,
                tool: tool.tool,
                arguments: serde_json::from_str(&call.arguments).unwrap_or_default(),
                answer: answer.unwrap_or_else(|| Err("it was not answered".to_owned())),
            }
        })
        .collect()
}

/// The code of the run `id` with its constants as parameters, and the run as its first case.
pub(crate) async fn draft(shared: &Shared, id: &RunId) -> Result<Draft, SaveError> {
    let Recorded { code, calls, value, clock, session } = recorded(shared, id).await?;
    let known = workroom_script::Recorded {
        value: &value,
        is_token: workroom_privacy::has_token,
        keep: &[],
    };
    let made = workroom_script::generalise(&code, &known);
    let made = made.ok_or_else(|| SaveError::one(format!("the code of run `{id}` is not read")))?;
    let input = made.input();
    let parameters = made.parameters.iter().map(|parameter| {
        let shown = plain_value(&parameter.value);
        let may = if parameter.required { "" } else { ", may be left out" };
        format!("`{}` was {shown} in the run ({}{may})", parameter.name, parameter.why)
    });
    let mut notes: Vec<String> = parameters.collect();
    if notes.is_empty() {
        notes
            .push("no constant of the run looks like an input: it always does the same".to_owned());
    }
    let name = usage::FIRST.to_owned();
    let case = Case { name, input, calls, expected: value, clock };
    Ok(Draft {
        code: made.code,
        case: Some(usage::without_tokens(case)),
        notes,
        session: Some(session),
    })
}

/// A value for a note, shortened.
fn plain_value(value: &Value) -> String {
    workroom_catalog::one_line(&value.to_string(), 60)
}

/// Runs the cases of `package` on what was recorded; says which one does not come to the same.
pub(crate) async fn rehearse(shared: &Arc<Shared>, package: &Package) -> Result<(), String> {
    let servers = shared.listed_servers();
    let skills = rehearse::imported(&*shared.store, package).await;
    let rehearsal = Rehearsal { package, servers, skills, limits: shared.limits };
    for case in &package.cases {
        let sandbox = Arc::clone(&shared.sandbox);
        // Boxed: a rehearsal is a run of an engine of its own, and this is a part of one.
        let played = Box::pin(rehearsal.play(sandbox, case, Repeats::Strict)).await;
        if let Some(difference) = played.difference(case) {
            return Err(format!(
                "on what the run recorded it does not do the same: {difference}; save it by \
                 `code`, or make the run again with simpler code"
            ));
        }
    }
    Ok(())
}
