//! Servers over Streamable HTTP, on a free port of this machine.

#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod support;

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    body::Body,
    response::{IntoResponse, Redirect, Response},
    routing::any,
};
use expect_test::{Expect, expect};
use http::StatusCode;
use rmcp::{
    ErrorData, RoleServer, ServerHandler,
    model::{
        CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock, ListToolsResult,
        PaginatedRequestParams, ServerCapabilities, ServerConfig, Tool,
    },
    service::RequestContext,
    transport::streamable_http_server::{
        StreamableHttpServerConfig, StreamableHttpService, session::local::LocalSessionManager,
    },
};
use serde_json::json;
use support::{call, describe, pool};
use tokio::net::TcpListener;
use workroom_engine::upstreams::Upstreams;
use workroom_upstream::{Bounds, Transport, UpstreamConfig};

/// Serves `router` until the test ends.
async fn serve(router: Router) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    format!("http://{address}/mcp")
}

fn config(url: &str) -> UpstreamConfig {
    let headers = vec![("authorization".to_owned(), "Bearer s3cret".to_owned())];
    UpstreamConfig::new("web", Transport::Http { url: url.to_owned(), headers })
        .with_start_timeout(Duration::from_secs(20))
}

async fn check(config: UpstreamConfig, expected: &Expect) {
    let pool = pool(vec![config]).await;
    expected.assert_eq(&describe(&pool.servers()[0]));
    pool.shutdown().await;
}

/// A server of rmcp, which answers a call with the credentials that it saw.
struct Mirror;

impl ServerHandler for Mirror {
    fn get_info(&self) -> ServerConfig {
        ServerConfig::new(ServerCapabilities::builder().enable_tools().build())
    }

    async fn list_tools(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        let schema = Arc::new(serde_json::Map::new());
        Ok(ListToolsResult::with_all_items(vec![Tool::new("echo", "says who calls", schema)]))
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let parts = context.extensions.get::<http::request::Parts>().unwrap();
        let who = parts.headers["authorization"].to_str().unwrap();
        let text = format!("{who} sent {}", json!(request.arguments));
        Ok(CallToolResult::success(vec![ContentBlock::text(text)]).into())
    }
}

fn mirror() -> Router {
    let service = StreamableHttpService::new(
        || Ok(Mirror),
        Arc::new(LocalSessionManager::default()),
        StreamableHttpServerConfig::default(),
    );
    Router::new().route_service("/mcp", service)
}

#[tokio::test]
async fn a_server_is_reached_with_its_headers() {
    let pool = pool(vec![config(&serve(mirror()).await)]).await;
    let text = describe(&pool.servers()[0]);
    assert!(text.starts_with("ready\n") && text.contains("tools: echo"), "{text}");
    let output = call(&pool, "web", json!({ "a": 1 })).await.unwrap();
    expect![[r#"Bearer s3cret sent {"a":1}"#]]
        .assert_eq(output.content[0]["text"].as_str().unwrap());
    pool.shutdown().await;
}

/// A server that answers every request the same.
async fn always(answer: impl IntoResponse + Clone + Send + Sync + 'static) -> UpstreamConfig {
    let handler = move || std::future::ready(answer.clone());
    config(&serve(Router::new().fallback(any(handler))).await)
}

#[tokio::test]
async fn what_is_wrong_with_a_server_is_said_in_words() {
    let html = [("content-type", "text/html")];
    let challenge = [("www-authenticate", "Bearer")];
    check(
        always((StatusCode::UNAUTHORIZED, challenge)).await,
        &expect![[r#"
        failed: HTTP 401 Unauthorized: it asks for credentials; set them in its `headers`
    "#]],
    )
    .await;
    check(
        always(StatusCode::UNAUTHORIZED).await,
        &expect![[r#"
        failed: HTTP 401 Unauthorized: it asks for credentials; set them in its `headers`
    "#]],
    )
    .await;
    check(
        always(StatusCode::FORBIDDEN).await,
        &expect![[r#"
        failed: HTTP 403 Forbidden
    "#]],
    )
    .await;
    check(
        always((StatusCode::NOT_FOUND, "no such page")).await,
        &expect![[r#"
        failed: HTTP 404 Not Found: no such page
    "#]],
    )
    .await;
    check(
        always((StatusCode::BAD_GATEWAY, "oops")).await,
        &expect![[r#"
        failed: HTTP 502 Bad Gateway
    "#]],
    )
    .await;
    check(
        always((html, "<html>hello</html>")).await,
        &expect![[r#"
        failed: it answered with `text/html` and not with JSON; is the URL right?
    "#]],
    )
    .await;
    let json = [("content-type", "application/json")];
    check(
        always((json, "{}")).await,
        &expect![[r#"
        failed: it answered with JSON that is not MCP; is the URL right?
    "#]],
    )
    .await;
}

#[tokio::test]
async fn an_address_that_leads_nowhere_is_said_without_its_secrets() {
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    check(
        config(&format!("http://{free}/mcp?key=s3cret")),
        &expect![[r#"
        failed: connection refused
    "#]],
    )
    .await;
    check(
        config("ftp://127.0.0.1/"),
        &expect![[r#"
        failed: its URL starts with `ftp` and not with `https`
    "#]],
    )
    .await;
    check(
        config("not a url"),
        &expect![[r#"
        failed: its URL is not valid: relative URL without a base
    "#]],
    )
    .await;
}

#[tokio::test]
async fn a_redirect_to_another_origin_is_not_followed() {
    let target = serve(mirror()).await;
    let elsewhere = Router::new().fallback(any(move || {
        let target = target.clone();
        async move { Redirect::permanent(&target) }
    }));
    check(
        config(&serve(elsewhere).await),
        &expect![[r#"
        failed: HTTP 308 Permanent Redirect
    "#]],
    )
    .await;

    let moved = mirror().route("/old", any(|| async { Redirect::permanent("/mcp") }));
    let url = serve(moved).await.replace("/mcp", "/old");
    let pool = pool(vec![config(&url)]).await;
    assert!(describe(&pool.servers()[0]).starts_with("ready\n"));
    pool.shutdown().await;
}

/// A body of JSON that is only white space, for ever.
async fn endless() -> Response {
    let body = futures::stream::repeat_with(|| Ok::<_, std::io::Error>(vec![b' '; 4096]));
    ([("content-type", "application/json")], Body::from_stream(body)).into_response()
}

#[tokio::test]
async fn a_silent_server_is_given_up_and_an_endless_answer_is_cut() {
    let silent = Router::new().fallback(any(std::future::pending::<StatusCode>));
    let quick = config(&serve(silent).await).with_start_timeout(Duration::from_millis(300));
    check(
        quick,
        &expect![[r#"
        failed: it did not answer within 300 ms
    "#]],
    )
    .await;

    let config = config(&serve(Router::new().fallback(any(endless))).await);
    let bounds = Bounds { message_bytes: 1 << 20, ..Bounds::default() };
    check(
        config.with_bounds(bounds),
        &expect![[r#"
        failed: its answer has more than 1048576 bytes
    "#]],
    )
    .await;
}

#[tokio::test]
async fn headers_that_cannot_be_sent_are_named() {
    let with = |name: &str, value: &str| {
        let headers = vec![(name.to_owned(), value.to_owned())];
        let url = "http://127.0.0.1:1/".to_owned();
        UpstreamConfig::new("web", Transport::Http { url, headers })
    };
    check(
        with("bad name", "x"),
        &expect![[r#"
        failed: `bad name` is not a name for a header
    "#]],
    )
    .await;
    check(
        with("x-key", "two\nlines"),
        &expect![[r#"
        failed: the value of its header `x-key` is not valid
    "#]],
    )
    .await;
    check(
        with("mcp-session-id", "mine"),
        &expect![[r#"
        failed: its header `mcp-session-id` belongs to the protocol and cannot be set
    "#]],
    )
    .await;
}
