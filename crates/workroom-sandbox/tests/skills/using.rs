//! Skills that do what they should.

use expect_test::expect;
use workroom_engine::{
    skills::{SkillSource, manage},
    store::Store as _,
};
use workroom_types::SkillSettings;

use crate::room::Room;

const CONTACT: &str = "import * as crm from './servers/crm';
export async function run(input: { id: string }) {
  const contact = await crm.getContact({ id: input.id });
  return contact.asked.id.toUpperCase();
}";

#[tokio::test]
async fn a_draft_is_used_by_its_session_and_promoted_by_all() {
    let room = Room::new();
    let saved = room.save("s1", "contact-name", "Gives the name of a contact.", CONTACT).await;
    assert_eq!(saved, "saved contact-name v1\n");
    let code = "import { run } from './skills/contact-name';\nreturn run({ id: 'ada' });";
    let other = "import * as it from '../skills/contact-name/index.ts';\nreturn it.run({ id: 'bob' });";
    let told = [
        room.run("s1", code).await,
        room.run("s2", code).await,
        room.again().run("s1", other).await,
    ];
    room.promote("contact-name").await;
    let after = room.again().run("s2", other).await;
    expect![[r#""#]].assert_eq(&(told.concat() + &after + &room.figures().await));
}

#[tokio::test]
async fn an_error_in_a_skill_points_to_it_and_to_the_line_that_called_it() {
    let room = Room::new();
    room.save("s1", "contact-name", "Gives the name of a contact.", CONTACT).await;
    let code = "import { run } from './skills/contact-name';\n\n\
                const ids = ['ada', 7];\nconst names = [];\n\
                for (const id of ids) {\n  names.push(await run({ id }));\n}\nreturn names;";
    let told = room.run("s1", code).await;
    let thrown = "export function run(input) { return input.list.length; }";
    room.save("s1", "count-things", "Counts.", thrown).await;
    let sync = "import { run } from './skills/count-things';\nconst n = 1;\nreturn run({ lists: n });";
    let told = told + &room.run("s1", sync).await + &room.figures().await;
    expect![[r#""#]].assert_eq(&told);
}

#[tokio::test]
async fn a_run_becomes_a_skill_whose_constants_are_inputs() {
    let room = Room::new();
    let code = "import * as crm from './servers/crm';\nconst unused = 5;\n\
                const contact = await crm.getContact({ id: 'C-1042' });\n\
                return { name: contact.asked.id, tool: contact.tool };";
    room.run("s1", code).await;
    let source = SkillSource::Run(room.last_run().await);
    let saved = room.save_from("s1", "find-contact", "Finds a contact.", source).await;
    let used = "import { run } from './skills/find-contact';\nreturn run({ id: 'C-7' });";
    let told = [
        saved,
        room.read("s1", "./skills/find-contact/index.ts").await,
        room.run("s1", used).await,
        room.read("s1", "./skills/find-contact/tests/first.json").await,
    ];
    expect![[r#""#]].assert_eq(&told.concat());
}

#[tokio::test]
async fn the_first_run_that_ends_well_is_the_first_case() {
    let room = Room::new();
    room.save("s1", "contact-name", "Gives the name of a contact.", CONTACT).await;
    let code = "import { run } from './skills/contact-name';\nreturn run({ id: 'ada' });";
    room.run("s1", code).await;
    let told = [
        room.read("s1", "./skills").await,
        room.read("s1", "./skills/contact-name").await,
        room.read("s1", "./skills/contact-name/SKILL.md").await,
        room.read("s1", "./skills/contact-name/tests/first.json").await,
        room.read("s2", "./skills/contact-name").await,
        room.read("s1", "./skills/contact-nam").await,
        room.run("s1", code).await,
    ];
    expect![[r#""#]].assert_eq(&told.concat());
}

#[tokio::test]
async fn a_policy_promotes_after_runs_on_different_inputs() {
    let settings = SkillSettings { auto_promote_after: Some(2), ..SkillSettings::default() };
    let room = Room::with(settings);
    room.save("s1", "contact-name", "Gives the name of a contact.", CONTACT).await;
    let mut told = String::new();
    for id in ["a", "a", "b"] {
        let code =
            format!("import {{ run }} from './skills/contact-name';\nreturn run({{ id: '{id}' }});");
        told += &room.run("s1", &code).await;
        told += &room.figures().await;
    }
    expect![[r#""#]].assert_eq(&told);
}

#[tokio::test]
async fn versions_are_kept_and_gone_back_to() {
    let room = Room::new();
    let code = |n: u32| format!("export const run = () => {n};");
    let use_it = "import { run } from './skills/number';\nreturn run();";
    let mut told = String::new();
    for n in [1, 2] {
        told += &room.save("s1", "number", "Gives a number.", &code(n)).await;
        room.promote("number").await;
        told += &room.run("s9", use_it).await;
    }
    let (from, view) = manage::rollback(&*room.store, "number", None).await.unwrap();
    told += &format!("from {from:?} to {}\n", view.record.version);
    told += &room.run("s9", use_it).await;
    manage::deprecate(&*room.store, "number", None).await.unwrap();
    told += &room.run("s9", use_it).await;
    told += &room.read("s9", "./skills").await;
    manage::remove(&*room.store, "number", None).await.unwrap();
    told += &room.run("s9", use_it).await;
    expect![[r#""#]].assert_eq(&told);
    assert!(room.store.skills().await.unwrap().is_empty());
}

#[tokio::test]
async fn skills_use_skills() {
    let room = Room::new();
    room.save("s1", "contact-name", "Gives the name of a contact.", CONTACT).await;
    let both = "import { run as name } from './skills/contact-name';
export async function run(input: { ids: string[] }) {
  return (await Promise.all(input.ids.map((id) => name({ id })))).join(' & ');
}";
    room.save("s1", "contact-names", "Gives the names of contacts.", both).await;
    let code = "import { run } from './skills/contact-names';\nreturn run({ ids: ['a', 'b'] });";
    let told = room.run("s1", code).await + &room.figures().await;
    expect![[r#""#]].assert_eq(&told);
}
