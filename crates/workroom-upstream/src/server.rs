//! The life of one server: started, attended, restarted by itself or when a call asks for it.
//!
//! # Invariants
//!
//! * One task starts and ends connections, so that there is never more than one.
//! * Waiting callers see every change of [`Phase`]; the snapshot follows each of them, and the
//!   pool's counter follows the snapshot.
//! * A server that failed is tried again, sooner if a call asks for it, and never before its
//!   backoff is over. Until that succeeds it counts as failed, unless a call waits for it: who
//!   looks at the servers is not kept waiting by one that never starts.

use std::{
    fmt,
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use futures::FutureExt;
use rmcp::{RoleClient, service::Peer};
use tokio::{
    sync::{Notify, watch},
    time::{Instant, sleep_until, timeout, timeout_at},
};
use workroom_ledger::account::Wire;
use workroom_types::{ServerSnapshot, ServerStatus};

use crate::{
    UpstreamConfig,
    conduct::{Conduct, Down},
    list::{Listing, WARNINGS_MAX},
    retry::doubled,
    session::{self, Era, Failure, STOPPED, Session, Shared},
    stdio::Link,
    wire::Beside,
};

/// The first wait of a server that failed again without a single answer in between.
const BACKOFF_FIRST: Duration = Duration::from_secs(1);

/// The longest wait.
const BACKOFF_MAX: Duration = Duration::from_secs(60);

/// The least time between two lists of a server that says that its tools change.
const RELIST_INTERVAL: Duration = Duration::from_secs(1);

/// One configured server.
pub(crate) struct Server {
    config: UpstreamConfig,
    shared: Shared,
    phase: watch::Sender<Phase>,
    snapshot: RwLock<Arc<ServerSnapshot>>,
    changes: watch::Sender<u64>,
    /// A call asks for a restart.
    wanted: Notify,
    conduct: Conduct,
    beside: Arc<Beside>,
}

/// Where a server is in its life.
#[derive(Clone, Debug)]
pub(crate) enum Phase {
    Starting,
    Ready(Live),
    Failed(Arc<Rest>),
}

/// What calls need of a connection.
#[derive(Clone, Debug)]
pub(crate) struct Live {
    pub(crate) peer: Peer<RoleClient>,
    pub(crate) link: Arc<Link>,
    answered: Arc<AtomicBool>,
}

impl Live {
    /// The connection did what it is for: the next failure is a first one.
    pub(crate) fn answered(&self) {
        self.answered.store(true, Ordering::Relaxed);
    }
}

/// A server that failed, until it is started again.
#[derive(Debug)]
pub(crate) struct Rest {
    reason: String,
    /// Not before this moment; `None` when never.
    retry_at: Option<Instant>,
    /// Worth waiting for: it worked once.
    was_ready: bool,
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server").field("config", &self.config).finish_non_exhaustive()
    }
}

impl Server {
    pub(crate) fn new(config: UpstreamConfig, shared: Shared, changes: watch::Sender<u64>) -> Self {
        let snapshot = ServerSnapshot { name: config.name.clone(), ..ServerSnapshot::default() };
        let conduct = Conduct::new(&config.policy, shared.chance.clone());
        Self {
            config,
            shared,
            phase: watch::Sender::new(Phase::Starting),
            snapshot: RwLock::new(Arc::new(snapshot)),
            changes,
            wanted: Notify::new(),
            conduct,
            beside: Arc::default(),
        }
    }

    pub(crate) fn snapshot(&self) -> Arc<ServerSnapshot> {
        Arc::clone(&self.snapshot.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn call_timeout(&self) -> Option<Duration> {
        self.config.call_timeout
    }

    /// What passed beside all calls, since this was asked last.
    pub(crate) fn beside(&self) -> (String, Wire) {
        (self.config.name.clone(), self.beside.take())
    }

    pub(crate) fn conduct(&self) -> &Conduct {
        &self.conduct
    }

    /// Why the connection that was just lost ended, if that is known within `patience`.
    pub(crate) async fn why_lost(&self, patience: Duration) -> Option<String> {
        let mut phases = self.phase.subscribe();
        let failed = phases.wait_for(|phase| match phase {
            Phase::Ready(live) => !live.link.lost.is_cancelled(),
            Phase::Starting | Phase::Failed(_) => true,
        });
        match &*timeout(patience, failed).await.ok()?.ok()? {
            Phase::Failed(rest) => Some(rest.reason.clone()),
            // Somebody else has asked for a restart already.
            Phase::Starting | Phase::Ready(_) => None,
        }
    }

    /// Waits until the server is ready or has failed.
    pub(crate) async fn settled(&self) {
        let mut phases = self.phase.subscribe();
        // The sender lives as long as `self`.
        phases.wait_for(|phase| !matches!(phase, Phase::Starting)).await.ok();
    }

    /// The connection for a call, started again if need be.
    pub(crate) async fn live(&self, deadline: Instant) -> Result<Live, Down> {
        let down = |reason: &str| Down { reason: reason.to_owned(), after: None, was_ready: false };
        let mut phases = self.phase.subscribe();
        let mut asked = false;
        loop {
            let phase = phases.borrow_and_update().clone();
            match phase {
                Phase::Ready(live) if !live.link.lost.is_cancelled() => return Ok(live),
                Phase::Failed(rest) if asked => return Err(down(&rest.reason)),
                Phase::Failed(rest) => {
                    rest.may_retry()?;
                    asked = true;
                    self.wanted.notify_one();
                    if !rest.was_ready {
                        return Err(down(&rest.reason));
                    }
                }
                Phase::Starting | Phase::Ready(_) => {}
            }
            match timeout_at(deadline, phases.changed()).await {
                Ok(Ok(())) => {}
                Ok(Err(_)) => return Err(down(STOPPED)),
                Err(_) => return Err(down("it is still starting")),
            }
        }
    }

    /// Runs until the pool is shut down.
    pub(crate) async fn run(self: Arc<Self>) {
        let mut era = Era::default();
        let mut was_ready = false;
        let mut failures = 0;
        // Whether nobody waits for the start that comes next.
        let mut quiet = false;
        while !self.shared.stop.is_cancelled() {
            let failure = match self.open(&mut era, quiet).await {
                Ok((session, listing)) => {
                    was_ready = true;
                    let (failure, answered) = self.attend(session, listing).await;
                    if answered {
                        failures = 0;
                    }
                    failure
                }
                Err(failure) => failure,
            };
            failures += 1;
            quiet = self.rest(failure, failures, was_ready).await;
        }
    }

    /// Starts the server. A quiet start shows only when a call asks for it.
    async fn open(&self, era: &mut Era, quiet: bool) -> Result<(Session, Listing), Failure> {
        let starting = || {
            self.publish(Phase::Starting, |snapshot| snapshot.status = ServerStatus::Starting);
        };
        if !quiet {
            starting();
        }
        let opening = session::open(&self.config, &self.shared, &self.beside, era);
        tokio::pin!(opening);
        if quiet {
            tokio::select! {
                biased;
                opened = &mut opening => return opened,
                () = self.wanted.notified() => starting(),
            }
        }
        opening.await
    }

    /// From the first list of tools to the end of the connection.
    async fn attend(&self, session: Session, listing: Listing) -> (Failure, bool) {
        tracing::info!(server = self.config.name, tools = listing.tools.len(), "ready");
        let answered = Arc::new(AtomicBool::new(false));
        let live = Live {
            peer: session.peer.clone(),
            link: Arc::clone(&session.link),
            answered: Arc::clone(&answered),
        };
        let noise = session.link.noise();
        let about = session.about.clone();
        self.publish(Phase::Ready(live), |snapshot| {
            snapshot.status = ServerStatus::Ready;
            snapshot.title = about.title;
            snapshot.instructions = about.instructions;
            snapshot.tools = listing.tools;
            snapshot.warnings = listing.warnings;
            snapshot.warnings.extend(noise);
        });
        let mut listed_at = Instant::now();
        loop {
            tokio::select! {
                biased;
                () = self.shared.stop.cancelled() => {
                    session.close().await;
                    let failure = Failure { reason: STOPPED.to_owned(), stderr: Vec::new() };
                    return (failure, true);
                }
                () = session.link.lost.cancelled() => break,
                () = async {
                    session.relist.notified().await;
                    sleep_until(listed_at + RELIST_INTERVAL).await;
                } => {
                    self.relist(&session).await;
                    listed_at = Instant::now();
                }
            }
        }
        let failure = session.end(None, &self.shared.tasks).await;
        (failure, answered.load(Ordering::Relaxed))
    }

    async fn relist(&self, session: &Session) {
        let listed = tokio::select! {
            () = session.link.lost.cancelled() => return,
            listed = session.list(&self.config) => listed,
        };
        self.change(|snapshot| match listed {
            Ok(listing) => {
                snapshot.tools = listing.tools;
                snapshot.warnings = listing.warnings;
            }
            // The tools that were known may still be there.
            Err(reason) => {
                snapshot.warnings.truncate(WARNINGS_MAX - 1);
                snapshot.warnings.extend(reason);
            }
        });
    }

    /// Says that the server failed, and waits until it is to be started again. True when that
    /// is since time has passed, and nobody waits for it.
    async fn rest(&self, failure: Failure, failures: u32, was_ready: bool) -> bool {
        let stopped = self.shared.stop.is_cancelled();
        let Failure { reason, stderr } = failure;
        if !stopped && failures == 1 {
            tracing::warn!(server = self.config.name, reason, "failed");
        } else if !stopped {
            tracing::debug!(server = self.config.name, reason, failures, "failed again");
        }
        // Who asked before could not know of this failure.
        self.wanted.notified().now_or_never();
        let now = Instant::now();
        let retry_at = (!stopped).then(|| now + backoff(failures));
        let by_itself = now + alone_after(failures, self.shared.chance.next());
        let rest = Rest { reason: reason.clone(), retry_at, was_ready };
        self.publish(Phase::Failed(Arc::new(rest)), |snapshot| {
            snapshot.status = ServerStatus::Failed { reason, stderr };
        });
        tokio::select! {
            () = self.wanted.notified() => false,
            () = sleep_until(by_itself) => true,
            () = self.shared.stop.cancelled() => false,
        }
    }

    fn publish(&self, phase: Phase, change: impl FnOnce(&mut ServerSnapshot)) {
        // The snapshot first: who waited for the phase finds it there.
        self.change(change);
        self.phase.send_replace(phase);
    }

    fn change(&self, change: impl FnOnce(&mut ServerSnapshot)) {
        let mut snapshot = self.snapshot.write().unwrap_or_else(PoisonError::into_inner);
        let mut changed = ServerSnapshot::clone(&snapshot);
        change(&mut changed);
        if **snapshot != changed {
            *snapshot = Arc::new(changed);
            drop(snapshot);
            self.changes.send_modify(|count| *count += 1);
        }
    }
}

impl Rest {
    fn may_retry(&self) -> Result<(), Down> {
        let (reason, was_ready) = (self.reason.clone(), self.was_ready);
        let Some(retry_at) = self.retry_at else {
            return Err(Down { reason, after: None, was_ready: false });
        };
        let wait = retry_at.saturating_duration_since(Instant::now());
        if wait.is_zero() {
            return Ok(());
        }
        let seconds = wait.as_secs_f64().ceil();
        let reason =
            format!("{reason}; it failed repeatedly and is started again after {seconds} s");
        Err(Down { reason, after: Some(wait), was_ready })
    }
}

/// How long no call starts it again: not at all after a first failure, then twice as long each
/// time.
fn backoff(failures: u32) -> Duration {
    match failures {
        0 | 1 => Duration::ZERO,
        _ => doubled(BACKOFF_FIRST, failures - 2, BACKOFF_MAX),
    }
}

/// When a server is started again without a call: a while after a call may, and many servers that
/// failed together not together.
fn alone_after(failures: u32, chance: f64) -> Duration {
    backoff(failures).max(BACKOFF_FIRST).mul_f64(1.0 + 0.5 * chance.clamp(0.0, 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn backoff_grows_to_its_bound() {
        let seconds: Vec<_> = (1..10).map(|failures| backoff(failures).as_secs()).collect();
        assert_eq!(seconds, [0, 1, 2, 4, 8, 16, 32, 60, 60]);
        assert_eq!(backoff(u32::MAX), BACKOFF_MAX);
        let millis = |failures, chance| alone_after(failures, chance).as_millis();
        assert_eq!([millis(1, 0.0), millis(1, 1.0), millis(4, 0.5)], [1_000, 1_500, 5_000]);
        assert_eq!(millis(u32::MAX, 1.0), 90_000);
    }
}
