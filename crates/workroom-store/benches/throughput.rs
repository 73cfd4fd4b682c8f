//! How fast runs are recorded: many at once, and one after the other.
//!
//! `cargo bench -p workroom-store` prints the figures; the store is in the system's folder for
//! temporary files.

#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::cast_precision_loss,
    reason = "a benchmark"
)]

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use workroom_engine::store::{NewRun, RunEnd, SessionState, Store};
use workroom_store::SqliteStore;
use workroom_types::{RunId, SessionId};

const RUNS: usize = 1_000;
const ROUNDS: usize = 5;
const APPENDS: usize = 2_000;

/// One run of a session of its own, with a journal entry of 200 bytes and a state of 4 KiB.
async fn run(store: &SqliteStore, name: String) {
    let id = RunId::named(name.clone());
    let new = NewRun {
        id: id.clone(),
        session: SessionId::named(name),
        started: 1,
        code: "return 1".to_owned(),
        origin: String::new(),
        setup: "{}".to_owned(),
    };
    store.begin(new).await.unwrap();
    store.append(&id, vec![vec![1; 200]]).await.unwrap();
    let end = RunEnd { ended: 2, ok: true, outcome: "{}".to_owned() };
    let snapshot = Some(Arc::from(vec![1; 4_096]));
    let state = SessionState { variables: "[]".to_owned(), heap_bytes: 1, snapshot };
    store.finish(&id, end, Some(state)).await.unwrap();
}

#[tokio::main]
async fn main() {
    let folder = tempfile::tempdir().unwrap();
    let store = Arc::new(SqliteStore::open(folder.path()).await.unwrap());
    let mut rounds = Vec::new();
    for round in 0..ROUNDS {
        let started = Instant::now();
        let runs = (0..RUNS).map(|n| {
            let store = Arc::clone(&store);
            tokio::spawn(async move { run(&store, format!("r{round}-{n}")).await })
        });
        for run in runs.collect::<Vec<_>>() {
            run.await.unwrap();
        }
        rounds.push(started.elapsed());
    }
    rounds.sort();
    let median = rounds[ROUNDS / 2];
    println!("{RUNS} runs at once: {median:.1?}, fastest {:.1?}", rounds[0]);
    println!("  that is {:.0} runs per second", RUNS as f64 / median.as_secs_f64());

    let id = RunId::named("r0-0");
    let mut taken: Vec<Duration> = Vec::new();
    for _ in 0..APPENDS {
        let started = Instant::now();
        store.append(&id, vec![vec![1; 200]]).await.unwrap();
        taken.push(started.elapsed());
    }
    taken.sort();
    let (median, p99) = (taken[APPENDS / 2], taken[APPENDS * 99 / 100]);
    println!("one append: median {median:.1?}, p99 {p99:.1?}");
}
