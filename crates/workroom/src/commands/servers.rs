//! `workroom servers`: how each server is doing.

use std::fmt::Write as _;

use serde_json::{Value, json};
use workroom_types::ServerStatus;

use crate::{
    args::Global,
    gateway::Gateway,
    output::{self, Answer, Failure},
    store::Keep,
};

pub(crate) async fn servers(global: &Global) -> Result<Answer, Failure> {
    let gateway = Gateway::open(global, Keep::Nothing).await?;
    gateway.settled(global.json).await;
    let catalog = gateway.engine.catalog();
    gateway.close().await;
    if catalog.servers().is_empty() {
        return Ok(Answer::new(
            "no servers are configured: write a workroom.toml or a .mcp.json, see \
             docs/configuration.md",
            &json!({ "servers": [] }),
            output::OK,
        ));
    }
    let (mut text, mut list, mut code) = (String::new(), Vec::<Value>::new(), output::OK);
    for server in catalog.servers() {
        let name = &server.name;
        let _ = match &server.status {
            ServerStatus::Ready => writeln!(text, "{name}  ready, {} tools", server.tools.len()),
            ServerStatus::Starting => writeln!(text, "{name}  still starting"),
            ServerStatus::Failed { reason, stderr } => {
                code = output::FAILED;
                let lines = stderr.iter().map(|line| format!("    {line}\n"));
                writeln!(text, "{name}  failed: {reason}")
                    .and_then(|()| write!(text, "{}", lines.collect::<String>()))
            }
        };
        for warning in &server.warnings {
            let _ = writeln!(text, "    warning: {warning}");
        }
        let mut entry = json!({
            "name": name,
            "folder": server.folder,
            "title": server.title,
            "tools": server.tools.len(),
            "warnings": server.warnings,
        });
        // `state`, and for a failed one `reason` and `stderr`.
        if let (Value::Object(entry), Ok(Value::Object(status))) =
            (&mut entry, serde_json::to_value(&server.status))
        {
            entry.extend(status);
        }
        list.push(entry);
    }
    Ok(Answer::new(text.trim_end(), &json!({ "servers": list }), code))
}
