//! Bytes of one call on its server's wire.

use std::sync::{Mutex, MutexGuard, PoisonError};

use workroom_ledger::account::Wire;

/// Counts the bytes of one call's messages, all tries together, until it is closed.
#[derive(Debug, Default)]
pub struct Meter(Mutex<Gauge>);

#[derive(Debug, Default)]
struct Gauge {
    wire: Wire,
    is_closed: bool,
}

impl Meter {
    fn gauge(&self) -> MutexGuard<'_, Gauge> {
        // Every change is one step.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A message of `bytes` was sent for the call. `false`: the call is over and accounted for, and
    /// the bytes are the connection's.
    #[must_use = "bytes that are not the call's belong to the connection"]
    pub fn sent(&self, bytes: u64) -> bool {
        let mut gauge = self.gauge();
        if !gauge.is_closed {
            gauge.wire.requests += bytes;
        }
        !gauge.is_closed
    }

    /// A message of `bytes` came for the call; as [`Meter::sent`].
    #[must_use = "bytes that are not the call's belong to the connection"]
    pub fn received(&self, bytes: u64) -> bool {
        let mut gauge = self.gauge();
        if !gauge.is_closed {
            gauge.wire.answers += bytes;
        }
        !gauge.is_closed
    }

    /// What passed. Nothing is added any more.
    pub fn close(&self) -> Wire {
        let mut gauge = self.gauge();
        gauge.is_closed = true;
        gauge.wire
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_late_is_not_the_calls() {
        let meter = Meter::default();
        assert!(meter.sent(3) && meter.sent(4) && meter.received(5));
        assert_eq!(meter.close(), Wire { requests: 7, answers: 5 });
        assert!(!meter.sent(1) && !meter.received(1));
        assert_eq!(meter.close(), Wire { requests: 7, answers: 5 });
    }
}
