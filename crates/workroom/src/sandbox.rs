//! The sandbox, loaded in the background: compiling its guest takes a second
//! where no earlier run has cached it, and agents ask for the tool list first.

use std::{
    path::PathBuf,
    sync::{Arc, OnceLock},
    thread,
};

use futures::{FutureExt as _, future::BoxFuture};
use workroom_engine::sandbox::{Guest, Sandbox, SandboxError};
use workroom_sandbox::{InProcess, QuickJs};
use workroom_types::Limits;

/// A sandbox that the first guest waits for, and nothing else does.
pub(crate) struct Background(Arc<Slot>);

struct Slot {
    cache: Option<PathBuf>,
    loaded: OnceLock<Result<InProcess, String>>,
}

impl Background {
    /// Starts loading. `cache` is where the compiled guest is kept.
    pub(crate) fn load(cache: Option<PathBuf>) -> Self {
        let slot = Arc::new(Slot { cache, loaded: OnceLock::new() });
        let loading = Arc::clone(&slot);
        // If no thread can be had, the first guest loads it.
        let _ = thread::Builder::new().spawn(move || loading.get().is_ok());
        Self(slot)
    }
}

impl Slot {
    fn get(&self) -> Result<&InProcess, SandboxError> {
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
