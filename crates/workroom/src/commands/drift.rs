//! `workroom drift`: tools whose results or definitions are not what they were, and the approval of
//! those that are held for it.

use std::fmt::Write as _;

use serde_json::{Value, json};
use workroom_engine::{
    KnownTool, Store,
    store::{PinRecord, ShapeRecord},
};
use workroom_types::ToolDef;

use crate::{
    args::{Drift, DriftCommand},
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

pub(crate) async fn drift(args: Drift) -> Result<Answer, Failure> {
    let store = store::open(Keep::Stored).await?;
    match args.command {
        Some(DriftCommand::Approve { name }) => approve(&*store, &name).await,
        None => list(&*store).await,
    }
}

/// Takes the held definitions of `name` for the approved ones.
async fn approve(store: &dyn Store, name: &str) -> Result<Answer, Failure> {
    let pins = store.pins().await.map_err(Failure::failed)?;
    let mut approved = Vec::new();
    for pin in pins {
        let is_meant = pin.tool.server == name || pin.tool.to_string() == name;
        if let (true, Some(held)) = (is_meant, pin.held) {
            let pin = PinRecord { approved: held, held: None, at: now(), ..pin };
            approved.push(pin.tool.to_string());
            store.keep_pin(pin).await.map_err(Failure::failed)?;
        }
    }
    if approved.is_empty() {
        let told = format!("nothing of `{name}` is held; `workroom drift` lists what is");
        return Err(Failure::failed(told));
    }
    let text = format!("approved: {}", approved.join(", "));
    Ok(Answer::new(&text, &json!({ "ok": true, "approved": approved }), output::OK))
}

async fn list(store: &dyn Store) -> Result<Answer, Failure> {
    let shapes = store.shapes(None).await.map_err(Failure::failed)?;
    let mut entries: Vec<Entry> = shapes.iter().flat_map(entries).collect();
    let pins = store.pins().await.map_err(Failure::failed)?;
    entries.extend(pins.iter().filter_map(held));
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

/// A tool whose definition waits for approval.
fn held(pin: &PinRecord) -> Option<Entry> {
    let now: ToolDef = serde_json::from_str(pin.held.as_ref()?).ok()?;
    let before: ToolDef = serde_json::from_str(&pin.approved).ok()?;
    let mut parts = Vec::new();
    for (part, is_other) in [
        ("description", now.description != before.description || now.title != before.title),
        ("parameters", now.input_schema != before.input_schema),
        ("result", now.output_schema != before.output_schema),
        ("hints", now.annotations != before.annotations),
    ] {
        parts.extend(is_other.then_some(part));
    }
    let parts = parts.join(", ");
    let (server, tool) = (&pin.tool.server, &pin.tool.tool);
    Some(Entry {
        at: pin.at,
        line: format!(
            "{}  held, not called: its server changed its {parts}; `workroom drift approve {}`",
            pin.tool, pin.tool
        ),
        json: json!({
            "server": server, "tool": tool, "kind": "held", "at_ms": pin.at,
            "message": format!("its server changed its {parts}"),
            "approved": before, "now": now,
        }),
    })
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
