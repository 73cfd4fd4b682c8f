//! What each write does, within a transaction of the writer's.

use sqlx::SqliteConnection;
use workroom_engine::store::{
    AccountRecord, Ending, Millis, NewRun, PinRecord, RunEnd, SessionState, ShapeRecord,
    StoreError, Swept,
};
use workroom_types::{RunId, SessionId};

use crate::{
    accounts, failed, get,
    holder::Holders,
    skills::{SkillDone, SkillWrite},
    sweep::Step,
    vaults::{self, VaultWrite},
};

/// One write.
pub(crate) enum Write {
    Begin(Box<NewRun>),
    Append(RunId, Vec<Vec<u8>>),
    Finish(RunId, RunEnd, Option<SessionState>),
    EndSession(SessionId, Millis, Ending),
    Adopt(RunId),
    KeepShape(Box<ShapeRecord>),
    KeepPin(Box<PinRecord>),
    KeepAccounts(Vec<AccountRecord>),
    Skill(SkillWrite),
    Sweep(Step),
    Vault(VaultWrite),
}

/// What a write came to.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Done {
    pub(crate) adopted: bool,
    /// What a write to vaults counts.
    pub(crate) count: u64,
    pub(crate) skill: SkillDone,
    pub(crate) swept: Swept,
    /// Bytes that a step of a sweep counts as gone.
    pub(crate) freed: i64,
    /// Whether a step of a sweep left something to the next one.
    pub(crate) more: bool,
}

impl Write {
    /// Whether what it deletes must not be found in the log either.
    pub(crate) fn destroys(&self) -> bool {
        matches!(
            self,
            Self::Vault(VaultWrite::Forget(_) | VaultWrite::Rewrap(_)) | Self::Sweep(Step::Shrink)
        )
    }

    /// About what it adds to the file.
    pub(crate) fn bytes(&self) -> usize {
        match self {
            Self::Begin(run) => run.code.len() + run.setup.len(),
            Self::Append(_, entries) => entries.iter().map(Vec::len).sum(),
            Self::Finish(_, end, state) => {
                let snapshot = state.as_ref().and_then(|state| state.snapshot.as_ref());
                end.outcome.len() + snapshot.map_or(0, |bytes| bytes.len())
            }
            Self::KeepShape(shape) => shape.body.len(),
            Self::KeepPin(pin) => pin.approved.len() + pin.held.as_ref().map_or(0, String::len),
            Self::KeepAccounts(accounts) => accounts.iter().map(|it| it.body.len()).sum(),
            Self::Skill(write) => write.bytes(),
            Self::Vault(write) => write.bytes(),
            Self::EndSession(..) | Self::Adopt(_) | Self::Sweep(_) => 0,
        }
    }

    pub(crate) async fn apply(
        &self,
        db: &mut SqliteConnection,
        holders: &Holders,
    ) -> Result<Done, StoreError> {
        let mut done = Done::default();
        match self {
            Write::Begin(run) => begin(db, holders, run).await?,
            Write::Append(run, entries) => append(db, run, entries).await?,
            Write::Finish(run, end, state) => finish(db, run, end, state.as_ref()).await?,
            Write::EndSession(id, at, ending) => {
                end_session(db, id, *at, ending).await?;
            }
            Write::Adopt(run) => done.adopted = adopt(db, holders, run).await?,
            Write::KeepShape(shape) => keep_shape(db, shape).await?,
            Write::KeepPin(pin) => keep_pin(db, pin).await?,
            Write::KeepAccounts(kept) => accounts::keep(db, kept).await?,
            Write::Skill(write) => done.skill = write.apply(db).await?,
            Write::Sweep(step) => done = step.apply(db).await?,
            Write::Vault(write) => done.count = write.apply(db).await?,
        }
        Ok(done)
    }
}

async fn keep_pin(db: &mut SqliteConnection, pin: &PinRecord) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT OR REPLACE INTO pins (server, tool, approved, held, at) VALUES (?, ?, ?, ?, ?)",
    )
    .bind(&pin.tool.server)
    .bind(&pin.tool.tool)
    .bind(&pin.approved)
    .bind(&pin.held)
    .bind(pin.at)
    .execute(db)
    .await
    .map_err(failed)?;
    Ok(())
}

async fn keep_shape(db: &mut SqliteConnection, shape: &ShapeRecord) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT OR REPLACE INTO shapes (server, tool, definition, used, body) \
         VALUES (?, ?, ?, ?, ?)",
    )
    .bind(&shape.tool.server)
    .bind(&shape.tool.tool)
    .bind(&shape.definition)
    .bind(shape.used)
    .bind(&shape.body)
    .execute(db)
    .await
    .map_err(failed)?;
    Ok(())
}

async fn begin(
    db: &mut SqliteConnection,
    holders: &Holders,
    run: &NewRun,
) -> Result<(), StoreError> {
    let session = sqlx::query(
        "SELECT s.snapshot, s.version, s.ended, r.id, r.holder FROM sessions s \
         LEFT JOIN runs r ON r.id = s.running AND r.ended IS NULL WHERE s.id = ?",
    )
    .bind(run.session.as_str())
    .fetch_optional(&mut *db)
    .await
    .map_err(failed)?;
    let (mut before, mut version): (Option<i64>, i64) = (None, 0);
    let mut is_new = true;
    if let Some(row) = session {
        if let Some(id) = get::<Option<String>>(&row, 3)? {
            let holder: String = get(&row, 4)?;
            return Err(StoreError::Busy {
                session: run.session.clone(),
                run: RunId::named(id),
                interrupted: !holders.is_alive(&holder),
            });
        }
        if get::<Option<i64>>(&row, 2)?.is_none() {
            (before, version, is_new) = (get(&row, 0)?, get(&row, 1)?, false);
        }
    }
    let text = if is_new {
        "INSERT OR REPLACE INTO sessions \
         (used, last_run, running, id, created, version, heap, variables) \
         VALUES (?1, ?2, ?2, ?3, ?1, 0, 0, '')"
    } else {
        "UPDATE sessions SET used = ?1, last_run = ?2, running = ?2 WHERE id = ?3"
    };
    sqlx::query(text)
        .bind(run.started)
        .bind(run.id.as_str())
        .bind(run.session.as_str())
        .execute(&mut *db)
        .await
        .map_err(failed)?;
    sqlx::query(
        "INSERT INTO runs (id, session, started, code, origin, setup, holder, before, version) \
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(run.id.as_str())
    .bind(run.session.as_str())
    .bind(run.started)
    .bind(&run.code)
    .bind(&run.origin)
    .bind(&run.setup)
    .bind(holders.own())
    .bind(before)
    .bind(version)
    .execute(&mut *db)
    .await
    .map_err(failed)?;
    Ok(())
}

async fn append(
    db: &mut SqliteConnection,
    run: &RunId,
    entries: &[Vec<u8>],
) -> Result<(), StoreError> {
    for entry in entries {
        let added =
            sqlx::query("INSERT INTO journal (run, body) SELECT seq, ? FROM runs WHERE id = ?")
                .bind(entry.as_slice())
                .bind(run.as_str())
                .execute(&mut *db)
                .await
                .map_err(failed)?;
        if added.rows_affected() == 0 {
            return Err(no_run(run));
        }
    }
    Ok(())
}

async fn finish(
    db: &mut SqliteConnection,
    run: &RunId,
    end: &RunEnd,
    state: Option<&SessionState>,
) -> Result<(), StoreError> {
    let ended = sqlx::query(
        "UPDATE runs SET ended = ?, ok = ?, outcome = ? WHERE id = ? AND ended IS NULL \
         RETURNING session",
    )
    .bind(end.ended)
    .bind(end.ok)
    .bind(&end.outcome)
    .bind(run.as_str())
    .fetch_optional(&mut *db)
    .await
    .map_err(failed)?;
    let session: String = match ended {
        Some(row) => get(&row, 0)?,
        None => return Err(StoreError::Failed(format!("run `{run}` is not under way"))),
    };
    let its =
        sqlx::query("UPDATE sessions SET used = ?, running = NULL WHERE id = ? AND running = ?")
            .bind(end.ended)
            .bind(&session)
            .bind(run.as_str())
            .execute(&mut *db)
            .await
            .map_err(failed)?;
    if its.rows_affected() == 0 {
        // The session ended meanwhile, and may have begun anew.
        return Ok(());
    }
    let Some(state) = state else { return Ok(()) };
    let snapshot = match &state.snapshot {
        None => None,
        Some(bytes) => {
            let kept = sqlx::query("INSERT INTO snapshots (bytes) VALUES (?)").bind(&bytes[..]);
            Some(kept.execute(&mut *db).await.map_err(failed)?.last_insert_rowid())
        }
    };
    sqlx::query(
        "UPDATE sessions SET version = version + 1, variables = ?, heap = ?, snapshot = ? \
         WHERE id = ?",
    )
    .bind(&state.variables)
    .bind(i64::try_from(state.heap_bytes).unwrap_or(i64::MAX))
    .bind(snapshot)
    .bind(&session)
    .execute(&mut *db)
    .await
    .map_err(failed)?;
    Ok(())
}

/// Ends a session; says how many states were dropped with it.
pub(crate) async fn end_session(
    db: &mut SqliteConnection,
    id: &SessionId,
    at: Millis,
    ending: &Ending,
) -> Result<u64, StoreError> {
    vaults::forget(db, id).await?;
    let had = sqlx::query("SELECT snapshot FROM sessions WHERE id = ?")
        .bind(id.as_str())
        .fetch_optional(&mut *db)
        .await
        .map_err(failed)?;
    let ending = serde_json::to_string(ending).unwrap_or_default();
    sqlx::query(
        "INSERT INTO sessions (id, created, used, version, heap, variables, ended, ending) \
         VALUES (?1, ?2, ?2, 0, 0, '', ?2, ?3) ON CONFLICT (id) DO UPDATE SET \
         snapshot = NULL, running = NULL, ended = ?2, ending = ?3",
    )
    .bind(id.as_str())
    .bind(at)
    .bind(ending)
    .execute(&mut *db)
    .await
    .map_err(failed)?;
    match had.map(|row| get::<Option<i64>>(&row, 0)).transpose()?.flatten() {
        Some(snapshot) => drop_unneeded(db, snapshot).await,
        None => Ok(0),
    }
}

/// Drops a state unless a session or a run needs it; says how many went.
pub(crate) async fn drop_unneeded(
    db: &mut SqliteConnection,
    snapshot: i64,
) -> Result<u64, StoreError> {
    let dropped = sqlx::query(
        "DELETE FROM snapshots WHERE id = ?1 \
         AND NOT EXISTS (SELECT 1 FROM sessions WHERE snapshot = ?1) \
         AND NOT EXISTS (SELECT 1 FROM runs WHERE before = ?1)",
    );
    let dropped = dropped.bind(snapshot).execute(db).await.map_err(failed)?;
    Ok(dropped.rows_affected())
}

async fn adopt(
    db: &mut SqliteConnection,
    holders: &Holders,
    run: &RunId,
) -> Result<bool, StoreError> {
    let holder = sqlx::query("SELECT holder FROM runs WHERE id = ? AND ended IS NULL")
        .bind(run.as_str())
        .fetch_optional(&mut *db)
        .await
        .map_err(failed)?;
    let Some(row) = holder else { return Ok(false) };
    let holder: String = get(&row, 0)?;
    if holders.is_alive(&holder) {
        return Ok(false);
    }
    let adopted = sqlx::query("UPDATE runs SET holder = ? WHERE id = ? AND holder = ?")
        .bind(holders.own())
        .bind(run.as_str())
        .bind(holder)
        .execute(&mut *db)
        .await
        .map_err(failed)?;
    Ok(adopted.rows_affected() == 1)
}

pub(crate) fn no_run(run: &RunId) -> StoreError {
    StoreError::Failed(format!("there is no run `{run}`"))
}
