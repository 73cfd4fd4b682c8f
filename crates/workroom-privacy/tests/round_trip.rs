//! Masking and revealing: what comes back, what does not, and why.

#![allow(clippy::unwrap_used, reason = "a test fails by it")]

mod common;

use std::collections::BTreeSet;

use common::{Session, Simple};
use expect_test::expect;
use serde_json::{Value, json};
use workroom_pii::{Kind, Place};
use workroom_privacy::{Direction, Kinds, Masker, Mint, RevealError, Used, VaultError};

/// Masks `input`, compares with `expected`, and checks that revealing gives `input` back.
#[track_caller]
fn check(input: &Value, expected: &Value) {
    let mut session = Session::new();
    let masked = session.mask("crm", input.clone());
    assert_eq!(masked, *expected);
    assert_eq!(session.reveal("crm", masked).unwrap(), *input);
}

#[test]
fn masking_and_revealing_is_doing_nothing() {
    check(&json!("hello"), &json!("hello"));
    check(&json!("ada@x.org"), &json!("[email_1]"));
    check(&json!("<ada@x.org>, bob@x.org"), &json!("<[email_1]>, [email_2]"));
    check(
        &json!({ "customer": { "name": "Ada Lovelace", "mail": "ada@x.org" } }),
        &json!({ "customer": { "name": "[customer_name_1]", "mail": "[customer_email_1]" } }),
    );
    check(&json!({ "ada@x.org": [1, null, true] }), &json!({ "[email_1]": [1, null, true] }));
    check(&json!({ "note": "sk-12345 it is" }), &json!({ "note": "[credential_1] it is" }));
}

#[test]
fn a_forged_token_is_escaped_and_comes_back_as_it_was() {
    check(
        &json!("[email_1] is ada@x.org, not [~email_1] nor [email_12]"),
        &json!("[~email_1] is [email_1], not [~~email_1] nor [~email_12]"),
    );
    check(&json!("[[email_1]] [row_1] [EMAIL_1]"), &json!("[[~email_1]] [row_1] [EMAIL_1]"));
    check(&json!("[~ada@x.org]"), &json!("[~[email_1]]"));
    check(&json!("[customer_ada@x.org_1]"), &json!("[[email_1]]"));
}

#[test]
fn any_text_comes_back() {
    let parts = [
        "ada@x.org",
        "[email_1]",
        "[~email_2]",
        "[",
        "]",
        "~",
        "_",
        "1",
        "é",
        "\u{1f600}",
        " ",
        "\"",
        "\\",
        "{\"a\":\"",
        "\"}",
        "bob@y.org",
        "sk-abc",
        "\n",
        "[name_3]",
        "email",
        "_2]",
    ];
    let mut random = fastrand::Rng::with_seed(1);
    for _ in 0..500 {
        let mut session = Session::new();
        let text: String =
            (0..random.usize(0..12)).map(|_| *random.choice(&parts).unwrap()).collect();
        let input = json!({ "a": [text.clone(), { "name": text.clone() }], "b": text });
        let masked = session.mask("crm", input.clone());
        let shown = masked.to_string();
        assert!(!shown.contains("x.org"), "{shown}");
        // Text that is JSON may be written differently inside, and means the same.
        let revealed = session.reveal("crm", masked).unwrap();
        assert_eq!(revealed, input, "{shown}");
    }
}

#[test]
fn what_code_sees_does_not_depend_on_the_values() {
    let mut random = fastrand::Rng::with_seed(2);
    let mut seen = BTreeSet::new();
    for _ in 0..1_000 {
        let mut session = Session::new();
        let mut word = |most: usize| -> String {
            (0..random.usize(1..most)).map(|_| random.alphabetic()).collect()
        };
        // Of any length and order, and different from each other.
        let rows = (0..4).map(|n| {
            json!({ "name": format!("{} {n}", word(40)), "mail": format!("{}{n}@{}", word(9), word(30)) })
        });
        let rows = Value::Array(rows.collect());
        seen.insert(session.mask("crm", rows).to_string());
    }
    assert_eq!(seen.len(), 1, "so nothing can be learned from it");
}

#[test]
fn equal_values_have_one_token_across_servers() {
    let mut session = Session::new();
    let first = session.mask("crm", json!({ "name": "Ada Núñez", "phone": "+1 (212) 555-0100" }));
    let second = session
        .mask("shop", json!({ "name": "ada  nu\u{301}n\u{303}ez", "phone": 2_125_550_100_u64 }));
    assert_eq!(first, second);
    let both = session.mask("shop", json!(["Bob@X.com", "bob@x.com"]));
    assert_eq!(both, json!(["[email_1]", "[email_1]"]));
    // What is restored is the form that was seen first.
    assert_eq!(session.reveal("shop", both).unwrap(), json!(["Bob@X.com", "Bob@X.com"]));
}

#[test]
fn a_value_in_the_vault_is_found_where_no_recogniser_knows_it() {
    let mut session = Session::new();
    session.mask("crm", json!({ "patient": { "name": "Ada Lovelace" } }));
    let error = session.mask("mail", json!("no such user: ADA LOVELACE (lovelace-ada, Adam)"));
    assert_eq!(error, json!("no such user: [patient_name_1] (lovelace-ada, Adam)"));
    // A word that is a name is a word, too.
    session.mask("crm", json!({ "name": "Brown" }));
    assert_eq!(
        session.mask("crm", json!("a brown fox, said Brown")),
        json!("a brown fox, said [name_2]")
    );
}

#[test]
fn a_value_goes_back_to_where_it_came_from_and_to_where_it_may() {
    let mut session = Session::new();
    let masked = session.mask("crm", json!("ada@x.org"));
    assert_eq!(session.reveal("crm", masked.clone()).unwrap(), json!("ada@x.org"));
    let refused = session.reveal("mailer", masked.clone()).unwrap_err();
    expect!["`[email_1]` may not go to `mailer.set`: a value of kind `email` that came from `crm` goes back there and nowhere else; to allow it, put `mailer = [\"email\"]` under `[privacy.reveal]` in workroom.toml"].assert_eq(&refused.to_string());
    let allow = |session: &mut Session, key: &str, kinds: &[&str]| {
        session.policy.reveal.insert(key.to_owned(), Kinds::read(kinds.iter().copied()).unwrap());
    };
    allow(&mut session, "mailer", &["name"]);
    let refused = session.reveal("mailer", masked.clone()).unwrap_err();
    assert!(refused.to_string().contains("`mailer = [\"email\", \"name\"]`"), "{refused}");
    allow(&mut session, "mailer.set", &["email"]);
    assert!(session.reveal("mailer", masked.clone()).is_ok());
    allow(&mut session, "mailer.set", &[]);
    assert!(session.reveal("mailer", masked.clone()).is_err());
    allow(&mut session, "crm", &["*"]);
    assert!(session.reveal("crm", masked.clone()).is_ok());
    allow(&mut session, "crm", &[]);
    assert!(session.reveal("crm", masked).is_err());
    assert_eq!(Kinds::read(["nmae"]).unwrap_err().name, "nmae");
}

#[test]
fn only_exact_tokens_of_this_session_are_restored() {
    let mut session = Session::new();
    for n in 1..=12 {
        session.mask("crm", json!(format!("u{n}@x.org")));
    }
    let check = |text: &str, expected: Result<&str, &str>| {
        let revealed = session.reveal("crm", json!(text));
        let revealed = revealed.map(|value| value.as_str().unwrap().to_owned());
        let revealed = revealed.map_err(|error| error.code().to_owned());
        assert_eq!(revealed, expected.map(str::to_owned).map_err(str::to_owned), "{text}");
    };
    check("to [email_12] cc [email_1]", Ok("to u12@x.org cc u1@x.org"));
    check("x[email_1]2", Ok("xu1@x.org2"));
    check("[email_13]", Err("unknown_token"));
    check("[customer_email_1]", Err("unknown_token"));
    check("[row_1] [EMAIL] [Email_99] email_1 is", Ok("[row_1] [EMAIL] [Email_99] email_1 is"));
    for altered in [
        "[EMAIL_1]",
        "[Email_1]",
        "&#91;email_1&#93;",
        "&#x5B;email_1&#x5D;",
        "&lsqb;email_1&rsqb;",
        "%5Bemail_1%5D",
        "\\[email_1\\]",
        "[email_1",
        "email_1]",
        "email_1",
        "write to [emai",
        "W2VtYWlsXzFd",
        "5b656d61696c5f315d",
        "［email_1］",
        "\\u005bemail_1\\u005d",
    ] {
        check(altered, Err("altered_token"));
    }
    let altered = session.reveal("crm", json!("[EMAIL_1]")).unwrap_err();
    expect!["`[email_1]` cannot be restored, because its letters were changed: pass it as it is, whole and in its brackets"].assert_eq(&altered.to_string());
    let unknown = session.reveal("crm", json!("[email_13]")).unwrap_err();
    expect!["`[email_13]` is no token of this session: it was made up or forgotten, or is of another session or of one that ended; to send that very text, write `[~email_13]`"].assert_eq(&unknown.to_string());
    check("[~email_13]", Ok("[email_13]"));
}

#[test]
fn a_value_is_put_in_as_data_and_never_read_again() {
    let mut session = Session::new();
    let hostile = "\"},{\"x\":\"[email_1]";
    session.mask("crm", json!("ada@x.org"));
    let token = session.mask("crm", json!({ "name": hostile }))["name"].clone();
    assert_eq!(token, json!("[name_1]"));
    // In a string: the text itself, and what looks like a token in it stays that.
    assert_eq!(
        session.reveal("crm", json!("a [name_1] b")).unwrap(),
        json!(format!("a {hostile} b"))
    );
    // In JSON in a string, and in JSON in that: one string each time.
    let inner = json!({ "to": "[name_1]", "n": 1.50 }).to_string();
    let outer = json!([{ "body": inner, "[name_1]": [] }]).to_string();
    let revealed = session.reveal("crm", json!(outer)).unwrap();
    let outer: Value = serde_json::from_str(revealed.as_str().unwrap()).unwrap();
    assert_eq!(outer[0][hostile], json!([]));
    let inner: Value = serde_json::from_str(outer[0]["body"].as_str().unwrap()).unwrap();
    assert_eq!(inner, json!({ "to": hostile, "n": 1.5 }));
}

#[test]
fn tokens_in_long_lists_and_keys_are_restored() {
    let mut session = Session::with_room_for(20_000, 1 << 20);
    let list: Vec<Value> = (0..10_000).map(|n| json!(format!("u{n}@x.org"))).collect();
    let masked = session.mask("crm", Value::Array(list.clone()));
    let small = |list: &Value| json!(list.as_array().unwrap()[..2_000]);
    assert_eq!(session.reveal("crm", small(&masked)).unwrap(), small(&json!(list)));
    // 64 KiB of values is what the test's session allows.
    let too_much = session.reveal("crm", masked).unwrap_err();
    assert_eq!(too_much, RevealError::TooLarge { most: 1 << 16 });
    let keys = json!({ "[email_1]": 1, "[email_2]": { "[email_1]": 2 } });
    let expected = json!({ "u0@x.org": 1, "u1@x.org": { "u0@x.org": 2 } });
    assert_eq!(session.reveal("crm", keys).unwrap(), expected);
    let same = session.reveal("crm", json!({ "[email_1]": 1, "u0@x.org": 2 })).unwrap_err();
    assert_eq!(same.code(), "same_key");
}

#[test]
fn a_number_is_restored_as_one_where_the_schema_asks() {
    let mut session = Session::new();
    let masked = session.mask("crm", json!({ "ssn": 123_456_789 }))["ssn"].clone();
    let check = |kind: Value, expected: Value| {
        let schema = json!({ "properties": { "it": { "items": kind } } });
        let revealed = session.reveal_as("crm", Some(&schema), json!([masked])).unwrap();
        assert_eq!(revealed, json!([expected]));
    };
    check(json!({ "type": "integer" }), json!(123_456_789));
    check(json!({ "type": ["number", "null"] }), json!(123_456_789));
    check(json!({ "anyOf": [{ "type": "number" }, { "type": "null" }] }), json!(123_456_789));
    check(json!({ "type": ["number", "string"] }), json!("123456789"));
    check(json!({ "type": "string" }), json!("123456789"));
    check(json!({}), json!("123456789"));
}

#[test]
fn what_goes_to_the_agent_keeps_its_tokens_and_loses_what_is_beside_them() {
    let mut session = Session::new();
    let masked = session.mask("crm", json!(["ada@x.org", "[email_9]"]));
    let out = json!({ "a": masked, "b": "bob@x.org and [email_1]" });
    let out = session.try_mask("", out, Direction::Out).unwrap();
    assert_eq!(out, json!({ "a": ["[email_1]", "[~email_9]"], "b": "[email_2] and [email_1]" }));
}

#[test]
fn a_full_vault_refuses_and_keeps_what_it_has() {
    let mut session = Session::with_room_for(2, 100);
    session.mask("crm", json!(["a@x.org", "b@x.org"]));
    let withheld = session.try_mask("crm", json!(["a@x.org", "c@x.org"]), Direction::In);
    expect!["the value is withheld: the session's vault is full: it holds 2 values (`sandbox.vault_values` is 2)"].assert_eq(&withheld.unwrap_err().to_string());
    assert_eq!(session.mask("crm", json!("b@x.org")), json!("[email_2]"));
    let mut session = Session::with_room_for(10, 14);
    session.mask("crm", json!(["a@x.org", "b@x.org"]));
    let withheld = session.try_mask("crm", json!("c@x.org"), Direction::In).unwrap_err();
    assert!(withheld.reason.contains("`sandbox.vault_mib`"), "{withheld}");
}

#[test]
fn a_detector_that_fails_withholds() {
    let mut session = Session::new();
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let withheld = session.try_mask("crm", json!(["ada@x.org", "panic!"]), Direction::In);
    std::panic::set_hook(hook);
    expect!["the value is withheld: the detector of personal data failed"]
        .assert_eq(&withheld.unwrap_err().to_string());
    // And the vault is as good as before.
    assert_eq!(session.mask("crm", json!("bob@x.org")), json!("[email_2]"));
}

#[test]
fn without_a_vault_the_first_finding_asks_for_one() {
    let mint = Mint::new(|bytes| bytes.fill(0));
    let mut masker = Masker::new(None, &mint, Kinds::ALL, Direction::In, 0);
    assert_eq!(masker.text(&Simple, "nothing here", Place::default()), Ok(None));
    assert!(!masker.wants_vault());
    assert!(masker.text(&Simple, "ada@x.org", Place::default()).is_err());
    assert!(masker.wants_vault());
}

#[test]
fn a_vault_is_read_back_from_what_was_minted_and_numbers_go_on() {
    let mut session = Session::new();
    let masked =
        session.mask("crm", json!({ "customer": { "name": "Ada L", "mail": "ada@x.org" } }));
    let minted = session.mint.drain();
    assert!(
        minted.iter().all(|it| !it.body.windows(3).any(|part| part == b"ada" || part == b"Ada"))
    );
    let mut other = Session::new();
    for it in &minted {
        other.vault.load(it.token.as_str(), it.mark, &it.body).unwrap();
    }
    let next: Vec<(Kind, u32)> = minted.iter().map(|it| (it.kind, it.number + 1)).collect();
    other.mint.restart(&next);
    let again = other.mask("crm", json!({ "name": "ADA L", "mail": "bob@x.org" }));
    assert_eq!(again, json!({ "name": "[customer_name_1]", "mail": "[email_2]" }));
    assert_eq!(other.reveal("crm", masked).unwrap()["customer"]["mail"], json!("ada@x.org"));
    let mut damaged = minted[0].body.clone();
    damaged[20] ^= 1;
    let mut third = Session::new();
    assert!(third.vault.load(minted[0].token.as_str(), minted[0].mark, &damaged).is_err());
}

/// Masks a text, and gives what it uses.
fn using(session: &mut Session, text: &str) -> (Value, Used) {
    let place = Place { server: "crm", tool: "get", schema: None };
    let (vault, mint) = (Some(&mut session.vault), &session.mint);
    let mut masker = Masker::new(vault, mint, Kinds::ALL, Direction::In, 0);
    let mut value = json!(text);
    masker.json(&Simple, &mut value, place).unwrap();
    (value, masker.into_found().0)
}

#[test]
fn what_was_not_stored_can_be_dropped_and_is_minted_anew() {
    let mut session = Session::new();
    let (_, used) = using(&mut session, "ada@x.org");
    assert!(!used.are_stored(), "it is in the queue");
    session.mint.drain()[0].void();
    session.mint.restart(&[(Kind::Email, 40)]);
    assert!(!used.are_stored(), "it never will be");
    assert_eq!(session.reveal("crm", json!("[email_1]")).unwrap_err().code(), "unknown_token");
    let (masked, used) = using(&mut session, "ada@x.org");
    assert_eq!(masked, json!("[email_40]"));
    session.mint.drain()[0].stored();
    assert!(used.are_stored());
}

#[test]
fn a_number_that_is_given_again_does_not_vouch_for_its_first_value() {
    let mut session = Session::new();
    let (ada, of_ada) = using(&mut session, "ada@x.org");
    session.mint.drain()[0].void();
    session.mint.restart(&[(Kind::Email, 1)]);
    let (bob, of_bob) = using(&mut session, "bob@x.org");
    assert_eq!(ada, bob, "the same number");
    session.mint.drain()[0].stored();
    assert!(of_bob.are_stored() && !of_ada.are_stored());
    assert_eq!(using(&mut session, "ada@x.org").0, json!("[email_2]"));
    assert_eq!(session.reveal("crm", bob).unwrap(), json!("bob@x.org"));
    // The same within one text, between two of its values.
    let mut session = Session::new();
    let place = Place { server: "crm", tool: "get", schema: None };
    let (vault, mint) = (Some(&mut session.vault), &session.mint);
    let mut masker = Masker::new(vault, mint, Kinds::ALL, Direction::In, 0);
    masker.json(&Simple, &mut json!("ada@x.org"), place).unwrap();
    mint.drain()[0].void();
    mint.restart(&[(Kind::Email, 1)]);
    masker.json(&Simple, &mut json!("bob@x.org"), place).unwrap();
    let (used, _) = masker.into_found();
    mint.drain()[0].stored();
    assert!(!used.are_stored());
}

#[test]
fn numbers_end() {
    let mut session = Session::new();
    session.mint.restart(&[(Kind::Email, 999_999_999)]);
    session.mask("crm", json!("ada@x.org"));
    let withheld = session.try_mask("crm", json!("bob@x.org"), Direction::In).unwrap_err();
    assert!(withheld.reason.contains(&VaultError::NoNumber("email").to_string()), "{withheld}");
}
