//! What an upstream server says of itself, as the MCP protocol has it.
//!
//! Nothing here is trusted: names and descriptions hold any text, schemas hold
//! any JSON. The catalog makes safe names and valid TypeScript of them.

use std::{fmt, sync::Arc};

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One entry of an MCP server's `tools/list`.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ToolDef {
    /// The name that calls are made by, byte for byte.
    pub name: String,
    /// A name for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// What the tool does, in the server's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// JSON Schema of the arguments.
    #[serde(default)]
    pub input_schema: Value,
    /// JSON Schema of `structuredContent`, where the server promises one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output_schema: Option<Value>,
    /// Hints about what the tool does to the world.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub annotations: Option<ToolAnnotations>,
}

impl ToolDef {
    /// Whether the tool says of itself that a second call does no harm.
    pub fn may_repeat(&self) -> bool {
        self.annotations.as_ref().is_some_and(|hints| {
            hints.read_only_hint == Some(true) || hints.idempotent_hint == Some(true)
        })
    }
}

/// A server's hints about a tool. From a server that is not trusted they are only claims.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ToolAnnotations {
    /// A name for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// The tool changes nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub read_only_hint: Option<bool>,
    /// The tool may destroy something.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub destructive_hint: Option<bool>,
    /// A second identical call changes nothing more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub idempotent_hint: Option<bool>,
    /// The tool reaches the outside world.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub open_world_hint: Option<bool>,
}

/// Names one tool: the server's name in the configuration, and the tool's own name.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub struct ToolRef {
    /// The server's name in the configuration.
    pub server: String,
    /// The tool's name, byte for byte.
    pub tool: String,
}

impl fmt::Display for ToolRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.server, self.tool)
    }
}

/// How one configured server is doing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum ServerStatus {
    /// It was started and has not answered yet.
    #[default]
    Starting,
    /// It answered and listed its tools.
    Ready,
    /// It cannot be used.
    Failed {
        /// Why, in one clause.
        reason: String,
        /// The last lines it wrote to standard error.
        stderr: Vec<String>,
    },
}

/// One configured server at one moment. The catalog is built from these.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ServerSnapshot {
    /// Its name in the configuration.
    pub name: String,
    /// How it is doing.
    pub status: ServerStatus,
    /// What the server says of itself in one line: its title or its implementation name.
    pub title: Option<String>,
    /// The server's instructions to agents.
    pub instructions: Option<String>,
    /// Its tools, in its own order. Kept after a failure that came later than the list.
    pub tools: Arc<Vec<ToolDef>>,
    /// What was odd about its list, such as a page that repeats.
    pub warnings: Vec<String>,
}
