//! Both forms of configuration as one tree, each value with its place in its file.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use toml_edit::{Document, Item, TableLike, Value as TomlValue};

use crate::{
    Format, Source,
    error::{ConfigError, Mistake},
    place::{Place, printable},
};

/// How deeply a configuration may nest; `servers.<name>.env.<variable>` is four.
const DEPTH_MAX: usize = 8;

/// The largest `workroom.toml`, in bytes.
const TOML_BYTES_MAX: usize = 1024 * 1024;

/// The largest JSON file, in bytes: clients keep their history in the same file.
const JSON_BYTES_MAX: usize = 16 * 1024 * 1024;

/// A value and where it stands.
#[derive(Clone, Debug)]
pub(crate) struct Node<'s> {
    pub(crate) value: Value<'s>,
    pub(crate) place: Place<'s>,
}

#[derive(Clone, Debug)]
pub(crate) enum Value<'s> {
    Text(String),
    Integer(i64),
    Boolean(bool),
    List(Vec<Node<'s>>),
    /// In the order of the file. JSON may name a key twice.
    Table(Vec<(String, Node<'s>)>),
    /// What no key takes, by its name.
    Other(&'static str),
}

impl Node<'_> {
    /// What it is, with its article.
    pub(crate) fn kind(&self) -> &'static str {
        match self.value {
            Value::Text(_) => "a string",
            Value::Integer(_) => "an integer",
            Value::Boolean(_) => "a boolean",
            Value::List(_) => "a list",
            Value::Table(_) => "a table",
            Value::Other(kind) => kind,
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        match &self.value {
            Value::List(items) => items.is_empty(),
            Value::Table(entries) => entries.is_empty(),
            _ => false,
        }
    }
}

/// Parses a file.
///
/// # Errors
///
/// When it is too large, or not TOML or JSON.
pub(crate) fn parse<'s>(source: &'s Source<'s>) -> Result<Node<'s>, ConfigError> {
    let (bytes, max) = match source.format {
        Format::Toml => (source.text.len(), TOML_BYTES_MAX),
        Format::McpJson => (source.text.len(), JSON_BYTES_MAX),
    };
    if bytes > max {
        let place = Place::whole(source).to_string();
        return Err(ConfigError { place, mistake: Mistake::FileTooLarge { bytes, max } });
    }
    match source.format {
        Format::Toml => parse_toml(source),
        Format::McpJson => parse_json(source),
    }
}

fn parse_toml<'s>(source: &'s Source<'s>) -> Result<Node<'s>, ConfigError> {
    let document = Document::parse(source.text).map_err(|error| {
        let message = error.message().lines().next().unwrap_or_default();
        ConfigError {
            place: Place::offset(source, error.span().map_or(0, |span| span.start)).to_string(),
            mistake: Mistake::Syntax { format: "TOML", message: printable(message) },
        }
    })?;
    Ok(Node { value: toml_table(source, document.as_table(), 0), place: Place::whole(source) })
}

fn toml_table<'s>(source: &'s Source<'s>, table: &dyn TableLike, depth: usize) -> Value<'s> {
    if depth >= DEPTH_MAX {
        return Value::Other("a table that nests too deeply");
    }
    let entries = table.iter().map(|(name, item)| {
        // The key's place: an unknown key is told where it is written.
        let span = table.key(name).and_then(toml_edit::Key::span).or_else(|| item.span());
        let place = Place::offset(source, span.map_or(0, |span| span.start));
        let value = match item {
            Item::Table(inner) => toml_table(source, inner, depth + 1),
            Item::Value(value) => toml_value(source, value, depth + 1),
            Item::ArrayOfTables(_) => Value::Other("a list of tables"),
            Item::None => Value::Other("nothing"),
        };
        (name.to_owned(), Node { value, place })
    });
    Value::Table(entries.collect())
}

fn toml_value<'s>(source: &'s Source<'s>, value: &TomlValue, depth: usize) -> Value<'s> {
    match value {
        TomlValue::String(text) => Value::Text(text.value().clone()),
        TomlValue::Integer(number) => Value::Integer(*number.value()),
        TomlValue::Boolean(boolean) => Value::Boolean(*boolean.value()),
        TomlValue::Float(_) => Value::Other("a number with a fraction"),
        TomlValue::Datetime(_) => Value::Other("a date"),
        TomlValue::InlineTable(inner) => toml_table(source, inner, depth),
        TomlValue::Array(_) if depth >= DEPTH_MAX => Value::Other("a list that nests too deeply"),
        TomlValue::Array(items) => Value::List(
            items
                .iter()
                .map(|item| Node {
                    value: toml_value(source, item, depth + 1),
                    place: Place::offset(source, item.span().map_or(0, |span| span.start)),
                })
                .collect(),
        ),
    }
}

fn parse_json<'s>(source: &'s Source<'s>) -> Result<Node<'s>, ConfigError> {
    // Editors on Windows write a byte order mark.
    let text = source.text.trim_start_matches('\u{feff}');
    let mut json = serde_json::Deserializer::from_str(text);
    let root = JsonNode { place: Place::whole(source), depth: 0 }.deserialize(&mut json);
    root.and_then(|root| json.end().map(|()| root)).map_err(|error| {
        // Before the first character the parser counts column 0.
        let (line, column) = (error.line(), error.column().max(1));
        let message = error.to_string();
        // The message ends with the place, which we give in our own form.
        let message = message.rfind(" at line ").map_or(message.as_str(), |at| &message[..at]);
        let rest = text.lines().nth(line.saturating_sub(1)).and_then(|line| line.get(column - 1..));
        let message = match rest {
            Some(rest) if rest.starts_with('/') => "comments are not allowed",
            _ => message,
        };
        ConfigError {
            place: format!("{}:{line}:{column}", Place::whole(source)),
            mistake: Mistake::Syntax { format: "JSON", message: printable(message) },
        }
    })
}

/// Reads one JSON value. A reader of our own, since `serde_json::Value` drops the first of two
/// equal keys without a word.
struct JsonNode<'s> {
    place: Place<'s>,
    depth: usize,
}

impl<'s> JsonNode<'s> {
    fn inner(&self, place: Place<'s>) -> Self {
        Self { place, depth: self.depth + 1 }
    }
}

impl<'de, 's> DeserializeSeed<'de> for JsonNode<'s> {
    type Value = Node<'s>;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Node<'s>, D::Error> {
        let place = self.place.clone();
        let value = if self.depth < DEPTH_MAX {
            json.deserialize_any(self)?
        } else {
            json.deserialize_ignored_any(IgnoredAny)?;
            Value::Other("a value that nests too deeply")
        };
        Ok(Node { value, place })
    }
}

impl<'de, 's> Visitor<'de> for JsonNode<'s> {
    type Value = Value<'s>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value<'s>, E> {
        Ok(Value::Other("null"))
    }

    fn visit_bool<E>(self, boolean: bool) -> Result<Value<'s>, E> {
        Ok(Value::Boolean(boolean))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Value<'s>, E> {
        Ok(Value::Integer(number))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Value<'s>, E> {
        let integer = i64::try_from(number);
        Ok(integer.map_or(Value::Other("an integer beyond 64 bits"), Value::Integer))
    }

    fn visit_f64<E>(self, _: f64) -> Result<Value<'s>, E> {
        Ok(Value::Other("a number with a fraction"))
    }

    fn visit_str<E>(self, text: &str) -> Result<Value<'s>, E> {
        Ok(Value::Text(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut json: A) -> Result<Value<'s>, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = json.next_element_seed(self.inner(self.place.index(items.len())))? {
            items.push(item);
        }
        Ok(Value::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut json: A) -> Result<Value<'s>, A::Error> {
        let mut entries = Vec::new();
        while let Some(key) = json.next_key::<String>()? {
            let node = json.next_value_seed(self.inner(self.place.key(&key)))?;
            entries.push((key, node));
        }
        Ok(Value::Table(entries))
    }
}
