//! Text as terms: words, split where names join them, folded to their stems.

use std::{collections::HashMap, sync::LazyLock};

use rust_stemmers::{Algorithm, Stemmer};

/// The most bytes of a word that count: longer ones are data.
const WORD_BYTES_MAX: usize = 48;

/// Words that say nothing of what a tool does. The last two lines are praise and commands,
/// by which a tool's description would otherwise push itself forward.
const STOP: &[&str] = &[
    "a",
    "an",
    "the",
    "of",
    "to",
    "in",
    "on",
    "for",
    "from",
    "with",
    "and",
    "or",
    "is",
    "are",
    "be",
    "been",
    "this",
    "that",
    "these",
    "those",
    "it",
    "its",
    "as",
    "by",
    "at",
    "into",
    "i",
    "me",
    "my",
    "we",
    "our",
    "us",
    "you",
    "your",
    "want",
    "need",
    "needs",
    "how",
    "do",
    "does",
    "can",
    "could",
    "would",
    "should",
    "will",
    "may",
    "if",
    "then",
    "than",
    "not",
    "no",
    "so",
    "please",
    "tool",
    "tools",
    "use",
    "used",
    "uses",
    "using",
    "via",
    "all",
    "any",
    "some",
    "which",
    "what",
    "when",
    "where",
    "who",
    "there",
    "them",
    "they",
    "let",
    "was",
    "were",
    "has",
    "have",
    "had",
    "but",
    "also",
    "such",
    "e",
    "g",
    "etc",
    "given",
    "specified",
    "one",
    "only",
    "about",
    "s",
    "t",
    "am",
    "best",
    "ultimate",
    "always",
    "must",
    "very",
    "powerful",
    "important",
    "recommended",
    "great",
    "perfect",
    "amazing",
    "prefer",
    "preferred",
    "better",
    "never",
    "before",
    "ever",
];

/// Words that people and servers use for one thing. One of a line finds the others, for less.
const ALIKE: &[&str] = &[
    "get read fetch retrieve show view obtain load",
    "list enumerate browse get",
    "delete remove erase drop destroy",
    "create add new make insert",
    "update edit modify change set patch",
    "find search query lookup locate",
    "send sent post deliver submit",
    "run execute invoke launch start",
    "stop kill terminate end close",
    "copy duplicate clone",
    "rename move",
    "mail email gmail",
    "directory folder dir",
    "repository repo",
    "database db sql",
    "document doc docx word",
    "spreadsheet sheet workbook excel xlsx",
    "image picture photo png screenshot",
    "calendar event meeting appointment",
    "ticket issue bug",
    "comment note reply",
    "file document",
    "history log logs commit",
    "difference diff compare changes",
    "task todo",
    "text content contents",
    "weather forecast",
    "person user people contact member",
    "website webpage page url web browser site",
    "calculate compute sum arithmetic math",
    "time clock timezone date",
    "permission access role share",
    "container docker pod",
    "secret password credential",
    "chart graph plot",
    "presentation slides slide deck",
    "undo revert reset",
    "typed type fill",
    "remember memory store save",
    "storage blob bucket",
    "vm machine server compute",
];

/// Calls `take` with every term of `text`. `whole` keeps words that say nothing, too.
pub(super) fn each(text: &str, whole: bool, stems: &mut Stems, mut take: impl FnMut(&str)) {
    for run in text.split(|c: char| !c.is_alphanumeric()) {
        if run.is_empty() || run.len() > WORD_BYTES_MAX {
            continue;
        }
        let mut parts = 0;
        for part in camel_parts(run) {
            parts += 1;
            stems.of(part, whole, &mut take);
        }
        if parts > 1 {
            // `GitHub` is one word for most who write it.
            stems.of(run, whole, &mut take);
        }
    }
}

/// `getHTTPLog2` as `get`, `HTTP`, `Log2`.
fn camel_parts(run: &str) -> impl Iterator<Item = &str> {
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

impl Stems {
    pub(super) fn new() -> Self {
        Self { stemmer: Stemmer::create(Algorithm::English), known: HashMap::new() }
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
        let says = !STOP.contains(&word.as_str());
        let stem = says.then(|| self.stemmer.stem(&word).into_owned());
        if let Some(stem) = &stem {
            take(stem);
        }
        self.known.insert(word, stem);
    }
}

/// The terms that stand for nearly the same as `term`.
pub(super) fn alike(term: &str) -> &'static [String] {
    static ALIKE_BY_TERM: LazyLock<HashMap<String, Vec<String>>> = LazyLock::new(|| {
        let stemmer = Stemmer::create(Algorithm::English);
        let mut by_term: HashMap<String, Vec<String>> = HashMap::new();
        for line in ALIKE {
            let terms: Vec<String> =
                line.split(' ').map(|word| stemmer.stem(word).into_owned()).collect();
            for term in &terms {
                let others = terms.iter().filter(|other| *other != term).cloned();
                by_term.entry(term.clone()).or_default().extend(others);
            }
        }
        by_term
    });
    ALIKE_BY_TERM.get(term).map(Vec::as_slice).unwrap_or_default()
}
