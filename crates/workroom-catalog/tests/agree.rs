//! Random schemas and random values: the check at the boundary, the generated TypeScript, as `tsc`
//! reads it, and the observed type say the same.
//!
//! Where they may differ is told here:
//!
//! * TypeScript has no bounds, patterns or integers, so it takes what only those refuse; it never
//!   refuses what the check takes as it is.
//! * A key that is not known is refused by `tsc`, and refused or told by the check.
//! * A new field contradicts no observed type, so those values go through a variable, of which
//!   `tsc` does not ask that all fields are known.

#![allow(clippy::unwrap_used, reason = "tests: a panic is a failure")]

mod common;

use std::{collections::HashSet, fmt::Write as _, fs, process::Command};

use common::generate::{Random, mutated, valid};
use serde_json::{Map, Value, json};
use workroom_catalog::Catalog;
use workroom_shape::Observed;

const SCHEMAS: usize = 400;
const VALUES: usize = 12;

/// A schema of an object; `exact`: with nothing that TypeScript cannot say.
fn object(random: &mut Random, depth: usize, exact: bool) -> Value {
    let mut properties = Map::new();
    // One that is always there: TypeScript takes no value that has nothing in common with a type.
    properties.insert("k".to_owned(), json!({"type": "string"}));
    for name in ["id", "a b", "value"].iter().take(random.below(4)) {
        properties.insert((*name).to_owned(), any(random, depth, exact));
    }
    let mut required = vec![json!("k")];
    let optional = properties.keys().skip(1).filter(|_| random.one_in(2));
    required.extend(optional.map(|it| json!(it)).collect::<Vec<_>>());
    let mut schema = json!({"type": "object", "properties": properties, "required": required});
    if random.one_in(2) {
        schema["additionalProperties"] = json!(false);
    }
    schema
}

fn any(random: &mut Random, depth: usize, exact: bool) -> Value {
    let plain = |name: &str| json!({"type": name});
    match random.below(if depth == 0 { 8 } else { 12 }) {
        0 => plain("string"),
        1 => plain("number"),
        2 => plain("boolean"),
        3 => json!({"type": ["string", "null"]}),
        4 => json!({"enum": ["red", "green", 7, null]}),
        5 => json!({"anyOf": [{"type": "number"}, {"type": "boolean"}]}),
        6 if !exact => json!({"type": "integer", "minimum": 2, "maximum": 40}),
        7 if !exact => json!({"type": "string", "minLength": 2, "pattern": "^[a-z0-9]+$"}),
        6 => json!({"const": "fixed"}),
        7 => json!({"type": ["number", "string"]}),
        8 => json!({"type": "array", "items": any(random, depth - 1, exact)}),
        9 => json!({"type": "object", "additionalProperties": any(random, depth - 1, exact)}),
        10 if !exact => json!({"anyOf": [
            object(random, depth - 1, exact), {"type": "array", "items": plain("number")}
        ]}),
        _ => object(random, depth - 1, exact),
    }
}

/// What a line of a file says, and whether the others say that it is wrong.
struct Case {
    file: String,
    line: usize,
    what: String,
    /// The others find fault.
    is_wrong: bool,
    /// And `tsc` must, too.
    is_exact: bool,
}

/// Files for `tsc`, and what is expected of it.
#[derive(Default)]
struct Cases {
    files: Vec<(String, String)>,
    cases: Vec<Case>,
}

impl Cases {
    /// The schema `index` as a tool, and `values` as its arguments.
    fn declared(&mut self, index: usize, schema: &Value, values: &[Value], is_exact: bool) {
        let tool = common::tool(&format!("t{index}"), schema.clone());
        let catalog = common::catalog(vec![tool]);
        let tool = &catalog.servers()[0].tools[0];
        let file = format!("case_{index}.ts");
        let mut text = format!("import type {{ {} }} from './tool_{index}';\n", tool.input_type);
        for (line, value) in values.iter().enumerate() {
            writeln!(text, "export const c{line}: {} = {value};", tool.input_type).unwrap();
            let checked = tool.check(value.clone());
            let is_wrong = !checked.is_ok_and(|accepted| accepted.notes.is_empty());
            let what = format!("{value}\nfor {schema}");
            self.cases.push(Case { file: file.clone(), line: line + 2, what, is_wrong, is_exact });
        }
        self.files.push((file, text));
        self.files.push((format!("tool_{index}.ts"), tool.source()));
    }

    /// `values` are seen, then `others` are looked at.
    fn observed(&mut self, index: usize, values: &[Value], others: &[Value]) {
        let mut observed = Observed::default();
        for _ in 0..12 {
            for value in values {
                observed.add(value, 0);
            }
        }
        let file = format!("observed_{index}.ts");
        let mut text = format!("type O = {};\n", observed.type_text());
        for (at, value) in values.iter().chain(others).enumerate() {
            writeln!(text, "const v{at} = {value};\nexport const c{at}: O = v{at};").unwrap();
            let drifts = observed.contradictions(value);
            assert!(at >= values.len() || drifts.is_empty(), "{value} was seen: {drifts:?}");
            self.cases.push(Case {
                file: file.clone(),
                line: text.lines().count(),
                what: format!("{value}\nfor {}\n{drifts:?}", observed.type_text()),
                is_wrong: !drifts.is_empty(),
                is_exact: true,
            });
        }
        self.files.push((file, text));
    }

    /// Compares with what `tsc` says.
    fn judge(&self) {
        let folder = common::root().join("target/tests/workroom-catalog-agree");
        if folder.exists() {
            fs::remove_dir_all(&folder).unwrap();
        }
        fs::create_dir_all(&folder).unwrap();
        for (file, text) in &self.files {
            fs::write(folder.join(file), text).unwrap();
        }
        let config = r#"{"compilerOptions": {"strict": true, "noEmit": true, "types": []}}"#;
        fs::write(folder.join("tsconfig.json"), config).unwrap();
        let output = Command::new(common::tsc())
            .args(["--pretty", "false", "--project", "."])
            .current_dir(&folder)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        // `case_3.ts(4,7): error …`
        let faults = said.lines().filter(|line| !line.starts_with(' '));
        let place = |line: &str| {
            let (file, rest) = line.split_once('(')?;
            Some((file.to_owned(), rest.split_once(',')?.0.parse::<usize>().ok()?))
        };
        let faults: HashSet<(String, usize)> = faults.filter_map(place).collect();
        let places: HashSet<(String, usize)> =
            self.cases.iter().map(|case| (case.file.clone(), case.line)).collect();
        let elsewhere: Vec<_> = faults.difference(&places).collect();
        assert!(elsewhere.is_empty(), "{elsewhere:?}\n{said}");
        let (mut wrong, mut right) = (0, 0);
        for case in &self.cases {
            let is_fault = faults.contains(&(case.file.clone(), case.line));
            let what = &case.what;
            assert!(case.is_wrong || !is_fault, "only tsc refuses {what}\n{said}");
            assert!(!case.is_exact || !case.is_wrong || is_fault, "only tsc takes {what}");
            *if is_fault { &mut wrong } else { &mut right } += 1;
        }
        assert!(wrong > 1_000 && right > 2_000, "{right} right, {wrong} wrong");
    }
}

#[test]
fn check_typescript_and_observed_type_agree() {
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let mut cases = Cases::default();
    for index in 0..SCHEMAS {
        let is_exact = index % 2 == 0;
        let schema = object(&mut random, 3, is_exact);
        let mut values: Vec<Value> = (0..VALUES / 2)
            .map(|_| {
                let depth = random.below(5);
                valid(&schema, &schema, &mut random, depth)
            })
            .collect();
        let wrong: Vec<Value> = values.iter().map(|value| mutated(value, &mut random)).collect();
        let wrong: Vec<Value> = wrong.into_iter().filter(Value::is_object).collect();
        cases.observed(index, &values, &wrong);
        values.extend(wrong);
        cases.declared(index, &schema, &values, is_exact);
    }
    cases.judge();
}

#[test]
fn the_catalog_prints_what_was_observed() {
    let catalog: Catalog = common::catalog(vec![common::tool("list", json!({"properties": {}}))]);
    let mut observed = Observed::default();
    for n in 0..14 {
        observed.add(&json!({"items": [{"id": format!("i-{n}"), "price": 1.5}]}), 0);
    }
    let source = catalog.servers()[0].tools[0].source_with(Some(&observed));
    common::parse("list.ts", &source);
    expect_test::expect![[r#"
        export async function list(input: ListInput = {}): Promise<ListOutput> {
          return __workroom.call("s", "list", input);
        }

        export type ListInput = Record<string, never>;

        /**
         * Observed in 14 calls.
         * Masked example: {"items":[{"id":"a-00","price":0.5}]}
         */
        export type ListOutput = {
          items: {
            id: string; // 3 to 4 characters
            price: number;
          }[]; // 1 entry
        };

        declare const __workroom: any;
    "#]]
    .assert_eq(&source);
}
