//! The one task that writes.
//!
//! A write is handed over when its method is called, so the order of the calls is the order of
//! the writes. What waits when the task is free is committed together: a thousand runs that begin
//! at once are a handful of transactions. The queue has no bound of its own; what fills it is
//! bounded by the engine's runs at once and their calls in flight.

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

type Answer = oneshot::Sender<Result<Done, StoreError>>;

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
        let (writes, answers): (Vec<_>, Vec<_>) = batch.drain(..).unzip();
        let results = match together(&mut connection, &holders, &writes).await {
            Ok(results) => results,
            // One of them cannot be done: each for itself then, so that the others can.
            Err(_) if writes.len() > 1 => {
                let mut results = Vec::new();
                for write in &writes {
                    let alone = together(&mut connection, &holders, std::slice::from_ref(write));
                    results.push(alone.await.and_then(|mut results| {
                        results.pop().unwrap_or_else(|| Ok(Done::default()))
                    }));
                }
                results
            }
            Err(error) => vec![Err(error)],
        };
        for (answer, result) in answers.into_iter().zip(results) {
            // Who asked may not want to know.
            let _ = answer.send(result);
        }
    }
    // What is left in the write-ahead log is read by the next one who opens the file.
    let _ = connection.close().await;
}

/// Does `writes` in one transaction. A write that is refused, since its session is in use, has
/// changed nothing and does not end it.
async fn together(
    connection: &mut SqliteConnection,
    holders: &Holders,
    writes: &[Write],
) -> Result<Vec<Result<Done, StoreError>>, StoreError> {
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await.map_err(failed)?;
    let mut results = Vec::with_capacity(writes.len());
    for write in writes {
        match write.apply(&mut transaction, holders).await {
            Err(StoreError::Failed(why)) => return Err(StoreError::Failed(why)),
            result => results.push(result),
        }
    }
    transaction.commit().await.map_err(failed)?;
    Ok(results)
}
