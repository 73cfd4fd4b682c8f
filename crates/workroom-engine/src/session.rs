//! The sessions that are in this process's memory, and which of them make room.
//!
//! What a session is and holds is kept by the store. Here is what saves work: its guest, as the
//! last run left it, and the programs that its functions came from. Either can be dropped at any
//! time between two runs; the next run then restores the guest from the store.

use std::{
    collections::{BTreeSet, HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use thiserror::Error;
use workroom_script::Program;
use workroom_types::{RunId, SessionId};

use crate::{
    sandbox::{Guest, Variable},
    store::{Ending, SnapshotId},
};

/// How many of a session's last programs are kept to map errors in their functions.
const PROGRAMS_MAX: usize = 64;

/// The most names of a session that are kept to know which ones nothing declares. A script that
/// makes more does not write them down; from then on unknown names fail when they are read.
const NAMES_MAX: usize = 10_000;

/// One agent's world, as far as it is in memory.
#[derive(Default)]
pub(crate) struct Session {
    /// The guest with the state of `version`; `None` where it must be restored or made.
    pub(crate) guest: Option<Box<dyn Guest>>,
    /// The newest state that is known.
    pub(crate) version: i64,
    /// Where that state is stored.
    pub(crate) snapshot: Option<SnapshotId>,
    /// The variables of that state.
    pub(crate) variables: Vec<Variable>,
    /// A run of this process whose end is not recorded: under way, or ended by a fault.
    pub(crate) unfinished: Option<RunId>,
    /// The last programs, oldest first: a function declared by one may throw in a later one.
    pub(crate) programs: VecDeque<Arc<Compiled>>,
    globals: Globals,
}

/// The global names that a session's runs may have left.
enum Globals {
    /// These and no others.
    All(BTreeSet<String>),
    /// Others too: a run set names that its text does not show, or was another process's.
    Unknown,
}

impl Default for Globals {
    fn default() -> Self {
        Self::All(BTreeSet::new())
    }
}

/// A program and the text it was made from.
pub(crate) struct Compiled {
    /// What stack traces call it.
    pub(crate) file: String,
    /// The agent's own text.
    pub(crate) source: String,
    /// What the guest evaluates.
    pub(crate) program: Program,
}

impl Session {
    pub(crate) fn remember(&mut self, compiled: Arc<Compiled>) {
        if self.programs.len() == PROGRAMS_MAX {
            self.programs.pop_front();
        }
        match (&mut self.globals, &compiled.program.leaves) {
            (Globals::All(names), Some(leaves)) => names.extend(leaves.iter().cloned()),
            _ => self.globals = Globals::Unknown,
        }
        if matches!(&self.globals, Globals::All(names) if names.len() > NAMES_MAX) {
            self.globals = Globals::Unknown;
        }
        self.programs.push_back(compiled);
    }

    /// Runs that this process does not know have left names too.
    pub(crate) fn forget_names(&mut self) {
        self.globals = Globals::Unknown;
    }

    /// Forgets everything: a new session of the same id begins.
    pub(crate) fn reset(&mut self) {
        *self = Self::default();
    }

    /// Whether no run has left anything: then a script finds nothing but what every one finds.
    pub(crate) fn is_fresh(&self) -> bool {
        self.version == 0 && self.guest.is_none() && self.programs.is_empty()
    }

    /// All the names that its runs may have left, imports too; `None` where there may be others.
    pub(crate) fn all_names(&self) -> Option<Vec<String>> {
        match &self.globals {
            Globals::All(names) => Some(names.iter().cloned().collect()),
            Globals::Unknown => None,
        }
    }

    /// The names that its runs have declared, as far as is known: also those that hold nothing.
    pub(crate) fn known_names(&self) -> Vec<String> {
        let declared = self.programs.iter().flat_map(|compiled| &compiled.program.declared);
        let mut names: Vec<String> = self.names().into_iter().chain(declared.cloned()).collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// The names of its variables.
    pub(crate) fn names(&self) -> Vec<String> {
        self.variables.iter().map(|variable| variable.name.clone()).collect()
    }
}

/// A run holds its session's lock to its end, so runs of one session follow each other.
pub(crate) type SharedSession = Arc<tokio::sync::Mutex<Session>>;

/// The sessions in memory.
#[derive(Default)]
pub(crate) struct Sessions {
    table: Mutex<Table>,
}

#[derive(Default)]
struct Table {
    entries: HashMap<SessionId, Slot>,
    /// Grows with every use: the least recently used entry has the smallest.
    uses: u64,
}

struct Slot {
    session: SharedSession,
    used: u64,
    /// Memory of its guest that no other guest shares, when it was last looked at.
    own_bytes: u64,
    /// Whether its newest state is in the store, so that dropping the guest loses nothing.
    is_stored: bool,
}

/// A session that was dropped from memory.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Dropped {
    pub(crate) id: SessionId,
    /// Whether its variables are gone with it.
    pub(crate) is_lost: bool,
}

/// Why a session cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum SessionError {
    /// There never was one, or it ended long ago.
    #[error("there is no session `{0}`")]
    Unknown(SessionId),
    /// It has ended.
    #[error("session `{id}` has ended: it {}; {}", ending.reason, lost(&ending.lost))]
    Ended {
        /// The session.
        id: SessionId,
        /// Why, and what went with it.
        ending: Ending,
    },
}

/// Says which variables are gone.
pub(crate) fn lost(names: &[String]) -> String {
    const NAMES_MAX: usize = 20;
    match names {
        [] => "it had no variables".to_owned(),
        [name] => format!("its variable `{name}` is gone"),
        names => {
            let shown: Vec<_> = names.iter().take(NAMES_MAX).map(String::as_str).collect();
            let more = match names.len().saturating_sub(NAMES_MAX) {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            format!("its variables {}{more} are gone", shown.join(", "))
        }
    }
}

impl Sessions {
    /// The session `id`, as far as it is in memory.
    pub(crate) fn get(&self, id: &SessionId) -> SharedSession {
        let mut table = self.lock();
        table.uses += 1;
        let used = table.uses;
        let slot = table.entries.entry(id.clone()).or_insert_with(|| Slot {
            session: SharedSession::default(),
            used,
            own_bytes: 0,
            is_stored: true,
        });
        slot.used = used;
        Arc::clone(&slot.session)
    }

    /// Whether the session `id` is in memory.
    pub(crate) fn has(&self, id: &SessionId) -> bool {
        self.lock().entries.contains_key(id)
    }

    /// Drops the session `id` from memory.
    pub(crate) fn remove(&self, id: &SessionId) {
        self.lock().entries.remove(id);
    }

    /// Notes what the session `id` holds after a run.
    pub(crate) fn note(&self, id: &SessionId, own_bytes: u64, is_stored: bool) {
        if let Some(slot) = self.lock().entries.get_mut(id) {
            slot.own_bytes = own_bytes;
            slot.is_stored = is_stored;
        }
    }

    /// Drops idle sessions, the one idle for longest first, until at most `sessions` are left and
    /// they hold at most `bytes`. Those that are stored go first, since nothing is lost by it.
    pub(crate) fn make_room(&self, sessions: u64, bytes: u64) -> Vec<Dropped> {
        let mut table = self.lock();
        let mut dropped = Vec::new();
        while table.is_above(sessions, bytes) {
            let idle = table.entries.iter().filter(|(_, s)| Arc::strong_count(&s.session) == 1);
            let next = idle.min_by_key(|(_, slot)| (!slot.is_stored, slot.used));
            let Some(id) = next.map(|(id, _)| id.clone()) else { break };
            if let Some(slot) = table.entries.remove(&id) {
                dropped.push(Dropped { id, is_lost: !slot.is_stored });
            }
        }
        dropped
    }

    /// Sessions in memory, and the bytes that are theirs alone.
    pub(crate) fn load(&self) -> (u64, u64) {
        let table = self.lock();
        (table.entries.len() as u64, table.entries.values().map(|slot| slot.own_bytes).sum())
    }

    fn lock(&self) -> MutexGuard<'_, Table> {
        // A panic while the table was locked left it as it was between two single steps.
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Table {
    fn is_above(&self, sessions: u64, bytes: u64) -> bool {
        self.entries.len() as u64 > sessions
            || self.entries.values().map(|slot| slot.own_bytes).sum::<u64>() > bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(n: usize) -> SessionId {
        SessionId::named(format!("s{n}"))
    }

    fn filled(count: usize) -> Sessions {
        let sessions = Sessions::default();
        for n in 0..count {
            sessions.get(&id(n));
            sessions.note(&id(n), 10, true);
        }
        sessions
    }

    #[track_caller]
    fn check(sessions: &Sessions, most: u64, bytes: u64, expected: &[(usize, bool)]) {
        let dropped = sessions.make_room(most, bytes);
        let expected: Vec<_> =
            expected.iter().map(|(n, is_lost)| Dropped { id: id(*n), is_lost: *is_lost }).collect();
        assert_eq!(dropped, expected);
    }

    #[test]
    fn one_session_too_many_drops_the_one_idle_for_longest() {
        let sessions = filled(3);
        check(&sessions, 3, 30, &[]);
        sessions.get(&id(0));
        check(&sessions, 2, 30, &[(1, false)]);
    }

    #[test]
    fn one_byte_too_many_drops_one_too() {
        check(&filled(3), 3, 29, &[(0, false)]);
    }

    #[test]
    fn a_session_with_a_run_under_way_is_not_dropped() {
        let sessions = filled(2);
        let running = sessions.get(&id(0));
        check(&sessions, 0, 0, &[(1, false)]);
        drop(running);
        check(&sessions, 0, 0, &[(0, false)]);
    }

    #[test]
    fn what_is_not_stored_goes_last() {
        let sessions = filled(3);
        sessions.note(&id(0), 10, false);
        check(&sessions, 1, 30, &[(1, false), (2, false)]);
        check(&sessions, 0, 30, &[(0, true)]);
    }

    fn compiled(code: &str) -> Arc<Compiled> {
        struct Nothing;
        impl workroom_script::Modules for Nothing {
            fn resolve(
                &self,
                _: &str,
            ) -> Result<workroom_script::Module, workroom_script::UnknownModule> {
                Err(workroom_script::UnknownModule::default())
            }
            fn all(&self) -> Vec<workroom_script::Module> {
                Vec::new()
            }
            fn describe(&self, _: &str, _: &str) -> Option<workroom_script::Description> {
                None
            }
        }
        let program = workroom_script::compile(code, &Nothing).expect("it is a script");
        Arc::new(Compiled { file: String::new(), source: code.to_owned(), program })
    }

    #[test]
    fn all_names_are_known_until_a_script_may_set_any() {
        let check = |code: &str, expected: Option<&[&str]>| {
            let mut session = Session::default();
            session.remember(compiled("const first = 1;"));
            session.remember(compiled(code));
            let expected = expected.map(|names| names.iter().map(|n| (*n).to_owned()).collect());
            assert_eq!(session.all_names(), expected, "{code}");
        };
        check("let b; function c() {}", Some(&["b", "c", "first"]));
        check(
            "globalThis.b = 1; [globalThis.c] = [2]; globalThis.d++;",
            Some(&["b", "c", "d", "first"]),
        );
        check("const f = function () { return this; };", Some(&["f", "first"]));
        check("globalThis['b' + 1] = 1;", None);
        check("Object.assign(globalThis, { b: 1 });", None);
        check("this.b = 1;", None);
        check("new Function('b = 1')();", None);
        check("(0, eval)('var b = 1');", None);
    }

    #[test]
    fn one_name_too_many_makes_others_unknown() {
        let names = |count: usize| -> String {
            (0..count).map(|n| format!("var n{n};")).collect::<Vec<_>>().concat()
        };
        let mut session = Session::default();
        session.remember(compiled(&names(NAMES_MAX)));
        assert_eq!(session.all_names().map(|names| names.len()), Some(NAMES_MAX));
        session.remember(compiled("const more = 1;"));
        assert_eq!(session.all_names(), None);
    }

    #[test]
    fn lost_variables_are_named() {
        let names = |count: usize| (0..count).map(|n| format!("v{n}")).collect::<Vec<_>>();
        assert_eq!(lost(&names(0)), "it had no variables");
        assert_eq!(lost(&names(1)), "its variable `v0` is gone");
        assert_eq!(lost(&names(2)), "its variables v0, v1 are gone");
        assert!(lost(&names(21)).ends_with("v19 and 1 more are gone"));
    }
}
