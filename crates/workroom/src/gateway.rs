//! The engine with its servers and its sandbox: the one place where they meet.

use std::{collections::HashSet, env, fmt::Write as _, path::PathBuf, sync::Arc, time::Duration};

use sha2::{Digest as _, Sha256};
use workroom_config::{Config, ScriptsConfig, ServerConfig, Transport as ConfigTransport};
use workroom_engine::{
    Engine, EngineConfig, Upstreams, ledger::Book, pins::Pinned, store::Store, types::TypeCheck,
};
use workroom_pii::Detect;
use workroom_server::{Modes, Overview};
use workroom_upstream::{Guard, Pool, Transport, UpstreamConfig};

use crate::{
    args::Global,
    embeddings,
    output::{self, Failure},
    privacy,
    sandbox::Place,
    settings::{self, Settings},
    store::{self, Keep},
    types::{INSTALL, Tsc},
};

/// How long a command is silent before it says what it waits for.
const PATIENCE: Duration = Duration::from_secs(2);

/// How long the end of the process waits for runs that were cancelled.
const LAST_RUNS: Duration = Duration::from_secs(5);

/// Everything that runs.
pub(crate) struct Gateway {
    pub(crate) engine: Engine,
    pub(crate) pool: Arc<Pool>,
    pub(crate) settings: Settings,
    pub(crate) place: Place,
}

impl std::fmt::Debug for Gateway {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Gateway").field("settings", &self.settings).finish_non_exhaustive()
    }
}

impl Gateway {
    /// Reads the configuration and starts its servers in the background.
    pub(crate) async fn open(global: &Global, keep: Keep) -> Result<Self, Failure> {
        let settings = settings::load(global)?;
        let store = store::open(keep).await?;
        // What passed is on record also of commands that keep nothing else.
        let book = match keep {
            Keep::Stored => None,
            Keep::Nothing => match store::open(Keep::Stored).await {
                Ok(store) => Some(Book(store as _)),
                Err(error) => {
                    tracing::warn!(error = error.message, "what passes is not accounted for");
                    None
                }
            },
        };
        Self::start(settings, store, keep, book).await
    }

    /// Starts the servers of `settings` in the background.
    pub(crate) async fn start(
        settings: Settings,
        store: Arc<dyn Store>,
        keep: Keep,
        book: Option<Book>,
    ) -> Result<Self, Failure> {
        let place = place(&settings);
        let configs = settings.config.servers.iter().map(upstream).collect();
        let guard = match env::current_exe() {
            Ok(program) if cfg!(unix) => Guard::Program(program),
            _ => Guard::None,
        };
        let pool = Arc::new(Pool::start(configs, guard));
        let config = EngineConfig {
            limits: settings.config.limits,
            bounds: settings.config.sandbox.bounds,
            origin: origin(&settings.config),
            types: types(&settings.config.scripts),
            privacy: Some(privacy::config(&settings.config, keep)),
            book,
            skills: settings.config.skills,
            similarity: embeddings::start(&settings.config.search, cache_folder().as_deref()),
        };
        let detect = config.privacy.as_ref().map(|privacy| Arc::clone(&privacy.detect));
        let upstreams = pinned(&settings.config, Arc::clone(&pool) as _, detect).await?;
        let engine = Engine::with_store(upstreams, place.sandbox(), store, config);
        Ok(Self { engine, pool, settings, place })
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

    /// How tools are offered to which client.
    pub(crate) fn modes(&self) -> Modes {
        let serve = &self.settings.config.serve;
        let clients = serve.clients.iter();
        let clients = clients.filter_map(|client| Some((client.name.clone(), client.mode?)));
        Modes { usual: serve.mode, clients: clients.collect() }
    }

    /// Cancels the runs that are under way and sees them recorded, then ends every server. Not for
    /// long: a worker or a disk may hang, and a run that is not recorded counts as interrupted.
    pub(crate) async fn close(&self) {
        if tokio::time::timeout(LAST_RUNS, self.engine.close()).await.is_err() {
            tracing::warn!("a run did not end in time; it is interrupted");
        }
        self.pool.shutdown().await;
    }
}

/// `upstreams` with the tools of some servers held to what they were, where that is wanted. What
/// they were is in the store, whatever else a command keeps.
async fn pinned(
    config: &Config,
    upstreams: Arc<dyn Upstreams>,
    detect: Option<Arc<dyn Detect>>,
) -> Result<Arc<dyn Upstreams>, Failure> {
    let held = config.servers.iter().filter(|server| server.holds_changes);
    let held: HashSet<String> = held.map(|server| server.name.clone()).collect();
    if held.is_empty() {
        return Ok(upstreams);
    }
    let store = store::open(Keep::Stored).await?;
    let pinned = Pinned::new(upstreams, store, held, detect).await.map_err(Failure::failed)?;
    Ok(Arc::new(pinned))
}

/// How scripts' types are checked, if that is wanted and a compiler is there.
fn types(config: &ScriptsConfig) -> Option<TypeCheck> {
    if !config.check_types {
        return None;
    }
    let Some(checker) = Tsc::find(config.tsc.as_deref()) else {
        tracing::warn!("`scripts.check` is \"types\", and there is no compiler: {INSTALL}");
        return None;
    };
    Some(TypeCheck {
        checker: Arc::new(checker),
        time: config.check_time,
        refuses: config.refuse_type_errors,
    })
}

/// Where the scripts of `settings` run.
pub(crate) fn place(settings: &Settings) -> Place {
    Place::start(&settings.config.sandbox, cache_folder())
}

/// Tells these servers from others, by a hash of their names and of how they are reached.
/// Variables and headers are left out: credentials change, and the servers stay the same.
fn origin(config: &Config) -> String {
    let servers = config.servers.iter().map(|server| match &server.transport {
        ConfigTransport::Stdio { command, args, .. } => {
            format!("{} = {command} {}", server.name, args.join(" "))
        }
        ConfigTransport::Http { url, .. } => format!("{} = {url}", server.name),
    });
    let mut servers: Vec<String> = servers.collect();
    servers.sort();
    let hash = Sha256::digest(servers.join("\n"));
    hash.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
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
        .with_policy(server.policy)
}

/// Where the compiled sandbox is kept: `WORKROOM_CACHE`, or the user's cache folder.
fn cache_folder() -> Option<PathBuf> {
    env::var_os("WORKROOM_CACHE")
        .map(PathBuf::from)
        .or_else(|| directories::BaseDirs::new().map(|dirs| dirs.cache_dir().join("workroom")))
}
