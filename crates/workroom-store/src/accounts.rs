//! Accounts: what is written of them, and what is read.

use sqlx::{SqliteConnection, SqlitePool, sqlite::SqliteRow};
use workroom_engine::store::{AccountRecord, AccountsOf, Millis, StoreError};
use workroom_types::RunId;

use crate::{failed, get};

pub(crate) async fn keep(
    db: &mut SqliteConnection,
    accounts: &[AccountRecord],
) -> Result<(), StoreError> {
    for account in accounts {
        sqlx::query(
            "INSERT OR REPLACE INTO accounts (at, kind, session, client, run, body) \
             VALUES (?, ?, ?, ?, ?, ?)",
        )
        .bind(account.at)
        .bind(&account.kind)
        .bind(&account.session)
        .bind(&account.client)
        .bind(&account.run)
        .bind(&account.body)
        .execute(&mut *db)
        .await
        .map_err(failed)?;
    }
    Ok(())
}

/// Drops what is older than `before`, and the oldest above `most`.
pub(crate) async fn sweep(
    db: &mut SqliteConnection,
    before: Millis,
    most: u64,
) -> Result<u64, StoreError> {
    let old = sqlx::query("DELETE FROM accounts WHERE at < ?").bind(before);
    let old = old.execute(&mut *db).await.map_err(failed)?;
    let many = sqlx::query(
        "DELETE FROM accounts WHERE id IN \
         (SELECT id FROM accounts ORDER BY at DESC, id DESC LIMIT -1 OFFSET ?)",
    )
    .bind(i64::try_from(most).unwrap_or(i64::MAX))
    .execute(db)
    .await
    .map_err(failed)?;
    Ok(old.rows_affected() + many.rows_affected())
}

pub(crate) async fn accounts(
    pool: &SqlitePool,
    of: &AccountsOf,
    limit: usize,
) -> Result<Vec<AccountRecord>, StoreError> {
    let rows = sqlx::query(
        "SELECT at, kind, session, client, run, body FROM accounts \
         WHERE (?1 IS NULL OR at >= ?1) AND (?2 IS NULL OR session = ?2) \
         AND (?3 IS NULL OR run = ?3) ORDER BY at DESC, id DESC LIMIT ?4",
    )
    .bind(of.since)
    .bind(of.session.as_deref())
    .bind(of.run.as_deref())
    .bind(i64::try_from(limit).unwrap_or(i64::MAX))
    .fetch_all(pool)
    .await
    .map_err(failed)?;
    let account = |row: &SqliteRow| {
        Ok(AccountRecord {
            at: get(row, 0)?,
            kind: get(row, 1)?,
            session: get(row, 2)?,
            client: get(row, 3)?,
            run: get(row, 4)?,
            body: get(row, 5)?,
        })
    };
    rows.iter().rev().map(account).collect()
}

pub(crate) async fn unaccounted(pool: &SqlitePool, limit: usize) -> Result<Vec<RunId>, StoreError> {
    let rows = sqlx::query(
        "SELECT id FROM runs WHERE ended IS NOT NULL \
         AND NOT EXISTS (SELECT 1 FROM accounts WHERE run = runs.id) ORDER BY seq DESC LIMIT ?",
    )
    .bind(i64::try_from(limit).unwrap_or(i64::MAX))
    .fetch_all(pool)
    .await
    .map_err(failed)?;
    rows.iter().map(|row| Ok(RunId::named(get::<String>(row, 0)?))).collect()
}
