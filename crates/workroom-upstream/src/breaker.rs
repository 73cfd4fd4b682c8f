//! The circuit breaker of one server. Pure: the time comes in.
//!
//! Closed, it lets every call pass. After so many failures in a row it opens: calls fail at once,
//! and a server that is down is not asked by each of them. When its rest is over, one call is let
//! through to try; it closes the breaker or opens it again, for twice as long.
//!
//! Calls that were under way together and failed together are one failure: a server that ends
//! fails all of them.

use std::time::Duration;

use tokio::time::Instant;

use crate::retry::doubled;

/// The longest rest, unless the first one is longer.
const REST_MAX: Duration = Duration::from_secs(60);

/// How long a call that finds another one trying is told to wait.
const TRYING_PAUSE: Duration = Duration::from_secs(1);

/// See the module.
#[derive(Debug)]
pub(crate) struct Breaker {
    /// Failures in a row that open it; 0 for none.
    failures_max: u32,
    /// The first rest.
    rest: Duration,
    state: State,
    /// When the last failure was counted.
    failed_at: Option<Instant>,
    /// How often it opened without a success since.
    opened: u32,
    /// Why the last call failed.
    last: String,
}

#[derive(Debug, PartialEq, Eq)]
enum State {
    Closed {
        failures: u32,
    },
    Open {
        until: Instant,
    },
    /// One call tries.
    Trying,
}

/// A call that may not pass, with the reason and the time to wait.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Open {
    pub(crate) reason: String,
    pub(crate) after: Duration,
}

impl Breaker {
    pub(crate) fn new(failures_max: u32, rest: Duration) -> Self {
        let state = State::Closed { failures: 0 };
        Self { failures_max, rest, state, failed_at: None, opened: 0, last: String::new() }
    }

    /// Lets a call pass; whoever passes says what came of it.
    pub(crate) fn pass(&mut self, now: Instant) -> Result<(), Open> {
        let after = match self.state {
            State::Closed { .. } => return Ok(()),
            State::Open { until } if now >= until => {
                self.state = State::Trying;
                return Ok(());
            }
            State::Open { until } => until.saturating_duration_since(now),
            State::Trying => TRYING_PAUSE,
        };
        let (failures, last) = (self.failures_max, &self.last);
        let calls = if failures == 1 { "call" } else { "calls" };
        let reason = format!("its last {failures} {calls} failed ({last}), so it is left alone");
        Err(Open { reason, after })
    }

    /// A call was answered, if only by an error.
    pub(crate) fn succeeded(&mut self) {
        self.state = State::Closed { failures: 0 };
        self.opened = 0;
    }

    /// A call that passed at `passed` was not answered, for `reason`.
    pub(crate) fn failed(&mut self, passed: Instant, now: Instant, reason: &str) {
        if self.failed_at.is_some_and(|failed_at| passed < failed_at) {
            return;
        }
        self.failed_at = Some(now);
        reason.clone_into(&mut self.last);
        match &mut self.state {
            State::Closed { failures } => {
                *failures = failures.saturating_add(1);
                if self.failures_max > 0 && *failures >= self.failures_max {
                    self.open(now);
                }
            }
            State::Trying => self.open(now),
            // Sent before it opened.
            State::Open { .. } => {}
        }
    }

    /// A call that passed was given up, and nobody knows.
    pub(crate) fn given_up(&mut self, now: Instant) {
        if self.state == State::Trying {
            self.state = State::Open { until: now };
        }
    }

    fn open(&mut self, now: Instant) {
        let rest = doubled(self.rest, self.opened, REST_MAX.max(self.rest));
        self.opened += 1;
        self.state = State::Open { until: now + rest };
    }
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;

    /// Plays `steps`: `+N` lets N ms pass, `pass`, `ok`, `fail`, `drop`; `old`
    /// is the failure of a call that passed at the beginning.
    #[track_caller]
    fn check(steps: &str, expected: &Expect) {
        let mut breaker = Breaker::new(2, Duration::from_secs(1));
        let began = Instant::now();
        let mut now = began;
        let mut told = Vec::new();
        for step in steps.split_whitespace() {
            match step {
                "pass" => told.push(match breaker.pass(now) {
                    Ok(()) => "passes".to_owned(),
                    Err(Open { after, .. }) => format!("wait {after:?}"),
                }),
                "ok" => breaker.succeeded(),
                "fail" => breaker.failed(now, now, "reset"),
                "old" => breaker.failed(began, now, "reset"),
                "drop" => breaker.given_up(now),
                wait => now += Duration::from_millis(wait.trim_start_matches('+').parse().unwrap()),
            }
        }
        expected.assert_eq(&told.join(", "));
    }

    #[test]
    fn failures_in_a_row_open_it() {
        check("pass fail pass", &expect!["passes, passes"]);
        check("fail ok fail pass", &expect!["passes"]);
        check("fail fail pass +400 pass", &expect!["wait 1s, wait 600ms"]);
        check("fail fail fail pass", &expect!["wait 1s"]);
    }

    #[test]
    fn what_failed_together_is_one_failure() {
        check("+1 old old old old pass", &expect!["passes"]);
        check("+1 fail +1 old pass", &expect!["passes"]);
        check("+1 fail fail +1000 pass old pass", &expect!["passes, wait 1s"]);
    }

    #[test]
    fn one_call_tries_when_the_rest_is_over() {
        check(
            "fail fail +1000 pass pass ok pass pass",
            &expect!["passes, wait 1s, passes, passes"],
        );
        check(
            "fail fail +1000 pass fail pass +1999 pass +1 pass",
            &expect!["passes, wait 2s, wait 1ms, passes"],
        );
        check("fail fail +1000 pass drop pass", &expect!["passes, passes"]);
        check("fail fail ok pass", &expect!["passes"]);
    }

    #[test]
    fn a_rest_doubles_to_its_bound_and_begins_anew_after_a_success() {
        let mut breaker = Breaker::new(1, Duration::from_secs(1));
        let mut now = Instant::now();
        let mut rest = |breaker: &mut Breaker| {
            breaker.failed(now, now, "reset");
            let after = breaker.pass(now).unwrap_err().after;
            now += after;
            breaker.pass(now).unwrap();
            after.as_secs()
        };
        let rests: Vec<_> = (0..8).map(|_| rest(&mut breaker)).collect();
        assert_eq!(rests, [1, 2, 4, 8, 16, 32, 60, 60]);
        breaker.succeeded();
        assert_eq!(rest(&mut breaker), 1);
    }

    #[test]
    fn it_says_why_and_can_be_switched_off() {
        let now = Instant::now();
        let mut breaker = Breaker::new(1, Duration::from_secs(9));
        breaker.failed(now, now, "connection refused");
        let reason = breaker.pass(now).unwrap_err().reason;
        assert_eq!(reason, "its last 1 call failed (connection refused), so it is left alone");
        let mut breaker = Breaker::new(0, Duration::from_secs(9));
        (0..1_000).for_each(|_| breaker.failed(now, now, "reset"));
        assert_eq!(breaker.pass(now), Ok(()));
    }
}
