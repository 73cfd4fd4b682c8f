//! What a token looks like, and where in a text there is one.
//!
//! `[customer_email_1]`: whose it is (left out where nothing says so), the kind, a number. Letters
//! are `a` to `z`; brackets end it on both sides, so that `_1` is never found in `_12`. A text from
//! outside that looks like one is escaped with a tilde, `[~customer_email_1]`, and one that looks
//! like an escape gets one tilde more; on the way out one tilde is taken away.

use std::{borrow::Borrow, fmt, ops::Range, sync::Arc};

use workroom_pii::Kind;

/// The most bytes of a token, brackets included.
pub const TOKEN_BYTES_MAX: usize = 64;

/// The most bytes of its owner's name.
const OWNER_BYTES_MAX: usize = 32;

/// The most digits of its number.
const DIGITS_MAX: usize = 9;

/// The most tildes that are taken for an escape.
const TILDES_MAX: usize = 64;

/// Every kind.
pub fn kinds() -> impl Iterator<Item = Kind> {
    Kind::ALL.into_iter()
}

/// A token's text, brackets included.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Token(Arc<str>);

impl Token {
    /// The token of the `number`-th value of `kind`, whose owner is `owner`.
    pub fn new(owner: Option<&str>, kind: Kind, number: u32) -> Self {
        let owner =
            owner.map(owner_words).filter(|owner| !owner.is_empty() && owner != kind.name());
        Self(match owner {
            Some(owner) => format!("[{owner}_{}_{number}]", kind.name()).into(),
            None => format!("[{}_{number}]", kind.name()).into(),
        })
    }

    /// `text` as a token, if all of it is one.
    pub fn parse(text: &str) -> Option<Self> {
        match pieces(text).next() {
            Some(piece) if piece.tildes == 0 && piece.range == (0..text.len()) => {
                Some(Self(text.into()))
            }
            _ => None,
        }
    }

    /// Its text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What its text says that it is.
    pub fn kind(&self) -> Option<Kind> {
        kind_of(&self.0[1..self.0.len() - 1])
    }
}

impl Borrow<str> for Token {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An owner's name as words of a token: `billingContact` gives `billing_contact`.
fn owner_words(owner: &str) -> String {
    let mut words = String::new();
    let mut was_lower = false;
    for c in owner.chars() {
        let begins = !c.is_ascii_alphanumeric() || (c.is_ascii_uppercase() && was_lower);
        if begins && !words.is_empty() && !words.ends_with('_') {
            words.push('_');
        }
        if c.is_ascii_alphabetic() || (c.is_ascii_digit() && !words.is_empty()) {
            words.push(c.to_ascii_lowercase());
        }
        was_lower = c.is_ascii_lowercase() || c.is_ascii_digit();
        if words.len() >= OWNER_BYTES_MAX {
            break;
        }
    }
    words.trim_end_matches('_').to_owned()
}

/// A token in a text, or an escaped one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// Where it stands, brackets included.
    pub range: Range<usize>,
    /// 0: a token. More: text that looks like one, escaped so many times.
    pub tildes: usize,
}

/// The tokens in `text`, escaped ones included, from left to right.
pub fn pieces(text: &str) -> impl Iterator<Item = Piece> + '_ {
    let mut from = 0;
    std::iter::from_fn(move || {
        loop {
            let start = from + text[from..].find('[')?;
            match read(&text[start..]) {
                Some((end, tildes)) => {
                    from = start + end;
                    return Some(Piece { range: start..from, tildes });
                }
                None => from = start + 1,
            }
        }
    })
}

/// Whether `text` holds a token or an escaped one.
pub fn has_token(text: &str) -> bool {
    pieces(text).next().is_some()
}

/// Reads a token at the beginning of `text`, which is a bracket: its length, and its tildes.
fn read(text: &str) -> Option<(usize, usize)> {
    let bytes = text.as_bytes();
    let most = bytes.len().min(1 + TILDES_MAX);
    let tildes = bytes[1..most].iter().take_while(|byte| **byte == b'~').count();
    let start = 1 + tildes;
    let most = bytes.len().min(start + TOKEN_BYTES_MAX - 2);
    let word = |byte: &&u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || **byte == b'_';
    let end = start + bytes[start..most].iter().take_while(word).count();
    if bytes.get(end) != Some(&b']') {
        return None;
    }
    kind_of(&text[start..end]).map(|_| (end + 1, tildes))
}

/// The kind that the inside of a token names: `customer_email_1`.
pub(crate) fn kind_of(inside: &str) -> Option<Kind> {
    let (stem, digits) = inside.rsplit_once('_')?;
    let is_number = !digits.is_empty()
        && digits.len() <= DIGITS_MAX
        && !digits.starts_with('0')
        && digits.bytes().all(|byte| byte.is_ascii_digit());
    if !is_number || !stem.starts_with(|c: char| c.is_ascii_lowercase()) {
        return None;
    }
    let ends = |kind: &Kind| {
        let rest = stem.strip_suffix(kind.name());
        rest.is_some_and(|rest| rest.is_empty() || rest.ends_with('_'))
    };
    // The longest: `birth_date` is no `date`.
    kinds().filter(ends).max_by_key(|kind| kind.name().len())
}

/// Escapes what looks like a token of one of the kinds that `counts`; `None` where nothing does.
pub fn escape(text: &str, counts: impl Fn(Kind) -> bool) -> Option<String> {
    let mut out = String::new();
    let mut done = 0;
    for piece in pieces(text) {
        let inside = &text[piece.range.start + 1 + piece.tildes..piece.range.end - 1];
        if !kind_of(inside).is_some_and(&counts) {
            continue;
        }
        out.push_str(&text[done..=piece.range.start]);
        out.push('~');
        done = piece.range.start + 1;
    }
    if done == 0 {
        return None;
    }
    out.push_str(&text[done..]);
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &[&str]) {
        let found: Vec<&str> = pieces(text).map(|piece| &text[piece.range]).collect();
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn a_token_is_found_whole_or_not_at_all() {
        check("[email_1]", &["[email_1]"]);
        check("a [email_1], [customer_email_12]b", &["[email_1]", "[customer_email_12]"]);
        check("[[email_1]]", &["[email_1]"]);
        check("[~[email_1]", &["[email_1]"]);
        check("[~email_1][~~email_1]", &["[~email_1]", "[~~email_1]"]);
        check("[birth_date_3]", &["[birth_date_3]"]);
        for none in [
            "",
            "[",
            "[email_1",
            "email_1]",
            "[Email_1]",
            "[EMAIL_1]",
            "[email_0]",
            "[email_01]",
            "[email_]",
            "[email]",
            "[_1]",
            "[_email_1]",
            "[1_email_1]",
            "[row_1]",
            "[xemail_1]",
            "[email 1]",
            "[email_1 ]",
            "[é_email_1]",
            "[email_1234567890]",
            "(email_1)",
        ] {
            check(none, &[]);
        }
    }

    #[test]
    fn a_token_has_a_greatest_length() {
        let of = |owner: usize| format!("[{}_email_123456789]", "a".repeat(owner));
        let most = TOKEN_BYTES_MAX - of(0).len();
        assert_eq!(of(most).len(), TOKEN_BYTES_MAX);
        assert!(Token::parse(&of(most)).is_some());
        assert!(Token::parse(&of(most + 1)).is_none());
        let longest = Token::new(Some(&"a".repeat(500)), Kind::DriverLicence, 999_999_999);
        assert!(Token::parse(longest.as_str()).is_some(), "{longest}");
    }

    #[test]
    fn its_name_says_whose_it_is() {
        let check = |owner: Option<&str>, expected: &str| {
            assert_eq!(Token::new(owner, Kind::Email, 7).as_str(), expected);
            assert!(Token::parse(expected).is_some(), "{expected}");
        };
        check(None, "[email_7]");
        check(Some("customer"), "[customer_email_7]");
        check(Some("billingContact"), "[billing_contact_email_7]");
        check(Some("Billing-Contact "), "[billing_contact_email_7]");
        check(Some("email"), "[email_7]");
        check(Some("42"), "[email_7]");
        check(Some("2nd contact"), "[nd_contact_email_7]");
        check(Some("顧客"), "[email_7]");
        check(Some("]["), "[email_7]");
    }

    #[test]
    fn what_looks_like_a_token_is_escaped_and_an_escape_again() {
        let check = |text: &str, expected: Option<&str>| {
            assert_eq!(escape(text, |kind| kind == Kind::Email).as_deref(), expected);
        };
        check("[email_1]", Some("[~email_1]"));
        check("a[~email_1]b[~~x_email_2]", Some("a[~~email_1]b[~~~x_email_2]"));
        check("[name_1] [row_1]", None);
        check("", None);
    }
}
