//! The job as a user asks for it, and as an agent does it with Workroom: the clear tickets by code,
//! the others read by the model.

use std::fmt::Write as _;

use crate::{Job, Step};

const PROMPT: &str = "It is 2026-11-20. Answer all new tickets. For each: find the account by the \
    e-mail address, and the order by its number in the text, or else the customer's latest one. \
    Set the category. If it is damaged, wrong_item, late or changed_mind, apply the refund rule \
    of that name: not delivered or past the window (with the extra days of gold customers) is \
    `declined`; above the cap is `escalated`, to the queue leads; else refund it. For where_is_it \
    tell the order's state (`informed`). Pass invoice on to billing and address to logistics \
    (`routed`). The queue is solved where nobody else goes on. Reply to each with the order's \
    number and what comes of it: the amount, `a team lead`, `we cannot refund`, the state, or the \
    queue. Leave a note with the outcome. Tell me how many there are of each outcome and \
    category, and how much was refunded.";

/// The job of the world `support`.
pub fn job() -> Job {
    let search = |query: &str, limit| Step::Search { query: query.to_owned(), limit };
    Job {
        prompt: PROMPT.to_owned(),
        steps: vec![
            search("list tickets by status", 1),
            search("triage ticket, reply to ticket", 2),
            search("find account by e-mail", 1),
            search("list orders of an account", 1),
            search("list refund rules", 1),
            search("create refund", 1),
            search("add customer note", 1),
            Step::Run(include_str!("day.ts").to_owned()),
            Step::Then(rest),
        ],
    }
}

/// The script of one who has read the tickets that the first one could not sort.
fn rest(told: &str) -> String {
    let begin = told.find("\n[").unwrap_or(told.len());
    let tickets: Vec<(String, String)> =
        serde_json::from_str(told[begin..].trim()).unwrap_or_default();
    let mut decided = String::new();
    for (id, text) in tickets {
        let _ = write!(decided, "'{id}': '{}', ", understand(&text));
    }
    format!(
        "const read = {{ {decided}}};\n\
         await Promise.all(Object.keys(read).map(id => handle(unclear[id], read[id])));\n\
         return {{ outcomes, categories, refunded: (cents / 100).toFixed(2) }};"
    )
}

/// What a reader takes a ticket to be about. It stands in for the model, both ways.
pub(super) fn understand(text: &str) -> &'static str {
    const SIGNS: [(&str, &[&str]); 7] = [
        ("damaged", &["broken", "crack", "damaged", "halves", "piece of it stayed"]),
        ("wrong_item", &["wrong", "unpacked"]),
        ("changed_mind", &["changed my mind", "no longer need", "sister gave me"]),
        ("late", &["too late", "late again", "birthday was"]),
        ("where_is_it", &["where is", "tracking", "looking out of the window"]),
        ("invoice", &["invoice", "tax adviser"]),
        ("address", &["new address", "strangers at my door"]),
    ];
    let has = |signs: &[&str]| signs.iter().any(|sign| text.contains(sign));
    SIGNS.iter().find(|(_, signs)| has(signs)).map_or("where_is_it", |(kind, _)| kind)
}
