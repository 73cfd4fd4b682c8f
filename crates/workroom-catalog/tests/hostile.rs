//! Schemas and texts made to hurt: each costs little, stays small, and hurts its own tool only.

#![allow(clippy::unwrap_used, reason = "tests: a panic is a failure")]

mod common;

use std::{sync::Arc, time::Duration, time::Instant};

use serde_json::{Map, Value, json};
use workroom_catalog::{Catalog, DESCRIPTION_BYTES_MAX, TYPE_BYTES_MAX};
use workroom_types::ToolDef;

/// Far above what a debug build on a busy machine takes; a schema walked in full takes minutes.
const TIME_MAX: Duration = Duration::from_secs(60);

/// Checks that `schema`, as input and as output, gives a small file that parses, soon, and that
/// the signature is short; gives the file.
#[track_caller]
fn check(schema: Value) -> String {
    let hostile =
        ToolDef { output_schema: Some(schema.clone()), ..common::tool("hostile", schema) };
    let good = common::tool("fine", json!({"properties": {"id": {"type": "string"}}}));
    let catalog = common::catalog(vec![hostile, good]);
    let began = Instant::now();
    let [hostile, other] = &catalog.servers()[0].tools[..] else { panic!("both tools are there") };
    let signature = hostile.signature();
    let file = hostile.source();
    assert!(began.elapsed() < TIME_MAX, "it took {:?}", began.elapsed());
    assert!(file.len() < 2 * TYPE_BYTES_MAX + 2_000, "the file has {} bytes", file.len());
    assert!(signature.len() < 4_000, "the signature has {} bytes", signature.len());
    assert!(!signature.contains('\n'), "{signature}");
    common::parse("hostile.ts", &file);
    assert_eq!(other.signature(), "fine(input?: { id?: string }): Promise<unknown>");
    // Dropping a deep value recurses, and this test is not about that.
    std::mem::forget(catalog);
    file
}

/// Ten thousand levels of `wrap`.
fn nested(wrap: fn(Value) -> Value) -> Value {
    (0..10_000).fold(json!({"type": "string"}), |inner, _| wrap(inner))
}

/// `{key: value}`; `json!` would copy `value`.
fn with(key: &str, value: Value) -> Value {
    Value::Object(Map::from_iter([(key.to_owned(), value)]))
}

/// Checks that a schema of many levels is cut, on a stack of the default size.
#[track_caller]
fn deep(schema: Value) {
    let tool = ToolDef { input_schema: schema, ..common::tool("deep", Value::Null) };
    let catalog = common::catalog(vec![tool]);
    let file = catalog.servers()[0].tools[0].source();
    let signature = catalog.servers()[0].tools[0].signature();
    common::parse("deep.ts", &file);
    assert!(file.contains("// note: levels deeper than"), "{file}");
    assert!(signature.len() < 1_000);
    // Dropping a deep value recurses, and this test is not about that.
    std::mem::forget(catalog);
}

#[test]
fn ten_thousand_levels_of_objects() {
    deep(nested(|it| with("properties", with("a", it))));
}

#[test]
fn ten_thousand_levels_of_all_of() {
    deep(with("properties", with("x", nested(|it| with("allOf", Value::Array(vec![it]))))));
}

#[test]
fn ten_thousand_levels_of_lists() {
    deep(with("properties", with("x", nested(|it| with("items", it)))));
}

#[test]
fn a_chain_of_ten_thousand_references() {
    let next = |i: usize| (format!("d{i}"), json!({"$ref": format!("#/$defs/d{}", i + 1)}));
    let mut defs: Map<String, Value> = (0..10_000).map(next).collect();
    defs.insert("d10000".to_owned(), json!({"type": "string"}));
    check(json!({"properties": {"a": {"$ref": "#/$defs/d0"}}, "$defs": defs}));
}

#[test]
fn a_chain_of_ten_thousand_objects() {
    let next = |i: usize| {
        let on = json!({"$ref": format!("#/$defs/d{}", i + 1)});
        (format!("d{i}"), json!({"type": "object", "properties": {"next": on}}))
    };
    let defs: Map<String, Value> = (0..10_000).map(next).collect();
    check(json!({"properties": {"a": {"$ref": "#/$defs/d0"}}, "$defs": defs}));
}

#[test]
fn a_definition_that_doubles_at_each_level() {
    let next = |i: usize| {
        let on = json!({"$ref": format!("#/$defs/d{}", i + 1)});
        (format!("d{i}"), json!({"allOf": [on, on], "properties": {"a": on, "b": on}}))
    };
    let mut defs: Map<String, Value> = (0..60).map(next).collect();
    defs.insert("d60".to_owned(), json!({"type": "string"}));
    check(json!({"properties": {"a": {"$ref": "#/$defs/d0"}}, "$defs": defs}));
}

#[test]
fn many_definitions_that_all_refer_to_each_other() {
    let names: Vec<String> = (0..60).map(|i| format!("d{i}")).collect();
    let refer = |name: &String| (name.clone(), json!({"$ref": format!("#/$defs/{name}")}));
    let all: Map<String, Value> = names.iter().map(refer).collect();
    let any: Vec<Value> = all.values().cloned().collect();
    let one = |name: &String| (name.clone(), json!({"properties": all, "anyOf": any}));
    let defs: Map<String, Value> = names.iter().map(one).collect();
    check(json!({"properties": {"a": {"$ref": "#/$defs/d0"}}, "$defs": defs}));
}

#[test]
fn a_million_values() {
    let values: Vec<Value> = (0..1_000_000).map(|i| Value::from(format!("v{i}"))).collect();
    let file = check(json!({"properties": {"a": {"enum": values}}}));
    assert!(file.contains("One of 1000000 values: \"v0\""), "{file}");
    assert!(file.contains("a?: string;"), "{file}");
}

#[test]
fn a_hundred_thousand_alternatives() {
    let alternatives: Vec<Value> = (0..100_000)
        .map(|i| json!({"properties": {format!("p{i}"): {"type": "string"}}}))
        .collect();
    let file =
        check(json!({"properties": {"a": {"oneOf": alternatives}, "b": {"type": "string"}}}));
    assert!(file.contains("too large"), "{file}");
}

#[test]
fn a_hundred_thousand_properties() {
    let property = |i: usize| (format!("p{i}"), json!({"type": "string"}));
    let properties: Map<String, Value> = (0..100_000).map(property).collect();
    let required: Vec<String> = (0..100_000).map(|i| format!("q{i}")).collect();
    let file = check(json!({"properties": properties, "required": required}));
    assert!(file.contains("// note: the schema is too large to show"), "{file}");
}

#[test]
fn long_texts_everywhere() {
    let long = "x*/ ".repeat(3_000_000);
    check(json!({
        "description": long, "title": long, "$id": long,
        "properties": {
            "a": {"type": "string", "description": long, "pattern": long, "format": long},
            "b": {"const": long}, "c": {"default": long, "examples": [long]},
            "d": {"type": long}, "e": {"$ref": long}, "f": {"$ref": format!("#/{long}")},
            "g": {"enum": [long, "a"]}, "h": {"oneOf": [{"const": "a", "description": long}]},
            "i": {"anyOf": [{"required": [long]}]}
        }
    }));
}

#[test]
fn a_long_key() {
    check(json!({"properties": {"k".repeat(1_000_000): {"type": "string"}}}));
}

#[test]
fn absurd_constraints() {
    let file = check(json!({"properties": {
        "a": {"type": "string", "minLength": 1e18, "maxLength": -5, "pattern": "(a+)+$"},
        "b": {"type": "number", "minimum": "one", "maximum": {}, "multipleOf": 0},
        "c": {"type": "array", "minItems": 18_446_744_073_709_551_615_u64, "items": []},
        "d": {"type": [], "enum": {}, "required": "yes", "properties": []},
        "e": {"type": ["string", 5, "string", "nonsense"]},
        "f": {"anyOf": [], "allOf": {}, "oneOf": [false, null]}
    }}));
    assert!(file.contains("a?: string;"), "{file}");
}

#[test]
fn a_description_of_ten_megabytes_with_hidden_text() {
    let description = format!(
        "Adds.\u{202e}\u{200b}\u{e0041}\u{1b}[31m */ evil()\n\n\n\n{}",
        "Hidden. \u{2028}".repeat(1_000_000)
    );
    let tool = ToolDef {
        description: Some(description),
        ..common::tool("add", json!({"type": "object"}))
    };
    let catalog = common::catalog(vec![tool]);
    let tool = &catalog.servers()[0].tools[0];
    let file = tool.source();
    common::parse("add.ts", &file);
    assert!(file.len() < 3 * DESCRIPTION_BYTES_MAX);
    assert!(file.contains("more bytes)"));
    assert!(!file.contains(['\u{202e}', '\u{200b}', '\u{e0041}', '\u{1b}', '\u{2028}']));
    assert!(!file.contains("\n *\n *\n"));
    assert_eq!(tool.summary(), "Adds.");
}

#[test]
fn a_hundred_thousand_tools_are_cut_and_said() {
    let tool = |i: usize| common::tool(&format!("tool_{i}"), json!({"type": "object"}));
    let server = common::server("many", (0..100_000).map(tool).collect());
    let catalog = Catalog::build(&[Arc::new(server)], None);
    assert_eq!(catalog.tool_count(), workroom_catalog::TOOLS_MAX);
    assert_eq!(catalog.servers()[0].warnings, ["only the first 20000 of 100000 tools are used"]);
}

/// Those that matter more are there more often.
const KEYS: [&str; 36] = [
    "type",
    "type",
    "type",
    "properties",
    "properties",
    "items",
    "prefixItems",
    "anyOf",
    "oneOf",
    "allOf",
    "enum",
    "const",
    "$ref",
    "$ref",
    "required",
    "additionalProperties",
    "patternProperties",
    "description",
    "default",
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "pattern",
    "format",
    "nullable",
    "minItems",
    "maxLength",
    "not",
    "if",
    "examples",
    "propertyNames",
    "uniqueItems",
    "deprecated",
    "$defs",
    "additionalItems",
    "title",
];

/// Marsaglia's xorshift: the same schemas on every machine.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % bound as u64).unwrap()
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.below(from.len())]
    }

    fn text(&mut self) -> String {
        let parts = [
            "*/",
            "`${x}`",
            "\"",
            "'",
            "\\",
            "\n",
            "\u{202e}",
            "</script>",
            "a",
            " ",
            "}",
            "{",
            "//",
            "é",
            "\u{2028}",
            "\0",
            "[",
            "default",
            "1",
            "😀",
        ];
        (0..self.below(6)).map(|_| self.pick(&parts)).collect()
    }

    fn value(&mut self, depth: usize) -> Value {
        match self.below(if depth == 0 { 5 } else { 7 }) {
            0 => Value::Null,
            1 => Value::Bool(self.below(2) == 0),
            2 => json!(self.below(100)),
            3 => json!(-1.5e300),
            4 => Value::String(self.text()),
            5 => (0..self.below(4)).map(|_| self.value(depth - 1)).collect(),
            _ => self.schema(depth - 1),
        }
    }

    fn schema(&mut self, depth: usize) -> Value {
        let mut schema = Map::new();
        for _ in 0..=self.below(5) {
            let key = self.pick(&KEYS);
            let value = match key {
                // One in sixteen values is of any kind at all.
                _ if self.below(16) == 0 => self.value(depth),
                "type" => json!(self.pick(&["object", "array", "string", "integer", "null", "x"])),
                "$ref" => json!(self.pick(&[
                    "#",
                    "#/$defs/a",
                    "#/$defs/b",
                    "#/properties/a",
                    "#x",
                    "http://x",
                    "#/$defs",
                    "#/%zz",
                    ""
                ])),
                "items" | "additionalProperties" | "not" | "additionalItems" if depth > 0 => {
                    self.schema(depth - 1)
                }
                "anyOf" | "oneOf" | "allOf" | "prefixItems" if depth > 0 => {
                    (0..self.below(4)).map(|_| self.schema(depth - 1)).collect()
                }
                "properties" | "patternProperties" | "$defs" if depth > 0 => {
                    let names = ["a", "b", "a b", "class", "*/", "1", "", "\"", "\\", "\u{202e}"];
                    let mut entries = Map::new();
                    for _ in 0..self.below(4) {
                        entries.insert(self.pick(&names).to_owned(), self.schema(depth - 1));
                    }
                    Value::Object(entries)
                }
                "enum" | "required" | "examples" => {
                    (0..self.below(4)).map(|_| self.value(1)).collect()
                }
                "description" | "pattern" | "format" | "title" => Value::String(self.text()),
                _ => self.value(1),
            };
            schema.insert(key.to_owned(), value);
        }
        Value::Object(schema)
    }
}

#[test]
fn random_schemas_give_modules_that_parse() {
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    for round in 0..2_000 {
        let mut schema = random.schema(5);
        if let Some(object) = schema.as_object_mut().filter(|_| round % 2 == 0) {
            let defs = json!({"a": random.schema(3), "b": random.schema(3)});
            object.insert("$defs".to_owned(), defs);
        }
        let tool = ToolDef {
            name: random.text(),
            description: Some(random.text()),
            output_schema: Some(random.schema(4)),
            input_schema: schema.clone(),
            ..ToolDef::default()
        };
        let catalog = common::catalog(vec![tool]);
        let tool = &catalog.servers()[0].tools[0];
        common::parse(&format!("round {round}: {schema}"), &tool.source());
        assert!(!tool.signature().contains('\n'), "{}", tool.signature());
    }
}
