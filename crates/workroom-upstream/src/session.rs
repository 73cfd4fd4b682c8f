//! One connection to a server, from its handshake to its end.
//!
//! # Invariants
//!
//! * A handshake that fails leaves no process behind.
//! * How a server speaks is found out once and remembered, so that a restart does not probe.

use std::{
    process::ExitStatus,
    sync::{Arc, atomic::Ordering::Relaxed},
    time::Duration,
};

use rmcp::{
    ClientHandler, RoleClient,
    model::{
        ClientCapabilities, ClientConfig, ErrorData, Implementation, ProtocolVersion,
        ServerPeerInfo, ServerResult, SubscriptionFilter,
    },
    service::{
        ClientInitializeError, ClientLifecycleMode, NotificationContext, Peer, RequestContext,
        RunningService, SubscriptionEnd, serve_client_with_lifecycle_and_ct,
    },
    transport::IntoTransport,
};
use serde_json::Value;
use tokio::{
    sync::Notify,
    task::JoinHandle,
    time::{Instant, sleep, timeout, timeout_at},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use workroom_types::PolicyKey;

use crate::{
    Chance, Guard, Transport, UpstreamConfig, http,
    list::{Listing, list},
    process::{self, Process, exit_words, plain},
    stdio::{Link, Loss, Stdio},
    wire::{Beside, Calls},
};

/// How long a connection may take to be closed in order.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);

/// How long a subscription that ended is left alone before it is opened again.
const RESUBSCRIBE_PAUSE: Duration = Duration::from_secs(5);

/// Characters of a server's title that are kept.
const TITLE_CHARS: usize = 200;

/// Characters of a server's instructions that are kept.
const INSTRUCTIONS_CHARS: usize = 32 * 1024;

/// The reason of what ends since we do.
pub(crate) const STOPPED: &str = "the gateway is ending";

/// What all servers of a pool share.
#[derive(Clone, Debug)]
pub(crate) struct Shared {
    pub(crate) guard: Guard,
    pub(crate) chance: Chance,
    /// Cancelled when the pool is shut down.
    pub(crate) stop: CancellationToken,
    /// What has to be over before the pool is.
    pub(crate) tasks: TaskTracker,
}

/// Which handshake a server wants.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Era {
    /// Not known yet: it is asked the newer way first.
    #[default]
    Unknown,
    /// `server/discover`, from revision 2026-07-28 on.
    Discover,
    /// `initialize`, until revision 2025-11-25.
    Initialize,
}

impl Era {
    fn lifecycle(self) -> ClientLifecycleMode {
        let preferred_versions = vec![ProtocolVersion::V_2026_07_28];
        match self {
            Era::Unknown => ClientLifecycleMode::Auto {
                preferred_versions,
                legacy_version: Some(ProtocolVersion::LATEST_WITH_INITIALIZE),
            },
            Era::Discover => ClientLifecycleMode::Discover { preferred_versions },
            Era::Initialize => ClientLifecycleMode::Initialize,
        }
    }
}

/// Why a server cannot be used.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Failure {
    pub(crate) reason: String,
    pub(crate) stderr: Vec<String>,
}

/// What a server says of itself.
#[derive(Clone, Debug, Default)]
pub(crate) struct About {
    pub(crate) title: Option<String>,
    pub(crate) instructions: Option<String>,
}

/// An open connection.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) peer: Peer<RoleClient>,
    pub(crate) link: Arc<Link>,
    pub(crate) about: About,
    /// The server said that its tools changed.
    pub(crate) relist: Arc<Notify>,
    close: CancellationToken,
    closed: JoinHandle<()>,
    process: Option<Process>,
    subscription: Option<JoinHandle<()>>,
}

/// Starts a server, shakes hands and lists its tools.
pub(crate) async fn open(
    config: &UpstreamConfig,
    shared: &Shared,
    beside: &Arc<Beside>,
    era: &mut Era,
) -> Result<(Session, Listing), Failure> {
    let deadline = Instant::now() + config.start_timeout;
    let mut attempt = Attempt { config, shared, beside, era: *era, deadline };
    let mut tried = vec![attempt.era];
    let session = loop {
        match attempt.connect().await {
            Ok(session) => break session,
            Err(refusal) => match refusal.other_era {
                Some(other) if !tried.contains(&other) && Instant::now() < deadline => {
                    tried.push(other);
                    attempt.era = other;
                }
                _ => {
                    *era = Era::Unknown;
                    return Err(refusal.failure);
                }
            },
        }
    };
    *era = match session.peer.peer_info() {
        Some(info) if info.protocol_version.has_initialize() => Era::Initialize,
        _ => Era::Discover,
    };
    let listed = tokio::select! {
        () = shared.stop.cancelled() => Err(Some(STOPPED.to_owned())),
        listed = timeout_at(deadline, list(&session.peer, &config.bounds)) => {
            listed.unwrap_or_else(|_| Err(Some(too_late(config, "list its tools"))))
        }
    };
    match listed {
        Ok(listing) => Ok((session, listing)),
        Err(reason) => Err(session.end(reason, &shared.tasks).await),
    }
}

fn too_late(config: &UpstreamConfig, what: &str) -> String {
    format!("it did not {what} within {} ms", config.start_timeout.as_millis())
}

/// One try to connect.
struct Attempt<'a> {
    config: &'a UpstreamConfig,
    shared: &'a Shared,
    beside: &'a Arc<Beside>,
    era: Era,
    deadline: Instant,
}

/// A try that failed, and the handshake that may work instead.
struct Refusal {
    failure: Failure,
    other_era: Option<Era>,
}

impl From<String> for Refusal {
    fn from(reason: String) -> Self {
        Self { failure: Failure { reason, stderr: Vec::new() }, other_era: None }
    }
}

impl Attempt<'_> {
    async fn connect(&self) -> Result<Session, Refusal> {
        let bounds = &self.config.bounds;
        let link = Arc::new(Link::default());
        match &self.config.transport {
            Transport::Stdio { command, args, env, cwd } => {
                let guard = &self.shared.guard;
                let spawned = process::spawn(guard, command, args, env, cwd.as_deref(), bounds)?;
                let calls = Arc::new(Calls::new(Arc::clone(self.beside)));
                let stdio = Stdio::new(
                    (Arc::clone(&link), calls),
                    spawned.stdin,
                    spawned.stdout,
                    bounds.message_bytes,
                    self.era == Era::Unknown,
                );
                self.shake_hands(stdio, link, Some(spawned.process)).await
            }
            Transport::Http { url, headers } => {
                let calls_max = self.config.policy.count(PolicyKey::CallsInFlight);
                let http = http::transport(url, headers, bounds, calls_max, self.beside)?;
                self.shake_hands(http, link, None).await
            }
        }
    }

    async fn shake_hands<T, E, A>(
        &self,
        transport: T,
        link: Arc<Link>,
        mut process: Option<Process>,
    ) -> Result<Session, Refusal>
    where
        T: IntoTransport<RoleClient, E, A>,
        E: std::error::Error + Send + Sync + 'static,
    {
        let client = Client::default();
        let relist = Arc::clone(&client.relist);
        let close = self.shared.stop.child_token();
        let serve = serve_client_with_lifecycle_and_ct(
            client,
            transport,
            self.era.lifecycle(),
            close.clone(),
        );
        let (reason, other_era) = match timeout_at(self.deadline, serve).await {
            Ok(Ok(service)) => {
                let session = Session::new(service, link, relist, close, process);
                return self.check_version(session).await;
            }
            Ok(Err(ClientInitializeError::Cancelled)) => (Some(STOPPED.to_owned()), None),
            Ok(Err(error)) => (http::handshake_words(&error), self.other_era(&error, &link)),
            Err(_) => (Some(too_late(self.config, "answer")), None),
        };
        let failure = explain(&link, process.as_mut(), reason, " before it answered").await;
        if let Some(process) = process {
            self.shared.tasks.spawn(process.stop());
        }
        Err(Refusal { failure, other_era })
    }

    async fn check_version(&self, session: Session) -> Result<Session, Refusal> {
        let reason = match session.peer.peer_info() {
            Some(info) if ProtocolVersion::KNOWN_VERSIONS.contains(&info.protocol_version) => {
                return Ok(session);
            }
            Some(info) => {
                let version = plain(info.protocol_version.as_str().as_bytes(), TITLE_CHARS);
                format!("it speaks version `{version}` of MCP, which is not known here")
            }
            None => "it did not say which version of MCP it speaks".to_owned(),
        };
        let failure = session.end(Some(reason), &self.shared.tasks).await;
        Err(Refusal { failure, other_era: None })
    }

    fn other_era(&self, error: &ClientInitializeError, link: &Link) -> Option<Era> {
        let handshake = link.handshake();
        match (self.era, error) {
            // Some older servers end when the first request is not `initialize`.
            (Era::Unknown, ClientInitializeError::ConnectionClosed(_)) => {
                let probed = matches!(link.loss(), Some(Loss::Closed(_)))
                    && !handshake.initialize.load(Relaxed);
                probed.then_some(Era::Initialize)
            }
            // A newer server that was slow to start.
            (Era::Unknown, _) => handshake.late_discover.load(Relaxed).then_some(Era::Discover),
            // What was remembered is not true any more.
            (_, ClientInitializeError::JsonRpcError(_)) => Some(Era::Unknown),
            _ => None,
        }
    }
}

impl Session {
    fn new(
        service: RunningService<RoleClient, Client>,
        link: Arc<Link>,
        relist: Arc<Notify>,
        close: CancellationToken,
        process: Option<Process>,
    ) -> Self {
        let peer = service.peer().clone();
        let info = peer.peer_info();
        let subscribes = info.as_ref().is_some_and(|info| {
            let tools = info.capabilities.tools.as_ref();
            !info.protocol_version.has_initialize()
                && tools.is_some_and(|tools| tools.list_changed == Some(true))
        });
        let subscription =
            subscribes.then(|| tokio::spawn(subscribe(peer.clone(), Arc::clone(&relist))));
        let ended = Arc::clone(&link);
        let closed = tokio::spawn(async move {
            service.waiting().await.ok();
            ended.lose(Loss::Closed("closed the connection"));
        });
        let about = info.map(|info| About::new(&info)).unwrap_or_default();
        Self { peer, link, about, relist, close, closed, process, subscription }
    }

    /// The tools as they are now.
    pub(crate) async fn list(&self, config: &UpstreamConfig) -> Result<Listing, Option<String>> {
        timeout(config.start_timeout, list(&self.peer, &config.bounds))
            .await
            .unwrap_or_else(|_| Err(Some(too_late(config, "list its tools"))))
    }

    /// Says why the connection ended, and closes what is left of it in the background.
    pub(crate) async fn end(mut self, reason: Option<String>, tasks: &TaskTracker) -> Failure {
        let failure = explain(&self.link, self.process.as_mut(), reason, "").await;
        tasks.spawn(self.close());
        failure
    }

    /// Closes the connection and ends the server.
    pub(crate) async fn close(mut self) {
        if let Some(subscription) = &self.subscription {
            subscription.abort();
        }
        self.close.cancel();
        timeout(CLOSE_TIMEOUT, &mut self.closed).await.ok();
        if let Some(process) = self.process.take() {
            process.stop().await;
        }
    }
}

/// Why a connection is over: `reason` if there is one, else the exit status, else what was lost.
async fn explain(
    link: &Link,
    process: Option<&mut Process>,
    reason: Option<String>,
    when: &str,
) -> Failure {
    let fault = match link.loss() {
        Some(Loss::Fault(words)) => Some(format!("it {words}")),
        _ => None,
    };
    let (reason, stderr) = match (fault.or(reason), process) {
        (Some(reason), process) => (reason, process.map(|process| process.stderr())),
        (None, Some(process)) => {
            let (status, stderr) = process.epitaph().await;
            (format!("it {}{when}", end_words(status, link)), Some(stderr))
        }
        (None, None) => (format!("it {}{when}", end_words(None, link)), None),
    };
    let reason = match link.noise() {
        Some(noise) => format!("{reason}; {noise}"),
        None => reason,
    };
    Failure { reason, stderr: stderr.unwrap_or_default() }
}

/// What ended: an exit says more than a closed pipe, unless it came of our closing the other one.
fn end_words(exit: Option<ExitStatus>, link: &Link) -> String {
    let closed = match link.loss() {
        Some(Loss::Closed(words)) => words,
        _ => "closed the connection",
    };
    match exit {
        Some(status) if status.success() => format!("{closed} and {}", exit_words(status)),
        Some(status) => exit_words(status),
        None => closed.to_owned(),
    }
}

impl About {
    fn new(info: &ServerPeerInfo) -> Self {
        let title = info.server_info.as_ref().map(|server| {
            let title = server.title.as_ref().filter(|title| !title.trim().is_empty());
            plain(title.unwrap_or(&server.name).as_bytes(), TITLE_CHARS)
        });
        let instructions =
            info.instructions.as_ref().map(|text| text.chars().take(INSTRUCTIONS_CHARS).collect());
        Self { title, instructions }
    }
}

/// Our side of a connection: it offers nothing, and listens for changed tools.
#[derive(Debug, Default)]
struct Client {
    relist: Arc<Notify>,
}

impl ClientHandler for Client {
    fn get_info(&self) -> ClientConfig {
        let workroom = Implementation::new("workroom", env!("CARGO_PKG_VERSION"));
        ClientConfig::new(ClientCapabilities::default(), workroom)
            .with_protocol_version(ProtocolVersion::LATEST_WITH_INITIALIZE)
    }

    /// The default would answer that there are none, which is an offer all the same.
    #[expect(deprecated, reason = "servers of older revisions may still ask")]
    async fn list_roots(
        &self,
        _: RequestContext<RoleClient>,
    ) -> Result<rmcp::model::ListRootsResult, ErrorData> {
        Err(ErrorData::method_not_found::<rmcp::model::ListRootsRequestMethod>())
    }

    async fn on_tool_list_changed(&self, _: NotificationContext<RoleClient>) {
        self.relist.notify_one();
    }
}

/// Newer servers tell of changed tools only who asked for it.
async fn subscribe(peer: Peer<RoleClient>, relist: Arc<Notify>) {
    let filter = SubscriptionFilter::builder().tools_list_changed().build();
    // The first failure is a no: only a subscription that stood once is opened again.
    while let Ok(mut subscription) = peer.listen(filter.clone()).await {
        while let Ok(Some(_)) = subscription.next().await {
            relist.notify_one();
        }
        if subscription.end() == Some(&SubscriptionEnd::Cancelled) {
            return;
        }
        sleep(RESUBSCRIBE_PAUSE).await;
        // What changed meanwhile was not told.
        relist.notify_one();
    }
}

/// A result as JSON, however rmcp read it.
pub(crate) fn to_value(result: ServerResult) -> Value {
    match result {
        ServerResult::CustomResult(result) => result.0,
        other => serde_json::to_value(other).unwrap_or_default(),
    }
}
