//! The rules, each at its limit and one past it; the figures; plans.

use super::*;
use crate::{Volume, account};

fn tools(count: usize, tokens: u64) -> Vec<Tool> {
    let tool = |n| Tool { server: "crm".to_owned(), name: format!("t{n}"), tokens, calls: 0 };
    (0..count).map(tool).collect()
}

fn offer(count: usize, tokens: u64) -> Offer {
    Offer { tools: tools(count, tokens), budget: 8_000 }
}

/// A conversation of `calls` calls, each of a tool of its own, `steps` of them after each other.
fn job(calls: usize, steps: usize, result: u64) -> Job {
    let call = |n| Call { tool: format!("crm.t{n}"), arguments: 20, result };
    let mut all: Vec<Vec<Call>> = (0..steps).map(|n| vec![call(n)]).collect();
    let rest = (steps..calls).map(call);
    all.last_mut().unwrap().extend(rest);
    Job { steps: all, ..Job::default() }
}

fn traffic(jobs: Vec<Job>) -> Traffic {
    Traffic { jobs, ..Traffic::default() }
}

/// The mode, and the reasons in words up to their first colon or parenthesis.
#[track_caller]
fn check(offer: &Offer, traffic: &Traffic, mode: Mode, reasons: &[&str]) {
    let advice = advise(offer, traffic);
    let words: Vec<String> = advice.reasons.iter().map(ToString::to_string).collect();
    let short: Vec<&str> =
        words.iter().map(|it| it.split([':', '(']).next().unwrap().trim()).collect();
    assert_eq!((advice.mode, short.as_slice()), (mode, reasons), "{words:?}");
}

const NONE: &str = "no traffic is recorded";

#[test]
fn without_traffic_the_tools_decide() {
    let none = Traffic::default();
    let few = |n: usize, tokens: u64| {
        format!("{n} tool{} with {tokens} tokens of definitions", if n == 1 { "" } else { "s" })
    };
    check(&offer(1, 2_000), &none, Mode::Direct, &[NONE, &few(1, 2_000)]);
    check(&offer(1, 2_001), &none, Mode::Code, &[NONE, &few(1, 2_001)]);
    check(&offer(9, 100), &none, Mode::Direct, &[NONE, &few(9, 900)]);
    check(&offer(10, 100), &none, Mode::Code, &[NONE, &few(10, 1_000)]);
    check(&offer(0, 0), &none, Mode::Code, &[NONE, "no server has a tool now"]);
}

#[test]
fn few_small_calls_are_direct_or_with_many_tools_looked_for() {
    let small = traffic(vec![job(3, 3, 100); 5]);
    let words = "all 5 conversations have few small calls";
    check(
        &offer(9, 200),
        &small,
        Mode::Direct,
        &[words, "9 tools with 1800 tokens of definitions"],
    );
    check(
        &offer(90, 200),
        &small,
        Mode::Search,
        &[words, "90 tools with 18000 tokens of definitions"],
    );
    // Ten tools are many, but these are so small that looking for them costs more.
    check(
        &offer(10, 40),
        &small,
        Mode::Direct,
        &[words, "loading all definitions costs less than looking for tools"],
    );
}

#[test]
fn each_rule_for_code_holds_from_its_limit_on() {
    let five = |job: Job| traffic(vec![job; 5]);
    let all = |what: &str| format!("all 5 conversations have {what}");
    let few = |traffic: &Traffic| {
        assert_eq!(advise(&offer(5, 100), traffic).mode, Mode::Direct, "{traffic:?}");
    };
    let many = |traffic: &Traffic, what: &str| check(&offer(5, 100), traffic, Mode::Code, &[what]);
    few(&five(job(9, 1, 100)));
    many(&five(job(10, 1, 100)), &all("10 calls or more"));
    few(&five(job(3, 1, 2_000)));
    many(&five(job(3, 1, 2_001)), &all("a result above 2000 tokens"));
    few(&five(job(4, 4, 100)));
    many(&five(job(5, 5, 100)), &all("5 steps or more that follow on each other"));
    let looped = |times: usize| {
        let mut job = job(times, 1, 100);
        job.steps[0].iter_mut().for_each(|call| call.tool = "crm.get".to_owned());
        five(job)
    };
    few(&looped(4));
    many(&looped(5), &all("5 calls or more of one tool"));
    many(&five(Job { masked: 1, ..job(3, 1, 100) }), &all("masked values"));
    let busy = |calls_a_day| Traffic { calls_a_day, ..five(job(3, 1, 100)) };
    few(&busy(999));
    many(&busy(1_000), "1000 calls a day");
    let overflows = |calls| {
        let offer = Offer { budget: 500, ..offer(5, 100) };
        advise(&offer, &five(job(calls, 1, 501))).mode
    };
    assert_eq!([overflows(1), overflows(2)], [Mode::Direct, Mode::Code]);
}

#[test]
fn a_rule_holds_where_it_does_for_a_fifth_of_the_work() {
    let mix = |heavy: usize, all: usize| {
        let mut jobs = vec![job(20, 1, 100); heavy];
        jobs.resize(all, job(3, 1, 100));
        traffic(jobs)
    };
    check(
        &offer(5, 100),
        &mix(2, 10),
        Mode::Code,
        &["2 of 10 conversations have 10 calls or more"],
    );
    assert_eq!(advise(&offer(5, 100), &mix(2, 11)).mode, Mode::Direct);
}

#[test]
fn little_traffic_is_advised_on_and_said_to_be_little() {
    let little = traffic(vec![job(3, 3, 30)]);
    check(
        &offer(5, 100),
        &little,
        Mode::Direct,
        &[
            "too little traffic to go by",
            "each conversation has few small calls",
            "5 tools with 500 tokens of definitions",
        ],
    );
    assert!(!advise(&offer(5, 100), &little).has_traffic());
    assert!(advise(&offer(5, 100), &traffic(vec![job(3, 3, 30); 5])).has_traffic());
}

#[test]
fn small_tools_that_are_often_called_stand_beside() {
    let mut many = offer(20, 250);
    for (tool, calls) in many.tools.iter_mut().zip([20, 19, 30, 20, 40]) {
        tool.calls = calls;
    }
    many.tools[4].tokens = 251;
    let beside = |offer: &Offer| advise(offer, &Traffic::default()).beside;
    assert_eq!(beside(&many), ["t2", "t0", "t3"]);
    many.tools[5].calls = 1_000;
    assert_eq!(beside(&many), ["t5", "t2", "t0"]);
    many.tools.truncate(8);
    assert!(beside(&offer(8, 250)).is_empty());
}

const PRICE: Price = Price { input: 3.0, cache_write: 3.75, cache_read: 0.3, output: 15.0 };

#[test]
fn three_small_calls_cost_least_directly_and_a_large_result_with_code() {
    let small = figures(&offer(3, 100), &traffic(vec![job(3, 3, 50)]), PRICE);
    assert!(small.direct.usd < small.search.usd && small.direct.usd < small.code.usd, "{small:?}");
    let large = figures(&offer(3, 100), &traffic(vec![job(3, 3, 6_000)]), PRICE);
    assert!(large.code.usd < large.direct.usd && large.code.usd < large.search.usd, "{large:?}");
    let many = figures(&offer(200, 150), &traffic(vec![job(2, 2, 50)]), PRICE);
    assert!(many.search.usd < many.direct.usd && many.search.usd < many.code.usd, "{many:?}");
}

fn run(session: &str, kind: account::Kind, at: i64, calls: &[(&str, u64)]) -> account::Account {
    let tokens = |tokens| Volume { tokens, bytes: tokens * 4 };
    let call = |(tool, turn): &(&str, u64)| account::Call {
        server: "crm".to_owned(),
        tool: (*tool).to_owned(),
        turn: *turn,
        arguments: tokens(5),
        result: tokens(40),
        ..account::Call::default()
    };
    let mut account = account::Account::new(kind, at);
    account.session = session.to_owned();
    account.client = "agent".to_owned();
    account.asked = tokens(200);
    account.answered = tokens(30);
    account.calls = calls.iter().map(call).collect();
    account
}

#[test]
fn accounts_become_the_conversations_that_they_are_of() {
    use account::Kind::{Call, Run, Search};
    let day = 24 * 60 * 60 * 1_000;
    let accounts = [
        run("a", Search, 1, &[]),
        run("a", Run, 2, &[("get", 0), ("list", 0), ("get", 1)]),
        run("b", Call, 3, &[("get", 0)]),
        run("b", Call, 4, &[("get", 0)]),
        run("c", Search, 5 + 2 * day, &[]),
    ];
    let known = record::traffic(&accounts, |_, _| true);
    let steps: Vec<Vec<usize>> =
        known.jobs.iter().map(|job| job.steps.iter().map(Vec::len).collect()).collect();
    assert_eq!(steps, [vec![2, 1], vec![1, 1]], "a search alone is no work");
    assert_eq!(known.jobs[0].with_code.len(), 2);
    assert!(known.jobs[1].with_code.is_empty(), "direct calls say nothing of code");
    assert_eq!(known.calls_a_day, 2);
    assert_eq!(
        (clients(&accounts), servers(&accounts)),
        (vec!["agent".to_owned()], vec!["crm".to_owned()])
    );
    let none = record::traffic(&accounts, |_, server| server.is_none_or(|it| it == "mail"));
    assert!(none.jobs.is_empty());
}

const PLAN: &str = "tickets_per_day = 200\n\
    [[systems]]\nname = \"desk\"\ntools = 10\ncalls_per_ticket = 2\nresult_tokens = 900\n\
    [[systems]]\nname = \"crm\"\ntools = 30\ncalls_per_ticket = 3\nresult_tokens = 400\n";

#[test]
fn a_plan_costs_by_the_day_and_tells_where_the_ways_meet() {
    let plan = Plan::read(PLAN).unwrap();
    let planned = planned(&plan, 8_000, PRICE);
    assert_eq!((planned.advice.mode, planned.calls_per_ticket), (Mode::Code, 5));
    let Figures { code, direct, search } = planned.per_day;
    assert!(code.usd < search.usd && search.usd < direct.usd, "{planned:?}");
    assert!(planned.per_ticket.code.usd * 199.0 < code.usd);
    let even = planned.break_even.calls_per_ticket.unwrap();
    assert!((1..5).contains(&even), "{even}");
    // Small and few: direct costs less, and it takes larger results or more calls to change that.
    let small = "tickets_per_day = 5\n\
        [[systems]]\nname = \"crm\"\ntools = 3\ncalls_per_ticket = 2\nresult_tokens = 50\n";
    let planned = super::planned(&Plan::read(small).unwrap(), 8_000, PRICE);
    assert_eq!(planned.advice.mode, Mode::Direct);
    assert!(planned.per_day.direct.usd < planned.per_day.code.usd, "{planned:?}");
    assert!(planned.break_even.calls_per_ticket.unwrap() > 2, "{planned:?}");
    assert!(planned.break_even.result_tokens.unwrap() > 50, "{planned:?}");
}

#[test]
fn what_is_no_plan_is_refused_with_what_is_wrong() {
    let error = |from: &str, to: &str| Plan::read(&PLAN.replace(from, to)).unwrap_err().to_string();
    assert_eq!(
        error("tickets_per_day = 200", "tickets_per_day = 0"),
        "`tickets_per_day` is 0; it takes a whole number from 1 to 10000000"
    );
    assert_eq!(
        error("tools = 30", "tools = -1"),
        "`tools` of the system `crm` is -1; it takes a whole number from 1 to 10000"
    );
    assert_eq!(
        error("calls_per_ticket = 2", "calls_per_ticket = 1001"),
        "`calls_per_ticket` of the system `desk` is 1001; it takes a whole number from 0 to 1000"
    );
    assert_eq!(error("\"crm\"", "\"desk\""), "two systems of the plan are called `desk`");
    let uncalled = PLAN.replace("calls_per_ticket = 2", "calls_per_ticket = 0");
    assert!(Plan::read(&uncalled).is_ok());
    let uncalled = uncalled.replace("calls_per_ticket = 3", "calls_per_ticket = 0");
    assert_eq!(Plan::read(&uncalled), Err(PlanError::NoCalls));
    assert!(error("result_tokens = 900", "").contains("result_tokens"));
    assert!(error("tools = 30", "tool = 30").contains("unknown field `tool`"));
    assert!(error("tools = 30", "tools = 30.5").contains("30.5"));
    assert_eq!(
        Plan::read("tickets_per_day = 1").unwrap_err().to_string(),
        "the plan has 0 systems; it takes 1 to 100, each under `[[systems]]`"
    );
}
