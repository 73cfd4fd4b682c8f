//! Both ways side by side, for people.

use std::fmt::Write as _;

use workroom_demo::PerDay;
use workroom_engine::report;
use workroom_ledger::price::Model;

use super::way::Way;
use crate::commands::figures::{dollars, thousands};

pub(super) fn table(traditional: &Way, code: &Way, model: &Model, per_day: PerDay) -> String {
    let mut text = format!("{:<42}{:>14}{:>14}\n", "tokens (o200k)", "traditional", "code");
    let rows = [
        ("tool definitions", traditional.definitions, code.definitions),
        ("calls, code and results of the whole job", traditional.job, code.job),
        ("  of it searches and files read", 0, code.looked),
        ("  of it code", 0, code.code),
        ("  of it what came back of it", 0, code.returned),
        ("the answer at the end", traditional.answer, code.answer),
        ("all tokens, each text once", traditional.total(), code.total()),
        ("requests to the model", traditional.requests, code.requests),
        ("calls by the model", traditional.calls, code.calls),
        ("calls by its code", traditional.calls_in_code, code.calls_in_code),
        ("wall time of the tools, ms", traditional.duration_ms, code.duration_ms),
    ];
    for (name, traditional, code) in rows {
        let _ = writeln!(text, "{name:<42}{:>14}{:>14}", thousands(traditional), thousands(code));
    }
    let mut money = |name: &str, factor: f64| {
        let (first, second) = (dollars(traditional.cost * factor), dollars(code.cost * factor));
        let _ = writeln!(text, "{name:<42}{first:>14}{second:>14}");
    };
    money("cost of the job, modelled", 1.0);
    money(&format!("cost of a day of {}", per_day.words), f64::from(per_day.jobs));
    #[expect(clippy::cast_precision_loss, reason = "a share of a hundred, for people")]
    let saved = 100.0 * (1.0 - code.total() as f64 / traditional.total().max(1) as f64);
    let kept = report::bytes(code.kept_bytes);
    let times = traditional.cost / code.cost.max(f64::MIN_POSITIVE);
    let _ = write!(
        text,
        "code mode used {saved:.1} % fewer tokens, at 1/{times:.0} of the cost; {kept} stayed in \
         the sandbox\ntokens are measured; cost is modelled by the rules of docs/demo.md at the \
         prices of {}, {}",
        model.name, model.as_of
    );
    text
}
