//! Numbers: cards, accounts, and the numbers that states, clinics and insurers give.
//!
//! A text's numbers are grouped once (`4111 1111 1111 1111` is one group of four parts), and each
//! group is judged by its checksum, its form, and what is said before it.

use super::{fiscal::codice_fiscale, phone};
use crate::{
    Kind,
    context::{Context, Heard, Said},
    span::Span,
};

/// The most parts and bytes of one group.
const PARTS_MAX: usize = 12;
const GROUP_BYTES_MAX: usize = 48;

/// Digits with single separators between them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Group {
    pub(crate) start: usize,
    pub(crate) end: usize,
    /// The runs of digits.
    pub(crate) parts: Vec<(usize, usize)>,
    /// All digits, joined.
    pub(crate) digits: Vec<u8>,
    /// Whether letters stand close, as in `ORD-1234-5678` or a UUID.
    pub(crate) in_code: bool,
}

impl Group {
    /// The digits of these parts, and their range.
    fn cut(&self, from: usize, to: usize) -> Option<((usize, usize), &[u8])> {
        let count = |parts: &[(usize, usize)]| parts.iter().map(|(s, e)| e - s).sum::<usize>();
        let skipped = count(self.parts.get(..from)?);
        let taken = count(self.parts.get(from..to)?);
        let range = (self.parts.get(from)?.0, self.parts.get(to.checked_sub(1)?)?.1);
        Some((range, self.digits.get(skipped..skipped + taken)?))
    }

    /// The lengths of the parts.
    pub(crate) fn lengths(&self) -> Vec<usize> {
        self.parts.iter().map(|(start, end)| end - start).collect()
    }

    /// The one separator between all parts; `None` where they differ or there is none.
    pub(crate) fn separator(&self, bytes: &[u8]) -> Option<u8> {
        let mut between = self.parts.windows(2).map(|pair| bytes.get(pair[0].1..pair[1].0));
        let first = between.next()??;
        let [separator] = first else { return None };
        between.all(|next| next == Some(first)).then_some(*separator)
    }
}

/// Calls `each` with every group of at least four digits.
pub(crate) fn groups(text: &str, mut each: impl FnMut(&Group)) {
    let bytes = text.as_bytes();
    let mut at = 0;
    let mut group = Group::default();
    while let Some(digit) = bytes.get(at..).and_then(|r| r.iter().position(u8::is_ascii_digit)) {
        let start = at + digit;
        at = read_group(bytes, start, &mut group);
        if group.digits.len() >= 4 {
            each(&group);
        }
    }
}

/// Reads the group whose first digit is at `start`, and says where to go on.
fn read_group(bytes: &[u8], start: usize, group: &mut Group) -> usize {
    group.parts.clear();
    group.digits.clear();
    group.start = opening(bytes, start);
    let before = group.start.checked_sub(1).and_then(|at| bytes.get(at));
    let word = |b: &u8| b.is_ascii_alphanumeric() || *b == b'_' || *b >= 0xc3;
    group.in_code = before.is_some_and(word) || hangs_on_word_before(bytes, group.start);
    let mut at = start;
    loop {
        let length = bytes[at..].iter().take_while(|b| b.is_ascii_digit()).count();
        let end = at + length;
        // `555-0100x12`: an extension is no part of a word.
        let extended = matches!(bytes.get(end), Some(b'x' | b'X' | b'e'))
            && group.parts.len() >= 2
            && bytes.get(end + 1).is_some_and(|b| b.is_ascii_digit() || *b == b'x');
        if bytes.get(end).is_some_and(word) && !extended {
            // `12ab`: these digits are a part of a word, and what led to them led to a word.
            group.in_code |= group.parts.is_empty() || bytes.get(at - 1) == Some(&b'-');
            if group.parts.is_empty() {
                group.parts.push((at, end));
                group.digits.clear();
            }
            group.end = group.parts.last().map_or(end, |part| part.1);
            return end;
        }
        group.parts.push((at, end));
        group.digits.extend_from_slice(&bytes[at..end]);
        group.end = end;
        let next = after_separator(bytes, end);
        let full = group.parts.len() >= PARTS_MAX || end - group.start > GROUP_BYTES_MAX;
        match next {
            Some(next) if !full => at = next,
            _ => {
                group.in_code |= hangs_on_word_after(bytes, end);
                return end;
            }
        }
    }
}

/// Where the group begins that has its first digit at `start`: `+` and `(` belong to it.
fn opening(bytes: &[u8], start: usize) -> usize {
    let mut at = start;
    while let Some(b'+' | b'(') = at.checked_sub(1).and_then(|before| bytes.get(before)) {
        at -= 1;
        if start - at == 3 {
            break;
        }
    }
    at
}

/// The next digit, if only a separator lies between.
fn after_separator(bytes: &[u8], end: usize) -> Option<usize> {
    let rest = bytes.get(end..bytes.len().min(end + 4))?;
    let length = rest.iter().position(u8::is_ascii_digit)?;
    let separators = rest.get(..length)?;
    let known = matches!(
        separators,
        b" " | b"-"
            | b"."
            | b"/"
            | b" ("
            | b") "
            | b")"
            | b"("
            | b"-("
            | b")-"
            | b" - "
            | b". "
            | b" / "
            | b"  "
    );
    known.then_some(end + length)
}

/// Whether `-` or `_` and a letter lead to the group: `ORD-1234`.
fn hangs_on_word_before(bytes: &[u8], start: usize) -> bool {
    let Some(sign) = start.checked_sub(1) else { return false };
    let letter = sign.checked_sub(1).and_then(|at| bytes.get(at));
    matches!(bytes.get(sign), Some(b'-' | b'_' | b'#' | b'/'))
        && letter.is_some_and(u8::is_ascii_alphabetic)
}

/// Whether `-` and a letter follow: `1234-AB`.
fn hangs_on_word_after(bytes: &[u8], end: usize) -> bool {
    matches!(bytes.get(end), Some(b'-' | b'_'))
        && bytes.get(end + 1).is_some_and(u8::is_ascii_alphabetic)
}

/// Adds what one group is.
pub(crate) fn numbers(text: &str, group: &Group, key: &Heard<'_>, spans: &mut Vec<Span>) {
    let context = key.before(text, group.start);
    if card(group, text.as_bytes(), &context, spans) {
        return;
    }
    state_number(text, group, &context, spans);
    phone::phones(text, group, &context, spans);
}

/// A card's number: 12 to 19 digits of a known issuer with a right check digit.
fn card(group: &Group, bytes: &[u8], context: &Context, spans: &mut Vec<Span>) -> bool {
    if group.digits.len() < 12 {
        return false;
    }
    let said = context.says(Kind::CreditCard);
    if group.in_code && !said {
        return false;
    }
    let count = group.parts.len();
    for length in (1..=count).rev() {
        for from in 0..=count - length {
            let Some((range, digits)) = group.cut(from, from + length) else { continue };
            // Where a card is spoken of, its issuer need not be one that is known.
            let length_fits = said && (12..=19).contains(&digits.len());
            let Some(issuer) = issuer(digits).or(length_fits.then_some(Issuer::Other)) else {
                continue;
            };
            if !luhn(digits) {
                continue;
            }
            let grouped = length > 1 && card_grouping(group, from, length, bytes);
            let confidence = match (issuer, length) {
                _ if said => 95,
                _ if context.neutral() && !grouped => 40,
                (Issuer::Major, 1) => 85,
                (Issuer::Major, _) if grouped => 92,
                (Issuer::Other, 1) if digits.len() >= 15 => 65,
                (Issuer::Other, _) if grouped => 70,
                _ => 50,
            };
            spans.push(Span::new(range, Kind::CreditCard, "luhn", confidence));
            return confidence >= 60;
        }
    }
    false
}

/// Whether the parts are grouped as on a card: fours, or 4-6-5 and 4-6-4.
fn card_grouping(group: &Group, from: usize, length: usize, bytes: &[u8]) -> bool {
    let lengths = group.lengths();
    let parts = lengths.get(from..from + length).unwrap_or_default();
    let (Some(last), Some(rest)) = (parts.last(), parts.get(..length - 1)) else { return false };
    let fours = rest.iter().all(|l| *l == 4) && (1..=4).contains(last);
    let even = matches!(group.separator(bytes), Some(b' ' | b'-' | b'.'));
    (fours || parts == [4, 6, 5] || parts == [4, 6, 4]) && even
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Issuer {
    Major,
    Other,
}

/// Whose cards begin so and are as long.
fn issuer(digits: &[u8]) -> Option<Issuer> {
    let prefix = |length: usize| {
        digits.iter().take(length).fold(0_u32, |n, d| n * 10 + u32::from(d.saturating_sub(b'0')))
    };
    let (two, three, four) = (prefix(2), prefix(3), prefix(4));
    let major = match digits.len() {
        13 | 19 => digits[0] == b'4',
        14 => matches!(two, 36 | 38 | 39) || (300..=305).contains(&three),
        15 => matches!(two, 34 | 37) || matches!(four, 2131 | 1800),
        16 => {
            digits[0] == b'4'
                || (51..=55).contains(&two)
                || (2221..=2720).contains(&four)
                || four == 6011
                || two == 65
                || (644..=649).contains(&three)
                || (3528..=3589).contains(&four)
        }
        _ => false,
    };
    if major {
        return Some(Issuer::Major);
    }
    // Maestro, UnionPay and Discover have 12 to 19 digits.
    let other = matches!(two, 35 | 50 | 56..=69) || four == 6011;
    ((12..=19).contains(&digits.len()) && (other || digits[0] == b'4')).then_some(Issuer::Other)
}

/// Whether the last digit is the Luhn check digit of the others.
pub(crate) fn luhn(digits: &[u8]) -> bool {
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(index, digit)| {
            let value = u32::from(digit.saturating_sub(b'0'));
            match index % 2 {
                0 => value,
                _ => value * 2 - if value > 4 { 9 } else { 0 },
            }
        })
        .sum();
    sum.is_multiple_of(10) && digits.iter().any(|digit| *digit != b'0')
}

/// United States social security and taxpayer numbers, and the NHS's.
fn state_number(text: &str, group: &Group, context: &Context, spans: &mut Vec<Span>) {
    let lengths = group.lengths();
    let separator = group.separator(text.as_bytes());
    let range = (group.start, group.end);
    let dashed = lengths == [3, 2, 4] && matches!(separator, Some(b'-'));
    let spaced = lengths == [3, 2, 4] && matches!(separator, Some(b' ' | b'.'));
    let bare = group.digits.len() == 9 && lengths.len() == 1;
    if (dashed || spaced || bare) && !group.in_code {
        let n = |from: usize, to: usize| {
            let digits = group.digits.get(from..to).unwrap_or_default();
            digits.iter().fold(0_u32, |n, d| n * 10 + u32::from(d.saturating_sub(b'0')))
        };
        let (area, middle, serial) = (n(0, 3), n(3, 5), n(5, 9));
        let said = context.is_about(Kind::Ssn) || context.is_about(Kind::Itin);
        let confidence = match () {
            () if said => 96,
            () if dashed && !context.neutral() => 90,
            () if dashed || spaced => 65,
            () => 0,
        };
        let itin = area >= 900 && matches!(middle, 50..=65 | 70..=88 | 90..=92 | 94..=99);
        let ssn = area != 0 && area != 666 && area < 900 && middle != 0 && serial != 0;
        if itin {
            spans.push(Span::new(range, Kind::Itin, "itin", confidence));
        } else if ssn || said {
            spans.push(Span::new(range, Kind::Ssn, "ssn", confidence));
        }
    }
    if group.digits.len() == 10 && context.says(Kind::Nhs) && nhs(&group.digits) {
        spans.push(Span::new(range, Kind::Nhs, "mod11", 96));
    }
}

/// Whether ten digits end in the NHS's check digit.
fn nhs(digits: &[u8]) -> bool {
    let sum: u32 = digits
        .iter()
        .take(9)
        .zip((2..=10).rev())
        .map(|(digit, weight)| u32::from(digit.saturating_sub(b'0')) * weight)
        .sum();
    let check = (11 - sum % 11) % 11;
    digits.last().is_some_and(|last| u32::from(last.saturating_sub(b'0')) == check)
}

/// The kinds that only what is said before them tells, and how many digits each has at least.
const BY_CONTEXT: [(Kind, usize); 13] = [
    (Kind::Passport, 4),
    (Kind::DriverLicence, 3),
    (Kind::Nhs, 9),
    (Kind::MedicalRecord, 3),
    (Kind::HealthPlan, 4),
    (Kind::Account, 5),
    (Kind::NationalId, 4),
    (Kind::Ssn, 9),
    (Kind::Itin, 9),
    (Kind::Licence, 5),
    (Kind::Vehicle, 2),
    (Kind::Device, 8),
    (Kind::Iban, 12),
];

/// How far the words may be from what they speak of, in bytes.
const NEAR: usize = 28;

/// How near they are where nothing but `number is` can lie between.
const CLOSE: usize = 14;

/// Adds what is a number of some kind only because the words before it say so.
///
/// `each` code is a run of capitals and digits, with signs inside: `X12-345 678`.
pub(crate) fn by_context(text: &str, key: &Heard<'_>, spans: &mut Vec<Span>) {
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(digit) = bytes.get(at..).and_then(|r| r.iter().position(u8::is_ascii_digit)) {
        let (start, end) = code_around(bytes, at + digit, at);
        at = end.max(at + digit + 1);
        let code = bytes.get(start..end).unwrap_or_default();
        let digits = code.iter().filter(|b| b.is_ascii_digit()).count();
        if digits < 2 {
            continue;
        }
        if let Some(vin) = vin(code) {
            spans.push(Span::new((start, end), Kind::Vehicle, "vin", vin));
        }
        if let Some(sure) = codice_fiscale(code) {
            spans.push(Span::new((start, end), Kind::NationalId, "codice fiscale", sure));
        }
        let context = key.before(text, start);
        let Some((Said::Is(kind), far)) = context.nearest() else { continue };
        let least = BY_CONTEXT.iter().find(|(known, _)| *known == kind);
        if far <= NEAR && least.is_some_and(|(_, least)| digits >= *least) {
            let confidence = if far <= CLOSE { 89 } else { 75 };
            spans.push(Span::new((start, end), kind, "context", confidence));
        }
    }
}

/// The code that has a digit at `digit`, and does not begin before `floor`.
fn code_around(bytes: &[u8], digit: usize, floor: usize) -> (usize, usize) {
    let inside = |b: &u8| b.is_ascii_alphanumeric() || *b == b'-' || *b == b'/';
    let mut start = digit;
    while start > floor && bytes.get(start - 1).is_some_and(inside) {
        start -= 1;
    }
    let mut end = digit;
    loop {
        end += bytes.get(end..).unwrap_or_default().iter().take_while(|b| inside(b)).count();
        // A space goes on with the code where digits follow: `12 345 678`.
        let next = bytes.get(end + 1).is_some_and(u8::is_ascii_digit);
        if bytes.get(end) != Some(&b' ') || !next || end - start > GROUP_BYTES_MAX {
            break;
        }
        end += 1;
    }
    while end > start && !bytes.get(end - 1).is_some_and(u8::is_ascii_alphanumeric) {
        end -= 1;
    }
    while start < end && !bytes.get(start).is_some_and(u8::is_ascii_alphanumeric) {
        start += 1;
    }
    (start, end)
}

/// How sure these 17 letters and digits are a vehicle's number, by the check digit.
fn vin(code: &[u8]) -> Option<u8> {
    const WEIGHTS: [u32; 17] = [8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2];
    if code.len() != 17 || !code.iter().any(u8::is_ascii_uppercase) {
        return None;
    }
    let mut sum = 0;
    for (byte, weight) in code.iter().zip(WEIGHTS) {
        let value = match byte {
            b'0'..=b'9' => u32::from(byte - b'0'),
            b'A'..=b'H' => u32::from(byte - b'A') + 1,
            b'J'..=b'N' => u32::from(byte - b'J') + 1,
            b'P' => 7,
            b'R' => 9,
            b'S'..=b'Z' => u32::from(byte - b'S') + 2,
            _ => return None,
        };
        sum += value * weight;
    }
    let check = match sum % 11 {
        10 => b'X',
        digit => b'0' + u8::try_from(digit).ok()?,
    };
    (code.get(8) == Some(&check)).then_some(82)
}

/// How long a country's IBAN is.
const IBAN_LENGTHS: &str = "AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BR29 BY28 CH21 CR22 CY28 \
    CZ24 DE22 DK18 DO28 EE20 EG29 ES24 FI18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HR21 HU28 \
    IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 LB28 LC32 LI21 LT20 LU20 LV21 LY25 MC27 MD24 ME22 \
    MK19 MR27 MT31 MU30 NL18 NO15 PK24 PL28 PS29 PT25 QA29 RO24 RS22 SA24 SC31 SE24 SI19 SK24 \
    SM27 ST25 SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20";

/// Adds the IBANs: a country, two check digits, and as much as the country's law says.
pub(crate) fn ibans(text: &str, spans: &mut Vec<Span>) {
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(window) = bytes.get(at..at + 4) {
        let head = window[0].is_ascii_alphabetic()
            && window[1].is_ascii_alphabetic()
            && window[2].is_ascii_digit()
            && window[3].is_ascii_digit();
        let alone = at == 0 || !bytes[at - 1].is_ascii_alphanumeric();
        if !head || !alone {
            at += 1;
            continue;
        }
        match iban(bytes, at) {
            Some(end) => {
                spans.push(Span::new((at, end), Kind::Iban, "mod97", 97));
                at = end;
            }
            None => at += 4,
        }
    }
}

/// Where the IBAN that begins at `start` ends.
fn iban(bytes: &[u8], start: usize) -> Option<usize> {
    let country = bytes.get(start..start + 2)?.to_ascii_uppercase();
    let entry = IBAN_LENGTHS
        .split_ascii_whitespace()
        .find(|entry| entry.as_bytes().get(..2) == Some(&country))?;
    let length: usize = entry.get(2..)?.parse().ok()?;
    let mut compact = Vec::with_capacity(length);
    let mut at = start;
    while compact.len() < length {
        let byte = *bytes.get(at)?;
        if byte.is_ascii_alphanumeric() {
            compact.push(byte.to_ascii_uppercase());
        } else if !matches!(byte, b' ' | b'-' | b'.') || !bytes[at - 1].is_ascii_alphanumeric() {
            return None;
        }
        at += 1;
    }
    if bytes.get(at).is_some_and(u8::is_ascii_alphanumeric) {
        return None;
    }
    compact.rotate_left(4);
    let remainder = compact.iter().fold(0_u32, |n, byte| match byte {
        b'0'..=b'9' => (n * 10 + u32::from(byte - b'0')) % 97,
        _ => (n * 100 + u32::from(byte - b'A') + 10) % 97,
    });
    (remainder == 1).then_some(at)
}
