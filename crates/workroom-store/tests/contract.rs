//! What every store does, tried on each of them.

#![allow(clippy::unwrap_used, reason = "a test that fails says where")]

use std::{path::Path, sync::Arc};

use workroom_engine::store::{
    Ending, Memory, NewRun, Retention, RunEnd, SessionState, ShapeRecord, Store, StoreError, Swept,
};
use workroom_store::SqliteStore;
use workroom_types::{RunId, SessionId, ToolRef};

/// Tries `contract` on every store.
async fn each(contract: impl AsyncFn(Arc<dyn Store>)) {
    contract(Arc::new(Memory::default())).await;
    let folder = tempfile::tempdir().unwrap();
    contract(Arc::new(open(folder.path()).await)).await;
}

async fn open(folder: &Path) -> SqliteStore {
    SqliteStore::open(&folder.join("data")).await.unwrap()
}

fn session(name: &str) -> SessionId {
    SessionId::named(name)
}

fn new(run: &str, of: &str, started: i64) -> NewRun {
    NewRun {
        id: RunId::named(run),
        session: session(of),
        started,
        code: format!("return '{run}'"),
        origin: "here".to_owned(),
        setup: "{}".to_owned(),
    }
}

fn ended(at: i64) -> RunEnd {
    RunEnd { ended: at, ok: true, outcome: "{\"value\":\"1\"}".to_owned() }
}

fn state(bytes: usize) -> SessionState {
    SessionState {
        variables: r#"[{"name":"a"},{"name":"b"}]"#.to_owned(),
        heap_bytes: 7,
        snapshot: (bytes > 0).then(|| vec![5; bytes].into()),
    }
}

/// A whole run, which leaves a state of `bytes`.
async fn run(store: &dyn Store, name: &str, of: &str, at: i64, bytes: usize) {
    store.begin(new(name, of, at)).await.unwrap();
    store.append(&RunId::named(name), vec![vec![1; 100]]).await.unwrap();
    store.finish(&RunId::named(name), ended(at + 1), Some(state(bytes))).await.unwrap();
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
async fn a_run_makes_its_session_and_leaves_it_a_state() {
    each(async |store| {
        assert_eq!(store.session(&session("s")).await.unwrap(), None);
        store.begin(new("r1", "s", 5)).await.unwrap();
        let begun = store.session(&session("s")).await.unwrap().unwrap();
        assert_eq!((begun.created, begun.version, begun.snapshot), (5, 0, None));
        let running = begun.running.unwrap();
        assert_eq!((running.run, running.interrupted), (RunId::named("r1"), false));

        store.finish(&RunId::named("r1"), ended(9), Some(state(10))).await.unwrap();
        let left = store.session(&session("s")).await.unwrap().unwrap();
        assert_eq!((left.used, left.version, left.heap_bytes, left.stored_bytes), (9, 1, 7, 10));
        assert_eq!((left.last_run, left.running), (Some(RunId::named("r1")), None));
        let bytes = store.snapshot(left.snapshot.unwrap()).await.unwrap().unwrap();
        assert_eq!(&bytes[..], [5; 10]);

        store.begin(new("r2", "s", 10)).await.unwrap();
        let record = store.run(&RunId::named("r2")).await.unwrap().unwrap();
        assert_eq!((record.before, record.version), (left.snapshot, 1));
        assert_eq!((record.end, record.interrupted, record.run), (None, false, new("r2", "s", 10)));
        store.finish(&RunId::named("r2"), ended(11), None).await.unwrap();
        let same = store.session(&session("s")).await.unwrap().unwrap();
        assert_eq!((same.version, same.snapshot), (1, left.snapshot), "no state, no new version");
    })
    .await;
}

#[tokio::test]
async fn a_session_has_one_run_at_a_time() {
    each(async |store| {
        store.begin(new("r1", "s", 1)).await.unwrap();
        let busy =
            StoreError::Busy { session: session("s"), run: RunId::named("r1"), interrupted: false };
        assert_eq!(store.begin(new("r2", "s", 2)).await, Err(busy));
        store.begin(new("r3", "other", 2)).await.unwrap();
        assert_eq!(store.run(&RunId::named("r2")).await.unwrap(), None);
        store.finish(&RunId::named("r1"), ended(3), None).await.unwrap();
        store.begin(new("r4", "s", 4)).await.unwrap();
        assert!(store.finish(&RunId::named("r1"), ended(5), None).await.is_err(), "it has ended");
        assert!(store.append(&RunId::named("no"), vec![vec![1]]).await.is_err());
        assert!(!store.adopt(&RunId::named("r4")).await.unwrap(), "its holder lives");
        assert!(store.interrupted("here").await.unwrap().is_empty());
    })
    .await;
}

#[tokio::test]
async fn writes_keep_the_order_of_their_calls_whether_awaited_or_not() {
    each(async |store| {
        let run = RunId::named("r");
        let begun = store.begin(new("r", "s", 1));
        for n in 0..200_u8 {
            drop(store.append(&run, vec![vec![n], vec![n, n]]));
        }
        let finished = store.finish(&run, ended(2), Some(state(3)));
        finished.await.unwrap();
        begun.await.unwrap();
        let journal = store.journal(&run).await.unwrap();
        let expected: Vec<Vec<u8>> = (0..200_u8).flat_map(|n| [vec![n], vec![n, n]]).collect();
        assert_eq!(journal, expected);
        let record = store.run(&run).await.unwrap().unwrap();
        assert_eq!((record.journal_bytes, record.end), (600, Some(ended(2))));
    })
    .await;
}

#[tokio::test]
async fn an_ended_session_says_why_and_begins_anew() {
    each(async |store| {
        run(&*store, "r1", "s", 1, 10).await;
        let snapshot = store.session(&session("s")).await.unwrap().unwrap().snapshot.unwrap();
        let ending = Ending { reason: "was dropped".to_owned(), lost: vec!["a".to_owned()] };
        for id in ["s", "never"] {
            store.end_session(&session(id), 5, &ending).await.unwrap();
            let record = store.session(&session(id)).await.unwrap().unwrap();
            assert_eq!((record.ended, record.snapshot), (Some((5, ending.clone())), None));
        }
        let listed = |sessions: Vec<_>| sessions.len();
        assert_eq!(listed(store.sessions(5).await.unwrap()), 2);
        assert_eq!(listed(store.sessions(6).await.unwrap()), 0);
        store.sweep(6, KEEP_ALL).await.unwrap();
        assert_eq!(store.snapshot(snapshot).await.unwrap(), None, "nothing needs it");

        store.begin(new("r2", "s", 7)).await.unwrap();
        let anew = store.session(&session("s")).await.unwrap().unwrap();
        assert_eq!((anew.created, anew.version, anew.ended), (7, 0, None));
    })
    .await;
}

#[tokio::test]
async fn a_run_whose_session_ended_meanwhile_leaves_no_state() {
    each(async |store| {
        let ending = Ending { reason: "was dropped".to_owned(), lost: Vec::new() };
        run(&*store, "r1", "s", 1, 10).await;
        for (run, begins_anew) in [("r2", false), ("r3", true)] {
            let id = RunId::named(run);
            store.begin(new(run, "s", 2)).await.unwrap();
            store.end_session(&session("s"), 3, &ending).await.unwrap();
            if begins_anew {
                store.begin(new("anew", "s", 4)).await.unwrap();
            }
            store.finish(&id, ended(5), Some(state(20))).await.unwrap();
            assert_eq!(store.run(&id).await.unwrap().unwrap().end, Some(ended(5)), "{run}");
            let left = store.session(&session("s")).await.unwrap().unwrap();
            assert_eq!((left.snapshot, left.stored_bytes), (None, 0), "{run}");
            assert_eq!(left.running.is_some(), begins_anew, "{run}");
            assert_eq!(left.ended.is_some(), !begins_anew, "{run}");
        }
        store.finish(&RunId::named("anew"), ended(6), Some(state(30))).await.unwrap();
        let left = store.session(&session("s")).await.unwrap().unwrap();
        assert_eq!((left.version, left.stored_bytes), (1, 30));
    })
    .await;
}

#[tokio::test]
async fn a_state_that_only_an_ended_session_had_goes_with_it() {
    each(async |store| {
        let ending = Ending { reason: "was dropped".to_owned(), lost: Vec::new() };
        run(&*store, "r1", "s", 1, 10).await;
        let first = store.session(&session("s")).await.unwrap().unwrap().snapshot.unwrap();
        run(&*store, "r2", "s", 2, 20).await;
        let second = store.session(&session("s")).await.unwrap().unwrap().snapshot.unwrap();
        store.end_session(&session("s"), 3, &ending).await.unwrap();
        assert_eq!(store.snapshot(second).await.unwrap(), None);
        assert!(store.snapshot(first).await.unwrap().is_some(), "`r2` began with it");
        assert_eq!(store.sweep(9, KEEP_ALL).await.unwrap().snapshots, 0);
    })
    .await;
}

#[tokio::test]
async fn what_cannot_be_done_fails_alone() {
    each(async |store| {
        // Called together, so that a store may do them together.
        let none = RunId::named("none");
        let one = store.begin(new("r1", "s", 1));
        let failed = [
            store.begin(new("r2", "s", 1)),
            store.append(&none, vec![vec![1]]),
            store.finish(&none, ended(2), Some(state(5))),
        ];
        let entries = store.append(&RunId::named("r1"), vec![vec![7]]);
        let finished = store.finish(&RunId::named("r1"), ended(2), Some(state(5)));
        for write in failed {
            assert!(write.await.is_err());
        }
        for write in [one, entries, finished] {
            write.await.unwrap();
        }
        assert_eq!(store.journal(&RunId::named("r1")).await.unwrap(), [[7]]);
        assert!(store.journal(&none).await.is_err());
        assert_eq!(store.session(&session("s")).await.unwrap().unwrap().version, 1);
        assert_eq!(store.check().await.unwrap().runs, 1);
    })
    .await;
}

#[tokio::test]
async fn runs_are_listed_newest_first() {
    each(async |store| {
        for n in 0..5 {
            run(&*store, &format!("r{n}"), ["s", "t"][n % 2], 1, 0).await;
        }
        let names = async |session: Option<&SessionId>, limit| {
            let runs = store.runs(session, limit).await.unwrap();
            runs.iter().map(|run| run.run.id.to_string()).collect::<Vec<_>>()
        };
        assert_eq!(names(None, 3).await, ["r4", "r3", "r2"]);
        assert_eq!(names(Some(&session("t")), 9).await, ["r3", "r1"]);
        assert!(names(Some(&session("u")), 9).await.is_empty());
        assert!(names(None, 0).await.is_empty());
        assert_eq!(names(None, usize::MAX).await.len(), 5);
    })
    .await;
}

#[tokio::test]
async fn what_is_too_old_is_dropped_and_what_is_needed_stays() {
    each(async |store| {
        run(&*store, "r1", "old", 10, 10).await;
        run(&*store, "r2", "new", 100, 10).await;
        store.begin(new("r3", "running", 1)).await.unwrap();
        let retention = Retention { session_age_ms: 50, run_age_ms: 50, ..KEEP_ALL };
        assert_eq!(store.sweep(61, retention).await.unwrap().sessions, 0, "just young enough");
        let swept = store.sweep(62, retention).await.unwrap();
        assert_eq!((swept.sessions, swept.runs, swept.snapshots), (1, 1, 1));
        let (_, ending) = store.session(&session("old")).await.unwrap().unwrap().ended.unwrap();
        assert_eq!((ending.reason.as_str(), ending.lost.len()), ("was not used for too long", 2));
        assert!(store.run(&RunId::named("r1")).await.unwrap().is_none());
        assert!(store.journal(&RunId::named("r1")).await.unwrap_or_default().is_empty());
        assert!(store.run(&RunId::named("r3")).await.unwrap().is_some());
        let kept = store.session(&session("new")).await.unwrap().unwrap();
        assert!(store.snapshot(kept.snapshot.unwrap()).await.unwrap().is_some());
    })
    .await;
}

#[tokio::test]
async fn history_above_its_size_loses_its_oldest_runs() {
    each(async |store| {
        // Each leaves a journal of 100 bytes; from the second on, an old state of 50.
        for n in 1..=4 {
            run(&*store, &format!("r{n}"), "s", n, 50).await;
        }
        let bytes = |history_bytes| Retention { history_bytes, ..KEEP_ALL };
        assert_eq!(store.sweep(9, bytes(550)).await.unwrap().runs, 0, "4 journals, 3 states");
        assert_eq!(store.sweep(9, bytes(549)).await.unwrap().runs, 1);
        assert_eq!(store.sweep(9, bytes(300)).await.unwrap().runs, 1);
        assert!(store.run(&RunId::named("r3")).await.unwrap().is_some());
        assert_eq!(store.sweep(9, bytes(0)).await.unwrap().runs, 2);
        let kept = store.session(&session("s")).await.unwrap().unwrap();
        assert!(store.snapshot(kept.snapshot.unwrap()).await.unwrap().is_some(), "in use");
    })
    .await;
}

#[tokio::test]
async fn runs_that_share_a_state_count_it_once() {
    each(async |store| {
        run(&*store, "r1", "s", 1, 1_000).await;
        // They leave none, so each begins with the state that `r1` left.
        for name in ["r2", "r3", "r4"] {
            store.begin(new(name, "s", 2)).await.unwrap();
            store.finish(&RunId::named(name), ended(3), None).await.unwrap();
        }
        let bytes = |history_bytes| Retention { history_bytes, ..KEEP_ALL };
        assert_eq!(store.sweep(9, bytes(100)).await.unwrap(), Swept::default(), "it is in use");
        run(&*store, "r5", "s", 4, 10).await;
        // Now it is history: 1,000 bytes, until the last that began with it is gone.
        assert_eq!(store.sweep(9, bytes(1_200)).await.unwrap(), Swept::default());
        let swept = store.sweep(9, bytes(1_199)).await.unwrap();
        assert_eq!((swept.runs, swept.snapshots), (1, 0), "the journal of `r1` is enough");
        let swept = store.sweep(9, bytes(1_000)).await.unwrap();
        assert_eq!((swept.runs, swept.snapshots), (4, 1));
    })
    .await;
}

#[tokio::test]
async fn one_sweep_drops_all_there_is_to_drop() {
    each(async |store| {
        for n in 0..450 {
            run(&*store, &format!("r{n}"), &format!("s{n}"), n, 10).await;
        }
        let nothing = Retention { session_age_ms: 0, run_age_ms: 0, history_bytes: 0, ..KEEP_ALL };
        let swept = store.sweep(1_000, nothing).await.unwrap();
        assert_eq!((swept.sessions, swept.runs, swept.snapshots), (450, 450, 450));
        assert_eq!(store.sweep(1_000, nothing).await.unwrap(), Swept::default());
        let health = store.check().await.unwrap();
        assert_eq!((health.sessions, health.runs), (0, 0));
    })
    .await;
}

/// What is known of `tool` of the server `s`.
fn shape(tool: &str, definition: &str, used: i64) -> ShapeRecord {
    ShapeRecord {
        tool: ToolRef { server: "s".to_owned(), tool: tool.to_owned() },
        definition: definition.to_owned(),
        used,
        body: format!("{{\"used\":{used}}}"),
    }
}

/// The shapes as `tool definition used`.
async fn shapes(store: &dyn Store, of: Option<&str>) -> Vec<String> {
    let of = of.map(|tool| shape(tool, "", 0).tool);
    let found = store.shapes(of.as_ref()).await.unwrap();
    found
        .iter()
        .inspect(|it| assert_eq!(**it, shape(&it.tool.tool, &it.definition, it.used)))
        .map(|it| format!("{} {} {}", it.tool.tool, it.definition, it.used))
        .collect()
}

#[tokio::test]
async fn shapes_are_kept_for_each_definition_the_one_used_last_first() {
    each(async |store| {
        assert!(shapes(&*store, None).await.is_empty());
        for (tool, definition, used) in [("a", "1", 5), ("b", "1", 6), ("a", "2", 7), ("a", "1", 9)]
        {
            store.keep_shape(shape(tool, definition, used)).await.unwrap();
        }
        assert_eq!(shapes(&*store, None).await, ["a 1 9", "a 2 7", "b 1 6"]);
        assert_eq!(shapes(&*store, Some("a")).await, ["a 1 9", "a 2 7"]);
        assert!(shapes(&*store, Some("c")).await.is_empty());
        let odd = "'\"; DROP TABLE shapes; --\0é";
        store.keep_shape(shape(odd, odd, -1)).await.unwrap();
        assert_eq!(shapes(&*store, Some(odd)).await, [format!("{odd} {odd} -1")]);
    })
    .await;
}

#[tokio::test]
async fn shapes_too_old_or_one_too_many_are_dropped() {
    each(async |store| {
        for used in 1..=4 {
            store.keep_shape(shape(&format!("t{used}"), "d", used)).await.unwrap();
        }
        assert_eq!(store.sweep(100, KEEP_ALL).await.unwrap().shapes, 0);
        let age = Retention { shape_age_ms: 10, ..KEEP_ALL };
        assert_eq!(store.sweep(11, age).await.unwrap().shapes, 0, "just young enough");
        assert_eq!(store.sweep(12, age).await.unwrap().shapes, 1);
        let count = |shapes| Retention { shapes, ..KEEP_ALL };
        assert_eq!(store.sweep(12, count(3)).await.unwrap().shapes, 0);
        assert_eq!(store.sweep(12, count(2)).await.unwrap().shapes, 1);
        assert_eq!(shapes(&*store, None).await, ["t4 d 4", "t3 d 3"]);
    })
    .await;
}

#[tokio::test]
async fn what_is_kept_for_ever_is_kept_whatever_the_clock_says() {
    each(async |store| {
        for (n, at) in [i64::MIN / 2, -1, i64::MAX / 2].into_iter().enumerate() {
            run(&*store, &format!("r{n}"), &format!("s{n}"), at, 1).await;
        }
        for now in [-5, 0, 1_800_000_000_000] {
            let swept = store.sweep(now, KEEP_ALL).await.unwrap();
            assert_eq!(swept, Swept::default(), "{now}");
        }
    })
    .await;
}

#[tokio::test]
async fn odd_names_and_large_states_are_kept_as_they_are() {
    each(async |store| {
        let odd = "s'\"; DROP TABLE runs; --\u{202e}é\0%_";
        run(&*store, odd, odd, -5, 16 << 20).await;
        let record = store.session(&session(odd)).await.unwrap().unwrap();
        assert_eq!((record.created, record.stored_bytes), (-5, 16 << 20));
        assert_eq!(store.run(&RunId::named(odd)).await.unwrap().unwrap().run.started, -5);
        let health = store.check().await.unwrap();
        assert!(health.problems.is_empty(), "{:?}", health.problems);
        assert_eq!((health.sessions, health.runs), (1, 1));
    })
    .await;
}

#[tokio::test]
async fn a_thousand_runs_at_once_are_all_kept() {
    each(async |store| {
        let runs = (0..1_000).map(|n| {
            let store = Arc::clone(&store);
            tokio::spawn(
                async move { run(&*store, &format!("r{n}"), &format!("s{n}"), n, 9).await },
            )
        });
        for run in runs.collect::<Vec<_>>() {
            run.await.unwrap();
        }
        let health = store.check().await.unwrap();
        assert_eq!((health.sessions, health.runs), (1_000, 1_000));
    })
    .await;
}
