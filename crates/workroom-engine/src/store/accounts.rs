//! What a store keeps of the ledger: accounts of what passed, volumes and names alone.

use std::sync::{Mutex, MutexGuard, PoisonError};

use workroom_types::RunId;

use super::{Millis, Stored};

/// Keeps accounts.
pub trait Accounts: Send + Sync {
    /// Adds accounts. One of a run takes the place of another of the same run.
    fn keep_accounts(&self, accounts: Vec<AccountRecord>) -> Stored<'_, ()>;

    /// The newest `limit` accounts, in the order of their times.
    fn accounts(&self, of: AccountsOf, limit: usize) -> Stored<'_, Vec<AccountRecord>>;

    /// The newest `limit` runs that ended and that no account is of, the newest first.
    fn unaccounted(&self, limit: usize) -> Stored<'_, Vec<RunId>>;
}

/// An account as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountRecord {
    /// When.
    pub at: Millis,
    /// What it is of: `run`, `call`, `search` …
    pub kind: String,
    /// In which session.
    pub session: String,
    /// Whose.
    pub client: String,
    /// The run that it is of.
    pub run: Option<String>,
    /// The ledger's JSON.
    pub body: String,
}

/// Which accounts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AccountsOf {
    /// Not older than this.
    pub since: Option<Millis>,
    /// Of one session only.
    pub session: Option<String>,
    /// Of one run only.
    pub run: Option<String>,
}

impl AccountsOf {
    /// Whether `account` is one of them.
    pub fn has(&self, account: &AccountRecord) -> bool {
        self.since.is_none_or(|since| account.at >= since)
            && self.session.as_ref().is_none_or(|session| *session == account.session)
            && self.run.as_ref().is_none_or(|run| Some(run) == account.run.as_ref())
    }
}

/// Accounts in the memory of this process.
#[derive(Debug, Default)]
pub(super) struct MemoryAccounts(Mutex<Vec<AccountRecord>>);

impl MemoryAccounts {
    fn table(&self) -> MutexGuard<'_, Vec<AccountRecord>> {
        // Every change is one step.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn keep(&self, accounts: Vec<AccountRecord>) {
        let mut table = self.table();
        for account in accounts {
            table.retain(|known| account.run.is_none() || known.run != account.run);
            table.push(account);
        }
        table.sort_by_key(|account| account.at);
    }

    pub(super) fn accounts(&self, of: &AccountsOf, limit: usize) -> Vec<AccountRecord> {
        let table = self.table();
        let newest = table.iter().rev().filter(|account| of.has(account)).take(limit);
        let mut accounts: Vec<AccountRecord> = newest.cloned().collect();
        accounts.reverse();
        accounts
    }

    pub(super) fn has_run(&self, run: &str) -> bool {
        self.table().iter().any(|account| account.run.as_deref() == Some(run))
    }

    pub(super) fn sweep(&self, before: Millis, most: usize) -> u64 {
        let mut table = self.table();
        let count = table.len();
        table.retain(|account| account.at >= before);
        let excess = table.len().saturating_sub(most);
        table.drain(..excess);
        (count - table.len()) as u64
    }
}
