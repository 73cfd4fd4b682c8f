//! The folder, the file, and the version of what is in it.
//!
//! # Invariants
//!
//! * One store at a time opens in a folder, among all processes: SQLite does not wait for another
//!   connection that makes a file one with a write-ahead log, it fails at once.

use std::{
    fs::{self, File, TryLockError},
    io,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use sqlx::{
    Connection as _, Row as _, SqliteConnection,
    sqlite::{
        SqliteAutoVacuum, SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions,
        SqliteSynchronous,
    },
};
use thiserror::Error;
use tokio::time::Instant;

use crate::{SqliteStore, holder::Holders, read::Reader, writer::Writer};

/// What each version added, the first one first.
const MIGRATIONS: [&str; 6] = [
    include_str!("../migrations/1.sql"),
    include_str!("../migrations/2.sql"),
    include_str!("../migrations/3.sql"),
    include_str!("../migrations/6.sql"),
    include_str!("../migrations/7.sql"),
    include_str!("../migrations/8.sql"),
];

/// How long another process may hold the file.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// How often a store that waits for another one that opens looks again.
const LOOK_AGAIN: Duration = Duration::from_millis(5);

/// Connections that read.
const READERS: u32 = 4;

/// Why a store cannot be opened.
#[derive(Debug, Error)]
pub enum OpenError {
    /// The folder cannot be made or used.
    #[error("cannot use the folder `{}`: {error}", folder.display())]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// The operating system's words.
        error: io::Error,
    },
    /// A newer Workroom made the file.
    #[error(
        "`{}` is of version {found}, and this Workroom knows up to {known}: use a newer one",
        file.display()
    )]
    Newer {
        /// The file.
        file: PathBuf,
        /// Its version.
        found: i64,
        /// The newest version that is known.
        known: i64,
    },
    /// The file is no store, is damaged, or cannot be read.
    #[error("cannot open `{}`: {reason}", file.display())]
    File {
        /// The file.
        file: PathBuf,
        /// SQLite's words.
        reason: String,
    },
}

/// What tests set lower than it is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tuning {
    /// How long another process may hold the file.
    pub(crate) busy_timeout: Duration,
    /// The most pages of the file: as good as a full disk.
    pub(crate) pages_max: Option<u32>,
}

impl Default for Tuning {
    fn default() -> Self {
        Self { busy_timeout: BUSY_TIMEOUT, pages_max: None }
    }
}

pub(crate) async fn open(folder: &Path) -> Result<SqliteStore, OpenError> {
    open_with(folder, Tuning::default()).await
}

pub(crate) async fn open_with(folder: &Path, tuning: Tuning) -> Result<SqliteStore, OpenError> {
    let in_folder = |error| OpenError::Folder { folder: folder.to_owned(), error };
    make_private(folder).map_err(in_folder)?;
    let holders = folder.join("holders");
    make_private(&holders).map_err(in_folder)?;
    let file = folder.join("workroom.db");
    make_private_file(&file).map_err(in_folder)?;
    let _alone = alone(folder, &file, tuning.busy_timeout).await?;
    let in_file = |error: sqlx::Error| {
        let reason = match error {
            sqlx::Error::Database(error) => error.message().to_owned(),
            other => other.to_string(),
        };
        OpenError::File { file: file.clone(), reason }
    };
    let mut options = SqliteConnectOptions::new()
        .filename(&file)
        .auto_vacuum(SqliteAutoVacuum::Incremental)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Normal)
        .busy_timeout(tuning.busy_timeout)
        // What is deleted of a page is overwritten. Whole pages that become free are not: they
        // hold journals and states, which have no values in them, and would be written twice.
        .pragma("secure_delete", "FAST")
        .foreign_keys(true);
    if let Some(pages) = tuning.pages_max {
        options = options.pragma("max_page_count", pages.to_string());
    }
    let mut connection = SqliteConnection::connect_with(&options).await.map_err(in_file)?;
    migrate(&mut connection, &file).await?;
    let holders = Arc::new(Holders::new(&holders).map_err(in_folder)?);
    let readers = SqlitePoolOptions::new()
        .max_connections(READERS)
        .connect_lazy_with(options.pragma("query_only", "1"));
    Ok(SqliteStore {
        writer: Writer::start(connection, Arc::clone(&holders)),
        reader: Reader::new(readers, Arc::clone(&holders), file),
        holders,
    })
}

/// Waits until nobody else opens a store in `folder`; nobody does while the result is there.
async fn alone(folder: &Path, file: &Path, most: Duration) -> Result<File, OpenError> {
    let in_folder = |error| OpenError::Folder { folder: folder.to_owned(), error };
    let path = folder.join("open.lock");
    make_private_file(&path).map_err(in_folder)?;
    let lock = File::open(path).map_err(in_folder)?;
    let give_up = Instant::now() + most;
    // Not `File::lock`: who has it may be another task of this thread.
    loop {
        match lock.try_lock() {
            Ok(()) => return Ok(lock),
            Err(TryLockError::Error(error)) => return Err(in_folder(error)),
            Err(TryLockError::WouldBlock) if Instant::now() < give_up => {
                tokio::time::sleep(LOOK_AGAIN).await;
            }
            Err(TryLockError::WouldBlock) => {
                let reason = format!("another process has been opening it for {most:?}");
                return Err(OpenError::File { file: file.to_owned(), reason });
            }
        }
    }
}

/// Brings the file to the newest version. Two processes that do so at once wait for each other.
async fn migrate(connection: &mut SqliteConnection, file: &Path) -> Result<(), OpenError> {
    let in_file =
        |error: sqlx::Error| OpenError::File { file: file.to_owned(), reason: error.to_string() };
    let known = i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX);
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await.map_err(in_file)?;
    let row = sqlx::query("PRAGMA user_version").fetch_one(&mut *transaction).await;
    let found: i64 = row.and_then(|row| row.try_get(0)).map_err(in_file)?;
    if found > known {
        return Err(OpenError::Newer { file: file.to_owned(), found, known });
    }
    let done = usize::try_from(found).unwrap_or(0);
    for migration in &MIGRATIONS[done..] {
        sqlx::raw_sql(*migration).execute(&mut *transaction).await.map_err(in_file)?;
    }
    if found < known {
        let version = sqlx::AssertSqlSafe(format!("PRAGMA user_version = {known}"));
        sqlx::raw_sql(version).execute(&mut *transaction).await.map_err(in_file)?;
    }
    transaction.commit().await.map_err(in_file)
}

#[cfg(unix)]
fn make_private(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    fs::set_permissions(folder, fs::Permissions::from_mode(0o700))
}

/// SQLite gives its other files the mode of this one.
#[cfg(unix)]
fn make_private_file(file: &Path) -> io::Result<()> {
    use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
    fs::OpenOptions::new().append(true).create(true).mode(0o600).open(file)?;
    fs::set_permissions(file, fs::Permissions::from_mode(0o600))
}

// Elsewhere the user's own data folder is private by inheritance.
#[cfg(not(unix))]
fn make_private(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)
}

#[cfg(not(unix))]
fn make_private_file(file: &Path) -> io::Result<()> {
    fs::OpenOptions::new().append(true).create(true).open(file).map(drop)
}
