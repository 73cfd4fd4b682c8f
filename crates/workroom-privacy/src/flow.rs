//! The record of what became of masked values; never a value itself.

use serde::{Deserialize, Serialize};

/// What happened to a masked value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Act {
    /// It was found in something that came from a server.
    Found,
    /// The agent put it in.
    Registered,
    /// It was restored in the arguments of a call.
    Revealed,
    /// It was to be restored in the arguments of a call, and was not.
    Refused,
    /// A script asked something about it and was answered.
    Asked,
    /// A script asked something about it and was not answered.
    Denied,
    /// It was found in what goes to the agent.
    Caught,
}

impl Act {
    /// Its name in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Act::Found => "found",
            Act::Registered => "registered",
            Act::Revealed => "revealed",
            Act::Refused => "refused",
            Act::Asked => "asked",
            Act::Denied => "denied",
            Act::Caught => "caught",
        }
    }
}

/// One thing that happened to one masked value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Flow {
    /// When, in milliseconds since 1970.
    pub at: i64,
    /// In which session.
    pub session: String,
    /// To what.
    pub token: String,
    /// Of which kind that is; empty where the token is unknown.
    pub kind: String,
    /// What.
    pub act: Act,
    /// The server that it came from or was to go to; empty for the agent.
    pub server: String,
    /// That server's tool.
    pub tool: String,
    /// The path at which it was found, or what was asked.
    pub detail: String,
    /// What found it.
    pub detector: String,
    /// How sure that is, from 0 to 100.
    pub confidence: u8,
}
