//! What the engine does around the code: calls, limits, sessions, cancelling.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use futures::FutureExt as _;
use std::sync::{Arc, Mutex, atomic::Ordering};

use support::{Bench, done, read, turn};
use workroom_engine::{
    FailureKind, RunRequest, SessionChoice,
    sandbox::{GuestError, TurnState},
};
use workroom_types::{Limit, Limits, ServerStatus, SessionId};

fn limits(limit: Limit, value: u64) -> Limits {
    let mut limits = Limits::default();
    limits.set(limit, value).unwrap();
    limits
}

#[tokio::test]
async fn calls_of_one_turn_go_out_together_and_their_answers_come_back_as_data() {
    let bench = Bench::new(Limits::default());
    let seen = Arc::new(Mutex::new(Vec::new()));
    bench.plan(|_| turn(&[(0, "echo"), (1, "fail"), (2, "echo")], TurnState::Waiting));
    for _ in 0..3 {
        let seen = Arc::clone(&seen);
        bench.plan(move |answers| {
            let mut seen = seen.lock().unwrap();
            seen.extend(answers);
            if seen.len() < 3 { turn(&[], TurnState::Waiting) } else { turn(&[], done("1")) }
        });
    }
    let report = bench.run("1").await;
    assert_eq!(report.outcome, Ok(Some("1".to_owned())));
    assert_eq!(
        read(seen.lock().unwrap().clone()),
        [r#"{"n":0}"#, "ToolError: no such id", r#"{"n":2}"#]
    );
    assert_eq!((report.calls.made, report.calls.failed, report.calls.result_bytes), (3, 1, 14));
    assert!(bench.world.peak.load(Ordering::SeqCst) > 1, "they are under way at once");
}

#[tokio::test]
async fn one_call_more_than_may_be_in_flight_waits_its_turn() {
    let bench = Bench::new(limits(Limit::CallsInFlight, 2));
    let calls: Vec<(u32, &str)> = (0..20).map(|id| (id, "echo")).collect();
    bench.plan(move |_| turn(&calls, TurnState::Waiting));
    let answered = Arc::new(Mutex::new(0));
    for _ in 0..20 {
        let answered = Arc::clone(&answered);
        bench.plan(move |answers| {
            let mut answered = answered.lock().unwrap();
            *answered += answers.len();
            if *answered < 20 { turn(&[], TurnState::Waiting) } else { turn(&[], done("1")) }
        });
    }
    let report = bench.run("1").await;
    assert_eq!(report.outcome, Ok(Some("1".to_owned())));
    assert_eq!(bench.world.peak.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn a_call_that_nothing_awaits_is_made_and_told() {
    let bench = Bench::new(Limits::default());
    bench.plan(|_| turn(&[(0, "echo")], done("1")));
    let report = bench.run("1").await;
    assert_eq!(report.calls.made, 1);
    assert_eq!(report.notes, ["1 call was not awaited; put `await` before"]);
}

#[tokio::test(start_paused = true)]
async fn a_run_that_waits_too_long_ends_with_its_limit() {
    let bench = Bench::new(limits(Limit::Wall, 50));
    bench.plan(|_| turn(&[(0, "hang")], TurnState::Waiting));
    let failure = bench.run("1").await.outcome.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Limit);
    assert_eq!(
        failure.message,
        "the run went past its limit of 50 ms for total time (`limits.timeout_ms`)"
    );
    let effects = "sent without an answer, may have happened: crm.hang";
    assert_eq!(failure.context.effects.as_deref(), Some(effects));
}

#[tokio::test]
async fn a_result_one_byte_too_large_is_an_error_that_the_script_sees() {
    let bench = Bench::new(limits(Limit::Result, 1));
    bench.plan(|_| turn(&[(0, "big")], TurnState::Waiting));
    bench.plan(|answers| {
        assert_eq!(
            read(answers),
            ["ToolError: the result of `crm.big` is 2 KB; at most 1 KiB may enter the sandbox \
              (`limits.result_kib`): ask for fewer rows or fields"]
        );
        turn(&[], done("1"))
    });
    bench.run("1").await.outcome.unwrap();
}

#[tokio::test]
async fn calls_are_counted_here_too() {
    let bench = Bench::new(limits(Limit::Calls, 1));
    bench.plan(|_| turn(&[(0, "echo"), (1, "echo")], TurnState::Waiting));
    let failure = bench.run("1").await.outcome.unwrap_err();
    assert_eq!(
        failure.message,
        "the run went past its limit of 1 calls for tool calls (`limits.calls`)"
    );
    assert_eq!(bench.world.peak.load(Ordering::SeqCst), 0, "none was sent");
}

#[tokio::test]
async fn a_script_one_byte_too_long_does_not_run() {
    let bench = Bench::new(limits(Limit::Code, 1));
    bench.plan(|_| turn(&[], done("1")));
    bench.run(&format!("1{}", " ".repeat(1_023))).await.outcome.unwrap();
    let failure = bench.run(&format!("1{}", " ".repeat(1_024))).await.outcome.unwrap_err();
    assert_eq!(
        failure.message,
        "the run went past its limit of 1 KiB for the script's text (`limits.code_kib`)"
    );
}

#[tokio::test]
async fn waiting_for_nothing_is_a_deadlock() {
    let bench = Bench::new(Limits::default());
    bench.plan(|_| turn(&[], TurnState::Waiting));
    assert_eq!(bench.run("1").await.outcome.unwrap_err().kind, FailureKind::Deadlock);
}

#[tokio::test]
async fn a_caller_that_goes_away_drops_the_calls_and_leaves_the_session() {
    let bench = Bench::new(Limits::default());
    bench.plan(|_| turn(&[(0, "hang")], TurnState::Waiting));
    let session = SessionChoice::Own(SessionId::named("s1"));
    let request = RunRequest { code: "1".to_owned(), session, timeout_ms: None };
    tokio::select! {
        _ = bench.engine.run(request) => panic!("the call never answers"),
        () = bench.world.hanging.notified() => {}
    }
    bench.plan(|_| turn(&[], done("2")));
    let report = bench.run("1").await;
    assert_eq!(report.outcome, Ok(Some("2".to_owned())));
    assert_eq!(bench.world.dropped.load(Ordering::SeqCst), 1);
    assert_eq!(bench.sandbox.opened.load(Ordering::SeqCst), 1, "the same guest goes on");
}

#[tokio::test]
async fn a_caller_that_goes_away_while_its_session_is_busy_sends_nothing() {
    let bench = Bench::new(Limits::default());
    let request = || {
        let session = SessionChoice::Own(SessionId::named("s1"));
        RunRequest { code: "1".to_owned(), session, timeout_ms: None }
    };
    bench.plan(|_| turn(&[(0, "hang")], TurnState::Waiting));
    let first = tokio::spawn({
        let engine = bench.engine.clone();
        async move { engine.run(request()).await }
    });
    bench.world.hanging.notified().await;
    // Polled once, the second run waits for the session; then its caller is gone.
    let engine = bench.engine.clone();
    assert!(engine.run(request()).now_or_never().is_none());
    first.abort();
    // The plan has one turn, for the third run: had the second begun, that would have none.
    bench.plan(|_| turn(&[], done("3")));
    assert_eq!(bench.run("1").await.outcome, Ok(Some("3".to_owned())));
}

#[tokio::test]
async fn an_unknown_session_is_an_error_and_never_a_new_one() {
    let bench = Bench::new(Limits::default());
    let session = SessionChoice::Existing(SessionId::named("nope"));
    let failure = bench.run_in("1", session).await.outcome.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Session);
    assert_eq!(failure.message, "there is no session `nope`");
    assert_eq!(bench.sandbox.opened.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_session_that_was_stopped_goes_back_to_its_last_completed_run() {
    let bench = Bench::new(Limits::default());
    bench.plan(|_| turn(&[], done("1")));
    bench.run("1").await.outcome.unwrap();
    let exceeded = Limits::default().exceeded(Limit::Cpu);
    bench.plan(move |_| Err(exceeded.into()));
    let report = bench.run("1").await;
    assert_eq!(report.outcome.unwrap_err().kind, FailureKind::Limit);
    assert_eq!(report.notes, ["the session goes back to its variables before this run"]);
    bench.plan(|_| turn(&[], done("1")));
    bench.run("1").await.outcome.unwrap();
    assert_eq!(bench.sandbox.opened.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn a_panic_in_the_sandbox_ends_one_run_and_not_the_process() {
    let bench = Bench::new(Limits::default());
    bench.plan(|_| panic!("a fault of ours"));
    assert_eq!(bench.run("1").await.outcome.unwrap_err().kind, FailureKind::Internal);
    bench.plan(|_| turn(&[], done("1")));
    bench.run("1").await.outcome.unwrap();
}

#[tokio::test]
async fn a_server_that_the_code_imports_is_waited_for() {
    let bench = Bench::new(Limits::default());
    bench.world.set_status(ServerStatus::Starting);
    bench.plan(|_| turn(&[], done("1")));
    let (report, ()) =
        tokio::join!(bench.run("import * as crm from './servers/crm';\nreturn crm"), async {
            bench.world.set_status(ServerStatus::Ready);
        });
    report.outcome.unwrap();
}

#[tokio::test]
async fn an_import_of_a_failed_server_says_why_it_failed() {
    let bench = Bench::new(Limits::default());
    let reason = "command `crm-mcp` was not found".to_owned();
    bench.world.set_status(ServerStatus::Failed { reason, stderr: Vec::new() });
    let failure = bench.run("import * as crm from './servers/crm'").await.outcome.unwrap_err();
    assert_eq!(failure.kind, FailureKind::UnknownImport);
    assert!(
        failure.message.contains("`crm` is not available: command `crm-mcp` was not found"),
        "{}",
        failure.message
    );
}

#[tokio::test]
async fn an_exception_without_a_place_still_tells_its_message() {
    let bench = Bench::new(Limits::default());
    let error = GuestError {
        name: "TypeError".to_owned(),
        message: "x is null".to_owned(),
        ..GuestError::default()
    };
    bench.plan(|_| turn(&[], TurnState::Threw(error)));
    let failure = bench.run("1").await.outcome.unwrap_err();
    assert_eq!((failure.message.as_str(), failure.line), ("TypeError: x is null", None));
}
