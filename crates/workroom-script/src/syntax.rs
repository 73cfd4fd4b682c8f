//! What the parser found wrong, in words with a next step.
//!
//! A parser says what it expected at a place. What helps is what is open there: the bracket or the
//! quote that nothing closes may be many lines above.
//!
//! # Invariants
//!
//! * Brackets are told apart from those in strings, comments and regular expressions as well as
//!   can be without a parser: it is a hint, and nothing depends on it.

use oxc::{
    diagnostics::{Diagnostics, OxcDiagnostic},
    span::LabeledSpan,
};

use crate::{check::Finding, diagnostic::DiagnosticKind};

/// The longest piece of a text that a message repeats, in characters.
const SHOWN_MAX: usize = 20;

/// What is said of a script that stops too soon.
const THE_END: &str = "the script ends in the middle of something";

/// The mistakes of a text that does not parse.
pub(crate) fn unread(text: &str, diagnostics: &Diagnostics) -> Vec<Finding> {
    let mut found = findings(diagnostics);
    if let Some(first) = found.first_mut() {
        let offset = first.offset as usize;
        if first.message == "unexpected token" {
            let (message, hint) = match shown(text, offset) {
                Some(token) => (format!("unexpected `{token}`"), "something is missing before it"),
                None => (THE_END.to_owned(), "finish what it ends with"),
            };
            first.message = message;
            first.hint.get_or_insert_with(|| hint.to_owned());
        }
        let hint = of_text(text, first).or_else(|| of_brackets(text, first));
        first.hint = hint.or_else(|| first.hint.take());
    }
    found
}

/// Oxc's words as ours: a clause without capital and stop.
pub(crate) fn findings(diagnostics: &Diagnostics) -> Vec<Finding> {
    diagnostics.iter().map(finding).collect()
}

fn finding(diagnostic: &OxcDiagnostic) -> Finding {
    let label = diagnostic.labels.iter().find(|label| label.primary());
    // Of a name declared twice, the second declaration is the mistake.
    let twice = diagnostic.message.contains("already been declared");
    let label = label.or(if twice { diagnostic.labels.last() } else { diagnostic.labels.first() });
    let offset = label.map_or(0, LabeledSpan::offset);
    let message = clause(&diagnostic.message);
    let message = message.trim_start_matches("syntax error: ").replace("Character", "character");
    let hint = of_message(&message).or_else(|| {
        let help = diagnostic.help.as_deref();
        help.or_else(|| label.and_then(|label| label.label())).map(clause)
    });
    Finding { kind: DiagnosticKind::Syntax, message, offset, hint, signature: None }
}

/// A next step where the parser's own words have none that helps.
fn of_message(message: &str) -> Option<String> {
    if message.contains(['“', '”', '‘', '’', '„']) {
        return Some("write straight quotation marks: `\"` or `'`".to_owned());
    }
    if message.contains("already been declared") {
        let name = message.split('`').nth(1).unwrap_or("it");
        return Some(format!("choose another name, or declare `let {name}` once and set it here"));
    }
    if message.contains("is a reserved word") {
        return Some("choose another name".to_owned());
    }
    if message.contains("nterminated string") {
        return Some(
            "close the quote on its line; text of several lines stands between backticks"
                .to_owned(),
        );
    }
    None
}

fn clause(sentence: &str) -> String {
    let sentence = sentence.trim().trim_end_matches('.');
    let mut chars = sentence.chars();
    match (chars.next(), chars.next()) {
        (Some(first), Some(second)) if first.is_uppercase() && !second.is_uppercase() => {
            first.to_lowercase().chain(sentence.chars().skip(1)).collect()
        }
        _ => sentence.to_owned(),
    }
}

/// The word or sign at `offset`; `None` at the end.
fn shown(text: &str, offset: usize) -> Option<String> {
    let rest = text.get(offset..)?.trim_start();
    let is_word = |char: char| char.is_alphanumeric() || matches!(char, '_' | '$');
    let first = rest.chars().next()?;
    let word: String = rest.chars().take_while(|char| is_word(*char)).take(SHOWN_MAX).collect();
    Some(if word.is_empty() { first.to_string() } else { word }).filter(|it| it != "`")
}

/// A next step that the text around a mistake tells better than the parser.
fn of_text(text: &str, found: &Finding) -> Option<String> {
    let offset = found.offset as usize;
    let (before, after) = (text.get(..offset)?, text.get(offset..)?);
    let line = before.rfind(['\n', '\r']).map_or(0, |at| at + 1);
    let end = after.find(['\n', '\r']).map_or(text.len(), |at| offset + at);
    if found.message.contains("semicolon") && ends_text(&before[line..], after) {
        return Some(
            "the quote before it ends the text: write `\\'` in it, or put it between backticks"
                .to_owned(),
        );
    }
    if ["&lt;", "&gt;", "&amp;"].iter().any(|entity| text[line..end].contains(entity)) {
        return Some("this is escaped for HTML: write `<`, `>` and `&&`".to_owned());
    }
    let is_object = found.message.contains("semicolon")
        && before.rfind('{').is_some_and(|open| {
            let statement = before[..open].rfind(['\n', '\r', ';']).map_or(0, |at| at + 1);
            before[statement..open].trim().is_empty()
                && (before[open..].contains([':', ',']) || after.starts_with([':', ',']))
        });
    if is_object {
        return Some("write `return { … }`: a line that begins with `{` is a block".to_owned());
    }
    let is_run_on = found.message.contains("semicolon");
    is_run_on.then(|| "end the statement before it, or join both by an operator or `,`".to_owned())
}

/// Whether a word hangs on the quote that ends a text: `'it's`.
fn ends_text(line: &str, after: &str) -> bool {
    let quotes = ['\'', '"'];
    let inside = line.strip_suffix(quotes).is_some_and(|rest| rest.contains(quotes));
    inside && after.starts_with(char::is_alphanumeric)
}

/// What to do about a bracket that is open where the mistake is.
fn of_brackets(text: &str, found: &Finding) -> Option<String> {
    let offset = found.offset as usize;
    let message = &found.message;
    let at_end = Open::before(text, text.len());
    // A quote does not go over its line; what is open at the end is a template.
    let is_template = at_end.stack.last().is_some_and(|(open, _)| *open == '`');
    let is_end = message == THE_END
        || message.contains("`EOF`")
        || (message.contains("nterminated") && (is_template || !message.contains("string")));
    let open = if is_end { at_end } else { Open::before(text, offset) };
    if is_end {
        let (char, at) = *open.stack.last()?;
        let place = place(text, at, text.len());
        return Some(match closing(char) {
            Some(close) => format!("close the `{char}`{place} with `{close}`"),
            None => format!("close the {}{place}", name(char)),
        });
    }
    let (expected, got) = message.strip_prefix("expected ")?.split_once(" but found ")?;
    let (char, at) = *open.stack.last()?;
    let close = closing(char).filter(|close| expected.contains(&format!("`{close}`")))?;
    let place = place(text, at, offset);
    let ends = ["`;`", "`EOF`", "`)`", "`]`", "`}`", "`return`", "`const`", "`let`", "`await`"];
    Some(if expected.contains("`,`") && !ends.contains(&got) {
        format!("put `,` before it; or `{close}`, if the `{char}`{place} ends here")
    } else {
        format!("close the `{char}`{place} before it: `{close}`")
    })
}

/// ` of line 3`, where that is another line than that of `offset`.
fn place(text: &str, at: usize, offset: usize) -> String {
    let line = |at: usize| text.get(..at).unwrap_or(text).matches('\n').count() + 1;
    let text_end = text.trim_end().len();
    if line(at) == line(offset.min(text_end)) {
        String::new()
    } else {
        format!(" of line {}", line(at))
    }
}

fn closing(open: char) -> Option<char> {
    match open {
        '(' => Some(')'),
        '[' => Some(']'),
        '{' => Some('}'),
        _ => None,
    }
}

fn name(open: char) -> &'static str {
    match open {
        '`' => "backtick",
        '*' => "comment",
        '/' => "regular expression",
        _ => "quote",
    }
}

/// What is open at a place of a text: brackets, quotes, comments, with where they begin.
struct Open {
    stack: Vec<(char, usize)>,
}

impl Open {
    fn before(text: &str, end: usize) -> Self {
        let mut open = Open { stack: Vec::new() };
        let mut last = '\0';
        let mut word_start = 0;
        let mut skip = 0;
        for (at, char) in text.char_indices().take_while(|(at, _)| *at < end) {
            if at < skip {
                continue;
            }
            let next = text[at + char.len_utf8()..].chars().next();
            if open.is_inside_text(char, next, at, &mut skip) {
                continue;
            }
            match (char, next) {
                ('/', Some('/')) => skip = text[at..].find('\n').map_or(end, |line| at + line),
                ('/', Some('*')) => {
                    open.stack.push(('*', at));
                    skip = at + 2;
                }
                ('/', _) if begins_pattern(last, &text[word_start..at]) => {
                    open.stack.push(('/', at));
                }
                ('(' | '[' | '{' | '"' | '\'' | '`', _) => open.stack.push((char, at)),
                (')' | ']' | '}', _) => open.close(char),
                _ => {}
            }
            if !char.is_whitespace() {
                if !(last.is_alphanumeric() && char.is_alphanumeric()) {
                    word_start = at;
                }
                last = char;
            }
        }
        open
    }

    /// Goes on inside of a string, comment or pattern; false where the text is code.
    fn is_inside_text(
        &mut self,
        char: char,
        next: Option<char>,
        at: usize,
        skip: &mut usize,
    ) -> bool {
        let Some((quote, _)) = self.stack.last().copied() else { return false };
        match (quote, char) {
            ('"' | '\'' | '`' | '/', '\\') => {
                *skip = at + 1 + next.map_or(0, char::len_utf8);
            }
            ('`', '$') if next == Some('{') => {
                self.stack.push(('{', at));
                *skip = at + 2;
            }
            ('"' | '\'' | '`' | '/', char) if char == quote => drop(self.stack.pop()),
            // Neither goes over its line.
            ('"' | '\'' | '/', '\n') => drop(self.stack.pop()),
            ('*', '*') if next == Some('/') => {
                self.stack.pop();
                *skip = at + 2;
            }
            ('"' | '\'' | '`' | '/' | '*', _) => {}
            _ => return false,
        }
        true
    }

    fn close(&mut self, close: char) {
        if self.stack.last().is_some_and(|(open, _)| closing(*open) == Some(close)) {
            self.stack.pop();
        }
    }
}

/// Whether a `/` after `last`, the end of `word`, begins a regular expression.
fn begins_pattern(last: char, word: &str) -> bool {
    !(last.is_alphanumeric() || matches!(last, '_' | '$' | ')' | ']' | '}'))
        || matches!(word.trim(), "return" | "typeof" | "case" | "in" | "of")
}
