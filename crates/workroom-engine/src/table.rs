//! Lists of uniform, flat objects as tables: the names once, then a line a row.
//!
//! A cell is the value as JSON, but for text that cannot be taken for anything else, which stands
//! without quotes. A field that a row does not have is an empty cell; an empty text is `""`.

use std::fmt::Write as _;

use serde_json::{Map, Value};

/// The fewest rows that are worth a head.
const ROWS_MIN: usize = 2;

/// The most columns: wider rows are found their way in by their names only.
const COLUMNS_MAX: usize = 40;

/// What stands between two cells.
pub(crate) const SEPARATORS: [char; 2] = [',', '\t'];

/// A list that can be shown as a table.
#[derive(Debug)]
pub(crate) struct Table<'v> {
    columns: Vec<&'v str>,
    rows: Vec<&'v Map<String, Value>>,
}

impl<'v> Table<'v> {
    /// `value` as a table, if it is a list of flat objects with the same fields, a few of which
    /// may be missing here and there.
    pub(crate) fn of(value: &'v Value) -> Option<Self> {
        let items = value.as_array().filter(|items| items.len() >= ROWS_MIN)?;
        let rows: Vec<&Map<String, Value>> =
            items.iter().map(Value::as_object).collect::<Option<_>>()?;
        let mut columns: Vec<&str> = Vec::new();
        let mut known = std::collections::HashSet::new();
        let mut cells = 0;
        for row in &rows {
            for (name, value) in *row {
                if value.is_object() || value.is_array() {
                    return None;
                }
                if known.insert(name.as_str()) {
                    columns.push(name);
                }
                cells += 1;
            }
            if columns.len() > COLUMNS_MAX {
                return None;
            }
        }
        let is_dense = cells * 10 >= rows.len() * columns.len() * 7;
        (is_dense && !columns.is_empty()).then_some(Self { columns, rows })
    }

    /// How many rows it has.
    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    /// The table's head and rows, but for those `left_out`, for which one line stands.
    pub(crate) fn text(&self, separator: char, left_out: std::ops::Range<usize>) -> String {
        let mut text = String::new();
        self.line(&mut text, separator, self.columns.iter().map(|name| cell_text(name, separator)));
        for (index, row) in self.rows.iter().enumerate() {
            if left_out.contains(&index) {
                if index == left_out.start {
                    let _ = write!(text, "\n… {} more rows …", left_out.len());
                }
                continue;
            }
            text.push('\n');
            self.line(
                &mut text,
                separator,
                self.columns.iter().map(|name| match row.get(*name) {
                    None => String::new(),
                    Some(Value::String(value)) => cell_text(value, separator),
                    Some(value) => value.to_string(),
                }),
            );
        }
        text
    }

    #[expect(clippy::unused_self, reason = "a line of this table")]
    fn line(&self, text: &mut String, separator: char, cells: impl Iterator<Item = String>) {
        for (index, cell) in cells.enumerate() {
            if index > 0 {
                text.push(separator);
            }
            text.push_str(&cell);
        }
    }
}

/// A text as a cell: quoted where it could be taken for something else.
fn cell_text(text: &str, separator: char) -> String {
    let is_odd = |char: char| char == separator || char == '"' || char == '…' || char.is_control();
    let is_plain = !text.is_empty()
        && text.trim() == text
        && !text.contains(is_odd)
        && !matches!(text, "null" | "true" | "false")
        && text.parse::<f64>().is_err();
    if is_plain { text.to_owned() } else { Value::String(text.to_owned()).to_string() }
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(value: &Value, expected: &Expect) {
        let text = Table::of(value).map_or("no table".to_owned(), |table| table.text(',', 0..0));
        expected.assert_eq(&text);
    }

    #[test]
    fn text_stands_without_quotes_where_it_is_surely_text() {
        check(
            &json!([
                { "id": 1, "name": "Ada Lovelace", "ok": true, "note": null },
                { "id": 2, "name": "42", "ok": false, "note": "" },
                { "id": 3, "name": "a,b", "ok": true, "note": "line\nfeed" },
                { "name": "null", "ok": true, "note": " padded", "id": 4 },
                { "id": 5, "name": "say \"x\"", "ok": true }
            ]),
            &expect![[r#"
                id,name,ok,note
                1,Ada Lovelace,true,null
                2,"42",false,""
                3,"a,b",true,"line\nfeed"
                4,"null",true," padded"
                5,"say \"x\"",true,"#]],
        );
    }

    #[test]
    fn what_is_not_uniform_and_flat_is_no_table() {
        for value in [
            json!([]),
            json!([{ "a": 1 }]),
            json!([{ "a": 1 }, 2]),
            json!([{ "a": 1 }, { "a": [] }]),
            json!([{ "a": 1 }, { "b": 1 }, { "c": 1 }]),
            json!([{}, {}]),
            json!({ "a": 1 }),
        ] {
            check(&value, &expect!["no table"]);
        }
    }

    #[test]
    fn one_column_too_many_is_no_table() {
        let row =
            |count: usize| (0..count).map(|n| (format!("c{n}"), json!(n))).collect::<Map<_, _>>();
        assert!(Table::of(&json!([row(COLUMNS_MAX), row(COLUMNS_MAX)])).is_some());
        assert!(Table::of(&json!([row(COLUMNS_MAX + 1), row(COLUMNS_MAX + 1)])).is_none());
    }

    #[test]
    fn rows_left_out_are_counted() {
        let rows: Value = (0..9).map(|n| json!({ "n": n })).collect();
        let table = Table::of(&rows).unwrap();
        expect![[r"
            n
            0
            … 7 more rows …
            8"]]
        .assert_eq(&table.text(',', 1..8));
    }
}
