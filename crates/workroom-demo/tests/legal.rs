//! The world `legal`: its servers, its transcript, and its traditional way.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod playing;

use playing::{Play, check_definitions, check_right, seen};
use serde_json::json;
use workroom_demo::{Backend, WorldName, legal};
use workroom_ledger::tokens;

#[test]
fn six_systems_have_more_than_110_tools_and_each_definition_can_be_read() {
    let count = check_definitions(WorldName::Legal, legal::SEED);
    assert!(count >= 110, "{count}");
}

#[test]
fn the_transcript_has_about_40_000_tokens() {
    for seed in [legal::SEED, 3] {
        let mut documents = Backend::new("legal/documents".parse().unwrap(), seed);
        let find = json!({ "kind": "Transcript" });
        let found = documents.call("list_documents", find.as_object().unwrap()).unwrap();
        let id = json!({ "document_id": found["documents"][0]["id"] });
        let text = documents.call("get_document_text", id.as_object().unwrap()).unwrap();
        let pages = text["pages"].as_array().unwrap();
        let count: usize = pages.iter().map(|page| tokens(page["text"].as_str().unwrap())).sum();
        assert!((39_000..=41_000).contains(&count), "{count} tokens");
    }
}

#[tokio::test]
async fn call_by_call_the_job_is_right_in_every_world() {
    for seed in [legal::SEED, 0, 3, 11, u64::MAX] {
        check_right(WorldName::Legal, seed).await;
    }
}

#[tokio::test]
async fn what_is_not_as_the_truth_has_it_is_told() {
    let play = Play::new(WorldName::Legal, 3);
    let answer = play.traditional().await;
    let mut effects = play.effects();
    let event = effects.iter_mut().find(|effect| effect.tool == "create_event").unwrap();
    event.arguments["start"] = json!({ "date": "2026-01-01" });
    let wrong: Vec<String> = WorldName::Legal
        .check(3, &answer, &effects)
        .into_iter()
        .filter_map(|check| check.wrong.map(|_| check.what))
        .collect();
    assert_eq!(wrong, ["each deadline is in the litigation calendar once, on its court day"]);
}

#[test]
fn an_agent_has_seen_every_function_that_its_script_calls() {
    let seen = seen(WorldName::Legal, legal::SEED);
    for function in [
        "getMatter",
        "listDocuments",
        "getDocumentText",
        "createDocument",
        "listCourtHolidays",
        "createEvent",
        "listContacts",
        "logActivity",
        "sendMessage",
    ] {
        assert!(seen.contains(&format!("  {function}(")), "{function} was not seen in\n{seen}");
    }
    for field in ["key_terms", "due; ", "preferred_email", "pages: { page"] {
        assert!(seen.contains(field), "{field} was not seen in\n{seen}");
    }
}
