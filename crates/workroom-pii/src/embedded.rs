//! JSON and tables inside a string.

use serde_json::Value;

/// The JSON that a string is, if it is an object or an array.
pub(crate) fn json(text: &str) -> Option<Value> {
    let inner = text.trim();
    let brackets = (inner.as_bytes().first()?, inner.as_bytes().last()?);
    if !matches!(brackets, (b'{', b'}') | (b'[', b']')) || inner.len() < 4 {
        return None;
    }
    serde_json::from_str(inner).ok()
}

/// JSON values, one a line; `None` where any line is something else.
pub(crate) fn json_lines(text: &str) -> Option<Vec<Value>> {
    if !text.trim_start().starts_with('{') || !text.contains('\n') {
        return None;
    }
    text.lines().filter(|line| !line.trim().is_empty()).map(json).collect()
}

/// The value as text, in the manner of `before`: on one line or on many.
pub(crate) fn print(value: &Value, before: &str) -> String {
    let is_pretty = before.trim().contains('\n');
    let printed =
        if is_pretty { serde_json::to_string_pretty(value) } else { serde_json::to_string(value) };
    printed.unwrap_or_default()
}

/// A part of a text, and the header of its column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Cell {
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) header: String,
}

/// The fewest lines and columns of a table, and the most columns.
const ROWS_MIN: usize = 2;
const COLUMNS_MIN: usize = 2;
const COLUMNS_MAX: usize = 256;

/// The cells of the tables in `text`, in order: CSV, TSV and Markdown.
pub(crate) fn cells(text: &str) -> Vec<Cell> {
    let mut cells = Vec::new();
    if !text.contains('\n') {
        html_cells(text, &mut cells);
        return cells;
    }
    let lines = lines(text);
    let mut at = 0;
    while at + 1 < lines.len() {
        let taken = [b'|', b'\t', b',', b';']
            .into_iter()
            .find_map(|sign| table(text, &lines[at..], sign, &mut cells));
        at += taken.unwrap_or(1);
    }
    if cells.is_empty() {
        html_cells(text, &mut cells);
    }
    cells
}

/// The ranges of the lines of `text`.
fn lines(text: &str) -> Vec<(usize, usize)> {
    let mut start = 0;
    let mut lines = Vec::new();
    for line in text.split_inclusive('\n') {
        lines.push((start, start + line.trim_end_matches(['\n', '\r']).len()));
        start += line.len();
    }
    lines
}

/// Adds the cells of the table that begins with the first of `lines`, and says how many lines it
/// has.
fn table(text: &str, lines: &[(usize, usize)], sign: u8, cells: &mut Vec<Cell>) -> Option<usize> {
    let header = fields(text, *lines.first()?, sign)?;
    let names: Vec<&str> =
        header.iter().map(|(start, end)| text.get(*start..*end).unwrap_or_default()).collect();
    // A header is made of names, not of data, and one of them must mean something.
    let is_header = |name: &&str| {
        name.len() <= 48
            && !name.contains('@')
            && name.split_whitespace().count() <= 5
            && name.chars().filter(char::is_ascii_digit).count() <= 2
    };
    let known = names.iter().any(|name| crate::keys::read(name).meaning.is_some());
    if !names.iter().all(is_header) || !known || names.iter().all(|name| name.is_empty()) {
        return None;
    }
    let mut rows = 1;
    let from = cells.len();
    for line in lines.get(1..)? {
        if sign == b'|' && is_rule(text, *line) {
            rows += 1;
            continue;
        }
        let Some(row) = fields(text, *line, sign).filter(|row| row.len() == names.len()) else {
            break;
        };
        for ((start, end), name) in row.into_iter().zip(&names) {
            cells.push(Cell { start, end, header: (*name).to_owned() });
        }
        rows += 1;
    }
    let is_table = rows >= ROWS_MIN && cells.len() > from;
    if !is_table {
        cells.truncate(from);
    }
    is_table.then_some(rows)
}

/// `|---|:--:|`
fn is_rule(text: &str, line: (usize, usize)) -> bool {
    let line = text.get(line.0..line.1).unwrap_or_default();
    line.contains('-') && line.chars().all(|c| matches!(c, '|' | '-' | ':' | ' '))
}

/// The fields of a line, without quotes and spaces; `None` where it is no line of a table.
fn fields(text: &str, line: (usize, usize), sign: u8) -> Option<Vec<(usize, usize)>> {
    let bytes = text.as_bytes();
    let (mut start, mut end) = line;
    if sign == b'|' {
        let inner = text.get(start..end)?;
        if !inner.trim_start().starts_with('|') && inner.matches('|').count() < 2 {
            return None;
        }
        start += inner.len() - inner.trim_start_matches([' ', '|']).len();
        end = start.max(end - (inner.len() - inner.trim_end_matches([' ', '|']).len()));
    }
    let mut fields = Vec::new();
    let mut field = start;
    let mut quoted = false;
    for at in start..=end {
        let byte = bytes.get(at).filter(|_| at < end);
        if byte == Some(&b'"') {
            quoted = !quoted;
        }
        if byte.is_none() || byte == Some(&sign) && !quoted {
            fields.push(trimmed(text, field, at));
            field = at + 1;
        }
        if fields.len() > COLUMNS_MAX {
            return None;
        }
    }
    (fields.len() >= COLUMNS_MIN && !quoted).then_some(fields)
}

/// The range without spaces and quotes around.
fn trimmed(text: &str, start: usize, end: usize) -> (usize, usize) {
    let field = text.get(start..end).unwrap_or_default();
    let front = field.trim_start_matches([' ', '"', '\t']);
    let core = front.trim_end_matches([' ', '"', '\t']);
    let begin = start + field.len() - front.len();
    (begin, begin + core.len())
}

/// Adds the cells of an HTML table that has header cells.
fn html_cells(text: &str, cells: &mut Vec<Cell>) {
    if !text.contains("<t") && !text.contains("<T") {
        return;
    }
    let lower = text.to_ascii_lowercase();
    let mut headers: Vec<(usize, usize)> = Vec::new();
    let (mut column, mut has_data) = (0, false);
    let mut at = 0;
    while let Some(tag) = lower.get(at..).and_then(|rest| rest.find("<t")) {
        let tag = at + tag;
        let rest = lower.get(tag..).unwrap_or_default();
        at = tag + 2;
        let Some(close) = rest.find('>') else { break };
        let is = |name: &str| {
            rest.starts_with(name) && matches!(rest.as_bytes().get(3), Some(b'>' | b' '))
        };
        if rest.starts_with("<table") {
            (headers, has_data) = (Vec::new(), false);
        } else if is("<tr") {
            column = 0;
        } else if is("<th") || is("<td") {
            let start = tag + close + 1;
            let inner = lower.get(start..).unwrap_or_default();
            let end = start + inner.find("</t").unwrap_or(inner.len());
            let cell = trimmed(text, start, end);
            if is("<th") {
                // A header after the data of a row is the next row's: `<th>Name</th><td>…</td>`.
                if has_data {
                    headers.clear();
                    has_data = false;
                }
                headers.push(cell);
            } else {
                let header =
                    headers.get(column).or_else(|| headers.last().filter(|_| headers.len() == 1));
                if let Some((from, to)) = header {
                    let header = text.get(*from..*to).unwrap_or_default().to_owned();
                    cells.push(Cell { start: cell.0, end: cell.1, header });
                }
                column += 1;
                has_data = headers.len() == 1;
            }
            at = end;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &[(&str, &str)]) {
        let cells = cells(text);
        let found: Vec<(&str, &str)> =
            cells.iter().map(|cell| (cell.header.as_str(), &text[cell.start..cell.end])).collect();
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn cells_know_their_headers() {
        check("name,email\n\"Doe, J\",j@x.com\n", &[("name", "Doe, J"), ("email", "j@x.com")]);
        check("| Name | Phone |\n|---|---|\n| A | 1 |", &[("Name", "A"), ("Phone", "1")]);
        check("id\tname\n1\tA\n2\tB", &[("id", "1"), ("name", "A"), ("id", "2"), ("name", "B")]);
        check(
            "<table><tr><th>Name</th><th>City</th></tr><tr><td>A</td><td>B</td></tr></table>",
            &[("Name", "A"), ("City", "B")],
        );
        check(
            "<tr><th>Name</th><td>A</td></tr><tr><th>City</th><td>B</td></tr>",
            &[("Name", "A"), ("City", "B")],
        );
        check("Hello, world\nand so, on", &[]);
        check("no table\nat all", &[]);
    }
}
