//! Six public MCP servers behind the real gateway, driven by the official Python SDK.
//!
//! The servers and the SDK are what `cargo xtask test` installs; without them
//! the test fails and says so.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::{
    io::{BufRead, BufReader, Read as _},
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use serde_json::{Value, json};
use support::Workspace;

/// Where `cargo xtask test` put the servers.
fn tools() -> PathBuf {
    let folder = std::env::var_os("WORKROOM_TOOLS")
        .map_or_else(|| root().join("target/tools"), PathBuf::from);
    assert!(
        folder.join("installed").exists(),
        "{} has no MCP servers; run `cargo xtask test`",
        folder.display()
    );
    folder
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

fn python() -> PathBuf {
    tools().join("venv/bin/python")
}

/// What the example's data holds, by whoever made it.
fn make_data(folder: &Path) -> Value {
    let output = Command::new(python())
        .arg(root().join("examples/real/make_data.py"))
        .arg(folder)
        .output()
        .unwrap();
    succeeded(&output);
    serde_json::from_slice(&output.stdout).unwrap()
}

fn succeeded(output: &Output) {
    assert!(
        output.status.success(),
        "{}\n{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

/// The client's run against a gateway at `target`, in the environment of `workspace`.
fn client(workspace: &Workspace, kind: &str, target: &[&str]) -> Value {
    let output = Command::new(python())
        .arg(root().join("crates/workroom/tests/real_client.py"))
        .arg(kind)
        .args(target)
        .arg(root().join("examples/real/report.ts"))
        .current_dir(workspace.path())
        .output()
        .unwrap();
    succeeded(&output);
    serde_json::from_slice(&output.stdout).unwrap()
}

/// What the client saw is right, and little of what moved reached it.
#[track_caller]
fn check(seen: &Value, data: &Value) {
    assert_eq!(seen["tools"], json!(["run_code", "search", "read_file"]));
    let servers = seen["servers"].as_str().unwrap();
    for name in ["everything", "filesystem", "git", "memory", "sqlite", "time"] {
        assert!(servers.contains(&format!("{name}/  ")), "{servers}");
    }
    assert!(!servers.contains("failed"), "{servers}");
    assert!(seen["search"].as_str().unwrap().contains("readTextFile"), "{}", seen["search"]);
    assert!(seen["file"].as_str().unwrap().contains("function readQuery"), "{}", seen["file"]);

    let result = seen["result"].as_str().unwrap();
    assert_eq!(seen["failed"], false, "{result}");
    assert!(result.len() < 1_000, "{} bytes came back", result.len());
    let calls = &seen["run"]["calls"];
    let moved = calls["result_bytes"].as_u64().unwrap() + calls["argument_bytes"].as_u64().unwrap();
    assert!(moved > 100_000, "{moved} bytes moved");
    let (_, value) = result.split_once('\n').unwrap();
    let value: Value = serde_json::from_str(value).unwrap();
    assert_eq!(value["orders"], data["orders"]);
    for region in value["regions"].as_array().unwrap() {
        let name = region["region"].as_str().unwrap();
        assert_eq!(region["cents"], data["cents"][name], "{name}");
    }
    let again = seen["again"].as_str().unwrap();
    assert!(again.ends_with(&format!("\n{}", data["orders"])), "variables persist: {again}");
}

/// A workspace whose configuration is the example's, with data of its own.
fn workspace() -> (Workspace, Value) {
    let workspace = Workspace::new();
    let data = make_data(&workspace.path().join("data"));
    let quoted = |path: &Path| serde_json::to_string(&path.to_string_lossy()).unwrap();
    let config = std::fs::read_to_string(root().join("examples/real/.mcp.json")).unwrap();
    // The example's own defaults, replaced as the two variables would.
    let config = config
        .replace("${WORKROOM_TOOLS:-../../target/tools}", quoted(&tools()).trim_matches('"'))
        .replace(
            "${WORKROOM_EXAMPLE:-../../target/example}",
            quoted(&workspace.path().join("data")).trim_matches('"'),
        )
        .replace(
            "${WORKROOM_EXAMPLE:-../../../../../../target/example}",
            quoted(&workspace.path().join("data")).trim_matches('"'),
        );
    assert!(!config.contains("${"), "{config}");
    workspace.file(".mcp.json", &config);
    (workspace, data)
}

#[test]
fn an_agent_over_stdio_moves_much_and_reads_little() {
    let (workspace, data) = workspace();
    let gateway = env!("CARGO_BIN_EXE_workroom");
    let seen = client(&workspace, "stdio", &[gateway, "serve"]);
    check(&seen, &data);
}

#[test]
fn an_agent_over_http_moves_much_and_reads_little() {
    let (workspace, data) = workspace();
    let mut gateway = workspace
        .command(&["serve", "--http", "127.0.0.1:0"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    let mut notes = BufReader::new(gateway.stderr.take().unwrap());
    notes.read_line(&mut line).unwrap();
    let url = line.trim().strip_prefix("listening on ").expect("the address comes first");
    let seen = client(&workspace, "http", &[url]);
    gateway.kill().unwrap();
    gateway.wait().unwrap();
    let mut stdout = String::new();
    gateway.stdout.take().unwrap().read_to_string(&mut stdout).unwrap();
    assert_eq!(stdout, "");
    check(&seen, &data);
}
