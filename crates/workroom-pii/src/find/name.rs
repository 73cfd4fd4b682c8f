//! Names of persons, organisations and places.
//!
//! Words with capitals that stand together are a group. What the lists know of its words, how they
//! end, what stands around it, and how the rest of the text uses capitals decide what it is.

use std::collections::HashSet;

use super::group::{Manner, NOT_A_NAME, Word, can_name, folded, group, in_code, manner, parts};
use crate::{
    Kind,
    lexicon::Lex,
    scan::Style,
    span::Span,
    tokens::{Shape, Token},
};

/// What a name must not be made of alone.
const DOUBTFUL: Lex = NOT_A_NAME.or(Lex::AMBIGUOUS).or(Lex::PLACE).or(Lex::STATE);

/// Adds the names among `tokens`, outside the ranges that are taken.
pub(crate) fn names(
    text: &str,
    tokens: &[Token],
    style: Style,
    away: &[(usize, usize)],
    spans: &mut Vec<Span>,
) {
    let manner = manner(tokens, style);
    let small = manner.small;
    let free = |token: &Token| !away.iter().any(|(s, e)| *s < token.end && token.start < *e);
    let mut known = HashSet::new();
    let mut alone = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        if !can_name(&tokens[at], small) || !free(&tokens[at]) || in_code(text, tokens, at) {
            at += 1;
            continue;
        }
        let (words, next) = group(text, tokens, at, small, &free);
        for part in parts(&words) {
            judge(text, tokens, part, manner, spans, &mut known);
            if let [one] = part {
                alone.push(one.at);
            }
        }
        at = next.max(at + 1);
    }
    // Who was named once in whole is meant by a part of the name too.
    for at in alone {
        let token = &tokens[at];
        if known.contains(&folded(token.text(text))) {
            spans.push(Span::new((token.start, token.end), Kind::Name, "name", 80));
        }
    }
}

/// Adds what a group is.
fn judge(
    text: &str,
    tokens: &[Token],
    words: &[Word],
    manner: Manner,
    spans: &mut Vec<Span>,
    known: &mut HashSet<String>,
) {
    let forms = words.iter().take_while(|word| word.lex.any(Lex::TITLE) && !word.given()).count();
    let named = words.get(forms..).unwrap_or_default();
    let Some(first) = named.first() else { return };
    let around = around(text, tokens, words);
    if let Some((kind, confidence)) = other_than_person(text, tokens, named, &around) {
        let range = range(tokens, named);
        spans.push(Span::new(range, kind, "name", confidence));
        let country = named.iter().all(|word| word.lex.any(Lex::COUNTRY));
        if forms == 0 && (confidence >= 60 || country) {
            return;
        }
    }
    let titled = forms > 0 || around.titled;
    let confidence = if titled && !first.ordinary() && named.len() <= 4 {
        94
    } else {
        let mut rest = named;
        // An ambiguous word that begins a sentence is the ordinary one: `Will Anna come?`
        if rest.len() > 1 && around.starts && rest[0].lex.any(Lex::COMMON) && rest[1].given() {
            rest = &rest[1..];
        }
        return person(text, tokens, rest, manner, &around, spans, known);
    };
    push(text, tokens, named, confidence, spans, known);
}

fn person(
    text: &str,
    tokens: &[Token],
    words: &[Word],
    manner: Manner,
    around: &Around,
    spans: &mut Vec<Span>,
    known: &mut HashSet<String>,
) {
    let confidence = if words.len() == 1 {
        single(text, tokens, &words[0], manner, around)
    } else {
        several(tokens, words, manner, around)
    };
    if confidence > 0 {
        push(text, tokens, words, confidence, spans, known);
    }
}

fn push(
    text: &str,
    tokens: &[Token],
    words: &[Word],
    confidence: u8,
    spans: &mut Vec<Span>,
    known: &mut HashSet<String>,
) {
    spans.push(Span::new(range(tokens, words), Kind::Name, "name", confidence));
    if confidence >= 70 && words.len() > 1 {
        let telling =
            words.iter().filter(|w| !w.initial && !w.lex.any(Lex::COMMON.or(Lex::PARTICLE)));
        known.extend(telling.map(|word| folded(tokens[word.at].text(text))));
    }
}

/// From the first word's start to the last one's end; the point of a last initial is not in it.
fn range(tokens: &[Token], words: &[Word]) -> (usize, usize) {
    match (words.first(), words.last()) {
        (Some(first), Some(last)) => (tokens[first.at].start, tokens[last.at].end),
        _ => (0, 0),
    }
}

/// What stands around a group.
#[derive(Clone, Copy, Debug, Default)]
#[allow(clippy::struct_excessive_bools, reason = "each is a clue of its own")]
struct Around {
    /// It begins a sentence or a line.
    starts: bool,
    /// A word before it that names follow: `dear`, `by`, `with`.
    before: bool,
    /// `my name is`, `I am`, `Dear`: a name and nothing else follows.
    introduced: bool,
    /// A form of address stands right before it, written small or with its point: `dr. Smith`.
    titled: bool,
    /// A word behind it of what persons do.
    speech: bool,
    /// `'s` follows.
    possessive: bool,
    /// A word for a place stands before: `in`, `near`.
    place: bool,
    /// It fills its line.
    line: bool,
    /// A comma and another name, or `and` and another name, stand beside it.
    listed: bool,
}

fn around(text: &str, tokens: &[Token], words: &[Word]) -> Around {
    let (Some(first), Some(last)) = (words.first(), words.last()) else { return Around::default() };
    let back = |n: usize| first.at.checked_sub(n).and_then(|at| tokens.get(at));
    let mut before = back(1);
    let mut skipped = 1;
    if before
        .is_some_and(|t| t.is_sign(b'"') || t.is_sign(b'\'') || t.is_sign(b'(') || t.is_sign(b'*'))
    {
        before = back(2);
        skipped = 2;
    }
    let after = tokens.get(last.at + 1);
    let word =
        |token: Option<&Token>| token.map(|t| t.text(text).to_lowercase()).unwrap_or_default();
    let (one, two) = (word(before), word(back(skipped + 1)));
    let three = word(back(skipped + 2));
    let starts = before.is_none_or(|t| {
        matches!(t.shape, Shape::Line | Shape::Sign(b'.' | b'!' | b'?' | b':' | b'-' | b'>' | b'*'))
    });
    let introduced = introduces(&one, &two, &three);
    let possessive = after.is_some_and(|t| t.is_sign(b'\''))
        && tokens.get(last.at + 2).is_some_and(|t| t.text(text) == "s");
    let line_before = before.is_none_or(|t| t.shape == Shape::Line);
    let line_after = after.is_none_or(|t| t.shape == Shape::Line);
    let title = if one == "." { &two } else { &one };
    let dotted_title = before
        .filter(|t| t.shape == Shape::Lower)
        .or(back(2).filter(|t| one == "." && t.is_word()));
    let joins = |t: Option<&Token>, o: Option<&Token>| {
        t.is_some_and(|t| t.is_sign(b',') || t.text(text) == "and")
            && o.is_some_and(Token::is_capital)
    };
    Around {
        starts,
        before: before.is_some_and(|t| t.lex.any(Lex::BEFORE_NAME) && t.shape == Shape::Lower),
        introduced,
        titled: dotted_title.is_some_and(|t| {
            t.lex.any(Lex::TITLE)
                && !t.lex.any(Lex::COMMON)
                && t.text(text).to_lowercase() == *title
        }),
        speech: after.is_some_and(|t| t.shape == Shape::Lower && t.lex.any(Lex::SPEECH)),
        possessive,
        place: matches!(
            one.as_str(),
            "in" | "near" | "at" | "around" | "across" | "through" | "visiting"
        ),
        line: line_before && line_after,
        listed: joins(after, tokens.get(last.at + 2)) || joins(before, back(skipped + 1)),
    }
}

/// Whether the last three words before a name, nearest first, say that a name follows.
fn introduces(one: &str, two: &str, three: &str) -> bool {
    matches!(
        one,
        "dear"
            | "hi"
            | "hello"
            | "hey"
            | "liebe"
            | "lieber"
            | "cher"
            | "chere"
            | "querido"
            | "querida"
            | "caro"
            | "cara"
            | "named"
            | "hola"
            | "bonjour"
            | "estimado"
            | "estimada"
    ) || one == "is" && (two == "name" || three == "name")
        || one == "am" && two == "i"
        || one == "m" && two == "'"
        || matches!(one, "him" | "her" | "it" | "me")
            && matches!(two, "named" | "name" | "called" | "call")
        || one == "to" && two == "it" && matches!(three, "change" | "changed")
}

/// The kind and confidence of a group that is no person.
fn other_than_person(
    text: &str,
    tokens: &[Token],
    words: &[Word],
    around: &Around,
) -> Option<(Kind, u8)> {
    let last = words.last()?;
    let legal = words.iter().skip(1).any(|word| word.lex.any(Lex::ORG) && !word.given());
    let headed = words.len() > 1 && words[0].lex.any(Lex::ORG) && !words[0].given();
    if legal || headed {
        return Some((Kind::Organization, 80));
    }
    let all = |lex: Lex| words.iter().all(|word| word.lex.any(lex));
    if all(Lex::COUNTRY) && !around.introduced {
        return Some((Kind::Place, 55));
    }
    if words.len() == 1 && last.lex.any(Lex::STATE) {
        let long = tokens[last.at].end - tokens[last.at].start > 2;
        return long.then_some((Kind::Place, 55)).filter(|_| !last.given());
    }
    let person = words.iter().any(|w| w.given() && !w.lex.any(Lex::PLACE.or(Lex::AMBIGUOUS)));
    if words.len() <= 3 && last.lex.any(Lex::PLACE) && !person && !last.lex.any(Lex::COMMON) {
        let sure = !last.given() && !last.family() || around.place;
        let alone = words.len() == 1 || words[0].lex.any(Lex::PLACE);
        return Some((Kind::Place, if sure && alone { 75 } else { 52 }));
    }
    let prefixes = [
        "new", "san", "santa", "st", "saint", "los", "las", "fort", "port", "mount", "north",
        "south", "east", "west", "bad", "el", "la", "le", "les",
    ];
    let first = tokens[words[0].at].text(text).to_lowercase();
    if words.len() == 2 && prefixes.contains(&first.as_str()) && !last.lex.any(Lex::COMMON) {
        return Some((Kind::Place, 64));
    }
    let shouted = words.iter().all(|word| tokens[word.at].shape == Shape::Upper && !word.initial);
    let long = tokens[last.at].end - tokens[last.at].start >= 4;
    if shouted
        && long
        && words.iter().all(Word::unknown)
        && (around.place || words.len() <= 2 && !around.starts)
    {
        return Some((Kind::Place, 52));
    }
    if around.place && words.len() <= 2 && words.iter().all(|w| w.unknown() && !w.given()) {
        return Some((Kind::Place, 52));
    }
    None
}

/// How sure a single word is a person's name.
fn single(text: &str, tokens: &[Token], word: &Word, manner: Manner, around: &Around) -> u8 {
    let token = &tokens[word.at];
    let length = token.text(text).chars().count();
    if word.initial || length < 2 || token.shape == Shape::Upper && length <= 4 {
        return 0;
    }
    let doubtful = word.lex.any(DOUBTFUL);
    let shouted = token.shape == Shape::Upper;
    if manner.style == Style::Value {
        // A value of one word may be a colour, a city, a product.
        return if word.given() && word.family() && !doubtful { 50 } else { 40 };
    }
    let persons = manner.style == Style::Persons;
    match () {
        () if around.introduced && !word.ordinary() && !shouted => 86,
        () if word.given() && !doubtful && around.place && !around.possessive => 56,
        () if word.given() && !doubtful => {
            if shouted {
                62
            } else {
                72
            }
        }
        () if word.given()
            && (around.before || around.speech || around.possessive || persons)
            && !around.starts =>
        {
            64
        }
        () if word.given() && around.speech && !word.lex.any(Lex::COMMON) => 62,
        () if doubtful => 30,
        () if word.formed && !around.place => 70,
        () if word.lex.any(Lex::FAMILY)
            && (around.before
                || around.speech
                || around.possessive
                || around.listed
                || persons) =>
        {
            68
        }
        () if word.lex.any(Lex::FAMILY) && !around.starts && !around.place && !manner.foreign => 60,
        () if manner.foreign || around.place || shouted || around.starts => 0,
        () if around.before && around.speech => 64,
        () if around.before && !manner.titled && length > 3 => 60,
        () if around.speech => 60,
        () => 0,
    }
}

/// How sure several words are a person's name.
fn several(tokens: &[Token], words: &[Word], manner: Manner, around: &Around) -> u8 {
    let real: Vec<&Word> = words.iter().filter(|word| !word.initial).collect();
    let (Some(first), Some(last)) = (real.first(), real.last()) else { return 0 };
    if words.len() > 5 {
        return 0;
    }
    let initials = words.len() - real.len();
    let sure = |word: &Word| !word.lex.any(DOUBTFUL);
    let ordinary = real.iter().any(|word| word.ordinary());
    let shouted = words.iter().all(|word| tokens[word.at].shape == Shape::Upper);
    let value = manner.style == Style::Value;
    if real.len() == 1 {
        // `J. Smith`, `Anna K.`
        let listed = first.given() || first.family();
        return if ordinary {
            0
        } else if listed {
            80
        } else if value {
            40
        } else {
            62
        };
    }
    let known = real.iter().filter(|word| word.given() || word.family()).count();
    let given = real.iter().any(|word| word.given());
    match () {
        () if ordinary => {
            if first.given() && sure(first) {
                62
            } else {
                0
            }
        }
        () if first.given() && sure(first) && !last.lex.any(Lex::PLACE) => 90,
        () if first.given() && last.family() => 88,
        () if given && real.iter().any(|w| w.given() && sure(w)) => 80,
        () if last.family() && sure(last) && !first.lex.any(DOUBTFUL) => 76,
        () if known == real.len() && real.iter().any(|w| sure(w)) => 72,
        () if first.given() && last.unknown() => 68,
        () if initials > 0 && real.iter().all(|w| w.unknown()) => {
            if value {
                55
            } else {
                72
            }
        }
        () if around.introduced && real.iter().all(|w| w.unknown()) => 84,
        () if value || shouted || manner.foreign || manner.titled => 40,
        () if real.iter().all(|w| w.unknown()) && real.len() <= 3 => {
            if around.before || around.speech || around.possessive || around.line {
                68
            } else if around.place {
                40
            } else {
                60
            }
        }
        () if last.family() && !around.place => 60,
        () => 0,
    }
}
