//! Restoring values in the arguments of a call.
//!
//! In one pass: what is put in is never looked at again, so that a value with a token's text in it
//! stays that text. A value is put in as data: in a string that holds JSON it is escaped, so
//! that it cannot end the string that it is in. All tokens are restored, or the call fails.

use std::collections::BTreeSet;

use serde::de::IgnoredAny;
use serde_json::{Map, Number, Value};
use thiserror::Error;
use workroom_pii::Kind;

use crate::{Entry, Kinds, Policy, Token, Vault, alter, pieces, token::kind_of};

/// The deepest JSON in strings in JSON in strings that values are put into.
const NESTING_MAX: usize = 6;

/// Why a call was not made.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum RevealError {
    /// No token of this session.
    #[error(
        "`{token}` is no token of this session: it was made up or forgotten, or is of another \
         session or of one that ended; to send that very text, write `{escaped}`"
    )]
    Unknown {
        /// The text.
        token: String,
        /// The text that would be sent as the token's text.
        escaped: String,
    },
    /// The destination may not have it.
    #[error(
        "`{token}` may not go to `{destination}`: {why}; to allow it, put `{line}` under \
         `[privacy.reveal]` in workroom.toml"
    )]
    Refused {
        /// The token.
        token: String,
        /// Its kind.
        kind: Kind,
        /// Server and tool.
        destination: String,
        /// Where it comes from and where it may go.
        why: String,
        /// The line of configuration.
        line: String,
    },
    /// A token that was changed.
    #[error(
        "`{token}` cannot be restored, because {how}: pass it as it is, whole and in its brackets"
    )]
    Altered {
        /// The token that it was.
        token: String,
        /// How it was changed.
        how: &'static str,
    },
    /// Two keys of an object would be one.
    #[error("two keys of one object would both be the value of `{token}`")]
    SameKey {
        /// One of them.
        token: String,
    },
    /// The arguments would be too large.
    #[error("with their values restored the arguments are more than {most} bytes")]
    TooLarge {
        /// The limit.
        most: usize,
    },
}

impl RevealError {
    /// The token that it is about.
    pub fn token(&self) -> Option<&str> {
        match self {
            RevealError::Unknown { token, .. }
            | RevealError::Refused { token, .. }
            | RevealError::Altered { token, .. }
            | RevealError::SameKey { token } => Some(token),
            RevealError::TooLarge { .. } => None,
        }
    }

    /// A stable code for scripts and programs.
    pub const fn code(&self) -> &'static str {
        match self {
            RevealError::Unknown { .. } => "unknown_token",
            RevealError::Refused { .. } => "reveal_refused",
            RevealError::Altered { .. } => "altered_token",
            RevealError::SameKey { .. } => "same_key",
            RevealError::TooLarge { .. } => "arguments_too_large",
        }
    }
}

/// What was restored.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Revealed {
    /// The tokens, each once.
    pub tokens: BTreeSet<Token>,
}

/// Where values go.
#[derive(Clone, Copy, Debug)]
pub struct Destination<'d> {
    /// The server.
    pub server: &'d str,
    /// The tool's exact name.
    pub tool: &'d str,
    /// The schema of its arguments: a number is restored as one where it asks for one.
    pub schema: Option<&'d Value>,
    /// The most bytes of values that are put in.
    pub bytes_max: usize,
}

/// Restores the tokens in `arguments`. After an error they are half restored and must be dropped.
///
/// Text that looks like a token of the kinds `counts` is taken for one.
///
/// # Errors
///
/// See [`RevealError`].
pub fn reveal(
    vault: Option<&Vault>,
    counts: Kinds,
    policy: &Policy,
    to: Destination<'_>,
    arguments: &mut Map<String, Value>,
) -> Result<Revealed, RevealError> {
    let counts = vault.map_or(counts, |vault| counts.or(vault.kinds()));
    let mut pass = Pass { vault, counts, policy, to, bytes: 0, revealed: Revealed::default() };
    pass.map(arguments, to.schema)?;
    Ok(pass.revealed)
}

struct Pass<'p> {
    vault: Option<&'p Vault>,
    counts: Kinds,
    policy: &'p Policy,
    to: Destination<'p>,
    bytes: usize,
    revealed: Revealed,
}

impl<'p> Pass<'p> {
    fn value(&mut self, value: &mut Value, schema: Option<&Value>) -> Result<(), RevealError> {
        match value {
            Value::String(text) => {
                let Some(restored) = self.text(text, 0)? else { return Ok(()) };
                let whole = Token::parse(text).is_some();
                *value = match number(&restored).filter(|_| whole && asks_for_number(schema)) {
                    Some(number) => Value::Number(number),
                    None => Value::String(restored),
                };
                Ok(())
            }
            Value::Array(items) => {
                let schema = schema.and_then(|schema| schema.get("items"));
                items.iter_mut().try_for_each(|item| self.value(item, schema))
            }
            Value::Object(map) => self.map(map, schema),
            Value::Null | Value::Bool(_) | Value::Number(_) => Ok(()),
        }
    }

    fn map(
        &mut self,
        map: &mut Map<String, Value>,
        schema: Option<&Value>,
    ) -> Result<(), RevealError> {
        let of = |key: &str| {
            let schema = schema?;
            schema
                .get("properties")
                .and_then(|it| it.get(key))
                .or_else(|| schema.get("additionalProperties").filter(|more| more.is_object()))
        };
        for (key, value) in map.iter_mut() {
            self.value(value, of(key))?;
        }
        if !map.keys().any(|key| key.contains('[')) {
            return Ok(());
        }
        for (key, value) in std::mem::take(map) {
            let restored = self.text(&key, 0)?;
            if map.insert(restored.unwrap_or_else(|| key.clone()), value).is_some() {
                return Err(RevealError::SameKey { token: key });
            }
        }
        Ok(())
    }

    /// `text` with its values; `None` where it has none.
    fn text(&mut self, text: &str, depth: usize) -> Result<Option<String>, RevealError> {
        if depth < NESTING_MAX && text.contains('[') && is_json(text) {
            return self.json(text, depth);
        }
        let mut out = String::new();
        let mut done = 0;
        for piece in pieces(text) {
            let inside = &text[piece.range.start + 1 + piece.tildes..piece.range.end - 1];
            if !kind_of(inside).is_some_and(|kind| self.counts.has(kind)) {
                continue;
            }
            out.push_str(&text[done..piece.range.start]);
            if piece.tildes == 0 {
                let entry = self.entry(&text[piece.range.clone()])?;
                out.push_str(entry.value.expose());
            } else {
                out.push('[');
                out.push_str(&text[piece.range.start + 2..piece.range.end]);
            }
            done = piece.range.end;
        }
        if let Some(vault) = self.vault
            && let Some((token, how)) = alter::find(text, vault)
        {
            return Err(RevealError::Altered { token: token.to_string(), how });
        }
        if done == 0 {
            return Ok(None);
        }
        out.push_str(&text[done..]);
        Ok(Some(out))
    }

    /// The same for a text that is JSON: what is between its strings stays as it is.
    fn json(&mut self, text: &str, depth: usize) -> Result<Option<String>, RevealError> {
        let mut out = String::new();
        let mut done = 0;
        let mut at = 0;
        while let Some(start) = text[at..].find('"').map(|offset| at + offset) {
            let end = start + string_length(&text[start..]);
            at = end;
            let Ok(inner) = serde_json::from_str::<String>(&text[start..end]) else { continue };
            if let Some(restored) = self.text(&inner, depth + 1)? {
                out.push_str(&text[done..start]);
                out.push_str(&Value::String(restored).to_string());
                done = end;
            }
        }
        if done == 0 {
            return Ok(None);
        }
        out.push_str(&text[done..]);
        Ok(Some(out))
    }

    /// The entry of `token`, if it may go where this goes.
    fn entry(&mut self, token: &str) -> Result<&'p Entry, RevealError> {
        let unknown = || RevealError::Unknown {
            token: token.to_owned(),
            escaped: format!("[~{}", &token[1..]),
        };
        let entry = self.vault.and_then(|vault| vault.get(token)).ok_or_else(unknown)?;
        let Destination { server, tool, bytes_max, .. } = self.to;
        if !self.policy.allows(entry, server, tool) {
            return Err(self.refused(entry));
        }
        self.bytes += entry.value.expose().len();
        if self.bytes > bytes_max {
            return Err(RevealError::TooLarge { most: bytes_max });
        }
        self.revealed.tokens.insert(entry.token.clone());
        Ok(entry)
    }

    fn refused(&self, entry: &Entry) -> RevealError {
        let Destination { server, tool, .. } = self.to;
        let from: Vec<String> = entry
            .servers
            .iter()
            .map(|server| if server.is_empty() { "you".to_owned() } else { format!("`{server}`") })
            .collect();
        RevealError::Refused {
            token: entry.token.to_string(),
            kind: entry.kind,
            destination: format!("{server}.{tool}"),
            why: format!(
                "a value of kind `{}` that came from {} goes back there and nowhere else",
                entry.kind.name(),
                from.join(" and ")
            ),
            line: self.policy.line(entry.kind, server, tool),
        }
    }
}

/// Whether `text` is a JSON object or array.
fn is_json(text: &str) -> bool {
    text.trim_start().starts_with(['{', '[']) && serde_json::from_str::<IgnoredAny>(text).is_ok()
}

/// The length of the JSON string that `text` begins with, quotes included.
fn string_length(text: &str) -> usize {
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// Whether `schema` takes numbers and no strings.
fn asks_for_number(schema: Option<&Value>) -> bool {
    let is_number = |name: &Value| name == "number" || name == "integer";
    match schema.and_then(|schema| schema.get("type")) {
        Some(Value::Array(names)) => {
            names.iter().any(is_number) && !names.iter().any(|name| name == "string")
        }
        Some(name) => is_number(name),
        None => ["anyOf", "oneOf"].iter().any(|word| {
            let options = schema.and_then(|schema| schema.get(*word)).and_then(Value::as_array);
            options.is_some_and(|options| {
                options.iter().any(|option| asks_for_number(Some(option)))
                    && !options
                        .iter()
                        .any(|option| option.get("type").is_some_and(|name| name == "string"))
            })
        }),
    }
}

/// The number that a value's text is.
fn number(text: &str) -> Option<Number> {
    match serde_json::from_str(text.trim()) {
        Ok(Value::Number(number)) => Some(number),
        _ => None,
    }
}
