//! How far an address goes: from its street to the numbers before it, and over the units, places,
//! codes and countries behind it.

use super::address::{house_number_at, is_house_number};
use crate::{
    lexicon::Lex,
    tokens::{Shape, Token},
};

/// The most parts that are added to an address behind its street.
const PARTS_MAX: usize = 10;

/// `DPO AP 70942`, `APO AE 09012`.
pub(super) fn military(text: &str, tokens: &[Token], at: usize) -> Option<usize> {
    let ship = matches!(tokens.get(at)?.text(text), "USNS" | "USNV" | "USS" | "USCGC");
    if ship {
        let name = tokens.get(at + 1..)?.iter().take(3).take_while(|t| t.is_capital()).count();
        let mut post = at + 1 + name;
        while tokens.get(post).is_some_and(|t| t.shape == Shape::Line || t.is_sign(b',')) {
            post += 1;
        }
        return if name > 0 && post > at + 1 + name { military(text, tokens, post) } else { None };
    }
    let [post, region, zip, ..] = tokens.get(at..)? else { return None };
    let is = |token: &Token, words: &[&str]| {
        words.iter().any(|word| token.text(text).eq_ignore_ascii_case(word))
    };
    let posts = is(post, &["APO", "FPO", "DPO"]);
    let regions = is(region, &["AP", "AE", "AA"]);
    (posts && regions && zip.shape == Shape::Digits).then_some(at + 3)
}

/// Takes in the numbers before a street, and the other street of a corner.
pub(super) fn grow_left(text: &str, tokens: &[Token], start: usize) -> usize {
    let mut start = start;
    while let Some(token) = start.checked_sub(1).and_then(|before| tokens.get(before)) {
        let adjacent = tokens.get(start).is_some_and(|next| {
            text.get(token.end..next.start).is_some_and(|gap| !gap.contains('\n'))
        });
        if !adjacent || !is_house_number(text, token) {
            break;
        }
        start -= 1;
    }
    // `Heatherleigh Suite 620`, `P.O. Box 12`: what is named before a part of a building.
    let unit = tokens.get(start).is_some_and(|t| t.lex.any(Lex::UNIT) && t.is_capital());
    if unit {
        let mut left = start;
        while let Some(token) = left.checked_sub(1).and_then(|before| tokens.get(before)) {
            let word = token.is_capital() && !token.lex.any(Lex::ENGLISH) || token.is_sign(b'.');
            if !(word || is_house_number(text, token)) || start - left > 6 {
                break;
            }
            left -= 1;
        }
        let post =
            tokens.get(left).is_some_and(|t| matches!(t.text(text), "P" | "p" | "PO" | "Po"));
        if left < start && (post || is_house_number(text, &tokens[left])) {
            return left;
        }
    }
    // `Elm and Main Street`
    if start >= 2 && matches!(tokens[start - 1].text(text), "and" | "&") {
        let other = &tokens[start - 2];
        if other.is_capital() && !other.lex.any(Lex::COMMON) {
            start -= 2;
        }
    }
    // `the corner of Elm 3 and Main Street`
    let corner = |n: usize, word: &str| {
        start.checked_sub(n).and_then(|at| tokens.get(at)).is_some_and(|t| t.text(text) == word)
    };
    match (corner(1, "of") && corner(2, "corner"), corner(3, "the")) {
        (true, true) => start - 3,
        (true, false) => start - 2,
        _ => start,
    }
}

/// Where the other street of a corner ends: `and Main Street`.
pub(super) fn other_street(text: &str, tokens: &[Token], end: usize) -> Option<usize> {
    tokens.get(end).filter(|t| matches!(t.text(text), "and" | "&"))?;
    let words = tokens.get(end + 1..)?.iter().take(3).take_while(|t| t.is_capital()).count();
    let named = end + 1 + words;
    (words > 0).then(|| house_number_at(text, tokens, named).unwrap_or(named))
}

/// Takes in the units, places, codes and countries behind a street, over commas and lines.
pub(super) fn grow_right(text: &str, tokens: &[Token], end: usize) -> usize {
    let mut end = end;
    for _ in 0..PARTS_MAX {
        let mut next = end;
        let mut lines = 0;
        while let Some(token) = tokens.get(next) {
            match token.shape {
                Shape::Sign(b',') => {}
                Shape::Sign(b'.' | b'-')
                    if next == end
                        && tokens.get(next + 1).is_some_and(|t| {
                            matches!(t.shape, Shape::Digits | Shape::Code)
                                || t.lex.any(Lex::UNIT) && t.is_capital()
                        }) => {}
                Shape::Line => lines += 1,
                _ => break,
            }
            next += 1;
        }
        if lines > 3 {
            break;
        }
        // A number ends what stands before it as a comma does.
        let separated = next > end
            || end
                .checked_sub(1)
                .and_then(|at| tokens.get(at))
                .is_some_and(|t| t.shape == Shape::Digits);
        match part(text, tokens, next, separated) {
            Some(after) => end = after,
            None => break,
        }
    }
    end
}

/// Where one more part of an address ends that begins at `at`.
fn part(text: &str, tokens: &[Token], at: usize, separated: bool) -> Option<usize> {
    let token = tokens.get(at)?;
    if let Some(end) = military(text, tokens, at) {
        return Some(end);
    }
    if token.lex.any(Lex::UNIT) && token.is_capital() {
        return house_number_at(text, tokens, at + 1);
    }
    if token.text(text) == "nan" {
        return Some(at + 1);
    }
    if matches!(token.shape, Shape::Digits | Shape::Code) {
        return code(text, tokens, at);
    }
    if !token.is_capital() {
        return None;
    }
    let mut end = at;
    while let Some(word) = tokens.get(end) {
        let small = end > at
            && (word.lex.any(Lex::PARTICLE)
                || word.is_sign(b'-')
                || word.is_sign(b'.')
                || word.is_sign(b'\''));
        let follows = small && tokens.get(end + 1).is_some_and(Token::is_capital);
        if !(word.is_capital() || follows) || end - at > 7 {
            break;
        }
        end += 1;
    }
    // `Cyprus (Greek)`
    if let Some([open, word, close, ..]) = tokens.get(end..)
        && open.is_sign(b'(')
        && word.is_capital()
        && close.is_sign(b')')
    {
        end += 3;
    }
    let shouted =
        tokens.get(at..end)?.iter().all(|t| t.shape == Shape::Upper && t.end - t.start > 2);
    let direction = matches!(
        token.text(text),
        "West" | "East" | "North" | "South" | "N" | "S" | "E" | "W" | "NW" | "NE" | "SW" | "SE"
    );
    let second = tokens.get(end - 1).is_some_and(|t| t.lex.any(Lex::STREET)) && end - at <= 3;
    // A line of words goes on with the address where it ends as lines of addresses do.
    let after = tokens.get(end);
    let ends = after.is_none_or(|t| {
        matches!(t.shape, Shape::Line | Shape::Digits | Shape::Code)
            || t.is_sign(b',')
            || t.is_sign(b'.')
            || t.is_sign(b'?')
            || t.is_sign(b'!')
            || t.is_sign(b')')
            || t.is_sign(b'"')
    });
    let known =
        tokens.get(at..end)?.iter().any(|t| t.lex.any(Lex::PLACE.or(Lex::STATE).or(Lex::COUNTRY)));
    let united = matches!(token.text(text), "United" | "New" | "South" | "North" | "Great");
    let ordinary = !united
        && token.lex.any(Lex::ENGLISH.or(Lex::SPEECH))
        && !token.lex.any(Lex::PLACE.or(Lex::STATE).or(Lex::COUNTRY));
    let labelled = after.is_some_and(|t| t.is_sign(b':'));
    ((separated && ends || known || shouted || direction || second)
        && (!ordinary || direction || second)
        && !labelled)
        .then_some(end)
}

/// Where a postal code or a house's number ends.
fn code(text: &str, tokens: &[Token], at: usize) -> Option<usize> {
    let token = tokens.get(at)?;
    let long = token.end - token.start;
    let joined = tokens.get(at + 1).is_some_and(|t| {
        token.touches(t)
            && (t.is_sign(b'-') || t.is_sign(b'.') || t.is_sign(b':') || t.is_sign(b'/'))
            && tokens.get(at + 2).is_some_and(|d| t.touches(d) && d.shape == Shape::Digits)
    });
    if joined && long == 5 {
        return Some(at + 3);
    }
    let word = token.text(text);
    let coded = word.bytes().any(|b| b.is_ascii_digit()) && !word.contains('_');
    ((2..=7).contains(&long) && !joined && coded).then_some(at + 1)
}
