//! What is asked of the store.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use sqlx::{Row as _, SqlitePool, sqlite::SqliteRow};
use workroom_engine::store::{
    Ending, Health, Millis, NewRun, RunEnd, RunRecord, Running, SessionRecord, SnapshotId,
    StoreError,
};
use workroom_types::{RunId, SessionId};

use crate::{failed, holder::Holders};

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

    pub(crate) async fn session(
        &self,
        id: &SessionId,
    ) -> Result<Option<SessionRecord>, StoreError> {
        let text = sqlx::AssertSqlSafe(format!("{SESSION} WHERE s.id = ?"));
        let row = sqlx::query(text).bind(id.as_str()).fetch_optional(&self.pool).await;
        Ok(row.map_err(failed)?.map(|row| self.session_of(&row)))
    }

    pub(crate) async fn sessions(
        &self,
        ended_after: Millis,
    ) -> Result<Vec<SessionRecord>, StoreError> {
        let text = sqlx::AssertSqlSafe(format!(
            "{SESSION} WHERE s.ended IS NULL OR s.ended >= ? ORDER BY s.used DESC, s.id"
        ));
        let rows = sqlx::query(text).bind(ended_after).fetch_all(&self.pool).await;
        Ok(rows.map_err(failed)?.iter().map(|row| self.session_of(row)).collect())
    }

    fn session_of(&self, row: &SqliteRow) -> SessionRecord {
        let running = row.get::<Option<String>, _>(11).map(|run| Running {
            run: RunId::named(run),
            interrupted: !self.holders.is_alive(row.get(12)),
        });
        let ending = row.get::<Option<String>, _>(10).unwrap_or_default();
        let ending = serde_json::from_str(&ending)
            .unwrap_or_else(|_| Ending { reason: "ended".to_owned(), lost: Vec::new() });
        SessionRecord {
            id: SessionId::named(row.get::<String, _>(0)),
            created: row.get(1),
            used: row.get(2),
            version: row.get(3),
            last_run: row.get::<Option<String>, _>(4).map(RunId::named),
            snapshot: row.get::<Option<i64>, _>(5).map(SnapshotId),
            stored_bytes: count(row.get(6)),
            heap_bytes: count(row.get(7)),
            variables: row.get(8),
            running,
            ended: row.get::<Option<i64>, _>(9).map(|at| (at, ending)),
        }
    }

    pub(crate) async fn snapshot(&self, id: SnapshotId) -> Result<Option<Arc<[u8]>>, StoreError> {
        let row = sqlx::query("SELECT bytes FROM snapshots WHERE id = ?").bind(id.0);
        let row = row.fetch_optional(&self.pool).await.map_err(failed)?;
        Ok(row.map(|row| Arc::from(row.get::<&[u8], _>(0))))
    }

    pub(crate) async fn run(&self, id: &RunId) -> Result<Option<RunRecord>, StoreError> {
        let text = sqlx::AssertSqlSafe(format!("{RUN} WHERE id = ?"));
        let row = sqlx::query(text).bind(id.as_str()).fetch_optional(&self.pool).await;
        Ok(row.map_err(failed)?.map(|row| self.run_of(&row)))
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
        Ok(rows.map_err(failed)?.iter().map(|row| self.run_of(row)).collect())
    }

    pub(crate) async fn interrupted(&self, origin: &str) -> Result<Vec<RunRecord>, StoreError> {
        let text = format!("{RUN} WHERE ended IS NULL AND origin = ? ORDER BY seq");
        let rows = sqlx::query(sqlx::AssertSqlSafe(text)).bind(origin).fetch_all(&self.pool).await;
        let rows = rows.map_err(failed)?;
        let runs = rows.iter().map(|row| self.run_of(row));
        Ok(runs.filter(|run| run.interrupted).collect())
    }

    fn run_of(&self, row: &SqliteRow) -> RunRecord {
        let end = row.get::<Option<i64>, _>(9).map(|ended| RunEnd {
            ended,
            ok: row.get::<Option<bool>, _>(10).unwrap_or_default(),
            outcome: row.get::<Option<String>, _>(11).unwrap_or_default(),
        });
        RunRecord {
            run: NewRun {
                id: RunId::named(row.get::<String, _>(0)),
                session: SessionId::named(row.get::<String, _>(1)),
                started: row.get(2),
                code: row.get(3),
                origin: row.get(4),
                setup: row.get(5),
            },
            before: row.get::<Option<i64>, _>(7).map(SnapshotId),
            version: row.get(8),
            interrupted: end.is_none() && !self.holders.is_alive(row.get(6)),
            end,
            journal_bytes: count(row.get(12)),
        }
    }

    pub(crate) async fn journal(&self, id: &RunId) -> Result<Vec<Vec<u8>>, StoreError> {
        let rows = sqlx::query(
            "SELECT body FROM journal WHERE run = (SELECT seq FROM runs WHERE id = ?) ORDER BY id",
        )
        .bind(id.as_str())
        .fetch_all(&self.pool)
        .await
        .map_err(failed)?;
        Ok(rows.iter().map(|row| row.get(0)).collect())
    }

    pub(crate) async fn check(&self) -> Result<Health, StoreError> {
        let mut problems = Vec::new();
        let integrity = sqlx::query("PRAGMA integrity_check").fetch_all(&self.pool).await;
        let found = integrity.map_err(failed)?;
        problems
            .extend(found.iter().map(|row| row.get::<String, _>(0)).filter(|text| text != "ok"));
        let dangling = sqlx::query("PRAGMA foreign_key_check").fetch_all(&self.pool).await;
        for row in dangling.map_err(failed)? {
            problems.push(format!("a row of `{}` refers to nothing", row.get::<String, _>(0)));
        }
        problems.extend(mode_problem(&self.file));
        let counts = sqlx::query(
            "SELECT (SELECT COUNT(*) FROM sessions WHERE ended IS NULL), \
             (SELECT COUNT(*) FROM runs), \
             (SELECT page_count * page_size FROM pragma_page_count, pragma_page_size)",
        );
        let row = counts.fetch_one(&self.pool).await.map_err(failed)?;
        Ok(Health {
            about: self.file.display().to_string(),
            problems,
            sessions: count(row.get(0)),
            runs: count(row.get(1)),
            bytes: count(row.get(2)),
        })
    }
}

fn count(value: i64) -> u64 {
    u64::try_from(value).unwrap_or_default()
}

/// What is wrong when others than the user may read the file.
#[cfg(unix)]
fn mode_problem(file: &Path) -> Option<String> {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = std::fs::metadata(file).ok()?.permissions().mode() & 0o777;
    (mode & 0o077 != 0).then(|| format!("others may read the file (its mode is {mode:o})"))
}

#[cfg(not(unix))]
fn mode_problem(_: &Path) -> Option<String> {
    None
}
