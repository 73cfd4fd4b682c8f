//! The servers' tools as tools of ours: their definitions, and whom a name belongs to.

use rmcp::model::Tool;
use serde_json::{Value, json};
use workroom_catalog::{Catalog, ServerEntry, ToolEntry, direct_name};
use workroom_engine::Engine;
use workroom_ledger::advice::{Offer, Tool as Figures};
use workroom_types::Limit;

/// What the advisor is to know of the tools of `engine`'s servers.
pub async fn offer(engine: &Engine) -> Offer {
    let calls = engine.calls_by_tool().await;
    let figures = |(name, server, tool): (String, &ServerEntry, &ToolEntry)| {
        let tokens = workroom_ledger::tokens(&definition(&name, server, tool).to_string()) as u64;
        let known = |tool: &workroom_types::ToolRef, named: &str| {
            tool.server == server.name && tool.tool == named
        };
        let used = calls.iter().find(|(called, _)| known(called, &tool.def.name));
        let calls = used.map_or(0, |(_, calls)| u64::from(*calls));
        Figures { server: server.name.clone(), name, tokens, calls }
    };
    Offer {
        tools: named(&engine.catalog()).map(figures).collect(),
        budget: engine.limits().size(Limit::OutputTokens) as u64,
    }
}

/// Every tool of `catalog` with the name that it is offered by, in the catalog's order.
pub(crate) fn named(catalog: &Catalog) -> impl Iterator<Item = (String, &ServerEntry, &ToolEntry)> {
    catalog.servers().iter().flat_map(|server| {
        let tools = server.tools.iter();
        tools.map(move |tool| (direct_name(&server.name, &tool.def.name), &**server, tool))
    })
}

/// The server and the tool that are offered as `name`.
pub(crate) fn find(catalog: &Catalog, name: &str) -> Option<(String, String)> {
    let found = named(catalog).find(|(offered, ..)| offered == name);
    found.map(|(_, server, tool)| (server.name.clone(), tool.def.name.clone()))
}

/// How `tool` is listed. Its output schema is left out: what comes back may be a preview.
pub(crate) fn definition(name: &str, server: &ServerEntry, tool: &ToolEntry) -> Value {
    let mut out = json!({ "name": name, "inputSchema": tool.input_schema() });
    let description = match tool.description() {
        text if text.is_empty() => format!("{} of {}", tool.function, server.folder),
        text => text,
    };
    out["description"] = description.into();
    if let Some(title) = &tool.def.title {
        out["title"] = title.chars().filter(|c| !c.is_control()).collect::<String>().into();
    }
    if let Some(hints) = &tool.def.annotations {
        out["annotations"] = serde_json::to_value(hints).unwrap_or_default();
    }
    out
}

/// The definitions of the tools of `catalog` that `is_wanted` names.
pub(crate) fn list(catalog: &Catalog, is_wanted: impl Fn(&str) -> bool) -> Vec<Tool> {
    let wanted = named(catalog).filter(|(name, ..)| is_wanted(name));
    // A definition that the protocol's types refuse is left out, as a tool that cannot be called.
    wanted
        .filter_map(|(name, server, tool)| {
            serde_json::from_value(definition(&name, server, tool)).ok()
        })
        .collect()
}
