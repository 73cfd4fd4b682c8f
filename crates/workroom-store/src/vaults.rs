//! Vaults and flows: what is written of them, and what is read.

use sqlx::{SqliteConnection, SqlitePool, sqlite::SqliteRow};
use workroom_engine::store::{
    FlowRecord, FlowsOf, Millis, NewValue, SealedKey, StoreError, ValueRecord, VaultRecord,
};
use workroom_types::SessionId;

use crate::{failed, get};

/// A write to vaults or flows.
pub(crate) enum VaultWrite {
    Open(SessionId, Millis, SealedKey),
    Mint(Vec<NewValue>),
    Forget(SessionId),
    Rewrap(Vec<(SessionId, SealedKey, SealedKey)>),
    Flows(Vec<FlowRecord>),
}

impl VaultWrite {
    pub(crate) fn bytes(&self) -> usize {
        match self {
            Self::Mint(values) => values.iter().map(|it| it.body.len() + it.token.len()).sum(),
            Self::Flows(flows) => flows.iter().map(|it| it.body.len()).sum(),
            Self::Open(..) | Self::Forget(_) | Self::Rewrap(_) => 0,
        }
    }

    /// Does it; gives a count of what it did, where somebody asks.
    pub(crate) async fn apply(&self, db: &mut SqliteConnection) -> Result<u64, StoreError> {
        match self {
            Self::Open(session, at, key) => open(db, session, *at, key).await,
            Self::Mint(values) => mint(db, values).await,
            Self::Forget(session) => forget(db, session).await,
            Self::Rewrap(keys) => rewrap(db, keys).await,
            Self::Flows(flows) => keep(db, flows).await,
        }
    }
}

async fn open(
    db: &mut SqliteConnection,
    session: &SessionId,
    at: Millis,
    key: &SealedKey,
) -> Result<u64, StoreError> {
    let made = sqlx::query(
        "INSERT INTO vaults (session, created, key_id, key) VALUES (?, ?, ?, ?) \
         ON CONFLICT (session) DO NOTHING",
    )
    .bind(session.as_str())
    .bind(at)
    .bind(&key.key_id)
    .bind(key.body.as_slice())
    .execute(db)
    .await
    .map_err(failed)?;
    Ok(made.rows_affected())
}

/// 1 where all were stored, 0 where none was. Everything is looked at before the first is
/// written, because other writes share the transaction.
async fn mint(db: &mut SqliteConnection, values: &[NewValue]) -> Result<u64, StoreError> {
    let mut next = std::collections::BTreeMap::new();
    for value in values {
        let number = match next.get(&value.kind) {
            Some(number) => *number,
            None => next_number(db, &value.kind).await?,
        };
        if number != i64::from(value.number) || !is_new(db, value).await? {
            return Ok(0);
        }
        next.insert(value.kind.clone(), number + 1);
    }
    for (kind, next) in next {
        sqlx::query("INSERT OR REPLACE INTO vault_numbers (kind, next) VALUES (?, ?)")
            .bind(kind)
            .bind(next)
            .execute(&mut *db)
            .await
            .map_err(failed)?;
    }
    for value in values {
        sqlx::query(
            "INSERT INTO vault_values (vault, token, mark, body) \
             SELECT id, ?2, ?3, ?4 FROM vaults WHERE session = ?1",
        )
        .bind(value.session.as_str())
        .bind(&value.token)
        .bind(value.mark.as_slice())
        .bind(value.body.as_slice())
        .execute(&mut *db)
        .await
        .map_err(failed)?;
    }
    Ok(1)
}

async fn next_number(db: &mut SqliteConnection, kind: &str) -> Result<i64, StoreError> {
    let row = sqlx::query("SELECT next FROM vault_numbers WHERE kind = ?").bind(kind);
    let row = row.fetch_optional(db).await.map_err(failed)?;
    row.map_or(Ok(1), |row| get(&row, 0))
}

/// Whether the vault is there and has not got the value yet.
async fn is_new(db: &mut SqliteConnection, value: &NewValue) -> Result<bool, StoreError> {
    let row = sqlx::query(
        "SELECT EXISTS (SELECT 1 FROM vault_values WHERE vault = vaults.id AND mark = ?2) \
         FROM vaults WHERE session = ?1",
    )
    .bind(value.session.as_str())
    .bind(value.mark.as_slice())
    .fetch_optional(db)
    .await
    .map_err(failed)?;
    row.map_or(Ok(false), |row| get::<bool>(&row, 0).map(|known| !known))
}

/// Drops the vault of `session`; says how many that were. The key is overwritten first, since what
/// is deleted stays in the file until its place is used again.
pub(crate) async fn forget(
    db: &mut SqliteConnection,
    session: &SessionId,
) -> Result<u64, StoreError> {
    sqlx::query("UPDATE vaults SET key = zeroblob(length(key)) WHERE session = ?")
        .bind(session.as_str())
        .execute(&mut *db)
        .await
        .map_err(failed)?;
    let gone = sqlx::query("DELETE FROM vaults WHERE session = ?").bind(session.as_str());
    Ok(gone.execute(db).await.map_err(failed)?.rows_affected())
}

async fn rewrap(
    db: &mut SqliteConnection,
    keys: &[(SessionId, SealedKey, SealedKey)],
) -> Result<u64, StoreError> {
    let mut count = 0;
    for (session, old, new) in keys {
        let changed = sqlx::query(
            "UPDATE vaults SET key_id = ?1, key = ?2 WHERE session = ?3 AND key_id = ?4 \
             AND key = ?5",
        )
        .bind(&new.key_id)
        .bind(new.body.as_slice())
        .bind(session.as_str())
        .bind(&old.key_id)
        .bind(old.body.as_slice())
        .execute(&mut *db)
        .await
        .map_err(failed)?;
        count += changed.rows_affected();
    }
    Ok(count)
}

async fn keep(db: &mut SqliteConnection, flows: &[FlowRecord]) -> Result<u64, StoreError> {
    for flow in flows {
        sqlx::query(
            "INSERT INTO flows (at, session, token, act, server, body) VALUES (?, ?, ?, ?, ?, ?)",
        )
        .bind(flow.at)
        .bind(&flow.session)
        .bind(&flow.token)
        .bind(&flow.act)
        .bind(&flow.server)
        .bind(&flow.body)
        .execute(&mut *db)
        .await
        .map_err(failed)?;
    }
    Ok(flows.len() as u64)
}

/// Drops what is older than `before`, and the oldest above `most`.
pub(crate) async fn sweep(
    db: &mut SqliteConnection,
    before: Millis,
    most: u64,
) -> Result<u64, StoreError> {
    let old = sqlx::query("DELETE FROM flows WHERE at < ?").bind(before).execute(&mut *db).await;
    let many = sqlx::query(
        "DELETE FROM flows WHERE id <= (SELECT id FROM flows ORDER BY id DESC LIMIT 1 OFFSET ?)",
    )
    .bind(i64::try_from(most).unwrap_or(i64::MAX))
    .execute(db)
    .await;
    Ok(old.map_err(failed)?.rows_affected() + many.map_err(failed)?.rows_affected())
}

pub(crate) async fn vault(
    pool: &SqlitePool,
    session: &SessionId,
    after: i64,
) -> Result<Option<VaultRecord>, StoreError> {
    let row = sqlx::query("SELECT id, key_id, key FROM vaults WHERE session = ?");
    let row = row.bind(session.as_str()).fetch_optional(pool).await.map_err(failed)?;
    let Some(row) = row else { return Ok(None) };
    let id: i64 = get(&row, 0)?;
    let values = sqlx::query(
        "SELECT id, token, mark, body FROM vault_values WHERE vault = ? AND id > ? ORDER BY id",
    )
    .bind(id)
    .bind(after)
    .fetch_all(pool)
    .await
    .map_err(failed)?;
    let servers =
        sqlx::query("SELECT DISTINCT token, server FROM flows WHERE session = ? AND act = 'found'");
    let servers = servers.bind(session.as_str()).fetch_all(pool).await.map_err(failed)?;
    let servers = servers.iter().map(|row| Ok((get(row, 0)?, get(row, 1)?)));
    Ok(Some(VaultRecord {
        id,
        key: sealed_key(&row, 1)?,
        values: values.iter().map(value_of).collect::<Result<_, StoreError>>()?,
        servers: servers.collect::<Result<_, StoreError>>()?,
    }))
}

fn value_of(row: &SqliteRow) -> Result<ValueRecord, StoreError> {
    let mark: Vec<u8> = get(row, 2)?;
    let mark = mark.try_into();
    let mark = mark.map_err(|_| StoreError::Failed("workroom.db: a damaged mark".to_owned()))?;
    Ok(ValueRecord { id: get(row, 0)?, token: get(row, 1)?, mark, body: get(row, 3)? })
}

fn sealed_key(row: &SqliteRow, at: usize) -> Result<SealedKey, StoreError> {
    Ok(SealedKey { key_id: get(row, at)?, body: get(row, at + 1)? })
}

pub(crate) async fn numbers(pool: &SqlitePool) -> Result<Vec<(String, u32)>, StoreError> {
    let rows = sqlx::query("SELECT kind, next FROM vault_numbers ORDER BY kind");
    let rows = rows.fetch_all(pool).await.map_err(failed)?;
    rows.iter().map(|row| Ok((get(row, 0)?, get(row, 1)?))).collect()
}

pub(crate) async fn sealed_keys(
    pool: &SqlitePool,
) -> Result<Vec<(SessionId, SealedKey)>, StoreError> {
    let rows = sqlx::query("SELECT session, key_id, key FROM vaults ORDER BY id");
    let rows = rows.fetch_all(pool).await.map_err(failed)?;
    let key = |row: &SqliteRow| Ok((SessionId::named(get::<String>(row, 0)?), sealed_key(row, 1)?));
    rows.iter().map(key).collect()
}

pub(crate) async fn flows(
    pool: &SqlitePool,
    of: &FlowsOf,
    limit: usize,
) -> Result<Vec<FlowRecord>, StoreError> {
    let rows = sqlx::query(
        "SELECT at, session, token, act, server, body FROM flows \
         WHERE (?1 IS NULL OR session = ?1) AND (?2 IS NULL OR token = ?2) \
         ORDER BY id DESC LIMIT ?3",
    )
    .bind(of.session.as_deref())
    .bind(of.token.as_deref())
    .bind(i64::try_from(limit).unwrap_or(i64::MAX))
    .fetch_all(pool)
    .await
    .map_err(failed)?;
    let flow = |row: &SqliteRow| {
        Ok(FlowRecord {
            at: get(row, 0)?,
            session: get(row, 1)?,
            token: get(row, 2)?,
            act: get(row, 3)?,
            server: get(row, 4)?,
            body: get(row, 5)?,
        })
    };
    rows.iter().rev().map(flow).collect()
}
