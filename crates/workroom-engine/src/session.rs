//! The sessions of this process: each one guest and what is known of its runs.
//!
//! A session is asked for by its id. An id that is unknown or has ended is an
//! error that says which, never a silent new session: the agent would find its
//! variables gone and not know why.
//!
//! # Not here
//!
//! Sessions live in memory: they end with the process.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use thiserror::Error;
use workroom_script::Program;
use workroom_types::SessionId;

use crate::sandbox::Guest;

/// The most sessions one process keeps: at 126 KiB each when idle and fresh, and 256 MiB each
/// at worst. One more drops the session that was idle for longest.
pub const SESSIONS_MAX: usize = 256;

/// How many ended sessions are remembered, to say "ended" and not "unknown".
const ENDED_MAX: usize = 1_024;

/// How many of a session's last programs are kept to map errors in their functions.
const PROGRAMS_MAX: usize = 64;

/// One agent's world.
#[derive(Default)]
pub(crate) struct Session {
    /// `None` until the first run, while a run's turn holds it, and after a hard stop.
    pub(crate) guest: Option<Box<dyn Guest>>,
    /// The last programs, oldest first: a function declared by one may throw in a later one.
    pub(crate) programs: VecDeque<Arc<Compiled>>,
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
        self.programs.push_back(compiled);
    }
}

/// A run holds its session's lock to its end, so runs of one session follow each other.
pub(crate) type SharedSession = Arc<tokio::sync::Mutex<Session>>;

/// All sessions of the process.
#[derive(Default)]
pub(crate) struct Sessions {
    table: Mutex<Table>,
}

#[derive(Default)]
struct Table {
    live: HashMap<SessionId, Entry>,
    /// Oldest first.
    ended: VecDeque<(SessionId, Ending)>,
    /// Grows with every use: the least recently used entry has the smallest.
    uses: u64,
}

struct Entry {
    session: SharedSession,
    used: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// A hard limit stopped its guest.
    HardLimit,
    /// It made room for a newer one.
    Evicted,
}

/// Why a session cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum SessionError {
    /// There never was one, or it ended long ago.
    #[error("there is no session `{0}`")]
    Unknown(SessionId),
    /// It was stopped the hard way.
    #[error("session `{0}` ended when a run went far past its limits; its variables are gone")]
    Stopped(SessionId),
    /// It made room.
    #[error(
        "session `{0}` ended to make room: at most {SESSIONS_MAX} are kept, and it was idle for \
         longest; its variables are gone"
    )]
    Evicted(SessionId),
}

impl Sessions {
    /// The session `id`, which must exist.
    pub(crate) fn existing(&self, id: &SessionId) -> Result<SharedSession, SessionError> {
        let mut table = self.lock();
        match table.touch(id) {
            Some(session) => Ok(session),
            None => Err(table.why_not(id)),
        }
    }

    /// The session `id`, made where there is none; with it, why there is none any more.
    pub(crate) fn own(&self, id: &SessionId) -> (SharedSession, Option<SessionError>) {
        let mut table = self.lock();
        if let Some(session) = table.touch(id) {
            return (session, None);
        }
        let lost = Some(table.why_not(id)).filter(|why| !matches!(why, SessionError::Unknown(_)));
        // Told once: from here on the id names the new session.
        table.ended.retain(|(ended, _)| ended != id);
        if table.live.len() >= SESSIONS_MAX {
            table.evict();
        }
        let session = SharedSession::default();
        let used = table.uses;
        table.live.insert(id.clone(), Entry { session: Arc::clone(&session), used });
        (session, lost)
    }

    /// Ends the session `id`, remembering why.
    pub(crate) fn end(&self, id: &SessionId, ending: Ending) {
        self.lock().end(id, ending);
    }

    fn lock(&self) -> MutexGuard<'_, Table> {
        // A panic while the table was locked left it as it was between two single steps.
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Table {
    /// The session `id`, marked as used.
    fn touch(&mut self, id: &SessionId) -> Option<SharedSession> {
        self.uses += 1;
        let entry = self.live.get_mut(id)?;
        entry.used = self.uses;
        Some(Arc::clone(&entry.session))
    }

    fn end(&mut self, id: &SessionId, ending: Ending) {
        if self.live.remove(id).is_some() {
            if self.ended.len() == ENDED_MAX {
                self.ended.pop_front();
            }
            self.ended.push_back((id.clone(), ending));
        }
    }

    /// Drops the idle session that was used least recently. One with a run under way stays.
    fn evict(&mut self) {
        let idle = self.live.iter().filter(|(_, entry)| Arc::strong_count(&entry.session) == 1);
        let oldest = idle.min_by_key(|(_, entry)| entry.used).map(|(id, _)| id.clone());
        if let Some(id) = oldest {
            self.end(&id, Ending::Evicted);
        }
    }

    fn why_not(&self, id: &SessionId) -> SessionError {
        match self.ended.iter().rev().find(|(ended, _)| ended == id) {
            Some((_, Ending::HardLimit)) => SessionError::Stopped(id.clone()),
            Some((_, Ending::Evicted)) => SessionError::Evicted(id.clone()),
            None => SessionError::Unknown(id.clone()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_session_too_many_drops_the_one_idle_for_longest_and_says_so() {
        let sessions = Sessions::default();
        let id = |n: usize| SessionId::named(format!("s{n}"));
        for n in 0..SESSIONS_MAX {
            sessions.own(&id(n));
        }
        sessions.existing(&id(0)).unwrap();
        sessions.own(&id(SESSIONS_MAX));
        assert!(sessions.existing(&id(0)).is_ok(), "it was used since");
        assert_eq!(sessions.existing(&id(1)).err(), Some(SessionError::Evicted(id(1))));
    }

    #[test]
    fn a_session_with_a_run_under_way_is_not_dropped() {
        let sessions = Sessions::default();
        let id = |n: usize| SessionId::named(format!("s{n}"));
        let running = sessions.own(&id(0));
        for n in 1..=SESSIONS_MAX {
            sessions.own(&id(n));
        }
        assert!(sessions.existing(&id(0)).is_ok());
        drop(running);
    }

    #[test]
    fn a_session_that_starts_anew_says_once_what_was_lost() {
        let (sessions, id) = (Sessions::default(), SessionId::named("s"));
        assert_eq!(sessions.own(&id).1, None);
        sessions.end(&id, Ending::HardLimit);
        assert_eq!(sessions.own(&id).1, Some(SessionError::Stopped(id.clone())));
        assert_eq!(sessions.own(&id).1, None);
    }

    #[test]
    fn an_id_that_was_never_given_is_unknown() {
        let id = SessionId::named("nope");
        assert_eq!(
            Sessions::default().existing(&id).err().unwrap().to_string(),
            "there is no session `nope`"
        );
    }
}
