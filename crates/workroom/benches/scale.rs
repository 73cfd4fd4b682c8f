//! Many sessions, and many runs at once: what they take of one machine.
//!
//! `cargo bench -p workroom --bench scale` prints the table of `bench/README.md`; with `-- live`,
//! `-- stored` or `-- waiting` only that part. The stored part writes about 3 GB below `target`
//! and takes some minutes.

#![allow(clippy::print_stdout, reason = "a benchmark prints its figures")]

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use futures::{FutureExt as _, future::BoxFuture};
use serde_json::json;
use tokio::sync::watch;
use workroom_engine::{
    Engine, EngineConfig, RunRequest, SessionChoice, Store, Upstreams,
    upstreams::{CallError, ToolCall, ToolOutput},
};
use workroom_sandbox::{InProcess, QuickJs, THREAD_STACK};
use workroom_store::SqliteStore;
use workroom_types::{Bound, Limits, ServerSnapshot, ServerStatus, SessionId, ToolDef};

const SESSIONS: usize = 10_000;
const WOKEN: usize = 1_000;
const RUNS: usize = 1_000;
/// How long the slow server takes.
const DELAY: Duration = Duration::from_secs(10);

/// A server whose tool `wait` answers late.
struct Slow(watch::Sender<u64>);

impl Upstreams for Slow {
    fn servers(&self) -> Vec<Arc<ServerSnapshot>> {
        let tool = ToolDef {
            name: "wait".to_owned(),
            input_schema: json!({ "type": "object" }),
            ..ToolDef::default()
        };
        vec![Arc::new(ServerSnapshot {
            name: "slow".to_owned(),
            status: ServerStatus::Ready,
            tools: Arc::new(vec![tool]),
            ..ServerSnapshot::default()
        })]
    }

    fn changes(&self) -> watch::Receiver<u64> {
        self.0.subscribe()
    }

    fn call(&self, _: ToolCall) -> BoxFuture<'_, Result<ToolOutput, CallError>> {
        async {
            tokio::time::sleep(DELAY).await;
            Ok(ToolOutput { structured: Some(json!({ "n": 1 })), ..ToolOutput::default() })
        }
        .boxed()
    }
}

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .thread_stack_size(THREAD_STACK)
        .build()
        .expect("a runtime can be had");
    let asked: Vec<String> =
        std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    let is_asked = |part: &str| asked.is_empty() || asked.iter().any(|word| word == part);
    println!("| what | figure |\n|---|--:|");
    if is_asked("waiting") {
        runtime.block_on(waiting());
    }
    if is_asked("live") {
        runtime.block_on(live());
    }
    if is_asked("stored") {
        runtime.block_on(stored());
    }
}

fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_dir_all(&folder);
    folder
}

struct World {
    engine: Engine,
    store: Arc<SqliteStore>,
    quickjs: Arc<QuickJs>,
}

async fn world(name: &str, bounds: &[(Bound, u64)]) -> World {
    let cache = Path::new(env!("CARGO_TARGET_TMPDIR")).join("cache");
    let quickjs = Arc::new(QuickJs::new(Some(cache)).expect("this machine runs WebAssembly"));
    let store = Arc::new(SqliteStore::open(&folder(name)).await.expect("a store opens"));
    let mut config = EngineConfig { origin: "bench".to_owned(), ..EngineConfig::default() };
    for (bound, value) in bounds {
        config.bounds.set(*bound, *value).expect("the value is within its range");
    }
    let upstreams = Arc::new(Slow(watch::channel(1).0));
    let sandbox = Arc::new(InProcess::new(Arc::clone(&quickjs)));
    let engine = Engine::with_store(upstreams, sandbox, Arc::clone(&store) as _, config);
    World { engine, store, quickjs }
}

async fn run(engine: &Engine, session: String, code: &str) -> String {
    let session = SessionChoice::Own(SessionId::named(session));
    let request = RunRequest { code: code.to_owned(), session, timeout_ms: None };
    let report = engine.run(request).await;
    match report.outcome {
        Ok(value) => value.unwrap_or_default(),
        Err(failure) => panic!("{}", failure.message),
    }
}

/// Runs `code` in each of [`SESSIONS`] sessions, as many at once as there are processors.
async fn fill(engine: &Engine, code: &'static str) {
    let at_once = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
    let workers = (0..at_once).map(|first| {
        let engine = engine.clone();
        tokio::spawn(async move {
            for n in (first..SESSIONS).step_by(at_once) {
                run(&engine, format!("s{n}"), code).await;
            }
        })
    });
    for worker in workers.collect::<Vec<_>>() {
        worker.await.expect("the runs do not panic");
    }
}

/// Every run of [`RUNS`] waits for the slow server, all of them at once.
async fn waiting() {
    let World { engine, .. } = world("bench-waiting", &[(Bound::LiveSessions, 2_000)]).await;
    let code = "import { wait } from './servers/slow'; return (await wait({})).n";
    run(&engine, "warm".to_owned(), code).await;
    let runs = (0..RUNS).map(|n| {
        let engine = engine.clone();
        tokio::spawn(async move {
            let began = Instant::now();
            assert_eq!(run(&engine, format!("w{n}"), code).await, "1");
            began.elapsed()
        })
    });
    let runs: Vec<_> = runs.collect();
    tokio::time::sleep(DELAY * 4 / 5).await;
    let threads = status("Threads:");
    let mut times = Vec::new();
    for run in runs {
        times.push(run.await.expect("the run does not panic"));
    }
    times.sort_unstable();
    let ratio = |time: Duration| format!("{:.3}", time.as_secs_f64() / DELAY.as_secs_f64());
    println!("| {RUNS} runs waiting at once: threads of the process | {threads} |");
    println!(
        "| … median, of the server's own {} s | {} |",
        DELAY.as_secs(),
        ratio(times[RUNS / 2])
    );
    println!("| … p99, likewise | {} |", ratio(times[RUNS * 99 / 100]));
}

/// [`SESSIONS`] idle sessions in memory.
async fn live() {
    let World { engine, .. } = world("bench-live", &[(Bound::LiveSessions, 12_000)]).await;
    run(&engine, "warm".to_owned(), "return 1").await;
    let before = private();
    let began = Instant::now();
    fill(&engine, "const sheet = [1, 2, 3], name = 'x'; return sheet.length").await;
    let took = began.elapsed();
    let (sessions, _) = engine.load();
    assert!(sessions >= SESSIONS as u64);
    println!("| {SESSIONS} live idle sessions: memory of the process | {} MiB |", private() >> 20);
    println!("| … each | {} KiB |", ((private() - before) / SESSIONS as u64) >> 10);
    println!("| … runs per second while they were made | {:.0} |", per_second(SESSIONS, took));
    let began = Instant::now();
    for n in 0..WOKEN {
        run(&engine, format!("s{}", n * 7 % SESSIONS), "return sheet.length").await;
    }
    println!(
        "| … runs per second in them, one after another | {:.0} |",
        per_second(WOKEN, began.elapsed())
    );
}

/// [`SESSIONS`] stored sessions with a heap of about 2 MB, of which [`WOKEN`] are used again.
async fn stored() {
    let bounds = [(Bound::LiveSessions, 12_000), (Bound::LiveMemory, 256)];
    let World { engine, store, quickjs } = world("bench-stored", &bounds).await;
    let began = Instant::now();
    let code = "const rows = Array.from({ length: 12000 }, (_, i) => ({ id: i, name: `customer ${i}`, \
        open: i % 3 === 0, total: i * 1.5 })); return rows.length";
    fill(&engine, code).await;
    println!("| {SESSIONS} stored sessions, made in | {:.0} s |", began.elapsed().as_secs_f64());
    let record = store.session(&SessionId::named("s5")).await.expect("the store answers");
    let record = record.expect("the session is there");
    println!(
        "| … memory of each, and as it is stored | {} KiB, {} KiB |",
        record.heap_bytes >> 10,
        record.stored_bytes >> 10
    );
    println!("| … memory of the process | {} MiB |", private() >> 20);
    let (mut restores, mut runs, mut peak) = (Vec::new(), Vec::new(), 0);
    let mut random = 1_usize;
    for _ in 0..WOKEN {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963);
        let name = format!("s{}", (random >> 33) % SESSIONS);
        let record = store.session(&SessionId::named(&*name)).await.expect("the store answers");
        let snapshot = record.and_then(|record| record.snapshot).expect("it is stored");
        let bytes =
            store.snapshot(snapshot).await.expect("the store answers").expect("it is there");
        let began = Instant::now();
        let guest = quickjs.open(&Limits::default(), Some(&bytes)).expect("the guest opens");
        restores.push(began.elapsed());
        drop(guest);
        let began = Instant::now();
        assert_eq!(run(&engine, name, "return rows[11999].id").await, "11999");
        runs.push(began.elapsed());
        peak = peak.max(private());
    }
    restores.sort_unstable();
    runs.sort_unstable();
    println!(
        "| {WOKEN} of them woken: restore, median and p99 | {}, {} |",
        millis(restores[WOKEN / 2]),
        millis(restores[WOKEN * 99 / 100])
    );
    println!(
        "| … a whole run, its state stored again, median and p99 | {}, {} |",
        millis(runs[WOKEN / 2]),
        millis(runs[WOKEN * 99 / 100])
    );
    println!("| … most memory of the process | {} MiB |", peak >> 20);
    drop(engine);
    let _ = fs::remove_dir_all(Path::new(env!("CARGO_TARGET_TMPDIR")).join("bench-stored"));
}

fn per_second(count: usize, took: Duration) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "a small count")]
    let count = count as f64;
    count / took.as_secs_f64()
}

fn millis(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1e3)
}

/// A number of `/proc/self/status`.
fn status(key: &str) -> String {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(key));
    line.map_or_else(|| "?".to_owned(), |value| value.trim().to_owned())
}

/// Memory that is this process's own, in bytes.
fn private() -> u64 {
    let rollup = fs::read_to_string("/proc/self/smaps_rollup").unwrap_or_default();
    let kib = |key: &str| -> u64 {
        let line = rollup.lines().find_map(|line| line.strip_prefix(key));
        line.and_then(|value| value.trim().strip_suffix(" kB")?.parse().ok()).unwrap_or_default()
    };
    (kib("Private_Clean:") + kib("Private_Dirty:")) * 1024
}
