//! Six public MCP servers behind the real gateway, driven by the official Python SDK.
//!
//! The servers and the SDK are what `cargo xtask test` installs; without them
//! the tests fail and say so.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "support/python.rs"]
mod python;

use python::{python, root, tools};
use serde_json::{Value, json};
use tempfile::TempDir;

/// The most bytes that a report of the example may show an agent.
const SHOWN_MAX: usize = 1_000;

/// The fewest bytes that the example moves between its servers.
const MOVED_MIN: u64 = 100_000;

/// The gateway, and a guard and a program for each of six servers.
const PROCESSES_MIN: u64 = 13;

/// Runs the example's report as an agent would, by one transport and one revision of the
/// protocol, and checks what the agent saw, and that nothing outlives the gateway.
#[track_caller]
fn check(transport: &str, mode: &str, version: &str) {
    let workspace = TempDir::new().unwrap();
    let folder = workspace.path().to_string_lossy().into_owned();
    let data = python(&workspace, "examples/real/make_data.py", &[&folder], &Value::Null);
    let report = std::fs::read_to_string(root().join("examples/real/report.ts")).unwrap();
    // As text, which is shown as it is; lists of rows are shown as tables otherwise.
    let report = report.replace("return { files", "return JSON.stringify({ files");
    let report = report.replace("entities.length };", "entities.length });");
    // The three servers that the report leaves out; a run waits for those it names.
    let others = format!(
        "import {{ getSum }} from './servers/everything';
         import {{ git_log }} from './servers/git';
         import {{ convertTime }} from './servers/time/convertTime.ts';
         const between = {{ source_timezone: 'UTC', target_timezone: 'Asia/Tokyo' }};
         return await Promise.all([
           getSum({{ a: 2, b: 3 }}),
           git_log({{ repo_path: {} }}),
           convertTime({{ ...between, time: '12:00' }}),
         ]);",
        json!(format!("{folder}/repo"))
    );
    let gateway = env!("CARGO_BIN_EXE_workroom");
    let plan = json!({
        "gateway": [gateway, "serve", "--config", root().join("examples/real/.mcp.json")],
        "transport": transport,
        "mode": mode,
        "asks": [
            ["run_code", { "code": report }],
            ["run_code", { "code": others }],
            ["read_file", { "path": "./servers" }],
            ["search", { "query": "read the contents of a text file", "limit": 3 }],
            ["read_file", { "path": "./servers/sqlite/readQuery.ts" }],
        ],
    });
    let seen = python(&workspace, "crates/workroom/tests/real_client.py", &[], &plan);

    assert_eq!(seen["version"], version);
    assert_eq!(seen["tools"], json!(["run_code", "search", "read_file", "save_skill"]));
    let asks = seen["asks"].as_array().unwrap();
    for ask in asks {
        assert_eq!(ask["failed"], false, "{ask}");
    }
    let text = |nth: usize| asks[nth]["text"].as_str().unwrap();
    check_report(&asks[0], &data);
    for part in ["The sum of 2 and 3 is 5.", "Close the third quarter", "T21:00:00+09:00"] {
        assert!(text(1).contains(part), "{}", text(1));
    }
    for (server, count) in [
        ("everything", 13),
        ("filesystem", 14),
        ("git", 12),
        ("memory", 9),
        ("sqlite", 6),
        ("time", 2),
    ] {
        assert!(text(2).contains(&format!("{server}/  {count} tools")), "{}", text(2));
    }
    assert!(
        text(3).contains("./servers/filesystem\n  readTextFile({ path: string;"),
        "{}",
        text(3)
    );
    assert!(text(4).contains("export async function readQuery("), "{}", text(4));

    assert_eq!(seen["left"], json!([]), "processes outlived the gateway");
    if cfg!(target_os = "linux") {
        let processes = seen["processes"].as_u64().unwrap();
        assert!(processes >= PROCESSES_MIN, "{processes} processes are too few to be all");
    }
}

/// Much moved, little was shown, and it is right by the account of who made the data.
#[track_caller]
fn check_report(report: &Value, data: &Value) {
    let text = report["text"].as_str().unwrap();
    assert!(text.len() < SHOWN_MAX, "{} bytes came back", text.len());
    let calls = &report["run"]["calls"];
    let moved = calls["result_bytes"].as_u64().unwrap();
    assert!(moved > MOVED_MIN, "only {moved} bytes came from the servers");
    assert!(text.starts_with("ok · run r_"), "{text}");
    let value = &text[text.find("\n{").unwrap() + 1..];
    let value: Value = serde_json::from_str(value).unwrap();
    assert_eq!(value["orders"], data["orders"]);
    assert_eq!(value["remembered"], 1);
    let regions = value["regions"].as_array().unwrap();
    assert_eq!(regions.len(), data["cents"].as_object().unwrap().len());
    for region in regions {
        let name = region["region"].as_str().unwrap();
        assert_eq!(region["cents"], data["cents"][name], "{name}");
    }
}

#[test]
fn an_agent_by_stdio_moves_much_and_reads_little() {
    check("stdio", "auto", "2026-07-28");
}

#[test]
fn an_older_agent_by_stdio_moves_much_and_reads_little() {
    check("stdio", "legacy", "2025-11-25");
}

#[test]
fn an_agent_by_http_moves_much_and_reads_little() {
    check("http", "auto", "2026-07-28");
}

#[test]
fn an_older_agent_by_http_moves_much_and_reads_little() {
    check("http", "legacy", "2025-11-25");
}

/// The official SDK takes names and schemas as they are offered, in both revisions.
#[track_caller]
fn check_direct(transport: &str, revision: &str) {
    let workspace = TempDir::new().unwrap();
    let config = workspace.path().join("workroom.toml");
    let program = tools().join("bin/mcp-server-time");
    std::fs::write(&config, format!("[servers.time]\ncommand = '{}'\n", program.display()))
        .unwrap();
    let plan = json!({
        "gateway": [env!("CARGO_BIN_EXE_workroom"), "serve", "--mode", "auto", "--config", config],
        "transport": transport,
        "mode": revision,
        "asks": [
            ["time__get_current_time", { "timezone": "Asia/Tokyo" }],
            ["time__get_current_time", { "timezone": 7 }],
        ],
    });
    let seen = python(&workspace, "crates/workroom/tests/real_client.py", &[], &plan);
    let expected = json!(["time__get_current_time", "time__convert_time", "run_code"]);
    assert_eq!(seen["tools"], expected);
    let time: Value = serde_json::from_str(seen["asks"][0]["text"].as_str().unwrap()).unwrap();
    assert_eq!(time["timezone"], "Asia/Tokyo");
    assert_eq!(seen["asks"][1]["failed"], true);
    assert_eq!(seen["left"], json!([]));
}

#[test]
fn few_tools_are_called_directly_by_stdio() {
    check_direct("stdio", "auto");
}

#[test]
fn few_tools_are_called_directly_by_http() {
    check_direct("http", "legacy");
}
