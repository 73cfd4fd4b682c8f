//! Skills: versions of files, and how they fared.

use sqlx::{SqliteConnection, SqlitePool, sqlite::SqliteRow};
use workroom_engine::store::{
    AmendedSkill, Files, Millis, NewSkill, SkillFigures, SkillRecord, SkillStatus, SkillUse,
    StoreError,
};

use crate::{failed, get};

/// One write about skills.
pub(crate) enum SkillWrite {
    Keep(Box<NewSkill>),
    Status(String, i64, SkillStatus, Millis),
    Amend(Box<AmendedSkill>),
    Remove(String, Option<i64>),
    Uses(Vec<SkillUse>),
}

/// What a write about skills came to.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct SkillDone {
    /// The version that a skill was kept as.
    pub(crate) version: i64,
    /// Whether that was there before.
    pub(crate) was_there: bool,
    /// Versions that were changed or dropped.
    pub(crate) count: u64,
}

impl SkillWrite {
    /// About what it adds to the file.
    pub(crate) fn bytes(&self) -> usize {
        match self {
            Self::Keep(skill) => skill.files.iter().map(|(_, text)| text.len()).sum(),
            Self::Amend(skill) => skill.files.iter().map(|(_, text)| text.len()).sum(),
            Self::Uses(uses) => uses.len() * 80,
            Self::Status(..) | Self::Remove(..) => 0,
        }
    }

    pub(crate) async fn apply(&self, db: &mut SqliteConnection) -> Result<SkillDone, StoreError> {
        let count = match self {
            Self::Keep(skill) => return keep(db, skill).await,
            Self::Status(name, version, status, at) => {
                set_status(db, name, *version, *status, *at).await?
            }
            Self::Amend(amended) => amend(db, amended).await?,
            Self::Remove(name, version) => remove(db, name, *version).await?,
            Self::Uses(uses) => {
                for one in uses {
                    note_use(db, one).await?;
                }
                0
            }
        };
        if count > 0 {
            changed(db).await?;
        }
        Ok(SkillDone { count, ..SkillDone::default() })
    }
}

async fn changed(db: &mut SqliteConnection) -> Result<(), StoreError> {
    let counted = sqlx::query("UPDATE skill_changes SET count = count + 1").execute(db).await;
    counted.map(drop).map_err(failed)
}

async fn keep(db: &mut SqliteConnection, skill: &NewSkill) -> Result<SkillDone, StoreError> {
    let last = sqlx::query(
        "SELECT version, hash, session FROM skills WHERE name = ? ORDER BY version DESC LIMIT 1",
    )
    .bind(&skill.name)
    .fetch_optional(&mut *db)
    .await
    .map_err(failed)?;
    if let Some(row) = last
        && get::<String>(&row, 1)? == skill.hash
        && get::<String>(&row, 2)? == skill.session
    {
        return Ok(SkillDone { version: get(&row, 0)?, was_there: true, count: 0 });
    }
    let number = sqlx::query(
        "INSERT INTO skill_numbers (name, next) VALUES (?, 2) \
         ON CONFLICT (name) DO UPDATE SET next = next + 1 RETURNING next - 1",
    )
    .bind(&skill.name)
    .fetch_one(&mut *db)
    .await
    .map_err(failed)?;
    let version: i64 = get(&number, 0)?;
    let promoted = (skill.status == SkillStatus::Promoted).then_some(skill.created);
    sqlx::query(
        "INSERT INTO skills \
         (name, version, hash, files, created, author, session, status, promoted, needs) \
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(&skill.name)
    .bind(version)
    .bind(&skill.hash)
    .bind(text_of(&skill.files)?)
    .bind(skill.created)
    .bind(&skill.author)
    .bind(&skill.session)
    .bind(skill.status.word())
    .bind(promoted)
    .bind(&skill.needs)
    .execute(&mut *db)
    .await
    .map_err(failed)?;
    changed(db).await?;
    Ok(SkillDone { version, was_there: false, count: 1 })
}

async fn set_status(
    db: &mut SqliteConnection,
    name: &str,
    version: i64,
    status: SkillStatus,
    at: Millis,
) -> Result<u64, StoreError> {
    let promoted = (status == SkillStatus::Promoted).then_some(at);
    let set = sqlx::query(
        "UPDATE skills SET status = ?, promoted = coalesce(?, promoted) \
         WHERE name = ? AND version = ?",
    )
    .bind(status.word())
    .bind(promoted)
    .bind(name)
    .bind(version)
    .execute(db)
    .await
    .map_err(failed)?;
    Ok(set.rows_affected())
}

async fn amend(db: &mut SqliteConnection, amended: &AmendedSkill) -> Result<u64, StoreError> {
    let set = sqlx::query(
        "UPDATE skills SET hash = ?, files = ? WHERE name = ? AND version = ? AND hash = ?",
    )
    .bind(&amended.hash)
    .bind(text_of(&amended.files)?)
    .bind(&amended.name)
    .bind(amended.version)
    .bind(&amended.was)
    .execute(db)
    .await
    .map_err(failed)?;
    Ok(set.rows_affected())
}

async fn remove(
    db: &mut SqliteConnection,
    name: &str,
    version: Option<i64>,
) -> Result<u64, StoreError> {
    let gone = sqlx::query("DELETE FROM skills WHERE name = ?1 AND (?2 IS NULL OR version = ?2)");
    let gone = gone.bind(name).bind(version).execute(db).await.map_err(failed)?;
    Ok(gone.rows_affected())
}

async fn note_use(db: &mut SqliteConnection, one: &SkillUse) -> Result<(), StoreError> {
    let noted = sqlx::query(
        "UPDATE skills SET ok = ok + ?, failed = failed + ?, saved = saved + ?, \
         used = max(coalesce(used, 0), ?) WHERE name = ? AND version = ?",
    )
    .bind(i64::from(one.ok))
    .bind(i64::from(!one.ok))
    .bind(i64::try_from(one.saved).unwrap_or(i64::MAX))
    .bind(one.at)
    .bind(&one.name)
    .bind(one.version)
    .execute(&mut *db)
    .await
    .map_err(failed)?;
    let input = one.input.as_ref().filter(|_| one.ok && noted.rows_affected() > 0);
    if let Some(input) = input {
        sqlx::query("INSERT OR IGNORE INTO skill_inputs (name, version, input) VALUES (?, ?, ?)")
            .bind(&one.name)
            .bind(one.version)
            .bind(input)
            .execute(db)
            .await
            .map_err(failed)?;
    }
    Ok(())
}

fn text_of(files: &Files) -> Result<String, StoreError> {
    serde_json::to_string(files)
        .map_err(|error| StoreError::Failed(format!("files cannot be written: {error}")))
}

pub(crate) async fn all(pool: &SqlitePool) -> Result<Vec<SkillRecord>, StoreError> {
    let rows = sqlx::query(
        "SELECT name, version, hash, created, author, session, status, promoted, needs, ok, \
         failed, used, saved, (SELECT count(*) FROM skill_inputs i \
         WHERE i.name = skills.name AND i.version = skills.version) \
         FROM skills ORDER BY name, version",
    );
    let rows = rows.fetch_all(pool).await.map_err(failed)?;
    rows.iter().map(record).collect()
}

fn record(row: &SqliteRow) -> Result<SkillRecord, StoreError> {
    let status: String = get(row, 6)?;
    let status = SkillStatus::named(&status)
        .ok_or_else(|| StoreError::Failed(format!("workroom.db: no status is `{status}`")))?;
    let count = |at: usize| Ok::<_, StoreError>(u64::try_from(get::<i64>(row, at)?).unwrap_or(0));
    Ok(SkillRecord {
        name: get(row, 0)?,
        version: get(row, 1)?,
        hash: get(row, 2)?,
        created: get(row, 3)?,
        author: get(row, 4)?,
        session: get(row, 5)?,
        status,
        promoted: get(row, 7)?,
        needs: get(row, 8)?,
        figures: SkillFigures {
            ok: count(9)?,
            failed: count(10)?,
            used: get(row, 11)?,
            saved: count(12)?,
            inputs: count(13)?,
        },
    })
}

pub(crate) async fn files(
    pool: &SqlitePool,
    name: &str,
    version: i64,
) -> Result<Option<Files>, StoreError> {
    let row = sqlx::query("SELECT files FROM skills WHERE name = ? AND version = ?");
    let row = row.bind(name).bind(version).fetch_optional(pool).await.map_err(failed)?;
    let Some(row) = row else { return Ok(None) };
    let text: String = get(&row, 0)?;
    let files = serde_json::from_str(&text).map_err(|error| {
        StoreError::Failed(format!("the files of skill `{name}` cannot be read: {error}"))
    })?;
    Ok(Some(files))
}

pub(crate) async fn changes(pool: &SqlitePool) -> Result<i64, StoreError> {
    let row = sqlx::query("SELECT count FROM skill_changes").fetch_one(pool).await;
    get(&row.map_err(failed)?, 0)
}
