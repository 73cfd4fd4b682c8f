//! Texts that nobody would write: broken, repeated, cut anywhere. Nothing panics, nothing is
//! withheld that can be read, and work grows with length alone.

#![allow(clippy::unwrap_used, reason = "a test")]

use rustix::time::{ClockId, clock_gettime};
use workroom_pii::{Detect, Detector, Found, Place, Profile, Settings, Sink, Withheld};

const PAYLOADS: &str = include_str!("data/payloads.jsonl");

/// How many broken texts are tried.
const ROUNDS: usize = 1_500;

struct Nothing;

impl Sink for Nothing {
    fn replace(&mut self, found: &Found<'_>) -> Result<Option<String>, Withheld> {
        assert!(!found.value.is_empty());
        Ok(Some("[x]".to_owned()))
    }

    fn escape(&mut self, _: &str) -> Option<String> {
        None
    }
}

fn detector() -> Detector {
    Detector::new(Settings::of(Profile::every_kind())).unwrap()
}

/// A text of the payloads, cut, joined and sprinkled with signs that mean something.
fn broken(random: &mut fastrand::Rng, chars: &[char]) -> String {
    const SIGNS: [&str; 24] = [
        "@",
        ".",
        ":",
        "://",
        "=",
        "&#64;",
        "%40",
        "\u{200b}",
        "é",
        "ß",
        "山",
        "\u{301}",
        "\"",
        "|",
        "\n",
        "<td>",
        "</td>",
        "{",
        "}",
        "+",
        "(",
        ")",
        "eyJ",
        "-----BEGIN PRIVATE KEY-----\n",
    ];
    let mut text = String::new();
    for _ in 0..random.usize(1..12) {
        let start = random.usize(..chars.len());
        let end = (start + random.usize(1..60)).min(chars.len());
        text.extend(&chars[start..end]);
        for _ in 0..random.usize(..4) {
            text.push_str(SIGNS[random.usize(..SIGNS.len())]);
        }
    }
    text
}

#[test]
fn broken_texts_are_read() {
    let detector = detector();
    let chars: Vec<char> = PAYLOADS.chars().filter(|c| !matches!(c, '⟦' | '⟧')).collect();
    let mut random = fastrand::Rng::with_seed(7);
    for _ in 0..ROUNDS {
        let text = broken(&mut random, &chars);
        let read = detector.text(&text, Place::default(), &mut Nothing);
        assert!(read.is_ok(), "{read:?} on {text:?}");
    }
}

/// The time of this thread in milliseconds.
fn now() -> i64 {
    let now = clock_gettime(ClockId::ThreadCPUTime);
    now.tv_sec * 1_000 + now.tv_nsec / 1_000_000
}

#[test]
fn work_grows_with_length_alone() {
    const PIECES: [&str; 22] = [
        "1 ",
        "1.",
        "a@",
        "@",
        "(",
        "[at]",
        ":",
        "::",
        "a:",
        "=",
        "{",
        "[",
        "Aa ",
        "A. ",
        "Anna ",
        "x.com ",
        "://a?",
        "eyJ",
        "-----BEGIN PRIVATE KEY",
        "a,b\n",
        "<td>a",
        "12 Main ",
    ];
    // Four times the text takes four times as long, and not sixteen times; what takes less than
    // this many milliseconds cannot be compared.
    const FLOOR: i64 = 120;
    let detector = detector();
    let time = |piece: &str, length: usize| {
        let text = piece.repeat(length / piece.len());
        let started = now();
        let read = detector.text(&text, Place::default(), &mut Nothing);
        assert!(read.is_ok(), "{read:?} on {piece:?}");
        now() - started
    };
    time("Anna ", 100);
    for piece in PIECES {
        let (short, long) = (time(piece, 10_000), time(piece, 40_000));
        assert!(long <= FLOOR + short * 8, "{piece:?}: {short} ms, then {long} ms");
    }
}
