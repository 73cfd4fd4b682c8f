//! Where values may be restored, and what may be asked about them.

use std::collections::BTreeMap;

use thiserror::Error;
use workroom_pii::Kind;

use crate::{Entry, compute::Question, kinds};

/// A set of kinds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Kinds(u64);

impl Kinds {
    /// No kind.
    pub const NONE: Kinds = Kinds(0);
    /// Every kind.
    pub const ALL: Kinds = Kinds(u64::MAX);

    /// These kinds and `kind`.
    #[must_use]
    pub const fn with(self, kind: Kind) -> Self {
        Self(self.0 | 1 << kind as u64)
    }

    /// All that is in one of the two.
    #[must_use]
    pub const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether `kind` is among them.
    pub const fn has(self, kind: Kind) -> bool {
        self.0 & (1 << kind as u64) != 0
    }

    /// Reads names of kinds; `*` is every kind.
    ///
    /// # Errors
    ///
    /// [`PolicyError`] for a name that no kind has.
    pub fn read<'n>(names: impl IntoIterator<Item = &'n str>) -> Result<Self, PolicyError> {
        names.into_iter().try_fold(Self::NONE, |set, name| match name {
            "*" => Ok(Self::ALL),
            name => match Kind::named(name) {
                Some(kind) => Ok(set.with(kind)),
                None => Err(PolicyError { name: name.to_owned() }),
            },
        })
    }
}

impl FromIterator<Kind> for Kinds {
    fn from_iter<I: IntoIterator<Item = Kind>>(kinds: I) -> Self {
        kinds.into_iter().fold(Self::NONE, Self::with)
    }
}

/// A name that no kind has.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("there is no kind of personal data `{name}`")]
pub struct PolicyError {
    /// The name.
    pub name: String,
}

/// What is allowed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    /// By server, or by `server.tool`, which weighs more: the kinds that it may receive.
    pub reveal: BTreeMap<String, Kinds>,
    /// What may be asked about which kinds, where that is not as by default.
    pub compute: BTreeMap<Question, Kinds>,
}

impl Policy {
    /// Whether the value of `entry` may go to `tool` of `server`: where it came from, unless a
    /// line for the destination leaves it out; and where a line names its kind.
    pub fn allows(&self, entry: &Entry, server: &str, tool: &str) -> bool {
        let line = self.reveal.get(&format!("{server}.{tool}")).or_else(|| self.reveal.get(server));
        // A line that is empty forbids everything, also what came from there.
        let own = entry.servers.contains(server) && line.is_none_or(|kinds| *kinds != Kinds::NONE);
        own || entry.is_agents() && line.is_none() || line.is_some_and(|it| it.has(entry.kind))
    }

    /// The line of `[privacy.reveal]` that would allow `kind` to `server`.
    pub fn line(&self, kind: Kind, server: &str, tool: &str) -> String {
        let full = format!("{server}.{tool}");
        let key = if self.reveal.contains_key(&full) { &full } else { server };
        let have = self.reveal.get(key).copied().unwrap_or_default().with(kind);
        let names: Vec<String> = kinds()
            .filter(|kind| have.has(*kind))
            .map(|kind| format!("\"{}\"", kind.name()))
            .collect();
        let is_bare = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        let key = if !key.is_empty() && key.chars().all(is_bare) {
            key.to_owned()
        } else {
            serde_json::Value::from(key).to_string()
        };
        format!("{key} = [{}]", names.join(", "))
    }

    /// Whether `question` may be asked about values of `kind`.
    pub fn answers(&self, question: Question, kind: Kind) -> bool {
        self.compute.get(&question).copied().unwrap_or_else(|| question.default_kinds()).has(kind)
    }
}
