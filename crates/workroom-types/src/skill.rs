//! How many skills there may be, how large, and when one is promoted without a person.
//!
//! As [`crate::Limit`] is for one run, [`SkillLimit`] is the single source for the limits of
//! skills: the whole numbers of `[skills]` in `workroom.toml`.

use serde::Serialize;
use thiserror::Error;

/// One limit of skills.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SkillLimit {
    /// Skills in the store; one more is refused.
    Skills,
    /// Versions of one skill; above it the oldest that nobody uses go.
    Versions,
    /// The code of one skill.
    Code,
    /// The text of one skill's `SKILL.md`, without its frontmatter.
    Body,
    /// Recorded cases of one skill.
    Cases,
}

impl SkillLimit {
    /// Every limit, in the order in which they are documented.
    pub const ALL: [SkillLimit; 5] = [
        SkillLimit::Skills,
        SkillLimit::Versions,
        SkillLimit::Code,
        SkillLimit::Body,
        SkillLimit::Cases,
    ];

    /// The key under `[skills]` in `workroom.toml`.
    pub const fn setting(self) -> &'static str {
        match self {
            SkillLimit::Skills => "skills",
            SkillLimit::Versions => "versions",
            SkillLimit::Code => "code_kib",
            SkillLimit::Body => "body_tokens",
            SkillLimit::Cases => "cases",
        }
    }

    /// The unit in which the setting counts.
    pub const fn unit(self) -> &'static str {
        match self {
            SkillLimit::Skills => "skills",
            SkillLimit::Versions => "versions",
            SkillLimit::Code => "KiB",
            SkillLimit::Body => "tokens",
            SkillLimit::Cases => "cases",
        }
    }

    /// The default, in [`SkillLimit::unit`].
    pub const fn default_value(self) -> u64 {
        match self {
            // Search was measured with a thousand; a few times as many are still fast.
            SkillLimit::Skills => 2_000,
            SkillLimit::Versions | SkillLimit::Cases => 20,
            SkillLimit::Code => 64,
            // The Agent Skills format's own.
            SkillLimit::Body => 5_000,
        }
    }

    /// The least and the greatest value a user may set, in [`SkillLimit::unit`].
    pub const fn range(self) -> (u64, u64) {
        match self {
            SkillLimit::Skills => (0, 10_000),
            SkillLimit::Versions => (1, 1_000),
            SkillLimit::Code => (1, 256),
            SkillLimit::Body => (1, 5_000),
            SkillLimit::Cases => (1, 50),
        }
    }
}

/// The settings of skills.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SkillSettings {
    values: [u64; SkillLimit::ALL.len()],
    /// After so many runs that ended well, each on another input, a draft is promoted; `None`:
    /// only a person promotes.
    pub auto_promote_after: Option<u64>,
}

impl Default for SkillSettings {
    fn default() -> Self {
        let values = SkillLimit::ALL.map(SkillLimit::default_value);
        Self { values, auto_promote_after: None }
    }
}

impl SkillSettings {
    /// The most runs that a promotion without a person may be made to wait for.
    pub const AUTO_PROMOTE_MAX: u64 = 1_000;

    /// The same with another [`SkillSettings::auto_promote_after`].
    #[must_use]
    pub fn promoting_after(mut self, runs: Option<u64>) -> Self {
        self.auto_promote_after = runs;
        self
    }

    /// The value of `limit`, in its [`SkillLimit::unit`].
    pub const fn get(&self, limit: SkillLimit) -> u64 {
        self.values[limit as usize]
    }

    /// [`SkillSettings::get`] as a size in memory: KiB as bytes.
    pub fn size(&self, limit: SkillLimit) -> usize {
        let scale = if matches!(limit, SkillLimit::Code) { 1024 } else { 1 };
        usize::try_from(self.get(limit).saturating_mul(scale)).unwrap_or(usize::MAX)
    }

    /// Sets `limit` to `value` (in [`SkillLimit::unit`]).
    ///
    /// # Errors
    ///
    /// [`SkillOutOfRange`] when `value` is outside [`SkillLimit::range`]; nothing is changed then.
    pub fn set(&mut self, limit: SkillLimit, value: u64) -> Result<(), SkillOutOfRange> {
        let (least, greatest) = limit.range();
        if value < least || value > greatest {
            return Err(SkillOutOfRange { limit, value, least, greatest });
        }
        self.values[limit as usize] = value;
        Ok(())
    }
}

/// A setting outside of what the limit allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error(
    "`{}` is {value} {unit}; it may be from {least} to {greatest} {unit}",
    limit.setting(), unit = limit.unit()
)]
pub struct SkillOutOfRange {
    /// The limit that was to be set.
    pub limit: SkillLimit,
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
    fn every_default_is_within_its_range_and_every_limit_has_its_own_place() {
        for (index, limit) in SkillLimit::ALL.into_iter().enumerate() {
            let (least, greatest) = limit.range();
            assert!((least..=greatest).contains(&limit.default_value()), "{limit:?}");
            assert_eq!(limit as usize, index, "{limit:?}");
        }
    }

    #[test]
    fn a_value_one_past_the_range_is_refused_and_changes_nothing() {
        let mut settings = SkillSettings::default();
        assert!(settings.set(SkillLimit::Code, 256).is_ok());
        let error = settings.set(SkillLimit::Code, 257).unwrap_err();
        assert_eq!(error.to_string(), "`code_kib` is 257 KiB; it may be from 1 to 256 KiB");
        assert_eq!(settings.size(SkillLimit::Code), 256 * 1024);
    }

    #[test]
    fn the_tables_in_the_documentation_are_this_one() {
        let page = include_str!("../../../docs/configuration.md");
        let security = include_str!("../../../SECURITY.md");
        for limit in SkillLimit::ALL {
            let (least, greatest) = limit.range();
            let (name, default) = (limit.setting(), limit.default_value());
            let row = format!("| `{name}` | integer, {least} to {greatest} | {default} |");
            assert!(page.contains(&row), "docs/configuration.md lacks the row\n{row}");
            let row = format!("| `{name}` | {default} {} |", limit.unit());
            assert!(security.contains(&row), "SECURITY.md lacks the row\n{row}");
        }
    }
}
