//! `workroom demo`, whole: real servers, one job, both ways, right and counted.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use serde_json::Value;
use support::Workspace;

/// What the code way of a world may take.
struct Bounds {
    /// Searches, files read, code and results of the whole job, in o200k tokens.
    job: u64,
    /// The traditional way costs at least as many times as much.
    times: f64,
}

/// Runs the demo of `world`: both ways are right, do the same work, and keep to `bounds`. Another
/// seed than the script was written with shows that nothing is learnt by heart.
#[track_caller]
fn check(world: &str, seed: Option<&str>, bounds: &Bounds) -> Value {
    let seed = seed.map(|seed| vec!["--seed", seed]).unwrap_or_default();
    let output = Workspace::new().output(&[&["demo", world, "--json"], &seed[..]].concat(), "");
    let text = String::from_utf8(output.stdout).unwrap();
    let demo: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(output.status.code(), Some(0), "{text}");
    assert_eq!(demo["correct"], true, "{text}");
    let figure = |way: &str, name: &str| demo[way][name].as_u64().unwrap();
    let job = figure("code", "job");
    assert!(job <= bounds.job, "{job} tokens are more than {}", bounds.job);
    assert!(figure("code", "definitions") < 1_000, "{text}");
    let parts = ["looked", "code", "returned"].map(|part| figure("code", part));
    assert_eq!(parts.iter().sum::<u64>(), job, "the parts are the whole: {parts:?}");
    let cost = |way: &str| demo[way]["cost"].as_f64().unwrap();
    let times = cost("traditional") / cost("code");
    assert!(times >= bounds.times, "the traditional way costs {times:.1} times as much");
    demo
}

#[test]
fn inventory_takes_at_most_1_000_tokens() {
    let bounds = Bounds { job: 1_000, times: 100.0 };
    let demo = check("inventory", None, &bounds);
    let tokens = demo["traditional"]["job"].as_u64().unwrap();
    assert!(tokens > 300_000, "{tokens} tokens are no world of 1,200 articles");
    check("inventory", Some("11"), &bounds);
}

#[test]
fn legal_takes_at_most_2_000_tokens() {
    let bounds = Bounds { job: 2_000, times: 5.0 };
    check("legal", None, &bounds);
    check("legal", Some("11"), &bounds);
}

#[test]
fn support_costs_at_most_a_tenth_of_the_traditional_way_a_day() {
    let bounds = Bounds { job: 4_000, times: 10.0 };
    let demo = check("support", None, &bounds);
    let day = |way: &str| demo["per_day"][way].as_f64().unwrap();
    assert!(day("code_usd") * 10.0 <= day("traditional_usd"), "{}", demo["per_day"]);
    check("support", Some("11"), &bounds);
}

#[test]
fn clinic_moves_every_value_as_it_is_and_shows_the_model_none() {
    let bounds = Bounds { job: 2_000, times: 10.0 };
    for seed in [None, Some("11")] {
        let demo = check("clinic", seed, &bounds);
        assert_eq!(demo["values_seen"]["code"][0], 0, "{}", demo["values_seen"]);
        let first = demo["answer"]["first"]["email"].as_str().unwrap();
        assert!(first.starts_with('[') && first.ends_with(']'), "{first} is no token");
    }
}

#[test]
fn a_model_without_a_price_is_refused_with_those_that_have_one() {
    let output = Workspace::new().output(&["demo", "legal", "--model", "abacus"], "");
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{text}");
    assert!(text.contains("no prices of `abacus`; the models are claude-"), "{text}");
}
