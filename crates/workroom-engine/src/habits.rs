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

use crate::store::{AccountRecord, Accounts, AccountsOf, Millis};

/// How many of the newest accounts tell what was used together before.
const ACCOUNTS_MAX: usize = 500;

/// How much text of theirs is read: a run may have made a thousand calls.
const BYTES_MAX: usize = 4 << 20;

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
        let mut table = self.table();
        let known = Arc::make_mut(&mut table);
        for tools in used(&records, self.began).values().filter(|tools| tools.len() > 1) {
            known.add(tools);
        }
    }
}

/// The tools of each session in `records` from before `began`, as far as [`BYTES_MAX`] goes.
fn used(records: &[AccountRecord], began: Millis) -> BTreeMap<&str, BTreeSet<ToolRef>> {
    let mut used: BTreeMap<&str, BTreeSet<ToolRef>> = BTreeMap::new();
    let mut bytes = 0;
    // The newest come last.
    for record in records.iter().rev().filter(|record| record.at < began) {
        bytes += record.body.len();
        if bytes > BYTES_MAX {
            break;
        }
        let Ok(account) = serde_json::from_str::<Account>(&record.body) else { continue };
        let calls = account.calls.into_iter().filter(|call| !call.failed);
        let tools = calls.map(|call| ToolRef { server: call.server, tool: call.tool });
        used.entry(&record.session).or_default().extend(tools);
    }
    used
}

#[cfg(test)]
mod tests {
    use workroom_ledger::account::{Call, Kind};

    use super::*;

    /// An account of `session` that called `tool`.
    fn record(
        at: Millis,
        session: &str,
        tool: &str,
        failed: bool,
        padding: usize,
    ) -> AccountRecord {
        let mut account = Account::new(Kind::Run, at);
        let (server, tool) = ("crm".to_owned(), tool.to_owned());
        account.calls.push(Call { server, tool, failed, ..Call::default() });
        let body = serde_json::to_string(&account).unwrap() + &" ".repeat(padding);
        AccountRecord {
            at,
            kind: "run".to_owned(),
            session: session.to_owned(),
            client: String::new(),
            run: None,
            body,
        }
    }

    fn shown(records: &[AccountRecord]) -> Vec<String> {
        let names = |tools: &BTreeSet<ToolRef>| {
            tools.iter().map(|it| it.tool.as_str()).collect::<Vec<_>>().join("+")
        };
        let used = used(records, 10);
        used.iter().map(|(session, tools)| format!("{session}:{}", names(tools))).collect()
    }

    #[test]
    fn calls_of_a_session_before_this_process_count_if_they_did_not_fail() {
        let records = [
            record(1, "a", "get", false, 0),
            record(2, "b", "list", false, 0),
            record(3, "a", "send", false, 0),
            record(4, "a", "drop", true, 0),
            record(10, "a", "late", false, 0),
        ];
        assert_eq!(shown(&records), ["a:get+send", "b:list"]);
    }

    #[test]
    fn one_byte_too_much_leaves_the_oldest_out() {
        let newest = record(2, "b", "list", false, 0);
        let length = record(1, "a", "get", false, 0).body.len() + newest.body.len();
        let oldest = |padding| record(1, "a", "get", false, padding);
        let room = BYTES_MAX - length;
        assert_eq!(shown(&[oldest(room), newest.clone()]), ["a:get", "b:list"]);
        assert_eq!(shown(&[oldest(room + 1), newest]), ["b:list"]);
    }
}
