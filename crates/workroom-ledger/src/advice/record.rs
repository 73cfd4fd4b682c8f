//! Recorded accounts as the [`Traffic`] that the rules go by.

use std::collections::{BTreeMap, BTreeSet};

use super::{Call, Job, Request, Traffic};
use crate::account::{Account, Kind};

/// What the command line calls itself: no agent, and nobody is advised of it.
pub const LOCAL: &str = "cli";

const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

/// The agents' names that `accounts` have, in order.
pub fn clients(accounts: &[Account]) -> Vec<String> {
    let names = accounts.iter().filter(|account| account.kind.is_request());
    let names: BTreeSet<&String> = names.map(|account| &account.client).collect();
    names.into_iter().filter(|name| *name != LOCAL && !name.is_empty()).cloned().collect()
}

/// The servers whose tools `accounts` called, in order.
pub fn servers(accounts: &[Account]) -> Vec<String> {
    let calls = accounts.iter().flat_map(|account| &account.calls);
    let names: BTreeSet<&String> = calls.map(|call| &call.server).collect();
    names.into_iter().cloned().collect()
}

/// The work in `accounts`, as far as `is_its` says that it belongs here: an account, and the server
/// of a call. What was done with code counts as it went where all of it belongs here.
pub fn traffic(accounts: &[Account], is_its: impl Fn(&Account, Option<&str>) -> bool) -> Traffic {
    let mut ordered: Vec<&Account> =
        accounts.iter().filter(|account| is_its(account, None)).collect();
    ordered.sort_by_key(|account| account.at);
    let mut jobs: Vec<Job> = Vec::new();
    let mut known: BTreeMap<&str, usize> = BTreeMap::new();
    let mut calls_in_all = 0_u64;
    for account in &ordered {
        if !account.kind.is_request() {
            continue;
        }
        let index = *known.entry(&account.session).or_insert_with(|| {
            jobs.push(Job::default());
            jobs.len() - 1
        });
        let job = &mut jobs[index];
        if matches!(account.kind, Kind::Run | Kind::Search | Kind::Read) {
            let (written, read) = (account.asked.tokens, account.answered.tokens);
            job.with_code.push(Request { written, read });
        }
        let mut turn = None;
        let calls = account.calls.iter().filter(|call| !call.failed);
        for call in calls.filter(|call| is_its(account, Some(&call.server))) {
            calls_in_all += 1;
            if turn != Some(call.turn) {
                turn = Some(call.turn);
                job.steps.push(Vec::new());
            }
            let (arguments, result) = (call.arguments.tokens, call.result.tokens);
            let tool = format!("{}.{}", call.server, call.tool);
            if let Some(step) = job.steps.last_mut() {
                step.push(Call { tool, arguments, result });
            }
        }
        if !account.calls.is_empty() {
            job.masked += account.masked;
        }
    }
    forget_other_ways(&ordered, &known, &mut jobs, &is_its);
    jobs.retain(|job| !job.steps.is_empty());
    let times = || ordered.iter().map(|account| account.at);
    let span = times().max().unwrap_or_default() - times().min().unwrap_or_default();
    let days = u64::try_from(span.max(0) / DAY_MS).unwrap_or_default().max(1);
    Traffic { jobs, calls_a_day: calls_in_all / days, planned: false }
}

/// What a conversation wrote and read tells how code does all of its work: not where some of its
/// calls were made without code, or belong elsewhere.
fn forget_other_ways(
    accounts: &[&Account],
    known: &BTreeMap<&str, usize>,
    jobs: &mut [Job],
    is_its: &impl Fn(&Account, Option<&str>) -> bool,
) {
    for account in accounts {
        let Some(index) = known.get(account.session.as_str()) else { continue };
        let elsewhere = account.calls.iter().any(|call| !is_its(account, Some(&call.server)));
        if account.kind == Kind::Call || elsewhere {
            jobs[*index].with_code.clear();
        }
    }
}
