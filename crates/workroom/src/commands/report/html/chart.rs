//! Charts of boxes.

use std::fmt::Write as _;

use workroom_ledger::report::Row;

use super::escape::escape;
use crate::commands::figures::dollars;

/// Columns of days; with more, months are shown.
const DAYS_MAX: usize = 62;

/// Bars of one chart; the others are too small to be seen.
const BARS_MAX: usize = 12;

/// Labels under the columns.
const LABELS_MAX: usize = 6;

const LEGEND: &str = "<p class=\"legend\" aria-hidden=\"true\"><span class=\"key other\"></span>\
    the traditional way <span class=\"key ours\"></span>at Workroom</p>\n";

/// Cost by day, two columns each.
pub(super) fn days(rows: &[Row]) -> String {
    let grouped = if rows.len() > DAYS_MAX { months(rows) } else { rows.to_vec() };
    let most = grouped.iter().map(|row| row.traditional.usd.max(row.ours.usd)).fold(0.0, f64::max);
    let (Some(first), Some(last)) = (grouped.first(), grouped.last()) else {
        return String::new();
    };
    let mut out = format!(
        "{LEGEND}<div class=\"columns\" role=\"img\" aria-label=\"Cost by day from {} to {}, both \
         ways; the highest column is {}. The figures are in the table by day.\">\n\
         <span class=\"top\">{}</span><span class=\"middle\">{}</span>\n",
        escape(&first.key),
        escape(&last.key),
        dollars(most),
        dollars(most),
        dollars(most / 2.0),
    );
    let each = grouped.len().div_ceil(LABELS_MAX);
    for (index, row) in grouped.iter().enumerate() {
        let label = if index % each == 0 { short(&row.key) } else { "" };
        let _ = writeln!(
            out,
            "<div class=\"day\" title=\"{}: {} the traditional way, {} at Workroom\">\
             <i class=\"other\" style=\"height:{:.2}%\"></i>\
             <i class=\"ours\" style=\"height:{:.2}%\"></i><span>{label}</span></div>",
            escape(&row.key),
            dollars(row.traditional.usd),
            dollars(row.ours.usd),
            share(row.traditional.usd, most),
            share(row.ours.usd, most),
        );
    }
    out + "</div>\n"
}

/// `2026-03-01` as `03-01`; a month stays whole.
fn short(key: &str) -> &str {
    if key.len() == 10 { &key[5..] } else { key }
}

fn months(rows: &[Row]) -> Vec<Row> {
    let mut months: Vec<Row> = Vec::new();
    for row in rows {
        let month = row.key.get(..7).unwrap_or(&row.key);
        if months.last().is_none_or(|last| last.key != month) {
            months.push(Row { key: month.to_owned(), ..Row::default() });
        }
        if let Some(last) = months.last_mut() {
            last.traditional.usd += row.traditional.usd;
            last.ours.usd += row.ours.usd;
        }
    }
    months
}

fn share(part: f64, most: f64) -> f64 {
    if most > 0.0 { (100.0 * part / most).clamp(0.0, 100.0) } else { 0.0 }
}

/// Two bars for each row, the largest rows first.
pub(super) fn pairs(
    rows: &[Row],
    other: &str,
    ours: &str,
    words: impl Fn(f64) -> String,
    figures: impl Fn(&Row) -> (f64, f64),
) -> String {
    let mut bars: Vec<(&str, (f64, f64))> =
        rows.iter().map(|row| (row.key.as_str(), figures(row))).collect();
    let larger = |(a, b): (f64, f64)| a.max(b);
    bars.sort_by(|a, b| larger(b.1).total_cmp(&larger(a.1)).then_with(|| a.0.cmp(b.0)));
    let most = bars.first().map_or(0.0, |bar| larger(bar.1));
    let mut out = format!(
        "<p class=\"legend\" aria-hidden=\"true\"><span class=\"key other\"></span>{other} \
         <span class=\"key ours\"></span>{ours}</p>\n<dl class=\"bars\">\n"
    );
    for (key, (left, right)) in bars.iter().take(BARS_MAX) {
        let name = if *key == workroom_ledger::report::NONE { "no server" } else { key };
        let _ = write!(out, "<div><dt>{}</dt>", escape(name));
        for (class, what, value) in [("other", other, *left), ("ours", ours, *right)] {
            let _ = write!(
                out,
                "<dd><i class=\"{class}\" style=\"width:{:.2}%\"></i><span>\
                 <span class=\"aloud\">{what}: </span>{}</span></dd>",
                share(value, most),
                words(value)
            );
        }
        out += "</div>\n";
    }
    out += "</dl>\n";
    let more = bars.len().saturating_sub(BARS_MAX);
    if more > 0 {
        let _ = writeln!(out, "<p>{more} smaller ones are in the table.</p>");
    }
    out
}
