//! What the words before a number say it is.

use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, AhoCorasickBuilder, MatchKind};

use crate::Kind;

/// How far back a word still speaks of a number, in bytes.
const WINDOW: usize = 64;

/// How far back `order` or `version` still speaks of a number.
const NEUTRAL_NEAR: usize = 24;

/// What is said of a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Said {
    /// It is of this kind.
    Is(Kind),
    /// It is an order, an amount, a version: none of ours.
    Neutral,
}

const PHRASES: &str = include_str!("../data/context.txt");

struct Phrases {
    automaton: AhoCorasick,
    said: Vec<Said>,
}

static AUTOMATON: LazyLock<Option<Phrases>> = LazyLock::new(|| {
    let mut phrases = Vec::new();
    let mut said = Vec::new();
    for line in PHRASES.lines().filter(|line| !line.starts_with('#')) {
        let Some((meaning, words)) = line.split_once(':') else { continue };
        let meaning = match meaning {
            "neutral" => Said::Neutral,
            kind => match Kind::named(kind) {
                Some(kind) => Said::Is(kind),
                None => continue,
            },
        };
        for phrase in words.split(',').map(str::trim).filter(|phrase| !phrase.is_empty()) {
            phrases.push(phrase);
            said.push(meaning);
        }
    }
    let automaton = AhoCorasickBuilder::new()
        .ascii_case_insensitive(true)
        .match_kind(MatchKind::LeftmostLongest)
        .build(&phrases)
        .ok()?;
    Some(Phrases { automaton, said })
});

/// The phrases in `words`: what each says, and where it stands.
fn phrases(words: &str) -> impl Iterator<Item = (Said, usize, usize)> {
    let bytes = words.as_bytes();
    let alone = |at: Option<&u8>| !at.is_some_and(u8::is_ascii_alphanumeric);
    AUTOMATON.as_ref().into_iter().flat_map(move |phrases| {
        let stands_alone = move |found: &aho_corasick::Match| {
            let before = found.start().checked_sub(1).and_then(|at| bytes.get(at));
            // The plural's `s` may follow.
            let after = bytes.get(found.end());
            let plural = after == Some(&b's') && alone(bytes.get(found.end() + 1));
            alone(before) && (alone(after) || plural)
        };
        let said = |found: &aho_corasick::Match| phrases.said[found.pattern().as_usize()];
        let found = phrases.automaton.find_iter(words).filter(stands_alone);
        found.map(move |found| (said(&found), found.start(), found.end()))
    })
}

/// All that a text and its key say of the numbers in it, heard once.
#[derive(Debug)]
pub(crate) struct Heard<'a> {
    key: &'a Context,
    phrases: Vec<(Said, usize, usize)>,
}

impl<'a> Heard<'a> {
    pub(crate) fn new(text: &str, key: &'a Context) -> Heard<'a> {
        // What has no letters says nothing.
        let speaks = text.len() > 2 && text.bytes().any(|b| b.is_ascii_alphabetic());
        Heard { key, phrases: if speaks { phrases(text).collect() } else { Vec::new() } }
    }

    /// What is said of that which begins at `start`: by its line, or, where nothing stands before
    /// it there, by the line before; and, as if it stood farther off, by the key.
    pub(crate) fn before(&self, text: &str, start: usize) -> Context {
        let mut said: Vec<(Said, usize)> =
            self.key.said.iter().map(|(said, _)| (*said, WINDOW)).collect();
        let next = self.phrases.partition_point(|(_, _, end)| *end <= start);
        let from = start.saturating_sub(WINDOW);
        let near = self.phrases.get(..next).unwrap_or_default();
        let first = near.partition_point(|(_, begin, _)| *begin < from);
        if first < next {
            let line = line_start(text, from, start);
            let here = near.get(first..).unwrap_or_default().iter();
            said.extend(
                here.filter(|(_, begin, _)| *begin >= line)
                    .map(|(said, _, end)| (*said, start - end)),
            );
        }
        Context { said }
    }
}

/// Where the line begins that speaks of what is at `start`, but not before `from`.
fn line_start(text: &str, from: usize, start: usize) -> usize {
    let window = text.as_bytes().get(from..start).unwrap_or_default();
    let line = memchr::memrchr(b'\n', window).map_or(0, |at| at + 1);
    let blank = |part: &[u8]| part.iter().all(u8::is_ascii_whitespace);
    if line > 0 && window.get(line..).is_some_and(blank) {
        let above = window.get(..line).unwrap_or_default().trim_ascii_end();
        return from + memchr::memrchr(b'\n', above).map_or(0, |at| at + 1);
    }
    from + line
}

/// What stands before a number, looked through once.
#[derive(Clone, Debug, Default)]
pub(crate) struct Context {
    /// What is said, nearest last, and how many bytes before the number it ends.
    said: Vec<(Said, usize)>,
}

impl Context {
    /// What `words` say.
    pub(crate) fn of(words: &str) -> Context {
        let said = phrases(words).map(|(said, _, end)| (said, words.len() - end)).collect();
        Context { said }
    }

    /// The same, and that it is of `kind`.
    pub(crate) fn and(mut self, kind: Kind) -> Context {
        self.said.push((Said::Is(kind), 0));
        self
    }

    /// The same, and that it is none of ours.
    pub(crate) fn and_neutral(mut self) -> Context {
        self.said.push((Said::Neutral, 0));
        self
    }

    /// Whether `kind` is spoken of.
    pub(crate) fn says(&self, kind: Kind) -> bool {
        self.said.iter().any(|(said, _)| *said == Said::Is(kind))
    }

    /// The last thing that is said.
    pub(crate) fn nearest(&self) -> Option<(Said, usize)> {
        self.said.last().copied()
    }

    /// Whether the last thing said is that it is none of ours, and not long before.
    pub(crate) fn neutral(&self) -> bool {
        matches!(self.nearest(), Some((Said::Neutral, far)) if far <= NEUTRAL_NEAR || far == WINDOW)
    }

    /// Whether the last kind that is spoken of is another one.
    pub(crate) fn speaks_of_another(&self, kind: Kind) -> bool {
        let mut kinds = self.said.iter().rev().filter(|(said, _)| *said != Said::Neutral);
        kinds.next().is_some_and(|(said, _)| *said != Said::Is(kind))
    }

    /// Whether the last kind that is spoken of is `kind`.
    pub(crate) fn is_about(&self, kind: Kind) -> bool {
        let mut kinds = self.said.iter().rev().filter(|(said, _)| *said != Said::Neutral);
        kinds.next().is_some_and(|(said, _)| *said == Said::Is(kind))
    }
}
