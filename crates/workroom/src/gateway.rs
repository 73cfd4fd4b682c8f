//! The engine with its servers and its sandbox: the one place where they meet.

use std::{env, path::PathBuf, sync::Arc, time::Duration};

use workroom_config::{Config, ServerConfig, Transport as ConfigTransport};
use workroom_engine::Engine;
use workroom_server::Overview;
use workroom_upstream::{Guard, Pool, Transport, UpstreamConfig};

use crate::{
    args::Global,
    output::{self, Failure},
    sandbox::Background,
    settings::{self, Settings},
};

/// How long a command is silent before it says what it waits for.
const PATIENCE: Duration = Duration::from_secs(2);

/// Everything that runs.
#[derive(Debug)]
pub(crate) struct Gateway {
    pub(crate) engine: Engine,
    pub(crate) pool: Arc<Pool>,
    pub(crate) settings: Settings,
}

impl Gateway {
    /// Reads the configuration and starts its servers in the background.
    pub(crate) fn open(global: &Global) -> Result<Self, Failure> {
        Ok(Self::start(settings::load(global)?))
    }

    /// Starts the servers of `settings` in the background.
    pub(crate) fn start(settings: Settings) -> Self {
        let sandbox = Background::load(cache_folder());
        let configs = settings.config.servers.iter().map(upstream).collect();
        let guard = match env::current_exe() {
            Ok(program) if cfg!(unix) => Guard::Program(program),
            _ => Guard::None,
        };
        let pool = Arc::new(Pool::start(configs, guard));
        let engine = Engine::new(Arc::clone(&pool) as _, Arc::new(sandbox), settings.config.limits);
        Self { engine, pool, settings }
    }

    /// Waits until every server is ready or has failed, and says so when that takes long.
    pub(crate) async fn settled(&self, quiet: bool) {
        let settled = self.engine.settled();
        tokio::pin!(settled);
        if tokio::time::timeout(PATIENCE, &mut settled).await.is_ok() {
            return;
        }
        if !quiet {
            let catalog = self.engine.catalog();
            let starting = catalog
                .servers()
                .iter()
                .filter(|server| server.status == workroom_types::ServerStatus::Starting)
                .map(|server| server.name.as_str());
            output::note(&format!("waiting for {} …", starting.collect::<Vec<_>>().join(", ")));
        }
        settled.await;
    }

    /// The configured servers as the tools' descriptions name them.
    pub(crate) fn overview(&self) -> Vec<Overview> {
        overview(&self.engine, &self.settings.config)
    }

    /// Ends every server.
    pub(crate) async fn close(&self) {
        self.pool.shutdown().await;
    }
}

fn overview(engine: &Engine, config: &Config) -> Vec<Overview> {
    let about =
        |name: &str| config.servers.iter().find(|server| server.name == name)?.description.clone();
    let catalog = engine.catalog();
    let servers = catalog.servers().iter();
    servers
        .map(|server| Overview { folder: server.folder.clone(), about: about(&server.name) })
        .collect()
}

fn upstream(server: &ServerConfig) -> UpstreamConfig {
    let transport = match &server.transport {
        ConfigTransport::Stdio { command, args, env, cwd } => Transport::Stdio {
            command: command.clone(),
            args: args.clone(),
            env: env
                .iter()
                .map(|(name, value)| (name.clone(), value.expose().to_owned()))
                .collect(),
            cwd: Some(cwd.clone()),
        },
        ConfigTransport::Http { url, headers } => Transport::Http {
            url: url.expose().to_owned(),
            headers: headers
                .iter()
                .map(|(name, value)| (name.clone(), value.expose().to_owned()))
                .collect(),
        },
    };
    UpstreamConfig::new(server.name.clone(), transport)
        .with_start_timeout(server.start_timeout)
        .with_call_timeout(server.call_timeout)
}

/// Where the compiled sandbox is kept: `WORKROOM_CACHE`, or the user's cache folder.
fn cache_folder() -> Option<PathBuf> {
    env::var_os("WORKROOM_CACHE")
        .map(PathBuf::from)
        .or_else(|| directories::BaseDirs::new().map(|dirs| dirs.cache_dir().join("workroom")))
}
