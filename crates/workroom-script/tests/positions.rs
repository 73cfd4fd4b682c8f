//! Which place in the agent's text a place in the code came from.

#![allow(clippy::unwrap_used, reason = "a helper of a test may panic as the test may")]

mod support;

use support::Catalog;

/// Compiles `source` without its marker `$0`; where `token` is in the code, the original place
/// must be where the marker was.
#[track_caller]
fn check(source: &str, token: &str) {
    let at = source.find("$0").unwrap();
    let source = source.replacen("$0", "", 1);
    let before = source[..at].trim_start_matches('\u{FEFF}');
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    let expected = (1 + before.matches('\n').count(), 1 + before[line_start..].chars().count());

    let program = workroom_script::compile(&source, &Catalog).unwrap();
    let at = program.code.find(token).unwrap();
    let before = &program.code[..at];
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    let line = 1 + before.matches('\n').count();
    let column = 1 + before[line_start..].len();
    let original = program.original(u32::try_from(line).unwrap(), u32::try_from(column).unwrap());
    let original = original.map(|place| (place.line as usize, place.column as usize));
    assert_eq!(original, Some(expected), "{}", program.code);
}

#[test]
fn tokens_are_found_again() {
    check("interface I {}\nconst a: I = $0foo();", "foo");
    check("const a = 1;\n  if (a) $0throw b;", "throw");
    check("class K {\n  m(): void { $0boom(); }\n}", "boom");
    check("function f(x: string) { return $0x.length }", "x.length");
    check("1;\n$0last()", "last");
}

#[test]
fn characters_are_counted_not_bytes() {
    check("const s = 'é漢𝄞'; $0boom();", "boom");
    check("const s = 'é漢𝄞' + $0boom();", "boom");
    check(&format!("const s = '{}'; $0boom();", "é".repeat(500)), "boom");
}

#[test]
fn what_is_blanked_out_still_counts() {
    check("```ts\n$0boom();\n```", "boom");
    check("\u{FEFF}$0boom();", "boom");
    check("#!x\n$0boom();", "boom");
    check("a();\r\n\r\n$0boom();\r\n", "boom");
}

#[test]
fn an_imports_code_is_at_the_import() {
    check("1;\n$0import * as crm from './servers/crm';", "crm = __workroom");
}

#[test]
fn generated_code_has_no_position() {
    let program = workroom_script::compile("const a = 1;", &Catalog).unwrap();
    assert_eq!(program.original(1, 1), None);
    assert_eq!(program.original(2, 5), None);
    assert_eq!(program.original(3, 2), None);
    assert_eq!(program.original(u32::MAX, 1), None);
    assert_eq!(program.original(0, 0), None);
}

#[test]
fn declared_names_are_in_order_and_leave_imports_out() {
    let source = "import * as crm from './servers/crm';\nlet b, { search: a } = crm;\nfunction f() {}\n\
                  class K {}\ntype T = 1;\nfor (const x of []) { let y; var z; }\nlet b2; servers;";
    let program = workroom_script::compile(source, &Catalog).unwrap();
    assert_eq!(program.declared, ["b", "a", "f", "K", "z", "b2"]);
}
