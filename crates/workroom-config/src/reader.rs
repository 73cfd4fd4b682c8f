//! Typed values out of a tree. A mistake is noted and the reading goes on, so
//! that all of them are told at once.

use crate::{
    error::{ConfigError, Warning},
    expand::{ExpandError, expand},
    node::{Node, Value},
};

/// A value with where it is from, in words.
#[derive(Clone, Debug)]
pub(crate) struct Read<T> {
    pub(crate) value: T,
    pub(crate) from: String,
    /// The text as it was written, where variables made the value: they may hold secrets.
    pub(crate) template: Option<String>,
}

pub(crate) struct Reader<'a> {
    env: &'a dyn Fn(&str) -> Option<String>,
    pub(crate) errors: Vec<ConfigError>,
    pub(crate) warnings: Vec<Warning>,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(env: &'a dyn Fn(&str) -> Option<String>) -> Self {
        Self { env, errors: Vec::new(), warnings: Vec::new() }
    }

    pub(crate) fn error(&mut self, node: &Node, message: impl Into<String>) {
        self.errors.push(ConfigError {
            place: node.place.clone(),
            message: message.into(),
            hint: None,
        });
    }

    fn expected(&mut self, node: &Node, key: &str, what: &str) {
        let message = format!("`{key}` is {}; it takes {what}", node.kind());
        self.error(node, message);
    }

    /// A text as it stands.
    pub(crate) fn text(&mut self, node: &Node, key: &str) -> Option<String> {
        match &node.value {
            Value::Text(text) => Some(text.clone()),
            _ => {
                self.expected(node, key, "a string");
                None
            }
        }
    }

    /// A text with its variables replaced. `whose` says whose it is, for the error.
    pub(crate) fn expanded(&mut self, node: &Node, key: &str, whose: &str) -> Option<Read<String>> {
        let text = self.text(node, key)?;
        match expand(&text, self.env) {
            Ok(expanded) => {
                let variables = expanded.variables;
                let from = match variables.as_slice() {
                    [] => node.place.clone(),
                    [one] => format!("{}, variable {one}", node.place),
                    many => format!("{}, variables {}", node.place, many.join(", ")),
                };
                let template = (!variables.is_empty()).then_some(text);
                Some(Read { value: expanded.text, from, template })
            }
            Err(ExpandError::Unset(name)) => {
                self.errors.push(ConfigError {
                    place: node.place.clone(),
                    message: format!("{whose} needs the variable `{name}`, which is not set"),
                    hint: Some(format!("set it, or give a default: ${{{name}:-value}}")),
                });
                None
            }
            Err(ExpandError::Malformed(text)) => {
                self.errors.push(ConfigError {
                    place: node.place.clone(),
                    message: format!("{whose} has `{text}`, which is no variable"),
                    hint: Some("write ${NAME}, ${NAME:-default}, or $${ for a plain ${".to_owned()),
                });
                None
            }
        }
    }

    pub(crate) fn boolean(&mut self, node: &Node, key: &str) -> Option<bool> {
        match node.value {
            Value::Boolean(boolean) => Some(boolean),
            _ => {
                self.expected(node, key, "true or false");
                None
            }
        }
    }

    /// An integer of at least 0.
    pub(crate) fn number(&mut self, node: &Node, key: &str) -> Option<u64> {
        match node.value {
            Value::Integer(number) if number >= 0 => u64::try_from(number).ok(),
            Value::Integer(_) => {
                self.error(node, format!("`{key}` is below 0"));
                None
            }
            _ => {
                self.expected(node, key, "an integer");
                None
            }
        }
    }

    pub(crate) fn list<'n>(&mut self, node: &'n Node, key: &str) -> &'n [Node] {
        match &node.value {
            Value::List(items) => items,
            _ => {
                self.expected(node, key, "a list");
                &[]
            }
        }
    }

    pub(crate) fn table<'n>(&mut self, node: &'n Node, key: &str) -> &'n [(String, Node)] {
        match &node.value {
            Value::Table(entries) => entries,
            _ => {
                self.expected(node, key, "a table");
                &[]
            }
        }
    }

    /// A key that nothing reads: an error in our own files, a warning in other clients'.
    pub(crate) fn unknown(&mut self, node: &Node, key: &str, known: &[&str], strict: bool) {
        let message = format!("there is no key `{key}`");
        let nearest = nearest(key, known);
        if !strict {
            self.warnings.push(Warning {
                place: node.place.clone(),
                message: format!("the key `{key}` is not read"),
            });
            return;
        }
        let hint = match nearest {
            Some(name) => format!("did you mean `{name}`?"),
            None => format!("the keys here are {}", known.join(", ")),
        };
        self.errors.push(ConfigError { place: node.place.clone(), message, hint: Some(hint) });
    }
}

/// The known name that `wanted` may have meant.
fn nearest<'k>(wanted: &str, known: &[&'k str]) -> Option<&'k str> {
    const LIKELY: f64 = 0.8;
    known
        .iter()
        .map(|name| (strsim::jaro_winkler(wanted, name), *name))
        .filter(|(score, _)| *score >= LIKELY)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, name)| name)
}
