//! Local sentence embeddings for the search: a model in a folder, and what it made of the tools.
//!
//! [`Embeddings`] is the [`Similarity`] of the catalog. Everything happens in this process and on
//! this machine: nothing is fetched, and no text leaves it.
//!
//! # Layout
//!
//! * `model`: an ONNX model and its tokenizer; texts as vectors.
//! * `known`: the vectors of the texts that were learnt, in memory and in a file.
//! * `worker`: the thread that has the model; questions go before what is to be learnt.
//! * here: what is asked of it.
//!
//! # Not here
//!
//! What is said about a tool, and how much its closeness counts: both are the catalog's.

mod known;
mod model;
mod worker;

use std::{
    path::Path,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        mpsc::{self, RecvTimeoutError, Sender},
    },
    thread,
    time::Duration,
};

use workroom_catalog::Similarity;

pub use crate::{
    known::VECTORS_MAX,
    model::{About, MODEL_BYTES_MAX, ModelError, TOKENS_MAX},
};
use crate::{
    known::{Known, Table},
    worker::{Opened, Request, Worker},
};

/// How long a question waits for its vector before it is searched by its words alone: many times
/// what a small model needs, for a machine that is busy.
pub const QUESTION_TIMEOUT: Duration = Duration::from_secs(2);

/// How many texts a question waits for to be learnt, for [`QUESTION_TIMEOUT`] at most: more are not
/// learnt in that time.
pub const AWAITED_MAX: usize = 100;

/// A model and the texts that it has learnt. Its thread ends with it.
#[derive(Debug)]
pub struct Embeddings {
    requests: Sender<Request>,
    known: Arc<Mutex<Known>>,
    /// The vectors of the texts that were last asked for.
    table: Mutex<Option<Arc<Table>>>,
}

impl Embeddings {
    /// Opens the model in `folder` in the background: what is asked before it is open waits, or is
    /// answered without it. What it learns is kept in `cache`, if there is one; what cannot be read
    /// from there is learnt again. A model that cannot be used is logged.
    pub fn start(folder: &Path, cache: Option<&Path>) -> Self {
        Self::spawn(folder, cache, mpsc::channel().0)
    }

    /// The same, and waits until the model is open.
    ///
    /// # Errors
    ///
    /// [`ModelError`] when the folder has no model that can be used.
    pub fn open(folder: &Path, cache: Option<&Path>) -> Result<(Self, About), ModelError> {
        let (opened, opening) = mpsc::channel();
        let embeddings = Self::spawn(folder, cache, opened);
        let about =
            opening.recv().unwrap_or_else(|error| Err(ModelError::Run(error.to_string())))?;
        Ok((embeddings, about))
    }

    /// Learns `texts` before it returns, up to [`VECTORS_MAX`] of them. Gives whether all are
    /// learnt.
    pub fn learn_now(&self, texts: &Arc<[String]>) -> bool {
        self.learn(texts);
        self.settle(Duration::MAX);
        self.table(texts).is_some()
    }

    /// Waits until nothing is left to be learnt, for `time` at most.
    fn settle(&self, time: Duration) {
        let (told, telling) = mpsc::channel();
        if self.requests.send(Request::Settle(told)).is_ok() {
            // It ends without a word.
            let _ = telling.recv_timeout(time);
        }
    }

    fn spawn(folder: &Path, cache: Option<&Path>, opened: Sender<Opened>) -> Self {
        let (requests, received) = mpsc::channel();
        let known = Arc::default();
        let worker = Worker::new(Arc::clone(&known), received);
        let (folder, cache) = (folder.to_owned(), cache.map(Path::to_owned));
        let thread = thread::Builder::new().name("embeddings".to_owned());
        let run = move || worker.run(&folder, cache.as_deref(), &opened);
        if let Err(error) = thread.spawn(run) {
            tracing::warn!(%error, "tools are found by their words alone");
            locked(&known).give_up();
        }
        Self { requests, known, table: Mutex::default() }
    }

    /// The vectors of `texts`, if all are known.
    fn table(&self, texts: &Arc<[String]>) -> Option<Arc<Table>> {
        let mut last = self.table.lock().unwrap_or_else(PoisonError::into_inner);
        if !last.as_ref().is_some_and(|table| table.is_of(texts)) {
            *last = Some(Arc::new(locked(&self.known).table(texts)?));
        }
        last.clone()
    }
}

impl Similarity for Embeddings {
    fn cosines(&self, question: &str, texts: &Arc<[String]>) -> Option<Vec<f32>> {
        let (answer, answered) = mpsc::channel();
        self.requests.send(Request::Question(question.to_owned(), answer)).ok()?;
        // Nothing, where the model cannot be opened or fails: its thread has said so.
        let vector = match answered.recv_timeout(QUESTION_TIMEOUT) {
            Ok(vector) => vector?,
            Err(RecvTimeoutError::Disconnected) => return None,
            Err(RecvTimeoutError::Timeout) => {
                tracing::warn!("a question is searched by words alone: the model takes too long");
                return None;
            }
        };
        // Looked up after the answer: then the model is open, and what it had learnt is there.
        let table = self.table(texts).or_else(|| {
            self.learn(texts);
            if self.pending(texts) <= AWAITED_MAX {
                self.settle(QUESTION_TIMEOUT);
            }
            self.table(texts)
        });
        Some(table?.cosines(&vector))
    }

    fn learn(&self, texts: &Arc<[String]>) {
        if self.pending(texts) > 0 {
            // Where the thread has ended, there is nothing to be had.
            let _ = self.requests.send(Request::Learn(Arc::clone(texts)));
        }
    }

    fn pending(&self, texts: &[String]) -> usize {
        if texts.len() > VECTORS_MAX { 0 } else { locked(&self.known).lacks(texts).count() }
    }
}

/// Every change of what is known is one step.
fn locked(known: &Mutex<Known>) -> MutexGuard<'_, Known> {
    known.lock().unwrap_or_else(PoisonError::into_inner)
}
