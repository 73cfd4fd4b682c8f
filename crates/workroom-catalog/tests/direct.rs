//! Names by which tools are called directly: safe, short, stable, and each its own.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::collections::HashMap;

use common::generate::Random;
use workroom_catalog::{DIRECT_NAME_CHARS_MAX, direct_name};

#[track_caller]
fn is_safe(name: &str) {
    let is_allowed = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    assert!(!name.is_empty() && name.len() <= DIRECT_NAME_CHARS_MAX, "{name}");
    assert!(name.chars().all(is_allowed), "{name}");
}

#[test]
fn real_tools_have_names_of_their_own() {
    let mut names = HashMap::new();
    for server in common::real_servers() {
        for tool in server.tools.iter() {
            let name = direct_name(&server.name, &tool.name);
            is_safe(&name);
            let other = names.insert(name, (server.name.clone(), tool.name.clone()));
            assert_eq!(other, None);
        }
    }
}

/// Names made of few parts, so that many come close to each other.
#[test]
fn no_two_tools_share_a_name() {
    const PARTS: [&str; 12] =
        ["a", "b", "_", "__", "-", ".", "é", " ", "long", "_0123456789abcdef", "A", "/"];
    let mut random = Random(0x9E37_79B9_7F4A_7C15);
    let mut text = || {
        let count = random.below(6) + usize::from(random.one_in(50)) * 60;
        (0..count).map(|_| *random.pick(&PARTS)).collect::<String>()
    };
    let mut names: HashMap<String, (String, String)> = HashMap::new();
    for _ in 0..60_000 {
        let (server, tool) = (text(), text());
        let name = direct_name(&server, &tool);
        is_safe(&name);
        assert_eq!(name, direct_name(&server, &tool), "stable");
        let both = (server, tool);
        let other = names.entry(name.clone()).or_insert_with(|| both.clone());
        assert_eq!(*other, both, "{name}");
    }
}
