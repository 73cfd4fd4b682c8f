//! The trait through which the engine reaches MCP servers.

use std::{
    fmt,
    sync::Arc,
    time::{Duration, Instant},
};

use futures::future::BoxFuture;
use serde_json::{Map, Value};
use thiserror::Error;
use tokio::sync::watch;
use workroom_ledger::account::Wire;
use workroom_types::{ServerSnapshot, ToolRef};

pub use crate::meter::Meter;

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
    /// A call that fails may be made again by the implementation, within the deadline, if it was
    /// surely not sent or its tool says that a second call does no harm; never otherwise.
    ///
    /// Dropping the future cancels the call, and tells the server so.
    fn call(&self, call: ToolCall) -> BoxFuture<'_, Result<ToolOutput, CallError>>;

    /// The bytes that passed on each server's wire since this was asked last, and that belong to no
    /// call: of those a call's [`Meter`] is told. Without an answer nobody counts.
    fn beside(&self) -> Vec<(String, Wire)> {
        Vec::new()
    }
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
    /// Is told what passes for it.
    pub meter: Arc<Meter>,
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
    /// What is known of calling again, where the tool failed.
    pub again: Again,
}

/// What is known of making a call again that failed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Again {
    /// How often it was tried; 0 when nobody counted.
    pub tries: u32,
    /// Whether it makes sense.
    pub repeat: Repeat,
    /// Not sooner than after this time.
    pub after: Option<Duration>,
}

/// Whether a call that failed may be made again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Repeat {
    /// Nobody said.
    #[default]
    Unknown,
    /// It was surely not done, or doing it twice does no harm.
    Yes,
    /// It would fail the same way.
    No,
    /// It may have been done, and doing it twice may do harm.
    InDoubt,
}

impl Repeat {
    /// The word for scripts; nothing where nothing is known.
    pub const fn word(self) -> Option<&'static str> {
        match self {
            Repeat::Unknown => None,
            Repeat::Yes => Some("yes"),
            Repeat::No => Some("no"),
            Repeat::InDoubt => Some("in_doubt"),
        }
    }
}

/// What follows an error: how often it was tried, and the next step.
impl fmt::Display for Again {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.tries > 1 {
            write!(f, " (tried {} times)", self.tries)?;
        }
        match (self.repeat, self.after) {
            (Repeat::InDoubt, _) => {
                f.write_str("; it may have been done, so look before you call it again")
            }
            (_, Some(after)) => {
                write!(f, "; call it again after {} s", after.as_secs_f64().ceil().max(1.0))
            }
            _ => Ok(()),
        }
    }
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
    /// The call was surely not sent: the server did not start, is gone and did not come back, or
    /// is left alone for a while.
    #[error("server `{server}` is not available: {reason}{again}")]
    Unavailable {
        /// The server.
        server: String,
        /// Why, in one clause.
        reason: String,
        /// What is known of calling again.
        again: Again,
    },
    /// The server said that it does not take the call now.
    #[error("server `{}` did not take `{}` now: {reason}{again}", tool.server, tool.tool)]
    Busy {
        /// The tool.
        tool: ToolRef,
        /// Why, in one clause.
        reason: String,
        /// What is known of calling again.
        again: Again,
    },
    /// The server ended or closed the connection after the call was sent: it may have happened.
    #[error(
        "server `{}` went away before it answered `{}`{}{again}",
        tool.server, tool.tool, reason.as_ref().map(|text| format!(": {text}")).unwrap_or_default()
    )]
    Gone {
        /// The tool.
        tool: ToolRef,
        /// What became of the server, in one clause, where that is known.
        reason: Option<String>,
        /// What is known of calling again.
        again: Again,
    },
    /// The tool's definition changed, and nobody has approved that yet; the call was not sent.
    #[error(
        "`{tool}` was not called: its server changed its definition, and that waits for approval \
         (`workroom drift approve {tool}`)"
    )]
    Held {
        /// The tool.
        tool: ToolRef,
    },
    /// No answer came in time.
    #[error("tool `{tool}` did not answer within {timeout_ms} ms{again}")]
    Timeout {
        /// The tool.
        tool: ToolRef,
        /// How long was waited.
        timeout_ms: u64,
        /// What is known of calling again.
        again: Again,
    },
    /// The server answered with a JSON-RPC error.
    #[error("tool `{tool}` failed: {message} (code {code}){again}")]
    Rejected {
        /// The tool.
        tool: ToolRef,
        /// The JSON-RPC error code.
        code: i64,
        /// The server's words.
        message: String,
        /// What is known of calling again.
        again: Again,
    },
    /// The server's answer was not what the protocol asks for.
    #[error("tool `{tool}` gave an answer that is not MCP: {message}{again}")]
    Protocol {
        /// The tool.
        tool: ToolRef,
        /// What was wrong.
        message: String,
        /// What is known of calling again.
        again: Again,
    },
}

impl CallError {
    /// A stable code for scripts and programs.
    pub const fn code(&self) -> &'static str {
        match self {
            CallError::UnknownServer { .. } => "unknown_server",
            CallError::Unavailable { .. } => "server_unavailable",
            CallError::Busy { .. } => "server_busy",
            CallError::Gone { .. } => "server_gone",
            CallError::Held { .. } => "tool_held",
            CallError::Timeout { .. } => "call_timeout",
            CallError::Rejected { .. } => "call_rejected",
            CallError::Protocol { .. } => "protocol",
        }
    }

    /// What is known of calling again.
    pub const fn again(&self) -> Again {
        match self {
            CallError::UnknownServer { .. } | CallError::Held { .. } => {
                Again { tries: 0, repeat: Repeat::No, after: None }
            }
            CallError::Unavailable { again, .. }
            | CallError::Busy { again, .. }
            | CallError::Gone { again, .. }
            | CallError::Timeout { again, .. }
            | CallError::Rejected { again, .. }
            | CallError::Protocol { again, .. } => *again,
        }
    }

    /// The same error with other knowledge of calling again.
    #[must_use]
    pub fn with_again(mut self, new: Again) -> Self {
        match &mut self {
            CallError::UnknownServer { .. } | CallError::Held { .. } => {}
            CallError::Unavailable { again, .. }
            | CallError::Busy { again, .. }
            | CallError::Gone { again, .. }
            | CallError::Timeout { again, .. }
            | CallError::Rejected { again, .. }
            | CallError::Protocol { again, .. } => *again = new,
        }
        self
    }

    /// The code of the JSON-RPC error that it is.
    pub const fn rpc_code(&self) -> Option<i64> {
        match self {
            CallError::Rejected { code, .. } => Some(*code),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(again: Again, expected: &str) {
        let tool = ToolRef { server: "crm".to_owned(), tool: "add".to_owned() };
        let error = CallError::Gone { tool, reason: None, again };
        let text = error.to_string();
        let told = text.strip_prefix("server `crm` went away before it answered `add`");
        assert_eq!(told, Some(expected));
    }

    #[test]
    fn an_error_says_how_often_it_was_tried_and_the_next_step() {
        check(Again::default(), "");
        check(Again { tries: 1, ..Again::default() }, "");
        check(Again { tries: 3, repeat: Repeat::Yes, after: None }, " (tried 3 times)");
        check(
            Again { tries: 1, repeat: Repeat::Yes, after: Some(Duration::from_millis(1_200)) },
            "; call it again after 2 s",
        );
        check(
            Again { tries: 1, repeat: Repeat::InDoubt, after: Some(Duration::from_secs(9)) },
            "; it may have been done, so look before you call it again",
        );
    }
}
