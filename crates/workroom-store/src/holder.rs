//! Who lives: one locked file for each open store.
//!
//! The kernel gives a lock back when its process ends, however it ends. So a holder whose file
//! can be locked, or is not there, is dead; and no clock or process number is asked.
//!
//! # Invariants
//!
//! * A file is locked from before its name is written anywhere. Between its making and its lock
//!   nobody tidies up: that is done when a store is opened, and one at a time is.

use std::{
    fs::{self, File, TryLockError},
    io,
    path::{Path, PathBuf},
};

/// The holders of one folder, and this store's own.
pub(crate) struct Holders {
    folder: PathBuf,
    own: String,
    /// Locked; dropping it gives the lock back.
    _lock: File,
}

impl Holders {
    /// Makes a holder of this store's own in `folder`, and removes the files of dead ones.
    pub(crate) fn new(folder: &Path) -> io::Result<Self> {
        for entry in fs::read_dir(folder)? {
            is_locked(&entry?.path());
        }
        let mut random = [0; 16];
        getrandom::fill(&mut random).map_err(io::Error::other)?;
        let own = format!("{:032x}", u128::from_be_bytes(random));
        let file = File::create_new(folder.join(&own))?;
        file.try_lock().map_err(|error| match error {
            TryLockError::Error(error) => error,
            TryLockError::WouldBlock => io::Error::other("a new file is locked"),
        })?;
        Ok(Self { folder: folder.to_owned(), own, _lock: file })
    }

    pub(crate) fn own(&self) -> &str {
        &self.own
    }

    /// Whether `holder` has its store open. When that cannot be found out it counts as alive:
    /// its run is left alone.
    pub(crate) fn is_alive(&self, holder: &str) -> bool {
        holder == self.own || is_locked(&self.folder.join(holder))
    }
}

/// Whether somebody holds the file at `path`. If nobody does it is removed.
fn is_locked(path: &Path) -> bool {
    match File::open(path) {
        Err(error) => error.kind() != io::ErrorKind::NotFound,
        // Shared: two stores that look at once must not take each other for the holder.
        Ok(file) => match file.try_lock_shared() {
            Ok(()) => {
                // Not there is dead too; that it goes is tidiness.
                let _ = fs::remove_file(path);
                false
            }
            Err(_) => true,
        },
    }
}

impl Drop for Holders {
    fn drop(&mut self) {
        let _ = fs::remove_file(self.folder.join(&self.own));
    }
}
