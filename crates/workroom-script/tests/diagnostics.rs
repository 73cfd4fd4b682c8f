//! What agents read when a script is refused.

mod support;

use expect_test::{Expect, expect};
use support::Catalog;

/// Compiles `source` and compares the rendering of every mistake.
#[track_caller]
fn check(source: &str, expected: &Expect) {
    let rendered = match workroom_script::compile(source, &Catalog) {
        Ok(program) => format!("accepted:\n{}", program.code),
        Err(found) => {
            let all: Vec<String> = found
                .iter()
                .map(|one| format!("{:?}: {}", one.kind, workroom_script::render(source, one)))
                .collect();
            all.join("\n\n")
        }
    };
    expected.assert_eq(&rendered);
}

#[test]
fn syntax_errors_point_at_the_agents_text() {
    check(
        "const a = ;",
        &expect![[r#"
            Syntax: unexpected `;` (line 1, column 11)
            1 | const a = ;
              |           ^
            hint: something is missing before it"#]],
    );
    check(
        "const x = {\n  a: 1\n  b: 2\n};",
        &expect![[r#"
            Syntax: expected `,` or `}` but found `Identifier` (line 3, column 3)
            3 |   b: 2
              |   ^
            hint: put `,` before it; or `}`, if the `{` of line 1 ends here"#]],
    );
    check(
        "```ts\nfoo(1, 2;\n```",
        &expect![[r#"
            Syntax: expected `,` or `)` but found `;` (line 2, column 9)
            2 | foo(1, 2;
              |         ^
            hint: close the `(` before it: `)`"#]],
    );
    check(
        "if (a {",
        &expect![[r#"
            Syntax: expected `)` but found `{` (line 1, column 7)
            1 | if (a {
              |       ^
            hint: close the `(` before it: `)`"#]],
    );
}

#[test]
fn what_is_open_is_told_with_its_line() {
    check(
        "const t = `a\n${b}\nc",
        &expect![[r#"
            Syntax: unterminated string (line 2, column 4)
            2 | ${b}
              |    ^
            hint: close the backtick of line 1"#]],
    );
    check(
        "f(() => {\n  g([1, '(', /[{]/]);\n",
        &expect![[r#"
        Syntax: expected `}` but found `EOF` (line 3, column 1)
        3 | 
          | ^
        hint: close the `{` of line 1 with `}`"#]],
    );
    check(
        "const a = 1;\n/* a\nb",
        &expect![[r#"
        Syntax: unterminated multiline comment (line 2, column 1)
        2 | /* a
          | ^
        hint: close the comment of line 2"#]],
    );
    check(
        "'it's'",
        &expect![[r#"
        Syntax: expected a semicolon or an implicit semicolon after a statement, but found none (line 1, column 5)
        1 | 'it's'
          |     ^
        hint: the quote before it ends the text: write `\'` in it, or put it between backticks"#]],
    );
}

#[test]
fn what_the_parser_knows_by_name_has_a_next_step() {
    check(
        "const s = 'abc",
        &expect![[r#"
            Syntax: unterminated string (line 1, column 11)
            1 | const s = 'abc
              |           ^
            hint: close the quote on its line; text of several lines stands between backticks"#]],
    );
    check(
        "function f() { await g() }",
        &expect![[r#"
        Syntax: `await` is only allowed within async functions and at the top levels of modules (line 1, column 16)
        1 | function f() { await g() }
          |                ^
        hint: either remove this `await` or add the `async` keyword to the enclosing function"#]],
    );
    check(
        "const r = /(/;",
        &expect![[r#"
        Syntax: invalid regular expression: Unterminated capturing group (line 1, column 12)
        1 | const r = /(/;
          |            ^
        hint: add the missing closing delimiter"#]],
    );
    check(
        "let class = 1",
        &expect![[r#"
            Syntax: identifier expected. 'class' is a reserved word that cannot be used here (line 1, column 5)
            1 | let class = 1
              |     ^
            hint: choose another name"#]],
    );
    check(
        "\u{FEFF}@",
        &expect![[r#"
            Syntax: the script ends in the middle of something (line 1, column 2)
            1 | @
              |  ^
            hint: finish what it ends with"#]],
    );
}

#[test]
fn names_are_checked() {
    check(
        "const a = 1;\nlet a = 2;",
        &expect![[r#"
            Syntax: identifier `a` has already been declared (line 2, column 5)
            2 | let a = 2;
              |     ^
            hint: choose another name, or declare `let a` once and set it here"#]],
    );
    check(
        "const a = 1;\na = 2;\na++;",
        &expect![[r#"
            Syntax: cannot assign to constant `a` (line 2, column 1)
            2 | a = 2;
              | ^
            hint: declare another variable, or `let a`"#]],
    );
    check(
        "import * as crm from './servers/crm';\ncrm = 1;",
        &expect![[r#"
        Syntax: cannot assign to import `crm` (line 2, column 1)
        2 | crm = 1;
          | ^
        hint: declare another variable, or `let crm`"#]],
    );
    check(
        "const __workroom = 1; function f(__workroom_x) {}",
        &expect![[r#"
        Unsupported: the name `__workroom` is reserved (line 1, column 7)
        1 | const __workroom = 1; function f(__workroom_x) {}
          |       ^
        hint: choose another name

        Unsupported: the name `__workroom_x` is reserved (line 1, column 34)
        1 | const __workroom = 1; function f(__workroom_x) {}
          |                                  ^
        hint: choose another name"#]],
    );
    check(
        "const undefined = 1;",
        &expect![[r#"
        Unsupported: the name `undefined` is reserved (line 1, column 7)
        1 | const undefined = 1;
          |       ^
        hint: choose another name"#]],
    );
    check(
        "break;",
        &expect![[r#"
        Syntax: illegal break statement (line 1, column 1)
        1 | break;
          | ^
        hint: a `break` statement can only be used within an enclosing iteration or switch statement"#]],
    );
}

#[test]
fn unknown_modules_have_a_hint() {
    check(
        "import fs from 'fs';",
        &expect![[r#"
            UnknownModule: there is no module `fs` (line 1, column 16)
            1 | import fs from 'fs';
              |                ^
            hint: the sandbox has no files: call a server's tool, or return the data"#]],
    );
    check(
        "import * as c from './servers/cmr';\nc.x();",
        &expect![[r#"
        UnknownModule: there is no server `cmr` (line 1, column 20)
        1 | import * as c from './servers/cmr';
          |                    ^
        hint: did you mean `./servers/crm`?"#]],
    );
    check(
        "import 'https://example.com/x.js';",
        &expect![[r#"
        UnknownModule: there is no module `https://example.com/x.js` (line 1, column 8)
        1 | import 'https://example.com/x.js';
          |        ^
        hint: only tools and skills can be imported: `import * as name from './servers/<server>'`"#]],
    );
}

#[test]
fn unknown_functions_have_a_hint() {
    check(
        "import { getContcat } from './servers/crm';\ngetContcat();",
        &expect![[r#"
            UnknownExport: server `crm` has no function `getContcat` (line 1, column 10)
            1 | import { getContcat } from './servers/crm';
              |          ^
            hint: did you mean `getContact`?
            signature: getContact(input: { id: string })"#]],
    );
    check(
        "import * as crm from './servers/crm';\nawait crm.listDeal({});",
        &expect![[r#"
            UnknownExport: server `crm` has no function `listDeal` (line 2, column 11)
            2 | await crm.listDeal({});
              |           ^
            hint: did you mean `listDeals`?
            signature: listDeals(input: { id: string })"#]],
    );
    check(
        "import * as crm from './servers/crm';\nawait crm['zzz']();",
        &expect![[r#"
            UnknownExport: server `crm` has no function `zzz` (line 2, column 11)
            2 | await crm['zzz']();
              |           ^
            hint: it has `getContact`, `listDeals`, `search`"#]],
    );
    check(
        "import { listDeals } from './servers/crm/getContact';\nlistDeals();",
        &expect![[r#"
            UnknownExport: server `crm` has no function `listDeals` (line 1, column 10)
            1 | import { listDeals } from './servers/crm/getContact';
              |          ^
            hint: it has `getContact`"#]],
    );
}

#[test]
fn what_is_not_supported_says_what_to_write() {
    check(
        "const name = 'crm';\nconst crm = await import(name);",
        &expect![[r#"
            Unsupported: only a module's name in quotes can be imported (line 2, column 19)
            2 | const crm = await import(name);
              |                   ^
            hint: write `import * as name from './servers/<server>'` at the top"#]],
    );
    check(
        "const fs = require('fs');",
        &expect![[r#"
            UnknownModule: there is no module `fs` (line 1, column 20)
            1 | const fs = require('fs');
              |                    ^
            hint: the sandbox has no files: call a server's tool, or return the data"#]],
    );
    check(
        "import fs = require('fs');",
        &expect![[r#"
            UnknownModule: there is no module `fs` (line 1, column 21)
            1 | import fs = require('fs');
              |                     ^
            hint: the sandbox has no files: call a server's tool, or return the data"#]],
    );
    check(
        "import.meta.url",
        &expect![[r#"
        Unsupported: `import.meta` is not supported (line 1, column 1)
        1 | import.meta.url
          | ^
        hint: a script has no file of its own"#]],
    );
}

#[test]
fn syntax_that_the_sandbox_lacks_says_what_to_write() {
    check(
        "@sealed class K {}",
        &expect![[r#"
        Unsupported: decorators are not supported (line 1, column 1)
        1 | @sealed class K {}
          | ^
        hint: call the function on the class instead"#]],
    );
    check(
        "class K { accessor x = 1 }",
        &expect![[r#"
        Unsupported: `accessor` fields are not supported (line 1, column 11)
        1 | class K { accessor x = 1 }
          |           ^
        hint: write a getter and a setter"#]],
    );
    check(
        "const x = <div>hello</div>;",
        &expect![[r#"
        Unsupported: JSX is not supported (line 1, column 11)
        1 | const x = <div>hello</div>;
          |           ^
        hint: return data, or build text with template literals"#]],
    );
    check(
        "export * from './servers/crm';\nexport { a } from './servers/crm';",
        &expect![[r#"
            Unsupported: exports from other modules are not supported (line 1, column 1)
            1 | export * from './servers/crm';
              | ^
            hint: write `import * as name from './servers/<server>'` at the top"#]],
    );
    check(
        "export = 1;",
        &expect![[r#"
            Unsupported: `export =` is not supported (line 1, column 1)
            1 | export = 1;
              | ^
            hint: write `return …` or `export default …`"#]],
    );
}

#[test]
fn at_most_five_mistakes_are_reported() {
    check(
        "const a = 1, b = 2, c = 3, d = 4, e = 5, f = 6; a = b = c = d = e = f = 0; a = 7;",
        &expect![[r#"
            Syntax: cannot assign to constant `a` (line 1, column 49)
            1 | const a = 1, b = 2, c = 3, d = 4, e = 5, f = 6; a = b = c = d = e = f = 0; a = 7;
              |                                                 ^
            hint: declare another variable, or `let a`

            Syntax: cannot assign to constant `b` (line 1, column 53)
            1 | const a = 1, b = 2, c = 3, d = 4, e = 5, f = 6; a = b = c = d = e = f = 0; a = 7;
              |                                                     ^
            hint: declare another variable, or `let b`

            Syntax: cannot assign to constant `c` (line 1, column 57)
            1 | const a = 1, b = 2, c = 3, d = 4, e = 5, f = 6; a = b = c = d = e = f = 0; a = 7;
              |                                                         ^
            hint: declare another variable, or `let c`

            Syntax: cannot assign to constant `d` (line 1, column 61)
            1 | const a = 1, b = 2, c = 3, d = 4, e = 5, f = 6; a = b = c = d = e = f = 0; a = 7;
              |                                                             ^
            hint: declare another variable, or `let d`

            Syntax: cannot assign to constant `e` (line 1, column 65)
            1 | const a = 1, b = 2, c = 3, d = 4, e = 5, f = 6; a = b = c = d = e = f = 0; a = 7;
              |                                                                 ^
            hint: declare another variable, or `let e`"#]],
    );
}

#[test]
fn carets_stand_under_tabs_and_wide_characters() {
    check(
        "\tif (x) {\n\t\tconst a = 'é漢字'; a = 1;\n\t}",
        &expect![[r#"
        Syntax: cannot assign to constant `a` (line 2, column 20)
        2 | 		const a = 'é漢字'; a = 1;
          | 		                   ^
        hint: declare another variable, or `let a`"#]],
    );
    check(
        "const a = '\u{202E}\u{7}'; a = 1;",
        &expect![[r#"
        Syntax: cannot assign to constant `a` (line 1, column 17)
        1 | const a = '��'; a = 1;
          |                 ^
        hint: declare another variable, or `let a`"#]],
    );
}

#[test]
fn long_lines_are_cut_around_the_caret() {
    let long = format!("const a = 1; f('{}'); a = 2; f('{}');", "x".repeat(200), "y".repeat(200));
    check(
        &long,
        &expect![[r#"
        Syntax: cannot assign to constant `a` (line 1, column 221)
        1 | …xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx'); a = 2; f('yyyyyyyyyyyyyyyyyyyyyyyyyyyyyy…
          |                                                              ^
        hint: declare another variable, or `let a`"#]],
    );
}

#[test]
fn deep_nesting_is_refused() {
    check(
        &"[".repeat(100_000),
        &expect![[r#"
        TooComplex: the script nests deeper than 6000 levels (line 1, column 6001)
        1 | …[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[…
          |                                                              ^
        hint: read data by tools, end statements with `;`, or split the script"#]],
    );
    check(
        &"(".repeat(100_000),
        &expect![[r#"
        TooComplex: the script nests deeper than 6000 levels (line 1, column 6001)
        1 | …((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((…
          |                                                              ^
        hint: read data by tools, end statements with `;`, or split the script"#]],
    );
    check(
        &"a?b:".repeat(100_000),
        &expect![[r#"
        TooComplex: the script nests deeper than 6000 levels (line 1, column 6002)
        1 | …?b:a?b:a?b:a?b:a?b:a?b:a?b:a?b:a?b:a?b:a?b:a?b:a?b:a?b:a?b:a?b:a?b:a?b:a?b:a?b:a?b:a?b:a?b:a?b:a?b:a…
          |                                                              ^
        hint: read data by tools, end statements with `;`, or split the script"#]],
    );
}
