//! Reads what a guest reports of a run's end: the thrown value and its stack.

use serde::Deserialize;
use workroom_engine::sandbox::{Form, Frame, GuestError};

/// The longest message that is kept, in bytes.
pub(crate) const MESSAGE_MAX: usize = 64 * 1024;

/// Of what a guest tells beside the message: how much is kept. The prelude itself gives less.
const DETAILS_MAX: usize = 12;
const SEEN_MAX: usize = 64;
const NAMES_MAX: usize = 200;
const WORDS_MAX: usize = 2 * 1024;

fn cut(text: &mut String) {
    text.truncate(text.floor_char_boundary(WORDS_MAX));
}

/// What QuickJS throws when an allocation fails: the second where that was the error's message.
const OUT_OF_MEMORY: [&str; 2] = ["out of memory", "Invalid error message"];

/// What the prelude's `describe` gives.
#[derive(Deserialize)]
struct Thrown {
    name: String,
    message: String,
    stack: String,
    #[serde(default)]
    details: Vec<(String, String)>,
    #[serde(default)]
    seen: Vec<Form>,
}

/// The exception that `json` describes; `None` where even describing it failed.
pub(crate) fn exception(json: Option<String>) -> GuestError {
    let thrown = json.and_then(|json| serde_json::from_str::<Thrown>(&json).ok());
    let Some(mut thrown) = thrown else {
        let message = "an exception that cannot be described".to_owned();
        return GuestError { message, ..GuestError::default() };
    };
    thrown.message.truncate(thrown.message.floor_char_boundary(MESSAGE_MAX));
    thrown.details.truncate(DETAILS_MAX);
    for (name, value) in &mut thrown.details {
        cut(name);
        cut(value);
    }
    thrown.seen.truncate(SEEN_MAX);
    for form in &mut thrown.seen {
        cut(&mut form.kind);
        cut(&mut form.text);
        form.names.truncate(NAMES_MAX);
        form.names.iter_mut().for_each(cut);
    }
    GuestError {
        name: thrown.name,
        message: thrown.message,
        frames: thrown.stack.lines().filter_map(frame).collect(),
        details: thrown.details,
        seen: thrown.seen,
    }
}

/// Whether `error` is QuickJS' own report that an allocation failed: an error that says so, or
/// `null`, or no value at all, where there was no memory for one.
pub(crate) fn is_out_of_memory(error: &GuestError) -> bool {
    (error.name == "InternalError" && OUT_OF_MEMORY.contains(&error.message.as_str()))
        || (error.name.is_empty() && matches!(&*error.message, "null" | "[uninitialized]"))
}

/// Reads `    at function (file:line:column)` or, of a syntax error, `    at file:line:column`.
///
/// Gives `None` for frames of the engine and of the prelude.
fn frame(line: &str) -> Option<Frame> {
    let text = line.trim_start().strip_prefix("at ")?;
    let (function, position) = match text.strip_suffix(')').and_then(|text| text.rsplit_once(" ("))
    {
        Some((function, position)) => (function, position),
        None => ("", text),
    };
    let (rest, column) = position.rsplit_once(':')?;
    let (file, line) = rest.rsplit_once(':')?;
    if file.starts_with("workroom:") || file.starts_with('<') {
        return None;
    }
    // Top-level code is a function named `<eval>`; an arrow without a name is `<anonymous>`.
    let function = if function.starts_with('<') { "" } else { function };
    Some(Frame {
        function: function.to_owned(),
        file: file.to_owned(),
        line: line.parse().ok()?,
        column: column.parse().ok()?,
    })
}

/// `json` with each lone surrogate, which QuickJS writes as an escape and Rust's JSON refuses,
/// replaced by U+FFFD. QuickJS escapes no surrogate that has its other half.
pub(crate) fn well_formed(json: String) -> String {
    if !json.contains("\\ud") {
        return json;
    }
    let mut clean = String::with_capacity(json.len());
    let mut rest = json.as_str();
    while let Some(at) = rest.find('\\') {
        let (before, escape) = rest.split_at(at);
        clean.push_str(before);
        let is_surrogate = escape.starts_with("\\ud")
            && matches!(escape.as_bytes().get(3), Some(b'8'..=b'9' | b'a'..=b'f'));
        // Another escape is passed over with the character after its backslash. The text is a
        // guest's word: it may end, or hold any character, where JSON has digits.
        let len = if is_surrogate && escape.is_char_boundary(6) {
            clean.push_str("\\ufffd");
            6
        } else {
            let len = 1 + escape[1..].chars().next().map_or(0, char::len_utf8);
            clean.push_str(&escape[..len]);
            len
        };
        rest = &escape[len..];
    }
    clean.push_str(rest);
    clean
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lone_surrogates_become_replacement_characters_and_backslashes_stay() {
        let check = |json: &str, expected: &str| {
            assert_eq!(well_formed(json.to_owned()), expected, "{json}");
        };
        check(r#""\ud800""#, r#""\ufffd""#);
        check(r#""a\udfffb\n""#, r#""a\ufffdb\n""#);
        check(r#""\\ud800""#, r#""\\ud800""#);
        check(r#""\u0001\ud83d""#, r#""\u0001\ufffd""#);
        check(r#"{"a":"\"\\"}"#, r#"{"a":"\"\\"}"#);
        // No JSON, but what a guest may give for it.
        check("\\é\\ud", "\\é\\ud");
        check("\\ud8é\\", "\\ufffd\\");
        check("\\ud80é", "\\ud80é");
        check("\\ud800\\", "\\ufffd\\");
    }

    #[test]
    fn a_frame_names_its_function_and_position() {
        let check = |line: &str, expected: Option<(&str, &str, u32, u32)>| {
            let found = frame(line);
            let found = found.as_ref();
            let found = found.map(|f| (f.function.as_str(), f.file.as_str(), f.line, f.column));
            assert_eq!(found, expected, "{line}");
        };
        check("    at f (run.ts:3:9)", Some(("f", "run.ts", 3, 9)));
        check("    at <eval> (run.ts:1:1)", Some(("", "run.ts", 1, 1)));
        check("    at run.ts:2:5", Some(("", "run.ts", 2, 5)));
        check("    at call (native)", None);
        check("    at getContact (workroom:prelude:90:3)", None);
        check("    at a (b) (run.ts:4:2)", Some(("a (b)", "run.ts", 4, 2)));
        check("    at f (run.ts:x:9)", None);
        check("nothing", None);
    }
}
