//! How long building the search index and one search take, over 772 real tools and over 10,000.
//!
//! `cargo bench -p workroom-catalog` prints a Markdown table for `bench/README.md`.

#![allow(clippy::print_stdout, reason = "its output is the table")]

#[path = "../tests/common/mod.rs"]
mod common;

use std::{
    hint::black_box,
    sync::Arc,
    time::{Duration, Instant},
};

use workroom_catalog::{Catalog, SearchQuery, Skill};
use workroom_types::ServerSnapshot;

/// What agents ask, and what costs most: words that nearly every tool has.
const QUERIES: [&str; 8] = [
    "send an email",
    "get_issue",
    "list files in a directory",
    "create a new calendar event for tomorrow",
    "kubernetes pod logs",
    "get list of all resources by name and id",
    "storage",
    "convert markdown to pdf and send the result to the team by mail",
];

fn main() {
    let real = common::real_servers();
    let many = replicated(&real, 10_000);
    println!(
        "| tools | build | first search (index) | after one server changed | search, median | median of the slowest query | p99 |"
    );
    println!("|---|---|---|---|---|---|---|");
    for servers in [&real, &many] {
        row(servers);
    }
    println!();
    println!(
        "| tools | skills | first search (index) | search, median | median of the slowest query | p99 |"
    );
    println!("|---|---|---|---|---|---|");
    for servers in [&[], real.as_slice(), many.as_slice()] {
        row_of_skills(servers);
    }
}

/// The same with a thousand skills beside the tools.
fn row_of_skills(servers: &[Arc<ServerSnapshot>]) {
    let catalog = Catalog::build(servers, None).with_skills(skills(1_000));
    let first = time(&catalog, QUERIES[0]);
    let (median, slowest, p99) = searched(&catalog);
    println!(
        "| {} | {} | {} | {} | {} | {} |",
        catalog.tool_count(),
        catalog.skills().len(),
        ms(first),
        ms(median),
        ms(slowest),
        ms(p99),
    );
}

/// Skills that are all different, of words that queries have too.
fn skills(count: usize) -> Vec<Skill> {
    const VERBS: [&str; 10] =
        ["list", "find", "count", "send", "compare", "export", "check", "sum", "book", "merge"];
    const THINGS: [&str; 20] = [
        "invoices",
        "contacts",
        "files",
        "issues",
        "pods",
        "events",
        "emails",
        "orders",
        "tickets",
        "deals",
        "refunds",
        "reports",
        "patients",
        "appointments",
        "products",
        "shipments",
        "logs",
        "branches",
        "pages",
        "articles",
    ];
    const HOW: [&str; 5] = ["by-month", "per-customer", "of-the-team", "in-storage", "by-name"];
    let skill = |n: usize| {
        let (verb, thing) = (VERBS[n % 10], THINGS[n / 10 % 20]);
        let how = HOW[n / 200 % 5];
        let name = format!("{verb}-{thing}-{how}");
        Skill {
            description: format!(
                "To {verb} {thing} {}: reads all pages, joins them and gives the totals. Use it when \
                 somebody asks how many {thing} there are, number {n}.",
                how.replace('-', " ")
            ),
            path: format!("./skills/{name}"),
            name,
            parameters: vec!["from".to_owned(), "to".to_owned(), "customer".to_owned()],
            outputs: vec!["total".to_owned(), "rows".to_owned()],
            function: "run".to_owned(),
            signature: "run(input: { from: string; to: string }): Promise<{ total: number }>"
                .to_owned(),
            ..Skill::default()
        }
    };
    (0..count).map(skill).collect()
}

fn row(servers: &[Arc<ServerSnapshot>]) {
    let began = Instant::now();
    let catalog = Catalog::build(servers, None);
    let build = began.elapsed();
    let first = time(&catalog, QUERIES[0]);
    let changed = one_changed(servers);
    let began = Instant::now();
    let second = Catalog::build(&changed, Some(&catalog));
    black_box(second.search(&query(QUERIES[0])));
    let after_change = began.elapsed();
    let (median, slowest, p99) = searched(&catalog);
    println!(
        "| {} | {} | {} | {} | {} | {} | {} |",
        catalog.tool_count(),
        ms(build),
        ms(first),
        ms(after_change),
        ms(median),
        ms(slowest),
        ms(p99),
    );
}

/// The median of all queries, that of the slowest, and the 99th percentile.
fn searched(catalog: &Catalog) -> (Duration, Duration, Duration) {
    let mut times: Vec<Vec<Duration>> = vec![Vec::new(); QUERIES.len()];
    for _ in 0..250 {
        for (times, words) in times.iter_mut().zip(QUERIES) {
            times.push(time(catalog, words));
        }
    }
    let slowest = times.iter_mut().map(|times| median(times)).max().unwrap_or_default();
    let mut times = times.concat();
    (median(&mut times), slowest, times[times.len() * 99 / 100])
}

/// Sorts `times`.
fn median(times: &mut [Duration]) -> Duration {
    times.sort();
    times[times.len() / 2]
}

fn query(words: &str) -> SearchQuery {
    SearchQuery { query: words.to_owned(), limit: 8, ..SearchQuery::default() }
}

fn time(catalog: &Catalog, words: &str) -> Duration {
    let query = query(words);
    let began = Instant::now();
    black_box(catalog.search(black_box(&query)));
    began.elapsed()
}

fn ms(time: Duration) -> String {
    format!("{:.2} ms", time.as_secs_f64() * 1_000.0)
}

/// The same servers, the last of them with one tool less.
fn one_changed(servers: &[Arc<ServerSnapshot>]) -> Vec<Arc<ServerSnapshot>> {
    let mut servers = servers.to_vec();
    if let Some(last) = servers.last_mut() {
        let mut changed = (**last).clone();
        let mut tools = changed.tools.to_vec();
        tools.pop();
        changed.tools = Arc::new(tools);
        *last = Arc::new(changed);
    }
    servers
}

/// Copies of `servers` under other names, until there are `count` tools.
fn replicated(servers: &[Arc<ServerSnapshot>], count: usize) -> Vec<Arc<ServerSnapshot>> {
    let mut out = Vec::new();
    let mut left = count;
    for round in 0_u32.. {
        for server in servers {
            if left == 0 {
                return out;
            }
            let mut tools = server.tools.to_vec();
            tools.truncate(left);
            left -= tools.len();
            for tool in &mut tools {
                tool.name = format!("{}_v{round}", tool.name);
            }
            out.push(Arc::new(common::server(&format!("{}-{round}", server.name), tools)));
        }
    }
    out
}
