//! Which way of offering tools suits an agent: code, direct calls, or definitions on demand.
//!
//! One set of rules for all who ask: `auto` when a client connects, `workroom advise` over what was
//! recorded, and `workroom advise --plan` for what is only planned. Figures go in, advice comes
//! out; the same figures give the same advice.
//!
//! # The rules
//!
//! 1. `code` where at least a fifth of the work has one of these:
//!    [`CALLS_FEW`] calls or more; a result above [`RESULT_SMALL`] tokens; [`STEPS_FEW`] steps or
//!    more of which each needs the one before; one tool [`LOOP`] times or more; masked values; more
//!    than one result beyond the output budget. And where there are [`VOLUME_HIGH`] calls a day or
//!    more.
//! 2. Otherwise the work is a few small calls: `direct` with fewer than [`TOOLS_FEW`] tools whose
//!    definitions take [`DEFINITIONS_SMALL`] tokens at most, or where that costs least; else
//!    `search`.
//! 3. Where nothing is known of the work, the tools decide alone: `direct` with few small ones,
//!    else `code`, which is right for most work that has many tools to choose from.
//! 4. Up to [`BESIDE_MAX`] small tools that are often called stand beside `run_code`.
//!
//! With fewer than [`JOBS_ENOUGH`] conversations the rules hold for what there is, and it is said
//! that this is little; `auto` does not go by so few.
//!
//! What each way is expected to cost is shown with the advice, and decides nothing else:
//! see [`Figures`].
//!
//! # Not here
//!
//! Catalogs, accounts in a store, words of the command line.

mod expect;
mod plan;
mod record;

use std::{collections::BTreeMap, fmt};

use serde::Serialize;
use workroom_types::Mode;

use crate::price::Price;

pub use expect::{Cost, Figures, figures};
pub use plan::{BreakEven, Plan, PlanError, Planned, System, planned};
pub use record::{LOCAL, clients, servers, traffic};

/// So many calls of one conversation are no longer few.
pub const CALLS_FEW: usize = 10;

/// A result of at most so many tokens is small.
pub const RESULT_SMALL: u64 = 2_000;

/// So many steps, each of which needs the one before, are no longer few.
pub const STEPS_FEW: usize = 5;

/// One tool that is called so often in one conversation is called in a loop.
pub const LOOP: usize = 5;

/// So many results of one conversation beyond the output budget are no exception.
pub const OVERFLOWS: usize = 2;

/// So many calls a day are many.
pub const VOLUME_HIGH: u64 = 1_000;

/// With this many tools, an agent is better off looking for what it needs.
pub const TOOLS_FEW: usize = 10;

/// Definitions of at most so many tokens are small: about what our own list takes, twice.
pub const DEFINITIONS_SMALL: u64 = 2_000;

/// With fewer conversations, there is too little traffic to go by.
pub const JOBS_ENOUGH: usize = 5;

/// A rule holds for all of the work where it does for one in so many conversations.
const ONE_IN: usize = 5;

/// The most tools that stand beside `run_code`.
pub const BESIDE_MAX: usize = 3;

/// The largest definition of a tool that stands beside `run_code`, in tokens.
pub const BESIDE_TOKENS_MAX: u64 = 250;

/// The proportions of most makers' prices, where only proportions count.
const EVEN: Price = Price { input: 1.0, cache_write: 1.25, cache_read: 0.1, output: 5.0 };

/// How often a tool was called that stands beside `run_code`.
pub const BESIDE_CALLS_MIN: u64 = 20;

/// One tool, as far as the advice depends on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tool {
    /// The server that it is of.
    pub server: String,
    /// The name that it is offered by.
    pub name: String,
    /// The o200k tokens of its definition.
    pub tokens: u64,
    /// How often it was called, so far as is known.
    pub calls: u64,
}

/// What is configured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// The tools of the servers.
    pub tools: Vec<Tool>,
    /// The most tokens of one result that reach a model.
    pub budget: u64,
}

impl Offer {
    /// The tokens of all definitions.
    pub fn definitions(&self) -> u64 {
        self.tools.iter().map(|tool| tool.tokens).sum()
    }

    /// The same with the tools of one server alone.
    #[must_use]
    pub fn of_server(&self, server: &str) -> Self {
        let tools = self.tools.iter().filter(|tool| tool.server == server);
        Self { tools: tools.cloned().collect(), budget: self.budget }
    }

    fn is_small(&self) -> bool {
        self.tools.len() < TOOLS_FEW && self.definitions() <= DEFINITIONS_SMALL
    }
}

/// One call, in o200k tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// The tool with its server: `crm.get_contact`.
    pub tool: String,
    /// Of its arguments.
    pub arguments: u64,
    /// Of its result.
    pub result: u64,
}

/// One request that was really made in a conversation with code: what the model wrote and read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request {
    /// The code, or a search.
    pub written: u64,
    /// What came back.
    pub read: u64,
}

/// The calls of one conversation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Job {
    /// Calls that were made together are a step.
    pub steps: Vec<Vec<Call>>,
    /// Different values that were masked.
    pub masked: u64,
    /// How it really went, where that was with code.
    pub with_code: Vec<Request>,
}

impl Job {
    fn calls(&self) -> impl Iterator<Item = &Call> {
        self.steps.iter().flatten()
    }

    /// The tool that is called most, and how often.
    fn most_called(&self) -> Option<(&str, usize)> {
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for call in self.calls() {
            *counts.entry(&call.tool).or_default() += 1;
        }
        counts.into_iter().max_by(|a, b| a.1.cmp(&b.1).then_with(|| b.0.cmp(a.0)))
    }

    fn tools(&self) -> u64 {
        let tools: std::collections::BTreeSet<&str> =
            self.calls().map(|call| call.tool.as_str()).collect();
        tools.len() as u64
    }
}

/// What was done, or is planned.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// By conversation; those without a call are left out.
    pub jobs: Vec<Job>,
    /// Calls on a usual day.
    pub calls_a_day: u64,
    /// It is planned: there is no more to be known of it.
    pub planned: bool,
}

/// Why a mode is advised.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "reason", rename_all = "snake_case")]
pub enum Reason {
    /// Conversations have many calls.
    ManyCalls {
        /// So many conversations.
        jobs: usize,
        /// Of so many.
        of: usize,
        /// The most calls of one.
        most: usize,
    },
    /// Results are large.
    LargeResults {
        /// So many conversations.
        jobs: usize,
        /// Of so many.
        of: usize,
        /// The largest result, in tokens.
        largest: u64,
        /// The tool that it is of.
        tool: String,
    },
    /// Calls need what others gave.
    Dependent {
        /// So many conversations.
        jobs: usize,
        /// Of so many.
        of: usize,
        /// The most steps of one.
        most: usize,
    },
    /// One tool is called again and again.
    Loops {
        /// So many conversations.
        jobs: usize,
        /// Of so many.
        of: usize,
        /// The most calls of one tool.
        most: usize,
        /// The tool.
        tool: String,
    },
    /// Personal data was masked.
    Masked {
        /// So many conversations.
        jobs: usize,
        /// Of so many.
        of: usize,
    },
    /// Results do not fit the budget.
    Overflows {
        /// So many conversations.
        jobs: usize,
        /// Of so many.
        of: usize,
        /// The budget, in tokens.
        budget: u64,
    },
    /// There is much to do.
    Volume {
        /// Calls on a usual day.
        calls_a_day: u64,
    },
    /// The work is a few small calls.
    SmallWork {
        /// Conversations.
        of: usize,
        /// The most calls of one.
        most: usize,
        /// The largest result, in tokens.
        largest: u64,
    },
    /// There are few tools, and their definitions are small.
    FewTools {
        /// How many.
        tools: usize,
        /// Tokens of their definitions.
        tokens: u64,
    },
    /// There are many tools, or their definitions are large.
    ManyTools {
        /// How many.
        tools: usize,
        /// Tokens of their definitions.
        tokens: u64,
    },
    /// Direct calls cost least, however many tools there are.
    Cheapest,
    /// There are no tools.
    NoTools,
    /// There is too little traffic.
    LittleTraffic {
        /// Conversations that are known.
        of: usize,
    },
}

/// What an agent should be offered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Advice {
    /// The mode; never [`Mode::Auto`].
    pub mode: Mode,
    /// Why, the most important first.
    pub reasons: Vec<Reason>,
    /// The names of tools that stand beside `run_code`.
    pub beside: Vec<String>,
}

impl Advice {
    /// `mode`, as it was chosen: nobody asked for advice.
    pub const fn chosen(mode: Mode) -> Self {
        Self { mode, reasons: Vec::new(), beside: Vec::new() }
    }

    /// Whether there was traffic to go by.
    pub fn has_traffic(&self) -> bool {
        !self.reasons.iter().any(|reason| matches!(reason, Reason::LittleTraffic { .. }))
    }
}

/// Advises for what is configured, by what was done with it.
pub fn advise(offer: &Offer, traffic: &Traffic) -> Advice {
    let of = traffic.jobs.len();
    let (tools, tokens) = (offer.tools.len(), offer.definitions());
    let by_tools = match (tools, offer.is_small()) {
        (0, _) => Reason::NoTools,
        (_, true) => Reason::FewTools { tools, tokens },
        (_, false) => Reason::ManyTools { tools, tokens },
    };
    let few = matches!(by_tools, Reason::FewTools { .. });
    let (mode, mut reasons) = if of == 0 {
        (if few { Mode::Direct } else { Mode::Code }, vec![by_tools])
    } else {
        match for_code(offer, traffic) {
            reasons if !reasons.is_empty() => (Mode::Code, reasons),
            _ => small_work(offer, traffic, by_tools),
        }
    };
    if of < JOBS_ENOUGH && !traffic.planned {
        reasons.insert(0, Reason::LittleTraffic { of });
    }
    let beside = if mode == Mode::Code { beside(&offer.tools) } else { Vec::new() };
    Advice { mode, reasons, beside }
}

fn for_code(offer: &Offer, traffic: &Traffic) -> Vec<Reason> {
    let jobs = &traffic.jobs;
    let of = jobs.len();
    let count = |holds: &dyn Fn(&Job) -> bool| {
        let jobs = jobs.iter().filter(|job| holds(job)).count();
        (jobs > 0 && jobs * ONE_IN >= of).then_some(jobs)
    };
    let mut reasons = Vec::new();
    if let Some(jobs) = count(&|job| job.calls().any(|call| call.result > RESULT_SMALL)) {
        let (largest, tool) = largest(traffic);
        reasons.push(Reason::LargeResults { jobs, of, largest, tool });
    }
    if let Some(jobs) = count(&|job| job.calls().count() >= CALLS_FEW) {
        reasons.push(Reason::ManyCalls { jobs, of, most: most_calls(traffic) });
    }
    let loops = |job: &Job| job.most_called().is_some_and(|(_, times)| times >= LOOP);
    if let Some(count) = count(&loops) {
        let (tool, most) = jobs
            .iter()
            .filter_map(Job::most_called)
            .max_by(|a, b| a.1.cmp(&b.1).then_with(|| b.0.cmp(a.0)))
            .unwrap_or_default();
        reasons.push(Reason::Loops { jobs: count, of, most, tool: tool.to_owned() });
    }
    if let Some(jobs) = count(&|job| job.steps.len() >= STEPS_FEW) {
        let most = traffic.jobs.iter().map(|job| job.steps.len()).max().unwrap_or_default();
        reasons.push(Reason::Dependent { jobs, of, most });
    }
    if let Some(jobs) = count(&|job| job.masked > 0) {
        reasons.push(Reason::Masked { jobs, of });
    }
    let budget = offer.budget;
    let overflows = |job: &Job| job.calls().filter(|it| it.result > budget).count() >= OVERFLOWS;
    if let Some(jobs) = count(&overflows) {
        reasons.push(Reason::Overflows { jobs, of, budget });
    }
    let calls_a_day = traffic.calls_a_day;
    if calls_a_day >= VOLUME_HIGH {
        reasons.push(Reason::Volume { calls_a_day });
    }
    reasons
}

fn small_work(offer: &Offer, traffic: &Traffic, by_tools: Reason) -> (Mode, Vec<Reason>) {
    let (largest, _) = largest(traffic);
    let small = Reason::SmallWork { of: traffic.jobs.len(), most: most_calls(traffic), largest };
    if matches!(by_tools, Reason::FewTools { .. }) {
        return (Mode::Direct, vec![small, by_tools]);
    }
    let figures = figures(offer, traffic, EVEN);
    let least = figures.search.usd.min(figures.code.usd);
    if figures.direct.usd <= least {
        return (Mode::Direct, vec![small, Reason::Cheapest]);
    }
    (Mode::Search, vec![small, by_tools])
}

fn most_calls(traffic: &Traffic) -> usize {
    traffic.jobs.iter().map(|job| job.calls().count()).max().unwrap_or_default()
}

fn largest(traffic: &Traffic) -> (u64, String) {
    let calls = traffic.jobs.iter().flat_map(Job::calls);
    let largest = calls.max_by(|a, b| a.result.cmp(&b.result).then_with(|| b.tool.cmp(&a.tool)));
    largest.map(|call| (call.result, call.tool.clone())).unwrap_or_default()
}

fn beside(tools: &[Tool]) -> Vec<String> {
    let small = |tool: &&Tool| tool.calls >= BESIDE_CALLS_MIN && tool.tokens <= BESIDE_TOKENS_MAX;
    let mut beside: Vec<&Tool> = tools.iter().filter(small).collect();
    beside.sort_by(|a, b| b.calls.cmp(&a.calls).then_with(|| a.name.cmp(&b.name)));
    beside.into_iter().take(BESIDE_MAX).map(|tool| tool.name.clone()).collect()
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reason::ManyCalls { jobs, of, most } => write!(
                f,
                "{} {CALLS_FEW} calls or more (at most {most}): code makes them without the model \
                 in between",
                have(*jobs, *of)
            ),
            Reason::LargeResults { jobs, of, largest, tool } => write!(
                f,
                "{} a result above {RESULT_SMALL} tokens (the largest {largest}, by `{tool}`): \
                 code keeps it from the model",
                have(*jobs, *of)
            ),
            Reason::Dependent { jobs, of, most } => write!(
                f,
                "{} {STEPS_FEW} steps or more that follow on each other (at most {most}): code \
                 passes results on",
                have(*jobs, *of)
            ),
            Reason::Loops { jobs, of, most, tool } => write!(
                f,
                "{} {LOOP} calls or more of one tool (`{tool}` {most} times): code loops",
                have(*jobs, *of)
            ),
            Reason::Masked { jobs, of } => {
                write!(f, "{} masked values: code works on them unseen", have(*jobs, *of))
            }
            Reason::Overflows { jobs, of, budget } => write!(
                f,
                "{} {OVERFLOWS} results or more beyond the {budget} tokens that a model is shown: \
                 code reads them whole",
                have(*jobs, *of)
            ),
            Reason::Volume { calls_a_day } => write!(
                f,
                "{calls_a_day} calls a day: what a call costs the model counts so many times"
            ),
            Reason::SmallWork { of, most, largest } => write!(
                f,
                "{} few small calls (at most {most}, the largest result {largest} tokens)",
                have(*of, *of)
            ),
            Reason::FewTools { tools, tokens } => write!(
                f,
                "{tools} tool{} with {tokens} tokens of definitions: less than the way round them",
                if *tools == 1 { "" } else { "s" }
            ),
            Reason::ManyTools { tools, tokens } => write!(
                f,
                "{tools} tool{} with {tokens} tokens of definitions: they are better looked for \
                 than loaded",
                if *tools == 1 { "" } else { "s" }
            ),
            Reason::Cheapest => {
                f.write_str("loading all definitions costs less than looking for tools")
            }
            Reason::NoTools => f.write_str("no server has a tool now"),
            Reason::LittleTraffic { of: 0 } => {
                f.write_str("no traffic is recorded: this goes by the tools alone")
            }
            Reason::LittleTraffic { of } => write!(
                f,
                "too little traffic to go by: {of} of the {JOBS_ENOUGH} conversations it takes"
            ),
        }
    }
}

/// `3 of 12 conversations have`
fn have(jobs: usize, of: usize) -> String {
    match (jobs, of) {
        (_, 1) => "each conversation has".to_owned(),
        (1, of) => format!("1 of {of} conversations has"),
        (jobs, of) if jobs == of => format!("all {of} conversations have"),
        (jobs, of) => format!("{jobs} of {of} conversations have"),
    }
}

#[cfg(test)]
mod tests;
