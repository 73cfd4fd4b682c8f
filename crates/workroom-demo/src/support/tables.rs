//! The facts as the five systems keep them.

use serde_json::{Value, json};

use crate::{grammar::expand, office::Tables, rng::Rng};

use super::{
    facts::{Facts, TODAY, Ticket},
    words::{ENDINGS, GREETINGS, PRODUCTS, plain, roundabout},
};

pub(crate) fn money(cents: u32) -> String {
    format!("{}.{:02}", cents / 100, cents % 100)
}

/// The tickets: HTML bodies, addresses as people type them.
pub(crate) fn desk(facts: &Facts) -> Tables {
    let mut rng = Rng::new(facts.seed ^ 0xDE5C);
    let tickets = facts.tickets.iter().map(|ticket| ticket_json(facts, &mut rng, ticket)).collect();
    let agents = ["Rosa", "Emil", "Jun"].iter().zip(1..);
    let agents =
        agents.map(|(name, id)| json!({ "id": format!("AG{id}"), "name": name })).collect();
    let macros = json!({ "id": "M1", "title": "Greeting", "body_html": "<p>Hello {{name}},</p>" });
    Tables::from([("tickets", tickets), ("agents", agents), ("macros", vec![macros])])
}

fn ticket_json(facts: &Facts, rng: &mut Rng, ticket: &Ticket) -> Value {
    let customer = &facts.customers[ticket.customer];
    let order = &facts.orders[ticket.order];
    let text = if ticket.is_roundabout { roundabout(ticket.kind) } else { plain(ticket.kind) };
    let template = format!("{GREETINGS}{text}{ENDINGS}");
    let body = expand(rng, &template, &mut |rng, slot| match slot {
        "product" => order.product.to_owned(),
        "other" => loop {
            let other = *rng.pick::<&str>(&PRODUCTS);
            if other != order.product {
                break other.to_owned();
            }
        },
        "order" if !ticket.names_order => String::new(),
        "order" => {
            let how = [" from order #", " (ORD-", ", order no. "];
            let which = *rng.pick::<&str>(&how);
            let end = if which.ends_with('-') { ")" } else { "" };
            format!("{which}{}{end}", order.number)
        }
        _ => customer.given.to_owned(),
    });
    let mut email = customer.email.clone();
    if rng.chance(30) {
        email = format!("{}{}", email[..1].to_uppercase(), &email[1..]);
    }
    let subject = *rng.pick::<&str>(&[
        "My order",
        "Question",
        "Help please",
        "Your \
     shop",
        "Order",
    ]);
    json!({
        "id": ticket.id, "subject": subject,
        "body_html": format!("<html><body><div dir=\"ltr\">{body}</div></body></html>"),
        "requester": { "name": format!("{} {}", customer.given, customer.family), "email": email },
        "status": "new", "channel": "email", "created_at": TODAY.at(rng.below(1_380)),
        "category": null, "queue": null, "tags": []
    })
}

pub(crate) fn accounts(facts: &Facts) -> Tables {
    let mut rng = Rng::new(facts.seed ^ 0xACC0);
    let list = facts.customers.iter().map(|customer| json!({
        "id": customer.id, "email": customer.email,
        "name": { "given": customer.given, "family": customer.family },
        "tier": if customer.is_gold { "gold" } else { "standard" },
        "locale": *rng.pick::<&str>(&["en-GB", "de-DE", "nl-NL"]),
        "created": TODAY.plus(-i32::try_from(rng.within(60, 1_900)).expect("days")).compact()
    })).collect();
    let address = |customer: &super::facts::Customer| {
        json!({
            "id": format!("AD-{}", customer.id), "account_id": customer.id, "street": "Mill \
             Lane 4",
            "city": "Leeds", "postcode": "LS1 4AP"
        })
    };
    let addresses = facts.customers.iter().map(address).collect();
    Tables::from([("accounts", list), ("addresses", addresses), ("resets", Vec::new())])
}

pub(crate) fn orders(facts: &Facts) -> Tables {
    let mut rng = Rng::new(facts.seed ^ 0x0DE2);
    let list = facts.orders.iter().map(|order| {
        let total = json!({ "value": money(order.total_cents), "currency": "EUR" });
        json!({
            "number": order.number.to_string(), "account_id": facts.customers[order.customer].id,
            "placed_at": order.placed.epoch_seconds().to_string(), "state": order.state(),
            "delivered_on": order.delivered.map(|day| day.slashed().replace('/', ".")),
            "lines": [{ "sku": format!("SKU-{}", rng.within(100, 999)), "title": order.product,
                "quantity": "1", "price": total }],
            "total": total, "tracking": format!("00340{}", rng.within(1_000_000, 9_999_999))
        })
    }).collect();
    Tables::from([
        ("orders", list),
        ("labels", Vec::new()),
        ("shipments", Vec::new()),
        ("reorders", Vec::new()),
    ])
}

pub(crate) fn refunds(facts: &Facts) -> Tables {
    let rules = facts
        .rules
        .iter()
        .map(|rule| {
            json!({
                "reason": rule.kind.name(), "window_days": rule.window.to_string(),
                "gold_extra_days": rule.gold_extra.to_string(), "percent": rule.percent.to_string(),
                "cap": money(rule.cap_cents)
            })
        })
        .collect();
    Tables::from([("rules", rules), ("refunds", Vec::new()), ("vouchers", Vec::new())])
}

pub(crate) fn crm(facts: &Facts) -> Tables {
    let health = facts.customers.iter().map(|customer| {
        json!({ "account_id": customer.id, "score": if customer.is_gold { "9" } else { "7" } })
    });
    let segments = ["Loyal", "New"].iter().zip(1..);
    let segments = segments.map(|(name, id)| json!({ "id": format!("SG{id}"), "name": name }));
    Tables::from([
        ("notes", Vec::new()),
        ("health", health.collect()),
        ("segments", segments.collect()),
        ("follow_ups", Vec::new()),
        ("ratings", Vec::new()),
    ])
}
