//! Nothing that a server started outlives us, however we end.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod support;

use std::{
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;
use support::{Watch, Watched, call, fake, one};

/// A process that is started, and that holds the connection.
async fn held(watch: &Watch) -> Watched {
    let mut watched = watch.accept().await;
    assert_eq!(watched.line().await.as_deref(), Some("held"));
    watched
}

/// The process that holds the connection is killed: nothing else would close it.
async fn assert_gone(mut watched: Watched) {
    assert_eq!(watched.line().await, None);
}

async fn kill_the_owner_of(mode: &str) {
    let watch = Watch::new();
    let mut owner = Command::new(fake())
        .args(["own", mode, &watch.port])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut ready = String::new();
    BufReader::new(owner.stdout.take().unwrap()).read_line(&mut ready).unwrap();
    assert_eq!(ready, "ready\n");
    let watched = held(&watch).await;
    owner.kill().unwrap();
    owner.wait().unwrap();
    assert_gone(watched).await;
}

#[tokio::test]
async fn a_grandchild_ends_when_the_gateway_is_killed() {
    kill_the_owner_of("grandchild").await;
}

#[tokio::test]
async fn a_server_that_ignores_the_end_of_its_input_ends_too() {
    kill_the_owner_of("stubborn").await;
}

#[tokio::test]
async fn a_grandchild_ends_with_a_shutdown() {
    let watch = Watch::new();
    let pool = one("stubborn", &[&watch.port]).await;
    let watched = held(&watch).await;
    pool.shutdown().await;
    assert_gone(watched).await;
}

#[tokio::test]
async fn a_grandchild_ends_when_its_server_crashes() {
    let watch = Watch::new();
    let pool = one("grandchild", &[&watch.port]).await;
    let watched = held(&watch).await;
    call(&pool, "grandchild", json!({ "do": "crash" })).await.unwrap_err();
    assert_gone(watched).await;
    pool.shutdown().await;
}

/// A guard with `args` behind it.
fn guarded(args: &[&str], stdin: impl Into<Stdio>) -> Child {
    Command::new(fake())
        .args(["guard", "--"])
        .args(args)
        .stdin(stdin)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

#[tokio::test]
async fn a_server_that_does_not_read_does_not_keep_its_guard() {
    let watch = Watch::new();
    let mut zeros = Command::new("cat").arg("/dev/zero").stdout(Stdio::piped()).spawn().unwrap();
    let fake = fake().display().to_string();
    // It never reads, so that the guard waits in a write.
    let mut guard = guarded(&[&fake, "hold", &watch.port], zeros.stdout.take().unwrap());
    let watched = held(&watch).await;
    zeros.kill().unwrap();
    zeros.wait().unwrap();
    assert_gone(watched).await;
    // Signal 15, by which it was asked to end.
    assert_eq!(guard.wait().unwrap().code(), Some(143));
}

#[tokio::test]
async fn a_guard_that_is_told_to_end_ends_everything() {
    for signal in [Signal::TERM, Signal::INT, Signal::HUP] {
        let watch = Watch::new();
        let fake = fake().display().to_string();
        let mut guard = guarded(&[&fake, "stubborn", &watch.port], Stdio::piped());
        let watched = held(&watch).await;
        kill_process(Pid::from_child(&guard), signal).unwrap();
        assert_gone(watched).await;
        assert_eq!(guard.wait().unwrap().code(), Some(143));
    }
}

#[test]
fn a_guard_exits_as_its_program_did() {
    let check = |args: &[&str], expected: i32| {
        let mut guard = guarded(args, Stdio::piped());
        assert_eq!(guard.wait().unwrap().code(), Some(expected), "{args:?}");
    };
    check(&["sh", "-c", "exit 9"], 9);
    check(&["sh", "-c", "kill -9 $$"], 137);
    check(&["sh", "-c", "sleep 1000 & exit 0"], 0);
    check(&["/no/such/program"], 127);
    check(&[], 127);
}
