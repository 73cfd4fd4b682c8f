//! JSON: what keys, schemas, records, rules and the recognisers find in it together.

#![allow(clippy::unwrap_used, clippy::needless_pass_by_value, reason = "tests read better so")]

use std::collections::BTreeMap;

use expect_test::{Expect, expect};
use serde_json::{Value, json};
use workroom_pii::{
    Detect, Detector, Found, Kind, Limits, Place, Profile, Settings, Sink, Withheld, WordList,
};

/// A sink that numbers values as a vault does, and escapes what looks like its own words.
#[derive(Default)]
struct Tokens {
    seen: BTreeMap<(String, String), usize>,
}

impl Sink for Tokens {
    fn replace(&mut self, found: &Found<'_>) -> Result<Option<String>, Withheld> {
        let owner = found.owner.map(|owner| format!("{owner}_")).unwrap_or_default();
        let name = format!("{owner}{}", found.kind.name());
        let next = self.seen.len() + 1;
        let number = self.seen.entry((name.clone(), found.value.to_owned())).or_insert(next);
        Ok(Some(format!("[{name}_{number}]")))
    }

    fn escape(&mut self, text: &str) -> Option<String> {
        text.contains("[email_").then(|| text.replace("[email_", "[\\email_"))
    }
}

fn masked(settings: Settings, value: &Value) -> Result<Value, Withheld> {
    let mut value = value.clone();
    Detector::new(settings).unwrap().json(&mut value, Place::default(), &mut Tokens::default())?;
    Ok(value)
}

fn check(value: Value, expected: Expect) {
    let shown = masked(Settings::of(Profile::hipaa()), &value).unwrap();
    expected.assert_eq(&shown.to_string());
}

#[test]
fn records_are_masked_by_their_keys() {
    check(
        json!({"customer": {"id": 17, "firstName": "Ming", "last_name": "Li", "email": "ming@x.cn",
            "phone": "212-555-0100", "dob": "1980-02-03", "address": {"street": "Elm 3",
            "zip": "10001", "city": "Oz", "country": "US"}}, "order": {"id": "4539-1488-0343-6467",
            "total": 12.5, "sku": "AB-1234567890", "hash": "d670460b4b4aece5915caf5c68d12f560a9fe3e4"}}),
        expect![[
            r#"{"customer":{"id":17,"firstName":"[customer_name_1]","last_name":"[customer_name_2]","email":"[customer_email_3]","phone":"[customer_phone_4]","dob":"[customer_birth_date_5]","address":{"street":"[customer_address_6]","zip":"[customer_zip_7]","city":"[customer_place_8]","country":"US"}},"order":{"id":"4539-1488-0343-6467","total":12.5,"sku":"AB-1234567890","hash":"d670460b4b4aece5915caf5c68d12f560a9fe3e4"}}"#
        ]],
    );
}

#[test]
fn labels_beside_a_value_say_what_it_is() {
    check(
        json!({"telecom": [{"system": "phone", "value": "0155501"}, {"system": "email", "value": "a@b.io"}],
            "identifier": [{"type": {"text": "MRN"}, "value": "A-77812"}],
            "headers": [{"name": "From", "value": "Jo Doe <jo@doe.com>"}, {"name": "X-Id", "value": "9"}],
            "properties": [{"field": "Surname", "value": "Okafor"}],
            "tabs": [{"tabLabel": "Passport number", "value": "A07654321"},
                {"tabLabel": "Monthly rent", "value": "1850.00"}]}),
        expect![[
            r#"{"telecom":[{"system":"phone","value":"[phone_1]"},{"system":"email","value":"[email_2]"}],"identifier":[{"type":{"text":"MRN"},"value":"[medical_record_3]"}],"headers":[{"name":"From","value":"[name_4] <[email_5]>"},{"name":"X-Id","value":"9"}],"properties":[{"field":"Surname","value":"[name_6]"}],"tabs":[{"tabLabel":"Passport number","value":"[tab_passport_7]"},{"tabLabel":"Monthly rent","value":"1850.00"}]}"#
        ]],
    );
}

#[test]
fn what_is_shown_of_a_thing_is_no_persons_name() {
    check(
        json!([{"type": "User", "displayName": "Brightwater Ledger"},
            {"type": "AppInstance", "displayName": "Brightwater Ledger"},
            {"displayName": "Brightwater Ledger", "url": "/7"}]),
        expect![[
            r#"[{"type":"User","displayName":"[name_1]"},{"type":"AppInstance","displayName":"Brightwater Ledger"},{"displayName":"[name_1]","url":"/7"}]"#
        ]],
    );
}

#[test]
fn json_and_tables_inside_strings_are_looked_through() {
    check(
        json!({"body": "{\"user\":{\"email\":\"jo@doe.com\",\"n\":1}}",
            "csv": "id,last_name,phone\n1,Okafor,2125550100\n2,Li,2125550101\n",
            "log": "{\"email\":\"a@b.io\"}\n{\"email\":\"c@d.io\"}",
            "html": "<table><tr><th>Surname</th><th>Plan</th></tr><tr><td>Okafor</td><td>Pro</td></tr></table>"}),
        expect![[
            r#"{"body":"{\"user\":{\"email\":\"[user_email_1]\",\"n\":1}}","csv":"id,last_name,phone\n1,[name_2],[phone_3]\n2,[name_4],[phone_5]\n","log":"{\"email\":\"[log_email_6]\"}\n{\"email\":\"[log_email_7]\"}","html":"<table><tr><th>Surname</th><th>Plan</th></tr><tr><td>[name_2]</td><td>Pro</td></tr></table>"}"#
        ]],
    );
}

#[test]
fn dates_that_stand_alone_are_dates() {
    check(
        json!({"lastVisit": "2024-02-11", "seen": "2/11/2024", "next": "11.2.2024",
            "stay": "2024-02-11/2024-02-14", "createdAt": "2024-02-11", "part": "20-24-0211",
            "version": "4.17.21"}),
        expect![[
            r#"{"lastVisit":"[date_1]","seen":"[date_2]","next":"[date_3]","stay":"[date_1]/[date_4]","createdAt":"2024-02-11","part":"20-24-0211","version":"4.17.21"}"#
        ]],
    );
}

#[test]
fn numbers_and_keys_are_masked_too() {
    check(
        json!({"phone": 2_125_550_100_u64, "ssn": 123_456_789, "count": 2_125_550_100_u64,
            "card": 4_539_148_803_436_467_u64, "byMail": {"jo@doe.com": {"visits": 2}},
            "createdAt": 1_700_000_000_000_u64, "age": 93, "years": 93}),
        expect![[
            r#"{"phone":"[phone_1]","ssn":"[ssn_2]","count":2125550100,"card":"[credit_card_3]","byMail":{"[email_4]":{"visits":2}},"createdAt":1700000000000,"age":"[age_5]","years":93}"#
        ]],
    );
}

#[test]
fn what_looks_like_a_token_is_escaped() {
    check(
        json!({"note": "see [email_1] or jo@doe.com"}),
        expect![[r#"{"note":"see [\\email_1] or [email_1]"}"#]],
    );
}

#[test]
fn rules_mask_and_clear() {
    let mut settings = Settings::of(Profile::standard());
    settings.add_rules(None, &["$.patient.**"], &["$.order.email"]).unwrap();
    settings.add_rules(Some("crm"), &["$.**"], &[]).unwrap();
    settings.lists.push(WordList { kind: Kind::Custom, words: vec!["project falcon".to_owned()] });
    let value = json!({"patient": {"ward": "A3", "bed": 12, "up": true}, "order": {"email": "a@b.io",
        "key": "sk_live_4eC39HqLyjWDarjtT1zdp7dc"}, "note": "Project Falcon ships; falconry does not"});
    let shown = masked(settings, &value).unwrap();
    expect![[r#"{"patient":{"ward":"[patient_custom_1]","bed":"[patient_custom_2]","up":true},"order":{"email":"a@b.io","key":"[order_credential_3]"},"note":"[custom_4] ships; falconry does not"}"#]].assert_eq(&shown.to_string());
}

#[test]
fn profiles_differ() {
    let value = json!({"name": "Ada", "email": "a@b.io", "city": "Oz", "token": "none",
        "apiKey": "abcd1234efgh", "note": "Call the desk", "status": "active", "url": "https://u:pw@h.io/x"});
    let shown = ["off", "standard", "hipaa", "strict"].map(|name| {
        masked(Settings::of(Profile::named(name).unwrap()), &value).unwrap().to_string()
    });
    expect![[r#"
        {"name":"Ada","email":"a@b.io","city":"Oz","token":"none","apiKey":"[credential_1]","note":"Call the desk","status":"active","url":"https://u:[credential_2]@h.io/x"}
        {"name":"[name_1]","email":"[email_2]","city":"Oz","token":"none","apiKey":"[credential_3]","note":"Call the desk","status":"active","url":"https://u:[credential_4]@h.io/x"}
        {"name":"[name_1]","email":"[email_2]","city":"[place_3]","token":"none","apiKey":"[credential_4]","note":"Call the desk","status":"active","url":"[url_5]:[credential_6]@[url_7]"}
        {"name":"[name_1]","email":"[email_2]","city":"[place_3]","token":"[text_4]","apiKey":"[credential_5]","note":"[text_6]","status":"active","url":"[text_7]"}
    "#]].assert_eq(&(shown.join("\n") + "\n"));
}

#[test]
fn what_cannot_be_looked_at_is_withheld() {
    let limits = Limits { text_bytes: 20, depth: 3, nested: 1 };
    let reason = |value: Value| {
        let settings = Settings { limits, ..Settings::of(Profile::standard()) };
        masked(settings, &value).err().map(|withheld| withheld.to_string())
    };
    assert_eq!(reason(json!("12345678901234567890")), None);
    assert_eq!(reason(json!([[["x"]]])), None);
    assert_eq!(
        reason(json!("[\"[1,2]\"]")).as_deref(),
        Some("the value is withheld: JSON is inside JSON more than 1 times")
    );
    assert_eq!(
        reason(json!("123456789012345678901")).as_deref(),
        Some("the value is withheld: a text is longer than 20 bytes")
    );
    assert_eq!(
        reason(json!([[[["x"]]]])).as_deref(),
        Some("the value is withheld: its JSON is deeper than 3")
    );
    let unknown = Settings::of(Profile::standard());
    let lost = masked(
        unknown,
        &json!("J\u{fffd}\u{fffd}\u{fffd} \u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}e"),
    );
    assert_eq!(
        lost.unwrap_err().to_string(),
        "the value is withheld: a text is in an unknown character set"
    );
}

struct Broken;

impl Sink for Broken {
    fn replace(&mut self, _: &Found<'_>) -> Result<Option<String>, Withheld> {
        panic!("broken")
    }

    fn escape(&mut self, _: &str) -> Option<String> {
        None
    }
}

#[test]
fn a_panic_withholds() {
    let detector = Detector::new(Settings::of(Profile::standard())).unwrap();
    let withheld = detector.text("a@b.io", Place::default(), &mut Broken).unwrap_err();
    assert_eq!(withheld.to_string(), "the value is withheld: the detector failed on it");
}

#[test]
fn schemas_say_what_values_are() {
    let schema = json!({"properties": {"rows": {"items": {"$ref": "#/$defs/row"}}},
        "$defs": {"row": {"properties": {"c1": {"type": "string", "title": "Last name"},
            "c2": {"anyOf": [{"type": "string"}], "format": "email"}}}}});
    let mut value = json!({"rows": [{"c1": "Quux", "c2": "q@uux.org", "c3": "Quux"}]});
    let detector = Detector::new(Settings::of(Profile::standard())).unwrap();
    let place = Place { schema: Some(&schema), ..Place::default() };
    detector.json(&mut value, place, &mut Tokens::default()).unwrap();
    expect![[r#"{"rows":[{"c1":"[name_1]","c2":"[email_2]","c3":"Quux"}]}"#]]
        .assert_eq(&value.to_string());
}
