//! An automation that is only planned: what it would cost each way, and where the ways meet.
//!
//! A plan is a TOML text of plain figures. Its ticket becomes one [`Job`], and the rules and the
//! costs are those of recorded work.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::{Advice, Call, Cost, Figures, Job, Offer, Tool, Traffic, advise, figures};
use crate::price::Price;

/// A tool's definition takes so many tokens where a plan does not say: the median of public
/// servers.
const DEFINITION_TOKENS: u64 = 180;

/// A call's arguments take so many tokens where a plan does not say.
const ARGUMENT_TOKENS: u64 = 40;

/// The most tickets of a day that a plan may have.
pub(super) const TICKETS_MAX: u64 = 10_000_000;

/// The most systems of a plan.
pub(super) const SYSTEMS_MAX: usize = 100;

/// The most tools of one system.
pub(super) const TOOLS_MAX: u64 = 10_000;

/// The most calls of one ticket to one system, and the most that a break-even is looked for.
pub(super) const CALLS_MAX: u64 = 1_000;

/// The most tokens of one result, one call's arguments or one system's definitions.
pub(super) const TOKENS_MAX: u64 = 10_000_000;

/// One system of a plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct System {
    /// Its name.
    pub name: String,
    /// How many tools it has.
    pub tools: u64,
    /// The tokens of all their definitions.
    pub definition_tokens: u64,
    /// How often one ticket calls it.
    pub calls_per_ticket: u64,
    /// The tokens of one call's arguments.
    pub argument_tokens: u64,
    /// The tokens of one call's result.
    pub result_tokens: u64,
}

/// A planned automation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Plan {
    /// Tickets of a usual day.
    pub tickets_per_day: u64,
    /// Whether each call needs the one before; otherwise a ticket's calls are made together.
    pub dependent: bool,
    /// Whether personal data is masked.
    pub masked: bool,
    /// The systems.
    pub systems: Vec<System>,
}

/// Why a text is no plan.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum PlanError {
    /// It is not in the form of a plan.
    #[error("the plan cannot be read: {0}")]
    Form(String),
    /// A number is out of its range.
    #[error("`{key}` is {value}; it takes a whole number from {min} to {max}")]
    Range {
        /// Where it stands.
        key: String,
        /// What stands there.
        value: i64,
        /// The least.
        min: u64,
        /// The most.
        max: u64,
    },
    /// There is no system, or there are too many.
    #[error("the plan has {0} systems; it takes 1 to {SYSTEMS_MAX}, each under `[[systems]]`")]
    Systems(usize),
    /// Two systems have one name.
    #[error("two systems of the plan are called `{0}`")]
    Twice(String),
    /// Nothing is called.
    #[error("no system of the plan is called: set `calls_per_ticket` of one to 1 or more")]
    NoCalls,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    tickets_per_day: i64,
    #[serde(default = "yes")]
    dependent: bool,
    #[serde(default)]
    masked: bool,
    #[serde(default)]
    systems: Vec<Row>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    name: String,
    tools: i64,
    definition_tokens: Option<i64>,
    calls_per_ticket: i64,
    argument_tokens: Option<i64>,
    result_tokens: i64,
}

const fn yes() -> bool {
    true
}

impl Plan {
    /// Reads a plan.
    ///
    /// # Errors
    ///
    /// See [`PlanError`].
    pub fn read(text: &str) -> Result<Self, PlanError> {
        let file: File = toml_edit::de::from_str(text)
            .map_err(|error| PlanError::Form(error.to_string().trim_end().to_owned()))?;
        let tickets_per_day = within("tickets_per_day", file.tickets_per_day, 1, TICKETS_MAX)?;
        if file.systems.is_empty() || file.systems.len() > SYSTEMS_MAX {
            return Err(PlanError::Systems(file.systems.len()));
        }
        let systems: Vec<System> =
            file.systems.into_iter().map(system).collect::<Result<_, _>>()?;
        for (index, system) in systems.iter().enumerate() {
            if systems[..index].iter().any(|other| other.name == system.name) {
                return Err(PlanError::Twice(system.name.clone()));
            }
        }
        if systems.iter().all(|system| system.calls_per_ticket == 0) {
            return Err(PlanError::NoCalls);
        }
        let (dependent, masked) = (file.dependent, file.masked);
        Ok(Self { tickets_per_day, dependent, masked, systems })
    }

    /// The calls of one ticket.
    fn calls(&self) -> Vec<Call> {
        let of = |system: &System| {
            let tools = system.tools.min(system.calls_per_ticket);
            let call = |tool: u64, system: &System| Call {
                tool: format!("{}.{}", system.name, tool % tools.max(1)),
                arguments: system.argument_tokens,
                result: system.result_tokens,
            };
            (0..system.calls_per_ticket).map(|tool| call(tool, system)).collect::<Vec<_>>()
        };
        self.systems.iter().flat_map(of).collect()
    }

    fn job(&self, calls: Vec<Call>) -> Job {
        let steps = if self.dependent {
            calls.into_iter().map(|call| vec![call]).collect()
        } else {
            vec![calls]
        };
        Job { steps, masked: u64::from(self.masked), with_code: Vec::new() }
    }

    fn offer(&self, budget: u64) -> Offer {
        let tools = self.systems.iter().flat_map(|system| {
            // All definitions are counted, whatever a single one takes.
            let rest = system.definition_tokens % system.tools;
            (0..system.tools).map(move |n| Tool {
                server: system.name.clone(),
                name: format!("{}.{n}", system.name),
                tokens: system.definition_tokens / system.tools + u64::from(n < rest),
                calls: 0,
            })
        });
        Offer { tools: tools.collect(), budget }
    }
}

fn system(row: Row) -> Result<System, PlanError> {
    let key = |key: &str| format!("{key}` of the system `{}", row.name);
    let number = |name: &str, value: i64, min: u64, max: u64| within(&key(name), value, min, max);
    let tools = number("tools", row.tools, 1, TOOLS_MAX)?;
    let optional = |name: &str, value: Option<i64>, usual: u64| match value {
        Some(value) => number(name, value, 0, TOKENS_MAX),
        None => Ok(usual),
    };
    let definitions = tools * DEFINITION_TOKENS;
    Ok(System {
        tools,
        definition_tokens: optional("definition_tokens", row.definition_tokens, definitions)?,
        calls_per_ticket: number("calls_per_ticket", row.calls_per_ticket, 0, CALLS_MAX)?,
        argument_tokens: optional("argument_tokens", row.argument_tokens, ARGUMENT_TOKENS)?,
        result_tokens: number("result_tokens", row.result_tokens, 0, TOKENS_MAX)?,
        name: row.name,
    })
}

fn within(key: &str, value: i64, min: u64, max: u64) -> Result<u64, PlanError> {
    u64::try_from(value)
        .ok()
        .filter(|value| (min..=max).contains(value))
        .ok_or_else(|| PlanError::Range { key: key.to_owned(), value, min, max })
}

/// Where code begins to cost less than direct calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct BreakEven {
    /// With so many calls of one ticket or more, at the plan's sizes; none up to `CALLS_MAX`.
    pub calls_per_ticket: Option<u64>,
    /// With so many tokens of an average result or more, at the plan's calls; none up to
    /// `TOKENS_MAX`.
    pub result_tokens: Option<u64>,
}

/// What a plan comes to.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Planned {
    /// What should be used.
    #[serde(flatten)]
    pub advice: Advice,
    /// Calls of one ticket.
    pub calls_per_ticket: u64,
    /// The cost of one ticket, after the first one of the day.
    pub per_ticket: Figures,
    /// The cost of a day.
    pub per_day: Figures,
    /// Where code begins to cost less than direct calls.
    pub break_even: BreakEven,
}

/// Advises for `plan`, where `budget` tokens of a result reach a model at most.
pub fn planned(plan: &Plan, budget: u64, price: Price) -> Planned {
    let offer = plan.offer(budget);
    let calls = plan.calls();
    let calls_per_ticket = calls.len() as u64;
    let cost = |calls: &[Call], tickets: usize| {
        let jobs = vec![plan.job(calls.to_vec()); tickets];
        figures(&offer, &Traffic { jobs, calls_a_day: 0, planned: true }, price)
    };
    let (one, two) = (cost(&calls, 1), cost(&calls, 2));
    let per_ticket = one.each(two, |one, two| Cost {
        billed_tokens: two.billed_tokens - one.billed_tokens,
        usd: two.usd - one.usd,
    });
    let others = plan.tickets_per_day - 1;
    #[expect(clippy::cast_precision_loss, reason = "tickets of a day are far below 2^52")]
    let per_day = one.each(per_ticket, |one, more| Cost {
        billed_tokens: one.billed_tokens + more.billed_tokens.saturating_mul(others),
        usd: one.usd + more.usd * others as f64,
    });
    let is_cheaper = |calls: &[Call]| {
        let (one, two) = (cost(calls, 1), cost(calls, 2));
        two.code.usd - one.code.usd <= two.direct.usd - one.direct.usd
    };
    let of_calls = |count: u64| -> Vec<Call> {
        calls.iter().cycle().take(usize::try_from(count).unwrap_or(usize::MAX)).cloned().collect()
    };
    let of_size = |tokens: u64| -> Vec<Call> {
        calls.iter().map(|call| Call { result: tokens, ..call.clone() }).collect()
    };
    let job = plan.job(calls.clone());
    let calls_a_day = calls_per_ticket.saturating_mul(plan.tickets_per_day);
    let traffic = Traffic { jobs: vec![job], calls_a_day, planned: true };
    Planned {
        advice: advise(&offer, &traffic),
        calls_per_ticket,
        per_ticket,
        per_day,
        break_even: BreakEven {
            calls_per_ticket: first(1, CALLS_MAX, |count| is_cheaper(&of_calls(count))),
            result_tokens: first(0, TOKENS_MAX, |tokens| is_cheaper(&of_size(tokens))),
        },
    }
}

/// The first number from `min` to `max` from which on `holds` holds, which it does from some on.
fn first(min: u64, max: u64, holds: impl Fn(u64) -> bool) -> Option<u64> {
    if !holds(max) {
        return None;
    }
    let (mut below, mut above) = (min, max);
    while below < above {
        let middle = below.midpoint(above);
        if holds(middle) {
            above = middle;
        } else {
            below = middle + 1;
        }
    }
    Some(above)
}

impl Figures {
    fn each(self, other: Self, put: impl Fn(Cost, Cost) -> Cost) -> Self {
        Self {
            code: put(self.code, other.code),
            direct: put(self.direct, other.direct),
            search: put(self.search, other.search),
        }
    }
}
