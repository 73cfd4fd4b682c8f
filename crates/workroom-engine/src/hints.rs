//! What could be better in a script, told beside its result: only where what came of the run shows
//! that it matters.

use workroom_script::DiagnosticKind;

use crate::{
    failure,
    run::{Run, Stop},
    sandbox::TurnState,
};

/// A run of fewer calls loses nothing by making them one after the other.
const HINT_CALLS_MIN: u64 = 5;

/// What an object becomes in a text.
const OBJECT_AS_TEXT: &str = "[object Object]";

impl Run {
    /// Tells what could be better in the script, where what came of it shows that it matters.
    pub(crate) fn note_hints(&mut self, ended: &Result<TurnState, Stop>) {
        let gave_nothing = matches!(ended, Ok(TurnState::Done(None)));
        let did_nothing = gave_nothing && self.stats.made == 0 && self.logs.is_empty();
        let hints = std::mem::take(&mut self.hints);
        let told = hints.iter().filter(|hint| match hint.kind {
            DiagnosticKind::NotCalled => did_nothing,
            DiagnosticKind::Undefined => gave_nothing,
            DiagnosticKind::NotWaited => self.stats.made > 0,
            DiagnosticKind::Ignored => true,
            _ => self.stats.made >= HINT_CALLS_MIN,
        });
        self.notes.extend(told.map(failure::hint));
        let value = match ended {
            Ok(TurnState::Done(Some(value))) => value.as_str(),
            _ => "",
        };
        let logged = self.logs.iter().map(|line| line.text.as_str());
        if logged.chain([value]).any(|text| text.contains(OBJECT_AS_TEXT)) {
            self.notes.push(format!(
                "`{OBJECT_AS_TEXT}` stands where an object was made text: write \
                 `JSON.stringify(…)`, or one of its fields"
            ));
        }
    }
}
