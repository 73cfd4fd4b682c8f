//! The engine's [`Store`] in SQLite: one file, for all gateways of a user on one machine.
//!
//! # Invariants
//!
//! * What a write's future has promised survives a killed process, always. `synchronous = NORMAL`
//!   in WAL mode: a power loss may take the last commits, and never harms what was before them.
//! * Writes happen in the order in which the trait's methods were called. One task does them all,
//!   and commits together what waits together (see `writer`).
//! * A write that fails undoes itself and no other; the store goes on, also after a full disk.
//! * A process that died, however, is told from one that lives (see `holder`).
//! * Folder and files belong to the user alone.
//!
//! # Layout
//!
//! * `open`: the folder, the file, its version.
//! * `writer`: the task that writes; `write`: what each write does.
//! * `read`: what is asked.
//! * `sweep`: what is dropped.
//! * `accounts`: what passed.
//! * `skills`: files in versions, and how they fared.
//! * `vaults`: sealed values, and what became of them.
//! * `holder`: who lives.

mod accounts;
mod holder;
mod open;
mod read;
mod skills;
mod sweep;
#[cfg(test)]
mod tests;
mod vaults;
mod write;
mod writer;

use std::{fmt, path::Path, sync::Arc};

use futures::FutureExt as _;
use sqlx::{Decode, Row as _, Sqlite, Type, sqlite::SqliteRow};
use workroom_engine::store::{
    AccountRecord, Accounts, AccountsOf, AmendedSkill, Ending, Files, FlowRecord, FlowsOf, Health,
    Millis, NewRun, NewSkill, NewValue, PinRecord, Retention, RunEnd, RunRecord, SealedKey,
    SessionRecord, SessionState, ShapeRecord, SkillKept, SkillRecord, SkillStatus, SkillUse,
    Skills, SnapshotId, Store, StoreError, Stored, Swept, VaultRecord, Vaults,
};
use workroom_types::{RunId, SessionId, ToolRef};

use crate::{
    holder::Holders,
    read::Reader,
    skills::{SkillDone, SkillWrite},
    sweep::Step,
    vaults::VaultWrite,
    write::Write,
    writer::Writer,
};

pub use open::OpenError;

/// Sessions and runs in a folder of the user's.
pub struct SqliteStore {
    writer: Writer,
    reader: Reader,
    /// Held for as long as the store is open: this process lives.
    holders: Arc<Holders>,
}

impl fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteStore").field("holder", &self.holders.own()).finish_non_exhaustive()
    }
}

impl SqliteStore {
    /// Opens the store in `folder`, and makes both where they are not there.
    ///
    /// To be called in a Tokio runtime, which the store's tasks live in.
    ///
    /// # Errors
    ///
    /// See [`OpenError`]. Nothing that is there is changed then.
    pub async fn open(folder: &Path) -> Result<Self, OpenError> {
        open::open(folder).await
    }
}

/// The column `at`. That a damaged file has something else there is an error like any other.
fn get<'r, T: Decode<'r, Sqlite> + Type<Sqlite>>(
    row: &'r SqliteRow,
    at: usize,
) -> Result<T, StoreError> {
    row.try_get(at).map_err(failed)
}

/// What the driver says, as the engine's error.
fn failed(error: sqlx::Error) -> StoreError {
    StoreError::Failed(match error {
        sqlx::Error::Database(error) => format!("workroom.db: {}", error.message()),
        other => format!("workroom.db: {other}"),
    })
}

impl Store for SqliteStore {
    fn session(&self, id: &SessionId) -> Stored<'_, Option<SessionRecord>> {
        let id = id.clone();
        async move { self.reader.session(&id).await }.boxed()
    }

    fn sessions(&self, ended_after: Millis) -> Stored<'_, Vec<SessionRecord>> {
        async move { self.reader.sessions(ended_after).await }.boxed()
    }

    fn snapshot(&self, id: SnapshotId) -> Stored<'_, Option<Arc<[u8]>>> {
        async move { self.reader.snapshot(id).await }.boxed()
    }

    fn end_session(&self, id: &SessionId, at: Millis, ending: &Ending) -> Stored<'_, ()> {
        self.writer.write(Write::EndSession(id.clone(), at, ending.clone())).map(unit).boxed()
    }

    fn begin(&self, run: NewRun) -> Stored<'_, ()> {
        self.writer.write(Write::Begin(Box::new(run))).map(unit).boxed()
    }

    fn append(&self, run: &RunId, entries: Vec<Vec<u8>>) -> Stored<'_, ()> {
        self.writer.write(Write::Append(run.clone(), entries)).map(unit).boxed()
    }

    fn finish(&self, run: &RunId, end: RunEnd, state: Option<SessionState>) -> Stored<'_, ()> {
        self.writer.write(Write::Finish(run.clone(), end, state)).map(unit).boxed()
    }

    fn run(&self, id: &RunId) -> Stored<'_, Option<RunRecord>> {
        let id = id.clone();
        async move { self.reader.run(&id).await }.boxed()
    }

    fn journal(&self, id: &RunId) -> Stored<'_, Vec<Vec<u8>>> {
        let id = id.clone();
        async move { self.reader.journal(&id).await }.boxed()
    }

    fn runs(&self, session: Option<&SessionId>, limit: usize) -> Stored<'_, Vec<RunRecord>> {
        let session = session.cloned();
        async move { self.reader.runs(session.as_ref(), limit).await }.boxed()
    }

    fn interrupted(&self, origin: &str) -> Stored<'_, Vec<RunRecord>> {
        let origin = origin.to_owned();
        async move { self.reader.interrupted(&origin).await }.boxed()
    }

    fn adopt(&self, run: &RunId) -> Stored<'_, bool> {
        let adopted = self.writer.write(Write::Adopt(run.clone()));
        adopted.map(|done| done.map(|done| done.adopted)).boxed()
    }

    fn shapes(&self, of: Option<&ToolRef>) -> Stored<'_, Vec<ShapeRecord>> {
        let of = of.cloned();
        async move { self.reader.shapes(of.as_ref()).await }.boxed()
    }

    fn pins(&self) -> Stored<'_, Vec<PinRecord>> {
        async move { self.reader.pins().await }.boxed()
    }

    fn keep_pin(&self, pin: PinRecord) -> Stored<'_, ()> {
        self.writer.write(Write::KeepPin(Box::new(pin))).map(unit).boxed()
    }

    fn keep_shape(&self, shape: ShapeRecord) -> Stored<'_, ()> {
        self.writer.write(Write::KeepShape(Box::new(shape))).map(unit).boxed()
    }

    fn sweep(&self, now: Millis, retention: Retention) -> Stored<'_, Swept> {
        let first = self.writer.write(Write::Sweep(Step::Age(now, retention)));
        sweep::sweep(&self.writer, &self.reader, first, now, retention).boxed()
    }

    fn check(&self) -> Stored<'_, Health> {
        async move { self.reader.check().await }.boxed()
    }
}

impl SqliteStore {
    fn count(&self, write: VaultWrite) -> Stored<'_, u64> {
        self.writer.write(Write::Vault(write)).map(|done| done.map(|done| done.count)).boxed()
    }
}

impl Accounts for SqliteStore {
    fn keep_accounts(&self, accounts: Vec<AccountRecord>) -> Stored<'_, ()> {
        self.writer.write(Write::KeepAccounts(accounts)).map(unit).boxed()
    }

    fn accounts(&self, of: AccountsOf, limit: usize) -> Stored<'_, Vec<AccountRecord>> {
        async move { accounts::accounts(self.reader.pool(), &of, limit).await }.boxed()
    }

    fn unaccounted(&self, limit: usize) -> Stored<'_, Vec<RunId>> {
        async move { accounts::unaccounted(self.reader.pool(), limit).await }.boxed()
    }
}

impl Vaults for SqliteStore {
    fn vault(&self, session: &SessionId, after: i64) -> Stored<'_, Option<VaultRecord>> {
        let session = session.clone();
        async move { vaults::vault(self.reader.pool(), &session, after).await }.boxed()
    }

    fn open_vault(
        &self,
        session: &SessionId,
        at: Millis,
        key: SealedKey,
    ) -> Stored<'_, VaultRecord> {
        let session = session.clone();
        let made = self.count(VaultWrite::Open(session.clone(), at, key));
        async move {
            made.await?;
            let vault = vaults::vault(self.reader.pool(), &session, 0).await?;
            vault.ok_or_else(|| StoreError::Failed("a vault was dropped at once".to_owned()))
        }
        .boxed()
    }

    fn numbers(&self) -> Stored<'_, Vec<(String, u32)>> {
        async move { vaults::numbers(self.reader.pool()).await }.boxed()
    }

    fn mint(&self, values: Vec<NewValue>) -> Stored<'_, bool> {
        self.count(VaultWrite::Mint(values)).map(|done| done.map(|count| count > 0)).boxed()
    }

    fn forget_vault(&self, session: &SessionId) -> Stored<'_, bool> {
        let forgotten = self.count(VaultWrite::Forget(session.clone()));
        forgotten.map(|done| done.map(|count| count > 0)).boxed()
    }

    fn sealed_keys(&self) -> Stored<'_, Vec<(SessionId, SealedKey)>> {
        async move { vaults::sealed_keys(self.reader.pool()).await }.boxed()
    }

    fn rewrap(&self, keys: Vec<(SessionId, SealedKey, SealedKey)>) -> Stored<'_, u64> {
        self.count(VaultWrite::Rewrap(keys))
    }

    fn keep_flows(&self, flows: Vec<FlowRecord>) -> Stored<'_, ()> {
        self.count(VaultWrite::Flows(flows)).map(|done| done.map(|_| ())).boxed()
    }

    fn flows(&self, of: FlowsOf, limit: usize) -> Stored<'_, Vec<FlowRecord>> {
        async move { vaults::flows(self.reader.pool(), &of, limit).await }.boxed()
    }
}

impl SqliteStore {
    fn write_skill(&self, write: SkillWrite) -> Stored<'_, SkillDone> {
        self.writer.write(Write::Skill(write)).map(|done| done.map(|done| done.skill)).boxed()
    }
}

impl Skills for SqliteStore {
    fn keep_skill(&self, skill: NewSkill) -> Stored<'_, SkillKept> {
        let kept = self.write_skill(SkillWrite::Keep(Box::new(skill)));
        kept.map(|done| done.map(|it| SkillKept { version: it.version, was_there: it.was_there }))
            .boxed()
    }

    fn skills(&self) -> Stored<'_, Vec<SkillRecord>> {
        async move { skills::all(self.reader.pool()).await }.boxed()
    }

    fn skill_files(&self, name: &str, version: i64) -> Stored<'_, Option<Files>> {
        let name = name.to_owned();
        async move { skills::files(self.reader.pool(), &name, version).await }.boxed()
    }

    fn set_skill_status(
        &self,
        name: &str,
        version: i64,
        status: SkillStatus,
        at: Millis,
    ) -> Stored<'_, bool> {
        let set = self.write_skill(SkillWrite::Status(name.to_owned(), version, status, at));
        set.map(|done| done.map(|it| it.count > 0)).boxed()
    }

    fn amend_skill(&self, amended: AmendedSkill) -> Stored<'_, bool> {
        let set = self.write_skill(SkillWrite::Amend(Box::new(amended)));
        set.map(|done| done.map(|it| it.count > 0)).boxed()
    }

    fn remove_skill(&self, name: &str, version: Option<i64>) -> Stored<'_, u64> {
        let gone = self.write_skill(SkillWrite::Remove(name.to_owned(), version));
        gone.map(|done| done.map(|it| it.count)).boxed()
    }

    fn note_skill_uses(&self, uses: Vec<SkillUse>) -> Stored<'_, ()> {
        self.write_skill(SkillWrite::Uses(uses)).map(|done| done.map(drop)).boxed()
    }

    fn skill_changes(&self) -> Stored<'_, i64> {
        async move { skills::changes(self.reader.pool()).await }.boxed()
    }
}

fn unit(done: Result<write::Done, StoreError>) -> Result<(), StoreError> {
    done.map(|_| ())
}
