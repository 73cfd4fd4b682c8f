//! What the sandbox costs: a fresh context, a call, and work on data beside other engines.
//!
//! `cargo bench -p workroom-sandbox` prints the tables of `bench/README.md`. The engines take
//! turns within one run, so that a noisy moment hits all of them. `node` is left out where it is
//! not on `PATH`.

#![allow(clippy::print_stdout, reason = "a benchmark prints its figures")]

mod data;

use std::{
    path::PathBuf,
    time::{Duration, Instant},
};

use workroom_engine::sandbox::{Answer, Code, Setup, Turn, TurnState};
use workroom_sandbox::{QuickJs, QuickJsGuest, THREAD_STACK};
use workroom_types::{Limit, Limits};

const FRESH_CONTEXTS: usize = 3_000;
const CALLS: usize = 10_000;
const CALL_ROUNDS: usize = 5;

fn main() {
    // As the gateway's threads: a turn needs no stack of its own there.
    let worker = std::thread::Builder::new().stack_size(THREAD_STACK + (1 << 20)).spawn(measure);
    worker.expect("a thread can be started").join().expect("the measurements do not panic");
}

fn measure() {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("sandbox-bench-cache");
    let start = |folder| QuickJs::new(folder).expect("this machine runs WebAssembly");
    let compiled = time(|| start(None));
    start(Some(folder.clone()));
    let (cached, sandbox) = first_then(|| start(Some(folder)));
    println!("| what | median | p99 |\n|---|--:|--:|");
    println!("| start, the guest compiled | {} | |", show(compiled));
    println!("| start, the compiled guest from the cache | {} | |", show(cached));
    fresh_contexts(&sandbox);
    calls(&sandbox);
    println!();
    data::compare(&sandbox);
}

/// A fresh context, `1+1` in it, its answer, and its end.
fn fresh_contexts(sandbox: &QuickJs) {
    let times: Vec<_> = (0..FRESH_CONTEXTS)
        .map(|_| {
            time(|| {
                let mut guest = sandbox.open(&limits(), None).expect("a guest opens");
                assert_eq!(value(&mut guest, "1+1"), "2");
            })
        })
        .collect();
    row("fresh context to `1+1` and its answer", times);
    let mut guest = sandbox.open(&limits(), None).expect("a guest opens");
    let times = (0..FRESH_CONTEXTS).map(|_| time(|| value(&mut guest, "1+1"))).collect();
    row("`1+1` in a live context", times);
    println!("| memory of a fresh context | {} KiB | |", guest.memory_bytes() / 1024);
}

/// Calls awaited one after the other, 1 KB of JSON each way, answered at once.
fn calls(sandbox: &QuickJs) {
    let code = format!(
        "(async () => {{
           const input = {{ text: 'x'.repeat(900), n: 1, list: [1, 2, 3, 4, 5, 6, 7, 8] }};
           const m = __workroom.module('m', [['echo', 'echo']]);
           let sum = 0;
           for (let i = 0; i < {CALLS}; i++) {{ input.n = i; sum += (await m.echo(input)).n; }}
           return sum;
         }})()"
    );
    let mut times = Vec::new();
    for _ in 0..CALL_ROUNDS {
        let mut guest = sandbox.open(&limits(), None).expect("a guest opens");
        let mut last = Instant::now();
        let mut turn = start(&mut guest, &code);
        while let Ok(TurnState::Waiting) = turn.state {
            let answers: Vec<_> = turn
                .calls
                .into_iter()
                .map(|call| Answer { id: call.id, result: Ok(call.arguments) })
                .collect();
            turn = guest.resume(&answers, Vec::new());
            times.push(last.elapsed());
            last = Instant::now();
        }
        assert!(matches!(turn.state, Ok(TurnState::Done(Some(sum))) if sum == "49995000"));
    }
    row("an awaited call, 1 KB of JSON each way", times);
}

fn limits() -> Limits {
    let mut limits = Limits::default();
    for (limit, value) in [
        (Limit::Memory, 1_024),
        (Limit::Cpu, 600_000),
        (Limit::Calls, 1_000_000),
        (Limit::Output, 65_536),
        (Limit::Result, 65_536),
    ] {
        limits.set(limit, value).expect("the value is within its range");
    }
    limits
}

fn start(guest: &mut QuickJsGuest, code: &str) -> Turn {
    let deadline = Instant::now() + Duration::from_secs(600);
    let code = Code { file: "bench.ts".to_owned(), text: code.to_owned() };
    guest.start(&code, Setup { limits: limits(), deadline, seed: [1; 32], clock: Vec::new() })
}

/// The value of `code`, which makes no calls.
fn value(guest: &mut QuickJsGuest, code: &str) -> String {
    match start(guest, code).state {
        Ok(TurnState::Done(value)) => value.unwrap_or_default(),
        other => panic!("the run ended with {other:?}"),
    }
}

fn first_then<T>(work: impl FnOnce() -> T) -> (Duration, T) {
    let began = Instant::now();
    let made = work();
    (began.elapsed(), made)
}

fn time<T>(work: impl FnOnce() -> T) -> Duration {
    first_then(work).0
}

fn row(what: &str, mut times: Vec<Duration>) {
    times.sort_unstable();
    let median = times[times.len() / 2];
    let p99 = times[(times.len() - 1) * 99 / 100];
    println!("| {what} | {} | {} |", show(median), show(p99));
}

fn show(time: Duration) -> String {
    let micros = time.as_secs_f64() * 1e6;
    if micros < 1_000.0 { format!("{micros:.1} µs") } else { format!("{:.1} ms", micros / 1e3) }
}
