//! Masking and revealing in the engine: at once from many calls, and when something fails.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::{
    collections::BTreeSet,
    sync::{
        Arc, LazyLock, Mutex, PoisonError,
        mpsc::{self, Receiver, Sender},
    },
};

use serde_json::{Map, Value, json};
use support::{Bench, done, read, turn};
use workroom_engine::{
    EngineConfig, MasterKeys, PrivacyConfig,
    sandbox::{Answer, GuestCall, LogLevel, LogLine, SandboxError, Turn, TurnState},
    store::{FlowsOf, Vaults as _},
};
use workroom_pii::{Detect, Found, Kind, Place, Sink, Withheld};
use workroom_privacy::{Kinds, Policy, seal::MasterKey};
use workroom_types::{Bound, Bounds, Limit, Limits, SessionId};

/// What a detector that hangs waits for.
static HANGING: LazyLock<(Mutex<Receiver<()>>, Sender<()>)> = LazyLock::new(|| {
    let (sender, receiver) = mpsc::channel();
    (Mutex::new(receiver), sender)
});

/// Finds words with an `@`; fails at some others.
struct Simple;

impl Simple {
    fn word(word: &str, path: &str, sink: &mut dyn Sink) -> Result<String, Withheld> {
        match word {
            "panic!" => panic!("a fault of the detector"),
            "hang!" => {
                // Until the test is over, and then for a while.
                let _ = HANGING.0.lock().unwrap_or_else(PoisonError::into_inner).recv();
                Ok(word.to_owned())
            }
            "charset!" => Err(Withheld { reason: "its character set is not known".to_owned() }),
            word if word.contains('@') => {
                let kind = Kind::Email;
                let found =
                    Found { kind, value: word, path, owner: None, detector: "at", confidence: 99 };
                Ok(sink.replace(&found)?.unwrap_or_else(|| word.to_owned()))
            }
            word => Ok(word.to_owned()),
        }
    }

    fn value(value: &mut Value, path: &str, sink: &mut dyn Sink) -> Result<(), Withheld> {
        match value {
            Value::String(text) => {
                let before = sink.escape(text).unwrap_or_else(|| text.clone());
                let words = before.split(' ').map(|word| Self::word(word, path, sink));
                *text = words.collect::<Result<Vec<_>, _>>()?.join(" ");
            }
            Value::Array(items) => {
                for item in items {
                    Self::value(item, path, sink)?;
                }
            }
            Value::Object(map) => {
                for (key, item) in map.iter_mut() {
                    Self::value(item, &format!("{path}.{key}"), sink)?;
                }
            }
            _ => {}
        }
        Ok(())
    }
}

impl Detect for Simple {
    fn json(&self, value: &mut Value, _: Place<'_>, sink: &mut dyn Sink) -> Result<(), Withheld> {
        Self::value(value, "$", sink)
    }

    fn text(
        &self,
        text: &str,
        _: Place<'_>,
        sink: &mut dyn Sink,
    ) -> Result<Option<String>, Withheld> {
        let mut value = Value::from(text);
        Self::value(&mut value, "", sink)?;
        Ok(value.as_str().filter(|masked| *masked != text).map(str::to_owned))
    }
}

struct Keys(Mutex<Result<[u8; 32], String>>);

impl MasterKeys for Keys {
    fn keys(&self) -> Result<Vec<MasterKey>, String> {
        self.0.lock().unwrap().clone().map(|key| vec![MasterKey::new(key)])
    }
}

fn config(keys: Arc<Keys>) -> EngineConfig {
    EngineConfig {
        privacy: Some(PrivacyConfig {
            detect: Arc::new(Simple),
            last: Arc::new(Simple),
            clears: Vec::new(),
            kinds: Kinds::ALL,
            is_on: true,
            policy: Policy::default(),
            keys,
        }),
        ..EngineConfig::default()
    }
}

fn bench() -> Bench {
    Bench::with(config(Arc::new(Keys(Mutex::new(Ok([1; 32]))))))
}

/// A turn that calls `echo` with each of these.
#[expect(clippy::unnecessary_wraps, reason = "what a plan gives")]
fn echoes(texts: &[String]) -> Result<Turn, SandboxError> {
    let calls = (0..).zip(texts).map(|(id, text)| GuestCall {
        id,
        module: "crm".to_owned(),
        function: "echo".to_owned(),
        arguments: json!({ "text": text }).to_string(),
    });
    let calls = calls.collect();
    Ok(Turn { calls, state: Ok(TurnState::Waiting), ..Turn::failed(SandboxError::Dead) })
}

/// What the tool answers to each of these texts, in their order.
async fn echoed(bench: &Bench, texts: Vec<String>) -> Vec<String> {
    let seen = Arc::new(Mutex::new(Vec::<Answer>::new()));
    let count = texts.len();
    bench.plan(move |_| echoes(&texts));
    for _ in 0..count {
        let seen = Arc::clone(&seen);
        bench.plan(move |answers| {
            let mut seen = seen.lock().unwrap();
            seen.extend(answers);
            turn(&[], if seen.len() < count { TurnState::Waiting } else { done("1") })
        });
    }
    let report = bench.run("1").await;
    assert!(report.outcome.is_ok(), "{:?}", report.outcome);
    bench.sandbox.steps.lock().unwrap().clear();
    let seen = seen.lock().unwrap().clone();
    read(seen)
}

#[tokio::test]
async fn a_thousand_calls_at_once_mint_one_token_a_value() {
    let bench = bench();
    // Each value comes four times.
    let texts = (0..1_000).map(|n| format!("u{}@x.org", n % 250)).collect();
    let answers = echoed(&bench, texts).await;
    let tokens: BTreeSet<&String> = answers.iter().collect();
    assert_eq!(tokens.len(), 250, "one token a value");
    for n in 0..250 {
        assert_eq!(answers[n], answers[n + 250]);
        assert!(answers[n].starts_with(r#"{"text":"[email_"#), "{}", answers[n]);
    }
    let vault = bench.store.vault(&SessionId::named("s1"), 0).await.unwrap().unwrap();
    assert_eq!(vault.values.len(), 250, "all of them are stored");
    // The values come back where they came from, and nothing was lost on the way.
    let back: Vec<String> = answers
        .iter()
        .take(5)
        .map(|it| serde_json::from_str::<Value>(it).unwrap()["text"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(echoed(&bench, back.clone()).await[0], format!("{{\"text\":\"{}\"}}", back[0]));
}

#[tokio::test]
async fn what_the_detector_cannot_look_at_is_withheld() {
    let bench = bench();
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let texts = ["a@x.org charset!", "a@x.org panic!", "a@x.org"].map(str::to_owned).to_vec();
    let answers = echoed(&bench, texts).await;
    std::panic::set_hook(hook);
    assert_eq!(
        answers[0],
        "PrivacyError: what `crm.echo` said is withheld: its character set is not known"
    );
    assert!(answers[1].ends_with("the detector of personal data failed"), "{}", answers[1]);
    assert!(answers[2].starts_with(r#"{"text":"[email_"#), "{}", answers[2]);
}

#[tokio::test]
async fn a_detector_that_hangs_withholds_in_time() {
    let mut limits = Limits::default();
    limits.set(Limit::Wall, 1_000).unwrap();
    let keys = Arc::new(Keys(Mutex::new(Ok([1; 32]))));
    let bench = Bench::with(EngineConfig { limits, ..config(keys) });
    let failed = bench.engine.call("crm", "echo", hanging()).await.unwrap_err();
    HANGING.1.send(()).unwrap();
    assert_eq!(failed.code, "withheld");
    assert!(
        failed.message.ends_with("could not be searched for personal data in time"),
        "{failed}"
    );
}

/// Arguments whose echo is long enough for a thread of its own.
fn hanging() -> Map<String, Value> {
    Map::from_iter([("text".to_owned(), Value::from(format!("hang! {}", "x".repeat(64 * 1024))))])
}

#[tokio::test]
async fn without_a_key_what_has_values_is_withheld_and_other_results_pass() {
    let keys = Arc::new(Keys(Mutex::new(Err("the file is gone".to_owned()))));
    let bench = Bench::with(config(Arc::clone(&keys)));
    let answers = echoed(&bench, ["a@x.org", "nothing"].map(str::to_owned).to_vec()).await;
    assert!(
        answers[0].ends_with("there is no key for the vault: the file is gone"),
        "{}",
        answers[0]
    );
    assert_eq!(answers[1], r#"{"text":"nothing"}"#);
    // Another key than the one that locked the vault.
    *keys.0.lock().unwrap() = Ok([1; 32]);
    echoed(&bench, vec!["a@x.org".to_owned()]).await;
    let other = Bench::with(config(Arc::new(Keys(Mutex::new(Ok([2; 32]))))));
    let id = SessionId::named("s1");
    let sealed = bench.store.vault(&id, 0).await.unwrap().unwrap();
    other.store.open_vault(&id, 1, sealed.key).await.unwrap();
    let answers = echoed(&other, vec!["b@x.org".to_owned(), "[email_1]".to_owned()]).await;
    assert!(
        answers.iter().all(|answer| answer.contains("the session's vault is lost")),
        "{answers:?}"
    );
}

#[tokio::test]
async fn a_full_vault_withholds_and_keeps_what_it_has() {
    let mut bounds = Bounds::default();
    bounds.set(Bound::VaultValues, 2).unwrap();
    let keys = Arc::new(Keys(Mutex::new(Ok([1; 32]))));
    let bench = Bench::with(EngineConfig { bounds, ..config(keys) });
    let texts = ["a@x.org b@x.org", "a@x.org"].map(str::to_owned).to_vec();
    echoed(&bench, texts).await;
    let answers = echoed(&bench, ["c@x.org", "b@x.org"].map(str::to_owned).to_vec()).await;
    assert!(answers[0].contains("`sandbox.vault_values` is 2"), "{}", answers[0]);
    assert_eq!(answers[1], r#"{"text":"[email_2]"}"#);
}

#[tokio::test]
async fn what_code_put_together_is_masked_on_its_way_to_the_agent_and_counted() {
    let bench = bench();
    bench.plan(|_| {
        let line = LogLine { level: LogLevel::Log, text: "it is eve@x.org".to_owned() };
        let state = Ok(done(r#"{"to":"eve@x.org","kept":"[email_77]"}"#));
        Ok(Turn { logs: vec![line], state, ..Turn::failed(SandboxError::Dead) })
    });
    let report = bench.run("1").await;
    assert_eq!(report.outcome, Ok(Some(r#"{"to":"[email_1]","kept":"[email_77]"}"#.to_owned())));
    assert_eq!(report.logs[0].text, "it is [email_1]");
    assert!(report.notes.iter().any(|note| note.contains("was not masked")), "{:?}", report.notes);
    let flows = bench.store.flows(FlowsOf::default(), 10).await.unwrap();
    assert_eq!(flows.iter().map(|flow| flow.act.as_str()).collect::<Vec<_>>(), ["caught"]);
}

#[tokio::test]
async fn a_forgotten_vault_is_forgotten_in_memory_too() {
    let bench = bench();
    let masked = echoed(&bench, vec!["a@x.org".to_owned()]).await;
    assert_eq!(masked[0], r#"{"text":"[email_1]"}"#);
    assert!(bench.store.forget_vault(&SessionId::named("s1")).await.unwrap());
    let texts = ["[email_1]", "a@x.org"].map(str::to_owned).to_vec();
    let answers = echoed(&bench, texts).await;
    assert!(answers[0].contains("`[email_1]` is no token of this session"), "{}", answers[0]);
    assert_eq!(answers[1], r#"{"text":"[email_2]"}"#, "a number is given once");
}
