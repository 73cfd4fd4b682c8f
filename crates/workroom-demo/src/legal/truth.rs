//! What is right, from the facts, and whether what the servers received is that.

use std::{collections::BTreeMap, fmt::Write as _};

use serde::Deserialize;
use serde_json::{Value, json};

use crate::{Check, Effect};

use super::{
    facts::{Facts, NUMBER},
    planted::ISSUES,
};

/// How a line of the summary begins a passage, as text that both can be compared in.
type Summary = BTreeMap<String, Vec<String>>;

#[derive(Debug, PartialEq, Eq, Deserialize)]
struct Answer {
    passages: BTreeMap<String, usize>,
    deadlines: usize,
    to: String,
}

/// The finding, in words.
pub fn headline(facts: &Facts) -> String {
    let mut text = format!(
        "{} passages of {} pages of testimony by {} are key to the issues of matter {NUMBER}:\n",
        facts.transcript.passages.len(),
        facts.transcript.pages.len(),
        facts.witness.name(),
    );
    for (title, lines) in ordered(facts) {
        let _ = writeln!(text, "  {title}: {}", lines.len());
    }
    let _ = write!(
        text,
        "{} deadlines are in the calendar; the client, {}, has a letter.",
        facts.deadlines().len(),
        facts.client.name()
    );
    text
}

/// The open issues with the lines of their passages, in order.
fn ordered(facts: &Facts) -> Vec<(String, Vec<String>)> {
    let open = ISSUES.iter().enumerate().filter(|(_, (_, _, is_open))| *is_open);
    open.map(|(index, (title, _, _))| {
        let passages = facts.transcript.passages.iter();
        let lines = passages.filter(|passage| passage.issues.contains(&index)).map(|passage| {
            format!("- {}: Q. {} A. {}", passage.cite, passage.question, passage.answer)
        });
        ((*title).to_owned(), lines.collect())
    })
    .collect()
}

/// Whether `answer` and what the servers received are right.
pub fn check(facts: &Facts, answer: &Value, effects: &[Effect]) -> Vec<Check> {
    let of = |tool: &str| effects.iter().filter(|effect| effect.tool == tool).collect::<Vec<_>>();
    let documents = of("create_document");
    let expected = 3 + facts.deadlines().len();
    vec![
        summary(facts, &documents),
        calendar(facts, &of("create_event")),
        letter(facts, &of("send_message")),
        log(facts, &of("log_activity"), &documents),
        Check::equal("nothing else was changed", &effects.len(), &expected),
        told(facts, answer),
    ]
}

fn one<'e>(what: &str, effects: &[&'e Effect]) -> Result<&'e Effect, Check> {
    match effects {
        [one] => Ok(one),
        _ => Err(Check {
            what: what.to_owned(),
            wrong: Some(format!("there are {} of it, not one", effects.len())),
        }),
    }
}

fn summary(facts: &Facts, effects: &[&Effect]) -> Check {
    let what = "the summary in the case file has each key passage under its issues, word for word";
    let effect = match one(what, effects) {
        Ok(effect) => effect,
        Err(check) => return check,
    };
    let text = effect.arguments["content"].as_str().unwrap_or_default();
    let (mut actual, mut issue) = (Summary::new(), String::new());
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        match line.strip_prefix("## ") {
            Some(title) => {
                title.clone_into(&mut issue);
                actual.entry(issue.clone()).or_default();
            }
            None => actual.entry(issue.clone()).or_default().push(line.to_owned()),
        }
    }
    let place = json!({ "matter_number": NUMBER, "folder": "Discovery/Summaries",
        "name": format!("Deposition summary - {}.md", facts.witness.name()) });
    let given = json!({ "matter_number": effect.arguments["matter_number"],
        "folder": effect.arguments["folder"], "name": effect.arguments["name"] });
    let expected: Summary = ordered(facts).into_iter().collect();
    Check::equal(what, &(given, actual), &(place, expected))
}

fn calendar(facts: &Facts, effects: &[&Effect]) -> Check {
    let what = "each deadline is in the litigation calendar once, on its court day";
    let mut actual: Vec<Value> = effects
        .iter()
        .map(|effect| {
            let mut event = Value::Object(effect.arguments.clone());
            event.as_object_mut().map(|event| event.remove("description"));
            event
        })
        .collect();
    let mut expected: Vec<Value> = facts
        .deadlines()
        .into_iter()
        .map(|(title, day)| {
            json!({
                "calendar_id": "cal_lit", "summary": format!("{NUMBER}: {title}"),
                "start": { "date": day.to_string() }
            })
        })
        .collect();
    for events in [&mut actual, &mut expected] {
        events.sort_by_key(Value::to_string);
    }
    Check::equal(what, &actual, &expected)
}

fn letter(facts: &Facts, effects: &[&Effect]) -> Check {
    let what = "the client's primary contact has one letter, with each issue and each deadline";
    let effect = match one(what, effects) {
        Ok(effect) => effect,
        Err(check) => return check,
    };
    let body = &effect.arguments["body"];
    let text = body["content"].as_str().unwrap_or_default();
    let mut wanted = vec![format!("{} {}", facts.client.title, facts.client.last)];
    wanted.extend(
        ordered(facts)
            .into_iter()
            .map(|(title, lines)| format!("<li>{title}: {}</li>", lines.len())),
    );
    let mut deadlines = facts.deadlines();
    deadlines.sort_by_key(|(_, day)| *day);
    wanted.extend(deadlines.iter().map(|(title, day)| format!("<li>{day}: {title}</li>")));
    let missing: Vec<&String> = wanted.iter().filter(|part| !text.contains(*part)).collect();
    let address = &effect.arguments["to"][0]["emailAddress"]["address"];
    let actual = (address.as_str(), &effect.arguments["subject"], &body["contentType"], missing);
    let subject = json!(format!("{NUMBER}: deposition of {}", facts.witness.name()));
    let (email, html) = (email(facts), json!("HTML"));
    let expected = (Some(email.as_str()), &subject, &html, Vec::new());
    Check::equal(what, &actual, &expected)
}

fn email(facts: &Facts) -> String {
    facts.client.email("meridiancold.example")
}

fn log(facts: &Facts, effects: &[&Effect], documents: &[&Effect]) -> Check {
    let what = "the letter is logged at the client's account, with the summary's id";
    let effect = match one(what, effects) {
        Ok(effect) => effect,
        Err(check) => return check,
    };
    let id = documents.first().map(|document| document.result["id"].clone()).unwrap_or_default();
    let field = |name: &str| effect.arguments.get(name).cloned().unwrap_or_default();
    let actual = ["account_id", "type", "matter_number", "document_id"].map(field);
    let expected = [json!(facts.account), json!("letter"), json!(NUMBER), id];
    Check::equal(what, &actual, &expected)
}

fn told(facts: &Facts, answer: &Value) -> Check {
    let passages = ordered(facts).into_iter().map(|(title, lines)| (title, lines.len())).collect();
    let expected = Answer { passages, deadlines: facts.deadlines().len(), to: email(facts) };
    let what = "the user is told the right numbers";
    match serde_json::from_value::<Answer>(answer.clone()) {
        Ok(actual) => Check::equal(what, &actual, &expected),
        Err(error) => Check { what: what.to_owned(), wrong: Some(error.to_string()) },
    }
}
