//! A short way of writing JSON Schema: `{id:str,tags:[str],due:date~,state:(open|done)}`.
//!
//! `str`, `int`, `num`, `bool`, `date` and `any` are values, `(a|b)` is an enumeration, `[…]` a
//! list, `{…}` an object, `@name` a shape that was named before; `~` behind a type allows null,
//! `?` behind a key makes it optional. The texts are ours: a mistake in one is found by the
//! tests that read every definition, and ends the process that made it.

use std::{collections::BTreeMap, iter::Peekable, str::Chars};

use serde_json::{Map, Value, json};

/// Shapes that others refer to.
pub(crate) type Shapes = BTreeMap<String, Value>;

/// The JSON Schema of `text`.
pub(crate) fn schema(text: &str, shapes: &Shapes) -> Value {
    let mut reader = Reader { chars: text.chars().peekable(), text, shapes };
    let schema = reader.read();
    assert!(reader.chars.next().is_none(), "nothing follows a shape: {text}");
    schema
}

struct Reader<'t> {
    chars: Peekable<Chars<'t>>,
    text: &'t str,
    shapes: &'t Shapes,
}

impl Reader<'_> {
    fn read(&mut self) -> Value {
        let mut schema = match self.chars.peek() {
            Some('{') => self.object(),
            Some('[') => {
                self.chars.next();
                let items = self.read();
                self.must(']');
                json!({ "type": "array", "items": items })
            }
            Some('(') => {
                self.chars.next();
                let values: String = self.until(&[')']);
                self.must(')');
                let values: Vec<&str> = values.split('|').collect();
                json!({ "type": "string", "enum": values })
            }
            Some('@') => {
                self.chars.next();
                let name = self.word();
                self.shapes.get(&name).cloned().unwrap_or_else(|| self.wrong())
            }
            _ => self.value(),
        };
        if self.chars.next_if_eq(&'~').is_some() {
            let kind = schema["type"].take();
            schema["type"] = json!([kind, "null"]);
        }
        schema
    }

    fn value(&mut self) -> Value {
        match self.word().as_str() {
            "str" => json!({ "type": "string" }),
            "int" => json!({ "type": "integer" }),
            "num" => json!({ "type": "number" }),
            "bool" => json!({ "type": "boolean" }),
            "date" => json!({ "type": "string", "format": "date" }),
            "any" => json!({}),
            _ => self.wrong(),
        }
    }

    fn object(&mut self) -> Value {
        self.must('{');
        let (mut properties, mut required) = (Map::new(), Vec::new());
        while self.chars.peek() != Some(&'}') {
            let key = self.word();
            let is_optional = self.chars.next_if_eq(&'?').is_some();
            self.must(':');
            let schema = self.read();
            if !is_optional {
                required.push(Value::from(key.clone()));
            }
            properties.insert(key, schema);
            self.chars.next_if_eq(&',');
        }
        self.must('}');
        json!({ "type": "object", "properties": properties, "required": required })
    }

    fn word(&mut self) -> String {
        let mut word = String::new();
        while let Some(char) =
            self.chars.next_if(|char| char.is_alphanumeric() || "_.@-".contains(*char))
        {
            word.push(char);
        }
        word
    }

    fn until(&mut self, ends: &[char]) -> String {
        let mut text = String::new();
        while let Some(char) = self.chars.next_if(|char| !ends.contains(char)) {
            text.push(char);
        }
        text
    }

    fn must(&mut self, expected: char) {
        if self.chars.next() != Some(expected) {
            self.wrong()
        }
    }

    fn wrong(&self) -> ! {
        panic!("`{}` is no shape; `{}` is left", self.text, self.chars.clone().collect::<String>())
    }
}

/// `value` with the properties alone that `schema` names.
pub(crate) fn project(value: &Value, schema: &Value) -> Value {
    match (value, schema["properties"].as_object()) {
        (Value::Object(object), Some(properties)) => Value::Object(
            properties
                .iter()
                .filter_map(|(key, schema)| Some((key.clone(), project(object.get(key)?, schema))))
                .collect(),
        ),
        (Value::Array(items), _) if schema["items"].is_object() => {
            items.iter().map(|item| project(item, &schema["items"])).collect()
        }
        _ => value.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_form_is_a_schema() {
        let mut shapes = Shapes::new();
        shapes.insert("who".to_owned(), schema("{id:str}", &shapes));
        assert_eq!(
            schema("{id:int,by?:@who,tags:[(a|b)],due:date~}", &shapes),
            json!({
                "type": "object",
                "properties": {
                    "id": { "type": "integer" },
                    "by": {
                        "type": "object",
                        "properties": { "id": { "type": "string" } },
                        "required": ["id"]
                    },
                    "tags": {
                        "type": "array", "items": { "type": "string", "enum": ["a", "b"] }
                    },
                    "due": { "type": ["string", "null"], "format": "date" }
                },
                "required": ["id", "tags", "due"]
            })
        );
    }

    #[test]
    fn a_record_is_shown_by_its_shape() {
        let schema = schema("{id:int,rows:[{a:int}]}", &Shapes::new());
        let record = json!({ "id": 1, "hidden": 2, "rows": [{ "a": 1, "b": 2 }] });
        assert_eq!(project(&record, &schema), json!({ "id": 1, "rows": [{ "a": 1 }] }));
    }
}
