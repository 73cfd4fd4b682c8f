//! A detector that is simple enough to be right, and a session to mask and reveal in.

use serde_json::{Map, Value};
use workroom_pii::{Detect, Found, Kind, Place, Sink, Withheld};
use workroom_privacy::{
    Destination, Direction, Kinds, Masker, Mint, Policy, RevealError, Vault, reveal, seal::DataKey,
};

/// Finds words with an `@`, words that begin with `sk-`, and what keys say.
pub(crate) struct Simple;

impl Simple {
    fn text_at(
        text: &str,
        path: &str,
        owner: Option<&str>,
        sink: &mut dyn Sink,
    ) -> Result<Option<String>, Withheld> {
        assert!(!text.contains("panic!"), "the detector met what it does not know");
        let mut out = String::new();
        let mut rest = text;
        while !rest.is_empty() {
            let is_word = |c: char| c.is_alphanumeric() || "@.-+_%".contains(c);
            let length = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
            let (word, after) = rest.split_at(length);
            let kind = match word {
                word if word.starts_with("sk-") => Some(Kind::Credential),
                word if word.chars().skip(1).any(|c| c == '@') => Some(Kind::Email),
                _ => None,
            };
            let found = kind.map(|kind| Found {
                kind,
                value: word,
                path,
                owner,
                detector: "simple",
                confidence: 90,
            });
            let token = found.map(|found| sink.replace(&found)).transpose()?.flatten();
            out.push_str(token.as_deref().unwrap_or(word));
            let gap = after.find(is_word).unwrap_or(after.len());
            let (between, next) = after.split_at(gap);
            out.push_str(between);
            rest = next;
        }
        // What was put in begins and ends with brackets, so only what was there is escaped, once.
        Ok((out != text).then_some(out))
    }

    fn value(
        value: &mut Value,
        path: &str,
        owner: Option<&str>,
        sink: &mut dyn Sink,
    ) -> Result<(), Withheld> {
        match value {
            Value::String(text) => {
                let escaped = sink.escape(text);
                let before = escaped.unwrap_or_else(|| text.clone());
                *text = Self::text_at(&before, path, owner, sink)?.unwrap_or(before);
            }
            Value::Array(items) => {
                for item in items {
                    Self::value(item, &format!("{path}[]"), owner, sink)?;
                }
            }
            Value::Object(map) => {
                for (key, item) in std::mem::take(map) {
                    let mut item = item;
                    let at = format!("{path}.{key}");
                    let kind = match key.as_str() {
                        "name" => Some(Kind::Name),
                        "phone" => Some(Kind::Phone),
                        "dob" => Some(Kind::BirthDate),
                        "ssn" => Some(Kind::Ssn),
                        _ => None,
                    };
                    let text = match &item {
                        Value::String(text) => Some(text.clone()),
                        Value::Number(number) => Some(number.to_string()),
                        _ => None,
                    };
                    if let (Some(kind), Some(value)) = (kind, text) {
                        let found = Found {
                            kind,
                            value: &value,
                            path: &at,
                            owner,
                            detector: "key",
                            confidence: 95,
                        };
                        if let Some(token) = sink.replace(&found)? {
                            item = Value::String(token);
                        }
                    } else {
                        let whose = if item.is_object() { Some(key.as_str()) } else { owner };
                        Self::value(&mut item, &at, whose, sink)?;
                    }
                    let key = Self::text_at(&key, path, owner, sink)?.unwrap_or(key);
                    map.insert(key, item);
                }
            }
            _ => {}
        }
        Ok(())
    }
}

impl Detect for Simple {
    fn json(
        &self,
        value: &mut Value,
        _place: Place<'_>,
        sink: &mut dyn Sink,
    ) -> Result<(), Withheld> {
        Self::value(value, "$", None, sink)
    }

    fn text(
        &self,
        text: &str,
        _place: Place<'_>,
        sink: &mut dyn Sink,
    ) -> Result<Option<String>, Withheld> {
        let escaped = sink.escape(text);
        let masked = Self::text_at(escaped.as_deref().unwrap_or(text), "", None, sink)?;
        Ok(masked.or(escaped))
    }
}

fn counting(bytes: &mut [u8]) {
    bytes.fill(7);
}

/// One session.
pub(crate) struct Session {
    pub(crate) vault: Vault,
    pub(crate) mint: Mint,
    pub(crate) policy: Policy,
}

impl Session {
    pub(crate) fn new() -> Self {
        Self::with_room_for(1_000, 1 << 20)
    }

    pub(crate) fn with_room_for(values: usize, bytes: usize) -> Self {
        let vault = Vault::new("s1", DataKey::new([1; 32]), values, bytes);
        Self { vault, mint: Mint::new(counting), policy: Policy::default() }
    }

    pub(crate) fn try_mask(
        &mut self,
        server: &str,
        mut value: Value,
        direction: Direction,
    ) -> Result<Value, Withheld> {
        let place = Place { server, tool: "get", schema: None };
        let mut masker = Masker::new(Some(&mut self.vault), &self.mint, Kinds::ALL, direction, 0);
        masker.json(&Simple, &mut value, place).map(|()| value)
    }

    pub(crate) fn mask(&mut self, server: &str, value: Value) -> Value {
        self.try_mask(server, value, Direction::In).unwrap()
    }

    pub(crate) fn reveal(&self, server: &str, value: Value) -> Result<Value, RevealError> {
        self.reveal_as(server, None, value)
    }

    pub(crate) fn reveal_as(
        &self,
        server: &str,
        schema: Option<&Value>,
        value: Value,
    ) -> Result<Value, RevealError> {
        let mut arguments = Map::from_iter([("it".to_owned(), value)]);
        let to = Destination { server, tool: "set", schema, bytes_max: 1 << 16 };
        reveal(Some(&self.vault), Kinds::ALL, &self.policy, to, &mut arguments)?;
        Ok(arguments.remove("it").unwrap())
    }
}
