//! What passed, as it passes: each request of a client's, from its first byte to its account.
//!
//! A [`Passage`] is shared by all who know a part of a request: the wire its bytes, the server its
//! texts, the run its calls. When the last of them lets go it is counted, in the background and one
//! at a time, and its account is kept.
//!
//! # Invariants
//!
//! * Nothing of a run waits for its account. Calls are read back from the run's journal
//!   afterwards, so their texts are held for it by nobody.
//! * Every passage is counted once, also when its client went away, or its run failed or was
//!   cancelled.
//! * An account that cannot be kept is logged as an error. A run whose process ended before it was
//!   counted is found by [`late`].
//! * Bytes are in one place: a passage, or the connection that they came over.

mod count;
mod late;

use std::{
    collections::{BTreeMap, HashMap},
    fmt,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use serde::{Deserialize, Serialize};
use tokio::{
    runtime::Handle,
    sync::{Semaphore, watch},
};
use workroom_catalog::ServerEntry;
use workroom_ledger::{
    Volume,
    account::{Account, Kind, Wire},
    report::SERVER,
};
use workroom_types::{RunId, SessionId, ToolRef};

use crate::{
    Engine, Shared,
    meter::Meter,
    now,
    report::{self, CallStats},
    store::{AccountRecord, Accounts, AccountsOf, StoreError},
};

pub use late::late;

/// Texts that wait to be counted, in bytes. Above it, tokens are reckoned from bytes, and the
/// account says so.
pub const COUNTED_BYTES_MAX: usize = 64 << 20;

/// Where accounts are kept, if not in the engine's store.
#[derive(Clone)]
pub struct Book(pub Arc<dyn Accounts>);

impl fmt::Debug for Book {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Book")
    }
}

/// Who asks, and how tools are offered to it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Caller {
    /// What the client calls itself.
    pub client: String,
    /// The mode of its connection.
    pub mode: String,
    /// What its requests that run something are: runs, or calls.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<Kind>,
}

impl Caller {
    /// The command line.
    pub fn cli() -> Self {
        Self { client: "cli".to_owned(), mode: "cli".to_owned(), kind: None }
    }
}

/// The engine's part of the ledger.
pub(crate) struct Ledger {
    book: Arc<dyn Accounts>,
    /// Passages, connections, and accounts that are not kept yet.
    open: watch::Sender<usize>,
    /// Counting takes one processor at most.
    one: Semaphore,
    queued: AtomicUsize,
    /// How large each server's definitions are, as they were when that was counted last.
    sizes: Mutex<HashMap<String, (Arc<ServerEntry>, Volume)>>,
    runtime: Option<Handle>,
}

impl Ledger {
    pub(crate) fn new(book: Arc<dyn Accounts>) -> Self {
        Self {
            book,
            open: watch::channel(0).0,
            one: Semaphore::new(1),
            queued: AtomicUsize::new(0),
            sizes: Mutex::default(),
            // Passages may be let go of by whoever ends last, outside of any task.
            runtime: Handle::try_current().ok(),
        }
    }

    /// Where accounts are kept.
    pub(crate) fn book(&self) -> &dyn Accounts {
        &*self.book
    }

    fn opened(&self) {
        self.open.send_modify(|open| *open += 1);
    }

    fn closed(&self) {
        self.open.send_modify(|open| *open -= 1);
    }

    /// Waits until all that was asked for is accounted for.
    async fn settled(&self) {
        // The sender lives as long as `self`.
        let _ = self.open.subscribe().wait_for(|open| *open == 0).await;
    }

    async fn keep(&self, account: Account) -> Result<(), StoreError> {
        let record = AccountRecord {
            at: account.at,
            kind: account.kind.name().to_owned(),
            session: account.session.clone(),
            client: account.client.clone(),
            run: account.run.clone(),
            body: serde_json::to_string(&account).unwrap_or_default(),
        };
        self.book.keep_accounts(vec![record]).await
    }

    /// Keeps `account`, or says that it is lost.
    async fn keep_or_tell(&self, account: Account) {
        let (kind, run) = (account.kind.name(), account.run.clone());
        if let Err(error) = self.keep(account).await {
            tracing::error!(kind, run, %error, "an account of what passed could not be kept");
        }
    }
}

/// Keeps what passed on servers' connections beside all calls.
pub(crate) async fn keep_beside(shared: &Shared) {
    for (server, wire) in shared.upstreams.beside() {
        if wire.total() > 0 {
            let session = format!("{SERVER}{server}");
            shared
                .ledger
                .keep_or_tell(Account { session, wire, ..Account::new(Kind::Server, now()) })
                .await;
        }
    }
}

impl Engine {
    /// A request of a client's, which came over `connection` if its bytes are counted.
    pub fn passage(&self, connection: Option<&Connection>) -> Passage {
        Passage::new(&self.0, connection.cloned())
    }

    /// A connection of clients whose bytes are counted.
    pub fn connection(&self) -> Connection {
        self.0.ledger.opened();
        let shared = Arc::clone(&self.0);
        Connection(Arc::new(Line { shared, state: Mutex::default() }))
    }

    /// The newest `limit` accounts, in the order of their times, without those that another version
    /// wrote in another form.
    ///
    /// # Errors
    ///
    /// What the store says.
    pub async fn accounts(&self, limit: usize) -> Result<Vec<Account>, StoreError> {
        let records = self.0.ledger.book.accounts(AccountsOf::default(), limit).await?;
        Ok(records.iter().filter_map(|it| serde_json::from_str(&it.body).ok()).collect())
    }

    /// Waits until all that was asked for is accounted for.
    pub async fn accounted(&self) {
        self.0.ledger.settled().await;
        keep_beside(&self.0).await;
    }
}

/// A connection's bytes that belong to no request.
#[derive(Clone)]
pub struct Connection(Arc<Line>);

struct Line {
    shared: Arc<Shared>,
    state: Mutex<(Wire, Caller)>,
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Connection")
    }
}

impl Connection {
    fn state(&self) -> MutexGuard<'_, (Wire, Caller)> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds what passed.
    pub fn passed(&self, wire: Wire) {
        self.state().0 += wire;
    }

    fn is_of(&self, caller: &Caller) {
        self.state().1.clone_from(caller);
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        let (wire, caller) =
            std::mem::take(self.state.get_mut().unwrap_or_else(PoisonError::into_inner));
        let Caller { client, mode, .. } = caller;
        let account = Account { client, mode, wire, ..Account::new(Kind::Connection, now()) };
        let shared = Arc::clone(&self.shared);
        if wire.total() == 0 {
            return shared.ledger.closed();
        }
        in_background(&self.shared, async move {
            shared.ledger.keep_or_tell(account).await;
            shared.ledger.closed();
        });
    }
}

fn in_background(shared: &Shared, work: impl Future<Output = ()> + Send + 'static) {
    match &shared.ledger.runtime {
        Some(runtime) => drop(runtime.spawn(work)),
        None => {
            tracing::error!("an account of what passed could not be kept: nothing runs any more");
            shared.ledger.closed();
        }
    }
}

/// One request of a client's; see the [module](self).
#[derive(Clone)]
pub struct Passage(Arc<Request>);

struct Request {
    shared: Arc<Shared>,
    connection: Option<Connection>,
    began: Instant,
    entry: Mutex<Entry>,
}

/// What is known of a request so far.
struct Entry {
    /// `None`: it is nothing that a model asks for.
    kind: Option<Kind>,
    account: Account,
    asked: String,
    answered: String,
    calls: Vec<RawCall>,
    traffic: Option<Arc<Traffic>>,
}

/// A call that is in no journal.
struct RawCall {
    tool: ToolRef,
    arguments: String,
    result: String,
    failed: bool,
    wire: Wire,
    duration: Duration,
}

impl fmt::Debug for Passage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Passage")
    }
}

impl Passage {
    pub(crate) fn new(shared: &Arc<Shared>, connection: Option<Connection>) -> Self {
        shared.ledger.opened();
        let entry = Entry {
            kind: None,
            account: Account::new(Kind::Call, now()),
            asked: String::new(),
            answered: String::new(),
            calls: Vec::new(),
            traffic: None,
        };
        let (shared, began) = (Arc::clone(shared), Instant::now());
        Self(Arc::new(Request { shared, connection, began, entry: Mutex::new(entry) }))
    }

    fn entry(&self) -> MutexGuard<'_, Entry> {
        self.0.entry.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// It is a `kind` of `caller`'s in `session`; the model wrote `asked` for it.
    pub fn begins(&self, kind: Kind, caller: &Caller, session: &SessionId, asked: String) {
        let mut entry = self.entry();
        entry.kind = Some(kind);
        entry.account.client.clone_from(&caller.client);
        entry.account.mode.clone_from(&caller.mode);
        session.as_str().clone_into(&mut entry.account.session);
        entry.asked = asked;
        drop(entry);
        if let Some(connection) = &self.0.connection {
            connection.is_of(caller);
        }
    }

    /// It turned out to be a `kind`, in `session` if that is another one.
    pub fn turns_out(&self, kind: Kind, session: &SessionId) {
        let mut entry = self.entry();
        entry.kind = Some(kind);
        session.as_str().clone_into(&mut entry.account.session);
    }

    /// The model gets `answered`.
    pub fn ended(&self, answered: String, ok: bool) {
        let mut entry = self.entry();
        entry.answered = answered;
        // A run's own word counts, which says more than what was shown of it.
        if entry.account.run.is_none() {
            entry.account.ok = ok;
            entry.account.duration_ms = report::milliseconds(self.0.began.elapsed());
        }
    }

    /// So many bytes passed for it on its client's wire.
    pub fn passed(&self, wire: Wire) {
        self.entry().account.wire += wire;
    }

    /// Who asked.
    pub fn caller(&self) -> Caller {
        let entry = self.entry();
        let (client, mode) = (entry.account.client.clone(), entry.account.mode.clone());
        Caller { client, mode, kind: entry.kind }
    }

    /// It was `run`, which is over; without `traffic` nothing of it was recorded.
    pub(crate) fn ran(
        &self,
        run: &RunId,
        ok: bool,
        stats: &CallStats,
        duration: Duration,
        traffic: Option<&Arc<Traffic>>,
    ) {
        let mut entry = self.entry();
        entry.account.run = Some(run.as_str().to_owned());
        entry.account.ok = ok;
        entry.account.masked = stats.masked;
        entry.account.duration_ms = report::milliseconds(duration);
        if let Some(traffic) = traffic {
            traffic.close();
            entry.traffic = Some(Arc::clone(traffic));
        }
    }

    /// It used the skill `name`.
    pub(crate) fn used(&self, name: &str) {
        self.entry().account.skill = Some(name.to_owned());
    }

    /// Another process began it: what passed on its client's wire is not known.
    pub(crate) fn is_late(&self) {
        self.entry().account.late = true;
    }

    /// It called `tool`, outside of any run.
    pub(crate) fn called(
        &self,
        tool: ToolRef,
        arguments: String,
        result: Result<&str, &str>,
        wire: Wire,
        duration: Duration,
    ) {
        let (failed, result) = (result.is_err(), result.unwrap_or_else(|words| words).to_owned());
        self.entry().calls.push(RawCall { tool, arguments, result, failed, wire, duration });
    }
}

impl Drop for Request {
    fn drop(&mut self) {
        let shared = Arc::clone(&self.shared);
        let empty = Entry {
            kind: None,
            account: Account::new(Kind::Call, 0),
            asked: String::new(),
            answered: String::new(),
            calls: Vec::new(),
            traffic: None,
        };
        let entry = self.entry.get_mut().unwrap_or_else(PoisonError::into_inner);
        let entry = std::mem::replace(entry, empty);
        let Some(kind) = entry.kind else {
            if let Some(connection) = &self.connection {
                connection.passed(entry.account.wire);
            }
            return shared.ledger.closed();
        };
        in_background(&self.shared, async move {
            count::count(&shared, kind, entry).await;
            shared.ledger.closed();
        });
    }
}

/// The calls of one run on their servers' wires, by the guest's numbers of them.
#[derive(Debug, Default)]
pub(crate) struct Traffic(Mutex<BTreeMap<u32, Passed>>);

/// One call.
#[derive(Debug)]
struct Passed {
    meter: Arc<Meter>,
    began: Instant,
    took: Option<Duration>,
}

impl Traffic {
    fn calls(&self) -> MutexGuard<'_, BTreeMap<u32, Passed>> {
        // Every change is one step.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The call `id` is about to be sent.
    pub(crate) fn begin(&self, id: u32) -> Arc<Meter> {
        let meter = Arc::<Meter>::default();
        let passed = Passed { meter: Arc::clone(&meter), began: Instant::now(), took: None };
        self.calls().insert(id, passed);
        meter
    }

    /// The call `id` was answered.
    pub(crate) fn end(&self, id: u32) {
        if let Some(passed) = self.calls().get_mut(&id) {
            passed.took = Some(passed.began.elapsed());
        }
    }

    /// What comes from now on is not the run's.
    fn close(&self) {
        for passed in self.calls().values() {
            passed.meter.close();
        }
    }

    /// What passed for the call `id`, and how long it took.
    fn of(&self, id: u32) -> (Wire, Duration) {
        let calls = self.calls();
        let passed = calls.get(&id);
        passed.map_or((Wire::default(), Duration::ZERO), |passed| {
            (passed.meter.close(), passed.took.unwrap_or_default())
        })
    }
}

/// Takes the place of `bytes` in what waits to be counted, for as long as it is there; `None` where
/// there is none.
struct Queued<'a>(&'a AtomicUsize, usize);

impl<'a> Queued<'a> {
    fn new(queued: &'a AtomicUsize, bytes: usize) -> Option<Self> {
        let fits = |now: usize| now.checked_add(bytes).filter(|all| *all <= COUNTED_BYTES_MAX);
        queued.fetch_update(Ordering::Relaxed, Ordering::Relaxed, fits).ok()?;
        Some(Self(queued, bytes))
    }
}

impl Drop for Queued<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(self.1, Ordering::Relaxed);
    }
}
