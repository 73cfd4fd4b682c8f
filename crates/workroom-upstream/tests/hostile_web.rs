//! Servers over HTTP that drip, bloat, redirect and refuse: each call has an end, and none that
//! may do harm is sent twice.

#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod support;

use std::{
    fmt::Write as _,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use axum::{
    Router,
    body::{Body, Bytes},
    http::HeaderMap,
    response::{IntoResponse, Response},
    routing::post,
};
use expect_test::expect;
use futures::{StreamExt as _, stream};
use http::StatusCode;
use serde_json::{Value, json};
use support::outcome;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};
use workroom_engine::upstreams::{ToolCall, Upstreams};
use workroom_types::ToolRef;
use workroom_upstream::{Bounds, Chance, Pool, Transport, UpstreamConfig};

/// A server that does at each call what its argument `do` says, and at the next what it always
/// did: answer.
#[derive(Clone, Default)]
struct Web(Arc<Mutex<Seen>>);

#[derive(Default)]
struct Seen {
    handshakes: usize,
    calls: usize,
    session: String,
    /// What it says it speaks, one handshake after the other; then what it is asked for.
    versions: Vec<&'static str>,
    encodings: Option<String>,
}

impl Web {
    async fn serve(&self) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/mcp", listener.local_addr().unwrap());
        let web = self.clone();
        let handler = move |headers: HeaderMap, body: Bytes| {
            let web = web.clone();
            async move { web.answer(&headers, &body) }
        };
        let router = Router::new().route("/mcp", post(handler));
        tokio::spawn(async move { axum::serve(listener, router).await });
        url
    }

    fn answer(&self, headers: &HeaderMap, body: &Bytes) -> Response {
        let message: Value = serde_json::from_slice(body).unwrap();
        let tool = |name: &str, hint: bool| {
            let annotations = json!({ "readOnlyHint": hint });
            json!({ "name": name, "inputSchema": {}, "annotations": annotations })
        };
        let mut seen = self.0.lock().unwrap();
        match message["method"].as_str().unwrap_or_default() {
            "initialize" => {
                seen.handshakes += 1;
                let session = match seen.session.as_str() {
                    "" => format!("session-{}", seen.handshakes),
                    given => given.to_owned(),
                };
                let asked = message["params"]["protocolVersion"].as_str().unwrap_or_default();
                let version = seen.versions.get(seen.handshakes - 1).copied().unwrap_or(asked);
                let reply = reply(
                    &message,
                    &json!({
                        "protocolVersion": version,
                        "capabilities": { "tools": {} },
                        "serverInfo": { "name": "web", "version": "1" },
                    }),
                );
                ([("mcp-session-id", session)], reply).into_response()
            }
            "tools/list" => {
                reply(&message, &json!({ "tools": [tool("read", true), tool("add", false)] }))
            }
            "tools/call" => {
                seen.calls += 1;
                let encodings = headers.get("accept-encoding");
                seen.encodings = encodings.map(|value| value.to_str().unwrap().to_owned());
                let first = seen.calls == 1;
                drop(seen);
                called(&message, first)
            }
            _ if message["id"].is_null() => StatusCode::ACCEPTED.into_response(),
            _ => {
                let error = json!({ "code": -32601, "message": "Method not found" });
                json_of(&json!({ "jsonrpc": "2.0", "id": message["id"], "error": error }))
            }
        }
    }
}

/// What a call is answered with; some ways are for the first one alone.
fn called(message: &Value, first: bool) -> Response {
    let good = json!({ "content": [], "structuredContent": { "ok": true } });
    let how = message["params"]["arguments"]["do"].as_str().unwrap_or_default();
    let status = |status: u16, after: &'static str| {
        (StatusCode::from_u16(status).unwrap(), [("retry-after", after)]).into_response()
    };
    let kind = |kind: &'static str, body: Body| ([("content-type", kind)], body).into_response();
    let json_body = |body| kind("application/json", body);
    let for_ever = || stream::pending::<Result<Bytes, std::io::Error>>();
    let bytes = |text: &'static str| stream::iter([Ok(Bytes::from_static(text.as_bytes()))]);
    match how {
        "drip" => json_body(Body::from_stream(bytes("{").chain(for_ever()))),
        "open-event" => {
            let begun = bytes("event: message\ndata: {").chain(for_ever());
            kind("text/event-stream", Body::from_stream(begun))
        }
        "cut-event" => kind("text/event-stream", Body::from("event: message\ndata: {\"id\"")),
        "gzip" => {
            // The beginning of a file of zeros, as gzip has it.
            let body = Body::from(&b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03"[..]);
            let mut response = json_body(body);
            response.headers_mut().insert("content-encoding", "gzip".parse().unwrap());
            response
        }
        "crumbs" => {
            let text = reply_text(message, &good);
            let crumbs: Vec<_> = std::iter::repeat_n(b' ', 20_000)
                .chain(text.into_bytes())
                .map(|byte| Ok::<_, std::io::Error>(Bytes::from(vec![byte])))
                .collect();
            json_body(Body::from_stream(stream::iter(crumbs)))
        }
        "headers" => {
            let mut response = reply(message, &good);
            for number in 0..1_000 {
                let name = http::HeaderName::try_from(format!("x-{number}")).unwrap();
                response.headers_mut().insert(name, "x".parse().unwrap());
            }
            response
        }
        "redirects" => (StatusCode::TEMPORARY_REDIRECT, [("location", "/mcp")]).into_response(),
        "endless" => {
            let spaces = stream::repeat_with(|| Ok::<_, std::io::Error>(vec![b' '; 4096]));
            json_body(Body::from_stream(spaces))
        }
        "no-session" => StatusCode::NOT_FOUND.into_response(),
        "session-ends" if first => StatusCode::NOT_FOUND.into_response(),
        "unauthorized" => StatusCode::UNAUTHORIZED.into_response(),
        "busy-for-ever" => status(429, "999999999"),
        "busy-date" if first => status(503, "Sun, 06 Nov 1994 08:49:37 GMT"),
        "busy" if first => status(429, "0"),
        "busy-later" => status(503, LATER_S),
        "bad-gateway" if first => StatusCode::BAD_GATEWAY.into_response(),
        "internal" => {
            let error = json!({ "code": -32603, "message": "boom" });
            let body = json!({ "jsonrpc": "2.0", "id": message["id"], "error": error });
            (StatusCode::INTERNAL_SERVER_ERROR, json_of(&body)).into_response()
        }
        _ => reply(message, &good),
    }
}

fn json_of(message: &Value) -> Response {
    ([("content-type", "application/json")], message.to_string()).into_response()
}

fn reply_text(message: &Value, result: &Value) -> String {
    json!({ "jsonrpc": "2.0", "id": message["id"], "result": result }).to_string()
}

fn reply(message: &Value, result: &Value) -> Response {
    ([("content-type", "application/json")], reply_text(message, result)).into_response()
}

/// How long a call may take that is answered. Longer than any answer on a busy machine.
const ANSWERED: Duration = Duration::from_secs(30);

/// How long a call may take that never is.
const UNANSWERED: Duration = Duration::from_secs(2);

/// A wait that a server asks for: longer than a call may take, and not too long to be kept.
const LATER_S: &str = "40";

fn config(url: String) -> UpstreamConfig {
    let bounds = Bounds { message_bytes: 1 << 20, ..Bounds::default() };
    UpstreamConfig::new("web", Transport::Http { url, headers: Vec::new() })
        .with_call_timeout(ANSWERED)
        .with_bounds(bounds)
}

async fn call(pool: &Pool, tool: &str, how: &str) -> String {
    let tool = ToolRef { server: "web".to_owned(), tool: tool.to_owned() };
    let Value::Object(arguments) = json!({ "do": how }) else { unreachable!() };
    let deadline = Instant::now() + support::PATIENCE;
    outcome(pool.call(ToolCall { tool, arguments, deadline, meter: Arc::default() }).await)
}

/// What a call of `tool` comes to in each of `ways`, how often it was sent, and how many sessions
/// there were.
async fn each(tool: &str, ways: &[&str]) -> String {
    let mut text = String::new();
    for way in ways {
        let web = Web::default();
        let guard = support::guard();
        // The shortest waits.
        let unanswered = ["drip", "open-event"].contains(way);
        let time = if unanswered { UNANSWERED } else { ANSWERED };
        let server = config(web.serve().await).with_call_timeout(time);
        let pool = Pool::start_with(vec![server], guard, Chance::new(|| 0.0));
        assert!(pool.ready(support::PATIENCE).await);
        let said = call(&pool, tool, way).await;
        let (calls, handshakes) = {
            let seen = web.0.lock().unwrap();
            (seen.calls, seen.handshakes)
        };
        writeln!(text, "{way}: {said}\n    sent {calls}, sessions {handshakes}").unwrap();
        pool.shutdown().await;
    }
    text
}

#[tokio::test]
async fn bodies_that_drip_or_bloat_end_with_their_call() {
    let ways =
        ["drip", "open-event", "cut-event", "gzip", "crumbs", "headers", "redirects", "endless"];
    expect![[r#"
        drip: call_timeout: tool `web.add` did not answer within 2000 ms; it may have been done, so look before you call it again
            sent 1, sessions 1
        open-event: call_timeout: tool `web.add` did not answer within 2000 ms; it may have been done, so look before you call it again
            sent 1, sessions 1
        cut-event: server_gone: server `web` went away before it answered `add`: its answer ended before it was whole; it may have been done, so look before you call it again
            sent 1, sessions 1
        gzip: protocol: tool `web.add` gave an answer that is not MCP: its answer is not whole, or not MCP; it may have been done, so look before you call it again
            sent 1, sessions 1
        crumbs: {"ok":true}
            sent 1, sessions 1
        headers: server_gone: server `web` went away before it answered `add`: message head is too large; it may have been done, so look before you call it again
            sent 1, sessions 1
        redirects: protocol: tool `web.add` gave an answer that is not MCP: HTTP 307 Temporary Redirect; it may have been done, so look before you call it again
            sent 6, sessions 1
        endless: protocol: tool `web.add` gave an answer that is not MCP: its answer has more than 1048576 bytes; it may have been done, so look before you call it again
            sent 1, sessions 1
    "#]].assert_eq(&each("add", &ways).await);
}

const REFUSALS: [&str; 9] = [
    "no-session",
    "session-ends",
    "unauthorized",
    "busy-for-ever",
    "busy-date",
    "busy",
    "busy-later",
    "bad-gateway",
    "internal",
];

#[tokio::test]
async fn a_refused_call_that_may_do_harm_is_not_sent_again() {
    expect![[r#"
        no-session: server_busy: server `web` did not take `add` now: it ended the session twice
            sent 2, sessions 2
        session-ends: {"ok":true}
            sent 2, sessions 2
        unauthorized: server_unavailable: server `web` is not available: HTTP 401 Unauthorized: it asks for credentials; set them in its `headers`
            sent 1, sessions 1
        busy-for-ever: server_busy: server `web` did not take `add` now: HTTP 429 Too Many Requests; call it again after 86400 s
            sent 1, sessions 1
        busy-date: server_busy: server `web` did not take `add` now: HTTP 503 Service Unavailable; call it again after 1 s
            sent 1, sessions 1
        busy: server_busy: server `web` did not take `add` now: HTTP 429 Too Many Requests; call it again after 1 s
            sent 1, sessions 1
        busy-later: server_busy: server `web` did not take `add` now: HTTP 503 Service Unavailable; call it again after 40 s
            sent 1, sessions 1
        bad-gateway: protocol: tool `web.add` gave an answer that is not MCP: HTTP 502 Bad Gateway; it may have been done, so look before you call it again
            sent 1, sessions 1
        internal: call_rejected: tool `web.add` failed: boom (code -32603)
            sent 1, sessions 1
    "#]].assert_eq(&each("add", &REFUSALS).await);
}

#[tokio::test]
async fn a_refused_call_that_does_no_harm_is_sent_again() {
    expect![[r#"
        no-session: server_busy: server `web` did not take `read` now: it ended the session twice (tried 4 times)
            sent 8, sessions 5
        session-ends: {"ok":true}
            sent 2, sessions 2
        unauthorized: server_unavailable: server `web` is not available: HTTP 401 Unauthorized: it asks for credentials; set them in its `headers`
            sent 1, sessions 1
        busy-for-ever: server_busy: server `web` did not take `read` now: HTTP 429 Too Many Requests; call it again after 86400 s
            sent 1, sessions 1
        busy-date: {"ok":true}
            sent 2, sessions 1
        busy: {"ok":true}
            sent 2, sessions 1
        busy-later: server_busy: server `web` did not take `read` now: HTTP 503 Service Unavailable; call it again after 40 s
            sent 1, sessions 1
        bad-gateway: {"ok":true}
            sent 2, sessions 1
        internal: call_rejected: tool `web.read` failed: boom (code -32603)
            sent 1, sessions 1
    "#]].assert_eq(&each("read", &REFUSALS).await);
}

#[tokio::test]
async fn nothing_compressed_is_asked_for() {
    let web = Web::default();
    let pool = support::pool(vec![config(web.serve().await)]).await;
    call(&pool, "read", "").await;
    assert_eq!(web.0.lock().unwrap().encodings, None);
    pool.shutdown().await;
}

#[tokio::test]
async fn a_long_session_id_comes_back_as_it_was_or_fails_its_server() {
    let web = Web::default();
    web.0.lock().unwrap().session = "s".repeat(10_000);
    let pool = support::pool(vec![config(web.serve().await)]).await;
    expect![[r#"{"ok":true}"#]].assert_eq(&call(&pool, "read", "").await);
    pool.shutdown().await;
}

#[tokio::test]
async fn a_server_that_asks_for_rest_is_left_alone_by_every_call() {
    let web = Web::default();
    let pool = support::pool(vec![config(web.serve().await)]).await;
    call(&pool, "add", "busy-for-ever").await;
    let tool = ToolRef { server: "web".to_owned(), tool: "read".to_owned() };
    let deadline = Instant::now() + ANSWERED;
    let error = pool
        .call(ToolCall { tool, arguments: serde_json::Map::new(), deadline, meter: Arc::default() })
        .await;
    let told = outcome(error);
    let reason = "it asked to be left alone for longer than the call may take";
    assert!(told.contains(reason), "{told}");
    assert_eq!(web.0.lock().unwrap().calls, 1);
    pool.shutdown().await;
}

#[tokio::test]
async fn every_version_is_spoken_and_one_that_is_not_known_fails_the_server() {
    let mut told = String::new();
    for version in ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25", "9999-01-01"] {
        let web = Web::default();
        web.0.lock().unwrap().versions = vec![version];
        let pool = Pool::start(vec![config(web.serve().await)], support::guard());
        pool.ready(support::PATIENCE).await;
        writeln!(told, "{version}: {}", call(&pool, "read", "").await).unwrap();
        pool.shutdown().await;
    }
    expect![[r#"
        2024-11-05: {"ok":true}
        2025-03-26: {"ok":true}
        2025-06-18: {"ok":true}
        2025-11-25: {"ok":true}
        9999-01-01: server_unavailable: server `web` is not available: it speaks version `9999-01-01` of MCP, which is not known here
    "#]].assert_eq(&told);
}

#[tokio::test]
async fn a_server_that_speaks_an_older_version_in_the_middle_is_understood() {
    let mut told = String::new();
    for later in ["2024-11-05", "2025-03-26"] {
        let web = Web::default();
        web.0.lock().unwrap().versions = vec!["2025-11-25", later];
        let pool = Pool::start(vec![config(web.serve().await)], support::guard());
        assert!(pool.ready(support::PATIENCE).await);
        let first = call(&pool, "read", "session-ends").await;
        let second = call(&pool, "read", "").await;
        writeln!(told, "{later:?}: {first}\n    then {second}").unwrap();
        pool.shutdown().await;
    }
    expect![[r#"
        "2024-11-05": {"ok":true}
            then {"ok":true}
        "2025-03-26": {"ok":true}
            then {"ok":true}
    "#]]
    .assert_eq(&told);
}

/// A server that answers the first request with these bytes.
async fn raw(head: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/mcp", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut asked = vec![0; 64 * 1024];
            let read = stream.read(&mut asked).await.unwrap_or_default();
            let body = String::from_utf8_lossy(&asked[..read]).into_owned();
            let id = body.split("\"id\":").nth(1).and_then(|rest| rest.split([',', '}']).next());
            let reply = format!(
                "{{\"jsonrpc\":\"2.0\",\"id\":{},\"result\":{{\"protocolVersion\":\"2025-11-25\",\
                 \"capabilities\":{{\"tools\":{{}}}},\"serverInfo\":{{\"name\":\"raw\",\
                 \"version\":\"1\"}},\"tools\":[]}}}}",
                id.unwrap_or("0")
            );
            let length = reply.len();
            let answer = format!(
                "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n{head}\
                 content-length: {length}\r\nconnection: close\r\n\r\n{reply}"
            );
            // A client that has gone is no fault of the test.
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    });
    url
}

#[tokio::test]
async fn a_session_id_with_control_characters_fails_its_server_or_is_two_headers() {
    let mut told = String::new();
    for head in [
        "mcp-session-id: a\rb\r\n",
        "mcp-session-id: a\nb\r\n",
        "mcp-session-id: a\r\n b\r\n",
        "mcp-session-id: a\u{0}b\r\n",
        "mcp-session-id: a\r\nx-injected: b\r\n",
        "mcp-session-id: \u{7f}\r\n",
        "mcp-session-id: \r\n",
    ] {
        let pool = Pool::start(vec![config(raw(head).await)], support::guard());
        pool.ready(support::PATIENCE).await;
        let server = support::describe(&pool.servers()[0]);
        writeln!(told, "{head:?}: {}", server.lines().next().unwrap_or_default()).unwrap();
        pool.shutdown().await;
    }
    expect![[r#"
        "mcp-session-id: a\rb\r\n": failed: invalid HTTP header parsed
        "mcp-session-id: a\nb\r\n": failed: invalid HTTP header parsed
        "mcp-session-id: a\r\n b\r\n": failed: invalid HTTP header parsed
        "mcp-session-id: a\0b\r\n": failed: invalid HTTP header parsed
        "mcp-session-id: a\r\nx-injected: b\r\n": failed: it answered the handshake with something else than MCP
        "mcp-session-id: \u{7f}\r\n": failed: invalid HTTP header parsed
        "mcp-session-id: \r\n": failed: it answered the handshake with something else than MCP
    "#]].assert_eq(&told);
}
