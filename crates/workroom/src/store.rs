//! What is kept between commands: where it is, and how it is opened.

use std::{env, path::PathBuf, sync::Arc};

use workroom_engine::store::{Memory, Store};

use crate::output::Failure;

/// Whether a command's runs and sessions are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Keep {
    /// In the user's data folder.
    Stored,
    /// Nothing outlives the command.
    Nothing,
}

/// The store that `keep` asks for.
pub(crate) async fn open(keep: Keep) -> Result<Arc<dyn Store>, Failure> {
    match (keep, folder()) {
        (Keep::Nothing, _) | (Keep::Stored, None) => Ok(Arc::new(Memory::default())),
        (Keep::Stored, Some(folder)) => {
            let store = workroom_store::SqliteStore::open(&folder).await.map_err(|error| {
                Failure::failed(error).hint(
                    "WORKROOM_DATA names another folder to keep sessions in; `workroom doctor` \
                     looks closer",
                )
            })?;
            Ok(Arc::new(store))
        }
    }
}

/// Where sessions and runs are kept: `WORKROOM_DATA`, or the user's data folder.
pub(crate) fn folder() -> Option<PathBuf> {
    env::var_os("WORKROOM_DATA")
        .map(PathBuf::from)
        .or_else(|| directories::BaseDirs::new().map(|dirs| dirs.data_dir().join("workroom")))
}
