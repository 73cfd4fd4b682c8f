//! One run's or direct call's cost, line by line, both ways.

use std::fmt::Write as _;

use serde_json::{Value, json};
use workroom_engine::report::bytes;
use workroom_ledger::{
    account::{Account, Kind},
    baseline::{Bundle, bundle},
    price::Model,
    report::{day, sessions},
    sheet::{Rules, Sheet, What},
};

use super::text::dated;
use crate::{
    commands::figures::{count, dollars, thousands, time},
    output::{self, Answer, Failure},
};

pub(super) fn explain(
    accounts: &[Account],
    run: &str,
    model: &Model,
    rules: Rules,
) -> Result<Answer, Failure> {
    let is_it = |account: &&Account| account.run.as_deref() == Some(run);
    let sessions = sessions(accounts, rules);
    let found = sessions.iter().find_map(|session| {
        let owner = session.accounts.iter().position(is_it)?;
        Some((session, owner))
    });
    let Some((session, owner)) = found else {
        return Err(Failure::usage(format!("there is no account of a run `{run}`"))
            .hint("`workroom runs list` lists runs; searches and files read have no run"));
    };
    let account = session.accounts[owner];
    let ways = [&session.compared.ours, &session.compared.traditional];
    let sums = ways.map(|sheet| Sum::of(sheet, owner, model, rules));
    let saved = sums[1].usd - sums[0].usd;
    let mut text = verdict(account, &sums, model);
    let _ = write!(text, "\n{}", about(account));
    for (name, basis, sum) in [
        ("at Workroom", "measured", &sums[0]),
        ("the same work the traditional way", "modelled", &sums[1]),
    ] {
        let _ = write!(text, "\n\n{name}: {}{}", dollars(sum.usd), sum.table(basis));
    }
    let _ = write!(text, "\n\n{}", wires(account));
    text.push_str(
        "\ntokens are o200k; what is measured was counted as it passed; how often it is read \
         again, and prices, are modelled (docs/ledger.md)",
    );
    let json = json!({
        "ok": true,
        "run": run,
        "account": account,
        "model": model,
        "rules": rules,
        "ours": { "usd": sums[0].usd, "lines": sums[0].json("measured") },
        "traditional": { "usd": sums[1].usd, "lines": sums[1].json("modelled") },
        "saved_usd": saved,
        "framing_bytes": {
            "client": account.client_framing(), "servers": account.server_framing()
        },
    });
    Ok(Answer::new(text, &json, output::OK))
}

/// One way's lines, and their sum.
struct Sum {
    lines: Vec<(Bundle, f64)>,
    usd: f64,
}

impl Sum {
    fn of(sheet: &Sheet, owner: usize, model: &Model, rules: Rules) -> Self {
        let own = sheet.lines().iter().filter(|line| line.owner == owner);
        let priced = |bundle: Bundle| {
            let usd = bundle.line.dollars(model.price, rules);
            (bundle, usd)
        };
        let lines: Vec<_> = bundle(own).into_iter().map(priced).collect();
        let usd = lines.iter().map(|(_, usd)| usd).sum();
        Self { lines, usd }
    }

    fn table(&self, basis: &str) -> String {
        let mut text = String::new();
        if self.lines.is_empty() {
            return "\n  nothing: it failed, or made no call that gave a result".to_owned();
        }
        let _ = write!(
            text,
            "\n  {:<10}{:>12}{:>9}{:>6}{:>7}{:>11}  text",
            "", "tokens", "written", "new", "again", "cost"
        );
        for (Bundle { line, texts }, usd) in &self.lines {
            let _ = write!(
                text,
                "\n  {basis:<10}{:>12}{:>9}{:>6}{:>7}{:>11}  {}",
                thousands(line.tokens),
                line.written,
                line.new,
                line.again,
                dollars(*usd),
                name(line.what, &line.server, &line.label, *texts),
            );
        }
        let _ = write!(text, "\n  {:<10}{:>45}  the sum", "", dollars(self.usd));
        text
    }

    fn json(&self, basis: &str) -> Value {
        let lines = self.lines.iter().map(|(Bundle { line, texts }, usd)| {
            json!({
                "text": name(line.what, &line.server, &line.label, *texts),
                "texts": texts,
                "server": line.server,
                "what": line.what,
                "tokens": line.tokens,
                "tokens_basis": basis,
                "written": line.written,
                "new": line.new,
                "again": line.again,
                "usd": usd,
            })
        });
        lines.collect()
    }
}

fn name(what: What, server: &str, label: &str, texts: u64) -> String {
    let of = match (what, server) {
        (_, "") => label.to_owned(),
        (What::Definitions, server) => format!("definitions of all tools of {server}"),
        (What::Written, server) => format!("arguments of {server}.{label}"),
        (What::Read, server) => format!("result of {server}.{label}"),
    };
    if texts > 1 { format!("{of}, {texts} times") } else { of }
}

fn verdict(account: &Account, [ours, traditional]: &[Sum; 2], model: &Model) -> String {
    let what = if account.kind == Kind::Call { "direct call" } else { "run" };
    let id = account.run.as_deref().unwrap_or_default();
    let costs = format!("{} in place of {}", dollars(ours.usd), dollars(traditional.usd));
    let prices = format!("at the prices of {}{}", model.name, dated(&model.as_of));
    let saved = traditional.usd - ours.usd;
    if saved >= 0.0 {
        format!("{what} {id} saved {}: {costs}, {prices}", dollars(saved))
    } else if account.kind == Kind::Call || !account.ok {
        format!("{what} {id} cost {} more: {costs}, {prices}", dollars(-saved))
    } else {
        format!(
            "{what} {id} cost {} more than the traditional way: {costs}, {prices}; to make its {} \
             directly would have been cheaper",
            dollars(-saved),
            count(account.calls.len() as u64, "call"),
        )
    }
}

fn about(account: &Account) -> String {
    let outcome = if account.ok { "it ended well" } else { "it failed" };
    let client =
        if account.client.is_empty() { "a client without a name" } else { &account.client };
    format!(
        "{}, session {}, {client}, mode {}: {}, {} failed, {} masked, {}; {outcome}",
        day(account.at),
        account.session,
        account.mode,
        count(account.calls.len() as u64, "call"),
        thousands(account.failed_calls()),
        count(account.masked, "value"),
        time(account.duration_ms),
    )
}

fn wires(account: &Account) -> String {
    let (client, servers) = (account.client_wire(), account.server_wire());
    if account.late {
        return "the bytes on its wires are not known: its gateway was gone".to_owned();
    }
    let sent = || account.calls.iter().filter(|call| call.wire.total() > 0);
    let arguments: u64 = sent().map(|call| call.arguments.bytes).sum();
    let results: u64 = sent().map(|call| call.result.bytes).sum();
    let with_client = match client.total() {
        0 => format!("{} asked, {} answered", account.asked.bytes, account.answered.bytes),
        total => format!(
            "with the client {total} = {} asked + {} answered + {} framing",
            account.asked.bytes,
            account.answered.bytes,
            account.client_framing()
        ),
    };
    format!(
        "bytes, measured: {with_client};\n\
         with the servers {} = {} arguments + {} results + {} framing ({} stayed out)",
        servers.total(),
        arguments,
        results,
        account.server_framing(),
        bytes(account.stayed_out().bytes),
    )
}
