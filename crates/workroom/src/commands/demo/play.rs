//! Both ways of doing a world's job, through the real gateway.

use std::{
    cell::RefCell,
    fs,
    path::Path,
    time::{Duration, Instant},
};

use rmcp::{
    RoleClient, ServiceExt,
    model::{CallToolRequestParams, CallToolResult},
    service::RunningService,
};
use serde_json::{Value, json};
use workroom_demo::{Effect, Step, ToolCall, WorldName};
use workroom_engine::{CallFailure, Engine, report};
use workroom_ledger::price::Price;
use workroom_server::Face;

use super::way::Way;
use crate::{gateway::Gateway, output::Failure};

/// What it took, and what it came to.
pub(super) type Done = (Way, Value);

/// The model calls the tools itself.
pub(super) async fn traditional(
    engine: &Engine,
    world: WorldName,
    price: Price,
) -> Result<Done, Failure> {
    let mut way = Way::default();
    let catalog = engine.catalog();
    let definitions: Vec<String> = catalog
        .servers()
        .iter()
        .flat_map(|server| &server.tools)
        .map(|tool| serde_json::to_string(&*tool.def).unwrap_or_default())
        .collect();
    way.defined(&format!("[{}]", definitions.join(",")));
    let way = RefCell::new(way);
    let started = Instant::now();
    let counting = RefCell::new(Duration::ZERO);
    // A turn without calls begins a conversation of its own.
    let turn = async |calls: Vec<ToolCall>| {
        if calls.is_empty() {
            way.borrow_mut().new_conversation();
            return Ok(Vec::new());
        }
        way.borrow_mut().turn();
        let sent =
            calls.iter().map(|call| engine.call(&call.server, &call.tool, call.arguments.clone()));
        let answers = futures::future::join_all(sent).await;
        // Counting is our work and not the way's.
        let began = Instant::now();
        let mut results = Vec::new();
        for (call, answer) in calls.iter().zip(answers) {
            let data = answer?;
            let ToolCall { server, tool, arguments } = call;
            let written = json!({ "server": server, "tool": tool, "arguments": arguments });
            way.borrow_mut().called(&written.to_string(), &data);
            results.push(serde_json::from_str(&data).map_err(|error| CallFailure {
                code: "protocol".to_owned(),
                message: format!("the result of `{server}.{tool}` is not JSON: {error}"),
                hint: None,
            })?);
        }
        *counting.borrow_mut() += began.elapsed();
        Ok::<_, CallFailure>(results)
    };
    let answer = world.traditional(turn).await.map_err(|fault| {
        let mut text = fault.to_string();
        if let workroom_demo::Fault::Call(source) = &fault {
            text = format!("{text}: {source}");
        }
        Failure::failed(text)
    })?;
    let took = started.elapsed().saturating_sub(counting.into_inner());
    let mut way = way.into_inner();
    way.duration_ms = report::milliseconds(took);
    way.answered(&answer.to_string(), price);
    Ok((way, answer))
}

/// The model writes code, over a connection to our own endpoint.
pub(super) async fn with_code(
    gateway: &Gateway,
    world: WorldName,
    price: Price,
) -> Result<Done, Failure> {
    let (ours, theirs) = tokio::io::duplex(1 << 16);
    let face = Face::new(gateway.engine.clone(), &gateway.overview(), false);
    let serving = tokio::spawn(async move {
        if let Ok(service) = face.serve(ours).await {
            let _ = service.waiting().await;
        }
    });
    let client = ().serve(theirs).await.map_err(Failure::failed)?;
    let started = Instant::now();
    let mut way = Way::default();
    let listed = client.list_tools(None).await.map_err(Failure::failed)?;
    way.defined(&serde_json::to_string(&listed.tools).map_err(Failure::failed)?);
    let mut last = String::new();
    for step in world.job().steps {
        let (tool, arguments) = match step {
            Step::Search { query, limit } => ("search", json!({ "query": query, "limit": limit })),
            Step::Read(path) => ("read_file", json!({ "path": path })),
            Step::Run(code) => ("run_code", json!({ "code": code })),
            Step::Then(write) => ("run_code", json!({ "code": write(&last) })),
        };
        last = ask(&client, &mut way, tool, arguments).await?;
    }
    way.duration_ms = report::milliseconds(started.elapsed());
    let answer = value_of(&last).ok_or_else(|| Failure::failed(&last))?;
    way.answered(&answer.to_string(), price);
    let _ = client.cancel().await;
    serving.abort();
    Ok((way, answer))
}

/// The value that a run returned, behind its header and its notes.
fn value_of(text: &str) -> Option<Value> {
    let begin = text.find("\n{")?;
    serde_json::from_str(&text[begin..]).ok()
}

async fn ask(
    client: &RunningService<RoleClient, ()>,
    way: &mut Way,
    tool: &'static str,
    arguments: Value,
) -> Result<String, Failure> {
    let written = json!({ "tool": tool, "arguments": arguments }).to_string();
    let map = arguments.as_object().cloned().unwrap_or_default();
    let request = CallToolRequestParams::new(tool).with_arguments(map);
    let result = client.call_tool(request).await.map_err(Failure::failed)?;
    let text = text_of(&result);
    way.turn();
    let (written, read) = way.called(&written, &text);
    if tool == "run_code" {
        way.code += written;
        way.returned += read;
    } else {
        way.looked += written + read;
    }
    if result.is_error == Some(true) {
        return Err(Failure::failed(format!("`{tool}` failed: {text}")));
    }
    let meta = result.meta.and_then(|meta| serde_json::to_value(meta).ok()).unwrap_or_default();
    let figure =
        |name: &str| meta.pointer(&format!("/workroom~1run/calls/{name}")).and_then(Value::as_u64);
    way.calls_in_code += figure("made").unwrap_or_default();
    way.kept_bytes += figure("result_bytes").unwrap_or_default();
    tracing::debug!(tool, text, "what our tool answered");
    Ok(text)
}

fn text_of(result: &CallToolResult) -> String {
    let texts = result.content.iter().filter_map(|block| block.as_text());
    texts.map(|text| text.text.as_str()).collect::<Vec<_>>().join("\n")
}

/// What the servers wrote down in `folder`, server by server.
pub(super) fn effects(folder: &Path, world: WorldName) -> Result<Vec<Effect>, Failure> {
    let mut effects = Vec::new();
    for server in world.servers() {
        let Ok(text) = fs::read_to_string(record(folder, server.name())) else { continue };
        for line in text.lines() {
            effects.push(serde_json::from_str(line).map_err(Failure::failed)?);
        }
    }
    Ok(effects)
}

/// Where the server `name` writes down what it received.
pub(super) fn record(folder: &Path, name: &str) -> std::path::PathBuf {
    folder.join(format!("{name}.jsonl"))
}
