//! What takes the place of what is found: the [`Sink`] over a vault.
//!
//! It works in two directions. What comes from a server is masked, and text in it that looks like
//! a token is escaped. What goes out to the agent has tokens already, which stay as they are; only
//! what somebody put together beside them is masked.
//!
//! A detector that fails in any way, by an error or a panic, withholds the value.

use std::{
    collections::BTreeSet,
    ops::Range,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use serde_json::{Map, Value};
use workroom_pii::{Detect, Found, Kind, Place, Sink, Withheld};

use crate::{
    Act, Flow, Kinds, Mint, Origin, Source, Token, Used, Vault, VaultError, escape, has_token,
    pieces, vault::New,
};

/// Which way the masked value goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// From a server.
    In,
    /// To the agent.
    Out,
}

/// Masks one value.
#[derive(Debug)]
pub struct Masker<'v> {
    /// `None`: none is open yet. The first thing found then ends the masking, and
    /// [`Masker::wants_vault`] tells.
    vault: Option<&'v mut Vault>,
    mint: &'v Mint,
    direction: Direction,
    counts: Kinds,
    source: Source,
    at: i64,
    used: Used,
    flows: Vec<Flow>,
    wants_vault: bool,
    is_changed: bool,
    refusal: Option<VaultError>,
    spared: Arc<BTreeSet<String>>,
}

impl<'v> Masker<'v> {
    /// Masks with `vault`. Text that looks like a token of the kinds `counts` is taken for one.
    pub fn new(
        vault: Option<&'v mut Vault>,
        mint: &'v Mint,
        counts: Kinds,
        direction: Direction,
        at: i64,
    ) -> Self {
        let counts = vault.as_ref().map_or(counts, |vault| counts.or(vault.kinds()));
        Self {
            vault,
            mint,
            direction,
            counts,
            source: Source::default(),
            at,
            used: Used::default(),
            flows: Vec::new(),
            wants_vault: false,
            is_changed: false,
            refusal: None,
            spared: Arc::default(),
        }
    }

    /// Leaves these values as they are, since a rule cleared them: on their way to the agent, and
    /// where they have a value of the vault in them.
    pub fn spare(&mut self, values: Arc<BTreeSet<String>>) {
        self.spared = values;
    }

    /// Whether it stopped because no vault is open.
    pub fn wants_vault(&self) -> bool {
        self.wants_vault
    }

    /// Whether anything was masked or escaped since this was last asked.
    pub fn take_changed(&mut self) -> bool {
        std::mem::take(&mut self.is_changed)
    }

    /// Why the vault did not take a value.
    pub fn refusal(&self) -> Option<&VaultError> {
        self.refusal.as_ref()
    }

    /// What stands for what was found, and what is to be recorded of it.
    pub fn into_found(self) -> (Used, Vec<Flow>) {
        (self.used, self.flows)
    }

    /// Masks `value`.
    ///
    /// # Errors
    ///
    /// [`Withheld`]: none of it may be passed on.
    pub fn json(
        &mut self,
        detect: &dyn Detect,
        value: &mut Value,
        place: Place<'_>,
    ) -> Result<(), Withheld> {
        self.find_json(detect, value, place)?;
        self.known_json(value)
    }

    /// The first half of [`Masker::json`]: what is found in `value`.
    ///
    /// # Errors
    ///
    /// [`Withheld`]: none of it may be passed on.
    pub fn find_json(
        &mut self,
        detect: &dyn Detect,
        value: &mut Value,
        place: Place<'_>,
    ) -> Result<(), Withheld> {
        self.enter(place);
        guarded(|| detect.json(value, place, self))
    }

    /// The second half: what the vault knows.
    ///
    /// # Errors
    ///
    /// [`Withheld`]: none of it may be passed on.
    pub fn known_json(&mut self, value: &mut Value) -> Result<(), Withheld> {
        self.known_in(value, &mut String::from("$"), 0)
    }

    /// Masks `text`; `None` where nothing is to be masked.
    ///
    /// # Errors
    ///
    /// [`Withheld`]: none of it may be passed on.
    pub fn text(
        &mut self,
        detect: &dyn Detect,
        text: &str,
        place: Place<'_>,
    ) -> Result<Option<String>, Withheld> {
        self.enter(place);
        let masked = guarded(|| detect.text(text, place, self))?;
        let more = self.known_in_text(masked.as_deref().unwrap_or(text), "")?;
        Ok(more.or(masked))
    }

    /// Puts in a value that the agent itself gave, and gives its token.
    ///
    /// # Errors
    ///
    /// See [`VaultError`].
    pub fn register(&mut self, kind: Kind, value: &str) -> Result<Option<Token>, VaultError> {
        self.source = Source::default();
        let found =
            Found { kind, value, path: "", owner: None, detector: "agent", confidence: 100 };
        match self.put(&found, Act::Registered) {
            Some(token) => Ok(Some(token)),
            None => self.refusal.clone().map_or(Ok(None), Err),
        }
    }

    fn enter(&mut self, place: Place<'_>) {
        place.server.clone_into(&mut self.source.server);
        place.tool.clone_into(&mut self.source.tool);
    }

    fn put(&mut self, found: &Found<'_>, act: Act) -> Option<Token> {
        let Some(vault) = self.vault.as_deref_mut() else {
            self.wants_vault = true;
            return None;
        };
        let source = Source { path: found.path.to_owned(), ..self.source.clone() };
        let origin = Origin {
            source,
            detector: found.detector.to_owned(),
            confidence: found.confidence,
            at: self.at,
        };
        let Found { kind, owner, value, .. } = *found;
        let new = New { kind, owner, value, origin: &origin, servers: None };
        match vault.put(new, self.mint) {
            Ok(put) => {
                if put.is_news {
                    self.flows.push(Flow {
                        at: self.at,
                        session: vault.session().to_owned(),
                        token: put.token.to_string(),
                        kind: kind.name().to_owned(),
                        act,
                        server: origin.source.server,
                        tool: origin.source.tool,
                        detail: origin.source.path,
                        detector: origin.detector,
                        confidence: origin.confidence,
                    });
                }
                self.is_changed = true;
                self.used.add(&put.token, &put.state);
                Some(put.token)
            }
            Err(error) => {
                self.refusal = Some(error);
                None
            }
        }
    }

    /// Masks the values of the vault that are in the texts of `value` still.
    fn known_in(
        &mut self,
        value: &mut Value,
        path: &mut String,
        depth: usize,
    ) -> Result<(), Withheld> {
        /// `serde_json` reads no deeper value.
        const DEPTH_MAX: usize = 128;
        if !self.knows() {
            return Ok(());
        }
        if depth > DEPTH_MAX {
            return Err(withheld("it is nested too deeply"));
        }
        match value {
            Value::String(text) => {
                if let Some(masked) = self.known_in_text(text, path)? {
                    *text = masked;
                }
            }
            Value::Number(number) => {
                if let Some(masked) = self.known_in_text(&number.to_string(), path)? {
                    *value = Value::String(masked);
                }
            }
            Value::Array(items) => {
                let length = path.len();
                path.push_str("[]");
                for item in items {
                    self.known_in(item, path, depth + 1)?;
                }
                path.truncate(length);
            }
            Value::Object(map) => {
                let length = path.len();
                for (key, item) in map.iter_mut() {
                    path.push('.');
                    path.push_str(key);
                    self.known_in(item, path, depth + 1)?;
                    path.truncate(length);
                }
                self.known_in_keys(map, path)?;
            }
            Value::Null | Value::Bool(_) => {}
        }
        Ok(())
    }

    fn known_in_keys(&mut self, map: &mut Map<String, Value>, path: &str) -> Result<(), Withheld> {
        let masked = map.keys().map(|key| self.known_in_text(key, path));
        let masked: Vec<Option<String>> = masked.collect::<Result<_, _>>()?;
        if masked.iter().all(Option::is_none) {
            return Ok(());
        }
        let old = std::mem::take(map);
        for ((key, value), masked) in old.into_iter().zip(masked) {
            map.insert(masked.unwrap_or(key), value);
        }
        Ok(())
    }

    fn knows(&self) -> bool {
        self.vault.as_ref().is_some_and(|vault| !vault.known().is_empty())
    }

    fn known_in_text(&mut self, text: &str, path: &str) -> Result<Option<String>, Withheld> {
        let Some(vault) = self.vault.as_deref() else { return Ok(None) };
        let found = vault.known().find(text);
        if found.is_empty() {
            return Ok(None);
        }
        let tokens: Vec<_> = pieces(text).map(|piece| piece.range).collect();
        let act = if self.direction == Direction::Out { Act::Caught } else { Act::Found };
        let mut out = String::with_capacity(text.len());
        let mut done = 0;
        for (range, token) in found {
            // `[customer_email_1]` is no place to look for words.
            if tokens.iter().any(|it| it.start < range.end && range.start < it.end)
                || self.is_spared(text, &range)
            {
                continue;
            }
            let Some(kind) = token.kind() else { continue };
            // What stands between its words may be other than in the value that is known; then it
            // has a token of its own, and comes back as it is here.
            let value = &text[range.clone()];
            let found =
                Found { kind, value, path, owner: None, detector: "known", confidence: 100 };
            let Some(token) = self.put(&found, act) else {
                let reason = self.refusal.as_ref().map(ToString::to_string).unwrap_or_default();
                return Err(withheld(&reason));
            };
            out.push_str(&text[done..range.start]);
            out.push_str(token.as_str());
            done = range.end;
        }
        out.push_str(&text[done..]);
        Ok((done > 0).then_some(out))
    }
}

impl Masker<'_> {
    /// Whether what stands at `range`, with what it hangs together with, is spared.
    fn is_spared(&self, text: &str, range: &Range<usize>) -> bool {
        if self.spared.is_empty() {
            return false;
        }
        let ends = |c: char| c.is_whitespace() || "\"'`<>()[]{},;".contains(c);
        let start = text[..range.start]
            .rfind(ends)
            .map_or(0, |at| at + text[at..].chars().next().map_or(0, char::len_utf8));
        let end = text[range.end..].find(ends).map_or(text.len(), |at| range.end + at);
        self.spared.contains(text) || self.spared.contains(&text[start..end])
    }
}

impl Sink for Masker<'_> {
    fn replace(&mut self, found: &Found<'_>) -> Result<Option<String>, Withheld> {
        if found.value.trim().is_empty()
            || self.direction == Direction::Out
                && (has_token(found.value) || self.spared.contains(found.value))
        {
            return Ok(None);
        }
        let act = if self.direction == Direction::Out { Act::Caught } else { Act::Found };
        match self.put(found, act) {
            Some(token) => Ok(Some(token.to_string())),
            None => Err(match &self.refusal {
                Some(error) => withheld(&error.to_string()),
                None => withheld("the session's vault is not open"),
            }),
        }
    }

    fn escape(&mut self, text: &str) -> Option<String> {
        match self.direction {
            Direction::In => {
                let escaped = escape(text, |kind| self.counts.has(kind));
                self.is_changed |= escaped.is_some();
                escaped
            }
            Direction::Out => None,
        }
    }
}

/// Runs a detector, whose fault must not let a value through nor end the process.
fn guarded<T>(detect: impl FnOnce() -> Result<T, Withheld>) -> Result<T, Withheld> {
    // What it leaves half done is thrown away with the value; the vault changes in single steps.
    catch_unwind(AssertUnwindSafe(detect))
        .unwrap_or_else(|_| Err(withheld("the detector of personal data failed")))
}

fn withheld(reason: &str) -> Withheld {
    Withheld { reason: reason.to_owned() }
}
