//! Tokens that somebody changed: they are not restored, and not passed on in silence.
//!
//! Only what becomes a token of this session when the change is undone counts, so that no text is
//! refused for its looks.

use crate::{Token, Vault, pieces};

/// What stands for `[` and `]` in texts that were escaped for somewhere.
const OPEN: [&str; 9] =
    ["[", "\\[", "&#91;", "&#x5b;", "&lsqb;", "&lbrack;", "%5b", "\\u005b", "［"];
const CLOSE: [&str; 9] =
    ["]", "\\]", "&#93;", "&#x5d;", "&rsqb;", "&rbrack;", "%5d", "\\u005d", "］"];

/// The longest text that is looked at as a whole, decoded.
const DECODED_MAX: usize = 8 * 1024;

/// The fewest characters of a cut token that are taken for one.
const CUT_MIN: usize = 4;

/// A token of the vault that is in `text` in another form, and how that was changed.
pub(crate) fn find(text: &str, vault: &Vault) -> Option<(Token, &'static str)> {
    let exact: Vec<_> = pieces(text).map(|piece| piece.range).collect();
    for (start, word) in words(text) {
        if exact.iter().any(|range| range.contains(&start)) {
            continue;
        }
        let (start, word) = unhex(text, start, word);
        let lower = word.to_ascii_lowercase();
        let Some(token) = token_in(&lower, vault) else { continue };
        let (before, after) = (&text[..start], &text[start + word.len()..]);
        let opens = OPEN.iter().find(|mark| ends_with(before, mark));
        let closes = CLOSE.iter().find(|mark| starts_with(after, mark));
        return Some(match (opens, closes) {
            (Some(&"["), Some(&"]")) => (token, "its letters were changed"),
            (Some(&"["), None) | (None, Some(&"]")) => (token, "it was cut"),
            (Some(_), _) | (_, Some(_)) => (token, "its brackets were escaped"),
            (None, None) if word == text.trim() => (token, "its brackets are missing"),
            (None, None) => continue,
        });
    }
    cut_at_end(text, vault).or_else(|| decoded(text, vault))
}

/// The runs of ASCII letters, digits and `_` that may be a token's inside.
fn words(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    text.split(move |c| !is_word(c))
        .map(|word| (word.as_ptr() as usize - text.as_ptr() as usize, word))
        .filter(|(_, word)| word.contains('_'))
}

/// Takes the digits of a percent or Unicode escape off the beginning of a word.
fn unhex<'t>(text: &str, start: usize, word: &'t str) -> (usize, &'t str) {
    let lower = word.to_ascii_lowercase();
    for (sign, digits) in [("%", "5b"), ("\\", "u005b")] {
        if lower.starts_with(digits) && text[..start].ends_with(sign) {
            return (start + digits.len(), &word[digits.len()..]);
        }
    }
    (start, word)
}

fn token_in(inside: &str, vault: &Vault) -> Option<Token> {
    vault.get(&format!("[{inside}]")).map(|entry| entry.token.clone())
}

fn ends_with(text: &str, mark: &str) -> bool {
    let from = text.len().checked_sub(mark.len());
    from.and_then(|from| text.get(from..)).is_some_and(|end| end.eq_ignore_ascii_case(mark))
}

fn starts_with(text: &str, mark: &str) -> bool {
    text.get(..mark.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(mark))
}

/// A token whose end is missing where the text ends.
fn cut_at_end(text: &str, vault: &Vault) -> Option<(Token, &'static str)> {
    let start = text.rfind('[')?;
    let rest = &text[start..];
    let is_cut = rest.len() > CUT_MIN
        && rest[1..].bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
    let token = is_cut.then(|| vault.beginning_with(rest)).flatten()?;
    Some((token.clone(), "it was cut"))
}

/// A token in what `text` is when it is decoded as a whole.
fn decoded(text: &str, vault: &Vault) -> Option<(Token, &'static str)> {
    let text = text.trim();
    if !(8..=DECODED_MAX).contains(&text.len()) {
        return None;
    }
    let decodings: [(Option<Vec<u8>>, &'static str); 2] =
        [(base64(text), "it was encoded as Base64"), (hexadecimal(text), "it was encoded as hex")];
    decodings.into_iter().find_map(|(bytes, how)| {
        let text = String::from_utf8(bytes?).ok()?;
        let token = pieces(&text).find_map(|piece| vault.get(&text[piece.range]))?;
        Some((token.token.clone(), how))
    })
}

fn hexadecimal(text: &str) -> Option<Vec<u8>> {
    let pairs = text.as_bytes().chunks(2);
    pairs.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect()
}

/// Base64 in either alphabet, with or without its padding.
fn base64(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() * 3 / 4);
    let (mut bits, mut count) = (0_u32, 0);
    for c in text.trim_end_matches('=').bytes() {
        let value = match c {
            b'A'..=b'Z' => c - b'A',
            b'a'..=b'z' => c - b'a' + 26,
            b'0'..=b'9' => c - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            _ => return None,
        };
        bits = (bits << 6 | u32::from(value)) & 0xff_ffff;
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push(u8::try_from(bits >> count & 0xff).unwrap_or_default());
        }
    }
    Some(bytes)
}
