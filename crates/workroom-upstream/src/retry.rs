//! Whether a call that failed is made again, and when. Pure: time and chance come in.
//!
//! | what happened | tool that may be repeated | any other tool |
//! |---|---|---|
//! | surely not sent: no connection | again | again |
//! | not sent: the server ended, and is started again in seconds | again | again |
//! | not sent: it never worked, rests longer, or is left alone | error | error |
//! | HTTP 429, or 503 with `Retry-After` | again after that time | error that names it |
//! | the connection broke, the answer is torn, or HTTP 5xx | again | error: in doubt |
//! | no answer in time | error | error: in doubt |
//! | an error that says `retryable` or `retryAfter` | again | error |
//! | any other error of JSON-RPC or of the tool | error | error |
//! | an answer that is not MCP | error | error: in doubt |
//!
//! An error says that it may be retried where an object of its own holds `retryable: true`, or a
//! number of seconds as `retryAfter` or `retry_after`, or of milliseconds as `retryAfterMs` or
//! `retry_after_ms`: `error.data` of JSON-RPC; of a tool `_meta`, `structuredContent`, an `error`
//! in that, or a text that is such an object. Words in a sentence are no such sign.
//!
//! # Invariants
//!
//! * A call that may have been sent is made again only if its tool says that this does no harm.
//! * Nothing is waited for longer than the call's deadline, nor than [`AFTER_WAITED_MAX`].

use std::time::{Duration, SystemTime};

use rmcp::model::ErrorCode;
use serde_json::Value;
use workroom_engine::upstreams::{Again, Repeat};

/// The wait after a first failure; twice as long after each further one.
const BACKOFF_FIRST: Duration = Duration::from_millis(100);

/// The longest such wait.
const BACKOFF_MAX: Duration = Duration::from_secs(5);

/// The longest wait that a server may ask for and that is kept; a call fails at once beyond it.
pub(crate) const AFTER_WAITED_MAX: Duration = Duration::from_secs(60);

/// The longest wait that an error shows, whatever a server asks for.
const AFTER_SHOWN_MAX: Duration = Duration::from_secs(24 * 60 * 60);

/// What became of one try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cause {
    /// It was surely not sent.
    NotSent,
    /// It was not sent, since the server is down; it can be tried again after this time.
    Down(Option<Duration>),
    /// It was not sent, since the server ended; it is started again after this time.
    Restarting(Duration),
    /// The server did not take it now.
    Busy(Option<Duration>),
    /// It was sent, and there is no whole answer.
    Lost,
    /// It was sent, and not answered in time.
    TimedOut,
    /// The server answered that it failed.
    Answered(Advice),
    /// The server answered, and nobody knows what that means.
    Nonsense,
}

/// What an error says about trying again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Advice {
    #[default]
    Nothing,
    /// It would fail the same way.
    Never,
    /// It may work, after this time if one is named.
    Again(Option<Duration>),
}

/// A call so far.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Progress {
    /// Tries made, of which some may have ended before anything was sent.
    pub(crate) tries: u32,
    /// How often it may be tried again in all.
    pub(crate) retries: u32,
    /// A second call does no harm.
    pub(crate) may_repeat: bool,
    /// Time until its deadline.
    pub(crate) left: Duration,
}

/// What comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// Another try, after this time.
    Try(Duration),
    /// The error, with this knowledge.
    Fail(Again),
}

/// What comes after a try that ended in `cause`. `chance` is from 0 to 1.
pub(crate) fn next(progress: Progress, cause: Cause, chance: f64) -> Next {
    let Progress { tries, retries, may_repeat, left } = progress;
    let harmless = if may_repeat { Repeat::Yes } else { Repeat::InDoubt };
    let (wanted, repeat, after) = match cause {
        Cause::NotSent => (true, Repeat::Yes, None),
        Cause::Down(after) => (false, Repeat::Yes, after),
        Cause::Restarting(after) => (after <= BACKOFF_MAX, Repeat::Yes, Some(after)),
        Cause::Busy(after) | Cause::Answered(Advice::Again(after)) => {
            (may_repeat, Repeat::Yes, after)
        }
        Cause::Lost => (may_repeat, harmless, None),
        Cause::TimedOut => (false, harmless, None),
        Cause::Answered(Advice::Never) => (false, Repeat::No, None),
        Cause::Answered(Advice::Nothing) => (false, Repeat::Unknown, None),
        Cause::Nonsense if may_repeat => (false, Repeat::Unknown, None),
        Cause::Nonsense => (false, Repeat::InDoubt, None),
    };
    let after = after.map(|after| after.min(AFTER_SHOWN_MAX));
    let wait = wait(tries, after, chance);
    if wanted && tries <= retries && wait < left && after.is_none_or(|a| a <= AFTER_WAITED_MAX) {
        return Next::Try(wait);
    }
    Next::Fail(Again { tries, repeat, after })
}

/// From half of the backoff to all of it, or what was asked for and up to the backoff more: many
/// that failed together do not come back together.
fn wait(tries: u32, after: Option<Duration>, chance: f64) -> Duration {
    let backoff = doubled(BACKOFF_FIRST, tries.saturating_sub(1), BACKOFF_MAX);
    let chance = chance.clamp(0.0, 1.0);
    match after {
        Some(after) => after + backoff.mul_f64(chance),
        None => backoff.mul_f64(0.5 + 0.5 * chance),
    }
}

/// `first`, doubled `times` times, and `most` at most.
pub(crate) fn doubled(first: Duration, times: u32, most: Duration) -> Duration {
    first.saturating_mul(1 << times.min(20)).min(most)
}

/// The time that a `Retry-After` header asks for: seconds, or a date.
pub(crate) fn retry_after(text: &str, now: SystemTime) -> Option<Duration> {
    let text = text.trim();
    let after = if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        // More digits than a number holds are a long time too.
        Duration::from_secs(text.parse().unwrap_or(u64::MAX))
    } else {
        let date = httpdate::parse_http_date(text).ok()?;
        date.duration_since(now).unwrap_or_default()
    };
    Some(after.min(AFTER_SHOWN_MAX))
}

/// What a JSON-RPC error says about trying again.
pub(crate) fn error_advice(code: ErrorCode, data: Option<&Value>) -> Advice {
    const NEVER: [ErrorCode; 3] =
        [ErrorCode::INVALID_REQUEST, ErrorCode::METHOD_NOT_FOUND, ErrorCode::INVALID_PARAMS];
    match data.map(advice).unwrap_or_default() {
        Advice::Nothing if NEVER.contains(&code) => Advice::Never,
        said => said,
    }
}

/// What the result of a tool that failed says about trying again.
pub(crate) fn tool_advice(result: &Value) -> Advice {
    let structured = result.get("structuredContent");
    let content = result.get("content").and_then(Value::as_array);
    let text = match content.map(Vec::as_slice) {
        Some([block]) => block.get("text").and_then(Value::as_str),
        _ => None,
    };
    let parsed: Option<Value> =
        text.filter(|text| text.starts_with('{')).and_then(|text| serde_json::from_str(text).ok());
    let within = |value: Option<&Value>| value.and_then(|value| value.get("error")).cloned();
    [
        result.get("_meta").cloned(),
        structured.cloned(),
        within(structured),
        within(parsed.as_ref()),
        parsed,
    ]
    .iter()
    .flatten()
    .map(advice)
    .find(|advice| *advice != Advice::Nothing)
    .unwrap_or_default()
}

/// What the keys of `object` say, if it is one.
fn advice(object: &Value) -> Advice {
    let retryable = object.get("retryable").and_then(Value::as_bool);
    let number = |keys: [&str; 2]| {
        let mut numbers = keys.iter().filter_map(|key| object.get(key)?.as_f64());
        numbers.find(|number| number.is_finite() && *number >= 0.0)
    };
    let seconds = number(["retryAfterMs", "retry_after_ms"])
        .map(|millis| millis / 1_000.0)
        .or_else(|| number(["retryAfter", "retry_after"]));
    let after =
        seconds.map(|seconds| Duration::from_secs_f64(seconds.min(AFTER_SHOWN_MAX.as_secs_f64())));
    match (retryable, after) {
        (Some(false), _) => Advice::Never,
        (Some(true), after) | (None, after @ Some(_)) => Advice::Again(after),
        (None, None) => Advice::Nothing,
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use expect_test::expect;
    use serde_json::json;

    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    fn word(next: Next) -> String {
        match next {
            Next::Try(wait) => format!("again after {} ms", wait.as_millis()),
            Next::Fail(again) => {
                let repeat = again.repeat.word().unwrap_or("unknown");
                let after = again.after.map(|after| format!(" after {after:?}"));
                format!("error, repeat {repeat}{}", after.unwrap_or_default())
            }
        }
    }

    fn causes() -> Vec<Cause> {
        let seconds = |seconds| Some(Duration::from_secs(seconds));
        vec![
            Cause::NotSent,
            Cause::Down(seconds(4)),
            Cause::Down(None),
            Cause::Restarting(Duration::from_secs(1)),
            Cause::Restarting(Duration::from_secs(6)),
            Cause::Busy(seconds(2)),
            Cause::Busy(seconds(61)),
            Cause::Busy(None),
            Cause::Lost,
            Cause::TimedOut,
            Cause::Answered(Advice::Nothing),
            Cause::Answered(Advice::Never),
            Cause::Answered(Advice::Again(None)),
            Cause::Answered(Advice::Again(seconds(1))),
            Cause::Nonsense,
        ]
    }

    #[test]
    fn the_decisions_are_this_table() {
        let mut table = String::new();
        for cause in causes() {
            let with = |may_repeat| {
                let progress = Progress { tries: 1, retries: 3, may_repeat, left: 2 * MINUTE };
                word(next(progress, cause, 1.0))
            };
            writeln!(
                table,
                "{cause:?}\n    may repeat: {}\n    other: {}",
                with(true),
                with(false)
            )
            .unwrap();
        }
        expect![[r#"
            NotSent
                may repeat: again after 100 ms
                other: again after 100 ms
            Down(Some(4s))
                may repeat: error, repeat yes after 4s
                other: error, repeat yes after 4s
            Down(None)
                may repeat: error, repeat yes
                other: error, repeat yes
            Restarting(1s)
                may repeat: again after 1100 ms
                other: again after 1100 ms
            Restarting(6s)
                may repeat: error, repeat yes after 6s
                other: error, repeat yes after 6s
            Busy(Some(2s))
                may repeat: again after 2100 ms
                other: error, repeat yes after 2s
            Busy(Some(61s))
                may repeat: error, repeat yes after 61s
                other: error, repeat yes after 61s
            Busy(None)
                may repeat: again after 100 ms
                other: error, repeat yes
            Lost
                may repeat: again after 100 ms
                other: error, repeat in_doubt
            TimedOut
                may repeat: error, repeat yes
                other: error, repeat in_doubt
            Answered(Nothing)
                may repeat: error, repeat unknown
                other: error, repeat unknown
            Answered(Never)
                may repeat: error, repeat no
                other: error, repeat no
            Answered(Again(None))
                may repeat: again after 100 ms
                other: error, repeat yes
            Answered(Again(Some(1s)))
                may repeat: again after 1100 ms
                other: error, repeat yes after 1s
            Nonsense
                may repeat: error, repeat unknown
                other: error, repeat in_doubt
        "#]]
        .assert_eq(&table);
    }

    #[test]
    fn tries_and_time_have_an_end() {
        let check = |tries, left, expected: &str| {
            let progress = Progress { tries, retries: 2, may_repeat: true, left };
            assert_eq!(word(next(progress, Cause::Lost, 0.0)), expected, "{tries} {left:?}");
        };
        check(1, MINUTE, "again after 50 ms");
        check(2, MINUTE, "again after 100 ms");
        check(3, MINUTE, "error, repeat yes");
        check(1, Duration::from_millis(51), "again after 50 ms");
        check(1, Duration::from_millis(50), "error, repeat yes");
        check(1, Duration::ZERO, "error, repeat yes");
    }

    #[test]
    fn waits_double_to_their_bound_and_vary_by_chance() {
        let millis = |tries, chance| wait(tries, None, chance).as_millis();
        let least: Vec<_> = (1..10).map(|tries| millis(tries, 0.0)).collect();
        assert_eq!(least, [50, 100, 200, 400, 800, 1_600, 2_500, 2_500, 2_500]);
        assert_eq!(millis(1, 0.5), 75);
        assert_eq!(millis(u32::MAX, 1.0), 5_000);
        assert_eq!(millis(1, f64::INFINITY), 100);
    }

    #[test]
    fn a_retry_after_is_seconds_or_a_date() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777);
        for (text, expected) in [
            ("3", Some(3)),
            (" 0 ", Some(0)),
            ("999999999", Some(86_400)),
            ("99999999999999999999999", Some(86_400)),
            ("Sun, 06 Nov 1994 08:49:40 GMT", Some(3)),
            ("Sun, 06 Nov 1994 08:49:30 GMT", Some(0)),
            ("Sat, 06 Nov 2094 08:49:37 GMT", Some(86_400)),
            ("-1", None),
            ("1.5", None),
            ("soon", None),
            ("", None),
        ] {
            assert_eq!(retry_after(text, now), expected.map(Duration::from_secs), "{text}");
        }
    }

    #[test]
    fn an_error_says_by_its_keys_that_it_may_be_retried() {
        let again = |millis| Advice::Again(Some(Duration::from_millis(millis)));
        for (object, expected) in [
            (json!({ "retryable": true }), Advice::Again(None)),
            (json!({ "retryable": true, "retryAfter": 2 }), again(2_000)),
            (json!({ "retryable": false, "retryAfter": 2 }), Advice::Never),
            (json!({ "retry_after": 0.5 }), again(500)),
            (json!({ "retryAfterMs": 30 }), again(30)),
            (json!({ "retry_after_ms": 1e300 }), again(86_400_000)),
            (json!({ "retry_after": -1 }), Advice::Nothing),
            (json!({ "retry_after": "2" }), Advice::Nothing),
            (json!({ "retryable": "true" }), Advice::Nothing),
            (json!("retry after 2 s"), Advice::Nothing),
            (json!(null), Advice::Nothing),
        ] {
            assert_eq!(advice(&object), expected, "{object}");
            let error = json!({ "structuredContent": { "error": object }, "content": [] });
            assert_eq!(tool_advice(&error), expected, "{error}");
            let text = json!({ "error": object }).to_string();
            let error = json!({ "content": [{ "type": "text", "text": text }] });
            assert_eq!(tool_advice(&error), expected, "{error}");
        }
        assert_eq!(error_advice(ErrorCode::INVALID_PARAMS, None), Advice::Never);
        assert_eq!(error_advice(ErrorCode::INTERNAL_ERROR, None), Advice::Nothing);
        let data = json!({ "retryable": true });
        assert_eq!(error_advice(ErrorCode::INVALID_PARAMS, Some(&data)), Advice::Again(None));
    }
}
