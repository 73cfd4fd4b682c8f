//! The sandbox beside others: how long until a fresh one has said what `1+1` is, and what a call
//! and a run cost through the third wall.
//!
//! `cargo xtask bench` installs deno, workerd and Monty and prints the table of `bench/README.md`;
//! `cargo bench -p workroom --bench beside` leaves out what is not there. The candidates take
//! turns, so that a noisy moment hits all of them.

#![cfg_attr(not(unix), allow(unused, reason = "workers and Unix sockets are not elsewhere"))]
#![allow(clippy::print_stdout, reason = "a benchmark prints its figures")]

#[cfg(not(unix))]
fn main() {}

#[cfg(unix)]
fn main() {
    unix::main();
}

#[cfg(unix)]
mod unix {
    use std::{
        fs,
        io::{BufRead as _, BufReader, Read as _, Write as _},
        net::{TcpListener, TcpStream},
        path::{Path, PathBuf},
        process::{Child, ChildStdin, ChildStdout, Command, Stdio},
        sync::Arc,
        time::{Duration, Instant},
    };

    use tokio::runtime::Runtime;
    use workroom_engine::{
        Sandbox,
        sandbox::{Answer, Code, Setup, Turn, TurnState},
    };
    use workroom_sandbox::{
        InProcess, QuickJs, THREAD_STACK,
        worker::{Launcher, Workers},
    };
    use workroom_types::{Limit, Limits};

    const FRESH: usize = 2_000;
    const PROCESSES: usize = 15;
    const CALLS: usize = 3_000;
    const RUNS: usize = 4_000;

    pub(super) fn main() {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .thread_stack_size(THREAD_STACK)
            .build()
            .expect("a runtime can be had");
        let cache = Path::new(env!("CARGO_TARGET_TMPDIR")).join("cache");
        let quickjs = Arc::new(QuickJs::new(Some(cache.clone())).expect("WebAssembly runs here"));
        let here: Arc<dyn Sandbox> = Arc::new(InProcess::new(Arc::clone(&quickjs)));
        let workers = runtime.block_on(async { workers(&cache) });
        println!("| a fresh one to `1+1` and its answer | median | p99 |\n|---|--:|--:|");
        fresh(&runtime, &quickjs, &here, &workers);
        processes();
        println!("\n| through the engine's trait | median | p99 |\n|---|--:|--:|");
        for (name, sandbox) in [("in this process", &here), ("in a worker", &workers)] {
            runtime.block_on(calls(name, sandbox));
        }
        for (name, sandbox) in [("in this process", &here), ("in workers", &workers)] {
            runtime.block_on(runs(name, sandbox));
        }
    }

    fn workers(cache: &Path) -> Arc<dyn Sandbox> {
        let code: Arc<[u8]> = Arc::from(QuickJs::compiled(Some(cache)).expect("it is cached"));
        let launcher = Launcher {
            command: Box::new(|| {
                let mut command = Command::new(env!("CARGO_BIN_EXE_workroom"));
                command.arg("sandbox-worker");
                command
            }),
            compiled: Box::new(move || Ok(Arc::clone(&code))),
            walls_required: cfg!(target_os = "linux"),
        };
        let count = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
        Arc::new(Workers::new(count, launcher))
    }

    fn limits() -> Limits {
        let mut limits = Limits::default();
        limits.set(Limit::Calls, 1_000_000).expect("the value is within its range");
        limits
    }

    fn setup() -> Setup {
        let deadline = Instant::now() + Duration::from_secs(600);
        Setup { limits: limits(), deadline, seed: [1; 32], clock: Vec::new() }
    }

    fn code(text: &str) -> Code {
        Code { file: "bench.ts".to_owned(), text: text.to_owned() }
    }

    fn is_two(turn: &Turn) {
        assert!(matches!(&turn.state, Ok(TurnState::Done(Some(two))) if two == "2"), "{turn:?}");
    }

    /// Fresh contexts within processes that run.
    fn fresh(
        runtime: &Runtime,
        quickjs: &QuickJs,
        here: &Arc<dyn Sandbox>,
        workers: &Arc<dyn Sandbox>,
    ) {
        let mut node = Node::spawn();
        let mut times: [Vec<Duration>; 5] = Default::default();
        let through = |sandbox: &Arc<dyn Sandbox>| {
            runtime.block_on(async {
                let began = Instant::now();
                let mut guest = sandbox.open(&limits(), None).await.expect("a guest opens");
                is_two(&guest.start(Arc::new(code("1+1")), setup()).await);
                began.elapsed()
            })
        };
        for round in 0..FRESH {
            times[0].push(time(|| {
                let mut guest = quickjs.open(&limits(), None).expect("a guest opens");
                is_two(&guest.start(&code("1+1"), setup()));
            }));
            times[1].push(through(here));
            times[2].push(through(workers));
            times[3].push(time(|| {
                let runtime = rquickjs::Runtime::new().expect("native QuickJS starts");
                let context = rquickjs::Context::full(&runtime).expect("native QuickJS starts");
                context.with(|c| assert_eq!(c.eval::<i32, _>("1+1").expect("it runs"), 2));
            }));
            if let Some(node) = node.as_mut().filter(|_| round % 4 == 0) {
                times[4].push(node.fresh());
            }
        }
        let names = [
            "the sandbox, on the calling thread",
            "the sandbox in this process, asynchronous",
            "the sandbox in a worker, behind the third wall",
            "native QuickJS (`rquickjs`), no wall",
            "Node's `vm.createContext`, no wall",
        ];
        for (name, times) in names.into_iter().zip(times) {
            row(name, times);
        }
    }

    /// A new process for each.
    fn processes() {
        let tools = std::env::var_os("WORKROOM_BENCH_TOOLS").map(PathBuf::from);
        let tool =
            |path: &str| tools.as_ref().map(|tools| tools.join(path)).filter(|path| path.exists());
        let mut candidates: Vec<(&str, PathBuf, Vec<&str>)> =
            vec![("a new `node`", "node".into(), vec!["-p", "1+1"])];
        if let Some(deno) = tool("node_modules/.bin/deno") {
            candidates.push(("a new `deno`", deno, vec!["eval", "-p", "1+1"]));
        }
        for (name, program, args) in candidates {
            let run = || {
                let output = Command::new(&program).args(&args).env("NO_COLOR", "1").output();
                output.is_ok_and(|output| output.stdout.starts_with(b"2"))
            };
            if run() {
                row(name, (0..PROCESSES).map(|_| time(|| assert!(run()))).collect());
            }
        }
        if let Some(workerd) = tool("node_modules/.bin/workerd") {
            row(
                "a new `workerd`, to its answer",
                (0..PROCESSES).map(|_| serve(&workerd)).collect(),
            );
        }
        if let Some(python) = tool("venv/bin/python") {
            monty(&python);
        }
    }

    /// From the start of a workerd to its first answer over HTTP.
    fn serve(workerd: &Path) -> Duration {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("workerd");
        fs::create_dir_all(&folder).expect("a folder can be made");
        let port = TcpListener::bind("127.0.0.1:0").and_then(|socket| socket.local_addr());
        let port = port.expect("a free port").port();
        let script = "export default { fetch() { return new Response(String(1+1)) } }";
        fs::write(folder.join("worker.js"), script).expect("a file can be written");
        let config = format!(
            "using W = import \"/workerd/workerd.capnp\";\nconst config :W.Config = (services = \
             [(name = \"m\", worker = (modules = [(name = \"w\", esModule = embed \"worker.js\")], \
             compatibilityDate = \"2025-01-01\"))], sockets = [(name = \"h\", address = \
             \"127.0.0.1:{port}\", http = (), service = \"m\")]);"
        );
        fs::write(folder.join("config.capnp"), config).expect("a file can be written");
        let began = Instant::now();
        let mut child = Command::new(workerd)
            .args(["serve", "config.capnp"])
            .current_dir(&folder)
            .stderr(Stdio::null())
            .spawn()
            .expect("workerd starts");
        let asked = loop {
            let Ok(mut stream) = TcpStream::connect(("127.0.0.1", port)) else {
                std::thread::yield_now();
                continue;
            };
            let request = b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
            let mut text = String::new();
            if stream.write_all(request).is_ok() && stream.read_to_string(&mut text).is_ok() {
                break text;
            }
        };
        let took = began.elapsed();
        assert!(asked.ends_with('2'), "{asked}");
        let _ = child.kill();
        let _ = child.wait();
        took
    }

    /// Monty is a small Python in Rust: another language, for the same use.
    fn monty(python: &Path) {
        let script = "import time, pydantic_monty as m\nwith m.Monty() as pool:\n  \
            for _ in range(1000):\n    t = time.perf_counter_ns()\n    \
            with pool.checkout() as s: r = s.feed_run('1+1')\n    \
            print(time.perf_counter_ns() - t, r)";
        let output = Command::new(python).args(["-c", script]).output();
        let text = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
        let times = text.unwrap_or_default();
        let times = times.lines().filter_map(|line| line.strip_suffix(" 2")?.parse().ok());
        let times: Vec<Duration> = times.map(Duration::from_nanos).collect();
        if !times.is_empty() {
            row("Monty (Python in Rust), a session of its worker processes", times);
        }
    }

    /// Calls awaited one after the other, 1 KB of JSON each way, answered at once.
    async fn calls(name: &str, sandbox: &Arc<dyn Sandbox>) {
        let script = format!(
            "(async () => {{
               const input = {{ text: 'x'.repeat(900), n: 1, list: [1, 2, 3, 4, 5, 6, 7, 8] }};
               const m = __workroom.module('m', [['echo', 'echo']]);
               let sum = 0;
               for (let i = 0; i < {CALLS}; i++) {{ input.n = i; sum += (await m.echo(input)).n; }}
               return sum;
             }})()"
        );
        let mut guest = sandbox.open(&limits(), None).await.expect("a guest opens");
        let mut turn = guest.start(Arc::new(code(&script)), setup()).await;
        let mut times = Vec::new();
        while let Ok(TurnState::Waiting) = turn.state {
            let calls = turn.calls.into_iter();
            let answers = calls.map(|call| Answer { id: call.id, result: Ok(call.arguments) });
            let (answers, began) = (answers.collect(), Instant::now());
            turn = guest.resume(answers, Vec::new()).await;
            times.push(began.elapsed());
        }
        assert_eq!(times.len(), CALLS);
        row(&format!("an awaited call, 1 KB each way, {name}"), times);
    }

    /// Fresh guests that run and keep their state, as many at once as there are processors.
    async fn runs(name: &str, sandbox: &Arc<dyn Sandbox>) {
        let at_once = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
        let began = Instant::now();
        let workers = (0..at_once).map(|_| {
            let sandbox = Arc::clone(sandbox);
            tokio::spawn(async move {
                for _ in 0..RUNS / at_once {
                    let mut guest = sandbox.open(&limits(), None).await.expect("a guest opens");
                    is_two(&guest.start(Arc::new(code("1+1")), setup()).await);
                    guest.keep(Vec::new(), true).await.expect("its state is kept");
                }
            })
        });
        for worker in workers.collect::<Vec<_>>() {
            worker.await.expect("the runs do not panic");
        }
        #[expect(clippy::cast_precision_loss, reason = "a small count")]
        let rate = RUNS as f64 / began.elapsed().as_secs_f64();
        println!("| fresh runs per second with their snapshot, {name} | {rate:.0} | |");
    }

    /// A `node` that makes a fresh context for each line.
    struct Node {
        input: ChildStdin,
        output: BufReader<ChildStdout>,
        child: Child,
    }

    impl Node {
        fn spawn() -> Option<Self> {
            let script = "const vm = require('vm'); require('readline').createInterface({ input: \
                process.stdin }).on('line', () => { const t = process.hrtime.bigint(); const r = \
                vm.runInContext('1+1', vm.createContext({})); console.log(process.hrtime.bigint() \
                - t, r) })";
            let mut child = Command::new("node")
                .args([
                    "-e",
                    &format!(
                        "{script}; console.log = (t, r) => \
                    process.stdout.write(`${{t}} ${{r}}\\n`)"
                    ),
                ])
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .spawn()
                .ok()?;
            let input = child.stdin.take()?;
            let output = BufReader::new(child.stdout.take()?);
            Some(Self { input, output, child })
        }

        fn fresh(&mut self) -> Duration {
            writeln!(self.input).expect("node reads");
            let mut line = String::new();
            self.output.read_line(&mut line).expect("node answers");
            let nanos = line.trim_end().strip_suffix(" 2").and_then(|nanos| nanos.parse().ok());
            Duration::from_nanos(nanos.expect("node says how long it took"))
        }
    }

    impl Drop for Node {
        fn drop(&mut self) {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }

    fn time<T>(work: impl FnOnce() -> T) -> Duration {
        let began = Instant::now();
        work();
        began.elapsed()
    }

    fn row(what: &str, mut times: Vec<Duration>) {
        if times.is_empty() {
            return;
        }
        times.sort_unstable();
        let median = times[times.len() / 2];
        let p99 = times[(times.len() - 1) * 99 / 100];
        println!("| {what} | {} | {} |", show(median), show(p99));
    }

    fn show(time: Duration) -> String {
        let micros = time.as_secs_f64() * 1e6;
        if micros < 1_000.0 {
            format!("{micros:.1} µs")
        } else {
            format!("{:.1} ms", micros / 1e3)
        }
    }
}
