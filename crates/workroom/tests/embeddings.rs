//! Tools found by what they mean, by the real model that `cargo xtask model` installs.

#![cfg(feature = "embeddings")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "support/python.rs"]
mod python;
mod support;

use support::{Workspace, demo_servers};

fn servers() -> String {
    demo_servers(&["shop", "warehouse"], 2037)
}

fn workspace(folder: &str) -> Workspace {
    let workspace = Workspace::new();
    let search = format!("[search]\nembeddings = \"{folder}\"\n");
    workspace.file("workroom.toml", &(servers() + &search));
    workspace
}

fn model() -> String {
    let model = python::tools().join("minilm").canonicalize();
    model.expect("run `cargo xtask model` first").to_string_lossy().into_owned()
}

#[track_caller]
fn finds(workspace: &Workspace, words: &str, first: &str) {
    let output = workspace.output(&["search", "--json", "--detail", "name", words], "");
    let found: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(found["matches"][0]["path"].as_str().unwrap_or("nothing"), first, "{words}");
}

#[test]
fn a_question_in_other_words_finds_its_tool() {
    let workspace = workspace(&model());
    let nearest = [
        ("headquarters", "./servers/warehouse/getLocation.ts"),
        ("cheaper", "./servers/shop/updateProduct.ts"),
    ];
    for (words, first) in nearest {
        finds(&workspace, words, first);
    }
    workspace.file("workroom.toml", &servers());
    for (words, _) in nearest {
        finds(&workspace, words, "nothing");
    }
}

#[test]
fn a_name_finds_that_tool_first() {
    let workspace = workspace(&model());
    finds(&workspace, "warehouse.getLocation", "./servers/warehouse/getLocation.ts");
}

#[test]
fn a_model_that_is_not_there_costs_nothing_but_its_help() {
    let workspace = workspace("nowhere");
    finds(&workspace, "refund an order", "./servers/shop/refundOrderLine.ts");
    let output = workspace.output(&["doctor"], "");
    let shown = String::from_utf8_lossy(&output.stdout);
    let line = shown.lines().find(|line| line.contains("embeddings")).unwrap();
    assert!(line.starts_with("WRONG  embeddings     there is no model in `"), "{line}");
    assert!(!output.status.success());
}
