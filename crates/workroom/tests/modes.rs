//! How tools are offered: each mode, as MCP clients see it, over both transports.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(clippy::needless_pass_by_value, reason = "`json!` values are written where they are used")]

mod support;

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
};

use serde_json::{Value, json};
use support::{
    Workspace,
    client::{Client, text},
    few::few,
    gateway::Gateway,
};

/// Fifteen tools of a shop with results of all sizes.
const SHOP: &str = "[servers.shop]\ncommand = \"SELF\"\n\
                    args = [\"demo-server\", \"shop\", \"--seed\", \"1\"]\n";

fn shop() -> Workspace {
    let workspace = Workspace::new();
    workspace.file("workroom.toml", SHOP);
    workspace
}

/// What stands between two words of `text`.
fn between<'a>(text: &'a str, before: &str, after: &str) -> &'a str {
    let (_, rest) = text.split_once(before).unwrap();
    rest.split_once(after).unwrap().0
}

#[test]
fn direct_offers_every_tool_as_it_is() {
    let workspace = shop();
    let mut client = Client::start(&workspace, &["--mode", "direct"], "test");
    let tools = client.tools();
    assert_eq!(tools.len(), 16, "fifteen of the shop, and run_code");
    let get_order = tools.iter().find(|tool| tool["name"] == "shop__get_order").unwrap();
    assert_eq!(get_order["inputSchema"]["required"], json!(["order_number"]));
    assert_eq!(get_order["annotations"]["readOnlyHint"], true);
    assert_eq!(get_order["outputSchema"], Value::Null, "what comes back may be a preview");
    assert_eq!(tools, client.tools(), "the same each time");

    let result = client.call("shop__get_shop", json!({}));
    let data: Value = serde_json::from_str(text(&result)).unwrap();
    assert!(data["name"].is_string(), "nothing but the result: {data}");
    assert_eq!(result["_meta"]["workroom/run"]["calls"]["made"], 1);
}

#[test]
fn a_direct_call_is_checked_limited_and_recorded_as_a_run_is() {
    let workspace = shop();
    let mut client = Client::start(&workspace, &["--mode", "direct"], "test");
    let wrong = client.call("shop__get_order", json!({ "order_numbr": 1 }));
    assert_eq!(wrong["isError"], true);
    assert!(text(&wrong).contains("did you mean `order_number`?"), "{wrong}");
    let unknown = client.call("shop__nothing", json!({}));
    assert!(unknown["message"].as_str().unwrap().starts_with("there is no tool"), "{unknown}");
    let result = client.call("shop__get_shop", json!({}));
    let run = result["_meta"]["workroom/run"]["run"].as_str().unwrap();
    drop(client);
    let shown = workspace.output(&["runs", "show", run], "");
    let shown = String::from_utf8(shown.stdout).unwrap();
    assert!(shown.contains("get_shop"), "{run}: {shown}");
}

#[test]
fn a_long_result_is_a_variable_that_code_goes_on_with() {
    let workspace = shop();
    for mode in ["direct", "search"] {
        let mut client = Client::start(&workspace, &["--mode", mode], "test");
        let result = match mode {
            "direct" => client.call("shop__list_orders", json!({})),
            _ => client.call("call_tool", json!({ "tool": "./servers/shop/listOrders.ts" })),
        };
        let shown = text(&result).to_owned();
        let name = between(&shown, "the variable `", "`");
        let session = between(&shown, "in session ", ":");
        assert!(shown.contains("too long to show whole"), "{shown}");
        assert!(workroom_ledger::tokens(&shown) <= 4_000, "within the budget");
        let code = format!("return {name}.orders.length;");
        let run = json!({ "code": code, "session": session });
        let counted = match mode {
            "direct" => client.call("run_code", run),
            _ => client.call("call_tool", json!({ "tool": "run_code", "arguments": run })),
        };
        assert!(text(&counted).ends_with("\n25"), "{counted}");
    }
}

#[test]
fn calls_of_one_client_do_not_wait_for_each_other() {
    let workspace = shop();
    let mut client = Client::start(&workspace, &["--mode", "direct"], "test");
    client.tools();
    let call = json!({ "name": "shop__list_products", "arguments": {} });
    let mut waiting: Vec<u64> = (0..20).map(|_| client.post("tools/call", call.clone())).collect();
    while !waiting.is_empty() {
        let message = client.read();
        waiting.retain(|id| message["id"] != *id);
        assert_ne!(message["result"]["isError"], true, "{message}");
    }
}

#[test]
fn search_offers_three_tools_and_calls_by_path_or_name() {
    let workspace = shop();
    let mut client = Client::start(&workspace, &["--mode", "search"], "test");
    assert_eq!(client.names(), ["search", "read_file", "call_tool"]);
    let found = client.call("search", json!({ "query": "shop information", "limit": 1 }));
    let path = text(&found).lines().nth(1).unwrap().to_owned();
    for tool in [path.as_str(), "shop.get_shop", "shop.getShop", "servers/shop/getShop.ts"] {
        let result = client.call("call_tool", json!({ "tool": tool, "arguments": {} }));
        assert_ne!(result["isError"], true, "{tool}: {result}");
        assert!(text(&result).contains("\"currency\""), "{tool}: {result}");
    }
    for (tool, says) in [
        ("nonsense", "names no tool"),
        ("shop.get_shp", "did you mean getShop"),
        ("nowhere.get_shop", "there is no server `nowhere`"),
    ] {
        let result = client.call("call_tool", json!({ "tool": tool }));
        assert!(result["isError"] == true && text(&result).contains(says), "{result}");
    }
}

#[test]
fn auto_offers_few_small_tools_directly_and_many_as_code() {
    let workspace = shop();
    let mut many = Client::start(&workspace, &["--mode", "auto"], "test");
    assert_eq!(many.names(), ["run_code", "search", "read_file", "save_skill"]);
    let few = few();
    let mut few = Client::start(&few, &["--mode", "auto"], "test");
    assert_eq!(few.names(), ["few__add", "run_code"]);
    assert_eq!(text(&few.call("few__add", json!({ "a": 1 }))), "three");
}

#[test]
fn a_clients_name_and_the_command_line_choose_the_mode() {
    let workspace = Workspace::new();
    let config = "[serve]\nmode = \"search\"\n[clients.cursor]\nmode = \"direct\"\n";
    workspace.file("workroom.toml", &format!("{SHOP}{config}"));
    let first =
        |args: &[&str], name: &str| Client::start(&workspace, args, name).names()[0].clone();
    assert_eq!(first(&[], "test"), "search");
    assert_eq!(first(&[], "Cursor"), "shop__get_shop");
    assert_eq!(first(&["--mode", "code"], "cursor"), "run_code", "the command line is for all");
}

#[test]
fn a_client_is_told_when_a_server_comes_late() {
    let workspace = Workspace::new();
    let late = "[servers.late]\ncommand = \"sh\"\nargs = [\"-c\", \"until test -e go; do \
                sleep 0.05; done; exec SELF demo-server shop --seed 1\"]\n";
    workspace.file("workroom.toml", late);
    let mut client = Client::start(&workspace, &["--mode", "direct"], "test");
    assert_eq!(client.hello["capabilities"]["tools"]["listChanged"], true);
    assert_eq!(client.names(), ["run_code"], "not waited for any longer");
    workspace.file("go", "");
    while !client.told.iter().any(|told| told == "notifications/tools/list_changed") {
        client.read();
    }
    assert!(client.names().contains(&"late__get_shop".to_owned()));
}

/// The tools' names over HTTP, by a client that opens a session at `url`'s path and query.
fn names_over_http(address: &str, target: &str) -> (String, String) {
    let mut session = String::new();
    let mut answer = String::new();
    let hello = json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {
        "protocolVersion": "2025-06-18", "capabilities": {},
        "clientInfo": { "name": "test", "version": "0" }
    } });
    let ready = json!({ "jsonrpc": "2.0", "method": "notifications/initialized" });
    let list = json!({ "jsonrpc": "2.0", "id": 2, "method": "tools/list", "params": {} });
    for message in [hello, ready, list] {
        let body = message.to_string();
        let mut stream = TcpStream::connect(address).unwrap();
        write!(
            stream,
            "POST {target} HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/json\r\n\
             Accept: application/json, text/event-stream\r\nContent-Length: {}\r\n\
             Connection: close\r\n{session}\r\n{body}",
            body.len()
        )
        .unwrap();
        answer.clear();
        stream.read_to_string(&mut answer).unwrap();
        if let Some(line) =
            answer.lines().find(|it| it.to_lowercase().starts_with("mcp-session-id"))
        {
            session = format!("{line}\r\n");
        }
    }
    (session, answer)
}

#[test]
fn a_url_chooses_the_mode() {
    let workspace = shop();
    let gateway = Gateway::start(&workspace);
    for (target, has) in [
        ("/mcp", "\"run_code\""),
        ("/mcp?mode=search", "\"call_tool\""),
        ("/mcp?mode=direct", "\"shop__get_order\""),
        ("/mcp?mode=best", "`best` is no mode"),
    ] {
        let (_, listed) = names_over_http(&gateway.address, target);
        assert!(listed.contains(has), "{target}: {listed}");
    }
}
