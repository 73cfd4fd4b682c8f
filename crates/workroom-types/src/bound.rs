//! Every bound of the process and of what it keeps: its name, its setting, its unit, its default.
//!
//! As [`crate::Limit`] is for one run, this table is the single source for what all runs and
//! sessions share: the keys of `[sandbox]` in `workroom.toml`.

use serde::Serialize;
use thiserror::Error;

/// One bound of the process, or of what it keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Bound {
    /// Sessions in memory; more are kept in the store alone.
    LiveSessions,
    /// Memory of the sessions that are in memory.
    LiveMemory,
    /// Scripts that compute at once; more wait, first come first served.
    Turns,
    /// Runs under way at once, waiting ones included; one more is refused.
    Runs,
    /// How long a run waits for an answer before its state is saved.
    SaveAfter,
    /// The stored state of one session; a larger one lives in memory alone.
    SessionStored,
    /// How long a session that nobody uses is kept.
    SessionAge,
    /// How long a run that ended is kept, with its journal.
    HistoryAge,
    /// Journals, and states that only old runs need; above it the oldest runs are dropped.
    History,
    /// How long what is known of the results of a tool that nobody uses is kept.
    ShapeAge,
    /// Tools of whose results something is known; above it those not used for longest go.
    Shapes,
    /// Personal values that one session's vault holds; one more is refused.
    VaultValues,
    /// The same in bytes.
    VaultMemory,
    /// How long the record of where personal values went is kept.
    FlowAge,
    /// Entries of that record; above it the oldest go.
    Flows,
    /// How long the accounts of what passed are kept.
    LedgerAge,
    /// Accounts; above it the oldest go.
    Ledger,
}

impl Bound {
    /// Every bound, in the order in which they are documented.
    pub const ALL: [Bound; 17] = [
        Bound::LiveSessions,
        Bound::LiveMemory,
        Bound::Turns,
        Bound::Runs,
        Bound::SaveAfter,
        Bound::SessionStored,
        Bound::SessionAge,
        Bound::HistoryAge,
        Bound::History,
        Bound::ShapeAge,
        Bound::Shapes,
        Bound::VaultValues,
        Bound::VaultMemory,
        Bound::FlowAge,
        Bound::Flows,
        Bound::LedgerAge,
        Bound::Ledger,
    ];

    /// The key under `[sandbox]` in `workroom.toml`.
    pub const fn setting(self) -> &'static str {
        match self {
            Bound::LiveSessions => "live_sessions",
            Bound::LiveMemory => "live_mib",
            Bound::Turns => "turns_at_once",
            Bound::Runs => "runs_at_once",
            Bound::SaveAfter => "save_after_ms",
            Bound::SessionStored => "session_mib",
            Bound::SessionAge => "session_days",
            Bound::HistoryAge => "history_days",
            Bound::History => "history_mib",
            Bound::ShapeAge => "shape_days",
            Bound::Shapes => "shapes",
            Bound::VaultValues => "vault_values",
            Bound::VaultMemory => "vault_mib",
            Bound::FlowAge => "flow_days",
            Bound::Flows => "flows",
            Bound::LedgerAge => "ledger_days",
            Bound::Ledger => "ledger_entries",
        }
    }

    /// The unit in which the setting counts.
    pub const fn unit(self) -> &'static str {
        match self {
            Bound::LiveSessions => "sessions",
            Bound::LiveMemory | Bound::SessionStored | Bound::History | Bound::VaultMemory => "MiB",
            Bound::Turns => "scripts",
            Bound::Runs => "runs",
            Bound::SaveAfter => "ms",
            Bound::SessionAge
            | Bound::HistoryAge
            | Bound::ShapeAge
            | Bound::FlowAge
            | Bound::LedgerAge => "days",
            Bound::Shapes => "tools",
            Bound::VaultValues => "values",
            Bound::Flows | Bound::Ledger => "entries",
        }
    }

    /// The default, in [`Bound::unit`].
    #[expect(clippy::match_same_arms, reason = "a line a bound, as in the documented table")]
    pub const fn default_value(self) -> u64 {
        match self {
            // At 126 KiB each when idle and fresh.
            Bound::LiveSessions => 1_000,
            Bound::LiveMemory => 2_048,
            // Each has a thread while it computes.
            Bound::Turns => 64,
            Bound::Runs => 2_000,
            Bound::SaveAfter => 5_000,
            Bound::SessionStored => 64,
            Bound::SessionAge => 30,
            Bound::HistoryAge => 30,
            Bound::History => 1_024,
            Bound::ShapeAge => 90,
            // At 64 KiB each at most.
            Bound::Shapes => 5_000,
            Bound::VaultValues => 100_000,
            Bound::VaultMemory => 64,
            Bound::FlowAge => 365,
            // At some 300 bytes each.
            Bound::Flows => 1_000_000,
            // This year's figures beside last year's.
            Bound::LedgerAge => 400,
            // At some 400 bytes each, and 150 for each call.
            Bound::Ledger => 1_000_000,
        }
    }

    /// The least and the greatest value a user may set, in [`Bound::unit`].
    pub const fn range(self) -> (u64, u64) {
        match self {
            // The sandbox's pool has 16,000 places; runs of sessions that make room need some.
            Bound::LiveSessions => (1, 12_000),
            Bound::LiveMemory => (16, 1_048_576),
            Bound::Turns => (1, 512),
            Bound::Runs => (1, 4_000),
            Bound::SaveAfter => (10, 86_400_000),
            Bound::SessionStored => (1, 1_024),
            Bound::SessionAge
            | Bound::HistoryAge
            | Bound::ShapeAge
            | Bound::FlowAge
            | Bound::LedgerAge => (1, 3_650),
            Bound::History => (1, 1_048_576),
            Bound::Shapes => (1, 100_000),
            Bound::VaultValues => (1, 10_000_000),
            Bound::VaultMemory => (1, 4_096),
            Bound::Flows | Bound::Ledger => (1, 100_000_000),
        }
    }

    /// How many base units (bytes, milliseconds, pieces) one [`Bound::unit`] holds.
    const fn scale(self) -> u64 {
        match self {
            Bound::LiveMemory | Bound::SessionStored | Bound::History | Bound::VaultMemory => {
                1024 * 1024
            }
            Bound::SessionAge
            | Bound::HistoryAge
            | Bound::ShapeAge
            | Bound::FlowAge
            | Bound::LedgerAge => 24 * 60 * 60 * 1000,
            Bound::LiveSessions
            | Bound::Turns
            | Bound::Runs
            | Bound::SaveAfter
            | Bound::Shapes
            | Bound::VaultValues
            | Bound::Flows
            | Bound::Ledger => 1,
        }
    }
}

/// The value of every bound, in its [`Bound::unit`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds([u64; Bound::ALL.len()]);

impl Default for Bounds {
    fn default() -> Self {
        Self(Bound::ALL.map(Bound::default_value))
    }
}

impl Bounds {
    /// The value in [`Bound::unit`], as the user set it.
    pub const fn get(&self, bound: Bound) -> u64 {
        self.0[bound as usize]
    }

    /// The value in base units: bytes, milliseconds or pieces.
    pub const fn base(&self, bound: Bound) -> u64 {
        self.0[bound as usize] * bound.scale()
    }

    /// [`Bounds::base`] as a size in memory or a count.
    pub fn size(&self, bound: Bound) -> usize {
        usize::try_from(self.base(bound)).unwrap_or(usize::MAX)
    }

    /// Sets `bound` to `value` (in [`Bound::unit`]).
    ///
    /// # Errors
    ///
    /// [`BoundOutOfRange`] when `value` is outside [`Bound::range`]; nothing is changed then.
    pub fn set(&mut self, bound: Bound, value: u64) -> Result<(), BoundOutOfRange> {
        let (least, greatest) = bound.range();
        if value < least || value > greatest {
            return Err(BoundOutOfRange { bound, value, least, greatest });
        }
        self.0[bound as usize] = value;
        Ok(())
    }
}

/// A setting outside of what the bound allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error(
    "`sandbox.{}` is {value} {unit}; it may be from {least} to {greatest} {unit}",
    bound.setting(), unit = bound.unit()
)]
pub struct BoundOutOfRange {
    /// The bound that was to be set.
    pub bound: Bound,
    /// The value asked for.
    pub value: u64,
    /// The least value allowed.
    pub least: u64,
    /// The greatest value allowed.
    pub greatest: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_default_is_within_its_range_and_every_bound_has_its_own_place() {
        for (index, bound) in Bound::ALL.into_iter().enumerate() {
            let (least, greatest) = bound.range();
            assert!((least..=greatest).contains(&bound.default_value()), "{bound:?}");
            assert_eq!(bound as usize, index, "{bound:?}");
        }
    }

    #[test]
    fn a_value_one_past_the_range_is_refused_and_changes_nothing() {
        let mut bounds = Bounds::default();
        assert!(bounds.set(Bound::Turns, 512).is_ok());
        let error = bounds.set(Bound::Turns, 513).unwrap_err();
        assert_eq!(
            error.to_string(),
            "`sandbox.turns_at_once` is 513 scripts; it may be from 1 to 512 scripts"
        );
        assert_eq!(bounds.get(Bound::Turns), 512);
    }

    #[test]
    fn the_table_in_security_md_is_this_one() {
        let page = include_str!("../../../SECURITY.md");
        for bound in Bound::ALL {
            let row =
                format!("| `{}` | {} {} |", bound.setting(), bound.default_value(), bound.unit());
            assert!(page.contains(&row), "SECURITY.md lacks the row\n{row}");
        }
    }
}
