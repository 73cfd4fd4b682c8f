//! MCP's messages over HTTP, with every byte of their bodies counted.
//!
//! rmcp's transport decides what is sent when, over which session, and what is tried again; this is
//! the client under it. rmcp has one of its own, which hands on parsed messages, and nobody could
//! tell any more how long they were.
//!
//! # Invariants
//!
//! * Every byte of a body is counted once: what is posted for a call and what comes back is the
//!   call's, all else is the connection's. Headers are not counted.
//! * No body is longer in memory than the limits that the transport hands in.

use std::{
    borrow::Cow,
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use bytes::Bytes;
use futures::{Stream, StreamExt, TryStreamExt, stream::BoxStream};
use http::{
    HeaderMap, HeaderName, HeaderValue, StatusCode,
    header::{ACCEPT, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE},
};
use reqwest::{Client, RequestBuilder, Response};
use rmcp::{
    model::{
        ClientJsonRpcMessage, ClientRequest, ErrorData, JsonRpcMessage, RequestId,
        ServerJsonRpcMessage,
    },
    transport::{
        common::http_header::{
            EVENT_STREAM_MIME_TYPE, HEADER_LAST_EVENT_ID, HEADER_SESSION_ID, JSON_MIME_TYPE,
        },
        streamable_http_client::{
            AuthRequiredError, HttpStatusError, InsufficientScopeError, SseError,
            StreamableHttpClient, StreamableHttpError, StreamableHttpPostResponse,
            StreamableHttpResponseLimits,
        },
    },
};
use sse_stream::Sse;
use workroom_engine::upstreams::Meter;

use crate::{
    events::events,
    wire::{Beside, meter_of},
};

/// Why there is no answer.
type Failure = StreamableHttpError<reqwest::Error>;

/// Headers that belong to the protocol.
const RESERVED: [&str; 3] = ["accept", "mcp-session-id", "last-event-id"];

/// How reasons begin for an answer that is JSON and no message.
pub(crate) const NO_MESSAGE: &str = "could not parse";

/// The HTTP client of one server.
#[derive(Clone, Debug)]
pub(crate) struct Web {
    client: Client,
    shared: Arc<Shared>,
}

/// What a server's requests share.
#[derive(Debug)]
struct Shared {
    beside: Arc<Beside>,
    /// An event was too large. No stream is gone on with then: the event would come again.
    is_too_large: AtomicBool,
}

/// Whose bytes they are.
struct Count {
    meter: Option<Arc<Meter>>,
    shared: Arc<Shared>,
}

impl Count {
    fn sent(&self, bytes: usize) {
        if self.meter.as_ref().is_none_or(|meter| !meter.sent(bytes as u64)) {
            self.shared.beside.sent(bytes);
        }
    }

    fn received(&self, bytes: usize) {
        if self.meter.as_ref().is_none_or(|meter| !meter.received(bytes as u64)) {
            self.shared.beside.received(bytes);
        }
    }
}

/// The headers of one request.
struct Headers {
    session: Option<Arc<str>>,
    token: Option<String>,
    custom: HashMap<HeaderName, HeaderValue>,
}

impl Web {
    pub(crate) fn new(client: Client, beside: Arc<Beside>) -> Self {
        Self { client, shared: Arc::new(Shared { beside, is_too_large: AtomicBool::new(false) }) }
    }

    fn count(&self, meter: Option<Arc<Meter>>) -> Count {
        Count { meter, shared: Arc::clone(&self.shared) }
    }
}

fn with(request: RequestBuilder, headers: Headers) -> Result<RequestBuilder, Failure> {
    let accepted = format!("{EVENT_STREAM_MIME_TYPE}, {JSON_MIME_TYPE}");
    let mut request = request.header(ACCEPT, accepted);
    if let Some(token) = headers.token {
        request = request.bearer_auth(token);
    }
    if let Some(name) = headers.custom.keys().find(|name| RESERVED.contains(&name.as_str())) {
        return Err(StreamableHttpError::ReservedHeaderConflict(name.to_string()));
    }
    request = request.headers(headers.custom.into_iter().collect());
    if let Some(session) = headers.session {
        request = request.header(HEADER_SESSION_ID, &*session);
    }
    Ok(request)
}

impl StreamableHttpClient for Web {
    type Error = reqwest::Error;

    async fn post_message(
        &self,
        uri: Arc<str>,
        message: ClientJsonRpcMessage,
        session: Option<Arc<str>>,
        token: Option<String>,
        custom: HashMap<HeaderName, HeaderValue>,
    ) -> Result<StreamableHttpPostResponse, Failure> {
        let limits = StreamableHttpResponseLimits::default();
        self.post_message_with_response_limits(uri, message, session, token, custom, limits).await
    }

    async fn post_message_with_response_limits(
        &self,
        uri: Arc<str>,
        message: ClientJsonRpcMessage,
        session: Option<Arc<str>>,
        token: Option<String>,
        custom: HashMap<HeaderName, HeaderValue>,
        limits: StreamableHttpResponseLimits,
    ) -> Result<StreamableHttpPostResponse, Failure> {
        let count = self.count(meter_of(&message));
        let asked = Asked::of(&message, session.is_some());
        let body = serde_json::to_vec(&message)?;
        let bytes = body.len();
        let request = self.client.post(&*uri).header(CONTENT_TYPE, JSON_MIME_TYPE).body(body);
        let sent = with(request, Headers { session, token, custom })?.send().await;
        if !sent.as_ref().is_err_and(reqwest::Error::is_connect) {
            count.sent(bytes);
        }
        asked.answer(sent.map_err(StreamableHttpError::Client)?, count, &limits).await
    }

    async fn delete_session(
        &self,
        uri: Arc<str>,
        session: Arc<str>,
        token: Option<String>,
        custom: HashMap<HeaderName, HeaderValue>,
    ) -> Result<(), Failure> {
        // Nothing of it is in a body.
        self.client.delete_session(uri, session, token, custom).await
    }

    async fn get_stream(
        &self,
        uri: Arc<str>,
        session: Option<Arc<str>>,
        last_event: Option<String>,
        token: Option<String>,
        custom: HashMap<HeaderName, HeaderValue>,
    ) -> Result<BoxStream<'static, Result<Sse, SseError>>, Failure> {
        let event_max = StreamableHttpResponseLimits::default().max_sse_event_size;
        self.get_stream_with_max_sse_event_size(uri, session, last_event, token, custom, event_max)
            .await
    }

    async fn get_stream_with_max_sse_event_size(
        &self,
        uri: Arc<str>,
        session: Option<Arc<str>>,
        last_event: Option<String>,
        token: Option<String>,
        custom: HashMap<HeaderName, HeaderValue>,
        event_max: usize,
    ) -> Result<BoxStream<'static, Result<Sse, SseError>>, Failure> {
        if self.shared.is_too_large.load(Ordering::Relaxed) {
            return Err(StreamableHttpError::ServerDoesNotSupportSse);
        }
        let mut request = with(self.client.get(&*uri), Headers { session, token, custom })?;
        if let Some(last) = last_event {
            request = request.header(HEADER_LAST_EVENT_ID, last);
        }
        let response = request.send().await.map_err(StreamableHttpError::Client)?;
        if response.status() == StatusCode::METHOD_NOT_ALLOWED {
            return Err(StreamableHttpError::ServerDoesNotSupportSse);
        }
        challenge(response.status(), response.headers())?;
        if let Some(failed) = trouble(response.status(), response.headers()) {
            return Err(failed.into());
        }
        let response = response.error_for_status().map_err(StreamableHttpError::Client)?;
        let kind = content_type(&response);
        if !is(kind.as_deref(), EVENT_STREAM_MIME_TYPE) && !is(kind.as_deref(), JSON_MIME_TYPE) {
            return Err(StreamableHttpError::UnexpectedContentType(kind));
        }
        Ok(read_events(response, self.count(None), event_max))
    }
}

/// What matters of a message for reading what comes back.
struct Asked {
    /// The request that it is, which must be answered.
    request: Option<RequestId>,
    /// It asks whether the server knows this revision of the protocol.
    is_discovery: bool,
    in_session: bool,
}

impl Asked {
    fn of(message: &ClientJsonRpcMessage, in_session: bool) -> Self {
        let request = match message {
            JsonRpcMessage::Request(request) => Some(request),
            _ => None,
        };
        Self {
            request: request.map(|it| it.id.clone()),
            is_discovery: request
                .is_some_and(|it| matches!(it.request, ClientRequest::DiscoverRequest(_))),
            in_session,
        }
    }

    async fn answer(
        &self,
        response: Response,
        count: Count,
        limits: &StreamableHttpResponseLimits,
    ) -> Result<StreamableHttpPostResponse, Failure> {
        let status = response.status();
        challenge(status, response.headers())?;
        if matches!(status, StatusCode::ACCEPTED | StatusCode::NO_CONTENT) {
            return Ok(StreamableHttpPostResponse::Accepted);
        }
        if status == StatusCode::NOT_FOUND && self.in_session {
            return Err(StreamableHttpError::SessionExpired);
        }
        if !status.is_success() {
            return self.refusal(response, count, limits).await;
        }
        // Some servers answer what needs no answer with an empty 200.
        let needs_none = self.request.is_none();
        if needs_none && response.content_length() == Some(0) {
            return Ok(StreamableHttpPostResponse::Accepted);
        }
        let session = response.headers().get(HEADER_SESSION_ID);
        let session = session.and_then(|id| id.to_str().ok()).map(str::to_owned);
        let kind = content_type(&response);
        if is(kind.as_deref(), EVENT_STREAM_MIME_TYPE) {
            let events = read_events(response, count, limits.max_sse_event_size);
            return Ok(StreamableHttpPostResponse::Sse(events, session));
        }
        if !is(kind.as_deref(), JSON_MIME_TYPE) {
            if needs_none {
                return Ok(StreamableHttpPostResponse::Accepted);
            }
            return Err(StreamableHttpError::UnexpectedContentType(kind));
        }
        let text = whole(response, count, limits.max_json_response_size).await?;
        match serde_json::from_slice(&text) {
            Ok(message) => Ok(StreamableHttpPostResponse::Json(message, session)),
            Err(_) if needs_none => Ok(StreamableHttpPostResponse::Accepted),
            Err(error) => {
                let reason = format!("{NO_MESSAGE} the answer: {error}");
                Err(StreamableHttpError::UnexpectedServerResponse(Cow::Owned(reason)))
            }
        }
    }

    /// Reads an answer whose status says that it is none.
    async fn refusal(
        &self,
        response: Response,
        count: Count,
        limits: &StreamableHttpResponseLimits,
    ) -> Result<StreamableHttpPostResponse, Failure> {
        let status = response.status();
        let is_json = is(content_type(&response).as_deref(), JSON_MIME_TYPE);
        let failed = match trouble(status, response.headers()) {
            Some(failed) if !is_json || status == StatusCode::TOO_MANY_REQUESTS => {
                return Err(failed.into());
            }
            failed => failed,
        };
        let is_denied = matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN);
        let text = if is_json && !is_denied {
            match whole(response, count, limits.max_json_response_size).await {
                Ok(text) => text,
                Err(StreamableHttpError::Client(_)) => Vec::new(),
                Err(error) => return Err(failed.map_or(error, StreamableHttpError::from)),
            }
        } else {
            beginning(response, count, limits.max_error_response_size).await
        };
        let told = match serde_json::from_slice(&text) {
            Ok(ServerJsonRpcMessage::Error(told)) if is_json && !is_denied => Some(told),
            _ => None,
        };
        let words = String::from_utf8_lossy(&text);
        let words: String = words.chars().take(limits.max_error_response_size).collect();
        // A server that does not know the question is asked the older way. Its refusal may name no
        // request, so it is given the one that it is about.
        if self.is_discovery && !self.in_session && status.is_client_error() && !is_denied {
            let refused = || ErrorData::invalid_request(format!("HTTP {status}: {words}"), None);
            let error = told.map_or_else(refused, |told| told.error);
            let answer = ServerJsonRpcMessage::error(error, self.request.clone());
            return Ok(StreamableHttpPostResponse::Json(answer, None));
        }
        match (told, failed) {
            (Some(told), _) => {
                let answer = ServerJsonRpcMessage::Error(told);
                Ok(StreamableHttpPostResponse::Json(answer, None))
            }
            (None, Some(failed)) => Err(failed.into()),
            (None, None) => {
                let reason = format!("HTTP {status}: {words}");
                Err(StreamableHttpError::UnexpectedServerResponse(Cow::Owned(reason)))
            }
        }
    }
}

/// What a server asks for before it answers.
fn challenge(status: StatusCode, headers: &HeaderMap) -> Result<(), Failure> {
    let Some(asks) = headers.get(WWW_AUTHENTICATE) else { return Ok(()) };
    let asks = String::from_utf8_lossy(asks.as_bytes()).into_owned();
    match status {
        StatusCode::UNAUTHORIZED => {
            Err(StreamableHttpError::AuthRequired(AuthRequiredError::new(asks)))
        }
        StatusCode::FORBIDDEN => {
            Err(StreamableHttpError::InsufficientScope(InsufficientScopeError::new(asks, None)))
        }
        _ => Ok(()),
    }
}

/// The status of a server that cannot answer now.
fn trouble(status: StatusCode, headers: &HeaderMap) -> Option<HttpStatusError> {
    let after = headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok());
    (status == StatusCode::TOO_MANY_REQUESTS || status.is_server_error())
        .then(|| HttpStatusError::new(status.as_u16(), after.map(str::to_owned)))
}

fn content_type(response: &Response) -> Option<String> {
    let kind = response.headers().get(CONTENT_TYPE)?;
    Some(String::from_utf8_lossy(kind.as_bytes()).into_owned())
}

/// Whether a content type is `expected`, whatever parameters it has.
fn is(kind: Option<&str>, expected: &str) -> bool {
    let kind = kind.and_then(|kind| kind.split(';').next());
    kind.is_some_and(|kind| kind.trim().eq_ignore_ascii_case(expected))
}

fn read_events(
    response: Response,
    count: Count,
    most: usize,
) -> BoxStream<'static, Result<Sse, SseError>> {
    let shared = Arc::clone(&count.shared);
    let note = move || shared.is_too_large.store(true, Ordering::Relaxed);
    events(body(response, count), most, note)
}

/// The body in pieces, each counted as it comes.
fn body(
    response: Response,
    count: Count,
) -> impl Stream<Item = Result<Bytes, reqwest::Error>> + Send + 'static {
    response.bytes_stream().inspect_ok(move |piece| {
        count.received(piece.len());
    })
}

/// All of a body.
async fn whole(response: Response, count: Count, most: usize) -> Result<Vec<u8>, Failure> {
    let too_large = || StreamableHttpError::ResponseBodyTooLarge { max_size: most };
    if response.content_length().is_some_and(|length| length > most as u64) {
        return Err(too_large());
    }
    let mut pieces = std::pin::pin!(body(response, count));
    let mut text = Vec::new();
    while let Some(piece) = pieces.try_next().await.map_err(StreamableHttpError::Client)? {
        if piece.len() > most - text.len() {
            return Err(too_large());
        }
        text.extend_from_slice(&piece);
    }
    Ok(text)
}

/// The first `most` bytes of a body, as far as they come.
async fn beginning(response: Response, count: Count, most: usize) -> Vec<u8> {
    let mut pieces = std::pin::pin!(body(response, count));
    let mut text = Vec::new();
    while text.len() < most
        && let Some(Ok(piece)) = pieces.next().await
    {
        text.extend_from_slice(&piece);
    }
    text.truncate(most);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn after_an_event_that_was_too_large_no_stream_is_gone_on_with() {
        let uri = "http://127.0.0.1:1/";
        let client = crate::http::client(&uri.parse().unwrap()).unwrap();
        let web = Web::new(client, Arc::default());
        web.shared.is_too_large.store(true, Ordering::Relaxed);
        let again = web.get_stream(uri.into(), None, None, None, HashMap::new());
        assert!(matches!(again.await, Err(StreamableHttpError::ServerDoesNotSupportSse)));
    }
}
