//! `workroom advise --plan`: a planned automation.

use std::{fmt::Write as _, fs, path::Path};

use serde_json::json;
use workroom_ledger::{
    advice::{BreakEven, Plan, Planned, planned},
    price::Model,
};

use super::{basis, model_json, reasons, reasons_json, ways};
use crate::{
    commands::figures::{count, dollars, thousands},
    output::{self, Answer, Failure},
};

/// The largest plan that is read, in bytes.
const PLAN_BYTES_MAX: u64 = 1024 * 1024;

pub(super) fn plan(path: &Path, budget: u64, model: &Model) -> Result<Answer, Failure> {
    let shown = path.display();
    let cannot = |error: &dyn std::fmt::Display| {
        Failure::usage(format!("cannot read the plan `{shown}`: {error}"))
            .hint("examples/plan.toml is one; docs/advisor.md has its keys")
    };
    let size = fs::metadata(path).map_err(|error| cannot(&error))?.len();
    if size > PLAN_BYTES_MAX {
        return Err(cannot(&format!("it has {size} bytes, and a plan at most {PLAN_BYTES_MAX}")));
    }
    let text = fs::read_to_string(path).map_err(|error| cannot(&error))?;
    let plan = Plan::read(&text).map_err(|error| {
        Failure::usage(format!("`{shown}`: {error}")).hint("docs/advisor.md has a plan's keys")
    })?;
    let planned = planned(&plan, budget, model.price);
    let Planned { advice, calls_per_ticket, per_ticket, per_day, break_even } = &planned;
    let tools: u64 = plan.systems.iter().map(|system| system.tools).sum();
    let mut text = format!(
        "{} for {} tickets a day with {} each, over {} with {}",
        advice.mode,
        thousands(plan.tickets_per_day),
        count(*calls_per_ticket, "call"),
        count(plan.systems.len() as u64, "system"),
        count(tools, "tool"),
    );
    reasons(&mut text, advice);
    let _ = write!(
        text,
        "\n\n{:<10}{:>14}{:>14}{:>22}",
        "expected", "a ticket", "a day", "billed tokens a day"
    );
    for ((name, ticket), (_, day)) in ways(per_ticket).into_iter().zip(ways(per_day)) {
        let _ = write!(
            text,
            "\n{name:<10}{:>14}{:>14}{:>22}",
            dollars(ticket.usd),
            dollars(day.usd),
            thousands(day.billed_tokens)
        );
    }
    let _ = write!(text, "\n\n{}\n{}", meeting(*break_even), basis(model));
    let json = json!({
        "mode": advice.mode,
        "reasons": reasons_json(advice),
        "tickets_per_day": plan.tickets_per_day,
        "calls_per_ticket": calls_per_ticket,
        "tools": tools,
        "per_ticket": per_ticket,
        "per_day": per_day,
        "break_even": break_even,
        "model": model_json(model),
    });
    Ok(Answer::new(text, &json, output::OK))
}

/// Where code begins to cost less than direct calls, in words.
fn meeting(even: BreakEven) -> String {
    let calls = match even.calls_per_ticket {
        Some(1) => "however few calls a ticket has".to_owned(),
        Some(calls) => format!("from {calls} calls a ticket on"),
        None => "with no number of calls of this size".to_owned(),
    };
    let size = match even.result_tokens {
        Some(0) => "however small the results are".to_owned(),
        Some(tokens) => format!("from {} tokens of an average result on", thousands(tokens)),
        None => "with no size of the results".to_owned(),
    };
    format!(
        "break-even: code costs less than direct calls {calls} (results as planned), and {size} \
         (calls as planned)"
    )
}
