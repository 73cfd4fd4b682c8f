//! Where in a value something is: `items[2].price`.

use std::fmt::Write as _;

/// The most characters of one key that are shown.
const KEY_CHARS_MAX: usize = 64;

/// The most characters of a path that are shown.
const PATH_CHARS_MAX: usize = 200;

/// One step into a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Key(String),
    Index(usize),
    /// Any entry of an array.
    Each,
    /// Any entry of an object whose keys are data.
    Any,
}

/// `steps` as code would write them; empty for the value itself.
pub(crate) fn text(steps: &[Step]) -> String {
    let mut out = String::new();
    for step in steps {
        match step {
            Step::Key(key) if is_plain(key) && key.len() <= KEY_CHARS_MAX => {
                if !out.is_empty() {
                    out.push('.');
                }
                out.push_str(key);
            }
            // A parameter by its own name, such as `resource-group`.
            Step::Key(key) if out.is_empty() && is_legible(key) => out.push_str(key),
            Step::Key(key) => {
                let _ = write!(out, "[{}]", quoted(&shortened(key, KEY_CHARS_MAX)));
            }
            Step::Index(index) => {
                let _ = write!(out, "[{index}]");
            }
            Step::Each => out.push_str("[]"),
            Step::Any => out.push_str("[*]"),
        }
    }
    if out.is_empty() { out } else { shortened(&out, PATH_CHARS_MAX) }
}

/// Whether `key` can follow a dot.
pub(crate) fn is_plain(key: &str) -> bool {
    let mut chars = key.chars();
    chars.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_' || c == '$')
        && chars.all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '$')
}

/// Whether `key` is short and cannot be taken for something else than a name.
fn is_legible(key: &str) -> bool {
    let is_fine =
        |c: u8| c.is_ascii_alphanumeric() || matches!(c, b'_' | b'-' | b':' | b'/' | b'@');
    !key.is_empty() && key.len() <= KEY_CHARS_MAX && key.bytes().all(is_fine)
}

/// `text` as a string literal without anything that a reader cannot see.
pub(crate) fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    for c in serde_json::Value::from(text).to_string().chars() {
        if c.is_alphanumeric() || c.is_ascii_graphic() || c == ' ' {
            out.push(c);
        } else {
            let mut units = [0; 2];
            for unit in c.encode_utf16(&mut units) {
                let _ = write!(out, "\\u{unit:04x}");
            }
        }
    }
    out
}

/// At most `most` characters of `text`.
pub(crate) fn shortened(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}…", &text[..end]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(steps: &[Step], expected: &str) {
        assert_eq!(text(steps), expected);
    }

    #[test]
    fn a_path_reads_as_code() {
        let key = |key: &str| Step::Key(key.to_owned());
        check(&[], "");
        check(&[key("items"), Step::Index(2), key("price")], "items[2].price");
        check(&[Step::Each, key("a b"), Step::Any], "[][\"a b\"][*]");
        check(&[key("resource-group"), key("a-b")], "resource-group[\"a-b\"]");
        check(&[key("a\u{202e}\n")], "[\"a\\u202e\\n\"]");
        check(
            &[key(&"k".repeat(65))],
            &format!("[\"{}…\"]", "k".repeat(64)).replace('…', "\\u2026"),
        );
    }
}
