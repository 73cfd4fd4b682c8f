//! What a failed script is made to look at.

#![allow(clippy::unwrap_used, reason = "a helper of a test may panic as the test may")]

mod support;

use std::fmt::Write as _;

use expect_test::{Expect, expect};
use support::Catalog;
use workroom_script::{Position, Scope, Site};

/// The program that looks at the values where `$0` is in `source`, and its sites.
#[track_caller]
fn check(source: &str, expected: &Expect) {
    let before = &source[..source.find("$0").unwrap()];
    let line = u32::try_from(1 + before.matches('\n').count()).unwrap();
    let start = before.rfind('\n').map_or(0, |at| at + 1);
    let column = u32::try_from(1 + before[start..].chars().count()).unwrap();
    let source = source.replacen("$0", "", 1);
    let shown = match workroom_script::probe(
        &source,
        &Catalog,
        Scope::default(),
        None,
        Position { line, column },
    ) {
        Some(probe) => {
            let sites = probe.sites.iter().map(describe).collect::<Vec<_>>().join("\n");
            format!("{}\n{sites}\n", probe.code.trim_end())
        }
        None => "nothing\n".to_owned(),
    };
    expected.assert_eq(&shown);
}

fn describe(site: &Site) -> String {
    let mut text = site.text.clone();
    if let Some(parent) = site.parent {
        write!(text, " of {parent}").unwrap();
    }
    if !site.members.is_empty() {
        write!(text, " reads {}", site.members.join(", ")).unwrap();
    }
    for (is, what) in
        [(site.is_called, "called"), (site.is_iterated, "iterated"), (site.is_parsed, "parsed")]
    {
        if is {
            write!(text, " {what}").unwrap();
        }
    }
    text
}

#[test]
fn the_statement_is_observed_and_its_expressions_are_listed() {
    check(
        "const invoice = {};\nconst total = invoice.$0lines.map(l => l.amount);",
        &expect![[r#"
            "use strict";
            var invoice, total;
            (async () => {
            	invoice = {};
            	try {
            		total = __workroom.see(2, invoice.lines.map((l) => l.amount));
            	} catch (__workroom_error) {
            		__workroom.seen(__workroom_error, [
            			() => invoice,
            			() => invoice.lines,
            			0,
            			() => invoice.lines.map
            		]);
            		throw __workroom_error;
            	}
            })();
            invoice reads lines
            invoice.lines of 0 reads map
            invoice.lines.map(…) of 1
            invoice.lines.map of 1 called
        "#]],
    );
}

#[test]
fn an_arrows_expression_becomes_a_body() {
    check(
        "return rows.map((r: any) => r.a$0.b!.c + r[0])",
        &expect![[r#"
        "use strict";
        (async () => {
        	return rows.map((r) => {
        		try {
        			return r.a.b.c + r[0];
        		} catch (__workroom_error) {
        			__workroom.seen(__workroom_error, [
        				() => r,
        				() => r.a,
        				() => r.a.b,
        				() => r.a.b.c,
        				() => r[0]
        			]);
        			throw __workroom_error;
        		}
        	});
        })();
        r reads a, 0
        r.a of 0 reads b
        r.a.b of 1 reads c
        r.a.b.c of 2
        r[0] of 0
    "#]],
    );
}

#[test]
fn declarations_in_functions_are_split_from_their_values() {
    check(
        "function f(order) {\n  const { a, b: [c] } = order.$0parts, d = 1;\n  return () => a + d;\n}",
        &expect![[r#"
            "use strict";
            function f(order) {
            	let a, c, d;
            	try {
            		({a, b: [c]} = order.parts);
            		d = 1;
            	} catch (__workroom_error) {
            		__workroom.seen(__workroom_error, [() => order, () => order.parts]);
            		throw __workroom_error;
            	}
            	return () => a + d;
            }
            (async () => {})();
            order reads parts
            order.parts of 0 reads a, b
        "#]],
    );
}

#[test]
fn calls_are_looked_at_on_their_way() {
    check(
        "return (await api().get$0({ id })).items.find(i => i.a).price;",
        &expect![[r#"
            "use strict";
            (async () => {
            	try {
            		return __workroom.see(2, __workroom.see(1, __workroom.see(0, await __workroom.see(6, __workroom.see(5, api()).get({ id }))).items).find((i) => i.a)).price;
            	} catch (__workroom_error) {
            		__workroom.seen(__workroom_error, [
            			0,
            			0,
            			0,
            			0,
            			0,
            			0,
            			0,
            			0,
            			() => api,
            			() => id
            		]);
            		throw __workroom_error;
            	}
            })();
            (await api().get(…)) reads items
            (await api().get(…)).items of 0 reads find
            (await api().get(…)).items.find(…) of 1 reads price
            (await api().get(…)).items.find(…).price of 2
            (await api().get(…)).items.find of 1 called
            api() reads get
            api().get(…) of 5
            api().get of 5 called
            api called
            id
        "#]],
    );
}

#[test]
fn a_loop_without_braces() {
    check(
        "for (const x of xs) sum += x$0.a.b;",
        &expect![[r#"
        "use strict";
        (async () => {
        	for (const x of xs) try {
        		sum += x.a.b;
        	} catch (__workroom_error) {
        		__workroom.seen(__workroom_error, [
        			() => x,
        			() => x.a,
        			() => x.a.b
        		]);
        		throw __workroom_error;
        	}
        })();
        x reads a
        x.a of 0 reads b
        x.a.b of 1
    "#]],
    );
}

#[test]
fn a_loops_head_and_what_is_nested() {
    check(
        "for (const x of data$0.items) { x; }",
        &expect![[r#"
        "use strict";
        (async () => {
        	try {
        		for (const x of data.items) {
        			x;
        		}
        	} catch (__workroom_error) {
        		__workroom.seen(__workroom_error, [() => data, () => data.items]);
        		throw __workroom_error;
        	}
        })();
        data reads items
        data.items of 0 iterated
    "#]],
    );
    check(
        "if (a) { while (b) { c$0[i].d = e?.f.g(1); } }",
        &expect![[r#"
        "use strict";
        (async () => {
        	if (a) {
        		while (b) {
        			try {
        				c[i].d = e?.f.g(1);
        			} catch (__workroom_error) {
        				__workroom.seen(__workroom_error, [
        					() => c,
        					() => c[i],
        					() => i,
        					0,
        					() => e,
        					() => e?.f,
        					() => e?.f.g
        				]);
        				throw __workroom_error;
        			}
        		}
        	}
        })();
        c
        c[i] of 0 reads d
        i
        e?.f.g(…)
        e reads f
        e?.f of 4 reads g
        e?.f.g of 5 called
    "#]],
    );
}

#[test]
fn what_cannot_be_observed_is_left_alone() {
    check(
        "function f(a = b$0.c) {}",
        &expect![[r#"
        nothing
    "#]],
    );
    check(
        "$0",
        &expect![[r#"
        nothing
    "#]],
    );
}

#[test]
fn classes_and_private_members_work() {
    check(
        "class A { #n = {}; m() { return this$0.#n.x.y } }",
        &expect![[r#"
        "use strict";
        var A;
        (async () => {
        	A = class A {
        		#n = {};
        		m() {
        			try {
        				return this.#n.x.y;
        			} catch (__workroom_error) {
        				__workroom.seen(__workroom_error, [
        					() => this,
        					() => this.#n,
        					() => this.#n.x,
        					() => this.#n.x.y
        				]);
        				throw __workroom_error;
        			}
        		}
        	};
        })();
        this
        this.#n of 0 reads x
        this.#n.x of 1 reads y
        this.#n.x.y of 2
    "#]],
    );
}
