//! A text as words, numbers and signs, each with its place.

use crate::lexicon::{Lex, look_up};

/// A word, a number, a sign or the end of a line. Spaces are what lies between two.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Token {
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) shape: Shape,
    /// What a word may be; empty for what is no word.
    pub(crate) lex: Lex,
}

/// What a token looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// `word`
    Lower,
    /// `Word`
    Title,
    /// `WORD`; one letter too
    Upper,
    /// `McDonald`
    Mixed,
    /// Letters without case
    Letters,
    /// `1234`
    Digits,
    /// `a1b2`: letters and digits or underscores in one
    Code,
    /// A sign
    Sign(u8),
    /// The end of a line
    Line,
}

impl Token {
    /// Whether it is a word that begins with a capital, or has no case.
    pub(crate) fn is_capital(&self) -> bool {
        matches!(self.shape, Shape::Title | Shape::Upper | Shape::Mixed)
    }

    pub(crate) fn is_word(&self) -> bool {
        self.is_capital() || matches!(self.shape, Shape::Lower | Shape::Letters)
    }

    pub(crate) fn is_sign(&self, sign: u8) -> bool {
        self.shape == Shape::Sign(sign)
    }

    pub(crate) fn text<'t>(&self, text: &'t str) -> &'t str {
        text.get(self.start..self.end).unwrap_or_default()
    }

    /// Whether nothing lies between this token and the next.
    pub(crate) fn touches(&self, next: &Token) -> bool {
        self.end == next.start
    }
}

/// The tokens of `text`, in order, into `tokens`.
pub(crate) fn tokenize(text: &str, tokens: &mut Vec<Token>) {
    tokens.clear();
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let start = at;
        match byte {
            b' ' | b'\t' | b'\r' => {
                at += 1;
            }
            b'\n' => {
                at += 1;
                tokens.push(Token { start, end: at, shape: Shape::Line, lex: Lex::default() });
            }
            _ if byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80 => {
                let (end, shape) = word(text, start);
                at = end;
                let lex = match shape {
                    Shape::Digits | Shape::Code | Shape::Sign(_) | Shape::Line => Lex::default(),
                    _ => look_up(text.get(start..end).unwrap_or_default()),
                };
                tokens.push(Token { start, end, shape, lex });
            }
            sign => {
                at += 1;
                let shape = Shape::Sign(sign);
                tokens.push(Token { start, end: at, shape, lex: Lex::default() });
            }
        }
    }
}

/// Where the word that begins at `start` ends, and what it looks like.
fn word(text: &str, start: usize) -> (usize, Shape) {
    let bytes = text.as_bytes();
    let (mut letters, mut uppers, mut lowers, mut digits) = (0_u32, 0_u32, 0_u32, 0_u32);
    let mut other = 0_u32;
    let mut first_is_upper = false;
    let mut at = start;
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'a'..=b'z' => lowers += 1,
            b'A'..=b'Z' => {
                first_is_upper |= at == start;
                uppers += 1;
            }
            b'0'..=b'9' => digits += 1,
            b'_' => other += 1,
            _ if byte < 0x80 => break,
            _ => {
                let Some(c) = text.get(at..).and_then(|rest| rest.chars().next()) else { break };
                let mark = matches!(c, '\u{300}'..='\u{36f}');
                if c.is_uppercase() {
                    first_is_upper |= at == start;
                    uppers += 1;
                } else if c.is_lowercase() {
                    lowers += 1;
                } else if c.is_alphabetic() {
                    letters += 1;
                } else if !mark || at == start {
                    if at == start {
                        return (start + c.len_utf8(), Shape::Sign(0));
                    }
                    break;
                }
                at += c.len_utf8();
                continue;
            }
        }
        at += 1;
    }
    let shape = match (digits, uppers, lowers, letters, other) {
        (1.., 0, 0, 0, 0) => Shape::Digits,
        (1.., ..) | (_, _, _, _, 1..) => Shape::Code,
        (_, 0, 0, 1.., _) => Shape::Letters,
        (_, 0, ..) => Shape::Lower,
        (_, _, 0, ..) => Shape::Upper,
        (_, 1, ..) if first_is_upper => Shape::Title,
        // `taskId` is how programs write names.
        _ if !first_is_upper => Shape::Code,
        // So is `HTTPServer`: people's names have small letters behind the first.
        _ if uppers >= 3 && bytes.get(start + 1).is_some_and(u8::is_ascii_uppercase) => Shape::Code,
        _ => Shape::Mixed,
    };
    (at, shape)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        let mut tokens = Vec::new();
        tokenize(text, &mut tokens);
        let shown: Vec<String> =
            tokens.iter().map(|t| format!("{} {:?}", t.text(text), t.shape)).collect();
        assert_eq!(shown.join(", "), expected);
    }

    #[test]
    fn a_text_is_words_numbers_and_signs() {
        check("Zoë's 12a", "Zoë Title, ' Sign(39), s Lower, 12a Code");
        check("McX A 山田\n7", "McX Mixed, A Upper, 山田 Letters, \n Line, 7 Digits");
        check("→ e\u{301}t", "→ Sign(0), e\u{301}t Lower");
        check("", "");
    }
}
