//! What scripts ask about masked values, and values that they put in: the calls behind `pii`.
//!
//! They are calls to the gateway itself, so they are journaled and replayed as all calls are. The
//! journal must not have a value that a script puts in, so that argument is left out of it; see
//! [`without_value`].

use serde_json::{Map, Value, json};
use workroom_pii::Kind;
use workroom_privacy::{Direction, Flow, Masker, compute};

use super::{Privacy, PrivacyError, Scope, keep_flows};
use crate::{
    Shared, now,
    sandbox::{AnswerError, GuestCall},
};

/// The gateway's function that scripts call.
const FUNCTION: &str = "pii";

/// The question that puts a value in.
const REGISTER: &str = "register";

/// The longest value that a script may put in.
const REGISTERED_BYTES_MAX: usize = 4 * 1024;

/// Whether `call` asks about a value.
pub(crate) fn is_question(call: &GuestCall) -> bool {
    call.module.is_empty() && call.function == FUNCTION
}

/// `call` as it may be recorded.
pub(crate) fn without_value(call: &GuestCall) -> GuestCall {
    let mut call = call.clone();
    if !is_question(&call) {
        return call;
    }
    if let Ok(Value::Object(mut arguments)) = serde_json::from_str(&call.arguments)
        && arguments.contains_key("value")
    {
        arguments.insert("value".to_owned(), Value::Null);
        call.arguments = Value::Object(arguments).to_string();
    }
    call
}

/// Answers a question.
pub(crate) async fn question(
    shared: &Shared,
    scope: &Scope,
    call: &GuestCall,
) -> Result<String, AnswerError> {
    let arguments: Map<String, Value> = serde_json::from_str(&call.arguments).unwrap_or_default();
    let asked = arguments.get("question").and_then(Value::as_str).unwrap_or_default();
    let Some(privacy) = &shared.privacy else {
        return Err(failed("pii_off", "no value is masked, so there is nothing to ask".to_owned()));
    };
    if asked == REGISTER {
        return register(privacy, shared, scope, &arguments).await;
    }
    let Some(question) = compute::Question::named(asked) else {
        return Err(failed("invalid_arguments", format!("there is no `pii.{asked}`")));
    };
    let slot = privacy.slot(scope);
    let mut slot = slot.lock().await;
    privacy.look_up(shared, scope, &mut slot).await.map_err(|error| unavailable(&error))?;
    let Some(vault) = slot.vault_mut() else {
        let message = format!("`pii.{asked}` was asked, and this session has no masked value");
        return Err(failed("unknown_token", message));
    };
    let policy = &privacy.config.policy;
    let answer = compute::ask(vault, privacy.mint(), policy, question, &arguments, now());
    drop(slot);
    let kept = async {
        if !privacy.are_stored(shared, scope, &answer.made).await? {
            return Err(PrivacyError::Busy);
        }
        Ok(keep_flows(shared, scope, answer.flows).await?)
    };
    kept.await.map_err(|error| unavailable(&error))?;
    match answer.outcome {
        Ok(value) => Ok(value.to_string()),
        Err(error) => Err(failed(error.code(), error.to_string())),
    }
}

async fn register(
    privacy: &Privacy,
    shared: &Shared,
    scope: &Scope,
    arguments: &Map<String, Value>,
) -> Result<String, AnswerError> {
    let usage = |message: &str| failed("invalid_arguments", message.to_owned());
    let value = arguments.get("value").and_then(Value::as_str).filter(|it| !it.trim().is_empty());
    let Some(value) = value.filter(|value| value.len() <= REGISTERED_BYTES_MAX) else {
        return Err(usage("`pii.register` takes a text of 1 to 4096 bytes, and its kind"));
    };
    let kind = match arguments.get("kind").and_then(Value::as_str) {
        None => Kind::Custom,
        Some(name) => Kind::named(name)
            .ok_or_else(|| usage(&format!("there is no kind of personal data `{name}`")))?,
    };
    // Under a profile that does not know the kind, its tokens would be mere text.
    let kind = if privacy.config.kinds.has(kind) { kind } else { Kind::Custom };
    for _ in 0..2 {
        let slot = privacy.slot(scope);
        let mut slot = slot.lock().await;
        let opened = privacy.open(shared, scope, &mut slot).await;
        opened.map_err(|error| unavailable(&error))?;
        let kinds = privacy.config.kinds;
        let mut masker = Masker::new(slot.vault_mut(), privacy.mint(), kinds, Direction::In, now());
        let token = masker.register(kind, value);
        let (used, flows): (_, Vec<Flow>) = masker.into_found();
        drop(slot);
        let token = match token {
            Ok(Some(token)) => token,
            Ok(None) => return Err(usage("the value cannot be registered")),
            Err(error) => return Err(failed("vault_full", error.to_string())),
        };
        let stored = privacy.are_stored(shared, scope, &used).await;
        if stored.map_err(|error| unavailable(&error))? {
            let kept = keep_flows(shared, scope, flows).await;
            kept.map_err(|error| unavailable(&error.into()))?;
            return Ok(Value::from(token.as_str()).to_string());
        }
    }
    Err(unavailable(&PrivacyError::Busy))
}

fn unavailable(error: &PrivacyError) -> AnswerError {
    failed(error.code(), error.to_string())
}

fn failed(code: &str, message: String) -> AnswerError {
    AnswerError {
        name: "PrivacyError".to_owned(),
        message,
        properties: json!({ "code": code }).to_string(),
    }
}
