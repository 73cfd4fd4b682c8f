//! Runs that ended and were not counted, because their gateway was gone before.

use workroom_ledger::account::{Account, Kind};
use workroom_types::RunId;

use super::{Caller, count};
use crate::{
    outcome::StoredOutcome,
    recover::StoredSetup,
    store::{AccountRecord, Millis, RunRecord, Store, StoreError},
};

/// The newest runs without an account that are looked at.
const RUNS_MAX: usize = 1_000;

/// A run that ended less long ago may be about to be counted by its gateway.
const PATIENCE_MS: Millis = 60_000;

/// Counts runs of `store` that an agent asked for and that have no account, as far as their record
/// tells, and says how many those were.
///
/// # Errors
///
/// When the store fails.
pub async fn late(store: &dyn Store, now: Millis) -> Result<usize, StoreError> {
    let mut accounts = Vec::new();
    for run in store.unaccounted(RUNS_MAX).await? {
        let Some(record) = store.run(&run).await? else { continue };
        if let Some(account) = counted(store, &run, record, now).await? {
            accounts.push(AccountRecord {
                at: account.at,
                kind: account.kind.name().to_owned(),
                session: account.session.clone(),
                client: account.client.clone(),
                run: account.run.clone(),
                body: serde_json::to_string(&account).unwrap_or_default(),
            });
        }
    }
    let count = accounts.len();
    store.keep_accounts(accounts).await?;
    Ok(count)
}

async fn counted(
    store: &dyn Store,
    run: &RunId,
    record: RunRecord,
    now: Millis,
) -> Result<Option<Account>, StoreError> {
    // The gateway's own runs have no caller.
    let Some(Caller { client, mode, kind }) = StoredSetup::caller(&record) else {
        return Ok(None);
    };
    let Some(end) = record.end.filter(|end| now.saturating_sub(end.ended) > PATIENCE_MS) else {
        return Ok(None);
    };
    let outcome = StoredOutcome::read(&end.outcome).unwrap_or_default();
    let account = Account {
        session: record.run.session.as_str().to_owned(),
        client,
        mode,
        run: Some(run.as_str().to_owned()),
        ok: end.ok,
        masked: outcome.calls.masked,
        duration_ms: u64::try_from(end.ended - record.run.started).unwrap_or_default(),
        late: true,
        ..Account::new(kind.unwrap_or(Kind::Run), record.run.started)
    };
    let account = count::from_store(store, account, run, record.run.code, outcome.value).await?;
    Ok(Some(account))
}
