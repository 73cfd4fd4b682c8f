//! Text as terms: words, split where names join them, folded to their stems.

use std::{
    collections::{HashMap, HashSet},
    sync::LazyLock,
};

use rust_stemmers::{Algorithm, Stemmer};

/// The most bytes of a word that count: longer ones are data.
const WORD_BYTES_MAX: usize = 48;

/// Words that say nothing of what a tool does.
static STOP: LazyLock<HashSet<&str>> = LazyLock::new(|| {
    let lines = include_str!("stopwords.txt").lines().filter(|line| !line.starts_with('#'));
    lines.flat_map(str::split_whitespace).collect()
});

/// Calls `take` with every term of `text`. `whole` keeps words that say nothing, too.
pub(super) fn each(text: &str, whole: bool, stems: &mut Stems, mut take: impl FnMut(&str)) {
    for run in text.split(|c: char| !c.is_alphanumeric()).filter(|run| !run.is_empty()) {
        if run.chars().any(is_unspaced) {
            each_unspaced(run, whole, stems, &mut take);
        } else {
            each_of_run(run, whole, stems, &mut take);
        }
    }
}

/// Words with which descriptions begin, whatever a tool does.
const OPENINGS: [&str; 8] = ["return", "get", "retriev", "fetch", "list", "give", "show", "tool"];

/// Whether `line` has a word that `known` do not have, and that says something.
pub(super) fn adds(line: &str, known: &[&str]) -> bool {
    let mut stems = Stems::new();
    let mut there: HashSet<String> = OPENINGS.iter().map(|word| (*word).to_owned()).collect();
    for text in known {
        each(text, false, &mut stems, |term| {
            there.insert(term.to_owned());
        });
    }
    let mut adds = false;
    each(line, false, &mut stems, |term| adds |= !there.contains(term));
    adds
}

fn each_of_run(run: &str, whole: bool, stems: &mut Stems, take: &mut impl FnMut(&str)) {
    if run.is_empty() || run.len() > WORD_BYTES_MAX {
        return;
    }
    let mut parts = 0;
    for part in camel_parts(run) {
        parts += 1;
        stems.of(part, whole, take);
    }
    if parts > 1 {
        // `GitHub` is one word for most who write it.
        stems.of(run, whole, take);
    }
}

/// Scripts that put no space between words: each pair of neighbours is a term.
fn each_unspaced(run: &str, whole: bool, stems: &mut Stems, take: &mut impl FnMut(&str)) {
    let mut rest = run;
    while let Some(first) = rest.chars().next() {
        let same = |c: char| is_unspaced(c) == is_unspaced(first);
        let end = rest.find(|c| !same(c)).unwrap_or(rest.len());
        let (segment, tail) = rest.split_at(end);
        rest = tail;
        if !is_unspaced(first) {
            each_of_run(segment, whole, stems, take);
            continue;
        }
        let starts: Vec<usize> = segment.char_indices().map(|(at, _)| at).collect();
        if starts.len() == 1 {
            take(segment);
        }
        for (index, start) in starts.iter().enumerate().take(starts.len().saturating_sub(1)) {
            let end = starts.get(index + 2).copied().unwrap_or(segment.len());
            take(&segment[*start..end]);
        }
    }
}

/// Whether `c` is of a script that is written without spaces: Han, Kana, Thai, Lao, Khmer.
fn is_unspaced(c: char) -> bool {
    matches!(c, '\u{e00}'..='\u{eff}' | '\u{1780}'..='\u{17ff}' | '\u{3040}'..='\u{30ff}'
        | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}'
        | '\u{20000}'..='\u{2fa1f}')
}

/// `getHTTPLog2` as `get`, `HTTP`, `Log2`.
pub(super) fn camel_parts(run: &str) -> impl Iterator<Item = &str> {
    let mut rest = run;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let chars: Vec<(usize, char)> = rest.char_indices().collect();
        let boundary = chars.windows(2).enumerate().find_map(|(at, pair)| {
            let [(_, before), (next, here)] = [pair[0], pair[1]];
            let after = chars.get(at + 2).map(|(_, c)| *c);
            let lower_to_upper = !before.is_uppercase() && here.is_uppercase();
            let acronym_ends = before.is_uppercase()
                && here.is_uppercase()
                && after.is_some_and(char::is_lowercase);
            (lower_to_upper || acronym_ends).then_some(next)
        });
        let (part, tail) = rest.split_at(boundary.unwrap_or(rest.len()));
        rest = tail;
        Some(part)
    })
}

/// Stems of words, remembered: descriptions repeat the same few thousand.
pub(super) struct Stems {
    stemmer: Stemmer,
    known: HashMap<String, Option<String>>,
}

impl Default for Stems {
    fn default() -> Self {
        Self { stemmer: Stemmer::create(Algorithm::English), known: HashMap::new() }
    }
}

impl Stems {
    pub(super) fn new() -> Self {
        Self::default()
    }

    /// The stem of one lower-case word; a file name's ending stays as it is.
    pub(super) fn fold(&mut self, word: &str) -> String {
        if word.starts_with('.') { word.to_owned() } else { self.stemmer.stem(word).into_owned() }
    }

    fn of(&mut self, word: &str, whole: bool, take: &mut impl FnMut(&str)) {
        let word = word.to_lowercase();
        if whole {
            take(&self.stemmer.stem(&word));
            return;
        }
        if let Some(stem) = self.known.get(&word) {
            if let Some(stem) = stem {
                take(stem);
            }
            return;
        }
        let says = !STOP.contains(word.as_str());
        let stem = says.then(|| self.stemmer.stem(&word).into_owned());
        if let Some(stem) = &stem {
            take(stem);
        }
        self.known.insert(word, stem);
    }
}
