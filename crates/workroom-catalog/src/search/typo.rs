//! The known words that an unknown one was most likely meant to be.
//!
//! Each known word is kept with the set of its letters, as bits. Two words that differ by `n`
//! changes differ by at most `2n` letters, so nearly all of thousands of words are passed over by
//! one machine instruction each, and the few that are left are compared.

/// How short a word may be to be mended.
const CHARS_MIN: usize = 4;

/// The most known words that one misspelt word stands for.
const WORDS_MAX: usize = 3;

/// Known words with the letters they have.
#[derive(Debug, Default)]
pub(super) struct Spelling {
    words: Vec<(u32, u8, Box<str>)>,
}

impl Spelling {
    /// Of `words`, whose order does not matter.
    pub(super) fn of<'a>(words: impl Iterator<Item = &'a str>) -> Self {
        let known = words.filter_map(|word| Some((letters(word), length(word)?, word.into())));
        let mut words: Vec<(u32, u8, Box<str>)> = known.collect();
        words.sort_unstable_by(|a, b| a.2.cmp(&b.2));
        words.dedup();
        Self { words }
    }

    /// The known words nearest to `word`: one change away, or two if it is long.
    pub(super) fn nearest(&self, word: &str) -> Vec<&str> {
        let Some(length) = length(word).filter(|length| usize::from(*length) >= CHARS_MIN) else {
            return Vec::new();
        };
        if word.chars().any(char::is_numeric) {
            return Vec::new();
        }
        let changes = if length >= 8 { 2 } else { 1 };
        let mine = letters(word);
        let near = self.words.iter().filter(|(letters, other, _)| {
            (letters ^ mine).count_ones() <= 2 * changes
                && u32::from(other.abs_diff(length)) <= changes
        });
        let mut near: Vec<(usize, bool, &str)> = near
            .filter_map(|(_, _, known)| {
                let distance = strsim::osa_distance(word, known);
                let begins_else = known.chars().next() != word.chars().next();
                (distance <= changes as usize).then_some((distance, begins_else, known.as_ref()))
            })
            .collect();
        near.sort_unstable();
        let best = near.first().map(|(distance, ..)| *distance);
        near.retain(|(distance, ..)| Some(*distance) == best);
        near.truncate(WORDS_MAX);
        near.into_iter().map(|(_, _, word)| word).collect()
    }
}

/// The letters of `word`, as bits: `a` to `z`, and one for all others.
fn letters(word: &str) -> u32 {
    word.chars().fold(0, |bits, c| match c {
        'a'..='z' => bits | 1 << (u32::from(c) - u32::from('a')),
        _ => bits | 1 << 26,
    })
}

/// How many characters `word` has, if it is a word that may be misspelt.
fn length(word: &str) -> Option<u8> {
    u8::try_from(word.chars().count()).ok().filter(|_| word.len() <= 32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(word: &str, expected: &[&str]) {
        let known = ["calendar", "issu", "email", "send", "sand", "e1234", "repositori"];
        assert_eq!(Spelling::of(known.into_iter()).nearest(word), expected, "{word}");
    }

    #[test]
    fn a_change_or_two_are_mended() {
        check("calender", &["calendar"]);
        check("claendar", &["calendar"]);
        check("emial", &["email"]);
        check("isue", &[]);
        check("issi", &["issu"]);
        check("reposotori", &["repositori"]);
    }

    #[test]
    fn the_nearest_and_those_with_the_same_first_letter_come_first() {
        check("sond", &["sand", "send"]);
        check("xend", &["send"]);
    }

    #[test]
    fn short_words_and_numbers_are_left_alone() {
        check("snd", &[]);
        check("e1235", &[]);
        check("", &[]);
        check(&"a".repeat(1_000), &[]);
    }
}
