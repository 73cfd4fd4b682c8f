//! The bounds that all runs of a process share, and what a session keeps.

#![allow(clippy::unwrap_used, reason = "a test that fails says where")]

mod support;

use std::sync::{Arc, atomic::Ordering};

use futures::FutureExt as _;
use support::{Bench, done, turn};
use workroom_engine::{
    EngineConfig, FailureKind, RunReport, SessionChoice, Store as _,
    sandbox::{SandboxError, TurnState},
};
use workroom_types::{Bound, Bounds, SessionId};

fn bounded(bound: Bound, value: u64) -> EngineConfig {
    let mut bounds = Bounds::default();
    bounds.set(bound, value).unwrap();
    EngineConfig { bounds, ..EngineConfig::default() }
}

fn own(name: &str) -> SessionChoice {
    SessionChoice::Own(SessionId::named(name))
}

/// A run that calls what never answers, begun and waiting.
async fn waiting(bench: &Arc<Bench>, session: &str) -> tokio::task::JoinHandle<RunReport> {
    bench.plan(|_| turn(&[(0, "hang")], TurnState::Waiting));
    let (running, session) = (Arc::clone(bench), own(session));
    let run = tokio::spawn(async move { running.run_in("1", session).await });
    bench.world.hanging.notified().await;
    run
}

#[tokio::test]
async fn one_run_too_many_is_refused() {
    let bench = Arc::new(Bench::with(bounded(Bound::Runs, 1)));
    let first = waiting(&bench, "a").await;
    let refused = bench.run_in("1", own("b")).await.outcome.unwrap_err();
    assert_eq!(refused.kind, FailureKind::Limit);
    assert_eq!(refused.message, "1 runs are under way (`sandbox.runs_at_once`)");
    first.abort();
    bench.plan(|_| turn(&[], done("1")));
    // The place is free when the run has noticed.
    while bench.run_in("1", own("b")).await.outcome.is_err() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn one_script_more_than_may_compute_waits() {
    let bench = Arc::new(Bench::with(bounded(Bound::Turns, 1)));
    let (go, gone) = tokio::sync::oneshot::channel::<()>();
    let gone = gone.shared();
    bench.plan_slowly(move |_| {
        async move {
            let _ = gone.await;
            turn(&[], done("1")).unwrap()
        }
        .boxed()
    });
    bench.plan(|_| turn(&[], done("2")));
    let first = {
        let bench = Arc::clone(&bench);
        tokio::spawn(async move { bench.run_in("1", own("a")).await })
    };
    while bench.turns.load(Ordering::SeqCst) == 0 {
        tokio::task::yield_now().await;
    }
    let second = {
        let bench = Arc::clone(&bench);
        tokio::spawn(async move { bench.run_in("1", own("b")).await })
    };
    while bench.sandbox.opened.load(Ordering::SeqCst) < 2 {
        tokio::task::yield_now().await;
    }
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    assert_eq!(bench.turns.load(Ordering::SeqCst), 1, "it has its guest, and waits for its turn");
    go.send(()).unwrap();
    assert_eq!(first.await.unwrap().outcome.unwrap().as_deref(), Some("1"));
    assert_eq!(second.await.unwrap().outcome.unwrap().as_deref(), Some("2"));
}

#[tokio::test(start_paused = true)]
async fn a_long_wait_saves_the_guest() {
    for (patience, expected) in [(10_000, 0), (9_999, 1)] {
        let bench = Bench::with(bounded(Bound::SaveAfter, patience));
        bench.plan(|_| {
            let mut turn = turn(&[], TurnState::Waiting).unwrap();
            turn.timers = vec![workroom_engine::sandbox::GuestTimer { id: 0, millis: 10_000 }];
            Ok(turn)
        });
        bench.plan(|_| turn(&[], done("1")));
        bench.run("1").await.outcome.unwrap();
        // One more is taken at the end.
        assert_eq!(bench.sandbox.kept.load(Ordering::SeqCst), expected + 1, "{patience} ms");
    }
}

#[tokio::test]
async fn a_state_one_byte_too_large_stays_in_memory_and_says_so() {
    let bench = Bench::with(bounded(Bound::SessionStored, 1));
    let mut stored = Vec::new();
    for bytes in [1 << 20, (1 << 20) + 1] {
        bench.sandbox.snapshot_bytes.store(bytes, Ordering::SeqCst);
        bench.plan(|_| turn(&[], done("1")));
        let report = bench.run("1").await;
        let record = bench.store.session(&SessionId::named("s1")).await.unwrap().unwrap();
        stored.push((record.stored_bytes, report.notes.len()));
    }
    assert_eq!(stored, [(1 << 20, 0), (0, 1)]);
    bench.plan(|_| turn(&[], done("1")));
    bench.run("1").await.outcome.unwrap();
    assert_eq!(bench.sandbox.opened.load(Ordering::SeqCst), 1, "it goes on in memory");
}

#[tokio::test]
async fn a_session_that_makes_room_comes_back_from_its_state() {
    let bench = Bench::with(bounded(Bound::LiveSessions, 1));
    for name in ["a", "b", "a", "a"] {
        bench.plan(|_| turn(&[], done("1")));
        bench.run_in("1", own(name)).await.outcome.unwrap();
    }
    assert_eq!(bench.sandbox.opened.load(Ordering::SeqCst), 3, "a, b, and a again");
    assert_eq!(bench.sandbox.restored.load(Ordering::SeqCst), 1);
    assert_eq!(bench.engine.load().0, 1);
}

#[tokio::test]
async fn a_session_too_large_to_be_stored_says_what_is_lost_when_it_makes_room() {
    let mut config = bounded(Bound::LiveSessions, 1);
    config.bounds.set(Bound::SessionStored, 1).unwrap();
    let bench = Bench::with(config);
    bench.sandbox.snapshot_bytes.store(2 << 20, Ordering::SeqCst);
    bench.plan(|_| turn(&[], done("1")));
    bench.run_in("const sheet = 1", own("a")).await.outcome.unwrap();
    bench.plan(|_| turn(&[], done("1")));
    bench.run_in("1", own("b")).await.outcome.unwrap();
    let existing = SessionChoice::Existing(SessionId::named("a"));
    let failure = bench.run_in("1", existing).await.outcome.unwrap_err();
    assert_eq!(
        failure.message,
        "session `a` has ended: it was too large to be stored and made room for others; its \
         variable `sheet` is gone"
    );
}

#[tokio::test]
async fn a_worker_that_dies_takes_one_run_and_not_the_session() {
    let bench = Bench::with(EngineConfig::default());
    bench.plan(|_| turn(&[], done("1")));
    bench.run("1").await.outcome.unwrap();
    bench.plan(|_| Err(SandboxError::Lost("it was killed".to_owned())));
    let report = bench.run("1").await;
    let failure = report.outcome.unwrap_err();
    assert_eq!(failure.message, "the sandbox's worker process ended: it was killed");
    bench.plan(|_| turn(&[], done("2")));
    bench.run("1").await.outcome.unwrap();
    assert_eq!(bench.sandbox.restored.load(Ordering::SeqCst), 1);
}
