//! A store that ends with its process.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use futures::FutureExt as _;
use workroom_types::{RunId, SessionId, ToolRef};

use super::{
    Ending, Health, Millis, NewRun, PinRecord, Retention, RunEnd, RunRecord, Running,
    SessionRecord, SessionState, ShapeRecord, SnapshotId, Store, StoreError, Stored, Swept,
    accounts::{AccountRecord, Accounts, AccountsOf, MemoryAccounts},
    skills::{
        AmendedSkill, Files, MemorySkills, NewSkill, SkillKept, SkillRecord, SkillStatus, SkillUse,
        Skills,
    },
    variable_names,
    vaults::{FlowRecord, FlowsOf, MemoryVaults, NewValue, SealedKey, VaultRecord, Vaults},
};

/// Keeps everything in memory. Its only holder is this process, so no run is ever interrupted.
#[derive(Debug, Default)]
pub struct Memory(Mutex<Tables>, MemoryVaults, MemoryAccounts, MemorySkills);

#[derive(Debug, Default)]
struct Tables {
    sessions: HashMap<SessionId, SessionRecord>,
    snapshots: BTreeMap<SnapshotId, Arc<[u8]>>,
    /// In the order in which they began.
    runs: Vec<(RunRecord, Vec<Vec<u8>>)>,
    next_snapshot: i64,
    shapes: Vec<ShapeRecord>,
    pins: BTreeMap<ToolRef, PinRecord>,
}

impl Memory {
    fn tables(&self) -> MutexGuard<'_, Tables> {
        // Every change below is made of steps that leave the tables readable.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn done<T: Send + 'static>(result: Result<T, StoreError>) -> Stored<'static, T> {
        std::future::ready(result).boxed()
    }
}

impl Tables {
    fn run_mut(&mut self, id: &RunId) -> Result<&mut (RunRecord, Vec<Vec<u8>>), StoreError> {
        self.runs
            .iter_mut()
            .rev()
            .find(|(record, _)| record.run.id == *id)
            .ok_or_else(|| StoreError::Failed(format!("there is no run `{id}`")))
    }

    fn begin(&mut self, run: NewRun) -> Result<(), StoreError> {
        let new = || fresh(run.session.clone(), run.started);
        let session = self.sessions.entry(run.session.clone()).or_insert_with(new);
        if let Some(running) = &session.running {
            return Err(StoreError::Busy {
                session: run.session,
                run: running.run.clone(),
                interrupted: running.interrupted,
            });
        }
        if session.ended.is_some() {
            *session = new();
        }
        session.used = run.started;
        session.last_run = Some(run.id.clone());
        session.running = Some(Running { run: run.id.clone(), interrupted: false });
        let record = RunRecord {
            before: session.snapshot,
            version: session.version,
            run,
            end: None,
            interrupted: false,
            journal_bytes: 0,
        };
        self.runs.push((record, Vec::new()));
        Ok(())
    }

    fn finish(
        &mut self,
        run: &RunId,
        end: RunEnd,
        state: Option<SessionState>,
    ) -> Result<(), StoreError> {
        let used = end.ended;
        let (record, _) = self.run_mut(run)?;
        if record.end.is_some() {
            return Err(StoreError::Failed(format!("run `{run}` has ended before")));
        }
        record.end = Some(end);
        let id = record.run.session.clone();
        let Some(session) = self.sessions.get_mut(&id) else { return Ok(()) };
        if session.running.as_ref().is_none_or(|running| running.run != *run) {
            // The session ended meanwhile, and may have begun anew.
            return Ok(());
        }
        let snapshot = state.as_ref().and_then(|state| state.snapshot.clone());
        let snapshot = snapshot.map(|bytes| {
            self.next_snapshot += 1;
            let id = SnapshotId(self.next_snapshot);
            let len = bytes.len() as u64;
            self.snapshots.insert(id, bytes);
            (id, len)
        });
        session.used = used;
        session.running = None;
        if let Some(state) = state {
            session.version += 1;
            session.variables = state.variables;
            session.heap_bytes = state.heap_bytes;
            session.snapshot = snapshot.map(|(id, _)| id);
            session.stored_bytes = snapshot.map_or(0, |(_, len)| len);
        }
        Ok(())
    }

    fn end_session(&mut self, id: &SessionId, at: Millis, ending: Ending) {
        let session = self.sessions.entry(id.clone()).or_insert_with(|| fresh(id.clone(), at));
        let snapshot = session.snapshot.take();
        session.stored_bytes = 0;
        session.running = None;
        session.ended = Some((at, ending));
        if let Some(snapshot) = snapshot.filter(|id| !self.needed().contains(id)) {
            self.snapshots.remove(&snapshot);
        }
    }

    fn sweep(&mut self, now: Millis, retention: Retention) -> Swept {
        let mut swept = Swept::default();
        let snapshots = self.snapshots.len();
        let idle = |session: &SessionRecord| {
            session.ended.is_none()
                && session.running.is_none()
                && now.saturating_sub(session.used) > retention.session_age_ms
        };
        let mut old: Vec<SessionId> =
            self.sessions.values().filter(|session| idle(session)).map(|s| s.id.clone()).collect();
        old.sort();
        for id in old {
            let lost = variable_names(&self.sessions[&id].variables);
            let reason = "was not used for too long".to_owned();
            self.end_session(&id, now, Ending { reason, lost });
            swept.sessions += 1;
        }
        let before = self.runs.len();
        self.runs.retain(|(record, _)| {
            record
                .end
                .as_ref()
                .is_none_or(|end| now.saturating_sub(end.ended) <= retention.run_age_ms)
        });
        swept.runs += (before - self.runs.len()) as u64;
        while self.history_bytes() > retention.history_bytes {
            let Some(oldest) = self.runs.iter().position(|(record, _)| record.end.is_some()) else {
                break;
            };
            self.runs.remove(oldest);
            swept.runs += 1;
        }
        let shapes = self.shapes.len();
        self.shapes.retain(|it| now.saturating_sub(it.used) <= retention.shape_age_ms);
        newest_first(&mut self.shapes);
        self.shapes.truncate(usize::try_from(retention.shapes).unwrap_or(usize::MAX));
        swept.shapes = (shapes - self.shapes.len()) as u64;
        let needed = self.needed();
        self.snapshots.retain(|id, _| needed.contains(id));
        swept.snapshots = (snapshots - self.snapshots.len()) as u64;
        swept
    }

    /// The snapshots that a session or a run still needs.
    fn needed(&self) -> Vec<SnapshotId> {
        let sessions = self.sessions.values().filter_map(|session| session.snapshot);
        sessions.chain(self.runs.iter().filter_map(|(record, _)| record.before)).collect()
    }

    fn history_bytes(&self) -> u64 {
        let current: Vec<_> =
            self.sessions.values().filter_map(|session| session.snapshot).collect();
        let needed = self.needed();
        let states: u64 = self
            .snapshots
            .iter()
            .filter(|(id, _)| needed.contains(id) && !current.contains(id))
            .map(|(_, bytes)| bytes.len() as u64)
            .sum();
        states + self.runs.iter().map(|(record, _)| record.journal_bytes).sum::<u64>()
    }
}

/// A session that begins.
fn fresh(id: SessionId, at: Millis) -> SessionRecord {
    SessionRecord {
        id,
        created: at,
        used: at,
        version: 0,
        last_run: None,
        snapshot: None,
        stored_bytes: 0,
        heap_bytes: 0,
        variables: String::new(),
        running: None,
        ended: None,
    }
}

fn newest_first(shapes: &mut [ShapeRecord]) {
    shapes.sort_by(|a, b| {
        let by_name = || (&a.tool, &a.definition).cmp(&(&b.tool, &b.definition));
        b.used.cmp(&a.used).then_with(by_name)
    });
}

impl Store for Memory {
    fn session(&self, id: &SessionId) -> Stored<'_, Option<SessionRecord>> {
        Self::done(Ok(self.tables().sessions.get(id).cloned()))
    }

    fn sessions(&self, ended_after: Millis) -> Stored<'_, Vec<SessionRecord>> {
        let tables = self.tables();
        let shown = tables
            .sessions
            .values()
            .filter(|session| session.ended.as_ref().is_none_or(|(at, _)| *at >= ended_after));
        let mut sessions: Vec<SessionRecord> = shown.cloned().collect();
        sessions.sort_by(|a, b| b.used.cmp(&a.used).then_with(|| a.id.cmp(&b.id)));
        Self::done(Ok(sessions))
    }

    fn snapshot(&self, id: SnapshotId) -> Stored<'_, Option<Arc<[u8]>>> {
        Self::done(Ok(self.tables().snapshots.get(&id).cloned()))
    }

    fn end_session(&self, id: &SessionId, at: Millis, ending: &Ending) -> Stored<'_, ()> {
        self.1.forget_vault(id);
        self.tables().end_session(id, at, ending.clone());
        Self::done(Ok(()))
    }

    fn begin(&self, run: NewRun) -> Stored<'_, ()> {
        Self::done(self.tables().begin(run))
    }

    fn append(&self, run: &RunId, entries: Vec<Vec<u8>>) -> Stored<'_, ()> {
        let mut tables = self.tables();
        let appended = tables.run_mut(run).map(|(record, journal)| {
            record.journal_bytes += entries.iter().map(|entry| entry.len() as u64).sum::<u64>();
            journal.extend(entries);
        });
        Self::done(appended)
    }

    fn finish(&self, run: &RunId, end: RunEnd, state: Option<SessionState>) -> Stored<'_, ()> {
        Self::done(self.tables().finish(run, end, state))
    }

    fn run(&self, id: &RunId) -> Stored<'_, Option<RunRecord>> {
        let tables = self.tables();
        let found = tables.runs.iter().rev().find(|(record, _)| record.run.id == *id);
        Self::done(Ok(found.map(|(record, _)| record.clone())))
    }

    fn journal(&self, id: &RunId) -> Stored<'_, Vec<Vec<u8>>> {
        Self::done(self.tables().run_mut(id).map(|(_, journal)| journal.clone()))
    }

    fn runs(&self, session: Option<&SessionId>, limit: usize) -> Stored<'_, Vec<RunRecord>> {
        let tables = self.tables();
        let wanted = tables
            .runs
            .iter()
            .rev()
            .map(|(record, _)| record)
            .filter(|record| session.is_none_or(|id| record.run.session == *id));
        Self::done(Ok(wanted.take(limit).cloned().collect()))
    }

    fn interrupted(&self, _: &str) -> Stored<'_, Vec<RunRecord>> {
        Self::done(Ok(Vec::new()))
    }

    fn adopt(&self, _: &RunId) -> Stored<'_, bool> {
        Self::done(Ok(false))
    }

    fn shapes(&self, of: Option<&ToolRef>) -> Stored<'_, Vec<ShapeRecord>> {
        let tables = self.tables();
        let wanted = tables.shapes.iter().filter(|it| of.is_none_or(|tool| it.tool == *tool));
        let mut shapes: Vec<ShapeRecord> = wanted.cloned().collect();
        newest_first(&mut shapes);
        Self::done(Ok(shapes))
    }

    fn pins(&self) -> Stored<'_, Vec<PinRecord>> {
        Self::done(Ok(self.tables().pins.values().cloned().collect()))
    }

    fn keep_pin(&self, pin: PinRecord) -> Stored<'_, ()> {
        self.tables().pins.insert(pin.tool.clone(), pin);
        Self::done(Ok(()))
    }

    fn keep_shape(&self, shape: ShapeRecord) -> Stored<'_, ()> {
        let shapes = &mut self.tables().shapes;
        let is_same = |it: &ShapeRecord| it.tool == shape.tool && it.definition == shape.definition;
        match shapes.iter_mut().find(|it| is_same(it)) {
            Some(known) => *known = shape,
            None => shapes.push(shape),
        }
        Self::done(Ok(()))
    }

    fn sweep(&self, now: Millis, retention: Retention) -> Stored<'_, Swept> {
        let mut swept = self.tables().sweep(now, retention);
        for (session, _) in self.1.sealed_keys() {
            let record = self.tables().sessions.get(&session).cloned();
            if record.is_some_and(|record| record.ended.is_some()) {
                self.1.forget_vault(&session);
            }
        }
        let most = usize::try_from(retention.flows).unwrap_or(usize::MAX);
        swept.flows = self.1.sweep(now.saturating_sub(retention.flow_age_ms), most);
        let most = usize::try_from(retention.accounts).unwrap_or(usize::MAX);
        swept.accounts = self.2.sweep(now.saturating_sub(retention.account_age_ms), most);
        Self::done(Ok(swept))
    }

    fn check(&self) -> Stored<'_, Health> {
        let tables = self.tables();
        Self::done(Ok(Health {
            about: "in the memory of this process".to_owned(),
            problems: Vec::new(),
            sessions: tables.sessions.values().filter(|s| s.ended.is_none()).count() as u64,
            runs: tables.runs.len() as u64,
            bytes: tables.history_bytes(),
        }))
    }
}

impl Accounts for Memory {
    fn keep_accounts(&self, accounts: Vec<AccountRecord>) -> Stored<'_, ()> {
        self.2.keep(accounts);
        Self::done(Ok(()))
    }

    fn accounts(&self, of: AccountsOf, limit: usize) -> Stored<'_, Vec<AccountRecord>> {
        Self::done(Ok(self.2.accounts(&of, limit)))
    }

    fn unaccounted(&self, limit: usize) -> Stored<'_, Vec<RunId>> {
        let tables = self.tables();
        let ended = tables.runs.iter().rev().filter(|(record, _)| record.end.is_some());
        let runs = ended.map(|(record, _)| &record.run.id);
        let runs = runs.filter(|run| !self.2.has_run(run.as_str())).take(limit);
        Self::done(Ok(runs.cloned().collect()))
    }
}

impl Vaults for Memory {
    fn vault(&self, session: &SessionId, after: i64) -> Stored<'_, Option<VaultRecord>> {
        Self::done(Ok(self.1.vault(session, after)))
    }

    fn open_vault(
        &self,
        session: &SessionId,
        _: Millis,
        key: SealedKey,
    ) -> Stored<'_, VaultRecord> {
        Self::done(Ok(self.1.open_vault(session, key)))
    }

    fn numbers(&self) -> Stored<'_, Vec<(String, u32)>> {
        Self::done(Ok(self.1.numbers()))
    }

    fn mint(&self, values: Vec<NewValue>) -> Stored<'_, bool> {
        Self::done(Ok(self.1.mint(values)))
    }

    fn forget_vault(&self, session: &SessionId) -> Stored<'_, bool> {
        Self::done(Ok(self.1.forget_vault(session)))
    }

    fn sealed_keys(&self) -> Stored<'_, Vec<(SessionId, SealedKey)>> {
        Self::done(Ok(self.1.sealed_keys()))
    }

    fn rewrap(&self, keys: Vec<(SessionId, SealedKey, SealedKey)>) -> Stored<'_, u64> {
        Self::done(Ok(self.1.rewrap(keys)))
    }

    fn keep_flows(&self, flows: Vec<FlowRecord>) -> Stored<'_, ()> {
        self.1.keep_flows(flows);
        Self::done(Ok(()))
    }

    fn flows(&self, of: FlowsOf, limit: usize) -> Stored<'_, Vec<FlowRecord>> {
        Self::done(Ok(self.1.flows(&of, limit)))
    }
}

impl Skills for Memory {
    fn keep_skill(&self, skill: NewSkill) -> Stored<'_, SkillKept> {
        Self::done(Ok(self.3.keep_skill(skill)))
    }

    fn skills(&self) -> Stored<'_, Vec<SkillRecord>> {
        Self::done(Ok(self.3.skills()))
    }

    fn skill_files(&self, name: &str, version: i64) -> Stored<'_, Option<Files>> {
        Self::done(Ok(self.3.skill_files(name, version)))
    }

    fn set_skill_status(
        &self,
        name: &str,
        version: i64,
        status: SkillStatus,
        at: Millis,
    ) -> Stored<'_, bool> {
        Self::done(Ok(self.3.set_skill_status(name, version, status, at)))
    }

    fn amend_skill(&self, amended: AmendedSkill) -> Stored<'_, bool> {
        Self::done(Ok(self.3.amend_skill(amended)))
    }

    fn remove_skill(&self, name: &str, version: Option<i64>) -> Stored<'_, u64> {
        Self::done(Ok(self.3.remove_skill(name, version)))
    }

    fn note_skill_uses(&self, uses: Vec<SkillUse>) -> Stored<'_, ()> {
        self.3.note_skill_uses(uses);
        Self::done(Ok(()))
    }

    fn skill_changes(&self) -> Stored<'_, i64> {
        Self::done(Ok(self.3.skill_changes()))
    }
}
