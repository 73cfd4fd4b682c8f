//! A report as one page, to be sent to somebody: no script, and nothing that is fetched.
//!
//! Every chart is of boxes whose sizes are shares, so that it is as wide as the page, its words
//! stay readable on a telephone, and a reader that does not see it has its figures in the tables.

mod chart;
mod escape;

use std::fmt::Write as _;

use workroom_engine::report::bytes;
use workroom_ledger::report::{By, Report, Row, day};

use self::{
    chart::{days, pairs},
    escape::escape,
};
use super::text::{by_word, dated, headline, loss_words, notes};
use crate::commands::figures::{count, dollars, thousands, time};

const STYLE: &str = include_str!("page.css");

/// The most rows of one table; the others are summed up in the last.
const ROWS_MAX: usize = 100;

/// The most sessions that are listed as losses.
const LOSSES_MAX: usize = 20;

/// The page of the same report by day, server, client, skill and session.
pub(super) fn page(reports: &[Report; 5]) -> String {
    let [by_day, by_server, by_client, by_skill, by_session] = reports;
    let title = match by_day.period_ms {
        Some((from, to)) if day(from) == day(to) => format!("Workroom, {}", day(from)),
        Some((from, to)) => format!("Workroom, {} to {}", day(from), day(to)),
        None => "Workroom".to_owned(),
    };
    let mut page = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<title>{}</title>\n\
         <style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n",
        escape(&title)
    );
    page += &head(by_day);
    if by_day.period_ms.is_some() {
        page += &cards(by_day);
        page += &section("Cost by day, both ways", "modelled", &days(&by_day.rows));
        page += &section(
            "Cost by server, both ways",
            "modelled",
            &pairs(&by_server.rows, "the traditional way", "at Workroom", dollars, |row| {
                (row.traditional.usd, row.ours.usd)
            }),
        );
        page += &section(
            "Tokens by server",
            "modelled: o200k tokens, each text as often as it passes the model",
            &pairs(
                &by_server.rows,
                "billed the traditional way",
                "billed at Workroom",
                tokens,
                #[expect(clippy::cast_precision_loss, reason = "shares of a chart")]
                |row| (row.traditional.billed_tokens as f64, row.ours.billed_tokens as f64),
            ),
        );
        page += &losses(by_day);
        for report in [by_day, by_server, by_client, by_skill, by_session] {
            // A table of one row that is the total says nothing.
            let says_something = report.rows.len() > 1 || report.by == By::Day;
            if says_something {
                page += &table(report);
            }
        }
    }
    page += &rules(by_day);
    page += "</main>\n</body>\n</html>\n";
    page
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it was a count")]
fn tokens(count: f64) -> String {
    thousands(count as u64)
}

fn head(report: &Report) -> String {
    let period = match report.period_ms {
        Some((from, to)) if day(from) == day(to) => day(from),
        Some((from, to)) => format!("{} to {}", day(from), day(to)),
        None => "no traffic yet".to_owned(),
    };
    format!(
        "<header>\n<p class=\"brand\">Workroom</p>\n<h1>What agents' work cost, each way</h1>\n\
         <p class=\"period\">{period} (UTC) · prices of {}{}</p>\n\
         <p class=\"lead\">{}.</p>\n</header>\n",
        escape(&report.model.name),
        escape(&dated(&report.model.as_of)),
        escape(&headline(report))
    )
}

fn cards(report: &Report) -> String {
    let Row { measured: it, ours, traditional, saved_usd, .. } = &report.total;
    let failed = it.failed_runs + it.failed_calls;
    let cards = [
        ("Saved", dollars(*saved_usd), "modelled", *saved_usd < 0.0),
        ("Cost at Workroom", dollars(ours.usd), "modelled", false),
        ("Cost the traditional way", dollars(traditional.usd), "modelled", false),
        (
            "Stayed out of the model",
            format!("{} tokens", thousands(it.kept_tokens)),
            "measured",
            false,
        ),
        ("Runs", thousands(it.runs), "measured", false),
        ("Tool calls", thousands(it.calls_in_code + it.direct_calls), "measured", false),
        ("Failed runs and calls", thousands(failed), "measured", false),
        ("Values masked", thousands(it.masked), "measured", false),
        ("Time of the tools", time(it.duration_ms), "measured", false),
    ];
    let mut out = String::from("<dl class=\"cards\">\n");
    for (name, value, basis, is_loss) in cards {
        let class = if is_loss { " class=\"loss\"" } else { "" };
        let _ = writeln!(
            out,
            "<div><dt>{name}</dt><dd{class}>{value}</dd><dd class=\"basis\">{basis}</dd></div>"
        );
    }
    out + "</dl>\n"
}

fn section(title: &str, basis: &str, body: &str) -> String {
    format!("<section>\n<h2>{title}</h2>\n<p class=\"basis\">{basis}</p>\n{body}</section>\n")
}

fn losses(report: &Report) -> String {
    let mut out = String::from("<section>\n<h2>Where Workroom cost more</h2>\n");
    if report.losses.is_empty() {
        out += "<p>In no session of this period.</p>\n</section>\n";
        return out;
    }
    let _ = writeln!(
        out,
        "<p>In {} of {}. For few, small calls, tools called directly are the cheaper way.</p>\n\
         <ul>",
        thousands(report.losses.len() as u64),
        count(report.sessions, "session"),
    );
    for loss in report.losses.iter().take(LOSSES_MAX) {
        let _ = writeln!(out, "<li>{}</li>", escape(&loss_words(loss)));
    }
    let more = report.losses.len().saturating_sub(LOSSES_MAX);
    if more > 0 {
        let _ = writeln!(out, "<li>and {more} more</li>");
    }
    out + "</ul>\n</section>\n"
}

fn table(report: &Report) -> String {
    let name = by_word(report.by);
    let mut out = format!(
        "<section>\n<h2>By {name}</h2>\n\
         <div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Figures by {name}\">\n\
         <table>\n<thead>\n<tr><th rowspan=\"2\" scope=\"col\">{name}</th>\
         <th colspan=\"3\" scope=\"colgroup\">modelled</th>\
         <th colspan=\"7\" scope=\"colgroup\">measured</th></tr>\n<tr>"
    );
    for head in [
        "Workroom",
        "traditional",
        "saved",
        "runs",
        "calls",
        "failed",
        "look-ups",
        "masked",
        "kept out",
        "time",
    ] {
        let _ = write!(out, "<th scope=\"col\">{head}</th>");
    }
    out += "</tr>\n</thead>\n<tbody>\n";
    let left_out = report.rows.len().saturating_sub(ROWS_MAX);
    for row in report.rows.iter().skip(left_out) {
        out += &line(row, &row.key);
    }
    out += "</tbody>\n<tfoot>\n";
    out += &line(&report.total, "total");
    out += "</tfoot>\n</table>\n</div>\n";
    if left_out > 0 {
        let _ = writeln!(out, "<p>{left_out} more rows are in the total alone.</p>");
    }
    out + "</section>\n"
}

fn line(row: &Row, key: &str) -> String {
    let it = &row.measured;
    let class = if row.saved_usd < -0.000_05 { " class=\"loss\"" } else { "" };
    let mut out = format!("<tr><th scope=\"row\">{}</th>", escape(key));
    for cell in [dollars(row.ours.usd), dollars(row.traditional.usd)] {
        let _ = write!(out, "<td>{cell}</td>");
    }
    let _ = write!(out, "<td{class}>{}</td>", dollars(row.saved_usd));
    for cell in [
        thousands(it.runs),
        thousands(it.calls_in_code + it.direct_calls),
        thousands(it.failed_runs + it.failed_calls),
        thousands(it.looked),
        thousands(it.masked),
        bytes(it.kept_bytes),
        time(it.duration_ms),
    ] {
        let _ = write!(out, "<td>{cell}</td>");
    }
    out + "</tr>\n"
}

fn rules(report: &Report) -> String {
    let price = report.model.price;
    let new = if report.rules.pays_cache_writes { "a cache write" } else { "input" };
    let mut out = format!(
        "<section class=\"rules\">\n<h2>How this was counted</h2>\n\
         <p><strong>Measured</strong> is what was counted as it passed: runs, calls, failures, \
         masked values, times, bytes, and o200k tokens of the real texts.</p>\n\
         <p><strong>Modelled</strong> is what a model's maker would bill for them, since no bill \
         is seen here, and the whole traditional way, in which the model calls each tool \
         itself:</p>\n<ol>\n\
         <li>A model reads its whole context at each request: what is new at the price of {new}, \
         the rest at the price of a cache read. What it writes is output.</li>\n\
         <li>The traditional way has the definitions of all tools of the servers that a session \
         used in every request; Workroom's own list of tools is charged to Workroom. They are new \
         once for each client, and then read from the cache.</li>\n\
         <li>Of each call, arguments are written and the result is read, {} tokens of it at most. \
         Calls that did not need each other's answers are one request.</li>\n\
         <li>Searches, files read, runs that failed and calls that failed in them are charged to \
         Workroom, and cost the traditional way nothing.</li>\n\
         <li>A session is one conversation, with one more request at its end; a context holds {} \
         tokens at most, and what is older is not read again.</li>\n</ol>\n",
        thousands(report.rules.result_tokens),
        thousands(report.rules.context_tokens),
    );
    let _ = writeln!(
        out,
        "<p>Prices of {} in dollars for a million tokens{}: input {}, cache write {}, cache read \
         {}, output {}.{}</p>",
        escape(&report.model.name),
        escape(&dated(&report.model.as_of)),
        price.input,
        price.cache_write,
        price.cache_read,
        price.output,
        match report.model.source.as_str() {
            "" => String::new(),
            source => format!(" Source: {}", escape(source)),
        }
    );
    for note in notes(report) {
        let _ = writeln!(out, "<p>{}.</p>", escape(&note));
    }
    out + "</section>\n"
}

#[cfg(test)]
mod tests;
