//! Where scripts run: in worker processes, or in this one. Either way the compiled guest is
//! loaded in the background: compiling takes a second where no earlier run has cached it, and
//! agents ask for the tool list first.

use std::{
    path::PathBuf,
    sync::{Arc, OnceLock},
    thread,
};

use futures::{FutureExt as _, future::BoxFuture};
use workroom_config::SandboxConfig;
use workroom_engine::sandbox::{Guest, Sandbox, SandboxError};
#[cfg(unix)]
use workroom_sandbox::worker::{Launcher, Workers};
use workroom_sandbox::{InProcess, QuickJs};
use workroom_types::Limits;

/// The hidden subcommand that is a worker.
pub(crate) const WORKER: &str = "sandbox-worker";

/// Where scripts run.
pub(crate) enum Place {
    /// In processes of their own.
    #[cfg(unix)]
    Workers(Workers),
    /// In this process.
    Here(Background),
}

impl Place {
    /// The place that `config` names. `cache` is where the compiled guest is kept.
    pub(crate) fn start(config: &SandboxConfig, cache: Option<PathBuf>) -> Self {
        #[cfg(unix)]
        {
            let count = config.workers.unwrap_or_else(default_workers);
            if count > 0
                && let Ok(program) = std::env::current_exe()
            {
                return Self::Workers(Workers::new(count, launcher(program, config, cache)));
            }
        }
        Self::Here(Background::load(cache, config.walls_required))
    }

    pub(crate) fn sandbox(&self) -> Arc<dyn Sandbox> {
        match self {
            #[cfg(unix)]
            Self::Workers(workers) => Arc::new(workers.clone()),
            Self::Here(background) => Arc::new(background.clone()),
        }
    }

    /// Starts a worker now, so that the first run does not wait for it.
    pub(crate) fn warm_up(&self) {
        #[cfg(unix)]
        if let Self::Workers(workers) = self {
            let workers = workers.clone();
            // What goes wrong is told by the run that needs a worker.
            tokio::spawn(async move { workers.report().await.is_ok() });
        }
    }
}

/// One a processor, where a worker's walls can stand.
#[cfg(unix)]
fn default_workers() -> usize {
    if cfg!(target_os = "linux") {
        thread::available_parallelism().map_or(1, std::num::NonZero::get)
    } else {
        0
    }
}

#[cfg(unix)]
fn launcher(program: PathBuf, config: &SandboxConfig, cache: Option<PathBuf>) -> Launcher {
    let code: Arc<OnceLock<Result<Arc<[u8]>, SandboxError>>> = Arc::default();
    let compiled = move || {
        let load = || QuickJs::compiled(cache.as_deref()).map(Arc::from);
        code.get_or_init(load).clone()
    };
    let compiled = Arc::new(compiled);
    let loading = Arc::clone(&compiled);
    // If no thread can be had, the first worker's start loads it.
    let _ = thread::Builder::new().spawn(move || loading().is_ok());
    Launcher {
        command: Box::new(move || {
            let mut command = std::process::Command::new(&program);
            command.arg(WORKER);
            command
        }),
        compiled: Box::new(move || compiled()),
        walls_required: config.walls_required,
    }
}

/// A sandbox of this process that the first guest waits for, and nothing else does.
#[derive(Clone)]
pub(crate) struct Background(Arc<Slot>);

struct Slot {
    cache: Option<PathBuf>,
    /// Every wall is required, and in this process one does not stand.
    is_refused: bool,
    loaded: OnceLock<Result<InProcess, String>>,
}

impl Background {
    /// Starts loading. `cache` is where the compiled guest is kept.
    fn load(cache: Option<PathBuf>, is_refused: bool) -> Self {
        let slot = Arc::new(Slot { cache, is_refused, loaded: OnceLock::new() });
        let loading = Arc::clone(&slot);
        // If no thread can be had, the first guest loads it.
        let _ = thread::Builder::new().spawn(move || loading.get().is_ok());
        Self(slot)
    }
}

impl Slot {
    fn get(&self) -> Result<&InProcess, SandboxError> {
        if self.is_refused {
            let what = "`sandbox.walls` is \"required\", and without `sandbox.workers` the third \
                        wall does not stand";
            return Err(SandboxError::Internal(what.to_owned()));
        }
        self.loaded
            .get_or_init(|| {
                let loaded = QuickJs::new(self.cache.clone());
                loaded.map(|quickjs| InProcess::new(Arc::new(quickjs))).map_err(|e| e.to_string())
            })
            .as_ref()
            .map_err(|error| SandboxError::Internal(error.clone()))
    }
}

impl Sandbox for Background {
    fn open(
        &self,
        limits: &Limits,
        snapshot: Option<Arc<[u8]>>,
    ) -> BoxFuture<'_, Result<Box<dyn Guest>, SandboxError>> {
        let (slot, limits) = (Arc::clone(&self.0), *limits);
        async move {
            let loaded = tokio::task::spawn_blocking(move || slot.get().cloned());
            let sandbox = loaded.await.map_err(|e| SandboxError::Internal(e.to_string()))??;
            sandbox.open(&limits, snapshot).await
        }
        .boxed()
    }
}
