//! Bytes on a server's wire: those of a call go to its meter, all others are the connection's.
//!
//! # Invariants
//!
//! * Every byte of every message is counted once. What comes for a call that is over, or for none,
//!   is the connection's.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use rmcp::{
    RoleClient,
    model::{ClientRequest, JsonRpcMessage, RequestId},
    service::{RxJsonRpcMessage, TxJsonRpcMessage},
};
use workroom_engine::upstreams::Meter;
use workroom_ledger::account::Wire;

/// Calls without an answer, before those are dropped that are over.
const OPEN_MAX: usize = 1_000;

/// A call's meter, on its way through rmcp.
#[derive(Clone, Debug)]
pub(crate) struct Metered(pub(crate) Arc<Meter>);

/// What passed on one server's connections beside all calls, since somebody asked.
#[derive(Debug, Default)]
pub(crate) struct Beside {
    sent: AtomicU64,
    received: AtomicU64,
}

impl Beside {
    pub(crate) fn sent(&self, bytes: usize) {
        self.sent.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    pub(crate) fn received(&self, bytes: usize) {
        self.received.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    /// What passed since this was asked last.
    pub(crate) fn take(&self) -> Wire {
        Wire {
            requests: self.sent.swap(0, Ordering::Relaxed),
            answers: self.received.swap(0, Ordering::Relaxed),
        }
    }
}

/// The meter of the call that `message` is.
pub(crate) fn meter_of(message: &TxJsonRpcMessage<RoleClient>) -> Option<Arc<Meter>> {
    let JsonRpcMessage::Request(request) = message else { return None };
    let ClientRequest::CallToolRequest(call) = &request.request else { return None };
    call.extensions.get::<Metered>().map(|Metered(meter)| Arc::clone(meter))
}

/// One connection's calls that are not answered yet.
#[derive(Debug)]
pub(crate) struct Calls {
    beside: Arc<Beside>,
    open: Mutex<HashMap<RequestId, Arc<Meter>>>,
}

impl Calls {
    pub(crate) fn new(beside: Arc<Beside>) -> Self {
        Self { beside, open: Mutex::default() }
    }

    /// `message` was sent, in `bytes`.
    pub(crate) fn sent(&self, message: &TxJsonRpcMessage<RoleClient>, bytes: usize) {
        if let JsonRpcMessage::Request(request) = message
            && let Some(meter) = meter_of(message)
            && meter.sent(bytes as u64)
        {
            let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
            if open.len() >= OPEN_MAX {
                // Those that nobody waits for any more, and that were never answered.
                open.retain(|_, meter| Arc::strong_count(meter) > 1);
            }
            open.insert(request.id.clone(), meter);
            return;
        }
        self.beside.sent(bytes);
    }

    /// `bytes` came, with `messages` in them.
    pub(crate) fn received<'m>(
        &self,
        messages: impl Iterator<Item = &'m RxJsonRpcMessage<RoleClient>>,
        bytes: usize,
    ) {
        let mut meter = None;
        for message in messages {
            let id = match message {
                JsonRpcMessage::Response(response) => Some(&response.id),
                JsonRpcMessage::Error(error) => error.id.as_ref(),
                _ => None,
            };
            let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
            meter = meter.or(id.and_then(|id| open.remove(id)));
        }
        if meter.is_none_or(|meter| !meter.received(bytes as u64)) {
            self.beside.received(bytes);
        }
    }
}
