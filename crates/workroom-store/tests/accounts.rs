//! What every store does with accounts, tried on each of them.

#![allow(clippy::unwrap_used, reason = "a test that fails says where")]

use std::sync::Arc;

use workroom_engine::store::{AccountRecord, AccountsOf, Memory, NewRun, Retention, RunEnd, Store};
use workroom_store::SqliteStore;
use workroom_types::{RunId, SessionId};

async fn each(contract: impl AsyncFn(Arc<dyn Store>)) {
    contract(Arc::new(Memory::default())).await;
    let folder = tempfile::tempdir().unwrap();
    contract(Arc::new(SqliteStore::open(&folder.path().join("data")).await.unwrap())).await;
}

fn account(at: i64, session: &str, run: Option<&str>) -> AccountRecord {
    AccountRecord {
        at,
        kind: "run".to_owned(),
        session: session.to_owned(),
        client: "cli".to_owned(),
        run: run.map(str::to_owned),
        body: format!("{{\"at\":{at}}}"),
    }
}

const KEEP_ALL: Retention = Retention {
    session_age_ms: i64::MAX,
    run_age_ms: i64::MAX,
    history_bytes: u64::MAX,
    shape_age_ms: i64::MAX,
    shapes: u64::MAX,
    flow_age_ms: i64::MAX,
    flows: u64::MAX,
    account_age_ms: i64::MAX,
    accounts: u64::MAX,
};

#[tokio::test]
async fn accounts_are_kept_in_the_order_of_their_times() {
    each(async |store| {
        let (first, second) = (account(1, "s", None), account(2, "t", Some("r1")));
        let third = account(3, "s", Some("r2"));
        store.keep_accounts(vec![third.clone(), first.clone()]).await.unwrap();
        store.keep_accounts(vec![second.clone()]).await.unwrap();
        let all = || AccountsOf::default();
        let kept = store.accounts(all(), 10).await.unwrap();
        assert_eq!(kept, [first.clone(), second.clone(), third.clone()]);
        assert_eq!(store.accounts(all(), 2).await.unwrap(), [second.clone(), third.clone()]);
        let since = AccountsOf { since: Some(2), ..all() };
        assert_eq!(store.accounts(since, 10).await.unwrap(), [second.clone(), third.clone()]);
        let session = AccountsOf { session: Some("s".to_owned()), ..all() };
        assert_eq!(store.accounts(session, 10).await.unwrap(), [first, third]);
        let run = AccountsOf { run: Some("r1".to_owned()), ..all() };
        assert_eq!(store.accounts(run, 10).await.unwrap(), [second]);
    })
    .await;
}

#[tokio::test]
async fn a_run_has_one_account_and_the_last_one_counts() {
    each(async |store| {
        store.keep_accounts(vec![account(1, "s", Some("r"))]).await.unwrap();
        let better = AccountRecord { body: "{}".to_owned(), ..account(1, "s", Some("r")) };
        store.keep_accounts(vec![better.clone(), account(2, "s", None)]).await.unwrap();
        store.keep_accounts(vec![account(2, "s", None)]).await.unwrap();
        let kept = store.accounts(AccountsOf::default(), 10).await.unwrap();
        assert_eq!(kept, [better, account(2, "s", None), account(2, "s", None)]);
    })
    .await;
}

#[tokio::test]
async fn runs_that_ended_without_an_account_are_known() {
    each(async |store| {
        for name in ["r1", "r2", "r3"] {
            let new = NewRun {
                id: RunId::named(name),
                session: SessionId::named(name),
                started: 1,
                code: String::new(),
                origin: String::new(),
                setup: "{}".to_owned(),
            };
            store.begin(new).await.unwrap();
        }
        for name in ["r1", "r2"] {
            let end = RunEnd { ended: 2, ok: true, outcome: "{}".to_owned() };
            store.finish(&RunId::named(name), end, None).await.unwrap();
        }
        let unaccounted = async |limit| store.unaccounted(limit).await.unwrap();
        assert_eq!(unaccounted(9).await, [RunId::named("r2"), RunId::named("r1")]);
        assert_eq!(unaccounted(1).await, [RunId::named("r2")]);
        store.keep_accounts(vec![account(1, "r2", Some("r2"))]).await.unwrap();
        assert_eq!(unaccounted(9).await, [RunId::named("r1")]);
    })
    .await;
}

#[tokio::test]
async fn the_old_and_the_many_go() {
    each(async |store| {
        let accounts = (1..=4).map(|at| account(at, "s", None)).collect::<Vec<_>>();
        store.keep_accounts(accounts.clone()).await.unwrap();
        assert_eq!(store.sweep(100, KEEP_ALL).await.unwrap().accounts, 0);
        let age = |account_age_ms| Retention { account_age_ms, ..KEEP_ALL };
        assert_eq!(store.sweep(100, age(99)).await.unwrap().accounts, 0);
        assert_eq!(store.sweep(100, age(98)).await.unwrap().accounts, 1);
        let count = |accounts| Retention { accounts, ..KEEP_ALL };
        assert_eq!(store.sweep(100, count(3)).await.unwrap().accounts, 0);
        assert_eq!(store.sweep(100, count(2)).await.unwrap().accounts, 1);
        assert_eq!(store.accounts(AccountsOf::default(), 9).await.unwrap(), accounts[2..]);
    })
    .await;
}
