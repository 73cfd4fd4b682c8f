//! Every bound of a run: its name, its setting, its unit, its default.
//!
//! The table is the single source: the configuration reads its keys from here,
//! errors take their words from here, and `SECURITY.md` is checked against it.

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// One bound of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Limit {
    /// Memory of the sandbox, engine included.
    Memory,
    /// Time the sandbox computes, waiting left out.
    Cpu,
    /// Time from start to answer, waiting included.
    Wall,
    /// Depth of the script's own stack.
    Stack,
    /// One match of a regular expression.
    Regex,
    /// Length of one text.
    String,
    /// Tool calls of one run.
    Calls,
    /// Tool calls of one run under way at once; more wait for their turn.
    CallsInFlight,
    /// Timers that one run sets.
    Timers,
    /// Calls and timers of one run that have no answer yet.
    Pending,
    /// Arguments of one call, as JSON.
    Argument,
    /// Result of one call, as JSON.
    Result,
    /// What one run logs and returns, as text.
    Output,
    /// What one run shows the agent; the rest is kept for `read_file`.
    OutputTokens,
    /// What one `console` call shows the agent.
    LogTokens,
    /// Images, audio and resources that one run passes on with `show`.
    Shown,
    /// Time to play a run that failed once more, to see the values it failed on.
    Diagnosis,
    /// The script's own text.
    Code,
}

impl Limit {
    /// Every limit, in the order in which they are documented.
    pub const ALL: [Limit; 18] = [
        Limit::Memory,
        Limit::Cpu,
        Limit::Wall,
        Limit::Stack,
        Limit::Regex,
        Limit::String,
        Limit::Calls,
        Limit::CallsInFlight,
        Limit::Timers,
        Limit::Pending,
        Limit::Argument,
        Limit::Result,
        Limit::Output,
        Limit::OutputTokens,
        Limit::LogTokens,
        Limit::Shown,
        Limit::Diagnosis,
        Limit::Code,
    ];

    /// The key under `[limits]` in `workroom.toml`.
    pub const fn setting(self) -> &'static str {
        match self {
            Limit::Memory => "memory_mib",
            Limit::Cpu => "cpu_ms",
            Limit::Wall => "timeout_ms",
            Limit::Stack => "stack_kib",
            Limit::Regex => "regex_ms",
            Limit::String => "string_chars",
            Limit::Calls => "calls",
            Limit::CallsInFlight => "calls_in_flight",
            Limit::Timers => "timers",
            Limit::Pending => "pending",
            Limit::Argument => "argument_kib",
            Limit::Result => "result_kib",
            Limit::Output => "output_kib",
            Limit::OutputTokens => "output_tokens",
            Limit::LogTokens => "log_tokens",
            Limit::Shown => "shown_kib",
            Limit::Diagnosis => "diagnosis_ms",
            Limit::Code => "code_kib",
        }
    }

    /// What is bounded, in words that complete "went past its limit of … for".
    pub const fn subject(self) -> &'static str {
        match self {
            Limit::Memory => "memory",
            Limit::Cpu => "computing time",
            Limit::Wall => "total time",
            Limit::Stack => "stack depth",
            Limit::Regex => "one match of a regular expression",
            Limit::String => "the length of one text",
            Limit::Calls => "tool calls",
            Limit::CallsInFlight => "tool calls at once",
            Limit::Timers => "timers set",
            Limit::Pending => "calls and timers without an answer",
            Limit::Argument => "the arguments of one call",
            Limit::Result => "the result of one call",
            Limit::Output => "output",
            Limit::OutputTokens => "output shown to the agent",
            Limit::LogTokens => "one logged value shown to the agent",
            Limit::Shown => "what `show` passes on",
            Limit::Diagnosis => "looking for the cause of an error",
            Limit::Code => "the script's text",
        }
    }

    /// The unit in which the setting and its error count.
    pub const fn unit(self) -> &'static str {
        match self {
            Limit::Memory => "MiB",
            Limit::Cpu | Limit::Wall | Limit::Regex | Limit::Diagnosis => "ms",
            Limit::Stack
            | Limit::Argument
            | Limit::Result
            | Limit::Output
            | Limit::Shown
            | Limit::Code => "KiB",
            Limit::String => "characters",
            Limit::Calls | Limit::CallsInFlight => "calls",
            Limit::Timers => "timers",
            Limit::Pending => "pieces",
            Limit::OutputTokens | Limit::LogTokens => "tokens",
        }
    }

    /// The default, in [`Limit::unit`].
    #[expect(clippy::match_same_arms, reason = "a line a limit, as in the documented table")]
    pub const fn default_value(self) -> u64 {
        match self {
            // A 10 MB JSON document, parsed and grouped, takes about 100 MiB.
            Limit::Memory => 256,
            Limit::Cpu => 10_000,
            Limit::Wall => 60_000,
            // QuickJS' own stack; the WebAssembly stack under it is larger, so that deep
            // recursion is a RangeError and not a trap.
            Limit::Stack => 256,
            // A match that takes longer is backtracking.
            Limit::Regex => 2_000,
            Limit::String => 50_000_000,
            Limit::Calls => 1_000,
            Limit::CallsInFlight => 16,
            Limit::Timers => 10_000,
            Limit::Pending => 2_000,
            Limit::Argument => 1_024,
            Limit::Result => 16_384,
            Limit::Output => 1_024,
            Limit::OutputTokens => 4_000,
            Limit::LogTokens => 800,
            // Some screenshots.
            Limit::Shown => 8_192,
            // A failing run is answered that much later at most.
            Limit::Diagnosis => 1_000,
            Limit::Code => 256,
        }
    }

    /// The least and the greatest value a user may set, in [`Limit::unit`].
    #[expect(clippy::match_same_arms, reason = "a line a limit, as in the documented table")]
    pub const fn range(self) -> (u64, u64) {
        match self {
            // Below 8 MiB the engine itself does not fit; above 1 GiB the guest cannot address.
            Limit::Memory => (8, 1_024),
            Limit::Cpu | Limit::Wall | Limit::Regex => (1, 86_400_000),
            // Above 768 KiB the engine's stack would meet the end of its 1 MiB region.
            Limit::Stack => (32, 768),
            // QuickJS itself counts to 2^30.
            Limit::String => (1_000, 1_073_741_823),
            Limit::Calls => (0, 1_000_000),
            Limit::CallsInFlight => (1, 1_024),
            Limit::Timers => (0, 1_000_000),
            // The guest's table of what waits has 65,536 places.
            Limit::Pending => (1, 65_536),
            Limit::Argument | Limit::Result => (1, 262_144),
            Limit::Output => (1, 65_536),
            Limit::OutputTokens => (50, 1_000_000),
            Limit::LogTokens => (20, 1_000_000),
            Limit::Shown => (0, 65_536),
            // 0 turns it off.
            Limit::Diagnosis => (0, 60_000),
            Limit::Code => (1, 4_096),
        }
    }

    /// How many base units (bytes, milliseconds, pieces) one [`Limit::unit`] holds.
    const fn scale(self) -> u64 {
        match self {
            Limit::Memory => 1024 * 1024,
            Limit::Stack
            | Limit::Argument
            | Limit::Result
            | Limit::Output
            | Limit::Shown
            | Limit::Code => 1024,
            Limit::Cpu
            | Limit::Wall
            | Limit::Regex
            | Limit::String
            | Limit::Timers
            | Limit::Pending
            | Limit::Calls
            | Limit::CallsInFlight
            | Limit::LogTokens
            | Limit::Diagnosis
            | Limit::OutputTokens => 1,
        }
    }

    const fn index(self) -> usize {
        self as usize
    }
}

/// The value of every limit, in its [`Limit::unit`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits([u64; Limit::ALL.len()]);

impl Default for Limits {
    fn default() -> Self {
        Self(Limit::ALL.map(Limit::default_value))
    }
}

impl Limits {
    /// The value in [`Limit::unit`], as the user set it.
    pub const fn get(&self, limit: Limit) -> u64 {
        self.0[limit.index()]
    }

    /// The value in base units: bytes, milliseconds or pieces.
    pub const fn base(&self, limit: Limit) -> u64 {
        self.0[limit.index()] * limit.scale()
    }

    /// [`Limits::base`] as a size in memory.
    pub fn size(&self, limit: Limit) -> usize {
        usize::try_from(self.base(limit)).unwrap_or(usize::MAX)
    }

    /// Sets `limit` to `value` (in [`Limit::unit`]).
    ///
    /// # Errors
    ///
    /// [`LimitOutOfRange`] when `value` is outside [`Limit::range`]; nothing is changed then.
    pub fn set(&mut self, limit: Limit, value: u64) -> Result<(), LimitOutOfRange> {
        let (least, greatest) = limit.range();
        if value < least || value > greatest {
            return Err(LimitOutOfRange { limit, value, least, greatest });
        }
        self.0[limit.index()] = value;
        Ok(())
    }

    /// These limits with `limit` at most `value`: a run may ask for less, never for more.
    #[must_use]
    pub fn tightened(mut self, limit: Limit, value: u64) -> Self {
        let current = &mut self.0[limit.index()];
        *current = (*current).min(value.max(limit.range().0));
        self
    }

    /// The error of a run that went past `limit`.
    pub const fn exceeded(&self, limit: Limit) -> LimitExceeded {
        LimitExceeded { limit, max: self.get(limit) }
    }
}

/// A setting outside of what the limit allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error(
    "`limits.{}` is {value} {unit}; it may be from {least} to {greatest} {unit}",
    limit.setting(), unit = limit.unit()
)]
pub struct LimitOutOfRange {
    /// The limit that was to be set.
    pub limit: Limit,
    /// The value asked for.
    pub value: u64,
    /// The least value allowed.
    pub least: u64,
    /// The greatest value allowed.
    pub greatest: u64,
}

/// A run went past one of its limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error(
    "the run went past its limit of {max} {} for {} (`limits.{}`)",
    limit.unit(), limit.subject(), limit.setting()
)]
pub struct LimitExceeded {
    /// The limit.
    pub limit: Limit,
    /// Its value, in [`Limit::unit`].
    pub max: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_default_is_within_its_range_and_every_limit_has_its_own_place() {
        for (index, limit) in Limit::ALL.into_iter().enumerate() {
            let (least, greatest) = limit.range();
            assert!((least..=greatest).contains(&limit.default_value()), "{limit:?}");
            assert_eq!(limit.index(), index, "{limit:?}");
        }
    }

    #[test]
    fn a_value_one_past_the_range_is_refused_and_changes_nothing() {
        let mut limits = Limits::default();
        assert!(limits.set(Limit::Memory, 1_024).is_ok());
        let error = limits.set(Limit::Memory, 1_025).unwrap_err();
        assert_eq!(
            error.to_string(),
            "`limits.memory_mib` is 1025 MiB; it may be from 8 to 1024 MiB"
        );
        assert_eq!(limits.get(Limit::Memory), 1_024);
    }

    #[test]
    fn a_run_may_tighten_a_limit_and_never_widen_it() {
        let limits = Limits::default();
        assert_eq!(limits.tightened(Limit::Wall, 5).get(Limit::Wall), 5);
        assert_eq!(limits.tightened(Limit::Wall, u64::MAX), limits);
    }

    #[test]
    fn an_error_names_the_limit_its_value_and_its_setting() {
        assert_eq!(
            Limits::default().exceeded(Limit::Memory).to_string(),
            "the run went past its limit of 256 MiB for memory (`limits.memory_mib`)"
        );
    }

    #[test]
    fn the_table_in_security_md_is_this_one() {
        let page = include_str!("../../../SECURITY.md");
        for limit in Limit::ALL {
            let row =
                format!("| `{}` | {} {} |", limit.setting(), limit.default_value(), limit.unit());
            assert!(page.contains(&row), "SECURITY.md lacks the row\n{row}");
        }
    }
}
