//! Rehearsing a skill: its code on a recorded case, without any server.
//!
//! An engine of its own runs the skill in the sandbox. Its upstreams are the case's calls: one is
//! answered by server, tool, arguments and how often that was asked before. Clock and randomness
//! are fixed, so a rehearsal comes to the same each time.
//!
//! # Invariants
//!
//! * Nothing is sent anywhere, and nothing is kept.
//! * A call that is not recorded fails, and is told in [`Rehearsed::unrecorded`].

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use futures::{FutureExt as _, future::BoxFuture};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use tokio::sync::watch;
use workroom_catalog::Catalog;
use workroom_script::{SKILLS_MAX, Use};
use workroom_skill::{Case, Package, RecordedCall, harden::Checked};
use workroom_types::{
    Limit, Limits, ServerSnapshot, ServerStatus, SessionId, ToolAnnotations, ToolDef, ToolRef,
};

use crate::{
    Engine, EngineConfig, FailureKind, RunFailure, RunRequest, SessionChoice, Store, Upstreams,
    sandbox::{
        Answer, ClockRead, Code, Guest, Interrupter, Kept, LogLine, Sandbox, SandboxError, Setup,
        Turn,
    },
    skills::manage,
    store::{Memory, NewSkill, SkillStatus, Skills as _},
    upstreams::{CallError, ToolCall, ToolOutput},
};

/// What a skill sees of the clock, where its case does not say: 2026-01-01, UTC.
const CLOCK_MS: u64 = 1_767_225_600_000;

/// The longest rehearsal: one that waits for what will not come is over by then.
const WALL_MS: u64 = 20_000;

/// A skill that is to be rehearsed, and what it can import.
#[derive(Clone, Debug)]
pub struct Rehearsal<'a> {
    /// The skill.
    pub package: &'a Package,
    /// The servers as far as their definitions are known. What the skill needs beside is made up
    /// from what is recorded, with tools that take anything.
    pub servers: Vec<Arc<ServerSnapshot>>,
    /// The skills that it imports, and those that they import: see [`imported`].
    pub skills: Vec<Package>,
    /// Bound the rehearsal.
    pub limits: Limits,
}

/// What a rehearsal came to.
#[derive(Clone, Debug)]
pub struct Rehearsed {
    /// What `run` gave, or why there is nothing.
    pub outcome: Result<Value, RunFailure>,
    /// What the skill's own checks say of it.
    pub checks: Vec<Checked>,
    /// Recorded calls that were not made, by their place in the case.
    pub unmade: Vec<usize>,
    /// Calls that were made and are not recorded.
    pub unrecorded: Vec<Unrecorded>,
    /// What the skill logged.
    pub logs: Vec<LogLine>,
}

/// A call that is not recorded.
#[derive(Clone, Debug, PartialEq)]
pub struct Unrecorded {
    /// The tool.
    pub tool: ToolRef,
    /// Its arguments.
    pub arguments: Value,
}

impl Rehearsed {
    /// Whether it did what is recorded of `case`, and all checks hold.
    pub fn is_as_recorded(&self, case: &Case) -> bool {
        self.difference(case).is_none()
    }

    /// What is not as recorded, in one clause.
    pub fn difference(&self, case: &Case) -> Option<String> {
        let value = match &self.outcome {
            Ok(value) => value,
            Err(failure) => return Some(format!("it failed: {}", failure.message)),
        };
        if !workroom_skill::harden::same(value, &case.expected) {
            return Some(format!("it gives {} and not {}", short(value), short(&case.expected)));
        }
        if let Some(call) = self.unrecorded.first() {
            return Some(format!(
                "it calls `{}` with {}, which is not recorded",
                call.tool,
                short(&call.arguments)
            ));
        }
        if let Some(call) = self.unmade.first().and_then(|at| case.calls.get(*at)) {
            return Some(format!(
                "it does not call `{}.{}` with {}, which is recorded",
                call.server,
                call.tool,
                short(&call.arguments)
            ));
        }
        let broken = self.checks.iter().find_map(|check| Some((check, check.failure.as_ref()?)));
        broken.map(|(check, why)| format!("its check `{}` does not hold: {why}", check.name))
    }
}

fn short(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(200) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text,
    }
}

/// How a call is answered that was asked more often than it is recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repeats {
    /// Not at all.
    Strict,
    /// As the last time: a changed answer may ask for the same thing more often.
    Last,
}

impl Rehearsal<'_> {
    /// Plays `case` in `sandbox`.
    pub async fn play(
        &self,
        sandbox: Arc<dyn Sandbox>,
        case: &Case,
        repeats: Repeats,
    ) -> Rehearsed {
        let recorded = Arc::new(Recorded::new(self.servers(case), case, repeats));
        let clock = case.clock.unwrap_or(CLOCK_MS);
        let sandbox = Arc::new(Fixed { sandbox, clock });
        let limits = self.limits.tightened(Limit::Wall, WALL_MS);
        let store = Arc::new(Memory::default());
        for skill in &self.skills {
            // The memory of this process does not fail.
            let _ = store.keep_skill(promoted(skill)).await;
        }
        let config = EngineConfig { limits, ..EngineConfig::default() };
        let engine = Engine::with_store(Arc::clone(&recorded) as _, sandbox, store, config);
        let code = driver(self.package, &case.input);
        let session = SessionChoice::Once(SessionId::named("rehearsal"));
        let report = engine.run(RunRequest { code, session, timeout_ms: None }).await;
        let (outcome, checks) = match report.outcome {
            Err(failure) => (Err(failure), Vec::new()),
            Ok(value) => match serde_json::from_str::<Driven>(value.as_deref().unwrap_or("null")) {
                Ok(Driven { output, checks }) => (Ok(output), checks),
                Err(error) => {
                    let message = format!("the rehearsal's result cannot be read: {error}");
                    (Err(RunFailure::new(FailureKind::Internal, message)), Vec::new())
                }
            },
        };
        let (unmade, unrecorded) = recorded.left();
        Rehearsed { outcome, checks, unmade, unrecorded, logs: report.logs }
    }

    /// The servers that the skill can import: those known, and what is needed beside.
    fn servers(&self, case: &Case) -> Vec<Arc<ServerSnapshot>> {
        let mut servers: Vec<ServerSnapshot> =
            self.servers.iter().map(|server| ServerSnapshot::clone(server)).collect();
        for call in &case.calls {
            add(&mut servers, &call.server, &call.tool);
        }
        let packages = || std::iter::once(self.package).chain(&self.skills);
        for entry in packages().flat_map(|package| package.allowed_tools.iter().flatten()) {
            if let Some((server, tool)) = entry.split_once('.').filter(|(_, tool)| *tool != "*") {
                add(&mut servers, server, tool);
            }
        }
        // What the code names and nothing has told so far, by the names that it has there.
        let uses = packages().flat_map(|package| workroom_script::uses(&package.code));
        for Use { folder, functions } in uses {
            let shared: Vec<_> = servers.iter().cloned().map(Arc::new).collect();
            let catalog = Catalog::build(&shared, None);
            let known = catalog.server(&folder);
            let name = known.map_or_else(|| folder.clone(), |server| server.name.clone());
            if known.is_none() {
                add(&mut servers, &name, "");
            }
            let known_tool =
                |function: &str| known.is_some_and(|server| server.tool(function).is_some());
            for function in functions.iter().filter(|function| !known_tool(function)) {
                add(&mut servers, &name, function);
            }
        }
        servers.into_iter().map(Arc::new).collect()
    }
}

/// The skills of `store` that `package` imports, over however many others: each as it is promoted,
/// else its newest version. One that is not there is told by the compiler.
pub async fn imported(store: &dyn Store, package: &Package) -> Vec<Package> {
    let mut found: Vec<Package> = Vec::new();
    let mut todo = imports(&package.code);
    while let Some(name) = todo.pop() {
        let is_known = name == package.name.as_str()
            || found.len() >= SKILLS_MAX
            || found.iter().any(|known| known.name.as_str() == name);
        if is_known {
            continue;
        }
        let view = manage::find(store, &name, None).await;
        if let Some(package) = view.ok().and_then(|view| view.package) {
            todo.extend(imports(&package.code));
            found.push(package);
        }
    }
    found
}

/// The names of the skills that a code imports, as far as its text says so.
pub fn imports(code: &str) -> Vec<String> {
    let is_name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let after = code.split("skills/").skip(1);
    let names = after.map(|rest| rest.split(|c| !is_name(c)).next().unwrap_or_default());
    let mut names: Vec<String> = names.filter(|name| !name.is_empty()).map(str::to_owned).collect();
    names.sort_unstable();
    names.dedup();
    names
}

fn promoted(package: &Package) -> NewSkill {
    NewSkill {
        name: package.name.to_string(),
        hash: package.hash(),
        files: package.files(),
        created: 0,
        author: String::new(),
        session: String::new(),
        status: SkillStatus::Promoted,
        needs: String::new(),
    }
}

/// Adds a tool that takes anything, where `servers` have none of that name.
fn add(servers: &mut Vec<ServerSnapshot>, server: &str, tool: &str) {
    let at = servers.iter().position(|known| known.name == server).unwrap_or_else(|| {
        let status = ServerStatus::Ready;
        servers.push(ServerSnapshot { name: server.to_owned(), status, ..Default::default() });
        servers.len() - 1
    });
    let server = &mut servers[at];
    server.status = ServerStatus::Ready;
    if !tool.is_empty() && !server.tools.iter().any(|known| known.name == tool) {
        let read_only = Some(true);
        Arc::make_mut(&mut server.tools).push(ToolDef {
            name: tool.to_owned(),
            input_schema: json!({ "type": "object" }),
            annotations: Some(ToolAnnotations { read_only_hint: read_only, ..Default::default() }),
            ..ToolDef::default()
        });
    }
}

/// What the driver gives.
#[derive(Deserialize)]
pub(crate) struct Driven {
    pub(crate) output: Value,
    pub(crate) checks: Vec<Checked>,
}

/// The skill's code with a call of its `run` after it, and its checks.
///
/// It stands behind the code, so that positions in errors are those of `index.ts`.
pub(crate) fn driver(package: &Package, input: &Value) -> String {
    let input = Value::String(input.to_string());
    let checks = if workroom_script::exports(&package.code).iter().any(|name| name == "checks") {
        "checks"
    } else {
        "[]"
    };
    format!(
        "{}\n;return await (async () => {{
  const copy = (value) => JSON.parse(JSON.stringify(value ?? null));
  const text = {input};
  const output = copy(await run(JSON.parse(text)));
  const told = [];
  for (const [at, check] of [...{checks}].entries()) {{
    const holds = typeof check === 'function' ? check : check.holds;
    const name = String(check.name || `check ${{at + 1}}`);
    let failure = null;
    try {{
      const said = await holds(JSON.parse(text), copy(output));
      if (said !== true) failure = typeof said === 'string' ? said : `it gives ${{said}}`;
    }} catch (error) {{
      failure = String(error?.message ?? error);
    }}
    told.push({{ name, failure }});
  }}
  return {{ output, checks: told }};
}})();\n",
        package.code
    )
}

/// Upstreams that answer what a case recorded.
struct Recorded {
    servers: Vec<Arc<ServerSnapshot>>,
    changes: watch::Sender<u64>,
    calls: Vec<RecordedCall>,
    repeats: Repeats,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    made: Vec<bool>,
    /// The last answer by server, tool and arguments.
    last: BTreeMap<(String, String, String), usize>,
    unrecorded: Vec<Unrecorded>,
}

impl Recorded {
    fn new(servers: Vec<Arc<ServerSnapshot>>, case: &Case, repeats: Repeats) -> Self {
        let calls = case.calls.clone();
        let state = Mutex::new(State { made: vec![false; calls.len()], ..State::default() });
        Self { servers, changes: watch::channel(1).0, calls, repeats, state }
    }

    fn answer(&self, tool: &ToolRef, arguments: &Map<String, Value>) -> Result<Value, String> {
        // Counted and listed only, so a panic leaves nothing half done.
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let arguments = Value::Object(arguments.clone());
        let key = (tool.server.clone(), tool.tool.clone(), arguments.to_string());
        let is_next = |(at, call): &(usize, &RecordedCall)| {
            !state.made[*at]
                && call.server == tool.server
                && call.tool == tool.tool
                && alike(&call.arguments, &arguments)
        };
        let next = self.calls.iter().enumerate().find(is_next).map(|(at, _)| at);
        let last = state.last.get(&key).copied().filter(|_| self.repeats == Repeats::Last);
        let Some(at) = next.or(last) else {
            state.unrecorded.push(Unrecorded { tool: tool.clone(), arguments });
            return Err(format!("no answer of `{tool}` to these arguments is recorded"));
        };
        state.made[at] = true;
        state.last.insert(key, at);
        self.calls[at].answer.clone()
    }

    /// The calls that were not made, and those that are not recorded.
    fn left(&self) -> (Vec<usize>, Vec<Unrecorded>) {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let unmade = state.made.iter().enumerate().filter(|(_, made)| !**made);
        (unmade.map(|(at, _)| at).collect(), state.unrecorded.clone())
    }
}

/// Whether two arguments are the same to a server: a number may come as text where the schema
/// says so, and no arguments are an empty object.
fn alike(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Null, Value::Object(fields)) | (Value::Object(fields), Value::Null) => {
            fields.is_empty()
        }
        (Value::Object(one), Value::Object(other)) => {
            one.len() == other.len()
                && one.iter().all(|(key, one)| other.get(key).is_some_and(|it| alike(one, it)))
        }
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, it)| alike(one, it))
        }
        (Value::Number(number), Value::String(text))
        | (Value::String(text), Value::Number(number)) => *text == number.to_string(),
        (Value::Number(one), Value::Number(other)) => {
            one == other || one.as_f64() == other.as_f64()
        }
        _ => one == other,
    }
}

impl Upstreams for Recorded {
    fn servers(&self) -> Vec<Arc<ServerSnapshot>> {
        self.servers.clone()
    }

    fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    fn call(&self, call: ToolCall) -> BoxFuture<'_, Result<ToolOutput, CallError>> {
        let output = match self.answer(&call.tool, &call.arguments) {
            // As structured content it reaches the code as the value that it is.
            Ok(value) => ToolOutput { structured: Some(value), ..ToolOutput::default() },
            Err(message) => ToolOutput {
                content: vec![json!({ "type": "text", "text": message })],
                is_error: true,
                ..ToolOutput::default()
            },
        };
        std::future::ready(Ok(output)).boxed()
    }
}

/// A sandbox whose guests see one moment and draw the same numbers.
struct Fixed {
    sandbox: Arc<dyn Sandbox>,
    clock: u64,
}

impl Sandbox for Fixed {
    fn open(
        &self,
        limits: &Limits,
        snapshot: Option<Arc<[u8]>>,
    ) -> BoxFuture<'_, Result<Box<dyn Guest>, SandboxError>> {
        let clock = self.clock;
        let opened = self.sandbox.open(limits, snapshot);
        let fixed = async move {
            Ok(Box::new(FixedGuest { guest: opened.await?, clock }) as Box<dyn Guest>)
        };
        fixed.boxed()
    }
}

struct FixedGuest {
    guest: Box<dyn Guest>,
    clock: u64,
}

impl FixedGuest {
    fn clock(&self) -> Vec<ClockRead> {
        vec![ClockRead { millis: self.clock, times: u32::MAX }]
    }
}

impl Guest for FixedGuest {
    fn start(&mut self, code: Arc<Code>, mut setup: Setup) -> BoxFuture<'_, Turn> {
        setup.seed = [7; 32];
        setup.clock = self.clock();
        self.guest.start(code, setup)
    }

    fn resume(&mut self, answers: Vec<Answer>, _: Vec<ClockRead>) -> BoxFuture<'_, Turn> {
        let clock = self.clock();
        self.guest.resume(answers, clock)
    }

    fn rejoin(&mut self, setup: Setup) -> BoxFuture<'_, Result<(), SandboxError>> {
        self.guest.rejoin(setup)
    }

    fn abandon(&mut self) -> BoxFuture<'_, ()> {
        self.guest.abandon()
    }

    fn keep(
        &mut self,
        names: Vec<String>,
        with_snapshot: bool,
    ) -> BoxFuture<'_, Result<Kept, SandboxError>> {
        self.guest.keep(names, with_snapshot)
    }

    fn interrupter(&self) -> Arc<dyn Interrupter> {
        self.guest.interrupter()
    }

    fn is_alive(&self) -> bool {
        self.guest.is_alive()
    }
}
