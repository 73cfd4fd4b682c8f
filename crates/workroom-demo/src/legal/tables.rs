//! The facts, and much else, as the six systems keep them: each in its own form.
//!
//! Ids are text, dates are written in five ways, bodies are HTML, addresses are lists of one. The
//! records that nobody needs are made from the same seed.

use serde_json::{Value, json};

use crate::{Day, backend::Refusal, grammar::expand, office::Tables, rng::Rng};

use super::facts::{Facts, HOLIDAYS, NUMBER, Person, TODAY, person};
use super::planted::ISSUES;

const MATTERS: u32 = 60;
const CLIENTS: [&str; 16] = [
    "Meridian Cold Storage, Inc.",
    "Alder Creek Orchards LLC",
    "Bayline Freight Corp.",
    "Cordova Medical Supply",
    "Dunmore Timber Co.",
    "Eastgate Properties LP",
    "Fallon & Sons Paving",
    "Granite Peak Insurance",
    "Hollis Marine Works",
    "Indigo Print House",
    "Juniper Dairy Cooperative",
    "Kestrel Aviation Parts",
    "Larkspur School District",
    "Montrose Winery",
    "Northfield Grain Terminal",
    "Osprey Software, Inc.",
];
const OPPONENTS: [&str; 10] = [
    "Talbot Refrigeration Services LLC",
    "Ridgeway Construction",
    "State Board of Equalization",
    "Pinecrest Holdings",
    "Vantage Lending Group",
    "Crown Elevator Co.",
    "Delmar Trucking",
    "Summit Roofing",
    "Hargrove Estate",
    "Quantum Labs",
];
const AREAS: [&str; 5] = ["Litigation", "Real estate", "Employment", "Corporate", "Insurance"];
const KINDS: [&str; 6] = ["Pleading", "Correspondence", "Discovery", "Exhibit", "Memo", "Order"];
const COURTS: [&str; 6] = ["ca9", "scotus", "cal", "calctapp", "caed", "cand"];

fn number(value: u32) -> i32 {
    i32::try_from(value).expect("the numbers of a world are small")
}

fn past(rng: &mut Rng, most: u32) -> Day {
    TODAY.plus(-number(rng.within(1, most)))
}

fn account(facts: &Facts, index: u32) -> String {
    if index == 0 { facts.account.clone() } else { format!("ACC-{:05}", 10_000 + index * 37) }
}

fn words(rng: &mut Rng, template: &str) -> String {
    expand(rng, template, &mut |rng, name| match name {
        "client" => (*rng.pick(&CLIENTS)).to_owned(),
        "opponent" => (*rng.pick(&OPPONENTS)).to_owned(),
        "person" => person(rng).name(),
        "n" => rng.within(2, 97).to_string(),
        _ => past(rng, 900).long(),
    })
}

/// `<p>` with two sentences of office talk.
fn html(rng: &mut Rng) -> String {
    let text = words(
        rng,
        "<p>[Dear colleague,|Hello,|Counsel:]</p><p>[Please find attached|As discussed, here \
         is] the [draft|revised draft|signed copy] of [the {date} letter|our response|the \
         stipulation]. [We expect {person} to call|The other side has until {date}|Nothing is \
         due before {date}].</p>\
         <p>[Regards|Thank you],<br>{person}</p>",
    );
    format!("<html><body style=\"font-family:Calibri\">{text}</body></html>")
}

/// The matters' system: dates as in the United States, ids as text.
pub(crate) fn matters(facts: &Facts) -> Tables {
    let mut rng = Rng::new(facts.seed ^ 1);
    let issues: Vec<Value> = ISSUES
        .iter()
        .zip(1..)
        .map(|((title, terms, is_open), number)| {
            json!({
                "id": format!("ISS-{number}"), "matter_id": "20418", "title": title,
                "key_terms": terms, "status": if *is_open { "open" } else { "resolved" }
            })
        })
        .collect();
    let deadlines = deadlines(facts, &mut rng);
    let mut list: Vec<Value> = (0..MATTERS).map(|index| matter(facts, &mut rng, index)).collect();
    for matter in &mut list {
        let of = |rows: &[Value]| -> Vec<Value> {
            rows.iter().filter(|row| row["matter_id"] == matter["id"]).cloned().collect()
        };
        (matter["issues"], matter["deadlines"]) = (json!(of(&issues)), json!(of(&deadlines)));
    }
    let time = (0..150).map(|index| json!({
        "id": (55_000 + index).to_string(), "matter_id": (20_418 + rng.below(MATTERS)).to_string(),
        "user": person(&mut rng).name(), "date": past(&mut rng, 90).american(),
        "hours": format!("{}.{}", rng.below(6), rng.within(1, 9)),
        "note": words(&mut rng, "[Call with|E-mail to|Draft letter to] {person} re \
         [{client}|{opponent}]"),
        "billed": rng.chance(50)
    })).collect();
    let parties = (0..90).map(|index| json!({
        "id": format!("PTY-{index}"), "matter_id": (20_418 + index % MATTERS).to_string(),
        "name": *rng.pick(&OPPONENTS), "role": *rng.pick(&["defendant", "plaintiff", "witness"]),
        "counsel": { "name": person(&mut rng).name(), "firm": "Marlow Pike LLP" }
    })).collect();
    let tasks = (0..110).map(|index| json!({
        "id": format!("T{}", 3_000 + index), "matter_id": (20_418 + rng.below(MATTERS)).to_string(),
        "title": words(&mut rng, "[Review|Draft|Send|File] [the answer|exhibits|the {date} \
         letter]"),
        "assignee": person(&mut rng).name(), "due": past(&mut rng, 60).american(),
        "done": rng.chance(60)
    })).collect();
    let users = (0..18)
        .map(|index| {
            let who = person(&mut rng);
            let email = who.email("harrowlind.example");
            json!({ "id": format!("U{}", 10 + index), "name": who.name(), "email": email,
            "role": *rng.pick(&["partner", "associate", "paralegal"]),
            "rate": { "amount": "410.00", "currency": "USD" } })
        })
        .collect();
    Tables::from([
        ("matters", list),
        ("issues", issues),
        ("deadlines", deadlines),
        ("time_entries", time),
        ("parties", parties),
        ("tasks", tasks),
        ("users", users),
        ("expenses", Vec::new()),
        (
            "firm",
            vec![json!({ "name": "Harrow & Lindqvist LLP",
            "time_zone": "America/Los_Angeles", "fiscal_year_start": "01/01" })],
        ),
    ])
}

/// The dockets of all matters, in no order.
fn deadlines(facts: &Facts, rng: &mut Rng) -> Vec<Value> {
    let docket = facts.docket.iter().zip(0_usize..).map(|(deadline, index)| {
        let due = match index % 3 {
            0 => deadline.due.american(),
            1 => deadline.due.to_string(),
            _ => deadline.due.long(),
        };
        json!({
            "id": format!("DL-{}", 700 + index), "matter_id": "20418", "title": deadline.title,
            "due": due, "status": deadline.status, "source": "Scheduling order, ECF No. 31"
        })
    });
    let mut deadlines: Vec<Value> = docket.collect();
    for index in 0..120 {
        let due = TODAY.plus(number(rng.within(0, 200)) - 60);
        deadlines.push(json!({
            "id": format!("DL-{}", 900 + index),
            "matter_id": (20_419 + rng.below(MATTERS - 1)).to_string(),
            "title": words(rng, "[Answer|Reply brief|Opposition|Disclosures] [due|to {client}]"),
            "due": due.american(), "status": *rng.pick(&["open", "done"]),
            "source": words(rng, "[Local rule {n}|Order of {date}]")
        }));
    }
    rng.shuffle(&mut deadlines);
    deadlines
}

fn matter(facts: &Facts, rng: &mut Rng, index: u32) -> Value {
    let client = CLIENTS[index as usize % CLIENTS.len()];
    let opponent = OPPONENTS[index as usize % OPPONENTS.len()];
    let number = match index {
        0 => NUMBER.to_owned(),
        _ => format!("2024-{:04}", 200 + index * 3),
    };
    json!({
        "id": (20_418 + index).to_string(),
        "number": number,
        "title": format!("{} v. {opponent}", client.trim_end_matches(',')),
        "client": { "account_id": account(facts, index), "name": client },
        "status": if index % 7 == 6 { "closed" } else { "open" },
        "practice_area": AREAS[index as usize % AREAS.len()],
        "opened": past(rng, 800).american(),
        "responsible": person(rng).name(),
        "budget": { "amount": format!("{}000.00", rng.within(20, 190)), "currency": "USD" },
        "custom_fields": [
            { "field": "Judge", "value": person(rng).last },
            { "field": "Venue", "value": "E.D. Cal." },
        ]
    })
}

/// The documents: epoch seconds, folders as paths, texts in pages.
pub(crate) fn documents(facts: &Facts) -> Tables {
    let mut rng = Rng::new(facts.seed ^ 2);
    let mut list: Vec<Value> = (0..220)
        .map(|index| {
            let kind = *rng.pick(&KINDS);
            let text = words(
                &mut rng,
                "[MEMORANDUM|LETTER|NOTICE]. [To|From] {person}. [On \
         {date}|By {date}] {client} [will|shall] [produce|respond]. {person} [advised|asked] \
         that {opponent} [settle|answer].",
            );
            json!({
                "id": format!("D{}", 300_100 + index * 13),
                "name": words(&mut rng, "[Letter to|Memo on|Notice by|Draft for] \
                 [{opponent}|{client}|{person}].[docx|pdf]"),
                "kind": kind, "folder": format!("/Matters/{}/{kind}", 20_418 + rng.below(MATTERS)),
                "matter_number": format!("2024-{:04}", 200 + rng.below(MATTERS) * 3),
                "pages": 1, "modified": past(&mut rng, 700).epoch_seconds().to_string(),
                "author": { "displayName": person(&mut rng).name() }, "version": rng.within(1, 9),
                "checked_out": false, "tags": [], "_text": [text]
            })
        })
        .collect();
    let deposition = |id: String, name: String, pages: &[String], day: Day| {
        json!({
            "id": id, "name": name, "kind": "Transcript",
            "folder": "/Matters/20418/Discovery/Depositions", "matter_number": NUMBER,
            "pages": pages.len(), "modified": day.epoch_seconds().to_string(),
            "author": { "displayName": "Delta Court \
             Reporting" }, "version": 1, "checked_out": false,
            "tags": ["certified"], "_text": pages
        })
    };
    let name = |person: &Person| format!("Deposition transcript - {}.txt", person.name());
    let pages = &facts.transcript.pages;
    list.push(deposition(facts.document.clone(), name(&facts.witness), pages, facts.deposed));
    rng.shuffle(&mut list);
    let folders = ["Pleading", "Discovery", "Discovery/Depositions", "Correspondence"];
    let folders = folders.iter().zip(1..).map(|(path, index)| {
        json!({ "id": format!("F{index}"), "matter_number": NUMBER,
        "path": format!("/Matters/20418/{path}") })
    });
    Tables::from([
        ("documents", list),
        ("folders", folders.collect()),
        ("templates", templates()),
        ("versions", Vec::new()),
        ("shares", Vec::new()),
        ("comments", Vec::new()),
    ])
}

fn templates() -> Vec<Value> {
    let names = ["Engagement letter", "Deposition summary", "Litigation hold", "Fee agreement"];
    let names = names.iter().zip(1..);
    names
        .map(|(name, id)| json!({ "id": format!("TPL{id}"), "name": name, "language": "en-US" }))
        .collect()
}

/// The text of a document: of all its pages, or of those from `from_page` to `to_page`.
pub(crate) fn document_text(
    tables: &mut Tables,
    given: &serde_json::Map<String, Value>,
) -> Result<Value, Refusal> {
    let id = given["document_id"].as_str().unwrap_or_default();
    let found = tables["documents"].iter().find(|document| document["id"] == id);
    let document =
        found.ok_or_else(|| Refusal::NotFound { what: "document", id: id.to_owned() })?;
    let pages = document["_text"].as_array().map(Vec::as_slice).unwrap_or_default();
    let page = |name: &str, default| given.get(name).and_then(Value::as_u64).unwrap_or(default);
    let (from, to) = (page("from_page", 1).max(1), page("to_page", pages.len() as u64));
    let numbered = pages.iter().zip(1..).filter(|(_, number)| (from..=to).contains(number));
    let shown = numbered.map(|(text, number)| json!({ "page": number, "text": text }));
    Ok(json!({ "pages": shown.collect::<Vec<_>>() }))
}

/// Case law: citations, courts, syllabi.
pub(crate) fn caselaw(facts: &Facts) -> Tables {
    let mut rng = Rng::new(facts.seed ^ 3);
    let cases = (0..240).map(|index| {
        let reporter = *rng.pick(&["F.3d", "F. Supp. 3d", "Cal. App. 5th", "U.S."]);
        json!({
            "id": (8_810_000 + index * 31).to_string(),
            "caption": words(&mut rng, "[{opponent}|{person}] v. [{client}|{person}]"),
            "citation": format!("{} {reporter} {}", rng.within(12, 990), rng.within(1, 1_400)),
            "court": *rng.pick(&COURTS), "decided": past(&mut rng, 12_000).to_string(),
            "judges": [person(&mut rng).last, person(&mut rng).last],
            "treatment": *rng.pick(&["good_law", "good_law", "distinguished", "overruled"]),
            "cited_by": rng.below(900),
            "syllabus": words(&mut rng, "[Spoliation|Breach of contract|Negligent \
             maintenance|Notice of defect|Lost profits]. [Affirmed|Reversed|Vacated in part]. \
             The [panel|court] held that [a duty to preserve arises when litigation is \
             foreseeable|a party that knew of the defect cannot rely on the limitation|damages \
             need only be reasonably certain]."),
            "_opinion": words(&mut rng, "{person}, J. [We affirm.|We reverse.] The record shows \
             that on {date} {client} notified {opponent}.")
        })
    }).collect();
    let courts = COURTS
        .iter()
        .map(|id| json!({ "id": id, "name": id.to_uppercase(), "jurisdiction": "US" }));
    let dockets = (0..80)
        .map(|index| {
            json!({
                "id": (61_000 + index).to_string(), "court": *rng.pick(&COURTS),
                "docket_number": format!("1:24-cv-{:05}", 150 + index),
                "caption": words(&mut rng, "{client} v. \
                 {opponent}"), "filed": past(&mut rng, 900).to_string()
            })
        })
        .collect();
    let rules = (1..60)
        .map(|index| {
            json!({
                "id": format!("LR-{}", 200 + index), "court": *rng.pick(&COURTS),
                "title": words(&mut rng, "[Motions|Discovery disputes|Ex parte applications|Page \
                 limits|Service]"),
                "text": words(&mut rng, "[Not later than {n} days before|Within {n} days of] [the \
                 hearing|service], a party [must|shall] [meet and confer|file a statement].")
            })
        })
        .collect();
    Tables::from([
        ("cases", cases),
        ("courts", courts.collect()),
        ("dockets", dockets),
        ("rules", rules),
        ("alerts", Vec::new()),
        ("folders", Vec::new()),
        ("judges", Vec::new()),
        ("statutes", Vec::new()),
    ])
}

/// The calendar: nested starts and ends, days or times with an offset.
pub(crate) fn calendar(facts: &Facts) -> Tables {
    let mut rng = Rng::new(facts.seed ^ 4);
    let events = (0..140)
        .map(|index| {
            let day = TODAY.plus(number(rng.below(120)) - 40);
            let minute = rng.within(8, 17) * 60;
            json!({
                "id": format!("ev_{:x}", 0x00A1_0000_u32 + index * 97),
                "calendar_id": *rng.pick(&["cal_firm", "cal_lit"]),
                "summary": words(&mut rng, "[Call with|Meeting:|Hearing,] [{person}|{client}]"),
                "start": { "dateTime": day.at(minute) },
                "end": { "dateTime": day.at(minute + 30) },
                "attendees": [{ "email": person(&mut rng).email("harrowlind.example"),
                "responseStatus": "accepted" }],
                "status": "confirmed", "_day": day.to_string()
            })
        })
        .collect();
    let calendars =
        [("cal_firm", "Firm"), ("cal_lit", "Litigation deadlines"), ("cal_rooms", "Rooms")];
    let calendars = calendars
        .map(|(id, name)| json!({ "id": id, "name": name, "timeZone": "America/Los_Angeles" }));
    let holidays =
        HOLIDAYS.map(|(date, name)| json!({ "date": date, "name": name, "court": "E.D. Cal." }));
    let rooms = ["Sequoia", "Redwood", "Manzanita"];
    let rooms = rooms.map(|name| json!({ "id": name.to_lowercase(), "name": name, "seats": "8" }));
    Tables::from([
        ("events", events),
        ("calendars", calendars.to_vec()),
        ("holidays", holidays.to_vec()),
        ("rooms", rooms.to_vec()),
        ("reminders", Vec::new()),
        ("subscriptions", Vec::new()),
        ("settings", vec![json!({ "weekStart": "sunday", "defaultReminderMinutes": "30" })]),
    ])
}

/// The mail: bodies in HTML, recipients nested twice.
pub(crate) fn mail(facts: &Facts) -> Tables {
    let mut rng = Rng::new(facts.seed ^ 5);
    let messages = (0..160)
        .map(|index| {
            let (from, to) = (person(&mut rng), person(&mut rng));
            json!({
                "id": format!("AAMk{:06}", 120_000 + index * 17), "folder_id": *rng.pick(&["inbox",
                "sent", "archive"]),
                "from": { "emailAddress": { "name": from.name(),
                "address": from.email("mail.example") } },
                "toRecipients": [{ "emailAddress": { "name": to.name(),
                "address": to.email("harrowlind.example") } }],
                "subject": words(&mut rng, "[RE: |FW: |]{client} / [the {date} \
                 letter|stipulation|exhibits]"),
                "receivedDateTime": past(&mut rng, 200).at(rng.below(1_440)),
                "body": { "contentType": "HTML", "content": html(&mut rng) },
                "isRead": rng.chance(70), "hasAttachments": rng.chance(20), "categories": []
            })
        })
        .collect();
    let folders = ["inbox", "sent", "archive", "drafts"];
    let folders =
        folders.map(|id| json!({ "id": id, "displayName": id, "unreadItemCount": rng.below(30) }));
    Tables::from([
        ("messages", messages),
        ("mail_folders", folders.to_vec()),
        ("rules", Vec::new()),
        (
            "signatures",
            vec![
                json!({ "id": "S1", "name": "Firm", "html": "<p>Harrow &amp; Lindqvist LLP</p>" }),
            ],
        ),
        ("attachments", Vec::new()),
        ("categories", Vec::new()),
        ("outbox", Vec::new()),
        (
            "mailbox",
            vec![json!({ "timeZone": "Pacific Standard \
                 Time", "automaticReplies": { "status": "disabled" } })],
        ),
    ])
}

/// The CRM: several e-mail addresses for each contact, of which one is preferred.
pub(crate) fn crm(facts: &Facts) -> Tables {
    let mut rng = Rng::new(facts.seed ^ 6);
    let accounts = (0..MATTERS)
        .map(|index| {
            json!({
                "id": account(facts, index), "name": CLIENTS[index as usize % CLIENTS.len()],
                "industry": *rng.pick(&["Storage", "Food", "Freight", "Property"]),
                "owner": person(&mut rng).name(),
                "billing": { "city": "Fresno", "state": "CA", "terms": "NET30" },
                "createdAt": past(&mut rng, 2_000).compact()
            })
        })
        .collect();
    let mut contacts: Vec<Value> = Vec::new();
    for index in 0..MATTERS {
        for role in ["billing", "general_counsel", "primary"] {
            let is_client = index == 0 && role == "primary";
            let who = if is_client { facts.client.clone() } else { person(&mut rng) };
            let domain = if index == 0 { "meridiancold.example" } else { "client.example" };
            contacts.push(json!({
                "id": format!("CON-{}", 4_000 + contacts.len()), "account_id": account(facts,
                index),
                "salutation": who.title, "first_name": who.first, "last_name": who.last,
                "role": role,
                "preferred_email": who.email(domain),
                "emails": [who.email("home.example"), who.email(domain)],
                "phones": [{ "number": format!("+1 559 555 \
                 {:04}", rng.below(10_000)), "type": "work" }]
            }));
        }
    }
    let activities = (0..130).map(|index| json!({
        "id": format!("ACT-{index}"), "account_id": account(facts, rng.below(MATTERS)),
        "type": *rng.pick(&["call", "note", "meeting"]), "subject": words(&mut rng, "[Call|Note] \
         [with|on] {person}"),
        "at": past(&mut rng, 300).compact(), "matter_number": null, "document_id": null
    })).collect();
    let deals = (0..40)
        .map(|index| {
            json!({
                "id": format!("OPP-{index}"), "account_id": account(facts, rng.below(MATTERS)),
                "name": words(&mut rng, "[New matter|Renewal]: {client}"),
                "stage": *rng.pick(&["new", "conflict_check", "engaged", "declined"]),
                "value": format!("{}500", rng.within(1, 90))
            })
        })
        .collect();
    Tables::from([
        ("accounts", accounts),
        ("contacts", contacts),
        ("activities", activities),
        ("deals", deals),
        ("tasks", Vec::new()),
        ("campaigns", Vec::new()),
        ("notes", Vec::new()),
        ("conflicts", Vec::new()),
    ])
}
