//! What is dropped: sessions that nobody uses, runs that are old or too much, states that nobody
//! needs.
//!
//! A sweep is many small writes, each with a transaction of its own: others write in between.
//! What is measured for it is read, so that nobody waits for that either.

use sqlx::SqliteConnection;
use workroom_engine::store::{Ending, Millis, Retention, StoreError, Swept, variable_names};
use workroom_types::SessionId;

use crate::{
    accounts, failed, get,
    read::Reader,
    vaults,
    write::{Done, Write, drop_unneeded, end_session},
    writer::Writer,
};

/// The most rows of a kind that one step drops.
const STEP_ROWS_MAX: i64 = 200;

/// The most bytes of states that one step drops, unless its first alone has more.
const STEP_BYTES_MAX: i64 = 32 << 20;

/// The most pages that one step gives back: 8 MiB.
const STEP_PAGES_MAX: i64 = 2_048;

/// Pages that stay free in the file, to be used again: 4 MiB.
const FREE_PAGES_KEPT: i64 = 1_024;

/// One step of a sweep.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Step {
    /// Ends sessions and drops runs, by their age.
    Age(Millis, Retention),
    /// Drops the oldest ended runs, until so many bytes are free.
    Oldest(i64),
    /// Drops states that neither a session nor a run needs.
    Unneeded,
    /// Gives free pages back to the file system.
    Shrink,
}

/// Sweeps in steps, the first of which is handed over already and is `first`.
pub(crate) async fn sweep(
    writer: &Writer,
    reader: &Reader,
    first: impl Future<Output = Result<Done, StoreError>>,
    now: Millis,
    retention: Retention,
) -> Result<Swept, StoreError> {
    let mut done = first.await?;
    let mut swept = done.swept;
    while done.more {
        done = writer.write(Write::Sweep(Step::Age(now, retention))).await?;
        swept = sum(swept, done.swept);
    }
    let bytes_max = i64::try_from(retention.history_bytes).unwrap_or(i64::MAX);
    let mut excess = reader.history_bytes().await?.saturating_sub(bytes_max);
    while excess > 0 {
        done = writer.write(Write::Sweep(Step::Oldest(excess))).await?;
        if done.swept.runs == 0 {
            break;
        }
        excess -= done.freed;
        swept = sum(swept, done.swept);
    }
    for step in [Step::Unneeded, Step::Shrink] {
        loop {
            done = writer.write(Write::Sweep(step)).await?;
            swept = sum(swept, done.swept);
            if !done.more {
                break;
            }
        }
    }
    Ok(swept)
}

fn sum(a: Swept, b: Swept) -> Swept {
    Swept {
        sessions: a.sessions + b.sessions,
        runs: a.runs + b.runs,
        snapshots: a.snapshots + b.snapshots,
        shapes: a.shapes + b.shapes,
        flows: a.flows + b.flows,
        accounts: a.accounts + b.accounts,
    }
}

impl Step {
    pub(crate) async fn apply(self, db: &mut SqliteConnection) -> Result<Done, StoreError> {
        match self {
            Self::Age(now, retention) => by_age(db, now, retention).await,
            Self::Oldest(excess) => oldest(db, excess).await,
            Self::Unneeded => unneeded(db).await,
            Self::Shrink => shrink(db).await,
        }
    }
}

async fn by_age(
    db: &mut SqliteConnection,
    now: Millis,
    retention: Retention,
) -> Result<Done, StoreError> {
    let mut done = Done::default();
    let idle = sqlx::query(
        "SELECT id, variables FROM sessions \
         WHERE used < ? AND ended IS NULL AND running IS NULL ORDER BY used LIMIT ?",
    )
    .bind(now.saturating_sub(retention.session_age_ms))
    .bind(STEP_ROWS_MAX)
    .fetch_all(&mut *db)
    .await
    .map_err(failed)?;
    for row in &idle {
        let lost = variable_names(get(row, 1)?);
        let ending = Ending { reason: "was not used for too long".to_owned(), lost };
        let id = SessionId::named(get::<String>(row, 0)?);
        done.swept.snapshots += end_session(db, &id, now, &ending).await?;
        done.swept.sessions += 1;
    }
    let old =
        sqlx::query("DELETE FROM runs WHERE seq IN (SELECT seq FROM runs WHERE ended < ? LIMIT ?)")
            .bind(now.saturating_sub(retention.run_age_ms))
            .bind(STEP_ROWS_MAX)
            .execute(&mut *db)
            .await
            .map_err(failed)?;
    done.swept.runs = old.rows_affected();
    done.swept.shapes = shapes(db, now, retention).await?;
    let before = now.saturating_sub(retention.flow_age_ms);
    done.swept.flows = vaults::sweep(db, before, retention.flows).await?;
    let before = now.saturating_sub(retention.account_age_ms);
    done.swept.accounts = accounts::sweep(db, before, retention.accounts).await?;
    done.more = done.swept.sessions.max(done.swept.runs) >= STEP_ROWS_MAX.unsigned_abs();
    Ok(done)
}

/// Drops what is known of tools that were not used for too long, or are too many. They are few
/// and small: one step does them all.
async fn shapes(
    db: &mut SqliteConnection,
    now: Millis,
    retention: Retention,
) -> Result<u64, StoreError> {
    let old = sqlx::query("DELETE FROM shapes WHERE used < ?")
        .bind(now.saturating_sub(retention.shape_age_ms))
        .execute(&mut *db)
        .await
        .map_err(failed)?;
    let many = sqlx::query(
        "DELETE FROM shapes WHERE rowid IN (SELECT rowid FROM shapes \
         ORDER BY used DESC, server, tool, definition LIMIT -1 OFFSET ?)",
    )
    .bind(i64::try_from(retention.shapes).unwrap_or(i64::MAX))
    .execute(db)
    .await
    .map_err(failed)?;
    Ok(old.rows_affected() + many.rows_affected())
}

async fn oldest(db: &mut SqliteConnection, excess: i64) -> Result<Done, StoreError> {
    let mut done = Done::default();
    let oldest = sqlx::query("SELECT seq FROM runs WHERE ended IS NOT NULL ORDER BY seq LIMIT ?")
        .bind(STEP_ROWS_MAX)
        .fetch_all(&mut *db)
        .await
        .map_err(failed)?;
    for row in &oldest {
        if done.freed >= excess {
            break;
        }
        let seq: i64 = get(row, 0)?;
        done.freed += bytes_of(db, seq).await?;
        let drop = sqlx::query("DELETE FROM runs WHERE seq = ?").bind(seq);
        done.swept.runs += drop.execute(&mut *db).await.map_err(failed)?.rows_affected();
    }
    Ok(done)
}

/// What dropping the run `seq` frees: its journal, and the state before it if no session has that
/// and no other run began with it.
async fn bytes_of(db: &mut SqliteConnection, seq: i64) -> Result<i64, StoreError> {
    let row = sqlx::query(
        "SELECT COALESCE((SELECT SUM(LENGTH(body)) FROM journal WHERE run = ?1), 0) + COALESCE( \
         (SELECT LENGTH(bytes) FROM snapshots WHERE id = (SELECT before FROM runs WHERE seq = ?1) \
         AND NOT EXISTS (SELECT 1 FROM sessions WHERE snapshot = snapshots.id) \
         AND NOT EXISTS (SELECT 1 FROM runs WHERE before = snapshots.id AND seq <> ?1)), 0)",
    )
    .bind(seq)
    .fetch_one(db)
    .await
    .map_err(failed)?;
    get(&row, 0)
}

async fn unneeded(db: &mut SqliteConnection) -> Result<Done, StoreError> {
    let mut done = Done::default();
    let found = sqlx::query(
        "SELECT id, LENGTH(bytes) FROM snapshots WHERE NOT EXISTS \
         (SELECT 1 FROM sessions WHERE snapshot = snapshots.id) AND NOT EXISTS \
         (SELECT 1 FROM runs WHERE before = snapshots.id) LIMIT ?",
    )
    .bind(STEP_ROWS_MAX)
    .fetch_all(&mut *db)
    .await
    .map_err(failed)?;
    for row in &found {
        done.swept.snapshots += drop_unneeded(db, get(row, 0)?).await?;
        done.freed += get::<i64>(row, 1)?;
        if done.freed >= STEP_BYTES_MAX {
            break;
        }
    }
    // None is left where the search found fewer than it may, and all of them went.
    done.more = done.freed >= STEP_BYTES_MAX || i64::try_from(found.len()) == Ok(STEP_ROWS_MAX);
    Ok(done)
}

async fn shrink(db: &mut SqliteConnection) -> Result<Done, StoreError> {
    let row = sqlx::query("PRAGMA freelist_count").fetch_one(&mut *db).await.map_err(failed)?;
    let free = get::<i64>(&row, 0)? - FREE_PAGES_KEPT;
    if free <= 0 {
        return Ok(Done::default());
    }
    let text = format!("PRAGMA incremental_vacuum({})", free.min(STEP_PAGES_MAX));
    sqlx::raw_sql(sqlx::AssertSqlSafe(text)).execute(&mut *db).await.map_err(failed)?;
    Ok(Done { more: free > STEP_PAGES_MAX, ..Done::default() })
}
