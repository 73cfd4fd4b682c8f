//! The life of one server: started, attended, restarted when a call asks for it.
//!
//! # Invariants
//!
//! * One task starts and ends connections, so that there is never more than one.
//! * Waiting callers see every change of [`Phase`]; the snapshot follows each of them, and the
//!   pool's counter follows the snapshot.
//! * A server that failed is tried again only for a call, and not before its backoff is over.

use std::{
    fmt,
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use rmcp::{RoleClient, service::Peer};
use tokio::{
    sync::{Notify, watch},
    time::{Instant, sleep_until, timeout_at},
};
use workroom_types::{ServerSnapshot, ServerStatus};

use crate::{
    UpstreamConfig,
    list::{Listing, WARNINGS_MAX},
    session::{self, Era, Failure, STOPPED, Session, Shared},
    stdio::Link,
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
        Self {
            config,
            shared,
            phase: watch::Sender::new(Phase::Starting),
            snapshot: RwLock::new(Arc::new(snapshot)),
            changes,
            wanted: Notify::new(),
        }
    }

    pub(crate) fn snapshot(&self) -> Arc<ServerSnapshot> {
        Arc::clone(&self.snapshot.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn call_timeout(&self) -> Option<Duration> {
        self.config.call_timeout
    }

    /// Waits until the server is ready or has failed.
    pub(crate) async fn settled(&self) {
        let mut phases = self.phase.subscribe();
        // The sender lives as long as `self`.
        phases.wait_for(|phase| !matches!(phase, Phase::Starting)).await.ok();
    }

    /// The connection for a call, started again if need be. An error is why there is none.
    pub(crate) async fn live(&self, deadline: Instant) -> Result<Live, String> {
        let mut phases = self.phase.subscribe();
        let mut asked = false;
        loop {
            let phase = phases.borrow_and_update().clone();
            match phase {
                Phase::Ready(live) if !live.link.lost.is_cancelled() => return Ok(live),
                Phase::Failed(rest) if asked => return Err(rest.reason.clone()),
                Phase::Failed(rest) => {
                    rest.may_retry()?;
                    asked = true;
                    self.wanted.notify_waiters();
                    if !rest.was_ready {
                        return Err(rest.reason.clone());
                    }
                }
                Phase::Starting | Phase::Ready(_) => {}
            }
            match timeout_at(deadline, phases.changed()).await {
                Ok(Ok(())) => {}
                Ok(Err(_)) => return Err(STOPPED.to_owned()),
                Err(_) => return Err("it is still starting".to_owned()),
            }
        }
    }

    /// Runs until the pool is shut down.
    pub(crate) async fn run(self: Arc<Self>) {
        let mut era = Era::default();
        let mut was_ready = false;
        let mut failures = 0;
        while !self.shared.stop.is_cancelled() {
            self.publish(Phase::Starting, |snapshot| snapshot.status = ServerStatus::Starting);
            let failure = match session::open(&self.config, &self.shared, &mut era).await {
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
            self.rest(failure, backoff(failures), was_ready).await;
        }
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

    /// Says that the server failed, and waits until it is wanted again.
    async fn rest(&self, failure: Failure, backoff: Duration, was_ready: bool) {
        let stopped = self.shared.stop.is_cancelled();
        let Failure { reason, stderr } = failure;
        if !stopped {
            tracing::warn!(server = self.config.name, reason, "failed");
        }
        let wanted = self.wanted.notified();
        tokio::pin!(wanted);
        // Before a caller can see the failure: a wake-up with nobody waiting is lost.
        wanted.as_mut().enable();
        let retry_at = (!stopped).then(|| Instant::now() + backoff);
        let rest = Rest { reason: reason.clone(), retry_at, was_ready };
        self.publish(Phase::Failed(Arc::new(rest)), |snapshot| {
            snapshot.status = ServerStatus::Failed { reason, stderr };
        });
        tokio::select! {
            () = wanted => {}
            () = self.shared.stop.cancelled() => {}
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
    fn may_retry(&self) -> Result<(), String> {
        let reason = &self.reason;
        let Some(retry_at) = self.retry_at else { return Err(reason.clone()) };
        let wait = retry_at.saturating_duration_since(Instant::now());
        if wait.is_zero() {
            return Ok(());
        }
        let seconds = wait.as_secs_f64().ceil();
        Err(format!("{reason}; it failed repeatedly and is started again after {seconds} s"))
    }
}

/// None after a first failure, then twice as long each time.
fn backoff(failures: u32) -> Duration {
    match failures {
        0 | 1 => Duration::ZERO,
        _ => BACKOFF_FIRST.saturating_mul(1 << (failures - 2).min(16)).min(BACKOFF_MAX),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn backoff_grows_to_its_bound() {
        let seconds: Vec<_> = (1..10).map(|failures| backoff(failures).as_secs()).collect();
        assert_eq!(seconds, [0, 1, 2, 4, 8, 16, 32, 60, 60]);
        assert_eq!(backoff(u32::MAX), BACKOFF_MAX);
    }
}
