//! What may be asked about a value, and what is answered.

#![allow(clippy::unwrap_used, reason = "a test fails by it")]

mod common;

use common::Session;
use expect_test::{Expect, expect};
use serde_json::{Value, json};
use workroom_pii::Kind;
use workroom_privacy::{
    Act, Direction, Kinds, Masker,
    compute::{ComputeError, Question, ask},
};

/// 2026-01-01.
const TODAY: i64 = 1_767_225_600_000;

fn filled() -> Session {
    let mut session = Session::new();
    session.mask(
        "ehr",
        json!([
            { "name": "Mary Ann Smith", "phone": "+1 212-555-0100", "dob": "1980-03-31" },
            { "name": "Zed Abel", "ssn": "078-05-1120", "dob": "03/31/1930" },
            "Mary@Example.org",
        ]),
    );
    session
}

fn answer(
    session: &mut Session,
    question: Question,
    arguments: &Value,
) -> Result<Value, ComputeError> {
    let arguments = arguments.as_object().unwrap();
    ask(&mut session.vault, &session.mint, &session.policy, question, arguments, TODAY).outcome
}

#[track_caller]
fn check(question: Question, arguments: &Value, expected: &Expect) {
    let answer = answer(&mut filled(), question, arguments);
    expected.assert_eq(&answer.map_or_else(|error| error.to_string(), |value| value.to_string()));
}

#[test]
fn parts_that_identify_nobody_are_told() {
    check(Question::Domain, &json!({ "token": "[email_1]" }), &expect![[r#""example.org""#]]);
    check(Question::Last4, &json!({ "token": "[phone_1]" }), &expect![[r#""0100""#]]);
    check(Question::Year, &json!({ "token": "[birth_date_1]" }), &expect!["1980"]);
    check(Question::Age, &json!({ "token": "[birth_date_1]" }), &expect!["45"]);
    check(Question::Age, &json!({ "token": "[birth_date_2]" }), &expect!["90"]);
    check(Question::Initials, &json!({ "token": "[name_1]" }), &expect![[r#""MAS""#]]);
    check(
        Question::Year,
        &json!({ "token": "[birth_date_2]" }),
        &expect![
            "`pii.year` has no answer for `[birth_date_2]`: it is no date, or of a person of 90 years or more"
        ],
    );
}

#[test]
fn what_is_not_allowed_says_what_would_allow_it() {
    check(
        Question::Last4,
        &json!({ "token": "[ssn_1]" }),
        &expect![[
            r#"`pii.last4` is not allowed for `[ssn_1]` (kind `ssn`); to allow it, put it under `[privacy.compute]` in workroom.toml: `last4 = ["ssn"]`"#
        ]],
    );
    check(
        Question::Domain,
        &json!({ "token": "[email_2]" }),
        &expect!["`[email_2]` is no token of this session"],
    );
    check(
        Question::Domain,
        &json!({ "token": "mary@example.org" }),
        &expect!["`mary@example.org` is no token of this session"],
    );
    check(
        Question::Same,
        &json!({ "token": "[email_1]" }),
        &expect!["`pii.same` takes two tokens"],
    );
    let mut session = filled();
    session.policy.compute.insert(Question::Last4, [Kind::Ssn].into_iter().collect());
    assert_eq!(
        answer(&mut session, Question::Last4, &json!({ "token": "[ssn_1]" })),
        Ok(json!("1120"))
    );
    session.policy.compute.insert(Question::Same, Kinds::NONE);
    assert!(
        answer(&mut session, Question::Same, &json!({ "token": "[ssn_1]", "other": "[ssn_1]" }))
            .is_err()
    );
}

#[test]
fn values_are_put_in_order_by_the_host() {
    check(Question::Sort, &json!({ "tokens": ["[name_2]", "[name_1]"] }), &expect!["[1,0]"]);
    check(
        Question::Sort,
        &json!({ "tokens": ["[birth_date_1]", "[birth_date_2]"] }),
        &expect!["[1,0]"],
    );
    check(Question::Sort, &json!({ "tokens": [] }), &expect!["[]"]);
    check(Question::Sort, &json!({ "tokens": ["x"] }), &expect!["`x` is no token of this session"]);
    let many = vec!["[name_1]"; 10_001];
    check(
        Question::Sort,
        &json!({ "tokens": many }),
        &expect!["`pii.sort` takes a list of at most 10000 tokens"],
    );
}

#[test]
fn a_value_that_the_agent_chose_is_no_measure_for_others() {
    let mut session = filled();
    let mut masker =
        Masker::new(Some(&mut session.vault), &session.mint, Kinds::ALL, Direction::In, 0);
    let token = masker.register(Kind::Name, "Nancy Smith").unwrap().unwrap();
    let sort = json!({ "tokens": ["[name_1]", token.as_str()] });
    let refused = answer(&mut session, Question::Sort, &sort).unwrap_err();
    assert_eq!(refused.code(), "pii_no_answer");
}

#[test]
fn a_value_in_another_form_is_a_token_of_its_own() {
    let mut session = filled();
    let mut format = |token: &str, pattern: &str| {
        let arguments = json!({ "token": token, "pattern": pattern });
        let made = answer(&mut session, Question::Format, &arguments);
        made.map(|made| session.reveal("ehr", made).unwrap()).map_err(|error| error.code())
    };
    assert_eq!(format("[birth_date_1]", "DD.MM.YYYY"), Ok(json!("31.03.1980")));
    assert_eq!(format("[name_1]", "{last}, {first}"), Ok(json!("Smith, Mary Ann")));
    assert_eq!(format("[phone_1]", "+# (###) ###-####"), Ok(json!("+1 (212) 555-0100")));
    assert_eq!(format("[email_1]", "lower"), Ok(json!("mary@example.org")));
    // A part could be compared with guesses until the whole is known.
    assert_eq!(format("[phone_1]", "#"), Err("pii_no_answer"));
    assert_eq!(format("[birth_date_1]", "YYYY"), Err("pii_no_answer"));
    assert_eq!(format("[name_1]", "{first}"), Err("pii_no_answer"));
    assert_eq!(format("[ssn_1]", "digits"), Err("pii_not_allowed"));
    assert_eq!(format("[name_1]", &"x".repeat(129)), Err("invalid_arguments"));
}

#[test]
fn every_question_is_recorded() {
    let mut session = filled();
    let mut acts = |question, arguments: Value| {
        let arguments = arguments.as_object().unwrap();
        let Session { vault, mint, policy } = &mut session;
        let answer = ask(vault, mint, policy, question, arguments, TODAY);
        answer.flows.into_iter().map(|flow| (flow.token, flow.act)).collect::<Vec<_>>()
    };
    assert_eq!(
        acts(Question::Same, json!({ "token": "[email_1]", "other": "[name_1]" })),
        [("[email_1]".to_owned(), Act::Asked), ("[name_1]".to_owned(), Act::Asked)]
    );
    assert_eq!(
        acts(Question::Last4, json!({ "token": "[ssn_1]" })),
        [("[ssn_1]".to_owned(), Act::Denied)]
    );
}
