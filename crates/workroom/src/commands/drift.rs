//! `workroom drift`: tools whose results or definitions are not what they were.

use std::fmt::Write as _;

use serde_json::{Value, json};
use workroom_engine::{KnownTool, store::ShapeRecord};

use crate::{
    commands::ago::{ago, now},
    output::{self, Answer, Failure},
    store::{self, Keep},
};

/// One thing that has changed.
struct Entry {
    at: i64,
    line: String,
    json: Value,
}

pub(crate) async fn drift() -> Result<Answer, Failure> {
    let store = store::open(Keep::Stored).await?;
    let shapes = store.shapes(None).await.map_err(Failure::failed)?;
    let mut entries: Vec<Entry> = shapes.iter().flat_map(entries).collect();
    entries.sort_by_key(|entry| std::cmp::Reverse(entry.at));
    let mut text = String::new();
    for entry in &entries {
        let _ = writeln!(text, "{} ago  {}", ago(now() - entry.at), entry.line);
    }
    if entries.is_empty() {
        let _ = write!(text, "nothing has changed in the {} tools that were used", shapes.len());
    }
    let json: Vec<Value> = entries.into_iter().map(|entry| entry.json).collect();
    let json = json!({ "ok": true, "tools": shapes.len(), "drift": json });
    Ok(Answer::new(text.trim_end(), &json, output::OK))
}

fn entries(record: &ShapeRecord) -> Vec<Entry> {
    let known = KnownTool::read(&record.body).unwrap_or_default();
    let (server, tool) = (&record.tool.server, &record.tool.tool);
    let drifts = known.observed.drifts().iter().map(|drift| Entry {
        at: drift.at,
        line: format!("{}  {drift}", record.tool),
        json: json!({
            "server": server, "tool": tool,
            "kind": if drift.calls == 0 { "schema" } else { "result" },
            "path": drift.path, "was": drift.was, "calls": drift.calls, "now": drift.now,
            "at_ms": drift.at, "message": drift.to_string(),
        }),
    });
    let changes = known.changes.iter().map(|change| Entry {
        at: change.at,
        line: format!("{}  its definition: {}", record.tool, change.what),
        json: json!({
            "server": server, "tool": tool, "kind": "definition",
            "at_ms": change.at, "message": change.what,
        }),
    });
    drifts.chain(changes).collect()
}
