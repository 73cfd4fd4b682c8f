//! The job done the traditional way: every record passes through the model, which writes it again.
//!
//! A program stands in for the model. It makes no call too many, and ten patients' calls together.

use std::{collections::BTreeMap, error::Error};

use serde_json::{Value, json};

use crate::{Fault, ToolCall};

/// Patients that are dealt with at once.
const AT_ONCE: usize = 10;

/// Does the job through `turn`, which makes some calls at once.
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
    let mut referrals = Vec::new();
    for page in 1.. {
        let asked = json!({ "status": "ready", "per_page": 100, "page": page });
        let part = call(vec![ToolCall::new("ehr", "list_referrals", &asked)]).await?.remove(0);
        referrals.extend(part["referrals"].as_array().into_iter().flatten().cloned());
        let pages = part["pagination"]["total_pages"].as_u64();
        if page >= pages.ok_or(Fault::Result("list_referrals"))? {
            break;
        }
    }
    let mut departments: BTreeMap<String, u32> = BTreeMap::new();
    let mut first = None;
    for group in referrals.chunks(AT_ONCE) {
        let patients = group.iter().map(|referral| {
            ToolCall::new("ehr", "get_patient", &json!({ "patient_id": referral["patient_id"] }))
        });
        let patients = call(patients.collect()).await?;
        let both = group.iter().zip(&patients);
        let made =
            call(both.map(|(referral, patient)| register(referral, patient)).collect()).await?;
        let done = group.iter().zip(&patients).zip(&made);
        call(done.flat_map(|((referral, patient), made)| tell(referral, patient, made)).collect())
            .await?;
        for made in &made {
            let department = made["visit"]["department"].as_str().unwrap_or_default();
            *departments.entry(department.to_owned()).or_default() += 1;
        }
        first.get_or_insert_with(|| record(&group[0], &patients[0]));
    }
    Ok(json!({ "registered": referrals.len(), "departments": departments, "first": first }))
}

fn register(referral: &Value, patient: &Value) -> ToolCall {
    let (address, insurance) = (&patient["address"], &patient["insurance"]);
    let arguments = json!({
        "external_id": referral["id"], "family_name": patient["name"]["family"],
        "given_name": patient["name"]["given"], "birth_date": patient["birthDate"],
        "record_number": patient["mrn"], "email": patient["email"], "phone": patient["phone"],
        "street": address["line"], "city": address["city"], "zip": address["postalCode"],
        "payer": insurance["payer"], "member_id": insurance["memberId"],
        "specialty": referral["specialty"], "priority": referral["priority"],
        "reason": referral["reason"]
    });
    ToolCall::new("intake", "register_referral", &arguments)
}

fn tell(referral: &Value, patient: &Value, made: &Value) -> [ToolCall; 2] {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let (visit, number) = (&made["visit"], &made["case_number"]);
    let department = text(&visit["department"]);
    let body = format!(
        "Dear {} {}, your visit in {department} is on {} at {}. Your case number is {}.",
        text(&patient["name"]["given"]),
        text(&patient["name"]["family"]),
        text(&visit["date"]),
        text(&visit["time"]),
        text(number)
    );
    let subject = format!("Your appointment in {department}");
    let mark = json!({ "referral_id": referral["id"], "case_number": number });
    let mail = json!({ "to": patient["email"], "subject": subject, "text": body });
    [
        ToolCall::new("ehr", "mark_referral_sent", &mark),
        ToolCall::new("mailer", "send_email", &mail),
    ]
}

/// What the user compares.
fn record(referral: &Value, patient: &Value) -> Value {
    let mut record = patient.clone();
    let name = record["name"].take();
    if let Some(fields) = record.as_object_mut() {
        fields.remove("name");
    }
    record["given"] = name["given"].clone();
    record["family"] = name["family"].clone();
    record["reason"] = referral["reason"].clone();
    record
}
