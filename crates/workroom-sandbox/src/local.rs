//! The engine's [`Sandbox`] in this process: guests compute on threads where blocking is allowed.

use std::{fmt, sync::Arc};

use futures::{FutureExt as _, future::BoxFuture};
use tokio::task;
use workroom_engine::sandbox::{
    Answer, ClockRead, Code, Guest, Interrupter, Kept, Sandbox, SandboxError, Setup, Turn,
};
use workroom_types::Limits;

use crate::{QuickJs, QuickJsGuest, guest::Cancel, host::Turns};

/// Guests of this process.
#[derive(Clone)]
pub struct InProcess(Arc<QuickJs>);

impl fmt::Debug for InProcess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InProcess").finish_non_exhaustive()
    }
}

impl InProcess {
    /// Guests that `quickjs` makes.
    pub fn new(quickjs: Arc<QuickJs>) -> Self {
        Self(quickjs)
    }
}

impl Sandbox for InProcess {
    fn open(
        &self,
        limits: &Limits,
        snapshot: Option<Arc<[u8]>>,
    ) -> BoxFuture<'_, Result<Box<dyn Guest>, SandboxError>> {
        let (quickjs, limits) = (Arc::clone(&self.0), *limits);
        async move {
            let guest = match snapshot {
                // Sooner done than another thread is woken.
                None => quickjs.open(&limits, None)?,
                Some(snapshot) => {
                    let opening =
                        task::spawn_blocking(move || quickjs.open(&limits, Some(&snapshot)));
                    opening.await.map_err(|error| lost(&error))??
                }
            };
            let turns = Arc::clone(guest.turns());
            Ok(Box::new(Local { is_alive: guest.is_alive(), guest: Some(guest), turns }) as _)
        }
        .boxed()
    }
}

struct Local {
    /// `None` while a thread has it, and for good when that thread is gone.
    guest: Option<QuickJsGuest>,
    turns: Arc<Turns>,
    is_alive: bool,
}

impl Local {
    /// Has `work` done on a thread where blocking is allowed.
    async fn work<T: Send + 'static>(
        &mut self,
        work: impl FnOnce(&mut QuickJsGuest) -> T + Send + 'static,
    ) -> Result<T, SandboxError> {
        let mut guest = self.guest.take().ok_or(SandboxError::Dead)?;
        self.is_alive = false;
        let done = task::spawn_blocking(move || {
            let result = work(&mut guest);
            (guest, result)
        });
        let (guest, result) = done.await.map_err(|error| lost(&error))?;
        self.is_alive = guest.is_alive();
        self.guest = Some(guest);
        Ok(result)
    }
}

impl Guest for Local {
    fn start(&mut self, code: Arc<Code>, setup: Setup) -> BoxFuture<'_, Turn> {
        let turn = self.work(move |guest| guest.start(&code, setup));
        turn.map(|turn| turn.unwrap_or_else(Turn::failed)).boxed()
    }

    fn resume(&mut self, answers: Vec<Answer>, clock: Vec<ClockRead>) -> BoxFuture<'_, Turn> {
        let turn = self.work(move |guest| guest.resume(&answers, clock));
        turn.map(|turn| turn.unwrap_or_else(Turn::failed)).boxed()
    }

    fn rejoin(&mut self, setup: Setup) -> BoxFuture<'_, Result<(), SandboxError>> {
        self.work(move |guest| guest.rejoin(setup)).boxed()
    }

    fn abandon(&mut self) -> BoxFuture<'_, ()> {
        self.work(QuickJsGuest::abandon).map(|_| ()).boxed()
    }

    fn keep(
        &mut self,
        names: Vec<String>,
        with_snapshot: bool,
    ) -> BoxFuture<'_, Result<Kept, SandboxError>> {
        let kept = self.work(move |guest| guest.keep(&names, with_snapshot));
        kept.map(|kept| kept?).boxed()
    }

    fn interrupter(&self) -> Arc<dyn Interrupter> {
        Arc::new(Cancel::new(&self.turns))
    }

    fn is_alive(&self) -> bool {
        self.is_alive
    }
}

fn lost(error: &task::JoinError) -> SandboxError {
    SandboxError::Internal(format!("the sandbox's thread ended: {error}"))
}
