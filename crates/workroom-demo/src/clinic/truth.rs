//! What is right, whether the systems received that, and what of it a model saw.

use std::{
    collections::{BTreeMap, HashSet},
    fmt::Write as _,
};

use serde_json::{Value, json};

use crate::{Check, Effect};

use super::facts::{Facts, Patient, READY, Referral};

/// The finding, in words.
pub fn headline(facts: &Facts) -> String {
    let urgent = facts.ready().filter(|(referral, _)| referral.is_urgent).count();
    format!(
        "{READY} patients' records are with the hospital, {urgent} of them urgent; each has an \
         e-mail."
    )
}

fn registration(referral: &Referral, patient: &Patient) -> Value {
    json!({
        "external_id": referral.id, "family_name": patient.family, "given_name": patient.given,
        "birth_date": patient.born.to_string(), "record_number": patient.mrn,
        "email": patient.email, "phone": patient.phone, "street": patient.street,
        "city": patient.city, "zip": patient.zip, "payer": patient.payer,
        "member_id": patient.member, "specialty": referral.specialty,
        "priority": if referral.is_urgent { "urgent" } else { "routine" }, "reason": referral.reason
    })
}

/// Whether `answer` and what the systems received are right, value by value.
pub fn check(facts: &Facts, answer: &Value, effects: &[Effect]) -> Vec<Check> {
    let of = |tool: &str| effects.iter().filter(|effect| effect.tool == tool).collect::<Vec<_>>();
    let registered = of("register_referral");
    let by_referral: BTreeMap<&str, &Effect> = registered
        .iter()
        .filter_map(|effect| Some((effect.arguments["external_id"].as_str()?, *effect)))
        .collect();
    let mut records =
        Check::equal("each ready referral is registered once", &registered.len(), &READY);
    for (referral, patient) in facts.ready() {
        let actual =
            by_referral.get(referral.id.as_str()).map(|it| Value::Object(it.arguments.clone()));
        let expected = registration(referral, patient);
        if records.wrong.is_none() && actual.as_ref() != Some(&expected) {
            records.wrong = Some(format!("`{}` is not as the practice has it", referral.id));
        }
    }
    let case = |referral: &Referral| by_referral.get(referral.id.as_str()).map(|it| &it.result);
    let marks: Vec<Value> = facts
        .ready()
        .map(|(referral, _)| {
            let number = case(referral).map(|case| case["case_number"].clone());
            json!({ "referral_id": referral.id, "case_number": number })
        })
        .collect();
    let mails: Vec<Value> = facts.ready().map(|(it, patient)| mail(patient, case(it))).collect();
    let mut departments: BTreeMap<&str, u32> = BTreeMap::new();
    for (referral, _) in facts.ready() {
        *departments.entry(referral.specialty).or_default() += 1;
    }
    let told = json!({ "registered": answer["registered"], "departments": answer["departments"] });
    let expected = json!({ "registered": READY, "departments": departments });
    vec![
        records,
        same(
            "each referral is marked as sent, with its case number",
            &of("mark_referral_sent"),
            marks,
        ),
        same("each patient has one e-mail, with name and visit", &of("send_email"), mails),
        Check::equal("nothing else was changed", &effects.len(), &(3 * READY)),
        Check::equal("the user is told the right numbers", &told, &expected),
    ]
}

fn mail(patient: &Patient, case: Option<&Value>) -> Value {
    let none = Value::Null;
    let case = case.unwrap_or(&none);
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let visit = &case["visit"];
    let department = text(&visit["department"]);
    json!({
        "to": patient.email, "subject": format!("Your appointment in {department}"),
        "text": format!(
            "Dear {} {}, your visit in {department} is on {} at {}. Your case number is {}.",
            patient.given, patient.family, text(&visit["date"]), text(&visit["time"]),
            text(&case["case_number"])
        )
    })
}

fn same(what: &str, effects: &[&Effect], expected: Vec<Value>) -> Check {
    let sorted = |values: &mut dyn Iterator<Item = Value>| {
        let mut texts: Vec<String> = values.map(|value| value.to_string()).collect();
        texts.sort();
        texts
    };
    let actual = sorted(&mut effects.iter().map(|it| Value::Object(it.arguments.clone())));
    let expected = sorted(&mut expected.into_iter());
    let wrong = actual.iter().zip(&expected).find(|(actual, expected)| actual != expected);
    let wrong = match wrong {
        Some((actual, expected)) => Some(format!("there is {actual}, not {expected}")),
        None if actual.len() == expected.len() => None,
        None => Some(format!("there are {}, not {}", actual.len(), expected.len())),
    };
    Check { what: what.to_owned(), wrong }
}

/// The values that identify a patient.
fn values(patient: &Patient) -> [String; 7] {
    [
        format!("{} {}", patient.given, patient.family),
        patient.born.to_string(),
        patient.mrn.clone(),
        patient.email.clone(),
        patient.phone.clone(),
        patient.street.clone(),
        patient.member.clone(),
    ]
}

/// All values that identify the referred patients, each once.
pub fn identifying(facts: &Facts) -> Vec<String> {
    let mut all: Vec<String> = facts.ready().flat_map(|(_, patient)| values(patient)).collect();
    all.sort();
    all.dedup();
    all
}

/// How many of the values that identify the referred patients occur in `text`, and how many there
/// are. A birth date that is also a day of a visit counts only beside a quotation mark or a colon.
pub fn seen(facts: &Facts, text: &str) -> (usize, usize) {
    let all = identifying(facts);
    // Split at what stands around values in JSON and in sentences: a set is asked for each value,
    // since a search of a long text for each would take seconds.
    let parts = text.split(['"', '\\', ',']).map(|part| part.trim_start_matches("Dear "));
    let parts: HashSet<&str> = parts.collect();
    let is_short = text.len() < 100_000;
    let has = |value: &String| parts.contains(value.as_str()) || (is_short && text.contains(value));
    (all.iter().filter(|value| has(value)).count(), all.len())
}

/// The first patient as the model saw the record (`view`, the answer's `first`), and as the
/// hospital and the mailer received it.
pub fn beside(view: &Value, effects: &[Effect]) -> String {
    let of = |tool: &str, key: &str, value: &Value| {
        effects.iter().find(|effect| effect.tool == tool && effect.arguments[key] == *value)
    };
    // The practice lists its referrals in order, and so the first has the least id.
    let registered = effects.iter().filter(|effect| effect.tool == "register_referral");
    let received = registered.min_by_key(|effect| effect.arguments["external_id"].to_string());
    let email = received.map(|effect| effect.arguments["email"].clone()).unwrap_or_default();
    let mailed = of("send_email", "to", &email);
    let fields = [
        ("given", "given_name"),
        ("family", "family_name"),
        ("birthDate", "birth_date"),
        ("mrn", "record_number"),
        ("email", "email"),
        ("phone", "phone"),
        ("address.line", "street"),
        ("address.postalCode", "zip"),
        ("insurance.memberId", "member_id"),
        ("reason", "reason"),
    ];
    let show = |value: &Value| value.as_str().unwrap_or("-").chars().take(60).collect::<String>();
    let mut text =
        format!("{:<20}{:<62}{}", "one record", "the model's view", "the hospital received");
    for (path, name) in fields {
        let seen = show(crate::office::at(view, path));
        let got = received.map(|effect| show(&effect.arguments[name])).unwrap_or_default();
        let _ = write!(text, "\n{name:<20}{seen:<62}{got}");
    }
    let to = mailed.map(|effect| show(&effect.arguments["to"])).unwrap_or_default();
    let _ = write!(text, "\n{:<20}{:<62}{to}", "e-mail to", show(&view["email"]));
    text
}
