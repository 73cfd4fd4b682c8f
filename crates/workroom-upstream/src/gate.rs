//! The way to one server: so many calls at once, so many in a time, none while it asks for rest.
//!
//! # Invariants
//!
//! * First come, first served; nobody is refused who can be served before the deadline.
//! * A caller that is dropped while it waits leaves no trace.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{Instant, sleep_until, timeout_at},
};
use workroom_types::{CallPolicy, PolicyKey, Rate};

/// See the module.
#[derive(Debug)]
pub(crate) struct Gate {
    places: Arc<Semaphore>,
    places_max: u32,
    rate: Option<Rate>,
    /// When the last calls were sent, of which a rate counts. Held by whoever is next.
    sent: tokio::sync::Mutex<VecDeque<Instant>>,
    /// No call before this moment: the server asked for it.
    rest_until: Mutex<Option<Instant>>,
}

/// A place among the calls under way.
#[derive(Debug)]
pub(crate) struct Place {
    _permit: OwnedSemaphorePermit,
}

/// A call that cannot be sent before its deadline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TooLate {
    pub(crate) reason: String,
    /// When it could be sent, if that is known.
    pub(crate) after: Option<Duration>,
}

impl Gate {
    pub(crate) fn new(policy: &CallPolicy) -> Self {
        let places_max = policy.count(PolicyKey::CallsInFlight);
        Self {
            places: Arc::new(Semaphore::new(places_max as usize)),
            places_max,
            rate: policy.rate,
            sent: tokio::sync::Mutex::default(),
            rest_until: Mutex::default(),
        }
    }

    /// Waits for a place among the calls under way.
    pub(crate) async fn place(&self, deadline: Instant) -> Result<Place, TooLate> {
        let acquired = timeout_at(deadline, Arc::clone(&self.places).acquire_owned()).await;
        match acquired {
            Ok(Ok(permit)) => Ok(Place { _permit: permit }),
            // It is never closed.
            Ok(Err(_)) | Err(_) => {
                let most = self.places_max;
                let reason = format!(
                    "{most} calls to it were under way until the deadline, as many as may be \
                     (`calls_in_flight`)"
                );
                Err(TooLate { reason, after: None })
            }
        }
    }

    /// Waits until a call may be sent, and counts it as sent.
    pub(crate) async fn turn(&self, deadline: Instant) -> Result<(), TooLate> {
        // The lock is the queue.
        let Ok(mut sent) = timeout_at(deadline, self.sent.lock()).await else {
            return Err(self.too_late(None));
        };
        loop {
            let now = Instant::now();
            let rest = self.rest_until().filter(|until| *until > now);
            let full = self.rate.and_then(|rate| {
                let first = sent.len().checked_sub(rate.calls() as usize)?;
                Some(sent[first] + rate.period()).filter(|until| *until > now)
            });
            let Some(until) = rest.max(full) else {
                if let Some(rate) = self.rate {
                    sent.push_back(now);
                    while sent.len() > rate.calls() as usize {
                        sent.pop_front();
                    }
                }
                return Ok(());
            };
            if until >= deadline {
                let after = until.saturating_duration_since(now);
                return Err(self.too_late(Some((after, rest >= full))));
            }
            // Asking again afterwards: the server may have asked for more rest meanwhile.
            sleep_until(until).await;
        }
    }

    /// Sends nothing for `rest`: the server asked for that.
    pub(crate) fn rest(&self, rest: Duration) {
        let mut until = self.rest_until.lock().unwrap_or_else(PoisonError::into_inner);
        *until = (*until).max(Some(Instant::now() + rest));
    }

    fn rest_until(&self) -> Option<Instant> {
        *self.rest_until.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn too_late(&self, known: Option<(Duration, bool)>) -> TooLate {
        let reason = match (known, self.rate) {
            (Some((_, true)), _) | (None, None) => {
                "it asked to be left alone for longer than the call may take".to_owned()
            }
            (_, Some(rate)) => {
                format!("it may be called {rate} (`rate`), and the call's turn comes too late")
            }
            (Some(_), None) => "the call's turn comes too late".to_owned(),
        };
        TooLate { reason, after: known.map(|(after, _)| after) }
    }
}

#[cfg(test)]
mod tests {
    use futures::future::join_all;

    use super::*;

    fn gate(rate: Option<&str>) -> Gate {
        let rate = rate.map(|rate| rate.parse().unwrap());
        Gate::new(&CallPolicy::default().with_rate(rate).with(PolicyKey::CallsInFlight, 2))
    }

    /// Milliseconds from the start at which each of `calls` calls is let through.
    async fn turns(gate: &Gate, calls: usize, deadline_ms: u64) -> Vec<Result<u128, String>> {
        let start = Instant::now();
        let deadline = start + Duration::from_millis(deadline_ms);
        let turns = (0..calls).map(|_| async {
            let turn = gate.turn(deadline).await;
            turn.map(|()| start.elapsed().as_millis()).map_err(|late| late.reason)
        });
        join_all(turns).await
    }

    #[tokio::test(start_paused = true)]
    async fn one_call_more_than_the_rate_waits_until_the_first_is_old() {
        let gate = gate(Some("2/s"));
        let turns = turns(&gate, 5, 10_000).await;
        assert_eq!(turns, [Ok(0), Ok(0), Ok(1_000), Ok(1_000), Ok(2_000)]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_turn_that_comes_too_late_is_told_at_once() {
        let gate = gate(Some("1/min"));
        let start = Instant::now();
        gate.turn(start + Duration::from_secs(1)).await.unwrap();
        let late = gate.turn(start + Duration::from_secs(59)).await.unwrap_err();
        let reason = "it may be called 1/min (`rate`), and the call's turn comes too late";
        let after = Some(Duration::from_secs(60));
        assert_eq!(late, TooLate { reason: reason.to_owned(), after });
        assert_eq!(start.elapsed(), Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_passes_while_the_server_rests() {
        let gate = gate(None);
        gate.rest(Duration::from_secs(2));
        gate.rest(Duration::from_secs(1));
        assert_eq!(turns(&gate, 2, 10_000).await, [Ok(2_000), Ok(2_000)]);
        gate.rest(Duration::from_secs(5));
        let words = "it asked to be left alone for longer than the call may take";
        assert_eq!(turns(&gate, 1, 5_000).await, [Err(words.to_owned())]);
    }

    #[tokio::test(start_paused = true)]
    async fn one_call_more_than_there_are_places_waits_for_one() {
        let gate = gate(None);
        let soon = Instant::now() + Duration::from_secs(1);
        let first = gate.place(soon).await.unwrap();
        let _second = gate.place(soon).await.unwrap();
        let third = gate.place(soon);
        tokio::pin!(third);
        assert!(futures::poll!(&mut third).is_pending());
        drop(first);
        let _third = third.await.unwrap();
        let late = gate.place(soon).await.unwrap_err();
        let reason = "2 calls to it were under way until the deadline, as many as may be \
                      (`calls_in_flight`)";
        assert_eq!(late, TooLate { reason: reason.to_owned(), after: None });
    }

    #[tokio::test(start_paused = true)]
    async fn a_caller_that_goes_away_takes_no_turn() {
        let gate = gate(Some("1/s"));
        let far = Instant::now() + Duration::from_secs(60);
        gate.turn(far).await.unwrap();
        {
            let waiting = gate.turn(far);
            tokio::pin!(waiting);
            assert!(futures::poll!(&mut waiting).is_pending());
        }
        assert_eq!(turns(&gate, 1, 60_000).await, [Ok(1_000)]);
    }
}
