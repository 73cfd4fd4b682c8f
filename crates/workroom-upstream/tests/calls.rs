//! Calls: their results, their errors, their end.

#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod support;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use expect_test::{Expect, expect};
use futures::future::join_all;
use serde_json::{Value, json};
use support::{Watch, call, one, server, tool_call};
use workroom_engine::upstreams::{CallError, ToolOutput, Upstreams};
use workroom_types::{CallPolicy, PolicyKey, ServerStatus};
use workroom_upstream::{Bounds, Pool};

async fn check(pool: &Pool, server: &str, arguments: Value, expected: &Expect) {
    let text = match call(pool, server, arguments).await {
        Ok(ToolOutput { content, structured, is_error, .. }) => {
            let content = Value::Array(content);
            let structured =
                structured.map(|value| format!("structured: {value}\n")).unwrap_or_default();
            format!("{content}\n{structured}{}", if is_error { "is an error\n" } else { "" })
        }
        Err(error) => format!("{}: {error}\n", error.code()),
    };
    expected.assert_eq(&text);
}

#[tokio::test]
async fn a_result_comes_as_the_server_sent_it() {
    let pool = one("ok", &[]).await;
    check(
        &pool,
        "ok",
        json!({ "a": [1, "é"] }),
        &expect![[r#"
        [{"type":"text","text":"{\"a\":[1,\"é\"]}"}]
    "#]],
    )
    .await;
    check(
        &pool,
        "ok",
        json!({ "do": "odd" }),
        &expect![[r#"
        [{"type":"hologram","depth":3}]
        structured: {"big":9007199254740993}
        is an error
    "#]],
    )
    .await;
    check(
        &pool,
        "ok",
        json!({ "do": "refuse" }),
        &expect![[r#"
        call_rejected: tool `ok.echo` failed: wrong arguments (code -32602)
    "#]],
    )
    .await;
    check(&pool, "ok", json!({ "do": "deep" }), &expect![[r#"
        protocol: tool `ok.echo` gave an answer that is not MCP: its result is unreadable: recursion limit exceeded at line 1 column 128; it may have been done, so look before you call it again
    "#]]).await;
    check(
        &pool,
        "other",
        json!({}),
        &expect![[r#"
        unknown_server: there is no server `other`
    "#]],
    )
    .await;
    pool.shutdown().await;
}

#[tokio::test]
async fn a_server_sees_its_own_variables_and_few_of_ours() {
    let pool = one("ok", &[]).await;
    let output = call(&pool, "ok", json!({ "do": "env" })).await.unwrap();
    let names = output.structured.unwrap()["names"].to_string();
    assert!(names.contains("\"GIVEN\"") && names.contains("\"PATH\""), "{names}");
    assert!(!names.contains("CARGO"), "{names}");
    pool.shutdown().await;
}

#[tokio::test]
async fn answers_in_any_order_find_their_calls() {
    const CALLS: usize = 1000;
    let policy = CallPolicy::default().with(PolicyKey::CallsInFlight, CALLS as u64);
    let pool = support::pool(vec![server("ok", &[]).with_policy(policy)]).await;
    let calls = (0..CALLS).map(|index| {
        let pool = &pool;
        async move {
            let arguments = json!({ "do": "hold", "of": CALLS, "index": index });
            let output = call(pool, "ok", arguments.clone()).await.unwrap();
            let answer: Value =
                serde_json::from_str(output.content[0]["text"].as_str().unwrap()).unwrap();
            assert_eq!(answer, arguments);
        }
    });
    join_all(calls).await;
    pool.shutdown().await;
}

#[tokio::test]
async fn a_dropped_call_is_cancelled_at_the_server() {
    let watch = Watch::new();
    let pool = one("watched", &[&watch.port]).await;
    let mut watched = watch.accept().await;
    assert_eq!(watched.line().await.unwrap(), "started");
    let id = {
        let pending = call(&pool, "watched", json!({ "do": "hang" }));
        tokio::pin!(pending);
        let called = tokio::select! {
            _ = &mut pending => panic!("it is not answered"),
            line = watched.line() => line.unwrap(),
        };
        called.strip_prefix("called ").unwrap().to_owned()
    };
    assert_eq!(watched.line().await.unwrap(), format!("cancelled {id}"));
    pool.shutdown().await;
}

#[tokio::test]
async fn a_call_past_its_deadline_is_cancelled_at_the_server() {
    let watch = Watch::new();
    let config = server("watched", &[&watch.port]).with_call_timeout(Duration::from_secs(1));
    let pool = support::pool(vec![config]).await;
    let mut watched = watch.accept().await;
    watched.line().await.unwrap();
    let error = call(&pool, "watched", json!({ "do": "hang" })).await.unwrap_err();
    let CallError::Timeout { timeout_ms, .. } = error else { panic!("{error}") };
    assert_eq!(timeout_ms, 1_000);
    let called = watched.line().await.unwrap();
    let id = called.strip_prefix("called ").unwrap();
    assert_eq!(watched.line().await.unwrap(), format!("cancelled {id}"));
    pool.shutdown().await;
}

#[tokio::test]
async fn a_crash_fails_its_calls_at_once_and_the_next_call_starts_the_server_again() {
    let pool = Arc::new(one("ok", &[]).await);
    let hanging = tokio::spawn({
        let pool = Arc::clone(&pool);
        async move { call(&pool, "ok", json!({ "do": "hold", "of": 2 })).await }
    });
    // Answered after the call above was sent: calls of one server keep their order.
    call(&pool, "ok", json!({})).await.unwrap();
    let error = call(&pool, "ok", json!({ "do": "crash" })).await.unwrap_err();
    assert!(matches!(error, CallError::Gone { .. }), "{error}");
    let error = hanging.await.unwrap().unwrap_err();
    assert!(matches!(error, CallError::Gone { .. }), "{error}");
    let server = support::until(&pool, |server| server.status != ServerStatus::Ready).await;
    expect![[r#"
        failed: it exited with status 7
        title: A fake server
        instructions: be brief
        tools: echo
    "#]]
    .assert_eq(&support::describe(&server));

    call(&pool, "ok", json!({})).await.unwrap();
    assert_eq!(pool.servers()[0].status, ServerStatus::Ready);
    pool.shutdown().await;
}

#[tokio::test]
async fn a_server_that_fails_again_and_again_is_left_alone_for_a_while() {
    let pool = one("exit-early", &[]).await;
    let mut changes = pool.changes();
    // Each failure makes the wait longer, so that a slow machine gets there too.
    loop {
        let before = *changes.borrow_and_update();
        // The first failure may be retried at once; nobody waits for a server that never worked.
        let error = call(&pool, "exit-early", json!({})).await.unwrap_err().to_string();
        if error.contains("it failed repeatedly and is started again after") {
            break;
        }
        let restarted = changes.wait_for(|count| *count >= before + 2);
        tokio::time::timeout(support::PATIENCE, restarted).await.unwrap().unwrap();
    }
    pool.shutdown().await;
}

#[tokio::test]
async fn a_call_waits_for_a_server_that_starts_and_not_longer_than_its_deadline() {
    let pool = Pool::start(vec![server("ok", &[])], support::guard());
    call(&pool, "ok", json!({})).await.unwrap();
    pool.shutdown().await;

    let pool = Pool::start(vec![server("silent", &[])], support::guard());
    let mut soon = tool_call("silent", json!({}));
    soon.deadline = Instant::now() + Duration::from_millis(100);
    let error = pool.call(soon).await.unwrap_err();
    expect!["server `silent` is not available: it is still starting"].assert_eq(&error.to_string());
    pool.shutdown().await;
    let error = call(&pool, "silent", json!({})).await.unwrap_err();
    expect!["server `silent` is not available: the gateway is ending"]
        .assert_eq(&error.to_string());
}

#[tokio::test]
async fn an_answer_beyond_the_bound_ends_the_connection() {
    let bounds = Bounds { message_bytes: 1 << 19, ..Bounds::default() };
    let pool = support::pool(vec![server("ok", &[]).with_bounds(bounds)]).await;
    check(
        &pool,
        "ok",
        json!({ "do": "huge" }),
        &expect![[r#"
            server_gone: server `ok` went away before it answered `echo`: it sent a message of more than 524288 bytes; it may have been done, so look before you call it again
        "#]],
    )
    .await;
    let server = support::until(&pool, |server| server.status != ServerStatus::Ready).await;
    expect![[r#"
        failed: it sent a message of more than 524288 bytes
        title: A fake server
        instructions: be brief
        tools: echo
    "#]]
    .assert_eq(&support::describe(&server));
    check(
        &pool,
        "ok",
        json!({}),
        &expect![[r#"
        [{"type":"text","text":"{}"}]
    "#]],
    )
    .await;
    pool.shutdown().await;
}
