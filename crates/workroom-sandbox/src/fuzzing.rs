//! Doors for the fuzzers of this workspace, which nothing else may use.

use workroom_engine::sandbox::SandboxError;
use workroom_types::Limits;

use crate::{QuickJs, QuickJsGuest, snapshot::Snapshot};

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
