//! Two agents and a skill, by a real client: one finds out how something is done and saves it, the
//! other, in another process, finds it by other words and uses it on something else.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "support/python.rs"]
mod python;

use std::process::Command;

use python::python;
use serde_json::{Value, json};
use tempfile::TempDir;

const GATEWAY: &str = env!("CARGO_BIN_EXE_workroom");

/// What the first agent comes to in the end: three systems, each with its own name for a product.
const SOLUTION: &str = "import * as shop from './servers/shop';
import * as warehouse from './servers/warehouse';
import * as accounting from './servers/accounting';

const sku = 'SKU-00017';
const digits = sku.slice(4);
const [product, stock, bought] = await Promise.all([
  shop.getProduct({ sku }),
  warehouse.getItemStock({ item_code: 'SKU' + digits }),
  accounting.getArticle({ article: 'SKU-' + Number(digits) }),
]);
const supplier = await accounting.getSupplier({ supplier_no: bought.supplier_no });
return {
  title: product.title,
  free: stock.sellable_units - stock.allocated_units,
  supplier: supplier.name,
  carton: bought.carton_qty,
};
";

/// A folder with three servers of the demo's, which a gateway in it reads.
fn workspace() -> TempDir {
    let workspace = TempDir::new().unwrap();
    let servers = ["shop", "warehouse", "accounting"].map(|name| {
        format!(
            "[servers.{name}]\ncommand = \"{GATEWAY}\"\nargs = [\"demo-server\", \"{name}\", \
             \"--seed\", \"7\"]\n"
        )
    });
    std::fs::write(workspace.path().join("workroom.toml"), servers.concat()).unwrap();
    workspace
}

/// What one agent asks in a process of its own, and what comes back.
fn session(workspace: &TempDir, asks: &Value) -> Value {
    let plan = json!({
        "gateway": [GATEWAY, "serve"], "transport": "stdio", "mode": "auto", "asks": asks,
    });
    python(workspace, "crates/workroom/tests/real_client.py", &[], &plan)
}

/// The o200k tokens of what passed between a client and its model: the tools' definitions, what
/// the model asked, what it read.
fn tokens(asks: &Value, seen: &Value) -> usize {
    let count = |value: &Value| match value.as_str() {
        Some(text) => workroom_ledger::tokens(text),
        None => workroom_ledger::tokens(&value.to_string()),
    };
    let listed: usize = seen["listed"].as_array().unwrap().iter().map(count).sum();
    let asked: usize = asks.as_array().unwrap().iter().map(count).sum();
    let read: usize = seen["asks"].as_array().unwrap().iter().map(|ask| count(&ask["text"])).sum();
    listed + asked + read
}

fn command(workspace: &TempDir, args: &[&str]) -> String {
    let output = Command::new(GATEWAY)
        .args(args)
        .current_dir(workspace.path())
        .env("WORKROOM_DATA", workspace.path().join("data"))
        .env("WORKROOM_CACHE", std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("cache"))
        .env("XDG_CONFIG_HOME", workspace.path())
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{args:?}: {errors}");
    String::from_utf8(output.stdout).unwrap()
}

/// The last line of a result: its value.
fn value(text: &str) -> Value {
    serde_json::from_str(text.lines().last().unwrap()).unwrap_or_else(|_| panic!("{text}"))
}

/// What the first agent does until it knows how: it looks, tries, fails, and looks again.
fn exploring() -> Vec<Value> {
    let read = |path: &str| json!(["read_file", { "path": path }]);
    let run = |code: &str| json!(["run_code", { "code": code }]);
    vec![
        json!(["search", { "query": "stock of a product", "detail": "full" }]),
        read("./servers"),
        read("./servers/shop"),
        read("./servers/warehouse"),
        read("./servers/accounting"),
        run("return await servers.shop.listProducts({});"),
        run("return await servers.warehouse.getItemStock({ item_code: 'SKU-00017' });"),
        run("return await servers.warehouse.listStock({});"),
        run("return await servers.accounting.getArticle({ article: 'SKU-00017' });"),
        run("return await servers.accounting.listArticles({});"),
        read("./servers/warehouse/getItemStock.ts"),
        read("./servers/accounting/getArticle.ts"),
        read("./servers/accounting/getSupplier.ts"),
        run("return await servers.accounting.listSuppliers({});"),
    ]
}

#[test]
fn what_one_agent_found_out_another_one_uses_for_a_tenth_of_the_tokens() {
    let workspace = workspace();
    let mut asks = exploring();
    asks.push(json!(["run_code", { "code": SOLUTION }]));
    asks.push(json!(["save_skill", {
        "name": "stock-outlook",
        "description": "For one product by its SKU: how many units are free in the warehouse, from \
            which supplier it is bought, and how many are in a carton. Use it before promising or \
            reordering goods.",
        "run": "$RUN",
    }]));
    let asks = json!(asks);
    let first = session(&workspace, &asks);
    let [.., solved, saved] = first["asks"].as_array().unwrap().as_slice() else { panic!() };
    assert_eq!(solved["failed"], false, "{solved}");
    let told = saved["text"].as_str().unwrap();
    assert_eq!(saved["failed"], false, "{told}");
    assert!(told.contains("import { run } from './skills/stock-outlook'"), "{told}");
    assert!(told.contains("`sku` was \"SKU-00017\" in the run"), "{told}");
    let one = tokens(&asks, &first);

    let promoted = command(&workspace, &["skills", "promote", "stock-outlook"]);
    assert!(promoted.contains("version 1 is promoted"), "{promoted}");

    let asks = json!([
        ["search", { "query": "how much of an item is available and who delivers it", "limit": 2 }],
        ["run_code", { "code": "import { run } from './skills/stock-outlook';\n\
            return run({ sku: 'SKU-00042' });" }],
    ]);
    let second = session(&workspace, &asks);
    let (found, used) = (&second["asks"][0], &second["asks"][1]);
    let text = found["text"].as_str().unwrap();
    assert!(text.contains("./skills/stock-outlook"), "{text}");
    assert_eq!(used["failed"], false, "{used}");
    let two = tokens(&asks, &second);

    let other = SOLUTION.replace("SKU-00017", "SKU-00042");
    std::fs::write(workspace.path().join("other.ts"), other).unwrap();
    let expected = command(&workspace, &["run", "other.ts"]);
    assert_eq!(value(used["text"].as_str().unwrap()), value(&expected));
    assert_ne!(value(&expected), value(solved["text"].as_str().unwrap()), "it was other input");

    eprintln!("session one: {one} tokens; session two: {two} tokens");
    assert!(two * 10 <= one, "session one: {one} tokens; session two: {two} tokens");
    let tested = command(&workspace, &["skills", "test", "stock-outlook"]);
    assert!(tested.starts_with("ok  stock-outlook v1  first"), "{tested}");
}
