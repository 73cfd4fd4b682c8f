//! Accounts of a few days, summed up each way.

use super::*;
use crate::{
    Volume,
    account::{Call, Loaded},
    price::Prices,
    sheet::What,
};

const DAY: i64 = 86_400_000;

const fn tokens(tokens: u64) -> Volume {
    Volume { tokens, bytes: tokens * 4 }
}

fn account(kind: Kind, at: i64, session: &str, client: &str) -> Account {
    Account {
        session: session.to_owned(),
        client: client.to_owned(),
        mode: "code".to_owned(),
        asked: tokens(100),
        answered: tokens(50),
        duration_ms: 10,
        ..Account::new(kind, at)
    }
}

fn run(at: i64, session: &str, calls: &[(&str, u64)]) -> Account {
    let mut account = account(Kind::Run, at, session, "claude-code");
    for (turn, (server, result)) in (0..).zip(calls) {
        let (arguments, result) = (tokens(10), tokens(*result));
        account.calls.push(Call {
            server: (*server).to_owned(),
            tool: "get".to_owned(),
            turn,
            arguments,
            result,
            ..Call::default()
        });
        let server = (*server).to_owned();
        if account.servers.iter().all(|it| it.server != server) {
            account.servers.push(Loaded { server, definitions: tokens(2_000) });
        }
    }
    account
}

fn of(accounts: &[Account], by: By) -> Report {
    report(accounts, by, Prices::ours().find(None).unwrap(), Rules::default())
}

fn traffic() -> Vec<Account> {
    let mut list = account(Kind::List, 0, "a", "claude-code");
    list.answered = tokens(800);
    let mut failed = run(DAY + 2, "b", &[("crm", 500)]);
    failed.ok = false;
    let mut skilled = run(DAY + 3, "b", &[("crm", 9_000), ("mail", 10)]);
    skilled.skill = Some("digest".to_owned());
    vec![
        list,
        account(Kind::Search, 1, "a", "claude-code"),
        run(2, "a", &[("crm", 4_000), ("crm", 3_000), ("mail", 100)]),
        failed,
        skilled,
        account(Kind::Search, DAY + 4, "c", "cursor"),
    ]
}

#[test]
fn rows_sum_up_to_the_total_whatever_they_are_of() {
    let accounts = traffic();
    for by in [By::Day, By::Server, By::Skill, By::Client, By::Session] {
        let report = of(&accounts, by);
        let sum = |pick: fn(&Row) -> f64| report.rows.iter().map(pick).sum::<f64>();
        let total = &report.total;
        assert!((sum(|row| row.ours.usd) - total.ours.usd).abs() < 1e-12, "{by:?}");
        assert!((sum(|row| row.traditional.usd) - total.traditional.usd).abs() < 1e-12, "{by:?}");
        assert!((sum(|row| row.saved_usd) - total.saved_usd).abs() < 1e-12, "{by:?}");
        let calls: u64 = report.rows.iter().map(|row| row.measured.calls_in_code).sum();
        assert_eq!(calls, total.measured.calls_in_code, "{by:?}");
    }
}

#[test]
fn keys_are_what_was_asked_for() {
    let accounts = traffic();
    let keys =
        |by| -> Vec<String> { of(&accounts, by).rows.into_iter().map(|it| it.key).collect() };
    assert_eq!(keys(By::Day), ["1970-01-01", "1970-01-02"]);
    assert_eq!(keys(By::Server), ["(none)", "crm", "mail"]);
    assert_eq!(keys(By::Skill), ["(none)", "digest"]);
    assert_eq!(keys(By::Client), ["claude-code", "cursor"]);
    assert_eq!(keys(By::Session), ["a", "b", "c"]);
}

#[test]
fn what_was_done_is_counted() {
    let total = of(&traffic(), By::Day).total.measured;
    assert_eq!((total.runs, total.failed_runs, total.calls_in_code, total.looked), (3, 1, 6, 2));
    assert_eq!((total.written_tokens, total.read_tokens, total.loaded_tokens), (500, 250, 800));
    assert_eq!(total.kept_tokens, 7_100 + 30 + 500 + 10 + 9_010 + 20);
    assert_eq!(total.duration_ms, 50);
}

#[test]
fn a_session_without_a_list_has_the_one_that_its_client_loaded_last() {
    let accounts = traffic();
    let sessions = sessions(&accounts, Rules::default());
    let listed = |index: usize| {
        let lines = sessions[index].compared.ours.lines();
        let defined = lines.iter().find(|line| line.what == What::Definitions);
        defined.map(|line| line.tokens)
    };
    assert_eq!([listed(0), listed(1), listed(2)], [Some(800), Some(800), None]);
}

#[test]
fn a_session_that_cost_more_is_named() {
    let mut accounts = traffic();
    let mut small = run(5 * DAY, "small", &[("crm", 20)]);
    small.servers[0].definitions = tokens(90);
    accounts.push(small);
    let report = of(&accounts, By::Session);
    let lost: Vec<&str> = report.losses.iter().map(|loss| loss.session.as_str()).collect();
    assert_eq!((lost, report.sessions), (vec!["small"], 3));
    let row = report.rows.iter().find(|row| row.key == "small").unwrap();
    assert!(row.saved_usd < 0.0);
}

#[test]
fn nothing_gives_an_empty_report() {
    let report = of(&[], By::Day);
    assert_eq!((report.period_ms, report.rows.len(), report.sessions), (None, 0, 0));
    assert!(report.total.saved_usd.abs() < f64::EPSILON);
}
