//! What SQLite alone has to do: several processes, a killed one, files that are no store.

#![allow(clippy::unwrap_used, reason = "a test that fails says where")]

use std::{fs, path::Path, process::Stdio};

use sqlx::{Connection as _, Row as _, SqliteConnection, sqlite::SqliteConnectOptions};
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::Command,
};
use workroom_engine::store::{NewRun, Retention, RunEnd, SessionState, Store, StoreError};
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

#[tokio::test(flavor = "multi_thread")]
async fn many_that_open_at_once_make_one_store() {
    let folder = tempfile::tempdir().unwrap();
    let opening = (0..4).map(|_| {
        let folder = folder.path().to_owned();
        tokio::spawn(async move { SqliteStore::open(&folder).await })
    });
    for (n, opened) in opening.collect::<Vec<_>>().into_iter().enumerate() {
        let store = opened.await.unwrap().unwrap();
        let (run, of) = (format!("r{n}"), format!("s{n}"));
        store.begin(NewRun { session: SessionId::named(of), ..new(&run) }).await.unwrap();
    }
    let mut db = connect(folder.path()).await;
    assert_eq!(number(&mut db, "PRAGMA user_version").await, newest());
    assert_eq!(number(&mut db, "PRAGMA auto_vacuum").await, 2, "incremental");
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

/// A connection of the test's own to the store in `folder`.
async fn connect(folder: &Path) -> SqliteConnection {
    let options = SqliteConnectOptions::new().filename(folder.join("workroom.db"));
    SqliteConnection::connect_with(&options).await.unwrap()
}

async fn number(db: &mut SqliteConnection, pragma: &'static str) -> i64 {
    sqlx::raw_sql(pragma).fetch_one(db).await.unwrap().get(0)
}

/// The version that this Workroom writes: one for each file of migrations.
fn newest() -> i64 {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/migrations");
    fs::read_dir(folder).unwrap().count().try_into().unwrap()
}

#[tokio::test]
async fn a_file_of_a_newer_version_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    drop(open(folder.path()).await);
    let mut db = connect(folder.path()).await;
    sqlx::raw_sql("PRAGMA user_version = 99").execute(&mut db).await.unwrap();
    let error = SqliteStore::open(folder.path()).await.unwrap_err().to_string();
    let told = format!("is of version 99, and this Workroom knows up to {}: use a", newest());
    assert!(error.contains(&told), "{error}");
    assert_eq!(number(&mut db, "PRAGMA user_version").await, 99, "it is left as it is");
}

/// The bytes of a store with a few runs, all of them in the file itself.
async fn sound_file() -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    store.begin(new("r1")).await.unwrap();
    store.finish(&RunId::named("r1"), end(), Some(state())).await.unwrap();
    let mut db = connect(folder.path()).await;
    sqlx::raw_sql("PRAGMA wal_checkpoint(TRUNCATE)").execute(&mut db).await.unwrap();
    fs::read(folder.path().join("workroom.db")).unwrap()
}

#[tokio::test]
async fn a_damaged_file_gives_errors_and_stays() {
    let sound = sound_file().await;
    let mut garbled = sound.clone();
    garbled[8_192..].fill(0xff);
    let damages = [sound[..sound.len() / 2].to_vec(), sound[..100].to_vec(), garbled];
    for (n, damaged) in damages.iter().enumerate() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("workroom.db");
        fs::write(&file, damaged).unwrap();
        let told = match SqliteStore::open(folder.path()).await {
            Err(error) => error.to_string(),
            Ok(store) => {
                let begun = store.begin(new("r2")).await;
                let looked = store.session(&SessionId::named("s")).await;
                assert!(begun.is_err() || looked.is_err(), "damage {n} was not seen");
                match store.check().await {
                    Err(error) => error.to_string(),
                    Ok(health) => health.problems.join("; "),
                }
            }
        };
        assert!(!told.is_empty(), "damage {n}");
        assert_eq!(fs::read(&file).unwrap().len(), damaged.len(), "damage {n}: {told}");
    }
}

#[tokio::test]
async fn what_was_written_is_there_after_it_is_opened_again() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    store.begin(new("r1")).await.unwrap();
    store.append(&RunId::named("r1"), vec![vec![1], vec![]]).await.unwrap();
    store.finish(&RunId::named("r1"), end(), Some(state())).await.unwrap();
    let all = async |store: &SqliteStore| {
        let session = store.session(&SessionId::named("s")).await.unwrap().unwrap();
        let snapshot = store.snapshot(session.snapshot.unwrap()).await.unwrap();
        let journal = store.journal(&RunId::named("r1")).await.unwrap();
        (session, snapshot, journal, store.runs(None, 9).await.unwrap())
    };
    let before = all(&store).await;
    drop(store);
    assert_eq!(all(&open(folder.path()).await).await, before);
}

#[tokio::test]
async fn files_of_dead_holders_are_removed() {
    let folder = tempfile::tempdir().unwrap();
    let lives = open(folder.path()).await;
    let holders = folder.path().join("holders");
    for name in ["a", "b"] {
        fs::write(holders.join(name), "").unwrap();
    }
    let also_lives = open(folder.path()).await;
    assert_eq!(fs::read_dir(&holders).unwrap().count(), 2, "{lives:?} and {also_lives:?}");
}

#[tokio::test]
async fn space_that_is_free_goes_back() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    store.begin(new("r1")).await.unwrap();
    let large = SessionState { snapshot: Some(vec![1; 40 << 20].into()), ..state() };
    store.finish(&RunId::named("r1"), end(), Some(large)).await.unwrap();
    assert!(store.check().await.unwrap().bytes > 40 << 20);
    let nothing = Retention {
        session_age_ms: 0,
        run_age_ms: 0,
        history_bytes: 0,
        shape_age_ms: 0,
        shapes: 0,
        flow_age_ms: 0,
        flows: 0,
        account_age_ms: 0,
        accounts: 0,
    };
    store.sweep(9, nothing).await.unwrap();
    let left = store.check().await.unwrap().bytes;
    assert!(left < 5 << 20, "{left}");
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
