//! From the start of `workroom serve` to its answer to `tools/list`, with ten servers configured
//! that never answer. Prints a Markdown table.

#![allow(clippy::unwrap_used, reason = "a benchmark fails by panicking")]
#![allow(clippy::print_stdout, reason = "the figures are its output")]

use std::{
    fs,
    io::{BufRead, BufReader, Write as _},
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

const ROUNDS: usize = 31;

const MESSAGES: &str = concat!(
    r#"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-06-18","#,
    r#""capabilities":{},"clientInfo":{"name":"bench","version":"0"}}}"#,
    "\n",
    r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#,
    "\n",
    r#"{"jsonrpc":"2.0","id":2,"method":"tools/list","params":{}}"#,
    "\n",
);

fn main() {
    let folder = tempfile::tempdir().unwrap();
    let server =
        |n| format!("[servers.s{n}]\ncommand = \"tail\"\nargs = [\"-f\", \"/dev/null\"]\n");
    let config: String = (0..10).map(server).collect();
    fs::write(folder.path().join("workroom.toml"), config).unwrap();
    let cached = folder.path().join("cache");
    println!("| `workroom serve` to the answer of `tools/list` | median | slowest |");
    println!("|---|--:|--:|");
    answered(folder.path(), &cached);
    row("the compiled guest in the cache", |_| answered(folder.path(), &cached));
    row("an empty cache", |n| answered(folder.path(), &folder.path().join(format!("cache-{n}"))));
}

fn row(name: &str, round: impl Fn(usize) -> Duration) {
    let mut times: Vec<Duration> = (0..ROUNDS).map(round).collect();
    times.sort();
    let milliseconds = |time: Duration| time.as_secs_f64() * 1e3;
    let (median, slowest) = (times[ROUNDS / 2], times[ROUNDS - 1]);
    println!("| {name} | {:.0} ms | {:.0} ms |", milliseconds(median), milliseconds(slowest));
}

fn answered(folder: &Path, cache: &Path) -> Duration {
    let began = Instant::now();
    let mut gateway = Command::new(env!("CARGO_BIN_EXE_workroom"))
        .arg("serve")
        .current_dir(folder)
        .env("WORKROOM_CACHE", cache)
        .env("XDG_CONFIG_HOME", folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    gateway.stdin.as_mut().unwrap().write_all(MESSAGES.as_bytes()).unwrap();
    let answer = BufReader::new(gateway.stdout.take().unwrap()).lines().nth(1).unwrap().unwrap();
    let took = began.elapsed();
    assert!(answer.contains("run_code"), "{answer}");
    gateway.kill().unwrap();
    gateway.wait().unwrap();
    took
}
