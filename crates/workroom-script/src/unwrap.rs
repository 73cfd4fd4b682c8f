//! The code in what an agent sent: without fences, prose around it, or a layer of escapes.
//!
//! There are several ways to read a text; the first that parses is it. So a script that is right as
//! it stands is never touched, whatever its strings hold.
//!
//! # Invariants
//!
//! * Every reading has the text's length in bytes, so an offset in what is compiled is an offset
//!   in what the agent sent. Line breaks stay; escaped ones become real.

use std::{borrow::Cow, ops::Range};

/// One way to read a text.
pub(crate) struct Reading<'t> {
    pub(crate) text: Cow<'t, str>,
    /// Whether its mistakes are those to tell if no reading parses.
    pub(crate) speaks: bool,
}

/// Takes what is code out of a text; `None` where this way does not fit it.
type Way = fn(&str) -> Option<String>;

/// The ways to read `source`, the likeliest first.
pub(crate) fn readings(source: &str) -> impl Iterator<Item = Reading<'_>> {
    let lines = lines(source);
    let char = mark(source);
    let is_fence = |line: &&Range<usize>| fence(char, &source[(*line).clone()]).is_some();
    let fences = lines.iter().filter(is_fence).count();
    let is_fenced = fence(char, source.trim_start_matches(is_blank)).is_some();
    // Words around blocks may happen to parse, as labels and templates. In code a line begins with
    // three backticks only in a comment.
    let words = !is_fenced && char == '`' && fences > 1 && !has_comment_before_fence(source);
    let ways: [(bool, Way); 8] = [
        (words, blocks),
        (!is_fenced, plain),
        (is_fenced && fences <= 2, outer),
        (fences > 0 && !words, blocks),
        (is_fenced && fences > 2, outer),
        (fences > 0, without_fences),
        (fences == 0, without_prose),
        (true, unescaped),
    ];
    ways.into_iter().filter(|(applies, _)| *applies).enumerate().filter_map(
        move |(at, (_, way))| {
            let is_plain = at == usize::from(words) && !is_fenced;
            let text = way(source);
            let text = match text {
                None if is_plain => Cow::Borrowed(source),
                text => Cow::Owned(text?),
            };
            Some(Reading { text, speaks: !is_plain || fences == 0 })
        },
    )
}

fn has_comment_before_fence(source: &str) -> bool {
    source.find("```").is_some_and(|first| source[..first].contains("/*"))
}

fn is_blank(char: char) -> bool {
    char.is_whitespace() || char == '\u{FEFF}'
}

/// The lines of a text, without what ends them.
fn lines(source: &str) -> Vec<Range<usize>> {
    let mut lines = Vec::new();
    let mut start = 0;
    for (at, _) in source.match_indices(['\n', '\r']) {
        lines.push(start..at);
        start = at + 1;
    }
    lines.push(start..source.len());
    lines
}

/// Puts blanks in place of everything in `range` but line breaks.
fn blank(text: &mut String, range: Range<usize>) {
    let blanks: String = text[range.clone()]
        .bytes()
        .map(|byte| if matches!(byte, b'\n' | b'\r') { char::from(byte) } else { ' ' })
        .collect();
    text.replace_range(range, &blanks);
}

/// The text without a byte order mark and a hashbang; `None` where it has neither.
fn plain(source: &str) -> Option<String> {
    let mut text = source.to_owned();
    if source.starts_with('\u{FEFF}') {
        blank(&mut text, 0..'\u{FEFF}'.len_utf8());
    }
    hashbang(&mut text);
    (text != source).then_some(text)
}

fn hashbang(text: &mut String) {
    let start = text.len() - text.trim_start().len();
    if text[start..].starts_with("#!") {
        let end = text[start..].find(['\n', '\r']).map_or(text.len(), |end| start + end);
        blank(text, start..end);
    }
}

/// What fences of a text are made of. A template literal may hold lines of `~`, but no line that
/// begins with a backtick.
fn mark(source: &str) -> char {
    if source.trim_start_matches(is_blank).starts_with('~') { '~' } else { '`' }
}

/// A line that opens or closes a fence: its mark, and what follows.
fn fence(mark: char, line: &str) -> Option<(&str, &str)> {
    let line = line.trim_start();
    let rest = line.trim_start_matches(mark);
    let length = line.len() - rest.len();
    let info = rest.lines().next().unwrap_or_default();
    (length >= 3 && !info.contains('`')).then(|| (&line[..length], info.trim()))
}

/// Between a fence at the text's start and one at its end, whatever is inside.
fn outer(source: &str) -> Option<String> {
    let start = source.len() - source.trim_start_matches(is_blank).len();
    let char = mark(source);
    let (mark, _) = fence(char, &source[start..])?;
    let open_end = source[start..].find(['\n', '\r']).map_or(source.len(), |end| start + end);
    let mut text = source.to_owned();
    blank(&mut text, 0..open_end);
    let end = source.trim_end_matches(is_blank).len();
    // A fence that was never closed is a text that was cut, or a model that forgot it.
    let close = source[..end].rfind(['\n', '\r']).map_or(end, |at| at + 1);
    let is_closed = fence(char, &source[close..end])
        .is_some_and(|(closing, rest)| closing.starts_with(mark) && rest.is_empty());
    if close >= open_end && is_closed {
        blank(&mut text, close..end);
    }
    hashbang(&mut text);
    Some(text)
}

/// What a fence's first word says of what is in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Label {
    Script,
    None,
    Other,
}

fn label(info: &str) -> Label {
    let word = info.split([' ', ',', '{', ':']).next().unwrap_or_default().to_lowercase();
    match word.as_str() {
        "" => Label::None,
        "ts" | "tsx" | "typescript" | "js" | "jsx" | "javascript" | "mjs" | "mts" | "cjs"
        | "node" | "code" | "run_code" => Label::Script,
        _ => Label::Other,
    }
}

/// The blocks of a Markdown text that hold code, one after the other: those that say so, else
/// those that say nothing.
fn blocks(source: &str) -> Option<String> {
    let mut blocks: Vec<(Label, Range<usize>)> = Vec::new();
    let char = mark(source);
    let mut open: Option<(&str, Label, usize)> = None;
    for line in lines(source) {
        match (fence(char, &source[line.clone()]), open) {
            (Some((mark, info)), None) => open = Some((mark, label(info), line.end)),
            (Some((mark, "")), Some((opened, label, start))) if mark.starts_with(opened) => {
                blocks.push((label, start..line.start));
                open = None;
            }
            _ => {}
        }
    }
    blocks.extend(open.map(|(_, label, start)| (label, start..source.len())));
    let kept = [Label::Script, Label::None, Label::Other];
    let kept = kept.into_iter().find(|label| blocks.iter().any(|(known, _)| known == label))?;
    let mut text = source.to_owned();
    let mut from = 0;
    for (_, block) in blocks.iter().filter(|(label, _)| *label == kept) {
        blank(&mut text, from..block.start);
        from = block.end;
    }
    let end = text.len();
    blank(&mut text, from..end);
    hashbang(&mut text);
    (!text.trim().is_empty()).then_some(text)
}

/// Everything but the fences: one of a pair may be missing.
fn without_fences(source: &str) -> Option<String> {
    let char = mark(source);
    let mut text = source.to_owned();
    for line in lines(source) {
        if fence(char, &source[line.clone()]).is_some() {
            blank(&mut text, line);
        }
    }
    (!text.trim().is_empty()).then_some(text)
}

/// The text without sentences in front of the code and after it.
fn without_prose(source: &str) -> Option<String> {
    let lines = lines(source);
    let is_left_out = |line: &&Range<usize>| {
        let line = source[(*line).clone()].trim();
        line.is_empty() || is_prose(line)
    };
    let first = lines.iter().position(|line| !is_left_out(&line))?;
    let last = lines.iter().rposition(|line| !is_left_out(&line))?;
    let (start, end) = (lines[first].start, lines[last].end);
    let mut text = source.to_owned();
    blank(&mut text, 0..start);
    blank(&mut text, end..source.len());
    (text != source).then_some(text)
}

/// Whether a line is a sentence and surely no code.
fn is_prose(line: &str) -> bool {
    const CODE: &[&str] = &[
        "const",
        "let",
        "var",
        "import",
        "export",
        "async",
        "await",
        "return",
        "function",
        "class",
        "if",
        "for",
        "while",
        "try",
        "interface",
        "type",
        "enum",
        "throw",
        "switch",
    ];
    let line = line.trim_start_matches(['#', '*', '-', '>', ' ']).trim_end_matches(['*', ' ']);
    let first = line.split([' ', '(', '.', ',']).next().unwrap_or_default();
    let words = line.split_whitespace().count();
    line.starts_with(|char: char| char.is_alphanumeric())
        && line.ends_with(['.', ':', '!', '?', ')'])
        && words >= 2
        && !CODE.contains(&first)
        && !line.contains([';', '=', '{', '}'])
}

/// A text of one line whose line breaks were escaped once too often.
fn unescaped(source: &str) -> Option<String> {
    if source.trim().contains('\n') || !source.contains("\\n") {
        return None;
    }
    let mut text = String::with_capacity(source.len());
    let mut chars = source.chars().peekable();
    while let Some(char) = chars.next() {
        let escaped = (char == '\\').then(|| chars.peek().copied()).flatten();
        let plain = match escaped {
            Some('n') => '\n',
            Some('t' | 'r') => ' ',
            Some(quote @ ('"' | '\\')) => quote,
            _ => {
                text.push(char);
                continue;
            }
        };
        chars.next();
        text.push(' ');
        text.push(plain);
    }
    Some(text)
}
