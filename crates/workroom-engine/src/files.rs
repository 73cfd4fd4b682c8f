//! The tree that agents list and read: `./servers/…` from the catalog, and
//! `./results/<run>.json` for what was too long to show.

use std::sync::Arc;

use thiserror::Error;
use workroom_catalog::{Catalog, Entry, PathError};

use crate::results::Results;

/// What is at a path.
#[derive(Clone, Debug)]
pub enum Node {
    /// A folder, with its entries in order.
    Folder(Vec<Entry>),
    /// A file's text.
    File(Arc<str>),
}

/// Why there is nothing to read.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ReadError {
    /// Not in the catalog.
    #[error(transparent)]
    Path(#[from] PathError),
    /// No such result, or not any more.
    #[error(
        "there is no result at `{path}`: only the last {} results that were too long to show are \
         kept",
        crate::RESULTS_MAX
    )]
    NoResult {
        /// The path asked for.
        path: String,
    },
}

pub(crate) fn read(catalog: &Catalog, results: &Results, path: &str) -> Result<Node, ReadError> {
    let inner = path.trim_start_matches(['.', '/']);
    if let Some(file) = inner.strip_prefix("results/") {
        return match results.get(file.trim_end_matches('/')) {
            Some(text) => Ok(Node::File(text)),
            None => Err(ReadError::NoResult { path: path.to_owned() }),
        };
    }
    Ok(match catalog.open(path)? {
        workroom_catalog::Node::File(text) => Node::File(text.into()),
        workroom_catalog::Node::Folder(entries) => Node::Folder(entries),
    })
}

/// Whether what is at `path` depends on the server called `name`, kept in `folder`.
pub(crate) fn concerns(path: &str, name: &str, folder: &str) -> bool {
    let inner = path.trim_start_matches(['.', '/']).trim_end_matches('/');
    match inner.strip_prefix("servers/") {
        Some(rest) => rest.split('/').next().is_some_and(|first| first == folder || first == name),
        None => inner.is_empty() || inner == "servers",
    }
}
