//! What a store keeps of vaults: sealed values, wrapped keys, and what became of values.
//!
//! A store reads none of it but the tokens. A value's record is durable before its token leaves the
//! process; dropping a session's wrapped key makes the rest of its records unreadable for ever.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use serde::{Deserialize, Serialize};
use workroom_types::SessionId;

use super::{Millis, Stored};

/// Keeps vaults and flows.
pub trait Vaults: Send + Sync {
    /// The vault of `session`, with those of its values that were stored after the one numbered
    /// `after`; `None` where it has none.
    fn vault(&self, session: &SessionId, after: i64) -> Stored<'_, Option<VaultRecord>>;

    /// Makes a vault with this wrapped key, and gives the one that is there if there is one.
    fn open_vault(
        &self,
        session: &SessionId,
        at: Millis,
        key: SealedKey,
    ) -> Stored<'_, VaultRecord>;

    /// The next number of each kind of token.
    fn numbers(&self) -> Stored<'_, Vec<(String, u32)>>;

    /// Stores new values, all or none: `false` where a number or a value was given by somebody
    /// else meanwhile, or a vault is gone. Numbers of a kind must go on from
    /// [`Vaults::numbers`] without a gap.
    fn mint(&self, values: Vec<NewValue>) -> Stored<'_, bool>;

    /// Drops the vault of `session`: its key first of all. `false` where it had none.
    fn forget_vault(&self, session: &SessionId) -> Stored<'_, bool>;

    /// Every vault's wrapped key.
    fn sealed_keys(&self) -> Stored<'_, Vec<(SessionId, SealedKey)>>;

    /// Puts the second key in the first one's place, unless that has changed; says how often.
    fn rewrap(&self, keys: Vec<(SessionId, SealedKey, SealedKey)>) -> Stored<'_, u64>;

    /// Adds to the record of what became of values.
    fn keep_flows(&self, flows: Vec<FlowRecord>) -> Stored<'_, ()>;

    /// The newest `limit` flows, the oldest of them first: of one session or one token if given.
    fn flows(&self, of: FlowsOf, limit: usize) -> Stored<'_, Vec<FlowRecord>>;
}

/// A session's vault as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VaultRecord {
    /// Another vault of the same session has another one.
    pub id: i64,
    /// Its key.
    pub key: SealedKey,
    /// Its values, in the order in which they were stored.
    pub values: Vec<ValueRecord>,
    /// Which values came from which servers beside those that they were first seen from.
    pub servers: Vec<(String, String)>,
}

/// A wrapped key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedKey {
    /// Names the master key.
    pub key_id: String,
    /// The wrapped key.
    pub body: Vec<u8>,
}

/// A value as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValueRecord {
    /// Grows with every value.
    pub id: i64,
    /// What stands for it.
    pub token: String,
    /// Equal for equal values of one vault.
    pub mark: [u8; 16],
    /// The sealed value.
    pub body: Vec<u8>,
}

/// A value that is to be stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewValue {
    /// Its session.
    pub session: SessionId,
    /// Its kind.
    pub kind: String,
    /// Its number among those of its kind.
    pub number: u32,
    /// What stands for it.
    pub token: String,
    /// Equal for equal values of one vault.
    pub mark: [u8; 16],
    /// The sealed value.
    pub body: Vec<u8>,
}

/// One thing that happened to one masked value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FlowRecord {
    /// When.
    pub at: Millis,
    /// In which session.
    pub session: String,
    /// To what.
    pub token: String,
    /// What: `found`, `revealed` …
    pub act: String,
    /// The server that it came from or was to go to.
    pub server: String,
    /// The engine's JSON about it.
    pub body: String,
}

/// Which flows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FlowsOf {
    /// Of one session only.
    pub session: Option<String>,
    /// Of one token only.
    pub token: Option<String>,
}

impl FlowsOf {
    /// Whether `flow` is one of them.
    pub fn has(&self, flow: &FlowRecord) -> bool {
        self.session.as_ref().is_none_or(|session| *session == flow.session)
            && self.token.as_ref().is_none_or(|token| *token == flow.token)
    }
}

/// Vaults in the memory of this process.
#[derive(Debug, Default)]
pub(super) struct MemoryVaults(Mutex<Tables>);

#[derive(Debug, Default)]
struct Tables {
    vaults: BTreeMap<SessionId, VaultRecord>,
    numbers: BTreeMap<String, u32>,
    flows: Vec<FlowRecord>,
    next: i64,
}

impl MemoryVaults {
    fn tables(&self) -> MutexGuard<'_, Tables> {
        // Every change is one step, or is checked before its first.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn vault(&self, session: &SessionId, after: i64) -> Option<VaultRecord> {
        let tables = self.tables();
        let mut vault = tables.vaults.get(session)?.clone();
        vault.values.retain(|value| value.id > after);
        let found = tables
            .flows
            .iter()
            .filter(|flow| flow.session == session.as_str() && flow.act == "found");
        vault.servers = found.map(|flow| (flow.token.clone(), flow.server.clone())).collect();
        Some(vault)
    }

    pub(super) fn open_vault(&self, session: &SessionId, key: SealedKey) -> VaultRecord {
        let mut tables = self.tables();
        tables.next += 1;
        let id = tables.next;
        let new = || VaultRecord { id, key, values: Vec::new(), servers: Vec::new() };
        tables.vaults.entry(session.clone()).or_insert_with(new).clone()
    }

    pub(super) fn numbers(&self) -> Vec<(String, u32)> {
        self.tables().numbers.iter().map(|(kind, next)| (kind.clone(), *next)).collect()
    }

    pub(super) fn mint(&self, values: Vec<NewValue>) -> bool {
        let mut tables = self.tables();
        let mut numbers = tables.numbers.clone();
        for value in &values {
            let next = numbers.entry(value.kind.clone()).or_insert(1);
            let vault = tables.vaults.get(&value.session);
            let is_new = vault.is_some_and(|it| !it.values.iter().any(|it| it.mark == value.mark));
            if *next != value.number || !is_new {
                return false;
            }
            *next += 1;
        }
        tables.numbers = numbers;
        for NewValue { session, token, mark, body, .. } in values {
            tables.next += 1;
            let id = tables.next;
            if let Some(vault) = tables.vaults.get_mut(&session) {
                vault.values.push(ValueRecord { id, token, mark, body });
            }
        }
        true
    }

    pub(super) fn forget_vault(&self, session: &SessionId) -> bool {
        self.tables().vaults.remove(session).is_some()
    }

    pub(super) fn sealed_keys(&self) -> Vec<(SessionId, SealedKey)> {
        let tables = self.tables();
        tables.vaults.iter().map(|(id, vault)| (id.clone(), vault.key.clone())).collect()
    }

    pub(super) fn rewrap(&self, keys: Vec<(SessionId, SealedKey, SealedKey)>) -> u64 {
        let mut tables = self.tables();
        let mut count = 0;
        for (session, old, new) in keys {
            if let Some(vault) = tables.vaults.get_mut(&session).filter(|it| it.key == old) {
                vault.key = new;
                count += 1;
            }
        }
        count
    }

    pub(super) fn keep_flows(&self, flows: Vec<FlowRecord>) {
        self.tables().flows.extend(flows);
    }

    pub(super) fn flows(&self, of: &FlowsOf, limit: usize) -> Vec<FlowRecord> {
        let tables = self.tables();
        let mut flows: Vec<FlowRecord> =
            tables.flows.iter().rev().filter(|flow| of.has(flow)).take(limit).cloned().collect();
        flows.reverse();
        flows
    }

    pub(super) fn sweep(&self, before: Millis, most: usize) -> u64 {
        let mut tables = self.tables();
        let count = tables.flows.len();
        tables.flows.retain(|flow| flow.at >= before);
        let excess = tables.flows.len().saturating_sub(most);
        tables.flows.drain(..excess);
        (count - tables.flows.len()) as u64
    }
}
