//! How one server is called: how much at once, how fast, how often again.
//!
//! As [`crate::Limit`] is for one run, [`PolicyKey`] is the single source for the whole numbers
//! among the keys of one server: names, units, defaults and ranges.

use std::{fmt, str::FromStr, time::Duration};

use serde::Serialize;
use thiserror::Error;

/// A whole number that says how one server is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PolicyKey {
    /// Calls to the server under way at once, of all runs; more wait, first come first served.
    CallsInFlight,
    /// How often a call that failed is made again, if that does no harm.
    Retries,
    /// Calls that fail one after another before the server is left alone; 0 for never.
    BreakerFailures,
    /// How long it is left alone then; twice as long each time that it fails again.
    BreakerRest,
}

impl PolicyKey {
    /// Every key, in the order in which they are documented.
    pub const ALL: [PolicyKey; 4] = [
        PolicyKey::CallsInFlight,
        PolicyKey::Retries,
        PolicyKey::BreakerFailures,
        PolicyKey::BreakerRest,
    ];

    /// The key under `[servers.<name>]` in `workroom.toml`.
    pub const fn setting(self) -> &'static str {
        match self {
            PolicyKey::CallsInFlight => "calls_in_flight",
            PolicyKey::Retries => "retries",
            PolicyKey::BreakerFailures => "breaker_failures",
            PolicyKey::BreakerRest => "breaker_rest_ms",
        }
    }

    /// The unit in which the setting counts.
    pub const fn unit(self) -> &'static str {
        match self {
            PolicyKey::CallsInFlight | PolicyKey::BreakerFailures => "calls",
            PolicyKey::Retries => "times",
            PolicyKey::BreakerRest => "ms",
        }
    }

    /// The default, in [`PolicyKey::unit`].
    pub const fn default_value(self) -> u64 {
        match self {
            // Four runs that each call as much at once as they may.
            PolicyKey::CallsInFlight => 64,
            PolicyKey::Retries => 3,
            // One run's first calls may all fail together, and the server be back at once.
            PolicyKey::BreakerFailures => 10,
            PolicyKey::BreakerRest => 2_000,
        }
    }

    /// The least and the greatest value a user may set, in [`PolicyKey::unit`].
    pub const fn range(self) -> (u64, u64) {
        match self {
            PolicyKey::CallsInFlight => (1, 4_096),
            PolicyKey::Retries => (0, 10),
            PolicyKey::BreakerFailures => (0, 1_000),
            PolicyKey::BreakerRest => (1, 86_400_000),
        }
    }
}

/// How one server is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CallPolicy {
    values: [u64; PolicyKey::ALL.len()],
    /// Calls in any stretch of time, retries included; more wait.
    pub rate: Option<Rate>,
}

impl Default for CallPolicy {
    fn default() -> Self {
        Self { values: PolicyKey::ALL.map(PolicyKey::default_value), rate: None }
    }
}

impl CallPolicy {
    /// The value of `key`, in its [`PolicyKey::unit`].
    pub const fn get(&self, key: PolicyKey) -> u64 {
        self.values[key as usize]
    }

    /// [`CallPolicy::get`] as a count.
    pub fn count(&self, key: PolicyKey) -> u32 {
        u32::try_from(self.get(key)).unwrap_or(u32::MAX)
    }

    /// [`CallPolicy::get`] of a key that counts milliseconds.
    pub const fn time(&self, key: PolicyKey) -> Duration {
        Duration::from_millis(self.get(key))
    }

    /// Sets `key` to `value` (in [`PolicyKey::unit`]).
    ///
    /// # Errors
    ///
    /// [`PolicyOutOfRange`] when `value` is outside [`PolicyKey::range`]; nothing is changed then.
    pub fn set(&mut self, key: PolicyKey, value: u64) -> Result<(), PolicyOutOfRange> {
        let (least, greatest) = key.range();
        if value < least || value > greatest {
            return Err(PolicyOutOfRange { key, value, least, greatest });
        }
        self.values[key as usize] = value;
        Ok(())
    }

    /// The same with `key` at `value`, or as near as it may be.
    #[must_use]
    pub fn with(mut self, key: PolicyKey, value: u64) -> Self {
        let (least, greatest) = key.range();
        self.values[key as usize] = value.clamp(least, greatest);
        self
    }

    /// The same with another [`CallPolicy::rate`].
    #[must_use]
    pub fn with_rate(mut self, rate: Option<Rate>) -> Self {
        self.rate = rate;
        self
    }
}

/// A setting outside of what the key allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error(
    "`{}` is {value} {unit}; it may be from {least} to {greatest} {unit}",
    key.setting(), unit = key.unit()
)]
pub struct PolicyOutOfRange {
    /// The key that was to be set.
    pub key: PolicyKey,
    /// The value asked for.
    pub value: u64,
    /// The least value allowed.
    pub least: u64,
    /// The greatest value allowed.
    pub greatest: u64,
}

/// So many calls in so much time, wherever that time begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Rate {
    calls: u32,
    unit: RateUnit,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum RateUnit {
    Second,
    Minute,
    Hour,
}

impl Rate {
    /// The most calls that a rate may have: each is remembered for its time.
    pub const CALLS_MAX: u32 = 100_000;

    /// How many calls.
    pub const fn calls(self) -> u32 {
        self.calls
    }

    /// In how much time.
    pub const fn period(self) -> Duration {
        Duration::from_secs(match self.unit {
            RateUnit::Second => 1,
            RateUnit::Minute => 60,
            RateUnit::Hour => 3_600,
        })
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unit = match self.unit {
            RateUnit::Second => "s",
            RateUnit::Minute => "min",
            RateUnit::Hour => "h",
        };
        write!(f, "{}/{unit}", self.calls)
    }
}

/// A text that is no [`Rate`].
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("`{text}` is not a rate: 1 to {} calls per `s`, `min` or `h`", Rate::CALLS_MAX)]
pub struct BadRate {
    /// The text.
    pub text: String,
}

impl FromStr for Rate {
    type Err = BadRate;

    fn from_str(text: &str) -> Result<Self, BadRate> {
        let bad = || BadRate { text: text.to_owned() };
        let (calls, unit) = text.split_once('/').ok_or_else(bad)?;
        let unit = match unit.trim() {
            "s" => RateUnit::Second,
            "min" => RateUnit::Minute,
            "h" => RateUnit::Hour,
            _ => return Err(bad()),
        };
        let calls = calls.trim();
        let digits = !calls.is_empty() && calls.bytes().all(|byte| byte.is_ascii_digit());
        match calls.parse() {
            Ok(calls @ 1..=Self::CALLS_MAX) if digits => Ok(Self { calls, unit }),
            _ => Err(bad()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_default_is_within_its_range_and_every_key_has_its_own_place() {
        for (index, key) in PolicyKey::ALL.into_iter().enumerate() {
            let (least, greatest) = key.range();
            assert!((least..=greatest).contains(&key.default_value()), "{key:?}");
            assert_eq!(key as usize, index, "{key:?}");
        }
    }

    #[test]
    fn a_value_one_past_the_range_is_refused_and_changes_nothing() {
        let mut policy = CallPolicy::default();
        assert!(policy.set(PolicyKey::Retries, 10).is_ok());
        let error = policy.set(PolicyKey::Retries, 11).unwrap_err();
        assert_eq!(error.to_string(), "`retries` is 11 times; it may be from 0 to 10 times");
        assert_eq!(policy.get(PolicyKey::Retries), 10);
        assert_eq!(policy.with(PolicyKey::CallsInFlight, 0).count(PolicyKey::CallsInFlight), 1);
    }

    #[test]
    fn a_rate_is_calls_per_time() {
        for (text, expected) in [
            ("10/s", Some("10/s 1s")),
            ("60/min", Some("60/min 60s")),
            (" 100000 / h ", Some("100000/h 3600s")),
            ("100001/h", None),
            ("0/s", None),
            ("+1/s", None),
            ("-1/s", None),
            ("1.5/s", None),
            ("/s", None),
            ("10", None),
            ("10/day", None),
            ("99999999999/s", None),
        ] {
            let read = text.parse::<Rate>().ok();
            let read = read.map(|rate| format!("{rate} {:?}", rate.period()));
            assert_eq!(read.as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn the_tables_in_the_documentation_are_this_one() {
        let page = include_str!("../../../docs/configuration.md");
        for key in PolicyKey::ALL {
            let (least, greatest) = key.range();
            let (name, default) = (key.setting(), key.default_value());
            let row = format!("| `{name}` | integer, {least} to {greatest} | {default} |");
            assert!(page.contains(&row), "docs/configuration.md lacks the row\n{row}");
            let row = format!("| `{name}` | {default} {} |", key.unit());
            let security = include_str!("../../../SECURITY.md");
            assert!(security.contains(&row), "SECURITY.md lacks the row\n{row}");
        }
    }
}
