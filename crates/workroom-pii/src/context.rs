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

/// What stands before a number, looked through once.
#[derive(Clone, Debug, Default)]
pub(crate) struct Context {
    /// What is said, nearest last, and how many bytes before the number it ends.
    said: Vec<(Said, usize)>,
}

impl Context {
    /// The context of what begins at `start`: its line, or, where nothing stands before it there,
    /// the line before.
    pub(crate) fn before(text: &str, start: usize) -> Context {
        let mut from = start.saturating_sub(WINDOW);
        while !text.is_char_boundary(from) {
            from += 1;
        }
        let window = text.get(from..start).unwrap_or_default();
        let line = window.rfind('\n').map_or(window, |at| window.get(at + 1..).unwrap_or_default());
        let window = if line.trim().is_empty() {
            let above = window.trim_end();
            let from = above.rfind('\n').map_or(0, |at| at + 1);
            window.get(from..).unwrap_or_default()
        } else {
            line
        };
        Context::of(window)
    }

    /// What `words` say.
    pub(crate) fn of(words: &str) -> Context {
        let Some(phrases) = AUTOMATON.as_ref() else { return Context::default() };
        let bytes = words.as_bytes();
        let alone = |at: Option<&u8>| !at.is_some_and(u8::is_ascii_alphanumeric);
        let said = phrases
            .automaton
            .find_iter(words)
            .filter(|found| {
                let before = found.start().checked_sub(1).and_then(|at| bytes.get(at));
                // The plural's `s` may follow.
                let after = bytes.get(found.end());
                let plural = after == Some(&b's') && alone(bytes.get(found.end() + 1));
                alone(before) && (alone(after) || plural)
            })
            .map(|found| (phrases.said[found.pattern().as_usize()], words.len() - found.end()))
            .collect();
        Context { said }
    }

    /// Adds what the key of the text says, as if it stood farther off.
    pub(crate) fn with_key(mut self, key: &Context) -> Context {
        self.said.splice(0..0, key.said.iter().map(|(said, _)| (*said, WINDOW)));
        self
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
