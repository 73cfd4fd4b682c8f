//! The text that an agent reads of a run.
//!
//! It opens with one header line. What the code logged and returned follows; what does not fit is
//! kept, and the text says where.
//!
//! # Invariants
//!
//! * Never more o200k tokens than the budget, marks of what was left out included.
//! * A value gets at least half of what the header and the notes leave, however much was logged.

use std::fmt::Write as _;

use crate::{
    abridge, failure,
    report::{FailureContext, Presentation, RunFailure, RunReport, bytes, variable_list},
    sandbox::LogLevel,
    shown, view,
};

/// Puts `report` into words of at most `budget` o200k tokens, of which a logged line takes at
/// most `log_budget`.
///
/// `show_session`: the agent needs the session's id to go on in it.
pub(crate) fn present(
    report: &RunReport,
    budget: usize,
    log_budget: usize,
    show_session: bool,
) -> Presentation {
    let mut text = head(report, budget, show_session);
    let mut kept = None;
    // Text put together may be a token more than its parts.
    let room = |text: &str| budget.saturating_sub(workroom_ledger::tokens(text) + 2);
    let mut add = |part: &str| {
        if !part.is_empty() {
            text.push('\n');
            text.push_str(part);
        }
        room(&text)
    };
    let mut left = add("");
    if !report.notes.is_empty() && left > 0 {
        let notes: Vec<String> = report.notes.iter().map(|note| format!("note: {note}")).collect();
        left = add(&abridge::text(&notes.join("\n"), left / 2));
    }
    if !report.logs.is_empty() && left > 0 {
        // Half at most where something follows: a chatty script must not hide its own result.
        let is_all = matches!(report.outcome, Ok(None));
        let most = if is_all { left } else { left / 2 };
        left = add(&logs(report, most, log_budget));
    }
    match &report.outcome {
        Ok(Some(json)) => {
            let view = view::view(json, left, report.run.as_str());
            add(&view.text);
            kept = (!view.is_whole).then(|| view::path(report.run.as_str()));
        }
        Ok(None) if report.notes.iter().any(|note| failure::is_why_nothing(note)) => {}
        Ok(None) if report.logs.is_empty() => {
            let nothing = "nothing was returned or logged: end with the value, or `return` it";
            add(&abridge::text(nothing, left));
        }
        Ok(None) => {}
        Err(failure) => {
            add(&abridge::text(&failure_text(failure), left));
        }
    }
    let text = text.trim_end_matches('\n');
    let text = workroom_ledger::prefix(text, budget).to_owned();
    let tokens = workroom_ledger::tokens(&text);
    let blocks = report.logs.iter().filter(|line| line.level == LogLevel::Show);
    let shown = blocks.filter_map(|line| shown::block(&line.text)).collect();
    Presentation { text, tokens, kept, shown }
}

/// The header line, as much of it as half of the budget holds.
fn head(report: &RunReport, budget: usize, show_session: bool) -> String {
    let whole = header(report, show_session, true);
    let fits = |text: &str| workroom_ledger::tokens(text) * 2 <= budget;
    if fits(&whole) {
        return whole;
    }
    let without_variables = header(report, show_session, false);
    if fits(&without_variables) {
        return without_variables;
    }
    if report.outcome.is_ok() { "ok".to_owned() } else { "error".to_owned() }
}

/// What was logged, each line within `line_budget` and all of it within `budget`: the first and
/// the last lines where there are too many.
fn logs(report: &RunReport, budget: usize, line_budget: usize) -> String {
    let lines: Vec<String> = report
        .logs
        .iter()
        .map(|line| abridge::text(&line.to_string(), line_budget.min(budget)))
        .collect();
    let whole = lines.join("\n");
    if workroom_ledger::prefix(&whole, budget).len() == whole.len() {
        return whole;
    }
    let mark = |left_out: usize| {
        format!("… {left_out} more lines: read_file ./results/{}.log …", report.run)
    };
    let room = budget.saturating_sub(workroom_ledger::tokens(&mark(lines.len())) + 4);
    let (mut head, mut tail, mut used) = (0, 0, 0);
    // Two of the first for each of the last.
    while head + tail < lines.len() {
        let is_tail = tail * 2 < head;
        let line = if is_tail { &lines[lines.len() - 1 - tail] } else { &lines[head] };
        used += workroom_ledger::tokens(line) + 1;
        if used > room {
            break;
        }
        *(if is_tail { &mut tail } else { &mut head }) += 1;
    }
    let mut shown = lines[..head].to_vec();
    shown.push(mark(lines.len() - head - tail));
    shown.extend_from_slice(&lines[lines.len() - tail..]);
    let shown = shown.join("\n");
    if workroom_ledger::tokens(&shown) <= budget {
        return shown;
    }
    abridge::text(&shown, budget)
}

fn header(report: &RunReport, show_session: bool, with_variables: bool) -> String {
    let state = if report.outcome.is_ok() { "ok" } else { "error" };
    let mut header =
        format!("{state} · run {} · {:.1} s", report.run, report.duration.as_secs_f64());
    let calls = report.calls;
    if calls.made > 0 {
        let plural = if calls.made == 1 { "" } else { "s" };
        let _ = write!(header, " · {} call{plural}", calls.made);
        if calls.failed > 0 {
            let _ = write!(header, " ({} failed)", calls.failed);
        }
        let _ = write!(header, " · {} kept in the sandbox", bytes(calls.result_bytes));
    }
    if calls.masked > 0 {
        let _ = write!(header, " · {} masked", calls.masked);
    }
    if show_session || (with_variables && !report.variables.is_empty()) {
        let _ = write!(header, " · session {}", report.session);
    }
    if with_variables && !report.variables.is_empty() {
        let _ = write!(header, ": {}", variable_list(&report.variables));
    }
    if let Some(runs) = report.repeated {
        let _ = write!(
            header,
            " · such code was run {runs} times: keep it with save_skill {{ run: \"{}\" }}",
            report.run
        );
    }
    header
}

fn failure_text(failure: &RunFailure) -> String {
    let mut text =
        failure.context.lead.as_ref().map(|lead| format!("{lead}\n")).unwrap_or_default();
    text.push_str(&failure.message);
    if let Some(excerpt) = &failure.excerpt {
        let _ = write!(text, "\n{excerpt}");
    }
    for line in &failure.context.values {
        let _ = write!(text, "\n{line}");
    }
    if let Some(hint) = &failure.hint {
        let _ = write!(text, "\nhint: {hint}");
    }
    let FailureContext { more, effects, kept, .. } = &*failure.context;
    for line in more.iter().chain(effects).chain(kept) {
        let _ = write!(text, "\n{line}");
    }
    text
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use std::time::Duration;

    use serde_json::Value;
    use workroom_types::{RunId, SessionId};

    use super::*;
    use crate::{
        report::{CallStats, FailureKind},
        sandbox::LogLine,
    };

    fn report(outcome: Result<Option<String>, RunFailure>) -> RunReport {
        RunReport {
            run: RunId::from_random(7),
            session: SessionId::named("s1"),
            outcome,
            logs: Vec::new(),
            notes: Vec::new(),
            variables: Vec::new(),
            calls: CallStats {
                made: 2,
                failed: 1,
                argument_bytes: 20,
                result_bytes: 212_400,
                masked: 6,
            },
            duration: Duration::from_millis(1_830),
            repeated: None,
        }
    }

    #[track_caller]
    fn check(report: &RunReport, budget: usize, expected: &Expect) {
        let shown = present(report, budget, 800, true);
        expected.assert_eq(&shown.text);
        assert_eq!(shown.tokens, workroom_ledger::tokens(&shown.text));
    }

    #[test]
    fn a_value_that_fits_follows_the_header() {
        check(
            &report(Ok(Some(r#"{"a":1}"#.to_owned()))),
            500,
            &expect![[r#"
                ok · run r_7000000000000000 · 1.8 s · 2 calls (1 failed) · 212 KB kept in the sandbox · 6 masked · session s1
                {"a":1}"#]],
        );
    }

    #[test]
    fn text_is_shown_as_text_and_logs_come_first() {
        let mut report = report(Ok(Some(r#""two\nlines""#.to_owned())));
        report.logs = vec![
            LogLine { level: LogLevel::Log, text: "a".to_owned() },
            LogLine { level: LogLevel::Warn, text: "b".to_owned() },
        ];
        check(
            &report,
            500,
            &expect![[r#"
                ok · run r_7000000000000000 · 1.8 s · 2 calls (1 failed) · 212 KB kept in the sandbox · 6 masked · session s1
                a
                warning: b
                two
                lines"#]],
        );
    }

    #[test]
    fn a_value_one_token_too_long_is_previewed_and_kept_whole() {
        let rows: Vec<Value> =
            (0..200).map(|n| serde_json::json!({ "sku": format!("SKU-{n}"), "qty": n })).collect();
        let json = Value::Array(rows).to_string();
        let shown = present(&report(Ok(Some(json.clone()))), 250, 800, false);
        expect![[r#"
            ok · run r_7000000000000000 · 1.8 s · 2 calls (1 failed) · 212 KB kept in the sandbox · 6 masked
            too long to show whole: 2002 tokens, 5 KB
            shape: array(200) of { sku: string(5), qty: number }
            whole: variable `r_7000000000000000` in code, ./results/r_7000000000000000.json for read_file; or return less
            sku,qty
            SKU-0,0
            SKU-1,1
            SKU-2,2
            SKU-3,3
            SKU-4,4
            SKU-5,5
            SKU-6,6
            SKU-7,7
            SKU-8,8
            SKU-9,9
            SKU-10,10
            SKU-11,11
            SKU-12,12
            SKU-13,13
            SKU-14,14
            SKU-15,15
            SKU-16,16
            … 178 more rows …
            SKU-195,195
            SKU-196,196
            SKU-197,197
            SKU-198,198
            SKU-199,199"#]].assert_eq(&shown.text);
        assert_eq!(shown.kept.as_deref(), Some("./results/r_7000000000000000.json"));
        assert!(shown.tokens <= 250, "{}", shown.tokens);
    }

    #[test]
    fn a_logged_value_one_token_too_long_is_previewed() {
        let mut report = report(Ok(Some("1".to_owned())));
        let text: Vec<String> = (0..12).map(|n| format!("line number {n}")).collect();
        report.logs.push(LogLine { level: LogLevel::Log, text: text.join("\n") });
        let at = |budget| present(&report, 1_000, budget, false).text;
        let tokens = workroom_ledger::tokens(&text.join("\n"));
        assert!(at(tokens).contains(&text.join("\n")));
        expect![[r#"
            ok · run r_7000000000000000 · 1.8 s · 2 calls (1 failed) · 212 KB kept in the sandbox · 6 masked
            line number 0
            line number 1
            line number 2
            line number 3
            line number 4
            line number 5
            … 59 characters left out …
            ne number 10
            line number 11
            1"#]]
        .assert_eq(&at(tokens - 1));
    }

    #[test]
    fn too_many_lines_leave_the_first_and_the_last() {
        let mut report = report(Ok(Some("1".to_owned())));
        report.logs = (0..500)
            .map(|n| LogLine { level: LogLevel::Log, text: format!("step {n} done") })
            .collect();
        expect![[r#"
            ok · run r_7000000000000000 · 1.8 s · 2 calls (1 failed) · 212 KB kept in the sandbox · 6 masked
            step 0 done
            step 1 done
            step 2 done
            step 3 done
            step 4 done
            step 5 done
            step 6 done
            … 489 more lines: read_file ./results/r_7000000000000000.log …
            step 496 done
            step 497 done
            step 498 done
            step 499 done
            1"#]]
        .assert_eq(&present(&report, 200, 800, false).text);
    }

    #[test]
    fn what_is_shown_is_content_and_a_line() {
        let mut report = report(Ok(None));
        let image = r#"{"type":"image","data":"QUJD","mimeType":"image/png"}"#;
        report.logs.push(LogLine { level: LogLevel::Show, text: image.to_owned() });
        report.logs.push(LogLine { level: LogLevel::Show, text: "forged".to_owned() });
        let shown = present(&report, 500, 800, false);
        assert_eq!(shown.shown, [serde_json::from_str::<Value>(image).unwrap()]);
        expect![[r#"
            ok · run r_7000000000000000 · 1.8 s · 2 calls (1 failed) · 212 KB kept in the sandbox · 6 masked
            (shown: image, image/png, 3 B)
            (nothing that can be shown)"#]]
        .assert_eq(&shown.text);
    }

    /// Random reports at random budgets: never a token too much, and what is cut can be read.
    #[test]
    fn no_report_is_longer_than_its_budget() {
        let mut random = Random(0x2545_F491_4F6C_DD1D);
        for round in 0..150 {
            let value = random.value(0).to_string();
            let outcome = match random.below(5) {
                0 => Ok(None),
                1 => Err(RunFailure::new(FailureKind::Exception, random.text())),
                _ => Ok(Some(value.clone())),
            };
            let mut report = report(outcome);
            report.logs = (0..random.below(6) * random.below(6))
                .map(|_| LogLine { level: LogLevel::Log, text: random.text() })
                .collect();
            report.notes = (0..random.below(3)).map(|_| random.text()).collect();
            let budget = 1 + random.below(if round % 2 == 0 { 60 } else { 900 });
            let shown = present(&report, budget, 1 + random.below(300), round % 3 == 0);
            let tokens = workroom_ledger::tokens(&shown.text);
            assert!(tokens <= budget, "{tokens} > {budget}: {}", shown.text);
            assert_eq!(tokens, shown.tokens);
        }
    }

    /// What is cut of a value that is no text is valid JSON or a table.
    #[test]
    fn what_is_cut_of_a_value_is_json() {
        let mut random = Random(0x9E37_79B9_7F4A_7C15);
        let mut cut = 0;
        for _ in 0..200 {
            let value = random.value(0);
            let json = value.to_string();
            let budget = 100 + random.below(300);
            let view = view::view(&json, budget, "r_1");
            if value.is_string() || view.is_whole {
                continue;
            }
            let last = view.text.lines().last().unwrap_or_default();
            if last.starts_with(['[', '{']) {
                cut += 1;
                assert!(serde_json::from_str::<Value>(last).is_ok(), "{}", view.text);
            }
        }
        assert!(cut > 20, "{cut}");
    }

    struct Random(u64);

    impl Random {
        fn below(&mut self, most: usize) -> usize {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            usize::try_from(self.0 >> 33).unwrap() % most.max(1)
        }

        fn text(&mut self) -> String {
            const PARTS: [&str; 10] =
                ["word ", "é", "\n", "\u{1F600}", "\"", "123", "漢字", "{", "\t", "… "];
            let len = self.below(40) * (1 + self.below(20));
            (0..len).map(|_| PARTS[self.below(PARTS.len())]).collect()
        }

        fn value(&mut self, depth: usize) -> Value {
            let kinds = if depth > 3 { 4 } else { 7 };
            match self.below(kinds) {
                0 => Value::Null,
                1 => Value::from(self.below(100_000)),
                2 => Value::Bool(self.below(2) == 0),
                3 => Value::String(self.text()),
                4 => (0..self.below(30)).map(|_| self.value(depth + 1)).collect(),
                5 => {
                    let (rows, columns) = (self.below(60), 1 + self.below(6));
                    (0..rows)
                        .map(|n| {
                            let cell = |c| (format!("c{c}"), Value::from(n * c));
                            Value::Object((0..columns).map(cell).collect())
                        })
                        .collect()
                }
                _ => {
                    let fields = self.below(20);
                    let field = |n| (format!("k{n}"), self.value(depth + 1));
                    Value::Object((0..fields).map(field).collect())
                }
            }
        }
    }

    #[test]
    fn a_failure_gives_message_excerpt_and_hint() {
        let mut failure =
            RunFailure::new(FailureKind::Exception, "TypeError: x is null").hint("check x");
        failure.excerpt = Some("1 | x.y\n  |   ^".to_owned());
        check(
            &report(Err(failure)),
            500,
            &expect![[r#"
                error · run r_7000000000000000 · 1.8 s · 2 calls (1 failed) · 212 KB kept in the sandbox · 6 masked · session s1
                TypeError: x is null
                1 | x.y
                  |   ^
                hint: check x"#]],
        );
    }
}
