//! What calls came and what was really done, in a file: a server that is killed has counted too.

use std::{
    collections::HashMap,
    fs::{File, OpenOptions},
    io::{self, Write as _},
    path::{Path, PathBuf},
};

/// The calls of one server.
#[derive(Debug)]
pub struct Effects {
    path: PathBuf,
    file: File,
}

/// How often one call came, and how often it was done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// How often it came.
    pub came: u32,
    /// How often it was done.
    pub done: u32,
}

impl Effects {
    /// The calls in the file at `path`, which is made if there is none.
    pub fn open(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().create(true).append(true).open(path)?;
        Ok(Self { path: path.to_owned(), file })
    }

    /// The call `id` came.
    pub fn came(&self, id: &str) -> io::Result<()> {
        self.note("came", id)
    }

    /// The call `id` was done.
    pub fn done(&self, id: &str) -> io::Result<()> {
        self.note("done", id)
    }

    /// Every call with its counts.
    pub fn counts(&self) -> io::Result<HashMap<String, Count>> {
        let mut counts: HashMap<String, Count> = HashMap::new();
        for line in std::fs::read_to_string(&self.path)?.lines() {
            match line.split_once(' ') {
                Some(("came", id)) => counts.entry(id.to_owned()).or_default().came += 1,
                Some(("done", id)) => counts.entry(id.to_owned()).or_default().done += 1,
                _ => {}
            }
        }
        Ok(counts)
    }

    /// One line in one write: lines of several servers do not mix.
    fn note(&self, what: &str, id: &str) -> io::Result<()> {
        (&self.file).write_all(format!("{what} {id}\n").as_bytes())
    }
}
