//! Servers on pipes that flood, lie, stutter and die: each hurts only its own call.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod support;

use std::{fmt::Write as _, path::Path, time::Duration};

use expect_test::expect;
use serde_json::json;
use support::{call, one, outcome, server, until};
use workroom_engine::upstreams::{CallError, Upstreams};
use workroom_types::{CallPolicy, PolicyKey, ServerStatus};

/// What each of `ways` to answer comes to, all of one server and one after another.
async fn each(ways: &[&str]) -> String {
    let pool = one("ok", &[]).await;
    let mut text = String::new();
    for way in ways {
        let said = outcome(call(&pool, "ok", json!({ "do": way })).await);
        writeln!(text, "{way}: {said}").unwrap();
    }
    // Whatever came before, the next call is answered, and with its own answer.
    let said = outcome(call(&pool, "ok", json!({ "n": 1 })).await);
    assert_eq!(said, r#"[{"type":"text","text":"{\"n\":1}"}]"#);
    pool.shutdown().await;
    text
}

#[tokio::test]
async fn noise_between_messages_is_skipped() {
    expect![[r#"
        noise: [{"type":"text","text":"{\"do\":\"noise\"}"}]
        wide: [{"type":"text","text":"xééééééééééééééééééééééééééééééééééééééééééééééééééééééé… (100029)
    "#]].assert_eq(&each(&["noise", "wide"]).await);
}

#[tokio::test]
async fn answers_find_their_own_call_or_nobody() {
    let ways = [
        "twice",
        "unsent",
        "both",
        "old",
        "string-id",
        "float-id",
        "same-key",
        "batch",
        "keys",
        "bottomless",
    ];
    expect![[r#"
        twice: [{"type":"text","text":"{\"do\":\"twice\"}"}]
        unsent: [{"type":"text","text":"{\"do\":\"unsent\"}"}]
        both: call_rejected: tool `ok.echo` failed: both (code -1)
        old: [{"type":"text","text":"{\"do\":\"old\"}"}]
        string-id: [{"type":"text","text":"{\"do\":\"string-id\"}"}]
        float-id: [{"type":"text","text":"{\"do\":\"float-id\"}"}]
        same-key: [{"type":"text","text":"{\"do\":\"same-key\"}"}]
        batch: [{"type":"text","text":"{\"do\":\"batch\"}"}]
        keys: {"0":null,"1":null,"2":null,"3":null,"4":null,"5":null,"6":null,"7":null,"8":nul… (2688891)
        bottomless: protocol: tool `ok.echo` gave an answer that is not MCP: its result is unreadable: recursion limit exceeded at line 1 column 128; it may have been done, so look before you call it again
    "#]]
    .assert_eq(&each(&ways).await);
}

#[tokio::test]
async fn a_server_that_dies_is_there_again_for_the_next_call() {
    expect![[r#"
        kill: server_gone: server `ok` went away before it answered `echo`: it was ended by signal 9 (exit status 137); it may have been done, so look before you call it again
        close-stdout: server_gone: server `ok` went away before it answered `echo`: it closed its output and exited with status 0; it may have been done, so look before you call it again
    "#]].assert_eq(&each(&["kill", "close-stdout"]).await);
    // One that ends after each call in good order is started again for each.
    let pool = one("ok", &[]).await;
    for _ in 0..3 {
        call(&pool, "ok", json!({ "do": "exit-after" })).await.unwrap();
        until(&pool, |server| server.status != ServerStatus::Ready).await;
    }
    pool.shutdown().await;
}

#[tokio::test]
async fn a_death_is_told_soon_and_others_do_not_notice() {
    let pool = support::pool(vec![server("ok", &[]), server("modern", &[])]).await;
    for way in ["kill", "close-stdout"] {
        let died = call(&pool, "ok", json!({ "do": way }));
        let error = tokio::time::timeout(support::PATIENCE, died).await.unwrap().unwrap_err();
        assert!(matches!(error, CallError::Gone { .. }), "{error}");
        call(&pool, "modern", json!({})).await.unwrap();
    }
    pool.shutdown().await;
}

#[tokio::test]
async fn progress_does_not_prolong_a_call() {
    let quick = server("ok", &[]).with_call_timeout(Duration::from_millis(200));
    let pool = support::pool(vec![quick]).await;
    let said = outcome(call(&pool, "ok", json!({ "do": "progress" })).await);
    expect!["call_timeout: tool `ok.echo` did not answer within 200 ms; it may have been done, so look before you call it again"].assert_eq(&said);
    pool.shutdown().await;
}

#[tokio::test]
async fn a_storm_of_changed_lists_is_one_list_a_second() {
    let pool = one("ok", &[]).await;
    let began = std::time::Instant::now();
    for _ in 0..3 {
        call(&pool, "ok", json!({ "do": "storm" })).await.unwrap();
    }
    let output = call(&pool, "ok", json!({ "do": "lists" })).await.unwrap();
    let lists = output.structured.unwrap()["lists"].as_u64().unwrap();
    // One at the start, and one a second.
    assert!(lists <= 2 + began.elapsed().as_secs(), "{lists} lists in {:?}", began.elapsed());
    pool.shutdown().await;
}

#[tokio::test]
async fn what_a_server_asks_for_is_refused() {
    let pool = one("ok", &[]).await;
    let said = outcome(call(&pool, "ok", json!({ "do": "ask" })).await);
    expect![[r#"{"told":[-32601,-32601,-32601,{}]}"#]].assert_eq(&said);
    pool.shutdown().await;
}

#[tokio::test]
async fn a_hint_that_is_withdrawn_does_not_count_any_more() {
    let policy = CallPolicy::default().with(PolicyKey::Retries, 1);
    let pool = support::pool(vec![server("withdraws", &[]).with_policy(policy)]).await;
    let crash = json!({ "do": "crash" });
    let first = call(&pool, "withdraws", crash.clone()).await.unwrap_err();
    assert_eq!(first.again().tries, 2, "{first}");
    until(&pool, |server| server.tools[0].may_repeat()).await;
    call(&pool, "withdraws", json!({ "do": "change" })).await.unwrap();
    until(&pool, |server| !server.tools[0].may_repeat()).await;
    let second = call(&pool, "withdraws", crash).await.unwrap_err();
    assert_eq!(second.again().tries, 1, "{second}");
    pool.shutdown().await;
}

#[tokio::test]
async fn a_server_whose_hints_are_not_trusted_is_called_once() {
    let policy = CallPolicy::default().with(PolicyKey::Retries, 0);
    let pool = support::pool(vec![server("withdraws", &[]).with_policy(policy)]).await;
    let error = call(&pool, "withdraws", json!({ "do": "crash" })).await.unwrap_err();
    expect!["server `withdraws` went away before it answered `echo`: it exited with status 7"]
        .assert_eq(&error.to_string());
    pool.shutdown().await;
}

#[tokio::test]
async fn a_long_cursor_comes_back_as_it_was() {
    let pool = one("long-cursor", &[]).await;
    assert_eq!(pool.servers()[0].tools[1].name, "after 1048576");
    pool.shutdown().await;
}

#[tokio::test]
async fn a_server_that_did_not_start_comes_up_by_itself() {
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join("once-there");
    std::fs::remove_file(&file).ok();
    let pool = one("once-there", &[&file.to_string_lossy()]).await;
    expect![[r#"
        failed: it exited with status 4 before it answered
        stderr: the disk is not mounted
    "#]]
    .assert_eq(&support::describe(&pool.servers()[0]));
    std::fs::write(&file, "").unwrap();
    // No call asks for it, and nobody sees it as starting.
    let server = until(&pool, |server| {
        assert_ne!(server.status, ServerStatus::Starting);
        server.status == ServerStatus::Ready
    })
    .await;
    assert_eq!(server.tools[0].name, "echo");
    std::fs::remove_file(&file).ok();
    pool.shutdown().await;
}
