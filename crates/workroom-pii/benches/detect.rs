//! How fast personal data is found: in JSON without any, in records that are full of it, and in
//! letters.
//!
//! `cargo bench -p workroom-pii` prints megabytes of JSON, or of text, a second on one core.

#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::cast_precision_loss,
    reason = "a benchmark"
)]

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};
use serde_json::{Value, json};
use workroom_pii::{Detect, Detector, Found, Place, Profile, Settings, Sink, Withheld};

/// The records of a value, and how long each measurement goes on.
const RECORDS: usize = 2_000;
const TIME: Duration = Duration::from_secs(2);

struct Nothing;

impl Sink for Nothing {
    fn replace(&mut self, _: &Found<'_>) -> Result<Option<String>, Withheld> {
        Ok(Some("[x]".to_owned()))
    }

    fn escape(&mut self, _: &str) -> Option<String> {
        None
    }
}

/// A product of a shop and the job that built it: identifiers, hashes, states, a text.
fn product(n: usize) -> Value {
    json!({
        "id": format!("prod_{n:08x}"),
        "sku": format!("AB-{:04}-{:05}", n % 997, n * 7),
        "uuid": format!("{:08x}-1111-4222-8333-{:012x}", n * 31, n * 977),
        "status": (["active", "archived", "draft"][n % 3]),
        "price": 19.99 + n as f64,
        "currency": "usd",
        "quantity": n % 400,
        "created_at": format!("2024-0{}-1{}T08:30:00Z", 1 + n % 9, n % 10),
        "tags": ["summer", "cotton", "sale"],
        "commit": format!("{:040x}", n as u128 * 0x0123_4567_89ab_cdef_0123),
        "dimensions": {"width": n % 90, "height": n % 70, "unit": "mm"},
        "description": "a light shirt of washed cotton with short sleeves and a straight cut; \
            it keeps its colour and its form after many washes",
    })
}

/// A customer with all that one writes down of them.
fn customer(n: usize) -> Value {
    let given = ["Anna", "Jonas", "Maria", "Wei", "Priya", "Kwame"][n % 6];
    let family = ["Weber", "Lindqvist", "Okafor", "Garcia", "Novak"][n % 5];
    json!({
        "id": n,
        "firstName": given,
        "lastName": family,
        "email": format!("{}.{}{n}@example.com", given.to_lowercase(), family.to_lowercase()),
        "phone": format!("+1 212 555 {:04}", n % 10_000),
        "address": {"street": format!("{} Main Street", n % 900 + 1), "zip": format!("{:05}", 10_000 + n % 80_000)},
        "card": "4111 1111 1111 1111",
        "note": format!("Spoke with {given} {family} on the phone; call back at (212) 555-{:04} \
            or write to {}@mail.example.org about the invoice.", n % 10_000, given.to_lowercase()),
    })
}

/// What this thread has spent on a processor, so that other work on the machine does not count.
fn spent() -> Duration {
    let spent = clock_gettime(ClockId::ThreadCPUTime);
    let seconds = u64::try_from(spent.tv_sec).unwrap_or_default();
    Duration::new(seconds, u32::try_from(spent.tv_nsec).unwrap_or_default())
}

fn measure(name: &str, value: &Value) {
    let detector = Detector::new(Settings::of(Profile::standard())).unwrap();
    let bytes = value.to_string().len();
    let mut all = Duration::ZERO;
    let mut rounds = 0;
    while all < TIME {
        let mut copy = value.clone();
        let started = spent();
        detector.json(&mut copy, Place::default(), &mut Nothing).unwrap();
        all += spent().saturating_sub(started);
        rounds += 1;
    }
    let speed = (bytes * rounds) as f64 / 1e6 / all.as_secs_f64();
    println!("{name:<40} {speed:>8.1} MB/s");
}

fn main() {
    measure("JSON without personal data", &(0..RECORDS).map(product).collect());
    measure("JSON full of it", &(0..RECORDS).map(customer).collect());
    let letter = "Dear Ms. Weber,\n\nthank you for your letter of 3 March. The parts were sent to \
        12 Main Street, Springfield, IL 62701, and should be with you on Monday. If anything is \
        missing, call us at (212) 555-0100 or write to parts@example.com.\n\nKind regards,\n\
        Jonas Lindqvist\n\n";
    measure("a letter, a thousand times", &json!({"body": letter.repeat(1_000)}));
}
