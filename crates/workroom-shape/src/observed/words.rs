//! Which texts may be kept as they are: words of fields that hold one of a few.

/// The last word of a field's name, in the singular, that says: one of a few words follows.
pub const FIELDS: [&str; 36] = [
    "action",
    "category",
    "currency",
    "direction",
    "encoding",
    "event",
    "format",
    "kind",
    "lang",
    "language",
    "level",
    "locale",
    "method",
    "mode",
    "outcome",
    "phase",
    "plan",
    "priority",
    "protocol",
    "reason",
    "relation",
    "resolution",
    "result",
    "role",
    "scope",
    "severity",
    "stage",
    "state",
    "status",
    "strategy",
    "tier",
    "type",
    "unit",
    "variant",
    "visibility",
    "conclusion",
];

/// The most words of one field.
pub const WORDS_MAX: usize = 8;

/// The most bytes of a word.
pub const WORD_BYTES_MAX: usize = 32;

/// Words are shown from so many calls on.
pub const CALLS_BEFORE_WORDS: u32 = 5;

/// Whether a field called `key` holds one of a few words.
pub(crate) fn may_be_in(key: &str) -> bool {
    let last = last_word(key);
    let one = last.strip_suffix('s').unwrap_or(&last);
    FIELDS.iter().any(|field| *field == last || *field == one)
}

/// Whether `text` may be kept as a word.
pub(crate) fn is_word(text: &str) -> bool {
    let inner = |upper: bool| {
        text.bytes().all(|b| {
            b.is_ascii_digit()
                || b == b'_'
                || b == b'-'
                || if upper { b.is_ascii_uppercase() } else { b.is_ascii_lowercase() }
        })
    };
    let digits = text.as_bytes().windows(3).any(|three| three.iter().all(u8::is_ascii_digit));
    text.len() <= WORD_BYTES_MAX
        && text.as_bytes().first().is_some_and(u8::is_ascii_alphabetic)
        && !digits
        && (inner(true) || inner(false))
}

/// `issueState`, `issue_state` and `ISSUE-STATE` end in `state`.
fn last_word(key: &str) -> String {
    let start = key
        .char_indices()
        .rev()
        .find(|(at, c)| {
            let before = key[..*at].chars().next_back();
            !c.is_ascii_alphanumeric()
                || (c.is_ascii_uppercase() && before.is_some_and(|c| c.is_ascii_lowercase()))
        })
        .map_or(0, |(at, c)| if c.is_ascii_alphanumeric() { at } else { at + c.len_utf8() });
    key[start..].to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_fields_that_say_so_hold_words() {
        for key in ["state", "issueState", "issue_state", "ISSUE-STATE", "types", "status"] {
            assert!(may_be_in(key), "{key}");
        }
        for key in ["name", "userName", "email", "city", "stated", "", "é", "assignee", "x@state_y"]
        {
            assert!(!may_be_in(key), "{key}");
        }
    }

    #[test]
    fn only_single_words_of_one_case_are_kept() {
        for text in ["open", "in_progress", "EUR", "utf-8", "P1"] {
            assert!(is_word(text), "{text}");
        }
        for text in ["Anna", "anna smith", "a@b.c", "id-4711", "", "1a", "ärzte", &"a".repeat(33)]
        {
            assert!(!is_word(text), "{text}");
        }
    }
}
