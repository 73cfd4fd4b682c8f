//! Skills that do what they should.

use expect_test::expect;
use workroom_engine::{
    skills::{SkillSource, manage},
    store::Skills as _,
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
    let other =
        "import * as it from '../skills/contact-name/index.ts';\nreturn it.run({ id: 'bob' });";
    let told = [
        room.run("s1", code).await,
        room.run("s2", code).await,
        room.again().run("s1", other).await,
    ];
    room.promote("contact-name").await;
    let after = room.again().run("s2", other).await;
    expect![[r#"
        ok
        ADA
        error
        skill `contact-name` is a draft of another session
        1 | import { run } from './skills/contact-name';
          |                     ^
        hint: a person gives it to all by `workroom skills promote contact-name`
        nothing was called: correct it and run it again
        ok
        BOB
        ok
        BOB
        contact-name v1 promoted: 3 ok, 0 failed, 2 inputs
    "#]]
    .assert_eq(&(told.concat() + &after + &room.figures().await));
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
    let sync =
        "import { run } from './skills/count-things';\nconst n = 1;\nreturn run({ lists: n });";
    let told = told + &room.run("s1", sync).await + &room.figures().await;
    expect![[r#"
        error
        ArgumentError: `crm.get_contact` was not called: `id` is an integer; it takes a string
        signature: getContact(input: { id: string }): Promise<unknown>
        in ./skills/contact-name/index.ts:
        3 |   const contact = await crm.getContact({ id: input.id });
          |                                              ^
        called by your code:
        6 |   names.push(await run({ id }));
          |                    ^
        crm.get_contact · code: invalid_arguments
        values there: (await crm.getContact(…)) has: tool, asked; input has: id; input.id: number
        hint: nothing was sent: correct the arguments and call it again
        calls that may have changed something: crm.get_contact
        kept for the next run: ids, names
        error
        TypeError: cannot read property 'length' of undefined
        in ./skills/count-things/index.ts:
        1 | export function run(input) { return input.list.length; }
          |                                     ^
        called by your code:
        3 | return run({ lists: n });
          |                     ^
        input.list: undefined; input has: lists
        hint: did you mean `input.lists`?
        kept for the next run: n
        contact-name v1 draft: 0 ok, 1 failed, 0 inputs
        count-things v1 draft: 0 ok, 1 failed, 0 inputs
    "#]]
    .assert_eq(&told);
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
    expect![[r#"
        saved find-contact v1
        import * as crm from './servers/crm';

        export async function run(input: {
          /** Of `crm.getContact`; "C-1042" in the recorded run. */
          id: string;
        }): Promise<{ name: string; tool: string }> {
          const contact = await crm.getContact({ id: input.id });
          return { name: contact.asked.id, tool: contact.tool };
        }
        ok
        {"name":"C-7","tool":"get_contact"}
        {
          "input": {
            "id": "C-1042"
          },
          "calls": [
            {
              "server": "crm",
              "tool": "get_contact",
              "arguments": {
                "id": "C-1042"
              },
              "answer": {
                "tool": "get_contact",
                "asked": {
                  "id": "C-1042"
                }
              }
            }
          ],
          "expected": {
            "name": "C-1042",
            "tool": "get_contact"
          },
        }
    "#]]
    .assert_eq(&told.concat());
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
    expect![[r#"
        contact-name/  Gives the name of a contact. (draft, 1 of 1 runs ok)
        SKILL.md  Gives the name of a contact. (draft, 1 of 1 runs ok)
        index.ts  run(input: { id: string })
        tests/  1 recorded case
        ---
        name: contact-name
        description: Gives the name of a contact.
        ---

        ## Use

        ```ts
        import { run } from './skills/contact-name';

        const result = await run(input);
        ```

        `run(input: { id: string })`
        {
          "input": {
            "id": "ada"
          },
          "calls": [
            {
              "server": "crm",
              "tool": "get_contact",
              "arguments": {
                "id": "ada"
              },
              "answer": {
                "tool": "get_contact",
                "asked": {
                  "id": "ada"
                }
              }
            }
          ],
          "expected": "ADA",
        }
        there is nothing at `skills/contact-name`; it is a draft of another session, until `workroom skills promote contact-name`
        there is nothing at `skills/contact-nam`; the nearest is `./skills/contact-name`
        ok
        ADA
    "#]].assert_eq(&told.concat());
}

#[tokio::test]
async fn a_policy_promotes_after_runs_on_different_inputs() {
    let settings = SkillSettings::default().promoting_after(Some(2));
    let room = Room::with(settings);
    room.save("s1", "contact-name", "Gives the name of a contact.", CONTACT).await;
    let mut told = String::new();
    for id in ["a", "a", "b"] {
        let code = format!(
            "import {{ run }} from './skills/contact-name';\nreturn run({{ id: '{id}' }});"
        );
        told += &room.run("s1", &code).await;
        told += &room.figures().await;
    }
    expect![[r#"
        ok
        A
        contact-name v1 draft: 1 ok, 0 failed, 1 inputs
        ok
        A
        contact-name v1 draft: 2 ok, 0 failed, 1 inputs
        ok
        note: skill `contact-name` is promoted after 2 runs that ended well on different inputs
        B
        contact-name v1 promoted: 3 ok, 0 failed, 2 inputs
    "#]]
    .assert_eq(&told);
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
    expect![[r#"
        saved number v1
        ok
        1
        saved number v2
        ok
        2
        from Some(2) to 1
        ok
        1
        ok
        note: skill `number` is deprecated: `search` for another
        1
        error
        there is no skill `number`
        1 | import { run } from './skills/number';
          |                     ^
        hint: `./skills` lists every skill, and `search` finds one
        nothing was called: correct it and run it again
    "#]]
    .assert_eq(&told);
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
    expect![[r#"
        ok
        A & B
        contact-name v1 draft: 1 ok, 0 failed, 1 inputs
        contact-names v1 draft: 1 ok, 0 failed, 1 inputs
    "#]]
    .assert_eq(&told);
}

#[tokio::test]
async fn a_thousand_skills_are_listed_a_line_each_and_found() {
    let room = Room::new();
    for n in 0..1_000 {
        let code = format!("export const run = (input: {{ of: string }}) => {n};");
        room.put(&format!("report-{n}"), &format!("Gives the report number {n}."), &code).await;
    }
    let listed = room.read("s1", "./skills").await;
    assert_eq!(listed.lines().count(), 1_000);
    assert!(listed.starts_with("report-0/  Gives the report number 0."), "{listed}");
    let query = workroom_catalog::SearchQuery {
        query: "report 512".to_owned(),
        limit: 1,
        ..workroom_catalog::SearchQuery::default()
    };
    let found = room.engine.search(&query, None).await;
    assert_eq!(found.matches[0].path, "./skills/report-512");
    let code = "import { run } from './skills/report-512';\nreturn run({ of: 'x' });";
    assert_eq!(room.run("s1", code).await, "ok\n512\n");
}
