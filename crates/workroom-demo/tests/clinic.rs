//! The world `clinic`: its servers, its traditional way, and what a model sees in it.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod playing;

use playing::{Play, check_definitions, check_right, seen};
use workroom_demo::{WorldName, clinic};

#[test]
fn each_definition_can_be_read() {
    assert_eq!(check_definitions(WorldName::Clinic, clinic::SEED), 25);
}

#[tokio::test]
async fn call_by_call_the_job_is_right_in_every_world() {
    for seed in [clinic::SEED, 0, u64::MAX] {
        check_right(WorldName::Clinic, seed).await;
    }
}

#[tokio::test]
async fn one_wrong_value_in_one_record_is_found() {
    let play = Play::new(WorldName::Clinic, 1);
    let answer = play.traditional().await;
    let mut effects = play.effects();
    let last = effects.iter_mut().rfind(|effect| effect.tool == "register_referral").unwrap();
    last.arguments["zip"] = "97000".into();
    let checks = WorldName::Clinic.check(1, &answer, &effects);
    let wrong = checks.iter().filter(|check| check.wrong.is_some()).count();
    assert_eq!(wrong, 1, "{checks:?}");
}

#[tokio::test]
async fn what_a_model_sees_of_the_patients_is_counted() {
    let facts = clinic::Facts::new(1);
    let play = Play::new(WorldName::Clinic, 1);
    let answer = play.traditional().await;
    let (values, all) = clinic::seen(&facts, &answer.to_string());
    // The one record that the job shows, and whatever other patients share with that patient.
    assert!((7..20).contains(&values) && all > 3_000, "{values} of {all}");
    assert_eq!(clinic::seen(&facts, r#"{"given":"[given_1]"}"#).0, 0);
}

#[test]
fn an_agent_has_seen_every_function_that_its_script_calls() {
    let seen = seen(WorldName::Clinic, clinic::SEED);
    for function in ["listReferrals", "getPatient", "markReferralSent", "sendEmail"] {
        assert!(seen.contains(&format!("  {function}(")), "{function} was not seen in\n{seen}");
    }
}
