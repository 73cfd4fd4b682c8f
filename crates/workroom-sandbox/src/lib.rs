//! The sandbox: QuickJS in WebAssembly on Wasmtime.
//!
//! A guest cannot touch the host's memory; its whole state is one linear memory, which
//! [`QuickJsGuest::keep`] writes as a snapshot. Its imports are five: queue a tool call, set a
//! timer, write a line of the log, read a clock of one millisecond, and get random bits of the
//! run's seed. There is nothing else to reach: no files, no network, no environment.
//!
//! [`QuickJs`] makes guests that compute on the calling thread; [`InProcess`] is the engine's
//! `Sandbox` over it.
//!
//! # What a script finds
//!
//! ECMAScript as quickjs-ng has it, without `Intl`. Also:
//!
//! * `__workroom.call(module, function, input)`, a promise, and `__workroom.module(name,
//!   [[function, tool], …])`, an object with one function for each tool. Both are for generated
//!   code; an unknown property of a module is a `TypeError` with the nearest names.
//! * `console` (`debug`, `log`, `info`, `warn`, `error`, `dir`, `trace`, `table`), `URL`,
//!   `URLSearchParams`, `TextEncoder`, `TextDecoder` (UTF-8 only), `structuredClone`, `atob`,
//!   `btoa`, `crypto.randomUUID`, `crypto.getRandomValues`, `performance.now`, `queueMicrotask`,
//!   `DOMException`, `setTimeout`, `setInterval`, `setImmediate` and what clears them. Timers end
//!   with their run.
//!
//! Absent: `fetch`, `require`, `process`, `Buffer`, `WebAssembly`, `import()` of anything, workers,
//! and host names that are not ASCII in `URL`.
//!
//! # How a run ends
//!
//! * The value is made plain: maps become objects (or lists of pairs, where a key is not text),
//!   sets lists, big integers text, dates ISO text, errors `{name, message, …}`, functions
//!   `[function name]`. A value that holds itself throws a `TypeError` that says where.
//! * An exception is [`TurnState::Threw`], also the `RangeError` of a stack that went past
//!   `Limit::Stack`: the script may catch that one. A rejected call carries the stack of the
//!   place that called.
//! * Every other limit ends the run with [`SandboxError::Limit`]. The guest lives on with its
//!   variables, unless it was in code that cannot be stopped (see `host`): then
//!   [`Guest::is_alive`] is false.
//!
//! # Threads and stacks
//!
//! WebAssembly may use [`WASM_STACK`] of the native stack, far more than a test's or an
//! asynchronous runtime's thread has. A turn therefore moves to a stack of its own when its
//! thread has too little left. That costs some microseconds; a caller with many short turns
//! gives its threads [`THREAD_STACK`].
//!
//! [`TurnState::Threw`]: workroom_engine::sandbox::TurnState::Threw
//! [`SandboxError::Limit`]: workroom_engine::sandbox::SandboxError::Limit
//! [`Guest::is_alive`]: workroom_engine::sandbox::Guest::is_alive

mod cache;
mod clock;
#[doc(hidden)]
pub mod fuzzing;
mod guest;
mod host;
mod local;
mod report;
mod snapshot;
mod ticker;
#[cfg(unix)]
pub mod worker;

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::{Arc, OnceLock},
};

use sha2::{Digest as _, Sha256};

use wasmtime::{
    Config, Enabled, Engine, InstanceAllocationStrategy, InstancePre, Module, OptLevel,
    PoolingAllocationConfig,
};
use workroom_engine::sandbox::SandboxError;
use workroom_types::{Limit, Limits};

use crate::{host::State, ticker::Ticker};

pub use guest::QuickJsGuest;
pub use local::InProcess;

/// The guest, pre-initialised; `cargo xtask guest --check` builds it again and compares.
static GUEST: &[u8] = include_bytes!("../guest/guest.wasm");

/// The native stack that WebAssembly may use.
///
/// QuickJS bounds its own stack (`Limit::Stack`, at most 768 KiB of the guest's memory) and knows
/// nothing of this one, of which each of its frames takes several times as much.
pub const WASM_STACK: usize = 16 * 1024 * 1024;

/// A thread of this stack runs every turn in place.
pub const THREAD_STACK: usize = WASM_STACK + 1024 * 1024;

/// What a turn needs: WebAssembly's share, and the host's functions above it.
const STACK_NEEDED: usize = WASM_STACK + 512 * 1024;

/// The most guests alive at once in one process. Each has 4 GiB of address space of its own, so
/// that addresses need no check; 16,000 of them take half of the 128 TiB that a process has, and
/// their three mappings each fit into Linux' usual `vm.max_map_count` of 65,530.
pub const GUESTS_MAX: u32 = 16_000;

/// Of the memory that a guest has written to, what its place in the pool keeps when it ends, put
/// back to what it was: the next guest there faults no page in. A live session of a few small
/// variables has as much.
///
/// Only where the kernel tells which pages were written to (Linux 6.7 and later): elsewhere as
/// much would be copied each time, written to or not.
const KEPT: usize = 256 * 1024;

/// Makes guests that run JavaScript.
pub struct QuickJs {
    shared: Arc<Shared>,
}

/// What all guests of one sandbox share.
pub(crate) struct Shared {
    pub(crate) image: InstancePre<State>,
    pub(crate) ticker: Ticker,
    /// SHA-256 of the guest: a snapshot is good for this one only.
    pub(crate) guest_hash: [u8; 32],
    /// The memory that every guest begins with.
    base: OnceLock<Vec<u8>>,
}

impl Shared {
    /// The memory that every guest begins with.
    pub(crate) fn base(self: &Arc<Self>) -> Result<&[u8], SandboxError> {
        if let Some(base) = self.base.get() {
            return Ok(base);
        }
        let fresh = QuickJsGuest::open(Arc::clone(self), &Limits::default())?;
        Ok(self.base.get_or_init(|| fresh.memory().to_vec()))
    }
}

impl fmt::Debug for QuickJs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("QuickJs").finish_non_exhaustive()
    }
}

/// A guest that is ready to be started: everything is made of it that files and native code are
/// needed for, and no thread runs.
pub(crate) struct Image(InstancePre<State>);

impl Image {
    fn new(module: &Module) -> Result<Self, SandboxError> {
        let image = host::linker(module.engine()).and_then(|linker| linker.instantiate_pre(module));
        let image = image.map_err(|error| internal(&error))?;
        // Else it is made with the first guest.
        module.initialize_copy_on_write_image().map_err(|error| internal(&error))?;
        Ok(Self(image))
    }

    pub(crate) fn start(self) -> Result<QuickJs, SandboxError> {
        let ticker = Ticker::start(self.0.module().engine().clone()).map_err(|error| {
            SandboxError::Internal(format!("cannot start the sandbox's clock: {error}"))
        })?;
        let guest_hash = Sha256::digest(GUEST).into();
        let shared = Shared { image: self.0, ticker, guest_hash, base: OnceLock::new() };
        Ok(QuickJs { shared: Arc::new(shared) })
    }
}

impl QuickJs {
    /// Loads the guest, compiled: from `cache_dir`, or by compiling it for about half a second
    /// and keeping it there. Without a folder it is compiled each time.
    ///
    /// # Errors
    ///
    /// [`SandboxError::Internal`] when this machine cannot run WebAssembly.
    #[allow(
        clippy::needless_pass_by_value,
        reason = "callers make the path for this call and have no other use for it"
    )]
    pub fn new(cache_dir: Option<PathBuf>) -> Result<Self, SandboxError> {
        let engine = engine().map_err(|error| internal(&error))?;
        let module =
            cache::load(&engine, cache_dir.as_deref()).map_err(|error| internal(&error))?;
        Image::new(&module)?.start()
    }

    /// The compiled guest, as [`QuickJs::new`] loads it, for workers.
    ///
    /// # Errors
    ///
    /// As [`QuickJs::new`].
    pub fn compiled(cache_dir: Option<&Path>) -> Result<Vec<u8>, SandboxError> {
        let module = engine().and_then(|engine| cache::load(&engine, cache_dir));
        module.and_then(|module| module.serialize()).map_err(|error| internal(&error))
    }

    /// A guest that [`QuickJs::compiled`] gave, on this machine and by this program.
    #[cfg(unix)]
    pub(crate) fn from_compiled(code: &[u8]) -> Result<Image, SandboxError> {
        let module = engine().and_then(|engine| cache::from_compiled(&engine, code));
        Image::new(&module.map_err(|error| internal(&error))?)
    }

    /// A guest of this thread's: a fresh one, or the one that `snapshot` was taken of.
    ///
    /// # Errors
    ///
    /// [`SandboxError::Snapshot`] when the snapshot is damaged, of another version of the
    /// sandbox, or larger than `limits`; [`SandboxError::Internal`] when the host cannot give
    /// what a guest needs.
    pub fn open(
        &self,
        limits: &Limits,
        snapshot: Option<&[u8]>,
    ) -> Result<QuickJsGuest, SandboxError> {
        let shared = Arc::clone(&self.shared);
        match snapshot {
            None => QuickJsGuest::open(shared, limits),
            Some(snapshot) => QuickJsGuest::restore(shared, limits, snapshot),
        }
    }
}

/// An engine whose guests come from a pool, or, where the address space for one is refused (as
/// under `ulimit -v`), are allocated one by one.
fn engine() -> wasmtime::Result<Engine> {
    let mut pool = PoolingAllocationConfig::new();
    pool.total_memories(GUESTS_MAX)
        .total_core_instances(GUESTS_MAX)
        .total_tables(GUESTS_MAX)
        .table_elements(host::TABLE_MAX)
        .max_memory_size(memory_max());
    #[cfg(target_os = "linux")]
    if PoolingAllocationConfig::is_pagemap_scan_available() {
        pool.pagemap_scan(Enabled::Yes)
            .linear_memory_keep_resident(KEPT)
            .table_keep_resident(host::TABLE_MAX * size_of::<usize>());
    }
    let mut config = config();
    config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
    Engine::new(&config).or_else(|error| {
        tracing::warn!(%error, "no pool of sandboxes; each is allocated on its own");
        Engine::new(&self::config())
    })
}

fn config() -> Config {
    let mut config = Config::new();
    config
        .cranelift_opt_level(OptLevel::Speed)
        .epoch_interruption(true)
        .max_wasm_stack(WASM_STACK)
        // Nothing here is asynchronous; Wasmtime compares the two all the same.
        .async_stack_size(THREAD_STACK)
        .memory_init_cow(true)
        .wasm_backtrace_max_frames(None);
    config
}

/// The greatest memory that a user may set.
fn memory_max() -> usize {
    let (_, mib) = Limit::Memory.range();
    usize::try_from(mib).unwrap_or(usize::MAX).saturating_mul(1024 * 1024)
}

/// Runs `work` where [`STACK_NEEDED`] is left: here, or on a stack made for it.
pub(crate) fn on_large_stack<T>(work: impl FnOnce() -> T) -> T {
    stacker::maybe_grow(STACK_NEEDED, THREAD_STACK, work)
}

pub(crate) fn internal(error: &wasmtime::Error) -> SandboxError {
    SandboxError::Internal(format!("{error:#}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stored_guest_has_the_stored_hash() {
        let digest = Sha256::digest(GUEST);
        let hash = digest.iter().map(|byte| format!("{byte:02x}"));
        let stored = include_str!("../guest/guest.wasm.sha256");
        assert_eq!(stored, format!("{}  guest.wasm\n", hash.collect::<String>()));
    }

    #[test]
    fn a_guest_imports_the_protocol_the_clock_and_randomness() {
        let module = wasmtime::Module::new(&engine().unwrap(), GUEST).unwrap();
        let mut imports: Vec<_> = module
            .imports()
            .map(|import| format!("{}.{}", import.module(), import.name()))
            .collect();
        imports.sort();
        assert_eq!(
            imports,
            ["env.__rquickjs_host_now_us", "host.call", "host.log", "host.random", "host.timer"]
        );
    }
}
