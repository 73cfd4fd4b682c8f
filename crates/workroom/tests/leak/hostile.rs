//! The scripts of the hostile suite, in sessions that hold patients' records.
//!
//! They are those of the sandbox's own tests, which look at what becomes of the gateway; here only
//! what leaves it counts.

use crate::{
    check,
    recorder::{Gateway, Left},
    workspace,
};

#[path = "../../../workroom-sandbox/tests/hostile/answers.rs"]
#[allow(dead_code, reason = "some of it is for the sandbox's tests alone")]
mod answers;
#[path = "../../../workroom-sandbox/tests/hostile/bombs.rs"]
mod bombs;
#[path = "../../../workroom-sandbox/tests/hostile/boundary.rs"]
#[allow(dead_code, reason = "some of it is for the sandbox's tests alone")]
mod boundary;
#[path = "../../../workroom-sandbox/tests/hostile/escape.rs"]
mod escape;
#[path = "../../../workroom-sandbox/tests/hostile/natives.rs"]
mod natives;

/// A script. What it comes to is not looked at here.
pub(crate) struct Case {
    code: &'static str,
}

pub(crate) const fn case(code: &'static str, _: &'static [&'static str]) -> Case {
    Case { code }
}

/// About the limits that the suite has, so that it takes no longer here.
const SETTINGS: &str = "[privacy]\nprofile = \"hipaa\"\n\
    [privacy.reveal]\nodd = [\"*\"]\n\
    [limits]\nmemory_mib = 32\ncpu_ms = 150\ntimeout_ms = 30000\nregex_ms = 60\n\
    string_chars = 10000000\ncalls = 50\ntimers = 50\npending = 40\nargument_kib = 64\n\
    result_kib = 1024\noutput_kib = 64\n";

/// Gives a session the records, under names that scripts of the suite do not use.
const HAND_OUT: &str = "import * as clinic from './servers/clinic';\n\
    const held = (await clinic.listPatients({ page: '0' })).patients.slice(0, 20);\n\
    const heldNotes = [await clinic.getNote({ id: 'P00011' })];\n\
    return [held[0], heldNotes];";

/// What the session holds still, also after it was ended and begun anew.
const HELD: &str = "return [typeof held === 'undefined' ? null : held, \
    Object.values(globalThis).map((it) => String(it)).join()]";

/// After how many scripts the records are handed out again.
const BETWEEN: usize = 8;

fn all_of(cases: &[Case]) {
    let workspace = workspace(SETTINGS);
    let mut gateway = Gateway::start(&workspace);
    let mut left = Left::default();
    for cases in cases.chunks(BETWEEN) {
        if !gateway.run("hostile", HAND_OUT).contains("_email_") {
            // The session is spoilt for good; a new gateway has a new one.
            left.extend(gateway.end());
            gateway = Gateway::start(&workspace);
            let shown = gateway.run("hostile", HAND_OUT);
            assert!(shown.contains("_email_"), "{shown}");
        }
        for case in cases {
            gateway.run("hostile", case.code);
        }
        gateway.run("hostile", HELD);
    }
    gateway.read_everything();
    left.extend(gateway.end());
    check(&workspace, left);
}

/// One of four parts: all of them take too long for one test.
fn quarter(cases: &[Case], part: usize) {
    all_of(&cases[part * cases.len() / 4..(part + 1) * cases.len() / 4]);
}

#[test]
fn ways_out_leak_nothing() {
    all_of(escape::CASES);
}

#[test]
fn bombs_leak_nothing() {
    quarter(bombs::CASES, 0);
}

#[test]
fn bombs_leak_nothing_second_part() {
    quarter(bombs::CASES, 1);
}

#[test]
fn bombs_leak_nothing_third_part() {
    quarter(bombs::CASES, 2);
}

#[test]
fn bombs_leak_nothing_fourth_part() {
    quarter(bombs::CASES, 3);
}

#[test]
fn what_crosses_the_boundary_leaks_nothing() {
    all_of(boundary::CASES);
}

#[test]
fn built_ins_leak_nothing() {
    quarter(natives::CASES, 0);
}

#[test]
fn built_ins_leak_nothing_second_part() {
    quarter(natives::CASES, 1);
}

#[test]
fn built_ins_leak_nothing_third_part() {
    quarter(natives::CASES, 2);
}

#[test]
fn built_ins_leak_nothing_fourth_part() {
    quarter(natives::CASES, 3);
}

#[test]
fn odd_answers_leak_nothing() {
    all_of(answers::CASES);
}
