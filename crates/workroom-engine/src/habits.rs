//! Which tools are used together: what runs of this process used, and the ledger's accounts of
//! earlier ones.
//!
//! # Invariants
//!
//! * A run is counted once: accounts from before this process are read once, its own runs are
//!   added as they end.
//! * A ledger that cannot be read costs a search nothing but its rank.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::OnceCell;
use workroom_catalog::Together;
use workroom_ledger::account::Account;
use workroom_types::ToolRef;

use crate::store::{Accounts, AccountsOf, Millis};

/// How many of the newest accounts tell what was used together before.
const ACCOUNTS_MAX: usize = 500;

/// Which tools are used together.
#[derive(Debug)]
pub(crate) struct Habits {
    began: Millis,
    known: Mutex<Arc<Together>>,
    earlier: OnceCell<()>,
}

impl Habits {
    /// Of a process that began at `began`.
    pub(crate) fn new(began: Millis) -> Self {
        Self { began, known: Mutex::default(), earlier: OnceCell::new() }
    }

    /// Counts a run that used `tools`.
    pub(crate) fn add<'a>(&self, tools: impl IntoIterator<Item = &'a ToolRef>) {
        Arc::make_mut(&mut self.table()).add(tools);
    }

    /// What is known by now, `book` among it.
    pub(crate) async fn known(&self, book: &dyn Accounts) -> Arc<Together> {
        self.earlier.get_or_init(|| self.recall(book)).await;
        Arc::clone(&self.table())
    }

    fn table(&self) -> MutexGuard<'_, Arc<Together>> {
        // Every change is one step.
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts what `book` knows of. A session is counted once: an agent without code makes each
    /// call a run of its own.
    async fn recall(&self, book: &dyn Accounts) {
        let records = match book.accounts(AccountsOf::default(), ACCOUNTS_MAX).await {
            Ok(records) => records,
            Err(error) => {
                tracing::warn!(%error, "what was used together before is not known");
                return;
            }
        };
        let mut used: BTreeMap<String, BTreeSet<ToolRef>> = BTreeMap::new();
        for record in records.into_iter().filter(|record| record.at < self.began) {
            let Ok(account) = serde_json::from_str::<Account>(&record.body) else { continue };
            let calls = account.calls.into_iter().filter(|call| !call.failed);
            let tools = calls.map(|call| ToolRef { server: call.server, tool: call.tool });
            used.entry(record.session).or_default().extend(tools);
        }
        let mut table = self.table();
        let known = Arc::make_mut(&mut table);
        used.values().filter(|tools| tools.len() > 1).for_each(|tools| known.add(tools));
    }
}
