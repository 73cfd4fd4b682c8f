//! What outlives a command: sessions, runs, their journals.

#![allow(clippy::unwrap_used, reason = "a test that fails says where")]

mod support;

use expect_test::expect;
use serde_json::Value;
use support::{Workspace, demo_servers};

fn json(workspace: &Workspace, args: &[&str]) -> Value {
    serde_json::from_slice(&workspace.output(args, "").stdout).unwrap()
}

/// A workspace whose session `report` has had two runs.
fn with_session() -> Workspace {
    let workspace = Workspace::new();
    workspace.file("a.ts", "const sheet = [1, 2, 3]; const name = 'é'; return sheet.length");
    workspace
        .file("b.ts", "sheet.push(Math.random() + Date.now()); console.log('more'); return sheet");
    for file in ["a.ts", "b.ts"] {
        let run = workspace.output(&["run", "--session", "report", file], "");
        assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stdout));
    }
    workspace
}

#[test]
fn a_session_goes_on_in_the_next_command() {
    let workspace = with_session();
    workspace.file("c.ts", "return [sheet.length, name]");
    expect![[r#"
        exit code 0
        ----- stdout
        ok · run RUN · TIME s · session report: sheet(4), name(1)
        [4,"é"]
    "#]]
    .assert_eq(&workspace.shown(&["run", "--session", "report", "c.ts"], ""));
    let listed = json(&workspace, &["sessions", "list", "--json"]);
    assert_eq!(listed["sessions"][0]["session"], "report");
    assert_eq!(listed["sessions"][0]["version"], 3);
    assert_eq!(listed["sessions"][0]["variables"][0]["name"], "sheet");
    let shown = workspace.shown(&["sessions", "show", "rep"], "");
    assert!(shown.contains("variables\n  sheet(4)\n  name(1)\n"), "{shown}");
}

#[test]
fn a_dropped_session_says_what_went_with_it() {
    let workspace = with_session();
    expect![[r#"
        exit code 0
        ----- stdout
        dropped session report with sheet, name
    "#]]
    .assert_eq(&workspace.shown(&["sessions", "drop", "report"], ""));
    expect![[r#"
        exit code 1
        ----- stdout
        error · run RUN · TIME s
        note: session `report` has ended: it was dropped by the user; its variables sheet, name are gone
        `sheet` is not declared
        1 | sheet.push(Math.random() + Date.now()); console.log('more'); return sheet
          | ^
        hint: declare it before it is used: `const sheet = …`
        nothing was called: correct it and run it again
    "#]]
    .assert_eq(&workspace.shown(&["run", "--session", "report", "b.ts"], "").replace(" · session report", ""));
    expect![[r#"
        exit code 2
        ----- stderr
        error: there is no session `nope`

        hint: `workroom sessions list` shows those there are
    "#]]
    .assert_eq(&workspace.shown(&["sessions", "drop", "nope"], ""));
}

#[test]
fn a_run_is_replayed_byte_for_byte_with_its_clock_and_its_randomness() {
    let workspace = with_session();
    let runs = json(&workspace, &["runs", "list", "--json", "--session", "report"]);
    let runs: Vec<&str> =
        runs["runs"].as_array().unwrap().iter().map(|run| run["run"].as_str().unwrap()).collect();
    assert_eq!(runs.len(), 2);
    for run in runs {
        let replayed = json(&workspace, &["runs", "replay", run, "--json"]);
        assert_eq!(replayed["replay"]["same"], true, "{replayed}");
        let shown = json(&workspace, &["runs", "show", run, "--json"]);
        assert_eq!(shown["run"]["state"], "ok");
        let read = json(&workspace, &["cat", &format!("results/{run}.json"), "--json"]);
        let value: Value = serde_json::from_str(read["text"].as_str().unwrap()).unwrap();
        assert_eq!(value, shown["run"]["value"]);
    }
    expect![[r#"
        exit code 2
        ----- stderr
        error: there is no run `r_nope`

        hint: `workroom runs list` shows those there are
    "#]]
    .assert_eq(&workspace.shown(&["runs", "replay", "r_nope"], ""));
}

#[test]
fn a_run_that_failed_is_replayed_too() {
    let workspace = Workspace::new();
    workspace.file("bad.ts", "console.log('before'); const x = null; x.y");
    workspace.output(&["run", "bad.ts"], "");
    let runs = json(&workspace, &["runs", "list", "--json"]);
    let run = runs["runs"][0]["run"].as_str().unwrap();
    assert_eq!(runs["runs"][0]["state"], "error");
    assert_eq!(json(&workspace, &["runs", "replay", run, "--json"])["replay"]["same"], true);
}

#[test]
fn doctor_says_what_stands_and_what_is_wrong() {
    let workspace = with_session();
    let found = json(&workspace, &["doctor", "--json"]);
    assert_eq!(
        (&found["ok"], &found["store"]["found"]["runs"]),
        (&true.into(), &2.into()),
        "{found}"
    );
    if cfg!(target_os = "linux") {
        assert_eq!(found["walls"]["found"]["walls"]["seccomp"]["state"], "stands", "{found}");
    }
    // Without its log, from which SQLite would bring the file back.
    for name in ["data/workroom.db-wal", "data/workroom.db-shm"] {
        let _ = std::fs::remove_file(workspace.path().join(name));
    }
    std::fs::write(workspace.path().join("data/workroom.db"), [b'x'; 9_000]).unwrap();
    let found = workspace.output(&["doctor", "--json"], "");
    assert_eq!(found.status.code(), Some(1));
    let told = workspace.shown(&["run", "--session", "report", "a.ts"], "");
    assert!(
        told.contains("cannot open `FOLDER/data/workroom.db`: file is not a database"),
        "{told}"
    );
    assert!(told.contains("hint: WORKROOM_DATA names another folder"), "{told}");
}

#[test]
fn scripts_run_here_where_no_worker_is_wanted() {
    let workspace = Workspace::new();
    workspace.file("workroom.toml", "[sandbox]\nworkers = 0\n");
    workspace.file("a.ts", "return 6 * 7");
    assert!(workspace.shown(&["run", "a.ts"], "").ends_with("\n42\n"));
    let walls = json(&workspace, &["doctor", "--json"])["walls"].clone();
    assert_eq!((&walls["ok"], &walls["found"]["workers"]), (&true.into(), &0.into()));
    workspace.file("workroom.toml", "[sandbox]\nworkers = 0\nwalls = \"required\"\n");
    assert_eq!(json(&workspace, &["doctor", "--json"])["walls"]["ok"], false);
    let refused = workspace.shown(&["run", "a.ts"], "");
    assert!(refused.contains("`sandbox.walls` is \"required\""), "{refused}");
}

#[cfg(unix)]
#[test]
fn a_command_that_is_interrupted_ends_its_run_for_good() {
    use std::{
        io::{BufRead as _, BufReader},
        process::Stdio,
    };

    let workspace = Workspace::new();
    workspace.file("wait.ts", "console.log('begun'); await new Promise(r => setTimeout(r, 30000))");
    let mut command = workspace.command(&["run", "-vv", "wait.ts"]);
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .env("WORKROOM_LOG", "workroom_engine=debug")
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let begun = lines.any(|line| line.is_ok_and(|line| line.contains("a run waits")));
    assert!(begun, "the run gets as far as its timer");
    let pid = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
    drop(lines);
    assert_eq!(child.wait().unwrap().code(), Some(130));
    let runs = json(&workspace, &["runs", "list", "--json"]);
    assert_eq!(runs["runs"][0]["state"], "error", "{runs}");
    let shown =
        json(&workspace, &["runs", "show", runs["runs"][0]["run"].as_str().unwrap(), "--json"]);
    assert_eq!(shown["run"]["error"]["kind"], "cancelled", "{shown}");
    assert!(
        json(&workspace, &["sessions", "list", "--json"])["sessions"]
            .as_array()
            .unwrap()
            .is_empty()
    );
}

#[test]
fn what_was_used_together_comes_along_in_the_next_command() {
    let workspace = Workspace::new();
    workspace.file("workroom.toml", &demo_servers(&["shop", "accounting"], 1));
    workspace.file(
        "both.ts",
        "import { getShop } from './servers/shop';\n\
         import { listSuppliers } from './servers/accounting';\n\
         return [await getShop({}), await listSuppliers({})].length;",
    );
    let found = || {
        let found = json(&workspace, &["search", "--json", "name and time zone of the shop"]);
        let matches = found["matches"].as_array().unwrap().clone();
        matches.iter().any(|one| one["tool"] == "list_suppliers")
    };
    assert!(!found());
    for _ in 0..2 {
        let run = workspace.output(&["run", "both.ts"], "");
        assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stdout));
    }
    assert!(found());
}
