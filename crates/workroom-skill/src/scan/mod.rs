//! What a person should look at before they trust a text: what is hidden in it, and what speaks to
//! the model.
//!
//! A finding is no proof, and no finding is none either: it decides what is *shown* to the person
//! who promotes a skill or approves a tool, and nothing else.
//!
//! # Layout
//!
//! * [`description`], [`body`], [`code`], [`package`]: the texts, each by its own rules. A body is
//!   instructions to the model, so only what no instruction needs is suspicious in it.
//! * `hidden`: what cannot be seen; `blob`: what cannot be read; `words`: what must not be said.

mod blob;
mod hidden;
mod words;

use std::fmt;

use serde::Serialize;

use crate::Package;

pub use hidden::is_hidden;

/// Something to look at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Suspicion {
    /// What sort of thing it is.
    pub kind: SuspicionKind,
    /// Where: `description`, `SKILL.md`, `index.ts`, a key of the metadata.
    pub place: String,
    /// The line in that place, from 1.
    pub line: usize,
    /// What stands there, with everything visible, and shortened.
    pub excerpt: String,
}

/// Sorts of suspicious things.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SuspicionKind {
    /// Characters without width or shape, such as zero-width spaces and tag characters.
    Invisible,
    /// Characters that turn the direction of text.
    Bidi,
    /// Codes that a terminal obeys.
    Escape,
    /// Text in a comment that a renderer leaves out.
    Comment,
    /// A long encoded text.
    Blob,
    /// Many blank lines or a long run of spaces, with something after them.
    Padding,
    /// Words that override what the model was told, or speak as another voice.
    Override,
    /// Words that ask to keep something from the user.
    Secrecy,
    /// Words that ask for credentials or private files.
    Credentials,
    /// Words that send data to a place of the text's choice.
    Exfiltration,
    /// Words that make a call of this a condition of everything else.
    Coercion,
    /// Words about how other tools are to be used, or not.
    Shadowing,
}

impl fmt::Display for SuspicionKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Invisible => "invisible characters",
            Self::Bidi => "characters that turn the direction of text",
            Self::Escape => "codes that a terminal obeys",
            Self::Comment => "a hidden comment",
            Self::Blob => "a long encoded text",
            Self::Padding => "blank space with text after it",
            Self::Override => "words that override instructions",
            Self::Secrecy => "words that keep something from the user",
            Self::Credentials => "words that ask for credentials or private files",
            Self::Exfiltration => "words that send data away",
            Self::Coercion => "words that force a call",
            Self::Shadowing => "words about other tools",
        })
    }
}

impl fmt::Display for Suspicion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, line {}: {}: {}", self.place, self.line, self.kind, self.excerpt)
    }
}

/// A finding in one text: its kind, and the bytes it is at.
type Finding = (SuspicionKind, std::ops::Range<usize>);

/// The most bytes of a text that are looked at: longer texts are refused elsewhere.
const TEXT_BYTES_MAX: usize = 512 * 1024;

/// The most findings of one text: a person reads no more.
const FOUND_MAX: usize = 20;

/// Looks at a text that only tells what something is: a tool's or a skill's description.
pub fn description(place: &str, text: &str) -> Vec<Suspicion> {
    look(place, text, |text| {
        let mut found = hidden::find(text);
        found.extend(hidden::comments(text));
        found.extend(hidden::padding(text));
        found.extend(blob::find(text));
        // What is hidden between letters must not hide words either.
        found.extend(words::find(text, words::Rules::Description));
        found
    })
}

/// Looks at instructions to the model.
pub fn body(place: &str, text: &str) -> Vec<Suspicion> {
    look(place, text, |text| {
        let mut found = hidden::find(text);
        found.extend(hidden::comments(text));
        found.extend(hidden::padding(text));
        found.extend(blob::find(text));
        found.extend(words::find(text, words::Rules::Body));
        found
    })
}

/// Looks at code: what is hidden in it, and its comments and texts as instructions.
pub fn code(place: &str, text: &str) -> Vec<Suspicion> {
    look(place, text, |text| {
        let mut found = hidden::find(text);
        found.extend(blob::find(text));
        found.extend(words::find(text, words::Rules::Body));
        found
    })
}

/// Looks at all of a skill but its recorded cases, which are data.
pub fn package(package: &Package) -> Vec<Suspicion> {
    let mut found = description("description", &package.description);
    for (key, value) in &package.metadata {
        found.extend(description(&format!("metadata.{key}"), &format!("{key}: {value}")));
    }
    for (place, text) in [("license", &package.license), ("compatibility", &package.compatibility)]
    {
        if let Some(text) = text {
            found.extend(description(place, text));
        }
    }
    found.extend(body("SKILL.md", &package.body));
    found.extend(code("index.ts", &package.code));
    found
}

fn look(place: &str, text: &str, find: impl FnOnce(&str) -> Vec<Finding>) -> Vec<Suspicion> {
    let mut end = text.len().min(TEXT_BYTES_MAX);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let text = &text[..end];
    let mut found = find(text);
    found.sort_by_key(|(kind, range)| (range.start, *kind));
    found.truncate(FOUND_MAX);
    let suspicion = |(kind, range): Finding| Suspicion {
        kind,
        place: place.to_owned(),
        line: text[..range.start].matches('\n').count() + 1,
        excerpt: excerpt(text, &range),
    };
    found.into_iter().map(suspicion).collect()
}

/// What stands at `range`, with what cannot be seen as escapes.
fn excerpt(text: &str, range: &std::ops::Range<usize>) -> String {
    const CHARS_MAX: usize = 80;
    let found = &text[range.clone()];
    let mut shown = String::new();
    for c in found.chars().take(CHARS_MAX) {
        match c {
            c if hidden::is_hidden(c) => shown.extend(c.escape_unicode()),
            c if c.is_control() => shown.extend(c.escape_debug()),
            c => shown.push(c),
        }
    }
    if found.chars().nth(CHARS_MAX).is_some() {
        shown.push('…');
    }
    shown
}
