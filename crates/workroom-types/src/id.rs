//! Ids of runs and sessions.
//!
//! A session id is a capability: whoever knows it can read the session's
//! variables. It therefore carries 128 random bits, which the caller supplies,
//! since this crate has no source of randomness.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Crockford's base 32: no letter that a reader takes for a digit.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// The digits of a run's id.
const RUN_DIGITS: usize = 16;

/// Names one run, such as `r_7f3k2m9q4c8v1x0t`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct RunId(String);

impl RunId {
    /// A run id of 80 of `random`'s bits: a kept result is found by it, so it must not be guessed.
    pub fn from_random(random: u128) -> Self {
        Self(format!("r_{}", base32(random, RUN_DIGITS)))
    }

    /// Whether `text` is written as [`RunId::from_random`] writes ids. All of these are names of
    /// variables in TypeScript.
    pub fn is_random(text: &str) -> bool {
        text.strip_prefix("r_").is_some_and(|digits| {
            digits.len() == RUN_DIGITS && digits.bytes().all(|digit| ALPHABET.contains(&digit))
        })
    }

    /// A run id that a user gave, or that was kept.
    pub fn named(name: impl Into<String>) -> Self {
        Self(name.into())
    }

    /// The id as it is shown.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Names one session: chosen by the user of the command line, or random.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct SessionId(String);

impl SessionId {
    /// A session id that cannot be guessed: all 128 bits of `random`.
    pub fn from_random(random: u128) -> Self {
        Self(format!("s_{}", base32(random, 26)))
    }

    /// A session id that a user or an agent named.
    pub fn named(name: impl Into<String>) -> Self {
        Self(name.into())
    }

    /// The id as it is shown.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn base32(mut bits: u128, digits: usize) -> String {
    let mut text = String::with_capacity(digits);
    for _ in 0..digits {
        let digit = usize::try_from(bits & 31).expect("five bits fit");
        text.push(char::from(ALPHABET[digit]));
        bits >>= 5;
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_random(text: &str, expected: bool) {
        assert_eq!(RunId::is_random(text), expected, "{text}");
    }

    #[test]
    fn a_run_id_is_told_from_other_names() {
        check_random(RunId::from_random(u128::MAX).as_str(), true);
        check_random("r_7000000000000000", true);
        check_random("r_700000000000000", false);
        check_random("r_70000000000000000", false);
        check_random("r_700000000000000u", false);
        check_random("s_7000000000000000", false);
    }

    #[test]
    fn every_random_bit_of_a_session_id_shows() {
        assert_eq!(SessionId::from_random(0).as_str(), "s_00000000000000000000000000");
        assert_eq!(SessionId::from_random(u128::MAX).as_str(), "s_zzzzzzzzzzzzzzzzzzzzzzzzz7");
    }
}
