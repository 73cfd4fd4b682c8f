//! What is the same for every world: a job, calls, what servers received, and checks.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use thiserror::Error;

/// A job, and the steps in which an agent does it with Workroom.
#[derive(Clone, Debug)]
pub struct Job {
    /// What the user asks, in full.
    pub prompt: String,
    /// The calls of Workroom's own tools, in order.
    pub steps: Vec<Step>,
}

/// One call of one of Workroom's tools.
#[derive(Clone, Debug)]
pub enum Step {
    /// `search`, with the most matches asked for.
    Search {
        /// What for.
        query: String,
        /// How many.
        limit: u32,
    },
    /// `read_file`, with the path.
    Read(String),
    /// `run_code`.
    Run(String),
    /// `run_code`, written by one who has read what the step before answered.
    Then(fn(&str) -> String),
}

/// One call of a server's tool.
#[derive(Clone, Debug, PartialEq)]
pub struct ToolCall {
    /// The server.
    pub server: String,
    /// The tool.
    pub tool: String,
    /// What it is called with.
    pub arguments: Map<String, Value>,
}

impl ToolCall {
    /// A call with `arguments`, which is an object.
    pub fn new(server: &str, tool: &str, arguments: &Value) -> Self {
        let arguments = arguments.as_object().cloned().unwrap_or_default();
        Self { server: server.to_owned(), tool: tool.to_owned(), arguments }
    }
}

/// A call that changed something, as the server received it.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct Effect {
    /// The server.
    pub server: String,
    /// The tool.
    pub tool: String,
    /// What it was called with.
    pub arguments: Map<String, Value>,
    /// What it answered.
    pub result: Value,
}

/// One thing that must be so, and whether it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Check {
    /// What was checked.
    pub what: String,
    /// What is wrong; none where it is right.
    pub wrong: Option<String>,
}

impl Check {
    /// Whether `actual` is `expected`, for a message that shows little of either.
    pub fn equal<T: PartialEq + std::fmt::Debug>(what: &str, actual: &T, expected: &T) -> Self {
        let wrong = (actual != expected).then(|| {
            let cut = |it: &T| format!("{it:?}").chars().take(300).collect::<String>();
            format!("it is {}, not {}", cut(actual), cut(expected))
        });
        Self { what: what.to_owned(), wrong }
    }
}

/// A job done call by call has no answer.
#[derive(Debug, Error)]
pub enum Fault<E: std::error::Error + 'static> {
    /// A call failed.
    #[error("a call failed")]
    Call(#[source] E),
    /// A result was not what its tool promises.
    #[error("the result of `{0}` cannot be read")]
    Result(&'static str),
}
