//! Accounts summed up: what was done, and what it cost each way.
//!
//! Counts, tokens, bytes and times are *measured*. Costs are *modelled*, both ways: no bill of a
//! model's is seen here. So is the whole traditional way, which did not happen.
//!
//! # How money is put into rows
//!
//! Each text is paid for by the request that brought it, also when it is read again later. By
//! server, the traditional way has the server of each text; at Workroom a run's cost is divided
//! among the servers of its calls by their number, and what has no call is a row of its own.

mod day;

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::{
    account::{Account, Kind, Wire},
    baseline::{self, Before, Compared},
    price::Model,
    sheet::{Line, Rules, Sheet},
};

pub use day::{day, millis};

/// What rows are of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum By {
    /// Days, in UTC.
    Day,
    /// Servers.
    Server,
    /// Skills.
    Skill,
    /// Clients, by the name that they give of themselves.
    Client,
    /// Sessions.
    Session,
}

/// What the session of a server's connection is called, before the server's name.
pub const SERVER: &str = "server ";

/// The key of what belongs to no row: no call, no skill.
pub const NONE: &str = "(none)";

/// What was done. Measured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Measured {
    /// Runs of code.
    pub runs: u64,
    /// Of these, runs that failed.
    pub failed_runs: u64,
    /// Calls that code made.
    pub calls_in_code: u64,
    /// Calls without code.
    pub direct_calls: u64,
    /// Of both, calls that failed.
    pub failed_calls: u64,
    /// Searches, and files read.
    pub looked: u64,
    /// Values that were masked.
    pub masked: u64,
    /// Time of runs, calls, searches and files, added up.
    pub duration_ms: u64,
    /// o200k tokens of definitions that clients loaded.
    pub loaded_tokens: u64,
    /// o200k tokens that models wrote.
    pub written_tokens: u64,
    /// o200k tokens of what came back to them.
    pub read_tokens: u64,
    /// o200k tokens of arguments and results that no model saw.
    pub kept_tokens: u64,
    /// The same in bytes.
    pub kept_bytes: u64,
    /// Bytes between clients and Workroom.
    pub client_bytes: u64,
    /// Bytes between Workroom and servers.
    pub server_bytes: u64,
}

/// One way of doing it. Modelled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Way {
    /// o200k tokens, each text once.
    pub tokens: u64,
    /// o200k tokens that a maker bills, each text as often as it passes the model.
    pub billed_tokens: u64,
    /// Dollars.
    pub usd: f64,
}

impl Way {
    fn add(&mut self, line: &Line, usd: f64) {
        // A definition that another request pays for is no new text.
        if line.written > 0 || line.new > 0 {
            self.tokens += line.tokens;
        }
        self.billed_tokens += line.passed();
        self.usd += usd;
    }
}

/// One row: what was done, and what it cost each way.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Row {
    /// What it is of.
    pub key: String,
    /// What was done.
    pub measured: Measured,
    /// The cost at Workroom.
    pub ours: Way,
    /// The cost of the same work the traditional way.
    pub traditional: Way,
    /// The difference; below zero where Workroom cost more.
    pub saved_usd: f64,
}

/// Where code mode cost more than the traditional way would have.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Loss {
    /// The session.
    pub session: String,
    /// Its runs and direct calls.
    pub requests: u64,
    /// Calls of tools.
    pub calls: u64,
    /// Dollars at Workroom.
    pub ours_usd: f64,
    /// Dollars the traditional way.
    pub traditional_usd: f64,
}

/// A whole report.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    /// The first and the last account's time.
    pub period_ms: Option<(i64, i64)>,
    /// What rows are of.
    pub by: By,
    /// The model whose prices are counted with.
    pub model: Model,
    /// The rules' figures.
    pub rules: Rules,
    /// Everything.
    pub total: Row,
    /// The rows, by their keys.
    pub rows: Vec<Row>,
    /// The sessions in which Workroom cost more, the worst first.
    pub losses: Vec<Loss>,
    /// Sessions that did any work.
    pub sessions: u64,
    /// Accounts whose tokens are reckoned from their bytes.
    pub reckoned: u64,
    /// Accounts that were counted after their gateway was gone.
    pub late: u64,
}

/// One session's accounts, in their order, and both ways of them.
#[derive(Debug)]
pub struct Session<'a> {
    /// Its accounts.
    pub accounts: Vec<&'a Account>,
    /// Both ways.
    pub compared: Compared,
}

/// `accounts` by their sessions, each compared. A session that loaded no list of tools has the one
/// that its client loaded last before it, in the same mode.
pub fn sessions(accounts: &[Account], rules: Rules) -> Vec<Session<'_>> {
    let mut order: Vec<&Account> = accounts.iter().collect();
    order.sort_by_key(|account| account.at);
    let mut clients: BTreeMap<(&str, &str), Before> = BTreeMap::new();
    let mut grouped: Vec<(Vec<&Account>, Before)> = Vec::new();
    let mut known: BTreeMap<&str, usize> = BTreeMap::new();
    for account in order {
        let client = clients.entry((&account.client, &account.mode)).or_default();
        let index = *known.entry(&account.session).or_insert_with(|| {
            grouped.push((Vec::new(), client.clone()));
            grouped.len() - 1
        });
        if account.kind == Kind::List {
            client.tokens = account.answered.tokens;
        }
        // A list costs something with the first request that reads it.
        client.has_list |= account.kind.is_request() && client.tokens > 0;
        let servers = account.servers.iter().map(|loaded| loaded.server.clone());
        client.servers.extend(servers);
        grouped[index].0.push(account);
    }
    let compared = |(accounts, before): (Vec<_>, Before)| {
        let compared = baseline::compare(&accounts, &before, rules);
        Session { accounts, compared }
    };
    grouped.into_iter().map(compared).collect()
}

/// Sums `accounts` up.
pub fn report(accounts: &[Account], by: By, model: &Model, rules: Rules) -> Report {
    let sessions = sessions(accounts, rules);
    let mut rows: BTreeMap<String, Row> = BTreeMap::new();
    let mut total = Row { key: "total".to_owned(), ..Row::default() };
    let mut losses = Vec::new();
    let mut working = 0;
    for session in &sessions {
        let mut alone = Row::default();
        for account in &session.accounts {
            for key in keys(account, by) {
                measure(&mut row(&mut rows, &key).measured, account, by, &key);
            }
            measure(&mut total.measured, account, By::Session, "");
            measure(&mut alone.measured, account, By::Session, "");
        }
        let mut spend = |sheet: &Sheet, pick: fn(&mut Row) -> &mut Way| {
            for line in sheet.lines() {
                let usd = line.dollars(model.price, rules);
                pick(&mut total).add(line, usd);
                pick(&mut alone).add(line, usd);
                let account = session.accounts[line.owner];
                for (key, share) in shares(account, line, by) {
                    pick(row(&mut rows, &key)).add(&shared(line, share), usd * share);
                }
            }
        };
        spend(&session.compared.ours, |row| &mut row.ours);
        spend(&session.compared.traditional, |row| &mut row.traditional);
        let Measured { runs, direct_calls, calls_in_code, .. } = alone.measured;
        working += u64::from(runs + direct_calls > 0);
        if alone.ours.usd > alone.traditional.usd && runs + direct_calls > 0 {
            losses.push(Loss {
                session: session.accounts[0].session.clone(),
                requests: runs + direct_calls,
                calls: calls_in_code + direct_calls,
                ours_usd: alone.ours.usd,
                traditional_usd: alone.traditional.usd,
            });
        }
    }
    let lost = |loss: &Loss| loss.ours_usd - loss.traditional_usd;
    losses.sort_by(|a, b| lost(b).total_cmp(&lost(a)).then_with(|| a.session.cmp(&b.session)));
    let mut rows: Vec<Row> = rows.into_values().collect();
    for row in rows.iter_mut().chain([&mut total]) {
        row.saved_usd = row.traditional.usd - row.ours.usd;
    }
    let times = accounts.iter().map(|account| account.at);
    Report {
        period_ms: times.clone().min().zip(times.max()),
        by,
        model: model.clone(),
        rules,
        total,
        rows,
        losses,
        sessions: working,
        reckoned: accounts.iter().filter(|account| account.reckoned).count() as u64,
        late: accounts.iter().filter(|account| account.late).count() as u64,
    }
}

fn row<'r>(rows: &'r mut BTreeMap<String, Row>, key: &str) -> &'r mut Row {
    let new = || Row { key: key.to_owned(), ..Row::default() };
    rows.entry(key.to_owned()).or_insert_with(new)
}

/// The rows that `account` is in.
fn keys(account: &Account, by: By) -> BTreeSet<String> {
    let one = |key: &str| BTreeSet::from([key.to_owned()]);
    // What connections took beside requests is nobody's but the day's and the server's.
    match (account.kind, by) {
        (Kind::Server, By::Server) => return one(account.session.trim_start_matches(SERVER)),
        (Kind::Server | Kind::Connection, By::Client | By::Session | By::Skill) => {
            return BTreeSet::new();
        }
        _ => {}
    }
    match by {
        By::Day => one(&day(account.at)),
        By::Client if account.client.is_empty() => one(NONE),
        By::Client => one(&account.client),
        By::Session if account.session.is_empty() => one(NONE),
        By::Session => one(&account.session),
        By::Skill => one(account.skill.as_deref().unwrap_or(NONE)),
        By::Server => {
            let servers = account.calls.iter().map(|call| call.server.clone());
            let servers: BTreeSet<String> = servers.collect();
            if servers.is_empty() { one(NONE) } else { servers }
        }
    }
}

/// Adds what `account` has to the row `key`: by server, only the calls of that server.
fn measure(into: &mut Measured, account: &Account, by: By, key: &str) {
    let is_its = |server: &str| by != By::Server || key == NONE || server == key;
    match account.kind {
        Kind::Run => {
            into.runs += 1;
            into.failed_runs += u64::from(!account.ok);
        }
        Kind::Call => into.direct_calls += 1,
        Kind::Search | Kind::Read => into.looked += 1,
        Kind::Save | Kind::List | Kind::Connection | Kind::Server => {}
    }
    // A call of what is no tool failed before it was one.
    if account.kind == Kind::Call && account.calls.is_empty() {
        into.failed_calls += u64::from(!account.ok);
    }
    for call in account.calls.iter().filter(|call| is_its(&call.server)) {
        into.failed_calls += u64::from(call.failed);
        if account.kind == Kind::Run {
            into.calls_in_code += 1;
            into.kept_tokens += call.arguments.tokens + call.result.tokens;
            into.kept_bytes += call.arguments.bytes + call.result.bytes;
        }
        into.server_bytes += call.wire.total();
    }
    if account.kind == Kind::Server {
        into.server_bytes += account.wire.total();
    }
    into.masked += account.masked;
    if account.kind.is_request() {
        into.duration_ms += account.duration_ms;
        into.written_tokens += account.asked.tokens;
        into.read_tokens += account.answered.tokens;
    }
    if account.kind == Kind::List {
        into.loaded_tokens += account.answered.tokens;
    }
    into.client_bytes += Wire::total(account.client_wire());
}

/// The rows that `line` of `account` is paid in, with the share of each.
fn shares(account: &Account, line: &Line, by: By) -> Vec<(String, f64)> {
    if by != By::Server {
        return keys(account, by).into_iter().map(|key| (key, 1.0)).collect();
    }
    if !line.server.is_empty() {
        return vec![(line.server.clone(), 1.0)];
    }
    let mut counts: BTreeMap<&str, f64> = BTreeMap::new();
    for call in &account.calls {
        *counts.entry(&call.server).or_default() += 1.0;
    }
    let all: f64 = counts.values().sum();
    if counts.is_empty() {
        return vec![(NONE.to_owned(), 1.0)];
    }
    counts.into_iter().map(|(server, count)| (server.to_owned(), count / all)).collect()
}

/// A line with that share of its tokens.
fn shared(line: &Line, share: f64) -> Line {
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a share of a count is a count"
    )]
    let tokens = (line.tokens as f64 * share).round() as u64;
    Line { tokens, ..line.clone() }
}

#[cfg(test)]
mod tests;
