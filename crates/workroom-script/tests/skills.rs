//! Skills as modules of scripts: what they are compiled to, and what is refused.

#![allow(clippy::unwrap_used, reason = "a test that fails says where")]
#![allow(clippy::too_many_lines, reason = "tables of cases with their answers")]

use expect_test::{Expect, expect};
use workroom_script::{
    Description, Module, Modules, Place, Position, Scope, Skill, UnknownModule, check_skill,
    compile_in, interface, render,
};

mod support;

/// The servers of the other tests, and these skills.
struct Room(Vec<(&'static str, &'static str)>);

impl Modules for Room {
    fn resolve(&self, specifier: &str) -> Result<Module, UnknownModule> {
        support::Catalog.resolve(specifier)
    }

    fn skill(&self, specifier: &str) -> Option<Result<Skill, UnknownModule>> {
        let path = specifier.trim_start_matches(['.', '/']).trim_end_matches(".ts");
        let name = path.trim_end_matches("/index").strip_prefix("skills/")?;
        let found = self.0.iter().find(|(known, _)| *known == name);
        let found =
            found.map(|(_, code)| Skill { name: name.to_owned(), code: (*code).to_owned() });
        let message = format!("there is no skill `{name}`");
        Some(found.ok_or(UnknownModule { message, ..UnknownModule::default() }))
    }

    fn all(&self) -> Vec<Module> {
        support::Catalog.all()
    }

    fn describe(&self, server: &str, tool: &str) -> Option<Description> {
        support::Catalog.describe(server, tool)
    }
}

const UNPAID: &str = "import * as crm from './servers/crm';\n\
    type Input = { customer: string; limit?: number };\n\
    export async function run(input: Input): Promise<{ total: number }> {\n\
    \x20 const deals = await crm.listDeals({ id: input.customer });\n\
    \x20 return { total: deals.length };\n\
    }\n";

#[track_caller]
fn check(skills: &[(&'static str, &'static str)], script: &str, expected: &Expect) {
    let told = match compile_in(script, &Room(skills.to_vec()), Scope::EMPTY) {
        Ok(program) => program.code,
        Err(found) => found.iter().map(|one| render(script, one) + "\n").collect(),
    };
    // The watching of `run` is the same in all.
    let told = match (told.find("const __workroom_use"), told.find("\n};\n__workroom_skills[")) {
        (Some(from), Some(to)) => format!("{}…{}", &told[..from], &told[to + 3..]),
        _ => told,
    };
    expected.assert_eq(&told.replace(workroom_script::OWNER_MARK, "␟"));
}

#[test]
fn a_skill_is_compiled_beside_the_script_and_has_a_scope_of_its_own() {
    check(
        &[("unpaid", UNPAID)],
        "import { run } from './skills/unpaid';\nconst total = await run({ customer: 'a' });\nreturn total;",
        &expect![[r#"
            "use strict";
            var __workroom_skills, run, total;
            (async () => {
            	__workroom_skills = {
            		...__workroom_skills,
            		...__workroom_load()
            	};
            	run = __workroom_skills["unpaid"]["run"];
            	total = await run({ customer: "a" });
            	return total;
            })();
            function __workroom_load() {
            const __workroom_skills = { __proto__: null };
            …
            __workroom_skills["unpaid"] = __workroom_use("unpaid", (() => {
            let crm;
            crm = __workroom.module("unpaid␟crm", [
            	["getContact", "get_contact"],
            	["listDeals", "list_deals"],
            	["search", "crm/search"]
            ]);
            async function run(input) {
            	const deals = await crm.listDeals({ id: input.customer });
            	return { total: deals.length };
            }
            return { ["run"]: run };
            })());
            return __workroom_skills;
            }
        "#]],
    );
}

#[test]
fn a_skill_is_imported_in_every_way() {
    check(
        &[(
            "one",
            "export default async function run() { return 1 }\nexport { run };\nexport const TAX = 2;",
        )],
        "import run, { TAX as tax } from '../skills/one/index.ts';\nimport * as one from 'skills/one';\n\
         const two = require('./skills/one');\nconst { run: three } = await import('./skills/one');\n\
         return [run, tax, one, two, three];",
        &expect![[r#"
            "use strict";
            var __workroom_skills, run, tax, one, two, three;
            (async () => {
            	__workroom_skills = {
            		...__workroom_skills,
            		...__workroom_load()
            	};
            	run = __workroom_skills["one"]["default"];
            	tax = __workroom_skills["one"]["TAX"];
            	one = __workroom_skills["one"];
            	two = __workroom_skills["one"];
            	({run: three} = await (async () => __workroom_skills["one"])());
            	return [
            		run,
            		tax,
            		one,
            		two,
            		three
            	];
            })();
            function __workroom_load() {
            const __workroom_skills = { __proto__: null };
            …
            __workroom_skills["one"] = __workroom_use("one", (() => {
            async function run() {
            	return 1;
            }
            const TAX = 2;
            return {
            	["default"]: run,
            	["run"]: run,
            	["TAX"]: TAX
            };
            })());
            return __workroom_skills;
            }
        "#]],
    );
}

#[test]
fn skills_import_skills_but_not_themselves() {
    check(
        &[
            ("a", "import { run as b } from './skills/b';\nexport const run = () => b(1);"),
            ("b", "export const run = (n: number) => n + 1;"),
        ],
        "import { run } from './skills/a'; return run();",
        &expect![[r#"
            "use strict";
            var __workroom_skills, run;
            (async () => {
            	__workroom_skills = {
            		...__workroom_skills,
            		...__workroom_load()
            	};
            	run = __workroom_skills["a"]["run"];
            	return run();
            })();
            function __workroom_load() {
            const __workroom_skills = { __proto__: null };
            …
            __workroom_skills["b"] = __workroom_use("b", (() => {
            const run = (n) => n + 1;
            return { ["run"]: run };
            })());
            __workroom_skills["a"] = __workroom_use("a", (() => {
            let b;
            b = __workroom_skills["b"]["run"];
            const run = () => b(1);
            return { ["run"]: run };
            })());
            return __workroom_skills;
            }
        "#]],
    );
    check(
        &[("a", "import { run as a } from './skills/a';\nexport const run = () => a();")],
        "import { run } from './skills/a'; return run();",
        &expect![[r#"
            skill `a` imports itself (line 1, column 21)
            1 | import { run } from './skills/a'; return run();
              |                     ^
            hint: move what both need into a third skill, or into one of them
        "#]],
    );
    check(
        &[
            ("a", "import { run as b } from './skills/b';\nexport const run = () => b();"),
            ("b", "import { run as c } from './skills/c';\nexport const run = () => c();"),
            ("c", "import { run as a } from './skills/a';\nexport const run = () => a();"),
        ],
        "import { run } from './skills/a'; return run();",
        &expect![[r#"
            skills import each other in a circle: a → b → c → a (line 1, column 21)
            1 | import { run } from './skills/a'; return run();
              |                     ^
            hint: move what both need into a third skill, or into one of them
        "#]],
    );
}

#[test]
fn what_is_not_there_is_told() {
    check(
        &[("a", "export const run = 1")],
        "import { ru } from './skills/a'; return ru;",
        &expect![[r#"
        skill `a` exports no `ru` (line 1, column 10)
        1 | import { ru } from './skills/a'; return ru;
          |          ^
        hint: did you mean `run`?
    "#]],
    );
    check(
        &[("a", "export const run = 1")],
        "import * as a from './skills/a'; return a.Run();",
        &expect![[r#"
        skill `a` exports no `Run` (line 1, column 43)
        1 | import * as a from './skills/a'; return a.Run();
          |                                           ^
        hint: did you mean `run`?
    "#]],
    );
    check(
        &[],
        "import { run } from './skills/a'; return run();",
        &expect![[r#"
        there is no skill `a` (line 1, column 21)
        1 | import { run } from './skills/a'; return run();
          |                     ^
        hint: `./skills` lists every skill, and `search` finds one
    "#]],
    );
    check(
        &[("a", "import { x } from './servers/none';\nexport const run = () => x();")],
        "import { run } from './skills/a'; return run();",
        &expect![[r#"
            skill `a` cannot be used: there is no server `none` (./skills/a/index.ts:1) (line 1, column 21)
            1 | import { run } from './skills/a'; return run();
              |                     ^
            hint: `./servers` lists every server and how it is doing
        "#]],
    );
}

#[track_caller]
fn refused(code: &str, expected: &Expect) {
    let skill = Skill { name: "mine".to_owned(), code: code.to_owned() };
    let told = match check_skill(&skill, &Room(vec![("mine", "export const run = 1")])) {
        Ok(checked) => format!("{checked:#?}"),
        Err(found) => found.iter().map(|one| render(code, one) + "\n").collect(),
    };
    expected.assert_eq(&told);
}

#[test]
fn what_a_skill_may_not_do_is_refused() {
    for (code, expected) in [
        (
            "export const go = 1",
            expect![[r#"
            a skill exports `run` (line 1, column 1)
            1 | export const go = 1
              | ^
            hint: write `export async function run(input: { … }) { … }`
        "#]],
        ),
        (
            "const x = await 1; export const run = () => x",
            expect![[r#"
            a skill has no `await` at its top level (line 1, column 11)
            1 | const x = await 1; export const run = () => x
              |           ^
            hint: put it into `export async function run(input) { … }`
        "#]],
        ),
        (
            "export const run = () => sheet.length",
            expect![[r#"
            `sheet` is not declared (line 1, column 26)
            1 | export const run = () => sheet.length
              |                          ^
            hint: declare it before it is used: `const sheet = …`
        "#]],
        ),
        (
            "export const run = () => globalThis.x",
            expect![[r#"
            a skill may not use `globalThis` (line 1, column 26)
            1 | export const run = () => globalThis.x
              |                          ^
            hint: take what it needs as `input`, and give what it has as its result
        "#]],
        ),
        (
            "export const run = () => __workroom.call('crm', 'x')",
            expect![[r#"
            a skill may not use `__workroom` (line 1, column 26)
            1 | export const run = () => __workroom.call('crm', 'x')
              |                          ^
            hint: take what it needs as `input`, and give what it has as its result
        "#]],
        ),
        (
            "export const run = () => { Array.prototype.map = () => []; }",
            expect![[r#"
            a skill may not change what all scripts share (line 1, column 28)
            1 | export const run = () => { Array.prototype.map = () => []; }
              |                            ^
            hint: write a function of its own
        "#]],
        ),
        (
            "Object.defineProperty(Object.prototype, 'x', {}); export const run = 1",
            expect![[r#"
            a skill may not change what all scripts share (line 1, column 1)
            1 | Object.defineProperty(Object.prototype, 'x', {}); export const run = 1
              | ^
            hint: write a function of its own
        "#]],
        ),
        (
            "delete JSON.parse; export const run = 1",
            expect![[r#"
            a skill may not change what all scripts share (line 1, column 1)
            1 | delete JSON.parse; export const run = 1
              | ^
            hint: write a function of its own
        "#]],
        ),
        (
            "export const run = (name: string) => callMCPTool(name, {})",
            expect![[r#"
            a skill names the tools that it calls (line 1, column 38)
            1 | export const run = (name: string) => callMCPTool(name, {})
              |                                      ^
            hint: write `import * as crm from './servers/crm'` and `crm.getContact(…)`
        "#]],
        ),
        (
            "import { run as me } from './skills/mine'; export const run = () => me()",
            expect![[r#"
            skill `mine` imports itself (line 1, column 1)
            1 | import { run as me } from './skills/mine'; export const run = () => me()
              | ^
            hint: move what both need into a third skill, or into one of them
        "#]],
        ),
        (
            "import fs from 'fs'; export const run = () => fs",
            expect![[r#"
            there is no module `fs` (line 1, column 16)
            1 | import fs from 'fs'; export const run = () => fs
              |                ^
            hint: the sandbox has no files: call a server's tool, or return the data
        "#]],
        ),
        (
            "export * from './servers/crm'; export const run = 1",
            expect![[r#"
            exports from other modules are not supported (line 1, column 1)
            1 | export * from './servers/crm'; export const run = 1
              | ^
            hint: write `import * as name from './servers/<server>'` at the top
        "#]],
        ),
    ] {
        refused(code, &expected);
    }
}

#[test]
fn what_a_skill_needs_and_how_it_is_used_is_known() {
    refused(
        UNPAID,
        &expect![[r#"
        CheckedSkill {
            interface: Interface {
                exports: [
                    "run",
                ],
                signature: "run(input: Input): Promise<{ total: number }>",
                parameters: [
                    "customer",
                    "limit",
                ],
                outputs: [
                    "total",
                ],
            },
            linked: [
                Linked {
                    name: "mine",
                    code: "import * as crm from './servers/crm';\ntype Input = { customer: string; limit?: number };\nexport async function run(input: Input): Promise<{ total: number }> {\n  const deals = await crm.listDeals({ id: input.customer });\n  return { total: deals.length };\n}\n",
                    needs: [
                        Need {
                            server: "crm",
                            tools: [
                                "list_deals",
                            ],
                            open: false,
                        },
                    ],
                    imports: [],
                },
            ],
        }"#]],
    );
    let told = |code: &str| {
        let it = interface(code).unwrap();
        format!("{} | {} | {}", it.signature, it.parameters.join(","), it.outputs.join(","))
    };
    assert_eq!(
        told(UNPAID),
        "run(input: Input): Promise<{ total: number }> | customer,limit | total"
    );
    assert_eq!(told("export const run = async ({ a, b }) => a"), "run({ a, b }) | a,b | ");
    assert_eq!(
        told("interface Row { id: string }\nexport const run = (x: { n: number }): Row[] => []"),
        "run(x: { n: number }): Row[] | n | id"
    );
}

#[test]
fn a_place_in_a_skill_is_one_in_its_own_text() {
    let script = "import { run } from './skills/unpaid';\nreturn await run({ customer: 'é' });";
    let program = compile_in(script, &Room(vec![("unpaid", UNPAID)]), Scope::EMPTY).unwrap();
    let at = |what: &str| {
        let (line, text) = (1..).zip(program.code.lines()).find(|it| it.1.contains(what)).unwrap();
        let column = u32::try_from(text.find(what).unwrap()).unwrap() + 1;
        program.place(line, column)
    };
    let Some(Place { skill: Some(skill), position }) = at("deals.length") else { panic!() };
    assert_eq!((skill.name.as_str(), position), ("unpaid", Position { line: 5, column: 19 }));
    let Some(Place { skill: None, position }) = at("run({ customer") else { panic!() };
    assert_eq!(position, Position { line: 2, column: 14 });
    assert!(at("const __workroom_use").is_none());
}
