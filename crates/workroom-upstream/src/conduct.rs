//! One call from its first try to its end: its place, its turn, the breaker, and further tries.
//!
//! What a try is comes in as a [`Way`], so that the tests need no server and no time.
//!
//! # Invariants
//!
//! * What [`crate::retry`] does not allow is not sent twice.
//! * A call that is dropped gives back its place, its turn and the breaker's only try.

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::time::{Instant, sleep};
use workroom_engine::upstreams::{Again, CallError, ToolOutput};
use workroom_types::{CallPolicy, PolicyKey, ToolRef};

use crate::{
    breaker::{Breaker, Open},
    gate::{Gate, Place, TooLate},
    retry::{self, AFTER_WAITED_MAX, Cause, Next, Progress},
};

/// Where chance comes from: numbers from 0 to 1. Tests give their own.
#[derive(Clone)]
pub struct Chance(Arc<dyn Fn() -> f64 + Send + Sync>);

impl Chance {
    /// Chance by a function.
    pub fn new(next: impl Fn() -> f64 + Send + Sync + 'static) -> Self {
        Self(Arc::new(next))
    }

    pub(crate) fn next(&self) -> f64 {
        (self.0)()
    }
}

/// A source that nobody can foresee.
impl Default for Chance {
    fn default() -> Self {
        Self::new(fastrand::f64)
    }
}

impl fmt::Debug for Chance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Chance")
    }
}

/// How calls reach one server.
pub(crate) trait Way {
    /// A connection.
    type Live: Send;

    /// Waits for a connection, until `deadline`.
    fn live(&self, deadline: Instant) -> impl Future<Output = Result<Self::Live, Down>> + Send;

    /// Sends the call once, and waits for its answer, until `deadline`.
    fn send(
        &self,
        live: Self::Live,
        deadline: Instant,
    ) -> impl Future<Output = Result<ToolOutput, Miss>> + Send;
}

/// There is no connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Down {
    pub(crate) reason: String,
    /// When the server is started again.
    pub(crate) after: Option<Duration>,
    /// Worth waiting for: it worked once.
    pub(crate) was_ready: bool,
}

/// A try that failed.
#[derive(Clone, Debug)]
pub(crate) struct Miss {
    pub(crate) what: Box<Missed>,
    pub(crate) cause: Cause,
}

impl Miss {
    pub(crate) fn new(what: Missed, cause: Cause) -> Self {
        Self { what: Box::new(what), cause }
    }
}

/// How a try failed.
#[derive(Clone, Debug)]
pub(crate) enum Missed {
    /// The tool says so.
    Tool(ToolOutput),
    Call(CallError),
}

/// A call to be made.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Order<'a> {
    pub(crate) tool: &'a ToolRef,
    /// A second call does no harm.
    pub(crate) may_repeat: bool,
    pub(crate) deadline: Instant,
    /// How long it may take from its first try on.
    pub(crate) call_timeout: Option<Duration>,
}

/// How one server is called.
#[derive(Debug)]
pub(crate) struct Conduct {
    gate: Gate,
    breaker: Mutex<Breaker>,
    retries: u32,
    chance: Chance,
}

impl Conduct {
    pub(crate) fn new(policy: &CallPolicy, chance: Chance) -> Self {
        let failures = policy.count(PolicyKey::BreakerFailures);
        let breaker = Breaker::new(failures, policy.time(PolicyKey::BreakerRest));
        Self {
            gate: Gate::new(policy),
            breaker: Mutex::new(breaker),
            retries: policy.count(PolicyKey::Retries),
            chance,
        }
    }

    /// Makes the call, again where that is allowed and of use.
    pub(crate) async fn call(
        &self,
        order: Order<'_>,
        way: &impl Way,
    ) -> Result<ToolOutput, CallError> {
        let (mut tries, mut sent) = (0, 0);
        // The deadline of the run, and from the first try on the call's own.
        let mut deadline = order.deadline;
        loop {
            let missed = match self.attempt(order, way, &mut sent, &mut deadline).await {
                Ok(output) => return Ok(output),
                Err(missed) => missed,
            };
            tries += 1;
            let left = deadline.saturating_duration_since(Instant::now());
            let progress =
                Progress { tries, retries: self.retries, may_repeat: order.may_repeat, left };
            match retry::next(progress, missed.cause, self.chance.next()) {
                Next::Try(wait) => {
                    tracing::debug!(tool = %order.tool, tries, ?wait, "a call is made again");
                    sleep(wait).await;
                }
                Next::Fail(again) => {
                    let again = Again { tries: sent, ..again };
                    return match *missed.what {
                        Missed::Tool(output) => Ok(ToolOutput { again, ..output }),
                        Missed::Call(error) => Err(error.with_again(again)),
                    };
                }
            }
        }
    }

    async fn attempt(
        &self,
        order: Order<'_>,
        way: &impl Way,
        sent: &mut u32,
        deadline: &mut Instant,
    ) -> Result<ToolOutput, Miss> {
        let unavailable = |reason, cause| {
            let server = order.tool.server.clone();
            let error = CallError::Unavailable { server, reason, again: Again::default() };
            Miss::new(Missed::Call(error), cause)
        };
        let late = |TooLate { reason, after }| unavailable(reason, Cause::Down(after));
        let _place: Place = self.gate.place(*deadline).await.map_err(late)?;
        let live = way.live(*deadline).await;
        let live = live.map_err(|Down { reason, after, was_ready }| match after {
            Some(after) if was_ready => unavailable(reason, Cause::Restarting(after)),
            after => unavailable(reason, Cause::Down(after)),
        })?;
        self.gate.turn(*deadline).await.map_err(late)?;
        let pass = Pass::get(&self.breaker)
            .map_err(|Open { reason, after }| unavailable(reason, Cause::Down(Some(after))))?;
        if *sent == 0
            && let Some(limit) = order.call_timeout
        {
            let own = Instant::now().checked_add(limit);
            *deadline = own.map_or(*deadline, |own| own.min(*deadline));
        }
        *sent += 1;
        let result = way.send(live, *deadline).await;
        let Err(miss) = &result else {
            pass.answered();
            return result;
        };
        match miss.cause {
            Cause::Busy(after) => {
                // It is there; every other call would be told the same.
                pass.answered();
                if let Some(after) = after {
                    self.gate.rest(after.min(AFTER_WAITED_MAX));
                }
            }
            Cause::Answered(_) | Cause::Nonsense => pass.answered(),
            Cause::NotSent | Cause::Lost => pass.failed(miss),
            // A run that had no more time says nothing about the server.
            Cause::TimedOut if *deadline < order.deadline => pass.failed(miss),
            Cause::TimedOut | Cause::Down(_) | Cause::Restarting(_) => {}
        }
        result
    }
}

/// A call that the breaker let pass, until it is known what came of it.
struct Pass<'a> {
    breaker: &'a Mutex<Breaker>,
    at: Instant,
    told: bool,
}

impl<'a> Pass<'a> {
    fn get(breaker: &'a Mutex<Breaker>) -> Result<Self, Open> {
        let at = Instant::now();
        lock(breaker).pass(at)?;
        Ok(Self { breaker, at, told: false })
    }

    fn answered(mut self) {
        self.told = true;
        lock(self.breaker).succeeded();
    }

    fn failed(mut self, miss: &Miss) {
        self.told = true;
        let reason = match &*miss.what {
            Missed::Call(error) => short_reason(error),
            Missed::Tool(_) => String::new(),
        };
        lock(self.breaker).failed(self.at, Instant::now(), &reason);
    }
}

impl Drop for Pass<'_> {
    fn drop(&mut self) {
        if !self.told {
            lock(self.breaker).given_up(Instant::now());
        }
    }
}

fn lock(breaker: &Mutex<Breaker>) -> MutexGuard<'_, Breaker> {
    breaker.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Why a call failed, without the names that the breaker's error says anyway.
fn short_reason(error: &CallError) -> String {
    match error {
        CallError::Unavailable { reason, .. } | CallError::Busy { reason, .. } => reason.clone(),
        CallError::Gone { reason, .. } => {
            reason.clone().unwrap_or_else(|| "it went away before it answered".to_owned())
        }
        CallError::Timeout { timeout_ms, .. } => format!("no answer within {timeout_ms} ms"),
        CallError::Protocol { message, .. } => message.clone(),
        CallError::UnknownServer { .. } | CallError::Held { .. } | CallError::Rejected { .. } => {
            error.to_string()
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{collections::VecDeque, fmt::Write as _};

    use expect_test::{Expect, expect};
    use futures::future::join_all;

    use super::*;
    use crate::retry::Advice;

    /// What each try comes to, by a word; when they began, in milliseconds.
    struct Script {
        start: Instant,
        steps: Mutex<VecDeque<&'static str>>,
        sent: Mutex<Vec<u128>>,
        under_way: Mutex<(usize, usize)>,
    }

    impl Script {
        fn new(steps: &'static str) -> Self {
            Self {
                start: Instant::now(),
                steps: Mutex::new(steps.split_whitespace().collect()),
                sent: Mutex::default(),
                under_way: Mutex::default(),
            }
        }
    }

    impl Way for Script {
        type Live = ();

        async fn live(&self, _: Instant) -> Result<(), Down> {
            let mut steps = self.steps.lock().unwrap();
            let was_ready = match steps.front() {
                Some(&"down") => false,
                Some(&"ended") => true,
                _ => return Ok(()),
            };
            steps.pop_front();
            let after = Some(Duration::from_secs(3));
            Err(Down { reason: "it exited".to_owned(), after, was_ready })
        }

        async fn send(&self, (): (), deadline: Instant) -> Result<ToolOutput, Miss> {
            self.sent.lock().unwrap().push(self.start.elapsed().as_millis());
            let step = self.steps.lock().unwrap().pop_front().unwrap_or("slow");
            let tool = tool();
            let again = Again::default();
            let miss = |cause, error| Err(Miss::new(Missed::Call(error), cause));
            match step {
                "ok" => Ok(ToolOutput::default()),
                "slow" => {
                    {
                        let mut under_way = self.under_way.lock().unwrap();
                        under_way.0 += 1;
                        under_way.1 = under_way.1.max(under_way.0);
                    }
                    sleep(Duration::from_millis(100)).await;
                    self.under_way.lock().unwrap().0 -= 1;
                    Ok(ToolOutput::default())
                }
                "hang" => {
                    tokio::time::sleep_until(deadline).await;
                    miss(Cause::TimedOut, CallError::Timeout { tool, timeout_ms: 9, again })
                }
                "refused" => {
                    let (server, reason) = (tool.server, "connection refused".to_owned());
                    miss(Cause::NotSent, CallError::Unavailable { server, reason, again })
                }
                "lost" => {
                    let reason = Some("connection reset".to_owned());
                    miss(Cause::Lost, CallError::Gone { tool, reason, again })
                }
                "busy" => {
                    let reason = "HTTP 429".to_owned();
                    let cause = Cause::Busy(Some(Duration::from_secs(2)));
                    miss(cause, CallError::Busy { tool, reason, again })
                }
                "tool" => {
                    let output = ToolOutput { is_error: true, ..ToolOutput::default() };
                    let cause = Cause::Answered(Advice::Again(None));
                    Err(Miss::new(Missed::Tool(output), cause))
                }
                other => panic!("{other}"),
            }
        }
    }

    fn tool() -> ToolRef {
        ToolRef { server: "crm".to_owned(), tool: "add".to_owned() }
    }

    fn conduct(policy: CallPolicy) -> Conduct {
        Conduct::new(&policy, Chance::new(|| 1.0))
    }

    async fn one(conduct: &Conduct, way: &Script, may_repeat: bool) -> String {
        let deadline = Instant::now() + Duration::from_secs(10);
        let call_timeout = Some(Duration::from_secs(5));
        let order = Order { tool: &tool(), may_repeat, deadline, call_timeout };
        match conduct.call(order, way).await {
            Ok(output) if output.is_error => format!("a tool's error{}", output.again),
            Ok(_) => "ok".to_owned(),
            Err(error) => error.to_string(),
        }
    }

    /// Makes a call for each of `steps` while there are any, and says what they came to.
    async fn check(steps: &'static str, may_repeat: bool, expected: &Expect) {
        let policy = CallPolicy::default().with(PolicyKey::BreakerFailures, 4);
        let (conduct, way) = (conduct(policy), Script::new(steps));
        let mut text = String::new();
        while !way.steps.lock().unwrap().is_empty() {
            let said = one(&conduct, &way, may_repeat).await;
            let sent = std::mem::take(&mut *way.sent.lock().unwrap());
            writeln!(text, "{said}, sent at {sent:?}").unwrap();
        }
        expected.assert_eq(&text);
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_that_may_be_repeated_is_tried_until_it_succeeds() {
        check(
            "lost refused busy ok",
            true,
            &expect![[r#"
            ok, sent at [0, 100, 300, 2700]
        "#]],
        )
        .await;
        check(
            "tool tool tool tool ok",
            true,
            &expect![[r#"
            a tool's error (tried 4 times), sent at [0, 100, 300, 700]
            ok, sent at [700]
        "#]],
        )
        .await;
    }

    #[tokio::test(start_paused = true)]
    async fn any_other_call_is_tried_again_only_if_it_was_not_sent() {
        check("refused refused ok lost busy tool hang ok", false, &expect![[r#"
            ok, sent at [0, 100, 300]
            server `crm` went away before it answered `add`: connection reset; it may have been done, so look before you call it again, sent at [300]
            server `crm` did not take `add` now: HTTP 429; call it again after 2 s, sent at [300]
            a tool's error, sent at [2300]
            tool `crm.add` did not answer within 9 ms; it may have been done, so look before you call it again, sent at [2300]
            ok, sent at [7300]
        "#]])
        .await;
    }

    #[tokio::test(start_paused = true)]
    async fn a_server_is_waited_for_if_it_worked_once_and_not_for_ever() {
        check(
            "ended ok ended ended ended ended ok",
            false,
            &expect![[r#"
            ok, sent at [3100]
            server `crm` is not available: it exited; call it again after 3 s, sent at []
            ok, sent at [12800]
        "#]],
        )
        .await;
    }

    #[tokio::test(start_paused = true)]
    async fn a_server_that_is_down_is_not_waited_for() {
        check(
            "lost down ok",
            true,
            &expect![[r#"
            server `crm` is not available: it exited; call it again after 3 s, sent at [0]
            ok, sent at [100]
        "#]],
        )
        .await;
    }

    #[tokio::test(start_paused = true)]
    async fn a_server_that_fails_again_and_again_is_left_alone() {
        let policy = CallPolicy::default().with(PolicyKey::BreakerFailures, 2);
        let (conduct, way) = (conduct(policy), Script::new("refused lost ok"));
        let error = one(&conduct, &way, true).await;
        let told = "server `crm` is not available: its last 2 calls failed (connection reset), \
            so it is left alone (tried 2 times); call it again after 2 s";
        assert_eq!(error, told);
        assert_eq!(*way.sent.lock().unwrap(), [0, 100]);
        sleep(Duration::from_secs(2)).await;
        assert_eq!(one(&conduct, &way, true).await, "ok");
    }

    #[tokio::test(start_paused = true)]
    async fn five_hundred_calls_at_once_are_queued_and_not_refused() {
        let policy = CallPolicy::default().with_rate("400/s".parse().ok());
        let (conduct, way) = (conduct(policy.with(PolicyKey::CallsInFlight, 50)), Script::new(""));
        let calls = join_all((0..500).map(|_| one(&conduct, &way, false))).await;
        assert!(calls.iter().all(|call| call == "ok"));
        assert_eq!(way.under_way.lock().unwrap().1, 50);
        let sent = way.sent.lock().unwrap();
        assert_eq!((sent[399], sent[400]), (700, 1_000), "the rate holds");
    }

    #[tokio::test(start_paused = true)]
    async fn a_dropped_call_gives_back_what_it_held() {
        let policy = CallPolicy::default()
            .with(PolicyKey::CallsInFlight, 1)
            .with(PolicyKey::BreakerFailures, 1);
        let (conduct, way) = (conduct(policy), Script::new("lost hang ok"));
        one(&conduct, &way, false).await;
        sleep(Duration::from_secs(2)).await;
        {
            let hanging = one(&conduct, &way, false);
            tokio::pin!(hanging);
            assert!(futures::poll!(&mut hanging).is_pending());
        }
        assert_eq!(one(&conduct, &way, false).await, "ok");
    }
}
