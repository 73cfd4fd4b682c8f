//! The last look: at all that a run gives to the agent, before it is recorded and told.
//!
//! Scripts hold tokens, so what is found here was put together by the script, or written by the
//! agent itself. It is masked and counted all the same.

use std::sync::Arc;

use workroom_types::ToolRef;

use super::{Direction, Item, PrivacyError, listed::blanked};
use crate::{
    failure,
    report::RunFailure,
    run::Run,
    sandbox::{LogLevel, LogLine},
};

/// What the agent is told.
pub(crate) const CAUGHT: &str =
    "what this run gives had personal data that was not masked; it is masked now";

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
        // Without a vault there are no tokens to give; what is found is left out.
        Err(PrivacyError::Lost(_) | PrivacyError::NoKey(_) | PrivacyError::Store(_)) => {
            let detect = &*privacy.config.last;
            places.iter().map(|(text, is_json)| blanked(text, *is_json, detect)).collect()
        }
        masked => masked,
    };
    let masked = match masked {
        Ok(masked) => masked,
        Err(error) => return Err(withheld(run, &error)),
    };
    for ((text, _), masked) in places.iter_mut().zip(masked) {
        if let Some(masked) = masked {
            **text = masked;
        }
    }
    match scope.caught() {
        0 => {}
        1 => run.notes.push(CAUGHT.to_owned()),
        count => run.notes.push(format!("{CAUGHT} ({count} values)")),
    }
    outcome
}

/// What a block of content has in it that is a picture or a sound.
const BINARY: [&str; 2] = [r#""type":"image""#, r#""type":"audio""#];

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
    // The data of a picture is no text.
    let is_text = |line: &&mut LogLine| {
        line.level != LogLevel::Show || !BINARY.iter().any(|kind| line.text.contains(kind))
    };
    for line in run.logs.iter_mut().filter(is_text) {
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
