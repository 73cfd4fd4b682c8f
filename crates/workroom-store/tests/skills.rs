//! What every store does with skills, tried on each of them.

#![allow(clippy::unwrap_used, reason = "a test that fails says where")]

use std::sync::Arc;

use workroom_engine::store::{
    AmendedSkill, Memory, NewSkill, SkillFigures, SkillKept, SkillStatus, SkillUse, Store,
};
use workroom_store::SqliteStore;

async fn each(contract: impl AsyncFn(Arc<dyn Store>)) {
    contract(Arc::new(Memory::default())).await;
    let folder = tempfile::tempdir().unwrap();
    contract(Arc::new(SqliteStore::open(&folder.path().join("data")).await.unwrap())).await;
}

fn skill(name: &str, hash: &str, session: &str) -> NewSkill {
    NewSkill {
        name: name.to_owned(),
        hash: hash.to_owned(),
        files: vec![("index.ts".to_owned(), format!("// {hash}"))],
        created: 5,
        author: "claude-code".to_owned(),
        session: session.to_owned(),
        status: SkillStatus::Draft,
        needs: "[]".to_owned(),
    }
}

fn usage(version: i64, ok: bool, input: Option<&str>) -> SkillUse {
    let input = input.map(str::to_owned);
    SkillUse { name: "report".to_owned(), version, at: 9, ok, input, saved: 10 }
}

fn kept(version: i64, was_there: bool) -> SkillKept {
    SkillKept { version, was_there }
}

#[tokio::test]
async fn versions_are_numbered_and_what_is_there_is_not_added_again() {
    each(async |store| {
        assert_eq!(store.keep_skill(skill("report", "a", "s")).await.unwrap(), kept(1, false));
        assert_eq!(store.keep_skill(skill("report", "a", "s")).await.unwrap(), kept(1, true));
        assert_eq!(store.keep_skill(skill("report", "a", "t")).await.unwrap(), kept(2, false));
        assert_eq!(store.keep_skill(skill("report", "b", "t")).await.unwrap(), kept(3, false));
        assert_eq!(store.keep_skill(skill("other", "a", "s")).await.unwrap(), kept(1, false));
        let all = store.skills().await.unwrap();
        let names: Vec<_> = all.iter().map(|it| (it.name.as_str(), it.version)).collect();
        assert_eq!(names, [("other", 1), ("report", 1), ("report", 2), ("report", 3)]);
        assert_eq!((all[1].created, all[1].author.as_str()), (5, "claude-code"));
        assert_eq!((all[1].session.as_str(), all[1].status), ("s", SkillStatus::Draft));
        let files = store.skill_files("report", 3).await.unwrap().unwrap();
        assert_eq!(files, skill("report", "b", "t").files);
        assert_eq!(store.skill_files("report", 4).await.unwrap(), None);
    })
    .await;
}

#[tokio::test]
async fn two_that_save_at_once_get_a_version_each() {
    each(async |store| {
        let all = (0..20).map(|n| store.keep_skill(skill("report", &n.to_string(), "s")));
        let saved = futures::future::join_all(all).await;
        let mut versions: Vec<i64> = saved.into_iter().map(|it| it.unwrap().version).collect();
        versions.sort_unstable();
        assert_eq!(versions, (1..=20).collect::<Vec<_>>());
    })
    .await;
}

#[tokio::test]
async fn a_number_is_never_given_again() {
    each(async |store| {
        store.keep_skill(skill("report", "a", "s")).await.unwrap();
        store.keep_skill(skill("report", "b", "s")).await.unwrap();
        assert_eq!(store.remove_skill("report", Some(1)).await.unwrap(), 1);
        assert_eq!(store.remove_skill("report", Some(1)).await.unwrap(), 0);
        assert_eq!(store.remove_skill("report", None).await.unwrap(), 1);
        assert!(store.skills().await.unwrap().is_empty());
        assert_eq!(store.keep_skill(skill("report", "a", "s")).await.unwrap(), kept(3, false));
    })
    .await;
}

#[tokio::test]
async fn a_status_is_set_and_a_promotion_has_its_time() {
    each(async |store| {
        store.keep_skill(skill("report", "a", "s")).await.unwrap();
        let mut seen = Vec::new();
        for (status, at) in [(SkillStatus::Promoted, 7), (SkillStatus::Deprecated, 8)] {
            assert!(store.set_skill_status("report", 1, status, at).await.unwrap());
            let record = store.skills().await.unwrap().remove(0);
            seen.push((record.status, record.promoted));
        }
        assert_eq!(seen, [(SkillStatus::Promoted, Some(7)), (SkillStatus::Deprecated, Some(7))]);
        assert!(!store.set_skill_status("report", 2, SkillStatus::Promoted, 9).await.unwrap());
        let born = NewSkill { status: SkillStatus::Promoted, ..skill("born", "a", "s") };
        store.keep_skill(born).await.unwrap();
        assert_eq!(store.skills().await.unwrap()[0].promoted, Some(5));
    })
    .await;
}

#[tokio::test]
async fn files_change_only_where_they_are_the_expected_ones() {
    each(async |store| {
        store.keep_skill(skill("report", "a", "s")).await.unwrap();
        let amended = |was: &str| AmendedSkill {
            name: "report".to_owned(),
            version: 1,
            was: was.to_owned(),
            hash: "b".to_owned(),
            files: vec![("index.ts".to_owned(), "new".to_owned())],
        };
        assert!(!store.amend_skill(amended("x")).await.unwrap());
        assert!(store.amend_skill(amended("a")).await.unwrap());
        assert_eq!(store.skills().await.unwrap()[0].hash, "b");
        assert_eq!(store.skill_files("report", 1).await.unwrap().unwrap()[0].1, "new");
    })
    .await;
}

#[tokio::test]
async fn uses_are_counted_for_each_version() {
    each(async |store| {
        store.keep_skill(skill("report", "a", "s")).await.unwrap();
        store.keep_skill(skill("report", "b", "s")).await.unwrap();
        let uses = vec![
            usage(1, true, Some("x")),
            usage(1, true, Some("x")),
            usage(1, true, Some("y")),
            usage(1, false, Some("z")),
            usage(1, true, None),
            usage(9, true, Some("x")),
        ];
        store.note_skill_uses(uses).await.unwrap();
        let all = store.skills().await.unwrap();
        let counted = SkillFigures { ok: 4, failed: 1, inputs: 2, used: Some(9), saved: 50 };
        assert_eq!((all[0].figures, all[1].figures), (counted, SkillFigures::default()));
    })
    .await;
}

#[tokio::test]
async fn every_change_but_a_use_is_seen_by_its_number() {
    each(async |store| {
        let mut numbers = vec![store.skill_changes().await.unwrap()];
        store.keep_skill(skill("report", "a", "s")).await.unwrap();
        numbers.push(store.skill_changes().await.unwrap());
        store.keep_skill(skill("report", "a", "s")).await.unwrap();
        store.note_skill_uses(vec![usage(1, true, None)]).await.unwrap();
        assert_eq!(store.skill_changes().await.unwrap(), numbers[1]);
        store.set_skill_status("report", 1, SkillStatus::Promoted, 9).await.unwrap();
        numbers.push(store.skill_changes().await.unwrap());
        store.remove_skill("report", None).await.unwrap();
        numbers.push(store.skill_changes().await.unwrap());
        let mut different = numbers.clone();
        different.dedup();
        assert_eq!(numbers, different);
    })
    .await;
}
