//! The limits of skills, one step past each.

use expect_test::expect;
use workroom_engine::skills::past_limits;
use workroom_types::SkillSettings;

use crate::room::Room;

const RUN: &str = "export const run = () => 1;";

#[tokio::test]
async fn a_code_one_byte_too_long_is_refused() {
    let room = Room::new();
    let fits = format!("{RUN}//{}", "x".repeat(64 * 1024 - RUN.len() - 2));
    assert_eq!(room.save("s1", "mine", "Fits.", &fits).await, "saved mine v1\n");
    let told = room.save("s1", "mine", "Does not.", &format!("{fits}x")).await;
    expect![[r#"
        the skill was not saved:
        - the code is 65537 bytes; a skill has at most 64 KiB (`skills.code_kib`)
    "#]]
    .assert_eq(&told);
}

#[tokio::test]
async fn one_skill_too_many_is_refused_and_old_versions_go() {
    let mut settings = SkillSettings::default();
    settings.set(workroom_types::SkillLimit::Skills, 1).unwrap();
    settings.set(workroom_types::SkillLimit::Versions, 2).unwrap();
    let room = Room::with(settings);
    room.save("s1", "one", "Fits.", RUN).await;
    let mut told = room.save("s1", "two", "Does not.", RUN).await;
    room.promote("one").await;
    for n in 2..5 {
        told += &room.save("s1", "one", "Fits.", &format!("export const run = () => {n};")).await;
    }
    told += &room.figures().await;
    expect![[r#"
        the skill was not saved:
        - there are 1 skills, and at most 1 are kept (`skills.skills`): remove one by `workroom skills remove`, or raise it in workroom.toml
        saved one v2
        saved one v3
        saved one v4
        one v1 promoted: 0 ok, 0 failed, 0 inputs
        one v4 draft: 0 ok, 0 failed, 0 inputs
    "#]].assert_eq(&told);
}

#[test]
fn a_text_and_a_case_too_many_are_refused() {
    let name = workroom_skill::SkillName::new("mine").unwrap();
    let mut package = workroom_skill::Package::new(name, "Does things.", RUN);
    let mut settings = SkillSettings::default();
    settings.set(workroom_types::SkillLimit::Body, 3).unwrap();
    settings.set(workroom_types::SkillLimit::Cases, 1).unwrap();
    package.body = "one two three".to_owned();
    let case = |n: u32| workroom_skill::Case {
        name: format!("case-{n}"),
        input: n.into(),
        calls: Vec::new(),
        expected: n.into(),
        clock: None,
    };
    package.cases = vec![case(1)];
    assert_eq!(past_limits(&package, &settings), [""; 0]);
    package.body.push_str(" four");
    package.cases.push(case(2));
    let expected = [
        "its text has 4 tokens; at most 3 are kept (`skills.body_tokens`)",
        "it has 2 cases; at most 1 are kept (`skills.cases`)",
    ];
    assert_eq!(past_limits(&package, &settings), expected);
}
