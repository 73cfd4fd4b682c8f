//! What is right for each ticket, and whether what the servers received is that.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::{Check, Effect};

use super::{
    facts::{Facts, Kind, Outcome, Ticket},
    tables::money,
};

/// The day in words.
pub fn headline(facts: &Facts) -> String {
    let answer = answer(facts);
    format!(
        "{} tickets answered: {} EUR refunded; by outcome {}; by category {}.",
        facts.tickets.len(),
        answer["refunded"].as_str().unwrap_or_default(),
        answer["outcomes"],
        answer["categories"]
    )
}

fn outcome_name(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Refunded(_) => "refunded",
        Outcome::Escalated => "escalated",
        Outcome::Declined => "declined",
        Outcome::Informed => "informed",
        Outcome::Routed => "routed",
    }
}

fn queue(kind: Kind, outcome: Outcome) -> &'static str {
    match (kind, outcome) {
        (_, Outcome::Escalated) => "leads",
        (Kind::Invoice, _) => "billing",
        (Kind::Address, _) => "logistics",
        _ => "solved",
    }
}

fn answer(facts: &Facts) -> Value {
    let (mut outcomes, mut categories) = (BTreeMap::new(), BTreeMap::new());
    let mut cents = 0;
    for ticket in &facts.tickets {
        let outcome = facts.outcome(ticket);
        *outcomes.entry(outcome_name(outcome)).or_insert(0) += 1;
        *categories.entry(ticket.kind.name()).or_insert(0) += 1;
        if let Outcome::Refunded(amount) = outcome {
            cents += amount;
        }
    }
    json!({ "outcomes": outcomes, "categories": categories, "refunded": money(cents) })
}

/// Whether `given`, the answer, and what the servers received are right.
pub fn check(facts: &Facts, given: &Value, effects: &[Effect]) -> Vec<Check> {
    let each = |what: &str,
                tool: &str,
                expected: &dyn Fn(&Ticket) -> Option<Value>,
                show: fn(&Effect) -> Value| {
        let mut actual: Vec<String> =
            effects.iter().filter(|it| it.tool == tool).map(|it| show(it).to_string()).collect();
        let mut wanted: Vec<String> =
            facts.tickets.iter().filter_map(expected).map(|it| it.to_string()).collect();
        actual.sort();
        wanted.sort();
        first_difference(what, &actual, &wanted)
    };
    let all = |effect: &Effect| Value::Object(effect.arguments.clone());
    let account = |ticket: &Ticket| facts.customers[ticket.customer].id.clone();
    let number = |ticket: &Ticket| facts.orders[ticket.order].number.to_string();
    let refunds = |ticket: &Ticket| match facts.outcome(ticket) {
        Outcome::Refunded(amount) => Some(json!({
            "order_number": number(ticket), "amount": money(amount), "reason": ticket.kind.name()
        })),
        _ => None,
    };
    vec![
        each(
            "each ticket is triaged to its category and queue",
            "triage_ticket",
            &|ticket| {
                let queue = queue(ticket.kind, facts.outcome(ticket));
                let category = ticket.kind.name();
                Some(json!({ "ticket_id": ticket.id, "category": category, "queue": queue }))
            },
            all,
        ),
        each(
            "each refund is the rule's, to the cent, and there is no other",
            "create_refund",
            &refunds,
            all,
        ),
        each(
            "each customer's history has how it ended",
            "add_customer_note",
            &|ticket| {
                let outcome = outcome_name(facts.outcome(ticket));
                let (id, account) = (&ticket.id, account(ticket));
                Some(json!({ "account_id": account, "ticket_id": id, "outcome": outcome }))
            },
            all,
        ),
        replies(facts, effects),
        Check::equal("the user is told the right numbers", given, &answer(facts)),
    ]
}

fn first_difference(what: &str, actual: &[String], expected: &[String]) -> Check {
    let wrong = actual.iter().zip(expected).find(|(actual, expected)| actual != expected);
    let wrong = match wrong {
        Some((actual, expected)) => Some(format!("there is {actual}, not {expected}")),
        None if actual.len() == expected.len() => None,
        None => Some(format!("there are {}, not {}", actual.len(), expected.len())),
    };
    Check { what: what.to_owned(), wrong }
}

/// Each ticket has one reply, which names the order and what comes of it.
fn replies(facts: &Facts, effects: &[Effect]) -> Check {
    let what = "each customer has one reply that names the order and what comes of it".to_owned();
    let mut replies: Vec<&Effect> =
        effects.iter().filter(|it| it.tool == "reply_to_ticket").collect();
    for ticket in &facts.tickets {
        let id = json!(ticket.id);
        let at = replies.iter().position(|reply| reply.arguments["ticket_id"] == id);
        let Some(reply) = at.map(|at| replies.swap_remove(at)) else {
            return Check { what, wrong: Some(format!("`{}` has no reply", ticket.id)) };
        };
        let text = reply.arguments["body_html"].as_str().unwrap_or_default();
        let order = &facts.orders[ticket.order];
        let said = match facts.outcome(ticket) {
            Outcome::Refunded(amount) => money(amount),
            Outcome::Escalated => "team lead".to_owned(),
            Outcome::Declined => "cannot refund".to_owned(),
            Outcome::Informed => order.state().to_owned(),
            Outcome::Routed => queue(ticket.kind, Outcome::Routed).to_owned(),
        };
        if !text.contains(&order.number.to_string()) || !text.contains(&said) {
            let wrong = format!(
                "the reply to `{}` lacks the order or `{said}`: \
             {text}",
                ticket.id
            );
            return Check { what, wrong: Some(wrong) };
        }
    }
    let wrong = (!replies.is_empty()).then(|| format!("{} replies are too many", replies.len()));
    Check { what, wrong }
}
