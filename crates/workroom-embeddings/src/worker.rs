//! The thread that has the model: a tokenizer cannot go from one thread to another.

use std::{
    path::Path,
    sync::{
        Arc, Mutex,
        mpsc::{Receiver, Sender, TryRecvError},
    },
};

use crate::{
    known::Known,
    locked,
    model::{About, Model, ModelError, Role},
};

/// How many texts are learnt before they are written down.
const WRITE_AFTER: usize = 16;

/// What is asked of the thread.
#[derive(Debug)]
pub(crate) enum Request {
    /// A question's vector; `None` where the model fails.
    Question(String, Sender<Option<Vec<f32>>>),
    /// To learn these, and nothing that was to be learnt before.
    Learn(Arc<[String]>),
    /// To say when nothing is left to be learnt.
    Settle(Sender<()>),
}

/// What a model is, or why there is none.
pub(crate) type Opened = Result<About, ModelError>;

pub(crate) struct Worker {
    known: Arc<Mutex<Known>>,
    requests: Receiver<Request>,
    /// What is to be learnt, the next one last.
    waiting: Vec<String>,
    /// What is learnt and not yet written.
    fresh: Vec<String>,
    /// Who waits until nothing is left.
    settling: Vec<Sender<()>>,
}

impl Worker {
    pub(crate) fn new(known: Arc<Mutex<Known>>, requests: Receiver<Request>) -> Self {
        Self { known, requests, waiting: Vec::new(), fresh: Vec::new(), settling: Vec::new() }
    }

    /// Opens the model in `folder`, says so, and answers until nobody can ask any more.
    pub(crate) fn run(mut self, folder: &Path, cache: Option<&Path>, opened: &Sender<Opened>) {
        match Model::open(folder) {
            Ok(model) => {
                let about = model.about().clone();
                *locked(&self.known) = Known::open(cache, &about);
                // Not everyone waits for it.
                let _ = opened.send(Ok(about));
                self.answer(&model);
            }
            Err(error) => {
                locked(&self.known).give_up();
                if let Err(unsaid) = opened.send(Err(error))
                    && let Err(error) = unsaid.0
                {
                    tracing::warn!(%error, "tools are found by their words alone");
                }
            }
        }
    }

    /// Questions first, since someone waits for them.
    fn answer(&mut self, model: &Model) {
        loop {
            let request = match self.requests.try_recv() {
                Err(TryRecvError::Empty) => match self.waiting.pop() {
                    Some(text) => {
                        self.learn(model, text);
                        continue;
                    }
                    None => {
                        self.write();
                        // Who waited is told by the end of the channel.
                        self.settling.clear();
                        self.requests.recv().ok()
                    }
                },
                received => received.ok(),
            };
            match request {
                Some(Request::Question(text, answer)) => {
                    // Whoever asked may have gone.
                    let _ = answer.send(vector(model, &text, Role::Query));
                }
                Some(Request::Learn(texts)) => {
                    self.waiting = locked(&self.known).lacks(&texts).rev().cloned().collect();
                }
                Some(Request::Settle(told)) => self.settling.push(told),
                None => return self.write(),
            }
        }
    }

    fn learn(&mut self, model: &Model, text: String) {
        // A text that the model fails on is close to none.
        let vector = vector(model, &text, Role::Document);
        let vector = vector.unwrap_or_else(|| vec![0.0; model.about().width]);
        locked(&self.known).add(&text, vector);
        self.fresh.push(text);
        if self.fresh.len() >= WRITE_AFTER {
            self.write();
        }
    }

    fn write(&mut self) {
        locked(&self.known).write(&std::mem::take(&mut self.fresh));
    }
}

fn vector(model: &Model, text: &str, role: Role) -> Option<Vec<f32>> {
    let vector = model.embed(text, role);
    vector.inspect_err(|error| tracing::warn!(%error, "it is searched by words alone")).ok()
}
