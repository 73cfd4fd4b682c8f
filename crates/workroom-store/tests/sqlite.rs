//! What SQLite alone has to do: several processes, a killed one, files that are no store.

#![allow(clippy::unwrap_used, reason = "a test that fails says where")]

use std::{fs, path::Path, process::Stdio};

use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::Command,
};
use workroom_engine::store::{NewRun, RunEnd, SessionState, Store, StoreError};
use workroom_store::SqliteStore;
use workroom_types::{RunId, SessionId};

/// Makes this program the process that is killed.
const FOLDER: &str = "WORKROOM_TEST_FOLDER";

async fn open(folder: &Path) -> SqliteStore {
    SqliteStore::open(folder).await.unwrap()
}

fn new(run: &str) -> NewRun {
    NewRun {
        id: RunId::named(run),
        session: SessionId::named("s"),
        started: 1,
        code: "1".to_owned(),
        origin: "here".to_owned(),
        setup: String::new(),
    }
}

fn end() -> RunEnd {
    RunEnd { ended: 2, ok: true, outcome: String::new() }
}

fn state() -> SessionState {
    let snapshot = Some(vec![1; 1_000].into());
    SessionState { variables: "[]".to_owned(), heap_bytes: 1, snapshot }
}

/// Not a test of its own: the process that [`a_killed_process_leaves_its_runs_to_others`] kills.
#[tokio::test]
async fn the_process_that_is_killed() {
    let Some(folder) = std::env::var_os(FOLDER) else { return };
    let store = open(Path::new(&folder)).await;
    store.begin(new("r1")).await.unwrap();
    store.finish(&RunId::named("r1"), end(), Some(state())).await.unwrap();
    store.begin(new("r2")).await.unwrap();
    store.append(&RunId::named("r2"), vec![vec![1], vec![2]]).await.unwrap();
    println!("\nready");
    std::future::pending::<()>().await;
}

#[tokio::test]
async fn a_killed_process_leaves_its_runs_to_others() {
    let folder = tempfile::tempdir().unwrap();
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["the_process_that_is_killed", "--exact", "--nocapture"])
        .env(FOLDER, folder.path())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    while lines.next_line().await.unwrap().expect("the child gets ready") != "ready" {}

    let store = open(folder.path()).await;
    let run = RunId::named("r2");
    let running = store.session(&SessionId::named("s")).await.unwrap().unwrap().running.unwrap();
    assert_eq!((&running.run, running.interrupted), (&run, false), "it lives");
    assert!(!store.adopt(&run).await.unwrap());

    child.kill().await.unwrap();
    let session = store.session(&SessionId::named("s")).await.unwrap().unwrap();
    assert!(session.running.unwrap().interrupted);
    assert_eq!((session.version, session.stored_bytes), (1, 1_000));
    assert_eq!(store.interrupted("here").await.unwrap().len(), 1);
    assert!(store.interrupted("elsewhere").await.unwrap().is_empty());
    let busy = store.begin(new("r3")).await.unwrap_err();
    assert!(matches!(busy, StoreError::Busy { interrupted: true, .. }), "{busy}");
    assert_eq!(store.journal(&run).await.unwrap(), [[1], [2]]);

    let other = open(folder.path()).await;
    let (one, two) = tokio::join!(store.adopt(&run), other.adopt(&run));
    assert!(one.unwrap() ^ two.unwrap(), "one of the two takes it");
    store.finish(&run, end(), Some(state())).await.unwrap();
    assert_eq!(store.session(&SessionId::named("s")).await.unwrap().unwrap().version, 2);
}

#[tokio::test]
async fn two_stores_on_one_folder_see_each_other() {
    let folder = tempfile::tempdir().unwrap();
    let (one, two) = (open(folder.path()).await, open(folder.path()).await);
    one.begin(new("r1")).await.unwrap();
    let busy = two.begin(new("r2")).await.unwrap_err();
    assert_eq!(busy.to_string(), "session `s` is in use: run `r1` is under way");
    drop(one);
    assert!(two.run(&RunId::named("r1")).await.unwrap().unwrap().interrupted);
    assert!(two.adopt(&RunId::named("r1")).await.unwrap());
}

#[tokio::test]
async fn many_that_open_at_once_make_one_store() {
    let folder = tempfile::tempdir().unwrap();
    let opening = (0..4).map(|_| {
        let folder = folder.path().to_owned();
        tokio::spawn(async move { SqliteStore::open(&folder).await.map(drop) })
    });
    for opened in opening.collect::<Vec<_>>() {
        opened.await.unwrap().unwrap();
    }
}

/// What opening a folder whose `workroom.db` holds `bytes` says.
async fn refusal(bytes: &[u8]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("workroom.db");
    fs::write(&file, bytes).unwrap();
    let error = SqliteStore::open(folder.path()).await.expect_err("it is refused").to_string();
    assert_eq!(fs::read(&file).unwrap(), bytes, "it is left as it is");
    error.replace(&folder.path().display().to_string(), "FOLDER")
}

#[tokio::test]
async fn what_is_no_store_is_refused_and_left_alone() {
    assert_eq!(
        refusal(&[b'x'; 5_000]).await,
        "cannot open `FOLDER/workroom.db`: file is not a database"
    );
    let folder = tempfile::tempdir().unwrap();
    drop(open(folder.path()).await);
    let not_a_folder = folder.path().join("workroom.db");
    let error = SqliteStore::open(&not_a_folder).await.unwrap_err().to_string();
    assert!(error.starts_with("cannot use the folder `"), "{error}");
}

#[cfg(unix)]
#[tokio::test]
async fn folder_and_files_are_the_users_alone() {
    use std::os::unix::fs::PermissionsExt as _;

    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().join("data");
    let store = open(&folder).await;
    store.begin(new("r1")).await.unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&folder), 0o700);
    for name in ["workroom.db", "workroom.db-wal", "workroom.db-shm"] {
        assert_eq!(mode(&folder.join(name)), 0o600, "{name}");
    }
    fs::set_permissions(folder.join("workroom.db"), fs::Permissions::from_mode(0o644)).unwrap();
    let health = store.check().await.unwrap();
    assert_eq!(health.problems, ["others may read the file (its mode is 644)"]);
}
