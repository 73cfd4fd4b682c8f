//! Clocks: the one that a guest reads, which is recorded and can be played back, and the one that
//! its computing is measured with.

use std::{
    collections::VecDeque,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use workroom_engine::sandbox::ClockRead;

/// What a guest reads: first what it is given, then the host's clock, in milliseconds.
///
/// Each read is recorded. Reads of the same millisecond are one record, so a script that polls
/// the clock makes one a millisecond at most.
#[derive(Debug, Default)]
pub(crate) struct GuestClock {
    given: VecDeque<ClockRead>,
    read: Vec<ClockRead>,
}

impl GuestClock {
    /// Begins a turn, whose first reads are `given`.
    pub(crate) fn begin(&mut self, given: Vec<ClockRead>) {
        self.given = given.into();
        self.read.clear();
    }

    /// Milliseconds since 1970.
    pub(crate) fn read(&mut self) -> u64 {
        let millis = self.given().unwrap_or_else(now);
        match self.read.last_mut() {
            Some(last) if last.millis == millis && last.times < u32::MAX => last.times += 1,
            _ => self.read.push(ClockRead { millis, times: 1 }),
        }
        millis
    }

    /// What was read since the turn began.
    pub(crate) fn take(&mut self) -> Vec<ClockRead> {
        std::mem::take(&mut self.read)
    }

    fn given(&mut self) -> Option<u64> {
        loop {
            let next = self.given.front_mut()?;
            if next.times > 0 {
                next.times -= 1;
                return Some(next.millis);
            }
            self.given.pop_front();
        }
    }
}

fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or_default()
}

/// How long this thread has computed.
#[cfg(unix)]
pub(crate) fn thread_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::try_from(time).unwrap_or_default()
}

/// How long this process has run: elsewhere there is no clock of a thread's own.
#[cfg(not(unix))]
pub(crate) fn thread_time() -> Duration {
    use std::{sync::OnceLock, time::Instant};

    static BEGIN: OnceLock<Instant> = OnceLock::new();
    BEGIN.get_or_init(Instant::now).elapsed()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_read_is_read_again() {
        let mut clock = GuestClock::default();
        let given = vec![ClockRead { millis: 5, times: 2 }, ClockRead { millis: 9, times: 1 }];
        clock.begin(given.clone());
        assert_eq!([clock.read(), clock.read(), clock.read()], [5, 5, 9]);
        assert!(clock.read() > 9, "then the host's");
        let read = clock.take();
        assert_eq!(read[..2], given);
        assert_eq!(read[2].times, 1);
    }
}
