//! Street addresses: from what is surely a street or a part of a building, as far as the lines go
//! on like an address.

use super::extent::{grow_left, grow_right, military, other_street};
use crate::{
    Kind,
    lexicon::Lex,
    span::Span,
    tokens::{Shape, Token},
};

/// Ends of words that are streets in languages that join them: `Hauptstrasse`, `Kiannonkatu`.
const ENDINGS: [&str; 34] = [
    "strasse",
    "straße",
    "stra\u{df}e",
    "str",
    "gasse",
    "weg",
    "platz",
    "allee",
    "damm",
    "ufer",
    "ring",
    "steig",
    "straat",
    "laan",
    "plein",
    "gracht",
    "dreef",
    "gata",
    "gatan",
    "gaten",
    "gate",
    "gade",
    "vej",
    "veien",
    "vegen",
    "vägen",
    "vagen",
    "katu",
    "kuja",
    "polku",
    "utca",
    "stien",
    "torget",
    "iela",
];

/// Adds the addresses among `tokens`.
pub(crate) fn addresses(text: &str, tokens: &[Token], spans: &mut Vec<Span>) {
    let mut at = 0;
    while at < tokens.len() {
        let Some((start, end, confidence)) = anchor(text, tokens, at) else {
            at += 1;
            continue;
        };
        let start = grow_left(text, tokens, start);
        let corner = tokens.get(start).is_some_and(|t| matches!(t.text(text), "the" | "corner"));
        let end = if corner { other_street(text, tokens, end).unwrap_or(end) } else { end };
        let end = grow_right(text, tokens, end);
        let (Some(first), Some(last)) = (tokens.get(start), tokens.get(end - 1)) else { break };
        let range = (first.start, last.end);
        spans.push(Span::new(range, Kind::Address, "address", confidence));
        at = end.max(at + 1);
    }
}

/// The tokens from `at` on that are surely an address's, and how sure.
fn anchor(text: &str, tokens: &[Token], at: usize) -> Option<(usize, usize, u8)> {
    let token = tokens.get(at)?;
    if let Some(end) = military(text, tokens, at) {
        return Some((at, end, 85));
    }
    if let Some((end, confidence)) = unit(text, tokens, at) {
        return Some((at, end, confidence));
    }
    if is_house_number(text, token) {
        let name = street(text, tokens, at + 1).or_else(|| street_before(text, tokens, at + 1));
        if let Some(end) = name {
            return Some((at, house_number_at(text, tokens, end).unwrap_or(end), 88));
        }
        return numbers_around_name(text, tokens, at).map(|end| (at, end, 78));
    }
    if let Some(end) = street_before(text, tokens, at) {
        let end = house_number_at(text, tokens, end);
        return end.map(|end| (at, end, 84));
    }
    if token.is_capital() {
        if has_street_ending(text, token) {
            let end = house_number_at(text, tokens, at + 1);
            return end.map(|end| (at, end, 86));
        }
        if let Some(end) = street(text, tokens, at) {
            let numbered = house_number_at(text, tokens, end);
            let plain = tokens.get(end - 1).is_some_and(|t| !t.lex.any(Lex::COMMON));
            return match numbered {
                Some(end) => Some((at, end, 82)),
                None if plain || spoken_of(text, token.start) => Some((at, end, 66)),
                None => None,
            };
        }
        if spoken_of(text, token.start) {
            return name_and_number(text, tokens, at).map(|end| (at, end, 70));
        }
    }
    None
}

/// Whether what stands before `start` announces an address.
fn spoken_of(text: &str, start: usize) -> bool {
    const WORDS: [&str; 22] = [
        "address",
        "lives",
        "live at",
        "living",
        "located",
        "office",
        "deliver",
        "ship ",
        "taxi",
        "visit",
        "moved to",
        "move to",
        "return to",
        "adresse",
        "wohn",
        "corner of",
        "reside",
        "meet at",
        "send to",
        "direccion",
        "indirizzo",
        "property",
    ];
    let mut from = start.saturating_sub(60);
    while !text.is_char_boundary(from) {
        from += 1;
    }
    let before = text.get(from..start).unwrap_or_default().to_lowercase();
    WORDS.iter().any(|word| before.contains(word))
}

/// `12`, `12a`, `12-14`: at most six digits, and not a part of a longer number.
pub(super) fn is_house_number(text: &str, token: &Token) -> bool {
    let word = token.text(text);
    let digits = word.bytes().take_while(u8::is_ascii_digit).count();
    let letters = word.len() - digits;
    let joined = |byte: Option<&u8>| byte.is_some_and(|b| b".:/$%#@".contains(b));
    let bytes = text.as_bytes();
    let before = token.start.checked_sub(1).and_then(|at| bytes.get(at));
    let after = bytes.get(token.end);
    matches!(token.shape, Shape::Digits | Shape::Code)
        && (1..=6).contains(&digits)
        && letters <= 2
        && !word.contains('_')
        && !joined(before)
        && !(joined(after) && bytes.get(token.end + 1).is_some_and(u8::is_ascii_digit))
}

/// Where a house number at `at` ends: `12`, `12 a`, `12/3`, `No. 12`.
pub(super) fn house_number_at(text: &str, tokens: &[Token], at: usize) -> Option<usize> {
    let mut at = at;
    if tokens.get(at).is_some_and(|t| t.is_sign(b'.')) {
        at += 1;
    }
    if tokens.get(at).is_some_and(|t| t.is_sign(b',')) {
        at += 1;
    }
    if tokens.get(at).is_some_and(|t| matches!(t.text(text), "no" | "No" | "nr" | "Nr" | "n")) {
        at += 1;
        if tokens.get(at).is_some_and(|t| t.is_sign(b'.')) {
            at += 1;
        }
    }
    let token = tokens.get(at).filter(|token| is_house_number(text, token))?;
    let mut end = at + 1;
    let digits = token.end - token.start;
    if let [sign, next, ..] = tokens.get(end..)? {
        let joins = sign.is_sign(b'/') || sign.is_sign(b'-');
        if joins && is_house_number(text, next) && next.touches(sign) | sign.touches(next) {
            end += 2;
        }
    }
    (digits <= 5).then_some(end)
}

/// Where a street's name ends that begins at `at`: up to four words, the last a `Street`.
fn street(text: &str, tokens: &[Token], at: usize) -> Option<usize> {
    let mut words = 0;
    for (index, token) in tokens.iter().enumerate().skip(at).take(8) {
        let named = words > 0 && token.lex.any(Lex::STREET) && (token.is_capital() || words > 1);
        if named && is_street_here(text, tokens, index, words) {
            let abbreviated =
                tokens.get(index + 1).is_some_and(|dot| dot.is_sign(b'.') && token.touches(dot));
            let more =
                tokens.get(index + 1).is_some_and(|t| t.is_capital() && t.lex.any(Lex::STREET));
            return Some(
                index
                    + 1
                    + usize::from(abbreviated && token.end - token.start <= 4)
                    + usize::from(more),
            );
        }
        if words > 0 && has_street_ending(text, token) {
            return Some(index + 1);
        }
        let ordinal = token.shape == Shape::Code && is_ordinal(token.text(text));
        if token.is_capital() || ordinal {
            // `The Company Park` is no street, `12 Good Street` is.
            words += 1;
        } else if !(token.is_sign(b'.')
            || token.is_sign(b'\'')
            || token.is_sign(b'-')
            || words > 0 && token.lex.any(Lex::PARTICLE) && token.end - token.start <= 3)
        {
            return None;
        }
        if words > 4 {
            return None;
        }
    }
    None
}

/// `St` is a street at the end, not before a name; `Dr` likewise.
fn is_street_here(text: &str, tokens: &[Token], index: usize, words: usize) -> bool {
    let Some(token) = tokens.get(index) else { return false };
    let both = token.lex.any(Lex::TITLE) || token.text(text).eq_ignore_ascii_case("st");
    let next = tokens.get(index + 1);
    let after = if next.is_some_and(|t| t.is_sign(b'.')) { tokens.get(index + 2) } else { next };
    !both
        || words > 0
            && !after.is_some_and(|t| {
                t.is_capital() && !t.lex.any(Lex::UNIT.or(Lex::PLACE).or(Lex::STREET))
            })
}

/// `1st`, `42nd`
fn is_ordinal(word: &str) -> bool {
    let number = word.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    !number.is_empty() && matches!(&word[number.len()..], "st" | "nd" | "rd" | "th")
}

/// Where a street ends whose kind comes first: `Rue de la Paix`, `ul. Miła`.
fn street_before(text: &str, tokens: &[Token], at: usize) -> Option<usize> {
    let first = tokens.get(at).filter(|token| token.lex.any(Lex::STREET_BEFORE))?;
    let mut end = at + 1;
    if tokens.get(end).is_some_and(|t| t.is_sign(b'.') && first.touches(t)) {
        end += 1;
    }
    let mut words = 0;
    while let Some(token) = tokens.get(end) {
        let small = token.lex.any(Lex::PARTICLE) || matches!(token.text(text), "l" | "d" | "dell");
        let sign =
            (token.is_sign(b'\'') || token.is_sign(b'-') || token.is_sign(b'.')) && words + 1 > 0;
        if token.is_capital() {
            words += 1;
        } else if !(small || sign) {
            break;
        }
        end += 1;
        if end - at > 8 {
            break;
        }
    }
    while end > at + 1 && tokens.get(end - 1).is_some_and(|t| !t.is_capital()) {
        end -= 1;
    }
    (words > 0).then_some(end)
}

/// Whether a word ends as streets do in its language, and is longer than the ending.
fn has_street_ending(text: &str, token: &Token) -> bool {
    let word = token.text(text);
    if word.len() < 6 || !token.is_capital() || token.lex.any(Lex::ENGLISH.or(Lex::GIVEN)) {
        return false;
    }
    let lower = word.to_lowercase();
    ENDINGS.iter().any(|ending| lower.len() >= ending.len() + 3 && lower.ends_with(ending))
}

/// `20789 Allika 46`: a name between two numbers, with nothing else on the line before.
fn numbers_around_name(text: &str, tokens: &[Token], at: usize) -> Option<usize> {
    let end = name_and_number(text, tokens, at + 1)?;
    let first = tokens.get(at)?;
    let long = first.end - first.start >= 2;
    let dated = tokens.get(at + 1)?.lex.any(Lex::MONTH.or(Lex::UNIT));
    (long && !dated).then_some(end)
}

/// `Pivovarská 276`, `Király u. 15`: up to four words with capitals, and a house number.
fn name_and_number(text: &str, tokens: &[Token], at: usize) -> Option<usize> {
    let mut words = 0;
    for (index, token) in tokens.iter().enumerate().skip(at).take(8) {
        if words > 0 && is_house_number(text, token) {
            return house_number_at(text, tokens, index);
        }
        let short = words > 0
            && token.shape == Shape::Lower
            && (token.end - token.start <= 2 || token.lex.any(Lex::STREET.or(Lex::PARTICLE)));
        let barred = token.lex.any(Lex::MONTH.or(Lex::WEEKDAY).or(Lex::BRAND))
            || token.lex.any(Lex::COMMON) && words == 0 && !token.lex.any(Lex::FAMILY);
        if token.is_capital() && !barred {
            words += 1;
        } else if !(short || words > 0 && (token.is_sign(b'.') || token.is_sign(b'-'))) {
            return None;
        }
        if words > 4 {
            return None;
        }
    }
    None
}

/// `Suite 501`, `Apt. 3B`, `P.O. Box 12`, `Postfach 100`, `Unit 4719 Box 7394`.
fn unit(text: &str, tokens: &[Token], at: usize) -> Option<(usize, u8)> {
    let token = tokens.get(at)?;
    if !(token.lex.any(Lex::UNIT) && token.is_capital()) {
        return None;
    }
    let number = house_number_at(text, tokens, at + 1)?;
    let word = token.text(text).to_lowercase();
    let sure = matches!(
        word.as_str(),
        "suite"
            | "apt"
            | "apartment"
            | "postbox"
            | "postfach"
            | "appt"
            | "pobox"
            | "postboks"
            | "pmb"
    );
    let boxed = word == "box" && at >= 1 && {
        let before = text.get(..token.start).unwrap_or_default().trim_end().trim_end_matches('.');
        before.ends_with(['O', 'o'])
            || before.bytes().next_back().is_some_and(|b| b.is_ascii_digit())
    };
    let next_is_box = tokens.get(number).is_some_and(|t| t.text(text) == "Box");
    (sure || boxed || next_is_box).then_some((number, if next_is_box { 85 } else { 76 }))
}
