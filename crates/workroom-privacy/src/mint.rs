//! Numbers for tokens, and the records that are to be stored before their tokens may be seen.
//!
//! One mint serves all sessions of a process, because numbers are given once in all of them. A
//! number is given and its record put into the queue in one step, so that the queue has, of each
//! kind, every number up to the last one given.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU8, Ordering},
    },
};

use workroom_pii::Kind;

use crate::{
    Token,
    seal::{Mark, NONCE_BYTES},
};

/// The greatest number of a token.
const NUMBER_MAX: u32 = 999_999_999;

/// What became of a record: its entry in the vault and whoever stores it share this.
#[derive(Clone, Debug, Default)]
pub(crate) struct State(Arc<AtomicU8>);

impl State {
    const STORED: u8 = 1;
    const VOID: u8 = 2;

    /// That of a record which comes from the store.
    pub(crate) fn stored() -> Self {
        Self(Arc::new(AtomicU8::new(Self::STORED)))
    }

    pub(crate) fn is_stored(&self) -> bool {
        self.0.load(Ordering::Acquire) == Self::STORED
    }

    /// Whether it is that of the same record.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    pub(crate) fn is_void(&self) -> bool {
        self.0.load(Ordering::Acquire) == Self::VOID
    }
}

/// A value's record, sealed, as a store keeps it.
#[derive(Clone, Debug)]
pub struct Minted {
    /// The session.
    pub session: String,
    /// The token.
    pub token: Token,
    /// Its kind, and its number among those of that kind.
    pub kind: Kind,
    /// The number.
    pub number: u32,
    /// Equal for equal values of the session.
    pub mark: Mark,
    /// The sealed value and what is known of it.
    pub body: Vec<u8>,
    pub(crate) state: State,
}

impl Minted {
    /// The record is stored: its token may leave the process.
    pub fn stored(&self) {
        self.state.0.store(State::STORED, Ordering::Release);
    }

    /// The record will not be stored: its token stands for nothing.
    pub fn void(&self) {
        self.state.0.store(State::VOID, Ordering::Release);
    }
}

/// Where numbers and nonces come from.
pub struct Mint {
    inner: Mutex<Inner>,
    random: fn(&mut [u8]),
}

#[derive(Default)]
struct Inner {
    /// The next number of each kind.
    next: BTreeMap<Kind, u32>,
    queue: Vec<Minted>,
}

impl fmt::Debug for Mint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mint").finish_non_exhaustive()
    }
}

impl Mint {
    /// A mint that has given no number yet. `random` fills bytes with random ones.
    pub fn new(random: fn(&mut [u8])) -> Self {
        Self { inner: Mutex::default(), random }
    }

    /// A nonce.
    pub fn nonce(&self) -> [u8; NONCE_BYTES] {
        let mut nonce = [0; NONCE_BYTES];
        (self.random)(&mut nonce);
        nonce
    }

    /// Goes on with these numbers. What is queued is void: it has numbers of before.
    pub fn restart(&self, next: &[(Kind, u32)]) {
        let mut inner = self.inner();
        for minted in inner.queue.drain(..) {
            minted.void();
        }
        inner.next = next.iter().copied().collect();
    }

    /// Takes what is to be stored, all or nothing: then [`Minted::stored`] is called of each, or
    /// [`Minted::void`] and [`Mint::restart`].
    pub fn drain(&self) -> Vec<Minted> {
        std::mem::take(&mut self.inner().queue)
    }

    /// Whether nothing is to be stored.
    pub fn is_empty(&self) -> bool {
        self.inner().queue.is_empty()
    }

    /// Gives the next number of `kind` to what `record` makes of it; `None` when there is none.
    pub(crate) fn next(&self, kind: Kind, record: impl FnOnce(u32) -> Minted) -> Option<Token> {
        let mut inner = self.inner();
        let next = inner.next.entry(kind).or_insert(1);
        let number = *next;
        if number > NUMBER_MAX {
            return None;
        }
        *next += 1;
        let minted = record(number);
        let token = minted.token.clone();
        inner.queue.push(minted);
        Some(token)
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        // Every change is one step on one number and one record.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
