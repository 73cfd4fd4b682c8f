//! Tools that are held to the definition which was there when they were first seen.
//!
//! A server may change a tool's description, its schema or its hints after somebody has looked at
//! them. [`Pinned`] stands before the servers of which the user wants to know first: their tools
//! are shown as they were, and one that has changed is not called, until a person approves.
//!
//! # Invariants
//!
//! * Of a held tool nothing that its server says now reaches an agent.
//! * What was first seen is in the store before the server's next call is sent. Where the store
//!   fails, tools are held to what this process has seen.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use futures::{FutureExt as _, future::BoxFuture};
use tokio::{sync::watch, task::JoinSet};
use workroom_ledger::account::Wire;
use workroom_pii::Detect;
use workroom_types::{ServerSnapshot, ToolDef, ToolRef};

use crate::{
    now,
    privacy::Listed,
    store::{PinRecord, Store, StoreError},
    upstreams::{CallError, ToolCall, ToolOutput, Upstreams},
};

/// Servers, some of which have their tools held to what they were.
pub struct Pinned(Arc<Inner>);

struct Inner {
    upstreams: Arc<dyn Upstreams>,
    store: Arc<dyn Store>,
    /// The names of the servers whose tools are held.
    held: HashSet<String>,
    /// Finds what must not be stored.
    detect: Option<Arc<dyn Detect>>,
    listed: Listed,
    table: Mutex<Table>,
    changes: watch::Sender<u64>,
    /// Writes to the store that are under way.
    writes: Mutex<JoinSet<()>>,
}

#[derive(Default)]
struct Table {
    pins: HashMap<ToolRef, Pin>,
    /// What each server's list was made into last: the list, and what it became.
    shown: HashMap<String, (Arc<ServerSnapshot>, Arc<ServerSnapshot>)>,
}

struct Pin {
    approved: ToolDef,
    /// What the server says instead.
    held: Option<ToolDef>,
}

impl std::fmt::Debug for Pinned {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pinned").field("held", &self.0.held).finish_non_exhaustive()
    }
}

impl Pinned {
    /// Holds the tools of the servers called `held` to what `store` knows of them, and to what
    /// they are at first sight, without the personal data that `detect` finds. Needs a Tokio
    /// runtime.
    ///
    /// # Errors
    ///
    /// What the store fails with: without it no change could be noticed.
    pub async fn new(
        upstreams: Arc<dyn Upstreams>,
        store: Arc<dyn Store>,
        held: HashSet<String>,
        detect: Option<Arc<dyn Detect>>,
    ) -> Result<Self, StoreError> {
        let pins = store.pins().await?;
        let read = pins.into_iter().filter_map(|record| {
            let approved = serde_json::from_str(&record.approved).ok()?;
            let held = record.held.and_then(|held| serde_json::from_str(&held).ok());
            Some((record.tool, Pin { approved, held }))
        });
        let table = Mutex::new(Table { pins: read.collect(), ..Table::default() });
        let mut below = upstreams.changes();
        let changes = watch::channel(*below.borrow_and_update()).0;
        let inner = Arc::new(Inner {
            upstreams,
            store,
            held,
            detect,
            listed: Listed::default(),
            table,
            changes,
            writes: Mutex::default(),
        });
        let weak = Arc::downgrade(&inner);
        tokio::spawn(async move {
            while below.changed().await.is_ok() {
                let Some(inner) = weak.upgrade() else { return };
                inner.changes.send_modify(|version| *version += 1);
            }
        });
        Ok(Self(inner))
    }
}

impl Inner {
    fn table(&self) -> MutexGuard<'_, Table> {
        // Every change is one step on one entry.
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// `snapshot` with its tools as they may be shown.
    fn shown(&self, snapshot: Arc<ServerSnapshot>) -> Arc<ServerSnapshot> {
        if !self.held.contains(&snapshot.name) {
            return snapshot;
        }
        let mut table = self.table();
        if let Some((of, shown)) = table.shown.get(&snapshot.name)
            && Arc::ptr_eq(of, &snapshot)
        {
            return Arc::clone(shown);
        }
        let tools = snapshot.tools.iter().map(|tool| self.approved(&mut table, &snapshot, tool));
        let tools: Vec<ToolDef> = tools.collect();
        let shown = Arc::new(ServerSnapshot { tools: Arc::new(tools), ..(*snapshot).clone() });
        table.shown.insert(snapshot.name.clone(), (snapshot, Arc::clone(&shown)));
        shown
    }

    /// The definition of `tool` that may be shown.
    fn approved(&self, table: &mut Table, server: &ServerSnapshot, tool: &ToolDef) -> ToolDef {
        let name = ToolRef { server: server.name.clone(), tool: tool.name.clone() };
        let Some(pin) = table.pins.get_mut(&name) else {
            self.keep(&name, tool, None);
            table.pins.insert(name, Pin { approved: tool.clone(), held: None });
            return tool.clone();
        };
        let held = (pin.approved != *tool).then(|| tool.clone());
        if pin.held != held {
            if held.is_some() {
                tracing::warn!(tool = %name, "its definition changed; it is held until approved");
            }
            self.keep(&name, &pin.approved, held.as_ref());
            pin.held = held;
        }
        pin.approved.clone()
    }

    /// Stores a pin, in the background.
    fn keep(&self, tool: &ToolRef, approved: &ToolDef, held: Option<&ToolDef>) {
        let text = |tool: &ToolDef| serde_json::to_string(tool).unwrap_or_default();
        let pin = PinRecord {
            tool: tool.clone(),
            approved: text(approved),
            held: held.map(text),
            at: now(),
        };
        let store = Arc::clone(&self.store);
        let mut writes = self.writes.lock().unwrap_or_else(PoisonError::into_inner);
        // Those that are done are forgotten.
        while writes.try_join_next().is_some() {}
        writes.spawn(async move {
            if let Err(error) = store.keep_pin(pin).await {
                tracing::warn!(%error, "the definition that a tool is held to was not stored");
            }
        });
    }

    /// Whether `tool` may be called now. Of one that is held the store is asked again: somebody
    /// may have approved it.
    async fn may_call(&self, tool: &ToolRef) -> bool {
        // A process may end with its first call.
        let writes =
            std::mem::take(&mut *self.writes.lock().unwrap_or_else(PoisonError::into_inner));
        writes.join_all().await;
        let Some(held) = self.table().pins.get(tool).and_then(|pin| pin.held.clone()) else {
            return true;
        };
        let records = self.store.pins().await.unwrap_or_default();
        let approved = records.iter().find(|record| record.tool == *tool);
        let approved: Option<ToolDef> =
            approved.and_then(|record| serde_json::from_str(&record.approved).ok());
        if approved != Some(held) {
            return false;
        }
        let mut table = self.table();
        if let (Some(pin), Some(approved)) = (table.pins.get_mut(tool), approved) {
            *pin = Pin { approved, held: None };
        }
        table.shown.remove(&tool.server);
        drop(table);
        self.changes.send_modify(|version| *version += 1);
        true
    }
}

impl Upstreams for Pinned {
    fn servers(&self) -> Vec<Arc<ServerSnapshot>> {
        let mut servers = self.0.upstreams.servers();
        if let Some(detect) = &self.0.detect {
            servers = self.0.listed.masked(servers, &**detect);
        }
        servers.into_iter().map(|server| self.0.shown(server)).collect()
    }

    fn changes(&self) -> watch::Receiver<u64> {
        self.0.changes.subscribe()
    }

    fn call(&self, call: ToolCall) -> BoxFuture<'_, Result<ToolOutput, CallError>> {
        async move {
            if self.0.held.contains(&call.tool.server) && !self.0.may_call(&call.tool).await {
                return Err(CallError::Held { tool: call.tool });
            }
            self.0.upstreams.call(call).await
        }
        .boxed()
    }

    fn beside(&self) -> Vec<(String, Wire)> {
        self.0.upstreams.beside()
    }
}
