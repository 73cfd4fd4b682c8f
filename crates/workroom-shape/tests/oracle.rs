//! The verdict on random schemas and random values is that of the crate `jsonschema`.

#![allow(clippy::unwrap_used, reason = "tests: a panic is a failure")]

use serde_json::{Map, Value, json};
use workroom_shape::Checker;

/// Marsaglia's xorshift: the same cases on every machine.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from((self.0 >> 11) % bound as u64).unwrap()
    }

    fn pick(&mut self, from: &[Value]) -> Value {
        from[self.below(from.len())].clone()
    }

    fn value(&mut self, depth: usize) -> Value {
        let plain = [
            json!(null),
            json!(true),
            json!(false),
            json!(0),
            json!(1),
            json!(2),
            json!(2.0),
            json!(2.5),
            json!(-7),
            json!(""),
            json!("a"),
            json!("ab"),
            json!("abc1"),
            json!("é"),
            json!("5"),
        ];
        match self.below(if depth == 0 { 4 } else { 8 }) {
            0..=3 => self.pick(&plain),
            4 | 5 => (0..self.below(4)).map(|_| self.value(depth - 1)).collect(),
            _ => {
                let keys = ["a", "b", "c", "x1"];
                let entries = (0..self.below(4)).map(|_| {
                    let key = keys[self.below(4)].to_owned();
                    (key, self.value(depth - 1))
                });
                Value::Object(entries.collect::<Vec<_>>().into_iter().collect())
            }
        }
    }

    fn schema(&mut self, depth: usize) -> Value {
        if self.below(24) == 0 {
            return json!(self.below(2) == 0);
        }
        let mut schema = Map::new();
        for _ in 0..=self.below(3) {
            self.keyword(&mut schema, depth);
        }
        Value::Object(schema)
    }

    fn schemas(&mut self, depth: usize) -> Value {
        (0..=self.below(3)).map(|_| self.schema(depth - 1)).collect()
    }

    fn by_key(&mut self, keys: &[&str], depth: usize) -> Value {
        let entries = (0..self.below(3)).map(|_| {
            let key = keys[self.below(keys.len())].to_owned();
            (key, self.schema(depth - 1))
        });
        Value::Object(entries.collect::<Vec<_>>().into_iter().collect())
    }

    fn keyword(&mut self, schema: &mut Map<String, Value>, depth: usize) {
        let types = ["string", "number", "integer", "boolean", "null", "array", "object"];
        let mut set = |key: &str, value: Value| {
            schema.insert(key.to_owned(), value);
        };
        match self.below(if depth == 0 { 14 } else { 28 }) {
            0..=2 => set("type", json!(types[self.below(7)])),
            3 => set("type", json!([types[self.below(3)], types[3 + self.below(4)]])),
            4 => set("enum", (0..=self.below(4)).map(|_| self.value(1)).collect()),
            5 => set("const", self.value(1)),
            6 => set("minimum", json!(self.below(4))),
            7 => set("exclusiveMaximum", json!(self.below(5))),
            8 => set("multipleOf", json!([1, 2, 5][self.below(3)])),
            9 => set("minLength", json!(self.below(3))),
            10 => set("maxLength", json!(self.below(4))),
            11 => set("pattern", json!(["^a", "[0-9]", "b$"][self.below(3)])),
            12 => set("required", json!([["a"], ["b"]][self.below(2)])),
            13 => set("uniqueItems", json!(true)),
            14 => set("minItems", json!(self.below(3))),
            15 => set("maxProperties", json!(self.below(3))),
            16..=18 => set("properties", self.by_key(&["a", "b", "c"], depth)),
            19 => set("additionalProperties", self.schema(depth - 1)),
            20 => set("patternProperties", self.by_key(&["^a", "[0-9]"], depth)),
            21 => set("items", self.schema(depth - 1)),
            22 => set("prefixItems", self.schemas(depth)),
            23 => set("anyOf", self.schemas(depth)),
            24 => set("allOf", self.schemas(depth)),
            25 => set("not", self.schema(depth - 1)),
            26 => {
                for key in ["if", "then", "else"] {
                    set(key, self.schema(depth - 1));
                }
            }
            _ => set("$ref", json!("#/$defs/shared")),
        }
    }
}

#[test]
fn verdicts_are_those_of_jsonschema() {
    let mut random = Random(0x2545_f491_4f6c_dd1d);
    let (mut fit, mut unfit) = (0, 0);
    for round in 0..4_000 {
        let mut schema = random.schema(3);
        if let Value::Object(schema) = &mut schema {
            schema.insert("$defs".to_owned(), json!({ "shared": random.schema(1) }));
        }
        // A definition that refers to itself and to nothing else has no meaning.
        let Ok(judge) = jsonschema::draft202012::new(&schema) else { continue };
        let checker = Checker::default();
        if schema.pointer("/$defs/shared/$ref").is_some() {
            continue;
        }
        for _ in 0..12 {
            let value = random.value(3);
            let ours = checker.result(&schema, &value).unwrap();
            let theirs = judge.is_valid(&value);
            assert_eq!(
                ours.is_empty(),
                theirs,
                "round {round}: {value}\nfor {schema}\nours: {ours:?}"
            );
            *if theirs { &mut fit } else { &mut unfit } += 1;
        }
    }
    assert!(fit > 8_000 && unfit > 8_000, "{fit} fit, {unfit} do not");
}
