//! The sandbox in processes of its own: what it does as in one process, and what it survives.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test that fails says where")]

mod support;

use std::{
    path::Path,
    process::Command,
    sync::{Arc, OnceLock},
    time::{Duration, Instant},
};

use workroom_engine::{
    Guest, Sandbox,
    sandbox::{Answer, Code, SandboxError, Setup, Turn, TurnState},
};
use workroom_sandbox::{
    InProcess, QuickJs,
    worker::{Launcher, Workers},
};
use workroom_types::{Limit, Limits};

fn launcher() -> Launcher {
    static CODE: OnceLock<Arc<[u8]>> = OnceLock::new();
    let compiled = || {
        let cache = Path::new(env!("CARGO_TARGET_TMPDIR")).join("cache");
        let load = || Arc::from(QuickJs::compiled(Some(&cache)).unwrap());
        Ok(Arc::clone(CODE.get_or_init(load)))
    };
    Launcher {
        command: Box::new(|| {
            let mut command = Command::new(env!("CARGO_BIN_EXE_workroom"));
            command.arg("sandbox-worker");
            command
        }),
        compiled: Box::new(compiled),
        walls_required: true,
    }
}

fn setup() -> Setup {
    setup_within(&Limits::default())
}

fn setup_within(limits: &Limits) -> Setup {
    let deadline = Instant::now() + Duration::from_secs(60);
    Setup { limits: *limits, deadline, seed: [3; 32], clock: Vec::new() }
}

async fn start(guest: &mut dyn Guest, code: &str) -> Turn {
    start_within(guest, code, &Limits::default()).await
}

async fn start_within(guest: &mut dyn Guest, code: &str, limits: &Limits) -> Turn {
    let code = Code { file: "run.ts".to_owned(), text: code.to_owned() };
    guest.start(Arc::new(code), setup_within(limits)).await
}

async fn open(sandbox: &dyn Sandbox) -> Box<dyn Guest> {
    sandbox.open(&Limits::default(), None).await.unwrap()
}

/// What `code` comes to in a new guest.
async fn come_to(sandbox: &dyn Sandbox, code: &str) -> Turn {
    let mut guest = open(sandbox).await;
    let turn = start(guest.as_mut(), code).await;
    let kept = guest.keep(vec!["kept".to_owned()], true).await.unwrap();
    assert_eq!(kept.variables.len(), usize::from(code.contains("kept")));
    assert!(kept.snapshot.is_some_and(|snapshot| snapshot.len() > 1_000));
    turn
}

#[tokio::test]
async fn a_worker_does_what_the_sandbox_does_here() {
    let workers = Workers::new(2, launcher());
    let cache = Path::new(env!("CARGO_TARGET_TMPDIR")).join("cache");
    let here = InProcess::new(Arc::new(QuickJs::new(Some(cache)).unwrap()));
    for code in [
        "var kept = [1, 2]; console.log('é', kept); kept",
        "[Math.random(), crypto.randomUUID()]",
        "throw new TypeError('no')",
        "__workroom.call('m', 'f', { a: 1 }); setTimeout(() => {}, 5); 1",
        "(function f() { f() })()",
        "new Promise(() => {})",
        "'x'.repeat(2e9)",
    ] {
        let (there, here) = (come_to(&workers, code).await, come_to(&here, code).await);
        let told = |turn: &Turn| {
            format!("{:?} {:?} {:?} {:?}", turn.state, turn.logs, turn.calls, turn.timers)
        };
        assert_eq!(told(&there), told(&here), "{code}");
    }
}

#[tokio::test]
async fn a_guest_moves_from_worker_to_worker_by_its_snapshot() {
    let workers = Workers::new(2, launcher());
    let mut first = open(&workers).await;
    let code = "var n = 1; (async () => { n += await __workroom.call('m', 'f'); return n })()";
    let turn = start(first.as_mut(), code).await;
    let snapshot: Arc<[u8]> = first.keep(vec![], true).await.unwrap().snapshot.unwrap().into();
    let mut second = workers.open(&Limits::default(), Some(snapshot)).await.unwrap();
    second.rejoin(setup()).await.unwrap();
    let answer = Answer { id: turn.calls[0].id, result: Ok("41".to_owned()) };
    for guest in [&mut first, &mut second] {
        let turn = guest.resume(vec![answer.clone()], Vec::new()).await;
        assert!(matches!(turn.state, Ok(TurnState::Done(Some(ref n))) if n == "42"), "{turn:?}");
    }
}

#[tokio::test]
async fn limits_and_cancelling_work_across_the_wall() {
    let workers = Workers::new(1, launcher());
    let mut limits = Limits::default();
    limits.set(Limit::Cpu, 50).unwrap();
    let mut guest = open(&workers).await;
    let turn = start_within(guest.as_mut(), "var kept = 1; for (;;) {}", &limits).await;
    assert_eq!(turn.state.unwrap_err(), limits.exceeded(Limit::Cpu).into());
    let turn = start(guest.as_mut(), "kept").await;
    assert!(matches!(turn.state, Ok(TurnState::Done(Some(_)))), "the guest lives on");

    let interrupter = guest.interrupter();
    let code = Arc::new(Code { file: "run.ts".to_owned(), text: "for (;;) {}".to_owned() });
    let (turn, ()) = tokio::join!(guest.start(code, setup()), async {
        let mut other = open(&workers).await;
        start(other.as_mut(), "1").await.state.unwrap();
        interrupter.interrupt();
    });
    assert_eq!(turn.state.unwrap_err(), SandboxError::Cancelled);
    start(guest.as_mut(), "kept").await.state.unwrap();
}

#[tokio::test]
async fn a_worker_that_makes_a_forbidden_call_dies_and_the_others_go_on() {
    let workers = Workers::new(2, launcher());
    let report = workers.report().await.unwrap();
    assert!(report.walls.all_stand(), "{}", report.walls);
    // One in each worker: a new guest goes where the fewest are.
    let (mut doomed, mut spared) = (open(&workers).await, open(&workers).await);
    for guest in [&mut doomed, &mut spared] {
        let code = "var n = 7; (async () => n + await __workroom.call('m', 'f'))()";
        let turn = start(guest.as_mut(), code).await;
        assert!(matches!(turn.state, Ok(TurnState::Waiting)));
    }
    let before: Arc<[u8]> = doomed.keep(vec![], true).await.unwrap().snapshot.unwrap().into();

    workers.break_out(0).await.unwrap();
    let died = async {
        while doomed.is_alive() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), died).await.expect("the worker dies");
    let answer = vec![Answer { id: 0, result: Ok("1".to_owned()) }];
    let turn = doomed.resume(answer.clone(), Vec::new()).await;
    let SandboxError::Lost(how) = turn.state.unwrap_err() else { panic!("it goes on") };
    assert_eq!(how, "the third wall ended it, for a call to the kernel that no worker makes");
    assert!(!doomed.is_alive());

    let turn = spared.resume(answer.clone(), Vec::new()).await;
    assert!(matches!(turn.state, Ok(TurnState::Done(Some(ref n))) if n == "8"), "{turn:?}");

    let mut again = workers.open(&Limits::default(), Some(before)).await.unwrap();
    again.rejoin(setup()).await.unwrap();
    let turn = again.resume(answer, Vec::new()).await;
    assert!(matches!(turn.state, Ok(TurnState::Done(Some(ref n))) if n == "8"), "it came back");
}
