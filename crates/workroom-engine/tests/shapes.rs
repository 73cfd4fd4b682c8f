//! What the engine does with the forms of arguments, results and definitions.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::sync::{Arc, Mutex, atomic::Ordering};

use serde_json::{Value, json};
use support::{Bench, done, read, turn};
use workroom_engine::{
    KnownTool, Node, RunReport, SessionChoice, Store as _,
    sandbox::{GuestCall, GuestError, SandboxError, Turn, TurnState},
};
use workroom_types::{Limits, SessionId};

/// Calls `echo` with `arguments`, then ends in `state`; gives what the script saw.
async fn echo(bench: &Bench, arguments: &str, state: TurnState) -> (String, RunReport) {
    echo_in(bench, arguments, state, SessionChoice::Own(SessionId::named("s1"))).await
}

async fn echo_in(
    bench: &Bench,
    arguments: &str,
    state: TurnState,
    session: SessionChoice,
) -> (String, RunReport) {
    let call = GuestCall {
        id: 0,
        module: "crm".to_owned(),
        function: "echo".to_owned(),
        arguments: arguments.to_owned(),
    };
    bench.plan(move |_| {
        let state = Ok(TurnState::Waiting);
        Ok(Turn { calls: vec![call], state, ..Turn::failed(SandboxError::Dead) })
    });
    let seen = Arc::new(Mutex::new(String::new()));
    let saw = Arc::clone(&seen);
    bench.plan(move |answers| {
        *saw.lock().unwrap() = read(answers).join("");
        turn(&[], state)
    });
    let report = bench.run_in("return price; var price", session).await;
    let seen = seen.lock().unwrap().clone();
    (seen, report)
}

fn bench(properties: &Value, required: &[&str]) -> Bench {
    let bench = Bench::new(Limits::default());
    set(&bench, properties, required);
    bench
}

fn set(bench: &Bench, properties: &Value, required: &[&str]) {
    let schema = json!({"type": "object", "properties": properties, "required": required});
    bench.world.set_schema(schema);
}

#[tokio::test]
async fn arguments_that_do_not_fit_are_told_and_not_sent() {
    let bench = bench(&json!({"count": {"type": "number"}}), &["count"]);
    let (seen, report) = echo(&bench, r#"{"cuont":1}"#, done("1")).await;
    assert_eq!(
        seen,
        "ArgumentError: `crm.echo` was not called: `cuont` is no parameter; did you mean \
         `count`?\nsignature: echo(input: { count: number }): Promise<unknown>"
    );
    assert_eq!((report.calls.made, report.calls.failed), (1, 1));
    assert_eq!(bench.world.peak.load(Ordering::SeqCst), 0, "nothing was sent");
}

#[tokio::test]
async fn mended_arguments_are_sent_and_told() {
    let bench = bench(&json!({"count": {"type": "number"}}), &["count"]);
    let (seen, report) = echo(&bench, r#"{"count":"5"}"#, done("1")).await;
    assert_eq!(seen, r#"{"count":5}"#);
    let note = "`crm.echo`: `count` is a string that holds a number, sent as a number";
    assert_eq!(report.notes, [note]);
    let (seen, report) = echo(&bench, "7", done("1")).await;
    assert_eq!(seen, r#"{"count":7}"#);
    assert_eq!(report.notes, ["`crm.echo`: the argument by itself is `count`"]);
    let (seen, _) = echo(&bench, r#"{"count":5,"deep":"#, done("1")).await;
    assert!(
        seen.starts_with("ArgumentError: the arguments of `crm.echo` cannot be read"),
        "{seen}"
    );
}

/// The end of a script that failed with `message`.
fn threw(message: &str) -> TurnState {
    let (name, message) = ("TypeError".to_owned(), message.to_owned());
    TurnState::Threw(GuestError { name, message, ..GuestError::default() })
}

#[tokio::test]
async fn a_result_that_contradicts_earlier_ones_is_told_and_leads_the_error() {
    let bench = Bench::new(Limits::default());
    for _ in 0..5 {
        let (_, report) = echo(&bench, r#"{"rows":[{"price":1}]}"#, done("1")).await;
        assert_eq!(report.notes, [""; 0]);
    }
    let drift = "the results of `crm.echo` are not what they were: `rows[].price` was number in 5 \
                 calls, now string";
    let text = r#"{"rows":[{"price":"1"}]}"#;
    let (seen, report) = echo(&bench, text, done("1")).await;
    assert_eq!(seen, text, "the script gets it as it is");
    assert_eq!(report.notes, [format!("warning: {drift}")]);

    let state = threw("cannot read property 'x' of price");
    let (_, report) = echo(&bench, text, state).await;
    let failure = report.outcome.clone().unwrap_err();
    assert_eq!(failure.message, "TypeError: cannot read property 'x' of price", "as it was thrown");
    let lead = drift.to_owned();
    assert_eq!(failure.context.lead, Some(lead.clone()));
    assert_eq!(report.notes, [""; 0], "it is no news any more");
    let shown = bench.engine.present(&report, None, false).text;
    assert_eq!(shown.lines().nth(1), Some(lead.as_str()));

    let (_, report) = echo(&bench, text, threw("the prices are off")).await;
    assert_eq!(report.outcome.unwrap_err().context.lead, None, "another word");
    let fine = r#"{"rows":[{"price":1}]}"#;
    let (_, report) = echo(&bench, fine, threw("price")).await;
    assert_eq!(report.outcome.unwrap_err().context.lead, None, "this result is as they were");
}

#[tokio::test]
async fn what_was_learned_is_stored_and_shown_in_the_tools_file() {
    let bench = Bench::new(Limits::default());
    for n in 0..3 {
        echo(&bench, &format!("{{\"id\":\"a-{n}\"}}"), done("1")).await;
    }
    let Node::File(file) = bench.engine.read("./servers/crm/echo.ts", None).await.unwrap() else {
        panic!("it is a file")
    };
    assert!(file.contains("Observed in 3 calls."), "{file}");
    assert!(
        file.contains("export type EchoOutput = { id: string }") || file.contains("id: string; //"),
        "{file}"
    );
    let records = bench.store.shapes(None).await.unwrap();
    let known = KnownTool::read(&records[0].body).unwrap();
    assert_eq!((records.len(), known.observed.calls), (1, 3));
    assert!(!records[0].body.contains("a-1"), "no value is stored");
}

#[tokio::test]
async fn a_definition_that_changed_is_told_once_to_each_session_that_knew_it() {
    let bench = bench(&json!({"count": {"type": "number"}}), &[]);
    let old = SessionChoice::Own(SessionId::named("old"));
    let other = SessionChoice::Own(SessionId::named("other"));
    for session in [&old, &other] {
        let (_, report) = echo_in(&bench, "{}", done("1"), session.clone()).await;
        assert_eq!(report.notes, [""; 0]);
    }
    set(&bench, &json!({"count": {"type": "string"}, "unit": {"type": "string"}}), &["unit"]);
    let told = "warning: the definition of `crm.echo` is another one than when it was last used \
                (new parameters: `unit`; now required: `unit`; of another type: `count`); read \
                ./servers/crm/echo.ts";
    let (seen, report) = echo_in(&bench, "{}", done("1"), old.clone()).await;
    assert!(seen.contains("`unit` is missing"), "{seen}");
    assert_eq!(report.notes, [told]);
    let (_, report) = echo_in(&bench, r#"{"unit":"kg"}"#, done("1"), old).await;
    assert_eq!(report.notes, [""; 0], "once is enough");
    let (_, report) = echo_in(&bench, r#"{"unit":"kg"}"#, done("1"), other).await;
    assert_eq!(report.notes, [told]);
    let records = bench.store.shapes(None).await.unwrap();
    let known: Vec<KnownTool> =
        records.iter().map(|record| KnownTool::read(&record.body).unwrap()).collect();
    assert_eq!((known.len(), known[0].changes.len()), (2, 1), "one record a definition");
}

#[tokio::test]
async fn a_result_one_byte_too_large_is_not_looked_at() {
    const MOST: usize = 1024 * 1024;
    let bench = Bench::new(Limits::default());
    let text = |bytes: usize| format!("{{\"a\":\"{}\"}}", "x".repeat(bytes - 8));
    for (bytes, calls) in [(MOST + 1, 0), (MOST, 1)] {
        let text = text(bytes);
        assert_eq!(text.len(), bytes);
        echo(&bench, &text, done("1")).await;
        let records = bench.store.shapes(None).await.unwrap();
        let known = records.first().and_then(|record| KnownTool::read(&record.body));
        assert_eq!(known.unwrap_or_default().observed.calls, calls);
    }
}
