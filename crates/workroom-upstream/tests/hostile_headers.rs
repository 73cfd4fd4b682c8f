//! Parameters that a server wants as headers, revision 2026-07-28: a tool that asks for what is no
//! header is left out, and no argument ever makes a header of its own.

#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod support;

use std::{
    fmt::Write as _,
    sync::{Arc, Mutex},
    time::Instant,
};

use axum::{
    Router,
    body::Bytes,
    http::HeaderMap,
    response::{IntoResponse, Response},
    routing::post,
};
use expect_test::expect;
use http::StatusCode;
use serde_json::{Value, json};
use support::outcome;
use tokio::net::TcpListener;
use workroom_engine::upstreams::{ToolCall, Upstreams};
use workroom_types::ToolRef;
use workroom_upstream::{Pool, Transport, UpstreamConfig};

/// The headers of the calls that came.
type Seen = Arc<Mutex<Vec<HeaderMap>>>;

/// A tool whose parameter `a` is said to be a header.
fn tool(name: &str, schema: &Value) -> Value {
    let properties = json!({ "a": schema, "b": { "type": "string", "x-mcp-header": "Region" } });
    json!({ "name": name, "inputSchema": { "type": "object", "properties": properties } })
}

fn tools() -> Value {
    let header = |kind: &str, name: Value| json!({ "type": kind, "x-mcp-header": name });
    let mut tools = vec![tool("good", &header("string", json!("Tenant")))];
    for (name, schema) in [
        ("empty", header("string", json!(""))),
        ("split", header("string", json!("A\r\nX: y"))),
        ("space", header("string", json!("A B"))),
        ("twice", header("string", json!("REGION"))),
        ("number", header("number", json!("N"))),
        ("list", json!({ "type": "array", "items": header("string", json!("Item")) })),
        ("choice", json!({ "oneOf": [header("string", json!("Choice"))] })),
        ("object", header("string", json!({ "name": "x" }))),
    ] {
        tools.push(tool(name, &schema));
    }
    Value::Array(tools)
}

fn answer(seen: &Seen, headers: &HeaderMap, body: &Bytes) -> Response {
    let message: Value = serde_json::from_slice(body).unwrap();
    let result = match message["method"].as_str().unwrap_or_default() {
        "server/discover" => json!({
            "resultType": "complete", "supportedVersions": ["2026-07-28"],
            "capabilities": { "tools": {} }, "serverInfo": { "name": "web", "version": "1" },
            "ttlMs": 0, "cacheScope": "public",
        }),
        "tools/list" => json!({
            "resultType": "complete", "tools": tools(), "ttlMs": 0, "cacheScope": "public",
        }),
        "tools/call" => {
            seen.lock().unwrap().push(headers.clone());
            json!({ "resultType": "complete", "content": [], "structuredContent": { "ok": true } })
        }
        _ => return StatusCode::ACCEPTED.into_response(),
    };
    let reply = json!({ "jsonrpc": "2.0", "id": message["id"], "result": result });
    ([("content-type", "application/json")], reply.to_string()).into_response()
}

async fn served(seen: &Seen) -> Pool {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/mcp", listener.local_addr().unwrap());
    let seen = Arc::clone(seen);
    let handler = move |headers: HeaderMap, body: Bytes| {
        let seen = Arc::clone(&seen);
        async move { answer(&seen, &headers, &body) }
    };
    let router = Router::new().route("/mcp", post(handler));
    tokio::spawn(async move { axum::serve(listener, router).await });
    let transport = Transport::Http { url, headers: Vec::new() };
    support::pool(vec![UpstreamConfig::new("web", transport)]).await
}

async fn call(pool: &Pool, arguments: Value) -> String {
    let tool = ToolRef { server: "web".to_owned(), tool: "good".to_owned() };
    let Value::Object(arguments) = arguments else { unreachable!() };
    let deadline = Instant::now() + support::PATIENCE;
    outcome(pool.call(ToolCall { tool, arguments, deadline, meter: Arc::default() }).await)
}

#[tokio::test]
async fn a_tool_that_asks_for_what_is_no_header_is_left_out() {
    let pool = served(&Seen::default()).await;
    expect![[r#"
        ready
        tools: good
    "#]]
    .assert_eq(&support::describe(&pool.servers()[0]));
    pool.shutdown().await;
}

#[tokio::test]
async fn an_argument_never_makes_a_header_of_its_own() {
    let seen = Seen::default();
    let pool = served(&seen).await;
    let mut told = String::new();
    for value in [
        "plain",
        "a\r\nAuthorization: evil",
        "a\nb",
        "a\0b",
        "é",
        " leading",
        "trailing ",
        "=?base64?eA==?=",
        "",
    ] {
        let said = call(&pool, json!({ "a": value, "b": "eu" })).await;
        let headers = seen.lock().unwrap().pop();
        let header = |name: &str| {
            let value = headers.as_ref().and_then(|headers| headers.get(name));
            value.map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
        };
        assert_eq!(header("authorization"), None);
        assert_eq!(header("mcp-param-region").as_deref(), Some("eu"));
        writeln!(told, "{value:?}: {said} {:?}", header("mcp-param-tenant")).unwrap();
    }
    expect![[r#"
        "plain": {"ok":true} Some("plain")
        "a\r\nAuthorization: evil": {"ok":true} Some("=?base64?YQ0KQXV0aG9yaXphdGlvbjogZXZpbA==?=")
        "a\nb": {"ok":true} Some("=?base64?YQpi?=")
        "a\0b": {"ok":true} Some("=?base64?YQBi?=")
        "é": {"ok":true} Some("=?base64?w6k=?=")
        " leading": {"ok":true} Some("=?base64?IGxlYWRpbmc=?=")
        "trailing ": {"ok":true} Some("=?base64?dHJhaWxpbmcg?=")
        "=?base64?eA==?=": {"ok":true} Some("=?base64?PT9iYXNlNjQ/ZUE9PT89?=")
        "": {"ok":true} Some("")
    "#]]
    .assert_eq(&told);
    pool.shutdown().await;
}
