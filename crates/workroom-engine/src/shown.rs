//! What code passes on to the agent with `show`: content blocks of MCP, and nothing else.
//!
//! A block comes from the guest as JSON. It is a guest's word: only the fields that the protocol
//! knows are passed on, and only where they are what it says.

use serde_json::{Map, Value, json};

/// The block that a guest gave as `json`, rebuilt; `None` where it is none.
pub(crate) fn block(json: &str) -> Option<Value> {
    let given: Value = serde_json::from_str(json).ok()?;
    let text = |key: &str| given.get(key).and_then(Value::as_str);
    match text("type")? {
        kind @ ("image" | "audio") => {
            let (data, mime) = (text("data")?, text("mimeType")?);
            is_base64(data).then(|| json!({ "type": kind, "data": data, "mimeType": mime }))
        }
        "resource_link" => {
            let mut link = Map::new();
            link.insert("type".to_owned(), json!("resource_link"));
            link.insert("uri".to_owned(), json!(text("uri")?));
            link.insert("name".to_owned(), json!(text("name").or(text("uri"))?));
            for key in ["title", "description", "mimeType"] {
                if let Some(value) = text(key) {
                    link.insert(key.to_owned(), json!(value));
                }
            }
            if let Some(size) = given.get("size").and_then(Value::as_u64) {
                link.insert("size".to_owned(), json!(size));
            }
            Some(Value::Object(link))
        }
        "resource" => {
            let resource = given.get("resource")?;
            let text = |key: &str| resource.get(key).and_then(Value::as_str);
            let mut kept = Map::new();
            kept.insert("uri".to_owned(), json!(text("uri")?));
            if let Some(mime) = text("mimeType") {
                kept.insert("mimeType".to_owned(), json!(mime));
            }
            match (text("text"), text("blob")) {
                (Some(text), _) => kept.insert("text".to_owned(), json!(text)),
                (None, Some(blob)) if is_base64(blob) => {
                    kept.insert("blob".to_owned(), json!(blob))
                }
                _ => return None,
            };
            Some(json!({ "type": "resource", "resource": kept }))
        }
        _ => None,
    }
}

/// A block in a few words, in the place among the logs where it was shown.
pub(crate) fn caption(json: &str) -> String {
    let Some(block) = block(json) else { return "(nothing that can be shown)".to_owned() };
    let text = |value: &Value, key: &str| {
        value.get(key).and_then(Value::as_str).unwrap_or_default().to_owned()
    };
    let bytes =
        |base64: &str| crate::report::bytes(base64.trim_end_matches('=').len() as u64 * 3 / 4);
    match text(&block, "type").as_str() {
        "resource_link" => format!("(shown: link to {})", text(&block, "uri")),
        "resource" => format!("(shown: {})", text(&block["resource"], "uri")),
        kind => {
            let (mime, size) = (text(&block, "mimeType"), bytes(&text(&block, "data")));
            format!("(shown: {kind}, {mime}, {size})")
        }
    }
}

fn is_base64(text: &str) -> bool {
    let data = text.trim_end_matches('=');
    text.len() - data.len() <= 2
        && data.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'-' | b'_'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(given: &Value, expected: Option<&Value>, words: &str) {
        assert_eq!(block(&given.to_string()).as_ref(), expected);
        assert_eq!(caption(&given.to_string()), words);
    }

    #[test]
    fn only_what_the_protocol_knows_is_passed_on() {
        check(
            &json!({ "type": "image", "data": "QUJD", "mimeType": "image/png", "evil": 1 }),
            Some(&json!({ "type": "image", "data": "QUJD", "mimeType": "image/png" })),
            "(shown: image, image/png, 3 B)",
        );
        check(
            &json!({ "type": "resource_link", "uri": "file:///a", "size": 3, "name": 1 }),
            Some(&json!({
                "type": "resource_link", "uri": "file:///a", "name": "file:///a", "size": 3
            })),
            "(shown: link to file:///a)",
        );
        check(
            &json!({ "type": "resource", "resource": { "uri": "x:1", "text": "t", "more": 2 } }),
            Some(&json!({ "type": "resource", "resource": { "uri": "x:1", "text": "t" } })),
            "(shown: x:1)",
        );
    }

    #[test]
    fn what_is_no_block_is_not_shown() {
        for given in [
            json!({ "type": "text", "text": "t" }),
            json!({ "type": "image", "data": "not base64!", "mimeType": "image/png" }),
            json!({ "type": "image", "data": 1, "mimeType": "image/png" }),
            json!({ "type": "resource", "resource": { "uri": "x:1" } }),
            json!([]),
        ] {
            check(&given, None, "(nothing that can be shown)");
        }
        assert_eq!(block("no json"), None);
    }
}
