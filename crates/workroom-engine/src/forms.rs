//! What a guest says of a value, in words: its form and size, and no contents.
//!
//! # Invariants
//!
//! * What comes out is one line, whatever the guest said.

use crate::sandbox::Form;

/// The longest words of one value, in characters.
const WORDS_CHARS_MAX: usize = 400;

/// The beginning of a text that was taken for JSON: without it nobody knows what came.
pub(crate) fn quoted(text: &str, form: &Form) -> String {
    match (form.kind.as_str(), form.size) {
        ("string", Some(size)) => {
            let about: String = form.text.chars().take(WORDS_CHARS_MAX).collect();
            let about = about.replace(char::is_control, "\u{FFFD}");
            format!("{text}: text({size}) {about}")
        }
        _ => words(text, form),
    }
}

/// `invoice has: id, items[12], total`, `rows: array(3) of { id }`, `name: text(4)`: forms, and
/// no contents, which reach the agent only if its code returns or logs them.
pub(crate) fn words(text: &str, form: &Form) -> String {
    let about: String = form.text.chars().take(WORDS_CHARS_MAX).collect();
    let about: String =
        about.chars().map(|c| if c.is_control() { '\u{FFFD}' } else { c }).collect();
    match (form.kind.as_str(), about.as_str()) {
        ("object" | "server", "") => format!("{text}: {{}}"),
        ("object" | "server", about) => format!("{text} has: {about}"),
        ("array", about) => match about.split_once(' ') {
            Some((count, of)) => format!("{text}: array({count}) {of}"),
            None => format!("{text}: array({about})"),
        },
        ("map" | "set", about) => format!("{text}: {}({about})", form.kind),
        ("string", _) => match form.size {
            Some(size) => format!("{text}: text({size})"),
            None => format!("{text}: text"),
        },
        ("number", "NaN") => format!("{text}: NaN"),
        ("date", "invalid") => format!("{text}: invalid date"),
        (kind, _) => format!("{text}: {kind}"),
    }
}
