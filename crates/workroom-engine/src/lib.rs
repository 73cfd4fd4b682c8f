//! Sessions and runs, from request to report; owns the traits [`Upstreams`], [`Sandbox`] and
//! [`Store`].
//!
//! [`Engine`] is what every face of Workroom talks to: the MCP server, the
//! command line and the demo. It knows the catalog, the sessions and the limits;
//! it reaches servers, sandboxes and what is kept through its three traits only.
//!
//! # Layout
//!
//! * [`upstreams`], [`sandbox`], [`store`]: the three traits and the values that cross them.
//! * [`report`]: what a run came to, and its text for agents; [`StoredOutcome`]: for the store.
//! * `present`: a run in words; `view`, `table`, `abridge`, `shown`: values, whole or in part.
//! * [`answer`]: what a tool's answer gives to code.
//! * [`files`]: the tree that agents list and read; `search`: what they look for in it.
//! * `room`, `run`, `calls`: a run in its session, its turns, its calls.
//! * `direct`: a call outside of any run.
//! * `session`: the sessions in memory; `shapes`: what tools' results have looked like.
//! * [`ledger`], `meter`: what passed, as it passes; `habits`: which tools are used together.
//! * `journal`, `playback`, `recover`: what is recorded of a run, and how it is gone on with.
//! * [`types`]: checking a script's types, if that is wanted.
//! * [`DirectCall`]: one tool, called as a run of its own.
//! * `check`: arguments against their tool's schema, before anything is sent.
//! * `privacy`: personal values masked on the way in and restored on the way out.
//! * `catalogs`: the servers' tools as they are now, with the skills that a session sees.
//! * `hints`: what could be better in a script.
//! * `failure`, `modules`: mistakes in words; the catalog as what scripts import.
//! * [`skills`]: scripts that agents saved.
//! * `diagnosis`, `cause`: what a run failed on; `effects`: what it had done before.
//!
//! # Not here
//!
//! No sockets, files, processes or environment; no MCP messages.

mod abridge;
pub mod answer;
mod calls;
mod catalogs;
mod cause;
mod check;
mod diagnosis;
mod direct;
mod effects;
mod failure;
pub mod files;
mod forms;
mod habits;
mod hints;
mod journal;
pub mod ledger;
mod meter;
pub mod modules;
mod one_call;
mod outcome;
pub mod pins;
mod playback;
mod present;
mod privacy;
mod recover;
pub mod report;
mod room;
mod run;
pub mod sandbox;
mod search;
mod session;
mod shapes;
mod shown;
pub mod skills;
pub mod store;
mod table;
pub mod types;
pub mod upstreams;
mod view;

use std::{
    fmt,
    sync::{Arc, Mutex},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use tokio::sync::{Semaphore, watch};
use workroom_catalog::{Catalog, Similarity};
use workroom_types::{
    Bound, Bounds, Limit, Limits, RunId, ServerStatus, SessionId, SkillSettings, ToolRef,
};

pub use direct::{DirectAnswer, DirectCall};
pub use files::{Node, ReadError};
pub use ledger::{Caller, Connection, Passage};
pub use one_call::CallFailure;
pub use outcome::StoredOutcome;
pub use privacy::{MasterKeys, PrivacyConfig};
pub use recover::{Replay, ReplayError, replay};
pub use report::{FailureKind, Presentation, RunFailure, RunReport};
pub use sandbox::{Guest, Sandbox};
pub use session::SessionError;
pub use shapes::{Change, KnownTool};
pub use store::Store;
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
    /// The caller's own, of which nothing is to be stored: it ends with this process.
    Once(SessionId),
}

impl SessionChoice {
    /// The session.
    pub const fn id(&self) -> &SessionId {
        match self {
            SessionChoice::Own(id) | SessionChoice::Existing(id) | SessionChoice::Once(id) => id,
        }
    }
}

/// How an engine is set up, beside the parts it is made of.
#[derive(Clone, Debug, Default)]
pub struct EngineConfig {
    /// Bound each run.
    pub limits: Limits,
    /// Bound the process and what it keeps.
    pub bounds: Bounds,
    /// Tells these servers from others: only runs of the same origin are resumed.
    pub origin: String,
    /// How scripts' types are checked, if they are.
    pub types: Option<types::TypeCheck>,
    /// What is masked of what servers say; `None`: nothing, credentials neither.
    pub privacy: Option<PrivacyConfig>,
    /// Where accounts are kept, if not in the store.
    pub book: Option<ledger::Book>,
    /// Bound skills, and say when one is promoted.
    pub skills: SkillSettings,
    /// Finds tools by what they mean, beside their words.
    pub similarity: Option<Arc<dyn Similarity>>,
}

struct Shared {
    upstreams: Arc<dyn Upstreams>,
    sandbox: Arc<dyn Sandbox>,
    store: Arc<dyn Store>,
    limits: Limits,
    bounds: Bounds,
    origin: String,
    types: Option<types::TypeCheck>,
    privacy: Option<privacy::Privacy>,
    skill_settings: SkillSettings,
    skills: skills::registry::Registry,
    /// How often code of each shape was run.
    repeated: skills::suggest::Counts,
    /// Held while a skill is saved: its limits count what is there.
    saving: tokio::sync::Mutex<()>,
    /// Catalogs with skills in them, by the view that they are of; the one used last in front.
    searched: Mutex<Vec<(u64, u64, Catalog)>>,
    /// The newest catalog and the change it was built after.
    catalog: Mutex<Option<(u64, Catalog)>>,
    sessions: session::Sessions,
    shapes: shapes::Shapes,
    ledger: ledger::Ledger,
    /// Which tools are used together, for the search.
    habits: habits::Habits,
    similarity: Option<Arc<dyn Similarity>>,
    /// Places for scripts that compute. Fair: who asks first computes first.
    turns: Semaphore,
    /// Places for runs.
    runs: Semaphore,
    /// Changes when all runs are to end.
    closing: watch::Sender<()>,
}

impl Shared {
    /// Which texts stand for values that are not known before they are sent.
    fn stands_in(&self) -> fn(&str) -> bool {
        match &self.privacy {
            Some(_) => workroom_privacy::has_token,
            None => |_| false,
        }
    }

    /// Whether `tool` says of itself that a second call does no harm.
    fn may_repeat(&self, tool: &ToolRef) -> bool {
        let catalog = self.catalog();
        let known = catalog.server(&tool.server).and_then(|server| server.tool(&tool.tool));
        // The server without a name is the gateway itself, which only reads.
        tool.server.is_empty() || known.is_some_and(|known| known.def.may_repeat())
    }

    /// Drops idle sessions from memory until they are within their bounds. What was not stored
    /// is ended, so that its id says what is lost.
    async fn make_room(&self) {
        let sessions = self.bounds.base(Bound::LiveSessions);
        let bytes = self.bounds.base(Bound::LiveMemory);
        let dropped = self.sessions.make_room(sessions, bytes);
        if let Some(privacy) = &self.privacy {
            privacy.drop_idle(|id| self.sessions.has(id));
        }
        for dropped in dropped {
            if !dropped.is_lost {
                continue;
            }
            let lost = match self.store.session(&dropped.id).await {
                Ok(Some(record)) => store::variable_names(&record.variables),
                _ => Vec::new(),
            };
            let reason = "was too large to be stored and made room for others".to_owned();
            let ending = store::Ending { reason, lost };
            // A store that fails now fails the session's next run, which then says so.
            let _ = self.store.end_session(&dropped.id, now(), &ending).await;
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
    /// An engine over `upstreams` and `sandbox`, whose runs are bounded by `limits`, and whose
    /// sessions end with the process.
    pub fn new(upstreams: Arc<dyn Upstreams>, sandbox: Arc<dyn Sandbox>, limits: Limits) -> Self {
        let config = EngineConfig { limits, ..EngineConfig::default() };
        Self::with_store(upstreams, sandbox, Arc::new(store::Memory::default()), config)
    }

    /// An engine that keeps sessions and runs in `store`.
    pub fn with_store(
        upstreams: Arc<dyn Upstreams>,
        sandbox: Arc<dyn Sandbox>,
        store: Arc<dyn Store>,
        config: EngineConfig,
    ) -> Self {
        let EngineConfig { limits, bounds, origin, types, privacy, skills, book, similarity } =
            config;
        let book = book.map_or_else(|| Arc::clone(&store) as _, |book| book.0);
        Self(Arc::new(Shared {
            upstreams,
            sandbox,
            store,
            limits,
            turns: Semaphore::new(bounds.size(Bound::Turns)),
            runs: Semaphore::new(bounds.size(Bound::Runs)),
            closing: watch::channel(()).0,
            bounds,
            origin,
            types,
            privacy: privacy.map(privacy::Privacy::new),
            skill_settings: skills,
            skills: skills::registry::Registry::default(),
            repeated: skills::suggest::Counts::default(),
            saving: tokio::sync::Mutex::default(),
            searched: Mutex::default(),
            catalog: Mutex::default(),
            sessions: session::Sessions::default(),
            shapes: shapes::Shapes::default(),
            ledger: ledger::Ledger::new(book),
            habits: habits::Habits::new(now()),
            similarity,
        }))
    }

    /// Goes on with the runs that an earlier process with the same origin left behind, one after
    /// another, and says of each what became of it.
    ///
    /// # Errors
    ///
    /// When the store fails.
    pub async fn resume_interrupted(&self) -> Result<Vec<String>, store::StoreError> {
        let mut notes = Vec::new();
        for record in self.0.store.interrupted(room::ONCE).await? {
            recover::give_up(&*self.0.store, &record.run.id).await?;
        }
        for record in self.0.store.interrupted(&self.0.origin).await? {
            let id = &record.run.session;
            let session = self.0.sessions.get(id);
            let mut session = session.lock().await;
            notes.push(recover::resume(&self.0, &record.run.id, id, &mut session).await?);
        }
        self.0.make_room().await;
        Ok(notes)
    }

    /// Cancels every run, and waits until all of them have ended, are recorded and accounted for.
    pub async fn close(&self) {
        self.0.closing.send_replace(());
        let all = u32::try_from(self.0.bounds.size(Bound::Runs)).unwrap_or(u32::MAX);
        // It is never closed, so there is nothing to be told.
        let _ = self.0.runs.acquire_many(all).await;
        self.accounted().await;
    }

    /// Ends a session that was for one process, without a trace of its variables.
    ///
    /// # Errors
    ///
    /// When the store fails.
    pub async fn forget(&self, session: &SessionId) -> Result<(), store::StoreError> {
        let reason = "was for one process".to_owned();
        let ending = store::Ending { reason, lost: Vec::new() };
        if let Some(privacy) = &self.0.privacy {
            privacy.drop_idle(|live| live != session);
        }
        self.0.store.end_session(session, now(), &ending).await
    }

    /// Drops what is too old or too much of sessions and runs.
    ///
    /// # Errors
    ///
    /// When the store fails.
    pub async fn sweep(&self) -> Result<store::Swept, store::StoreError> {
        let bounds = &self.0.bounds;
        let millis = |bound| i64::try_from(bounds.base(bound)).unwrap_or(i64::MAX);
        let retention = store::Retention {
            session_age_ms: millis(Bound::SessionAge),
            run_age_ms: millis(Bound::HistoryAge),
            history_bytes: bounds.base(Bound::History),
            shape_age_ms: millis(Bound::ShapeAge),
            shapes: bounds.base(Bound::Shapes),
            flow_age_ms: millis(Bound::FlowAge),
            flows: bounds.base(Bound::Flows),
            account_age_ms: millis(Bound::LedgerAge),
            accounts: bounds.base(Bound::Ledger),
        };
        self.0.store.sweep(now(), retention).await
    }

    /// What bounds each run.
    pub fn limits(&self) -> Limits {
        self.0.limits
    }

    /// Whether more than credentials is masked.
    pub fn masks(&self) -> bool {
        self.0.privacy.as_ref().is_some_and(privacy::Privacy::is_on)
    }

    /// How many sessions are in memory, and how many bytes are theirs alone.
    pub fn load(&self) -> (u64, u64) {
        self.0.sessions.load()
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
        self.run_for(request, None).await
    }

    /// Runs code that `passage` asks for, and enters it there.
    pub async fn run_for(&self, request: RunRequest, passage: Option<Passage>) -> RunReport {
        let started = Instant::now();
        let run = RunId::from_random(random());
        let session = request.session.id().clone();
        let (interest, watched) = watch::channel(());
        let (shared, id) = (Arc::clone(&self.0), run.clone());
        let mut closing = self.0.closing.subscribe();
        // On a task of its own, so that a caller who goes away leaves the session whole.
        let mut run_task = tokio::spawn(async move {
            let passed = (started, watched, passage);
            let report = room::conduct(Arc::clone(&shared), id, request, passed).await;
            shared.make_room().await;
            report
        });
        let ended = tokio::select! {
            ended = &mut run_task => ended,
            _ = closing.changed() => {
                drop(interest);
                run_task.await
            }
        };
        ended.unwrap_or_else(|error| RunReport {
            run,
            session,
            outcome: Err(RunFailure::new(FailureKind::Internal, error.to_string())),
            logs: Vec::new(),
            notes: Vec::new(),
            calls: report::CallStats::default(),
            variables: Vec::new(),
            duration: started.elapsed(),
            repeated: None,
        })
    }

    /// The text of `report` for an agent, of at most about `tokens` o200k tokens (by default
    /// the configured limit). What does not fit can be had by [`Engine::read`].
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
        present::present(
            report,
            limits.size(Limit::OutputTokens),
            limits.size(Limit::LogTokens),
            show_session,
        )
    }

    /// Changes whenever the servers or their tools do.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.0.upstreams.changes()
    }

    /// Lists a folder or gives a file of the tree, as `session` sees it. Waits up to
    /// [`LOOK_TIMEOUT`] for the servers that the path concerns.
    ///
    /// # Errors
    ///
    /// [`ReadError`] when there is nothing at `path`; it names what is near.
    pub async fn read(&self, path: &str, session: Option<&SessionId>) -> Result<Node, ReadError> {
        let wait = self.0.settled(|name, folder| files::concerns(path, name, folder));
        let _ = tokio::time::timeout(LOOK_TIMEOUT, wait).await;
        files::read(&self.0, path, session).await
    }
}

/// Milliseconds since 1970.
fn now() -> store::Millis {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// 128 bits from the operating system: ids are what keeps one agent out of another's session.
fn random() -> u128 {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).expect("the operating system gives random bytes");
    u128::from_le_bytes(bytes)
}
