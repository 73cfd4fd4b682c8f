//! Checking a script's types before it runs, by a compiler outside.
//!
//! The compiler is given the agent's text and the files of the servers that the text mentions; of
//! what it says, only what is about values is passed on. Names, imports and the form of a script
//! are checked by `workroom-script`, which knows more of them: a top-level `return`, variables of
//! the session.

use std::{fmt, sync::Arc, time::Duration};

use futures::future::BoxFuture;
use thiserror::Error;
use tokio::task::JoinHandle;
use workroom_script::{DIAGNOSTICS_MAX, Diagnostic, DiagnosticKind, Position};

use crate::Shared;

/// The script among the files.
pub const SCRIPT: &str = "script.ts";

/// The most characters of one message.
const MESSAGE_CHARS_MAX: usize = 400;

/// The errors that are passed on, by TypeScript's numbers for them: properties, arguments,
/// operands and calls that the types rule out.
const TOLD: &[u32] = &[
    2322, 2339, 2345, 2349, 2351, 2353, 2362, 2363, 2365, 2367, 2488, 2551, 2554, 2555, 2559, 2561,
    2739, 2740, 2741, 2769, 2820,
];

/// A compiler that checks types.
pub trait TypeChecker: fmt::Debug + Send + Sync {
    /// Checks `files`, and gives the errors in [`SCRIPT`]. Dropping the future ends the check.
    fn check(
        &self,
        files: Vec<SourceFile>,
    ) -> BoxFuture<'static, Result<Vec<TypeError>, TypeCheckError>>;
}

/// One file of a check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceFile {
    /// Its path, relative, with `/`.
    pub path: String,
    /// Its text.
    pub text: String,
}

/// One error that the compiler found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TypeError {
    /// Where.
    pub position: Position,
    /// TypeScript's number for it.
    pub code: u32,
    /// What it says, in one line.
    pub message: String,
}

/// A check that did not take place.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("the types were not checked: {0}")]
pub struct TypeCheckError(pub String);

/// How scripts' types are checked.
#[derive(Clone, Debug)]
pub struct TypeCheck {
    /// By what.
    pub checker: Arc<dyn TypeChecker>,
    /// How long it may take.
    pub time: Duration,
    /// Whether a script with a mistake is refused, and not only warned of it.
    pub refuses: bool,
}

/// A check that is under way. Dropping it ends the check.
pub(crate) struct Checking(JoinHandle<Vec<Diagnostic>>);

impl Drop for Checking {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Checking {
    /// Begins to check `source`, if that is wanted.
    pub(crate) fn begin(shared: &Shared, source: &str) -> Option<Self> {
        let TypeCheck { checker, time, .. } = shared.types.as_ref()?;
        let (check, time) = (checker.check(files(shared, source)), *time);
        Some(Self(tokio::spawn(async move {
            match tokio::time::timeout(time, check).await {
                Ok(Ok(errors)) => diagnostics(errors),
                Ok(Err(error)) => {
                    tracing::warn!(%error, "a script");
                    Vec::new()
                }
                Err(_) => {
                    tracing::debug!(?time, "checking a script's types took too long");
                    Vec::new()
                }
            }
        })))
    }

    /// What was found, once it is known.
    pub(crate) async fn found(mut self) -> Vec<Diagnostic> {
        // A checker that panicked has found nothing.
        (&mut self.0).await.unwrap_or_default()
    }
}

/// The script, and the files of the servers that it mentions.
fn files(shared: &Shared, source: &str) -> Vec<SourceFile> {
    let catalog = shared.catalog();
    let text = workroom_script::typescript(source).into_owned();
    let mut files = vec![SourceFile { path: SCRIPT.to_owned(), text }];
    for server in catalog.servers() {
        if server.tools.is_empty() || !source.contains(&server.folder) {
            continue;
        }
        let folder = format!("servers/{}", server.folder);
        files.push(SourceFile { path: format!("{folder}/index.ts"), text: server.index() });
        files.extend(server.tools.iter().map(|tool| SourceFile {
            path: format!("{folder}/{}.ts", tool.stem),
            text: tool.lenient_source(),
        }));
    }
    files
}

/// A message that spells out large types is cut.
fn shortened(message: &str) -> String {
    match message.char_indices().nth(MESSAGE_CHARS_MAX) {
        Some((end, _)) => format!("{} …", &message[..end]),
        None => message.to_owned(),
    }
}

fn diagnostics(errors: Vec<TypeError>) -> Vec<Diagnostic> {
    let told = errors.into_iter().filter(|error| TOLD.contains(&error.code));
    told.take(DIAGNOSTICS_MAX)
        .map(|error| Diagnostic {
            kind: DiagnosticKind::Type,
            message: shortened(error.message.trim_end_matches('.')),
            position: error.position,
            ..Diagnostic::default()
        })
        .collect()
}
