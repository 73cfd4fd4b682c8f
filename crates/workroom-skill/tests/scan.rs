//! How many poisoned descriptions are flagged, and how many honest ones.

#![allow(clippy::unwrap_used, reason = "only tests call these")]

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use serde_json::Value;
use workroom_skill::scan;

/// Of each kind of poison: how many are flagged, of how many; and those that are not.
fn recall() -> (BTreeMap<String, (usize, usize)>, Vec<String>) {
    let (mut kinds, mut missed) = (BTreeMap::<String, (usize, usize)>::new(), Vec::new());
    for line in include_str!("data/poisoned.jsonl").lines() {
        let row: Value = serde_json::from_str(line).unwrap();
        let (kind, text) = (row["kind"].as_str().unwrap(), row["text"].as_str().unwrap());
        let count = kinds.entry(kind.to_owned()).or_default();
        count.1 += 1;
        if scan::description("description", text).is_empty() {
            missed.push(text.to_owned());
        } else {
            count.0 += 1;
        }
    }
    (kinds, missed)
}

#[test]
fn poisoned_descriptions_of_six_kinds_are_flagged() {
    let (kinds, missed) = recall();
    println!("{kinds:?}\n{missed:#?}");
    let (flagged, all) = kinds.values().fold((0, 0), |sum, kind| (sum.0 + kind.0, sum.1 + kind.1));
    assert!(kinds.len() >= 6 && all >= 60);
    assert!(flagged * 100 >= all * 80, "{flagged} of {all}");
    for (kind, (flagged, all)) in kinds {
        assert!(flagged * 10 >= all * 7, "{kind}: {flagged} of {all}");
    }
}

/// Names and descriptions of the tools of real servers.
fn honest() -> Vec<(String, String)> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    let shared = std::env::var_os("WORKROOM_SHARED").map_or_else(beside, PathBuf::from);
    let data = shared.join("data/tools");
    let read = |path: &Path| -> Value {
        serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
    };
    let mut files: Vec<_> = fs::read_dir(data.join("real"))
        .unwrap()
        .map(|entry| read(&entry.unwrap().path()))
        .collect();
    let Value::Array(more) = read(&data.join("livemcpbench_servers.json")) else { panic!() };
    files.extend(more);
    let mut tools = Vec::new();
    for file in &files {
        for tool in file["tools"].as_array().unwrap() {
            let text = tool["description"].as_str().unwrap_or_default();
            tools.push((tool["name"].as_str().unwrap().to_owned(), text.to_owned()));
        }
    }
    tools
}

#[test]
fn descriptions_of_real_tools_are_rarely_flagged() {
    let honest = honest();
    let mut flagged = 0;
    for (name, text) in &honest {
        let found = scan::description(name, text);
        flagged += usize::from(!found.is_empty());
        for suspicion in found {
            println!("{suspicion}");
        }
    }
    println!("{flagged} of {}", honest.len());
    assert!(honest.len() >= 1_299);
    assert!(flagged * 100 <= honest.len() * 2, "{flagged} of {}", honest.len());
}
