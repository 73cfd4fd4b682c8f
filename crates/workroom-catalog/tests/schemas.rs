//! JSON Schema as TypeScript: one construct per test.

#![allow(
    clippy::needless_pass_by_value,
    clippy::unwrap_used,
    reason = "tests: an `Expect` is written in place, and a panic is a failure"
)]

mod common;

use expect_test::{Expect, expect};
use serde_json::{Value, json};
use workroom_types::ToolDef;

/// Compares the input's declarations, and checks that the whole file is TypeScript.
#[track_caller]
fn check(schema: Value, expected: Expect) {
    let catalog = common::catalog(vec![common::tool("tool", schema)]);
    let file = common::file(&catalog, "./servers/s/tool");
    common::parse("tool.ts", &file);
    let (_, types) = file.split_once("}\n\n").unwrap();
    let (input, _) = types.split_once("\n/** Not described").unwrap();
    expected.assert_eq(input);
}

#[test]
fn an_object_has_its_properties_with_words_and_constraints() {
    check(
        json!({
            "type": "object",
            "properties": {
                "id": {"type": "string", "description": "The contact's id.", "format": "uuid"},
                "limit": {"type": "integer", "minimum": 1, "maximum": 100, "default": 10},
                "ratio": {"type": "number", "exclusiveMinimum": 0, "multipleOf": 0.5},
                "code": {"type": "string", "minLength": 2, "maxLength": 2, "pattern": "^[A-Z]+$"},
                "tags": {"type": "array", "items": {"type": "string", "minLength": 1}, "minItems": 1,
                         "uniqueItems": true},
                "old": {"type": "boolean", "deprecated": true},
                "said": {"type": "integer", "description": "How many (default: 25).", "default": 25},
                "any": {}
            },
            "required": ["id"],
            "additionalProperties": false
        }),
        expect![[r#"
            export interface ToolInput {
              /** The contact's id. Format uuid. */
              id: string;
              /** Integer, 1 to 100, default 10. */
              limit?: number;
              /** Above 0, a multiple of 0.5. */
              ratio?: number;
              /** 2 characters, pattern `^[A-Z]+$`. */
              code?: string;
              /** Each: not empty. Not empty, all different. */
              tags?: string[];
              /** @deprecated */
              old?: boolean;
              /** How many (default: 25). */
              said?: number;
              any?: unknown;
            }
        "#]],
    );
}

#[test]
fn an_empty_object_takes_nothing() {
    check(
        json!({"type": "object"}),
        expect![[r#"
        export type ToolInput = Record<string, never>;
    "#]],
    );
}

#[test]
fn an_object_of_any_keys() {
    check(
        json!({"type": "object", "additionalProperties": true}),
        expect![[r#"
        export type ToolInput = Record<string, unknown>;
    "#]],
    );
}

#[test]
fn further_and_pattern_properties() {
    check(
        json!({
            "type": "object",
            "properties": {
                "env": {"type": "object", "additionalProperties": {"type": "string"}},
                "deep": {"type": "object", "additionalProperties": {"type": "object",
                    "properties": {"a": {"type": "number"}}, "required": ["a"]}},
                "byPattern": {"type": "object", "patternProperties": {"^x-": {"type": "number"}}},
                "mixed": {"type": "object", "properties": {"known": {"type": "string"}},
                    "additionalProperties": {"type": "number"}},
                "keys": {"type": "object", "propertyNames": {"enum": ["a", "b"]},
                    "additionalProperties": {"type": "boolean"}},
                "closed": {"type": "object", "additionalProperties": false}
            }
        }),
        expect![[r#"
            export interface ToolInput {
              env?: Record<string, string>;
              deep?: { [key: string]: { a: number } };
              byPattern?: Record<string, number>;
              mixed?: {
                known?: string;
                /** Other keys: `number` */
                [key: string]: unknown;
              };
              /** Keys "a", "b". */
              keys?: Record<string, boolean>;
              closed?: Record<string, never>;
            }
        "#]],
    );
}

#[test]
fn enums_and_constants() {
    check(
        json!({
            "type": "object",
            "properties": {
                "mode": {"enum": ["fast", "slow", null]},
                "kind": {"const": "circle"},
                "version": {"type": "integer", "enum": [1, 2]},
                "flag": {"const": true},
                "pair": {"const": ["a", {"b": 1}]},
                "none": {"type": "string", "enum": []},
                "titled": {"oneOf": [{"const": "a", "description": "The first."}, {"const": "b"}]}
            }
        }),
        expect![[r#"
            export interface ToolInput {
              mode?: "fast" | "slow" | null;
              kind?: "circle";
              version?: 1 | 2;
              flag?: true;
              pair?: ["a",{"b":1}];
              none?: string;
              /** - "a": The first. */
              titled?: "a" | "b";
            }
        "#]],
    );
}

#[test]
fn unions_nullables_and_lists_of_types() {
    check(
        json!({
            "type": "object",
            "properties": {
                "a": {"type": ["string", "null"]},
                "b": {"anyOf": [{"type": "null"}, {"type": "integer"}], "default": null},
                "c": {"type": "string", "nullable": true},
                "d": {"type": "array", "items": {"anyOf": [{"type": "string"}, {"type": "number"}]}},
                "e": {"type": ["string", "array"], "items": {"type": "number"}},
                "f": {"anyOf": [{"type": "string"}, {}]},
                "g": {"type": "object", "oneOf": [
                    {"properties": {"t": {"const": "x"}}, "required": ["t"]},
                    {"properties": {"t": {"const": "y"}, "n": {"type": "number"}}, "required": ["t"]}]}
            }
        }),
        expect![[r#"
            export interface ToolInput {
              a?: string | null;
              b?: number | null;
              c?: string | null;
              d?: (string | number)[];
              e?: string | number[];
              f?: unknown;
              g?: { t: "x" } | { t: "y"; n?: number };
            }
        "#]],
    );
}

#[test]
fn all_of_objects_is_one_object() {
    check(
        json!({
            "type": "object",
            "allOf": [
                {"properties": {"a": {"type": "string"}}, "required": ["a"]},
                {"properties": {"b": {"type": "number"}}}
            ],
            "properties": {"c": {"allOf": [{"$ref": "#/$defs/named"}, {"properties": {"d": {}}}]},
                           "e": {"$ref": "#/$defs/named"}},
            "$defs": {"named": {"type": "object", "properties": {"name": {"type": "string"}}}}
        }),
        expect![[r#"
            export interface ToolInput {
              c?: { d?: unknown } & Named;
              e?: Named;
              a: string;
              b?: number;
            }

            interface Named {
              name?: string;
            }
        "#]],
    );
}

#[test]
fn alternatives_that_only_require() {
    check(
        json!({
            "type": "object",
            "properties": {"box": {"type": "object",
                "properties": {"a": {"type": "string"}, "b": {"type": "string"}},
                "anyOf": [{"required": ["a"]}, {"required": ["b"]}]}},
            "oneOf": [{"required": ["box", "lid"]}, {"required": ["bag"]}]
        }),
        expect![[r#"
            /** Give `box` and `lid` or `bag`. */
            export interface ToolInput {
              /** Give `a` or `b`. */
              box?: { a?: string; b?: string };
            }
        "#]],
    );
}

#[test]
fn references_are_named_or_written_in_place() {
    check(
        json!({
            "type": "object",
            "properties": {
                "once": {"$ref": "#/$defs/once_only"},
                "first": {"$ref": "#/definitions/sort-key", "description": "Goes first."},
                "second": {"$ref": "#/definitions/sort-key"},
                "short": {"$ref": "#/$defs/short"},
                "shorter": {"$ref": "#/$defs/short"},
                "odd": {"$ref": "#/$defs/a~1b%25"},
                "inner": {"$ref": "#/properties/once"}
            },
            "$defs": {
                "once_only": {"type": "object", "properties": {"x": {"type": "number"}}},
                "short": {"type": "string"},
                "a/b%": {"type": "boolean"}
            },
            "definitions": {
                "sort-key": {"description": "A key.", "type": "object",
                    "properties": {"column": {"type": "string", "description": "Its header."}}}
            }
        }),
        expect![[r#"
            export interface ToolInput {
              once?: OnceOnly;
              /** Goes first. */
              first?: SortKey;
              second?: SortKey;
              short?: string;
              shorter?: string;
              odd?: boolean;
              inner?: OnceOnly;
            }

            interface OnceOnly {
              x?: number;
            }

            /** A key. */
            interface SortKey {
              /** Its header. */
              column?: string;
            }
        "#]],
    );
}

#[test]
fn cycles_become_named_types() {
    check(
        json!({
            "type": "object",
            "properties": {"tree": {"$ref": "#/$defs/node"}, "self": {"$ref": "#"}},
            "$defs": {
                "node": {"type": "object", "properties": {
                    "value": {"type": "string"},
                    "children": {"type": "array", "items": {"$ref": "#/$defs/node"}},
                    "by": {"type": "object", "additionalProperties": {"$ref": "#/$defs/value"}}}},
                "value": {"anyOf": [{"type": "string"}, {"type": "array",
                    "items": {"$ref": "#/$defs/value"}}]}
            }
        }),
        expect![[r#"
            export interface ToolInput {
              tree?: Node;
              self?: ToolInput;
            }

            interface Node {
              value?: string;
              children?: Node[];
              by?: { [key: string]: Value };
            }

            type Value = string | Value[];
        "#]],
    );
}

#[test]
fn a_type_that_is_only_itself_is_cut() {
    check(
        json!({
            "type": "object",
            "properties": {"a": {"$ref": "#/$defs/a"}, "c": {"$ref": "#/$defs/c"},
                           "d": {"$ref": "#/$defs/d"}},
            "$defs": {
                "a": {"anyOf": [{"$ref": "#/$defs/b"}, {"type": "string"}]},
                "b": {"anyOf": [{"$ref": "#/$defs/a"}, {"type": "number"}]},
                "c": {"$ref": "#/$defs/c"},
                "d": {"allOf": [{"$ref": "#/$defs/d"}]}
            }
        }),
        expect![[r#"
            // note: a chain of references does not end
            // note: a type that is nothing but itself is left out
            export interface ToolInput {
              a?: A;
              c?: unknown;
              d?: D;
            }

            type A = string;

            type D = unknown;
        "#]],
    );
}

#[test]
fn references_to_nothing_and_elsewhere() {
    check(
        json!({
            "type": "object",
            "properties": {
                "missing": {"$ref": "#/$defs/nowhere"},
                "remote": {"$ref": "http://127.0.0.1:9/s.json"},
                "file": {"$ref": "file:///etc/passwd"},
                "fine": {"type": "string"}
            }
        }),
        expect![[r#"
            // note: the schema has nothing at `#/$defs/nowhere`
            // note: `http://127.0.0.1:9/s.json` is in another document, which is not read
            // note: `file:///etc/passwd` is in another document, which is not read
            export interface ToolInput {
              missing?: unknown;
              remote?: unknown;
              file?: unknown;
              fine?: string;
            }
        "#]],
    );
}

#[test]
fn tuples() {
    check(
        json!({
            "type": "object",
            "properties": {
                "new": {"type": "array", "prefixItems": [{"type": "string"}, {"type": "number"}],
                    "items": false},
                "old": {"type": "array", "items": [{"type": "string"}, {"type": ["number", "null"]}],
                    "additionalItems": {"type": ["boolean", "null"]}, "minItems": 1},
                "open": {"type": "array"}
            }
        }),
        expect![[r#"
            export interface ToolInput {
              new?: [string, number];
              /** Not empty. */
              old?: [string, (number | null)?, ...(boolean | null)[]];
              open?: unknown[];
            }
        "#]],
    );
}

#[test]
fn odd_property_names() {
    check(
        json!({
            "type": "object",
            "properties": {
                "a b": {"type": "string"}, "resource-group": {"type": "string"},
                "__proto__": {"type": "string"}, "class": {"type": "string"}, "1": {"type": "string"},
                "": {"type": "string"}, "quote\"": {"type": "string"}, "line\n": {"type": "string"},
                "caf\u{00e9}": {"type": "string"}, "x\u{202e}y": {"type": "string"}
            },
            "required": ["1", "not listed"]
        }),
        expect![[r#"
            export interface ToolInput {
              "a b"?: string;
              "resource-group"?: string;
              __proto__?: string;
              class?: string;
              "1": string;
              ""?: string;
              "quote\""?: string;
              "line\n"?: string;
              "café"?: string;
              "x\u202ey"?: string;
              "not listed": unknown;
            }
        "#]],
    );
}

#[test]
fn comments_cannot_be_ended_from_inside() {
    check(
        json!({
            "type": "object",
            "properties": {"a": {"type": "string", "description": "x */ evil() /* y\u{202e}\u{200b}\u{001b}[31m",
                "default": "*/ evil()", "pattern": "*/", "enum": ["*/", "</script>", "`${x}`", "\u{2028}"]}}
        }),
        expect![[r#"
            export interface ToolInput {
              /** x *\/ evil() /* y. Pattern `*\/`, default "*\/ evil()". */
              a?: "*/" | "</script>" | "`${x}`" | "\u2028";
            }
        "#]],
    );
}

#[test]
fn what_a_type_cannot_say_is_noted() {
    check(
        json!({
            "type": "object",
            "properties": {
                "a": {"type": "Object"},
                "b": {"not": {"type": "string"}, "type": "number"},
                "c": 5
            },
            "if": {"properties": {"b": {"const": 1}}}
        }),
        expect![[r#"
            // note: the schema's `if` is not shown
            // note: the schema's type `Object` does not exist
            // note: the schema's `not` is not shown
            // note: a part of the schema is not a schema
            export interface ToolInput {
              a?: unknown;
              b?: number;
              c?: unknown;
            }
        "#]],
    );
}

#[test]
fn types_are_inferred_from_their_keywords() {
    check(
        json!({
            "properties": {
                "o": {"properties": {"x": {"type": "string"}}}, "l": {"items": {"type": "string"}},
                "s": {"minLength": 1}, "n": {"maximum": 5}
            }
        }),
        expect![[r#"
            export interface ToolInput {
              o?: { x?: string };
              l?: string[];
              /** Not empty. */
              s?: string;
              /** At most 5. */
              n?: number;
            }
        "#]],
    );
}

#[test]
fn a_schema_that_is_none() {
    check(
        Value::Null,
        expect![[r#"
        // note: a part of the schema is not a schema
        // note: the server gives no usable schema of the arguments
        export type ToolInput = Record<string, unknown>;
    "#]],
    );
}

#[test]
fn a_schema_that_is_true() {
    check(
        json!(true),
        expect![[r#"
        // note: the server gives no usable schema of the arguments
        export type ToolInput = Record<string, unknown>;
    "#]],
    );
}

#[test]
fn a_schema_that_is_a_list() {
    check(
        json!(["a"]),
        expect![[r#"
        // note: a part of the schema is not a schema
        // note: the server gives no usable schema of the arguments
        export type ToolInput = Record<string, unknown>;
    "#]],
    );
}

#[test]
fn arguments_are_an_object_whatever_the_schema_says() {
    check(
        json!({"type": "string"}),
        expect![[r#"
        // note: the server gives no usable schema of the arguments
        export type ToolInput = Record<string, unknown>;
    "#]],
    );
}

#[test]
fn alternatives_at_the_top() {
    check(
        json!({
            "type": "object",
            "properties": {"path": {"type": "string"}},
            "required": ["path"],
            "oneOf": [
                {"properties": {"text": {"type": "string"}}, "required": ["text"]},
                {"properties": {"bytes": {"type": "string", "contentEncoding": "base64"}},
                 "required": ["bytes"]}
            ]
        }),
        expect![[r#"
            export type ToolInput = { path: string } & ({ text: string } | {
              /** Base64. */
              bytes: string;
            });
        "#]],
    );
}

#[test]
fn a_reference_at_the_top() {
    check(
        json!({
            "$ref": "#/$defs/Request",
            "$defs": {"Request": {"type": "object", "properties": {"q": {"type": "string"}}}}
        }),
        expect![[r#"
            export interface ToolInput {
              q?: string;
            }
        "#]],
    );
}

#[test]
fn local_types_do_not_hide_global_ones() {
    check(
        json!({
            "type": "object",
            "properties": {
                "a": {"$ref": "#/$defs/record"}, "b": {"$ref": "#/$defs/record"},
                "c": {"$ref": "#/$defs/ToolInput"}, "d": {"$ref": "#/$defs/ToolInput"},
                "e": {"$ref": "#/$defs/2"}, "f": {"$ref": "#/$defs/2"}
            },
            "$defs": {
                "record": {"type": "object", "properties": {"x": {"type": "string"}}},
                "ToolInput": {"type": "object", "properties": {"y": {"type": "string"}}},
                "2": {"type": "object", "properties": {"z": {"type": "string"}}}
            }
        }),
        expect![[r#"
            export interface ToolInput {
              a?: Record2;
              b?: Record2;
              c?: ToolInput2;
              d?: ToolInput2;
              e?: T2;
              f?: T2;
            }

            interface Record2 {
              x?: string;
            }

            interface ToolInput2 {
              y?: string;
            }

            interface T2 {
              z?: string;
            }
        "#]],
    );
}

#[test]
fn a_whole_file() {
    let tool = ToolDef {
        name: "get_contact".to_owned(),
        description: Some("Get a contact by id.\n\nNot for companies. */".to_owned()),
        input_schema: json!({
            "type": "object",
            "properties": {"id": {"type": "string"}, "limit": {"type": "integer"}},
            "required": ["id"]
        }),
        output_schema: Some(json!({
            "type": "object",
            "description": "One contact.",
            "properties": {"name": {"type": "string", "description": "In full."}},
            "required": ["name"]
        })),
        ..ToolDef::default()
    };
    let catalog = common::catalog(vec![tool]);
    let file = common::file(&catalog, "./servers/s/get_contact.ts");
    common::parse("getContact.ts", &file);
    expect![[r#"
        /**
         * Get a contact by id.
         *
         * Not for companies. *\/
         */
        export async function getContact(input: GetContactInput): Promise<GetContactOutput> {
          return __workroom.call("s", "get_contact", input);
        }

        export interface GetContactInput {
          id: string;
          limit?: number;
        }

        /** One contact. */
        export interface GetContactOutput {
          /** In full. */
          name: string;
        }

        declare const __workroom: any;
    "#]]
    .assert_eq(&file);
    let signature = catalog.servers()[0].tools[0].signature();
    expect!["getContact(input: { id: string; limit?: number }): Promise<{ name: string }>"]
        .assert_eq(&signature);
}
