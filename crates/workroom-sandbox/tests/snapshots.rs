//! A guest's state as bytes: what comes back, and what is refused.

#![allow(clippy::unwrap_used, reason = "a test that fails says where")]

mod common;

use common::{far, open, run, sandbox, setup, start};
use workroom_engine::sandbox::{Answer, ClockRead, Code, SandboxError, Setup, Turn, TurnState};
use workroom_sandbox::QuickJsGuest;
use workroom_types::{Limit, Limits};

fn snapshot(guest: &mut QuickJsGuest) -> Vec<u8> {
    guest.keep(&[], true).unwrap().snapshot.unwrap()
}

fn restore(snapshot: &[u8]) -> QuickJsGuest {
    sandbox().open(&Limits::default(), Some(snapshot)).unwrap()
}

/// Runs `before`, takes the guest to another one by its snapshot, and there `after` gives
/// `expected`.
#[track_caller]
fn check(before: &str, after: &str, expected: &str) {
    let mut guest = open();
    run(&mut guest, before);
    let mut again = restore(&snapshot(&mut guest));
    drop(guest);
    assert_eq!(run(&mut again, after), format!("= {expected}\n"));
}

#[test]
fn every_kind_of_variable_comes_back() {
    check("var n = 1, s = 'é', list = [1, [2]]", "[n, s, list]", r#"[1,"é",[1,[2]]]"#);
    check("var m = new Map([[{}, 1], ['k', 2]])", "[m.size, m.get('k')]", "[2,2]");
    check("var m = new Map(); m.set('a', 1)", "m.set('b', 2); m.has('a') && m.has('b')", "true");
    check("function f() { return g() } var g = () => 7", "f()", "7");
    check("class A { #x = 3; get x() { return this.#x } }; var a = new A()", "a.x", "3");
    check(
        "var big = new Uint8Array(3 << 20).fill(9)",
        "[big.length, big[big.length - 1]]",
        "[3145728,9]",
    );
    check("function* g() { yield 1; yield 2 } var it = g(); it.next()", "it.next().value", "2");
    check("var r = /a(b)/g; r.lastIndex = 1", "r.exec('xabab').index", "1");
    check("var s = Symbol('x'), o = { [s]: 1 }", "o[s]", "1");
    check("var d = new Date(5)", "d.getTime()", "5");
    check("var w = new WeakMap(), k = {}; w.set(k, 4)", "w.get(k)", "4");
    check("globalThis.self = globalThis; var o = {}; o.o = o", "o.o.o === o", "true");
}

#[test]
fn a_snapshot_of_a_snapshot_is_as_good() {
    let mut guest = open();
    run(&mut guest, "var n = 0");
    for round in 1..=5 {
        assert_eq!(run(&mut guest, "n += 1"), format!("= {round}\n"));
        guest = restore(&snapshot(&mut guest));
    }
}

#[test]
fn a_small_session_is_a_small_snapshot() {
    let mut guest = open();
    run(&mut guest, "var n = 1");
    let kept = guest.keep(&["n".to_owned()], true).unwrap();
    let bytes = kept.snapshot.unwrap().len();
    assert!(bytes < 64 << 10, "{bytes} bytes");
    assert!(kept.own_bytes < 512 << 10, "{} bytes of its own", kept.own_bytes);
}

#[test]
fn a_waiting_run_goes_on_in_another_guest() {
    let code = "(async () => {
        const before = [Math.random(), Date.now()];
        const answers = await Promise.all([__workroom.call('m', 'f', 1), new Promise(r =>
            setTimeout(r, 9, 'timer'))]);
        return [before.length, answers, Math.random()];
    })()";
    let end = |guest: &mut QuickJsGuest, turn: &Turn| {
        let answer = |id, json: &str| Answer { id, result: Ok(json.to_owned()) };
        let answers = [answer(turn.calls[0].id, "\"a\""), answer(turn.timers[0].id, "null")];
        format!("{:?}", guest.resume(&answers, Vec::new()).state)
    };
    let mut guest = open();
    let turn = start(&mut guest, "run.ts", code, &Limits::default(), far());
    assert!(matches!(turn.state, Ok(TurnState::Waiting)));
    let mut again = restore(&snapshot(&mut guest));
    again.rejoin(setup(&Limits::default(), far()));
    assert_eq!(end(&mut again, &turn), end(&mut guest, &turn), "also the next random number");
}

#[test]
fn a_run_does_the_same_again_from_the_same_clock_seed_and_answers() {
    let code = Code {
        file: "run.ts".to_owned(),
        text: "(async () => {
            const began = Date.now(), first = Math.random();
            const uuid = crypto.randomUUID(), time = performance.now();
            const answer = await __workroom.call('m', 'f', { began, first });
            return [began, first, uuid, time, answer, new Date().toISOString(), Math.random()];
        })()"
            .to_owned(),
    };
    let play = |first: Vec<ClockRead>, second: Vec<ClockRead>| {
        let mut guest = open();
        let setup = Setup { clock: first, ..setup(&Limits::default(), far()) };
        let one = guest.start(&code, setup);
        let answers = [Answer { id: one.calls[0].id, result: Ok("[1]".to_owned()) }];
        let two = guest.resume(&answers, second);
        (format!("{:?} {:?}", one.calls, two.state), one.clock, two.clock)
    };
    let (told, first, second) = play(Vec::new(), Vec::new());
    let later = play(first.clone(), second.clone());
    assert_eq!(later, (told, first, second));
}

#[test]
fn variables_are_listed_with_their_size_and_no_code_runs() {
    let mut guest = open();
    run(
        &mut guest,
        "var list = [1, 2, 3], text = 'abcd', map = new Map([[1, 2]]), set = new Set(), n = 1, u;
         var trap = new Proxy([], { get() { throw 1 }, ownKeys() { throw 2 } });
         var waits = new Promise(() => {}), settled = Promise.resolve(1);
         Object.defineProperty(globalThis, 'getter', { get() { throw 3 }, configurable: true });",
    );
    let names =
        ["list", "text", "map", "set", "n", "u", "trap", "waits", "settled", "getter", "no"];
    let kept = guest.keep(&names.map(str::to_owned), false).unwrap();
    let told: Vec<String> = kept
        .variables
        .iter()
        .map(|v| {
            let size = v.size.map(|size| format!("({size})")).unwrap_or_default();
            format!("{}{size}{}", v.name, if v.pending { " pending" } else { "" })
        })
        .collect();
    let expected =
        ["list(3)", "text(4)", "map(1)", "set(0)", "n", "trap", "waits pending", "settled"];
    assert_eq!(told, expected);
    assert_eq!(kept.snapshot, None);
}

#[track_caller]
fn refused(snapshot: &[u8], limits: &Limits, expected: &str) {
    match sandbox().open(limits, Some(snapshot)) {
        Ok(_) => panic!("it was opened"),
        Err(SandboxError::Snapshot(why)) => assert_eq!(why, expected),
        Err(other) => panic!("{other}"),
    }
}

#[test]
fn a_damaged_or_foreign_or_too_large_snapshot_is_refused() {
    let mut guest = open();
    run(&mut guest, "var big = new Uint8Array(20 << 20).fill(1)");
    let sound = snapshot(&mut guest);
    let limits = Limits::default();
    for at in [0, 8, 40, 44, 60, sound.len() / 2, sound.len() - 1] {
        let mut damaged = sound.clone();
        damaged[at] ^= 1;
        refused(&damaged, &limits, "it is damaged");
    }
    for len in [0, 7, 39, 43, sound.len() - 1] {
        refused(&sound[..len], &limits, "it is damaged");
    }
    let mut small = Limits::default();
    small.set(Limit::Memory, 16).unwrap();
    let told = sandbox().open(&small, Some(&sound)).unwrap_err().to_string();
    assert!(told.contains("MiB of memory, and `limits.memory_mib` allows 16 now"), "{told}");
    assert_eq!(run(&mut restore(&sound), "big.length"), "= 20971520\n", "the sound one opens");
}
