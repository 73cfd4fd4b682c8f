//! `workroom demo`, whole: four servers, one job, both ways, right and counted.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use serde_json::Value;
use support::Workspace;

/// Runs the demo with another seed than the script was written with, too: nothing is learnt by
/// heart.
#[track_caller]
fn check(args: &[&str]) {
    let output = Workspace::new().output(&[&["demo", "--json"], args].concat(), "");
    let text = String::from_utf8(output.stdout).unwrap();
    let demo: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(output.status.code(), Some(0), "{text}");
    assert_eq!(demo["correct"], true, "{text}");
    let total = |way: &str| {
        demo[way]["tokens_in"].as_u64().unwrap() + demo[way]["tokens_out"].as_u64().unwrap()
    };
    let (traditional, code) = (total("traditional"), total("code"));
    assert!(code * 50 <= traditional, "{code} tokens are more than 2 % of {traditional}");
    assert_eq!(demo["traditional"]["calls"], demo["code"]["calls_in_code"], "the same work");
}

#[test]
fn the_demo_is_right_both_ways_and_code_uses_a_fiftieth_of_the_tokens() {
    check(&[]);
}

#[test]
fn another_seed_is_another_world_with_another_right_answer() {
    check(&["--seed", "11"]);
}
