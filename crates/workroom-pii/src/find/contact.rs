//! E-mail addresses, also written so that programs should not read them.

use crate::{Kind, span::Span};

/// The longest local part and domain, with room for what is written out.
const SIDE_MAX: usize = 128;

/// Ways to write `@`, in lower case.
const AT_SIGNS: [&str; 8] = ["@", "[at]", "(at)", "{at}", "<at>", " at ", "[@]", "(@)"];

/// Ways to write the point of a domain, in lower case.
const POINTS: [&str; 6] = [".", "[dot]", "(dot)", "{dot}", " dot ", "[.]"];

/// Adds the addresses in `text`.
pub(crate) fn emails(text: &str, spans: &mut Vec<Span>) {
    let bytes = text.as_bytes();
    for at in memchr::memchr_iter(b'@', bytes) {
        push(text, (at, at + 1), spans);
    }
    // `john [at] x [dot] com`: the brackets, or an `at` followed by a written-out point.
    for at in memchr::memchr3_iter(b'[', b'(', b'{', bytes) {
        if let Some(sign) = sign_at(bytes, at, &AT_SIGNS[1..4]) {
            let start = before_spaces(bytes, at);
            push(text, (start, after_spaces(bytes, at + sign)), spans);
        }
    }
    if let Some(dot) = find_written_dot(bytes) {
        let from = dot.saturating_sub(SIDE_MAX);
        let window = bytes.get(from..dot).unwrap_or_default();
        for at in memchr::memmem::find_iter(window, b" at ") {
            push(text, (from + at, from + at + 4), spans);
        }
    }
}

/// The first ` dot ` of the text.
fn find_written_dot(bytes: &[u8]) -> Option<usize> {
    memchr::memmem::find(bytes, b" dot ").or_else(|| memchr::memmem::find(bytes, b" DOT "))
}

fn before_spaces(bytes: &[u8], at: usize) -> usize {
    let spaces = bytes.get(..at).unwrap_or_default().iter().rev().take_while(|b| **b == b' ');
    at - spaces.take(2).count()
}

fn after_spaces(bytes: &[u8], at: usize) -> usize {
    let spaces = bytes.get(at..).unwrap_or_default().iter().take_while(|b| **b == b' ');
    at + spaces.take(2).count()
}

/// The length of the sign of `signs` that stands at `at`, in any case.
fn sign_at(bytes: &[u8], at: usize, signs: &[&str]) -> Option<usize> {
    let rest = bytes.get(at..)?;
    signs
        .iter()
        .find(|sign| {
            rest.get(..sign.len()).is_some_and(|b| b.eq_ignore_ascii_case(sign.as_bytes()))
        })
        .map(|sign| sign.len())
}

/// Adds the address around the at sign in `sign`.
fn push(text: &str, sign: (usize, usize), spans: &mut Vec<Span>) {
    let bytes = text.as_bytes();
    let Some(start) = local_start(text, sign.0) else { return };
    let Some(end) = domain_end(bytes, sign.1) else { return };
    let confidence = if sign.1 - sign.0 == 1 { 98 } else { 85 };
    spans.push(Span::new((start, end), Kind::Email, "email", confidence));
}

/// Where the local part that ends at `end` begins.
fn local_start(text: &str, end: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    // A quoted local part: `"john doe"@x.com`.
    if bytes.get(end.checked_sub(1)?) == Some(&b'"') {
        let from = end.saturating_sub(SIDE_MAX);
        let quote = memchr::memrchr(b'"', bytes.get(from..end - 1)?)?;
        return (quote + 2 < end - from).then_some(from + quote);
    }
    let mut start = end;
    while let Some(&byte) = start.checked_sub(1).and_then(|before| bytes.get(before)) {
        let plain = byte.is_ascii_alphanumeric() || b".!#$%&'*+-/=?^_`|~".contains(&byte);
        if !(plain || byte >= 0x80) || end - start >= SIDE_MAX {
            break;
        }
        start -= 1;
    }
    while !text.is_char_boundary(start) {
        start += 1;
    }
    // What cannot begin an address belongs to the text: quotes, `mailto=`, a path.
    let local = text.get(start..end)?;
    let cut = local.rfind(['=', '/', '?', '&', '`', '|', '#']).map_or(0, |at| at + 1);
    let local = local.get(cut..)?;
    let skip = local.len() - local.trim_start_matches(['.', '-', '*', '!', '$', '%', '\'']).len();
    let start = start + cut + skip;
    let local = text.get(start..end)?;
    // `https://user:password@host` is no address.
    let link = text.get(start.saturating_sub(SIDE_MAX)..start).unwrap_or_default();
    let link = link.rsplit(char::is_whitespace).next().unwrap_or_default();
    if link.ends_with(':') && link.contains("://") {
        return None;
    }
    let named = local.chars().next_back().is_some_and(|c| c.is_alphanumeric() || "_+-".contains(c));
    // `git@host` is how repositories are fetched.
    (named && local != "git").then_some(start)
}

/// Where the domain that begins at `start` ends; `None` where there is none.
fn domain_end(bytes: &[u8], start: usize) -> Option<usize> {
    if bytes.get(start) == Some(&b'[') {
        // An address literal: `john@[192.0.2.1]`.
        let rest = bytes.get(start..bytes.len().min(start + 48))?;
        let close = memchr::memchr(b']', rest)?;
        let literal = rest.get(1..close)?;
        let ip = literal.iter().all(|b| b.is_ascii_hexdigit() || b".:IPv".contains(b));
        return (ip && close > 6).then_some(start + close + 1);
    }
    let mut end = start;
    let mut labels = 0;
    loop {
        let from = end;
        let rest = bytes.get(from..).unwrap_or_default();
        let length = rest
            .iter()
            .take(64)
            .take_while(|b| b.is_ascii_alphanumeric() || **b == b'-' || **b >= 0x80)
            .count();
        if length == 0 || rest.first() == Some(&b'-') {
            break;
        }
        labels += 1;
        end = from + length;
        let written = before_sign(bytes, end);
        let Some(point) = sign_at(bytes, written, &POINTS) else { break };
        let next = after_spaces_of(bytes, written + point, point);
        let follows = bytes.get(next).is_some_and(|b| b.is_ascii_alphanumeric() || *b >= 0x80);
        if !follows || end - start > SIDE_MAX {
            break;
        }
        end = next;
    }
    let last = bytes.get(start..end)?.rsplit(|b| *b == b'.' || *b == b']' || *b == b' ').next()?;
    let top = last.len() >= 2 && last.iter().any(|b| b.is_ascii_alphabetic() || *b >= 0x80);
    (labels >= 2 && top).then_some(end)
}

/// A bracketed point may stand behind a space.
fn before_sign(bytes: &[u8], end: usize) -> usize {
    let bracket = bytes.get(end + 1).is_some_and(|b| matches!(b, b'[' | b'(' | b'{'));
    if bytes.get(end) == Some(&b' ') && bracket { end + 1 } else { end }
}

/// Only a written-out point may have a space behind it.
fn after_spaces_of(bytes: &[u8], at: usize, point: usize) -> usize {
    if point > 1 { after_spaces(bytes, at) } else { at }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &[&str]) {
        let mut spans = Vec::new();
        emails(text, &mut spans);
        let found: Vec<&str> = spans.iter().map(|span| &text[span.start..span.end]).collect();
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn addresses_are_found() {
        check("write to john.doe+x@mail.example.co.uk.", &["john.doe+x@mail.example.co.uk"]);
        check("<JOHN@X.COM>, jo@y.de", &["JOHN@X.COM", "jo@y.de"]);
        check("mailto:a@b.io?subject=x", &["a@b.io"]);
        check("?email=a@b.io&x=1", &["a@b.io"]);
        check("john[at]x.com", &["john[at]x.com"]);
        check("john (at) x (dot) com", &["john (at) x (dot) com"]);
        check("john at example dot com", &["john at example dot com"]);
        check("josé@exämple.es", &["josé@exämple.es"]);
        check("\"john doe\"@x.com", &["\"john doe\"@x.com"]);
        check("j@[192.0.2.1]", &["j@[192.0.2.1]"]);
        check("'o'brien@x.ie'", &["o'brien@x.ie"]);
    }

    #[test]
    fn what_is_like_an_address_is_not() {
        check("@octocat and a@b", &[]);
        check("lodash@4.17.21 react@18.2.0", &[]);
        check("meet at noon. dot dot dot", &[]);
        check("x @ y.com", &[]);
        check("@", &[]);
        check("arr[at] = (at)", &[]);
        check("git@github.com:a/b.git", &[]);
    }
}
