//! What is wrong with a configuration, where, and what to do about it.
//!
//! A message never holds an expanded value: it may be a credential. It quotes only what the
//! file itself says, and of that only names, and texts that are no secret by their key.

use std::fmt;

use workroom_types::{
    BadRate, BoundOutOfRange, PolicyOutOfRange, SkillOutOfRange, limit::LimitOutOfRange,
};

/// One mistake and where it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    /// The file and the place in it: `workroom.toml:3:7`, `.mcp.json (mcpServers.crm.args)`.
    pub place: String,
    /// What is wrong.
    pub mistake: Mistake,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.mistake)?;
        if let Some(hint) = self.mistake.hint() {
            write!(f, " ({hint})")?;
        }
        Ok(())
    }
}

impl std::error::Error for ConfigError {}

/// What can be wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Mistake {
    /// The file is too large to be a configuration.
    #[error("the file has {bytes} bytes; it may have {max}")]
    FileTooLarge {
        /// Its size.
        bytes: usize,
        /// The most it may have.
        max: usize,
    },
    /// A list or a table has too many entries.
    #[error("`{key}` has {count} entries; it may have {max}")]
    TooMany {
        /// Its key.
        key: String,
        /// How many it has.
        count: usize,
        /// The most it may have.
        max: usize,
    },
    /// The text cannot be parsed.
    #[error("this is not {format}: {message}")]
    Syntax {
        /// `TOML` or `JSON`.
        format: &'static str,
        /// The parser's words.
        message: String,
    },
    /// The whole file is something else than a table.
    #[error("expected a table of settings, found {found}")]
    NotATable {
        /// What it is, with its article.
        found: &'static str,
    },
    /// JSON allows it, and every parser picks another one.
    #[error("the key `{key}` is written twice")]
    DuplicateKey {
        /// The key.
        key: String,
    },
    /// Nothing reads this key.
    #[error("there is no key `{key}`")]
    UnknownKey {
        /// The key.
        key: String,
        /// The known key that was probably meant.
        nearest: Option<&'static str>,
        /// All keys known there.
        known: Vec<&'static str>,
    },
    /// A value of another type than its key takes.
    #[error("expected {expected} for `{key}`, found {found}")]
    WrongType {
        /// The key.
        key: String,
        /// What it takes, with its article.
        expected: &'static str,
        /// What it has, with its article.
        found: &'static str,
    },
    /// A negative number.
    #[error("`{key}` is {value}; it takes 0 or more")]
    Negative {
        /// The key.
        key: String,
        /// Its value.
        value: i64,
    },
    /// A variable that is not set and has no default.
    #[error("server `{server}` needs the variable `{variable}`, which is not set")]
    UnsetVariable {
        /// The server.
        server: String,
        /// The variable.
        variable: String,
    },
    /// `${` without a name or without `}`. It is not quoted: it may be a part of a password.
    #[error("`{key}` of server `{server}` has a `${{` that begins no variable")]
    BadVariable {
        /// The server.
        server: String,
        /// The key.
        key: String,
    },
    /// No program, address or header can hold the character U+0000.
    #[error("`{key}` of server `{server}` holds the character U+0000")]
    Nul {
        /// The server.
        server: String,
        /// The key.
        key: String,
    },
    /// An empty name.
    #[error("a server needs a name")]
    NamelessServer,
    /// A name that would garble what it is shown in.
    #[error("the name of server `{server}` holds control characters")]
    ControlInName {
        /// The name, escaped.
        server: String,
    },
    /// An empty name of a client.
    #[error("a client needs a name: the one that it gives of itself")]
    NamelessClient,
    /// A client's name that would garble what it is shown in.
    #[error("the name of client `{client}` holds control characters")]
    ControlInClient {
        /// The name, escaped.
        client: String,
    },
    /// A server with `command` and `url`.
    #[error("server `{server}` has both `command` and `url`; it takes one")]
    TwoTransports {
        /// The server.
        server: String,
    },
    /// A server without `command` and without `url`.
    #[error("server `{server}` has neither `command` nor `url`")]
    NoTransport {
        /// The server.
        server: String,
    },
    /// A `type` that contradicts the other keys.
    #[error("server `{server}` is of `type` `{kind}` and has a `{key}`")]
    TypeMismatch {
        /// The server.
        server: String,
        /// What `type` says.
        kind: String,
        /// `command` or `url`.
        key: &'static str,
    },
    /// The HTTP transport of 2024.
    #[error("server `{server}` uses the legacy SSE transport, which is not supported yet")]
    LegacySse {
        /// The server.
        server: String,
    },
    /// Some other `type`.
    #[error("server `{server}` has the unknown `type` `{kind}`")]
    UnknownType {
        /// The server.
        server: String,
        /// What `type` says.
        kind: String,
    },
    /// A key of the other transport.
    #[error("server `{server}` has a `{transport}`, which has no use for `{key}`")]
    MisplacedKey {
        /// The server.
        server: String,
        /// The key that has no use.
        key: String,
        /// `command` or `url`.
        transport: &'static str,
    },
    /// An empty `command`.
    #[error("the `command` of server `{server}` is empty")]
    EmptyCommand {
        /// The server.
        server: String,
    },
    /// A name that no environment variable can have.
    #[error("server `{server}`: `{name}` cannot name an environment variable")]
    BadVariableName {
        /// The server.
        server: String,
        /// The name.
        name: String,
    },
    /// A `url` that is not an address of HTTP.
    #[error("the `url` of server `{server}` is not an http:// or https:// address")]
    BadUrl {
        /// The server.
        server: String,
    },
    /// A name that no header can have.
    #[error("server `{server}`: `{name}` cannot name a header")]
    BadHeaderName {
        /// The server.
        server: String,
        /// The name.
        name: String,
    },
    /// A value that no header can have. It is not shown: it may be a credential.
    #[error("server `{server}`: the value of header `{name}` has characters that no header takes")]
    BadHeaderValue {
        /// The server.
        server: String,
        /// The header.
        name: String,
    },
    /// A timeout that is out of range.
    #[error("`{key}` is {value} ms; it may be from 1 to {max} ms")]
    TimeoutOutOfRange {
        /// The key.
        key: String,
        /// Its value.
        value: u64,
        /// The greatest value allowed.
        max: u64,
    },
    /// A count of tokens that is out of range.
    #[error("`{key}` is {value} tokens; it may be from 1 to {max}")]
    TokensOutOfRange {
        /// The key.
        key: String,
        /// Its value.
        value: u64,
        /// The greatest value allowed.
        max: u64,
    },
    /// A limit that is out of range.
    #[error(transparent)]
    LimitOutOfRange(#[from] LimitOutOfRange),
    /// A bound that is out of range.
    #[error(transparent)]
    BoundOutOfRange(#[from] BoundOutOfRange),
    /// A key of a server that says how it is called is out of range.
    #[error(transparent)]
    PolicyOutOfRange(#[from] PolicyOutOfRange),
    /// A limit of skills that is out of range.
    #[error(transparent)]
    SkillOutOfRange(#[from] SkillOutOfRange),
    /// A `rate` that is none.
    #[error(transparent)]
    BadRate(#[from] BadRate),
    /// `skills.auto_promote_after` is out of range.
    #[error("`skills.auto_promote_after` is {value}; it may be from 0 to {most} runs")]
    AutoPromote {
        /// What is written.
        value: u64,
        /// The most that may be.
        most: u64,
    },
    /// `sandbox.workers` is out of range.
    #[error("`sandbox.workers` is {value}; it may be from 0 to {most}")]
    TooManyWorkers {
        /// What is written.
        value: u64,
        /// The most that may be.
        most: u64,
    },
    /// A setting that has one of a few values has another one.
    #[error("`{key}` is `{text}`")]
    NotOneOf {
        /// The key.
        key: String,
        /// What is written.
        text: String,
        /// What may be.
        allowed: &'static [&'static str],
    },
    /// `serve.http` is not an address and a port.
    #[error("`{text}` is not an IP address and a port")]
    BadAddress {
        /// What is written.
        text: String,
    },
    /// An entry of `serve.allowed_hosts` that no `Host` header can equal.
    #[error("`{text}` is not a host")]
    BadHost {
        /// What is written.
        text: String,
    },
    /// A path of `mask` or `clear` that cannot be read.
    #[error("{reason}")]
    BadPath {
        /// What is written, and why it cannot.
        reason: String,
    },
    /// A name that no kind of personal data has.
    #[error("there is no kind of personal data `{text}`")]
    UnknownKind {
        /// What is written.
        text: String,
        /// The kind that it may have meant.
        nearest: Option<&'static str>,
    },
    /// A profile that is none of ours and not defined either.
    #[error("`privacy.profile` is `{text}`")]
    UnknownProfile {
        /// What is written.
        text: String,
        /// The profiles there are.
        known: Vec<String>,
    },
    /// A profile of the user's own with a name that is taken, or with none.
    #[error("a profile of your own cannot be called `{name}`")]
    TakenProfile {
        /// Its name.
        name: String,
    },
    /// A confidence above 100.
    #[error("the confidence of `{key}` is {value}; it may be from 0 to 100")]
    ConfidenceOutOfRange {
        /// The kind.
        key: String,
        /// What is written.
        value: u64,
    },
    /// An entry of `serve.allowed_origins` that no `Origin` header can equal.
    #[error("`{text}` is not an origin")]
    BadOrigin {
        /// What is written.
        text: String,
    },
}

impl Mistake {
    /// One next step, where there is one to give.
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Mistake::UnknownKey { nearest: Some(name), .. } => format!("did you mean `{name}`?"),
            Mistake::UnknownKey { known, .. } => format!("the keys here are {}", known.join(", ")),
            Mistake::UnsetVariable { variable, .. } => {
                format!("set it, or give a default: ${{{variable}:-value}}")
            }
            Mistake::BadVariable { .. } => {
                "write ${NAME}, ${NAME:-default}, or $${ for a plain ${".to_owned()
            }
            Mistake::NoTransport { .. } => {
                "give `command` for a program, or `url` for an HTTP server".to_owned()
            }
            Mistake::TypeMismatch { .. } => {
                "leave `type` out: it follows from `command` or `url`".to_owned()
            }
            Mistake::LegacySse { .. } => {
                "many such servers also speak Streamable HTTP: try `type` http with its /mcp \
                 address, or set `disabled` to true"
                    .to_owned()
            }
            Mistake::UnknownType { .. } => "it may be stdio or http".to_owned(),
            Mistake::BadAddress { .. } => "such as 127.0.0.1:8300".to_owned(),
            Mistake::NotOneOf { allowed, .. } => {
                let quoted: Vec<String> =
                    allowed.iter().map(|value| format!("\"{value}\"")).collect();
                format!("it may be {}", quoted.join(" or "))
            }
            Mistake::UnknownProfile { known, .. } => {
                let quoted: Vec<String> = known.iter().map(|name| format!("\"{name}\"")).collect();
                format!("it may be {}, or one of yours in [privacy.profiles]", quoted.join(" or "))
            }
            Mistake::TakenProfile { .. } => {
                "give it a name that is not off, standard, hipaa or strict".to_owned()
            }
            Mistake::UnknownKind { nearest: Some(nearest), .. } => {
                format!("did you mean \"{nearest}\"?")
            }
            Mistake::UnknownKind { nearest: None, .. } => "such as \"email\" or \"*\"".to_owned(),
            Mistake::BadRate(_) => "such as \"60/min\"".to_owned(),
            Mistake::BadHost { .. } => "such as gateway.example.com".to_owned(),
            Mistake::BadOrigin { .. } => "such as https://app.example.com:*".to_owned(),
            _ => return None,
        };
        Some(hint)
    }
}

/// All mistakes, in the order of the files; never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigErrors(pub Vec<ConfigError>);

/// How many mistakes are shown; nobody mends more at once.
const SHOWN_MAX: usize = 50;

impl fmt::Display for ConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, error) in self.0.iter().take(SHOWN_MAX).enumerate() {
            let separator = if index == 0 { "" } else { "\n" };
            write!(f, "{separator}{error}")?;
        }
        match self.0.len().saturating_sub(SHOWN_MAX) {
            0 => Ok(()),
            more => write!(f, "\nand {more} more"),
        }
    }
}

impl std::error::Error for ConfigErrors {}

/// Something odd that is not wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    /// The file and the place in it.
    pub place: String,
    /// What is odd, in one clause.
    pub message: String,
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.message)
    }
}
