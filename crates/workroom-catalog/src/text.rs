//! Text of servers, made fit for a comment, a string literal or one line.
//!
//! # Invariants
//!
//! * What comes out holds no control, invisible or direction-changing character:
//!   an agent and its user read the same.
//! * A comment's text cannot end its comment; a literal's text cannot end its literal.

/// The most bytes of one description that are read: the longest seen in the wild has 7 KiB.
pub const DESCRIPTION_BYTES_MAX: usize = 8 * 1024;

/// The most characters of a one-line summary.
pub const SUMMARY_CHARS_MAX: usize = 120;

/// Whether a reader cannot see `c`, or sees other text because of it.
pub(crate) fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
            | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

/// TypeScript with the word `from` replaced by `to`, but for string literals and comments.
pub(crate) fn outside_literals(code: &str, from: &str, to: &str) -> String {
    let mut out = String::with_capacity(code.len());
    let mut rest = code;
    while !rest.is_empty() {
        let len = match rest.as_bytes() {
            [b'/', b'/', ..] => rest.find('\n').unwrap_or(rest.len()),
            [b'/', b'*', ..] => rest.find("*/").map_or(rest.len(), |end| end + 2),
            [b'"', ..] => literal_len(rest),
            _ => {
                let word = rest.find(|c: char| !is_word(c)).unwrap_or(rest.len());
                if rest[..word] == *from {
                    out.push_str(to);
                    rest = &rest[word..];
                    continue;
                }
                word.max(rest.chars().next().map_or(1, char::len_utf8))
            }
        };
        out.push_str(&rest[..len]);
        rest = &rest[len..];
    }
    out
}

/// The bytes of the literal that `code` begins with, quotes and all.
fn literal_len(code: &str) -> usize {
    let mut escaped = false;
    for (at, c) in code.char_indices().skip(1) {
        match c {
            '"' if !escaped => return at + 1,
            '\\' => escaped = !escaped,
            _ => escaped = false,
        }
    }
    code.len()
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '$')
}

/// The first `max` bytes of `text`, or a few less.
pub(crate) fn prefix(text: &str, max: usize) -> &str {
    &text[..text.floor_char_boundary(max)]
}

/// `text` as lines, without what is hidden, empty lines at its ends, or two empty lines in a row.
pub(crate) fn lines(text: &str, bytes_max: usize) -> Vec<String> {
    let kept = prefix(text, bytes_max);
    let mut lines: Vec<String> = Vec::new();
    for line in without_escapes(kept).split(['\n', '\u{2028}', '\u{2029}', '\u{85}']) {
        let shown = line.replace('\t', "  ");
        let shown: String = shown.chars().filter(|c| !is_hidden(*c)).collect();
        let shown = shown.trim_end();
        if !(shown.is_empty() && lines.last().is_none_or(String::is_empty)) {
            lines.push(shown.to_owned());
        }
    }
    while lines.last().is_some_and(String::is_empty) {
        lines.pop();
    }
    dedent(&mut lines);
    if kept.len() < text.len() {
        lines.push(format!("… ({} more bytes)", text.len() - kept.len()));
    }
    lines
}

/// Takes away the indentation that nearly all lines but the first share: it comes from the
/// server's source code, and a few lines often have less of it.
fn dedent(lines: &mut [String]) {
    let indent_of = |line: &str| line.len() - line.trim_start().len();
    if let Some(first) = lines.first_mut() {
        *first = first.trim_start().to_owned();
    }
    let rest = lines.get_mut(1..).unwrap_or_default();
    let mut indents: Vec<usize> =
        rest.iter().filter(|line| !line.is_empty()).map(|line| indent_of(line)).collect();
    indents.sort_unstable();
    let shared = indents.get(indents.len() / 10).copied().unwrap_or(0);
    for line in rest.iter_mut() {
        let cut = shared.min(indent_of(line));
        // Indentation may be of wide spaces: cut only where that is a character's start.
        *line = line.get(cut..).unwrap_or(line.trim_start()).to_owned();
    }
}

/// `text` without terminal escape sequences.
fn without_escapes(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        if c != '\u{1b}' {
            out.push(c);
        } else if chars.next_if_eq(&'[').is_some() {
            while chars.next().is_some_and(|c| !('@'..='~').contains(&c)) {}
        }
    }
    out
}

/// `text` as one line of at most `chars_max` characters, `…` for what is cut.
pub fn one_line(text: &str, chars_max: usize) -> String {
    let mut words = String::new();
    for line in lines(text, chars_max.saturating_mul(8)) {
        for word in line.split_whitespace() {
            if !words.is_empty() {
                words.push(' ');
            }
            words.push_str(word);
        }
    }
    shorten(&words, chars_max)
}

/// At most `chars_max` characters of `text`, cut between words where that costs little.
pub(crate) fn shorten(text: &str, chars_max: usize) -> String {
    if text.chars().count() <= chars_max {
        return text.to_owned();
    }
    let end = text.char_indices().nth(chars_max.saturating_sub(1)).map_or(text.len(), |(at, _)| at);
    let cut = &text[..end];
    let cut = match cut.rfind(' ') {
        Some(space) if space * 4 > cut.len() * 3 => &cut[..space],
        _ => cut,
    };
    format!("{}…", cut.trim_end_matches([' ', ',', ';', ':', '.']))
}

/// The first sentence of `text` on one line.
pub fn summary(text: &str) -> String {
    let lines = lines(text, DESCRIPTION_BYTES_MAX);
    let words: Vec<&str> = lines
        .iter()
        .take_while(|line| !line.is_empty())
        .flat_map(|line| line.split_whitespace())
        .collect();
    let words = words.join(" ");
    shorten(sentence(&words), SUMMARY_CHARS_MAX)
}

/// The fewest names in a sentence that are taken for the fields of a result.
const TOLD_MIN: usize = 3;

/// The most names that are shown of what a description tells.
const TOLD_MAX: usize = 24;

/// The names that `text` has in backticks where it names the most of them in one sentence: of a
/// result that no schema describes, most likely the fields. `known` are others. What stands in
/// parentheses explains the name before it.
pub(crate) fn told_names(text: &str, known: &[String]) -> Vec<String> {
    let plain = without_parentheses(&lines(text, DESCRIPTION_BYTES_MAX).join(" "));
    let mut rest = plain.as_str();
    let mut best: Vec<String> = Vec::new();
    while !rest.is_empty() {
        let first = sentence(rest);
        rest = rest[first.len()..].trim_start();
        let mut names: Vec<String> = Vec::new();
        let parts: Vec<&str> = first.split('`').collect();
        // What a last backtick opens is no name.
        let closed = &parts[..parts.len() - (parts.len() + 1) % 2];
        for name in closed.iter().skip(1).step_by(2).copied() {
            let is_name = property(name) == name && name.len() <= 48;
            if is_name && !known.iter().chain(&names).any(|other| other == name) {
                names.push(name.to_owned());
            }
        }
        if names.len() >= TOLD_MIN && names.len() > best.len() {
            best = names;
        }
    }
    best.truncate(TOLD_MAX);
    best
}

fn without_parentheses(text: &str) -> String {
    let (mut out, mut depth) = (String::with_capacity(text.len()), 0_usize);
    for c in text.chars() {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            c if depth == 0 => out.push(c),
            _ => {}
        }
    }
    out
}

/// The first sentence, with its stop. `e.g. x` and `v1.2` do not end one.
fn sentence(text: &str) -> &str {
    for (at, _) in text.match_indices(['.', '!', '?']) {
        let (before, after) = (&text[..at], &text[at + 1..]);
        let word = before.rsplit([' ', '(']).next().unwrap_or_default();
        let abbreviated = word.contains('.') || matches!(word, "etc" | "vs" | "cf" | "i" | "e");
        let starts_anew = after
            .strip_prefix(' ')
            .is_some_and(|rest| !rest.starts_with(|c: char| c.is_lowercase() || c == '('));
        if starts_anew && !abbreviated {
            return &text[..=at];
        }
    }
    text
}

/// `lines` as a documentation comment, each line indented by `indent`; empty for no lines.
pub(crate) fn doc_comment(lines: &[String], indent: &str) -> String {
    let safe = |line: &String| line.replace("*/", "*\\/");
    match lines {
        [] => String::new(),
        [line] => format!("{indent}/** {} */\n", safe(line)),
        lines => {
            let mut out = format!("{indent}/**\n");
            for line in lines {
                out.push_str(format!("{indent} * {}", safe(line)).trim_end());
                out.push('\n');
            }
            out.push_str(indent);
            out.push_str(" */\n");
            out
        }
    }
}

/// `text` as a string literal of TypeScript.
pub(crate) fn literal(text: &str) -> String {
    let quoted = serde_json::Value::from(text).to_string();
    escape_hidden(&quoted)
}

/// JSON text with everything hidden written as `\u` escapes. Outside of strings JSON hides nothing.
pub(crate) fn escape_hidden(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        if is_hidden(c) {
            let mut units = [0; 2];
            for unit in c.encode_utf16(&mut units) {
                out.push_str(&format!("\\u{unit:04x}"));
            }
        } else {
            out.push(c);
        }
    }
    out
}

/// `key` as a property name: bare where TypeScript allows it and everybody expects it.
pub(crate) fn property(key: &str) -> String {
    let mut chars = key.chars();
    let bare = chars.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_' || c == '$')
        && chars.all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '$');
    if bare { key.to_owned() } else { literal(key) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_description_tells_the_fields_in_the_sentence_that_names_most() {
        for (text, known, expected) in [
            (
                "Each row has `id`, `sku` (as `typed`), `packs` and `price`.",
                "",
                "id sku packs price",
            ),
            ("Gives `data` and `next`. Each has `a`, `b`, `c`. Pass `next`.", "", "a b c"),
            ("Pass `limit`, `cursor` and `since`.", "limit cursor since", ""),
            ("Has `a` and `b`.", "", ""),
            ("Not names: `a b`, `x()`, `{}` and `*/`.", "", ""),
            ("An open (parenthesis `a`, `b`, `c`", "", ""),
            ("One `a`, `b`, `c", "", ""),
        ] {
            let known: Vec<String> = known.split_whitespace().map(str::to_owned).collect();
            assert_eq!(told_names(text, &known).join(" "), expected, "{text}");
        }
    }

    #[test]
    fn a_word_is_replaced_in_code_alone() {
        for (code, expected) in [
            ("unknown", "any"),
            ("a: unknown[]; unknowns: unknown", "a: any[]; unknowns: any"),
            (r#"x: "unknown" | unknown"#, r#"x: "unknown" | any"#),
            (r#""a\"unknown" | unknown"#, r#""a\"unknown" | any"#),
            (
                "/* unknown \" */ unknown // unknown\nunknown",
                "/* unknown \" */ any // unknown\nany",
            ),
            ("é: unknown \"open", "é: any \"open"),
        ] {
            assert_eq!(outside_literals(code, "unknown", "any"), expected);
        }
    }
}
