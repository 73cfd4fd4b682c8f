//! A returned value as an agent reads it best, within a budget of o200k tokens.
//!
//! Text is shown as text. Any other value is shown as compact JSON, or with its lists of uniform
//! rows as tables, whichever is fewer tokens. What does not fit is previewed: its size and shape,
//! where the whole is, and its first and last parts.
//!
//! # Invariants
//!
//! * Never more tokens than the budget, whatever the value.
//! * What is cut is valid JSON, a table, or plain text, and says how much was left out.
//! * The same value and budget give the same text.

use std::fmt::Write as _;

use serde_json::Value;

use crate::{
    abridge,
    report::bytes,
    table::{SEPARATORS, Table},
};

/// JSON longer than this is not read to be shown, only cut: reading takes some ten times as much
/// memory.
const READ_BYTES_MAX: usize = 32 * 1024 * 1024;

/// A value's text.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct View {
    pub(crate) text: String,
    /// Whether it is all of the value.
    pub(crate) is_whole: bool,
}

impl View {
    fn whole(text: String) -> Self {
        Self { text, is_whole: true }
    }

    fn part(text: String) -> Self {
        Self { text, is_whole: false }
    }
}

/// Shows the value that is `json` in at most `budget` tokens; the whole is what `run` gave.
pub(crate) fn view(json: &str, budget: usize, run: &str) -> View {
    if json.starts_with('"')
        && let Ok(text) = serde_json::from_str::<String>(json)
    {
        return of_text(&text, budget, run);
    }
    let Some(value) =
        (json.len() <= READ_BYTES_MAX).then(|| serde_json::from_str::<Value>(json).ok()).flatten()
    else {
        return of_text(json, budget, run);
    };
    let mut shortest = None;
    let as_json = std::iter::once_with(|| json.to_owned());
    for text in as_json.chain(SEPARATORS.iter().filter_map(|s| with_tables(&value, *s))) {
        // Longer than any text of so many tokens: not counted.
        if workroom_ledger::prefix(&text, budget).len() < text.len() {
            continue;
        }
        let tokens = workroom_ledger::tokens(&text);
        if shortest.as_ref().is_none_or(|(least, _)| tokens < *least) {
            shortest = Some((tokens, text));
        }
    }
    match shortest {
        Some((_, text)) => View::whole(text),
        None => View::part(preview(&value, json, budget, run)),
    }
}

/// `value` with its tables as tables: itself, or fields of it. `None` where it has none.
fn with_tables(value: &Value, separator: char) -> Option<String> {
    if let Some(table) = Table::of(value) {
        let name = kind(separator);
        return Some(format!("{name} of {} rows:\n{}", table.len(), table.text(separator, 0..0)));
    }
    let fields = value.as_object()?;
    let tables: Vec<Option<Table<'_>>> = fields.values().map(Table::of).collect();
    if tables.iter().all(Option::is_none) {
        return None;
    }
    let mut text = String::new();
    for ((key, value), table) in fields.iter().zip(tables) {
        if !text.is_empty() {
            text.push('\n');
        }
        // A key is a guest's text: one that is no plain name is quoted.
        let is_name = key.chars().all(|c| c.is_alphanumeric() || c == '_') && !key.is_empty();
        let key = if is_name { key.clone() } else { Value::String(key.clone()).to_string() };
        // Writing to a string cannot fail.
        let _ = match table {
            Some(table) => write!(
                text,
                "{key}: {} of {} rows:\n{}\n",
                kind(separator),
                table.len(),
                table.text(separator, 0..0)
            ),
            None => write!(text, "{key}: {value}"),
        };
    }
    Some(text.trim_end_matches('\n').to_owned())
}

fn kind(separator: char) -> &'static str {
    if separator == ',' { "csv" } else { "tsv" }
}

fn of_text(text: &str, budget: usize, run: &str) -> View {
    if workroom_ledger::prefix(text, budget).len() == text.len() {
        return View::whole(text.to_owned());
    }
    let lines = match text.lines().count() {
        0 | 1 => String::new(),
        count => format!(", {count} lines"),
    };
    let path = path(run);
    let about = format!(
        "too long to show whole: text of {} tokens, {}{lines}\n{}\n",
        about_tokens(text),
        bytes(text.len() as u64),
        where_it_is(run, &path)
    );
    let room = budget.saturating_sub(workroom_ledger::tokens(&about) + 1);
    let cut = if room < 16 { String::new() } else { abridge::text(text, room) };
    View::part(within(&[format!("{about}{cut}").trim_end(), about.trim_end(), &path], budget))
}

/// Where the value that `run` gave is read.
pub(crate) fn path(run: &str) -> String {
    format!("./results/{run}.json")
}

fn where_it_is(run: &str, path: &str) -> String {
    format!("whole: variable `{run}` in code, {path} for read_file; or return less")
}

/// The number of tokens; of a very long text, an estimate.
fn about_tokens(text: &str) -> String {
    const COUNTED_BYTES_MAX: usize = 4 * 1024 * 1024;
    if text.len() <= COUNTED_BYTES_MAX {
        return workroom_ledger::tokens(text).to_string();
    }
    let start = &text[..text.floor_char_boundary(COUNTED_BYTES_MAX / 4)];
    let tokens = workroom_ledger::tokens(start) as u128 * text.len() as u128 / start.len() as u128;
    format!("about {tokens}")
}

/// The first of `texts` that fits, or as much as does of the last.
fn within(texts: &[&str], budget: usize) -> String {
    let fits = texts.iter().find(|text| workroom_ledger::tokens(text) <= budget);
    match (fits, texts.last()) {
        (Some(text), _) => (*text).to_owned(),
        (None, Some(last)) => workroom_ledger::prefix(last, budget).to_owned(),
        (None, None) => String::new(),
    }
}

fn preview(value: &Value, json: &str, budget: usize, run: &str) -> String {
    let path = path(run);
    let about = format!(
        "too long to show whole: {} tokens, {}\nshape: {}\n{}\n",
        about_tokens(json),
        bytes(json.len() as u64),
        shape(value, 0),
        where_it_is(run, &path)
    );
    let short = format!("too long to show: {} tokens; whole: {path}", about_tokens(json));
    let about =
        if workroom_ledger::tokens(&about) * 2 > budget { format!("{short}\n") } else { about };
    let room = budget.saturating_sub(workroom_ledger::tokens(&about) + 1);
    let ends = ends(value, room).unwrap_or_default();
    within(&[format!("{about}{ends}").trim_end(), about.trim_end(), &short, &path], budget)
}

/// The first and last parts of `value` in at most `room` tokens, with as much as goes in.
fn ends(value: &Value, room: usize) -> Option<String> {
    let at = |detail: usize| {
        let text = abridged(value, detail);
        // No token is shorter than some byte, and few are longer than 16: not worth counting.
        (text.len() <= room.saturating_mul(16) && workroom_ledger::tokens(&text) <= room)
            .then_some(text)
    };
    let mut best = at(1)?;
    let (mut fits, mut past) = (1, abridge::DETAIL_MAX);
    while past - fits > 1 {
        let middle = usize::midpoint(fits, past);
        match at(middle) {
            Some(text) => (fits, best) = (middle, text),
            None => past = middle,
        }
    }
    Some(best)
}

/// `value` with as much as `detail` stands for: rows of a table, else JSON.
fn abridged(value: &Value, detail: usize) -> String {
    let json = abridge::value(value, detail).to_string();
    let Some(table) = Table::of(value) else { return json };
    let (head, tail) = abridge::ends(table.len(), detail);
    let text = table.text(',', head..table.len() - tail);
    // Long texts in cells are shortened in JSON only.
    if text.len() <= json.len() { text } else { json }
}

/// A value's form without its contents: enough to write the code that picks from it.
fn shape(value: &Value, depth: usize) -> String {
    const DEPTH_MAX: usize = 3;
    const KEYS_MAX: usize = 12;
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(_) => "boolean".to_owned(),
        Value::Number(_) => "number".to_owned(),
        Value::String(text) => format!("string({})", text.chars().count()),
        Value::Array(items) => match items.first() {
            Some(first) if depth < DEPTH_MAX => {
                format!("array({}) of {}", items.len(), shape(first, depth + 1))
            }
            _ => format!("array({})", items.len()),
        },
        Value::Object(fields) if depth < DEPTH_MAX => {
            let mut shown: Vec<String> = fields
                .iter()
                .take(KEYS_MAX)
                .map(|(key, value)| {
                    let key: String = key.chars().take(40).collect();
                    format!("{key}: {}", shape(value, depth + 1))
                })
                .collect();
            if fields.len() > KEYS_MAX {
                shown.push(format!("… {} more", fields.len() - KEYS_MAX));
            }
            format!("{{ {} }}", shown.join(", "))
        }
        Value::Object(fields) => format!("object({})", fields.len()),
    }
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(value: &Value, budget: usize, expected: &Expect) {
        let shown = view(&value.to_string(), budget, "r_1");
        expected.assert_eq(&shown.text);
        assert!(workroom_ledger::tokens(&shown.text) <= budget);
    }

    fn rows(count: usize) -> Value {
        (0..count)
            .map(|n| json!({ "sku": format!("SKU-{n}"), "qty": n, "city": "Bern, Switzerland" }))
            .collect()
    }

    #[test]
    fn a_list_of_rows_is_a_table_where_that_is_shorter() {
        check(
            &rows(3),
            500,
            &expect![[r#"
            csv of 3 rows:
            sku,qty,city
            SKU-0,0,"Bern, Switzerland"
            SKU-1,1,"Bern, Switzerland"
            SKU-2,2,"Bern, Switzerland""#]],
        );
        check(&json!([{ "a": 1 }, { "a": 2 }]), 500, &expect![[r#"[{"a":1},{"a":2}]"#]]);
        check(
            &json!({ "total": 3, "rows": rows(3), "odd key": [1] }),
            500,
            &expect![[r#"
            total: 3
            rows: csv of 3 rows:
            sku,qty,city
            SKU-0,0,"Bern, Switzerland"
            SKU-1,1,"Bern, Switzerland"
            SKU-2,2,"Bern, Switzerland"

            "odd key": [1]"#]],
        );
    }

    #[test]
    fn text_is_text_and_other_values_are_json() {
        check(
            &json!("two\nlines"),
            50,
            &expect![[r#"
            two
            lines"#]],
        );
        check(&json!({ "a": [1, { "b": null }] }), 50, &expect![[r#"{"a":[1,{"b":null}]}"#]]);
    }

    #[test]
    fn a_table_one_token_too_long_shows_its_first_and_last_rows() {
        check(
            &rows(400),
            250,
            &expect![[r#"
                too long to show whole: 6403 tokens, 22 KB
                shape: array(400) of { sku: string(5), qty: number, city: string(17) }
                whole: variable `r_1` in code, ./results/r_1.json for read_file; or return less
                sku,qty,city
                SKU-0,0,"Bern, Switzerland"
                SKU-1,1,"Bern, Switzerland"
                SKU-2,2,"Bern, Switzerland"
                SKU-3,3,"Bern, Switzerland"
                SKU-4,4,"Bern, Switzerland"
                SKU-5,5,"Bern, Switzerland"
                SKU-6,6,"Bern, Switzerland"
                SKU-7,7,"Bern, Switzerland"
                SKU-8,8,"Bern, Switzerland"
                SKU-9,9,"Bern, Switzerland"
                SKU-10,10,"Bern, Switzerland"
                SKU-11,11,"Bern, Switzerland"
                SKU-12,12,"Bern, Switzerland"
                … 383 more rows …
                SKU-396,396,"Bern, Switzerland"
                SKU-397,397,"Bern, Switzerland"
                SKU-398,398,"Bern, Switzerland"
                SKU-399,399,"Bern, Switzerland""#]],
        );
    }

    #[test]
    fn an_object_too_long_stays_json() {
        let orders: Value = (0..60)
            .map(|n| json!({ "id": n, "lines": (0..n).collect::<Vec<_>>(), "note": "x".repeat(300) }))
            .collect();
        check(
            &json!({ "total": 60, "orders": orders }),
            400,
            &expect![[r#"
                too long to show whole: 6370 tokens, 25 KB
                shape: { total: number, orders: array(60) of { id: number, lines: array(0), note: string(300) } }
                whole: variable `r_1` in code, ./results/r_1.json for read_file; or return less
                {"total":60,"orders":[{"id":0,"lines":[],"note":"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx… (160 more characters)"},{"id":1,"lines":[0],"note":"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx… (160 more characters)"},{"id":2,"lines":[0,1],"note":"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx… (160 more characters)"},{"id":3,"lines":[0,1,2],"note":"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx… (160 more characters)"},{"id":4,"lines":[0,1,2,3],"note":"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx… (160 more characters)"},"… 54 more …",{"id":59,"lines":[0,1,2,"… 55 more …",58],"note":"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx… (160 more characters)"}]}"#]],
        );
    }

    #[test]
    fn text_too_long_shows_its_beginning_and_its_end() {
        let lines: Vec<String> = (0..500).map(|n| format!("{n}: all is well")).collect();
        check(
            &json!(lines.join("\n")),
            150,
            &expect![[r#"
                too long to show whole: text of 2999 tokens, 8 KB, 500 lines
                whole: variable `r_1` in code, ./results/r_1.json for read_file; or return less
                0: all is well
                1: all is well
                2: all is well
                3: all is well
                4: all is well
                5: all is well
                6: all is well
                7: all is well
                8: all is well
                9: all is well
                10: all is well
                … 8174 characters left out …
                497: all is well
                498: all is well
                499: all is well"#]],
        );
    }

    #[test]
    fn a_budget_of_next_to_nothing_holds_too() {
        for budget in [0, 1, 5, 20, 40] {
            check_only(&rows(50), budget);
            check_only(&json!("word ".repeat(500)), budget);
        }
        check(&rows(50), 30, &expect!["too long to show: 803 tokens; whole: ./results/r_1.json"]);
    }

    #[track_caller]
    fn check_only(value: &Value, budget: usize) {
        let shown = view(&value.to_string(), budget, "r_1");
        assert!(workroom_ledger::tokens(&shown.text) <= budget, "{budget}: {}", shown.text);
    }
}
