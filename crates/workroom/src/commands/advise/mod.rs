//! `workroom advise`: which way of offering tools suits an agent, with reasons and figures.
//!
//! The rules and the figures are [`workroom_ledger::advice`]'s; here is what they are fed with, and
//! how they are shown. Nothing is asked, and nothing is changed.

mod plan;
mod recorded;

use std::fmt::Write as _;

use serde_json::{Value, json};
use workroom_ledger::{
    advice::{Advice, Figures},
    price::Model,
};
use workroom_types::Limit;

use super::report;
use crate::{
    args::{Advise, Global},
    output::{Answer, Failure},
    settings,
};

pub(crate) async fn advise(global: &Global, args: &Advise) -> Result<Answer, Failure> {
    let settings = settings::load(global)?;
    let ledger = &settings.config.ledger;
    let prices = report::prices(ledger)?;
    let model = prices.find(args.model.as_deref().or(ledger.model.as_deref()));
    let model = model.map_err(Failure::usage)?;
    match &args.plan {
        Some(path) => {
            let budget = settings.config.limits.size(Limit::OutputTokens) as u64;
            plan::plan(path, budget, model)
        }
        None => recorded::recorded(global, settings, model).await,
    }
}

/// The reasons of `advice`, a line each.
fn reasons(text: &mut String, advice: &Advice) {
    for reason in &advice.reasons {
        let _ = write!(text, "\n  {reason}");
    }
    if !advice.beside.is_empty() {
        let _ =
            write!(text, "\n  often called, and so beside run_code: {}", advice.beside.join(", "));
    }
}

fn reasons_json(advice: &Advice) -> Value {
    let reason = |reason: &workroom_ledger::advice::Reason| {
        let mut json = serde_json::to_value(reason).unwrap_or_default();
        json["text"] = reason.to_string().into();
        json
    };
    advice.reasons.iter().map(reason).collect()
}

/// The ways in the order in which they are shown.
fn ways(figures: &Figures) -> [(&'static str, workroom_ledger::advice::Cost); 3] {
    [("code", figures.code), ("search", figures.search), ("direct", figures.direct)]
}

fn model_json(model: &Model) -> Value {
    json!({ "name": model.name, "prices_as_of": model.as_of, "usd_per_million": model.price })
}

/// Where the figures come from.
fn basis(model: &Model) -> String {
    format!(
        "expected costs are modelled by the rules of docs/advisor.md at the prices of {}, {}; \
         tokens are o200k",
        model.name, model.as_of
    )
}
