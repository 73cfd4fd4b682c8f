//! A guest's state as bytes: what differs from the image that every guest begins as.
//!
//! Between two turns no frame is on any stack and the guest's globals are as they were, so the
//! state is the linear memory alone, and the host's table of what the guest waits for.
//!
//! ```text
//! magic    8 bytes  "wrsnap01"
//! sha256  32 bytes  of all that follows
//! length   4 bytes  of the head, little endian
//! head              [`Head`] in postcard
//! pages             zstd: for each page its index (4 bytes, little endian) and its 4,096 bytes,
//!                   XOR those of the image
//! ```
//!
//! A script changes some bytes in most pages that it touches, reference counts above all: what is
//! left of a page beside the image is nearly nothing, and compresses so.
//!
//! # Trust
//!
//! The hash finds damage, not intent. It need not: what a snapshot sets is memory of the guest,
//! which the host never trusts, and the head's numbers are checked here.

use std::io::Read as _;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use wasmtime::{AsContextMut, Memory};
use workroom_engine::sandbox::SandboxError;

use crate::host::{Counts, Randomness};

const MAGIC: &[u8; 8] = b"wrsnap01";
const HASH_LEN: usize = 32;
/// WebAssembly's own pages are 64 KiB; a guest changes much smaller pieces.
pub(crate) const PAGE: usize = 4096;
const WASM_PAGE: usize = 65_536;
/// The fastest level: the next ones save a tenth and take twice as long.
const LEVEL: i32 = 1;

/// What a snapshot holds beside pages.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Head {
    /// SHA-256 of the guest's WebAssembly.
    pub(crate) guest: [u8; HASH_LEN],
    /// Bytes of linear memory.
    pub(crate) memory: u64,
    /// How many pages follow.
    pub(crate) pages: u32,
    /// What the guest waits for: the host's id and the guest's slot.
    pub(crate) waiting: Vec<(u32, u32)>,
    pub(crate) counts: Counts,
    pub(crate) random: Randomness,
}

/// Writes a snapshot of `memory`, whose pages `changed` are not those of `base`. Fills in what
/// `head` says of them.
pub(crate) fn encode(
    mut head: Head,
    memory: &[u8],
    base: &[u8],
    changed: &[u32],
) -> Result<Vec<u8>, SandboxError> {
    head.memory = memory.len() as u64;
    head.pages = u32::try_from(changed.len()).map_err(|_| internal("too many pages"))?;
    let mut pages = Vec::with_capacity(changed.len() * (PAGE + 4));
    for index in changed {
        pages.extend_from_slice(&index.to_le_bytes());
        let at = *index as usize * PAGE;
        let now = &memory[at..][..PAGE];
        match base.get(at..).and_then(|rest| rest.get(..PAGE)) {
            Some(was) => pages.extend(now.iter().zip(was).map(|(now, was)| now ^ was)),
            None => pages.extend_from_slice(now),
        }
    }
    let head = postcard::to_stdvec(&head).map_err(|error| internal(&error.to_string()))?;
    let len = u32::try_from(head.len()).map_err(|_| internal("the head is too long"))?;
    let pages = zstd::bulk::compress(&pages, LEVEL).map_err(|e| internal(&e.to_string()))?;
    let mut bytes = Vec::with_capacity(MAGIC.len() + HASH_LEN + 4 + head.len() + pages.len());
    bytes.extend_from_slice(MAGIC);
    bytes.extend_from_slice(&[0; HASH_LEN]);
    bytes.extend_from_slice(&len.to_le_bytes());
    bytes.extend_from_slice(&head);
    bytes.extend_from_slice(&pages);
    let hash = Sha256::digest(&bytes[MAGIC.len() + HASH_LEN..]);
    bytes[MAGIC.len()..][..HASH_LEN].copy_from_slice(&hash);
    Ok(bytes)
}

/// The indices of the pages that are neither the image's nor, past its end, zero.
pub(crate) fn changed(memory: &[u8], base: &[u8]) -> Vec<u32> {
    let zero = [0; PAGE];
    let pages = memory.chunks_exact(PAGE).enumerate().filter(|(index, page)| {
        let was = base.get(index * PAGE..).and_then(|rest| rest.get(..PAGE)).unwrap_or(&zero);
        *page != was
    });
    pages.filter_map(|(index, _)| u32::try_from(index).ok()).collect()
}

/// A snapshot whose frame and head are sound, of this guest and within `memory_max`.
pub(crate) struct Snapshot<'a> {
    pub(crate) head: Head,
    pages: &'a [u8],
}

impl<'a> Snapshot<'a> {
    pub(crate) fn open(
        bytes: &'a [u8],
        guest: [u8; HASH_LEN],
        memory_max: usize,
    ) -> Result<Self, SandboxError> {
        let damaged = || SandboxError::Snapshot("it is damaged".to_owned());
        let rest = bytes.strip_prefix(MAGIC).ok_or_else(damaged)?;
        let (hash, rest) = rest.split_at_checked(HASH_LEN).ok_or_else(damaged)?;
        if hash != Sha256::digest(rest).as_slice() {
            return Err(damaged());
        }
        Self::read(rest, guest, memory_max)
    }

    /// Reads what follows the hash. Apart from [`Snapshot::open`], so that it can be fuzzed.
    pub(crate) fn read(
        rest: &'a [u8],
        guest: [u8; HASH_LEN],
        memory_max: usize,
    ) -> Result<Self, SandboxError> {
        let damaged = || SandboxError::Snapshot("it is damaged".to_owned());
        let (len, rest) = rest.split_first_chunk::<4>().ok_or_else(damaged)?;
        let len = u32::from_le_bytes(*len) as usize;
        let (head, pages) = rest.split_at_checked(len).ok_or_else(damaged)?;
        let head: Head = postcard::from_bytes(head).map_err(|_| damaged())?;
        if head.guest != guest {
            return Err(SandboxError::Snapshot(
                "another version of Workroom's sandbox made it".to_owned(),
            ));
        }
        let memory = usize::try_from(head.memory).map_err(|_| damaged())?;
        if memory % WASM_PAGE != 0 || head.pages as usize > memory / PAGE {
            return Err(damaged());
        }
        if memory > memory_max {
            return Err(SandboxError::Snapshot(format!(
                "it has {} MiB of memory, and `limits.memory_mib` allows {} now",
                memory.div_ceil(1024 * 1024),
                memory_max / (1024 * 1024),
            )));
        }
        Ok(Self { head, pages })
    }

    /// Makes `memory`, which is as the image left it, what it was.
    pub(crate) fn write(
        &self,
        mut store: impl AsContextMut,
        memory: Memory,
    ) -> Result<(), SandboxError> {
        let damaged = || SandboxError::Snapshot("its pages are damaged".to_owned());
        let has = memory.data_size(&store) as u64;
        let more = self.head.memory.checked_sub(has).ok_or_else(damaged)?;
        if more > 0 {
            memory
                .grow(&mut store, more / WASM_PAGE as u64)
                .map_err(|error| SandboxError::Snapshot(format!("no memory for it: {error}")))?;
        }
        let mut pages = zstd::stream::read::Decoder::new(self.pages).map_err(|_| damaged())?;
        let data = memory.data_mut(&mut store);
        let (mut index, mut change) = ([0; 4], [0; PAGE]);
        for _ in 0..self.head.pages {
            pages.read_exact(&mut index).map_err(|_| damaged())?;
            pages.read_exact(&mut change).map_err(|_| damaged())?;
            let at = u32::from_le_bytes(index) as usize * PAGE;
            let page = data.get_mut(at..).and_then(|rest| rest.get_mut(..PAGE));
            for (byte, change) in page.ok_or_else(damaged)?.iter_mut().zip(&change) {
                *byte ^= change;
            }
        }
        Ok(())
    }
}

fn internal(what: &str) -> SandboxError {
    SandboxError::Internal(format!("cannot write a snapshot: {what}"))
}
