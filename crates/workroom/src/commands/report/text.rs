//! A report for people, on a terminal.

use std::fmt::Write as _;

use workroom_engine::report::bytes;
use workroom_ledger::report::{By, Loss, Report, Row, day};

use crate::commands::figures::{count, dollars, thousands, time};

/// The most rows that are shown; the newest, or those that matter most.
const ROWS_MAX: usize = 60;

/// The most losses that are shown.
const LOSSES_MAX: usize = 5;

/// What it saved, in one line.
pub(super) fn headline(report: &Report) -> String {
    let Row { ours, traditional, saved_usd, .. } = &report.total;
    let model = &report.model;
    let prices = format!("at the prices of {}{}", model.name, dated(&model.as_of));
    if report.sessions == 0 {
        return "nothing has passed yet that could have saved anything".to_owned();
    }
    let (ours, other) = (dollars(ours.usd), dollars(traditional.usd));
    if *saved_usd >= 0.0 {
        let share = 100.0 * saved_usd / traditional.usd.max(f64::MIN_POSITIVE);
        format!(
            "Workroom saved {} ({share:.0} %): {ours} in place of {other}, modelled {prices}",
            dollars(*saved_usd)
        )
    } else {
        format!(
            "Workroom cost {} more than the traditional way: {ours} in place of {other}, modelled \
             {prices}",
            dollars(-saved_usd)
        )
    }
}

pub(super) fn dated(as_of: &str) -> String {
    if as_of.is_empty() { String::new() } else { format!(", {as_of}") }
}

/// What was measured, in two lines.
pub(super) fn measured(report: &Report) -> [String; 2] {
    let it = &report.total.measured;
    let period = match report.period_ms {
        Some((from, to)) if day(from) == day(to) => day(from),
        Some((from, to)) => format!("{} to {}", day(from), day(to)),
        None => "no time".to_owned(),
    };
    let first = format!(
        "measured, {period}: {} ({} failed), {} by code, {}, {} failed, {}, {} masked, {}",
        count(it.runs, "run"),
        thousands(it.failed_runs),
        count(it.calls_in_code, "call"),
        count(it.direct_calls, "direct call"),
        count(it.failed_calls, "call"),
        count(it.looked, "look-up"),
        count(it.masked, "value"),
        time(it.duration_ms),
    );
    let second = format!(
        "o200k tokens of models: {} loaded, {} written, {} read; {} ({}) stayed out of them",
        thousands(it.loaded_tokens),
        thousands(it.written_tokens),
        thousands(it.read_tokens),
        thousands(it.kept_tokens),
        bytes(it.kept_bytes),
    );
    [first, second]
}

/// The whole report.
pub(super) fn text(report: &Report) -> String {
    let mut text = headline(report);
    if report.period_ms.is_none() {
        return text;
    }
    let [first, second] = measured(report);
    let _ = write!(text, "\n{first}\n{second}\n\n{}", table(report));
    if !report.losses.is_empty() {
        let _ = write!(
            text,
            "\n\n{} of {} cost more than the traditional way:",
            report.losses.len(),
            count(report.sessions, "session"),
        );
        for loss in report.losses.iter().take(LOSSES_MAX) {
            let _ = write!(text, "\n  {}", loss_words(loss));
        }
        let more = report.losses.len().saturating_sub(LOSSES_MAX);
        if more > 0 {
            let _ = write!(text, "\n  and {more} more, which `--json` has");
        }
        text.push_str("\nfor few, small calls the mode `direct` is the cheaper one");
    }
    for note in notes(report) {
        let _ = write!(text, "\n\n{note}");
    }
    text + "\n\nthe rules are in docs/ledger.md; `workroom report --explain <run>` shows a sum"
}

pub(super) fn loss_words(loss: &Loss) -> String {
    format!(
        "session {}: {} in place of {} ({}, {})",
        loss.session,
        dollars(loss.ours_usd),
        dollars(loss.traditional_usd),
        count(loss.requests, "request"),
        count(loss.calls, "call"),
    )
}

/// What is not as exact as the rest.
pub(super) fn notes(report: &Report) -> Vec<String> {
    let mut notes = Vec::new();
    if report.reckoned > 0 {
        notes.push(format!(
            "{} had more text than is counted; their tokens are reckoned from their bytes",
            count(report.reckoned, "request")
        ));
    }
    if report.late > 0 {
        notes.push(format!(
            "{} ended with the gateway before being counted; what came back of them is reckoned \
             from what they returned, and their bytes on the wires are not known",
            count(report.late, "run")
        ));
    }
    notes
}

pub(super) const fn by_word(by: By) -> &'static str {
    match by {
        By::Day => "day",
        By::Server => "server",
        By::Skill => "skill",
        By::Client => "client",
        By::Session => "session",
    }
}

fn table(report: &Report) -> String {
    let left_out = report.rows.len().saturating_sub(ROWS_MAX);
    let rows = &report.rows[left_out..];
    let all = rows.iter().chain([&report.total]);
    let width = all.clone().map(|row| row.key.chars().count()).max().unwrap_or(0).clamp(8, 40);
    let mut text = format!(
        "{:<width$}{:>12}{:>13}{:>12}{:>10}{:>8}{:>8}{:>12}{:>10}",
        by_word(report.by),
        "Workroom",
        "traditional",
        "saved",
        "runs",
        "calls",
        "failed",
        "kept out",
        "time"
    );
    if left_out > 0 {
        let _ = write!(text, "\n({left_out} more, which `--json` and `--csv` have)");
    }
    for row in all {
        let it = &row.measured;
        let key: String = row.key.chars().take(40).collect();
        let _ = write!(
            text,
            "\n{key:<width$}{:>12}{:>13}{:>12}{:>10}{:>8}{:>8}{:>12}{:>10}",
            dollars(row.ours.usd),
            dollars(row.traditional.usd),
            dollars(row.saved_usd),
            thousands(it.runs),
            thousands(it.calls_in_code + it.direct_calls),
            thousands(it.failed_runs + it.failed_calls),
            bytes(it.kept_bytes),
            time(it.duration_ms),
        );
    }
    text
}
