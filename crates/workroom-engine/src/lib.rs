//! Sessions and runs, from request to report; owns the traits [`Upstreams`] and [`Sandbox`].
//!
//! [`Engine`] is what every face of Workroom talks to: the MCP server, the
//! command line and the demo. It knows the catalog, the sessions and the limits;
//! it reaches servers and sandboxes through its two traits only.
//!
//! # Layout
//!
//! * [`upstreams`], [`sandbox`]: the two traits and the values that cross them.
//! * [`report`]: what a run came to, and its text for agents.
//! * [`answer`]: what a tool's answer gives to code.
//! * [`files`]: the tree that agents list and read.
//! * `run`, `calls`, `failure`, `modules`, `session`, `results`: the inside of [`Engine::run`].
//!
//! # Not here
//!
//! No sockets, files, processes or environment; no MCP messages.

pub mod answer;
mod calls;
mod failure;
pub mod files;
mod modules;
pub mod report;
mod results;
mod run;
pub mod sandbox;
mod session;
pub mod store;
pub mod upstreams;

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use serde_json::{Map, Value};
use tokio::sync::watch;
use workroom_catalog::{Catalog, SearchQuery, SearchResults};
use workroom_types::{Limit, Limits, RunId, ServerStatus, SessionId, ToolRef};

pub use files::{Node, ReadError};
pub use report::{FailureKind, Presentation, RunFailure, RunReport};
pub use results::{RESULTS_BYTES_MAX, RESULTS_MAX};
pub use sandbox::{Guest, Sandbox};
pub use session::{SESSIONS_MAX, SessionError};
pub use upstreams::Upstreams;

/// How long [`Engine::search`] and [`Engine::read`] wait for servers that are still starting.
///
/// Long enough for a server that is downloaded and interpreted, short enough that an agent
/// that looks around does not stand before one that will never come.
pub const LOOK_TIMEOUT: Duration = Duration::from_secs(5);

/// The gateway's heart. Clones are handles to the same one.
#[derive(Clone)]
pub struct Engine(Arc<Shared>);

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine").field("limits", &self.0.limits).finish_non_exhaustive()
    }
}

/// What is asked of a run.
#[derive(Clone, Debug)]
pub struct RunRequest {
    /// The agent's text.
    pub code: String,
    /// Where it runs.
    pub session: SessionChoice,
    /// A shorter time than the configured limit, in milliseconds.
    pub timeout_ms: Option<u64>,
}

/// Where a run finds and leaves its variables.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SessionChoice {
    /// The caller's own session, made at its first use.
    Own(SessionId),
    /// A session that must exist.
    Existing(SessionId),
}

/// Why a direct call has no result.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct CallFailure {
    /// A stable code, such as `unknown_tool` or `call_timeout`.
    pub code: String,
    /// What happened.
    pub message: String,
    /// One next step.
    pub hint: Option<String>,
}

struct Shared {
    upstreams: Arc<dyn Upstreams>,
    sandbox: Arc<dyn Sandbox>,
    limits: Limits,
    /// The newest catalog and the change it was built after.
    catalog: Mutex<Option<(u64, Catalog)>>,
    sessions: session::Sessions,
    results: results::Results,
}

impl Shared {
    /// The catalog of the servers as they are now.
    fn catalog(&self) -> Catalog {
        let version = *self.upstreams.changes().borrow();
        // Held while building: a second caller would only build the same again.
        let mut newest = self.catalog.lock().unwrap_or_else(PoisonError::into_inner);
        match newest.as_ref() {
            Some((built, catalog)) if *built == version => catalog.clone(),
            previous => {
                let servers = self.upstreams.servers();
                let catalog = Catalog::build(&servers, previous.map(|(_, catalog)| catalog));
                *newest = Some((version, catalog.clone()));
                catalog
            }
        }
    }

    /// Waits until no server that `needed` picks by name or folder is still starting.
    async fn settled(&self, needed: impl Fn(&str, &str) -> bool) {
        let mut changes = self.upstreams.changes();
        loop {
            changes.mark_unchanged();
            let starting = self.catalog().servers().iter().any(|server| {
                server.status == ServerStatus::Starting && needed(&server.name, &server.folder)
            });
            if !starting || changes.changed().await.is_err() {
                return;
            }
        }
    }
}

impl Engine {
    /// An engine over `upstreams` and `sandbox`, whose runs are bounded by `limits`.
    pub fn new(upstreams: Arc<dyn Upstreams>, sandbox: Arc<dyn Sandbox>, limits: Limits) -> Self {
        Self(Arc::new(Shared {
            upstreams,
            sandbox,
            limits,
            catalog: Mutex::default(),
            sessions: session::Sessions::default(),
            results: results::Results::default(),
        }))
    }

    /// An id for a session of a connection's own, used with [`SessionChoice::Own`].
    pub fn new_session_id(&self) -> SessionId {
        SessionId::from_random(random())
    }

    /// The servers and their tools as they are now.
    pub fn catalog(&self) -> Catalog {
        self.0.catalog()
    }

    /// Waits until every server is ready or has failed.
    pub async fn settled(&self) {
        self.0.settled(|_, _| true).await;
    }

    /// Runs code. Dropping the future stops the run; its session lives on.
    pub async fn run(&self, request: RunRequest) -> RunReport {
        let started = Instant::now();
        let run = RunId::from_random(random());
        let (choice, create) = match request.session {
            SessionChoice::Own(id) => (id, true),
            SessionChoice::Existing(id) => (id, false),
        };
        let mut limits = self.0.limits;
        if let Some(timeout) = request.timeout_ms {
            limits = limits.tightened(Limit::Wall, timeout);
        }
        let (interest, watched) = watch::channel(());
        let mut task = run::Run::new(Arc::clone(&self.0), limits, started, watched);
        let shared = Arc::clone(&self.0);
        let (id, session_id) = (run.clone(), choice.clone());
        // On a task of its own, so that a caller who goes away leaves the session whole.
        let ended = tokio::spawn(async move {
            let session = if create {
                let (session, lost) = shared.sessions.own(&session_id);
                task.notes.extend(lost.map(|lost| lost.to_string()));
                Ok(session)
            } else {
                shared.sessions.existing(&session_id)
            };
            let outcome = match session {
                Ok(session) => {
                    let mut session = session.lock().await;
                    let had_guest = session.guest.is_some();
                    let outcome = task.execute(&id, request.code, &mut session).await;
                    if had_guest && session.guest.is_none() {
                        shared.sessions.end(&session_id, session::Ending::HardLimit);
                    }
                    outcome
                }
                Err(error) => Err(RunFailure::new(FailureKind::Session, error.to_string())
                    .hint("leave `session` out to start a new one")),
            };
            (task, outcome)
        })
        .await;
        drop(interest);
        let duration = started.elapsed();
        match ended {
            Ok((task, outcome)) => RunReport {
                run,
                session: choice,
                outcome,
                logs: task.logs,
                notes: task.notes,
                calls: task.stats,
                duration,
            },
            Err(error) => RunReport {
                run,
                session: choice,
                outcome: Err(RunFailure::new(FailureKind::Internal, error.to_string())),
                logs: Vec::new(),
                notes: Vec::new(),
                calls: report::CallStats::default(),
                duration,
            },
        }
    }

    /// The text of `report` for an agent, of at most about `tokens` o200k tokens (by default
    /// the configured limit). What does not fit is kept for [`Engine::read`].
    pub fn present(
        &self,
        report: &RunReport,
        tokens: Option<u64>,
        show_session: bool,
    ) -> Presentation {
        let mut limits = self.0.limits;
        if let Some(tokens) = tokens {
            limits = limits.tightened(Limit::OutputTokens, tokens);
        }
        report::present(report, &self.0.results, limits.size(Limit::OutputTokens), show_session)
    }

    /// Calls one tool, named exactly or as its function, and gives its data as JSON.
    ///
    /// # Errors
    ///
    /// [`CallFailure`] when there is no such tool, or it has no result.
    pub async fn call(
        &self,
        server: &str,
        tool: &str,
        arguments: Map<String, Value>,
    ) -> Result<String, CallFailure> {
        let limits = self.0.limits;
        let deadline = Instant::now() + Duration::from_millis(limits.base(Limit::Wall));
        let wait = self.0.settled(|name, folder| name == server || folder == server);
        // A server that is not ready by then says so itself below.
        let _ = tokio::time::timeout_at(deadline.into(), wait).await;
        let tool = self.find(server, tool)?;
        calls::send(&self.0, tool, arguments, limits, deadline).await.map_err(|error| {
            let code = serde_json::from_str::<Value>(&error.properties)
                .ok()
                .and_then(|properties| Some(properties.get("code")?.as_str()?.to_owned()));
            CallFailure {
                code: code.unwrap_or_else(|| "tool_error".to_owned()),
                message: error.message,
                hint: None,
            }
        })
    }

    fn find(&self, server: &str, tool: &str) -> Result<ToolRef, CallFailure> {
        let catalog = self.catalog();
        let Some(entry) = catalog.server(server) else {
            let folders = catalog.servers().iter().map(|entry| entry.folder.as_str());
            return Err(unknown(
                "unknown_server",
                format!("there is no server `{server}`"),
                &workroom_script::nearest(server, folders),
                "`workroom servers` lists them",
            ));
        };
        match (entry.tool(tool), &entry.status) {
            (Some(tool), _) => {
                Ok(ToolRef { server: entry.name.clone(), tool: tool.def.name.clone() })
            }
            (None, ServerStatus::Failed { reason, .. }) => Err(CallFailure {
                code: "server_unavailable".to_owned(),
                message: format!("server `{}` is not available: {reason}", entry.name),
                hint: Some("`workroom servers` shows what it wrote to standard error".to_owned()),
            }),
            (None, _) => {
                let names = entry.tools.iter().map(|tool| tool.function.as_str());
                Err(unknown(
                    "unknown_tool",
                    format!("server `{server}` has no tool `{tool}`"),
                    &workroom_script::nearest(tool, names),
                    &format!("`workroom ls servers/{}` lists its tools", entry.folder),
                ))
            }
        }
    }

    /// Ranks tools for what an agent wants to do. Waits up to [`LOOK_TIMEOUT`] for servers that
    /// are still starting; the results say which were not searched.
    pub async fn search(&self, query: &SearchQuery) -> SearchResults {
        let wanted = query.server.as_deref();
        let wait = self.0.settled(|name, folder| wanted.is_none_or(|w| w == name || w == folder));
        let _ = tokio::time::timeout(LOOK_TIMEOUT, wait).await;
        self.catalog().search(query)
    }

    /// Lists a folder or gives a file of the tree. Waits up to [`LOOK_TIMEOUT`] for the servers
    /// that the path concerns.
    ///
    /// # Errors
    ///
    /// [`ReadError`] when there is nothing at `path`; it names what is near.
    pub async fn read(&self, path: &str) -> Result<Node, ReadError> {
        let wait = self.0.settled(|name, folder| files::concerns(path, name, folder));
        let _ = tokio::time::timeout(LOOK_TIMEOUT, wait).await;
        files::read(&self.catalog(), &self.0.results, path)
    }
}

fn unknown(code: &str, message: String, nearest: &[&str], else_hint: &str) -> CallFailure {
    let hint = match nearest {
        [] => else_hint.to_owned(),
        names => format!("did you mean {}?", names.join(", ")),
    };
    CallFailure { code: code.to_owned(), message, hint: Some(hint) }
}

/// 128 bits from the operating system: ids are what keeps one agent out of another's session.
fn random() -> u128 {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).expect("the operating system gives random bytes");
    u128::from_le_bytes(bytes)
}
