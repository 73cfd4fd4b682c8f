//! Postal codes: where they are announced, behind a state, or of a form that nothing else has.

use crate::{
    Kind,
    context::{Context, Said},
    lexicon::{Lex, look_up},
    span::Span,
};

/// Adds the postal codes in `text`.
pub(crate) fn zips(text: &str, key: &Context, spans: &mut Vec<Span>) {
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(digit) = bytes.get(at..).and_then(|r| r.iter().position(u8::is_ascii_digit)) {
        let digit = at + digit;
        let length = bytes[digit..].iter().take_while(|b| b.is_ascii_digit()).count();
        at = digit + length;
        let alone = |at: Option<&u8>| {
            !at.is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'_' || *b >= 0xc3)
        };
        let before = digit.checked_sub(1).and_then(|before| bytes.get(before));
        if alone(before) && alone(bytes.get(at)) {
            if let Some(span) = numeric(text, digit, length, key) {
                at = span.end;
                spans.push(span);
            }
        } else if let Some(span) = lettered(bytes, digit) {
            at = span.end.max(at);
            spans.push(span);
        }
    }
}

/// A code of digits: `10001`, `10001-1234`, `1010 AB`.
fn numeric(text: &str, start: usize, length: usize, key: &Context) -> Option<Span> {
    let bytes = text.as_bytes();
    if !(3..=7).contains(&length) {
        return None;
    }
    let mut end = start + length;
    let plus_four = bytes.get(end) == Some(&b'-')
        && bytes.get(end + 1..end + 5).is_some_and(|four| four.iter().all(u8::is_ascii_digit))
        && !bytes.get(end + 5).is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'-');
    let close = start.checked_sub(1).and_then(|at| bytes.get(at));
    let joined = close.is_some_and(|b| b"-./:#$".contains(b));
    let american = length == 5 && (plus_four || bytes.get(end) != Some(&b'-')) && !joined;
    if american && plus_four {
        end += 5;
    }
    let context = Context::before(text, start).with_key(key);
    if let Some((Said::Is(Kind::Zip), far)) = context.nearest()
        && far <= 24
    {
        return Some(Span::new((start, end), Kind::Zip, "zip", 85));
    }
    let before = text.get(start.saturating_sub(24)..start).unwrap_or_default();
    let word = before.trim_end().rsplit([' ', ',', '\n']).next().unwrap_or_default();
    let state = look_up(word).any(Lex::STATE)
        && word.bytes().next().is_some_and(|b| b.is_ascii_uppercase());
    match (american, state, plus_four) {
        (true, true, _) => Some(Span::new((start, end), Kind::Zip, "zip", 85)),
        (true, false, true) if !context.neutral() => {
            Some(Span::new((start, end), Kind::Zip, "zip", 62))
        }
        _ => None,
    }
}

/// A code of letters and digits around the digit at `at`: British, Canadian.
fn lettered(bytes: &[u8], at: usize) -> Option<Span> {
    let start =
        at - bytes[..at].iter().rev().take(3).take_while(|b| b.is_ascii_uppercase()).count();
    let end = start
        + bytes[start..]
            .iter()
            .take(9)
            .take_while(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || **b == b' ')
            .count();
    let free = start == 0
        || !(bytes[start - 1].is_ascii_alphanumeric() || b"-_/".contains(&bytes[start - 1]));
    if !free {
        return None;
    }
    (5..=8).rev().find_map(|length| {
        let code = bytes.get(start..start + length).filter(|_| start + length <= end)?;
        let next = bytes.get(start + length);
        let alone = !next.is_some_and(|b| b.is_ascii_alphanumeric() || b"-_".contains(b));
        let spaced = code.contains(&b' ');
        let is = alone && (british(code) || canadian(code));
        is.then(|| {
            let confidence = if spaced { 82 } else { 62 };
            Span::new((start, start + length), Kind::Zip, "postcode", confidence)
        })
    })
}

/// `SW1A 1AA`, `M1 1AE`, `EC1A1BB`.
fn british(code: &[u8]) -> bool {
    let Some(cut) = code.len().checked_sub(3) else { return false };
    let (out, inward) = code.split_at(cut);
    let out = out.strip_suffix(b" ").unwrap_or(out);
    let letter = |b: &u8| b.is_ascii_uppercase();
    let ends = matches!(inward, [d, a, b] if d.is_ascii_digit() && letter(a) && letter(b));
    let begins = match out {
        [a, d] => letter(a) && d.is_ascii_digit(),
        [a, b, c] => {
            letter(a)
                && (letter(b) && c.is_ascii_digit()
                    || b.is_ascii_digit() && c.is_ascii_alphanumeric())
        }
        [a, b, c, d] => letter(a) && letter(b) && c.is_ascii_digit() && d.is_ascii_alphanumeric(),
        _ => false,
    };
    ends && begins
}

/// `K1A 0B1`.
fn canadian(code: &[u8]) -> bool {
    let compact: Vec<u8> = code.iter().copied().filter(|b| *b != b' ').collect();
    compact.len() == 6
        && (code.len() == 6 || code.get(3) == Some(&b' '))
        && compact.iter().enumerate().all(|(index, b)| match index % 2 {
            0 => b.is_ascii_uppercase() && !b"DFIOQU".contains(b),
            _ => b.is_ascii_digit(),
        })
}
