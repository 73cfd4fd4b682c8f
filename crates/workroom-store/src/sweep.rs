//! What is dropped: sessions that nobody uses, runs that are old or too much.

use sqlx::{Row as _, SqliteConnection};
use workroom_engine::store::{Ending, Millis, Retention, StoreError, Swept, variable_names};
use workroom_types::SessionId;

use crate::{failed, write::end_session};

/// The most sessions and the most runs dropped at once: others wait to write.
const SWEEP_MAX: i64 = 1_000;

pub(crate) async fn sweep(
    db: &mut SqliteConnection,
    now: Millis,
    retention: Retention,
) -> Result<Swept, StoreError> {
    let mut swept = Swept {
        sessions: end_idle(db, now, now.saturating_sub(retention.session_age_ms)).await?,
        ..Swept::default()
    };
    let old =
        sqlx::query("DELETE FROM runs WHERE seq IN (SELECT seq FROM runs WHERE ended < ? LIMIT ?)")
            .bind(now.saturating_sub(retention.run_age_ms))
            .bind(SWEEP_MAX)
            .execute(&mut *db)
            .await
            .map_err(failed)?;
    swept.runs = old.rows_affected() + drop_above(db, retention.history_bytes).await?;
    let unneeded = sqlx::query(
        "DELETE FROM snapshots WHERE NOT EXISTS \
         (SELECT 1 FROM sessions WHERE snapshot = snapshots.id) AND NOT EXISTS \
         (SELECT 1 FROM runs WHERE before = snapshots.id)",
    );
    swept.snapshots = unneeded.execute(&mut *db).await.map_err(failed)?.rows_affected();
    Ok(swept)
}

async fn end_idle(
    db: &mut SqliteConnection,
    now: Millis,
    used_before: Millis,
) -> Result<u64, StoreError> {
    let idle = sqlx::query(
        "SELECT id, variables FROM sessions \
         WHERE used < ? AND ended IS NULL AND running IS NULL ORDER BY used LIMIT ?",
    )
    .bind(used_before)
    .bind(SWEEP_MAX)
    .fetch_all(&mut *db)
    .await
    .map_err(failed)?;
    for row in &idle {
        let id = SessionId::named(row.get::<String, _>(0));
        let lost = variable_names(row.get(1));
        let ending = Ending { reason: "was not used for too long".to_owned(), lost };
        end_session(db, &id, now, &ending).await?;
    }
    Ok(idle.len() as u64)
}

/// Drops the oldest ended runs until journals and old states are within `bytes`.
async fn drop_above(db: &mut SqliteConnection, bytes: u64) -> Result<u64, StoreError> {
    let row = sqlx::query(
        "SELECT COALESCE((SELECT SUM(LENGTH(body)) FROM journal), 0) + COALESCE((SELECT \
         SUM(LENGTH(bytes)) FROM snapshots WHERE id IN (SELECT before FROM runs) AND id NOT IN \
         (SELECT snapshot FROM sessions WHERE snapshot IS NOT NULL)), 0)",
    )
    .fetch_one(&mut *db)
    .await
    .map_err(failed)?;
    let most = i64::try_from(bytes).unwrap_or(i64::MAX);
    let mut left = row.get::<i64, _>(0);
    if left <= most {
        return Ok(0);
    }
    let oldest = sqlx::query(
        "SELECT seq, COALESCE((SELECT SUM(LENGTH(body)) FROM journal WHERE run = seq), 0) \
         + COALESCE((SELECT LENGTH(bytes) FROM snapshots WHERE id = before), 0) \
         FROM runs WHERE ended IS NOT NULL ORDER BY seq LIMIT ?",
    )
    .bind(SWEEP_MAX)
    .fetch_all(&mut *db)
    .await
    .map_err(failed)?;
    let mut dropped = 0;
    for row in oldest {
        if left <= most {
            break;
        }
        left -= row.get::<i64, _>(1);
        let drop = sqlx::query("DELETE FROM runs WHERE seq = ?").bind(row.get::<i64, _>(0));
        dropped += drop.execute(&mut *db).await.map_err(failed)?.rows_affected();
    }
    Ok(dropped)
}
