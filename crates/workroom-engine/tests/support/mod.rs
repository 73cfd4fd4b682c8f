//! A world for the engine's tests: upstreams that answer by rule, and a guest
//! that follows a plan instead of running code. What code really does is tested
//! with the real sandbox, where the binary is.

#![allow(dead_code, reason = "each test file uses its part")]

use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use futures::{FutureExt, future::BoxFuture};
use serde_json::{Value, json};
use tokio::sync::{Notify, watch};
use workroom_engine::{
    Engine, EngineConfig, Guest, RunReport, RunRequest, Sandbox, SessionChoice, Upstreams,
    sandbox::{
        Answer, ClockRead, Code, GuestCall, Interrupter, Kept, SandboxError, Setup, Turn,
        TurnState, Variable,
    },
    store::Memory,
    upstreams::{CallError, ToolCall, ToolOutput},
};
use workroom_types::{Limits, ServerSnapshot, ServerStatus, SessionId, ToolDef};

/// One server, `crm`, whose tool `hang` never answers and whose others answer with their name.
pub(crate) struct World {
    changes: watch::Sender<u64>,
    status: Mutex<ServerStatus>,
    schema: Mutex<Value>,
    under_way: AtomicUsize,
    /// The most calls that were under way at once.
    pub(crate) peak: AtomicUsize,
    /// Told when a call to `hang` has arrived.
    pub(crate) hanging: Notify,
    /// Calls that were dropped before their answer.
    pub(crate) dropped: Arc<AtomicUsize>,
}

impl Default for World {
    fn default() -> Self {
        Self {
            changes: watch::channel(1).0,
            status: Mutex::new(ServerStatus::Ready),
            schema: Mutex::new(json!({ "type": "object" })),
            under_way: AtomicUsize::new(0),
            peak: AtomicUsize::new(0),
            hanging: Notify::new(),
            dropped: Arc::default(),
        }
    }
}

impl World {
    pub(crate) fn set_status(&self, status: ServerStatus) {
        *self.status.lock().unwrap() = status;
        self.changes.send_modify(|version| *version += 1);
    }

    /// The input schema of `echo`, whose result is its arguments.
    pub(crate) fn set_schema(&self, schema: Value) {
        *self.schema.lock().unwrap() = schema;
        self.changes.send_modify(|version| *version += 1);
    }
}

impl Upstreams for World {
    fn servers(&self) -> Vec<Arc<ServerSnapshot>> {
        let status = self.status.lock().unwrap().clone();
        let schema = self.schema.lock().unwrap().clone();
        let tool = |name: &str| ToolDef {
            name: name.to_owned(),
            input_schema: match name {
                "echo" => schema.clone(),
                _ => json!({ "type": "object" }),
            },
            ..ToolDef::default()
        };
        let tools = match status {
            ServerStatus::Ready => ["echo", "hang", "fail", "big"].map(tool).to_vec(),
            _ => Vec::new(),
        };
        vec![Arc::new(ServerSnapshot {
            name: "crm".to_owned(),
            status,
            tools: Arc::new(tools),
            ..ServerSnapshot::default()
        })]
    }

    fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    fn call(&self, call: ToolCall) -> BoxFuture<'_, Result<ToolOutput, CallError>> {
        async move {
            let now = self.under_way.fetch_add(1, Ordering::SeqCst) + 1;
            self.peak.fetch_max(now, Ordering::SeqCst);
            let text = |text: String| ToolOutput {
                content: vec![json!({ "type": "text", "text": text })],
                ..ToolOutput::default()
            };
            let output = match call.tool.tool.as_str() {
                "hang" => {
                    let _count = CountDrop(Arc::clone(&self.dropped));
                    self.hanging.notify_one();
                    std::future::pending().await
                }
                "fail" => ToolOutput { is_error: true, ..text("no such id".to_owned()) },
                "big" => text("x".repeat(2_000)),
                _ => {
                    tokio::task::yield_now().await;
                    text(Value::Object(call.arguments).to_string())
                }
            };
            self.under_way.fetch_sub(1, Ordering::SeqCst);
            Ok(output)
        }
        .boxed()
    }
}

struct CountDrop(Arc<AtomicUsize>);

impl Drop for CountDrop {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// What a planned guest does in one turn, given the answers it got.
pub(crate) type Step = Box<dyn FnOnce(Vec<Answer>) -> BoxFuture<'static, Turn> + Send>;

/// Hands out guests that follow one plan together, turn after turn.
#[derive(Default)]
pub(crate) struct Planned {
    pub(crate) steps: Arc<Mutex<VecDeque<Step>>>,
    /// How many guests were made, and how many of them from a snapshot.
    pub(crate) opened: AtomicUsize,
    pub(crate) restored: AtomicUsize,
    /// How many snapshots were taken, and how large they are; 0 is small.
    pub(crate) kept: Arc<AtomicUsize>,
    pub(crate) snapshot_bytes: Arc<AtomicUsize>,
    pub(crate) turns: Arc<AtomicUsize>,
}

impl Sandbox for Planned {
    fn open(
        &self,
        _: &Limits,
        snapshot: Option<Arc<[u8]>>,
    ) -> BoxFuture<'_, Result<Box<dyn Guest>, SandboxError>> {
        self.opened.fetch_add(1, Ordering::SeqCst);
        self.restored.fetch_add(usize::from(snapshot.is_some()), Ordering::SeqCst);
        let guest = PlannedGuest {
            steps: Arc::clone(&self.steps),
            stop: Arc::default(),
            alive: true,
            kept: Arc::clone(&self.kept),
            snapshot_bytes: Arc::clone(&self.snapshot_bytes),
            turns: Arc::clone(&self.turns),
        };
        std::future::ready(Ok(Box::new(guest) as Box<dyn Guest>)).boxed()
    }
}

struct PlannedGuest {
    steps: Arc<Mutex<VecDeque<Step>>>,
    stop: Arc<Stop>,
    alive: bool,
    kept: Arc<AtomicUsize>,
    snapshot_bytes: Arc<AtomicUsize>,
    turns: Arc<AtomicUsize>,
}

#[derive(Default)]
struct Stop(AtomicBool);

impl Interrupter for Stop {
    fn interrupt(&self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

impl PlannedGuest {
    fn step(&mut self, answers: Vec<Answer>) -> BoxFuture<'_, Turn> {
        let step = self.steps.lock().unwrap().pop_front().expect("the plan covers every turn");
        async move {
            self.turns.fetch_add(1, Ordering::SeqCst);
            let turn = step(answers).await;
            let is_dead =
                matches!(turn.state, Err(SandboxError::Limit { .. } | SandboxError::Lost(_)));
            self.alive = !is_dead;
            turn
        }
        .boxed()
    }
}

impl Guest for PlannedGuest {
    fn start(&mut self, _: Arc<Code>, _: Setup) -> BoxFuture<'_, Turn> {
        self.step(Vec::new())
    }

    fn resume(&mut self, answers: Vec<Answer>, _: Vec<ClockRead>) -> BoxFuture<'_, Turn> {
        self.step(answers)
    }

    fn rejoin(&mut self, _: Setup) -> BoxFuture<'_, Result<(), SandboxError>> {
        std::future::ready(Ok(())).boxed()
    }

    fn abandon(&mut self) -> BoxFuture<'_, ()> {
        std::future::ready(()).boxed()
    }

    fn keep(
        &mut self,
        names: Vec<String>,
        with_snapshot: bool,
    ) -> BoxFuture<'_, Result<Kept, SandboxError>> {
        self.kept.fetch_add(usize::from(with_snapshot), Ordering::SeqCst);
        let bytes = self.snapshot_bytes.load(Ordering::SeqCst).max(10);
        let variable = |name| Variable { name, size: None, pending: false };
        let kept = Kept {
            variables: names.into_iter().map(variable).collect(),
            snapshot: with_snapshot.then(|| vec![0; bytes]),
            own_bytes: 10,
        };
        std::future::ready(Ok(kept)).boxed()
    }

    fn interrupter(&self) -> Arc<dyn Interrupter> {
        Arc::clone(&self.stop) as _
    }

    fn is_alive(&self) -> bool {
        self.alive
    }
}

/// A turn that ends in `state` after `calls` of crm's tools.
#[expect(clippy::unnecessary_wraps, reason = "what a planned step gives")]
pub(crate) fn turn(calls: &[(u32, &str)], state: TurnState) -> Result<Turn, SandboxError> {
    let calls = calls.iter().map(|(id, tool)| GuestCall {
        id: *id,
        module: "crm".to_owned(),
        function: (*tool).to_owned(),
        arguments: format!("{{\"n\":{id}}}"),
    });
    Ok(Turn { calls: calls.collect(), state: Ok(state), ..Turn::failed(SandboxError::Dead) })
}

/// The script's end with a JSON value.
pub(crate) fn done(json: &str) -> TurnState {
    TurnState::Done(Some(json.to_owned()))
}

/// An engine over a fresh world, and its parts.
pub(crate) struct Bench {
    pub(crate) engine: Engine,
    pub(crate) world: Arc<World>,
    pub(crate) sandbox: Arc<Planned>,
    pub(crate) store: Arc<Memory>,
    /// Turns begun.
    pub(crate) turns: Arc<AtomicUsize>,
}

impl Bench {
    pub(crate) fn new(limits: Limits) -> Self {
        Self::with(EngineConfig { limits, ..EngineConfig::default() })
    }

    pub(crate) fn with(config: EngineConfig) -> Self {
        let (world, sandbox) = (Arc::new(World::default()), Arc::new(Planned::default()));
        let store = Arc::new(Memory::default());
        let (upstreams, guests) = (Arc::clone(&world) as _, Arc::clone(&sandbox) as _);
        let engine = Engine::with_store(upstreams, guests, Arc::clone(&store) as _, config);
        let turns = Arc::clone(&sandbox.turns);
        Self { engine, world, sandbox, store, turns }
    }

    pub(crate) fn plan(
        &self,
        step: impl FnOnce(Vec<Answer>) -> Result<Turn, SandboxError> + Send + 'static,
    ) -> &Self {
        self.plan_slowly(|answers| {
            async move { step(answers).unwrap_or_else(Turn::failed) }.boxed()
        })
    }

    /// A turn that takes its time.
    pub(crate) fn plan_slowly(
        &self,
        step: impl FnOnce(Vec<Answer>) -> BoxFuture<'static, Turn> + Send + 'static,
    ) -> &Self {
        self.sandbox.steps.lock().unwrap().push_back(Box::new(step));
        self
    }

    pub(crate) async fn run(&self, code: &str) -> RunReport {
        self.run_in(code, SessionChoice::Own(SessionId::named("s1"))).await
    }

    pub(crate) async fn run_in(&self, code: &str, session: SessionChoice) -> RunReport {
        let request = RunRequest { code: code.to_owned(), session, timeout_ms: None };
        // A test that hangs is a failure that says so.
        tokio::time::timeout(Duration::from_secs(20), self.engine.run(request))
            .await
            .expect("the run ends")
    }
}

/// The answers in the order of their ids, errors as `name: message`.
pub(crate) fn read(mut answers: Vec<Answer>) -> Vec<String> {
    answers.sort_by_key(|answer| answer.id);
    let text = |answer: Answer| match answer.result {
        Ok(json) => json,
        Err(error) => format!("{}: {}", error.name, error.message),
    };
    answers.into_iter().map(text).collect()
}
