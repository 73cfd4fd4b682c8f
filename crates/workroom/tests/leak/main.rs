//! Nothing of the planted personal data leaves towards the agent, the log, the store or the console.
//!
//! Two real servers hand out the records of a thousand made-up patients: five planted values each.
//! Scripts try to get them out, in every way of [`exfiltration::scripts`]; so do the scripts of the
//! hostile suite, and the job of the demo's clinic is done. A recorder keeps every byte that leaves
//! the gateway in another direction than to a server, and looks for each value in each of
//! [`encodings::of`].

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod demo;
mod encodings;
mod exfiltration;
mod hostile;
mod recorder;
#[path = "../support/mod.rs"]
mod support;

use recorder::{Gateway, Left};
use serde_json::Value;
use support::Workspace;

/// The servers: `clinic` has the patients, `archive` writes down what it is sent.
const SERVER: &str = include_str!("server.py");

/// How many patients there are, with five planted values each.
const PATIENTS: usize = 1_000;

/// A folder with the servers and a configuration. What `archive` receives is in [`RECEIVED`].
fn workspace(settings: &str) -> Workspace {
    let workspace = Workspace::new();
    let server = workspace.file("server.py", SERVER);
    let received = workspace.path().join(RECEIVED);
    let (server, received) = (server.display(), received.display());
    let mut config = settings.to_owned();
    for name in ["clinic", "archive", "odd"] {
        let table = format!(
            "\n[servers.{name}]\ncommand = \"python3\"\nargs = [\"{server}\", {name:?}, \"{received}\"]"
        );
        config.push_str(&table);
    }
    workspace.file("workroom.toml", &config);
    workspace
}

/// The file of what went to `archive`, which may have nothing.
const RECEIVED: &str = "received.jsonl";

/// How many scripts there are at least.
const SCRIPTS_MIN: usize = 200;

/// Runs one of three parts of the scripts: together they would take too long for one test.
fn exfiltrate(part: usize) {
    let workspace = workspace("[privacy]\nprofile = \"hipaa\"");
    let mut gateway = Gateway::start(&workspace);
    gateway.request("tools/list", "{}");
    let scripts = exfiltration::scripts();
    assert!(scripts.len() >= SCRIPTS_MIN, "{}", scripts.len());
    let mut tokens = Vec::new();
    for script in &scripts[part * scripts.len() / 3..(part + 1) * scripts.len() / 3] {
        let shown = gateway.run("first", script);
        tokens.extend(tokens_in(&shown).into_iter().take(5));
    }
    gateway.save_skills();
    gateway.read_everything();
    let mut left = gateway.end();
    // A second session has nothing of what the first one was given.
    let tokens: Vec<String> = tokens.into_iter().filter(|it| it.contains("email_")).collect();
    assert!(tokens.len() >= 5, "{tokens:?}");
    let mut second = Gateway::start(&workspace);
    let shown = second.run("second", &exfiltration::with_tokens_of_another(&tokens[..5]));
    assert!(shown.contains("ALL FAILED"), "{shown}");
    left.extend(second.end());
    add_told(&workspace, &mut left);
    check(&workspace, left);
}

#[test]
fn nothing_planted_gets_out() {
    exfiltrate(0);
}

#[test]
fn nothing_planted_gets_out_by_names_and_keys() {
    exfiltrate(1);
}

#[test]
fn nothing_planted_gets_out_by_hashes_errors_and_time() {
    exfiltrate(2);
}

#[test]
fn every_planted_value_passes_and_none_gets_out() {
    let workspace = workspace("[privacy]\nprofile = \"hipaa\"");
    let mut gateway = Gateway::start(&workspace);
    for script in exfiltration::pages() {
        let shown = gateway.run("all", &script);
        assert!(shown.starts_with("ok"), "{shown}");
    }
    gateway.read_everything();
    let mut left = gateway.end();
    add_told(&workspace, &mut left);
    // Each of them was there, and has its token.
    let report = workspace.output(&["privacy", "report", "--json"], "");
    let report: Value = serde_json::from_slice(&report.stdout).unwrap();
    let values = report["values"].as_array().unwrap();
    let found = values.iter().filter(|value| value["tool"] == "list_patients").count();
    assert_eq!(found, 5 * PATIENTS);
    check(&workspace, left);
}

/// Adds what the commands tell about it all.
fn add_told(workspace: &Workspace, left: &mut Left) {
    let sessions = workspace.output(&["sessions", "list", "--json"], "");
    let sessions: Value = serde_json::from_slice(&sessions.stdout).unwrap();
    let session = sessions["sessions"][0]["session"].as_str().unwrap();
    let runs = workspace.output(&["runs", "list", "--json"], "");
    let runs: Value = serde_json::from_slice(&runs.stdout).unwrap();
    let run = runs["runs"][0]["run"].as_str().unwrap();
    for args in [
        vec!["runs", "list"],
        vec!["runs", "show", run],
        vec!["runs", "replay", run],
        vec!["sessions", "show", session],
        vec!["sessions", "list", "--json"],
        vec!["privacy", "report"],
        vec!["privacy", "report", "--json"],
        vec!["privacy", "report", "--csv"],
        vec!["drift"],
        vec!["servers"],
        vec!["servers", "--json"],
        vec!["cat", "servers/clinic/list_patients.ts"],
        vec!["cat", "servers/clinic/chart.ts"],
        vec!["search", "patients", "--detail", "full"],
    ] {
        let output = workspace.output(&args, "");
        assert_ne!(output.status.code(), Some(2), "`{}` is no command", args.join(" "));
        left.add(&args.join(" "), output.stdout);
        left.add(&args.join(" "), output.stderr);
    }
}

/// Nothing planted is in what left, nor in what went to the server that may have none of it.
fn check(workspace: &Workspace, mut left: Left) {
    left.add_store(&workspace.path().join("data"));
    if let Ok(received) = std::fs::read(workspace.path().join(RECEIVED)) {
        left.add("archive", received);
    }
    let planted = encodings::planted(PATIENTS);
    assert_eq!(planted.len(), 5 * PATIENTS);
    assert_eq!(left.found(&planted), Vec::<String>::new());
    assert!(left.bytes() > 300_000, "much was recorded: {}", left.bytes());
}

/// The tokens in `text`.
fn tokens_in(text: &str) -> Vec<String> {
    let parts = text.split('[').filter_map(|part| part.split_once(']'));
    let is_token = |inside: &&str| {
        inside.contains('_') && inside.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
    };
    let inside = parts.map(|(inside, _)| inside).filter(is_token);
    inside.map(|inside| format!("[{inside}]")).collect()
}

#[test]
fn the_recorder_finds_what_gets_out() {
    let workspace = workspace("");
    let mut gateway = Gateway::start(&workspace);
    for script in exfiltration::scripts().iter().take(exfiltration::ENCODERS) {
        gateway.run("leak", script);
    }
    let mut left = gateway.end();
    left.add_store(&workspace.path().join("data"));
    let found = left.found(&encodings::planted(PATIENTS)).join("\n");
    for encoding in ["plain", "reversed", "base64", "hex", "percent", "codes", "spaced", "rot13"] {
        assert!(found.contains(encoding), "{encoding} is not among\n{found}");
    }
    assert!(found.contains("store"), "{found}");
}

#[test]
fn a_killed_gateway_knows_its_tokens_and_leaves_no_core() {
    let key = "7b".repeat(32);
    let privacy = format!(
        "[privacy]\nprofile = \"hipaa\"\nkey_command = [\"echo\", \"{key}\"]\n\
         [privacy.reveal]\narchive = [\"*\"]"
    );
    let workspace = workspace(&privacy);
    let mut gateway = Gateway::start(&workspace);
    let taken = "import * as clinic from './servers/clinic';\n\
                 const patient = await clinic.getPatient({ id: 'P00042' });\n\
                 return patient.email";
    gateway.run("one", taken);
    #[cfg(target_os = "linux")]
    {
        let limits = gateway.limits();
        let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
        assert_eq!(core.split_whitespace().nth(4), Some("0"), "{core}");
    }
    // It has told the token, and had no time for anything else.
    let sessions = gateway.kill();
    let mut gateway = Gateway::start_with(&workspace, sessions);
    let sent = "import * as archive from './servers/archive';\n\
                return await archive.keep({ text: patient.email })";
    gateway.run("one", sent);
    gateway.end();
    let received = std::fs::read_to_string(workspace.path().join("received.jsonl")).unwrap();
    let planted = &encodings::planted(PATIENTS)[5 * 42 + 1];
    assert!(received.contains(planted), "{received}");
}
