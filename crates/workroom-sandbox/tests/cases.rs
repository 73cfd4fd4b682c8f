//! Code as models write it, and what they read of it: `cases.txt`, one case after the other.
//!
//! A case is a line `=== title`, the code, a line `---`, and what the agent is told. Each runs in a
//! session of its own, on the real sandbox, with a server whose tools answer with what they were
//! sent.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod gateway;

use std::fmt::Write as _;

use expect_test::expect_file;
use gateway::{Gateway, Rule, data};
use serde_json::{Value, json};
use workroom_types::Limits;

const TOOLS: &[(&str, Rule)] = &[
    ("get_contact", |given| data(&Value::Object(given.clone()))),
    ("list_deals", |given| data(&json!({ "deals": [{ "id": 1 }], "given": given }))),
    ("create_note", |given| data(&Value::Object(given.clone()))),
];

/// The fewest cases there are to be.
const CASES_MIN: usize = 100;

#[test]
fn code_as_models_write_it() {
    let cases = concat!("\n", include_str!("cases.txt"));
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let mut told = String::new();
    let mut count = 0;
    for case in cases.split("\n=== ").skip(1) {
        let (title, rest) = case.split_once('\n').unwrap();
        let (code, _) = rest.split_once("\n---\n").unwrap();
        let gateway = Gateway::new(TOOLS, Limits::default());
        let outcome = runtime.block_on(gateway.told(code));
        // Writing to a string cannot fail.
        let _ = write!(told, "=== {title}\n{code}\n---\n{}\n\n", outcome.trim_end());
        count += 1;
    }
    assert!(count >= CASES_MIN, "{count}");
    expect_file!["cases.txt"].assert_eq(&told);
}
