//! `workroom report`: what passed, and what it cost each way.

mod csv;
mod explain;
mod html;
mod text;

use std::fs;

use serde_json::{Value, json};
use workroom_config::LedgerConfig;
use workroom_engine::{
    ledger,
    store::{AccountRecord, AccountsOf, Store},
};
use workroom_ledger::{
    account::Account,
    price::Prices,
    report::{By, millis, report as sum_up},
    sheet::Rules,
};

use crate::{
    args::{Global, Report, ReportBy},
    commands::ago::now,
    output::{self, Answer, Failure},
    settings,
    store::{self, Keep},
};

/// The most accounts that a report is made of.
const ACCOUNTS_MAX: usize = 2_000_000;

/// What figures are, for programs.
const BASIS: &str = "`measured` was counted as it passed; tokens of `ours` too, and its `usd` and \
    `billed_tokens` are modelled; `traditional` and `saved_usd` are modelled";

pub(crate) async fn report(global: &Global, args: &Report) -> Result<Answer, Failure> {
    let config = settings::load(global)?.config.ledger;
    let prices = prices(&config)?;
    let model = args.model.as_deref().or(config.model.as_deref());
    let model = prices.find(model).map_err(|error| {
        Failure::usage(error).hint("`ledger.prices` names a file of your own prices")
    })?;
    let rules = rules(&config);
    let since = args.since.as_deref().map(|text| since(text, now())).transpose()?;
    let store = store::open(Keep::Stored).await?;
    ledger::late(&*store, now()).await.map_err(Failure::failed)?;
    // What one run cost depends on what was loaded and said before it.
    let of =
        AccountsOf { since: since.filter(|_| args.explain.is_none()), ..AccountsOf::default() };
    let accounts = read(&*store, of).await?;
    if let Some(run) = &args.explain {
        return explain::explain(&accounts, run, model, rules);
    }
    let by = match args.by {
        ReportBy::Day => By::Day,
        ReportBy::Server => By::Server,
        ReportBy::Skill => By::Skill,
        ReportBy::Client => By::Client,
        ReportBy::Session => By::Session,
    };
    let summed = sum_up(&accounts, by, model, rules);
    if args.csv {
        return Ok(Answer::new(csv::csv(&summed), &json!(summed), output::OK));
    }
    let mut json = json!(summed);
    if let Value::Object(fields) = &mut json {
        fields.insert("ok".to_owned(), true.into());
        fields.insert("basis".to_owned(), BASIS.into());
        fields.insert("tokens".to_owned(), "o200k".into());
    }
    let mut text = text::text(&summed);
    if let Some(file) = &args.html {
        let all = [By::Day, By::Server, By::Client, By::Skill, By::Session];
        let page = html::page(&all.map(|by| sum_up(&accounts, by, model, rules)));
        fs::write(file, page).map_err(|error| {
            Failure::failed(format!("cannot write `{}`: {error}", file.display()))
        })?;
        text = format!("{}\nwritten to {}", text::headline(&summed), file.display());
    }
    Ok(Answer::new(text, &json, output::OK))
}

/// The prices of Workroom's, with the user's own before them.
pub(super) fn prices(config: &LedgerConfig) -> Result<Prices, Failure> {
    let Some(file) = &config.prices else { return Ok(Prices::ours()) };
    let in_file = |error: &dyn std::fmt::Display| {
        Failure::usage(format!("`ledger.prices` is `{}`: {error}", file.display()))
            .hint("docs/ledger.md shows what such a file says")
    };
    let text = fs::read_to_string(file).map_err(|error| in_file(&error))?;
    Prices::ours().with(&text).map_err(|error| in_file(&error))
}

fn rules(config: &LedgerConfig) -> Rules {
    let usual = Rules::default();
    Rules {
        result_tokens: config.result_tokens.unwrap_or(usual.result_tokens),
        context_tokens: config.context_tokens.unwrap_or(usual.context_tokens),
        pays_cache_writes: config.cache_writes,
    }
}

pub(super) async fn read(store: &dyn Store, of: AccountsOf) -> Result<Vec<Account>, Failure> {
    let records = store.accounts(of, ACCOUNTS_MAX).await.map_err(Failure::failed)?;
    let account = |record: &AccountRecord| serde_json::from_str(&record.body);
    let accounts: Result<Vec<Account>, _> = records.iter().map(account).collect();
    accounts.map_err(|error| Failure::failed(format!("an account cannot be read: {error}")))
}

/// The time that `--since` names.
fn since(text: &str, now: i64) -> Result<i64, Failure> {
    const HOUR: i64 = 3_600_000;
    if let Some(at) = millis(text) {
        return Ok(at);
    }
    let ago = text.char_indices().next_back().and_then(|(at, unit)| {
        let hours = match unit {
            'h' => 1,
            'd' => 24,
            'w' => 24 * 7,
            _ => return None,
        };
        let count: u32 = text[..at].parse().ok()?;
        i64::from(count).checked_mul(hours * HOUR)
    });
    ago.map(|ago| now.saturating_sub(ago)).ok_or_else(|| {
        Failure::usage(format!("`--since` is `{text}`"))
            .hint("it takes days, hours or weeks (7d, 12h, 2w), or a day (2026-03-01, UTC)")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn since_is_a_time_ago_or_a_day() {
        let now = 1_772_323_200_000;
        for (text, expected) in [
            ("2026-02-28", Some(now - 86_400_000)),
            ("7d", Some(now - 7 * 86_400_000)),
            ("12h", Some(now - 12 * 3_600_000)),
            ("2w", Some(now - 14 * 86_400_000)),
            ("0d", Some(now)),
            ("4294967295w", Some(now - 4_294_967_295 * 7 * 86_400_000)),
            ("7", None),
            ("d", None),
            ("-7d", None),
            ("7é", None),
            ("2026-02-30", None),
            ("", None),
        ] {
            assert_eq!(since(text, now).ok(), expected, "{text}");
        }
    }
}
