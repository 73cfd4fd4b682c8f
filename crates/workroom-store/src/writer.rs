//! The one task that writes.
//!
//! A write is handed over when its method is called, so the order of the calls is the order of
//! the writes. What waits when the task is free is committed together: a thousand runs that begin
//! at once are a handful of transactions. The queue has no bound of its own; what fills it is
//! bounded by the engine's runs at once and their calls in flight.
//!
//! # Failures
//!
//! A write that fails does so alone: its transaction is undone, and each of its writes is done
//! again by itself, in order. That costs nothing as long as none fails, where a savepoint around
//! each would cost two more trips to the connection's thread.
//!
//! Transactions are begun and ended in SQL and not with [`sqlx::Transaction`]: when the disk is
//! full SQLite rolls back by itself, after which sqlx 0.9 counts one transaction too many for
//! ever, and begins no other.

use std::{future::Future, sync::Arc};

use sqlx::{Connection as _, SqliteConnection};
use tokio::sync::{mpsc, oneshot};
use workroom_engine::store::StoreError;

use crate::{
    failed,
    holder::Holders,
    write::{Done, Write},
};

/// The most writes of one transaction.
const BATCH_MAX: usize = 256;

/// The most bytes of one transaction, unless its first write alone has more: the log that they
/// go to grows with it.
const BATCH_BYTES_MAX: usize = 8 << 20;

type Answer = oneshot::Sender<Result<Done, StoreError>>;
type Results = Vec<Result<Done, StoreError>>;

/// Hands writes to the task.
pub(crate) struct Writer(mpsc::UnboundedSender<(Write, Answer)>);

impl Writer {
    /// Starts the task, which ends when the writer is gone and all is written.
    pub(crate) fn start(connection: SqliteConnection, holders: Arc<Holders>) -> Self {
        let (sender, waiting) = mpsc::unbounded_channel();
        tokio::spawn(work(connection, holders, waiting));
        Self(sender)
    }

    /// Hands over `write`, now; the future resolves when it is durable.
    pub(crate) fn write(
        &self,
        write: Write,
    ) -> impl Future<Output = Result<Done, StoreError>> + Send + 'static + use<> {
        let (answer, done) = oneshot::channel();
        // A task that is gone drops the answer, which is found below.
        let _ = self.0.send((write, answer));
        async move {
            let gone = || StoreError::Failed("the store's writer is gone".to_owned());
            done.await.unwrap_or_else(|_| Err(gone()))
        }
    }
}

async fn work(
    mut connection: SqliteConnection,
    holders: Arc<Holders>,
    mut waiting: mpsc::UnboundedReceiver<(Write, Answer)>,
) {
    let mut batch = Vec::new();
    while waiting.recv_many(&mut batch, BATCH_MAX).await > 0 {
        while !batch.is_empty() {
            let next = batch.drain(..within_budget(&batch));
            let (writes, answers): (Vec<_>, Vec<_>) = next.unzip();
            let results = all(&mut connection, &holders, &writes).await;
            if writes.iter().any(Write::destroys) {
                empty_log(&mut connection).await;
            }
            for (answer, result) in answers.into_iter().zip(results) {
                // Who asked may not want to know.
                let _ = answer.send(result);
            }
        }
    }
    // All is written: what this holder still has under way is interrupted from here on.
    drop(holders);
    // What is left in the write-ahead log is read by the next one who opens the file.
    let _ = connection.close().await;
}

/// Empties the write-ahead log, which has pages as they were before: with keys that are destroyed.
/// Where somebody reads all the while, the next sweep does it.
async fn empty_log(db: &mut SqliteConnection) {
    let _ = execute(db, "PRAGMA wal_checkpoint(TRUNCATE)").await;
}

/// How many of `batch` go into one transaction: at least one.
fn within_budget(batch: &[(Write, Answer)]) -> usize {
    let mut bytes = 0;
    let fits = batch.iter().take_while(|(write, _)| {
        bytes += write.bytes();
        bytes <= BATCH_BYTES_MAX
    });
    fits.count().max(1)
}

/// Does `writes`: together, or each for itself when one of them fails.
async fn all(db: &mut SqliteConnection, holders: &Holders, writes: &[Write]) -> Results {
    match together(db, holders, writes).await {
        Ok(results) => results,
        Err(NotDone::Undone(_)) if writes.len() > 1 => one_by_one(db, holders, writes).await,
        Err(NotDone::Undone(error) | NotDone::NotBegun(error)) => vec![Err(error); writes.len()],
    }
}

async fn one_by_one(db: &mut SqliteConnection, holders: &Holders, writes: &[Write]) -> Results {
    let mut results = Vec::with_capacity(writes.len());
    for write in writes {
        match together(db, holders, std::slice::from_ref(write)).await {
            Ok(mut result) => results.append(&mut result),
            Err(NotDone::Undone(error)) => results.push(Err(error)),
            // The others would each wait as long, and everybody behind them.
            Err(NotDone::NotBegun(error)) => {
                results.resize(writes.len(), Err(error));
                break;
            }
        }
    }
    results
}

/// Why no write of a transaction was done.
enum NotDone {
    /// Another process holds the file, or it cannot be written at all.
    NotBegun(StoreError),
    /// One of them failed, or committing them did.
    Undone(StoreError),
}

/// Does `writes` in one transaction. A write that is refused, since its session is in use, has
/// changed nothing and does not end it.
async fn together(
    db: &mut SqliteConnection,
    holders: &Holders,
    writes: &[Write],
) -> Result<Results, NotDone> {
    if let Err(error) = execute(db, "BEGIN IMMEDIATE").await {
        return Err(NotDone::NotBegun(error));
    }
    let mut results = Vec::with_capacity(writes.len());
    for write in writes {
        match write.apply(db, holders).await {
            Err(error @ StoreError::Failed(_)) => {
                roll_back(db).await;
                return Err(NotDone::Undone(error));
            }
            result => results.push(result),
        }
    }
    if let Err(error) = execute(db, "COMMIT").await {
        roll_back(db).await;
        return Err(NotDone::Undone(error));
    }
    Ok(results)
}

/// Fails only where SQLite has rolled back by itself.
async fn roll_back(db: &mut SqliteConnection) {
    let _ = execute(db, "ROLLBACK").await;
}

async fn execute(db: &mut SqliteConnection, text: &'static str) -> Result<(), StoreError> {
    sqlx::raw_sql(text).execute(db).await.map(drop).map_err(failed)
}
