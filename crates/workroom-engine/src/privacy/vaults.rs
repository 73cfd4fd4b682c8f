//! The sessions' vaults in memory, and how they agree with the store.
//!
//! Masking holds its session's vault; storing what was minted holds none. A task that masked looks
//! afterwards whether all of its tokens are stored. Where they are not it has the queue stored, its
//! own records and those of others, and looks again; where some never will be, since another
//! process was given their numbers or one of their values, it masks again.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

use thiserror::Error;
use tokio::sync::OwnedMutexGuard;
use workroom_pii::Kind;
use workroom_privacy::{
    Direction, Mint, Minted, Used, Vault,
    seal::{self, DataKey, KEY_BYTES, SealError, Wrapped},
};
use workroom_types::{Bound, SessionId};

use super::{
    INLINE_BYTES_MAX, Privacy, Scope, keep_flows,
    pass::{Item, Pass, pass},
    until,
};
use crate::{
    Shared, now,
    store::{NewValue, SealedKey, StoreError, VaultRecord},
};

/// How often a value is masked again after another process was faster.
const TRIES_MAX: usize = 32;

/// Why something is withheld.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(crate) enum PrivacyError {
    /// It could not be looked at, or its values not be put into the vault.
    #[error("{0}")]
    Withheld(String),
    /// Looking at it took too long.
    #[error("it could not be searched for personal data in time")]
    Late,
    /// The values of the session are there and cannot be read.
    #[error(
        "the session's vault is lost ({0}): its tokens cannot be restored; start a new session, or \
         forget this one's values with `workroom vault forget`"
    )]
    Lost(SealError),
    /// There is no master key.
    #[error("there is no key for the vault: {0}")]
    NoKey(String),
    /// Other processes were faster, again and again.
    #[error("its tokens could not be stored: other gateways are too busy")]
    Busy,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl PrivacyError {
    /// A stable code for scripts.
    pub(crate) const fn code(&self) -> &'static str {
        match self {
            PrivacyError::Lost(_) => "vault_lost",
            PrivacyError::NoKey(_) => "vault_key",
            PrivacyError::Store(_) | PrivacyError::Busy => "vault_store",
            PrivacyError::Withheld(_) | PrivacyError::Late => "withheld",
        }
    }
}

/// A session's vault.
#[derive(Default)]
pub(crate) struct Slot {
    pub(super) vault: Option<Vault>,
    /// What the store calls it.
    id: i64,
    /// The last of its values that are here.
    last: i64,
    /// When it was last looked up.
    generation: u64,
    /// Values that a rule cleared: they may go to the agent.
    pub(super) cleared: Arc<BTreeSet<String>>,
}

impl Slot {
    pub(super) fn vault(&self) -> Option<&Vault> {
        self.vault.as_ref()
    }

    /// Drops the vault.
    fn forget(&mut self) {
        *self = Self { cleared: std::mem::take(&mut self.cleared), ..Self::default() };
    }

    pub(super) fn vault_mut(&mut self) -> Option<&mut Vault> {
        self.vault.as_mut()
    }
}

pub(crate) type SharedSlot = Arc<tokio::sync::Mutex<Slot>>;

/// All vaults in memory, and the mint that they share.
pub(crate) struct Vaults {
    slots: Mutex<HashMap<SessionId, SharedSlot>>,
    mint: Arc<Mint>,
    /// Held by whoever stores; `true`: the numbers are those of the store.
    storing: tokio::sync::Mutex<bool>,
    /// Grows when another process was faster: vaults of before are to be looked up again.
    generation: AtomicU64,
}

impl Default for Vaults {
    fn default() -> Self {
        Self {
            slots: Mutex::default(),
            mint: Arc::new(Mint::new(random)),
            storing: tokio::sync::Mutex::default(),
            generation: AtomicU64::new(1),
        }
    }
}

impl Vaults {
    fn slots(&self) -> MutexGuard<'_, HashMap<SessionId, SharedSlot>> {
        // Every change is one insertion or removal.
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn drop_idle(&self, is_live: impl Fn(&SessionId) -> bool) {
        self.slots().retain(|id, slot| Arc::strong_count(slot) > 1 || is_live(id));
    }
}

/// Fills `bytes` with random ones from the operating system.
pub(crate) fn random(bytes: &mut [u8]) {
    getrandom::fill(bytes).expect("the operating system gives random bytes");
}

impl Privacy {
    pub(super) fn slot(&self, scope: &Scope) -> SharedSlot {
        match (&scope.session, &scope.own) {
            (Some(session), _) => {
                Arc::clone(self.vaults.slots().entry(session.clone()).or_default())
            }
            (None, Some((slot, _))) => Arc::clone(slot),
            (None, None) => SharedSlot::default(),
        }
    }

    /// Whether the session's vault is in memory.
    pub(super) fn is_open(&self, scope: &Scope) -> bool {
        let is_there = |session| self.vaults.slots().contains_key(session);
        scope.session.as_ref().is_some_and(is_there)
    }

    /// Masks `items`; each comes back as `None` where nothing of it is to be masked. What comes
    /// back has only tokens that are stored.
    pub(super) async fn mask(
        &self,
        shared: &Shared,
        scope: &Scope,
        direction: Direction,
        items: Vec<Item>,
        deadline: Instant,
    ) -> Result<Vec<Option<String>>, PrivacyError> {
        let work = self.mask_within(shared, scope, direction, items, deadline);
        tokio::time::timeout_at(until(deadline), work).await.unwrap_or(Err(PrivacyError::Late))
    }

    async fn mask_within(
        &self,
        shared: &Shared,
        scope: &Scope,
        direction: Direction,
        items: Vec<Item>,
        deadline: Instant,
    ) -> Result<Vec<Option<String>>, PrivacyError> {
        let items: Arc<[Item]> = items.into();
        for _ in 0..TRIES_MAX {
            let mut slot = self.slot(scope).lock_owned().await;
            if self.config.is_on || slot.vault.is_some() {
                self.look_up(shared, scope, &mut slot).await?;
            }
            let (mut slot, done) = self.one_pass(scope, slot, direction, &items, deadline).await?;
            if done.wants_vault {
                self.open(shared, scope, &mut slot).await?;
                continue;
            }
            drop(slot);
            let masked = done.masked.map_err(|error| PrivacyError::Withheld(error.reason))?;
            if done.used.is_empty() {
                return Ok(masked);
            }
            if self.are_stored(shared, scope, &done.used).await? {
                if direction == Direction::Out {
                    scope.note_caught(done.used.len() as u64);
                }
                scope.seen().extend(done.used.into_tokens());
                keep_flows(shared, scope, done.flows).await?;
                return Ok(masked);
            }
        }
        Err(PrivacyError::Busy)
    }

    /// Looks at the items, with the session's vault: here, or elsewhere where they are large.
    async fn one_pass(
        &self,
        scope: &Scope,
        mut slot: OwnedMutexGuard<Slot>,
        direction: Direction,
        items: &Arc<[Item]>,
        deadline: Instant,
    ) -> Result<(OwnedMutexGuard<Slot>, Pass), PrivacyError> {
        let bytes: usize = items.iter().map(Item::bytes).sum();
        let mint = Arc::clone(scope.own.as_ref().map_or(&self.vaults.mint, |(_, mint)| mint));
        if bytes <= INLINE_BYTES_MAX {
            let done = pass(&mut slot, &mint, &self.config, direction, items);
            return Ok((slot, done));
        }
        let (items, config) = (Arc::clone(items), self.config.clone());
        let work = tokio::task::spawn_blocking(move || {
            let done = pass(&mut slot, &mint, &config, direction, &items);
            (slot, done)
        });
        match tokio::time::timeout_at(until(deadline), work).await {
            Ok(Ok(done)) => Ok(done),
            Ok(Err(_)) => Err(PrivacyError::Withheld("the detector failed".to_owned())),
            Err(_) => Err(PrivacyError::Late),
        }
    }

    /// Stores what is in the queue, and says whether that has all of `used`.
    pub(super) async fn are_stored(
        &self,
        shared: &Shared,
        scope: &Scope,
        used: &Used,
    ) -> Result<bool, PrivacyError> {
        if used.are_stored() {
            return Ok(true);
        }
        if let Some((_, mint)) = &scope.own {
            mint.drain().iter().for_each(Minted::stored);
        } else {
            self.store(shared).await?;
        }
        Ok(used.are_stored())
    }

    /// Stores what is in the queue: all of it, or it is void.
    async fn store(&self, shared: &Shared) -> Result<(), PrivacyError> {
        let mut numbers_are_known = self.vaults.storing.lock().await;
        let queue = self.vaults.mint.drain();
        if queue.is_empty() {
            return Ok(());
        }
        let value = |minted: &Minted| NewValue {
            session: SessionId::named(minted.session.clone()),
            kind: minted.kind.name().to_owned(),
            number: minted.number,
            token: minted.token.to_string(),
            mark: minted.mark,
            body: minted.body.clone(),
        };
        let stored = shared.store.mint(queue.iter().map(value).collect()).await;
        if let Ok(true) = stored {
            queue.iter().for_each(Minted::stored);
            return Ok(());
        }
        queue.iter().for_each(Minted::void);
        *numbers_are_known = false;
        self.vaults.generation.fetch_add(1, Ordering::AcqRel);
        self.learn_numbers(shared, &mut numbers_are_known).await?;
        stored.map(drop).map_err(PrivacyError::Store)
    }

    async fn learn_numbers(
        &self,
        shared: &Shared,
        are_known: &mut bool,
    ) -> Result<(), PrivacyError> {
        if !*are_known {
            let numbers = shared.store.numbers().await?;
            let numbers =
                numbers.iter().filter_map(|(kind, next)| Some((Kind::named(kind)?, *next)));
            self.vaults.mint.restart(&numbers.collect::<Vec<_>>());
            *are_known = true;
        }
        Ok(())
    }

    /// Brings the vault to what the store knows, once in a scope and when others were faster.
    pub(super) async fn look_up(
        &self,
        shared: &Shared,
        scope: &Scope,
        slot: &mut Slot,
    ) -> Result<(), PrivacyError> {
        let Some(session) = &scope.session else { return Ok(()) };
        let generation = self.vaults.generation.load(Ordering::Acquire);
        let is_fresh = scope.is_fresh.swap(true, Ordering::AcqRel);
        if is_fresh && slot.generation == generation {
            return Ok(());
        }
        let found = match shared.store.vault(session, slot.last).await {
            Ok(Some(record)) if slot.last > 0 && record.id != slot.id => {
                // Another vault of this session: the one that is here was forgotten.
                slot.forget();
                shared.store.vault(session, 0).await
            }
            found => found,
        };
        match found {
            Ok(Some(record)) => self.adopt(shared, session, slot, record).await?,
            Ok(None) => slot.forget(),
            Err(error) => {
                scope.is_fresh.store(false, Ordering::Release);
                return Err(error.into());
            }
        }
        slot.generation = generation;
        Ok(())
    }

    /// Opens the session's vault, and makes it where there is none.
    pub(super) async fn open(
        &self,
        shared: &Shared,
        scope: &Scope,
        slot: &mut Slot,
    ) -> Result<(), PrivacyError> {
        let mut raw = [0; KEY_BYTES];
        random(&mut raw);
        let key = DataKey::new(raw);
        let Some(session) = &scope.session else {
            slot.vault = Some(new_vault(shared, "", key));
            return Ok(());
        };
        self.look_up(shared, scope, slot).await?;
        if slot.vault.is_some() {
            return Ok(());
        }
        let keys = self.config.keys.keys().map_err(PrivacyError::NoKey)?;
        let master = keys.first().ok_or_else(|| PrivacyError::NoKey("none is given".to_owned()))?;
        let wrapped = master.wrap(&key, session.as_str(), self.vaults.mint.nonce());
        let sealed = SealedKey { key_id: wrapped.key_id, body: wrapped.body };
        let record = shared.store.open_vault(session, now(), sealed).await?;
        self.adopt(shared, session, slot, record).await
    }

    async fn adopt(
        &self,
        shared: &Shared,
        session: &SessionId,
        slot: &mut Slot,
        record: VaultRecord,
    ) -> Result<(), PrivacyError> {
        let mut are_known = self.vaults.storing.lock().await;
        self.learn_numbers(shared, &mut are_known).await?;
        drop(are_known);
        let mut vault = match slot.vault.take() {
            Some(vault) => vault,
            None => {
                let keys = self.config.keys.keys().map_err(PrivacyError::NoKey)?;
                let SealedKey { key_id, body } = record.key;
                let wrapped = Wrapped { key_id, body };
                let key = seal::unwrap(&keys, &wrapped, session.as_str());
                new_vault(shared, session.as_str(), key.map_err(PrivacyError::Lost)?)
            }
        };
        for value in &record.values {
            let loaded = vault.load(&value.token, value.mark, &value.body);
            loaded.map_err(PrivacyError::Lost)?;
            slot.last = value.id;
        }
        for (token, server) in &record.servers {
            vault.came_from(token, server);
        }
        slot.id = record.id;
        slot.vault = Some(vault);
        Ok(())
    }

    pub(super) fn mint(&self) -> &Mint {
        &self.vaults.mint
    }
}

fn new_vault(shared: &Shared, session: &str, key: DataKey) -> Vault {
    let (values, bytes) =
        (shared.bounds.size(Bound::VaultValues), shared.bounds.size(Bound::VaultMemory));
    Vault::new(session, key, values, bytes)
}
