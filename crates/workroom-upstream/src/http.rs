//! The transport over Streamable HTTP, and the words for what fails on it.
//!
//! rmcp speaks the protocol, through [`crate::web`]; here is how its HTTP client is made: no
//! redirect to another origin, a bound on the time to connect, certificates from the system,
//! bodies within the server's bounds.
//! An answer has no bound in time of its own: each start and each call has a deadline.
//!
//! # Invariants
//!
//! * No reason shows a URL or a header: both may hold credentials.

use std::{
    collections::HashMap,
    error::Error,
    io,
    sync::{Arc, Once},
    time::{Duration, SystemTime},
};

use http::{HeaderName, HeaderValue, StatusCode};
use reqwest::{Client, Url, redirect::Policy};
use rmcp::{
    service::{ClientInitializeError, ServiceError},
    transport::{
        DynamicTransportError, StreamableHttpClientTransport,
        streamable_http_client::{StreamableHttpClientTransportConfig, StreamableHttpError},
    },
};

use crate::{
    Bounds,
    retry::retry_after,
    web::{self, Web},
    wire::Beside,
};

/// The transport of one server.
pub(crate) type Http = StreamableHttpClientTransport<Web>;

type HttpError = StreamableHttpError<reqwest::Error>;

/// How long a connection may take to be made.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Redirects that are followed within one origin.
const REDIRECTS_MAX: usize = 5;

/// Requests to one server under way at once beside calls, such as lists of tools.
const REQUESTS_BESIDE: usize = 4;

/// Characters of a server's own words that a reason shows.
const WORDS_CHARS: usize = 200;

/// A transport that has not connected yet. An error is its reason in one clause.
pub(crate) fn transport(
    url: &str,
    headers: &[(String, String)],
    bounds: &Bounds,
    calls_max: u32,
    beside: &Arc<Beside>,
) -> Result<Http, String> {
    let parsed = Url::parse(url).map_err(|error| format!("its URL is not valid: {error}"))?;
    if !matches!(parsed.scheme(), "http" | "https") {
        return Err(format!("its URL starts with `{}` and not with `https`", parsed.scheme()));
    }
    let config = StreamableHttpClientTransportConfig::with_uri(url)
        .custom_headers(custom(headers)?)
        .max_concurrent_requests(calls_max as usize + REQUESTS_BESIDE)
        .max_sse_event_size(bounds.message_bytes)
        .max_json_response_size(bounds.message_bytes)
        .reinit_on_expired_session(true);
    let web = Web::new(client(&parsed)?, Arc::clone(beside));
    Ok(StreamableHttpClientTransport::with_client(web, config))
}

fn custom(headers: &[(String, String)]) -> Result<HashMap<HeaderName, HeaderValue>, String> {
    let mut custom = HashMap::new();
    for (name, value) in headers {
        let name: HeaderName =
            name.parse().map_err(|_| format!("`{name}` is not a name for a header"))?;
        let mut value = HeaderValue::from_str(value)
            .map_err(|_| format!("the value of its header `{name}` is not valid"))?;
        value.set_sensitive(true);
        custom.insert(name, value);
    }
    Ok(custom)
}

pub(crate) fn client(url: &Url) -> Result<Client, String> {
    static PROVIDER: Once = Once::new();
    PROVIDER.call_once(|| {
        // It fails when the process has one already, which serves as well.
        rustls::crypto::ring::default_provider().install_default().ok();
    });
    let mut client =
        Client::builder().connect_timeout(CONNECT_TIMEOUT).redirect(Policy::custom(|attempt| {
            let same = attempt
                .previous()
                .first()
                .is_some_and(|first| first.origin() == attempt.url().origin());
            // Other kinds of redirect turn a POST into a GET.
            let keeps_body = matches!(
                attempt.status(),
                StatusCode::TEMPORARY_REDIRECT | StatusCode::PERMANENT_REDIRECT
            );
            if same && keeps_body && attempt.previous().len() <= REDIRECTS_MAX {
                attempt.follow()
            } else {
                attempt.stop()
            }
        }));
    if url.scheme() == "http" {
        // A system without certificates can still use a server without TLS.
        client = client.tls_certs_only([]);
    }
    client.build().map_err(|error| format!("HTTPS cannot be used here: {}", deepest(&error)))
}

/// What became of a call that failed below the protocol.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It was surely not carried out, and would not be if it were sent again.
    Refused(String),
    /// It was surely not sent.
    NotSent(String),
    /// The server takes nothing now; the time is what it asks for.
    Busy(String, Option<Duration>),
    /// Nobody knows. The reason is known where it is the network's.
    Unknown(Option<String>),
    /// The server, or something before it, failed while it had the call.
    Broken(String),
    /// It was answered with something else than MCP.
    Nonsense(String),
}

/// What rmcp answers for the server when a session ended with calls under way.
const REINITIALIZED: &str = "streamable HTTP session was re-initialized";

/// Sorts `error`.
pub(crate) fn fate(error: &ServiceError) -> Fate {
    let error = match error {
        ServiceError::TransportSend(error) => error,
        ServiceError::UnexpectedResponse => {
            return Fate::Nonsense("its type is not known".to_owned());
        }
        ServiceError::McpError(error) if error.message.starts_with(REINITIALIZED) => {
            return Fate::Unknown(Some("its session ended".to_owned()));
        }
        _ => return Fate::Unknown(None),
    };
    let Some(http) = error.error.downcast_ref::<HttpError>() else {
        // Over pipes a message is refused before anything of it is written.
        return Fate::NotSent(error.error.to_string());
    };
    match http {
        HttpError::Client(error) if error.is_connect() => Fate::NotSent(client_words(error)),
        // It was already sent once more, in a new session.
        HttpError::SessionExpired => Fate::Busy("it ended the session twice".to_owned(), None),
        HttpError::AuthRequired(_)
        | HttpError::InsufficientScope(_)
        | HttpError::ReservedHeaderConflict(_) => Fate::Refused(words(http)),
        HttpError::HttpStatus(error) => {
            let after = error.retry_after.as_deref();
            let after = after.and_then(|text| retry_after(text, SystemTime::now()));
            match (error.status, after) {
                (429, after) | (503, after @ Some(_)) => Fate::Busy(words(http), after),
                _ => Fate::Broken(words(http)),
            }
        }
        // A client's mistake, which the server saw before it did anything.
        HttpError::UnexpectedServerResponse(text)
            if text.starts_with("HTTP 4") && !text.starts_with("HTTP 408") =>
        {
            Fate::Refused(words(http))
        }
        HttpError::UnexpectedServerResponse(text) if text.starts_with(web::NO_MESSAGE) => {
            Fate::Broken("its answer is not whole, or not MCP".to_owned())
        }
        HttpError::Deserialize(_) => Fate::Broken(words(http)),
        HttpError::UnexpectedServerResponse(_)
        | HttpError::UnexpectedContentType(_)
        | HttpError::ResponseBodyTooLarge { .. } => Fate::Nonsense(words(http)),
        other => Fate::Unknown(Some(words(other))),
    }
}

/// The reason of a request that failed, in one clause; nothing when the connection just ended.
pub(crate) fn service_words(error: &ServiceError) -> Option<String> {
    match error {
        ServiceError::TransportSend(error) => transport_words(error),
        ServiceError::UnexpectedResponse => {
            Some("it answered with something else than MCP".to_owned())
        }
        _ => None,
    }
}

/// The reason of a handshake that failed, in one clause; nothing when the connection just ended.
pub(crate) fn handshake_words(error: &ClientInitializeError) -> Option<String> {
    Some(match error {
        ClientInitializeError::TransportError { error, .. } => return transport_words(error),
        ClientInitializeError::JsonRpcError(error) => {
            format!("it refused the handshake: {} (code {})", short(&error.message), error.code.0)
        }
        ClientInitializeError::NoCompatibleProtocolVersion { server_supported, .. } => {
            let versions: Vec<_> = server_supported.iter().map(ToString::to_string).collect();
            format!(
                "it speaks only versions of MCP not known here: {}",
                short(&versions.join(", "))
            )
        }
        ClientInitializeError::LegacyFallbackFailed { fallback, .. } => {
            return handshake_words(fallback);
        }
        ClientInitializeError::ConnectionClosed(_) | ClientInitializeError::Cancelled => {
            return None;
        }
        _ => "it answered the handshake with something else than MCP".to_owned(),
    })
}

fn transport_words(error: &DynamicTransportError) -> Option<String> {
    // Over pipes, the end of the process says more.
    error.error.downcast_ref::<HttpError>().map(words)
}

fn words(error: &HttpError) -> String {
    match error {
        HttpError::Client(error) => client_words(error),
        HttpError::AuthRequired(_) => {
            "HTTP 401 Unauthorized: it asks for credentials; set them in its `headers`".to_owned()
        }
        HttpError::InsufficientScope(_) => {
            "HTTP 403 Forbidden: its credentials do not allow this".to_owned()
        }
        HttpError::HttpStatus(error) => match StatusCode::from_u16(error.status) {
            Ok(status) => format!("HTTP {status}"),
            Err(_) => format!("HTTP {}", error.status),
        },
        HttpError::UnexpectedServerResponse(text) if text.starts_with("HTTP 401") => {
            "HTTP 401 Unauthorized: it asks for credentials; set them in its `headers`".to_owned()
        }
        HttpError::UnexpectedServerResponse(text) if text.starts_with("HTTP ") => {
            short(text.trim_end().trim_end_matches(':'))
        }
        HttpError::UnexpectedServerResponse(_) | HttpError::Deserialize(_) => {
            "it answered with JSON that is not MCP; is the URL right?".to_owned()
        }
        HttpError::UnexpectedContentType(Some(kind)) => {
            format!("it answered with `{}` and not with JSON; is the URL right?", short(kind))
        }
        HttpError::UnexpectedContentType(None) => {
            "it answered without a content type; is the URL right?".to_owned()
        }
        HttpError::ResponseBodyTooLarge { max_size } => {
            format!("its answer has more than {max_size} bytes")
        }
        HttpError::ReservedHeaderConflict(name) => {
            format!("its header `{name}` belongs to the protocol and cannot be set")
        }
        HttpError::TransportChannelClosed | HttpError::UnexpectedEndOfStream => {
            "it closed the connection".to_owned()
        }
        other => short(&other.to_string()),
    }
}

fn client_words(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        let limit = CONNECT_TIMEOUT.as_secs();
        return format!("it could not be reached within {limit} s");
    }
    if let Some(status) = error.status() {
        return format!("HTTP {status}");
    }
    deepest(error)
}

/// The innermost cause: the outer ones show the URL.
fn deepest(error: &reqwest::Error) -> String {
    let mut cause: Option<&(dyn Error + 'static)> = error.source();
    let mut deepest = None;
    while let Some(error) = cause {
        if let Some(error) = error.downcast_ref::<io::Error>() {
            match error.kind() {
                io::ErrorKind::ConnectionRefused => return "connection refused".to_owned(),
                io::ErrorKind::ConnectionReset => return "connection reset".to_owned(),
                _ => {}
            }
        }
        deepest = Some(error);
        cause = error.source();
    }
    deepest.map_or_else(|| "the request failed".to_owned(), |error| short(&error.to_string()))
}

fn short(text: &str) -> String {
    crate::process::plain(text.trim().as_bytes(), WORDS_CHARS)
}
