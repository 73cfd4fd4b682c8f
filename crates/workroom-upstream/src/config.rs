//! What one server needs to be started, and the bounds it must keep.

use std::{fmt, path::PathBuf, time::Duration};

use workroom_types::CallPolicy;

/// How long a server may take to answer its handshake and list its tools.
///
/// The first start of a server from npm or PyPI downloads it.
pub const START_TIMEOUT: Duration = Duration::from_secs(30);

/// One server of the configuration.
#[derive(Clone, Debug)]
pub struct UpstreamConfig {
    /// Its name, unique among the servers.
    pub name: String,
    /// How it is reached.
    pub transport: Transport,
    /// How long it may take from its start to its list of tools; [`START_TIMEOUT`] by default.
    pub start_timeout: Duration,
    /// How long one call may take, if shorter than the call's own deadline.
    pub call_timeout: Option<Duration>,
    /// How much at once it is called, how fast, and how often again.
    pub policy: CallPolicy,
    /// What it may send.
    pub bounds: Bounds,
}

impl UpstreamConfig {
    /// A server with default times and bounds.
    pub fn new(name: impl Into<String>, transport: Transport) -> Self {
        Self {
            name: name.into(),
            transport,
            start_timeout: START_TIMEOUT,
            call_timeout: None,
            policy: CallPolicy::default(),
            bounds: Bounds::default(),
        }
    }

    /// The same with another [`UpstreamConfig::start_timeout`].
    #[must_use]
    pub fn with_start_timeout(mut self, timeout: Duration) -> Self {
        self.start_timeout = timeout;
        self
    }

    /// The same with a [`UpstreamConfig::call_timeout`].
    #[must_use]
    pub fn with_call_timeout(mut self, timeout: Duration) -> Self {
        self.call_timeout = Some(timeout);
        self
    }

    /// The same with another [`UpstreamConfig::policy`].
    #[must_use]
    pub fn with_policy(mut self, policy: CallPolicy) -> Self {
        self.policy = policy;
        self
    }

    /// The same with other [`UpstreamConfig::bounds`].
    #[must_use]
    pub fn with_bounds(mut self, bounds: Bounds) -> Self {
        self.bounds = bounds;
        self
    }
}

/// How a server is reached.
#[derive(Clone)]
pub enum Transport {
    /// A child process that speaks on its standard input and output.
    Stdio {
        /// The program: a path, or a name that is looked up in `PATH`.
        command: String,
        /// Its arguments.
        args: Vec<String>,
        /// Its environment, beside the few variables it has from ours.
        env: Vec<(String, String)>,
        /// Its working folder; ours by default.
        cwd: Option<PathBuf>,
    },
    /// Streamable HTTP.
    Http {
        /// The endpoint.
        url: String,
        /// Headers of every request.
        headers: Vec<(String, String)>,
    },
}

/// Arguments, values and URLs may hold credentials: names only.
impl fmt::Debug for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Transport::Stdio { command, .. } => {
                f.debug_struct("Stdio").field("command", command).finish_non_exhaustive()
            }
            Transport::Http { .. } => f.debug_struct("Http").finish_non_exhaustive(),
        }
    }
}

/// What one server may send before it is taken to be broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Bytes of one message, and of one list of tools. A longer message ends the connection.
    pub message_bytes: usize,
    /// Tools of one list; more are left out, with a warning.
    pub tools: usize,
    /// Pages of one list; more are left out, with a warning.
    pub pages: usize,
    /// Lines of standard error that are kept.
    pub stderr_lines: usize,
    /// Characters that are kept of each of them.
    pub stderr_line_chars: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            // A tool's result may be 16 MiB, and twice that as escaped text beside its structure.
            message_bytes: 64 * 1024 * 1024,
            // Ten times the largest public server; a catalog of more helps no agent.
            tools: 10_000,
            // A server that gives one tool a page still lists a thousand.
            pages: 1_000,
            stderr_lines: 20,
            stderr_line_chars: 500,
        }
    }
}

/// What stands between us and a child process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Guard {
    /// This program, called as `<path> guard -- command args…`; it runs [`crate::guard::run`].
    Program(PathBuf),
    /// Nothing: a server's own children may outlive us. For systems other than Unix.
    None,
}
