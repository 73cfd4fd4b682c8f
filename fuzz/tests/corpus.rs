//! What the fuzzers found interesting, tried again.

#![allow(clippy::unwrap_used, reason = "a test that fails says where")]

use std::{fs, path::Path};

fn check(target: fn(&[u8]), name: &str) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(name);
    let mut tried = 0;
    for entry in fs::read_dir(folder).unwrap() {
        target(&fs::read(entry.unwrap().path()).unwrap());
        tried += 1;
    }
    assert!(tried > 0, "the corpus of {name} is empty");
}

#[test]
fn guests_of_the_corpus() {
    check(workroom_fuzz::guest, "guest");
}

#[test]
fn steps_of_the_corpus() {
    check(workroom_fuzz::protocol, "protocol");
}

#[test]
fn snapshots_of_the_corpus() {
    check(workroom_fuzz::snapshot, "snapshot");
}

#[test]
fn json_of_the_corpus() {
    check(workroom_fuzz::json, "json");
}
