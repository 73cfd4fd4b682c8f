//! A gateway with tight limits over the real sandbox, and a server that answers oddly.

use std::{
    path::PathBuf,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
};

use futures::{FutureExt as _, future::BoxFuture};
use serde_json::{Value, json};
use tokio::sync::watch;
use workroom_engine::{
    Engine, RunReport, RunRequest, SessionChoice, Upstreams,
    upstreams::{Again, CallError, ToolCall, ToolOutput},
};
use workroom_sandbox::{InProcess, QuickJs};
use workroom_types::{Limit, Limits, ServerSnapshot, ServerStatus, SessionId, ToolDef};

/// One server, `odd`.
pub(crate) struct Odd {
    changes: watch::Sender<u64>,
    /// Calls under way, and the most that ever were at once.
    under_way: AtomicUsize,
    peak: AtomicUsize,
}

const TOOLS: [&str; 13] = [
    "echo", "text", "huge", "deep", "fail", "broken", "failHuge", "refuse", "image", "gone",
    "hang", "keys", "slow",
];

impl Default for Odd {
    fn default() -> Self {
        let changes = watch::channel(1).0;
        Self { changes, under_way: AtomicUsize::new(0), peak: AtomicUsize::new(0) }
    }
}

impl Odd {
    /// The most calls of `slow` that were ever under way at once.
    pub(crate) fn peak(&self) -> usize {
        self.peak.load(SeqCst)
    }

    /// What `tool` answers. Its text is the argument `text`.
    fn answer(call: ToolCall) -> Result<ToolOutput, CallError> {
        let said = |text: String| ToolOutput {
            content: vec![json!({ "type": "text", "text": text })],
            ..ToolOutput::default()
        };
        let given = call.arguments.get("text").and_then(Value::as_str).unwrap_or_default();
        Ok(match call.tool.tool.as_str() {
            // The arguments, parsed and written again: what a server would have understood.
            "echo" | "slow" => said(Value::Object(call.arguments).to_string()),
            "text" => said(given.to_owned()),
            "huge" => said("x".repeat(HUGE)),
            "deep" => said(format!("{}{}", "[".repeat(100_000), "]".repeat(100_000))),
            "fail" => ToolOutput { is_error: true, ..said(given.to_owned()) },
            "failHuge" => ToolOutput { is_error: true, ..said("x".repeat(HUGE)) },
            "refuse" => {
                let message = "x".repeat(HUGE);
                let again = Again::default();
                return Err(CallError::Rejected { tool: call.tool, code: -1, message, again });
            }
            "gone" => {
                let again = Again::default();
                return Err(CallError::Gone { tool: call.tool, reason: None, again });
            }
            "image" => ToolOutput {
                content: vec![json!({ "type": "image", "data": "A".repeat(HUGE) })],
                ..ToolOutput::default()
            },
            "keys" => {
                let keys = r#"{"__proto__":{"leaked":1},"constructor":{"prototype":{"leaked":2}},
                    "then":"x","toJSON":"y","hasOwnProperty":1,"valueOf":2}"#;
                ToolOutput { structured: serde_json::from_str(keys).ok(), ..ToolOutput::default() }
            }
            // What is left of bytes that were no UTF-8.
            _ => said(String::from_utf8_lossy(b"a\xff\xfe\x00\xc3").into_owned()),
        })
    }
}

/// The bytes of an answer that is too long for any script.
const HUGE: usize = 50 << 20;

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
        self.changes.subscribe()
    }

    fn call(&self, call: ToolCall) -> BoxFuture<'_, Result<ToolOutput, CallError>> {
        if call.tool.server != "odd" {
            let unknown = CallError::UnknownServer { server: call.tool.server };
            return std::future::ready(Err(unknown)).boxed();
        }
        async move {
            match call.tool.tool.as_str() {
                "hang" => std::future::pending().await,
                "slow" => {
                    let now = self.under_way.fetch_add(1, SeqCst) + 1;
                    self.peak.fetch_max(now, SeqCst);
                    for _ in 0..10 {
                        tokio::task::yield_now().await;
                    }
                    self.under_way.fetch_sub(1, SeqCst);
                }
                _ => {}
            }
            Self::answer(call)
        }
        .boxed()
    }
}

pub(crate) fn limits() -> Limits {
    limits_within(150)
}

/// The limits, with `cpu_ms` of computing time and much more to wait in.
fn limits_within(cpu_ms: u64) -> Limits {
    let mut limits = Limits::default();
    for (limit, value) in [
        (Limit::Memory, 32),
        (Limit::Cpu, cpu_ms),
        (Limit::Wall, 4_000 + 20 * cpu_ms),
        (Limit::Regex, 60),
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
    engine_over(&Arc::default())
}

/// An engine whose scripts may compute twenty times as long: for what a busy machine could not do
/// in the time that endless loops are given.
pub(crate) fn patient_engine() -> Engine {
    engine_within(&Arc::default(), limits_within(3_000))
}

/// An engine that calls `odd`.
pub(crate) fn engine_over(odd: &Arc<Odd>) -> Engine {
    engine_within(odd, limits())
}

fn engine_within(odd: &Arc<Odd>, limits: Limits) -> Engine {
    static QUICKJS: OnceLock<Arc<QuickJs>> = OnceLock::new();
    let quickjs = QUICKJS.get_or_init(|| {
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("sandbox-cache");
        Arc::new(QuickJs::new(Some(folder)).unwrap())
    });
    let sandbox = InProcess::new(Arc::clone(quickjs));
    Engine::new(Arc::clone(odd) as _, Arc::new(sandbox), limits)
}

pub(crate) async fn run(engine: &Engine, session: &SessionId, code: &str) -> RunReport {
    run_in(engine, SessionChoice::Own(session.clone()), code, None).await
}

pub(crate) async fn run_in(
    engine: &Engine,
    session: SessionChoice,
    code: &str,
    timeout_ms: Option<u64>,
) -> RunReport {
    engine.run(RunRequest { code: code.to_owned(), session, timeout_ms }).await
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
