//! Typed values out of a tree. A mistake is noted and the reading goes on, so
//! that all of them are told at once.

use std::collections::HashSet;

use crate::{
    error::{ConfigError, Mistake, Warning},
    expand::{ExpandError, expand},
    node::{Node, Value},
    place::shown,
};

/// The most entries of one list or table.
const ENTRIES_MAX: usize = 10_000;

/// A value with where it is from.
#[derive(Clone, Debug)]
pub(crate) struct Read<T> {
    pub(crate) value: T,
    pub(crate) place: String,
    /// The text as it was written and the variables in it, where variables made the value:
    /// they may hold secrets.
    pub(crate) template: Option<(String, Vec<String>)>,
}

impl<T> Read<T> {
    /// The place and the variables, in words.
    pub(crate) fn from(&self) -> String {
        match &self.template {
            None => self.place.clone(),
            Some((_, variables)) if variables.len() == 1 => {
                format!("{}, variable {}", self.place, variables[0])
            }
            Some((_, variables)) => format!("{}, variables {}", self.place, variables.join(", ")),
        }
    }
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

    pub(crate) fn error(&mut self, node: &Node<'_>, mistake: Mistake) {
        self.error_at(node.place.to_string(), mistake);
    }

    pub(crate) fn error_at(&mut self, place: String, mistake: Mistake) {
        self.errors.push(ConfigError { place, mistake });
    }

    /// A mistake in our own files, and only odd in those of other clients.
    pub(crate) fn error_if(&mut self, strict: bool, node: &Node<'_>, mistake: Mistake) {
        if strict {
            self.error(node, mistake);
        } else {
            let message = mistake.to_string();
            self.warnings.push(Warning { place: node.place.to_string(), message });
        }
    }

    fn wrong_type(&mut self, node: &Node<'_>, key: &str, expected: &'static str) {
        let mistake = Mistake::WrongType { key: shown(key), expected, found: node.kind() };
        self.error(node, mistake);
    }

    /// A text as it stands.
    pub(crate) fn text(&mut self, node: &Node<'_>, key: &str) -> Option<Read<String>> {
        match &node.value {
            Value::Text(text) => {
                let place = node.place.to_string();
                Some(Read { value: text.clone(), place, template: None })
            }
            _ => {
                self.wrong_type(node, key, "a string");
                None
            }
        }
    }

    /// A text of `server` with its variables replaced.
    pub(crate) fn expanded(
        &mut self,
        node: &Node<'_>,
        key: &str,
        server: &str,
    ) -> Option<Read<String>> {
        let written = self.text(node, key)?;
        let server = server.to_owned();
        let mistake = match expand(&written.value, self.env) {
            Ok(expanded) if expanded.text.contains('\0') => {
                Mistake::Nul { server, key: shown(key) }
            }
            Ok(expanded) => {
                let template =
                    (!expanded.variables.is_empty()).then_some((written.value, expanded.variables));
                return Some(Read { value: expanded.text, place: written.place, template });
            }
            Err(ExpandError::Unset(variable)) => Mistake::UnsetVariable { server, variable },
            Err(ExpandError::Malformed) => Mistake::BadVariable { server, key: shown(key) },
        };
        self.error(node, mistake);
        None
    }

    pub(crate) fn boolean(&mut self, node: &Node<'_>, key: &str) -> Option<bool> {
        match node.value {
            Value::Boolean(boolean) => Some(boolean),
            _ => {
                self.wrong_type(node, key, "a boolean");
                None
            }
        }
    }

    /// An integer of at least 0.
    pub(crate) fn number(&mut self, node: &Node<'_>, key: &str) -> Option<u64> {
        match node.value {
            Value::Integer(value) => {
                let number = u64::try_from(value).ok();
                if number.is_none() {
                    self.error(node, Mistake::Negative { key: key.to_owned(), value });
                }
                number
            }
            _ => {
                self.wrong_type(node, key, "an integer");
                None
            }
        }
    }

    pub(crate) fn list<'n, 's>(&mut self, node: &'n Node<'s>, key: &str) -> &'n [Node<'s>] {
        match &node.value {
            Value::List(items) if self.fits(node, key, items.len()) => items,
            Value::List(_) => &[],
            _ => {
                self.wrong_type(node, key, "a list");
                &[]
            }
        }
    }

    pub(crate) fn table<'n, 's>(
        &mut self,
        node: &'n Node<'s>,
        key: &str,
    ) -> &'n [(String, Node<'s>)] {
        let Value::Table(entries) = &node.value else {
            self.wrong_type(node, key, "a table");
            return &[];
        };
        if !self.fits(node, key, entries.len()) {
            return &[];
        }
        let mut seen = HashSet::new();
        for (name, entry) in entries {
            if !seen.insert(name) {
                self.error(entry, Mistake::DuplicateKey { key: shown(name) });
            }
        }
        entries
    }

    /// The table that a file is.
    pub(crate) fn root<'n, 's>(&mut self, node: &'n Node<'s>) -> &'n [(String, Node<'s>)] {
        if matches!(node.value, Value::Table(_)) {
            return self.table(node, "the file");
        }
        self.error(node, Mistake::NotATable { found: node.kind() });
        &[]
    }

    fn fits(&mut self, node: &Node<'_>, key: &str, count: usize) -> bool {
        if count > ENTRIES_MAX {
            self.error(node, Mistake::TooMany { key: shown(key), count, max: ENTRIES_MAX });
        }
        count <= ENTRIES_MAX
    }

    /// A key that nothing reads: an error in our own files, a warning in other clients'.
    pub(crate) fn unknown(
        &mut self,
        node: &Node<'_>,
        key: &str,
        known: &[&'static str],
        strict: bool,
    ) {
        if strict {
            let (key, nearest) = (shown(key), nearest(key, known));
            self.error(node, Mistake::UnknownKey { key, nearest, known: known.to_vec() });
        } else {
            let message = format!("the key `{}` is not read", shown(key));
            self.warnings.push(Warning { place: node.place.to_string(), message });
        }
    }
}

/// The known name that `wanted` may have meant.
pub(crate) fn nearest(wanted: &str, known: &[&'static str]) -> Option<&'static str> {
    const LIKELY: f64 = 0.8;
    // Longer ones are no misspellings, and comparing takes time by the product of lengths.
    const LENGTH_MAX: usize = 64;
    if wanted.len() > LENGTH_MAX {
        return None;
    }
    let wanted = wanted.to_lowercase();
    known
        .iter()
        .map(|name| (strsim::jaro_winkler(&wanted, name), *name))
        .filter(|(score, _)| *score >= LIKELY)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, name)| name)
}
