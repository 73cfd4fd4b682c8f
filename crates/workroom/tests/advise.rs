//! The advisor over real traffic: what agents did through the gateway, and what is said of it.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(clippy::needless_pass_by_value, reason = "`json!` values are written where they are used")]

mod support;

use serde_json::{Value, json};
use support::{Workspace, client::Client, few::few};

/// Fifteen tools with results of all sizes.
const SHOP: &str = "[servers.shop]\ncommand = \"SELF\"\n\
                    args = [\"demo-server\", \"shop\", \"--seed\", \"1\"]\n";

/// One conversation of the client `name`: its list of tools, and then `calls`, one after another.
/// The names of the tools that it was offered.
fn converse(workspace: &Workspace, mode: &str, name: &str, calls: &[(&str, Value)]) -> Vec<String> {
    let mut client = Client::start(workspace, &["--mode", mode], name);
    let names = client.names();
    for (tool, arguments) in calls {
        let answer = client.call(tool, arguments.clone());
        assert_ne!(answer["isError"], true, "{answer}");
    }
    client.end();
    names
}

fn advice(workspace: &Workspace) -> Value {
    let output = workspace.output(&["advise", "--json"], "");
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{text}");
    serde_json::from_str(&text).unwrap()
}

fn row<'a>(advice: &'a Value, list: &str, name: &str) -> &'a Value {
    let rows = advice[list].as_array().unwrap();
    rows.iter().find(|row| row["name"] == name).unwrap_or_else(|| panic!("no {name}: {advice}"))
}

fn reasons(row: &Value) -> Vec<&str> {
    let reasons = row["reasons"].as_array().unwrap().iter();
    reasons.map(|reason| reason["reason"].as_str().unwrap()).collect()
}

#[test]
fn three_small_calls_are_better_made_directly() {
    let workspace = few();
    let code = "import * as few from './servers/few';\n\
                const sums = [];\n\
                for (const a of [1, 2, 3]) sums.push(await few.add({ a }));\n\
                return sums;";
    let calls = [("run_code", json!({ "code": code }))];
    converse(&workspace, "code", "agent", &calls);
    let once = advice(&workspace);
    let agent = row(&once, "clients", "agent");
    assert_eq!((&agent["mode"], &agent["served_as"]), (&json!("direct"), &json!("code")));
    assert_eq!(reasons(agent), ["little_traffic", "small_work", "few_tools"]);
    let cost = |way: &str| agent["expected"][way]["usd"].as_f64().unwrap();
    assert!(cost("direct") < cost("code") && cost("direct") < cost("search"), "{agent}");
    assert_eq!(row(&once, "servers", "few")["mode"], "direct");
    for _ in 0..4 {
        converse(&workspace, "code", "agent", &calls);
    }
    let more = advice(&workspace);
    let agent = row(&more, "clients", "agent");
    assert_eq!((&agent["mode"], &agent["enough_traffic"]), (&json!("direct"), &json!(true)));
    assert_eq!((&agent["conversations"], &agent["calls"]), (&json!(5), &json!(15)));
}

#[test]
fn auto_follows_what_a_client_did() {
    let workspace = Workspace::new();
    workspace.file("workroom.toml", SHOP);
    let get = json!({ "tool": "shop.get_product", "arguments": { "sku": "SKU-00017" } });
    let all = "return (await paginate(shop.listProducts, { per_page: 100 })).length;";
    for _ in 0..5 {
        converse(&workspace, "search", "reader", &[("call_tool", get.clone())]);
        converse(&workspace, "code", "counter", &[("run_code", json!({ "code": all }))]);
    }
    let said = advice(&workspace);
    let reader = row(&said, "clients", "reader");
    assert_eq!(
        (&reader["mode"], reasons(reader)),
        (&json!("search"), vec!["small_work", "many_tools"])
    );
    let counter = row(&said, "clients", "counter");
    assert_eq!(counter["mode"], "code");
    assert_eq!(reasons(counter)[..2], ["large_results", "many_calls"]);
    let offered = |client: &str| converse(&workspace, "auto", client, &[]);
    assert_eq!(offered("reader"), ["search", "read_file", "call_tool"]);
    // A small tool that is called so often stands beside code.
    let beside = ["run_code", "search", "read_file", "save_skill", "shop__list_products"];
    assert_eq!(counter["beside"], json!(["shop__list_products"]));
    assert_eq!(offered("counter"), beside);
    assert_eq!(offered("somebody"), beside);
    // What was advised can be used.
    converse(&workspace, "auto", "reader", &[("call_tool", get)]);
}

#[test]
fn without_traffic_that_is_said() {
    let workspace = few();
    let shown = workspace.shown(&["advise"], "");
    assert!(shown.contains("any client: direct"), "{shown}");
    assert!(shown.contains("no traffic is recorded: this goes by the tools alone"), "{shown}");
    workspace.file("one.ts", "return await few.add({ a: 1 })");
    workspace.shown(&["run", "one.ts"], "");
    let shown = workspace.shown(&["advise"], "");
    assert!(shown.contains("comes from the command line, and not from an agent"), "{shown}");
}

#[test]
fn a_plan_is_answered_without_a_configuration() {
    let workspace = Workspace::new();
    workspace.file("plan.toml", include_str!("../../../examples/plan.toml"));
    let shown = workspace.shown(&["advise", "--plan", "plan.toml"], "");
    for part in ["code for 200 tickets a day with 7 calls each", "a day", "break-even: code costs"]
    {
        assert!(shown.contains(part), "{shown}");
    }
    let output = workspace.output(&["advise", "--plan", "plan.toml", "--json"], "");
    let json: Value = serde_json::from_slice(&output.stdout).unwrap();
    let day = |way: &str| json["per_day"][way]["usd"].as_f64().unwrap();
    assert!(day("code") < day("search") && day("search") < day("direct"), "{json}");
}

#[test]
fn a_wrong_plan_is_refused_with_what_is_wrong() {
    let workspace = Workspace::new();
    let refused = |text: &str| {
        workspace.file("plan.toml", text);
        let output = workspace.output(&["advise", "--plan", "plan.toml"], "");
        assert_eq!(output.status.code(), Some(2));
        String::from_utf8(output.stderr).unwrap()
    };
    assert!(refused("tickets_per_day = 3").contains("the plan has 0 systems; it takes 1 to 100"));
    assert!(refused("tickets = 3").contains("unknown field `tickets`"));
    assert!(refused("tickets_per_day = ").contains("the plan cannot be read"));
    let output = workspace.output(&["advise", "--plan", "none.toml"], "");
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(text.contains("cannot read the plan `none.toml`: "), "{text}");
    assert!(text.contains("examples/plan.toml is one"), "{text}");
}
