//! Words with capitals that stand together, and how a text uses capitals.

use crate::{
    lexicon::{Lex, fold_word},
    scan::Style,
    tokens::{Shape, Token},
};

/// A word of a group.
#[derive(Clone, Copy, Debug)]
pub(super) struct Word {
    /// Its token.
    pub(super) at: usize,
    pub(super) lex: Lex,
    pub(super) initial: bool,
    /// It ends as family names do in some language.
    pub(super) formed: bool,
}

impl Word {
    pub(super) fn given(&self) -> bool {
        self.lex.any(Lex::GIVEN)
    }

    pub(super) fn family(&self) -> bool {
        self.lex.any(Lex::FAMILY) || self.formed
    }

    /// Whether it is nothing but an ordinary word.
    pub(super) fn ordinary(&self) -> bool {
        self.lex.any(NOT_A_NAME) && !self.lex.any(Lex::GIVEN.or(Lex::FAMILY))
    }

    pub(super) fn unknown(&self) -> bool {
        !self.initial && !self.lex.any(NOT_A_NAME.or(Lex::PLACE).or(Lex::STATE))
    }
}

pub(super) const NOT_A_NAME: Lex = Lex::COMMON
    .or(Lex::MONTH)
    .or(Lex::WEEKDAY)
    .or(Lex::NATION)
    .or(Lex::COUNTRY)
    .or(Lex::BRAND)
    .or(Lex::ORG)
    .or(Lex::UNIT);

/// How a text uses capitals.
#[derive(Clone, Copy, Debug)]
pub(super) struct Manner {
    /// Nouns have capitals, or the language is one of which the lists know little.
    pub(super) foreign: bool,
    /// Nearly every word has one, as in titles.
    pub(super) titled: bool,
    /// No word has one.
    pub(super) small: bool,
    pub(super) style: Style,
}

/// Whether a word may be a part of a name: by its capital, or, where no word has one, by what the
/// lists know of it.
pub(super) fn can_name(token: &Token, small: bool) -> bool {
    token.is_capital()
        || small
            && token.shape == Shape::Lower
            && (token.end - token.start == 1 && !token.lex.any(Lex::COMMON)
                || token.lex.any(Lex::GIVEN.or(Lex::FAMILY).or(Lex::COUNTRY))
                    && !token.lex.any(Lex::ENGLISH.or(Lex::GERMAN))
                || token.lex.is_empty() && token.end - token.start > 3)
}

/// How `tokens` use capitals.
pub(super) fn manner(tokens: &[Token], style: Style) -> Manner {
    let (mut german, mut english, mut capitals, mut lower) = (0, 0, 0, 0);
    for token in tokens {
        if token.shape == Shape::Lower {
            lower += 1;
            german += usize::from(token.lex.any(Lex::GERMAN) && !token.lex.any(Lex::ENGLISH));
            english += usize::from(token.lex.any(Lex::ENGLISH) && !token.lex.any(Lex::GERMAN));
        } else if token.is_capital() && token.lex.any(Lex::COMMON) {
            capitals += 1;
        }
    }
    Manner {
        foreign: german >= 2 && german > english,
        titled: capitals >= 2 && capitals > lower,
        small: lower >= 3 && !tokens.iter().any(Token::is_capital),
        style,
    }
}

/// Whether a word is a part of an address, a path or a name of a variable.
pub(super) fn in_code(text: &str, tokens: &[Token], at: usize) -> bool {
    let token = &tokens[at];
    let bytes = text.as_bytes();
    let before = token.start.checked_sub(1).and_then(|before| bytes.get(before));
    let after = bytes.get(token.end);
    let tail = bytes.get(token.end + 1).is_some_and(u8::is_ascii_alphanumeric);
    let open = |b: Option<&u8>| b.is_some_and(|b| b"@/\\_$#=&%".contains(b));
    open(before)
        || open(after) && tail
        || before == Some(&b'.')
            && at >= 2
            && tokens[at - 2].end + 1 == token.start
            && !tokens[at - 2].text(text).chars().all(char::is_uppercase)
        || after == Some(&b'.') && tail && token.end - token.start > 2
        || after == Some(&b'(')
}

/// The words that stand together from `at` on, and the token after them.
pub(super) fn group(
    text: &str,
    tokens: &[Token],
    at: usize,
    small: bool,
    free: &impl Fn(&Token) -> bool,
) -> (Vec<Word>, usize) {
    let mut words = Vec::new();
    let mut next = at;
    while let Some(token) = tokens.get(next).filter(|token| can_name(token, small) && free(token)) {
        let initial = token.text(text).chars().count() == 1;
        let formed = !initial && is_formed(token.text(text), token.lex);
        words.push(Word { at: next, lex: token.lex, initial, formed });
        let Some(follows) = following(text, tokens, next, initial, small) else {
            next += 1;
            break;
        };
        next = follows;
    }
    (words, next)
}

/// The next word of a group behind the word at `at`: over a space, a hyphen, the point of an
/// initial, an apostrophe, or the small words inside names.
fn following(
    text: &str,
    tokens: &[Token],
    at: usize,
    initial: bool,
    small_text: bool,
) -> Option<usize> {
    let token = tokens.get(at)?;
    let mut next = at + 1;
    let sign = tokens.get(next)?;
    if sign.is_sign(b'.') && token.touches(sign) {
        let short = initial || token.lex.any(Lex::TITLE) && token.end - token.start <= 5;
        if !short {
            return None;
        }
        next += 1;
    } else if (sign.is_sign(b'-') || sign.is_sign(b'\'')) && token.touches(sign) {
        let after = tokens.get(next + 1)?;
        let joined = sign.touches(after) && can_name(after, small_text);
        return (joined && (sign.is_sign(b'-') || token.end - token.start <= 2))
            .then_some(next + 1);
    }
    let mut small = 0;
    while tokens.get(next).is_some_and(|t| t.shape == Shape::Lower && t.lex.any(Lex::PARTICLE)) {
        next += 1;
        small += 1;
        if tokens.get(next).is_some_and(|t| t.is_sign(b'-') || t.is_sign(b'\'')) {
            next += 1;
        }
    }
    let word = tokens.get(next)?;
    let gap = text.get(token.end..word.start)?;
    (small <= 3 && can_name(word, small_text) && !gap.contains('\n') && gap.len() <= 24)
        .then_some(next)
}

/// Cuts a group where an ordinary word stands.
pub(super) fn parts(words: &[Word]) -> impl Iterator<Item = &[Word]> {
    // `University of Oslo`, `Smith Ltd`: a word of organisations keeps the group together.
    let whole = words.iter().any(|word| word.lex.any(Lex::ORG) && !word.given());
    let kept =
        move |word: &Word| whole || !word.ordinary() || word.lex.any(Lex::TITLE.or(Lex::COUNTRY));
    // A country stands alone; other words stay together where none of them is ordinary.
    words
        .chunk_by(move |a, b| {
            kept(a) && kept(b) && (whole || !a.lex.any(Lex::COUNTRY) && !b.lex.any(Lex::COUNTRY))
        })
        .filter(move |part| part.iter().all(kept))
}

/// Ends of family names by which whole languages make them.
const FORMED: [&str; 62] = [
    "sson", "sdottir", "dottir", "ovich", "evich", "ovych", "ovna", "evna", "ivna", "enko",
    "chenko", "shvili", "adze", "idze", "odze", "opoulos", "opoulou", "akis", "aki", "idis",
    "iadis", "oglu", "escu", "owski", "owska", "ewski", "ewska", "inski", "inska", "ynski",
    "zynski", "wicz", "owicz", "czyk", "czak", "ovic", "evic", "ovsky", "evsky", "ovskaya",
    "skaya", "inen", "nen", "quist", "qvist", "strom", "gaard", "mann", "stein", "berger", "bauer",
    "meyer", "huber", "hoffer", "ikova", "kova", "nova", "rova", "eva", "ova", "tz", "yan",
];

/// Whether a word ends as family names do.
fn is_formed(word: &str, lex: Lex) -> bool {
    const AT_LEAST: usize = 3;
    if word.chars().count() < 6 || lex.any(NOT_A_NAME.or(Lex::PLACE)) {
        return false;
    }
    let name = folded(word);
    let begins = ["mc", "mac", "fitz"].iter().any(|start| {
        name.starts_with(start) && word.chars().skip(start.len()).any(char::is_uppercase)
    });
    begins
        || FORMED
            .iter()
            .any(|ending| name.len() >= ending.len() + AT_LEAST && name.ends_with(ending))
}

/// The word as it is looked up.
pub(super) fn folded(word: &str) -> String {
    let mut out = String::with_capacity(word.len());
    fold_word(word, &mut out);
    out
}
