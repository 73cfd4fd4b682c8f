//! Doors for the fuzzers of this workspace, which nothing else may use.

use wasmtime::{Engine, Module};
use workroom_engine::sandbox::SandboxError;
use workroom_types::Limits;

use crate::{Image, QuickJs, QuickJsGuest, internal, snapshot::Snapshot};

/// A sandbox of which the guests are `wasm`.
///
/// # Errors
///
/// [`SandboxError::Internal`] when that is no WebAssembly, or asks for more than there is.
pub fn sandbox_of(wasm: &[u8]) -> Result<QuickJs, SandboxError> {
    // Without a pool: two of them do not fit into one process.
    let engine = Engine::new(&crate::config()).map_err(|error| internal(&error))?;
    Image::new(&Module::new(&engine, wasm).map_err(|error| internal(&error))?)?.start()
}

/// The memory of a guest, to be spoilt.
pub fn memory(guest: &mut QuickJsGuest) -> &mut [u8] {
    guest.memory_mut()
}

/// Opens a snapshot by what follows its hash, of whichever guest it says it is.
///
/// # Errors
///
/// As [`QuickJs::open`].
pub fn open(
    quickjs: &QuickJs,
    limits: &Limits,
    after_hash: &[u8],
) -> Result<QuickJsGuest, SandboxError> {
    let shared = &quickjs.shared;
    let memory_max = limits.size(workroom_types::Limit::Memory);
    // The first field of the head, which its length precedes.
    let guest = after_hash.get(4..).and_then(|head| head.first_chunk()).copied();
    let snapshot = Snapshot::read(after_hash, guest.unwrap_or_default(), memory_max)?;
    QuickJsGuest::from_snapshot(std::sync::Arc::clone(shared), limits, snapshot)
}
