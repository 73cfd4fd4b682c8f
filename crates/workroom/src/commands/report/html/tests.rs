//! The page of a report: whole, escaped, and without anything from elsewhere.

use workroom_ledger::{
    Volume,
    account::{Account, Call, Kind, Loaded},
    price::Prices,
    report::report,
    sheet::Rules,
};

use super::*;

const fn tokens_of(tokens: u64) -> Volume {
    Volume { tokens, bytes: tokens * 4 }
}

fn run(at: i64, server: &str, result: u64) -> Account {
    let mut account = Account::new(Kind::Run, at);
    account.session = format!("s{at}");
    account.client = "<script>alert(1)</script>".to_owned();
    (account.asked, account.answered) = (tokens_of(150), tokens_of(60));
    account.calls = (0..4)
        .map(|turn| Call {
            server: server.to_owned(),
            tool: "list".to_owned(),
            turn,
            arguments: tokens_of(10),
            result: tokens_of(result),
            ..Call::default()
        })
        .collect();
    account.servers = vec![Loaded { server: server.to_owned(), definitions: tokens_of(3_000) }];
    account
}

fn page_of(accounts: &[Account]) -> String {
    let prices = Prices::ours();
    let model = prices.find(None).unwrap();
    let all = [By::Day, By::Server, By::Client, By::Skill, By::Session];
    page(&all.map(|by| report(accounts, by, model, Rules::default())))
}

/// Each element that is opened is closed, in order.
#[track_caller]
fn check_nesting(page: &str) {
    const VOID: [&str; 2] = ["meta", "!doctype"];
    let mut open: Vec<&str> = Vec::new();
    for part in page.split('<').skip(1) {
        let (tag, _) = part.split_once('>').unwrap();
        let name = tag.trim_start_matches('/').split_whitespace().next().unwrap();
        if tag.starts_with('/') {
            assert_eq!(open.pop(), Some(name), "{part}");
        } else if !VOID.contains(&name) {
            open.push(name);
        }
    }
    assert_eq!(open, [""; 0]);
}

#[test]
fn the_page_is_whole_fetches_nothing_and_runs_nothing() {
    let days = (0..70).zip(["crm", "mail"].into_iter().cycle());
    let accounts: Vec<Account> =
        days.map(|(day, server)| run(day * 86_400_000, server, 5_000)).collect();
    let page = page_of(&accounts);
    check_nesting(&page);
    for fetched in ["<script", "<link", "<img", "src=", "@import", "url(", "javascript:", "onclick"]
    {
        assert!(!page.contains(fetched), "{fetched}");
    }
    // The only address is text: where the prices are from.
    assert_eq!(page.matches("https://").count(), 1);
    for shown in
        ["1970-01", "By server", "By session", "How this was counted", "modelled", "measured"]
    {
        assert!(page.contains(shown), "{shown}");
    }
}

#[test]
fn names_of_others_are_text() {
    let page = page_of(&[run(0, "a<b>\"c'&\u{202e}", 10), run(1, "crm", 10)]);
    check_nesting(&page);
    assert!(page.contains("a&lt;b&gt;&quot;c&#39;&amp;\u{fffd}"), "{page}");
}

#[test]
fn losses_are_shown_and_an_empty_page_says_so() {
    let mut small = run(0, "crm", 5);
    small.servers[0].definitions = tokens_of(60);
    assert!(page_of(&[small]).contains("In 1 of 1 session"));
    let empty = page_of(&[]);
    check_nesting(&empty);
    assert!(empty.contains("nothing has passed yet"), "{empty}");
}
