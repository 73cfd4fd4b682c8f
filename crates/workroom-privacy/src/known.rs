//! Values that the vault holds, found again in text that no recogniser knows them in.
//!
//! A name that came as `patient.name` is in an error's text too, and nothing there says that it is
//! one. So the words of a value are looked for as they follow each other, whatever case they have
//! and whatever stands between them. One pass over the text, a look-up for each word and each
//! length in words; short values, and those whose digits are anybody's, are left to the recognisers.

use std::{
    collections::{HashMap, hash_map::RandomState},
    hash::{BuildHasher as _, Hasher as _},
    ops::Range,
};

use workroom_pii::Kind;

use crate::{Entry, Token};

/// The most words of a value that is looked for.
const WORDS_MAX: usize = 8;

/// The fewest letters and digits of a value that is looked for.
const LETTERS_MIN: usize = 5;

/// The same of one that has digits only: shorter numbers are anything.
const DIGITS_MIN: usize = 7;

/// The most characters between two words of one value.
const GAP_MAX: usize = 3;

/// The values of a vault by their words.
#[derive(Debug, Default)]
pub(crate) struct Known {
    by_words: HashMap<u64, Token>,
    /// How many values have so many words.
    lengths: [usize; WORDS_MAX + 1],
    hasher: RandomState,
}

impl Known {
    pub(crate) fn add(&mut self, entry: &Entry) {
        if let Some((hash, length)) = self.words_of(entry)
            && self.by_words.insert(hash, entry.token.clone()).is_none()
        {
            self.lengths[length] += 1;
        }
    }

    pub(crate) fn remove(&mut self, entry: &Entry) {
        if let Some((hash, length)) = self.words_of(entry)
            && self.by_words.get(&hash) == Some(&entry.token)
        {
            self.by_words.remove(&hash);
            self.lengths[length] -= 1;
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.by_words.is_empty()
    }

    /// Where `text` has values of the vault, from left to right; where two overlap, the longer
    /// one that begins first.
    pub(crate) fn find(&self, text: &str) -> Vec<(Range<usize>, Token)> {
        let mut found = Vec::new();
        if self.is_empty() {
            return found;
        }
        let words = words(text);
        let mut at = 0;
        while at < words.len() {
            match self.longest_at(text, &words[at..]) {
                // One word of a name is a word like others, but for its first letter.
                Some((1, token))
                    if token.kind() == Some(Kind::Name)
                        && !text[words[at].clone()].starts_with(char::is_uppercase) =>
                {
                    at += 1;
                }
                Some((length, token)) => {
                    let range = words[at].start..words[at + length - 1].end;
                    found.push((range, token.clone()));
                    at += length;
                }
                None => at += 1,
            }
        }
        found
    }

    fn longest_at(&self, text: &str, words: &[Range<usize>]) -> Option<(usize, &Token)> {
        let mut hasher = self.hasher.build_hasher();
        let mut longest = None;
        for (index, word) in words.iter().take(WORDS_MAX).enumerate() {
            if index > 0 && word.start - words[index - 1].end > GAP_MAX {
                break;
            }
            feed(&mut hasher, &text[word.clone()]);
            if self.lengths[index + 1] > 0
                && let Some(token) = self.by_words.get(&hasher.finish())
            {
                longest = Some((index + 1, token));
            }
        }
        longest
    }

    /// The hash of the entry's words and how many they are, if it is to be looked for.
    fn words_of(&self, entry: &Entry) -> Option<(u64, usize)> {
        let value = entry.value.expose();
        let is_sought = match entry.kind {
            // Ages, dates, places and the like are true of many things that are no person.
            Kind::Age
            | Kind::Date
            | Kind::Place
            | Kind::Zip
            | Kind::Organization
            | Kind::Text
            | Kind::BirthDate
            | Kind::Ip
            | Kind::Url => false,
            _ => true,
        };
        if !is_sought {
            return None;
        }
        let words = words(value);
        let letters: usize = words.iter().map(ExactSizeIterator::len).sum();
        let is_number = words.iter().all(|word| value[word.clone()].parse::<u64>().is_ok());
        let least = if is_number { DIGITS_MIN } else { LETTERS_MIN };
        if words.len() > WORDS_MAX || letters < least {
            return None;
        }
        let mut hasher = self.hasher.build_hasher();
        for word in &words {
            feed(&mut hasher, &value[word.clone()]);
        }
        Some((hasher.finish(), words.len()))
    }
}

/// Feeds a word in lower case.
fn feed(hasher: &mut impl std::hash::Hasher, word: &str) {
    for c in word.chars().flat_map(char::to_lowercase) {
        hasher.write_u32(u32::from(c));
    }
    hasher.write_u8(0);
}

/// The runs of letters and digits in `text`.
fn words(text: &str) -> Vec<Range<usize>> {
    let mut words = Vec::new();
    let mut start = None;
    for (at, c) in text.char_indices() {
        match (c.is_alphanumeric(), start) {
            (true, None) => start = Some(at),
            (false, Some(from)) => {
                words.push(from..at);
                start = None;
            }
            _ => {}
        }
    }
    words.extend(start.map(|from| from..text.len()));
    words
}
