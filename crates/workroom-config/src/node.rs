//! Both forms of configuration as one tree, each value with its place in its file.

use toml_edit::{Document, Item, TableLike, Value as TomlValue};

use crate::{Format, Source, error::ConfigError};

/// How deeply a configuration may nest; `servers.<name>.env.<variable>` is four.
const DEPTH_MAX: usize = 16;

/// A value and where it stands.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) value: Value,
    pub(crate) place: String,
}

#[derive(Clone, Debug)]
pub(crate) enum Value {
    Text(String),
    Integer(i64),
    Boolean(bool),
    List(Vec<Node>),
    /// In the order of the file.
    Table(Vec<(String, Node)>),
    /// What no key takes, by its name.
    Other(&'static str),
}

impl Node {
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
}

/// Parses a file.
///
/// # Errors
///
/// When it is not TOML or JSON.
pub(crate) fn parse(source: &Source<'_>) -> Result<Node, ConfigError> {
    match source.format {
        Format::Toml => parse_toml(source),
        Format::McpJson => parse_json(source),
    }
}

fn parse_toml(source: &Source<'_>) -> Result<Node, ConfigError> {
    let document = Document::parse(source.text).map_err(|error| ConfigError {
        place: place(source, error.span().map_or(0, |span| span.start)),
        message: format!("this is not TOML: {}", first_line(error.message())),
        hint: None,
    })?;
    Ok(Node { value: table(source, document.as_table(), 0), place: place(source, 0) })
}

fn table(source: &Source<'_>, table: &dyn TableLike, depth: usize) -> Value {
    let entries = table.iter().map(|(name, item)| {
        // The key's place: an unknown key is told where it is written.
        let span = table.key(name).and_then(toml_edit::Key::span).or_else(|| item.span());
        let place = place(source, span.map_or(0, |span| span.start));
        let value = if depth < DEPTH_MAX {
            item_value(source, item, depth + 1)
        } else {
            Value::Other("a table that nests too deeply")
        };
        (name.to_owned(), Node { value, place })
    });
    Value::Table(entries.collect())
}

fn item_value(source: &Source<'_>, item: &Item, depth: usize) -> Value {
    match item {
        Item::Table(inner) => table(source, inner, depth),
        Item::Value(value) => value_of(source, value, depth),
        Item::ArrayOfTables(_) => Value::Other("a list of tables"),
        Item::None => Value::Other("nothing"),
    }
}

fn value_of(source: &Source<'_>, value: &TomlValue, depth: usize) -> Value {
    match value {
        TomlValue::String(text) => Value::Text(text.value().clone()),
        TomlValue::Integer(number) => Value::Integer(*number.value()),
        TomlValue::Boolean(boolean) => Value::Boolean(*boolean.value()),
        TomlValue::Float(_) => Value::Other("a number with a fraction"),
        TomlValue::Datetime(_) => Value::Other("a date"),
        TomlValue::InlineTable(inner) => table(source, inner, depth),
        TomlValue::Array(_) if depth >= DEPTH_MAX => Value::Other("a list that nests too deeply"),
        TomlValue::Array(items) => Value::List(
            items
                .iter()
                .map(|item| Node {
                    value: value_of(source, item, depth + 1),
                    place: place(source, item.span().map_or(0, |span| span.start)),
                })
                .collect(),
        ),
    }
}

/// `file:line:column`, both 1-based.
fn place(source: &Source<'_>, offset: usize) -> String {
    let before = source.text.get(..offset).unwrap_or_default();
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    format!("{}:{line}:{column}", source.path.display())
}

fn parse_json(source: &Source<'_>) -> Result<Node, ConfigError> {
    let root = serde_json::from_str(source.text).map_err(|error| ConfigError {
        place: format!("{}:{}:{}", source.path.display(), error.line(), error.column()),
        message: format!("this is not JSON: {}", without_place(&error.to_string())),
        hint: None,
    })?;
    Ok(json_node(source, root, ""))
}

fn json_node(source: &Source<'_>, value: serde_json::Value, path: &str) -> Node {
    use serde_json::Value as Json;
    let place = match path {
        "" => source.path.display().to_string(),
        path => format!("{} ({path})", source.path.display()),
    };
    let value = match value {
        Json::String(text) => Value::Text(text),
        Json::Bool(boolean) => Value::Boolean(boolean),
        Json::Number(number) => {
            number.as_i64().map_or(Value::Other("a number with a fraction"), Value::Integer)
        }
        Json::Null => Value::Other("null"),
        Json::Array(items) => Value::List(
            items
                .into_iter()
                .enumerate()
                .map(|(index, item)| json_node(source, item, &format!("{path}[{index}]")))
                .collect(),
        ),
        Json::Object(entries) => Value::Table(
            entries
                .into_iter()
                .map(|(name, value)| {
                    let inner =
                        if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                    let node = json_node(source, value, &inner);
                    (name, node)
                })
                .collect(),
        ),
    };
    Node { value, place }
}

fn first_line(message: &str) -> &str {
    message.lines().next().unwrap_or_default()
}

/// `serde_json` ends its messages with the place, which we give in our own form.
fn without_place(message: &str) -> &str {
    message.rfind(" at line ").map_or(message, |at| &message[..at])
}
