//! No text can panic, hang or overflow the stack; what is accepted is JavaScript.

#![allow(clippy::unwrap_used, reason = "a helper of a test may panic as the test may")]

mod support;

use std::time::{Duration, Instant};

use oxc::{allocator::Allocator, parser::Parser, span::SourceType};
use support::Catalog;
use workroom_script::{DiagnosticKind, NESTING_MAX, compile};

/// Compiles `source`; code that comes out must be a script in strict JavaScript.
#[track_caller]
fn check(source: &str) {
    let started = Instant::now();
    match compile(source, &Catalog) {
        Ok(program) => {
            let allocator = Allocator::default();
            let parsed = Parser::new(&allocator, &program.code, SourceType::script()).parse();
            assert!(parsed.diagnostics.is_empty(), "{source:?}\n{}", program.code);
            for line in 0..5 {
                let _ = program.original(line, line);
            }
        }
        Err(found) => {
            assert!(!found.is_empty() && found.len() <= workroom_script::DIAGNOSTICS_MAX);
            for one in &found {
                assert_ne!(one.kind, DiagnosticKind::Internal, "{source:?}");
                assert!(!workroom_script::render(source, one).is_empty());
            }
        }
    }
    let taken = started.elapsed();
    assert!(taken < Duration::from_secs(20), "{taken:?} for {source:.80}");
}

const SEEDS: &[&str] = &[
    "import * as crm from './servers/crm';\nimport { getOrder as o } from './servers/shop-eu';\n\
     const { a, b: [c = 1, ...d], ...e } = await crm.getContact({ id: `x${1 + 2}` });\n\
     for (var i = 0, n = 3; i < n; i++) { if (a) continue; else o({ i }); }\nreturn { a, c, d, e };",
    "```ts\nenum E { A = 1, B }\nnamespace N { export const x = 1 }\nclass K<T> extends Object {\n\
     static #p = /[/]\\/(?<y>\\d)/gu; constructor(private q: T) { super(); } get z() { return 1 } }\n\
     export default async function main(x?: number): Promise<void> { return x as any }\n```",
    "#!/bin/x\nfunction* g() { yield* [1, 2] }\nlet s = 'é漢𝄞\\u{1F600}', t = `a${`b${s}`}`;\n\
     label: for (const [k, v] of Object.entries({ s })) { try { var w = k! } catch { break label } }\n\
     for (var async of []) ;\nservers.crm?.getContact?.(...[s ?? t]);\n(async () => { w })",
    "switch (a) { case 1: var q; default: { let r: Array<Map<string, number>> = [] } }\n\
     do x++; while (x <!--y\n);\nif (a) { function f() {} }\nvar { x = { y: 1 } } = {}, [y] = [2];\nx = y",
    "Here it is:\n\n```ts\nconst crm = require('./servers/crm');\nconst { get_contact: g } = await \
     import('./servers/crm');\nawait callMCPTool('crm__get_contact', { id: 'x' });\ncallTool(name, {});\n\
     for (const id of ids) { const c = await crm.getContact(id); out.push(c.name) }\nusing f = g;\n\
     return { g, a: crm.getContact('c1'), b: [1].map(async (x) => x), n: servers[g] };\n```\nDone.",
    "import { crm as c, shopEu } from './servers';\nimport x = require('./servers/crm');\n\
     const all = ids.map((id) => c.getContact({ id }));\nconst p = shopEu.get_order({ id: 1 });\n\
     try { p.then((it) => it.id) } catch (e) { throw e } finally { crm.search(`q`) }\n[all, p]",
];

/// Pieces that turn one valid text into another, or into none.
const PIECES: &[&str] = &[
    "(",
    ")",
    "{",
    "}",
    "[",
    "]",
    "`",
    "${",
    "'",
    "\"",
    "/",
    "*/",
    "/*",
    "//",
    "\n",
    "\r\n",
    ";",
    ",",
    "=",
    "=>",
    "<",
    ">",
    "?",
    ":",
    "!",
    ".",
    "...",
    "#",
    "@",
    "\\",
    "\u{2028}",
    "\u{FEFF}",
    "é",
    "𝄞",
    "\0",
    "await ",
    "async ",
    "var ",
    "let ",
    "const ",
    "class ",
    "function ",
    "return ",
    "export ",
    "export default ",
    "import ",
    "import type ",
    "enum ",
    "for ",
    "of ",
    "in ",
    "as ",
    "yield ",
    "static ",
    "declare ",
    "```",
    "<!--",
    "-->",
    "0x",
    "1n",
    "super",
    "new.target",
    "this",
];

/// A small generator: tests must give the same every time.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % bound.max(1)
    }
}

#[test]
fn mutated_scripts_are_accepted_or_refused() {
    let mut random = Random(7);
    for round in 0..1_000 {
        let mut text: Vec<char> = SEEDS[round % SEEDS.len()].chars().collect();
        for _ in 0..=random.below(3) {
            let at = random.below(text.len());
            match random.below(4) {
                0 => drop(text.drain(at..(at + 1 + random.below(8)).min(text.len()))),
                1 => {
                    let piece = PIECES[random.below(PIECES.len())];
                    text.splice(at..at, piece.chars());
                }
                2 => {
                    let end = (at + random.below(30)).min(text.len());
                    let copy: Vec<char> = text[at..end].to_vec();
                    let to = random.below(text.len());
                    text.splice(to..to, copy);
                }
                _ => text.truncate(at.max(1)),
            }
            if text.is_empty() {
                break;
            }
        }
        check(&text.iter().collect::<String>());
    }
}

#[test]
fn seeds_are_accepted() {
    for seed in SEEDS {
        check(seed);
        compile(seed, &Catalog).unwrap();
    }
}

/// Every way to nest that the grammar has, at the greatest depth that is let through and past it.
#[test]
fn nesting_cannot_overflow_the_stack() {
    let ways: &[(&str, &str, &str)] = &[
        ("[", "", "]"),
        ("(", "1", ")"),
        ("{", "", "}"),
        ("a?", "1", ":b"),
        ("a?b:", "1", ""),
        ("!", "1", ""),
        ("- ", "1", ""),
        ("await ", "1", ""),
        ("typeof ", "1", ""),
        ("new ", "K", ""),
        ("a=>", "1", ""),
        ("a=", "1", ""),
        ("a+", "1", ""),
        ("a**", "1", ""),
        ("a??", "1", ""),
        ("a.", "b", ""),
        ("a?.", "b", ""),
        ("f(", "1", ")"),
        ("f", "", "()"),
        ("f", "", "[0]"),
        ("f", "", "``"),
        ("x", "", "!"),
        ("`${", "1", "}`"),
        ("({a:", "1", "})"),
        ("if(a)", ";", ""),
        ("if(a);else ", ";", ""),
        ("for(;;)", ";", ""),
        ("while(a)", ";", ""),
        ("do ", ";", " while(a)"),
        ("try{", "", "}finally{}"),
        ("switch(a){case 1:", "", "}"),
        ("function f(){", "", "}"),
        ("(function(){", "", "})"),
        ("class K{static{", "", "}}"),
        ("(class extends ", "K", "{})"),
        ("(class{[", "1", "]=1})"),
        ("let[a=", "1", "]=[]"),
        ("type T=A<", "B", ">"),
        ("let x:A<B,", "C", ">"),
        ("type T=A extends B?C:", "D", ""),
        ("type T=keyof ", "D", ""),
        ("type T=(a:", "D", ")=>void"),
        ("<T>", "x", ""),
        ("/(", "a", ")/"),
        ("(a=", "1", ")=>1"),
        ("async(a=", "1", ")=>1"),
        ("a<", "b", ">(c)"),
        ("(a?(b):", "c", ")"),
        ("a?(b)=>", "c", ":d"),
        ("namespace N{", "", "}"),
        ("L:", ";", ""),
    ];
    let check_all = || {
        for (open, middle, close) in ways {
            for depth in [12, 100, 1_000, NESTING_MAX / 4, NESTING_MAX, 100_000] {
                check(&format!("{}{middle}{}", open.repeat(depth), close.repeat(depth)));
            }
        }
    };
    // The test parses what comes out, and needs a stack of its own for that.
    std::thread::scope(|scope| {
        let checker = std::thread::Builder::new().stack_size(512 << 20);
        checker.spawn_scoped(scope, check_all).unwrap().join().unwrap();
    });
}
