//! Tools as tools: the names by which agents call them without code.
//!
//! # Invariants
//!
//! * A name has at most [`DIRECT_NAME_CHARS_MAX`] characters of `A-Z a-z 0-9 _ -`, which every
//!   client and model takes.
//! * Two tools never share a name, and a tool's name depends on nothing but its server's name and
//!   its own: it stays when others come and go.

use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::text;

/// The longest name, in characters: what model providers take.
pub const DIRECT_NAME_CHARS_MAX: usize = 64;

/// Stands between server and tool.
const JOINT: &str = "__";

/// How many digits tell names that are not written as they are.
const DIGITS: usize = 16;

/// The name that `tool` of `server` is offered by: `crm__get_contact`. Where the two names cannot
/// stand as they are, what can is followed by a hash of both.
pub fn direct_name(server: &str, tool: &str) -> String {
    let plain = format!("{server}{JOINT}{tool}");
    // The first `__` must be the one between them, and the end must not look like a hash.
    let is_apart = !server.is_empty()
        && !tool.is_empty()
        && !server.contains(JOINT)
        && !server.ends_with('_')
        && !tool.starts_with('_');
    let is_safe = plain.len() <= DIRECT_NAME_CHARS_MAX && plain.chars().all(is_allowed);
    if is_apart && is_safe && !ends_like_hash(&plain) {
        return plain;
    }
    // Length first, or the names `a`, `bc` and `ab`, `c` would be one text.
    let hash = Sha256::digest(format!("{} {server}{tool}", server.len()));
    let digits: String = hash.iter().take(DIGITS / 2).map(|byte| format!("{byte:02x}")).collect();
    let room = DIRECT_NAME_CHARS_MAX - DIGITS - 1;
    let cleaned = |text: &str, most: usize| -> String {
        let chars = text.chars().map(|c| if is_allowed(c) { c } else { '_' });
        chars.take(most).collect()
    };
    // A long server's name must not leave nothing of the tool's.
    let server = cleaned(server, room / 3);
    let stem = cleaned(&format!("{server}{JOINT}{tool}"), room);
    format!("{stem}_{digits}")
}

fn is_allowed(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '-')
}

fn ends_like_hash(name: &str) -> bool {
    name.rsplit_once('_').is_some_and(|(_, end)| {
        end.len() == DIGITS && end.chars().all(|c| matches!(c, '0'..='9' | 'a'..='f'))
    })
}

/// `schema` as clients take it for a tool's arguments: an object's, without hidden characters in
/// its words.
pub(crate) fn input_schema(schema: &Value) -> Value {
    let mut schema = schema.clone();
    match &mut schema {
        Value::Object(object) => {
            object.insert("type".to_owned(), "object".into());
        }
        other => *other = serde_json::json!({ "type": "object" }),
    }
    clean(&mut schema);
    schema
}

fn clean(schema: &mut Value) {
    match schema {
        Value::Object(object) => {
            for (key, value) in object {
                match value {
                    Value::String(words) if matches!(key.as_str(), "description" | "title") => {
                        *words = text::lines(words, text::DESCRIPTION_BYTES_MAX).join("\n");
                    }
                    value => clean(value),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(clean),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(server: &str, tool: &str, expected: &str) {
        assert_eq!(direct_name(server, tool), expected);
    }

    #[test]
    fn usual_names_stay_as_they_are() {
        check("crm", "get_contact", "crm__get_contact");
        check("cyanheads-git", "git_log", "cyanheads-git__git_log");
        check("a_b", "c__d", "a_b__c__d");
    }

    #[test]
    fn what_could_be_taken_for_another_has_a_hash() {
        check("a", "_b", "a___b_915f1caf1136a224");
        check("a_", "b", "a___b_090cf4535724e17e");
        check("a.b", "c", "a_b__c_d45c33322ef67f25");
    }

    #[test]
    fn a_schema_is_an_objects_and_its_words_are_seen() {
        let schema = serde_json::json!({
            "properties": { "title": { "type": "string", "description": "a\u{202e}b" } }
        });
        let expected = serde_json::json!({
            "type": "object",
            "properties": { "title": { "type": "string", "description": "ab" } }
        });
        assert_eq!(input_schema(&schema), expected);
        assert_eq!(input_schema(&Value::Bool(true)), serde_json::json!({ "type": "object" }));
    }
}
