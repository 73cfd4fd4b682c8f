//! What `auto` comes to for one connection, from the figures of the catalog.
//!
//! Pure: the same figures give the same advice, so the same configuration gives the same list of
//! tools. Code pays for itself where there is much to choose from or much to pass on; with few
//! small tools their definitions cost less than the way round them.

use workroom_types::Mode;

/// With this many tools, an agent is better off looking for what it needs.
const TOOLS_FEW: usize = 10;

/// Definitions of at most so many tokens are small: about what our own list takes, twice.
const TOKENS_FEW: usize = 2_000;

/// The most tools that stand beside `run_code`.
const BESIDE_MAX: usize = 3;

/// The largest definition of a tool that stands beside `run_code`, in tokens.
const BESIDE_TOKENS_MAX: usize = 250;

/// How often a tool was called that stands beside `run_code`.
const BESIDE_CALLS_MIN: u32 = 20;

/// One tool, as far as the advice depends on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToolFigures {
    /// The name that it is offered by.
    pub name: String,
    /// The o200k tokens of its definition.
    pub tokens: usize,
    /// How often it was called, so far as is known.
    pub calls: u32,
}

/// What an agent is offered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Advice {
    /// The mode; never [`Mode::Auto`].
    pub mode: Mode,
    /// The names of tools that stand beside `run_code`.
    pub beside: Vec<String>,
}

/// Advises for a catalog of `tools`.
pub fn advise(tools: &[ToolFigures]) -> Advice {
    let tokens: usize = tools.iter().map(|tool| tool.tokens).sum();
    if !tools.is_empty() && tools.len() < TOOLS_FEW && tokens <= TOKENS_FEW {
        return Advice { mode: Mode::Direct, beside: Vec::new() };
    }
    let small =
        |tool: &&ToolFigures| tool.calls >= BESIDE_CALLS_MIN && tool.tokens <= BESIDE_TOKENS_MAX;
    let mut beside: Vec<&ToolFigures> = tools.iter().filter(small).collect();
    beside.sort_by(|a, b| b.calls.cmp(&a.calls).then_with(|| a.name.cmp(&b.name)));
    let beside = beside.into_iter().take(BESIDE_MAX).map(|tool| tool.name.clone());
    Advice { mode: Mode::Code, beside: beside.collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tools(count: usize, tokens: usize) -> Vec<ToolFigures> {
        let tool = |n| ToolFigures { name: format!("t{n}"), tokens, calls: 0 };
        (0..count).map(tool).collect()
    }

    #[track_caller]
    fn check(tools: &[ToolFigures], mode: Mode, beside: &[&str]) {
        let beside = beside.iter().map(|name| (*name).to_owned()).collect();
        assert_eq!(advise(tools), Advice { mode, beside });
    }

    #[test]
    fn few_small_tools_are_called_directly() {
        check(&tools(1, 2_000), Mode::Direct, &[]);
        check(&tools(1, 2_001), Mode::Code, &[]);
        check(&tools(9, 100), Mode::Direct, &[]);
        check(&tools(10, 100), Mode::Code, &[]);
        check(&[], Mode::Code, &[]);
    }

    #[test]
    fn small_tools_that_are_often_called_stand_beside() {
        let mut many = tools(20, 250);
        for (tool, calls) in many.iter_mut().zip([20, 19, 30, 20, 40]) {
            tool.calls = calls;
        }
        many[4].tokens = 251;
        check(&many, Mode::Code, &["t2", "t0", "t3"]);
        many[5].calls = 1_000;
        check(&many, Mode::Code, &["t5", "t2", "t0"]);
    }
}
