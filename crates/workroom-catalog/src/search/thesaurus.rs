//! Which words stand for which others, from the data file `thesaurus.txt`.
//!
//! Groups do not chain: `get` finds `list` and `list` finds `browse`, but `get` does not find
//! `browse` by way of `list`. What a word stands for is known by stems, as everything is here.

use std::{
    collections::{HashMap, HashSet},
    sync::LazyLock,
};

use super::terms::Stems;

/// The groups of words.
const TEXT: &str = include_str!("thesaurus.txt");

/// The title of the section whose groups each begin with a word for something to do.
const ACTS_TITLE: &str = "# What tools do";

/// What a word counts that means the same as the one asked for.
const SAME: f32 = 0.55;

/// What a word counts that is more general than the one asked for.
const GENERAL: f32 = 0.3;

/// What a kind of file counts that a file name's ending stands for.
const ENDING: f32 = 0.7;

/// A stem that another stands for, and what it counts.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Other {
    pub(super) stem: Box<str>,
    pub(super) share: f32,
}

static THESAURUS: LazyLock<HashMap<Box<str>, Vec<Other>>> = LazyLock::new(|| read(TEXT));

/// The first section's words, as stems.
static ACTS: LazyLock<HashSet<String>> = LazyLock::new(|| {
    let mut stems = Stems::new();
    let lines = TEXT.lines().skip_while(|line| *line != ACTS_TITLE).skip(1);
    let lines = lines.take_while(|line| !line.is_empty());
    let first = lines.filter_map(|line| line.split_whitespace().next());
    first.map(|word| stems.fold(word)).collect()
});

/// The stems that stand for nearly the same as `stem`, or for something more general.
pub(super) fn others(stem: &str) -> &'static [Other] {
    THESAURUS.get(stem).map(Vec::as_slice).unwrap_or_default()
}

/// Every stem that stands for others, in no order.
pub(super) fn stems() -> impl Iterator<Item = &'static str> {
    THESAURUS.keys().map(|stem| &**stem)
}

/// Whether `stem` is a word for something to do.
pub(super) fn is_act(stem: &str) -> bool {
    ACTS.contains(stem)
}

fn read(text: &str) -> HashMap<Box<str>, Vec<Other>> {
    let mut stems = Stems::new();
    let mut known: HashMap<Box<str>, Vec<Other>> = HashMap::new();
    let mut add = |from: &str, to: &str, share: f32| {
        let list = known.entry(from.into()).or_default();
        match list.iter_mut().find(|other| *other.stem == *to) {
            Some(other) => other.share = other.share.max(share),
            None if from != to => list.push(Other { stem: to.into(), share }),
            None => {}
        }
    };
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let (left, right) = match line.split_once('>') {
            Some((left, right)) => (left, Some(right)),
            None => (line, None),
        };
        let mut folded =
            |words: &str| words.split_whitespace().map(|it| stems.fold(it)).collect::<Vec<_>>();
        let left = folded(left);
        let (right, share) = match right {
            Some(right) => (folded(right), GENERAL),
            None => (left.clone(), SAME),
        };
        for from in &left {
            let share = if from.starts_with('.') { ENDING } else { share };
            for to in &right {
                add(from, to, share);
            }
        }
    }
    known
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(word: &str, finds: &str, share: Option<f32>) {
        let mut stems = Stems::new();
        let finds = stems.fold(finds);
        let found = others(&stems.fold(word)).iter().find(|other| *other.stem == *finds);
        assert_eq!(found.map(|other| other.share), share, "{word} and {finds}");
    }

    #[test]
    fn words_of_the_field_stand_for_one_another() {
        check("ticket", "issue", Some(SAME));
        check("issues", "tickets", Some(SAME));
        check("remove", "deleting", Some(SAME));
        check("mail", "email", Some(SAME));
        check("list", "get", Some(SAME));
    }

    #[test]
    fn the_special_finds_the_general_and_not_the_other_way() {
        check("bitcoin", "crypto", Some(GENERAL));
        check("crypto", "bitcoin", None);
        check(".xlsx", "spreadsheet", Some(ENDING));
    }

    #[test]
    fn services_are_found_by_what_they_are_for() {
        check("crm", "hubspot", Some(GENERAL));
        check("hubspot", "crm", Some(GENERAL));
        check("figma", "design", Some(GENERAL));
        check("file", "box", None);
    }

    #[test]
    fn groups_do_not_chain() {
        check("ticket", "problem", None);
        check("get", "get", None);
    }
}
