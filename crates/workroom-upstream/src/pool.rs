//! All configured servers: the implementation of [`Upstreams`].

use std::{collections::HashMap, sync::Arc, time::Duration};

use futures::future::{BoxFuture, join_all};
use tokio::{sync::watch, time::timeout};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use workroom_engine::upstreams::{CallError, ToolCall, ToolOutput, Upstreams};
use workroom_ledger::account::Wire;
use workroom_types::ServerSnapshot;

use crate::{Chance, Guard, UpstreamConfig, call::call, server::Server, session::Shared};

/// How long all servers together may take to end. Each has its own bounds below this.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(10);

/// All configured servers, started or not.
#[derive(Debug)]
pub struct Pool {
    servers: Vec<Arc<Server>>,
    by_name: HashMap<String, usize>,
    changes: watch::Receiver<u64>,
    shared: Shared,
}

impl Pool {
    /// Starts all servers in the background and returns at once.
    ///
    /// # Panics
    ///
    /// Outside of a Tokio runtime with time and I/O.
    pub fn start(configs: Vec<UpstreamConfig>, guard: Guard) -> Self {
        Self::start_with(configs, guard, Chance::default())
    }

    /// The same, with the chance that waits are varied by.
    ///
    /// # Panics
    ///
    /// Outside of a Tokio runtime with time and I/O.
    pub fn start_with(configs: Vec<UpstreamConfig>, guard: Guard, chance: Chance) -> Self {
        let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
        let shared = Shared { guard, chance, stop, tasks };
        let (counter, changes) = watch::channel(0);
        let mut servers = Vec::with_capacity(configs.len());
        let mut by_name = HashMap::new();
        for config in configs {
            by_name.entry(config.name.clone()).or_insert(servers.len());
            let server = Arc::new(Server::new(config, shared.clone(), counter.clone()));
            shared.tasks.spawn(Arc::clone(&server).run());
            servers.push(server);
        }
        Self { servers, by_name, changes, shared }
    }

    /// Waits until every server is ready or has failed, at most for `patience`; true when so.
    pub async fn ready(&self, patience: Duration) -> bool {
        let settled = self.servers.iter().map(|server| server.settled());
        timeout(patience, join_all(settled)).await.is_ok()
    }

    /// Ends every server and waits until their processes are gone, within bounds.
    ///
    /// Dropping the pool ends them too, but nobody waits then.
    pub async fn shutdown(&self) {
        self.shared.stop.cancel();
        self.shared.tasks.close();
        if timeout(SHUTDOWN_TIMEOUT, self.shared.tasks.wait()).await.is_err() {
            tracing::warn!("some servers did not end in time");
        }
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.shared.stop.cancel();
    }
}

impl Upstreams for Pool {
    fn servers(&self) -> Vec<Arc<ServerSnapshot>> {
        self.servers.iter().map(|server| server.snapshot()).collect()
    }

    fn changes(&self) -> watch::Receiver<u64> {
        self.changes.clone()
    }

    fn call(&self, request: ToolCall) -> BoxFuture<'_, Result<ToolOutput, CallError>> {
        Box::pin(async move {
            let Some(index) = self.by_name.get(&request.tool.server) else {
                return Err(CallError::UnknownServer { server: request.tool.server });
            };
            call(&self.servers[*index], request).await
        })
    }

    fn beside(&self) -> Vec<(String, Wire)> {
        self.servers.iter().map(|server| server.beside()).collect()
    }
}
