//! A gateway over the real sandbox, with one server whose tools answer by rule.

#![allow(dead_code, reason = "each test file uses its part")]
#![allow(clippy::unwrap_used, reason = "only tests call these")]

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, OnceLock},
};

use futures::{FutureExt as _, future::BoxFuture};
use serde_json::{Map, Value, json};
use tokio::sync::watch;
use workroom_engine::{
    Engine, EngineConfig, RunReport, RunRequest, SessionChoice, Upstreams,
    store::Memory,
    upstreams::{CallError, ToolCall, ToolOutput},
};
use workroom_sandbox::{InProcess, QuickJs};
use workroom_types::{
    Limit, Limits, ServerSnapshot, ServerStatus, SessionId, ToolAnnotations, ToolDef, ToolRef,
};

/// What a tool answers to its arguments.
pub(crate) type Rule = fn(&Map<String, Value>) -> Result<ToolOutput, CallError>;

/// The server `crm`.
pub(crate) struct Crm {
    changes: watch::Sender<u64>,
    tools: &'static [(&'static str, Rule)],
    pub(crate) calls: Mutex<Vec<String>>,
}

impl Upstreams for Crm {
    fn servers(&self) -> Vec<Arc<ServerSnapshot>> {
        let tool = |(name, _): &(&str, Rule)| ToolDef {
            name: (*name).to_owned(),
            input_schema: schema(name),
            // What only reads says so in its name, here.
            annotations: Some(ToolAnnotations {
                read_only_hint: Some(!name.starts_with("create")),
                ..ToolAnnotations::default()
            }),
            ..ToolDef::default()
        };
        vec![Arc::new(ServerSnapshot {
            name: "crm".to_owned(),
            status: ServerStatus::Ready,
            tools: Arc::new(self.tools.iter().map(tool).collect()),
            ..ServerSnapshot::default()
        })]
    }

    fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    fn call(&self, call: ToolCall) -> BoxFuture<'_, Result<ToolOutput, CallError>> {
        let rule = self.tools.iter().find(|(name, _)| *name == call.tool.tool).map(|(_, r)| *r);
        let text = format!("{}({})", call.tool.tool, Value::Object(call.arguments.clone()));
        self.calls.lock().unwrap().push(text);
        std::future::ready(rule.unwrap()(&call.arguments)).boxed()
    }
}

/// Limits with all the time that a busy machine may take to look for the cause of an error.
pub(crate) fn patient() -> Limits {
    let mut limits = Limits::default();
    limits.set(Limit::Diagnosis, Limit::Diagnosis.range().1).unwrap();
    limits
}

/// What a tool of this name takes; others take anything.
fn schema(name: &str) -> Value {
    let text = json!({ "type": "string" });
    match name {
        "get_contact" => json!({
            "type": "object", "required": ["id"],
            "properties": { "id": text, "withDeals": { "type": "boolean" } },
        }),
        "list_deals" => json!({
            "type": "object",
            "properties": {
                "stage": { "type": "string", "enum": ["open", "won", "lost"] },
                "limit": { "type": "integer", "minimum": 1 },
            },
        }),
        "create_note" => json!({
            "type": "object", "required": ["contactId", "text"],
            "properties": {
                "contactId": text, "text": text,
                "at": { "type": "string", "format": "date-time" },
                "tags": { "type": "array", "items": text },
            },
        }),
        _ => json!({ "type": "object" }),
    }
}

/// A gateway, its server and what it keeps.
pub(crate) struct Gateway {
    pub(crate) engine: Engine,
    pub(crate) crm: Arc<Crm>,
    pub(crate) store: Arc<Memory>,
    pub(crate) sandbox: Arc<InProcess>,
    pub(crate) session: SessionId,
}

impl Gateway {
    pub(crate) fn new(tools: &'static [(&'static str, Rule)], limits: Limits) -> Self {
        static QUICKJS: OnceLock<Arc<QuickJs>> = OnceLock::new();
        let quickjs = QUICKJS.get_or_init(|| {
            let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("sandbox-cache");
            Arc::new(QuickJs::new(Some(folder)).unwrap())
        });
        let crm = Arc::new(Crm { changes: watch::channel(1).0, tools, calls: Mutex::default() });
        let sandbox = Arc::new(InProcess::new(Arc::clone(quickjs)));
        let store = Arc::new(Memory::default());
        let config = EngineConfig { limits, ..EngineConfig::default() };
        let engine = Engine::with_store(
            Arc::clone(&crm) as _,
            Arc::clone(&sandbox) as _,
            Arc::clone(&store) as _,
            config,
        );
        Self { engine, crm, store, sandbox, session: SessionId::named("s1") }
    }

    /// Another gateway over the same store, as a later process has it.
    pub(crate) fn again(&self) -> Self {
        let store = Arc::clone(&self.store);
        let engine = Engine::with_store(
            Arc::clone(&self.crm) as _,
            Arc::clone(&self.sandbox) as _,
            Arc::clone(&store) as _,
            EngineConfig::default(),
        );
        let (crm, sandbox) = (Arc::clone(&self.crm), Arc::clone(&self.sandbox));
        Self { engine, crm, store, sandbox, session: SessionId::named("s2") }
    }

    pub(crate) async fn run(&self, code: &str) -> RunReport {
        let session = SessionChoice::Own(self.session.clone());
        let request = RunRequest { code: code.to_owned(), session, timeout_ms: None };
        self.engine.run(request).await
    }

    /// What an agent reads of a run of `code`, without what differs from run to run.
    pub(crate) async fn told(&self, code: &str) -> String {
        let report = self.run(code).await;
        let shown = self.engine.present(&report, None, false).text;
        let (header, rest) = shown.split_once('\n').unwrap_or((&shown, ""));
        let state = header.split(" · ").next().unwrap_or_default();
        format!("{state}\n{rest}\n").replace(&report.run.to_string(), "r_1")
    }
}

/// A result that is `value` as text.
pub(crate) fn data(value: &Value) -> Result<ToolOutput, CallError> {
    content(&json!([{ "type": "text", "text": value.to_string() }]))
}

/// A result of these content blocks.
#[expect(clippy::unnecessary_wraps, reason = "what a rule gives")]
pub(crate) fn content(blocks: &Value) -> Result<ToolOutput, CallError> {
    let content = blocks.as_array().unwrap().clone();
    Ok(ToolOutput { content, ..ToolOutput::default() })
}

/// The tool `name` of the server.
pub(crate) fn tool(name: &str) -> ToolRef {
    ToolRef { server: "crm".to_owned(), tool: name.to_owned() }
}
