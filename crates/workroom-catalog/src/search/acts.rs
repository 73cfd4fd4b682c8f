//! What is done: reading, writing, removing. Who asks to write does not mean a tool that reads.
//!
//! The thesaurus' groups do not tell them apart: `save` stands with `download` there.

use std::{
    collections::{HashMap, HashSet},
    sync::LazyLock,
};

use super::terms::Stems;

/// Words for what is done: reading, writing, removing, and changing how something stands.
const KINDS: [&str; 4] = [
    "analyze browse check collect compare count describe discover download enumerate explore \
     extract fetch find gather get identify inspect list load locate look lookup obtain query read \
     retrieve search see show view",
    "add append build compose create draft edit generate insert make modify new put record \
     replace save set store update upload write",
    "clear delete destroy drop erase purge remove trash",
    "approve archive cancel copy disable enable lock merge move protect reject rename restore \
     split unlock unprotect",
];

/// Words that say little beside others: most tools give information.
const FAINT: &str = "content data detail get info information result";

/// The kind of what is done.
pub(super) type Kind = u8;

static BY_STEM: LazyLock<HashMap<String, Kind>> = LazyLock::new(|| {
    let mut stems = Stems::new();
    let words =
        (0..).zip(KINDS).flat_map(|(kind, words)| words.split(' ').map(move |it| (it, kind)));
    words.map(|(word, kind)| (stems.fold(word), kind)).collect()
});

static FAINT_STEMS: LazyLock<HashSet<String>> = LazyLock::new(|| {
    let mut stems = Stems::new();
    FAINT.split(' ').map(|word| stems.fold(word)).collect()
});

/// The kind that `stem` is a word for.
pub(super) fn kind(stem: &str) -> Option<Kind> {
    BY_STEM.get(stem).copied()
}

/// Whether `stem` says little beside words that say more.
pub(super) fn is_faint(stem: &str) -> bool {
    FAINT_STEMS.contains(stem)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(word: &str, expected: Option<Kind>) {
        assert_eq!(kind(&Stems::new().fold(word)), expected, "{word}");
    }

    #[test]
    fn forms_of_a_word_are_of_its_kind() {
        check("retrieving", Some(0));
        check("updates", Some(1));
        check("removed", Some(2));
        check("unlocks", Some(3));
        check("document", None);
    }

    #[test]
    fn no_word_is_of_two_kinds() {
        let words: usize = KINDS.iter().map(|words| words.split(' ').count()).sum();
        assert_eq!(BY_STEM.len(), words);
    }
}
