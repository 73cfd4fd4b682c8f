//! The tree that agents list and read: `./servers/…` from the catalog,
//! `./skills/…` from the store, `./results/<run>.json` for what a run gave, and
//! `./results/<run>.log` for what it logged.

use std::sync::Arc;

use thiserror::Error;
use workroom_catalog::{Entry, PathError};
use workroom_types::{RunId, SessionId, ToolRef};

use crate::{Shared, outcome::StoredOutcome, report, shapes, skills::tree, store::StoreError};

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
        "there is no result at `{path}`: the run is unknown, failed, or was dropped as too old"
    )]
    NoResult {
        /// The path asked for.
        path: String,
    },
    /// No such skill, or no such file of it.
    #[error("there is nothing at `{path}`; {next}")]
    NoSkill {
        /// The path asked for.
        path: String,
        /// What to do next.
        next: String,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

pub(crate) async fn read(
    shared: &Shared,
    path: &str,
    session: Option<&SessionId>,
) -> Result<Node, ReadError> {
    let inner = path.trim_start_matches(['.', '/']);
    if let Some(node) = tree::read(shared, session, inner).await? {
        return Ok(node);
    }
    if let Some(file) = inner.strip_prefix("results/") {
        let none = || ReadError::NoResult { path: path.to_owned() };
        let file = file.trim_end_matches('/');
        let (run, wants_logs) = match file.strip_suffix(".log") {
            Some(run) => (run, true),
            None => (file.strip_suffix(".json").unwrap_or(file), false),
        };
        let record = shared.store.run(&RunId::named(run)).await?.ok_or_else(none)?;
        let outcome = record.end.and_then(|end| StoredOutcome::read(&end.outcome));
        let outcome = outcome.ok_or_else(none)?;
        let text = if wants_logs {
            Some(report::log_text(&outcome.logs)).filter(|text| !text.is_empty())
        } else {
            outcome.value
        };
        return Ok(Node::File(text.ok_or_else(none)?.into()));
    }
    let catalog = shared.catalog();
    if let Some((server, tool)) = catalog.tool_at(path) {
        let name = ToolRef { server: server.name.clone(), tool: tool.def.name.clone() };
        let observed = shapes::observed(shared, &name, tool).await;
        return Ok(Node::File(tool.source_with(Some(&observed)).into()));
    }
    Ok(match catalog.open(path)? {
        workroom_catalog::Node::File(text) => Node::File(text.into()),
        workroom_catalog::Node::Folder(mut entries) => {
            if inner.is_empty() {
                entries.extend(tree::root(shared, session).await?);
            }
            Node::Folder(entries)
        }
    })
}

/// Whether the file at `path` holds a value as JSON, and not text.
pub(crate) fn is_value(path: &str) -> bool {
    let inner = path.trim_start_matches(['.', '/']);
    inner.starts_with("results/") && inner.strip_suffix(".log").is_none()
}

/// Whether what is at `path` depends on the server called `name`, kept in `folder`.
pub(crate) fn concerns(path: &str, name: &str, folder: &str) -> bool {
    let inner = path.trim_start_matches(['.', '/']).trim_end_matches('/');
    match inner.strip_prefix("servers/") {
        Some(rest) => rest.split('/').next().is_some_and(|first| first == folder || first == name),
        None => inner.is_empty() || inner == "servers",
    }
}
