//! What a run's journal holds, and how a run is read back from it.
//!
//! An entry is written before what it tells of can be seen outside: a turn's calls before they
//! are sent, an answer before it is handed in. So at every moment the journal says, of each call,
//! whether it was surely not sent, may have been sent, or was answered.

use std::{collections::BTreeMap, sync::Arc};

use futures::FutureExt as _;
use serde::{Deserialize, Serialize};
use workroom_types::RunId;

use crate::{
    privacy,
    sandbox::{Answer, ClockRead, Code, GuestCall, GuestTimer, LogLine, Turn},
    store::{Store, StoreError, Stored},
};

/// One entry, kept as postcard.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Entry {
    /// What the guest evaluates. The first entry.
    Code(Code),
    /// A turn ended. None of its calls has been sent.
    Turn(TurnRecord),
    /// These calls are about to be sent, or timers set.
    Sent(Vec<u32>),
    /// A call was answered, or a timer fired.
    Answered(Answer),
    /// These answers are handed in, in this order.
    Resumed(Vec<u32>),
    /// The guest as it waits.
    Saved(Saved),
}

/// What a turn read and asked for.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct TurnRecord {
    pub(crate) clock: Vec<ClockRead>,
    pub(crate) calls: Vec<GuestCall>,
    pub(crate) timers: Vec<GuestTimer>,
}

impl TurnRecord {
    pub(crate) fn of(turn: &Turn) -> Self {
        let calls = turn.calls.iter().map(privacy::without_value).collect();
        Self { clock: turn.clock.clone(), calls, timers: turn.timers.clone() }
    }
}

/// A waiting guest, and what its run had logged.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Saved {
    pub(crate) snapshot: Vec<u8>,
    pub(crate) logs: Vec<LogLine>,
}

/// Writes one run's journal.
pub(crate) struct Journal {
    store: Arc<dyn Store>,
    run: RunId,
}

impl Journal {
    pub(crate) fn new(store: Arc<dyn Store>, run: RunId) -> Self {
        Self { store, run }
    }

    /// Adds `entries`; their order is that of the calls of this method. The future resolves when
    /// they are durable, and may be dropped.
    pub(crate) fn append(&self, entries: &[Entry]) -> Stored<'_, ()> {
        let bytes: Result<Vec<_>, _> = entries.iter().map(postcard::to_stdvec).collect();
        let bytes = match bytes {
            Ok(bytes) => bytes,
            Err(error) => {
                let error = StoreError::Failed(format!("an entry cannot be written: {error}"));
                return std::future::ready(Err(error)).boxed();
            }
        };
        self.store.append(&self.run, bytes)
    }
}

/// A run as its journal tells it.
pub(crate) struct Record {
    pub(crate) code: Arc<Code>,
    pub(crate) steps: Vec<Step>,
    /// The last saved guest, and the step that follows it.
    pub(crate) saved: Option<(Saved, usize)>,
    /// What waits after the last step, by id.
    pub(crate) open: BTreeMap<u32, Open>,
}

/// One turn: what it is given, and what it came to.
#[derive(Default)]
pub(crate) struct Step {
    pub(crate) answers: Vec<Answer>,
    /// `None`: the process died before the turn was recorded.
    pub(crate) turn: Option<TurnRecord>,
}

/// Something that the script waits for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Open {
    pub(crate) wait: Wait,
    pub(crate) sent: bool,
    pub(crate) answer: Option<Answer>,
}

/// What is waited for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Wait {
    Call(GuestCall),
    Timer(GuestTimer),
}

impl Record {
    /// Reads a journal. `None`: the run had not begun to compute.
    ///
    /// # Errors
    ///
    /// [`StoreError::Failed`] when an entry is not what this version writes.
    pub(crate) fn read(journal: &[Vec<u8>]) -> Result<Option<Self>, StoreError> {
        let mut record: Option<Self> = None;
        for bytes in journal {
            let entry = postcard::from_bytes(bytes).map_err(|error| {
                StoreError::Failed(format!("a journal entry cannot be read: {error}"))
            })?;
            match (&mut record, entry) {
                (None, Entry::Code(code)) => {
                    record = Some(Self {
                        code: Arc::new(code),
                        steps: vec![Step::default()],
                        saved: None,
                        open: BTreeMap::new(),
                    });
                }
                (Some(record), entry) => record.add(entry),
                (None, _) => {
                    let what = "a journal does not begin with its code".to_owned();
                    return Err(StoreError::Failed(what));
                }
            }
        }
        Ok(record)
    }

    fn add(&mut self, entry: Entry) {
        match entry {
            Entry::Code(_) => {}
            Entry::Turn(turn) => {
                let calls = turn.calls.iter().map(|call| (call.id, Wait::Call(call.clone())));
                let timers = turn.timers.iter().map(|timer| (timer.id, Wait::Timer(*timer)));
                for (id, wait) in calls.chain(timers) {
                    self.open.insert(id, Open { wait, sent: false, answer: None });
                }
                if let Some(step) = self.steps.last_mut() {
                    step.turn = Some(turn);
                }
            }
            Entry::Sent(ids) => {
                for id in ids {
                    if let Some(open) = self.open.get_mut(&id) {
                        open.sent = true;
                    }
                }
            }
            Entry::Answered(answer) => {
                if let Some(open) = self.open.get_mut(&answer.id) {
                    open.answer = Some(answer);
                }
            }
            Entry::Resumed(ids) => {
                let answers = ids.iter().filter_map(|id| self.open.remove(id)?.answer).collect();
                self.steps.push(Step { answers, turn: None });
            }
            Entry::Saved(saved) => self.saved = Some((saved, self.steps.len())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(id: u32) -> GuestCall {
        GuestCall {
            id,
            module: "crm".to_owned(),
            function: "get".to_owned(),
            arguments: "{}".to_owned(),
        }
    }

    fn turn(ids: &[u32]) -> Entry {
        let calls = ids.iter().map(|id| call(*id)).collect();
        Entry::Turn(TurnRecord { calls, ..TurnRecord::default() })
    }

    fn answered(id: u32) -> Entry {
        Entry::Answered(Answer { id, result: Ok("1".to_owned()) })
    }

    /// Reads `entries` and says, for each open call, how far it got.
    #[track_caller]
    fn check(entries: Vec<Entry>, steps: usize, open: &[(u32, &str)]) {
        let code = Entry::Code(Code { file: "r.ts".to_owned(), text: String::new() });
        let entries = std::iter::once(code).chain(entries);
        let journal: Vec<_> = entries.map(|entry| postcard::to_stdvec(&entry).unwrap()).collect();
        let record = Record::read(&journal).unwrap().unwrap();
        let state = |open: &Open| match (open.sent, &open.answer) {
            (_, Some(_)) => "answered",
            (true, None) => "sent",
            (false, None) => "not sent",
        };
        let found: Vec<_> = record.open.iter().map(|(id, open)| (*id, state(open))).collect();
        assert_eq!((record.steps.len(), found.as_slice()), (steps, open));
    }

    #[test]
    fn a_journal_says_of_each_call_how_far_it_got() {
        check(vec![], 1, &[]);
        check(vec![turn(&[1, 2])], 1, &[(1, "not sent"), (2, "not sent")]);
        check(vec![turn(&[1, 2]), Entry::Sent(vec![1])], 1, &[(1, "sent"), (2, "not sent")]);
        let mut entries = vec![turn(&[1, 2]), Entry::Sent(vec![1, 2]), answered(2)];
        check(vec![turn(&[1]), Entry::Sent(vec![1]), answered(1)], 1, &[(1, "answered")]);
        entries.push(Entry::Resumed(vec![2]));
        check(entries, 2, &[(1, "sent")]);
    }

    #[test]
    fn what_is_no_journal_is_refused() {
        assert!(Record::read(&[]).unwrap().is_none());
        assert!(Record::read(&[vec![255, 1, 2]]).is_err());
        assert!(Record::read(&[postcard::to_stdvec(&turn(&[1])).unwrap()]).is_err());
    }
}
