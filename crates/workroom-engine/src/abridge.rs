//! Values made shorter: their first and last parts, and how much was left out.
//!
//! What comes out is again a value, so its text is valid JSON. What was left out is said in its
//! place: `"… 188 more …"` in a list, `"…": "12 more keys"` in an object, `… (4000 more
//! characters)` at a text's end.

use serde_json::{Map, Value};

/// The levels of detail, from a bare outline to nearly all of a value.
pub(crate) const DETAIL_MAX: usize = 4_000;

/// Deeper parts are only counted.
const DEPTH_MAX: usize = 6;

/// `value` with at most as much of each part as `detail` stands for.
pub(crate) fn value(whole: &Value, detail: usize) -> Value {
    part(whole, detail.max(1), 0)
}

/// Of `len` entries, how many are shown at the beginning and at the end.
pub(crate) fn ends(len: usize, detail: usize) -> (usize, usize) {
    let (head, tail) = (detail.max(1), detail / 3);
    // The mark takes the place of an entry.
    if len <= head + tail + 1 { (len, 0) } else { (head, tail) }
}

fn part(whole: &Value, detail: usize, depth: usize) -> Value {
    match whole {
        Value::String(text) => Value::String(text_part(text, detail)),
        Value::Array(items) if depth >= DEPTH_MAX && !items.is_empty() => {
            Value::String(format!("… list of {}", items.len()))
        }
        Value::Object(fields) if depth >= DEPTH_MAX && !fields.is_empty() => {
            Value::String(format!("… object of {}", fields.len()))
        }
        Value::Array(items) => {
            // What is further inside is shown with less.
            let inner = inner(detail);
            let (head, tail) = ends(items.len(), detail);
            let mut shown: Vec<Value> =
                items[..head].iter().map(|item| part(item, inner, depth + 1)).collect();
            if head < items.len() {
                shown.push(Value::String(format!("… {} more …", items.len() - head - tail)));
                let last = &items[items.len() - tail..];
                shown.extend(last.iter().map(|item| part(item, inner, depth + 1)));
            }
            Value::Array(shown)
        }
        Value::Object(fields) => {
            let most = detail.saturating_mul(4).max(6);
            let shown = if fields.len() <= most + 1 { fields.len() } else { most };
            let mut kept: Map<String, Value> = fields
                .iter()
                .take(shown)
                .map(|(key, value)| (text_part(key, detail), part(value, detail, depth + 1)))
                .collect();
            if shown < fields.len() {
                let more = format!("{} more keys", fields.len() - shown);
                kept.insert("…".to_owned(), Value::String(more));
            }
            Value::Object(kept)
        }
        plain => plain.clone(),
    }
}

fn inner(detail: usize) -> usize {
    (detail * 2 / 3).max(1)
}

fn text_part(text: &str, detail: usize) -> String {
    let most = detail.saturating_mul(40).saturating_add(20);
    match text.char_indices().nth(most) {
        None => text.to_owned(),
        Some((end, _)) => {
            let more = text[end..].chars().count();
            format!("{}… ({more} more characters)", &text[..end])
        }
    }
}

/// The beginning and the end of a text, of at most `budget` o200k tokens with the mark between
/// them; cut at line breaks where there are some near.
pub(crate) fn text(whole: &str, budget: usize) -> String {
    if workroom_ledger::prefix(whole, budget).len() == whole.len() {
        return whole.to_owned();
    }
    let mut room = budget.saturating_sub(12);
    loop {
        let head = workroom_ledger::prefix(whole, room * 3 / 4);
        let head = at_line_end(head);
        let tail = suffix(&whole[head.len()..], room / 4);
        let left_out = whole[head.len()..whole.len() - tail.len()].chars().count();
        let cut = format!("{head}\n… {left_out} characters left out …\n{tail}");
        if workroom_ledger::tokens(&cut) <= budget {
            return cut;
        }
        if room == 0 {
            return workroom_ledger::prefix(whole, budget).to_owned();
        }
        room = room * 3 / 4;
    }
}

/// The longest end of `text` of about `max` tokens.
fn suffix(text: &str, max: usize) -> &str {
    // A token is some four bytes of common text: a first guess, which is then made shorter.
    let mut len = max.saturating_mul(6).min(text.len());
    loop {
        let start = text.ceil_char_boundary(text.len() - len);
        let end = &text[start..];
        if len == 0 || workroom_ledger::tokens(end) <= max {
            let line = end.find('\n').map_or(0, |at| at + 1);
            return if line > 0 && line < end.len() / 2 { &end[line..] } else { end };
        }
        len = len * 3 / 4;
    }
}

fn at_line_end(head: &str) -> &str {
    match head.rfind('\n') {
        Some(at) if at > head.len() / 2 => &head[..at],
        _ => head,
    }
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(whole: &Value, detail: usize, expected: &Expect) {
        expected.assert_eq(&value(whole, detail).to_string());
    }

    #[test]
    fn the_first_and_the_last_entries_stay() {
        let list: Value = (0..100).map(Value::from).collect();
        check(&list, 3, &expect![[r#"[0,1,2,"… 96 more …",99]"#]]);
        check(&json!([1, 2, 3]), 1, &expect!["[1,\"… 2 more …\"]"]);
        check(&json!([1, 2, 3]), 2, &expect!["[1,2,3]"]);
    }

    #[test]
    fn long_texts_many_keys_and_depths_are_counted() {
        check(
            &json!("é".repeat(70)),
            1,
            &expect![[
                r#""éééééééééééééééééééééééééééééééééééééééééééééééééééééééééééé… (10 more characters)""#
            ]],
        );
        let wide: Map<String, Value> = (0..9).map(|n| (format!("k{n}"), json!(n))).collect();
        check(
            &Value::Object(wide),
            1,
            &expect![[r#"{"k0":0,"k1":1,"k2":2,"k3":3,"k4":4,"k5":5,"…":"3 more keys"}"#]],
        );
        let deep = (0..9).fold(json!(1), |inner, _| json!([inner]));
        check(&deep, 9, &expect![[r#"[[[[[["… list of 1"]]]]]]"#]]);
    }

    #[test]
    fn a_text_keeps_its_beginning_and_its_end() {
        let lines: Vec<String> = (0..200).map(|n| format!("line {n} of the text")).collect();
        let cut = text(&lines.join("\n"), 60);
        assert!(workroom_ledger::tokens(&cut) <= 60);
        expect![[r#"
            line 0 of the text
            line 1 of the text
            line 2 of the text
            line 3 of the text
            line 4 of the text
            … 3975 characters left out …
            line 199 of the text"#]]
        .assert_eq(&cut);
    }
}
