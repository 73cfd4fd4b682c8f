//! Personal data between servers and scripts: masked on the way in, restored on the way out.
//!
//! What a server says passes [`incoming`] or [`failed`] before anything else sees it; arguments
//! pass [`outgoing`] just before they are sent, after the journal has them; what a
//! run came to passes [`last_look`]. Nothing that was masked is passed on before its record is
//! stored, and nothing is revealed before the store knows where to.
//!
//! Fails closed: what cannot be looked at, or whose tokens cannot be stored, is withheld.
//!
//! * `vaults`: the sessions' vaults, brought from the store and into it.
//! * `pass`: texts masked with a vault; `last`: those that a run gives.
//! * `ask`: what scripts ask about values, and values that they put in.
//! * `listed`: what servers say of themselves.

mod ask;
mod last;
mod listed;
mod pass;
mod vaults;

use std::{
    collections::BTreeSet,
    fmt,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use serde_json::{Map, Value};
use workroom_pii::{Detect, Place};
use workroom_privacy::{
    Act, Destination, Direction, Flow, Kinds, Mint, Policy, RevealError, Token, reveal,
    seal::MasterKey,
};
use workroom_types::{Limit, Limits, ServerSnapshot, SessionId, ToolRef};

use crate::{
    Shared, answer, check, now,
    sandbox::AnswerError,
    store::{FlowRecord, StoreError},
};

pub(crate) use ask::{is_question, question, without_value};
pub(crate) use last::{CAUGHT, last_look};
pub(crate) use listed::Listed;
use pass::Item;
use vaults::{PrivacyError, Vaults};

/// Texts below this size are looked at where they are; larger ones on a thread of their own.
const INLINE_BYTES_MAX: usize = 32 * 1024;

/// The least time that masking has, also where a run has less left.
const MASK_TIME_MIN: Duration = Duration::from_secs(1);

/// Gives the keys that wrap sessions' keys.
pub trait MasterKeys: Send + Sync {
    /// The keys, the one for new sessions first.
    ///
    /// # Errors
    ///
    /// Why there is none, in one clause.
    fn keys(&self) -> Result<Vec<MasterKey>, String>;
}

/// What is masked, and where it may go.
#[derive(Clone)]
pub struct PrivacyConfig {
    /// Finds what is to be masked in what comes from servers.
    pub detect: Arc<dyn Detect>,
    /// The same in what goes to the agent.
    pub last: Arc<dyn Detect>,
    /// The servers with values that a rule clears; `*` for all. Such values are not masked for the
    /// agent either.
    pub clears: Vec<String>,
    /// The kinds that are masked: text that looks like a token of another kind is none.
    pub kinds: Kinds,
    /// Whether more than credentials is masked.
    pub is_on: bool,
    /// Where values may go, and what may be asked about them.
    pub policy: Policy,
    /// Wrap the sessions' keys.
    pub keys: Arc<dyn MasterKeys>,
}

impl fmt::Debug for PrivacyConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PrivacyConfig").field("is_on", &self.is_on).finish_non_exhaustive()
    }
}

/// The engine's part of it.
pub(crate) struct Privacy {
    config: PrivacyConfig,
    vaults: Vaults,
    listed: Listed,
}

impl Privacy {
    pub(crate) fn new(config: PrivacyConfig) -> Self {
        Self { config, vaults: Vaults::default(), listed: Listed::default() }
    }

    /// Whether more than credentials is masked.
    pub(crate) fn is_on(&self) -> bool {
        self.config.is_on
    }

    /// What servers say of themselves, without personal data.
    pub(crate) fn listed(&self, servers: Vec<Arc<ServerSnapshot>>) -> Vec<Arc<ServerSnapshot>> {
        self.listed.masked(servers, &*self.config.detect)
    }

    /// Drops the vaults of sessions that are not in memory any more.
    pub(crate) fn drop_idle(&self, is_live: impl Fn(&SessionId) -> bool) {
        self.vaults.drop_idle(is_live);
    }
}

/// One run, or one call outside of any: whose vault it has, and what was masked in it.
pub(crate) struct Scope {
    /// `None`: a vault of its own, which nothing is kept of.
    session: Option<SessionId>,
    own: Option<(vaults::SharedSlot, Arc<Mint>)>,
    /// Whether its vault was looked up in the store.
    is_fresh: AtomicBool,
    seen: Mutex<BTreeSet<Token>>,
    caught: AtomicU64,
}

impl Scope {
    pub(crate) fn of(session: SessionId) -> Self {
        Self {
            session: Some(session),
            own: None,
            is_fresh: AtomicBool::new(false),
            seen: Mutex::default(),
            caught: AtomicU64::new(0),
        }
    }

    /// For a call that belongs to no session.
    pub(crate) fn apart() -> Self {
        let mint = Arc::new(Mint::new(vaults::random));
        let own = Some((vaults::SharedSlot::default(), mint));
        Self { session: None, own, ..Self::of(SessionId::named("")) }
    }

    /// The session, if it is of one.
    pub(crate) const fn session(&self) -> Option<&SessionId> {
        self.session.as_ref()
    }

    /// How many different values were masked.
    pub(crate) fn masked(&self) -> u64 {
        self.seen().len() as u64
    }

    fn seen(&self) -> MutexGuard<'_, BTreeSet<Token>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A result as scripts see it.
pub(crate) struct Incoming {
    pub(crate) data: String,
    /// The same with numbers where there were numbers, if some were masked: what the result looks
    /// like.
    pub(crate) form: Option<String>,
}

/// Masks a result of `tool`.
pub(crate) async fn incoming(
    shared: &Shared,
    scope: &Scope,
    tool: &ToolRef,
    data: String,
    deadline: Instant,
) -> Result<Incoming, AnswerError> {
    let Some(privacy) = &shared.privacy else { return Ok(Incoming { data, form: None }) };
    let data: Arc<str> = data.into();
    let item = Item::json(tool, schema(shared, tool, false), Arc::clone(&data));
    let masked = privacy.mask(shared, scope, Direction::In, vec![item], deadline).await;
    let masked = masked.map_err(|error| withheld(tool, &error))?.pop().flatten();
    Ok(match masked {
        Some(masked) => Incoming { form: form(&data, &masked), data: masked },
        None => Incoming { data: data.as_ref().to_owned(), form: None },
    })
}

/// Masks what a call failed with.
pub(crate) async fn failed(
    shared: &Shared,
    scope: &Scope,
    tool: &ToolRef,
    mut error: AnswerError,
    deadline: Instant,
) -> AnswerError {
    let Some(privacy) = &shared.privacy else { return error };
    let items = vec![Item::text(tool, error.message.as_str().into())];
    match privacy.mask(shared, scope, Direction::In, items, deadline).await {
        Ok(mut masked) => {
            if let Some(message) = masked.pop().flatten() {
                error.message = message;
            }
            error
        }
        Err(reason) => withheld(tool, &reason),
    }
}

/// Restores values in the arguments of a call to `tool`.
pub(crate) async fn outgoing(
    shared: &Shared,
    scope: &Scope,
    tool: &ToolRef,
    mut arguments: Map<String, Value>,
    limits: Limits,
) -> Result<Map<String, Value>, AnswerError> {
    let Some(privacy) = &shared.privacy else { return Ok(arguments) };
    let has_tokens = has_tokens(&arguments);
    if !has_tokens && !privacy.config.is_on && !privacy.is_open(scope) {
        return Ok(arguments);
    }
    let slot = privacy.slot(scope);
    let mut slot = slot.lock().await;
    privacy.look_up(shared, scope, &mut slot).await.map_err(|error| withheld(tool, &error))?;
    let input = schema(shared, tool, true);
    let to = Destination {
        server: &tool.server,
        tool: &tool.tool,
        schema: input.as_deref(),
        bytes_max: limits.size(Limit::Result),
    };
    let (kinds, policy) = (privacy.config.kinds, &privacy.config.policy);
    let revealed = reveal(slot.vault(), kinds, policy, to, &mut arguments);
    let flow = |token: &str, act: Act| Flow {
        at: now(),
        session: scope.session.as_ref().map_or_else(String::new, ToString::to_string),
        token: token.to_owned(),
        kind: slot
            .vault()
            .and_then(|vault| vault.get(token))
            .map_or("", |it| it.kind.name())
            .into(),
        act,
        server: tool.server.clone(),
        tool: tool.tool.clone(),
        detail: String::new(),
        detector: String::new(),
        confidence: 0,
    };
    let flows: Vec<Flow> = match &revealed {
        Ok(revealed) => {
            revealed.tokens.iter().map(|token| flow(token.as_str(), Act::Revealed)).collect()
        }
        Err(error) => error.token().map(|token| flow(token, Act::Refused)).into_iter().collect(),
    };
    drop(slot);
    let kept = keep_flows(shared, scope, flows).await;
    match (revealed, kept) {
        (Ok(_), Ok(())) => Ok(arguments),
        (Ok(_), Err(error)) => Err(withheld(tool, &error.into())),
        (Err(error), _) => Err(refused(tool, &error)),
    }
}

/// Whether any text of `arguments` has a token in it.
fn has_tokens(arguments: &Map<String, Value>) -> bool {
    fn is_in(value: &Value) -> bool {
        match value {
            Value::String(text) => workroom_privacy::has_token(text),
            Value::Array(items) => items.iter().any(is_in),
            Value::Object(map) => has_tokens(map),
            Value::Null | Value::Bool(_) | Value::Number(_) => false,
        }
    }
    arguments.iter().any(|(key, value)| workroom_privacy::has_token(key) || is_in(value))
}

/// The schema of a tool's arguments, or of its results.
fn schema(shared: &Shared, tool: &ToolRef, of_arguments: bool) -> Option<Arc<Value>> {
    let catalog = shared.catalog();
    let entry = check::entry(&catalog, tool)?;
    if of_arguments {
        Some(Arc::new(entry.def.input_schema.clone()))
    } else {
        entry.def.output_schema.clone().map(Arc::new)
    }
}

/// What a masked result looks like: `masked`, with a number wherever `data` has one.
fn form(data: &str, masked: &str) -> Option<String> {
    fn restore(was: &Value, is: &mut Value) -> bool {
        match (was, is) {
            (Value::Number(_), is @ Value::String(_)) => {
                *is = Value::from(0);
                true
            }
            (Value::Array(was), Value::Array(is)) => {
                was.iter().zip(is).fold(false, |any, (was, is)| restore(was, is) | any)
            }
            (Value::Object(was), Value::Object(is)) => {
                let both = was.values().zip(is.values_mut());
                both.fold(false, |any, (was, is)| restore(was, is) | any)
            }
            _ => false,
        }
    }
    let was: Value = serde_json::from_str(data).ok()?;
    let mut is: Value = serde_json::from_str(masked).ok()?;
    restore(&was, &mut is).then(|| is.to_string())
}

async fn keep_flows(shared: &Shared, scope: &Scope, flows: Vec<Flow>) -> Result<(), StoreError> {
    if flows.is_empty() || scope.session.is_none() {
        return Ok(());
    }
    let record = |flow: Flow| FlowRecord {
        at: flow.at,
        session: flow.session.clone(),
        token: flow.token.clone(),
        act: flow.act.name().to_owned(),
        server: flow.server.clone(),
        body: serde_json::to_string(&flow).unwrap_or_default(),
    };
    shared.store.keep_flows(flows.into_iter().map(record).collect()).await
}

/// The error of what cannot be passed on.
fn withheld(tool: &ToolRef, error: &PrivacyError) -> AnswerError {
    let message = format!("what `{tool}` said is withheld: {error}");
    AnswerError {
        name: "PrivacyError".to_owned(),
        ..answer::tool_error(tool, error.code(), &message)
    }
}

/// The error of a call that was not made.
fn refused(tool: &ToolRef, error: &RevealError) -> AnswerError {
    let message = format!("`{tool}` was not called: {error}");
    AnswerError {
        name: "PrivacyError".to_owned(),
        ..answer::tool_error(tool, error.code(), &message)
    }
}

/// When masking is to be over.
fn until(deadline: Instant) -> tokio::time::Instant {
    deadline.max(Instant::now() + MASK_TIME_MIN).into()
}

/// The place of `tool`'s results.
fn place<'p>(tool: &'p ToolRef, schema: Option<&'p Value>) -> Place<'p> {
    Place { server: &tool.server, tool: &tool.tool, schema }
}

impl Scope {
    /// How many values the last look found.
    fn caught(&self) -> u64 {
        self.caught.load(Ordering::Relaxed)
    }

    fn note_caught(&self, count: u64) {
        self.caught.fetch_add(count, Ordering::Relaxed);
    }
}
