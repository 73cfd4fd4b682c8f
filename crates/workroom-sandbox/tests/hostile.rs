//! Scripts and answers that mean harm: each fails in the way that is written down, hurts nothing
//! but its own run, and leaves a session that works.

#![allow(clippy::unwrap_used, reason = "a test that fails says where")]

#[path = "hostile/bombs.rs"]
mod bombs;
#[path = "hostile/boundary.rs"]
mod boundary;
#[path = "hostile/escape.rs"]
mod escape;
#[path = "hostile/world.rs"]
mod world;

use std::time::{Duration, Instant};

use workroom_engine::Engine;
use workroom_types::SessionId;
use world::{engine, run, told};

/// A script, and how what it comes to begins: one of the given ways.
pub(crate) struct Case {
    pub(crate) code: &'static str,
    pub(crate) expected: &'static [&'static str],
}

pub(crate) const fn case(code: &'static str, expected: &'static [&'static str]) -> Case {
    Case { code, expected }
}

/// Tries each case in a session of its own, and looks after each whether all is well.
async fn try_all(cases: &[Case]) {
    let engine = engine();
    let canary = SessionId::named("canary");
    run(&engine, &canary, "const secret = { n: 7 };").await;
    let mut wrong = Vec::new();
    for (number, case) in cases.iter().enumerate() {
        let session = SessionId::named(format!("case {number}"));
        let came_to = told(&run(&engine, &session, case.code).await);
        if !case.expected.iter().any(|expected| came_to.starts_with(expected)) {
            let came_to: String = came_to.chars().take(300).collect();
            wrong.push(format!("{}\n  came to {came_to}\n  not {:?}", case.code, case.expected));
        }
        if let Err(what) = is_well(&engine, &session, &canary).await {
            wrong.push(format!("after {}\n  {what}", case.code));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

/// The session answers, with the language as it should be; and nobody else noticed anything.
async fn is_well(engine: &Engine, session: &SessionId, canary: &SessionId) -> Result<(), String> {
    let again = told(&run(engine, session, "return 1 + 1").await);
    if again != "ok 2" {
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
async fn a_session_cannot_be_spoilt_for_its_own_next_run() {
    let engine = engine();
    for (number, (spoil, use_it, expected)) in boundary::SPOILT.iter().enumerate() {
        let session = SessionId::named(format!("spoilt {number}"));
        run(&engine, &session, spoil).await;
        let came_to = told(&run(&engine, &session, use_it).await);
        assert!(came_to.starts_with(expected), "{spoil}\n{use_it}\n{came_to}");
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
