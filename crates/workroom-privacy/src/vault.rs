//! The vault: the only place where a personal value and its token meet.
//!
//! One for each session. A value that is put in gets a token, or the one that it has. Its record
//! goes to the [`Mint`]'s queue, sealed; until it is stored the entry is not *durable*, and text
//! with its token must not leave the process.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    fmt,
    ops::Bound,
};

use serde::{Deserialize, Serialize};
use thiserror::Error;
use workroom_pii::Kind;
use zeroize::{Zeroize as _, Zeroizing};

use crate::{
    Kinds, Mint, Minted, Secret, Token,
    known::Known,
    mint::State,
    normal::normal,
    seal::{DataKey, Mark, SealError},
};

/// The most servers that one value is remembered to have come from.
const SERVERS_MAX: usize = 64;

/// What a server's name is for values that the agent itself put in. No server has it.
pub(crate) const AGENT: &str = "";

/// Where a value was found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// The server; empty for what the agent itself put in.
    pub server: String,
    /// The tool; empty for what is no tool's result.
    pub tool: String,
    /// The path in its result.
    pub path: String,
}

/// How a value was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// Where.
    pub source: Source,
    /// By what.
    pub detector: String,
    /// How sure that is, from 0 to 100.
    pub confidence: u8,
    /// When, in milliseconds since 1970.
    pub at: i64,
}

/// A value and what is known of it.
#[derive(Clone, Debug)]
pub struct Entry {
    /// What stands for it.
    pub token: Token,
    /// What it is.
    pub kind: Kind,
    /// The value as it was first seen.
    pub value: Secret,
    /// How it was first found.
    pub origin: Origin,
    /// The servers that it came from.
    pub servers: BTreeSet<String>,
    state: State,
    mark: Mark,
}

impl Entry {
    /// Whether the agent itself put it in.
    pub fn is_agents(&self) -> bool {
        self.servers.contains(AGENT)
    }
}

/// What is sealed of an entry.
#[derive(Serialize, Deserialize)]
struct Body<'b> {
    kind: String,
    #[serde(borrow)]
    value: std::borrow::Cow<'b, str>,
    origin: Origin,
    servers: BTreeSet<String>,
}

/// Why a vault does not take a value, or cannot be opened.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum VaultError {
    /// It holds as many values as it may.
    #[error(
        "the session's vault is full: it holds {values} values (`sandbox.vault_values` is {most})"
    )]
    Full {
        /// How many it holds.
        values: usize,
        /// The limit.
        most: usize,
    },
    /// It holds as many bytes as it may.
    #[error(
        "the session's vault is full: it holds {bytes} bytes (`sandbox.vault_mib` allows {most})"
    )]
    Heavy {
        /// How many it holds.
        bytes: usize,
        /// The limit.
        most: usize,
    },
    /// Every number of this kind has been given.
    #[error("there are no more tokens of the kind `{0}`")]
    NoNumber(&'static str),
    /// What is stored of it cannot be read.
    #[error(transparent)]
    Sealed(#[from] SealError),
}

/// One session's values.
pub struct Vault {
    session: String,
    key: DataKey,
    values_max: usize,
    bytes_max: usize,
    entries: BTreeMap<Token, Entry>,
    marks: HashMap<Mark, Token>,
    known: Known,
    kinds: Kinds,
    bytes: usize,
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let values = self.entries.len();
        f.debug_struct("Vault").field("values", &values).finish_non_exhaustive()
    }
}

/// A value that is to be put in.
#[derive(Clone, Copy, Debug)]
pub(crate) struct New<'n> {
    pub(crate) kind: Kind,
    pub(crate) owner: Option<&'n str>,
    pub(crate) value: &'n str,
    pub(crate) origin: &'n Origin,
    pub(crate) servers: Option<&'n BTreeSet<String>>,
}

/// What became of it.
#[derive(Clone, Debug)]
pub(crate) struct Put {
    pub(crate) token: Token,
    pub(crate) state: State,
    /// Whether it was not there before, or not from this server.
    pub(crate) is_news: bool,
}

impl Vault {
    /// An empty vault of `session` that takes so many values of so many bytes together.
    pub fn new(session: &str, key: DataKey, values_max: usize, bytes_max: usize) -> Self {
        Self {
            session: session.to_owned(),
            key,
            values_max,
            bytes_max,
            entries: BTreeMap::new(),
            marks: HashMap::new(),
            known: Known::default(),
            kinds: Kinds::NONE,
            bytes: 0,
        }
    }

    /// Takes in a record as it is stored; one that is there already is left.
    ///
    /// # Errors
    ///
    /// [`SealError::Damaged`] where it is not what was stored.
    pub fn load(&mut self, token: &str, mark: Mark, sealed: &[u8]) -> Result<(), SealError> {
        let token = Token::parse(token).ok_or(SealError::Damaged)?;
        if let Some(known) = self.marks.get(&mark).cloned() {
            let is_void = self.entries.get(&known).is_none_or(|entry| entry.state.is_void());
            if known == token && !is_void {
                return Ok(());
            }
            // Another process was faster.
            self.remove(&known);
        }
        let plain = self.key.open(sealed, token.as_str())?;
        let body: Body<'_> = serde_json::from_slice(&plain).map_err(|_| SealError::Damaged)?;
        let kind = Kind::named(&body.kind).ok_or(SealError::Damaged)?;
        let value = Secret::new(&body.value);
        if let std::borrow::Cow::Owned(mut text) = body.value {
            text.zeroize();
        }
        let (origin, servers) = (body.origin, body.servers);
        let state = State::stored();
        self.insert(Entry { token, kind, value, origin, servers, state, mark });
        Ok(())
    }

    /// Adds that a value came from `server` too.
    pub fn came_from(&mut self, token: &str, server: &str) {
        if let Some(token) = Token::parse(token)
            && let Some(entry) = self.entries.get_mut(&token)
            && entry.servers.len() < SERVERS_MAX
        {
            entry.servers.insert(server.to_owned());
        }
    }

    /// Its session.
    pub fn session(&self) -> &str {
        &self.session
    }

    /// The entry of `token`.
    pub fn get(&self, token: &str) -> Option<&Entry> {
        self.entries.get(token).filter(|entry| !entry.state.is_void())
    }

    /// All entries, in the order of their tokens.
    pub fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.entries.values()
    }

    /// The kinds that it holds values of.
    pub fn kinds(&self) -> Kinds {
        self.kinds
    }

    /// A token that begins with `beginning`.
    pub(crate) fn beginning_with(&self, beginning: &str) -> Option<&Token> {
        let from = (Bound::Included(beginning), Bound::Unbounded);
        let (token, _) = self.entries.range::<str, _>(from).next()?;
        token.as_str().starts_with(beginning).then_some(token)
    }

    pub(crate) fn known(&self) -> &Known {
        &self.known
    }

    /// Gives `new` its token, which is the one of an equal value if there is one.
    pub(crate) fn put(&mut self, new: New<'_>, mint: &Mint) -> Result<Put, VaultError> {
        let form = Zeroizing::new(normal(new.kind, new.value));
        self.put_as(new, &form, mint)
    }

    /// The same where only a value that is equal in every character is the same.
    pub(crate) fn put_apart(&mut self, new: New<'_>, mint: &Mint) -> Result<Put, VaultError> {
        // No normal form begins so.
        let form = Zeroizing::new(format!("\0{}", new.value));
        self.put_as(new, &form, mint)
    }

    fn put_as(&mut self, new: New<'_>, form: &str, mint: &Mint) -> Result<Put, VaultError> {
        let mark = self.key.mark(new.kind, form);
        let server = &new.origin.source.server;
        if let Some(token) = self.marks.get(&mark).cloned() {
            let entry = self.entries.get_mut(&token);
            if entry.as_ref().is_some_and(|entry| entry.state.is_void()) {
                self.remove(&token);
                return self.put_as(new, form, mint);
            }
            if let Some(entry) = entry {
                let is_news =
                    entry.servers.len() < SERVERS_MAX && entry.servers.insert(server.clone());
                return Ok(Put { token, state: entry.state.clone(), is_news });
            }
        }
        if self.entries.len() >= self.values_max {
            return Err(VaultError::Full { values: self.entries.len(), most: self.values_max });
        }
        if self.bytes + new.value.len() > self.bytes_max {
            return Err(VaultError::Heavy { bytes: self.bytes, most: self.bytes_max });
        }
        let servers = match new.servers {
            Some(servers) => servers.clone(),
            None => BTreeSet::from([server.clone()]),
        };
        let body = Body {
            kind: new.kind.name().to_owned(),
            value: new.value.into(),
            origin: new.origin.clone(),
            servers: servers.clone(),
        };
        let plain = Zeroizing::new(serde_json::to_vec(&body).expect("texts and numbers are JSON"));
        let state = State::default();
        let minted = mint.next(new.kind, |number| {
            let token = Token::new(new.owner, new.kind, number);
            let body = self.key.seal(&plain, token.as_str(), mint.nonce());
            let session = self.session.clone();
            let state = state.clone();
            Minted { session, token, kind: new.kind, number, mark, body, state }
        });
        let token = minted.ok_or(VaultError::NoNumber(new.kind.name()))?;
        self.insert(Entry {
            token: token.clone(),
            kind: new.kind,
            value: Secret::new(new.value),
            origin: new.origin.clone(),
            servers,
            state: state.clone(),
            mark,
        });
        Ok(Put { token, state, is_news: true })
    }

    fn remove(&mut self, token: &Token) {
        if let Some(entry) = self.entries.remove(token) {
            self.marks.remove(&entry.mark);
            self.bytes -= entry.value.expose().len();
            self.known.remove(&entry);
        }
    }

    fn insert(&mut self, entry: Entry) {
        // A number that was void is given again: nothing of its first value may stay.
        self.remove(&entry.token);
        self.kinds = self.kinds.with(entry.kind);
        self.bytes += entry.value.expose().len();
        self.known.add(&entry);
        self.marks.insert(entry.mark, entry.token.clone());
        self.entries.insert(entry.token.clone(), entry);
    }
}
