//! Where a value stands, and names as they may be shown.
//!
//! Places are made for every value and shown for few, so the work is done when one is shown.

use std::{fmt, rc::Rc};

use crate::Source;

/// The most characters of a key that a message shows.
const KEY_SHOWN_MAX: usize = 64;

/// A place in a file: `workroom.toml:3:7`, or `.mcp.json (mcpServers.crm.args[2])`.
#[derive(Clone, Debug)]
pub(crate) struct Place<'s> {
    source: &'s Source<'s>,
    at: At,
}

#[derive(Clone, Debug)]
enum At {
    Offset(usize),
    Path(Rc<Step>),
    Whole,
}

/// The last step of a path of keys and indexes.
#[derive(Debug)]
struct Step {
    parent: Option<Rc<Step>>,
    name: StepName,
}

#[derive(Debug)]
enum StepName {
    Key(String),
    Index(usize),
}

impl<'s> Place<'s> {
    /// The file as a whole.
    pub(crate) fn whole(source: &'s Source<'s>) -> Self {
        Self { source, at: At::Whole }
    }

    /// The byte `offset` of a file that is shown by line and column.
    pub(crate) fn offset(source: &'s Source<'s>, offset: usize) -> Self {
        Self { source, at: At::Offset(offset) }
    }

    /// The value of `key` in this place.
    pub(crate) fn key(&self, key: &str) -> Self {
        self.step(StepName::Key(key.to_owned()))
    }

    /// The item `index` of the list in this place.
    pub(crate) fn index(&self, index: usize) -> Self {
        self.step(StepName::Index(index))
    }

    fn step(&self, name: StepName) -> Self {
        let parent = match &self.at {
            At::Path(step) => Some(Rc::clone(step)),
            At::Offset(_) | At::Whole => None,
        };
        Self { source: self.source, at: At::Path(Rc::new(Step { parent, name })) }
    }
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.source.path.display();
        match &self.at {
            At::Whole => write!(f, "{path}"),
            At::Path(step) => write!(f, "{path} ({step})"),
            At::Offset(offset) => {
                let before = self.source.text.get(..*offset).unwrap_or_default();
                let before = before.trim_start_matches('\u{feff}');
                let line = before.matches('\n').count() + 1;
                let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
                write!(f, "{path}:{line}:{column}")
            }
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(parent) = &self.parent {
            write!(f, "{parent}")?;
        }
        match &self.name {
            StepName::Index(index) => write!(f, "[{index}]"),
            StepName::Key(key) if self.parent.is_none() => f.write_str(&segment(key)),
            StepName::Key(key) => write!(f, ".{}", segment(key)),
        }
    }
}

/// A key as a part of a dotted path: quoted where it is not a bare key.
pub(crate) fn segment(key: &str) -> String {
    let is_bare = !key.is_empty()
        && key.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | '@' | '/'));
    if is_bare { shown(key) } else { format!("\"{}\"", shown(key)) }
}

/// A name as a message shows it: without control characters, and not endless.
pub(crate) fn shown(name: &str) -> String {
    match name.char_indices().nth(KEY_SHOWN_MAX) {
        Some((end, _)) => format!("{}…", printable(&name[..end])),
        None => printable(name),
    }
}

/// `text` with its control characters escaped: a file from elsewhere must not steer a terminal.
pub(crate) fn printable(text: &str) -> String {
    let mut printable = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_control() {
            printable.extend(c.escape_default());
        } else {
            printable.push(c);
        }
    }
    printable
}
