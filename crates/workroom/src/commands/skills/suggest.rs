//! `workroom skills suggest`: code that was run again and again, and is no skill yet.

use serde_json::json;
use workroom_engine::{skills::suggest, store::Store};

use crate::output::{self, Answer, Failure};

pub(super) async fn suggest(store: &dyn Store) -> Result<Answer, Failure> {
    let found = suggest::find(store).await.map_err(Failure::failed)?;
    let mut lines = Vec::new();
    for suggestion in &found {
        let servers = suggestion.servers.join(", ");
        lines.push(format!(
            "{} runs of the same code on {servers}, the last one {}",
            suggestion.runs.len(),
            suggestion.runs[0],
        ));
        lines.extend(suggestion.code.lines().take(6).map(|line| format!("  | {line}")));
        lines.push(format!(
            "  save it: `save_skill {{ name, description, run: \"{}\" }}`",
            suggestion.runs[0]
        ));
    }
    if lines.is_empty() {
        lines.push(format!(
            "nothing: no code was run {} times that is no skill yet",
            suggest::RUNS_MIN
        ));
    }
    Ok(Answer::new(lines.join("\n"), &json!({ "ok": true, "suggestions": found }), output::OK))
}
