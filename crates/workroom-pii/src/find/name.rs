//! Names of persons, organisations and places.
//!
//! Words with capitals that stand together are a group. What the lists know of its words, how they
//! end, what stands around it, and how the rest of the text uses capitals decide what it is.

use std::collections::HashSet;

use crate::{
    Kind,
    lexicon::{Lex, fold_word},
    scan::Style,
    span::Span,
    tokens::{Shape, Token},
};

/// A word of a group.
#[derive(Clone, Copy, Debug)]
struct Word {
    /// Its token.
    at: usize,
    lex: Lex,
    initial: bool,
    /// It ends as family names do in some language.
    formed: bool,
}

impl Word {
    fn given(&self) -> bool {
        self.lex.any(Lex::GIVEN)
    }

    fn family(&self) -> bool {
        self.lex.any(Lex::FAMILY) || self.formed
    }

    /// Whether it is nothing but an ordinary word.
    fn ordinary(&self) -> bool {
        self.lex.any(NOT_A_NAME) && !self.lex.any(Lex::GIVEN.or(Lex::FAMILY))
    }

    fn unknown(&self) -> bool {
        !self.initial && !self.lex.any(NOT_A_NAME.or(Lex::PLACE).or(Lex::STATE))
    }
}

const NOT_A_NAME: Lex = Lex::COMMON
    .or(Lex::MONTH)
    .or(Lex::WEEKDAY)
    .or(Lex::NATION)
    .or(Lex::COUNTRY)
    .or(Lex::BRAND)
    .or(Lex::ORG)
    .or(Lex::UNIT);

/// What a name must not be made of alone.
const DOUBTFUL: Lex = NOT_A_NAME.or(Lex::AMBIGUOUS).or(Lex::PLACE).or(Lex::STATE);

/// How a text uses capitals.
#[derive(Clone, Copy, Debug)]
struct Manner {
    /// Nouns have capitals, or the language is one of which the lists know little.
    foreign: bool,
    /// Nearly every word has one, as in titles.
    titled: bool,
    /// No word has one.
    small: bool,
    style: Style,
}

/// Whether a word may be a part of a name: by its capital, or, where no word has one, by what the
/// lists know of it.
fn can_name(token: &Token, small: bool) -> bool {
    token.is_capital()
        || small
            && token.shape == Shape::Lower
            && (token.end - token.start == 1 && !token.lex.any(Lex::COMMON)
                || token.lex.any(Lex::GIVEN.or(Lex::FAMILY).or(Lex::COUNTRY)) && !token.lex.any(Lex::ENGLISH.or(Lex::GERMAN))
                || token.lex.is_empty() && token.end - token.start > 3)
}

/// Adds the names among `tokens`, outside the ranges that are taken.
pub(crate) fn names(
    text: &str,
    tokens: &[Token],
    style: Style,
    taken: &[(usize, usize)],
    spans: &mut Vec<Span>,
) {
    let manner = manner(tokens, style);
    let small = manner.small;
    let free = |token: &Token| !taken.iter().any(|(s, e)| *s < token.end && token.start < *e);
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

fn folded(word: &str) -> String {
    let mut out = String::with_capacity(word.len());
    fold_word(word, &mut out);
    out
}

fn manner(tokens: &[Token], style: Style) -> Manner {
    let (mut german, mut english, mut capitals, mut lower) = (0, 0, 0, 0);
    for token in tokens {
        if token.shape == Shape::Lower {
            lower += 1;
            german += usize::from(token.lex.any(Lex::GERMAN) && !token.lex.any(Lex::ENGLISH));
            english += usize::from(token.lex.any(Lex::ENGLISH) && !token.lex.any(Lex::GERMAN));
        } else if token.is_capital() && token.lex.any(Lex::COMMON) {
            capitals += 1;
        }
    }
    Manner {
        foreign: german >= 2 && german > english,
        titled: capitals >= 2 && capitals > lower,
        small: lower >= 3 && !tokens.iter().any(Token::is_capital),
        style,
    }
}

/// Whether a word is a part of an address, a path or a name of a variable.
fn in_code(text: &str, tokens: &[Token], at: usize) -> bool {
    let token = &tokens[at];
    let bytes = text.as_bytes();
    let before = token.start.checked_sub(1).and_then(|before| bytes.get(before));
    let after = bytes.get(token.end);
    let tail = bytes.get(token.end + 1).is_some_and(u8::is_ascii_alphanumeric);
    let open = |b: Option<&u8>| b.is_some_and(|b| b"@/\\_$#=&%".contains(b));
    open(before)
        || open(after) && tail
        || before == Some(&b'.')
            && at >= 2
            && tokens[at - 2].end + 1 == token.start
            && !tokens[at - 2].text(text).chars().all(char::is_uppercase)
        || after == Some(&b'.') && tail && token.end - token.start > 2
        || after == Some(&b'(')
}

/// The words that stand together from `at` on, and the token after them.
fn group(
    text: &str,
    tokens: &[Token],
    at: usize,
    small: bool,
    free: &impl Fn(&Token) -> bool,
) -> (Vec<Word>, usize) {
    let mut words = Vec::new();
    let mut next = at;
    while let Some(token) = tokens.get(next).filter(|token| can_name(token, small) && free(token)) {
        let initial = token.text(text).chars().count() == 1;
        let formed = !initial && is_formed(token.text(text), token.lex);
        words.push(Word { at: next, lex: token.lex, initial, formed });
        let Some(follows) = following(text, tokens, next, initial, small) else {
            next += 1;
            break;
        };
        next = follows;
    }
    (words, next)
}

/// The next word of a group behind the word at `at`: over a space, a hyphen, the point of an
/// initial, an apostrophe, or the small words inside names.
fn following(
    text: &str,
    tokens: &[Token],
    at: usize,
    initial: bool,
    small_text: bool,
) -> Option<usize> {
    let token = tokens.get(at)?;
    let mut next = at + 1;
    let sign = tokens.get(next)?;
    if sign.is_sign(b'.') && token.touches(sign) {
        let short = initial || token.lex.any(Lex::TITLE) && token.end - token.start <= 5;
        if !short {
            return None;
        }
        next += 1;
    } else if (sign.is_sign(b'-') || sign.is_sign(b'\'')) && token.touches(sign) {
        let after = tokens.get(next + 1)?;
        let joined = sign.touches(after) && can_name(after, small_text);
        return (joined && (sign.is_sign(b'-') || token.end - token.start <= 2))
            .then_some(next + 1);
    }
    let mut small = 0;
    while tokens.get(next).is_some_and(|t| t.shape == Shape::Lower && t.lex.any(Lex::PARTICLE)) {
        next += 1;
        small += 1;
        if tokens.get(next).is_some_and(|t| t.is_sign(b'-') || t.is_sign(b'\'')) {
            next += 1;
        }
    }
    let word = tokens.get(next)?;
    let gap = text.get(token.end..word.start)?;
    (small <= 3 && can_name(word, small_text) && !gap.contains('\n') && gap.len() <= 24).then_some(next)
}

/// Cuts a group where an ordinary word stands.
fn parts(words: &[Word]) -> impl Iterator<Item = &[Word]> {
    // `University of Oslo`, `Smith Ltd`: a word of organisations keeps the group together.
    let whole = words.iter().any(|word| word.lex.any(Lex::ORG) && !word.given());
    let kept = move |word: &Word| {
        whole || !word.ordinary() || word.lex.any(Lex::TITLE.or(Lex::COUNTRY))
    };
    // A country stands alone; other words stay together where none of them is ordinary.
    words
        .chunk_by(move |a, b| {
            kept(a) && kept(b) && (whole || !a.lex.any(Lex::COUNTRY) && !b.lex.any(Lex::COUNTRY))
        })
        .filter(move |part| part.iter().all(kept))
}

/// Ends of family names by which whole languages make them.
const FORMED: [&str; 62] = [
    "sson", "sdottir", "dottir", "ovich", "evich", "ovych", "ovna", "evna", "ivna", "enko",
    "chenko", "shvili", "adze", "idze", "odze", "opoulos", "opoulou", "akis", "aki", "idis",
    "iadis", "oglu", "escu", "owski", "owska", "ewski", "ewska", "inski", "inska", "ynski",
    "zynski", "wicz", "owicz", "czyk", "czak", "ovic", "evic", "ovsky", "evsky", "ovskaya",
    "skaya", "inen", "nen", "quist", "qvist", "strom", "gaard", "mann", "stein", "berger", "bauer",
    "meyer", "huber", "hoffer", "ikova", "kova", "nova", "rova", "eva", "ova", "tz", "yan",
];

/// Whether a word ends as family names do.
fn is_formed(word: &str, lex: Lex) -> bool {
    const AT_LEAST: usize = 3;
    if word.chars().count() < 6 || lex.any(NOT_A_NAME.or(Lex::PLACE)) {
        return false;
    }
    let name = folded(word);
    let begins = ["mc", "mac", "fitz"].iter().any(|start| {
        name.starts_with(start) && word.chars().skip(start.len()).any(char::is_uppercase)
    });
    begins
        || FORMED
            .iter()
            .any(|ending| name.len() >= ending.len() + AT_LEAST && name.ends_with(ending))
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
    let titles = words.iter().take_while(|word| word.lex.any(Lex::TITLE) && !word.given()).count();
    let named = words.get(titles..).unwrap_or_default();
    let Some(first) = named.first() else { return };
    let around = around(text, tokens, words);
    if let Some((kind, confidence)) = other_than_person(text, tokens, named, &around) {
        let range = range(tokens, named);
        spans.push(Span::new(range, kind, "name", confidence));
        let country = named.iter().all(|word| word.lex.any(Lex::COUNTRY));
        if titles == 0 && (confidence >= 60 || country) {
            return;
        }
    }
    let titled = titles > 0 || around.titled;
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
    let introduced = matches!(
        one.as_str(),
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
        || matches!(one.as_str(), "him" | "her" | "it" | "me")
            && matches!(two.as_str(), "named" | "name" | "called" | "call")
        || one == "to" && two == "it" && matches!(three.as_str(), "change" | "changed");
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
