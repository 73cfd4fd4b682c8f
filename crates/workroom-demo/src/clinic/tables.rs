//! The facts as the practice keeps them, and the empty tables of the hospital and the mailer.

use serde_json::{Map, Value, json};

use crate::{Day, backend::Refusal, office::Tables};

use super::facts::{Facts, SPECIALTIES};

pub(crate) fn ehr(facts: &Facts) -> Tables {
    let patients = facts.patients.iter().map(|patient| {
        json!({
            "id": patient.id, "name": { "family": patient.family, "given": patient.given },
            "birthDate": patient.born.to_string(), "mrn": patient.mrn, "email": patient.email,
            "phone": patient.phone,
            "address": { "line": patient.street, "city": patient.city, "postalCode": patient.zip },
            "insurance": { "payer": patient.payer, "memberId": patient.member }
        })
    });
    let referrals = facts.referrals.iter().map(|referral| {
        json!({
            "id": referral.id, "patient_id": facts.patients[referral.patient].id,
            "status": if referral.is_ready { "ready" } else { "draft" },
            "specialty": referral.specialty,
            "priority": if referral.is_urgent { "urgent" } else { "routine" },
            "reason": referral.reason
        })
    });
    Tables::from([
        ("patients", patients.collect()),
        ("referrals", referrals.collect()),
        ("conditions", Vec::new()),
        ("medications", Vec::new()),
        ("allergies", Vec::new()),
        ("chart_notes", Vec::new()),
    ])
}

pub(crate) fn intake() -> Tables {
    let departments =
        SPECIALTIES.iter().map(|name| json!({ "id": name, "phone": "+1 503 555 0100" }));
    Tables::from([
        ("cases", Vec::new()),
        ("departments", departments.collect()),
        ("slots", Vec::new()),
        ("authorizations", Vec::new()),
    ])
}

pub(crate) fn mailer() -> Tables {
    Tables::from([
        ("outbox", Vec::new()),
        ("templates", Vec::new()),
        ("bounces", Vec::new()),
        ("suppressions", Vec::new()),
    ])
}

/// A case number, and a visit: urgent ones within days, each department in turn.
pub(crate) fn register(tables: &mut Tables, given: &Map<String, Value>) -> Result<Value, Refusal> {
    let cases = tables.entry("cases").or_default();
    let external = &given["external_id"];
    if cases.iter().any(|case| case["external_id"] == *external) {
        return Err(Refusal::Conflict(format!("referral {external} is registered already")));
    }
    let count = i32::try_from(cases.len()).unwrap_or(i32::MAX);
    let wait = if given["priority"] == "urgent" { 3 } else { 14 };
    let day = Day::from_epoch(20_777 + wait + count / 40);
    let visit = json!({
        "date": day.to_string(), "time": format!("{:02}:{}0", 8 + count % 9, count % 6),
        "department": given["specialty"]
    });
    let mut case = Value::Object(given.clone());
    case["case_number"] = json!(format!("OHC-{}", 700_000 + count * 11));
    case["visit"] = visit.clone();
    let made = json!({ "case_number": case["case_number"], "visit": visit });
    cases.push(case);
    Ok(made)
}
