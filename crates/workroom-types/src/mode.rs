//! How tools are offered to an agent.

use std::{fmt, str::FromStr};

use serde::Serialize;

/// How one agent sees the tools of the servers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// As functions that code calls: `run_code`, `search`, `read_file`.
    #[default]
    Code,
    /// Each as a tool of its own.
    Direct,
    /// By name: `search`, `read_file`, `call_tool`.
    Search,
    /// As the advisor says when the agent connects.
    Auto,
}

/// No mode has this name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no mode: it is `code`, `direct`, `search` or `auto`")]
pub struct UnknownMode(pub String);

impl Mode {
    /// Every mode's name, in the order of the modes.
    pub const NAMES: &'static [&'static str] = &["code", "direct", "search", "auto"];

    /// Every mode.
    pub const ALL: [Self; 4] = [Self::Code, Self::Direct, Self::Search, Self::Auto];

    /// Its name in settings.
    pub const fn name(self) -> &'static str {
        match self {
            Mode::Code => "code",
            Mode::Direct => "direct",
            Mode::Search => "search",
            Mode::Auto => "auto",
        }
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Mode {
    type Err = UnknownMode;

    fn from_str(text: &str) -> Result<Self, UnknownMode> {
        let found = Self::ALL.into_iter().find(|mode| mode.name() == text);
        found.ok_or_else(|| UnknownMode(text.chars().take(40).collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_they_are_written() {
        for (mode, name) in Mode::ALL.into_iter().zip(Mode::NAMES) {
            assert_eq!((mode.to_string().as_str(), name.parse()), (*name, Ok(mode)));
        }
        let error = "Direct".parse::<Mode>().unwrap_err().to_string();
        assert_eq!(error, "`Direct` is no mode: it is `code`, `direct`, `search` or `auto`");
    }
}
