//! Dates, dates of birth, and ages over 89.

use super::number::Group;
use crate::{
    Kind,
    context::Context,
    lexicon::Lex,
    span::Span,
    tokens::{Shape, Token},
};

/// Whether a group of numbers is a date: `1980-01-31`, `31.1.1980`, `1/31/80`.
pub(crate) fn is_date(group: &Group, bytes: &[u8]) -> bool {
    let [a, b, c, ..] = group.parts.as_slice() else { return false };
    if bytes.get(a.1) != bytes.get(b.1) || !matches!(bytes.get(a.1), Some(b'-' | b'.' | b'/')) {
        return false;
    }
    let lengths = [a, b, c].map(|(start, end)| end - start);
    let value = |part: &(usize, usize)| {
        let digits = bytes.get(part.0..part.1).unwrap_or_default();
        digits.iter().take(9).fold(0_u32, |n, d| n * 10 + u32::from(d.saturating_sub(b'0')))
    };
    is_day(lengths, [value(a), value(b), value(c)])
}

fn is_day(lengths: [usize; 3], values: [u32; 3]) -> bool {
    let month_and_day = |one: u32, other: u32| {
        (1..=31).contains(&one) && (1..=31).contains(&other) && (one <= 12 || other <= 12)
    };
    let year = |value: u32| (1800..=2200).contains(&value);
    match lengths {
        [4, 1..=2, 1..=2] => year(values[0]) && month_and_day(values[1], values[2]),
        [1..=2, 1..=2, 4] => year(values[2]) && month_and_day(values[0], values[1]),
        [1..=2, 1..=2, 2] => month_and_day(values[0], values[1]),
        _ => false,
    }
}

/// Adds the dates among `tokens`, those of birth by what is said before them, and ages over 89.
pub(crate) fn dates(text: &str, tokens: &[Token], key: &Context, spans: &mut Vec<Span>) {
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        let found = match token.shape {
            Shape::Digits => numeric(text, tokens, at).or_else(|| day_month(text, tokens, at)),
            _ if token.lex.any(Lex::MONTH) => month_day(text, tokens, at),
            _ => None,
        };
        let Some(count) = found else {
            if token.shape == Shape::Digits {
                age(text, tokens, at, key, spans);
            }
            at += 1;
            continue;
        };
        let last = tokens.get(at + count - 1).unwrap_or(token);
        let end = with_time(text, last.end);
        let context = Context::before(text, token.start).with_key(key);
        let (kind, confidence) =
            if context.says(Kind::BirthDate) { (Kind::BirthDate, 92) } else { (Kind::Date, 80) };
        spans.push(Span::new((token.start, end), kind, "date", confidence));
        at += count;
    }
}

/// `1980-01-31`, as five tokens.
fn numeric(text: &str, tokens: &[Token], at: usize) -> Option<usize> {
    let part = tokens.get(at..at + 5)?;
    let sign = part[1].shape;
    let joined = part.windows(2).all(|pair| pair[0].touches(&pair[1]));
    let signs = matches!(sign, Shape::Sign(b'-' | b'.' | b'/')) && part[3].shape == sign;
    // `2024-01-31T10:00` is one word from the day on.
    let day = part[4].text(text);
    let day = day.split(['T', 't']).next().unwrap_or(day);
    let numbers = [part[0].text(text), part[2].text(text), day];
    let digits = numbers.iter().all(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()));
    if !joined || !signs || !digits {
        return None;
    }
    let values = numbers.map(|number| number.parse().unwrap_or(0));
    is_day(numbers.map(str::len), values).then_some(5)
}

/// `31 January 1980`, `31. Jan`, `31st of January, 1980`.
fn day_month(text: &str, tokens: &[Token], at: usize) -> Option<usize> {
    let day: u32 = tokens.get(at)?.text(text).parse().ok()?;
    if !(1..=31).contains(&day) {
        return None;
    }
    let mut next = at + 1;
    while tokens.get(next).is_some_and(|t| t.is_sign(b'.') || t.is_sign(b'-') || is_filler(t, text))
    {
        next += 1;
    }
    let month = tokens.get(next).filter(|t| t.lex.any(Lex::MONTH) && next - at <= 3)?;
    // `5 may` is seldom the month where it is not written so.
    if month.shape == Shape::Lower && matches!(month.text(text), "may" | "march" | "mar" | "sept") {
        return None;
    }
    Some(year(text, tokens, next + 1).unwrap_or(next + 1) - at)
}

fn is_filler(token: &Token, text: &str) -> bool {
    matches!(token.text(text), "of" | "de" | "st" | "nd" | "rd" | "th")
}

/// `January 31, 1980`, `Jan 1980`.
fn month_day(text: &str, tokens: &[Token], at: usize) -> Option<usize> {
    if !tokens.get(at)?.is_capital() {
        return None;
    }
    let mut next = at + 1;
    if tokens.get(next).is_some_and(|t| t.is_sign(b'.') || t.is_sign(b'-')) {
        next += 1;
    }
    let first = tokens.get(next)?;
    let number = first.text(text).trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let value: u32 = number.parse().ok()?;
    match (number.len(), value) {
        (4, 1800..=2200) => Some(next + 1 - at),
        (1..=2, 1..=31) => Some(year(text, tokens, next + 1).unwrap_or(next + 1) - at),
        _ => None,
    }
}

/// Where a year ends that may stand behind a comma or a sign.
fn year(text: &str, tokens: &[Token], mut at: usize) -> Option<usize> {
    while tokens
        .get(at)
        .is_some_and(|t| matches!(t.shape, Shape::Sign(b',' | b'.' | b'-')) || is_filler(t, text))
    {
        at += 1;
    }
    let value: u32 = tokens.get(at)?.text(text).parse().ok()?;
    (1800..=2200).contains(&value).then_some(at + 1)
}

/// Where the time of day ends that may follow a date.
fn with_time(text: &str, end: usize) -> usize {
    let bytes = text.as_bytes();
    let rest = bytes.get(end..bytes.len().min(end + 40)).unwrap_or_default();
    let gap = usize::from(matches!(rest.first(), Some(b' ' | b'T')));
    let time = rest.get(gap..).unwrap_or_default();
    let clock = time.iter().take_while(|b| b.is_ascii_digit() || b":.+-Z".contains(b)).count();
    if !time.get(..clock).unwrap_or_default().contains(&b':') {
        return end;
    }
    let mut end = end + gap + clock;
    while end > 0 && matches!(bytes.get(end - 1), Some(b'.' | b':' | b'-' | b'+')) {
        end -= 1;
    }
    end
}

/// Adds an age over 89: `92 years old`, `aged 95`, `a 90-year-old`.
fn age(text: &str, tokens: &[Token], at: usize, key: &Context, spans: &mut Vec<Span>) {
    let token = &tokens[at];
    let Ok(years) = token.text(text).parse::<u32>() else { return };
    if !(90..=130).contains(&years) {
        return;
    }
    let mut after = tokens.get(at + 1..).unwrap_or_default().iter().filter(|t| !t.is_sign(b'-'));
    let first = after.next().map_or("", |t| t.text(text));
    let second = after.next().map_or("", |t| t.text(text));
    let follows =
        matches!(
            (first, second),
            ("year" | "years" | "yr" | "yrs" | "y", "old" | "o" | "of" | ".")
                | ("yo" | "y" | "Jahre", _)
        ) || (matches!(first, "year" | "years") && !second.is_empty() && second.starts_with("ol"));
    let context = Context::before(text, token.start).with_key(key);
    let said = context
        .nearest()
        .is_some_and(|(said, far)| said == crate::context::Said::Is(Kind::Age) && far <= 8);
    let turned = at > 0 && matches!(tokens[at - 1].text(text), "turned" | "turning" | "turns");
    if follows || said || turned {
        spans.push(Span::new((token.start, token.end), Kind::Age, "age", 85));
    }
}
