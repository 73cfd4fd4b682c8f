//! A skill's name: safe as a folder on every system, as a module and as a word in a list.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::limits::NAME_CHARS_MAX;

/// Names that mean something else to an agent, to Workroom or to a file system.
const RESERVED: &[&str] = &[
    "index",
    "node-modules",
    "results",
    "search",
    "servers",
    "skill",
    "skills",
    "tests",
    // Windows opens devices by these names, in every folder.
    "aux",
    "com0",
    "com1",
    "com2",
    "com3",
    "com4",
    "com5",
    "com6",
    "com7",
    "com8",
    "com9",
    "con",
    "lpt0",
    "lpt1",
    "lpt2",
    "lpt3",
    "lpt4",
    "lpt5",
    "lpt6",
    "lpt7",
    "lpt8",
    "lpt9",
    "nul",
    "prn",
];

/// Words that no name may have: they claim an origin. Clients refuse the first two as well.
const CLAIMS: &[&str] = &["anthropic", "claude", "official", "system", "workroom"];

/// A checked name: 1 to 64 of `a`-`z`, `0`-`9` and single hyphens inside.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SkillName(String);

/// Why a text is no name.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum BadName {
    /// It is not of the right form.
    #[error(
        "`{}` is no name for a skill: use 1 to {NAME_CHARS_MAX} of a-z, 0-9 and single hyphens \
         between them", shown(.0)
    )]
    Form(String),
    /// It means something else.
    #[error("the name `{name}` is reserved because of `{word}`: choose another")]
    Reserved {
        /// The name.
        name: String,
        /// What of it.
        word: String,
    },
}

/// What is shown of a text that may be anything.
fn shown(text: &str) -> String {
    text.chars().take(NAME_CHARS_MAX).flat_map(char::escape_debug).collect()
}

impl SkillName {
    /// Checks `name`.
    ///
    /// # Errors
    ///
    /// When it is not of the form, or is reserved.
    pub fn new(name: impl Into<String>) -> Result<Self, BadName> {
        let name = name.into();
        let is_word = |word: &str| {
            !word.is_empty()
                && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
        };
        if name.len() > NAME_CHARS_MAX || !name.split('-').all(is_word) {
            return Err(BadName::Form(name));
        }
        let claim = name.split('-').find(|word| CLAIMS.contains(word));
        let whole = RESERVED.contains(&name.as_str()).then_some(name.as_str());
        if let Some(word) = whole.or(claim) {
            let word = word.to_owned();
            return Err(BadName::Reserved { name, word });
        }
        Ok(Self(name))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SkillName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl AsRef<str> for SkillName {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl FromStr for SkillName {
    type Err = BadName;

    fn from_str(text: &str) -> Result<Self, BadName> {
        Self::new(text)
    }
}

impl TryFrom<String> for SkillName {
    type Error = BadName;

    fn try_from(text: String) -> Result<Self, BadName> {
        Self::new(text)
    }
}

impl From<SkillName> for String {
    fn from(name: SkillName) -> Self {
        name.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(name: &str, expected: Result<(), &str>) {
        let found = SkillName::new(name).map(|_| ()).map_err(|error| error.to_string());
        match (&found, expected) {
            (Ok(()), Ok(())) => {}
            (Err(message), Err(part)) if message.contains(part) => {}
            _ => panic!("{name:?}: {found:?}, not {expected:?}"),
        }
    }

    #[test]
    fn a_name_is_words_with_single_hyphens_between_them() {
        for name in ["a", "7", "unpaid-orders", "a-1-b", &"x".repeat(64)] {
            check(name, Ok(()));
        }
        for name in [
            "",
            "-",
            "-a",
            "a-",
            "a--b",
            "A",
            "a_b",
            "a b",
            "a.b",
            "../a",
            "a/b",
            "a\\b",
            "é",
            "a\0",
            "a\n",
            "\u{ff41}",
            "а",
            &"x".repeat(65),
        ] {
            check(name, Err("is no name for a skill"));
        }
    }

    #[test]
    fn what_is_shown_of_a_bad_name_is_short_and_visible() {
        let message = SkillName::new("\u{1b}[2J".repeat(1000)).unwrap_err().to_string();
        assert!(message.len() < 800 && !message.contains('\u{1b}'), "{message}");
    }

    #[test]
    fn names_that_mean_something_else_are_reserved() {
        for name in ["servers", "skills", "con", "lpt9", "official-mail", "my-claude", "workroom"] {
            check(name, Err("is reserved"));
        }
        check("systematic", Ok(()));
        check("contacts", Ok(()));
    }

    #[test]
    fn a_name_is_checked_when_it_is_read() {
        assert!(serde_json::from_str::<SkillName>("\"../x\"").is_err());
        assert_eq!(serde_json::from_str::<SkillName>("\"x\"").unwrap().as_str(), "x");
    }
}
