//! `workroom advise`: what is configured, and what was recorded.

use std::fmt::Write as _;

use serde_json::{Value, json};
use workroom_engine::{ledger, store::AccountsOf};
use workroom_ledger::{
    account::Account,
    advice::{self, Advice, Figures, LOCAL, Offer, Traffic, clients, figures, servers, traffic},
    price::Model,
};
use workroom_types::Mode;

use super::{basis, model_json, reasons, reasons_json, ways};
use crate::{
    args::Global,
    commands::{
        ago::now,
        figures::{count, dollars, thousands},
        report,
    },
    gateway::Gateway,
    output::{self, Answer, Failure},
    settings::Settings,
    store::{self, Keep},
};

/// One client or one server, and what is advised for it.
struct Row {
    name: String,
    advice: Advice,
    traffic: Traffic,
    expected: Figures,
    /// How tools are offered now; servers have none of their own.
    now: Option<Mode>,
}

pub(super) async fn recorded(
    global: &Global,
    settings: Settings,
    model: &Model,
) -> Result<Answer, Failure> {
    let store = store::open(Keep::Stored).await?;
    ledger::late(&*store, now()).await.map_err(Failure::failed)?;
    let accounts = report::read(&*store, AccountsOf::default()).await?;
    let gateway = Gateway::start(settings, store, Keep::Nothing, None).await?;
    gateway.settled(global.json).await;
    let offer = workroom_server::offer(&gateway.engine).await;
    let serving = gateway.modes();
    let catalog = gateway.engine.catalog();
    let row = |name: &str, offer: &Offer, traffic: Traffic, now: Option<Mode>| Row {
        name: name.to_owned(),
        advice: advice::advise(offer, &traffic),
        expected: figures(offer, &traffic, model.price),
        traffic,
        now,
    };
    let of_client = |name: &String| {
        let its = traffic(&accounts, |account, _| account.client == *name);
        row(name, &offer, its, Some(serving.of_client(name)))
    };
    let mut for_clients: Vec<Row> = clients(&accounts).iter().map(of_client).collect();
    if for_clients.is_empty() {
        for_clients.push(row("any client", &offer, Traffic::default(), Some(serving.usual)));
    }
    let for_servers: Vec<Row> = catalog
        .servers()
        .iter()
        .map(|server| {
            let offer = offer.of_server(&server.name);
            let its = traffic(&accounts, |account, called| {
                account.client != LOCAL && called.is_none_or(|called| called == server.name)
            });
            row(&server.name, &offer, its, None)
        })
        .collect();
    let gone = servers(&accounts).into_iter().filter(|name| catalog.server(name).is_none());
    let gone: Vec<String> = gone.collect();
    gateway.close().await;
    Ok(answer(&for_clients, &for_servers, &gone, &offer, &accounts, model))
}

fn answer(
    for_clients: &[Row],
    for_servers: &[Row],
    gone: &[String],
    offer: &Offer,
    accounts: &[Account],
    model: &Model,
) -> Answer {
    let mut text = format!(
        "{}, {} tokens of definitions",
        count(offer.tools.len() as u64, "tool"),
        thousands(offer.definitions())
    );
    for (title, rows) in [("clients", for_clients), ("servers", for_servers)] {
        let _ = write!(text, "\n\n{title}");
        for row in rows {
            text.push_str(&told(row));
        }
    }
    if !gone.is_empty() {
        let _ = write!(text, "\n\nrecorded, and not configured now: {}", gone.join(", "));
    }
    let mut asked = accounts.iter().filter(|account| account.kind.is_request()).peekable();
    if asked.peek().is_some() && asked.all(|account| account.client == LOCAL) {
        text.push_str("\n\nwhat is recorded comes from the command line, and not from an agent");
    }
    let _ = write!(text, "\n\n{}", basis(model));
    let json = json!({
        "tools": offer.tools.len(),
        "definition_tokens": offer.definitions(),
        "clients": for_clients.iter().map(as_json).collect::<Vec<_>>(),
        "servers": for_servers.iter().map(as_json).collect::<Vec<_>>(),
        "not_configured": gone,
        "model": model_json(model),
    });
    Answer::new(text, &json, output::OK)
}

fn calls(traffic: &Traffic) -> usize {
    traffic.jobs.iter().flat_map(|job| &job.steps).map(Vec::len).sum()
}

fn told(row: &Row) -> String {
    let Row { name, advice, traffic, expected, now } = row;
    let mut text = format!("\n{name}: {}", advice.mode);
    match now {
        Some(Mode::Auto) => text.push_str(" (served as `auto`, which goes by the same rules)"),
        Some(now) if *now != advice.mode => {
            let _ = write!(text, " (served as `{now}` now)");
        }
        _ => {}
    }
    reasons(&mut text, advice);
    if !traffic.jobs.is_empty() {
        let ways = ways(expected).map(|(name, cost)| {
            let tokens = thousands(cost.billed_tokens);
            format!("{name} {} ({tokens} billed tokens)", dollars(cost.usd))
        });
        let (jobs, calls) = (traffic.jobs.len(), calls(traffic));
        let _ = write!(
            text,
            "\n  expected for {} with {}: {}",
            count(jobs as u64, "conversation"),
            count(calls as u64, "call"),
            ways.join(", ")
        );
    }
    text
}

fn as_json(row: &Row) -> Value {
    let Row { name, advice, traffic, expected, now } = row;
    let has_work = !traffic.jobs.is_empty();
    json!({
        "name": name,
        "mode": advice.mode,
        "enough_traffic": advice.has_traffic(),
        "reasons": reasons_json(advice),
        "beside": advice.beside,
        "conversations": traffic.jobs.len(),
        "calls": calls(traffic),
        "calls_a_day": traffic.calls_a_day,
        "expected": has_work.then_some(expected),
        "served_as": now,
    })
}
