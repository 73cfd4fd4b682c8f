//! What agents write, run from their text to what they read, in the real sandbox.
//!
//! The cases are in `cases.txt`: a title, the text as an agent sends it, and what came of it.
//! `UPDATE_EXPECT=1` writes the outcomes anew.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    fmt::Write as _,
    path::PathBuf,
    sync::{Arc, Mutex},
};

use expect_test::expect_file;
use futures::{FutureExt, future::BoxFuture};
use serde_json::{Map, Value, json};
use tokio::sync::watch;
use workroom_engine::{
    Engine, RunRequest, SessionChoice, Upstreams,
    modules::InCatalog,
    upstreams::{CallError, ToolCall, ToolOutput},
};
use workroom_sandbox::{InProcess, QuickJs};
use workroom_script::{Scope, compile_in};
use workroom_types::{Limit, Limits, ServerSnapshot, ServerStatus, SessionId, ToolDef, ToolRef};

/// Servers as agents meet them, whose tools answer by rule and remember what they were sent.
struct World {
    changes: watch::Sender<u64>,
    sent: Mutex<Vec<String>>,
}

fn tool(name: &str, properties: impl Into<Value>, required: &[&str]) -> ToolDef {
    let properties: Value = properties.into();
    let schema = json!({ "type": "object", "properties": properties, "required": required });
    ToolDef { name: name.to_owned(), input_schema: schema, ..ToolDef::default() }
}

fn servers() -> Vec<ServerSnapshot> {
    let text = || json!({ "type": "string" });
    let number = || json!({ "type": "number" });
    let server = |name: &str, tools: Vec<ToolDef>| ServerSnapshot {
        name: name.to_owned(),
        status: ServerStatus::Ready,
        tools: Arc::new(tools),
        ..ServerSnapshot::default()
    };
    let crm = vec![
        tool("get_contact", json!({ "id": text() }), &["id"]),
        tool("list_deals", json!({ "status": text(), "limit": number() }), &[]),
        tool(
            "create_task",
            json!({ "title": text(), "due": text(), "contact_id": text() }),
            &["title", "due"],
        ),
        tool("list_tags", json!({}), &[]),
        ToolDef {
            name: "query".to_owned(),
            input_schema: json!({ "type": "object" }),
            ..ToolDef::default()
        },
    ];
    let shop = vec![
        tool("getOrder", json!({ "orderId": text() }), &["orderId"]),
        tool("API-list-products", json!({ "max": number() }), &[]),
    ];
    let failed = ServerSnapshot {
        name: "billing".to_owned(),
        status: ServerStatus::Failed { reason: "it did not start".to_owned(), stderr: vec![] },
        ..ServerSnapshot::default()
    };
    let drive = vec![tool("read_doc", json!({ "doc_id": text() }), &["doc_id"])];
    vec![
        server("crm", crm),
        server("sales", sales()),
        server("shop-eu", shop),
        server("google_drive", drive),
        failed,
    ]
}

/// Tools whose parameters are not all text, so that some are mended on their way.
fn sales() -> Vec<ToolDef> {
    let text = || json!({ "type": "string" });
    let stage = json!({ "type": "string", "enum": ["open", "won", "lost"] });
    let limit = json!({ "type": "integer", "minimum": 1 });
    let note = json!({
        "contactId": text(),
        "text": text(),
        "at": { "type": "string", "format": "date-time" },
        "tags": { "type": "array", "items": text() },
    });
    vec![
        tool("get_contact", json!({ "id": text(), "withDeals": { "type": "boolean" } }), &["id"]),
        tool("list_deals", json!({ "stage": stage, "limit": limit }), &[]),
        tool("create_note", note, &["contactId", "text"]),
    ]
}

fn answer_of(tool: &ToolRef, arguments: &Map<String, Value>) -> Value {
    match (tool.server.as_str(), tool.tool.as_str()) {
        ("sales", "list_deals") => json!({ "deals": [{ "id": 1 }], "given": arguments }),
        ("sales", _) => Value::Object(arguments.clone()),
        (_, tool) => answer(tool, arguments),
    }
}

fn answer(tool: &str, arguments: &Map<String, Value>) -> Value {
    let id = |key: &str| arguments.get(key).cloned().unwrap_or_default();
    match tool {
        "get_contact" => json!({ "id": id("id"), "name": "Ada", "tags": ["vip"] }),
        "list_deals" => json!([
            { "id": "d1", "amount": 40, "contact_id": "c1" },
            { "id": "d2", "amount": 60, "contact_id": "c2" },
        ]),
        "list_tags" => json!(["vip", "new"]),
        "getOrder" => json!({ "orderId": id("orderId"), "total": 12.5 }),
        "API-list-products" => json!({ "items": [{ "sku": "A" }, { "sku": "B" }] }),
        "read_doc" => Value::String("plain text".to_owned()),
        _ => Value::Object(arguments.clone()),
    }
}

impl Upstreams for World {
    fn servers(&self) -> Vec<Arc<ServerSnapshot>> {
        servers().into_iter().map(Arc::new).collect()
    }

    fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    fn call(&self, call: ToolCall) -> BoxFuture<'_, Result<ToolOutput, CallError>> {
        let arguments = Value::Object(call.arguments.clone());
        self.sent.lock().unwrap().push(format!("called {} {arguments}", call.tool));
        let text = match answer_of(&call.tool, &call.arguments) {
            Value::String(text) => text,
            value => value.to_string(),
        };
        let content = vec![json!({ "type": "text", "text": text })];
        std::future::ready(Ok(ToolOutput { content, ..ToolOutput::default() })).boxed()
    }
}

struct Bench {
    engine: Engine,
    world: Arc<World>,
}

impl Bench {
    fn new() -> Self {
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("sandbox-cache");
        let quickjs = Arc::new(QuickJs::new(Some(folder)).unwrap());
        let (changes, sent) = (watch::channel(1).0, Mutex::default());
        let world = Arc::new(World { changes, sent });
        let upstreams = Arc::clone(&world) as _;
        let mut limits = Limits::default();
        // A busy machine may take its time to look for the cause of an error.
        limits.set(Limit::Diagnosis, Limit::Diagnosis.range().1).unwrap();
        let engine = Engine::new(upstreams, Arc::new(InProcess::new(quickjs)), limits);
        Bench { engine, world }
    }

    /// What came of `code`: the calls that were sent, and what the agent reads but the header.
    async fn run(&self, code: &str, session: &SessionId) -> String {
        let session = SessionChoice::Own(session.clone());
        let request = RunRequest { code: code.to_owned(), session, timeout_ms: None };
        let report = self.engine.run(request).await;
        let text = self.engine.present(&report, None, false).text;
        let (header, body) = text.split_once('\n').unwrap_or((&text, ""));
        let mut told: Vec<String> = std::mem::take(&mut *self.world.sent.lock().unwrap());
        // Calls of one turn are sent at once: in no order.
        told.sort();
        told.push(format!("{} {body}", header.split(' ').next().unwrap_or_default()));
        told.join("\n").trim_end().to_owned()
    }
}

/// One case: its title, and its runs in one session.
struct Case<'t> {
    title: &'t str,
    runs: Vec<&'t str>,
}

/// The fewest cases of what works.
const CASES_MIN: usize = 100;

/// What the second part of the file begins with.
const PART: &str = "\n########## What is told";
const CASE: &str = "\n=== ";
const OUTCOME: &str = "\n--- outcome\n";
const NEXT: &str = "\n+++ then\n";

fn cases(text: &str) -> impl Iterator<Item = Case<'_>> {
    text.split(CASE).skip(1).map(|case| {
        let (title, runs) = case.split_once('\n').unwrap();
        let code = |run: &'_ str| -> usize { run.find(OUTCOME).unwrap_or(run.len()) };
        Case { title, runs: runs.split(NEXT).map(|run| &run[..code(run)]).collect() }
    })
}

/// Runs every case of a part of the file. Gives the part with what came of them, and how many
/// there are, and the titles of those that do not end with `starts`.
async fn outcomes(part: &str, starts: &str) -> (String, usize, Vec<String>) {
    let bench = Bench::new();
    let mut told = part.split(CASE).next().unwrap().to_owned();
    let mut count = 0;
    let mut wrong = Vec::new();
    for case in cases(part) {
        let session = SessionId::named(format!("s{count}"));
        let mut outcome = String::new();
        writeln!(told, "{CASE}{}", case.title).unwrap();
        for (at, code) in case.runs.iter().enumerate() {
            outcome = bench.run(code, &session).await;
            let next = if at > 0 { NEXT } else { "" };
            write!(told, "{next}{code}{OUTCOME}{outcome}").unwrap();
        }
        told.push('\n');
        if !outcome.lines().any(|line| line.starts_with(starts)) {
            wrong.push(case.title.to_owned());
        }
        count += 1;
    }
    (told, count, wrong)
}

#[tokio::test]
async fn what_models_write() {
    let text = include_str!("cases.txt");
    let (works, refused) = text.split_once(PART).unwrap();
    let (refused, heading) = {
        let (heading, cases) = refused.split_once('\n').unwrap();
        (format!("\n{cases}"), heading)
    };
    let (works, count, mut misplaced) = outcomes(works, "ok").await;
    assert!(count >= CASES_MIN, "{count} cases");
    let (refused, _, wrong) = outcomes(&refused, "error").await;
    misplaced.extend(wrong);
    let told = format!("{works}{PART}{heading}{refused}");
    expect_file!["cases.txt"].assert_eq(&told);
    assert_eq!(misplaced, Vec::<String>::new(), "they stand in the wrong part");
}

#[tokio::test]
async fn every_global_of_the_sandbox_is_known() {
    let bench = Bench::new();
    let session = SessionChoice::Own(SessionId::named("globals"));
    let code = "Object.getOwnPropertyNames(globalThis)".to_owned();
    let report = bench.engine.run(RunRequest { code, session, timeout_ms: None }).await;
    let names: Vec<String> = serde_json::from_str(&report.outcome.unwrap().unwrap()).unwrap();
    let catalog = bench.engine.catalog();
    let is_unknown = |name: &String| {
        compile_in(&format!("({name})"), &InCatalog(&catalog), Scope::EMPTY).is_err()
    };
    let unknown: Vec<&String> = names.iter().filter(|name| is_unknown(name)).collect();
    assert_eq!(unknown, Vec::<&String>::new(), "`absent.rs` lists what scripts find");
}
