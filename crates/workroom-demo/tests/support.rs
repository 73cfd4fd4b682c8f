//! The world `support`: its servers, and its traditional way.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod playing;

use playing::{check_definitions, check_right, seen};
use workroom_demo::{WorldName, support};

#[test]
fn each_definition_can_be_read() {
    assert_eq!(check_definitions(WorldName::Support, support::SEED), 45);
}

#[tokio::test]
async fn call_by_call_the_job_is_right_in_every_world() {
    for seed in [support::SEED, 0, 3, u64::MAX] {
        check_right(WorldName::Support, seed).await;
    }
}

#[test]
fn an_agent_has_seen_every_function_that_its_script_calls() {
    let seen = seen(WorldName::Support, support::SEED);
    assert!(seen.contains("requester: { "), "{seen}");
    for function in [
        "listTickets",
        "triageTicket",
        "replyToTicket",
        "findAccount",
        "listOrders",
        "listRefundRules",
        "createRefund",
        "addCustomerNote",
    ] {
        assert!(seen.contains(&format!("  {function}(")), "{function} was not seen in\n{seen}");
    }
}
