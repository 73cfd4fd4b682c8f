//! The trait through which sessions, runs and their journals are kept.
//!
//! What is kept survives the process at every moment: a run is recorded before it starts, each of
//! its calls before it is sent, and its end together with the session's new state, in one step.
//! A store knows nothing of what it keeps: journal entries, variables and outcomes are bytes and
//! JSON of the engine's.
//!
//! # Holders
//!
//! Several processes may share one store. Each open [`Store`] is a *holder* for as long as it is
//! open, and the store can tell a holder that lives from one that died, also by `kill -9`. A run
//! that is under way belongs to its holder; when that died, the run is *interrupted* and any other
//! holder may adopt it.
//!
//! # Order
//!
//! [`Store::append`] and [`Store::finish`] take their place in the record when they are called,
//! not when their future is awaited; the future resolves when the record is durable, and dropping
//! it undoes nothing. So a caller may go on computing while its record is written, and waits only
//! where something outside is about to happen.
//!
//! [`Memory`] keeps everything in this process: for tests, the demo, and runs that are not to
//! leave a trace. The durable one is the crate `workroom-store`.

mod accounts;
mod memory;
mod skills;
mod vaults;

use std::sync::Arc;

use futures::future::BoxFuture;
use serde::{Deserialize, Serialize};
use thiserror::Error;
use workroom_types::{RunId, SessionId, ToolRef};

pub use accounts::{AccountRecord, Accounts, AccountsOf};
pub use memory::Memory;
pub use skills::{
    AmendedSkill, Files, NewSkill, SkillFigures, SkillKept, SkillRecord, SkillStatus, SkillUse,
    Skills,
};
pub use vaults::{FlowRecord, FlowsOf, NewValue, SealedKey, ValueRecord, VaultRecord, Vaults};

/// A result of the store, in time.
pub type Stored<'a, T> = BoxFuture<'a, Result<T, StoreError>>;

/// Milliseconds since 1970, UTC.
pub type Millis = i64;

/// Keeps sessions, runs and journals, vaults, skills and accounts. A session that ends loses its
/// vault.
pub trait Store: Vaults + Skills + Accounts {
    /// The session `id`, also when it has ended; `None` if there never was one.
    fn session(&self, id: &SessionId) -> Stored<'_, Option<SessionRecord>>;

    /// All sessions, the one used last first, without those that ended before `ended_after`.
    fn sessions(&self, ended_after: Millis) -> Stored<'_, Vec<SessionRecord>>;

    /// The bytes of a snapshot; `None` if it has been dropped.
    fn snapshot(&self, id: SnapshotId) -> Stored<'_, Option<Arc<[u8]>>>;

    /// Ends the session `id`: its snapshot is dropped, its record stays with `ending`. A session
    /// that is not there is made as an ended one, so that its id is never "unknown".
    fn end_session(&self, id: &SessionId, at: Millis, ending: &Ending) -> Stored<'_, ()>;

    /// Records a run before it starts, and makes its session where there is none. A session that
    /// had ended begins anew.
    ///
    /// The future fails with [`StoreError::Busy`] when another run of the session is under way
    /// or interrupted.
    fn begin(&self, run: NewRun) -> Stored<'_, ()>;

    /// Adds entries to a run's journal, in order.
    fn append(&self, run: &RunId, entries: Vec<Vec<u8>>) -> Stored<'_, ()>;

    /// Ends a run, and in the same step gives its session its new state, if there is one.
    ///
    /// The session's version grows by one with every state. A session that ended meanwhile gets
    /// none, also when it has begun anew.
    fn finish(&self, run: &RunId, end: RunEnd, state: Option<SessionState>) -> Stored<'_, ()>;

    /// The run `id`, without its journal.
    fn run(&self, id: &RunId) -> Stored<'_, Option<RunRecord>>;

    /// A run's journal, in the order in which it was appended. Fails where there is no such run.
    fn journal(&self, id: &RunId) -> Stored<'_, Vec<Vec<u8>>>;

    /// The newest `limit` runs, of one session if given, the newest first.
    fn runs(&self, session: Option<&SessionId>, limit: usize) -> Stored<'_, Vec<RunRecord>>;

    /// The interrupted runs that began with `origin`, oldest first.
    fn interrupted(&self, origin: &str) -> Stored<'_, Vec<RunRecord>>;

    /// Makes this holder the owner of an interrupted run. `false` when the run is not interrupted,
    /// or somebody else was faster.
    fn adopt(&self, run: &RunId) -> Stored<'_, bool>;

    /// What is known of the results of tools, the one used last first: of one tool, in each of its
    /// definitions, or of all.
    fn shapes(&self, of: Option<&ToolRef>) -> Stored<'_, Vec<ShapeRecord>>;

    /// Keeps what is known of a tool in one definition, in place of what was known before.
    fn keep_shape(&self, shape: ShapeRecord) -> Stored<'_, ()>;

    /// The definitions that tools are held to, by their names.
    fn pins(&self) -> Stored<'_, Vec<PinRecord>>;

    /// Holds a tool to a definition, in place of what was kept of it before.
    fn keep_pin(&self, pin: PinRecord) -> Stored<'_, ()>;

    /// Drops what is too old or too much; see [`Retention`]. Sessions and runs under way stay.
    fn sweep(&self, now: Millis, retention: Retention) -> Stored<'_, Swept>;

    /// Looks whether everything that is kept is sound.
    fn check(&self) -> Stored<'_, Health>;
}

/// Names a stored snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct SnapshotId(pub i64);

/// A session as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionRecord {
    /// Its id.
    pub id: SessionId,
    /// When its first run began.
    pub created: Millis,
    /// When it was last used.
    pub used: Millis,
    /// Grows with every new state. 0: no run has left a state yet.
    pub version: i64,
    /// The last run that began.
    pub last_run: Option<RunId>,
    /// Where its state is kept; `None` before the first state and where that was not kept.
    pub snapshot: Option<SnapshotId>,
    /// Size of the snapshot in bytes, as stored; 0 without one.
    pub stored_bytes: u64,
    /// Memory of the state in bytes, when it was taken.
    pub heap_bytes: u64,
    /// The engine's JSON about its variables.
    pub variables: String,
    /// The run under way or interrupted.
    pub running: Option<Running>,
    /// Why it ended, if it has.
    pub ended: Option<(Millis, Ending)>,
}

/// A run that has begun and not ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Running {
    /// The run.
    pub run: RunId,
    /// Whether its holder died.
    pub interrupted: bool,
}

/// Why a session ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ending {
    /// In one clause that completes "the session …", such as `was dropped by the user`.
    pub reason: String,
    /// The names of the variables that went with it.
    pub lost: Vec<String>,
}

/// The state that a run leaves to its session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionState {
    /// The engine's JSON about its variables.
    pub variables: String,
    /// Memory in bytes.
    pub heap_bytes: u64,
    /// The snapshot; `None` if it is not to be kept.
    pub snapshot: Option<Arc<[u8]>>,
}

/// A run that is about to begin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewRun {
    /// Its id.
    pub id: RunId,
    /// Its session.
    pub session: SessionId,
    /// Now.
    pub started: Millis,
    /// The agent's own text.
    pub code: String,
    /// Tells the servers that the run may call: another gateway than this one must not resume
    /// it with servers that it was not meant for.
    pub origin: String,
    /// The engine's JSON about how it runs: limits, seed, the guest's hash.
    pub setup: String,
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunEnd {
    /// Now.
    pub ended: Millis,
    /// Whether it ended well.
    pub ok: bool,
    /// The engine's JSON about its outcome.
    pub outcome: String,
}

/// A run as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunRecord {
    /// What was known when it began.
    pub run: NewRun,
    /// The session's state when it began; `None`: a fresh one, or the state was not kept.
    pub before: Option<SnapshotId>,
    /// The session's version when it began: 0 with no [`RunRecord::before`] is a fresh session.
    pub version: i64,
    /// How it ended; `None` while it is under way or interrupted.
    pub end: Option<RunEnd>,
    /// Whether it has no end and its holder died.
    pub interrupted: bool,
    /// Bytes of its journal.
    pub journal_bytes: u64,
}

/// What is known of a tool in one of its definitions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShapeRecord {
    /// The tool.
    pub tool: ToolRef,
    /// The hash of its definition.
    pub definition: String,
    /// When it was last used.
    pub used: Millis,
    /// The engine's JSON about its results.
    pub body: String,
}

/// The definition that a tool is held to. It never grows old.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PinRecord {
    /// The tool.
    pub tool: ToolRef,
    /// Its definition as it was first seen, or approved last: JSON.
    pub approved: String,
    /// Another one that its server has now, and that waits for approval.
    pub held: Option<String>,
    /// When this was noticed.
    pub at: Millis,
}

/// What may be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// Sessions not used for so long end, with their names remembered.
    pub session_age_ms: Millis,
    /// Runs (with their journals and the states before them) that ended longer ago are dropped.
    pub run_age_ms: Millis,
    /// Above this many bytes of journals and of states that no session needs any more, the
    /// oldest ended runs are dropped.
    pub history_bytes: u64,
    /// What is known of a tool that was not used for so long is dropped.
    pub shape_age_ms: Millis,
    /// Above so many tools, what is known of those not used for longest is dropped.
    pub shapes: u64,
    /// What became of values longer ago is dropped.
    pub flow_age_ms: Millis,
    /// Above so many flows, the oldest are dropped.
    pub flows: u64,
    /// Accounts of longer ago are dropped.
    pub account_age_ms: Millis,
    /// Above so many accounts, the oldest are dropped.
    pub accounts: u64,
}

/// What [`Store::sweep`] dropped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Swept {
    /// Sessions that ended.
    pub sessions: u64,
    /// Runs dropped.
    pub runs: u64,
    /// Snapshots dropped.
    pub snapshots: u64,
    /// Shapes of tools dropped.
    pub shapes: u64,
    /// Flows of values dropped.
    pub flows: u64,
    /// Accounts dropped.
    pub accounts: u64,
}

/// What [`Store::check`] found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Health {
    /// What and where the store is, in one clause.
    pub about: String,
    /// What is wrong; empty when all is sound.
    pub problems: Vec<String>,
    /// Live sessions.
    pub sessions: u64,
    /// Runs.
    pub runs: u64,
    /// Bytes in all.
    pub bytes: u64,
}

/// Why the store did not do what it was asked.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum StoreError {
    /// A run of the session is under way in another process, or waits to be resumed.
    #[error("session `{session}` is in use: run `{run}` is {}", state(*.interrupted))]
    Busy {
        /// The session.
        session: SessionId,
        /// The run that has not ended.
        run: RunId,
        /// Whether its process died.
        interrupted: bool,
    },
    /// Reading or writing failed.
    #[error("the store failed: {0}")]
    Failed(String),
}

fn state(interrupted: bool) -> &'static str {
    if interrupted { "interrupted" } else { "under way" }
}

/// The variables' names in [`SessionRecord::variables`]: a JSON list of objects with a `name`.
pub fn variable_names(variables: &str) -> Vec<String> {
    let list: Vec<serde_json::Value> = serde_json::from_str(variables).unwrap_or_default();
    list.iter().filter_map(|variable| Some(variable.get("name")?.as_str()?.to_owned())).collect()
}
