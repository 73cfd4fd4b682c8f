//! The same JavaScript over 10 MB of records in the sandbox, in native QuickJS and in Node.

use std::{
    io::{BufRead, BufReader, Write},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    time::{Duration, Instant},
};

use workroom_sandbox::{QuickJs, QuickJsGuest};

use crate::{limits, value};

const WORK: &str = include_str!("work.js");
const STEPS: [&str; 5] = ["parse", "filter", "sort", "group", "stringify"];
const ROUNDS: usize = 9;

/// Evaluates an expression and gives its value as text.
trait Engine {
    fn run(&mut self, code: &str) -> String;
}

impl Engine for QuickJsGuest {
    fn run(&mut self, code: &str) -> String {
        value(self, code)
    }
}

struct Native(rquickjs::Context);

impl Engine for Native {
    fn run(&mut self, code: &str) -> String {
        self.0.with(|context| {
            let code = format!("JSON.stringify(({code}) ?? null)");
            context.eval::<String, _>(code).expect("native QuickJS runs the work")
        })
    }
}

/// A `node` that evaluates one line after the other.
struct Node {
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    child: Child,
}

const NODE_LOOP: &str = "require('readline').createInterface({ input: process.stdin })\
    .on('line', (line) => console.log(JSON.stringify((0, eval)(JSON.parse(line)) ?? null)))";

impl Node {
    fn spawn() -> Option<Self> {
        let mut child = Command::new("node")
            .args(["-e", NODE_LOOP])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .ok()?;
        let input = child.stdin.take()?;
        let output = BufReader::new(child.stdout.take()?);
        Some(Self { input, output, child })
    }
}

impl Engine for Node {
    fn run(&mut self, code: &str) -> String {
        let line = serde_json::to_string(code).expect("text is JSON");
        writeln!(self.input, "{line}").expect("node reads");
        let mut answer = String::new();
        self.output.read_line(&mut answer).expect("node answers");
        answer.trim_end().to_owned()
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        // It ends by itself when its input closes; this is for one that hangs.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Prints one row for each step: medians, and their ratio to native QuickJS.
pub(crate) fn compare(sandbox: &QuickJs) {
    let runtime = rquickjs::Runtime::new().expect("native QuickJS starts");
    let context = rquickjs::Context::full(&runtime).expect("native QuickJS starts");
    let guest = sandbox.open(&limits(), None).expect("a guest opens");
    let mut engines: Vec<(&str, Box<dyn Engine>)> =
        vec![("sandbox", Box::new(guest)), ("native QuickJS", Box::new(Native(context)))];
    if let Some(node) = Node::spawn() {
        engines.push(("node", Box::new(node)));
    }
    for (_, engine) in &mut engines {
        engine.run(&format!("(() => {{ {WORK} }})()"));
    }
    let names: Vec<_> = engines.iter().map(|(name, _)| *name).collect();
    println!("| 10 MB of records | {} | sandbox : native |", names.join(" | "));
    println!("|---|{}", "--:|".repeat(names.len() + 1));
    let mut totals = vec![Duration::ZERO; engines.len()];
    for step in STEPS {
        let medians = step_medians(&mut engines, &format!("work.{step}()"));
        for (total, median) in totals.iter_mut().zip(&medians) {
            *total += *median;
        }
        print_row(step, &medians);
    }
    print_row("all", &totals);
}

fn step_medians(engines: &mut [(&str, Box<dyn Engine>)], code: &str) -> Vec<Duration> {
    let mut times = vec![Vec::new(); engines.len()];
    for _ in 0..ROUNDS {
        let mut values = Vec::new();
        for ((_, engine), times) in engines.iter_mut().zip(&mut times) {
            let began = Instant::now();
            values.push(engine.run(code));
            times.push(began.elapsed());
        }
        assert!(values.windows(2).all(|pair| pair[0] == pair[1]), "{code}: {values:?}");
    }
    times
        .into_iter()
        .map(|mut times| {
            times.sort_unstable();
            times[times.len() / 2]
        })
        .collect()
}

fn print_row(what: &str, times: &[Duration]) {
    let millis: Vec<_> =
        times.iter().map(|time| format!("{:.1} ms", time.as_secs_f64() * 1e3)).collect();
    let ratio = times[0].as_secs_f64() / times[1].as_secs_f64();
    println!("| {what} | {} | {ratio:.2} |", millis.join(" | "));
}
