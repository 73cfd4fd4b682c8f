//! The arguments of 772 tools of 22 real servers: a valid call passes as it is, and each of four
//! mistakes is caught with a message that names it.

#![allow(clippy::unwrap_used, reason = "tests: a panic is a failure")]

mod common;

use common::generate::{Random, valid};
use serde_json::{Map, Value, json};
use workroom_catalog::{Catalog, ToolEntry};

/// Calls `each` with every tool and a valid call of it, with its optional parameters or without.
fn each(mut each: impl FnMut(&ToolEntry, Map<String, Value>)) {
    let catalog = Catalog::build(&common::real_servers(), None);
    assert_eq!(catalog.tool_count(), 772);
    let mut random = Random(0x5eed);
    for tool in catalog.servers().iter().flat_map(|server| &server.tools) {
        for depth in [3, 0] {
            let schema = &tool.def.input_schema;
            let Value::Object(call) = valid(schema, schema, &mut random, depth) else {
                panic!("{} takes no object", tool.def.name)
            };
            each(tool, call);
        }
    }
}

fn properties(tool: &ToolEntry) -> &Map<String, Value> {
    tool.def.input_schema["properties"].as_object().unwrap()
}

/// Checks that `call` is refused, and that the message names each of `names`.
#[track_caller]
fn refused(tool: &ToolEntry, call: &Map<String, Value>, names: &[&str]) {
    let given = Value::Object(call.clone());
    let Err(error) = tool.check(given.clone()) else {
        panic!("{} takes {given}", tool.path());
    };
    let message = error.to_string();
    for name in names {
        assert!(message.contains(&format!("`{name}`")), "{}: {message}", tool.path());
    }
}

#[test]
fn a_valid_call_passes_as_it_is() {
    let mut calls = 0;
    each(|tool, call| {
        calls += 1;
        let given = Value::Object(call.clone());
        match tool.check(given.clone()) {
            Ok(accepted) => {
                assert_eq!(accepted.notes, [""; 0], "{}: {given}", tool.path());
                assert_eq!(accepted.arguments, call, "{}", tool.path());
            }
            Err(error) => panic!("{} refuses {given}: {error}", tool.path()),
        }
    });
    assert_eq!(calls, 2 * 772);
}

#[test]
fn an_unknown_parameter_is_named() {
    each(|tool, mut call| {
        call.insert("quuxFrobnicate".to_owned(), json!(1));
        refused(tool, &call, &["quuxFrobnicate"]);
    });
}

#[test]
fn a_misspelt_parameter_is_named_with_the_right_one() {
    let mut tools = 0;
    each(|tool, call| {
        let known = properties(tool);
        let Some(name) = call.keys().max_by_key(|name| name.len()) else { return };
        // `title` becomes `itlte`: the first letter goes behind the third one.
        let mut letters: Vec<char> = name.chars().collect();
        let last = letters.len() - 1;
        letters.swap(last, last.saturating_sub(1));
        let wrong: String = letters.into_iter().collect();
        if known.contains_key(&wrong) || wrong == *name {
            return;
        }
        tools += 1;
        let mut call = call.clone();
        let value = call.remove(name).unwrap();
        call.insert(wrong.clone(), value);
        refused(tool, &call, &[&wrong, name]);
    });
    assert!(tools > 1_300, "{tools}");
}

#[test]
fn each_missing_parameter_is_named() {
    let mut missing = 0;
    each(|tool, call| {
        let required = tool.def.input_schema["required"].as_array().cloned().unwrap_or_default();
        for name in required.iter().filter_map(Value::as_str) {
            missing += 1;
            let mut call = call.clone();
            call.remove(name).unwrap();
            refused(tool, &call, &[name]);
        }
    });
    assert!(missing > 2_000, "{missing}");
}

#[test]
fn each_parameter_of_a_wrong_type_is_named() {
    // What no tool takes in the place of each kind of value; text that is no JSON is never mended.
    let wrong = [json!({"quux": {}}), json!([[[]]]), json!("no such text"), json!(true)];
    let (mut caught, mut open) = (0, 0);
    each(|tool, call| {
        for name in properties(tool).keys().filter(|name| call.contains_key(*name)) {
            let refused = wrong.iter().filter(|value| {
                let mut call = call.clone();
                call.insert(name.clone(), (*value).clone());
                let result = tool.check(Value::Object(call));
                result.is_err_and(|error| {
                    let message = error.to_string();
                    assert!(message.contains(&format!("`{name}")), "{}: {message}", tool.path());
                    true
                })
            });
            match refused.count() {
                // It takes any value at all.
                0 => open += 1,
                _ => caught += 1,
            }
        }
    });
    assert!(caught > 4_000 && open < 40, "{caught} caught, {open} open");
}
