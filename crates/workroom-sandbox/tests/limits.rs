//! Each limit, at its edge and one past it; and what goes on afterwards.

mod common;

use std::{
    thread,
    time::{Duration, Instant},
};

use common::{far, limit_error, open, run, run_within, sandbox};
use workroom_engine::sandbox::{Code, SandboxError, Setup, TurnState};
use workroom_sandbox::QuickJsGuest;
use workroom_types::{Limit, Limits};

fn limits(limit: Limit, value: u64) -> Limits {
    let mut limits = Limits::default();
    limits.set(limit, value).expect("the value is within its range");
    limits
}

/// Runs `code` under `limits` and gives the last line of what happened. The guest must live on
/// with its variables, and so must its neighbour.
#[track_caller]
fn last_line(code: &str, limits: &Limits) -> String {
    let mut neighbour = open();
    run(&mut neighbour, "var kept = 'neighbour'");
    let mut guest = sandbox().open(limits, None).expect("a guest opens");
    run_within(&mut guest, "var kept = 42", limits);

    let told = run_within(&mut guest, code, limits);

    assert!(guest.is_alive(), "{code}");
    assert_eq!(run(&mut guest, "kept"), "= 42\n", "{code}");
    assert_eq!(run(&mut neighbour, "kept"), "= \"neighbour\"\n");
    told.lines().last().unwrap_or_default().to_owned()
}

fn exceeded(limits: &Limits, limit: Limit) -> String {
    format!("! {}", limits.exceeded(limit))
}

/// `within` ends with `value` under the limit, and `past`, one step further, with its error.
#[track_caller]
fn check(limit: Limit, value: u64, (within, ends): (&str, &str), past: &str) {
    let limits = limits(limit, value);
    assert_eq!(last_line(within, &limits), ends, "{within}");
    assert_eq!(last_line(past, &limits), exceeded(&limits, limit), "{past}");
}

#[test]
fn calls_are_counted() {
    let calls = |count| {
        format!(
            "Promise.all(Array(3).fill(0).map(() => __workroom.call('m', 'f', 1)))
        .then(async (three) => {{
            for (let i = 3; i < {count}; i++) three.push(await __workroom.call('m', 'f', i));
            return three.length;
        }})"
        )
    };
    check(Limit::Calls, 5, (&calls(5), "= 5"), &calls(6));
    check(
        Limit::Calls,
        0,
        ("1", "= 1"),
        "try { __workroom.call('m', 'f') } catch { 1 } finally { 2 }",
    );
}

#[test]
fn arguments_are_measured_as_json() {
    let call =
        |len| format!("__workroom.call('m', 'f', 'x'.repeat({len})).then((text) => text.length)");
    check(Limit::Argument, 1, (&call(1_022), "= 1022"), &call(1_023));
    check(Limit::Argument, 1, ("1", "= 1"), "__workroom.call('m'.repeat(2000), 'f')");
}

#[test]
fn output_is_logs_and_value_together() {
    let log = |len| format!("console.log('x'.repeat({len}))");
    check(Limit::Output, 1, (&log(1_023), "= undefined"), &log(1_024));
    check(
        Limit::Output,
        1,
        ("console.log('x'.repeat(1000)); 'y'.repeat(21)", &format!("= {:?}", "y".repeat(21))),
        "console.log('x'.repeat(1000)); 'y'.repeat(22)",
    );
    let limits = limits(Limit::Output, 1);
    let told = run_within(&mut open(), "console.log('kept'); for (;;) console.log('')", &limits);
    assert!(told.starts_with("kept\n\n\n"), "what was logged before is not lost");
}

#[test]
fn memory_is_refused_and_then_ends_the_run() {
    let limits = limits(Limit::Memory, 16);
    // Within functions: what a global holds when its run ends stays held.
    let bombs = [
        "(() => { const a = []; for (;;) a.push(new Array(1000).fill(Math.PI)) })()",
        "(() => { const a = []; for (;;) a.push(new Uint8Array(1 << 20).fill(1)) })()",
        "new Uint8Array(2 ** 28).length",
        "(() => { const m = new Map(); for (let i = 0; ; i++) m.set('k' + i, { i }) })()",
        "(() => { const o = {}; for (let i = 0; ; i++) o['k' + i] = [i] })()",
        "(async () => { const a = []; for (;;) { a.push('x'.repeat(99999)); await null; } })()",
        "structuredClone(new Uint8Array(7 << 20)).fill(1), 'x'.repeat(1 << 24)",
    ];
    for bomb in bombs {
        assert_eq!(last_line(bomb, &limits), exceeded(&limits, Limit::Memory), "{bomb}");
    }
    let caught = "try { new Uint8Array(2 ** 28) } catch (e) { `${e.name}: ${e.message}` }";
    assert_eq!(last_line(caught, &limits), "= \"InternalError: out of memory\"");
    let within = "new Uint8Array(8 * 2 ** 20).length";
    assert_eq!(last_line(within, &limits), "= 8388608");
}

#[test]
fn an_answer_or_a_script_that_does_not_fit_is_a_limit_too() {
    let limits = limits(Limit::Memory, 16);
    let mut guest = sandbox().open(&limits, None).unwrap();
    let code = format!("'{}'.length", "x".repeat(20 << 20));
    let turn = common::start(&mut guest, "run.ts", &code, &limits, far());
    assert_eq!(limit_error(&turn), limits.exceeded(Limit::Memory).to_string());
    assert_eq!(run_within(&mut guest, "1", &limits), "= 1\n");
}

#[test]
fn computing_time_ends_loops_of_every_kind() {
    let limits = limits(Limit::Cpu, 30);
    let loops = [
        "for (;;) {}",
        "(async () => { for (;;) await 0; })()",
        "for (;;) { try { for (;;) {} } catch (e) {} finally { for (;;) {} } }",
        "(function f() { Promise.resolve().then(f); Promise.resolve().then(f); })(); \
         new Promise(() => {})",
        "/^(a+)+$/.test('a'.repeat(40) + 'b')",
        "(async () => { for (;;) await __workroom.call('m', 'f', 1); })()",
        "({ toJSON() { for (;;) {} } })",
        "const e = new Error('x'); \
         Object.defineProperty(e, 'message', { get() { for (;;) {} } }); throw e",
        "Object.defineProperty(Object.prototype, 'then', \
         { get() { for (;;) {} }, configurable: true }); \
         (async () => ({}))()",
    ];
    for code in loops {
        let mut guest = open();
        let told = run_within(&mut guest, code, &limits);
        let last = told.lines().last().unwrap_or_default();
        let calls = exceeded(&limits, Limit::Calls);
        assert!(last == exceeded(&limits, Limit::Cpu) || last == calls, "{code}: {last}");
        assert!(guest.is_alive(), "{code}");
        assert_eq!(run(&mut guest, "delete Object.prototype.then; 1"), "= 1\n", "{code}");
    }
    assert_eq!(
        last_line("let n = 0; for (let i = 0; i < 1000; i++) n += i; n", &limits),
        "= 499500"
    );
}

#[test]
fn total_time_ends_a_run_that_computes() {
    let mut guest = open();
    let limits = limits(Limit::Wall, 20);
    let soon = Instant::now() + Duration::from_millis(20);
    let ended = common::start(&mut guest, "run.ts", "for (;;) {}", &limits, soon);
    assert_eq!(limit_error(&ended), limits.exceeded(Limit::Wall).to_string());
    let past = common::start(
        &mut guest,
        "run.ts",
        "for (let i = 0; i < 1e9; i++) {}",
        &limits,
        Instant::now(),
    );
    assert_eq!(limit_error(&past), limits.exceeded(Limit::Wall).to_string());
    assert_eq!(run(&mut guest, "1"), "= 1\n");
}

#[test]
fn code_that_never_looks_up_is_stopped_the_hard_way() {
    let limits = limits(Limit::Cpu, 20);
    let mut neighbour = open();
    run(&mut neighbour, "var kept = 1");
    let mut guest = open();
    let deaf = "const a = 'a'.repeat(3e6), b = 'a'.repeat(1.5e6) + 'b'; a.indexOf(b)";
    let told = run_within(&mut guest, deaf, &limits);
    assert_eq!(told, format!("{}\n", exceeded(&limits, Limit::Cpu)));
    assert!(!guest.is_alive());
    assert!(matches!(
        common::start(&mut guest, "run.ts", "1", &limits, far()).state,
        Err(SandboxError::Dead)
    ));
    assert!(matches!(guest.resume(&[], Vec::new()).state, Err(SandboxError::Dead)));
    guest.abandon();
    assert_eq!(run(&mut neighbour, "kept"), "= 1\n");
}

/// Every way of going deep that was found in QuickJS. Tests run on threads of 2 MiB.
const DEEP: &[&str] = &[
    "(function f(n) { return f(n + 1) + 1 })(0)",
    "(function f(...a) { return f(...a, 1) })()",
    "const o = { get x() { return this.x } }; o.x",
    "const o = { toString() { return `${this}` } }; `${o}`",
    "const o = { toJSON() { return JSON.stringify(this) } }; JSON.stringify(o)",
    "const p = new Proxy({}, { get(t, k, r) { return r[k] } }); p.x",
    "let p = {}; for (let i = 0; i < 2e5; i++) p = new Proxy(p, {}); p.x",
    "function F() { return new F() } new F()",
    "class A { constructor() { return Reflect.construct(A, []) } } new A()",
    "function f() { return f.apply(null, []) } f()",
    "function f() { return f.call() } const g = f.bind(); f = g; f()",
    "(function f() { [2, 1].sort(f) })()",
    "(function f() { [1].forEach(f) })()",
    "(function f() { [1].map(() => [1].reduce(() => f(), 0)) })()",
    "(function f() { 'x'.replace(/x/, f) })()",
    "(function f() { 'x'.replaceAll('x', f) })()",
    "(function f() { new Map([[1, 1]]).forEach(f) })()",
    "(function f() { Array.from([1], f) })()",
    "(function f() { JSON.parse('[1]', f) })()",
    "(function f() { eval('f()') })()",
    "function* g() { yield* g() } g().next()",
    "(function f() { const [x] = { [Symbol.iterator]: f } })()",
    "let o = {}; for (let i = 0; i < 1e4; i++) o = { o }; JSON.stringify(o)",
    "let a = []; for (let i = 0; i < 2e5; i++) a = [a]; a.flat(Infinity)",
    "let a = []; for (let i = 0; i < 2e5; i++) a = [a]; String(a)",
    "let a = []; for (let i = 0; i < 2e5; i++) a = [a]; structuredClone(a)",
    "JSON.parse('['.repeat(1e6))",
    "JSON.parse('{\"a\":'.repeat(1e6))",
    "eval('('.repeat(1e6))",
    "eval('['.repeat(1e6))",
    "eval('{'.repeat(1e6))",
    "eval('-'.repeat(1e6) + '1')",
    "eval('!'.repeat(1e6) + '1')",
    "eval('a => '.repeat(1e5) + '1')",
    "eval('function f() {'.repeat(1e5))",
    "eval('if (1) '.repeat(1e5) + '1')",
    "eval('`${'.repeat(1e5))",
    "eval('x ? x : '.repeat(1e5) + '1')",
    "eval('x = '.repeat(1e5) + '1')",
    "eval('1' + '+1'.repeat(1e6))",
    "eval('2 ** '.repeat(1e5) + '2')",
    "eval('new '.repeat(1e5) + 'x')",
    "eval('async () => await '.repeat(1e4) + '1')",
    "eval('class A extends '.repeat(1e4))",
    "eval('var ' + '[a, '.repeat(1e5))",
    "new RegExp('('.repeat(1e5) + ')'.repeat(1e5))",
    "new RegExp('(?:'.repeat(1e5) + ')'.repeat(1e5))",
    "new RegExp('[['.repeat(1e5), 'v')",
    "let f = () => 1; for (let i = 0; i < 2e5; i++) f = f.bind(); f()",
    "let o = {}; for (let i = 0; i < 1e5; i++) o = Object.create(o); o.x",
    "let a = []; a[0] = a; for (let i = 0; i < 1e5; i++) a = [a]; a == 1",
    "let e = new Error('x'); for (let i = 0; i < 1e5; i++) e = new Error('x', { cause: e }); \
     throw e",
    "let e = 1; for (let i = 0; i < 1e5; i++) e = [e]; console.log(e)",
    "let p = Promise.resolve(); for (let i = 0; i < 1e5; i++) p = p.then(() => p); 1",
    "let o = {}; for (let i = 0; i < 1e4; i++) o = { o }; o",
    "let g = (function* () {})(); \
     for (let i = 0; i < 1e5; i++) { const h = g; g = (function* () { yield* h })() } g.next()",
    "let m = new Map(); for (let i = 0; i < 1e5; i++) m = new Map([[m, m]]); m",
];

#[test]
fn going_deep_is_an_exception_and_never_a_trap() {
    let mut limits = limits(Limit::Cpu, 30_000);
    for stack in [32, 768] {
        limits.set(Limit::Stack, stack).unwrap();
        for code in DEEP {
            let mut guest = open();
            let told = run_within(&mut guest, code, &limits);
            assert!(guest.is_alive(), "{stack} KiB: {code}\n{told}");
            assert!(!told.contains("internal sandbox error"), "{stack} KiB: {code}\n{told}");
            assert_eq!(run(&mut guest, "1"), "= 1\n", "{stack} KiB: {code}");
        }
    }
}

#[test]
fn the_stack_limit_is_a_range_error_that_can_be_caught() {
    let depth = |kib| {
        let code = "let n = 0; function f() { n++; f() } try { f() } catch (e) { [e.name, n] }";
        let told = run_within(&mut open(), code, &limits(Limit::Stack, kib));
        let (name, depth) = told.trim_matches(['=', ' ', '[', ']', '\n']).split_once(',').unwrap();
        assert_eq!(name, "\"RangeError\"");
        depth.parse::<u32>().unwrap()
    };
    let (small, large) = (depth(64), depth(256));
    assert!(large > 3 * small && small > 50, "{small} {large}");
    let mut guest = open();
    let told = run(&mut guest, "function f() { f() }\nf()");
    assert!(told.starts_with("threw RangeError: Maximum call stack size exceeded\n"), "{told}");
    assert!(told.contains("f@run.ts:1:"), "{told}");
}

#[test]
fn another_thread_can_cancel_a_turn_even_before_it_began() {
    // Often: it may come in any moment of a turn's beginning.
    for _ in 0..20 {
        let mut guest = open();
        run(&mut guest, "var kept = 7");
        let interrupter = guest.interrupter();
        let computing = thread::spawn(move || {
            let limits = Limits::default();
            let ended = common::start(&mut guest, "run.ts", "for (;;) {}", &limits, far());
            (guest, ended)
        });
        interrupter.interrupt();
        let (mut guest, ended) = computing.join().unwrap();
        assert!(matches!(ended.state, Err(SandboxError::Cancelled)), "{ended:?}");
        interrupter.interrupt();
        assert_eq!(run(&mut guest, "kept"), "= 7\n", "an interrupter is for one turn");
    }
}

#[test]
fn a_cancelled_turn_that_never_looks_up_is_stopped_the_hard_way() {
    let mut guest = open();
    let interrupter = guest.interrupter();
    let deaf = "const a = 'a'.repeat(9e6), b = 'a'.repeat(4.5e6) + 'b'; a.indexOf(b)";
    let computing = thread::spawn(move || {
        let ended = common::start(&mut guest, "run.ts", deaf, &Limits::default(), far());
        (guest, ended)
    });
    interrupter.interrupt();
    let (_, ended) = computing.join().unwrap();
    assert!(matches!(ended.state, Err(SandboxError::Cancelled)), "{ended:?}");
}

#[test]
fn an_abandoned_run_leaves_its_variables() {
    let mut guest = open();
    let code = "var kept = 1; (async () => { await __workroom.call('m', 'f'); kept = 2; })()";
    let turn = common::start(&mut guest, "run.ts", code, &Limits::default(), far());
    assert!(matches!(turn.state, Ok(TurnState::Waiting)));
    guest.abandon();
    let late = guest.resume(&turn.calls.iter().map(common::answer).collect::<Vec<_>>(), Vec::new());
    assert!(matches!(late.state, Ok(TurnState::Done(None))), "{late:?}");
    assert_eq!(run(&mut guest, "kept"), "= 1\n");
}

#[test]
fn guests_do_not_share_anything() {
    let (mut one, mut two) = (open(), open());
    run(&mut one, "var x = 1; Array.prototype.map = null; Object.prototype.y = 2");
    assert_eq!(
        run(&mut two, "[typeof x, typeof [].map, ({}).y]"),
        "= [\"undefined\",\"function\",null]\n"
    );
    let random = |guest: &mut QuickJsGuest, seed| {
        let code = "[Math.random(), crypto.randomUUID()]".to_owned();
        let setup = Setup { seed: [seed; 32], ..common::setup(&Limits::default(), far()) };
        let turn = guest.start(&Code { file: "run.ts".to_owned(), text: code }, setup);
        format!("{:?}", turn.state)
    };
    assert_ne!(random(&mut one, 1), random(&mut two, 2), "randomness is the seed's");
    assert_eq!(random(&mut one, 3), random(&mut two, 3), "and nothing else's");
}

#[test]
fn memory_is_given_back() {
    let before = open().memory_bytes();
    let mut guest = open();
    assert_eq!(guest.memory_bytes(), before);
    run(&mut guest, "var big = new Uint8Array(64 << 20)");
    assert!(guest.memory_bytes() > 64 << 20);
    drop(guest);
    for _ in 0..100 {
        let mut guest = open();
        assert_eq!(guest.memory_bytes(), before);
        run(&mut guest, "var big = new Uint8Array(8 << 20)");
    }
}

#[test]
fn one_match_of_a_regular_expression_has_its_own_time() {
    let limits = limits(Limit::Regex, 30);
    let slow = "/^(a+)+$/.test('a'.repeat(40) + 'b')";
    assert_eq!(last_line(slow, &limits), exceeded(&limits, Limit::Regex));
    let many = "let n = 0; for (let i = 0; i < 3e5; i++) n += /b+c/.test('aabbc'); n";
    assert_eq!(last_line(many, &limits), "= 300000", "many short ones are no long one");
}

#[test]
fn a_text_one_character_too_long_is_a_range_error() {
    let limits = limits(Limit::String, 1_000);
    assert_eq!(last_line("'x'.repeat(1000).length", &limits), "= 1000");
    for code in ["'x'.repeat(1001)", "'x'.repeat(600) + 'y'.repeat(401)", "'x'.padEnd(1001)"] {
        let told = run_within(&mut open(), code, &limits);
        assert!(told.starts_with("threw RangeError: invalid string length"), "{code}: {told}");
    }
}

#[test]
fn timers_are_counted() {
    let limits = limits(Limit::Timers, 3);
    let wait = |n| {
        format!(
            "(async () => {{ for (let i = 0; i < {n}; i++) await new Promise(r => \
         setTimeout(r, 5)); return 'done' }})()"
        )
    };
    assert_eq!(last_line(&wait(3), &limits), "= \"done\"");
    assert_eq!(last_line(&wait(4), &limits), exceeded(&limits, Limit::Timers));
    assert_eq!(
        last_line("setInterval(() => {}, 1); new Promise(() => {})", &limits),
        exceeded(&limits, Limit::Timers)
    );
}

#[test]
fn what_waits_at_once_is_counted() {
    let limits = limits(Limit::Pending, 3);
    let all = |n| {
        format!(
            "Promise.all(Array.from({{ length: {n} }}, (_, i) => i ? \
         __workroom.call('m', 'f', i) : new Promise(r => setTimeout(r, 1)))).then(a => a.length)"
        )
    };
    assert_eq!(last_line(&all(3), &limits), "= 3");
    assert_eq!(last_line(&all(4), &limits), exceeded(&limits, Limit::Pending));
    let in_turn = "(async () => { for (let i = 0; i < 9; i++) await __workroom.call('m', 'f'); \
         return 9 })()";
    assert_eq!(last_line(in_turn, &limits), "= 9", "answered ones do not count");
}
