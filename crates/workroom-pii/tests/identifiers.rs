//! Identifiers by the thousand, as machines make them: at most one in a hundred is masked, of any
//! one form.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::fmt::Write as _;

use serde_json::{Value, json};
use workroom_pii::{Detect, Detector, Found, Place, Profile, Settings, Sink, Withheld};

/// Of each form, and how many of them may be masked.
const EACH: usize = 400;
const WRONG_MAX: usize = EACH / 100;

/// Counts, and keeps a few to show.
#[derive(Default)]
struct Count {
    found: usize,
    shown: String,
}

impl Sink for Count {
    fn replace(&mut self, found: &Found<'_>) -> Result<Option<String>, Withheld> {
        self.found += 1;
        if self.found <= 6 {
            write!(self.shown, "{} as {}, ", found.value, found.kind.name()).unwrap();
        }
        Ok(None)
    }

    fn escape(&mut self, _: &str) -> Option<String> {
        None
    }
}

fn pick(random: &mut fastrand::Rng, letters: &str, length: usize) -> String {
    let letters: Vec<char> = letters.chars().collect();
    (0..length).map(|_| letters[random.usize(..letters.len())]).collect()
}

/// One identifier of each form: the key it stands under, and the value.
fn identifiers(r: &mut fastrand::Rng) -> Vec<(&'static str, Value)> {
    const HEX: &str = "0123456789abcdef";
    const DIGITS: &str = "0123456789";
    const UPPER: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    const MIXED: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    let hex = |r: &mut fastrand::Rng, n| pick(r, HEX, n);
    let uuid = [8, 4, 4, 4, 12].map(|n| hex(r, n)).join("-");
    let amazon = [3, 7, 7].map(|n| pick(r, DIGITS, n)).join("-");
    vec![
        ("id", uuid.clone().into()),
        ("something", uuid.clone().into()),
        ("sha", hex(r, 40).into()),
        ("value", hex(r, 64).into()),
        ("digest", format!("sha256:{}", hex(r, 64)).into()),
        ("id", pick(r, DIGITS, 10).into()),
        ("order_id", pick(r, DIGITS, 16).into()),
        ("orderNumber", amazon.into()),
        ("tracking", format!("1Z{}", pick(r, UPPER, 16)).into()),
        ("ref", format!("ORD-2024-{}", pick(r, DIGITS, 6)).into()),
        ("sku", format!("{}-{}", pick(r, UPPER, 4), pick(r, DIGITS, 5)).into()),
        ("ulid", pick(r, "0123456789ABCDEFGHJKMNPQRSTVWXYZ", 26).into()),
        ("object", format!("cus_{}", pick(r, MIXED, 14)).into()),
        ("cursor", pick(r, MIXED, 32).into()),
        ("barcode", pick(r, DIGITS, 13).into()),
        ("ts", json!(1_700_000_000_000_u64 + r.u64(..99_999_999_999))),
        ("count", json!(r.u64(..99_999_999_999))),
        ("snowflake", json!(1_000_000_000_000_000_000_u64 + r.u64(..999_999_999_999_999))),
        ("at", format!("2024-0{}-1{}T08:30:{}Z", r.u8(1..9), r.u8(..9), r.u8(10..59)).into()),
        ("version", format!("{}.{}.{}", r.u8(..20), r.u8(..99), r.u8(..200)).into()),
        ("note", format!("see ticket {} and commit {}", r.u32(..99_999), hex(r, 7)).into()),
        (
            "text",
            format!("run {uuid} took {} ms for {} rows", r.u32(..99_999), r.u32(..9_999_999))
                .into(),
        ),
        ("color", format!("#{}", hex(r, 6)).into()),
        ("price", json!(r.f64() * 1e6)),
        ("path", format!("/v1/items/{}/{}.json", pick(r, DIGITS, 9), hex(r, 8)).into()),
    ]
}

#[test]
fn identifiers_are_left() {
    let detector = Detector::new(Settings::of(Profile::standard())).unwrap();
    let mut random = fastrand::Rng::with_seed(11);
    let samples: Vec<_> = (0..EACH).map(|_| identifiers(&mut random)).collect();
    let mut wrong = String::new();
    for form in 0..samples[0].len() {
        let mut count = Count::default();
        for sample in &samples {
            let (key, value) = &sample[form];
            let mut value = json!({ *key: value });
            detector.json(&mut value, Place::default(), &mut count).unwrap();
        }
        if count.found > WRONG_MAX {
            let key = samples[0][form].0;
            writeln!(wrong, "{key}: {} of {EACH}: {}", count.found, count.shown).unwrap();
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}
