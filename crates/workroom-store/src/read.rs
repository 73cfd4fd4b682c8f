//! What is asked of the store.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use sqlx::{SqlitePool, sqlite::SqliteRow};
use workroom_engine::store::{
    Ending, Health, Millis, NewRun, PinRecord, RunEnd, RunRecord, Running, SessionRecord,
    ShapeRecord, SnapshotId, StoreError,
};
use workroom_types::{RunId, SessionId, ToolRef};

use crate::{failed, get, holder::Holders, write::no_run};

const SESSION: &str = "SELECT s.id, s.created, s.used, s.version, s.last_run, s.snapshot, \
     COALESCE((SELECT LENGTH(bytes) FROM snapshots WHERE id = s.snapshot), 0), s.heap, \
     s.variables, s.ended, s.ending, r.id, r.holder \
     FROM sessions s LEFT JOIN runs r ON r.id = s.running AND r.ended IS NULL";

const RUN: &str = "SELECT id, session, started, code, origin, setup, holder, before, version, \
     ended, ok, outcome, \
     COALESCE((SELECT SUM(LENGTH(body)) FROM journal WHERE run = runs.seq), 0) FROM runs";

/// Reads, with connections of its own.
pub(crate) struct Reader {
    pool: SqlitePool,
    holders: Arc<Holders>,
    file: PathBuf,
}

impl Reader {
    pub(crate) fn new(pool: SqlitePool, holders: Arc<Holders>, file: PathBuf) -> Self {
        Self { pool, holders, file }
    }

    pub(crate) fn pool(&self) -> &SqlitePool {
        &self.pool
    }

    pub(crate) async fn session(
        &self,
        id: &SessionId,
    ) -> Result<Option<SessionRecord>, StoreError> {
        let text = sqlx::AssertSqlSafe(format!("{SESSION} WHERE s.id = ?"));
        let row = sqlx::query(text).bind(id.as_str()).fetch_optional(&self.pool).await;
        row.map_err(failed)?.map(|row| self.session_of(&row)).transpose()
    }

    pub(crate) async fn sessions(
        &self,
        ended_after: Millis,
    ) -> Result<Vec<SessionRecord>, StoreError> {
        let text = sqlx::AssertSqlSafe(format!(
            "{SESSION} WHERE s.ended IS NULL OR s.ended >= ? ORDER BY s.used DESC, s.id"
        ));
        let rows = sqlx::query(text).bind(ended_after).fetch_all(&self.pool).await;
        rows.map_err(failed)?.iter().map(|row| self.session_of(row)).collect()
    }

    fn session_of(&self, row: &SqliteRow) -> Result<SessionRecord, StoreError> {
        let running = match get::<Option<String>>(row, 11)? {
            None => None,
            Some(run) => Some(Running {
                run: RunId::named(run),
                interrupted: !self.holders.is_alive(get(row, 12)?),
            }),
        };
        let ending: Option<String> = get(row, 10)?;
        let ending = serde_json::from_str(&ending.unwrap_or_default())
            .unwrap_or_else(|_| Ending { reason: "ended".to_owned(), lost: Vec::new() });
        Ok(SessionRecord {
            id: SessionId::named(get::<String>(row, 0)?),
            created: get(row, 1)?,
            used: get(row, 2)?,
            version: get(row, 3)?,
            last_run: get::<Option<String>>(row, 4)?.map(RunId::named),
            snapshot: get::<Option<i64>>(row, 5)?.map(SnapshotId),
            stored_bytes: count(row, 6)?,
            heap_bytes: count(row, 7)?,
            variables: get(row, 8)?,
            running,
            ended: get::<Option<i64>>(row, 9)?.map(|at| (at, ending)),
        })
    }

    pub(crate) async fn snapshot(&self, id: SnapshotId) -> Result<Option<Arc<[u8]>>, StoreError> {
        let row = sqlx::query("SELECT bytes FROM snapshots WHERE id = ?").bind(id.0);
        let row = row.fetch_optional(&self.pool).await.map_err(failed)?;
        row.map(|row| get::<&[u8]>(&row, 0).map(Arc::from)).transpose()
    }

    pub(crate) async fn run(&self, id: &RunId) -> Result<Option<RunRecord>, StoreError> {
        let text = sqlx::AssertSqlSafe(format!("{RUN} WHERE id = ?"));
        let row = sqlx::query(text).bind(id.as_str()).fetch_optional(&self.pool).await;
        row.map_err(failed)?.map(|row| self.run_of(&row)).transpose()
    }

    pub(crate) async fn runs(
        &self,
        session: Option<&SessionId>,
        limit: usize,
    ) -> Result<Vec<RunRecord>, StoreError> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let filter = if session.is_some() { "session = ?1" } else { "?1 IS NULL" };
        let text = format!("{RUN} WHERE {filter} ORDER BY seq DESC LIMIT ?2");
        let rows = sqlx::query(sqlx::AssertSqlSafe(text))
            .bind(session.map(SessionId::as_str))
            .bind(limit)
            .fetch_all(&self.pool)
            .await;
        rows.map_err(failed)?.iter().map(|row| self.run_of(row)).collect()
    }

    pub(crate) async fn interrupted(&self, origin: &str) -> Result<Vec<RunRecord>, StoreError> {
        let text = format!("{RUN} WHERE ended IS NULL AND origin = ? ORDER BY seq");
        let rows = sqlx::query(sqlx::AssertSqlSafe(text)).bind(origin).fetch_all(&self.pool).await;
        let rows = rows.map_err(failed)?;
        let runs = rows.iter().map(|row| self.run_of(row));
        runs.filter(|run| run.as_ref().map_or(true, |run| run.interrupted)).collect()
    }

    fn run_of(&self, row: &SqliteRow) -> Result<RunRecord, StoreError> {
        let end = match get(row, 9)? {
            None => None,
            Some(ended) => Some(RunEnd {
                ended,
                ok: get::<Option<bool>>(row, 10)?.unwrap_or_default(),
                outcome: get::<Option<String>>(row, 11)?.unwrap_or_default(),
            }),
        };
        Ok(RunRecord {
            run: NewRun {
                id: RunId::named(get::<String>(row, 0)?),
                session: SessionId::named(get::<String>(row, 1)?),
                started: get(row, 2)?,
                code: get(row, 3)?,
                origin: get(row, 4)?,
                setup: get(row, 5)?,
            },
            before: get::<Option<i64>>(row, 7)?.map(SnapshotId),
            version: get(row, 8)?,
            interrupted: end.is_none() && !self.holders.is_alive(get(row, 6)?),
            end,
            journal_bytes: count(row, 12)?,
        })
    }

    pub(crate) async fn journal(&self, id: &RunId) -> Result<Vec<Vec<u8>>, StoreError> {
        let rows = sqlx::query(
            "SELECT body FROM journal WHERE run = (SELECT seq FROM runs WHERE id = ?) ORDER BY id",
        )
        .bind(id.as_str())
        .fetch_all(&self.pool)
        .await
        .map_err(failed)?;
        if rows.is_empty() && self.run(id).await?.is_none() {
            return Err(no_run(id));
        }
        rows.iter().map(|row| get(row, 0)).collect()
    }

    pub(crate) async fn shapes(
        &self,
        of: Option<&ToolRef>,
    ) -> Result<Vec<ShapeRecord>, StoreError> {
        let rows = sqlx::query(
            "SELECT server, tool, definition, used, body FROM shapes \
             WHERE ?1 IS NULL OR (server = ?1 AND tool = ?2) \
             ORDER BY used DESC, server, tool, definition",
        )
        .bind(of.map(|tool| &tool.server))
        .bind(of.map(|tool| &tool.tool))
        .fetch_all(&self.pool)
        .await;
        let shape = |row: &SqliteRow| {
            Ok(ShapeRecord {
                tool: ToolRef { server: get(row, 0)?, tool: get(row, 1)? },
                definition: get(row, 2)?,
                used: get(row, 3)?,
                body: get(row, 4)?,
            })
        };
        rows.map_err(failed)?.iter().map(shape).collect()
    }

    pub(crate) async fn pins(&self) -> Result<Vec<PinRecord>, StoreError> {
        let rows =
            sqlx::query("SELECT server, tool, approved, held, at FROM pins ORDER BY server, tool")
                .fetch_all(&self.pool)
                .await;
        let pin = |row: &SqliteRow| {
            Ok(PinRecord {
                tool: ToolRef { server: get(row, 0)?, tool: get(row, 1)? },
                approved: get(row, 2)?,
                held: get(row, 3)?,
                at: get(row, 4)?,
            })
        };
        rows.map_err(failed)?.iter().map(pin).collect()
    }

    /// Bytes of journals, and of the states that runs need and no session does.
    pub(crate) async fn history_bytes(&self) -> Result<i64, StoreError> {
        let row = sqlx::query(
            "SELECT COALESCE((SELECT SUM(LENGTH(body)) FROM journal), 0) + COALESCE((SELECT \
             SUM(LENGTH(bytes)) FROM snapshots WHERE id IN (SELECT before FROM runs) AND id NOT \
             IN (SELECT snapshot FROM sessions WHERE snapshot IS NOT NULL)), 0)",
        );
        get(&row.fetch_one(&self.pool).await.map_err(failed)?, 0)
    }

    pub(crate) async fn check(&self) -> Result<Health, StoreError> {
        let mut problems = Vec::new();
        let integrity = sqlx::query("PRAGMA integrity_check").fetch_all(&self.pool).await;
        for row in integrity.map_err(failed)? {
            problems.push(get::<String>(&row, 0)?);
        }
        problems.retain(|text| text != "ok");
        // A state that a session or a run needs and that is not there is found here too.
        let dangling = sqlx::query("PRAGMA foreign_key_check").fetch_all(&self.pool).await;
        for row in dangling.map_err(failed)? {
            problems.push(format!("a row of `{}` refers to nothing", get::<String>(&row, 0)?));
        }
        problems.extend(mode_problems(&self.file));
        let counts = sqlx::query(
            "SELECT (SELECT COUNT(*) FROM sessions WHERE ended IS NULL), \
             (SELECT COUNT(*) FROM runs), \
             (SELECT page_count * page_size FROM pragma_page_count, pragma_page_size)",
        );
        let row = counts.fetch_one(&self.pool).await.map_err(failed)?;
        Ok(Health {
            about: self.file.display().to_string(),
            problems,
            sessions: count(&row, 0)?,
            runs: count(&row, 1)?,
            bytes: count(&row, 2)?,
        })
    }
}

fn count(row: &SqliteRow, at: usize) -> Result<u64, StoreError> {
    Ok(u64::try_from(get::<i64>(row, at)?).unwrap_or_default())
}

/// What is wrong where others than the user may read the file, or those beside it.
#[cfg(unix)]
fn mode_problems(file: &Path) -> Vec<String> {
    use std::os::unix::fs::PermissionsExt as _;
    let mut problems = Vec::new();
    for (name, suffix) in [("the file", ""), ("its log", "-wal"), ("its log's index", "-shm")] {
        let mut path = file.as_os_str().to_owned();
        path.push(suffix);
        // The log is not there before the first write.
        let Ok(found) = std::fs::metadata(path) else { continue };
        let mode = found.permissions().mode() & 0o777;
        if mode & 0o077 != 0 {
            problems.push(format!("others may read {name} (its mode is {mode:o})"));
        }
    }
    problems
}

#[cfg(not(unix))]
fn mode_problems(_: &Path) -> Vec<String> {
    Vec::new()
}
