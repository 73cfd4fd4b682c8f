//! The gateway is killed at many moments of a run with side effects: nothing is done twice,
//! nothing is lost, and what is not known is said.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test that fails says where")]

mod support;

use std::{
    collections::HashMap,
    process::Stdio,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use axum::{Json, Router, extract::State, http::StatusCode, response::IntoResponse, routing::post};
use serde_json::{Value, json};
use support::Workspace;
use tokio::sync::{Semaphore, mpsc};

const KILLS: usize = 50;
const CALLS: u64 = 20;

/// Where in a call the gateway dies.
#[derive(Clone, Copy, Debug)]
enum Moment {
    /// The server has the call and has not done it.
    Arrived,
    /// The server has done it and has not answered.
    Done,
    /// The answer is on its way.
    Answered,
}

/// A server that counts how often it did each thing, and can have its caller killed.
#[derive(Clone, Default)]
struct Counter(Arc<Mutex<Inner>>);

#[derive(Default)]
struct Inner {
    done: HashMap<String, usize>,
    plans: HashMap<String, Plan>,
}

/// When the caller of one session dies.
struct Plan {
    call: u64,
    moment: Moment,
    /// How long after that moment.
    after: Duration,
    kill: mpsc::UnboundedSender<()>,
}

impl Counter {
    /// Kills the caller of `session`, if this is the moment that was planned.
    fn passes(&self, session: &str, call: u64, now: Moment) {
        let inner = self.0.lock().unwrap();
        let Some(plan) = inner.plans.get(session) else { return };
        if plan.call == call && plan.moment as u8 == now as u8 {
            let began = Instant::now();
            while began.elapsed() < plan.after {
                std::hint::spin_loop();
            }
            let _ = plan.kill.send(());
        }
    }

    fn add(&self, arguments: &Value) -> Value {
        let session = arguments["session"].as_str().unwrap();
        let call = arguments["call"].as_u64().unwrap();
        self.passes(session, call, Moment::Arrived);
        *self.0.lock().unwrap().done.entry(format!("{session} {call}")).or_default() += 1;
        self.passes(session, call, Moment::Done);
        let counter = self.clone();
        let session = session.to_owned();
        tokio::spawn(async move {
            // After the answer was handed to the connection, give or take.
            tokio::task::yield_now().await;
            counter.passes(&session, call, Moment::Answered);
        });
        json!({ "content": [{ "type": "text", "text": format!("[{call}]") }] })
    }
}

async fn rpc(State(counter): State<Counter>, Json(message): Json<Value>) -> impl IntoResponse {
    let tool = |name: &str, safe: bool| {
        json!({
            "name": name,
            "inputSchema": { "type": "object" },
            "annotations": { "idempotentHint": safe },
        })
    };
    let result = match message["method"].as_str().unwrap_or_default() {
        "initialize" => json!({
            "protocolVersion": message["params"]["protocolVersion"],
            "capabilities": { "tools": {} },
            "serverInfo": { "name": "counter", "version": "1" },
        }),
        "tools/list" => json!({ "tools": [tool("add", false), tool("put", true)] }),
        "tools/call" => counter.add(&message["params"]["arguments"]),
        _ if message["id"].is_null() => return StatusCode::ACCEPTED.into_response(),
        _ => {
            let error = json!({ "code": -32601, "message": "Method not found" });
            return Json(json!({ "jsonrpc": "2.0", "id": message["id"], "error": error }))
                .into_response();
        }
    };
    Json(json!({ "jsonrpc": "2.0", "id": message["id"], "result": result })).into_response()
}

async fn serve(counter: Counter) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/mcp", listener.local_addr().unwrap());
    let router = Router::new().route("/mcp", post(rpc)).with_state(counter);
    tokio::spawn(async move { axum::serve(listener, router).await });
    url
}

/// Runs `code` in `session` to its end, and gives what `--json` prints.
async fn run(workspace: &Workspace, session: &str, code: &str) -> Value {
    let file = workspace.file(&format!("{session}-{}.ts", code.len()), code);
    let mut command =
        tokio::process::Command::from(workspace.command(&["run", "--json", "--session", session]));
    let output = command.arg(file).stdin(Stdio::null()).output().await.unwrap();
    serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)))
}

/// Runs `code` in `session` until `killed` says so.
async fn run_until(
    workspace: &Workspace,
    session: &str,
    code: &str,
    mut killed: mpsc::UnboundedReceiver<()>,
) {
    let file = workspace.file(&format!("{session}-main.ts"), code);
    let command = workspace.command(&["run", "--json", "--session", session]);
    let mut command = tokio::process::Command::from(command);
    command.arg(file).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command.kill_on_drop(true).spawn().unwrap();
    tokio::select! {
        _ = killed.recv() => child.kill().await.unwrap(),
        _ = child.wait() => {}
    }
}

/// Numbers that look random and are the same in each run of the test.
struct Random(u64);

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963);
        (self.0 >> 33) % end
    }
}

fn script(session: &str, tool: &str) -> String {
    format!(
        "import {{ {tool} }} from './servers/counter';
         const told = [];
         for (let call = 0; call < {CALLS}; call++) {{
           try {{
             const [n] = await {tool}({{ session: '{session}', call }});
             told.push(n === call ? 'ok' : 'wrong');
           }} catch (error) {{
             told.push(error.name);
           }}
         }}
         return told.length;"
    )
}

/// One run that is killed at `moment` of `call`, and what its session says afterwards.
async fn kill_once(workspace: &Workspace, counter: &Counter, number: usize, tool: &str) -> usize {
    let mut random = Random(number as u64 + 1);
    let session = format!("kill{number}{tool}");
    let kept = run(workspace, &session, "const before = 42; return before").await;
    assert_eq!(kept["value"], 42);
    let (kill, killed) = mpsc::unbounded_channel();
    let call = random.below(CALLS);
    let moment = [Moment::Arrived, Moment::Done, Moment::Answered][number % 3];
    let after = Duration::from_micros(random.below(3_000));
    let plan = Plan { call, moment, after, kill };
    counter.0.lock().unwrap().plans.insert(session.clone(), plan);
    run_until(workspace, &session, &script(&session, tool), killed).await;

    let told = run(workspace, &session, "return [before, told]").await;
    let about = format!("kill {number} at {moment:?} of call {call}: {told}");
    assert_eq!(told["value"][0], 42, "{about}");
    let outcomes: Vec<&str> =
        told["value"][1].as_array().unwrap().iter().map(|told| told.as_str().unwrap()).collect();
    assert_eq!(outcomes.len() as u64, CALLS, "{about}");
    let inner = counter.0.lock().unwrap();
    for (call, outcome) in outcomes.iter().enumerate() {
        let done = inner.done.get(&format!("{session} {call}")).copied().unwrap_or_default();
        match (*outcome, tool) {
            ("ok", "add") => assert_eq!(done, 1, "call {call}: {about}"),
            ("InDoubt", "add") => assert!(done <= 1, "call {call}: {about}"),
            ("ok", _) => assert!(done == 1 || done == 2, "call {call}: {about}"),
            _ => panic!("call {call}: {about}"),
        }
    }
    outcomes.iter().filter(|outcome| **outcome == "InDoubt").count()
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_any_moment_nothing_is_done_twice_or_lost() {
    let counter = Counter::default();
    let url = serve(counter.clone()).await;
    let workspace = Arc::new(Workspace::new());
    workspace.file("workroom.toml", &format!("[servers.counter]\nurl = \"{url}\"\n"));
    // A few at a time: they share the store, as gateways of one user do.
    let places = Arc::new(Semaphore::new(3));
    let kills = (0..KILLS).map(|number| {
        let (workspace, counter) = (Arc::clone(&workspace), counter.clone());
        let places = Arc::clone(&places);
        tokio::spawn(async move {
            let _place = places.acquire().await.unwrap();
            kill_once(&workspace, &counter, number, "add").await
        })
    });
    let mut in_doubt = 0;
    for kill in kills.collect::<Vec<_>>() {
        let doubts = kill.await.unwrap();
        assert!(doubts <= 1, "one call was under way at a time");
        in_doubt += doubts;
    }
    assert!(in_doubt >= KILLS / 5, "only {in_doubt} of {KILLS} kills hit a call under way");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_may_be_done_twice_is_not_in_doubt() {
    let counter = Counter::default();
    let url = serve(counter.clone()).await;
    let workspace = Workspace::new();
    workspace.file("workroom.toml", &format!("[servers.counter]\nurl = \"{url}\"\n"));
    for number in 0..3 {
        assert_eq!(kill_once(&workspace, &counter, number, "put").await, 0);
    }
}
