//! The job done the traditional way: each ticket is a conversation, four requests and an answer.
//!
//! A program stands in for the model. It makes no call too many, and calls together what does not
//! depend on one another.

use std::{collections::BTreeMap, error::Error};

use serde_json::{Value, json};

use crate::{Day, Fault, ToolCall};

use super::{facts::TICKETS, job::understand};

/// Today, as the job states it.
const TODAY: &str = "2026-11-20";

/// What is done with one ticket.
struct Decision {
    outcome: &'static str,
    queue: &'static str,
    text: String,
    refund: Option<i64>,
}

/// Does the day's tickets through `turn`, which makes some calls at once.
///
/// # Errors
///
/// A [`Fault`] where a call fails or answers what its tool does not promise.
pub async fn traditional<C, E>(turn: C) -> Result<Value, Fault<E>>
where
    C: AsyncFn(Vec<ToolCall>) -> Result<Vec<Value>, E>,
    E: Error + 'static,
{
    let (mut outcomes, mut categories) = (BTreeMap::new(), BTreeMap::new());
    let mut cents = 0;
    for index in 0..TICKETS {
        // The help desk opens a conversation for each ticket, with its id.
        turn(Vec::new()).await.map_err(Fault::Call)?;
        let (category, decision) = one(&turn, &format!("T-{}", 48_000 + index)).await?;
        *outcomes.entry(decision.outcome).or_insert(0) += 1;
        *categories.entry(category).or_insert(0) += 1;
        cents += decision.refund.unwrap_or_default();
    }
    Ok(json!({ "outcomes": outcomes, "categories": categories, "refunded": money(cents) }))
}

fn money(cents: i64) -> String {
    format!("{}.{:02}", cents / 100, cents % 100)
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// `12.50` is 1250.
fn cents(value: &Value) -> Option<i64> {
    let (whole, part) = text(value).split_once('.')?;
    Some(whole.parse::<i64>().ok()? * 100 + part.parse::<i64>().ok()?)
}

async fn one<C, E>(turn: &C, id: &str) -> Result<(&'static str, Decision), Fault<E>>
where
    C: AsyncFn(Vec<ToolCall>) -> Result<Vec<Value>, E>,
    E: Error + 'static,
{
    let call = async |calls: Vec<ToolCall>| turn(calls).await.map_err(Fault::Call);
    let ticket = call(vec![ToolCall::new("desk", "get_ticket", &json!({ "ticket_id": id }))])
        .await?
        .remove(0);
    let body = text(&ticket["body_html"]);
    let category = understand(body);
    let email = text(&ticket["requester"]["email"]).to_lowercase();
    let mut calls = vec![ToolCall::new("accounts", "find_account", &json!({ "email": email }))];
    if ["damaged", "wrong_item", "late", "changed_mind"].contains(&category) {
        let reason = json!({ "reason": category });
        calls.push(ToolCall::new("refunds", "get_refund_rule", &reason));
    }
    let found = call(calls).await?;
    let (account, rule) = (&found[0], found.get(1));
    let own = json!({ "account_id": account["id"] });
    let orders = call(vec![ToolCall::new("orders", "list_orders", &own)]).await?.remove(0);
    let order = order(body, &orders).ok_or(Fault::Result("list_orders"))?;
    let decision =
        decide(category, order, account, rule).ok_or(Fault::Result("get_refund_rule"))?;
    call(actions(id, category, &ticket, account, order, &decision)).await?;
    Ok((category, decision))
}

/// The order that the text names, or the latest.
fn order<'o>(body: &str, orders: &'o Value) -> Option<&'o Value> {
    let orders = orders["items"].as_array()?;
    let named = body
        .split(|char: char| !char.is_ascii_digit())
        .find(|digits| digits.len() == 6 && digits.starts_with('1'));
    match named {
        Some(number) => orders.iter().find(|order| order["number"] == number),
        None => orders.iter().max_by_key(|order| text(&order["placed_at"]).parse::<i64>().ok()),
    }
}

fn decide(
    category: &str,
    order: &Value,
    account: &Value,
    rule: Option<&Value>,
) -> Option<Decision> {
    let plain = |outcome, queue: &'static str, text: String| {
        Some(Decision { outcome, queue, text, refund: None })
    };
    let Some(rule) = rule else {
        return match category {
            "invoice" => plain("routed", "billing", "we passed it on to billing".to_owned()),
            "address" => plain("routed", "logistics", "we passed it on to logistics".to_owned()),
            _ => {
                let (state, tracking) = (text(&order["state"]), text(&order["tracking"]));
                plain("informed", "solved", format!("it is {state}, tracking {tracking}"))
            }
        };
    };
    let number = |key: &str| text(&rule[key]).parse::<i64>().ok();
    let gold = if account["tier"] == "gold" { number("gold_extra_days")? } else { 0 };
    let window = i32::try_from(number("window_days")? + gold).ok()?;
    let written: Vec<i32> =
        text(&order["delivered_on"]).split('.').filter_map(|part| part.parse().ok()).collect();
    let is_within = match written[..] {
        [day, month, year] => {
            let day = Day::new(year, u32::try_from(month).ok()?, u32::try_from(day).ok()?)?;
            day.plus(window) >= Day::parse_iso(TODAY)?
        }
        _ => false,
    };
    if !is_within {
        return plain("declined", "solved", "we cannot refund it any more".to_owned());
    }
    let due = (cents(&order["total"]["value"])? * number("percent")? + 50) / 100;
    if due > cents(&rule["cap"])? {
        return plain("escalated", "leads", "a team lead will write to you".to_owned());
    }
    let text = format!("we have refunded {} EUR", money(due));
    Some(Decision { outcome: "refunded", queue: "solved", text, refund: Some(due) })
}

fn actions(
    id: &str,
    category: &str,
    ticket: &Value,
    account: &Value,
    order: &Value,
    decision: &Decision,
) -> Vec<ToolCall> {
    let triage = json!({ "ticket_id": id, "category": category, "queue": decision.queue });
    let name = text(&ticket["requester"]["name"]);
    let (number, what) = (text(&order["number"]), &decision.text);
    let body = format!("<p>Hello {name},</p><p>About order {number}: {what}.</p>");
    let reply = json!({ "ticket_id": id, "body_html": body });
    let outcome = decision.outcome;
    let note = json!({ "account_id": account["id"], "ticket_id": id, "outcome": outcome });
    let mut calls = vec![
        ToolCall::new("desk", "triage_ticket", &triage),
        ToolCall::new("desk", "reply_to_ticket", &reply),
        ToolCall::new("crm", "add_customer_note", &note),
    ];
    if let Some(amount) = decision.refund {
        let refund = json!({ "order_number": number, "amount": money(amount), "reason": category });
        calls.push(ToolCall::new("refunds", "create_refund", &refund));
    }
    calls
}
