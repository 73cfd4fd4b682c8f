//! A gateway with tight limits over the real sandbox, and a server that answers oddly.

use std::{
    path::PathBuf,
    sync::{Arc, OnceLock},
};

use futures::{FutureExt as _, future::BoxFuture};
use serde_json::{Value, json};
use tokio::sync::watch;
use workroom_engine::{
    Engine, RunReport, RunRequest, SessionChoice, Upstreams,
    upstreams::{CallError, ToolCall, ToolOutput},
};
use workroom_sandbox::{InProcess, QuickJs};
use workroom_types::{Limit, Limits, ServerSnapshot, ServerStatus, SessionId, ToolDef};

/// One server, `odd`.
struct Odd(watch::Sender<u64>);

const TOOLS: [&str; 6] = ["echo", "text", "huge", "deep", "fail", "broken"];

impl Upstreams for Odd {
    fn servers(&self) -> Vec<Arc<ServerSnapshot>> {
        let tool = |name: &str| ToolDef {
            name: name.to_owned(),
            input_schema: json!({ "type": "object" }),
            ..ToolDef::default()
        };
        vec![Arc::new(ServerSnapshot {
            name: "odd".to_owned(),
            status: ServerStatus::Ready,
            tools: Arc::new(TOOLS.map(tool).to_vec()),
            ..ServerSnapshot::default()
        })]
    }

    fn changes(&self) -> watch::Receiver<u64> {
        self.0.subscribe()
    }

    fn call(&self, call: ToolCall) -> BoxFuture<'_, Result<ToolOutput, CallError>> {
        let said = |text: String| ToolOutput {
            content: vec![json!({ "type": "text", "text": text })],
            ..ToolOutput::default()
        };
        if call.tool.server != "odd" {
            let unknown = CallError::UnknownServer { server: call.tool.server };
            return std::future::ready(Err(unknown)).boxed();
        }
        let given = call.arguments.get("text").and_then(Value::as_str).unwrap_or_default();
        let output = match call.tool.tool.as_str() {
            // The arguments, parsed and written again: what a server would have understood.
            "echo" => said(Value::Object(call.arguments).to_string()),
            "text" => said(given.to_owned()),
            "huge" => said("x".repeat(50 << 20)),
            "deep" => said(format!("{}{}", "[".repeat(100_000), "]".repeat(100_000))),
            "fail" => ToolOutput { is_error: true, ..said(given.to_owned()) },
            // What is left of bytes that were no UTF-8.
            _ => said(String::from_utf8_lossy(b"a\xff\xfe\x00\xc3").into_owned()),
        };
        std::future::ready(Ok(output)).boxed()
    }
}

pub(crate) fn limits() -> Limits {
    let mut limits = Limits::default();
    for (limit, value) in [
        (Limit::Memory, 32),
        (Limit::Cpu, 250),
        (Limit::Wall, 4_000),
        (Limit::Regex, 100),
        (Limit::String, 10_000_000),
        (Limit::Calls, 50),
        (Limit::Timers, 50),
        (Limit::Pending, 40),
        (Limit::Argument, 64),
        (Limit::Result, 1_024),
        (Limit::Output, 64),
    ] {
        limits.set(limit, value).unwrap();
    }
    limits
}

pub(crate) fn engine() -> Engine {
    static QUICKJS: OnceLock<Arc<QuickJs>> = OnceLock::new();
    let quickjs = QUICKJS.get_or_init(|| {
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("sandbox-cache");
        Arc::new(QuickJs::new(Some(folder)).unwrap())
    });
    let sandbox = InProcess::new(Arc::clone(quickjs));
    Engine::new(Arc::new(Odd(watch::channel(1).0)), Arc::new(sandbox), limits())
}

pub(crate) async fn run(engine: &Engine, session: &SessionId, code: &str) -> RunReport {
    let session = SessionChoice::Own(session.clone());
    engine.run(RunRequest { code: code.to_owned(), session, timeout_ms: None }).await
}

/// What a run came to, in one line: `ok` and its value, or the kind of failure and its message.
pub(crate) fn told(report: &RunReport) -> String {
    match &report.outcome {
        Ok(value) => format!("ok {}", value.as_deref().unwrap_or("undefined")),
        Err(failure) => {
            let kind = serde_json::to_value(failure.kind).unwrap();
            format!("{}: {}", kind.as_str().unwrap(), failure.message)
        }
    }
}
