//! What a server does at its start, and what is said of it.

#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod support;

use std::time::Duration;

use expect_test::{Expect, expect};
use support::{Watch, describe, one, pool, server};
use workroom_engine::upstreams::Upstreams;
use workroom_upstream::{Bounds, Pool, Transport, UpstreamConfig};

async fn check(config: UpstreamConfig, expected: &Expect) {
    let pool = pool(vec![config]).await;
    expected.assert_eq(&describe(&pool.servers()[0]));
    pool.shutdown().await;
}

/// A server of which nothing is expected.
fn quick(mode: &str) -> UpstreamConfig {
    server(mode, &[]).with_start_timeout(Duration::from_millis(500))
}

/// A server that does something before it is given up, also on a busy machine.
fn unhurried(mode: &str) -> UpstreamConfig {
    server(mode, &[]).with_start_timeout(Duration::from_secs(5))
}

#[tokio::test]
async fn a_server_becomes_ready_with_its_tools() {
    check(
        server("ok", &[]),
        &expect![[r#"
            ready
            title: A fake server
            instructions: be brief
            tools: echo
        "#]],
    )
    .await;
}

#[tokio::test]
async fn the_handshake_follows_what_the_server_speaks() {
    for mode in ["modern", "oldest", "dies-of-discover"] {
        let pool = one(mode, &[]).await;
        let text = describe(&pool.servers()[0]);
        assert!(text.starts_with("ready\n") && text.contains("tools: echo"), "{mode}: {text}");
        pool.shutdown().await;
    }
}

#[tokio::test]
async fn a_server_that_ignores_the_newer_handshake_gets_the_older_one() {
    check(
        server("deaf-to-discover", &[]),
        &expect![[r#"
            ready
            title: A fake server
            instructions: be brief
            tools: echo
        "#]],
    )
    .await;
}

#[tokio::test]
async fn a_newer_server_that_starts_slowly_is_asked_again() {
    let watch = Watch::new();
    let pool = Pool::start(vec![server("late", &[&watch.port])], support::guard());
    // Its answer to the newer handshake comes after the older one was tried in vain.
    watch.accept().await.tell("late");
    watch.accept().await.tell("prompt");
    assert!(pool.ready(support::PATIENCE).await);
    assert!(describe(&pool.servers()[0]).starts_with("ready\n"));
    pool.shutdown().await;
}

#[tokio::test]
async fn a_version_that_is_not_known_is_refused() {
    check(
        server("from-the-future", &[]),
        &expect![[r#"
        failed: it speaks version `9999-01-01` of MCP, which is not known here
    "#]],
    )
    .await;
    check(
        server("refuses", &[]),
        &expect![[r#"
        failed: it refused the handshake: no licence (code -32000)
    "#]],
    )
    .await;
}

#[tokio::test]
async fn a_program_that_is_not_there_is_named() {
    let stdio = |command: &str, cwd: Option<&str>| {
        let transport = Transport::Stdio {
            command: command.to_owned(),
            args: Vec::new(),
            env: Vec::new(),
            cwd: cwd.map(Into::into),
        };
        UpstreamConfig::new("missing", transport)
    };
    check(
        stdio("no-such-program", None),
        &expect![[r#"
        failed: command `no-such-program` was not found; is it installed and on PATH?
    "#]],
    )
    .await;
    check(
        stdio("/no/such/program", None),
        &expect![[r#"
        failed: command `/no/such/program` was not found; is it installed and on PATH?
    "#]],
    )
    .await;
    check(
        stdio("sh", Some("/no/such/folder")),
        &expect![[r#"
        failed: its working folder `/no/such/folder` is not a folder
    "#]],
    )
    .await;
    // It is there, and is no program.
    check(
        stdio("/dev/null", None),
        &expect![[r#"
        failed: it exited with status 127 before it answered
        stderr: `/dev/null` could not be started: Permission denied (os error 13)
    "#]],
    )
    .await;
}

#[tokio::test]
async fn a_server_that_exits_leaves_its_status_and_its_last_words() {
    check(
        server("exit-early", &[]),
        &expect![[r#"
        failed: it exited with status 3 before it answered
        stderr: first line
        stderr: cannot open the database
    "#]],
    )
    .await;
}

#[tokio::test]
async fn a_server_that_never_answers_is_given_up() {
    check(
        quick("silent"),
        &expect![[r#"
        failed: it did not answer within 500 ms
    "#]],
    )
    .await;
    check(unhurried("garbage"), &expect![[r#"
        failed: it did not answer within 5000 ms; 3 lines of its output were no MCP messages, the first being `Listening on port 3000`
    "#]]).await;
    check(
        unhurried("silent-list"),
        &expect![[r#"
        failed: it did not list its tools within 5000 ms
    "#]],
    )
    .await;
}

#[tokio::test]
async fn a_line_without_end_fails_its_server_alone() {
    let bounds = Bounds { message_bytes: 1 << 20, ..Bounds::default() };
    check(
        server("flood", &[]).with_bounds(bounds),
        &expect![[r#"
        failed: it sent a message of more than 1048576 bytes
    "#]],
    )
    .await;
}

#[tokio::test]
async fn a_server_that_closes_its_output_has_failed() {
    check(
        server("close-stdout", &[]),
        &expect![[r#"
            failed: it closed its output and exited with status 0 before it answered
        "#]],
    )
    .await;
}

#[tokio::test]
async fn pages_are_followed_once() {
    check(
        server("paging", &[]),
        &expect![[r#"
        ready
        title: A fake server
        instructions: be brief
        tools: echo last
    "#]],
    )
    .await;
    check(
        server("paging-loop", &[]),
        &expect![[r#"
        ready
        title: A fake server
        instructions: be brief
        tools: echo
        warning: it lists the tool `echo` more than once
        warning: its list of tools repeats itself after 2 pages
    "#]],
    )
    .await;
}

#[tokio::test]
async fn one_bad_server_does_not_keep_the_others() {
    let pool = pool(vec![server("exit-early", &[]), server("ok", &[]), quick("silent")]).await;
    let states: Vec<_> = pool
        .servers()
        .iter()
        .map(|server| describe(server).lines().next().unwrap().to_owned())
        .collect();
    expect![[r#"
        failed: it exited with status 3 before it answered
        ready
        failed: it did not answer within 500 ms"#]]
    .assert_eq(&states.join("\n"));
    pool.shutdown().await;
}

#[tokio::test]
async fn changed_tools_are_listed_again() {
    for mode in ["list-changed", "modern-list-changed"] {
        let pool = one(mode, &[]).await;
        let server = support::until(&pool, |server| server.tools.len() == 2).await;
        assert_eq!(server.tools[1].name, "late");
        pool.shutdown().await;
    }
}
