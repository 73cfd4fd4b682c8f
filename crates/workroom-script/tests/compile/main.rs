//! What scripts are compiled to.

mod imports;
#[path = "../support/mod.rs"]
mod support;

use expect_test::{Expect, expect};
use support::Catalog;

/// Compiles `source` and compares the code.
#[track_caller]
pub(crate) fn check(source: &str, expected: &Expect) {
    match workroom_script::compile(source, &Catalog) {
        Ok(program) => expected.assert_eq(&program.code),
        Err(diagnostics) => panic!("{diagnostics:#?}"),
    }
}

#[test]
fn the_last_expression_is_the_value() {
    check(
        "1 + 1",
        &expect![[r#"
        "use strict";
        (async () => {
        	return 1 + 1;
        })();
    "#]],
    );
}

#[test]
fn declarations_become_global_variables() {
    check(
        "const a: number = 1, b = () => a;\nlet c;\nvar d;\nvar e = 2;\nclass K<T> { x?: T; static y = 1 }\n\
         function f<T>(x: T): T { return x }\nasync function* g() {}\nf(1)",
        &expect![[r#"
            "use strict";
            var a, b, c, d, e, K;
            function f(x) {
            	return x;
            }
            async function* g() {}
            (async () => {
            	a = 1;
            	b = () => a;
            	c = void 0;
            	e = 2;
            	K = class K {
            		x;
            		static y = 1;
            	};
            	return f(1);
            })();
        "#]],
    );
}

#[test]
fn patterns_become_assignment_targets() {
    check(
        "const { a, b: { c = 1, ...d }, ['e' + 1]: f, g = 2, 'h-i': [j, , k = 3, ...[l]] } = x();\n\
         let [m] = [1];",
        &expect![[r#"
            "use strict";
            var a, c, d, f, g, j, k, l, m;
            (async () => {
            	({a, b: {c = 1, ...d}, ["e" + 1]: f, g = 2, "h-i": [j, , k = 3, ...[l]]} = x());
            	[m] = [1];
            })();
        "#]],
    );
}

#[test]
fn loops_keep_their_own_variables_unless_they_are_var() {
    check(
        "for (const x of [1]) { let y = x; var z = y }\nfor (var i = 0, n = 2; i < n; i++) {}\n\
         for (var [k, v] of m) ;\nfor (var o in m) {}\nif (a) var q; else var r = 1, s = 2;\n\
         try { var t = 1 } catch (e) {}\nfunction f() { var own; return () => { var own2 } }",
        &expect![[r#"
            "use strict";
            var z, i, n, k, v, o, q, r, s, t;
            function f() {
            	var own;
            	return () => {
            		var own2;
            	};
            }
            (async () => {
            	for (const x of [1]) {
            		let y = x;
            		z = y;
            	}
            	for (i = 0, n = 2; i < n; i++) {}
            	for ([k, v] of m);
            	for (o in m) {}
            	if (a);
            	else r = 1, s = 2;
            	try {
            		t = 1;
            	} catch (e) {}
            })();
        "#]],
    );
}

#[test]
fn return_gives_the_value() {
    check(
        "const a = 1;\nif (a) return { a };\nreturn 2;",
        &expect![[r#"
        "use strict";
        var a;
        (async () => {
        	a = 1;
        	if (a) return { a };
        	return 2;
        })();
    "#]],
    );
}

#[test]
fn a_default_export_is_the_value() {
    check(
        "export default { a: 1 }",
        &expect![[r#"
        "use strict";
        (async () => {
        	const __workroom_value = { a: 1 };
        	return __workroom_value;
        })();
    "#]],
    );
    check(
        "export default a + 1;\nconsole.log(2);",
        &expect![[r#"
        "use strict";
        (async () => {
        	const __workroom_value = a + 1;
        	console.log(2);
        	return __workroom_value;
        })();
    "#]],
    );
}

#[test]
fn a_default_export_that_is_a_function_is_called() {
    check(
        "export default async function main() { return 1 }",
        &expect![[r#"
        "use strict";
        async function main() {
        	return 1;
        }
        (async () => {
        	return main();
        })();
    "#]],
    );
    check(
        "export default function () { return 1 }",
        &expect![[r#"
        "use strict";
        (async () => {
        	return function() {
        		return 1;
        	}();
        })();
    "#]],
    );
    check(
        "export default async () => 1",
        &expect![[r#"
        "use strict";
        (async () => {
        	return (async () => 1)();
        })();
    "#]],
    );
    check(
        "const run = async () => 1; export default run",
        &expect![[r#"
        "use strict";
        var run;
        (async () => {
        	run = async () => 1;
        	return run();
        })();
    "#]],
    );
    check(
        "export default (x) => x",
        &expect![[r#"
        "use strict";
        (async () => {
        	const __workroom_value = (x) => x;
        	return __workroom_value;
        })();
    "#]],
    );
    check(
        "export default class K {}",
        &expect![[r#"
        "use strict";
        var K;
        (async () => {
        	K = class K {};
        })();
    "#]],
    );
}

#[test]
fn a_lone_function_is_called() {
    check(
        "async () => { return 1 }",
        &expect![[r#"
        "use strict";
        (async () => {
        	return (async () => {
        		return 1;
        	})();
        })();
    "#]],
    );
    check(
        "(function () { return 1 })",
        &expect![[r#"
        "use strict";
        (async () => {
        	return (function() {
        		return 1;
        	})();
        })();
    "#]],
    );
    check(
        "(x) => x",
        &expect![[r#"
        "use strict";
        (async () => {
        	return (x) => x;
        })();
    "#]],
    );
    check(
        "(async () => { return 1 })()",
        &expect![[r#"
        "use strict";
        (async () => {
        	return (async () => {
        		return 1;
        	})();
        })();
    "#]],
    );
}

#[test]
fn an_unmentioned_main_is_called_if_all_else_is_declarations() {
    check(
        "import * as crm from './servers/crm';\nasync function main() { return crm }",
        &expect![[r#"
        "use strict";
        var crm;
        async function main() {
        	return crm;
        }
        (async () => {
        	crm = __workroom.module("crm", [
        		["getContact", "get_contact"],
        		["listDeals", "list_deals"],
        		["search", "crm/search"]
        	]);
        	return main();
        })();
    "#]],
    );
    check(
        "const main = async () => 1;",
        &expect![[r#"
        "use strict";
        var main;
        (async () => {
        	main = async () => 1;
        	return main();
        })();
    "#]],
    );
    check(
        "async function main() {}\nmain();",
        &expect![[r#"
        "use strict";
        async function main() {}
        (async () => {
        	return main();
        })();
    "#]],
    );
    check(
        "async function main() {}\nif (x) {}",
        &expect![[r#"
        "use strict";
        async function main() {}
        (async () => {
        	if (x) {}
        })();
    "#]],
    );
    check(
        "async function helper() {}",
        &expect![[r#"
        "use strict";
        async function helper() {}
        (async () => {})();
    "#]],
    );
    check(
        "function main(x) {}",
        &expect![[r#"
        "use strict";
        function main(x) {}
        (async () => {})();
    "#]],
    );
}

#[test]
fn assignments_give_no_value() {
    check(
        "x = 5",
        &expect![[r#"
        "use strict";
        (async () => {
        	x = 5;
        })();
    "#]],
    );
    check(
        "x++",
        &expect![[r#"
        "use strict";
        (async () => {
        	x++;
        })();
    "#]],
    );
}

#[test]
fn declarations_that_leave_no_trace_may_follow_the_value() {
    check(
        "f();\nfunction f() {}\ninterface I {}\ntype T = 1;;",
        &expect![[r#"
        "use strict";
        function f() {}
        (async () => {
        	return f();
        })();
    "#]],
    );
    check(
        "f();\nconst x = 1;",
        &expect![[r#"
        "use strict";
        var x;
        (async () => {
        	f();
        	x = 1;
        })();
    "#]],
    );
}

#[test]
fn a_script_that_is_a_string_gives_it() {
    check(
        "'hello'",
        &expect![[r#"
        "use strict";
        (async () => {
        	return "hello";
        })();
    "#]],
    );
    check(
        "'use strict'",
        &expect![[r#"
        "use strict";
        (async () => {})();
    "#]],
    );
    check(
        "",
        &expect![[r#"
        "use strict";
        (async () => {})();
    "#]],
    );
}

#[test]
fn exports_are_declarations() {
    check(
        "export const a = 1;\nexport function f() {}\nexport class K {}\nexport { a, f as g };",
        &expect![[r#"
        "use strict";
        var a, K;
        function f() {}
        (async () => {
        	a = 1;
        	K = class K {};
        })();
    "#]],
    );
}

#[test]
fn typescript_beyond_types_is_lowered() {
    check(
        "enum E { A, B = 'b' }\nconst enum C { X = 1 }\nnamespace N { export const a = 1 }\n\
         class P { constructor(private readonly x: number, public y = 1) {} }\n\
         abstract class Q { abstract z(): void }\ndeclare const d: number;\n\
         const s = { a: 1 } satisfies object as any;\nfunction o(a: string): void;\n\
         function o(a: any) { return <any>a! }",
        &expect![[r#"
            "use strict";
            var E, C, N, P, Q, s;
            function o(a) {
            	return a;
            }
            (async () => {
            	E = undefined;
            	C = undefined;
            	E = function(E) {
            		E[E["A"] = 0] = "A";
            		E["B"] = "b";
            		return E;
            	}(E || {});
            	C = function(C) {
            		C[C["X"] = 1] = "X";
            		return C;
            	}(C || {});
            	N = void 0;
            	(function(_N) {
            		const a = _N.a = 1;
            	})(N || (N = {}));
            	P = class P {
            		x;
            		y;
            		constructor(x, y = 1) {
            			this.x = x;
            			this.y = y;
            		}
            	};
            	Q = class Q {};
            	s = { a: 1 };
            })();
        "#]],
    );
}

#[test]
fn an_enum_at_the_end_is_no_value() {
    check(
        "enum E { A }",
        &expect![[r#"
        "use strict";
        var E;
        (async () => {
        	E = undefined;
        	E = function(E) {
        		E[E["A"] = 0] = "A";
        		return E;
        	}(E || {});
        })();
    "#]],
    );
    check(
        "namespace N { export const a = 1 }",
        &expect![[r#"
        "use strict";
        var N;
        (async () => {
        	N = void 0;
        	(function(_N) {
        		const a = _N.a = 1;
        	})(N || (N = {}));
        })();
    "#]],
    );
}

#[test]
fn fences_hashbang_and_byte_order_mark_are_dropped() {
    check(
        "```ts\nconst a = 1;\na\n```",
        &expect![[r#"
        "use strict";
        var a;
        (async () => {
        	a = 1;
        	return a;
        })();
    "#]],
    );
    check(
        "\n ~~~typescript\r\n1\r\n~~~\n\n",
        &expect![[r#"
        "use strict";
        (async () => {
        	return 1;
        })();
    "#]],
    );
    check(
        "```\n1",
        &expect![[r#"
        "use strict";
        (async () => {
        	return 1;
        })();
    "#]],
    );
    check(
        "\u{FEFF}#!/usr/bin/env node\n1",
        &expect![[r#"
        "use strict";
        (async () => {
        	return 1;
        })();
    "#]],
    );
}

#[test]
fn what_is_run_is_the_printed_tree() {
    check(
        "'</script>' + `</script>`",
        &expect![[r#"
        "use strict";
        (async () => {
        	return "<\/script>" + `<\/script>`;
        })();
    "#]],
    );
    check(
        "a<!--b; x-->y",
        &expect![[r#"
            "use strict";
            (async () => {
            	a < !--b;
            	return x-- > y;
            })();
        "#]],
    );
    check(
        "'\u{2028}' + `\u{2029}`",
        &expect![[r#"
        "use strict";
        (async () => {
        	return "\u2028" + ` `;
        })();
    "#]],
    );
    check(
        "const \\u{70}rocess = 1; \\u0070rocess",
        &expect![[r#"
        "use strict";
        var process;
        (async () => {
        	process = 1;
        	return process;
        })();
    "#]],
    );
    check(
        "1 //# sourceMappingURL=file:///etc/passwd\n/*! @license */",
        &expect![[r#"
        "use strict";
        (async () => {
        	return 1;
        })();
    "#]],
    );
    check(
        "for (var async of []) ;",
        &expect![[r#"
        "use strict";
        var async;
        (async () => {
        	for ((async) of []);
        })();
    "#]],
    );
}

#[test]
fn names_of_a_script_cannot_collide_with_its_rewriting() {
    check(
        "const code = 1, map = 2, call = 3, module = 4;\ncode",
        &expect![[r#"
        "use strict";
        var code, map, call, module;
        (async () => {
        	code = 1;
        	map = 2;
        	call = 3;
        	module = 4;
        	return code;
        })();
    "#]],
    );
}

#[test]
fn promises_in_the_result_are_awaited() {
    check(
        "const one = crm.getContact({ id: 1 }); const many = [1, 2].map((id) => crm.search({ id }));\n\
         return { one, many, list: [crm.listDeals(), 1], done: await one };",
        &expect![[r#"
            "use strict";
            var crm, one, many;
            (async () => {
            	crm = __workroom.module("crm", [
            		["getContact", "get_contact"],
            		["listDeals", "list_deals"],
            		["search", "crm/search"]
            	]);
            	one = crm.getContact({ id: 1 });
            	many = [1, 2].map((id) => crm.search({ id }));
            	return {
            		one: await one,
            		many: await Promise.all(many),
            		list: [await crm.listDeals(), 1],
            		done: await one
            	};
            })();
        "#]],
    );
    check(
        "[1].map(async (n) => n)",
        &expect![[r#"
        "use strict";
        (async () => {
        	return await Promise.all([1].map(async (n) => n));
        })();
    "#]],
    );
    check(
        "async function f() { return { p: f() } }\nf()",
        &expect![[r#"
        "use strict";
        async function f() {
        	return { p: f() };
        }
        (async () => {
        	return f();
        })();
    "#]],
    );
}

#[test]
fn what_is_disposed_of_stays_in_its_run() {
    check(
        "using a = made(); const b = a.name;",
        &expect![[r#"
        "use strict";
        var b;
        (async () => {
        	using a = made();
        	b = a.name;
        })();
    "#]],
    );
}
