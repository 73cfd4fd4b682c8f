//! The job done the traditional way: the model reads the transcript, and writes each argument.
//!
//! A program stands in for the model. It makes no call too many, asks for the largest pages, and
//! calls together what does not depend on one another, so it is generous to this way.

use std::error::Error;

use serde_json::{Value, json};

use crate::{Day, Fault, ToolCall};

const NUMBER: &str = "2024-0187";

/// Pages of a transcript in one call: more would be cut by a client that shows 25,000 tokens.
const PAGES: u64 = 50;

/// What somebody said, and where it stands.
struct Said {
    from: String,
    to: String,
    text: String,
}

/// Reads the case through `turn`, which makes some calls at once, and does the job.
///
/// # Errors
///
/// A [`Fault`] where a call fails or answers what its tool does not promise.
pub async fn traditional<C, E>(turn: C) -> Result<Value, Fault<E>>
where
    C: AsyncFn(Vec<ToolCall>) -> Result<Vec<Value>, E>,
    E: Error + 'static,
{
    let call = async |calls: Vec<ToolCall>| turn(calls).await.map_err(Fault::Call);
    let found =
        call(vec![ToolCall::new("matters", "get_matter", &json!({ "number": NUMBER }))]).await?;
    let matter = &found[0];
    let account = &matter["client"]["account_id"];
    let transcripts = json!({ "matter_number": NUMBER, "kind": "Transcript" });
    let about = call(vec![
        ToolCall::new("documents", "list_documents", &transcripts),
        ToolCall::new("calendar", "list_court_holidays", &json!({})),
        ToolCall::new("crm", "list_contacts", &json!({ "account_id": account, "role": "primary" })),
    ])
    .await?;
    let [documents, holidays, contacts] = &about[..] else {
        return Err(Fault::Result("a turn"));
    };
    let document = &documents["documents"][0];
    let count = document["pages"].as_u64().ok_or(Fault::Result("list_documents"))?;
    let reads = (0..count.div_ceil(PAGES)).map(|part| {
        let (from, to) = (part * PAGES + 1, (part + 1) * PAGES);
        let pages = json!({ "document_id": document["id"], "from_page": from, "to_page": to });
        ToolCall::new("documents", "get_document_text", &pages)
    });
    let said = said(&call(reads.collect()).await?);
    let coded = coded(matter, &said);
    let deadlines = deadlines(matter, holidays, &said).ok_or(Fault::Result("get_matter"))?;
    let witness = text(&document["name"]);
    let witness = witness.trim_start_matches("Deposition transcript - ").trim_end_matches(".txt");
    let made = call(filings(witness, &coded, &deadlines)).await?;
    let client = rows(contacts, "data").first().ok_or(Fault::Result("list_contacts"))?;
    let taken = taken(&said).ok_or(Fault::Result("get_document_text"))?;
    let (letter, address) = letter(client, witness, taken, &coded, &deadlines);
    let log = json!({
        "account_id": account, "type": "letter", "subject": letter.arguments["subject"],
        "matter_number": NUMBER, "document_id": made[0]["id"]
    });
    call(vec![letter, ToolCall::new("crm", "log_activity", &log)]).await?;
    let passages: serde_json::Map<String, Value> =
        coded.iter().map(|(title, lines)| (title.clone(), json!(lines.len()))).collect();
    Ok(json!({ "passages": passages, "deadlines": deadlines.len(), "to": address }))
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn rows<'v>(value: &'v Value, key: &str) -> &'v [Value] {
    value[key].as_array().map(Vec::as_slice).unwrap_or_default()
}

/// The transcript by speaker.
fn said(parts: &[Value]) -> Vec<Said> {
    let mut said: Vec<Said> = Vec::new();
    for page in parts.iter().flat_map(|part| rows(part, "pages")) {
        for line in text(&page["text"]).lines() {
            let Some((number, line)) = line.trim_start().split_once("   ") else { continue };
            let at = format!("{}:{number}", page["page"]);
            match said.last_mut() {
                Some(last) if !line.starts_with(' ') => {
                    last.text.push(' ');
                    last.text.push_str(line);
                    last.to = at;
                }
                _ => {
                    said.push(Said {
                        from: at.clone(),
                        to: at,
                        text: line.trim_start().to_owned(),
                    });
                }
            }
        }
    }
    said
}

/// The open issues, each with the lines of its passages.
fn coded(matter: &Value, said: &[Said]) -> Vec<(String, Vec<String>)> {
    let mut exchanges: Vec<(String, String)> = Vec::new();
    let mut question: Option<&Said> = None;
    for one in said {
        if one.text.starts_with("Q. ") {
            question = Some(one);
        } else if let Some(answer) = one.text.strip_prefix("A. ")
            && let Some(asked) = question.take()
        {
            let says_nothing = ["I don't recall", "I don't know", "I don't remember"]
                .iter()
                .any(|it| answer.starts_with(it));
            if !says_nothing {
                let words = format!("Q. {} A. {answer}", &asked.text[3..]);
                exchanges
                    .push((format!("- {}-{}: {words}", asked.from, one.to), words.to_lowercase()));
            }
        }
    }
    let open = rows(matter, "issues").iter().filter(|issue| issue["status"] == "open");
    open.map(|issue| {
        let has =
            |words: &str| rows(issue, "key_terms").iter().any(|term| words.contains(text(term)));
        let lines = exchanges.iter().filter(|(_, words)| has(words));
        (text(&issue["title"]).to_owned(), lines.map(|(line, _)| line.clone()).collect())
    })
    .collect()
}

/// A day as one of the systems writes it.
fn day(written: &str) -> Option<Day> {
    if let Some(day) = Day::parse_iso(written) {
        return Some(day);
    }
    let number = |text: &str| text.parse().ok();
    if let [month, day, year] = written.split('/').collect::<Vec<_>>()[..] {
        return Day::new(year.parse().ok()?, number(month)?, number(day)?);
    }
    let (month, rest) = written.split_once(' ')?;
    let (day, year) = rest.split_once(", ")?;
    let known = (1..=12)
        .find(|it| Day::new(2_000, *it, 1).is_some_and(|first| first.long().starts_with(month)));
    Day::new(year.parse().ok()?, known?, number(day)?)
}

fn taken(said: &[Said]) -> Option<Day> {
    let line = said.iter().find_map(|one| one.text.split_once("Taken on "))?;
    day(line.1.split_once(", at")?.0)
}

/// All deadlines, the first first.
fn deadlines(matter: &Value, holidays: &Value, said: &[Said]) -> Option<Vec<(String, Day)>> {
    let mut all = Vec::new();
    for deadline in rows(matter, "deadlines").iter().filter(|it| it["status"] == "open") {
        all.push((text(&deadline["title"]).to_owned(), day(text(&deadline["due"]))?));
    }
    let taken = taken(said)?;
    let closed: Vec<&str> = rows(holidays, "items").iter().map(|it| text(&it["date"])).collect();
    for one in said {
        let Some(noted) = one.text.strip_prefix("(Information requested: ") else { continue };
        let (what, within) = noted.split_once("; due within ")?;
        let days = within.split_once('(')?.1.split_once(')')?.0;
        let mut due = taken.plus(days.parse().ok()?);
        while due.is_weekend() || closed.contains(&due.to_string().as_str()) {
            due = due.plus(1);
        }
        all.push((what.to_owned(), due));
    }
    all.sort_by_key(|(_, day)| *day);
    Some(all)
}

/// The summary, and the events.
fn filings(
    witness: &str,
    coded: &[(String, Vec<String>)],
    deadlines: &[(String, Day)],
) -> Vec<ToolCall> {
    let sections = coded.iter().map(|(title, lines)| format!("## {title}\n{}", lines.join("\n")));
    let summary = json!({
        "matter_number": NUMBER, "folder": "Discovery/Summaries",
        "name": format!("Deposition summary - {witness}.md"),
        "content": sections.collect::<Vec<_>>().join("\n\n")
    });
    let mut calls = vec![ToolCall::new("documents", "create_document", &summary)];
    calls.extend(deadlines.iter().map(|(title, day)| {
        let event = json!({
            "calendar_id": "cal_lit", "summary": format!("{NUMBER}: {title}"),
            "start": { "date": day.to_string() }
        });
        ToolCall::new("calendar", "create_event", &event)
    }));
    calls
}

fn letter(
    client: &Value,
    witness: &str,
    taken: Day,
    coded: &[(String, Vec<String>)],
    deadlines: &[(String, Day)],
) -> (ToolCall, String) {
    let address = text(&client["preferred_email"]).to_owned();
    let (first, last) = (text(&client["first_name"]), text(&client["last_name"]));
    let items = |items: Vec<String>| format!("<li>{}</li>", items.join("</li><li>"));
    let issues = coded.iter().map(|(title, lines)| format!("{title}: {}", lines.len()));
    let issues = items(issues.collect());
    let dates = items(deadlines.iter().map(|(title, day)| format!("{day}: {title}")).collect());
    let content = format!(
        "<p>Dear {} {last}:</p><p>We deposed {witness} on {taken}. Key passages:</p>\
         <ul>{issues}</ul><p>Deadlines:</p>\
         <ul>{dates}</ul>",
        text(&client["salutation"])
    );
    let message = json!({
        "to": [{ "emailAddress": { "name": format!("{first} {last}"), "address": address } }],
        "subject": format!("{NUMBER}: deposition of {witness}"),
        "body": { "contentType": "HTML", "content": content }
    });
    (ToolCall::new("mail", "send_message", &message), address)
}
