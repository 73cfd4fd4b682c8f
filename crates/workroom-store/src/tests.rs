//! What happens when SQLite refuses: a disk that is full, a file that another process holds.
//!
//! Here and not in `tests/`, since the limits are set lower than a user can set them.

use std::{path::Path, sync::Arc, time::Duration};

use futures::future::join_all;
use sqlx::{Connection as _, SqliteConnection, sqlite::SqliteConnectOptions};
use workroom_engine::store::{NewRun, RunEnd, SessionState, Store, StoreError};
use workroom_types::{RunId, SessionId};

use crate::{
    SqliteStore,
    open::{Tuning, open_with},
};

fn new(run: &str) -> NewRun {
    NewRun {
        id: RunId::named(run),
        session: SessionId::named(run),
        started: 1,
        code: "1".to_owned(),
        origin: "here".to_owned(),
        setup: String::new(),
    }
}

fn state(bytes: usize) -> SessionState {
    let snapshot = Some(Arc::from(vec![1; bytes]));
    SessionState { variables: "[]".to_owned(), heap_bytes: 1, snapshot }
}

fn end() -> RunEnd {
    RunEnd { ended: 2, ok: true, outcome: String::new() }
}

#[tokio::test]
async fn a_store_that_another_opens_for_too_long_is_not_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let lock = std::fs::File::create(folder.path().join("open.lock")).unwrap();
    lock.lock().unwrap();
    let busy_timeout = Duration::from_millis(20);
    let tuning = Tuning { busy_timeout, ..Tuning::default() };
    let error = open_with(folder.path(), tuning).await.unwrap_err().to_string();
    assert!(error.ends_with("`: another process has been opening it for 20ms"), "{error}");
    lock.unlock().unwrap();
    open(folder.path(), tuning).await;
}

async fn open(folder: &Path, tuning: Tuning) -> SqliteStore {
    open_with(folder, tuning).await.unwrap()
}

#[tokio::test]
async fn a_full_disk_fails_what_does_not_fit_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let tuning = Tuning { pages_max: Some(64), ..Tuning::default() };
    let store = open(folder.path(), tuning).await;
    for run in ["large", "small"] {
        store.begin(new(run)).await.unwrap();
    }
    // Called together, so they share a transaction.
    let large = store.finish(&RunId::named("large"), end(), Some(state(1 << 20)));
    let small = store.finish(&RunId::named("small"), end(), Some(state(10)));
    let full = StoreError::Failed("workroom.db: database or disk is full".to_owned());
    assert_eq!(large.await, Err(full));
    assert_eq!(small.await, Ok(()));
    // And the store goes on.
    store.finish(&RunId::named("large"), end(), Some(state(10))).await.unwrap();
    store.begin(new("after")).await.unwrap();
    assert_eq!(store.check().await.unwrap().problems, [""; 0]);
}

#[tokio::test]
async fn a_file_that_another_holds_fails_all_that_wait_after_one_timeout() {
    let folder = tempfile::tempdir().unwrap();
    let busy_timeout = Duration::from_millis(50);
    let store = open(folder.path(), Tuning { busy_timeout, ..Tuning::default() }).await;
    let options = SqliteConnectOptions::new().filename(folder.path().join("workroom.db"));
    let mut other = SqliteConnection::connect_with(&options).await.unwrap();
    sqlx::raw_sql("BEGIN IMMEDIATE").execute(&mut other).await.unwrap();

    let called = std::time::Instant::now();
    let all = join_all((0..200).map(|n| store.begin(new(&n.to_string())))).await;
    let locked = StoreError::Failed("workroom.db: database is locked".to_owned());
    assert!(all.iter().all(|begun| *begun == Err(locked.clone())), "{all:?}");
    // One by one they would wait for 200 timeouts, which are 10 s.
    assert!(called.elapsed() < Duration::from_secs(5), "{:?}", called.elapsed());

    sqlx::raw_sql("ROLLBACK").execute(&mut other).await.unwrap();
    store.begin(new("0")).await.unwrap();
}
