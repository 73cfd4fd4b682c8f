//! The last look: at all that a run gives to the agent, before it is recorded and told.
//!
//! Scripts hold tokens, so what is found here was put together by the script, or written by the
//! agent itself. It is masked and counted all the same.

use std::sync::Arc;

use workroom_types::ToolRef;

use super::{Direction, Item, PrivacyError};
use crate::{failure, report::RunFailure, run::Run, sandbox::LogLevel};

/// Masks what is in `outcome`, the logs and the notes of `run` still. What cannot be looked at is
/// withheld, and the run fails.
pub(crate) async fn last_look(
    run: &mut Run,
    outcome: Result<Option<String>, RunFailure>,
) -> Result<Option<String>, RunFailure> {
    let shared = Arc::clone(&run.shared);
    let Some(privacy) = &shared.privacy else { return outcome };
    let (scope, deadline) = (Arc::clone(&run.scope), run.deadline);
    let mut outcome = outcome;
    let mut places = places(run, &mut outcome);
    if places.is_empty() {
        return outcome;
    }
    let agent = ToolRef { server: String::new(), tool: String::new() };
    let item = |(text, is_json): &(&mut String, bool)| {
        let text = text.as_str().into();
        if *is_json { Item::json(&agent, None, text) } else { Item::text(&agent, text) }
    };
    let items: Vec<Item> = places.iter().map(item).collect();
    let masked = privacy.mask(&shared, &scope, Direction::Out, items, deadline).await;
    let masked = match masked {
        Ok(masked) => masked,
        Err(error) => return Err(withheld(run, &error)),
    };
    let mut count = 0;
    for ((text, _), masked) in places.iter_mut().zip(masked) {
        if let Some(masked) = masked {
            **text = masked;
            count += 1;
        }
    }
    if count > 0 {
        let found = scope.caught();
        run.notes.push(format!(
            "personal data that was not masked was in what this run gives ({found} values): it is \
             masked now"
        ));
    }
    outcome
}

/// Every text that the agent gets of the run, and whether it is JSON.
fn places<'p>(
    run: &'p mut Run,
    outcome: &'p mut Result<Option<String>, RunFailure>,
) -> Vec<(&'p mut String, bool)> {
    let mut places: Vec<(&mut String, bool)> = Vec::new();
    match outcome {
        Ok(Some(value)) => places.push((value, true)),
        Ok(None) => {}
        Err(failure) => {
            let context = &mut *failure.context;
            let texts = [&mut failure.hint, &mut failure.excerpt, &mut context.lead]
                .into_iter()
                .chain([&mut context.effects, &mut context.kept]);
            places.extend(texts.flatten().map(|text| (text, false)));
            places.push((&mut failure.message, false));
            places.extend(context.values.iter_mut().map(|text| (text, false)));
        }
    }
    for line in &mut run.logs {
        places.push((&mut line.text, line.level == LogLevel::Show));
    }
    places.extend(run.notes.iter_mut().map(|note| (note, false)));
    places.retain(|(text, _)| !text.is_empty());
    places
}

fn withheld(run: &mut Run, error: &PrivacyError) -> RunFailure {
    run.logs.clear();
    run.notes.clear();
    failure::withheld(&error.to_string())
}
