//! The trait through which the engine reaches MCP servers.

use std::{sync::Arc, time::Instant};

use futures::future::BoxFuture;
use serde_json::{Map, Value};
use thiserror::Error;
use tokio::sync::watch;
use workroom_types::{ServerSnapshot, ToolRef};

/// The configured servers, all of them, started or not.
///
/// An implementation starts its servers by itself and in the background. No
/// method waits for a server, but for [`Upstreams::call`].
pub trait Upstreams: Send + Sync {
    /// Every configured server as it is now, in the configuration's order.
    fn servers(&self) -> Vec<Arc<ServerSnapshot>>;

    /// A counter that grows whenever [`Upstreams::servers`] would answer something new.
    fn changes(&self) -> watch::Receiver<u64>;

    /// Calls one tool. A server that is still starting is waited for, until the deadline.
    ///
    /// Dropping the future cancels the call, and tells the server so.
    fn call(&self, call: ToolCall) -> BoxFuture<'_, Result<ToolOutput, CallError>>;
}

/// One tool call, ready to be sent.
#[derive(Clone, Debug)]
pub struct ToolCall {
    /// The tool.
    pub tool: ToolRef,
    /// Its arguments.
    pub arguments: Map<String, Value>,
    /// The moment after which no answer is wanted.
    pub deadline: Instant,
}

/// What a tool answered: MCP's `CallToolResult` without its envelope.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ToolOutput {
    /// The content blocks as the server sent them: `{"type": "text", "text": …}` and others.
    pub content: Vec<Value>,
    /// `structuredContent`.
    pub structured: Option<Value>,
    /// The tool says that it failed; `content` says why.
    pub is_error: bool,
}

/// Why a call has no result.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum CallError {
    /// No server of that name is configured.
    #[error("there is no server `{server}`")]
    UnknownServer {
        /// The name asked for.
        server: String,
    },
    /// The server did not start, or is gone and did not come back.
    #[error("server `{server}` is not available: {reason}")]
    Unavailable {
        /// The server.
        server: String,
        /// Why, in one clause.
        reason: String,
    },
    /// The server ended or closed the connection after the call was sent: it may have happened.
    #[error("server `{}` went away before it answered `{}`", tool.server, tool.tool)]
    Gone {
        /// The tool.
        tool: ToolRef,
    },
    /// No answer came in time.
    #[error("tool `{tool}` did not answer within {timeout_ms} ms")]
    Timeout {
        /// The tool.
        tool: ToolRef,
        /// How long was waited.
        timeout_ms: u64,
    },
    /// The server answered with a JSON-RPC error.
    #[error("tool `{tool}` failed: {message} (code {code})")]
    Rejected {
        /// The tool.
        tool: ToolRef,
        /// The JSON-RPC error code.
        code: i64,
        /// The server's words.
        message: String,
    },
    /// The server's answer was not what the protocol asks for.
    #[error("tool `{tool}` gave an answer that is not MCP: {message}")]
    Protocol {
        /// The tool.
        tool: ToolRef,
        /// What was wrong.
        message: String,
    },
}

impl CallError {
    /// A stable code for scripts and programs.
    pub const fn code(&self) -> &'static str {
        match self {
            CallError::UnknownServer { .. } => "unknown_server",
            CallError::Unavailable { .. } => "server_unavailable",
            CallError::Gone { .. } => "server_gone",
            CallError::Timeout { .. } => "call_timeout",
            CallError::Rejected { .. } => "call_rejected",
            CallError::Protocol { .. } => "protocol",
        }
    }
}
