//! One text through all recognisers.
//!
//! A first pass over the bytes says which recognisers can find anything at all; the others do not
//! run. What each runs over is linear in the text.

use crate::{
    Kind, Profile,
    context::{Context, Heard},
    detector::Lists,
    find,
    span::{Span, settle},
    tokens::{Token, tokenize},
};

/// How long a text is that is a date and nothing else, or several.
const BARE_DATE_BYTES: std::ops::RangeInclusive<usize> = 6..=32;

/// How a text is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Style {
    /// Sentences, letters, notes.
    Prose,
    /// A value of which nothing is known: only what is surely a name is one.
    Value,
    /// A list of persons, as in the header of a letter.
    Persons,
    /// An identifier or an amount: only what has a form of its own is found.
    Code,
}

/// The recognisers, as one profile needs them.
#[derive(Debug)]
pub(crate) struct Scanner<'a> {
    pub(crate) profile: &'a Profile,
    lists: Option<&'a Lists>,
    tokens: Vec<Token>,
}

const DIGIT: u8 = 1;
const AT: u8 = 1 << 1;
const COLON: u8 = 1 << 2;
const POINT: u8 = 1 << 3;
const CAPITAL: u8 = 1 << 4;
const BRACKET: u8 = 1 << 5;
const SPACE: u8 = 1 << 6;
const EQUALS: u8 = 1 << 7;

/// What a byte lets be in a text.
const CLASSES: [u8; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = match byte {
            0x30..=0x39 => DIGIT,
            0x40 => AT,
            0x3a => COLON,
            0x2e => POINT,
            0x41..=0x5a | 0xc3..=0xff => CAPITAL,
            0x28 | 0x5b | 0x7b => BRACKET,
            0x20 => SPACE,
            0x3d => EQUALS,
            _ => 0,
        };
        byte += 1;
    }
    table
};

/// The classes of all bytes of `text`.
fn classes(text: &str) -> u8 {
    text.bytes().fold(0, |classes, byte| classes | CLASSES[usize::from(byte)])
}

impl<'a> Scanner<'a> {
    pub(crate) fn new(profile: &'a Profile, lists: Option<&'a Lists>) -> Scanner<'a> {
        Scanner { profile, lists, tokens: Vec::new() }
    }

    /// What is found in `text`, which is folded; in order and apart.
    pub(crate) fn scan(&mut self, text: &str, style: Style, key: &Context) -> Vec<Span> {
        let mut spans = Vec::new();
        let classes = classes(text);
        let has = |class: u8| classes & class != 0;
        if text.len() >= 8 {
            find::secrets(text, &mut spans);
        }
        if has(COLON | POINT) {
            find::urls(text, &mut spans);
        }
        if let Some(lists) = self.lists {
            listed(text, lists, &mut spans);
        }
        if has(COLON | EQUALS) && style != Style::Code {
            find::labels(text, self.profile, &mut spans);
        }
        if self.asks_only_for_credentials() {
            settle(&mut spans, self.profile, text);
            return spans;
        }
        if has(AT | BRACKET) || style == Style::Prose && text.contains(" dot ") {
            find::emails(text, &mut spans);
        }
        let heard = if has(DIGIT) { Heard::new(text, key) } else { Heard::new("", key) };
        if has(DIGIT) {
            numbers(text, &heard, &mut spans);
        }
        if has(COLON) || has(DIGIT) && text.len() >= 14 {
            find::addresses_v6_and_mac(text, &mut spans);
        }
        if text.len() >= 26 && has(DIGIT) {
            find::wallets(text, &mut spans);
        }
        let prose = style == Style::Prose && has(SPACE);
        let bare_date = || {
            // `2024-02-11` has neither.
            has(DIGIT)
                && self.profile.has(Kind::Date)
                && BARE_DATE_BYTES.contains(&text.len())
                && text.contains(['-', '/'])
        };
        if has(CAPITAL) || has(DIGIT) && has(SPACE | POINT) || prose || bare_date() {
            self.words(text, style, &heard, &mut spans);
        }
        // An order's number may have the form of a card's, and a record's time is not a patient's.
        if style == Style::Code && key.neutral() {
            let weak = [Kind::CreditCard, Kind::Phone, Kind::Date, Kind::Wallet, Kind::Zip];
            let version = |span: &Span| span.kind == Kind::Ip && span.confidence < 90;
            spans.retain(|span| !weak.contains(&span.kind) && !version(span));
        }
        settle(&mut spans, self.profile, text);
        spans
    }

    /// What takes words: names, addresses, places, dates.
    fn words(&mut self, text: &str, style: Style, key: &Heard<'_>, spans: &mut Vec<Span>) {
        tokenize(text, &mut self.tokens);
        find::dates(text, &self.tokens, key, spans);
        if style != Style::Code {
            find::proper(text, &self.tokens, style, spans);
        }
    }

    fn asks_only_for_credentials(&self) -> bool {
        Kind::ALL
            .into_iter()
            .all(|kind| matches!(kind, Kind::Credential | Kind::Custom) || !self.profile.has(kind))
    }
}

/// What digits are found by.
fn numbers(text: &str, key: &Heard<'_>, spans: &mut Vec<Span>) {
    find::groups(text, |group| {
        find::ipv4(text, group, key, spans);
        find::numbers(text, group, key, spans);
    });
    // A vehicle's number needs no words before it, and has 17 characters.
    if !key.is_silent() || text.len() >= 17 {
        find::by_context(text, key, spans);
    }
    if text.len() >= 15 {
        find::ibans(text, spans);
    }
    find::zips(text, key, spans);
}

/// Adds the user's own words, where they stand alone.
fn listed(text: &str, lists: &Lists, spans: &mut Vec<Span>) {
    let inside = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
    for found in lists.automaton.find_iter(text) {
        let before = text.get(..found.start()).and_then(|before| before.chars().next_back());
        let after = text.get(found.end()..).and_then(|after| after.chars().next());
        if !inside(before) && !inside(after) {
            let kind = lists.kinds[found.pattern().as_usize()];
            spans.push(Span::new((found.start(), found.end()), kind, "list", 100));
        }
    }
}
