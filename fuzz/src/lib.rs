//! What is fuzzed: each target takes any bytes and panics where the sandbox did wrong.
//!
//! `cargo xtask fuzz` runs them for a minute each, guided by the coverage of this workspace's
//! crates; `tests/corpus.rs` runs what they once found interesting, with every other test.

use std::{
    sync::OnceLock,
    time::{Duration, Instant},
};

use serde_json::Value;
use workroom_engine::sandbox::{Answer, Code, Kept, SandboxError, Setup, Turn, TurnState};
use workroom_sandbox::{QuickJs, QuickJsGuest, fuzzing};
use workroom_types::{Limit, Limits};

/// A guest whose memory is not what it left there: the host meets any pointer, length and status,
/// and may end the guest, but nothing else.
///
/// `data` is a list of patches: an address (4 bytes), a length (1 byte), bytes. Half of them are
/// applied while the script waits, half after it went on.
pub fn guest(data: &[u8]) {
    let mut guest = quickjs().open(&limits(), None).expect("a guest opens");
    let turn = start(
        &mut guest,
        "var kept = [1, 2, 3]; (async () => { \
        console.log(kept); const a = await __workroom.call('m', 'f', { kept }); \
        await new Promise(r => setTimeout(r, 1)); return [a, kept] })()",
    );
    let (first, second) = data.split_at(data.len() / 2);
    patch(&mut guest, first);
    let turn = go_on(&mut guest, &turn);
    // What it says of itself is its own business.
    let _ = guest.keep(&["kept".to_owned()], true);
    patch(&mut guest, second);
    go_on(&mut guest, &turn);
    let _ = start(&mut guest, "kept.length");
    guest.abandon();
}

/// A guest that was never QuickJS: `data` are its steps, as `guest.wat` reads them, from its first
/// `alloc` on. It calls the host with any pointers and lengths, does not stop when it is told to,
/// and returns any status and any outcome.
pub fn protocol(data: &[u8]) {
    let mut guest = stranger().open(&limits(), None).expect("a guest opens");
    let steps = &mut fuzzing::memory(&mut guest)[STEPS_AT..];
    let len = data.len().min(steps.len());
    steps[..len].copy_from_slice(&data[..len]);
    let turn = start(&mut guest, "1");
    is_bounded(&turn);
    let turn = go_on(&mut guest, &turn);
    is_bounded(&turn);
    if let Ok(Kept { snapshot: Some(snapshot), .. }) = guest.keep(&["kept".to_owned()], true) {
        let mut again = stranger().open(&limits(), Some(&snapshot)).expect("it was just taken");
        assert!(fuzzing::memory(&mut again) == fuzzing::memory(&mut guest), "not the same state");
        again.rejoin(setup());
        is_bounded(&go_on(&mut again, &turn));
    }
    is_bounded(&start(&mut guest, "2"));
    guest.abandon();
}

/// What a turn hands to the engine is within the limits, whoever the guest is.
fn is_bounded(turn: &Turn) {
    let limits = limits();
    assert!(turn.calls.len() as u64 <= limits.base(Limit::Calls));
    assert!(turn.timers.len() as u64 <= limits.base(Limit::Timers));
    // What is no UTF-8 becomes U+FFFD, three bytes for one.
    let argument_max = limits.size(Limit::Argument) * 3;
    for call in &turn.calls {
        let texts = [&call.module, &call.function, &call.arguments];
        assert!(texts.iter().all(|text| text.len() <= argument_max));
    }
    let value = match &turn.state {
        Ok(TurnState::Done(Some(json))) => json.len(),
        _ => 0,
    };
    let output: usize = turn.logs.iter().map(|line| line.text.len()).sum::<usize>() + value;
    assert!(output <= limits.size(Limit::Output) * 3);
}

/// A snapshot of which the hash is right and nothing else need be.
pub fn snapshot(data: &[u8]) {
    let Ok(mut guest) = fuzzing::open(quickjs(), &limits(), data) else { return };
    guest.rejoin(setup());
    let answer = |id| Answer { id, result: Ok("[1]".to_owned()) };
    let turn = guest.resume(&[answer(0), answer(1), answer(u32::MAX)], Vec::new());
    go_on(&mut guest, &turn);
    let turn = start(&mut guest, "typeof kept");
    go_on(&mut guest, &turn);
    let _ = guest.keep(&["kept".to_owned()], true);
}

/// Any text as a server's answer: a script reads of it what `serde_json` reads, and its next
/// call's arguments and its value, written in two ways, say the same again.
pub fn json(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let mut guest = quickjs().open(&limits(), None).expect("a guest opens");
    let turn = start(
        &mut guest,
        "__workroom.call('m', 'f').then((value) => (__workroom.call('m', 'g', value), \
        Object.defineProperty([value], '1', { get: () => value, enumerable: true })))",
    );
    let answer = Answer { id: turn.calls[0].id, result: Ok(text.to_owned()) };
    let turn = guest.resume(&[answer], Vec::new());
    let read = turn.state;
    let Ok(expected) = serde_json::from_str::<Value>(text) else {
        // Not JSON, nested more deeply than serde reads, or with half a surrogate pair.
        let allowed = matches!(
            read,
            Ok(TurnState::Done(_) | TurnState::Threw(_)) | Err(SandboxError::Limit { .. })
        );
        assert!(allowed, "{read:?}");
        return;
    };
    match read {
        Ok(TurnState::Done(Some(json))) => {
            let found: Value = serde_json::from_str(&json).expect("a guest's value is JSON");
            let twice = Value::Array(vec![expected.clone(), expected.clone()]);
            assert!(same(&found, &twice), "{found} is not {twice}");
            let sent = turn.calls.first().expect("it was made before the end");
            let sent = serde_json::from_str(&sent.arguments).expect("arguments are JSON");
            assert!(same(&sent, &expected), "{sent} is not {expected}");
        }
        Err(SandboxError::Limit { .. }) => {}
        other => panic!("{expected} came to {other:?}"),
    }
}

/// Whether both are the same to JavaScript, where numbers are doubles and too large ones no
/// numbers at all.
fn same(found: &Value, expected: &Value) -> bool {
    match (found, expected) {
        (Value::Number(a), Value::Number(b)) => {
            a.as_f64().zip(b.as_f64()).is_some_and(|(a, b)| a.total_cmp(&(b + 0.0)).is_eq())
        }
        (Value::Null, Value::Number(number)) => number.as_f64().is_none_or(|n| !n.is_finite()),
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
        }
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(key, a)| b.get(key).is_some_and(|b| same(a, b)))
        }
        (a, b) => a == b,
    }
}

/// Where `guest.wat` begins to read its steps.
const STEPS_AT: usize = 4096;

fn stranger() -> &'static QuickJs {
    static STRANGER: OnceLock<QuickJs> = OnceLock::new();
    STRANGER.get_or_init(|| {
        let wasm = wat::parse_str(include_str!("guest.wat")).expect("it is WebAssembly");
        fuzzing::sandbox_of(&wasm).expect("it offers what a guest offers")
    })
}

fn quickjs() -> &'static QuickJs {
    static QUICKJS: OnceLock<QuickJs> = OnceLock::new();
    QUICKJS.get_or_init(|| QuickJs::new(None).expect("this machine runs WebAssembly"))
}

/// Tight enough for some hundred runs a second.
fn limits() -> Limits {
    let mut limits = Limits::default();
    for (limit, value) in [(Limit::Memory, 16), (Limit::Cpu, 20), (Limit::Wall, 1_000)] {
        limits.set(limit, value).expect("the value is within its range");
    }
    limits
}

fn start(guest: &mut QuickJsGuest, code: &str) -> Turn {
    let code = Code { file: "fuzz.ts".to_owned(), text: code.to_owned() };
    guest.start(&code, setup())
}

fn setup() -> Setup {
    let deadline = Instant::now() + Duration::from_secs(1);
    Setup { limits: limits(), deadline, seed: [0; 32], clock: Vec::new() }
}

/// Answers all that the guest asked for.
fn go_on(guest: &mut QuickJsGuest, turn: &Turn) -> Turn {
    let ids = turn.calls.iter().map(|call| call.id).chain(turn.timers.iter().map(|t| t.id));
    let answers: Vec<Answer> = ids.map(|id| Answer { id, result: Ok("[1]".to_owned()) }).collect();
    guest.resume(&answers, Vec::new())
}

fn patch(guest: &mut QuickJsGuest, mut data: &[u8]) {
    let memory = fuzzing::memory(guest);
    while let Some((head, rest)) = data.split_first_chunk::<5>() {
        let [a, b, c, d, len] = *head;
        let at = u32::from_le_bytes([a, b, c, d]) as usize % memory.len();
        let len = usize::from(len).min(rest.len()).min(memory.len() - at);
        memory[at..at + len].copy_from_slice(&rest[..len]);
        data = &rest[len..];
    }
}
