//! What is found wrong with calls of tools before anything runs.

use expect_test::{Expect, expect};
use workroom_script::{Function, Module, Modules, Parameters, UnknownModule, render};

/// `crm`, whose tools say what they take.
struct Crm;

fn function(name: &str, signature: &str, parameters: Option<(&[&str], &[&str], bool)>) -> Function {
    let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    Function {
        name: name.to_owned(),
        tool: name.to_owned(),
        signature: format!("{name}{signature}"),
        parameters: parameters.map(|(names, required, is_open)| Parameters {
            names: owned(names),
            required: owned(required),
            is_open,
        }),
    }
}

impl Modules for Crm {
    fn resolve(&self, specifier: &str) -> Result<Module, UnknownModule> {
        match specifier {
            "./servers/crm" => Ok(self.all().remove(0)),
            "./servers/crm/getContact" => Ok(Module { tool: Some(0), ..self.all().remove(0) }),
            _ => Err(UnknownModule::default()),
        }
    }

    fn all(&self) -> Vec<Module> {
        vec![Module {
            server: "crm".to_owned(),
            identifier: "crm".to_owned(),
            functions: vec![
                function(
                    "getContact",
                    "(input: { id: string; withDeals?: boolean })",
                    Some((&["id", "withDeals"], &["id"], false)),
                ),
                function(
                    "listDeals",
                    "(input?: { stage?: string })",
                    Some((&["stage"], &[], true)),
                ),
                function("search", "(input: any)", None),
            ],
            tool: None,
        }]
    }
}

#[track_caller]
fn check(source: &str, expected: &Expect) {
    let source = format!("import * as crm from './servers/crm';\n{source}");
    let told = match workroom_script::compile(&source, &Crm) {
        Ok(_) => "nothing".to_owned(),
        Err(found) => {
            let found: Vec<String> = found.iter().map(|found| render(&source, found)).collect();
            found.join("\n\n")
        }
    };
    expected.assert_eq(&told);
}

#[test]
fn a_misspelt_parameter_is_told_with_the_one_meant() {
    check(
        "await crm.getContact({ id: 1, withDeal: true })",
        &expect![[r#"
        `getContact` has no parameter `withDeal` (line 2, column 31)
        2 | await crm.getContact({ id: 1, withDeal: true })
          |                               ^
        hint: did you mean `withDeals`? getContact(input: { id: string; withDeals?: boolean })"#]],
    );
}

#[test]
fn an_unknown_parameter_is_told_with_the_signature() {
    check(
        "await crm.getContact({ id: 1, colour: 'red' })",
        &expect![[r#"
        `getContact` has no parameter `colour` (line 2, column 31)
        2 | await crm.getContact({ id: 1, colour: 'red' })
          |                               ^
        hint: getContact(input: { id: string; withDeals?: boolean })"#]],
    );
}

#[test]
fn a_missing_parameter_is_told() {
    check(
        "await crm.getContact({ withDeals: true })",
        &expect![[r#"
        `getContact` needs `id` (line 2, column 22)
        2 | await crm.getContact({ withDeals: true })
          |                      ^
        hint: getContact(input: { id: string; withDeals?: boolean })"#]],
    );
    check(
        "await crm.getContact()",
        &expect![[r#"
        `getContact` needs `id` (line 2, column 7)
        2 | await crm.getContact()
          |       ^
        hint: getContact(input: { id: string; withDeals?: boolean })"#]],
    );
    check(
        "await servers.crm.getContact({})",
        &expect![[r#"
        `getContact` needs `id` (line 2, column 30)
        2 | await servers.crm.getContact({})
          |                              ^
        hint: getContact(input: { id: string; withDeals?: boolean })"#]],
    );
    check(
        "await servers['crm']['getContact']({})",
        &expect![[r#"
        `getContact` needs `id` (line 2, column 36)
        2 | await servers['crm']['getContact']({})
          |                                    ^
        hint: getContact(input: { id: string; withDeals?: boolean })"#]],
    );
}

#[test]
fn several_mistakes_come_at_once() {
    check(
        "const [a, b] = await Promise.all([crm.getContact({ ID: 1 }), crm.listDeals({ stag: 'won' })]);",
        &expect![[r#"
            `getContact` has no parameter `ID` (line 2, column 52)
            2 | const [a, b] = await Promise.all([crm.getContact({ ID: 1 }), crm.listDeals({ stag: 'won' })]);
              |                                                    ^
            hint: did you mean `id`? getContact(input: { id: string; withDeals?: boolean })

            `listDeals` has no parameter `stag` (line 2, column 78)
            2 | const [a, b] = await Promise.all([crm.getContact({ ID: 1 }), crm.listDeals({ stag: 'won' })]);
              |                                                                              ^
            hint: did you mean `stage`? listDeals(input?: { stage?: string })"#]],
    );
}

#[test]
fn a_promise_taken_for_its_value_is_told() {
    check(
        "return crm.listDeals().deals.length",
        &expect![[r#"
        `crm.listDeals` gives a promise, which has no `deals` (line 2, column 8)
        2 | return crm.listDeals().deals.length
          |        ^
        hint: write `(await crm.listDeals()).deals`"#]],
    );
    check(
        "const deals = crm.listDeals({ stage: 'won' });\nreturn deals.map((deal) => deal.id)",
        &expect![[r#"
            `crm.listDeals` gives a promise, which has no `map` (line 3, column 8)
            3 | return deals.map((deal) => deal.id)
              |        ^
            hint: `deals` is set without `await`; write `(await deals).map`"#]],
    );
}

/// What is right, or cannot be known to be wrong.
#[test]
fn correct_code_gives_no_alarm() {
    for source in [
        "await crm.getContact({ id: '1' })",
        "await crm.getContact({ 'id': '1', withDeals: undefined })",
        "const input = { ID: 1 }; await crm.getContact(input)",
        "const rest = { id: 1 }; await crm.getContact({ ...rest, withDeals: true })",
        "const key = 'id'; await crm.getContact({ [key]: 1 })",
        "await crm.getContact('1')",
        "await crm.search({ anything: 1 }); await crm.search()",
        "await crm.listDeals(); await crm.listDeals({}); await crm.listDeals({ colour: 1 })",
        "crm.listDeals().then((found) => found.deals).catch(() => [])",
        "const p = crm.listDeals(); const found = await p; found.deals",
        "let p = crm.listDeals(); p = await p; p.deals",
        "const p = [crm.listDeals()]; (await Promise.all(p)).length; p.length",
        "const crm2 = { getContact: (x) => x }; crm2.getContact({ nothing: 1 }).id",
        "{ const crm = { getContact: (x) => x }; crm.getContact({ nothing: 1 }).id }",
        "const { deals } = await crm.listDeals(); deals.length",
        "const servers = { crm: { getContact: () => ({ a: 1 }) } }; servers.crm.getContact({ b: 1 }).a",
    ] {
        check(source, &expect!["nothing"]);
    }
}
