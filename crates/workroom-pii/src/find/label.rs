//! Values with their label before them, as in `Phone: …`, `"dob": "…"`, `password=…`.

use crate::{
    Kind, Profile,
    keys::{self, Meaning},
    lexicon::{Lex, look_up},
    shape,
    span::Span,
};

/// The longest label and value, in bytes.
const LABEL_MAX: usize = 40;
const VALUE_MAX: usize = 200;

/// Adds the values whose labels say what they are.
pub(crate) fn labels(text: &str, profile: &Profile, spans: &mut Vec<Span>) {
    let bytes = text.as_bytes();
    for at in memchr::memchr2_iter(b':', b'=', bytes) {
        let next = bytes.get(at + 1);
        let before = at.checked_sub(1).and_then(|before| bytes.get(before));
        if next.is_some_and(|b| b"/:=>".contains(b)) || before.is_some_and(|b| b":=!<>".contains(b))
        {
            continue;
        }
        let Some(label) = label(text, at) else { continue };
        let Some((kind, confidence)) = meaning(label) else { continue };
        if !profile.takes(kind, confidence) {
            continue;
        }
        if let Some(range) = value(text, at, kind) {
            spans.push(Span::new(range, kind, "label", confidence));
        }
    }
}

/// The label that ends at the sign at `sign`.
fn label(text: &str, sign: usize) -> Option<&str> {
    let mut from = sign.saturating_sub(LABEL_MAX);
    while !text.is_char_boundary(from) {
        from += 1;
    }
    let window = text.get(from..sign)?.trim_end_matches([' ', '"', '\'', '*', '`', '\\']);
    let stop = |c: char| "\n\r,;{}|\"'>(&?[]!*`#\t".contains(c);
    let start = window.rfind(stop).map_or(0, |at| at + 1);
    let label = window.get(start..)?.trim_start_matches([' ', '-', '.', '>', '/']);
    let sentence = label.rfind(". ").map_or(0, |at| at + 2);
    let label = label.get(sentence..)?;
    label.chars().any(char::is_alphabetic).then_some(label)
}

/// The kind that a label names, and how sure that is.
fn meaning(label: &str) -> Option<(Kind, u8)> {
    let key = keys::read(label);
    let only = |words: &[&str]| {
        key.words.get(..key.before).unwrap_or_default().iter().all(|w| words.contains(&w.as_str()))
    };
    match key.meaning? {
        Meaning::Is(kind) => Some((kind, 80)),
        Meaning::Name => Some((Kind::Name, 72)),
        // `my name`, `your name`: the words before are not what is named.
        Meaning::Thing if key.words.last().is_some_and(|word| word == "name") => {
            let own = ["my", "your", "his", "her", "the", "s", "is", "and", "name"];
            let words = key.words.get(..key.words.len() - 1)?;
            words.iter().all(|w| own.contains(&w.as_str())).then_some((Kind::Name, 72))
        }
        Meaning::Person if only(&["the", "our", "new", "primary"]) => Some((Kind::Name, 66)),
        _ => None,
    }
}

/// The value behind the sign at `sign`, if it has the form of `kind`.
fn value(text: &str, sign: usize, kind: Kind) -> Option<(usize, usize)> {
    let rest = text.get(sign + 1..)?;
    let gap = rest.len() - rest.trim_start_matches([' ', '\t', '*']).len();
    let mut start = sign + 1 + gap;
    let rest = text.get(start..)?;
    // The value may stand on the next line.
    let below = rest.len() - rest.trim_start_matches(['\r', '\n', ' ']).len();
    let is_below = rest.starts_with(['\r', '\n']);
    if is_below && (kind == Kind::Credential || below > 3) {
        return None;
    }
    if is_below {
        start += below;
    }
    let rest = text.get(start..)?;
    let quote = ['"', '\'', '`'].into_iter().find(|quote| rest.starts_with(*quote));
    let escaped = rest.starts_with("\\\"");
    start += if escaped { 2 } else { usize::from(quote.is_some()) };
    let rest = text.get(start..)?;
    let end = match quote {
        Some(quote) => rest.find([quote, '\n'])?,
        None if escaped => rest.find("\\\"")?,
        None => rest.find(|c: char| ends(c, kind)).unwrap_or(rest.len()),
    };
    let value = rest.get(..end)?;
    let value = value.find("  ").and_then(|gap| value.get(..gap)).unwrap_or(value);
    let value = value.trim_end_matches([' ', '.', ',', ';', '*', ')', '\t', '\r']);
    let is_quoted = quote.is_some() || escaped;
    let length = fitting(value, kind, is_quoted)?;
    Some((start, start + length))
}

/// Whether an unquoted value of this kind ends at `c`.
fn ends(c: char, kind: Kind) -> bool {
    match kind {
        Kind::Credential => c.is_whitespace() || "\"'<>,;&|".contains(c),
        Kind::Address => "\n\r\"<>|;".contains(c),
        _ => "\n\r\"<>|;,&\t".contains(c),
    }
}

/// How much of `value` is of this kind.
fn fitting(value: &str, kind: Kind, is_quoted: bool) -> Option<usize> {
    match kind {
        Kind::Name if is_quoted => shape::fits(kind, value).then_some(value.len()),
        Kind::Name => name(value),
        Kind::Credential => {
            let ordinary = value.bytes().all(|b| b.is_ascii_lowercase())
                && (value.len() < 6 || look_up(value).any(Lex::COMMON));
            let fits = shape::fits(kind, value) && value.len() >= 4 && !ordinary;
            // A token of this system, and a reference to a variable, are no secrets.
            let reference = value.starts_with(['[', '$', '<', '{']);
            (fits && !reference).then_some(value.len())
        }
        // A number of some kind is one run of letters and digits, not the sentence after it.
        Kind::Address | Kind::Place | Kind::Organization | Kind::Text => {
            (value.len() <= VALUE_MAX && shape::fits(kind, value)).then_some(value.len())
        }
        // What has a form of its own is found by it, and more exactly.
        Kind::Email
        | Kind::Url
        | Kind::Ip
        | Kind::Mac
        | Kind::Wallet
        | Kind::Date
        | Kind::Phone
        | Kind::CreditCard => None,
        _ => {
            let code = value.split("  ").next().unwrap_or(value);
            let words = code.split(' ').take_while(|word| {
                word.chars().any(|c| c.is_ascii_digit()) || word.chars().all(char::is_uppercase)
            });
            let length = words.map(|word| word.len() + 1).sum::<usize>().checked_sub(1)?;
            let code = code.get(..length)?;
            shape::fits(kind, code).then_some(length)
        }
    }
}

/// How much of an unquoted value is a name: its first words with capitals.
fn name(value: &str) -> Option<usize> {
    let mut length = 0;
    for (count, word) in value.split(' ').enumerate() {
        let first = word.chars().next()?;
        let particle = count > 0 && look_up(word).any(Lex::PARTICLE);
        if count >= 5 || !(first.is_uppercase() || particle || is_caseless(first)) {
            break;
        }
        length += word.len() + usize::from(count > 0);
        if word.ends_with([',', ';']) {
            break;
        }
    }
    let name = value.get(..length)?.trim_end_matches([',', '.', ' ', ':']);
    let first = name.split([' ', '-', '\'']).next()?;
    let lex = look_up(first);
    let ordinary = lex.any(Lex::COMMON.or(Lex::ORG)) && !lex.any(Lex::GIVEN.or(Lex::FAMILY));
    (shape::fits(Kind::Name, name) && !ordinary).then_some(name.len())
}

fn is_caseless(c: char) -> bool {
    c.is_alphabetic() && !c.is_lowercase()
}
