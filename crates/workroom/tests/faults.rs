//! A thousand scripts against servers that break in every way: each ends with correct results or
//! with errors that name their cause, and no call is repeated that may do harm twice.
//!
//! The scripts and the faults follow from a seed, which a failure names; `WORKROOM_SEED` sets it.
//! One of the servers is a process: this program itself, with other arguments.

#![allow(clippy::unwrap_used, reason = "a test may fail")]
#![allow(clippy::print_stderr, reason = "a test without the usual harness shows its own figures")]

use std::{
    collections::{BTreeMap, HashMap},
    env,
    fmt::Write as _,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::{Arc, Mutex},
    time::Duration,
};

use futures::{StreamExt as _, stream};
use libtest_mimic::{Arguments, Failed, Trial};
use serde_json::Value;
use workroom_engine::{Engine, RunReport, RunRequest, SessionChoice};
use workroom_sandbox::{InProcess, QuickJs};
use workroom_testkit::{Effects, Fault, Plan, Random, Server, effects::Count, http, stdio};
use workroom_types::{CallPolicy, Limits, PolicyKey, SessionId};
use workroom_upstream::{Chance, Guard, Pool, Transport, UpstreamConfig};

const SCRIPTS: usize = 1_000;

/// Scripts under way at once.
const AT_ONCE: usize = 16;

const RETRIES: u32 = 3;

/// Longer than anything takes but a call that is never answered.
const CALL_TIMEOUT: Duration = Duration::from_secs(12);

/// The argument with which this program is a server.
const SERVE: &str = "faulty-upstream";

fn main() -> ExitCode {
    let args: Vec<String> = env::args().collect();
    if let [_, word, seed, effects] = args.as_slice()
        && word == SERVE
    {
        let plan = Plan { seed: seed.parse().unwrap() };
        let server = Server::new(plan, Effects::open(Path::new(effects)).unwrap()).unwrap();
        return stdio::serve(&server).unwrap();
    }
    let trials = vec![
        Trial::test(
            "a_thousand_scripts_end_right_or_with_the_cause_and_repeat_nothing_unsafe",
            || check(scripts),
        ),
        Trial::test("five_hundred_calls_at_once_are_queued_and_not_refused", || check(at_once)),
    ];
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

/// Fails with what `test` found wrong, and the seed it had.
fn check(test: impl AsyncFn(u64) -> Vec<String>) -> Result<(), Failed> {
    let seed = env::var("WORKROOM_SEED").map_or(1, |seed| seed.parse().unwrap());
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let wrong = runtime.block_on(test(seed));
    if wrong.is_empty() {
        return Ok(());
    }
    Err(Failed::from(format!("with WORKROOM_SEED={seed}:\n{}", wrong.join("\n"))))
}

/// One call of a script.
#[derive(Clone, Debug)]
struct Call {
    /// Its name, which begins with the server's.
    id: String,
    server: &'static str,
    tool: &'static str,
    n: u64,
}

/// A script as it was made up.
struct Script {
    calls: Vec<Call>,
    /// An error is not caught, and ends it.
    bare: bool,
    code: String,
}

impl Script {
    fn new(seed: u64, number: usize) -> Self {
        let mut random = Random::of(seed, &format!("script {number}"));
        let calls: Vec<Call> = (0..=random.below(7))
            .map(|index| {
                let server = *random.one_of(&["web", "pipe"]);
                let tool = *random.one_of(&["read", "put", "add", "add"]);
                let n = random.below(1_000);
                Call { id: format!("{server}-{number}-{index}"), server, tool, n }
            })
            .collect();
        let (bare, together) = (random.below(4) == 0, random.below(2) == 0);
        let mut code = "import * as web from './servers/web';
            import * as pipe from './servers/pipe';
            const told = [];
            async function bare(call, id, n) {
              const { square } = await call({ id, n });
              if (typeof square !== 'number') throw new TypeError(`square of ${id} is ${typeof square}`);
              told.push({ id, square });
            }
            async function caught(call, id, n) {
              try { await bare(call, id, n); } catch (error) {
                const { name, message, code, repeat, tries } = error;
                told.push({ id, name, message, code, repeat, tries });
              }
            }\n"
        .to_owned();
        let how = if bare { "bare" } else { "caught" };
        let calls_code = calls.iter().map(|call| {
            let Call { id, server, tool, n } = call;
            format!("{how}({server}.{tool}, '{id}', {n})")
        });
        let calls_code: Vec<String> = calls_code.collect();
        if together {
            writeln!(code, "await Promise.all([{}]);", calls_code.join(", ")).unwrap();
        } else {
            for call in calls_code {
                writeln!(code, "await {call};").unwrap();
            }
        }
        code.push_str("return told;");
        Self { calls, bare, code }
    }
}

/// An engine over both servers.
struct World {
    folder: tempfile::TempDir,
    plan: Plan,
    pool: Arc<Pool>,
    engine: Engine,
}

impl World {
    async fn new(seed: u64, policy: CallPolicy) -> Self {
        let (folder, plan) = (tempfile::TempDir::new().unwrap(), Plan { seed });
        let effects = Effects::open(&folder.path().join("web")).unwrap();
        let server = Arc::new(Server::new(plan, effects).unwrap());
        let url = http::serve(server).await.unwrap();
        let pool = Arc::new(pool(seed, url, &folder.path().join("pipe"), policy));
        assert!(pool.ready(Duration::from_secs(60)).await, "the servers start");
        let cache = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("cache");
        let sandbox = InProcess::new(Arc::new(QuickJs::new(Some(cache)).unwrap()));
        let engine = Engine::new(Arc::clone(&pool) as _, Arc::new(sandbox), Limits::default());
        Self { folder, plan, pool, engine }
    }

    async fn run(&self, session: &str, code: String) -> RunReport {
        let session = SessionChoice::Once(SessionId::named(session));
        self.engine.run(RunRequest { code, session, timeout_ms: None }).await
    }

    /// Ends the servers, and gives what they did.
    async fn counts(&self) -> HashMap<String, Count> {
        self.pool.shutdown().await;
        let counts =
            |name| Effects::open(&self.folder.path().join(name)).unwrap().counts().unwrap();
        counts("web").into_iter().chain(counts("pipe")).collect()
    }
}

/// Runs all scripts of `seed`, and says what went wrong.
async fn scripts(seed: u64) -> Vec<String> {
    let world = World::new(seed, CallPolicy::default()).await;
    let run = async |number: usize| {
        let script = Script::new(seed, number);
        let report = world.run(&format!("s{number}"), script.code.clone()).await;
        (script, report)
    };
    let reports: Vec<_> =
        stream::iter(0..SCRIPTS).map(run).buffer_unordered(AT_ONCE).collect().await;
    let counts = world.counts().await;
    let mut judge = Judge { plan: world.plan, counts, wrong: Vec::new(), seen: BTreeMap::new() };
    for (script, report) in &reports {
        judge.script(script, report);
    }
    judge.sum_up();
    judge.wrong
}

/// One script calls each server five hundred times at once, through few places and at a rate.
async fn at_once(seed: u64) -> Vec<String> {
    let policy =
        CallPolicy::default().with(PolicyKey::CallsInFlight, 4).with_rate("2000/s".parse().ok());
    let world = World::new(seed, policy).await;
    let code = "import * as web from './servers/web';
        import * as pipe from './servers/pipe';
        const all = (call, name) => Array.from({ length: 500 }, async (_, n) => {
          try { await call({ id: `${name}-all-${n}`, n }); return 'ok'; } catch (e) { return e.message; }
        });
        return await Promise.all([...all(web.put, 'web'), ...all(pipe.put, 'pipe')]);";
    let report = world.run("all", code.to_owned()).await;
    let counts = world.counts().await;
    let told: Vec<Option<String>> = match report.outcome {
        Ok(value) => serde_json::from_str(&value.unwrap()).unwrap(),
        Err(failure) => return vec![failure.message],
    };
    let mut wrong = Vec::new();
    let words = ["`calls_in_flight`", "`rate`", "it is left alone"];
    let refused = told.iter().flatten().filter(|said| words.iter().any(|word| said.contains(word)));
    let refused = refused.count();
    // What a process had not read when it ended has not come.
    let came = counts.keys().filter(|id| id.starts_with("web")).count();
    if told.len() != 1_000 || came != 500 || refused > 0 {
        let told = told.len();
        wrong.push(format!("{told} of 1000 calls told, {came} of 500 came, {refused} refused"));
    }
    wrong
}

fn pool(seed: u64, url: String, pipe: &Path, policy: CallPolicy) -> Pool {
    let program = env::current_exe().unwrap().to_string_lossy().into_owned();
    let args = [SERVE.to_owned(), seed.to_string(), pipe.to_string_lossy().into_owned()];
    let transports = [
        ("web", Transport::Http { url, headers: Vec::new() }),
        ("pipe", Transport::Stdio { command: program, args: args.into(), env: vec![], cwd: None }),
    ];
    let policy = policy.with(PolicyKey::Retries, RETRIES.into()).with(PolicyKey::BreakerRest, 50);
    let configs = transports.map(|(name, transport)| {
        UpstreamConfig::new(name, transport).with_call_timeout(CALL_TIMEOUT).with_policy(policy)
    });
    let random = Mutex::new(Random::of(seed, "chance"));
    let chance = Chance::new(move || {
        let number = u32::try_from(random.lock().unwrap().below(1_000)).unwrap();
        f64::from(number) / 1_000.0
    });
    Pool::start_with(configs.into(), Guard::Program(env!("CARGO_BIN_EXE_workroom").into()), chance)
}

/// Compares what scripts were told with what the servers did.
struct Judge {
    plan: Plan,
    counts: HashMap<String, Count>,
    wrong: Vec<String>,
    /// How often each kind of outcome was seen.
    seen: BTreeMap<String, usize>,
}

impl Judge {
    fn script(&mut self, script: &Script, report: &RunReport) {
        let told: Vec<Value> = match &report.outcome {
            Ok(value) => serde_json::from_str(value.as_deref().unwrap_or("[]")).unwrap(),
            Err(failure) if script.bare => {
                self.uncaught(script, &failure.message);
                Vec::new()
            }
            Err(failure) => {
                self.wrong.push(format!("{}\nended with {}", script.code, failure.message));
                return;
            }
        };
        if report.outcome.is_ok() && told.len() != script.calls.len() {
            self.wrong.push(format!("{}\ntold {}", script.code, Value::from(told.clone())));
        }
        for call in &script.calls {
            let told = told.iter().find(|told| told["id"] == call.id.as_str());
            if let Err(problem) = self.call(call, told) {
                let count = self.count(call);
                let faults: Vec<Fault> =
                    (1..=count.came).map(|attempt| self.plan.fault(&call.id, attempt)).collect();
                self.wrong.push(format!("{problem}: {call:?} {count:?} {faults:?} {told:?}"));
            }
        }
    }

    fn count(&self, call: &Call) -> Count {
        self.counts.get(&call.id).copied().unwrap_or_default()
    }

    /// An error that ended a script names a tool, or the server, or the value that was wrong.
    fn uncaught(&mut self, script: &Script, message: &str) {
        *self.seen.entry("uncaught".to_owned()).or_default() += 1;
        let named = script.calls.iter().any(|call| {
            message.contains(&format!("`{}.{}`", call.server, call.tool))
                || message.contains(&format!("server `{}`", call.server))
                || message.contains(&call.id)
        });
        // A tool's own words stand alone.
        let own = ["the shelf is empty", "retryable"].iter().any(|words| message.contains(words));
        if !named && !own {
            self.wrong.push(format!("{}\nended with {message}", script.code));
        }
    }

    fn call(&mut self, call: &Call, told: Option<&Value>) -> Result<(), &'static str> {
        let count = self.count(call);
        if call.tool == "add" && (count.came > 1 || count.done > 1) {
            return Err("what may not be repeated was");
        }
        if count.came > 1 + RETRIES {
            return Err("it was tried too often");
        }
        // In a script that an error ended, nobody was told of the others.
        let Some(told) = told else { return Ok(()) };
        let last = match count.came {
            0 => None,
            attempt => Some(self.plan.fault(&call.id, attempt)),
        };
        let repeat = told["repeat"].as_str();
        if call.tool == "add" && repeat == Some("yes") && count.done > 0 {
            return Err("it was done, and the script was told to repeat it");
        }
        // Over pipes a try may end before anything is sent.
        let again = call.tool != "add" && call.server == "web";
        let gone = matches!(told["code"].as_str(), Some("server_gone" | "server_busy"));
        if again && gone && count.came <= RETRIES {
            return Err("it could have been tried again");
        }
        let code = match (told["square"].as_u64(), told["code"].as_str()) {
            (Some(square), _) if square != call.n * call.n => return Err("the result is wrong"),
            (Some(_), _) => "ok",
            (None, Some(code)) => code,
            (None, None) => told["name"].as_str().unwrap_or_default(),
        };
        *self.seen.entry(code.to_owned()).or_default() += 1;
        *self.seen.entry("retried".to_owned()).or_default() += usize::from(count.came > 1);
        let message = told["message"].as_str().unwrap_or_default();
        if explains(call, code, message, last) { Ok(()) } else { Err("the cause is another") }
    }

    fn sum_up(&mut self) {
        let calls: u32 = self.counts.values().map(|count| count.came).sum();
        // Shown when the test fails, or by `--no-capture`.
        eprintln!("{calls} calls came; {:?}", self.seen);
        for code in ["ok", "TypeError", "tool_error", "call_rejected", "server_gone", "server_busy"]
        {
            if !self.seen.contains_key(code) {
                self.wrong.push(format!("no call ended with {code}: that proves nothing"));
            }
        }
    }
}

/// Whether an outcome is what comes of the last fault that the call met, or of another call's end.
fn explains(call: &Call, code: &str, message: &str, last: Option<Fault>) -> bool {
    let is = |faults: &[Fault]| last.is_some_and(|last| faults.contains(&last));
    let pipe = call.server == "pipe";
    match code {
        "ok" => is(&[Fault::None, Fault::Delay(3), Fault::Twice]),
        "TypeError" => is(&[Fault::Shape, Fault::Type]) && message.contains(&call.id),
        "tool_error" => {
            is(&[Fault::ToolError]) && message.contains("the shelf is empty")
                || is(&[Fault::ToolBusy]) && message.contains("retryable")
        }
        "call_rejected" => {
            is(&[Fault::RpcError]) && message.contains("the disk is full (code -32603)")
                || pipe && is(&[Fault::TooMany]) && message.contains("too many requests")
                || pipe && is(&[Fault::Gateway]) && message.contains("bad gateway")
        }
        "server_busy" => is(&[Fault::TooMany]) && message.contains("HTTP 429"),
        "protocol" => is(&[Fault::Gateway]) && message.contains("HTTP 502"),
        // The process ends for all of its calls.
        "server_gone" => {
            (pipe || is(&[Fault::ResetBefore, Fault::ResetAfter, Fault::Half]))
                && message.contains("went away before it answered")
        }
        "call_timeout" => is(&[Fault::Hang]) && message.contains("did not answer within"),
        // Not sent, or not again.
        "server_unavailable" => message.contains("is not available: "),
        _ => false,
    }
}
