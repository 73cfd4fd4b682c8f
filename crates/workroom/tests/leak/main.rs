//! Nothing of the planted personal data leaves towards the agent, the log, the store or the console.
//!
//! Two real servers hand out the records of a thousand made-up patients: five planted values each.
//! Scripts try to get them out, in every way of [`exfiltration::scripts`]. A recorder keeps every
//! byte that leaves the gateway in another direction than to a server, and looks for each value in
//! each of [`encodings::of`].

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod encodings;
mod exfiltration;
mod recorder;
#[path = "../support/mod.rs"]
mod support;

use recorder::Gateway;
use support::Workspace;

/// The servers: `clinic` has the patients, `archive` writes down what it is sent.
const SERVER: &str = include_str!("server.py");

/// How many patients there are, with five planted values each.
const PATIENTS: usize = 1_000;

/// A folder with the two servers and a configuration.
fn workspace(privacy: &str) -> Workspace {
    let workspace = Workspace::new();
    let server = workspace.file("server.py", SERVER);
    let server = server.to_str().unwrap();
    let received = workspace.path().join("received.jsonl");
    let received = received.to_str().unwrap();
    let config = format!(
        "{privacy}\n[servers.clinic]\ncommand = \"python3\"\nargs = [{server:?}, \"clinic\"]\n\
         [servers.archive]\ncommand = \"python3\"\nargs = [{server:?}, \"archive\", {received:?}]\n"
    );
    workspace.file("workroom.toml", &config);
    workspace
}

#[test]
fn nothing_planted_gets_out() {
    let workspace = workspace("[privacy]\nprofile = \"hipaa\"");
    let mut gateway = Gateway::start(&workspace);
    gateway.request("tools/list", "{}");
    let scripts = exfiltration::scripts();
    assert!(scripts.len() >= 200, "{}", scripts.len());
    for (at, script) in scripts.iter().enumerate() {
        gateway.run(&format!("leak-{}", at % 4), script);
    }
    gateway.read_everything();
    let session = "leak-0".to_owned();
    let mut left = gateway.end();
    for args in [
        vec!["runs", "list"],
        vec!["sessions", "show", &session],
        vec!["sessions", "list", "--json"],
        vec!["privacy", "report"],
        vec!["privacy", "report", "--json"],
        vec!["drift"],
        vec!["cat", "servers/clinic/list_patients.ts"],
        vec!["search", "patients"],
    ] {
        let output = workspace.output(&args, "");
        left.add(&args.join(" "), output.stdout);
        left.add(&args.join(" "), output.stderr);
    }
    left.add_store(&workspace.path().join("data"));
    let planted = encodings::planted(PATIENTS);
    assert_eq!(planted.len(), 5 * PATIENTS);
    assert_eq!(left.found(&planted), Vec::<String>::new());
    assert!(left.bytes() > 1_000_000, "much was recorded: {}", left.bytes());
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
