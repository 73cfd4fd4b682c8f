//! The same work done the traditional way, modelled: each tool called by the model itself.
//!
//! Both ways are told to a [`Sheet`], whose rules hold for both. Of the traditional way it is told:
//!
//! * The definitions of all tools of the servers that the session used, in every request.
//! * Each call that gave a result: its arguments are written, its result is read, up to what a
//!   client shows. Calls that were made together are one request.
//! * Nothing of runs that failed, and nothing of calls that failed in a run: these are our errors.
//! * A tool that was called without code is the same call.
//!
//! And of ours: our own list of tools in every request; each run, call, search and file read is one
//! request, with what was written and what came back, failed or not.
//!
//! A client's definitions are new once, and from the cache in all its later sessions, both ways.
//!
//! A session is one conversation, both ways. What the user and the model said beside is in neither.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    account::{Account, Kind},
    sheet::{Label, Line, Rules, Sheet},
};

/// Both ways of what one session asked for.
#[derive(Debug)]
pub struct Compared {
    /// As it went, at Workroom.
    pub ours: Sheet,
    /// As it would have gone.
    pub traditional: Sheet,
}

/// What a client had loaded before a session of its own began.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Before {
    /// The o200k tokens of our list, in case that the session itself loads none.
    pub tokens: u64,
    /// Whether our list is in the cache, since another session of the client paid for it.
    pub has_list: bool,
    /// The servers whose definitions would be.
    pub servers: BTreeSet<String>,
}

/// Compares both ways for the accounts of one session, in their order. Lines belong to the
/// account of that index.
pub fn compare(accounts: &[&Account], before: &Before, rules: Rules) -> Compared {
    Compared {
        ours: ours(accounts, before, rules),
        traditional: traditional(accounts, before, rules),
    }
}

fn ours(accounts: &[&Account], before: &Before, rules: Rules) -> Sheet {
    // A client that cuts what came back makes it cheaper, and does not say so.
    let mut sheet = Sheet::new(Rules { result_tokens: u64::MAX, ..rules });
    let has_list = accounts.iter().any(|account| account.kind == Kind::List);
    if !has_list && before.tokens > 0 {
        sheet.define_known(0, OUR_LIST.into(), before.tokens, before.has_list);
    }
    let mut listed = None;
    for (owner, account) in accounts.iter().enumerate() {
        if account.kind == Kind::List && listed != Some(account.answered.tokens) {
            // Another list is new, whatever the one before was.
            let is_known = before.has_list && before.tokens == account.answered.tokens;
            listed = Some(account.answered.tokens);
            sheet.forget_definitions();
            sheet.define_known(owner, OUR_LIST.into(), account.answered.tokens, is_known);
        }
        if account.kind.is_request() {
            let (written, read) = labels(account.kind);
            sheet.request(owner);
            sheet.wrote(owner, written.into(), account.asked.tokens);
            sheet.read(owner, read.into(), account.answered.tokens);
        }
    }
    finish(sheet, accounts, |account| account.kind.is_request())
}

const OUR_LIST: &str = "our list of tools";

fn labels(kind: Kind) -> (&'static str, &'static str) {
    match kind {
        Kind::Run => ("code", "what came back of it"),
        Kind::Search => ("a search", "the tools found"),
        Kind::Read => ("a path", "the file"),
        Kind::Save => ("a skill", "that it was saved"),
        _ => ("arguments", "the result"),
    }
}

fn traditional(accounts: &[&Account], before: &Before, rules: Rules) -> Sheet {
    let mut sheet = Sheet::new(rules);
    let Some(first) = accounts.iter().position(|account| has_calls(account)) else {
        return sheet;
    };
    let mut loaded: BTreeMap<&str, u64> = BTreeMap::new();
    for account in accounts.iter().filter(|account| has_calls(account)) {
        for server in &account.servers {
            loaded.insert(&server.server, server.definitions.tokens);
        }
    }
    for (server, tokens) in loaded {
        let is_known = before.servers.contains(server);
        sheet.define_known(first, Label { server, name: "definitions" }, tokens, is_known);
    }
    for (owner, account) in accounts.iter().enumerate() {
        if !has_calls(account) {
            continue;
        }
        let mut turn = None;
        for call in account.calls.iter().filter(|call| counts(account, call.failed)) {
            if turn != Some(call.turn) {
                turn = Some(call.turn);
                sheet.request(owner);
            }
            let label = Label { server: &call.server, name: &call.tool };
            sheet.wrote(owner, label, call.arguments.tokens);
            sheet.read(owner, label, call.result.tokens);
        }
        if account.calls.is_empty() {
            // A call of what is no tool: the model would have got an error all the same.
            sheet.request(owner);
            sheet.wrote(owner, "arguments".into(), account.asked.tokens);
            sheet.read(owner, "an error".into(), account.answered.tokens);
        }
    }
    finish(sheet, accounts, has_calls)
}

/// Whether the traditional way has something of `account`.
fn has_calls(account: &Account) -> bool {
    match account.kind {
        Kind::Run => account.ok && account.calls.iter().any(|call| counts(account, call.failed)),
        Kind::Call => true,
        _ => false,
    }
}

/// Whether a call of `account` counts, that `failed` or not.
fn counts(account: &Account, failed: bool) -> bool {
    account.kind == Kind::Call || !failed
}

/// Ends the conversation with the answer, which the last of those that count pays for.
fn finish(mut sheet: Sheet, accounts: &[&Account], is_counted: impl Fn(&Account) -> bool) -> Sheet {
    if let Some(last) = accounts.iter().rposition(|account| is_counted(account)) {
        sheet.answered(last);
    }
    sheet
}

/// Lines that differ in nothing but their text, together: how many texts, and what they come to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bundle {
    /// What they have in common; `tokens` is the sum over all.
    pub line: Line,
    /// How many texts they are.
    pub texts: u64,
}

/// `lines` in the order of their first, with those put together that are of the same tool, and as
/// often read again.
pub fn bundle<'a>(lines: impl Iterator<Item = &'a Line>) -> Vec<Bundle> {
    let mut bundles: Vec<Bundle> = Vec::new();
    let mut known: BTreeMap<(usize, crate::sheet::What, String, String, [u64; 3]), usize> =
        BTreeMap::new();
    for line in lines {
        let times = [line.written, line.new, line.again];
        let key = (line.owner, line.what, line.server.clone(), line.label.clone(), times);
        match known.get(&key) {
            Some(index) => {
                bundles[*index].texts += 1;
                bundles[*index].line.tokens += line.tokens;
            }
            None => {
                known.insert(key, bundles.len());
                bundles.push(Bundle { line: line.clone(), texts: 1 });
            }
        }
    }
    bundles
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Volume,
        account::{Call, Loaded},
        price::Price,
    };

    const fn tokens(tokens: u64) -> Volume {
        Volume { tokens, bytes: tokens * 4 }
    }

    fn account(kind: Kind, asked: u64, answered: u64) -> Account {
        let mut account = Account::new(kind, 0);
        account.asked = tokens(asked);
        account.answered = tokens(answered);
        account
    }

    fn call(tool: &str, turn: u64, arguments: u64, result: u64) -> Call {
        let (arguments, result) = (tokens(arguments), tokens(result));
        Call { server: "crm".into(), tool: tool.into(), turn, arguments, result, ..Call::default() }
    }

    fn run(calls: Vec<Call>) -> Account {
        let loaded = Loaded { server: "crm".into(), definitions: tokens(1_000) };
        Account { calls, servers: vec![loaded], ..account(Kind::Run, 200, 50) }
    }

    #[track_caller]
    fn check(accounts: &[Account], before: u64, ours: &[&str], traditional: &[&str]) {
        let accounts: Vec<&Account> = accounts.iter().collect();
        let both =
            compare(&accounts, &Before { tokens: before, ..Before::default() }, Rules::default());
        let lines = |sheet: &Sheet| -> Vec<String> {
            let line = |it: &Line| {
                format!(
                    "{} {} {} {}/{}/{}",
                    it.owner, it.label, it.tokens, it.written, it.new, it.again
                )
            };
            sheet.lines().iter().map(line).collect()
        };
        assert_eq!(lines(&both.ours), ours);
        assert_eq!(lines(&both.traditional), traditional);
    }

    #[test]
    fn calls_made_together_are_one_request_and_results_are_capped() {
        check(
            &[run(vec![call("list", 0, 10, 30_000), call("get", 1, 5, 20), call("get", 1, 6, 30)])],
            900,
            &[
                "0 our list of tools 900 0/1/1",
                "0 code 200 1/1/0",
                "0 what came back of it 50 0/1/0",
            ],
            &[
                "0 definitions 1000 0/1/2",
                "0 list 10 1/1/1",
                "0 list 25000 0/1/1",
                "0 get 5 1/1/0",
                "0 get 20 0/1/0",
                "0 get 6 1/1/0",
                "0 get 30 0/1/0",
            ],
        );
    }

    #[test]
    fn searches_and_errors_are_charged_to_us_alone() {
        let mut failed = run(vec![call("get", 0, 5, 20)]);
        failed.ok = false;
        let mut partly = run(vec![call("get", 0, 5, 20), call("get", 1, 5, 9)]);
        partly.calls[1].failed = true;
        let list = account(Kind::List, 0, 800);
        check(
            &[list, account(Kind::Search, 10, 100), failed, partly],
            7,
            &[
                "0 our list of tools 800 0/1/0",
                "1 a search 10 1/1/2",
                "1 the tools found 100 0/1/2",
                "2 our list of tools 800 0/0/1",
                "2 code 200 1/1/1",
                "2 what came back of it 50 0/1/1",
                "3 our list of tools 800 0/0/2",
                "3 code 200 1/1/0",
                "3 what came back of it 50 0/1/0",
            ],
            &["3 definitions 1000 0/1/1", "3 get 5 1/1/0", "3 get 20 0/1/0"],
        );
    }

    #[test]
    fn a_direct_call_is_the_same_call_both_ways_also_when_it_fails() {
        let mut direct = run(vec![call("get", 0, 5, 20)]);
        (direct.kind, direct.ok, direct.calls[0].failed) = (Kind::Call, false, true);
        (direct.asked, direct.answered) = (tokens(5), tokens(20));
        check(
            &[direct],
            0,
            &["0 arguments 5 1/1/0", "0 the result 20 0/1/0"],
            &["0 definitions 1000 0/1/1", "0 get 5 1/1/0", "0 get 20 0/1/0"],
        );
    }

    #[test]
    fn three_small_calls_of_a_small_server_cost_less_the_traditional_way() {
        let mut small = run((0..3).map(|turn| call("get", turn, 8, 30)).collect());
        small.servers[0].definitions = tokens(150);
        let price = Price { input: 3.0, cache_write: 3.75, cache_read: 0.3, output: 15.0 };
        let both =
            compare(&[&small], &Before { tokens: 900, ..Before::default() }, Rules::default());
        assert!(both.ours.dollars(price) > both.traditional.dollars(price));
    }

    #[test]
    fn what_a_client_had_loaded_before_is_in_the_cache_both_ways() {
        let run = run(vec![call("get", 0, 5, 20)]);
        let servers = BTreeSet::from(["crm".to_owned()]);
        let before = Before { tokens: 900, has_list: true, servers };
        let both = compare(&[&run], &before, Rules::default());
        let defined = |sheet: &Sheet| {
            let line = &sheet.lines()[0];
            (line.tokens, line.new, line.again)
        };
        assert_eq!(defined(&both.ours), (900, 0, 2));
        assert_eq!(defined(&both.traditional), (1_000, 0, 2));
    }

    #[test]
    fn equal_lines_are_shown_together() {
        let accounts = [run((0..40).map(|_| call("get", 0, 5, 20)).collect())];
        let accounts: Vec<&Account> = accounts.iter().collect();
        let both = compare(&accounts, &Before::default(), Rules::default());
        let bundles = bundle(both.traditional.lines().iter());
        let shown: Vec<_> = bundles.iter().map(|it| (it.texts, it.line.tokens)).collect();
        assert_eq!(shown, [(1, 1_000), (40, 200), (40, 800)]);
    }
}
