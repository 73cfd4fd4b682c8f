//! Scripts and answers that mean harm: each fails in the way that is written down, hurts nothing
//! but its own run, and leaves a session that works.

#![allow(clippy::unwrap_used, reason = "a test that fails says where")]

#[path = "hostile/answers.rs"]
mod answers;
#[path = "hostile/bombs.rs"]
mod bombs;
#[path = "hostile/boundary.rs"]
mod boundary;
#[path = "hostile/escape.rs"]
mod escape;
#[path = "hostile/natives.rs"]
mod natives;
#[path = "hostile/world.rs"]
mod world;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use futures::future;
use workroom_engine::{Engine, SessionChoice};
use workroom_types::{Limit, SessionId};
use world::{Odd, engine, engine_over, limits, patient_engine, run, run_in, told};

/// A script, and how what it comes to begins: one of the given ways.
pub(crate) struct Case {
    pub(crate) code: &'static str,
    pub(crate) expected: &'static [&'static str],
}

pub(crate) const fn case(code: &'static str, expected: &'static [&'static str]) -> Case {
    Case { code, expected }
}

/// Tries each case in a session of its own, and looks after each whether all is well. Two cases
/// at a time, so that each has a hostile neighbour.
async fn try_all(cases: &[Case]) {
    let engine = engine();
    let canary = SessionId::named("canary");
    run(&engine, &canary, "const secret = { n: 7 };").await;
    let (first, second) = cases.split_at(cases.len() / 2);
    let (mut wrong, more) = future::join(
        try_each(&engine, &canary, "first", first),
        try_each(&engine, &canary, "second", second),
    )
    .await;
    wrong.extend(more);
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

/// What was wrong with `cases`.
async fn try_each(engine: &Engine, canary: &SessionId, half: &str, cases: &[Case]) -> Vec<String> {
    let mut wrong = Vec::new();
    for (number, case) in cases.iter().enumerate() {
        let session = SessionId::named(format!("{half} {number}"));
        let report = run(engine, &session, case.code).await;
        let came_to = told(&report);
        // What the agent is shown of it fits, whatever it is.
        let shown = engine.present(&report, None, true).tokens;
        if shown > limits().size(Limit::OutputTokens) {
            wrong.push(format!("{}\n  is shown in {shown} tokens", case.code));
        }
        if !is_expected(case, &came_to, &session).await {
            let came_to: String = came_to.chars().take(300).collect();
            wrong.push(format!("{}\n  came to {came_to}\n  not {:?}", case.code, case.expected));
        }
        if let Err(what) = is_well(engine, &session, canary).await {
            wrong.push(format!("after {}\n  {what}", case.code));
        }
    }
    wrong
}

/// Whether `case` came to what it should. One that only ran out of computing time, where that is
/// not its bound, is tried once more with much of it: how far a script gets is the machine's matter.
async fn is_expected(case: &Case, came_to: &str, session: &SessionId) -> bool {
    let fits = |told: &str| case.expected.iter().any(|expected| told.starts_with(expected));
    if fits(came_to) || !came_to.contains("for computing time") {
        return fits(came_to);
    }
    fits(&told(&run(&patient_engine(), session, case.code).await))
}

/// The session answers, with the language as it should be; and nobody else noticed anything.
async fn is_well(engine: &Engine, session: &SessionId, canary: &SessionId) -> Result<(), String> {
    let again = told(&run(engine, session, "return 1 + 1").await);
    // A bomb that its time ended first may have left variables that fill the memory: the session
    // says so, as it should, and its limit is still the bound.
    if again != "ok 2" && !again.starts_with("limit: the run went past its limit of 32 MiB") {
        return Err(format!("its session answers {again}"));
    }
    let code = "import { echo } from './servers/odd';
        return [secret.n, typeof leaked, [1].map(x => x + 1), await echo({ n: 5 }),
            JSON.stringify({ a: [] }), Object.keys(Object.prototype), typeof Promise]";
    let expected = "ok [7,\"undefined\",[2],{\"n\":5},\"{\\\"a\\\":[]}\",[],\"function\"]";
    match told(&run(engine, canary, code).await) {
        told if told == expected => Ok(()),
        told => Err(format!("the canary says {told}")),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_reached_from_inside() {
    try_all(escape::CASES).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_bomb_has_its_bound() {
    try_all(bombs::CASES).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_crosses_the_boundary_is_data() {
    try_all(boundary::CASES).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn built_ins_end_whatever_they_are_given() {
    try_all(natives::CASES).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_and_modules_are_data() {
    try_all(answers::CASES).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn text_that_no_agent_would_write_is_refused_or_run() {
    let engine = engine();
    let cases = [
        ("x".repeat(300 << 10), "limit: the run went past its limit of 256 KiB for the script"),
        (format!("return {}1{}", "[".repeat(5_000), "]".repeat(5_000)), "exception: RangeError"),
        (format!("return {}1", "!".repeat(100_000)), "syntax: "),
        (format!("return 1{}", "+1".repeat(50_000)), "syntax: "),
        (format!("return `{}`", "é".repeat(30_000)), "ok \"éé"),
        (format!("{} return 7", "/*".repeat(50_000)), "syntax: "),
        (format!("{}\nreturn 7", "// x".repeat(50_000)), "ok 7"),
        (format!("const {} = 1; return 7", "a".repeat(200_000)), "ok 7"),
        ("return 'a\u{0}b'.length".to_owned(), "ok 3"),
        ("\u{0}".to_owned(), "syntax: "),
        ("\u{feff}return 7".to_owned(), "ok 7"),
        ("return 7\u{202e}".to_owned(), "syntax: "),
        (String::new(), "ok undefined"),
    ];
    for (code, expected) in cases {
        let came_to = told(&run(&engine, &SessionId::named("text"), &code).await);
        let start: String = code.chars().take(40).collect();
        let shown: String = came_to.chars().take(200).collect();
        assert!(came_to.starts_with(expected), "{start}: {shown}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_comes_into_the_session_of_another_by_guessing() {
    let engine = engine();
    run(&engine, &SessionId::named("canary"), "const secret = { n: 7 };").await;
    for id in answers::NO_SESSIONS {
        let guessed = SessionChoice::Existing(SessionId::named(*id));
        let report = run_in(&engine, guessed, "return typeof secret", None).await;
        let said = format!("session: there is no session `{id}`");
        assert!(told(&report).starts_with(&said), "{id:?}: {}", told(&report));
        let shown = engine.present(&report, None, true).text;
        assert!(!shown.contains("`canary`"), "it names no other session: {shown}");
    }
    let code = "return typeof secret";
    let own = run(&engine, &engine.new_session_id(), code).await;
    assert_eq!(told(&own), "ok \"undefined\"");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_was_stopped_the_hard_way_is_what_it_was_before() {
    let engine = engine();
    let id = SessionId::named("deaf");
    run(&engine, &id, "var kept = [1];").await;
    let deaf = "kept.push(2); var late = 1;
        const a = 'a'.repeat(3e6), b = 'a'.repeat(1.5e6) + 'b'; return a.indexOf(b)";
    let report = run(&engine, &id, deaf).await;
    let ended = told(&report);
    assert!(ended.contains("for computing time"), "{ended}");
    assert_eq!(report.notes, ["the session goes back to its variables before this run"]);
    let existing = SessionChoice::Existing(id);
    let after = run_in(&engine, existing, "return [kept, typeof late]", None).await;
    assert_eq!(told(&after), "ok [[1],\"undefined\"]");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_calls_reaches_the_server_a_few_at_a_time() {
    let odd = Arc::<Odd>::default();
    let engine = engine_over(&odd);
    let code = "import { slow } from './servers/odd';
        const told = await Promise.all(Array.from({ length: 40 }, (_, n) => slow({ n })));
        return told.map(({ n }) => n).join() === [...Array(40).keys()].join()";
    assert_eq!(told(&run(&engine, &SessionId::named("flood"), code).await), "ok true");
    let most = limits().size(Limit::CallsInFlight);
    assert!((2..=most).contains(&odd.peak()), "{} at once", odd.peak());
}

#[tokio::test(flavor = "multi_thread")]
async fn waiting_ends_with_the_time_that_was_given() {
    let engine = engine();
    let waits = [
        "import { hang } from './servers/odd'; await hang()",
        "await new Promise(r => setTimeout(r, 1e8))",
        "import { hang } from './servers/odd'; await Promise.all([hang(), hang(), hang()])",
        "import { hang } from './servers/odd'; for (;;) try { await hang() } catch {}",
    ];
    for (number, code) in waits.into_iter().enumerate() {
        let id = SessionId::named(format!("waits {number}"));
        run(&engine, &id, "const kept = 1;").await;
        let ended = told(&run_in(&engine, SessionChoice::Own(id.clone()), code, Some(50)).await);
        assert!(ended.starts_with("limit: the run went past its limit of 50 ms"), "{ended}");
        assert_eq!(told(&run(&engine, &id, "return kept").await), "ok 1", "{code}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_cannot_be_spoilt_for_its_own_next_run() {
    let engine = engine();
    for (number, (spoil, use_it, expected)) in boundary::SPOILT.iter().enumerate() {
        let session = SessionId::named(format!("spoilt {number}"));
        run(&engine, &session, spoil).await;
        let came_to = told(&run(&engine, &session, use_it).await);
        assert!(came_to.starts_with(expected), "{spoil}\n{use_it}\n{came_to}");
        assert!(!came_to.starts_with("internal: "), "{spoil}\n{use_it}\n{came_to}");
    }
}

/// How long `count` runs of a well-behaved script take beside `beside` of `code`.
async fn time_beside(engine: &Engine, code: &'static str, beside: usize, count: usize) -> Duration {
    let others: Vec<_> = (0..beside)
        .map(|n| {
            let engine = engine.clone();
            let session = SessionId::named(format!("beside {n} {}", code.len()));
            tokio::spawn(async move {
                loop {
                    run(&engine, &session, code).await;
                }
            })
        })
        .collect();
    let session = SessionId::named("well-behaved");
    let work = "import { echo } from './servers/odd';
        let sum = 0;
        for (let i = 0; i < 20000; i++) sum += i % 7;
        return (await echo({ sum })).sum";
    run(engine, &session, work).await;
    let began = Instant::now();
    for _ in 0..count {
        assert_eq!(told(&run(engine, &session, work).await), "ok 59997");
    }
    let took = began.elapsed();
    others.iter().for_each(tokio::task::JoinHandle::abort);
    took
}

#[tokio::test(flavor = "multi_thread")]
async fn a_well_behaved_run_is_not_slowed_more_by_bad_neighbours_than_by_busy_ones() {
    let engine = engine();
    let busy = "let n = 0; for (let i = 0; i < 3e6; i++) n += i; return n";
    let bad = [
        "for (;;) {}",
        "(() => { const a = []; for (;;) a.push(new Uint8Array(1 << 20).fill(1)) })()",
        "const told = []; for (;;) told.push(Promise.resolve().then(() => told.length))",
        "return /^(a+)+$/.test('a'.repeat(40) + 'b')",
    ];
    for code in bad {
        // In turns, so that a noisy moment of the machine hits both.
        let mut ratios = Vec::new();
        for _ in 0..3 {
            let beside_busy = time_beside(&engine, busy, 4, 6).await;
            let beside_bad = time_beside(&engine, code, 4, 6).await;
            ratios.push(beside_bad.as_secs_f64() / beside_busy.as_secs_f64());
        }
        ratios.sort_by(f64::total_cmp);
        assert!(ratios[0] < 2.0, "{code}: {ratios:?}");
    }
}
