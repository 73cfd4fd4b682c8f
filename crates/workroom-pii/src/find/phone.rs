//! Telephone numbers: international ones by the numbering plans, national ones by how they are
//! written and what is said before them.
//!
//! The plans' data is large and its patterns slow, so only what looks like a number gets there.

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex, PoisonError};

use phonenumber::country::Id;

use super::{date, number::Group};
use crate::{Kind, context::Context, span::Span};

/// The most digits of a number, by E.164, and of one with a carrier's prefix.
const DIGITS_MAX: usize = 17;

/// Adds the telephone numbers of a group.
pub(crate) fn phones(text: &str, group: &Group, context: &Context, spans: &mut Vec<Span>) {
    let bytes = text.as_bytes();
    let count = group.digits.len();
    if !(6..=DIGITS_MAX).contains(&count) {
        return;
    }
    let said = context.is_about(Kind::Phone);
    if group.in_code && !said {
        return;
    }
    let range = (group.start, with_extension(bytes, group.end));
    let plus = bytes.get(group.start..group.end).is_some_and(|g| g.contains(&b'+'));
    let confidence = if plus || group.digits.starts_with(b"00") && group.parts.len() > 1 {
        international(&group.digits, said)
    } else {
        national(group, bytes, said, context)
    };
    if confidence > 0 {
        spans.push(Span::new(range, Kind::Phone, "phone", confidence));
    }
}

/// How sure a number that begins with a country code is one.
fn international(digits: &[u8], said: bool) -> u8 {
    let digits = digits.strip_prefix(b"00").unwrap_or(digits);
    let valid = plan_accepts(digits, None)
        // `+44 (0)20 …`: the zero is not dialled from abroad.
        || (1..=3).any(|code| {
            digits.get(code) == Some(&b'0')
                && plan_accepts(&[&digits[..code], &digits[code + 1..]].concat(), None)
        });
    match (valid, said) {
        (true, _) => 95,
        (false, true) => 80,
        // A reserved or unassigned number is a number too, as those of examples are.
        (false, false) if (8..=15).contains(&digits.len()) => 70,
        _ => 0,
    }
}

/// How sure a number without a country code is one.
fn national(group: &Group, bytes: &[u8], said: bool, context: &Context) -> u8 {
    let digits = &group.digits;
    let lengths = group.lengths();
    let separator = group.separator(bytes);
    if date::is_date(group, bytes) || is_address(&lengths, separator) {
        return 0;
    }
    if said {
        return if (6..=15).contains(&digits.len()) && lengths.iter().all(|l| *l <= 15) {
            88
        } else {
            0
        };
    }
    if context.neutral() || context.speaks_of_another(Kind::Phone) {
        return 0;
    }
    let parenthesis = bytes.get(group.start) == Some(&b'(');
    match lengths.as_slice() {
        // (212) 555-0100, 212-555-0100, 212.555.0100, 1-212-555-0100
        [3, 3, 4] | [1, 3, 3, 4] if north_american(digits) => match separator {
            _ if parenthesis => 92,
            Some(b'-' | b'.') => 88,
            _ => 80,
        },
        [3, 7] if parenthesis && north_american(digits) => 85,
        // 2125550100, only where the plan knows the area
        [10] if north_american(digits) && plan_accepts(digits, Some(Id::US)) => 62,
        [10 | 11] if digits[0] == b'0' && european(digits) => 64,
        [_, _, ..] if digits[0] == b'0' && (9..=12).contains(&digits.len()) => {
            let even = !matches!(separator, Some(b'/')) || lengths.len() == 2;
            if even && european(digits) { 82 } else { 62 }
        }
        // 60-56-85-91, 12 34 56 78: pairs, as in France and the north
        pairs if (4..=5).contains(&pairs.len()) && pairs.iter().all(|l| *l == 2) => {
            if matches!(separator, Some(b'-' | b' ' | b'.')) { 66 } else { 0 }
        }
        [3, 3, 3] if separator == Some(b' ') => 62,
        [3, 2 | 3, 2, 2] | [2, 3, 2, 2] if separator.is_some() => 64,
        [3 | 2, 4, 4] if separator == Some(b'-') || parenthesis => 68,
        _ if parenthesis && (8..=12).contains(&digits.len()) => 66,
        _ => 0,
    }
}

/// `192.168.1.1` and other runs of octets.
fn is_address(lengths: &[usize], separator: Option<u8>) -> bool {
    separator == Some(b'.') && lengths.len() == 4 && lengths.contains(&1)
}

/// Whether area code and exchange may be of the North American plan.
fn north_american(digits: &[u8]) -> bool {
    let digits = match digits {
        [b'1', rest @ ..] if rest.len() == 10 => rest,
        _ => digits,
    };
    matches!(digits, [b'2'..=b'9', _, _, b'2'..=b'9', ..] if digits.len() == 10)
}

/// Whether a plan of western Europe knows the number.
fn european(digits: &[u8]) -> bool {
    const REGIONS: [Id; 8] = [Id::GB, Id::DE, Id::FR, Id::BE, Id::NL, Id::CH, Id::AT, Id::IT];
    REGIONS.into_iter().any(|region| plan_accepts(digits, Some(region)))
}

/// The answers that are kept: each costs microseconds, and tables repeat.
const KEPT_MAX: usize = 4_096;

type Kept = HashMap<(u64, u16), bool>;

static KEPT: LazyLock<Mutex<Kept>> = LazyLock::new(Mutex::default);

/// Whether the numbering plans know these digits, in this region or with their country code.
fn plan_accepts(digits: &[u8], region: Option<Id>) -> bool {
    let Ok(digits) = std::str::from_utf8(digits) else { return false };
    let Ok(number) = format!("1{digits}").parse::<u64>() else { return false };
    let key = (number, region.map_or(u16::MAX, |region| region as u16));
    if let Some(known) = KEPT.lock().unwrap_or_else(PoisonError::into_inner).get(&key) {
        return *known;
    }
    let written = if region.is_some() { digits.to_owned() } else { format!("+{digits}") };
    let accepted = phonenumber::parse(region, written).is_ok_and(|number| number.is_valid());
    let mut kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
    if kept.len() >= KEPT_MAX {
        kept.clear();
    }
    kept.insert(key, accepted);
    accepted
}

/// Where the number ends if `ext. 123` or `x123` follows.
fn with_extension(bytes: &[u8], end: usize) -> usize {
    let rest = bytes.get(end..bytes.len().min(end + 16)).unwrap_or_default();
    let spaces = rest.iter().take_while(|b| **b == b' ' || **b == b',').count();
    let after = rest.get(spaces..).unwrap_or_default();
    let words: [&[u8]; 6] = [b"extension", b"ext.", b"ext", b"x.", b"x", b"#"];
    let lower = after.to_ascii_lowercase();
    let Some(word) = words.into_iter().find(|word| lower.starts_with(word)) else { return end };
    let tail = after.get(word.len()..).unwrap_or_default();
    let gap = tail.iter().take_while(|b| **b == b' ').count();
    let digits = tail.get(gap..).unwrap_or_default().iter().take_while(|b| b.is_ascii_digit());
    match digits.count() {
        length @ 1..=6 => end + spaces + word.len() + gap + length,
        _ => end,
    }
}
