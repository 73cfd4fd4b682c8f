//! `workroom serve` over stdio, message by message: what an MCP client sees.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(clippy::needless_pass_by_value, reason = "`json!` values are written where they are used")]

mod support;

use std::io::Read as _;

use serde_json::{Value, json};
use support::{
    Workspace,
    client::{Client, text},
};

fn start(workspace: &Workspace) -> Client {
    Client::start(workspace, &[], "test")
}

/// The text of `run_code`'s answer after its header line.
fn run(client: &mut Client, code: &str) -> String {
    let result = client.call("run_code", json!({ "code": code }));
    let text = text(&result);
    let (header, rest) = text.split_once('\n').unwrap_or((text, ""));
    assert!(header.starts_with("ok · run r_"), "{text}");
    rest.to_owned()
}

#[test]
fn tools_are_listed_whatever_the_servers_do() {
    let workspace = Workspace::new();
    let silent = "command = \"tail\"\nargs = [\"-f\", \"/dev/null\"]";
    let server = |n| {
        format!("[servers.server-{n}]\n{silent}\ndescription = \"customers, orders, refunds\"\n")
    };
    let config: String = (0..10).map(server).collect();
    workspace.file("workroom.toml", &config);
    let mut client = start(&workspace);
    let listed = client.request("tools/list", json!({}));
    let names: Vec<&str> =
        listed["tools"].as_array().unwrap().iter().map(|t| t["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["run_code", "search", "read_file", "save_skill"]);
    let tokens = workroom_ledger::tokens(&listed.to_string());
    assert!(tokens < 1_000, "{tokens} o200k tokens with ten servers");
    assert!(listed["tools"][0]["_meta"]["anthropic/alwaysLoad"].as_bool().unwrap());
}

#[test]
fn variables_persist_between_runs_of_one_connection() {
    let workspace = Workspace::new();
    let mut client = start(&workspace);
    run(&mut client, "const rows = [1, 2, 3]; rows.length");
    assert_eq!(run(&mut client, "const rows = [4, 5]; rows.length"), "2", "declared again");
    assert_eq!(run(&mut client, "rows.map(r => r * 2)"), "[8,10]");
}

#[test]
fn a_failed_run_is_an_error_result_with_its_place() {
    let workspace = Workspace::new();
    let mut client = start(&workspace);
    let result = client.call("run_code", json!({ "code": "let a: any;\na.b" }));
    assert_eq!(result["isError"], true);
    let error = &result["_meta"]["workroom/run"]["error"];
    assert_eq!((&error["kind"], &error["line"]), (&json!("exception"), &json!(2)), "{result}");
}

#[test]
fn an_unknown_session_is_an_error() {
    let workspace = Workspace::new();
    let mut client = start(&workspace);
    let result = client.call("run_code", json!({ "code": "1", "session": "s_nope" }));
    assert_eq!(result["isError"], true);
    let text = result["content"][0]["text"].as_str().unwrap();
    assert!(text.contains("there is no session `s_nope`"), "{text}");
}

#[test]
fn a_cancelled_run_stops_and_the_connection_goes_on() {
    let workspace = Workspace::new();
    let mut client = start(&workspace);
    run(&mut client, "const kept = 1; kept");
    let params = json!({ "name": "run_code", "arguments": { "code": "for (;;) {}" } });
    let id = client.post("tools/call", params);
    client.send(&json!({
        "jsonrpc": "2.0", "method": "notifications/cancelled", "params": { "requestId": id }
    }));
    assert_eq!(run(&mut client, "kept + 1"), "2");
}

#[test]
fn a_long_result_is_read_on_by_its_path() {
    let workspace = Workspace::new();
    let mut client = start(&workspace);
    let code = "return Array.from({ length: 3000 }, (_, i) => `row ${i}`)";
    let result = client.call("run_code", json!({ "code": code, "max_tokens": 200 }));
    let text = result["content"][0]["text"].as_str().unwrap();
    let path = text.split_whitespace().find(|word| word.starts_with("./results/")).unwrap();
    let rest = client.call("read_file", json!({ "path": path, "offset": 9, "limit": 9 }));
    let rest = rest["content"][0]["text"].as_str().unwrap();
    assert!(rest.starts_with("\"row 1\",\"\n(characters 9 to 18 of "), "{rest}");
}

#[test]
fn wrong_arguments_of_our_own_tools_are_told() {
    let workspace = Workspace::new();
    let mut client = start(&workspace);
    let id = client.post("tools/call", json!({ "name": "run_code", "arguments": { "cod": "1" } }));
    let error = client.answer(id);
    let text = error["message"].as_str().unwrap();
    assert!(text.contains("missing field `code`"), "{text}");
}

#[cfg(target_os = "linux")]
#[test]
fn the_servers_end_with_a_gateway_that_is_killed_descendants_included() {
    let workspace = Workspace::new();
    let fifo = workspace.path().join("held");
    let status = std::process::Command::new("mkfifo").arg(&fifo).status().unwrap();
    assert!(status.success());
    // The server and a child of it, in a process group of its own, hold the pipe open.
    workspace.file(
        "workroom.toml",
        "[servers.family]\ncommand = \"sh\"\n\
         args = [\"-c\", \"exec 3>held; setsid sleep 1000 & exec tail -f /dev/null\"]\n",
    );
    let mut client = start(&workspace);
    // Opening waits until the server has opened its end.
    let mut held = std::fs::File::open(&fifo).unwrap();
    client.gateway.kill().unwrap();
    // The end of the pipe: nobody holds it any more.
    assert_eq!(held.read(&mut [0; 1]).unwrap(), 0);
}

/// A camera: its picture is a block of content, and so is what it is called.
const CAMERA: &str = r#"
import json, sys

BLOCKS = [{"type": "text", "text": "front door"},
          {"type": "image", "data": "iVBORw0KGgo=", "mimeType": "image/png"}]

for line in sys.stdin:
    message = json.loads(line)
    method = message.get("method")
    if method == "initialize":
        result = {"protocolVersion": message["params"]["protocolVersion"],
                  "capabilities": {"tools": {}}, "serverInfo": {"name": "cam", "version": "1"}}
    elif method == "tools/list":
        result = {"tools": [{"name": "shot", "inputSchema": {"type": "object"}}]}
    elif method == "tools/call":
        result = {"content": BLOCKS}
    else:
        result = None
    if "id" in message:
        reply = {"jsonrpc": "2.0", "id": message["id"]}
        reply.update({"result": result} if result else {"error": {"code": -32601, "message": "no"}})
        print(json.dumps(reply), flush=True)
"#;

#[test]
fn a_picture_reaches_the_model_only_where_it_is_shown() {
    let workspace = Workspace::new();
    let server = workspace.file("camera.py", CAMERA);
    let config = format!("[servers.cam]\ncommand = \"python3\"\nargs = [{server:?}]\n");
    workspace.file("workroom.toml", &config);
    let mut client = start(&workspace);
    let code = "import * as cam from './servers/cam';\nconst shot = await cam.shot();\n";
    let kept = client.call("run_code", json!({ "code": format!("{code}return shot") }));
    assert_eq!(kept["isError"], false, "{kept}");
    assert!(!kept["content"].to_string().contains("iVBORw0KGgo"), "{kept}");
    let shown = format!("{code}show(shot.find((block) => block.type === 'image'));\nreturn 'done'");
    let shown = client.call("run_code", json!({ "code": shown }));
    let pictures: Vec<&Value> =
        shown["content"].as_array().unwrap().iter().filter(|it| it["type"] == "image").collect();
    assert_eq!(
        pictures,
        [&json!({ "type": "image", "data": "iVBORw0KGgo=", "mimeType": "image/png" })],
        "{shown}"
    );
}
