//! Text as the recognisers read it: invisible characters gone, digits and signs plain.
//!
//! What is written so as not to be found (`jo\u{200b}hn@x.com`, full-width digits, `&#64;`,
//! `%40`) is found all the same, because every recogniser sees the folded text only. A map leads
//! back to where each byte stood.

use std::borrow::Cow;

/// A text, folded.
#[derive(Debug)]
pub(crate) struct Folded<'a> {
    pub(crate) text: Cow<'a, str>,
    /// Where each byte of `text` begins in the original, and the original's length at the end;
    /// empty where nothing was folded.
    map: Vec<u32>,
}

impl Folded<'_> {
    /// The range of the original that `start..end` of the folded text stands for.
    pub(crate) fn original(&self, start: usize, end: usize) -> (usize, usize) {
        if self.map.is_empty() {
            return (start, end);
        }
        let last = self.map.len() - 1;
        let begin = self.map[start.min(last)] as usize;
        (begin, (self.map[end.min(last)] as usize).max(begin))
    }
}

/// Folds `text`; where there is nothing to fold, it is borrowed.
pub(crate) fn fold(text: &str) -> Folded<'_> {
    let bytes = text.as_bytes();
    let Some(first) = first_suspect(bytes) else {
        return Folded { text: Cow::Borrowed(text), map: Vec::new() };
    };
    let mut out = String::with_capacity(text.len());
    let mut map = Vec::with_capacity(text.len() + 1);
    let mut changed = false;
    // A suspect may be the second byte of nothing: go back to where a character begins.
    let mut at = (0..=first).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    out.push_str(&text[..at]);
    map.extend((0..at).map(position));
    while at < bytes.len() {
        let Some(c) = text[at..].chars().next() else { break };
        let (folded, length) = match escape(&bytes[at..]) {
            Some((c, length)) => (plain(c), length),
            None => (plain(c), c.len_utf8()),
        };
        changed |= folded != Some(c) || length != c.len_utf8();
        if let Some(c) = folded {
            out.push(c);
            map.extend(std::iter::repeat_n(position(at), c.len_utf8()));
        }
        at += length;
    }
    if !changed {
        return Folded { text: Cow::Borrowed(text), map: Vec::new() };
    }
    map.push(position(bytes.len()));
    Folded { text: Cow::Owned(out), map }
}

/// Texts are at most [`crate::TEXT_BYTES_MAX`] long.
fn position(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

/// The first byte that something to fold can begin with: a control character, `&`, `%`, `\`, or
/// the lead bytes of what [`plain`] changes.
fn first_suspect(bytes: &[u8]) -> Option<usize> {
    bytes.iter().position(|byte| SUSPECT[usize::from(*byte)])
}

const SUSPECT: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        let control = byte < 0x20 && byte != 9 && byte != 10 && byte != 13;
        let lead =
            matches!(byte, 0xc2 | 0xca | 0xcd | 0xd9 | 0xda | 0xdb | 0xe0..=0xe3 | 0xef | 0xf0);
        let escape = matches!(byte, 0x25 | 0x26 | 0x5c | 0x7f);
        table[byte] = control || lead || escape;
        byte += 1;
    }
    table
};

/// The character that an escape at the start of `bytes` stands for, and the escape's length.
fn escape(bytes: &[u8]) -> Option<(char, usize)> {
    match bytes.first()? {
        b'%' => {
            let code = hex(bytes.get(1..3)?)?;
            // Only what joins the parts of something: `%20` in `100%20` stays as it is.
            let c = char::from_u32(code).filter(|c| "@+:/ .-".contains(*c))?;
            Some((c, 3))
        }
        b'\\' => {
            let code = hex(bytes.get(2..6).filter(|_| bytes.get(1) == Some(&b'u'))?)?;
            char::from_u32(code).map(|c| (c, 6))
        }
        b'&' => entity(bytes),
        _ => None,
    }
}

fn entity(bytes: &[u8]) -> Option<(char, usize)> {
    const NAMED: [(&str, char); 12] = [
        ("commat", '@'),
        ("nbsp", ' '),
        ("period", '.'),
        ("amp", '&'),
        ("lt", '<'),
        ("gt", '>'),
        ("quot", '"'),
        ("apos", '\''),
        ("hyphen", '-'),
        ("shy", '\u{ad}'),
        ("plus", '+'),
        ("colon", ':'),
    ];
    let end = bytes.iter().take(10).position(|byte| *byte == b';')?;
    let name = std::str::from_utf8(&bytes[1..end]).ok()?;
    let c = if let Some(number) = name.strip_prefix('#') {
        let code = match number.strip_prefix(['x', 'X']) {
            Some(digits) => hex(digits.as_bytes())?,
            None => number.parse().ok()?,
        };
        char::from_u32(code)?
    } else {
        NAMED.iter().find(|(known, _)| *known == name)?.1
    };
    Some((c, end + 1))
}

fn hex(digits: &[u8]) -> Option<u32> {
    if digits.is_empty() || digits.len() > 6 {
        return None;
    }
    digits
        .iter()
        .try_fold(0_u32, |value, digit| Some(value * 16 + char::from(*digit).to_digit(16)?))
}

/// The plain form of a character; `None` for what is not seen.
fn plain(c: char) -> Option<char> {
    let code = u32::from(c);
    let digit = |zero: u32| char::from_digit((code - zero) % 10, 10);
    Some(match c {
        '\t' | '\n' | '\r' | ' '..='~' => c,
        '\0'..='\u{1f}'
        | '\u{7f}'
        | '\u{ad}'
        | '\u{34f}'
        | '\u{200b}'..='\u{200f}'
        | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{feff}'
        | '\u{fe00}'..='\u{fe0f}'
        | '\u{e0000}'..='\u{e007f}' => return None,
        '\u{a0}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{205f}' | '\u{3000}' => ' ',
        '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{fe58}' | '\u{fe63}' => '-',
        '\u{2018}' | '\u{2019}' | '\u{201b}' | '\u{2bc}' => '\'',
        '\u{660}'..='\u{669}' => digit(0x660)?,
        '\u{6f0}'..='\u{6f9}' => digit(0x6f0)?,
        '\u{966}'..='\u{96f}' => digit(0x966)?,
        '\u{1d7ce}'..='\u{1d7ff}' => digit(0x1d7ce)?,
        '\u{1d400}'..='\u{1d6a3}' => {
            let letter = (code - 0x1d400) % 52;
            let first = if letter < 26 { 'A' } else { 'a' };
            char::from_u32(u32::from(first) + letter % 26)?
        }
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(code - 0xfee0)?,
        '\u{fe6b}' => '@',
        '\u{2024}' | '\u{3002}' | '\u{ff61}' => '.',
        _ => c,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        let folded = fold(text);
        assert_eq!(folded.text, expected);
        assert_eq!(folded.original(0, folded.text.len()), (0, text.len()));
    }

    #[test]
    fn what_hides_is_made_plain() {
        check("jo\u{200b}hn@x.com", "john@x.com");
        check("４１１１ 1111", "4111 1111");
        check("٠٤٩٠", "0490");
        check("john&#64;x&period;com", "john@x.com");
        check("john%40x.com", "john@x.com");
        check("john\\u0040x.com", "john@x.com");
        check("j\0o\0", "jo");
        check("𝐉𝐨𝐡𝐧", "John");
        check("100%20", "100 ");
        check("Zoë & Søren\u{a0}D’Arc", "Zoë & Søren D'Arc");
        check("plain", "plain");
        check("50% \\d &c; &#xfffffff;", "50% \\d &c; &#xfffffff;");
    }

    #[test]
    fn ranges_lead_back() {
        let text = "é jo\u{200b}hn&#64;x.com!";
        let folded = fold(text);
        let start = folded.text.find("john").unwrap();
        let (start, end) = folded.original(start, start + "john@x.com".len());
        assert_eq!(&text[start..end], "jo\u{200b}hn&#64;x.com");
    }
}
