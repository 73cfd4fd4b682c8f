//! What passed, measured: one [`Account`] for each thing that an agent asked for.
//!
//! # Invariants
//!
//! * An account holds volumes, names and times, and never a text of anybody's.
//! * All bytes of both wires are in exactly one account: what is in no text is *framing*, and what
//!   belongs to no request is in the account of its connection. So the accounts of a gateway's life
//!   sum up to what passed.

use serde::{Deserialize, Serialize};

use crate::Volume;

/// What an account is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Code that ran.
    Run,
    /// One tool, called without code.
    Call,
    /// A search for tools.
    Search,
    /// A file or a folder that was read.
    Read,
    /// A skill that was saved.
    Save,
    /// The definitions of tools that a client loaded.
    List,
    /// What a client's connection took beside all that: handshakes, pings, notifications.
    Connection,
    /// What a server's connection took beside the calls: handshakes, its list of tools, answers
    /// that came too late.
    Server,
}

impl Kind {
    /// Whether it is a request of a model's.
    pub const fn is_request(self) -> bool {
        matches!(self, Kind::Run | Kind::Call | Kind::Search | Kind::Read | Kind::Save)
    }

    /// Its name, as it is stored.
    pub const fn name(self) -> &'static str {
        match self {
            Kind::Run => "run",
            Kind::Call => "call",
            Kind::Search => "search",
            Kind::Read => "read",
            Kind::Save => "save",
            Kind::List => "list",
            Kind::Connection => "connection",
            Kind::Server => "server",
        }
    }
}

/// Bytes of one wire: whole messages, with all that is around the texts in them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wire {
    /// From who asks to who answers.
    pub requests: u64,
    /// Back.
    pub answers: u64,
}

impl Wire {
    /// Both directions.
    pub const fn total(self) -> u64 {
        self.requests + self.answers
    }
}

impl std::ops::AddAssign for Wire {
    fn add_assign(&mut self, other: Self) {
        self.requests += other.requests;
        self.answers += other.answers;
    }
}

/// One call of a tool.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Call {
    /// The server.
    #[serde(rename = "s")]
    pub server: String,
    /// The tool.
    #[serde(rename = "t")]
    pub tool: String,
    /// Calls with the same number were made together, and a model would have made them so.
    #[serde(rename = "n")]
    pub turn: u64,
    /// Its arguments as JSON, as the caller wrote them.
    #[serde(rename = "a")]
    pub arguments: Volume,
    /// Its result, as the caller got it: JSON, or the words of an error.
    #[serde(rename = "r")]
    pub result: Volume,
    /// Whether it gave no result.
    #[serde(rename = "f", default, skip_serializing_if = "std::ops::Not::not")]
    pub failed: bool,
    /// What passed between Workroom and the server for it, all tries together.
    #[serde(rename = "w", default)]
    pub wire: Wire,
    /// From its sending to its answer.
    #[serde(rename = "d", default)]
    pub duration_ms: u64,
}

/// A server whose tools were called, and how large the definitions of all its tools are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Loaded {
    /// The server.
    pub server: String,
    /// Its definitions, as the protocol lists them.
    pub definitions: Volume,
}

/// What one request of an agent came to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// When, in milliseconds since 1970, UTC.
    pub at: i64,
    /// What it is of.
    pub kind: Kind,
    /// The session, which is one conversation of an agent's.
    pub session: String,
    /// What the client calls itself; `cli` for the command line.
    pub client: String,
    /// How tools were offered to it.
    pub mode: String,
    /// The run that it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<String>,
    /// The skill that it used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub skill: Option<String>,
    /// Whether it ended well.
    pub ok: bool,
    /// Different values that were masked.
    #[serde(default)]
    pub masked: u64,
    /// From request to end.
    pub duration_ms: u64,
    /// What the model wrote: the arguments of our tool, code among them, as JSON.
    pub asked: Volume,
    /// What came back to it: the text; for a list, the definitions.
    pub answered: Volume,
    /// Between the client and Workroom; of a server's connection: between Workroom and the server.
    #[serde(default)]
    pub wire: Wire,
    /// The calls that it made.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub calls: Vec<Call>,
    /// The servers of these calls.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub servers: Vec<Loaded>,
    /// Whether the texts were too much to be counted at once, and their tokens are reckoned from
    /// their bytes.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub reckoned: bool,
    /// Whether its gateway was gone before it could be counted: what came back and the bytes of
    /// the wires are not known.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub late: bool,
}

impl Account {
    /// An account of nothing yet.
    pub const fn new(kind: Kind, at: i64) -> Self {
        Self {
            at,
            kind,
            session: String::new(),
            client: String::new(),
            mode: String::new(),
            run: None,
            skill: None,
            ok: true,
            masked: 0,
            duration_ms: 0,
            asked: Volume { tokens: 0, bytes: 0 },
            answered: Volume { tokens: 0, bytes: 0 },
            wire: Wire { requests: 0, answers: 0 },
            calls: Vec::new(),
            servers: Vec::new(),
            reckoned: false,
            late: false,
        }
    }

    /// Between Workroom and the servers.
    pub fn server_wire(&self) -> Wire {
        let mut wire = Wire::default();
        if self.kind == Kind::Server {
            wire = self.wire;
        }
        for call in &self.calls {
            wire += call.wire;
        }
        wire
    }

    /// Between the client and Workroom.
    pub fn client_wire(&self) -> Wire {
        if self.kind == Kind::Server { Wire::default() } else { self.wire }
    }

    /// What was on the clients' wire and in no text: JSON-RPC, the names of our tools, escapes,
    /// `_meta`. Signed: a text may be longer than it was on the wire (`1e2` is `100.0` here).
    /// 0 where there is no wire, as on the command line.
    pub fn client_framing(&self) -> i64 {
        if self.client_wire().total() == 0 {
            return 0;
        }
        difference(self.client_wire().total(), self.asked.bytes + self.answered.bytes)
    }

    /// What was on the servers' wire and in no text of a call, such as the text beside structured
    /// content. Signed, since a masked result can be longer than what the server sent.
    /// Calls of which nothing was on a wire have none.
    pub fn server_framing(&self) -> i64 {
        let seen = self.calls.iter().filter(|call| call.wire.total() > 0);
        let texts: u64 = seen.map(|call| call.arguments.bytes + call.result.bytes).sum();
        difference(self.server_wire().total(), texts)
    }

    /// What stayed out of the model: arguments and results of calls that code made.
    pub fn stayed_out(&self) -> Volume {
        let mut out = Volume::default();
        if self.kind == Kind::Run {
            for call in &self.calls {
                out += call.arguments;
                out += call.result;
            }
        }
        out
    }

    /// Calls that gave no result.
    pub fn failed_calls(&self) -> u64 {
        self.calls.iter().filter(|call| call.failed).count() as u64
    }
}

fn difference(whole: u64, part: u64) -> i64 {
    i64::try_from(whole).unwrap_or(i64::MAX) - i64::try_from(part).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_and_framing_are_the_wire() {
        let mut account = Account::new(Kind::Run, 1);
        account.asked = Volume { tokens: 1, bytes: 40 };
        account.answered = Volume { tokens: 1, bytes: 60 };
        account.wire = Wire { requests: 100, answers: 150 };
        let call = Call {
            arguments: Volume { tokens: 1, bytes: 10 },
            result: Volume { tokens: 1, bytes: 300 },
            wire: Wire { requests: 90, answers: 200 },
            ..Call::default()
        };
        account.calls = vec![call.clone(), call];
        assert_eq!((account.client_framing(), account.server_framing()), (150, -40));
        assert_eq!(account.stayed_out(), Volume { tokens: 4, bytes: 620 });
    }

    #[test]
    fn an_account_is_small_and_comes_back_as_it_was() {
        let mut account = Account::new(Kind::Call, 1);
        account.calls = vec![Call { server: "crm".into(), tool: "get".into(), ..Call::default() }];
        let text = serde_json::to_string(&account.calls).unwrap();
        assert!(text.len() < 160, "{text}");
        let text = serde_json::to_string(&account).unwrap();
        assert_eq!(serde_json::from_str::<Account>(&text).unwrap(), account);
    }
}
