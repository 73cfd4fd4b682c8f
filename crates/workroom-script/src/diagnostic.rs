//! What is wrong with a script, in words and with a caret under the agent's own text.
//!
//! # Invariants
//!
//! * A position is one in the agent's text as it was sent, fences and all.
//! * An excerpt is one line of at most [`EXCERPT_CHARS`] characters, whatever the text holds:
//!   control characters are shown as a replacement, never passed on.

use std::{collections::HashSet, fmt::Write};

use crate::{check::Finding, text::TextIndex};

/// The most mistakes reported at once: later ones are often echoes of earlier ones.
pub const DIAGNOSTICS_MAX: usize = 5;

/// How alike two names count at least that differ by one letter, or by two letters' order.
const SLIP: f64 = 0.9;

/// The most characters of a signature in a message.
const SIGNATURE_CHARS_MAX: usize = 600;

/// The most characters of a line that an excerpt shows.
const EXCERPT_CHARS: usize = 100;

/// A place in a text. Both count from 1, columns in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// The line.
    pub line: u32,
    /// The character in it.
    pub column: u32,
}

impl Default for Position {
    fn default() -> Self {
        Position { line: 1, column: 1 }
    }
}

/// What sort of mistake it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DiagnosticKind {
    /// The text is not TypeScript.
    #[default]
    Syntax,
    /// An import names a module that does not exist.
    UnknownModule,
    /// An import or a member names a function that its module does not have.
    UnknownExport,
    /// The text is TypeScript that does not run here, or another language.
    Unsupported,
    /// Nothing declares a name.
    UndeclaredName,
    /// A call gives its arguments otherwise than in one object.
    Arguments,
    /// A call names a parameter that its tool does not have.
    UnknownParameter,
    /// A call lacks a parameter that its tool needs.
    MissingParameter,
    /// A promise is used as a value.
    NotAwaited,
    /// A value is used as its type does not allow.
    Type,
    /// A hint: calls wait for one another for no reason.
    SequentialCalls,
    /// A hint: something is done for each entry, and not waited for.
    NotWaited,
    /// A hint: what the script says does nothing here.
    Ignored,
    /// A hint: what the script gives may not be there.
    Undefined,
    /// A hint: the script is one function, and nothing calls it.
    NotCalled,
    /// The text is too deeply nested.
    TooComplex,
    /// A fault of ours.
    Internal,
}

/// One mistake in a script.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Diagnostic {
    /// What sort of mistake it is.
    pub kind: DiagnosticKind,
    /// What is wrong, in one clause.
    pub message: String,
    /// Where, in the agent's text.
    pub position: Position,
    /// What to write instead.
    pub hint: Option<String>,
    /// How the tool concerned is called.
    pub signature: Option<String>,
}

/// The mistake as an agent reads it: message, line with a caret, hint.
pub fn render(source: &str, diagnostic: &Diagnostic) -> String {
    let Position { line, column } = diagnostic.position;
    let mut text = format!("{} (line {line}, column {column})\n", diagnostic.message);
    text.push_str(&excerpt(source, diagnostic.position));
    if let Some(hint) = &diagnostic.hint {
        // Writing to a string cannot fail.
        let _ = write!(text, "\nhint: {hint}");
    }
    if let Some(signature) = &diagnostic.signature {
        let _ = write!(text, "\nsignature: {signature}");
    }
    text
}

/// The line of `source` at `position`, numbered, with a caret below.
pub fn excerpt(source: &str, position: Position) -> String {
    let line = line_text(source, position.line);
    let chars: Vec<char> = line.chars().collect();
    let at = (position.column.max(1) as usize - 1).min(chars.len());
    let (start, end) = window(chars.len(), at);
    let mut shown = String::new();
    let mut padding = String::new();
    if start > 0 {
        shown.push('…');
        padding.push(' ');
    }
    for (place, &char) in chars.iter().enumerate().take(end).skip(start) {
        let char = if char.is_control() && char != '\t' { '\u{FFFD}' } else { char };
        shown.push(if is_invisible(char) { '\u{FFFD}' } else { char });
        if place < at {
            match char {
                '\t' => padding.push('\t'),
                char => padding.extend(std::iter::repeat_n(' ', width(char))),
            }
        }
    }
    if end < chars.len() {
        shown.push('…');
    }
    let number = position.line.to_string();
    let margin = " ".repeat(number.len());
    format!("{number} | {shown}\n{margin} | {padding}^")
}

/// Which characters of a line to show so that the one `at` is among them.
fn window(len: usize, at: usize) -> (usize, usize) {
    if len <= EXCERPT_CHARS {
        return (0, len);
    }
    let start = at.saturating_sub(EXCERPT_CHARS * 3 / 5).min(len - EXCERPT_CHARS);
    (start, start + EXCERPT_CHARS)
}

fn line_text(source: &str, line: u32) -> &str {
    let source = source.strip_prefix('\u{FEFF}').unwrap_or(source);
    let mut rest = source;
    for _ in 1..line {
        let Some(end) = rest.find(['\n', '\r']) else { return "" };
        let skip = if rest[end..].starts_with("\r\n") { 2 } else { 1 };
        rest = &rest[end + skip..];
    }
    rest.split(['\n', '\r']).next().unwrap_or("")
}

/// Marks that turn the direction of text, or take no room and mislead.
fn is_invisible(char: char) -> bool {
    matches!(char, '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
        || char == '\u{FEFF}'
}

/// How many columns a terminal gives to `char`: near enough to put a caret.
fn width(char: char) -> usize {
    match u32::from(char) {
        0x0300..=0x036F | 0xFE00..=0xFE0F => 0,
        0x1100..=0x115F
        | 0x2E80..=0xA4CF
        | 0xAC00..=0xD7A3
        | 0xF900..=0xFAFF
        | 0xFE30..=0xFE6F
        | 0xFF00..=0xFF60
        | 0xFFE0..=0xFFE6
        | 0x1F300..=0x1FAFF
        | 0x20000..=0x3FFFD => 2,
        _ => 1,
    }
}

/// The likeliest cause first: what is wrong before anything else can be right. The rest may be its
/// echo.
fn rank(kind: DiagnosticKind) -> u8 {
    match kind {
        DiagnosticKind::Internal | DiagnosticKind::TooComplex => 0,
        DiagnosticKind::Syntax => 1,
        DiagnosticKind::Unsupported => 2,
        DiagnosticKind::UnknownModule => 3,
        DiagnosticKind::UnknownExport => 4,
        DiagnosticKind::UndeclaredName => 5,
        DiagnosticKind::UnknownParameter
        | DiagnosticKind::MissingParameter
        | DiagnosticKind::Arguments => 6,
        DiagnosticKind::NotAwaited | DiagnosticKind::Type => 7,
        DiagnosticKind::SequentialCalls
        | DiagnosticKind::NotWaited
        | DiagnosticKind::Ignored
        | DiagnosticKind::NotCalled
        | DiagnosticKind::Undefined => 8,
    }
}

/// Sorts what was found, drops what is said twice, and keeps the first few.
pub(crate) fn from_findings(mut found: Vec<Finding>, index: &TextIndex<'_>) -> Vec<Diagnostic> {
    found.sort_by_key(|finding| (rank(finding.kind), finding.offset));
    let mut told: HashSet<String> = HashSet::new();
    found.retain(|finding| told.insert(finding.message.clone()));
    found.truncate(DIAGNOSTICS_MAX);
    found
        .into_iter()
        .map(|finding| Diagnostic {
            kind: finding.kind,
            message: finding.message,
            position: index.position(finding.offset as usize),
            hint: finding.hint,
            signature: finding.signature.map(|signature| shortened(&signature)),
        })
        .collect()
}

/// A signature as far as a message has room for it.
fn shortened(signature: &str) -> String {
    match signature.char_indices().nth(SIGNATURE_CHARS_MAX) {
        Some((end, _)) => format!("{}…", &signature[..end]),
        None => signature.to_owned(),
    }
}

/// Up to three of `names` that `wanted` may have meant, the likeliest first.
pub fn nearest<'a>(wanted: &str, names: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    const LIKELY: f64 = 0.75;
    nearest_by(wanted, names, LIKELY)
}

/// As [`nearest`], of names that are at least this alike: 1 is the same.
pub(crate) fn nearest_by<'a>(
    wanted: &str,
    names: impl Iterator<Item = &'a str>,
    least: f64,
) -> Vec<&'a str> {
    let fold = |name: &str| name.replace(['_', '-'], "").to_lowercase();
    let wanted = fold(wanted);
    let mut scored: Vec<(f64, &str)> = names
        .map(|name| {
            let folded = fold(name);
            // Of short names, one letter is much of what they have.
            let is_slip = wanted.len() > 2 && strsim::osa_distance(&wanted, &folded) == 1;
            let score = strsim::jaro_winkler(&wanted, &folded);
            (if is_slip { score.max(SLIP) } else { score }, name)
        })
        .filter(|(score, _)| *score >= least)
        .collect();
    scored.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(b.1)));
    scored.dedup_by(|next, kept| next.1 == kept.1);
    scored.into_iter().take(3).map(|(_, name)| name).collect()
}

/// "did you mean `a`, `b` or `c`?"; `None` where there is nothing to offer.
pub(crate) fn did_you_mean<S: AsRef<str>>(names: &[S]) -> Option<String> {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{}`", name.as_ref())).collect();
    let (last, rest) = quoted.split_last()?;
    Some(if rest.is_empty() {
        format!("did you mean {last}?")
    } else {
        format!("did you mean {} or {last}?", rest.join(", "))
    })
}
